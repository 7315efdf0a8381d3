"""Scores as tables for a terminal."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from detente.layout import Column, grid

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    from detente.forecasting.judging import Judged
    from detente.forecasting.scores import Comparison, Scores
    from detente.scoring import PairedDifference

NOTHING = "—"

MOST_ROWS = 120
"""Forecasts that are listed."""

NAMES = {
    "brier": "Brier",
    "log": "log",
    "time": "time, days",
    "base_rate": "base rate",
    "weighted_mean": "weighted mean",
}

LEGEND = (
    "Lower scores are better. Skill is 1 − score/reference; its 90 % range comes from dates of forecast drawn"
    " anew. Paired differences (score − reference) with their errors by date and by question. Log scores are"
    " natural, of probabilities drawn into [0.0001, 0.9999] and no closer to 0 and 1 than ½/(futures + 1)."
)


def shown(title: str, scores: Scores, rows: Sequence[Judged], *, each: bool = True) -> Group:
    """Everything about some scores; `each` lists the forecasts too."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [
        Text(title, style="bold"),
        Text(_counted(scores)),
        Text(""),
        grid(_SUMMARY, _summary(scores)),
        Text(""),
        grid(_COMPARED, map(_compared, scores.comparisons)),
        Text(""),
        grid(_PAIRED, map(_paired, scores.comparisons)),
        Text(LEGEND, style="dim"),
        Text(""),
        grid(_LEADS, _leads(scores)),
    ]
    if each:
        parts += [Text(""), grid(_EACH, _each(rows[:MOST_ROWS]))]
        if len(rows) > MOST_ROWS:
            parts.append(Text(f"… and {len(rows) - MOST_ROWS:,} more (--out writes them all).", style="dim"))
    parts += [Text(f"\nNote: {remark}", style="yellow") for remark in scores.remarks]
    return Group(*parts)


def _counted(scores: Scores) -> str:
    told = ", ".join(f"{count:,} {state}" for state, count in scores.counts.items() if count)
    dates, questions = scores.n_dates, scores.n_questions
    return (
        f"{scores.n:,} forecasts count, of {questions:,} question{'s' * (questions != 1)}"
        f" on {dates:,} date{'s' * (dates != 1)}. All forecasts: {told}."
    )


_SUMMARY = (Column("Score"), Column("Mean", right=True), Column("", flexible=True))


def _summary(scores: Scores) -> Iterable[tuple[str, ...]]:
    parts, logs = scores.decomposition, scores.log_decomposition
    span = f"90 % range {scores.brier_low:.3f}–{scores.brier_high:.3f} over dates"
    yield "Brier", _number(scores.brier), "" if math.isnan(scores.brier_low) else span
    yield "  each question once", _number(scores.brier_by_question), ""
    if scores.counts["overdue"]:
        low, high = scores.bounds
        yield "  with the overdue", f"{low:.3f}–{high:.3f}", "at best and at worst"
    yield "  miscalibration", _number(parts.miscalibration), "0: probabilities are honest"
    yield "  discrimination", _number(parts.discrimination), "higher is better"
    yield "  uncertainty", _number(parts.uncertainty), "score of the base rate of these very answers"
    yield "Log", _number(scores.log), f"miscalibration {_number(logs.miscalibration)}"
    if scores.n_time:
        yield "Time to the event", f"{scores.time:.1f} d", f"CRPS of {scores.n_time:,} forecasts"


_COMPARED = (
    Column("Score"),
    Column("against"),
    Column("n", right=True),
    Column("ours", right=True),
    Column("theirs", right=True),
    Column("skill", right=True),
    Column("90 % range", right=True),
)


def _compared(found: Comparison) -> tuple[str, ...]:
    span = NOTHING if math.isnan(found.low) else f"{found.low:+.2f} … {found.high:+.2f}"
    return (
        NAMES[found.measure],
        NAMES.get(found.against, found.against),
        f"{found.n:,}",
        _number(found.score),
        _number(found.reference),
        f"{found.skill:+.2f}",
        span,
    )


_PAIRED = (
    Column("Difference"),
    Column("from"),
    Column("± by date", right=True),
    Column("± by question", right=True),
)


def _paired(found: Comparison) -> tuple[str, ...]:
    return (
        NAMES[found.measure],
        NAMES.get(found.against, found.against),
        difference(found.by_date),
        difference(found.by_question),
    )


def difference(found: PairedDifference | None) -> str:
    """A paired difference with its error."""
    if found is None:
        return NOTHING
    decimals = 1 if abs(found.mean) >= 10 else 4 if abs(found.mean) < 0.1 else 3
    return f"{found.mean:+.{decimals}f} ± {found.error:.{decimals}f}"


_LEADS = (
    Column("Days to the close"),
    Column("n", right=True),
    Column("Brier", right=True),
    Column("where a base rate is", right=True),
    Column("base rate", right=True),
)


def _leads(scores: Scores) -> Iterable[tuple[str, ...]]:
    for lead in scores.leads:
        span = f"over {lead.over:g}" if math.isinf(lead.upto) else f"{lead.over:g} to {lead.upto:g}"
        yield (
            span,
            f"{lead.n:,}",
            _number(lead.brier),
            _number(lead.on_same),
            _number(lead.base_rate),
        )


_EACH = (
    Column("Question", flexible=True),
    Column("As of"),
    Column("Closes"),
    Column("Forecast", right=True),
    Column("Base", right=True),
    Column("Turned out"),
)


def _each(rows: Sequence[Judged]) -> Iterable[tuple[str, ...]]:
    several = len({row.crisis for row in rows}) > 1
    for row in rows:
        yield (
            f"{row.crisis} {row.question}" if several else row.question,
            row.as_of.isoformat(),
            f"{row.closes - dt.timedelta(minutes=1):%Y-%m-%d}",
            NOTHING if row.probability is None else f"{100 * row.probability:.1f} %",
            NOTHING if math.isnan(row.base_rate) else f"{100 * row.base_rate:.1f} %",
            row.state,
        )


def _number(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
