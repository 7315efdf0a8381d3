"""All levers at once: every action and commitment tried in turn, ranked by what it does to one question.

Each listed action is forbidden for good, and (where it is a clock) twice as frequent; each commitment is held for
good, and declared over at once. All are compared with one baseline on the same random numbers. Among many levers some
look strong by chance: p-values are corrected for their number by Holm's method.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from detente.analysis import lever_tables
from detente.analysis.comparing import Comparison, compare
from detente.analysis.differences import Lever
from detente.analysis.pairing import holm
from detente.engine.watching import main_happenings
from detente.errors import ForecastError
from detente.layout import plain_text
from detente.model import Clock, Crisis
from detente.scenario import Change, Scenario
from detente.scenario.commitments import commitments

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group

TIMES = 2
"""How many times as frequent an action is made."""


@dataclass(frozen=True, eq=False, repr=False)
class Levers:
    """Levers ranked by the size of their effect on one question; it shows itself as a table.

    `comparison` holds what every lever does to every question: `about` ranks them by another one, at no cost.
    """

    question: str
    levers: tuple[Lever, ...]
    comparison: Comparison

    def about(self, question: str) -> Levers:
        """The same levers, ranked by their effect on another question."""
        return ranked(self.comparison, question)

    def to_polars(self) -> pl.DataFrame:
        """One row per lever, the largest effect first."""
        import polars as pl

        schema: dict[str, Any] = {"lever": pl.String, "changes": pl.String}
        schema |= dict.fromkeys(("baseline", "under_lever", "difference", "error", "low", "high"), pl.Float64)
        schema |= {
            "flipped": pl.Float64,
            "p_value": pl.Float64,
            "corrected": pl.Float64,
            "stands_out": pl.Boolean,
        }
        return pl.DataFrame([_row(each) for each in self.levers], schema=schema, orient="row")

    def as_dict(self) -> dict[str, Any]:
        """The whole as plain data, ready for JSON."""
        head = self.comparison.as_dict()
        kept = (
            "crisis",
            "title",
            "as_of",
            "horizon",
            "draws",
            "replicates",
            "seed",
            "interrupted",
            "provenance",
        )
        levers = [
            each.scenario.as_dict()
            | {"effect": each.effect.as_dict(), "corrected": each.corrected, "stands_out": each.stands_out}
            for each in self.levers
        ]
        return {name: head[name] for name in kept} | {"question": self.question, "levers": levers}

    def __rich__(self) -> Group:
        comparison = self.comparison
        answer = comparison.answers[self.question]
        shown = lever_tables.Shown(
            comparison.crisis, comparison.settings, answer, self.levers, comparison.interrupted
        )
        return lever_tables.rendered(shown)

    def __str__(self) -> str:
        return plain_text(self)

    __repr__ = __str__


def _row(lever: Lever) -> tuple[Any, ...]:
    effect = lever.effect
    return (
        *(lever.scenario.name, "; ".join(map(str, lever.scenario.changes))),
        *(effect.baseline, effect.scenario, effect.difference, effect.error, effect.low, effect.high),
        *(effect.flipped, effect.p_value, lever.corrected, lever.stands_out),
    )


def lever_scenarios(crisis: Crisis) -> tuple[Scenario, ...]:
    """The levers of a crisis, as scenarios of one change each.

    Examples
    --------
    >>> from detente import load
    >>> [scenario.name for scenario in lever_scenarios(load("cuba_1962"))][:2]
    ['no_ship_stopped', 'more_ship_stopped']
    """
    found = []
    for name in main_happenings(crisis):
        found.append(_scenario("no", Change("forbid", name)))
        if isinstance(crisis.moments[name].cause, Clock):
            found.append(_scenario("more", Change("rate", name, "times", TIMES)))
    for name in commitments(crisis):
        found.append(_scenario("hold", Change("hold", name)))
        found.append(_scenario("end", Change("end", name)))
    return tuple(found)


def _scenario(verb: str, change: Change) -> Scenario:
    name = re.sub(r"\W", "_", f"{verb}_{change.target}")
    return Scenario(name[:80], changes=(change,))


def levers(
    crisis: Crisis,
    question: str,
    *,
    scenarios: Iterable[Scenario] | None = None,
    trajectories: int = 10_000,
    **compared: Any,
) -> Levers:
    """Try every lever of a crisis in turn, and rank them by their effect on one question.

    Parameters
    ----------
    crisis : Crisis
    question : str
        The question to rank by.
    scenarios : iterable of Scenario, optional
        The levers; by default `lever_scenarios`.
    trajectories : int, >= 1
        For the baseline and for each lever.
    **compared
        Goes to `detente.analysis.compare`: replicates, seed, threads, horizon, progress.

    Returns
    -------
    Levers
        On Ctrl-C, of the levers that were reached; the correction is then for these.

    Raises
    ------
    ForecastError
        If there is no such question, it is not answered within the horizon, or the crisis has no levers.
    KeyboardInterrupt
        If it was interrupted before one lever was tried.

    Examples
    --------
    >>> from detente import load
    >>> found = levers(load("cuba_1962"), "Q1", trajectories=400, seed=1)
    >>> len(found.levers)
    10
    """
    if question not in crisis.questions:
        known = ", ".join(crisis.questions) or "none"
        raise ForecastError(f"there is no question '{question}'. Questions: {known}.")
    tried = lever_scenarios(crisis) if scenarios is None else tuple(scenarios)
    if not tried:
        raise ForecastError(
            "the crisis has no levers: no action is listed and there is no commitment. Add `listed: true` to the"
            " actions that matter, or give scenarios of your own."
        )
    found = compare(crisis, tried, trajectories=trajectories, **compared)
    if not found.scenarios:
        raise KeyboardInterrupt("before one lever was tried")
    return ranked(found, question)


def ranked(found: Comparison, question: str) -> Levers:
    """The scenarios of a comparison as levers, ranked by the size of their effect on one question."""
    effects = {name: compared[question] for name, compared in found.scenarios.items()}
    refused = next((effect.reason for effect in effects.values() if effect.difference is None), "")
    if refused:
        raise ForecastError(f"the question '{question}' cannot be compared: {refused}.")
    corrected = holm([effect.p_value for effect in effects.values()])
    made = [
        Lever(found.scenarios[name].scenario, effect, float(p))
        for (name, effect), p in zip(effects.items(), corrected, strict=True)
    ]
    made.sort(key=lambda each: (-abs(each.effect.difference or 0.0), each.scenario.name))
    return Levers(question, tuple(made), found)
