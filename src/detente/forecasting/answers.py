"""One question over an ensemble: its probability, both uncertainties, and how it grows with time."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.dates import date_at, days_between, end_of_day
from detente.engine import Ensemble
from detente.engine.watching import answer, answered_at
from detente.estimating import Estimate, estimate
from detente.expressions import At, walk
from detente.model import Crisis, Question

LEAST_GIVEN = 50
"""A conditional question is answered only where its condition holds in so many futures."""


@dataclass(frozen=True)
class Answer:
    """The forecast of one question.

    Attributes
    ----------
    id, text, criterion, given : str
        As in the crisis; `given` is empty unless the question is conditional.
    closes : date
        Last day that counts.
    probability : float in [0, 1], or None
        None where the question is refused; `reason` says why.
    mc_error : float or None
        Monte Carlo standard error: shrinks with more futures. Where every future gave the same answer (`same`
        is "no" or "yes") it is the bound 3/D over D draws. None with a single draw.
    low, high : float or None
        90 % range of the probability over draws of the parameters: shrinks only with knowledge. Where
        `spread_detectable` is False it is the widest range that the draws do not rule out. None where
        replicates are too few to tell the two apart.
    spread : float or None
        Standard deviation over draws, chance taken out.
    n, n_given : int
        Number of futures, and of those in which the condition holds (None without one).
    widened : (float, float) or None
        The probability if every runaway future were a no, and if every one were a yes; None without runaways.
    """

    id: str
    text: str
    closes: dt.date
    probability: float | None
    mc_error: float | None = None
    low: float | None = None
    high: float | None = None
    spread: float | None = None
    spread_detectable: bool = False
    same: str = ""
    n: int = 0
    n_given: int | None = None
    widened: tuple[float, float] | None = None
    given: str = ""
    criterion: str = ""
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The answer as plain data, ready for JSON; dates as text."""
        return plain(self)


@dataclass(frozen=True)
class Curve:
    """Probability that a question has been settled with yes by the end of each day in `dates`.

    `probability`, `mc_error`, `low` and `high` are as in `Answer`, shape (n,); NaN where it has None.
    """

    id: str
    dates: tuple[dt.date, ...]
    probability: NDArray[np.float64]
    mc_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def answer_question(question: Question, ensemble: Ensemble) -> Answer:
    """The answer to one question; refused, with the reason, where the ensemble cannot give it."""
    crisis = ensemble.crisis
    begun = Answer(
        id=question.name,
        text=question.text,
        closes=last_day(crisis, question.closes),
        probability=None,
        n=ensemble.n_trajectories,
        given="" if question.given is None else str(question.given),
        criterion=question.criterion,
    )
    if _settled_by(question, crisis) > ensemble.settings.horizon:
        horizon = last_day(crisis, ensemble.settings.horizon)
        return replace(begun, reason=f"it closes after the horizon, {horizon}")
    held = _held(question, ensemble)
    n_given = None if question.given is None else int(held.sum())
    if n_given is not None and n_given < LEAST_GIVEN:
        reason = f"its condition holds in {n_given} of {begun.n:,} futures; {LEAST_GIVEN} are needed"
        return replace(begun, n_given=n_given, reason=reason)
    yes = answer(question.yes_if, question, crisis, ensemble.registers)
    found, widened = estimate_over(yes, held, ensemble)
    return replace(begun, n_given=n_given, widened=widened, **fields_of(found))


def curve_of(question: Question, ensemble: Ensemble, every: float) -> Curve:
    """The cumulative probability of one question on a grid of `every` days up to its closing date."""
    crisis = ensemble.crisis
    times = np.append(np.arange(0.0, question.closes, every), question.closes)
    when = answered_at(question.yes_if, question, crisis, ensemble.registers)
    held = _held(question, ensemble)
    found = [estimate_over(when <= time, held, ensemble)[0] for time in times]
    return Curve(
        id=question.name,
        dates=tuple(last_day(crisis, float(time)) for time in times),
        probability=np.array([each.probability for each in found]),
        mc_error=np.array([each.error for each in found]),
        low=np.array([each.low for each in found]),
        high=np.array([each.high for each in found]),
    )


def estimate_over(
    yes: NDArray[np.bool_], held: NDArray[np.bool_], ensemble: Ensemble
) -> tuple[Estimate, tuple[float, float] | None]:
    """Estimate P(yes | held) over an ensemble whose runaway futures stay in the denominator.

    A runaway future counts as half a yes; the range then reaches from that of "all of them no" to that of
    "all of them yes", and both probabilities are returned beside it.
    """
    runaway = ensemble.runaway
    asked = _per_draw(held | runaway, ensemble)
    found = estimate(_per_draw(np.where(runaway, 0.5, yes & held), ensemble), asked)
    if not runaway.any():
        return found, None
    no = estimate(_per_draw(yes & held & ~runaway, ensemble), asked)
    sure = estimate(_per_draw((yes & held) | runaway, ensemble), asked)
    return replace(found, low=no.low, high=sure.high), (no.probability, sure.probability)


def fields_of(found: Estimate) -> dict[str, Any]:
    """The fields that `Answer` and `Outlook` take from an estimate; None for NaN."""
    numbers = {
        "probability": found.probability,
        "mc_error": found.error,
        "low": found.low,
        "high": found.high,
        "spread": found.spread,
    }
    known = {name: None if math.isnan(value) else value for name, value in numbers.items()}
    return known | {"spread_detectable": found.spread_detectable, "same": found.same}


def last_day(crisis: Crisis, time: float) -> dt.date:
    """The day that ends at model time `time`, or in which it lies; day 0 is the as-of date."""
    return (date_at(crisis.as_of, time) - dt.timedelta(microseconds=1)).date()


def plain(thing: Any) -> dict[str, Any]:
    """A frozen class of numbers, text and dates as plain data, ready for JSON."""
    return {
        name: value.isoformat()
        if isinstance(value, dt.date)
        else list(value)
        if isinstance(value, tuple)
        else value
        for name, value in asdict(thing).items()
    }


def _held(question: Question, ensemble: Ensemble) -> NDArray[np.bool_]:
    """Where the condition of a question holds; everywhere without one. Shape (n,)."""
    if question.given is None:
        return np.ones(ensemble.n_trajectories, np.bool_)
    return answer(question.given, question, ensemble.crisis, ensemble.registers)


def _per_draw(values: NDArray[Any], ensemble: Ensemble) -> NDArray[np.float64]:
    """Sums over the replicates of each draw, shape (D,)."""
    sums: NDArray[np.float64] = values.reshape(ensemble.finished, -1).sum(axis=1, dtype=np.float64)
    return sums


def _settled_by(question: Question, crisis: Crisis) -> float:
    """The latest model time that the question looks at."""
    return max([question.closes, *_instants(question, crisis)])


def _instants(question: Question, crisis: Crisis) -> Iterator[float]:
    for expression in (question.yes_if, question.given):
        for node in walk(expression) if expression is not None else ():
            if isinstance(node, At) and node.instant is not None:
                whole_day = node.instant.hour == 0 and node.instant.minute == 0
                yield days_between(crisis.as_of, end_of_day(node.instant) if whole_day else node.instant)
