"""How long after one happening another follows, in the futures of an ensemble."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.engine import Ensemble
from detente.engine.ensemble import EventLog
from detente.errors import ForecastError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lags:
    """Waits from a beginning to what follows it.

    Attributes
    ----------
    waits : (n,) floats, sorted
        Of the beginnings that were followed [day].
    begun : int
        Beginnings that could be watched for long enough, followed or not.
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
    log = _checked(ensemble, begins, follows, within)
    number = {name: k for k, name in enumerate(log.names)}
    begin = np.isin(log.happening, [number[name] for name in begins])
    kept = begin | np.isin(log.happening, [number[name] for name in follows])
    lane, time, begin = log.trajectory[kept], log.time[kept], begin[kept]
    watched = begin & (time <= ensemble.settings.horizon - within)
    wait = np.diff(time, append=np.inf)
    answered = watched & (np.append(lane[1:] == lane[:-1], False) & ~np.append(begin[1:], True))
    return Lags(np.sort(wait[answered & (wait <= within)]), int(watched.sum()), within)


def _checked(
    ensemble: Ensemble, begins: Collection[str], follows: Collection[str], within: float
) -> EventLog:
    if ensemble.log is None:
        raise ForecastError("the ensemble has no event log. Simulate it with log=True.")
    unknown = sorted({*begins, *follows} - set(ensemble.log.names))
    if unknown:
        raise ForecastError(f"there is no happening '{unknown[0]}' in the crisis '{ensemble.crisis.name}'.")
    both = sorted(set(begins) & set(follows))
    if both:
        raise ForecastError(f"'{both[0]}' cannot both begin and follow.")
    if not 0.0 < within < ensemble.settings.horizon:
        raise ForecastError(
            f"within must lie between 0 and the horizon of {ensemble.settings.horizon:g} days, but is {within:g}"
        )
    return ensemble.log
