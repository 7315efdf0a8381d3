"""The posterior of the fitted numbers given one replay: maximum, Laplace's normal, importance weights, draws.

Laplace's normal at the maximum is only where the proposals come from: a Student t around it, mixed with a wider one
and with one around the prior, so that weights stay bounded where the record says little. The draws are resampled
by Pareto-smoothed importance weights. Where their tail is too heavy (k̂ ≥ 0.7), an ensemble sampler takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special  # type: ignore[import-untyped, unused-ignore]

from detente.inference.likelihood import Target
from detente.inference.priors import Scale
from detente.ledger.newton import ConvergenceError

Floats = NDArray[np.float64]

K_HAT = 0.7
"""Importance weights with a Pareto shape of this or more are not trusted (Vehtari et al. 2024)."""

_FREEDOM = 6.0
_WIDER = 2.0
"""A fifth of the proposals lies wider around the maximum by this factor, a fifth around the prior."""

_ROUNDS = 4
"""So often the proposals are made, from the second time on around the weighted points of the time before."""

_STEPS_UP = 60
_SHARES = 0.5 ** np.arange(16.0)

WALKERS, WARMUP, STEPS, THIN = 32, 500, 2000, 10
"""The ensemble sampler: chains, steps that are thrown away and that are kept, every so many."""


@dataclass(frozen=True)
class Laplace:
    """The maximum of a density on the coordinates, and the inverse of the negative Hessian there."""

    at: Floats
    covariance: Floats
    height: float

    @property
    def log_evidence(self) -> float:
        """Log of the integral of the density in this approximation."""
        log_det = float(np.linalg.slogdet(self.covariance)[1])
        return self.height + 0.5 * log_det + 0.5 * len(self.at) * float(np.log(2.0 * np.pi))


@dataclass(frozen=True)
class Conditional:
    """The posterior of a target: points (S, p) with log weights (S,), and how they came about.

    `k_hat` is of the importance weights; `r_hat` (largest) and `ess` (smallest) of the chains where `method` is
    ``mcmc``, else NaN and the effective number of the weighted points.
    """

    laplace: Laplace
    points: Floats
    log_weights: Floats
    log_evidence: float
    k_hat: float
    method: Literal["importance", "mcmc"]
    r_hat: float
    ess: float

    def mean(self) -> Floats:
        """Mean of the coordinates, shape (p,)."""
        mean: Floats = self.weights @ self.points
        return mean

    def variance(self) -> Floats:
        """Variance of the coordinates, shape (p,)."""
        spread: Floats = self.weights @ np.square(self.points - self.mean())
        return spread

    @property
    def weights(self) -> Floats:
        """Weights of the points, adding up to 1."""
        weights: Floats = special.softmax(self.log_weights)
        return weights

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """n points, in no order, shape (n, p)."""
        points: Floats = self.points[rng.permutation(systematic(self.weights, n, rng))]
        return points


def systematic(weights: Floats, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """n numbers of points in proportion to their weights, with the least possible chance.

    Examples
    --------
    >>> systematic(np.array([0.5, 0.25, 0.25]), 4, np.random.default_rng(1)).tolist()
    [0, 0, 1, 2]
    """
    ends = np.cumsum(weights) / np.sum(weights)
    ends[-1] = 1.0
    return np.searchsorted(ends, (np.arange(n) + rng.random()) / n, side="right").astype(np.int64)


def laplace(target: Target) -> Laplace:
    """Climb to the maximum by Newton's method with exact derivatives.

    Each step looks at shares 1, ½, ¼ … of the Newton step and takes the best. Curvatures of the wrong sign, which
    memories and shares can have, are turned. Where a factor meets its bound the maximum may be a kink, and the
    climb ends where no share gains.

    Raises
    ------
    ConvergenceError
        If what is recorded could not have happened.

    Examples
    --------
    >>> from detente.inference.priors import prior_of
    >>> from detente.model import Distribution
    >>> alone = Target((0,), (prior_of(Distribution("lognormal", (3.0, 2.0))),), (), ())
    >>> float(np.exp(laplace(alone).at[0]).round(6))
    3.0
    """
    at = _start(target)
    here = target.look(at)
    for _ in range(_STEPS_UP):
        step = _inverse(here.hessian) @ here.gradient
        ahead = at + _SHARES[:, None] * step
        heights = target.log_density(ahead)
        best = int(np.argmax(np.where(np.isnan(heights), -np.inf, heights)))
        if not heights[best] > here.objective:
            break
        near = heights[best] - here.objective < 1e-12 * max(1.0, abs(here.objective))
        at = ahead[best]
        here = target.look(at)
        if near:
            break
    return Laplace(at, _inverse(here.hessian), here.objective)


def _start(target: Target) -> Floats:
    """Centres of the priors; a rate without one begins at its count over its days, and shares leave some of 1.

    Raises
    ------
    ConvergenceError
        If what is recorded is impossible there and everywhere near.
    """
    start = np.array([prior.centre for prior in target.priors])
    for clock in target.clocks:
        for term in clock.cells.terms:
            if np.isnan(start[term.number]):
                days = float(np.exp(np.minimum(clock.cells.offset, 300.0)) @ clock.days)
                start[term.number] = np.log((len(clock.events) + 0.5) / max(days, 1e-9))
    start = np.asarray(np.nan_to_num(start), np.float64)
    shares = [share for choice in target.choices for share in choice.taken]
    for _ in range(40):
        if np.isfinite(target.log_density(start[None])[0]):
            return start
        for share in set(shares):
            start[share] = _lower(target.priors[share].scale, start[share])
    raise ConvergenceError("what is recorded could not have happened in this replay")


def _lower(scale: Scale, eta: float) -> float:
    """The coordinate of a smaller share."""
    return 0.5 * eta if scale == "identity" else eta - 0.5


def _inverse(hessian: Floats) -> Floats:
    """Inverse of a symmetric matrix, with curvatures that are not positive made so."""
    values, vectors = linalg.eigh(hessian)
    floor = 1e-6 * max(float(np.max(np.abs(values))), 1e-6)
    inverse: Floats = (vectors / np.maximum(np.abs(values), floor)) @ vectors.T
    return inverse


def conditional(target: Target, n_points: int, rng: np.random.Generator) -> Conditional:
    """Sample the posterior of a target by importance resampling, or by chains where that fails.

    Where the weights are too heavy the proposals are made again around the points that they favour (adaptive
    importance sampling), before chains are run.
    """
    top = laplace(target)
    centre, root = top.at, np.asarray(np.linalg.cholesky(top.covariance), np.float64)
    for _ in range(_ROUNDS):
        points, log_proposal = _propose(target, centre, root, n_points, rng)
        raw = target.log_density(points) - log_proposal
        smoothed, k_hat = _smoothed(raw)
        if k_hat < K_HAT:
            ess = float(np.exp(2.0 * special.logsumexp(smoothed) - special.logsumexp(2.0 * smoothed)))
            nan = float("nan")
            return Conditional(top, points, smoothed, _log_mean(raw), k_hat, "importance", nan, ess)
        centre, root = _moments(points, special.softmax(smoothed), root)
    return _chains(target, top, k_hat, _log_mean(raw), rng)


def _log_mean(logs: Floats) -> float:
    return float(special.logsumexp(logs) - np.log(len(logs)))


def _moments(points: Floats, weights: Floats, root: Floats) -> tuple[Floats, Floats]:
    """Weighted mean of points, and the Cholesky factor of their covariance, kept from collapsing."""
    mean = weights @ points
    away = points - mean
    covariance = (away * weights[:, None]).T @ away + 0.01 * (root @ root.T)
    return mean, np.asarray(np.linalg.cholesky(covariance), np.float64)


def _smoothed(raw: Floats) -> tuple[Floats, float]:
    """Pareto-smoothed log weights, and the shape k̂ of their tail."""
    from arviz_stats.base.array import array_stats

    negative = np.where(np.isfinite(raw), -raw, 1e30)  # what it asks for
    smoothed, k_hat = array_stats.psislw(negative)  # type: ignore[no-untyped-call, unused-ignore]
    return np.asarray(smoothed, np.float64), float(k_hat)


def _convergence(chains: Floats) -> tuple[float, float]:
    """Largest r_hat and smallest ess of chains (chain, step, number)."""
    from arviz_stats.base.array import array_stats

    each = [chains[:, :, j] for j in range(chains.shape[2])]
    r_hat = max(float(array_stats.rhat(chain)) for chain in each)  # type: ignore[no-untyped-call, unused-ignore]
    ess = min(float(array_stats.ess(chain)) for chain in each)  # type: ignore[no-untyped-call, unused-ignore]
    return r_hat, ess


@dataclass(frozen=True)
class _Student:
    """A multivariate Student t around a centre; `root` is the Cholesky factor of its scale matrix."""

    centre: Floats
    root: Floats

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        stretch = np.sqrt(_FREEDOM / rng.chisquare(_FREEDOM, (n, 1)))
        points: Floats = self.centre + stretch * (rng.standard_normal((n, len(self.centre))) @ self.root.T)
        return points

    def log_density(self, points: Floats) -> Floats:
        p = len(self.centre)
        away = np.linalg.inv(self.root) @ (points - self.centre).T
        norm = special.gammaln((_FREEDOM + p) / 2.0) - special.gammaln(_FREEDOM / 2.0)
        norm -= 0.5 * p * np.log(_FREEDOM * np.pi) + np.log(np.diag(self.root)).sum()
        density: Floats = norm - 0.5 * (_FREEDOM + p) * np.log1p(np.square(away).sum(axis=0) / _FREEDOM)
        return density


def _propose(
    target: Target, centre: Floats, root: Floats, n: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Points of the mixed proposal, shape (n, p), and its log density there."""
    parts = [_Student(centre, root), _Student(centre, _WIDER * root)]
    if all(prior.proper for prior in target.priors):
        centres = np.array([prior.centre for prior in target.priors])
        parts.append(_Student(centres, np.diag([prior.spread for prior in target.priors])))
    few = n // 5
    counts = [n - few * (len(parts) - 1), *[few] * (len(parts) - 1)]
    points = np.concatenate([part.draw(count, rng) for part, count in zip(parts, counts, strict=True)])
    logs = [part.log_density(points) + np.log(count / n) for part, count in zip(parts, counts, strict=True)]
    return points, np.asarray(special.logsumexp(logs, axis=0), np.float64)


def _chains(
    target: Target, top: Laplace, k_hat: float, evidence: float, rng: np.random.Generator
) -> Conditional:
    """An affine-invariant ensemble sampler (Goodman and Weare 2010) from around the maximum."""
    import emcee  # type: ignore[import-untyped, unused-ignore]

    walkers = max(WALKERS, 2 * target.size + 2)
    first = rng.multivariate_normal(top.at, top.covariance, walkers)
    sampler = emcee.EnsembleSampler(walkers, target.size, target.log_density, vectorize=True)
    sampler.random_state = np.random.RandomState(int(rng.integers(2**31))).get_state()
    warm = sampler.run_mcmc(first, WARMUP)
    sampler.reset()
    sampler.run_mcmc(warm, STEPS, thin_by=1)
    chains = np.moveaxis(sampler.get_chain(thin=THIN), 0, 1)
    r_hat, ess = _convergence(chains)
    points = chains.reshape(-1, target.size)
    return Conditional(top, points, np.zeros(len(points)), evidence, k_hat, "mcmc", r_hat, ess)
