"""How long after one happening another follows, in the futures of an ensemble and in the record."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.engine import Ensemble
from detente.errors import ForecastError
from detente.model import Crisis

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Lags:
    """Waits from a beginning to what follows it.

    Attributes
    ----------
    waits : (n,) floats, sorted
        Of the beginnings that were followed [day].
    begun : int
        Beginnings of which it is known whether they were followed in time.
    within : float
        How long they were watched [day].
    """

    waits: Floats
    begun: int
    within: float

    @property
    def followed(self) -> float:
        """Share of the beginnings that were followed, in [0, 1]; NaN without any."""
        return len(self.waits) / self.begun if self.begun else float("nan")

    def quantiles(self, levels: Collection[float]) -> Floats:
        """Quantiles of the waits [day]; NaN without any.

        Examples
        --------
        >>> Lags(np.array([1.0, 2.0, 6.0]), 4, 30.0).quantiles((0.5,)).tolist()
        [2.0]
        """
        if not len(self.waits):
            return np.full(len(levels), np.nan)
        found: Floats = np.quantile(self.waits, list(levels))
        return found

    def place(self, recorded: float) -> float:
        """Share of the waits that are shorter than a recorded one, ties half; in [0, 1], NaN without any.

        Examples
        --------
        >>> Lags(np.array([1.0, 2.0, 6.0, 9.0]), 4, 30.0).place(6.0)
        0.625
        """
        if not len(self.waits):
            return float("nan")
        before, upto = (np.searchsorted(self.waits, recorded, side) for side in ("left", "right"))
        return float(before + upto) / (2 * len(self.waits))


def lags_between(
    ensemble: Ensemble, begins: Collection[str], follows: Collection[str], *, within: float
) -> Lags:
    """Waits from happenings that begin something to the first one that follows.

    A beginning that another one overtakes counts as not followed, as a record counts a reply from the last attack
    before it. Beginnings in the last `within` days of the futures are left out, so that all are watched alike.

    Parameters
    ----------
    ensemble : Ensemble
        Simulated with ``log=True``.
    begins, follows : collections of str
        Happenings of the crisis, none in both.
    within : float, > 0
        How long a beginning is watched [day]; shorter than the horizon.

    Returns
    -------
    Lags

    Raises
    ------
    ForecastError
        If there is no event log, an unknown happening, one on both sides, or `within` is out of range.

    Examples
    --------
    >>> from detente import load, simulate
    >>> cuba = simulate(load("cuba_1962"), trajectories=800, seed=1, log=True)
    >>> found = lags_between(cuba, ["us_ultimatum"], ["soviet_offer"], within=5.0)
    >>> found.begun >= len(found.waits) > 0, bool(found.waits.max() <= 5.0)
    (True, True)
    """
    log = ensemble.log
    if log is None:
        raise ForecastError("the ensemble has no event log. Simulate it with log=True.")
    horizon = ensemble.settings.horizon
    _check(ensemble.crisis, begins, follows, within, f"the horizon of {horizon:g} days", horizon)
    number = {name: k for k, name in enumerate(log.names)}
    begin = np.isin(log.happening, [number[name] for name in begins])
    kept = begin | np.isin(log.happening, [number[name] for name in follows])
    lane, time, begin = log.trajectory[kept], log.time[kept], begin[kept]
    waits, _ = _waits(lane, time, begin)
    watched = begin & (time <= horizon - within)
    return Lags(np.sort(waits[watched & (waits <= within)]), int(watched.sum()), within)


def recorded_lags(
    crisis: Crisis, begins: Collection[str], follows: Collection[str], *, within: float
) -> Lags:
    """The same in the record of a crisis, from which the futures start.

    A beginning counts as soon as it is known what became of it: it was followed or overtaken, or its days are over
    by the as-of date. One that still waits is left out. The record is taken as it is: where it does not hold every
    occurrence, too few were followed. Of two on one day, the order of their names decides.

    Parameters
    ----------
    crisis : Crisis
    begins, follows : collections of str
        Happenings of the crisis, none in both. An action stands for all its outcomes.
    within : float, > 0
        How long a beginning is watched [day]; shorter than the record.

    Returns
    -------
    Lags

    Raises
    ------
    ForecastError
        If there is an unknown happening, one on both sides, or `within` is out of range.

    Examples
    --------
    >>> from detente import load
    >>> iran = load("iran_2024")
    >>> found = recorded_lags(iran, ["iran_strikes_israel"], ["israel_strikes_iran"], within=90.0)
    >>> found.waits.tolist(), found.begun
    ([6.0, 25.0], 2)
    """
    length = -crisis.record_from
    _check(crisis, begins, follows, within, f"the length of the record, {length:g} days", length)
    rows = [
        (each.time, bool(names & set(begins)))
        for each in crisis.record
        for names in ({each.moment, f"{each.moment}.{each.outcome}"},)
        if names & {*begins, *follows}
    ]
    time, begin = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], bool)
    waits, until_next = _waits(np.zeros(len(rows), np.int64), time, begin)
    known = begin & ((until_next <= within) | (time <= -within))
    return Lags(np.sort(waits[known & (waits <= within)]), int(known.sum()), within)


def _waits(lane: Ints, time: Floats, begin: Bools) -> tuple[Floats, Floats]:
    """For each row the wait until what follows it, infinite where another beginning comes first; until either."""
    if not len(time):
        return time, time
    same = np.append(lane[1:] == lane[:-1], False)
    until_next = np.where(same, np.diff(time, append=np.inf), np.inf)
    return np.where(np.append(begin[1:], True), np.inf, until_next), until_next


def _check(
    crisis: Crisis, begins: Collection[str], follows: Collection[str], within: float, limit: str, most: float
) -> None:
    unknown = sorted({*begins, *follows} - set(crisis.happenings()))
    if unknown:
        raise ForecastError(f"there is no happening '{unknown[0]}' in the crisis '{crisis.name}'.")
    both = sorted(set(begins) & set(follows))
    if both:
        raise ForecastError(f"'{both[0]}' cannot both begin and follow.")
    if not 0.0 < within < most:
        raise ForecastError(f"within must lie between 0 and {limit}, but is {within:g}")
