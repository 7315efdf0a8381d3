r"""What a question would be answered without any model: base rate and persistence, from the record alone.

Both are there only for a question that asks whether a happening occurs in its window, and only where the
record holds every occurrence of it (`complete_from`). With n occurrences in T days of complete record and a
window of H days::

    base rate     1 − (T / (T + H))^(n + ½)      a Poisson process of unknown rate, Jeffreys' prior
    persistence   (k_s + b) / (m_s + 1)          of the m_s past windows of H days that followed one like the
                                                 last (s: with or without an occurrence), k_s had one;
                                                 b is the base rate, worth one window

Nothing later than the as-of date enters, and nothing of the crisis but its record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detente.errors import ForecastError
from detente.expressions import Before, Binary, Ever, Expression, First
from detente.model import Crisis, Question

FloatArray = NDArray[np.float64]

PRIOR_COUNT = 0.5
"""Occurrences that Jeffreys' prior adds to those recorded."""


@dataclass(frozen=True)
class Reference:
    """The naive answers to one question, in [0, 1], from `count` occurrences in `days` days of record.

    `weighted_mean` is that of the tuned exponentially weighted mean, where somebody has worked it out
    (`detente.backtesting` does).
    """

    base_rate: float
    persistence: float
    count: int
    days: float
    weighted_mean: float | None = None


class Complete(NamedTuple):
    """A complete record: times of the occurrences [day, ≤ 0], and the time from which it is complete."""

    times: FloatArray
    since: float


def base_rate(count: int, days: float, window: ArrayLike) -> FloatArray:
    """Probability of at least one occurrence in windows of some length, by the past frequency alone.

    Parameters
    ----------
    count : int, >= 0
        Occurrences in the record.
    days : float, above zero [day]
        Length of the record.
    window : array_like, >= 0 [day]
        Lengths of the windows.

    Returns
    -------
    ndarray of float64, in [0, 1)

    Raises
    ------
    ForecastError
        If there is no record.

    Examples
    --------
    >>> round(float(base_rate(2, 365.0, 30.0)), 3)
    0.179
    """
    if not days > 0.0:
        raise ForecastError(f"days: a base rate needs a record longer than {days:g} days.")
    return 1.0 - np.power(days / (days + np.asarray(window, np.float64)), count + PRIOR_COUNT)


def persistence(times: ArrayLike, days: float, window: float) -> float:
    """Probability of an occurrence in the next window, from how past windows of its length followed another.

    Parameters
    ----------
    times : array_like, in (−days, 0] [day]
        When it occurred, before now.
    days : float, above zero [day]
        Length of the record.
    window : float, above zero [day]
        Length of the window.

    Returns
    -------
    float in (0, 1)

    Examples
    --------
    >>> round(persistence([-5.0], 60.0, 10.0), 3), round(persistence([-55.0, -45.0, -5.0], 60.0, 10.0), 3)
    (0.206, 0.472)
    """
    past = np.asarray(times, np.float64)
    base = float(base_rate(past.size, days, window))
    whole = int(days // window)
    if whole < 1:
        return base
    held = np.zeros(whole, np.bool_)
    number = np.floor(-past / window).astype(np.int64)
    held[number[number < whole]] = True
    before, after = held[1:], held[:-1]  # window 0 is the last one
    alike = before == held[0]
    return (int(after[alike].sum()) + base) / (int(alike.sum()) + 1.0)


def reference(question: Question, crisis: Crisis) -> Reference | None:
    """The naive answers to a question; None where the record cannot give them.

    Examples
    --------
    >>> from detente.catalog import load
    >>> crisis = load("iran_2024")
    >>> found = reference(crisis.questions["H06"], crisis)
    >>> found is None or 0.0 < found.base_rate < 1.0
    True
    """
    record = record_of(question, crisis)
    if record is None or question.given is not None:
        return None
    days, window = -record.since, question.closes - max(question.opens, 0.0)
    if not (days > 0.0 and window > 0.0):
        return None
    count = len(record.times)
    return Reference(
        base_rate=float(base_rate(count, days, window)),
        persistence=persistence(record.times, days, window),
        count=count,
        days=days,
    )


def record_of(question: Question, crisis: Crisis) -> Complete | None:
    """The complete record of what a question asks for, up to the as-of date; None where there is none."""
    asked = _happenings(question.yes_if)
    parts = [_record(name, crisis) for name in asked]
    whole = [part for part in parts if part is not None]
    if not asked or len(whole) < len(parts):
        return None
    since = max(part.since for part in whole)
    times = np.unique(np.concatenate([part.times for part in whole]))
    return Complete(times[times >= since], since)


def asks_when(question: Question) -> bool:
    """Whether a yes has a time of its own, before the close.

    Examples
    --------
    >>> from detente.catalog import load
    >>> questions = load("iran_2024").questions
    >>> asks_when(questions["H05"]), asks_when(questions["H08"])
    (True, False)
    """
    return question.given is None and _has_time(question.yes_if)


def _has_time(asked: Expression) -> bool:
    match asked:
        case First() | Ever() | Before():
            return True
        case Binary("or", left, right):
            return _has_time(left) and _has_time(right)
    return False


def _happenings(asked: Expression) -> tuple[str, ...]:
    """The happenings any of which makes a question yes; empty where something else may."""
    match asked:
        case First(happening, ""):
            return (happening,)
        case Binary("or", left, right):
            found = _happenings(left), _happenings(right)
            return (*found[0], *found[1]) if all(found) else ()
    return ()


def _record(happening: str, crisis: Crisis) -> Complete | None:
    name, outcome = happening, ""
    if name not in crisis.moments:
        name, _, outcome = happening.rpartition(".")
    moment = crisis.moments.get(name)
    if moment is None or moment.coding.complete_from is None:
        return None
    since = max(moment.coding.complete_from, crisis.record_from)
    times = [
        item.time
        for item in crisis.replayed
        if item.moment == name and outcome in ("", item.outcome) and since <= item.time <= 0.0
    ]
    return Complete(np.array(times, np.float64), since)
