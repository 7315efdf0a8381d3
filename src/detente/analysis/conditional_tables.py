"""A conditional answer as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from detente.analysis.differences import Chosen
from detente.engine import Ensemble
from detente.forecasting.answers import Answer
from detente.forecasting.wording import NOTHING, decimals_for, error_text, probability_text, range_text
from detente.layout import Column, grid

if TYPE_CHECKING:
    from rich.console import Group

CAUTION = (
    "These futures were chosen, not made: what led to the condition is in them too. The difference says what goes"
    " with it, not what it does. To make it happen, ask `detente whatif` with --force."
)
COLUMNS = (
    Column(""),
    Column("Question", flexible=True),
    Column("All", right=True),
    Column("Chosen", right=True),
    Column("±", right=True),
    Column("90 % range", right=True),
    Column("Difference", right=True),
)


def rendered(that: str, holds: Answer, chosen: Mapping[str, Chosen], ensemble: Ensemble) -> Group:
    """Header, table and caution."""
    from rich.console import Group
    from rich.text import Text

    crisis, n = ensemble.crisis, f"{ensemble.n_trajectories:,}"
    notes = [
        Text(f"Note: {each.question} is not answered: {each.among_chosen.reason}.", style="dim")
        for each in chosen.values()
        if each.among_chosen.reason
    ]
    return Group(
        Text(f"{crisis.title or crisis.name} ({crisis.name}): given that {that}", style="bold"),
        Text(f"It holds in {probability_text(holds)} of {n} futures, seed {ensemble.settings.seed}"),
        Text(""),
        grid(COLUMNS, list(_rows(chosen))),
        Text(CAUTION, style="dim"),
        *notes,
    )


def _rows(chosen: Mapping[str, Chosen]) -> Iterator[tuple[str, ...]]:
    for each in chosen.values():
        if each.among_chosen.probability is not None:
            answer = each.among_chosen
            numbers = probability_text(answer), error_text(answer), range_text(answer)
            yield each.question, each.text, probability_text(each.among_all), *numbers, _difference(each)


def _difference(each: Chosen) -> str:
    if each.difference is None or each.error is None:
        return NOTHING
    decimals = decimals_for(each.error)
    return f"{100 * each.difference:+.{decimals}f} ±{100 * each.error:.{decimals}f}"
