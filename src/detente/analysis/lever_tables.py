"""Levers as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from detente.analysis.comparison_tables import difference_text, flips_text, range_text
from detente.analysis.differences import LEVEL, Lever
from detente.engine import Settings
from detente.forecasting.answers import Answer
from detente.layout import Column, grid
from detente.model import Crisis

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

COLUMNS = (
    Column("Lever", flexible=True),
    Column("Yes, if", right=True),
    Column("Difference", right=True),
    Column("90 %", right=True),
    Column("Flips", right=True),
    Column("p", right=True),
)


class Shown(NamedTuple):
    """What there is to show of levers; `answer` is that of the baseline to the question asked."""

    crisis: Crisis
    settings: Settings
    answer: Answer
    levers: tuple[Lever, ...]
    interrupted: bool


def rendered(found: Shown) -> Group:
    """Header and table; what does not stand out is said under it."""
    from rich.console import Group
    from rich.text import Text

    crisis, settings, answer = found.crisis, found.settings, found.answer
    quiet = [each.scenario.name for each in found.levers if not each.stands_out]
    tried = f"{len(found.levers)} levers tried with {settings.n_trajectories:,} futures each, seed {settings.seed}"
    rows = list(_rows(found))
    parts: list[RenderableType] = [
        Text(f"{crisis.title or crisis.name} ({crisis.name}): levers on {answer.id}", style="bold"),
        Text(f"{answer.text} As things stand: {100 * (answer.probability or 0.0):.1f} %"),
        Text(tried),
        Text(""),
        grid(COLUMNS, rows) if rows else Text("None of them can be told from chance."),
        Text(
            "Differences in percentage points with their paired standard error. 90 %: range of the difference over"
            f" draws. p: corrected for {len(found.levers)} levers (Holm).",
            style="dim",
        ),
    ]
    if quiet:
        parts.append(Text(f"Not told from chance at {LEVEL:.0%}: {', '.join(quiet)}.", style="dim"))
    if found.interrupted:
        text = "Warning: Interrupted; levers that were not reached are missing."
        parts.insert(3, Text(text, style="yellow"))
    return Group(*parts)


def _rows(found: Shown) -> Iterator[tuple[str, ...]]:
    for lever in found.levers:
        if not lever.stands_out:
            continue
        effect = lever.effect
        yield (
            "; ".join(map(str, lever.scenario.changes)),
            f"{100 * (effect.scenario or 0.0):.1f} %",
            difference_text(effect, found.settings.n_draws),
            range_text(effect),
            flips_text(effect),
            f"{lever.corrected:.3f}" if lever.corrected >= 0.001 else "< 0.001",
        )
