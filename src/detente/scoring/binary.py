"""Scores of probabilities: yes/no questions and ordered categories."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from detente.errors import ForecastError
from detente.scoring.arguments import (
    FloatArray,
    as_answer,
    as_finite,
    as_outcome,
    as_probability,
    refuse,
)

SUM_TOLERANCE = 1e-6
"""How far the probabilities of all categories may sum from 1."""


def brier_score(forecast: ArrayLike, outcome: ArrayLike) -> FloatArray:
    r"""Brier score of probability forecasts of yes/no outcomes; lower is better.

    .. math:: BS(p, y) = (p - y)^2

    Parameters
    ----------
    forecast : array_like, shape (..., n), in [0, 1]
        Probability that the answer is yes.
    outcome : array_like, broadcastable to `forecast`, 0 or 1
        What happened. NaN marks a question not yet resolved and gives NaN.

    Returns
    -------
    ndarray of float64, shape (..., n), in [0, 1]

    Raises
    ------
    ForecastError
        If a probability lies outside [0, 1] or an outcome is not 0, 1 or NaN.

    References
    ----------
    Brier, G. W. (1950). Monthly Weather Review 78, 1-3.

    Examples
    --------
    >>> float(brier_score(0.25, 1))
    0.5625
    """
    return np.square(as_probability("forecast", forecast) - as_answer(outcome))


def log_score(forecast: ArrayLike, outcome: ArrayLike, *, clip: float = 0.0) -> FloatArray:
    r"""Logarithmic score (natural) of probability forecasts of yes/no outcomes; lower is better.

    .. math:: LS(p, y) = -y \ln p - (1 - y) \ln (1 - p)

    Parameters
    ----------
    forecast : array_like, shape (..., n), in [0, 1]
        Probability that the answer is yes.
    outcome : array_like, broadcastable to `forecast`, 0 or 1
        What happened. NaN marks a question not yet resolved and gives NaN.
    clip : float in [0, 0.5), default 0
        Probabilities are first drawn into [clip, 1 - clip]. With 0, what was called impossible and happened
        scores infinity. A clipped score is proper only inside that interval: state it wherever it is used.

    Returns
    -------
    ndarray of float64, shape (..., n), in [0, inf]

    Raises
    ------
    ForecastError
        If a probability lies outside [0, 1], an outcome is not 0, 1 or NaN, or `clip` is out of range.

    References
    ----------
    Good, I. J. (1952). Journal of the Royal Statistical Society B 14, 107-114.

    Examples
    --------
    >>> round(float(log_score(0.481, 0)), 7)
    0.6558514
    """
    if not 0.0 <= clip < 0.5:
        raise ForecastError(f"clip: {clip:g} lies outside [0, 0.5). Usual values are 0 and 0.0001.")
    p = np.clip(as_probability("forecast", forecast), clip, 1.0 - clip)
    y = as_answer(outcome)
    with np.errstate(divide="ignore"):
        score = np.where(y == 1, -np.log(p), -np.log1p(-p))
    return np.where(np.isnan(y), np.nan, score)


def ranked_probability_score(forecast: ArrayLike, outcome: ArrayLike) -> FloatArray:
    r"""Ranked probability score of ordered categories; lower is better.

    .. math:: RPS(p, y) = \sum_{j=0}^{k-1} \Big(\sum_{i \le j} p_i - 1\{y \le j\}\Big)^2

    The sum is not divided by k - 1; for two categories it is the Brier score.

    Parameters
    ----------
    forecast : array_like, shape (..., k), in [0, 1]
        Probability of each category, in their order; each row sums to 1.
    outcome : array_like of whole numbers, broadcastable to (...), in [0, k)
        Number of the category that happened, counted from 0. NaN (not yet resolved) gives NaN.

    Returns
    -------
    ndarray of float64, shape (...), in [0, k - 1]

    Raises
    ------
    ForecastError
        If a row is not a distribution or an outcome is not a category.

    References
    ----------
    Epstein, E. S. (1969). Journal of Applied Meteorology 8, 985-987.

    Examples
    --------
    >>> round(float(ranked_probability_score([0.01, 0.32, 0.44, 0.23], 2)), 4)
    0.1619
    """
    p = as_probability("forecast", forecast)
    if p.ndim == 0 or p.shape[-1] < 2:
        raise ForecastError("forecast: ordered categories lie on the last axis, and there are at least two.")
    total = p.sum(axis=-1)
    refuse("forecast", total, np.abs(total - 1) > SUM_TOLERANCE, "is the sum of one row, and must be 1.")
    y = as_outcome(outcome)
    outside = ~np.isnan(y) & ((y < 0) | (y >= p.shape[-1]) | (y != np.floor(y)))
    refuse("outcome", y, outside, f"is no category. Categories are 0 to {p.shape[-1] - 1}.")
    happened = (y[..., np.newaxis] <= np.arange(p.shape[-1])).astype(np.float64)
    score = np.square(np.cumsum(p, axis=-1) - happened).sum(axis=-1)
    return np.where(np.isnan(y), np.nan, score)


def settled_outcome(outcome: ArrayLike, closes: ArrayLike, as_of: float) -> FloatArray:
    """Answers that may be judged by a date: those of questions whose closing time has passed.

    A yes is known the day it happens, a no only when the question closes. Judging whatever is resolved would
    therefore count early yeses beside no late noes, and make honest forecasts look too low. The rule that has
    no such bias: a question counts once it has *closed*, however early it was resolved.

    Parameters
    ----------
    outcome : array_like, shape (..., n), 0 or 1 or NaN
        Answers known today. A void question is NaN.
    closes : array_like, broadcastable to `outcome` [day]
        Closing time of each question.
    as_of : float [day]
        The time of judging, on the same axis; closing times up to it, itself included, have passed.

    Returns
    -------
    ndarray of float64, shape (..., n)
        The outcome, or NaN where the question is still open.

    Raises
    ------
    ForecastError
        If an outcome is not 0, 1 or NaN, or a time is not finite.

    Examples
    --------
    >>> settled_outcome([1, 1, 0], [10.0, 40.0, 10.0], as_of=30.0).tolist()
    [1.0, nan, 0.0]
    """
    y, closing = np.broadcast_arrays(as_answer(outcome), as_finite("closes", closes))
    return np.where(closing <= as_finite("as_of", as_of), y, np.nan)
