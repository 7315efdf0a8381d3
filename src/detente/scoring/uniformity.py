"""Is a predictive law plausible? Randomised PIT, and checks of it that padding does not pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats  # type: ignore[import-untyped, unused-ignore]

from detente.errors import ForecastError
from detente.scoring.arguments import FloatArray, as_finite, as_outcome, as_positive, as_probability

RANDOMISATIONS = 101
"""Randomisations of which the median p-value is reported; odd, so that it is one of them."""

_EDGE = 1e-12


class CdfPair(NamedTuple):
    """P(X < y) and P(X ≤ y) of a predictive law at what happened; NaN where it is not yet resolved."""

    below: FloatArray
    at_or_below: FloatArray


@dataclass(frozen=True)
class UniformityCheck:
    """Whether PIT values look uniform: median p-values over fixed randomisations.

    `p_chi2` is two-sided for Σz², z = Φ⁻¹(PIT): small when the law is too narrow *or* too wide. `p_ks` is of
    the Kolmogorov–Smirnov distance. `sum_z2` is the median Σz², to be held against `n`. `simulated` says
    whether the reference is the model's own simulations (else: independent questions, in theory).
    """

    p_chi2: float
    p_ks: float
    sum_z2: float
    n: int
    n_unresolved: int
    simulated: bool


def poisson_cdf(mean: ArrayLike, outcome: ArrayLike) -> CdfPair:
    """The pair of cumulative probabilities of a Poisson count, for `randomised_pit`.

    Parameters
    ----------
    mean : array_like, above zero
        Expected count.
    outcome : array_like of counts, broadcastable to `mean`
        What was counted; NaN gives NaN.

    Examples
    --------
    >>> pair = poisson_cdf(1.0, 0)
    >>> float(pair.below), round(float(pair.at_or_below), 4)
    (0.0, 0.3679)
    """
    lam, y = as_positive("mean", mean), as_outcome(outcome)
    below = np.where(y > 0, special.pdtr(np.maximum(y - 1, 0), lam), np.where(np.isnan(y), np.nan, 0.0))
    return CdfPair(below, special.pdtr(y, lam))


def ensemble_cdf(forecast: ArrayLike, outcome: ArrayLike) -> CdfPair:
    """The pair of cumulative probabilities of an ensemble, for `randomised_pit`.

    With b members below the outcome and t equal to it, out of m, the PIT is uniform between b/(m + 1) and
    (b + t + 1)/(m + 1): exactly uniform if the outcome is one more draw of the same law.

    Parameters
    ----------
    forecast : array_like, shape (..., m)
        Members on the last axis.
    outcome : array_like, broadcastable to (...)
        What happened; NaN gives NaN.

    Examples
    --------
    >>> pair = ensemble_cdf([1.0, 2.0, 2.0], 2.0)
    >>> float(pair.below), float(pair.at_or_below)
    (0.25, 1.0)
    """
    x, y = as_finite("forecast", forecast), as_outcome(outcome)
    below = (x < y[..., np.newaxis]).sum(axis=-1) / (x.shape[-1] + 1.0)
    upto = ((x <= y[..., np.newaxis]).sum(axis=-1) + 1.0) / (x.shape[-1] + 1.0)
    missing = np.isnan(y)
    return CdfPair(np.where(missing, np.nan, below), np.where(missing, np.nan, upto))


def randomised_pit(
    below: ArrayLike, at_or_below: ArrayLike, *, seed: int | tuple[int, ...] = 0
) -> FloatArray:
    r"""Randomised probability integral transform: uniform on [0, 1] if the predictive law is right.

    .. math:: u = F(y^-) + v\,[F(y) - F(y^-)], \quad v \sim U(0, 1)

    Parameters
    ----------
    below, at_or_below : array_like, in [0, 1]
        P(X < y) and P(X ≤ y) at what happened, the same for a continuous law. NaN gives NaN.
    seed : int or tuple of int, default 0
        Seed of v.

    Returns
    -------
    ndarray of float64, in [0, 1]

    Raises
    ------
    ForecastError
        If a probability lies outside [0, 1] or `below` exceeds `at_or_below`.

    References
    ----------
    Czado, C., Gneiting, T. and Held, L. (2009). Biometrics 65, 1254-1261.

    Examples
    --------
    >>> float(randomised_pit(0.3, 0.3))
    0.3
    """
    low, high = _pair(below, at_or_below)
    return low + np.random.default_rng(seed).random(low.shape) * (high - low)


def uniformity_check(
    below: ArrayLike,
    at_or_below: ArrayLike,
    *,
    simulated: CdfPair | None = None,
    randomisations: int = RANDOMISATIONS,
    seed: int = 0,
) -> UniformityCheck:
    r"""Check that PIT values are uniform, in a way that neither padding nor narrowness passes.

    Coverage ("85 % inside the 90 % interval") is passed by laws that are far too wide. Here Σz² with
    z = Φ⁻¹(u) is held against χ²ₙ from both sides, and the Kolmogorov–Smirnov distance beside it. Each is
    computed for `randomisations` fixed seeds, and the median p-value is reported.

    Counts of one period hang together, so χ²ₙ may not be their reference. Give as `simulated` the same pair
    of probabilities for data sets simulated from the model itself; a statistic's p-value is then its rank
    among those of the simulations.

    Parameters
    ----------
    below, at_or_below : array_like, shape (n,), in [0, 1]
        P(X < y) and P(X ≤ y) at what happened; NaN (not yet resolved) is left out and counted.
    simulated : CdfPair of shape (s, n), optional
        The same for s data sets drawn from the model.
    randomisations : int, default 101
        Fixed randomisations.
    seed : int, default 0
        Seed of the randomisations; number i uses the pair (seed, i).

    Returns
    -------
    UniformityCheck

    Raises
    ------
    ForecastError
        If a probability is out of range, nothing is resolved, or the simulations have another shape.

    Examples
    --------
    >>> grid = (np.arange(200) + 0.5) / 200
    >>> uniformity_check(grid, grid).p_ks > 0.99
    True
    """
    if randomisations < 1:
        raise ForecastError(
            f"randomisations: {randomisations} is too few. A usual value is {RANDOMISATIONS}."
        )
    low, high = _pair(below, at_or_below)
    low, high = low.ravel(), high.ravel()
    known = ~np.isnan(low)
    if not np.any(known):
        raise ForecastError("outcome: no question is resolved, so there is nothing to judge.")
    observed = CdfPair(low[known], high[known])
    reference = None if simulated is None else _simulations(simulated, known)
    found = np.array(
        [_one_randomisation(observed, reference, (seed, i)) for i in range(randomisations)], dtype=np.float64
    )
    p_chi2, p_ks, sum_z2 = np.median(found, axis=0)
    return UniformityCheck(
        float(p_chi2),
        float(p_ks),
        float(sum_z2),
        int(known.sum()),
        int((~known).sum()),
        reference is not None,
    )


def _one_randomisation(
    observed: CdfPair, reference: CdfPair | None, seed: tuple[int, int]
) -> tuple[float, float, float]:
    u = randomised_pit(*observed, seed=seed)
    sum_z2, distance = _statistics(u[np.newaxis])
    if reference is None:
        p_chi2 = float(_two_sided(special.chdtr(u.size, sum_z2[0]), special.chdtrc(u.size, sum_z2[0])))
        p_ks = float(stats.kstwo.sf(distance[0], u.size))
    else:
        z2, distances = _statistics(randomised_pit(*reference, seed=seed))
        p_chi2 = float(_two_sided(_rank(z2 <= sum_z2[0]), _rank(z2 >= sum_z2[0])))
        p_ks = _rank(distances >= distance[0])
    return p_chi2, p_ks, float(sum_z2[0])


def _statistics(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Σz² and the Kolmogorov–Smirnov distance of each row."""
    n = u.shape[-1]
    z = special.ndtri(np.clip(u, _EDGE, 1 - _EDGE))
    ordered = np.sort(u, axis=-1)
    above = (np.arange(1, n + 1) / n - ordered).max(axis=-1)
    beneath = (ordered - np.arange(n) / n).max(axis=-1)
    return np.square(z).sum(axis=-1), np.maximum(above, beneath)


def _rank(at_least_as_extreme: FloatArray) -> float:
    return (1.0 + float(np.sum(at_least_as_extreme))) / (1.0 + at_least_as_extreme.size)


def _two_sided(lower: float, upper: float) -> float:
    return min(1.0, 2.0 * min(lower, upper))


def _simulations(simulated: CdfPair, known: FloatArray) -> CdfPair:
    low, high = _pair(*simulated)
    if low.ndim != 2 or low.shape[1] != known.size:
        raise ForecastError(
            f"simulated: the shape is {low.shape}, but must be (simulations, {known.size}), "
            "one row per simulated data set."
        )
    return CdfPair(low[:, known], high[:, known])


def _pair(below: ArrayLike, at_or_below: ArrayLike) -> tuple[FloatArray, FloatArray]:
    low, high = np.broadcast_arrays(
        np.asarray(below, dtype=np.float64), np.asarray(at_or_below, dtype=np.float64)
    )
    known = ~(np.isnan(low) | np.isnan(high))
    as_probability("below", low[known])
    as_probability("at_or_below", high[known])
    if np.any(low[known] > high[known] + _EDGE):
        raise ForecastError("below: P(X < y) exceeds P(X ≤ y). Is the order of the arguments right?")
    return np.where(known, low, np.nan), np.where(known, high, np.nan)
