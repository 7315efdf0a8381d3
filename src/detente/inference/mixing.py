"""Mixing over replays: one conditional fit per draw of the numbers that are not fitted, weighted by its evidence.

The joint posterior of the fitted numbers θ and the rest φ is p(φ | record)·p(θ | φ, record). Draws φ_k come
from the prior; the first factor gives each the weight Z_k = ∫ p(θ)·L(θ, φ_k) dθ, its evidence. Within one sampled
ledger the weights are the Z_k; across ledgers each keeps the share with which it was sampled.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detente.errors import ForecastError
from detente.inference.conditional import Conditional, conditional, systematic
from detente.inference.design import Design
from detente.inference.evidence import Learnable
from detente.inference.likelihood import Target, targets_of
from detente.inference.priors import to_value
from detente.ledger.newton import ConvergenceError

Floats = NDArray[np.float64]

POINTS = 1000
"""Proposals per replay and target."""


@dataclass(frozen=True)
class PathFit:
    """The fit given one replay: its targets and their posteriors, and which ledger it was of."""

    design: Design
    targets: tuple[Target, ...]
    posteriors: tuple[Conditional, ...]
    ledger: int

    @property
    def log_evidence(self) -> float:
        """Log of ∫ prior · likelihood, −infinity where the replay rules out what is recorded."""
        return sum(each.log_evidence for each in self.posteriors)

    def moments(self, size: int) -> tuple[Floats, Floats]:
        """Mean and variance of every coordinate, shape (size,)."""
        mean, variance = np.zeros(size), np.zeros(size)
        for target, posterior in zip(self.targets, self.posteriors, strict=True):
            mean[list(target.numbers)] = posterior.mean()
            variance[list(target.numbers)] = posterior.variance()
        return mean, variance

    def draw(self, n: int, size: int, rng: np.random.Generator) -> Floats:
        """n joint draws of the coordinates, shape (n, size)."""
        points = np.empty((n, size))
        for target, posterior in zip(self.targets, self.posteriors, strict=True):
            points[:, list(target.numbers)] = posterior.draw(n, rng)
        return points


@dataclass(frozen=True)
class Mixture:
    """All conditional fits, the weight of each (they add up to 1), and joint draws of the mixture.

    `coordinates`, shape (n, fitted); `path`, (n,), tells from which fit each draw came.
    """

    evidence: Learnable
    fits: tuple[PathFit, ...]
    weights: Floats
    coordinates: Floats
    path: NDArray[np.int64]

    @property
    def effective_paths(self) -> float:
        """Effective number of replays, 1/Σw²; 0 where nothing was fitted."""
        return float(1.0 / np.sum(np.square(self.weights))) if len(self.weights) else 0.0

    def within_and_between(self) -> tuple[Floats, Floats]:
        """Variance of each coordinate within the fits and between them, shape (fitted,) both."""
        size = len(self.evidence.fitted)
        parts = [fit.moments(size) for fit in self.fits]
        means, variances = np.array([mean for mean, _ in parts]), np.array([spread for _, spread in parts])
        centre = self.weights @ means
        return self.weights @ variances, self.weights @ np.square(means - centre)

    def values(self, names: Sequence[str]) -> dict[str, Floats]:
        """Joint draws by name, shape (n,) each: the fitted numbers, and of the rest those that are named."""
        fitted = {each.name: j for j, each in enumerate(self.evidence.fitted)}
        drawn = {
            name: np.array([fit.design.drawn[name] for fit in self.fits])[self.path]
            for name in names
            if name not in fitted
        }
        found = {
            name: to_value(self.evidence.fitted[j].prior.scale, self.coordinates[:, j])
            for name, j in fitted.items()
        }
        return dict(sorted((found | drawn).items()))


def fit_paths(
    designs: Sequence[tuple[int, Design]],
    evidence: Learnable,
    seed: int,
    *,
    points: int = POINTS,
    progress: Callable[[], None] | None = None,
) -> tuple[PathFit, ...]:
    """Fit every replay; `designs` come with the number of their ledger.

    A replay in which what is recorded could not have happened, whatever the fitted numbers, is left out.

    Raises
    ------
    ForecastError
        If that is so of all.
    """
    priors = [each.prior for each in evidence.fitted]
    fits = []
    for k, (ledger, design) in enumerate(designs):
        targets = targets_of(design, priors)
        with contextlib.suppress(ConvergenceError):
            posteriors = tuple(
                conditional(target, points, np.random.default_rng([seed, k, *target.numbers]))
                for target in targets
            )
            fits.append(PathFit(design, targets, posteriors, ledger))
        if progress is not None:
            progress()
    if designs and not fits:
        raise ForecastError(
            "no replay allows what is recorded, whatever the fitted numbers are. `detente replay` shows what"
            " contradicts the crisis."
        )
    return tuple(fits)


def mix(
    fits: tuple[PathFit, ...], evidence: Learnable, shares: Mapping[int, float], n_draws: int, seed: int
) -> Mixture:
    """Weigh the fits and draw from their mixture.

    Parameters
    ----------
    fits : tuple of PathFit
    evidence : Learnable
    shares : mapping of int to float
        Share of every ledger, by its number.
    n_draws : int
    seed : int
    """
    if not fits:
        return Mixture(evidence, (), np.zeros(0), np.zeros((0, 0)), np.zeros(0, np.int64))
    weights = np.zeros(len(fits))
    ledgers = np.array([fit.ledger for fit in fits])
    logs = np.array([fit.log_evidence for fit in fits])
    for ledger, share in shares.items():
        mine = ledgers == ledger
        weights[mine] = share * special.softmax(logs[mine])
    rng = np.random.default_rng([seed, 10])
    path = systematic(weights, n_draws, rng)
    coordinates = np.empty((n_draws, len(evidence.fitted)))
    for k, fit in enumerate(fits):
        mine = path == k
        if mine.any():
            coordinates[mine] = fit.draw(int(mine.sum()), len(evidence.fitted), rng)
    order = rng.permutation(n_draws)
    return Mixture(evidence, fits, weights, coordinates[order], path[order])
