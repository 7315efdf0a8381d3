"""Poisson and logistic regression with shrunken group effects, by Newton's method with exact derivatives.

The design comes in blocks, and a large one is built anew on every pass, so memory does not bound its size.
Terms are scaled to mean zero and standard deviation one inside, and a `ridge` (precision of a normal prior
on the scaled coefficients) may shrink them; group effects (one per actor, recipient, dyad …) always have
such a prior. The intercept has none. Both likelihoods are log-concave: one maximum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special  # type: ignore[import-untyped, unused-ignore]

from detente.ledger.dyads import FloatArray
from detente.ledger.newton import ConvergenceError, Point, climb

Family = Literal["poisson", "logistic"]

KEEP_BYTES = 2**30
"""A design up to this size [bytes] is built once and kept; a larger one is built anew on every pass."""


class Rows(NamedTuple):
    """A block of the design: `terms` (rows, terms), level of each group (rows, groups), `outcome` (rows,)."""

    terms: FloatArray
    levels: NDArray[np.int64]
    outcome: FloatArray


Blocks = Callable[[], Iterator[Rows]]


@dataclass(frozen=True)
class Group:
    """A set of effects, one per level, with a normal prior of mean 0 and this precision."""

    name: str
    n_levels: int
    precision: float


@dataclass(frozen=True, eq=False)
class GlmFit:
    """The maximum: coefficients of the terms in their own units, their errors, and the effects of the groups.

    `covariance` is the inverse of the negative Hessian at the maximum (with priors: Laplace's approximation),
    over intercept, terms and effects in this order, the first two in the units of the terms.
    """

    family: Family
    intercept: float
    coefficients: FloatArray
    effects: tuple[FloatArray, ...]
    covariance: FloatArray
    log_likelihood: float
    n_rows: int
    n_steps: int

    @property
    def errors(self) -> FloatArray:
        """Standard errors of the coefficients."""
        n = self.coefficients.size
        return np.sqrt(np.diag(self.covariance)[1 : n + 1])

    @property
    def intercept_error(self) -> float:
        """Standard error of the intercept."""
        return float(np.sqrt(self.covariance[0, 0]))

    def linear(self, terms: FloatArray, levels: NDArray[np.int64]) -> FloatArray:
        """The linear predictor: log of the mean, or log-odds; shape (rows,)."""
        eta = self.intercept + terms @ self.coefficients
        for k, effects in enumerate(self.effects):
            eta += effects[levels[:, k]]
        return eta

    def mean(self, terms: FloatArray, levels: NDArray[np.int64]) -> FloatArray:
        """Expected count, or probability; shape (rows,)."""
        eta = self.linear(terms, levels)
        fitted: FloatArray = np.exp(eta) if self.family == "poisson" else special.expit(eta)
        return fitted


def fit_glm(blocks: Blocks, family: Family, *, groups: Sequence[Group] = (), ridge: float = 0.0) -> GlmFit:
    r"""Maximise the penalised log-likelihood of a Poisson or logistic regression.

    .. math:: \sum_i y_i \eta_i - A(\eta_i) - \tfrac12 \sum_j \pi_j b_j^2, \quad A = e^\eta \text{ or }
    \ln(1 + e^\eta)

    Parameters
    ----------
    blocks : callable giving an iterator of Rows
        Called once per pass; must give the same rows every time.
    family : {'poisson', 'logistic'}
        Counts with logarithmic link (log y! left out of the log-likelihood), or 0/1 with log-odds.
    groups : sequence of Group, optional
        Groups of effects, in the order of the columns of `levels`.
    ridge : float, zero or more
        Prior precision of every coefficient on the scale of one standard deviation of its term.

    Returns
    -------
    GlmFit

    Raises
    ------
    ConvergenceError
        If there is no maximum (a term that separates the outcomes, two terms that are one) or it is not
        reached.
    """
    scale = _scale(blocks)
    problem = _Problem(blocks, family, groups, ridge, scale)
    summit = climb(problem.look, problem.start())
    back = scale.to_own_units(summit.at.size)
    own = back @ summit.at
    n = scale.mean.size
    effects = np.split(own[n + 1 :], np.cumsum([group.n_levels for group in groups])[:-1]) if groups else []
    return GlmFit(
        family=family,
        intercept=float(own[0]),
        coefficients=own[1 : n + 1],
        effects=tuple(effects),
        covariance=back @ summit.covariance @ back.T,
        log_likelihood=summit.point.objective + problem.penalty(summit.at),
        n_rows=scale.rows,
        n_steps=summit.steps,
    )


class _Scale(NamedTuple):
    mean: FloatArray
    deviation: FloatArray
    rows: int
    mean_outcome: float

    def to_own_units(self, size: int) -> FloatArray:
        """Matrix from scaled parameters (intercept, coefficients, effects) to those in the terms' units."""
        n = self.mean.size
        back = np.eye(size)
        back[range(1, n + 1), range(1, n + 1)] = 1.0 / self.deviation
        back[0, 1 : n + 1] = -self.mean / self.deviation
        return back


def _scale(blocks: Blocks) -> _Scale:
    rows, total, outcome = 0, np.zeros(0), 0.0
    square = np.zeros(0)
    for block in blocks():
        if not rows:
            total, square = np.zeros(block.terms.shape[1]), np.zeros(block.terms.shape[1])
        rows += block.outcome.size
        total += block.terms.sum(axis=0)
        square += np.square(block.terms).sum(axis=0)
        outcome += float(block.outcome.sum())
    if not rows or outcome <= 0:
        raise ConvergenceError("there is no event to learn from. Widen the span or the kind of events.")
    mean = total / rows
    deviation = np.sqrt(np.maximum(square / rows - mean**2, 0.0))
    constant = deviation <= 1e-9 * np.maximum(1.0, np.abs(mean))
    return _Scale(mean, np.where(constant, 1.0, deviation), rows, outcome / rows)


class _Problem:
    def __init__(
        self, blocks: Blocks, family: Family, groups: Sequence[Group], ridge: float, scale: _Scale
    ) -> None:
        self.blocks, self.family, self.groups, self.scale = blocks, family, groups, scale
        self._kept: list[Rows] | None = None
        terms = scale.mean.size
        self.n_dense = terms + 1
        self.starts = self.n_dense + np.concatenate([[0], np.cumsum([g.n_levels for g in groups])]).astype(
            int
        )
        self.size = int(self.starts[-1])
        self.precision = np.concatenate(
            [[0.0], np.full(terms, ridge), *(np.full(g.n_levels, g.precision) for g in groups)]
        )

    def start(self) -> FloatArray:
        """All terms at zero, the intercept at the mean."""
        point = np.zeros(self.size)
        mean = self.scale.mean_outcome
        point[0] = np.log(mean) if self.family == "poisson" else special.logit(min(mean, 1 - 1e-9))
        return point

    def penalty(self, at: FloatArray) -> float:
        """What the priors take off the log-likelihood."""
        return 0.5 * float(np.sum(self.precision * at**2))

    def look(self, at: FloatArray) -> Point:
        """Penalised log-likelihood, its gradient and negative Hessian."""
        objective, gradient, hessian = 0.0, np.zeros(self.size), np.zeros((self.size, self.size))
        for block in self._scaled():
            objective += self._add(block, at, gradient, hessian)
        hessian += np.diag(self.precision)
        return Point(objective - self.penalty(at), gradient - self.precision * at, hessian)

    def _scaled(self) -> Iterable[Rows]:
        """The blocks with scaled terms behind a column of ones; kept if they are not too large."""
        if self._kept is not None:
            return self._kept
        scaled = (self._scale_block(block) for block in self.blocks())
        if self.scale.rows * self.n_dense * 8 > KEEP_BYTES:
            return scaled
        self._kept = list(scaled)
        return self._kept

    def _scale_block(self, block: Rows) -> Rows:
        dense = np.empty((block.outcome.size, self.n_dense))
        dense[:, 0] = 1.0
        dense[:, 1:] = (block.terms - self.scale.mean) / self.scale.deviation
        return Rows(dense, block.levels, block.outcome)

    def _add(self, block: Rows, at: FloatArray, gradient: FloatArray, hessian: FloatArray) -> float:
        dense, d = block.terms, self.n_dense
        eta = dense @ at[:d]
        for k in range(len(self.groups)):
            eta += at[self._span(k)][block.levels[:, k]]
        partition, mean, variance = _moments(self.family, eta)
        residual = block.outcome - mean
        root = dense * np.sqrt(variance)[:, None]
        gradient[:d] += dense.T @ residual
        hessian[:d, :d] += root.T @ root
        for k in range(len(self.groups)):
            gradient[self._span(k)] += self._per_level(k, block, residual)
            self._add_group(k, block, variance, hessian)
        return float(block.outcome @ eta - partition.sum())

    def _add_group(self, k: int, block: Rows, variance: FloatArray, hessian: FloatArray) -> None:
        """The Hessian's rows and columns of group k against itself, the terms and the earlier groups."""
        span, d, n = self._span(k), self.n_dense, self.groups[k].n_levels
        on_diagonal = np.arange(span.start, span.stop)
        hessian[on_diagonal, on_diagonal] += self._per_level(k, block, variance)
        rows = np.arange(variance.size)
        weights = sparse.csr_array((variance, (block.levels[:, k], rows)), shape=(n, rows.size))
        cross = np.asarray(weights @ block.terms, dtype=np.float64)
        hessian[span, :d] += cross
        hessian[:d, span] += cross.T
        for other in range(k):
            cell = block.levels[:, other] * n + block.levels[:, k]
            size = self.groups[other].n_levels * n
            both = np.bincount(cell, weights=variance, minlength=size).reshape(-1, n)
            hessian[self._span(other), span] += both
            hessian[span, self._span(other)] += both.T

    def _per_level(self, k: int, block: Rows, values: FloatArray) -> FloatArray:
        sums: FloatArray = np.bincount(block.levels[:, k], values, self.groups[k].n_levels).astype(np.float64)
        return sums

    def _span(self, k: int) -> slice:
        return slice(int(self.starts[k]), int(self.starts[k + 1]))


def _moments(family: Family, eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The partition function and its first two derivatives."""
    if family == "poisson":
        mean = np.exp(np.minimum(eta, 500.0))
        return mean, mean, mean
    p: FloatArray = special.expit(eta)
    return np.logaddexp(0.0, eta), p, p * (1.0 - p)
