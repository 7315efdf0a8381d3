"""A review as tables for a terminal, and as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from detente.analysis.comparison_tables import difference_text
from detente.analysis.differences import Compared
from detente.engine import Settings
from detente.forecasting.answers import Answer
from detente.layout import Column, grid
from detente.model import Crisis

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

ANSWERS = (
    Column(""),
    Column("Question", flexible=True),
    Column("First", right=True),
    Column("Second", right=True),
    Column("Difference", right=True),
)
SWAPS = (Column("Effect", right=True), Column("Forth", right=True), Column("Back", right=True))
NUMBERS = (Column(""), Column("Number", flexible=True), *SWAPS)
ENTRIES = (Column(""), Column("Entry, all its numbers", flexible=True), *SWAPS)
MOST = 6
"""Numbers shown for a question."""
LEAST = 0.01
"""A number is shown from this effect on."""

SwapRow = tuple[str, str, float, float, float, float]
"""Question, name, effect, forth, back, standard error of the effect."""
FIELDS = ("question", "number", "effect", "forth", "back", "error")
ENTRY_FIELDS = ("question", "entry", *FIELDS[2:])


class Shown(NamedTuple):
    """What there is to show of a review; `entries` and `numbers` from the largest effect down."""

    crisis: Crisis
    settings: Settings
    first: Mapping[str, Answer]
    second: Mapping[str, Answer]
    compared: Compared
    differing: int
    apart: tuple[str, ...]
    entries: tuple[SwapRow, ...]
    numbers: tuple[SwapRow, ...]
    interrupted: bool


def rendered(found: Shown) -> Group:
    """Header, answers of both versions, and the numbers that make the differences."""
    from rich.console import Group
    from rich.text import Text

    crisis, settings = found.crisis, found.settings
    parts: list[RenderableType] = [
        Text(f"{crisis.title or crisis.name} ({crisis.name}): two parameterisations", style="bold"),
        Text(
            f"{found.differing:,} of {len(crisis.parameters):,} numbers differ. {settings.n_trajectories:,} futures"
            f" of each version on the same random numbers, seed {settings.seed}."
        ),
        Text(""),
        grid(ANSWERS, list(_answer_rows(found))),
    ]
    if found.interrupted:
        parts.insert(2, Text("Warning: Interrupted; not every number was swapped.", style="yellow"))
    if found.interrupted and found.entries:
        parts += [Text(""), grid(ENTRIES, list(_swap_rows(found.apart, found.entries)))]
    rows = list(_swap_rows(found.apart, found.numbers))
    if rows:
        parts += [Text(""), grid(NUMBERS, rows)]
    elif found.apart and found.numbers:
        parts.append(Text(f"No single number moves an answer by {100 * LEAST:.0f} point or more."))
    parts.append(
        Text(
            "Differences in percentage points, with their paired standard error. Effect: what the number of the"
            " second version does; mean of putting it into the first version (forth) and of taking it from the second"
            " (back).",
            style="dim",
        )
    )
    return Group(*parts)


def _answer_rows(found: Shown) -> Iterator[tuple[str, ...]]:
    for name, each in found.compared.differences.items():
        if each.baseline is None or each.scenario is None:
            yield name, each.reason, "", "", ""
            continue
        yield (
            name,
            each.text,
            f"{100 * each.baseline:.1f} %",
            f"{100 * each.scenario:.1f} %",
            difference_text(each, found.compared.draws),
        )


def _swap_rows(questions: tuple[str, ...], swaps: tuple[SwapRow, ...]) -> Iterator[tuple[str, ...]]:
    for question in questions:
        rows = [row for row in swaps if row[0] == question and abs(row[2]) >= LEAST][:MOST]
        for k, (_, name, effect, forth, back, error) in enumerate(rows):
            values = (f"{100 * effect:+.1f} ±{100 * error:.1f}", f"{100 * forth:+.1f}", f"{100 * back:+.1f}")
            yield question if k == 0 else "", name, *values


def as_dict(found: Shown) -> dict[str, Any]:
    """The review as plain data, ready for JSON; probabilities in [0, 1]."""
    return {
        "crisis": found.crisis.name,
        "title": found.crisis.title,
        "as_of": found.crisis.as_of.isoformat(),
        "seed": found.settings.seed,
        "draws": found.compared.draws,
        "replicates": found.settings.n_replicates,
        "interrupted": found.interrupted,
        "differing": found.differing,
        "apart": list(found.apart),
        "first": {name: each.as_dict() for name, each in found.first.items()},
        "second": {name: each.as_dict() for name, each in found.second.items()},
        "differences": {name: each.as_dict() for name, each in found.compared.differences.items()},
        "entries": [dict(zip(ENTRY_FIELDS, row, strict=True)) for row in found.entries],
        "numbers": [dict(zip(FIELDS, row, strict=True)) for row in found.numbers],
    }
