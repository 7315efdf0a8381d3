"""What changed, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from detente.analysis.differences import CLEAR, InputChange, Moved
from detente.forecasting.wording import NOTHING, decimals_for
from detente.layout import Column, grid

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

INPUTS = (Column("Input", flexible=True), Column("Before", flexible=True), Column("After", flexible=True))
ANSWERS = (
    Column(""),
    Column("Question", flexible=True),
    Column("Before", right=True),
    Column("After", right=True),
    Column("Difference", right=True),
    Column(""),
)
MOST = 40
"""Inputs shown; the rest is counted."""


def rendered(
    inputs: tuple[InputChange, ...], answers: Mapping[str, Moved], notes: tuple[str, ...], *, paired: bool
) -> Group:
    """Inputs, answers and notes."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [Text("Inputs that differ", style="bold")]
    if inputs:
        rows = [(f"{each.part}: {each.name}", each.before, each.after) for each in inputs[:MOST]]
        parts.append(grid(INPUTS, rows))
        if len(inputs) > MOST:
            parts.append(Text(f"… and {len(inputs) - MOST} more."))
    else:
        parts.append(Text("None."))
    parts += [Text("\nAnswers", style="bold"), grid(ANSWERS, list(_rows(answers)))]
    how = "paired, future by future" if paired else "of independent runs"
    parts.append(
        Text(f"Percentage points; errors are {how}. Noise: within {CLEAR:g} of its errors.", style="dim")
    )
    parts += [Text(f"Note: {note}", style="dim") for note in notes]
    return Group(*parts)


def _rows(answers: Mapping[str, Moved]) -> Iterator[tuple[str, ...]]:
    for each in sorted(answers.values(), key=lambda moved: (not moved.clear, moved.question)):
        yield (
            each.question,
            each.text,
            *(NOTHING if p is None else f"{100 * p:.1f} %" for p in (each.before, each.after)),
            _difference(each),
            each.reason or ("moved" if each.clear else "same" if each.same else "noise"),
        )


def _difference(each: Moved) -> str:
    if each.difference is None or not each.error:
        return NOTHING
    if each.same:
        return f"< {100 * each.error:.2g}"
    decimals = decimals_for(each.error)
    return f"{100 * each.difference:+.{decimals}f} ±{100 * each.error:.{decimals}f}"
