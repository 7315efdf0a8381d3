"""Which single number would turn an answer: each moved from its 5 % to its 95 % quantile, all others as they vary.

A tornado diagram over a stochastic model: both ends are simulated on the same random numbers, so that what differs is
the number alone. It complements `detente.analysis.mattering`, which tells what share of the spread a number explains;
neither sees what two numbers do together.

References
----------
Howard, R. A. (1988). Decision analysis: practice and promise. Management Science 34, 679-695.
Saltelli, A., Annoni, P. (2010). How to avoid a perfunctory sensitivity analysis. Environmental Modelling and
    Software 25, 1508-1517 (on the limits of moving one number at a time).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from detente.analysis.comparing import compare_ensembles, questions_of
from detente.engine import Ensemble, simulate
from detente.engine.ensemble import Progress
from detente.errors import ForecastError
from detente.forecasting.remarks import usable
from detente.model import Crisis
from detente.scenario import Scenario

ENDS = 0.05, 0.95
"""Quantile levels of the two ends."""


@dataclass(frozen=True)
class Swing:
    """What moving one number does to the answer of one question.

    Attributes
    ----------
    number, question : str
    low, high : float in [0, 1]
        Probability where the number stands at its 5 % and at its 95 % quantile.
    error : float
        Standard error of the paired difference; the bound 3/D where no future flips.
    """

    number: str
    question: str
    low: float
    high: float
    error: float

    @property
    def difference(self) -> float:
        """High less low.

        Examples
        --------
        >>> Swing("a", "Q1", 0.25, 0.75, 0.01).difference
        0.5
        """
        return self.high - self.low

    @property
    def crosses(self) -> bool:
        """Whether the answer goes from unlikely to likely or back: one end below 50 %, the other at or above it.

        Examples
        --------
        >>> Swing("a", "Q1", 0.4, 0.6, 0.01).crosses, Swing("a", "Q1", 0.1, 0.4, 0.01).crosses
        (True, False)
        """
        return (self.low < 0.5) != (self.high < 0.5)


def swings_of(
    crisis: Crisis,
    numbers: Sequence[str],
    questions: Iterable[str] | None = None,
    *,
    trajectories: int = 10_000,
    replicates: int = 8,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[Swing, ...]:
    """Move each number from its 5 % to its 95 % quantile and answer the questions at both ends.

    Parameters
    ----------
    crisis : Crisis
    numbers : sequence of str
        Paths of numbers with a spread.
    questions : iterable of str, optional
        Ids; by default all. One that is not answered at an end is left out.
    trajectories, replicates, seed, threads
        As in `detente.simulate`, for each of the two ends of each number.
    progress : callable, optional
        Called with the numbers that are done and all.

    Returns
    -------
    tuple of Swing
        For every number all questions, in the order asked for.

    Raises
    ------
    ForecastError
        If a number does not exist or has no spread, or a question does not exist.
    ModelError
        If the crisis cannot be run.

    Examples
    --------
    >>> from detente import load
    >>> rate = "actions.us_strikes_cuba.rate"
    >>> found = swings_of(load("cuba_1962"), [rate], ["Q2"], trajectories=800, seed=1)
    >>> found[0].low < 0.3 < found[0].high
    True
    """
    asked = questions_of(crisis, questions)
    _check(crisis, numbers)
    found: list[Swing] = []
    for k, number in enumerate(numbers):
        low, high = (
            _at_level(crisis, number, level, trajectories, replicates, seed, threads) for level in ENDS
        )
        compared = compare_ensembles(low, high, Scenario(number), asked)
        found += [
            Swing(number, each.question, each.baseline, each.scenario, each.error or 0.0)
            for each in compared.differences.values()
            if each.baseline is not None and each.scenario is not None
        ]
        if progress is not None:
            progress(k + 1, len(numbers))
    return tuple(found)


def _check(crisis: Crisis, numbers: Sequence[str]) -> None:
    for number in numbers:
        if number not in crisis.parameters:
            raise ForecastError(f"'{number}' is not a number of the crisis '{crisis.name}'.")
        if crisis.parameters[number].distribution.kind == "fixed":
            raise ForecastError(f"'{number}' has no spread, so it cannot be moved within it.")


def _at_level(
    crisis: Crisis,
    number: str,
    level: float,
    trajectories: int,
    replicates: int,
    seed: int,
    threads: int | None,
) -> Ensemble:
    """All futures with one number at a quantile of its prior."""
    draws = -(-trajectories // replicates)
    return usable(
        simulate(
            crisis,
            trajectories=trajectories,
            replicates=replicates,
            seed=seed,
            threads=threads,
            levels={number: np.full(draws, level)},
        )
    )
