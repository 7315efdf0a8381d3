"""The continuous ranked probability score (CRPS): of ensembles, and of a few laws in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special  # type: ignore[import-untyped, unused-ignore]

from detente.errors import ForecastError
from detente.scoring.arguments import FloatArray, as_finite, as_outcome, as_positive, refuse

_SQRT_PI = np.sqrt(np.pi)


def crps_ensemble(forecast: ArrayLike, outcome: ArrayLike, *, fair: bool = False) -> FloatArray:
    r"""CRPS of an ensemble, in the unit of the outcome; lower is better.

    .. math:: \frac1m \sum_i |x_i - y| - \frac1{2 m^2} \sum_{i, j} |x_i - x_j|

    Parameters
    ----------
    forecast : array_like, shape (..., m)
        Members of the ensemble, on the last axis, in any order.
    outcome : array_like, broadcastable to (...)
        What happened. NaN (not yet resolved) gives NaN.
    fair : bool, default False
        Divide the double sum by m (m - 1) in place of m², which removes the bias from a finite ensemble:
        the expected score is then that of the law the members were drawn from. Needs two members.

    Returns
    -------
    ndarray of float64, shape (...)
        Zero or more; with `fair` it may fall below zero.

    Raises
    ------
    ForecastError
        If a member is not finite, there is no member, or `fair` is asked of a single one.

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007). JASA 102, 359-378. Ferro, C. A. T. (2014). QJRMS 140, 1917-1923.

    Examples
    --------
    >>> float(crps_ensemble([0.0, 1.0], 1.0))
    0.25
    """
    x = as_finite("forecast", forecast)
    y = as_outcome(outcome)
    m = x.shape[-1] if x.ndim else 0
    if m < (2 if fair else 1):
        raise ForecastError("forecast: members lie on the last axis; one is needed, and two for `fair`.")
    x = np.sort(x, axis=-1)
    rank = 2.0 * np.arange(m) - (m - 1.0)
    half_spread: FloatArray = (x * rank).sum(axis=-1) / (m * (m - 1.0 if fair else m))
    distance: FloatArray = np.abs(x - y[..., np.newaxis]).mean(axis=-1)
    return distance - half_spread


def crps_normal(mean: ArrayLike, sd: ArrayLike, outcome: ArrayLike) -> FloatArray:
    r"""CRPS of a normal law, in the unit of the outcome; lower is better.

    .. math:: \sigma \big[z (2 \Phi(z) - 1) + 2 \phi(z) - \pi^{-1/2}\big], \quad z = (y - \mu)/\sigma

    Parameters
    ----------
    mean, sd : array_like
        Mean, and standard deviation above zero.
    outcome : array_like
        What happened. NaN (not yet resolved) gives NaN. All three broadcast.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ForecastError
        If the mean is not finite or the standard deviation not above zero.

    References
    ----------
    Gneiting, T., Raftery, A. E., Westveld, A. H. and Goldman, T. (2005). Monthly Weather Review 133,
    1098-1118.

    Examples
    --------
    >>> round(float(crps_normal(0.0, 1.0, 0.0)), 6)
    0.233695
    """
    sigma = as_positive("sd", sd)
    z = (as_outcome(outcome) - as_finite("mean", mean)) / sigma
    density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    score: FloatArray = sigma * (z * (2 * special.ndtr(z) - 1) + 2 * density - 1 / _SQRT_PI)
    return score


def crps_lognormal(log_mean: ArrayLike, log_sd: ArrayLike, outcome: ArrayLike) -> FloatArray:
    r"""CRPS of a lognormal law, in the unit of the outcome; lower is better.

    .. math:: y (2 \Phi(\omega) - 1) - 2 e^{\mu + \sigma^2/2}
              \big[\Phi(\omega - \sigma) + \Phi(\sigma/\sqrt2) - 1\big], \quad \omega = (\ln y - \mu)/\sigma

    Parameters
    ----------
    log_mean, log_sd : array_like
        Mean and standard deviation (above zero) of the logarithm.
    outcome : array_like
        What happened; values of zero or less are allowed and score as such. NaN gives NaN. All broadcast.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ForecastError
        If `log_mean` is not finite or `log_sd` not above zero.

    References
    ----------
    Baran, S. and Lerch, S. (2015). QJRMS 141, 2289-2299.

    Examples
    --------
    >>> round(float(crps_lognormal(0.0, 1.0, 1.0)), 6)
    0.267405
    """
    mu, sigma = as_finite("log_mean", log_mean), as_positive("log_sd", log_sd)
    y = as_outcome(outcome)
    with np.errstate(divide="ignore", invalid="ignore"):
        omega = np.where(y <= 0, -np.inf, (np.log(y) - mu) / sigma)
    tail = special.ndtr(omega - sigma) + special.ndtr(sigma / np.sqrt(2)) - 1
    score: FloatArray = y * (2 * special.ndtr(omega) - 1) - 2 * np.exp(mu + 0.5 * sigma**2) * tail
    return score


def crps_exponential(rate: ArrayLike, outcome: ArrayLike) -> FloatArray:
    r"""CRPS of an exponential waiting time, in the unit of the outcome; lower is better.

    .. math:: |y| - \frac{2 F(y)}{\lambda} + \frac1{2 \lambda}

    Parameters
    ----------
    rate : array_like, above zero [1/day]
        Rate of the law.
    outcome : array_like, broadcastable to `rate` [day]
        What happened. NaN (not yet resolved) gives NaN.

    Returns
    -------
    ndarray of float64 [day]

    Raises
    ------
    ForecastError
        If a rate is not above zero.

    References
    ----------
    Jordan, A., Krüger, F. and Lerch, S. (2019). Journal of Statistical Software 90(12).

    Examples
    --------
    >>> round(float(crps_exponential(0.7, 3.0)), 8)
    1.20701837
    """
    lam = as_positive("rate", rate)
    y = as_outcome(outcome)
    below = -np.expm1(-lam * np.maximum(y, 0.0))
    return np.abs(y) - 2 * below / lam + 0.5 / lam


def crps_poisson(mean: ArrayLike, outcome: ArrayLike) -> FloatArray:
    r"""CRPS of a Poisson count; lower is better.

    .. math:: (y - \lambda)(2 F(y) - 1) + 2 \lambda f(y)
              - \lambda e^{-2 \lambda} [I_0(2 \lambda) + I_1(2 \lambda)]

    Parameters
    ----------
    mean : array_like, above zero
        Expected count.
    outcome : array_like of whole numbers, broadcastable to `mean`, zero or more
        What was counted. NaN (not yet resolved) gives NaN.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ForecastError
        If a mean is not above zero or an outcome is not a count.

    References
    ----------
    Wei, W. and Held, L. (2014). TEST 23, 787-805.

    Examples
    --------
    >>> round(float(crps_poisson(1.0, 0)), 6)
    0.476222
    """
    lam = as_positive("mean", mean)
    y = as_outcome(outcome)
    refuse("outcome", y, ~np.isnan(y) & ((y < 0) | (y != np.floor(y))), "is not a count.")
    at_or_below = special.pdtr(y, lam)
    density = np.exp(special.xlogy(y, lam) - lam - special.gammaln(y + 1))
    bessel = special.ive(0, 2 * lam) + special.ive(1, 2 * lam)
    score: FloatArray = (y - lam) * (2 * at_or_below - 1) + 2 * lam * density - lam * bessel
    return score
