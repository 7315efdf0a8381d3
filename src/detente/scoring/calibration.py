"""Are the probabilities honest? Calibration curve and decomposition by isotonic regression (CORP)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression  # type: ignore[import-untyped, unused-ignore]

from detente.errors import ForecastError
from detente.scoring.arguments import FloatArray, resolved_pairs
from detente.scoring.binary import brier_score, log_score

RESAMPLES = 1000
"""Resampled sets of outcomes behind a consistency band."""

_SCORES = {"brier": brier_score, "log": log_score}


@dataclass(frozen=True, eq=False)
class CalibrationCurve:
    """Observed frequency against forecast probability, isotonic, with a consistency band.

    All arrays have shape (k,), one entry per distinct forecast, in rising order. Where `observed` leaves
    [`lower`, `upper`], outcomes are at odds with these forecasts at the stated pointwise `level`.
    `n` resolved questions were used and `n_unresolved` left out.
    """

    forecast: FloatArray
    observed: FloatArray
    count: FloatArray
    lower: FloatArray
    upper: FloatArray
    level: float
    n: int
    n_unresolved: int


@dataclass(frozen=True)
class ScoreDecomposition:
    """mean_score = miscalibration − discrimination + uncertainty; the three are zero or more.

    `miscalibration` (lower is better) is what relabelling the probabilities would gain, `discrimination`
    (higher is better) what the relabelled ones gain over the base rate, `uncertainty` the score of the base
    rate itself. `n` resolved questions were used and `n_unresolved` left out.
    """

    mean_score: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    n: int
    n_unresolved: int


def calibration_curve(
    forecast: ArrayLike,
    outcome: ArrayLike,
    *,
    level: float = 0.9,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> CalibrationCurve:
    """Calibration curve without bins: the isotonic regression of outcomes on forecasts, with a band.

    The curve is the non-decreasing function of the forecast that fits the outcomes best (pool adjacent
    violators), so no bins are chosen. The band is a *consistency* band: outcomes are drawn anew as if each
    probability were exactly right, the curve is fitted to each drawn set, and the band holds the central
    `level` of the fitted values at each forecast (pointwise). It assumes independent questions; for
    questions that hang together it is too narrow.

    Parameters
    ----------
    forecast : array_like, shape (...), in [0, 1]
        Probability that the answer is yes.
    outcome : array_like, broadcastable to `forecast`, 0 or 1
        What happened; NaN (not yet resolved) is left out and counted.
    level : float in (0, 1), default 0.9
        Pointwise level of the band.
    resamples : int, default 1000
        Drawn sets of outcomes.
    seed : int, default 0
        Seed of those draws.

    Returns
    -------
    CalibrationCurve

    Raises
    ------
    ForecastError
        If a probability or outcome is out of range, nothing is resolved, or an option is out of range.

    References
    ----------
    Dimitriadis, T., Gneiting, T. and Jordan, A. I. (2021). PNAS 118(8), e2016191118.

    Examples
    --------
    >>> curve = calibration_curve([0.1, 0.1, 0.8, 0.8], [0, 1, 1, 1])
    >>> curve.forecast.tolist(), curve.observed.tolist()
    ([0.1, 0.8], [0.5, 1.0])
    """
    if not 0.0 < level < 1.0:
        raise ForecastError(f"level: {level:g} lies outside (0, 1). A usual value is 0.9.")
    if resamples < 2:
        raise ForecastError(f"resamples: {resamples} is too few for a band. A usual value is {RESAMPLES}.")
    p, y, unresolved = resolved_pairs(forecast, outcome)
    values, place = np.unique(p, return_inverse=True)
    count = np.bincount(place).astype(np.float64)
    observed = _isotonic(np.bincount(place, weights=y), count)
    rng = np.random.default_rng(seed)
    drawn = np.empty((resamples, values.size))
    for i in range(resamples):
        drawn[i] = _isotonic(rng.binomial(count.astype(np.int64), values), count)
    lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return CalibrationCurve(values, observed, count, lower, upper, level, int(p.size), unresolved)


def decompose(
    forecast: ArrayLike, outcome: ArrayLike, *, score: Literal["brier", "log"] = "brier"
) -> ScoreDecomposition:
    r"""Split a mean score into miscalibration − discrimination + uncertainty (CORP).

    .. math:: \bar S = (\bar S - \bar S_{pav}) - (\bar S_{base} - \bar S_{pav}) + \bar S_{base}

    where *pav* are the forecasts relabelled by isotonic regression and *base* is the base rate of the same
    questions. No bins are chosen, and neither of the first two terms can be negative.

    Parameters
    ----------
    forecast : array_like, shape (...), in [0, 1]
        Probability that the answer is yes.
    outcome : array_like, broadcastable to `forecast`, 0 or 1
        What happened; NaN (not yet resolved) is left out and counted.
    score : {'brier', 'log'}, default 'brier'
        The score to split.

    Returns
    -------
    ScoreDecomposition

    Raises
    ------
    ForecastError
        If a probability or outcome is out of range, nothing is resolved, or the score is unknown.

    References
    ----------
    Dimitriadis, T., Gneiting, T. and Jordan, A. I. (2021). PNAS 118(8), e2016191118.

    Examples
    --------
    >>> found = decompose([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1])
    >>> found.miscalibration, found.discrimination, found.uncertainty
    (0.0, 0.0, 0.25)
    """
    if score not in _SCORES:
        raise ForecastError(f"score: there is no '{score}'. Allowed: {', '.join(_SCORES)}.")
    measure = _SCORES[score]
    p, y, unresolved = resolved_pairs(forecast, outcome)
    _, place = np.unique(p, return_inverse=True)
    relabelled = _isotonic(np.bincount(place, weights=y), np.bincount(place))[place]
    mean = float(measure(p, y).mean())
    best = float(measure(np.clip(relabelled, 0.0, 1.0), y).mean())
    base = float(measure(np.full_like(y, y.mean()), y).mean())
    return ScoreDecomposition(mean, mean - best, base - best, base, int(p.size), unresolved)


def _isotonic(yes: NDArray[Any], count: NDArray[Any]) -> FloatArray:
    """Non-decreasing frequencies: `yes` out of `count` at each of the rising forecasts."""
    fitted: FloatArray = isotonic_regression(yes / count, weights=count).x
    return fitted
