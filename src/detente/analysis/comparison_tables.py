"""A comparison as tables for a terminal, as a Polars frame and as plain data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from detente.analysis.differences import Compared, Difference
from detente.dates import date_at
from detente.engine import Settings
from detente.estimating import rule_of_three
from detente.forecasting.wording import NOTHING, decimals_for
from detente.layout import Column, grid
from detente.model import Crisis

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group, RenderableType


class Shown(NamedTuple):
    """What there is to show of a comparison."""

    crisis: Crisis
    settings: Settings
    scenarios: Mapping[str, Compared]
    interrupted: bool
    provenance: Mapping[str, object]


LEGEND = (
    "Differences in percentage points; ± is the standard error of the paired difference. 90 %: range of the difference"
    " over draws of the parameters, in brackets where no spread was detectable. Flips: share of the futures whose"
    " answer changes; where none does, the bound is 3/draws. Fewer: how many times fewer futures the pairing needs"
    " than two independent runs."
)
COLUMNS = (
    Column(""),
    Column("Question", flexible=True),
    Column("As is", right=True),
    Column("If", right=True),
    Column("Difference", right=True),
    Column("90 %", right=True),
    Column("Flips", right=True),
    Column("Fewer", right=True),
)


def difference_text(found: Difference, draws: int) -> str:
    """The difference and its paired error in percentage points; a bound if no answer flips.

    Examples
    --------
    >>> difference_text(Difference("Q", "", 0.5, 0.45, -0.05, 0.004), 1250)
    '-5.0 ±0.4'
    >>> difference_text(Difference("Q", "", 0.5, 0.5, 0.0, 0.0024, same=True), 1250)
    '< 0.24'
    """
    if found.difference is None:
        return NOTHING
    if found.same:
        return f"< {100 * rule_of_three(draws):.2g}"
    if not found.error:
        return f"{100 * found.difference:+.1f}"
    decimals = decimals_for(found.error)
    return f"{100 * found.difference:+.{decimals}f} ±{100 * found.error:.{decimals}f}"


def range_text(found: Difference) -> str:
    """The 90 % range of the difference over draws, in percentage points."""
    if found.low is None or found.high is None or found.same:
        return NOTHING
    if not found.spread_detectable and found.high - found.low < (found.error or 0.0):
        return NOTHING
    decimals = decimals_for(max(found.high - found.low, 1e-3) / 5)
    text = f"{100 * found.low:+.{decimals}f}…{100 * found.high:+.{decimals}f}"
    return text if found.spread_detectable else f"({text})"


def ratio_text(found: Difference) -> str:
    """How many times fewer futures the pairing needs."""
    if found.variance_ratio is None:
        return NOTHING
    return f"{found.variance_ratio:.1f}×" if found.variance_ratio < 9.95 else f"{found.variance_ratio:.0f}×"


def flips_text(found: Difference) -> str:
    """The share of answers that flip.

    Examples
    --------
    >>> flips_text(Difference("Q", "", 0.5, 0.4, n=1000, to_no=100))
    '10 %'
    """
    return share_text(found.flipped) if found.n else NOTHING


def share_text(share: float) -> str:
    """A share in percent, with two digits.

    Examples
    --------
    >>> share_text(0.998), share_text(0.081), share_text(0.0004)
    ('99.8 %', '8.1 %', '0.04 %')
    """
    percent = 100.0 * share
    if 99.0 < percent < 100.0:
        return f"{min(percent, 99.9):.1f} %"
    return f"{percent:.0f} %" if percent >= 10.0 else f"{percent:.2g} %"


def probability_text(probability: float | None, error: float | None) -> str:
    """A probability with the digits that an error allows."""
    if probability is None:
        return NOTHING
    return f"{100 * probability:.{decimals_for(error or 0.005)}f} %"


def rendered(found: Shown) -> Group:
    """Header, then one table per scenario."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = list(_header(found))
    for compared in found.scenarios.values():
        parts += [Text(""), *_scenario(compared, found)]
    if found.scenarios:
        parts.append(Text(LEGEND, style="dim"))
    if found.interrupted:
        text = "\nWarning: Interrupted; the numbers are of what was finished."
        parts.insert(3, Text(text, style="yellow"))
    return Group(*parts)


def _header(found: Shown) -> Iterator[RenderableType]:
    from rich.text import Text

    crisis, settings = found.crisis, found.settings
    yield Text(f"{crisis.title or crisis.name} ({crisis.name}): what if", style="bold")
    last = date_at(crisis.as_of, settings.horizon - 1e-6)
    yield Text(f"As of {crisis.as_of}, to {last:%Y-%m-%d} ({settings.horizon:g} days)")
    yield Text(
        f"{settings.n_draws:,} draws × {settings.n_replicates} replicates = {settings.n_trajectories:,} futures,"
        f" each simulated as things stand and under the scenario, seed {settings.seed}"
    )


def _scenario(compared: Compared, found: Shown) -> Iterator[RenderableType]:
    from rich.text import Text

    scenario = compared.scenario
    yield Text(scenario.title or scenario.name, style="bold")
    for change in scenario.changes:
        yield Text(f"  {change}")
    yield Text(parting_text(compared, found))
    if compared.runaway:
        text = f"Warning: {compared.runaway:,} futures ran away and count as half a yes."
        yield Text(text, style="yellow")
    yield grid(COLUMNS, list(_rows(compared)))
    for difference in compared.differences.values():
        if difference.reason:
            yield Text(f"Note: {difference.question} is not compared: {difference.reason}.", style="dim")


def parting_text(compared: Compared, found: Shown) -> str:
    """How many futures differ, and from when on, in words."""
    parting = compared.parting
    what = (
        "in any happening" if parting.by == "events" else "in an answer or the first date of a listed action"
    )
    if not math.isfinite(parting.median):
        bound = share_text(rule_of_three(compared.draws))
        return f"No future differs {what} (less than {bound} of them)."
    day = date_at(found.crisis.as_of, parting.median)
    return f"{share_text(parting.share)} of the futures differ {what}; half of these do by {day:%Y-%m-%d}."


def _rows(compared: Compared) -> Iterator[tuple[str, ...]]:
    """The cells of `COLUMNS`: the largest differences in units of their errors first."""

    def clearness(found: Difference) -> tuple[float, str]:
        clear = abs(found.difference or 0.0) / found.error if found.error and not found.same else 0.0
        return -clear, found.question

    for found in sorted(compared.differences.values(), key=clearness):
        if found.difference is None:
            continue
        yield (
            found.question,
            found.text,
            probability_text(found.baseline, 0.005),
            probability_text(found.scenario, 0.005),
            difference_text(found, compared.draws),
            range_text(found),
            flips_text(found),
            ratio_text(found),
        )


def to_polars(scenarios: Iterable[Compared]) -> pl.DataFrame:
    """One row per scenario and question."""
    import polars as pl

    schema: dict[str, Any] = {"scenario": pl.String, "question": pl.String, "text": pl.String}
    schema |= dict.fromkeys(("baseline", "under_scenario", "difference", "error", "low", "high"), pl.Float64)
    schema |= {"spread_detectable": pl.Boolean, "same": pl.Boolean}
    schema |= {"n": pl.Int64, "to_yes": pl.Int64, "to_no": pl.Int64, "flipped": pl.Float64}
    schema |= {"variance_ratio": pl.Float64, "p_value": pl.Float64}
    schema |= {"if_runaway_against": pl.Float64, "if_runaway_for": pl.Float64, "reason": pl.String}
    return pl.DataFrame(list(_records(scenarios)), schema=schema, orient="row")


def _records(scenarios: Iterable[Compared]) -> Iterator[tuple[Any, ...]]:
    for compared in scenarios:
        for each in compared.differences.values():
            yield (
                *(compared.scenario.name, each.question, each.text),
                *(each.baseline, each.scenario, each.difference, each.error, each.low, each.high),
                *(each.spread_detectable, each.same, each.n, each.to_yes, each.to_no, each.flipped),
                *(each.variance_ratio, each.p_value, *(each.widened or (None, None)), each.reason),
            )


def as_dict(found: Shown) -> dict[str, Any]:
    """The comparison as plain data, ready for JSON."""
    crisis, settings = found.crisis, found.settings
    return {
        "crisis": crisis.name,
        "title": crisis.title,
        "as_of": crisis.as_of.isoformat(),
        "horizon": settings.horizon,
        "draws": settings.n_draws,
        "replicates": settings.n_replicates,
        "trajectories": settings.n_trajectories,
        "seed": settings.seed,
        "interrupted": found.interrupted,
        "scenarios": [_scenario_as_dict(compared, found) for compared in found.scenarios.values()],
        "provenance": dict(found.provenance),
    }


def _scenario_as_dict(compared: Compared, found: Shown) -> dict[str, Any]:
    parting = dataclasses.asdict(compared.parting)
    finite = math.isfinite(compared.parting.median)
    parting["median"] = compared.parting.median if finite else None
    day = date_at(found.crisis.as_of, compared.parting.median) if finite else None
    return compared.scenario.as_dict() | {
        "draws": compared.draws,
        "runaway": compared.runaway,
        "parting": parting | {"date": day.date().isoformat() if day else None},
        "questions": [each.as_dict() for each in compared.differences.values()],
    }
