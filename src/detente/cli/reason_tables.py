"""What the commands sensitivity, why and story show on a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from detente.analysis.turns import day, sentence, times_text
from detente.forecasting.answers import Answer
from detente.forecasting.wording import NOTHING, decimals_for, error_text, probability_text, range_text
from detente.layout import Column, grid

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    from detente.analysis.answering import Way
    from detente.analysis.drivers import Contribution, Driver, Explanation
    from detente.analysis.mattering import Leaning, Sensitivity
    from detente.analysis.paths import Path, Paths
    from detente.analysis.readings import Mark
    from detente.analysis.turns import Story
    from detente.engine import Ensemble

MOST_LEANINGS, MOST_PATHS, MOST_FACTORS = 12, 6, 7

LEANS_LEGEND = (
    "Share: of the variance of the probability over draws, explained by this alone; ± its error.{ends} If known:"
    " the standard deviation of the probability over draws in points, now and as expected once it were known;"
    " then the 90 % range to be expected."
)
ENDS_LEGEND = " From, to: the probability expected at its 5 % and 95 % quantile."
DRIVERS_LEGEND = (
    "Values are geometric means over futures in which yes is not certain yet; base times all factors is the rate."
    " The range is over draws."
)
PATHS_LEGEND = (
    "Otherwise: how often the same steps are seen in futures still without an answer at the same time. Dates are"
    " medians."
)


def header(ensemble: Ensemble) -> tuple[str, str]:
    """Title and size of a study."""
    crisis, settings = ensemble.crisis, ensemble.settings
    size = (
        f"As of {crisis.as_of}: {ensemble.finished:,} draws × {settings.n_replicates} replicates ="
        f" {ensemble.n_trajectories:,} futures, seed {settings.seed}"
    )
    return f"{crisis.title or crisis.name} ({crisis.name})", size


def _group(head: tuple[str, str], parts: Iterable[RenderableType]) -> Group:
    from rich.console import Group
    from rich.text import Text

    title, size = head
    return Group(Text(title, style="bold"), Text(size), *parts)


def _dim(text: str) -> RenderableType:
    from rich.text import Text

    return Text(text, style="dim")


# ── what matters ─────────────────────────────────────────────────────────────────────────────────


def sensitivity_shown(ensemble: Ensemble, studies: Iterable[Sensitivity], *, everything: bool) -> Group:
    """One table per question."""
    return _group(header(ensemble), _sensitivities(list(studies), everything))


def _sensitivities(studies: list[Sensitivity], everything: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    for study in studies:
        yield Text(f"\n{study.question}  {study.text}", style="bold")
        yield Text(_leaning_line(study))
        if study.reason:
            yield Text(f"Not ranked: {study.reason}.")
            continue
        shown = study.leanings if everything else study.standing_out[:MOST_LEANINGS]
        if shown:
            yield Text("")
            yield grid(_leaning_columns(study), [_leaning_row(study, each) for each in shown])
        yield _dim(_rest_line(study, len(shown)))
    if any(study.leanings for study in studies):
        ends = ENDS_LEGEND if studies[0].by == "number" else ""
        yield _dim(f"\n{LEANS_LEGEND.format(ends=ends)}")


def _leaning_line(study: Sensitivity) -> str:
    found = study.found
    if found is None:
        return "No probability."
    text = f"Probability {percent(found.probability, found.error)}"
    if not math.isnan(found.low):
        text += f", 90 % range {span_text(found.low, found.high)}, spread {points(found.spread)} points."
    if study.unknown_share is not None and study.together is not None:
        text += (
            f" Of what one future's answer varies {100 * study.unknown_share:.0f} % is ignorance, the rest chance."
            f" All numbers without interactions explain {100 * min(1.0, study.together):.0f} % of the ignorance."
        )
    return text


def _leaning_columns(study: Sensitivity) -> tuple[Column, ...]:
    ends = [] if study.by != "number" else [Column("From, to", right=True)]
    return (
        Column(study.by.capitalize(), flexible=True),
        Column("Share", right=True),
        Column("±", right=True),
        *ends,
        Column("If known", right=True),
        Column("Range", right=True),
    )


def _leaning_row(study: Sensitivity, each: Leaning) -> list[str]:
    name = each.name if study.by in ("number", "section") or not each.title else f"{each.name}  {each.title}"
    ends = [
        NOTHING if each.low is None or each.high is None else f"{points(each.low)} → {points(each.high)} %"
    ]
    return [
        name if each.stands_out else f"({name})",
        f"{100 * each.index:.1f} %",
        f"{100 * each.error:.1f}",
        *(ends if study.by == "number" else []),
        f"{points(each.worth.spread)} → {points(each.worth.left)}",
        span_text(each.worth.low, each.worth.high) if each.worth.low < each.worth.high else NOTHING,
    ]


def _rest_line(study: Sensitivity, shown: int) -> str:
    above, total = len(study.standing_out), len(study.leanings)
    words = {"number": "numbers", "evidence": "kinds of evidence"}.get(study.by, f"{study.by}s")
    text = f"{above} of {total} {words} stand out from noise (above {100 * study.threshold:.1f} %)."
    return text + (f" {above - shown} of them are not shown: --all." if above > shown else "")


# ── why ──────────────────────────────────────────────────────────────────────────────────────────


def explanation_shown(ensemble: Ensemble, found: Explanation, paths: Paths) -> Group:
    """The answer, what answers it, what drives that, and the paths that lead there."""
    command = (
        f"detente story {ensemble.crisis.name} --question {paths.question} --seed {ensemble.settings.seed}"
    )
    return _group(header(ensemble), _explained(found, paths, command))


def _explained(found: Explanation, paths: Paths, story_command: str) -> Iterator[RenderableType]:
    from rich.text import Text

    answer = found.answer
    yield Text(f"\n{answer.id}  {answer.text}", style="bold")
    yield Text(_answer_line(answer))
    if not found.ways:
        return
    yield Text("\nWhat answers it", style="bold")
    columns = (
        Column(""),
        Column("Through", flexible=True),
        Column("Share", right=True),
        Column("±", right=True),
    )
    yield grid(columns, map(_way_row, found.ways[:MOST_PATHS]))
    for driver in found.drivers:
        yield from _driver(driver)
    if found.drivers:
        yield _dim(f"\n{DRIVERS_LEGEND}")
    yield from _paths(paths, story_command)


def _answer_line(answer: Answer) -> str:
    if answer.probability is None:
        return f"Not answered: {answer.reason}."
    if answer.same:
        return f"Probability {probability_text(answer)}."
    return f"Probability {probability_text(answer)} ± {error_text(answer)}, 90 % range {range_text(answer)}."


def _way_row(way: Way) -> tuple[str, ...]:
    nothing = {
        "yes": "no happening: it stays so, it never comes, or a stock flows there",
        "no": "nothing that it asks for happened",
    }
    through = " → ".join(way.titles) if way.titles else nothing[way.side]
    if way.share == 1.0:
        return way.side, through, "all", NOTHING
    decimals = decimals_for(way.error)
    return way.side, through, f"{100 * way.share:.{decimals}f} %", f"{100 * way.error:.{decimals}f}"


def _driver(driver: Driver) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(f"\n{driver.title} [{driver.name}]", style="bold")
    yield Text(_driver_line(driver))
    columns = [k for k in range(len(driver.course.dates)) if not math.isnan(driver.course.intensity[k])]
    if not columns:
        return
    picked = list(dict.fromkeys([columns[0], columns[len(columns) // 2], columns[-1]]))
    head = [Column(driver.course.dates[k].strftime("%Y-%m-%d"), right=True) for k in picked]
    table = [Column("", flexible=True), *head, Column("90 % range", right=True)]
    rows = [["base", *(_size(driver.course.base[k]) for k in picked), ""]]
    rows += [
        [f"× {label}", *(_times(driver.course.factors[k, j]) for k in picked), _factor_range(driver, j)]
        for j, label in _factors_that_count(driver)
    ]
    rows.append([_unit(driver), *(_size(driver.course.intensity[k]) for k in picked), ""])
    yield grid(table, rows)
    for each in driver.strongest[:MOST_FACTORS]:
        if each.marks:
            yield _dim(f"{each.label}: {_moved(each)}")


def _driver_line(driver: Driver) -> str:
    if driver.kind == "flow":
        return "The flow of a stock, without its sign."
    text = f"Speaks for {driver.side}" if driver.side != "either" else "Moves what is asked"
    if driver.share > 0.0:
        text += f", and lies behind {100 * driver.share:.0f} % of these answers"
    return f"{text}. Possible now in {100 * driver.open:.0f} % of the draws."


def _factors_that_count(driver: Driver) -> list[tuple[int, str]]:
    """Factors that are not near 1 all the time, the strongest first; label and position."""
    sizes = []
    for j in range(driver.course.factors.shape[1]):
        column = [abs(value) for value in driver.course.factors[:, j] if not math.isnan(value)]
        sizes.append((max(column, default=0.0), j))
    labels = driver.labels
    return [(j, labels[j]) for size, j in sorted(sizes, key=lambda each: (-each[0], each[1])) if size > 0.01][
        :MOST_FACTORS
    ]


def _factor_range(driver: Driver, j: int) -> str:
    if not driver.contributions:
        return ""
    each = driver.contributions[j]
    low, high = (times_text(value).removeprefix("×") for value in (each.low, each.high))
    return "" if low == high else f"{low}–{high}"


def _unit(driver: Driver) -> str:
    return {"rate": "rate per day", "odds": "weight", "flow": "flow per day"}[driver.kind]


def _size(log: float) -> str:
    return f"{math.exp(log):.2g}"


def _times(log: float) -> str:
    return times_text(math.exp(log))


def _moved(each: Contribution) -> str:
    return "; ".join(map(_mark, each.marks))


def _mark(mark: Mark) -> str:
    return f"{mark.title}, {day(mark.date)}"


def _paths(paths: Paths, story_command: str) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(f"\nPaths to {paths.side}", style="bold")
    if paths.reason:
        yield Text(f"Not told apart: {paths.reason}.")
        return
    columns = (
        Column("Steps before it", flexible=True),
        Column("Share", right=True),
        Column("±", right=True),
        Column("Otherwise", right=True),
        Column("Answered", right=True),
    )
    yield grid(columns, map(_path_row, paths.paths[:MOST_PATHS]))
    rest = sum(path.share for path in paths.paths[MOST_PATHS:])
    if rest:
        yield _dim(f"{len(paths.paths) - MOST_PATHS} other ways together {100 * rest:.0f} %.")
    yield _dim(f"{PATHS_LEGEND} Read the commonest:  {story_command}")


def _path_row(path: Path) -> tuple[str, ...]:
    steps = [f"{title} ({date})" for title, date in zip(path.titles, path.dates, strict=True)]
    text = " → ".join(steps) if steps else "none of the telling steps"
    share, error = (
        ("all", NOTHING) if path.share == 1.0 else (f"{100 * path.share:.0f} %", f"{100 * path.error:.1f}")
    )
    otherwise = NOTHING if math.isnan(path.otherwise) else f"{100 * path.otherwise:.0f} %"
    return text, share, error, otherwise, path.median.isoformat()


# ── a story ──────────────────────────────────────────────────────────────────────────────────────


def story_text(story: Story, *, why_this: str) -> str:
    """A story as text: a head of two lines, then one paragraph per turn."""
    lines = [
        f"{story.title or story.crisis} ({story.crisis})",
        f"Future {story.trajectory} of seed {story.seed}{why_this}",
        "",
    ]
    lines += [f"{'*' if turn.decisive else '-'} {sentence(turn)}" for turn in story.turns]
    told = len(story.turns)
    if not told:
        lines.append("Nothing listed happens in this future.")
    lines += [
        "",
        f"{told} of {story.n_happenings} happenings are told; * answers the question."
        if any(turn.decisive for turn in story.turns)
        else f"{told} of {story.n_happenings} happenings are told.",
    ]
    return "\n".join(lines)


# ── numbers in words ─────────────────────────────────────────────────────────────────────────────


def percent(share: float, error: float) -> str:
    """A probability with its Monte Carlo error, in percent.

    Examples
    --------
    >>> percent(0.40843, 0.0061)
    '40.8 ± 0.6 %'
    """
    if math.isnan(error):
        return f"{100 * share:.1f} %"
    decimals = decimals_for(error)
    return f"{100 * share:.{decimals}f} ± {100 * error:.{decimals}f} %"


def points(share: float) -> str:
    """A share as a number of percentage points, two digits and no more than needed.

    Examples
    --------
    >>> points(0.2011), points(0.0234), points(0.00454)
    ('20', '2.3', '0.45')
    """
    return f"{100 * share:.{0 if share >= 0.0995 else 1 if share >= 0.00995 else 2}f}"


def span_text(low: float, high: float) -> str:
    """A range of probabilities in percent.

    Examples
    --------
    >>> span_text(0.106, 0.754)
    '11–75 %'
    """
    decimals = decimals_for(max((high - low) / 10, 1e-4))
    return f"{100 * low:.{decimals}f}–{100 * high:.{decimals}f} %"
