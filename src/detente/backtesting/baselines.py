"""The exponentially weighted mean, tuned on the past, as a forecast of windows of some days.

With p the weighted mean of the days with an event before a window, the window of H days has one with
probability 1 − (1 − p)^H. Half-life and prior weight are those of the best log score on the latest windows that
had closed by the as-of date; each horizon has its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detente.errors import ForecastError
from detente.ledger.dyads import FloatArray, WeightedMean
from detente.scoring import log_score

HALF_LIVES = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 80.0)
PRIOR_WEIGHTS = (3.0, 10.0, 30.0)
"""Grids from which the past chooses."""

TUNED_ON = 60
"""Latest windows on which it is tuned."""

CLIP = 1e-4


def tuned_weighted_mean(
    happened: FloatArray,
    days: int,
    *,
    half_lives: Sequence[float] = HALF_LIVES,
    prior_weights: Sequence[float] = PRIOR_WEIGHTS,
) -> FloatArray:
    """Probability of at least one event in the window that follows a record, for each dyad.

    Parameters
    ----------
    happened : ndarray of 0 and 1, shape (dyads, n)
        The days up to the as-of date, and none later.
    days : int, above zero [day]
        Length of the window.
    half_lives, prior_weights : sequence of float
        Grids to choose from.

    Returns
    -------
    ndarray, shape (dyads,), in (0, 1)

    Raises
    ------
    ForecastError
        If the record is too short for one closed window beside the one to come.

    Examples
    --------
    >>> quiet, loud = np.zeros(200), np.ones(200)
    >>> p = tuned_weighted_mean(np.array([quiet, loud]), 7)
    >>> bool(p[0] < 0.05), bool(p[1] > 0.95)
    (True, True)
    """
    n = happened.shape[1]
    if days < 1 or n < days + 2:
        raise ForecastError(f"days: a record of {n} days has no closed windows of {days} days to tune on.")
    ends = np.append(np.zeros((len(happened), 1)), np.cumsum(happened, axis=1), axis=1)
    starts = np.arange(max(1, n - days - TUNED_ON + 1), n - days + 1)
    came = (ends[:, starts + days] - ends[:, starts] > 0).astype(np.float64)
    with_next = np.append(happened, np.zeros((len(happened), 1)), axis=1)
    best, found = np.inf, np.full(len(happened), np.nan)
    for half_life in half_lives:
        for weight in prior_weights:
            daily = WeightedMean(half_life, weight).forecast(with_next)
            windows = np.clip(1.0 - np.power(1.0 - daily, days), CLIP, 1.0 - CLIP)
            loss = float(log_score(windows[:, starts], came).mean())
            if loss < best:
                best, found = loss, windows[:, -1]
    return found
