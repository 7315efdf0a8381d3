"""A backtest as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from detente.cli.score_tables import NAMES, NOTHING
from detente.cli.score_tables import shown as shown_scores
from detente.errors import ForecastError
from detente.layout import Column, grid

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    from detente.backtesting import Backtest
    from detente.forecasting.scores import Scores
    from detente.scoring import PairedDifference

MOST_NOTES = 12
"""Notes that are printed; all of them are in the JSON."""


def shown(found: Backtest) -> Group:
    """Everything about a backtest: all questions together, then each group against each naive answer."""
    from rich.console import Group
    from rich.text import Text

    first, last = (f"{date}" for date in (min(found.dates), max(found.dates)))
    head = f"{len(found.dates)} of {found.asked} as-of dates, {first} to {last}"
    parts: list[RenderableType] = [Text(f"Backtest: {found.title}", style="bold"), Text(head)]
    try:
        parts.append(shown_scores("All questions", found.scores, found.rows, each=False))
    except ForecastError as problem:
        parts.append(Text(f"\n{problem}"))
    for measure in ("brier", "log"):
        rows = [row for name, scores in found.by_group.items() for row in _rows(name, scores, measure)]
        if rows:
            parts += [
                Text(""),
                Text(f"{NAMES[measure]} score by group", style="bold"),
                grid(_columns(found), rows),
            ]
    if found.by_group:
        parts.append(
            Text("diff. is ours − theirs, with its errors by date and by action or dyad.", style="dim")
        )
    parts += [Text(f"\nNote: {note}", style="dim") for note in found.notes[:MOST_NOTES]]
    if len(found.notes) > MOST_NOTES:
        parts.append(Text(f"\n… and {len(found.notes) - MOST_NOTES} more notes (--json).", style="dim"))
    return Group(*parts)


def _columns(found: Backtest) -> tuple[Column, ...]:
    who = "dyad" if found.settings.get("what") == "dyads" else "action"
    return (
        Column("Group", flexible=True),
        Column("against"),
        Column("ours", right=True),
        Column("theirs", right=True),
        Column("diff.", right=True),
        Column("± date", right=True),
        Column(f"± {who}", right=True),
    )


def _rows(name: str, scores: Scores, measure: str) -> Iterable[tuple[str, ...]]:
    compared = [found for found in scores.comparisons if found.measure == measure]
    for number, found in enumerate(compared):
        yield (
            "" if number else name,
            NAMES.get(found.against, found.against),
            f"{found.score:.4f}",
            f"{found.reference:.4f}",
            f"{found.score - found.reference:+.4f}",
            _error(found.by_date),
            _error(found.by_question),
        )


def _error(found: PairedDifference | None) -> str:
    return NOTHING if found is None else f"{found.error:.4f}"
