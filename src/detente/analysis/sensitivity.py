r"""Which inputs the means of draws follow: given-data sensitivity, with a threshold that noise does not pass.

Arrays only. D draws, each with P inputs and, per question, the mean p̂_d of its answers. The index of an input is
the share of the variance over draws, chance taken out, that is explained by a curve in this input alone::

    S_j = R²_adj(p̂ ~ Legendre polynomials of the rank of x_j, degree 1 to 3) / (τ² / s_b²)

s_b² is the variance of the means, τ² what is left of it without the mean of their own variances. R²_adj is
R² adjusted for its number of terms, so an input that does not matter has mean 0 (plain binning gives it
0.03–0.12). The threshold is the 90 % quantile of the *largest* index over all inputs when the means are permuted:
with nothing but irrelevant inputs, one or more pass it in one study of ten. A group of inputs has the joint R² of
all their curves, without their interactions.

References
----------
Plischke, E. (2010). An effective algorithm for computing global sensitivity indices (EASI). Reliability
    Engineering and System Safety 95, 354-360.
Plischke, E., Borgonovo, E., Smith, C. L. (2013). Global sensitivity measures from given data. European Journal of
    Operational Research 226, 536-550.
Lewandowski, D., Cooke, R. M., Duintjer Tebbens, R. J. (2007). Sample-based estimation of correlation ratio with
    polynomial approximation. ACM Transactions on Modeling and Computer Simulation 18, 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from detente.errors import ForecastError

Floats = NDArray[np.float64]

DEGREE = 3
"""Highest degree of the polynomials in a rank."""

LEAST_DRAWS = 1000
"""With fewer draws indices of 0.04 drown in noise; statistics are refused."""

PERMUTATIONS = 200
LEVEL = 0.9
"""Quantile, over the permutations, of the largest index."""

BLOCKS = 40
"""Blocks of draws that are left out in turn for the error of an index."""

_COLUMNS = 4096
"""Permuted columns that are worked on at once; bounds memory."""


@dataclass(frozen=True)
class Indices:
    """Indices of G inputs or groups for K questions.

    Attributes
    ----------
    index : (G, K) floats
        Share of the variance over draws that is explained; near 0 or a little below where nothing is, and a
        little above 1 where everything is. 0 for an input that is constant.
    error : (G, K) floats
        Standard error over draws, by leaving out blocks of them.
    threshold : (K,) floats
        What the largest of G irrelevant ones stays below in nine of ten permutations.
    low, high : (G, K) floats
        Mean answer expected at the 5 % and the 95 % quantile of an input; NaN for a group of several.
    known_share : (K,) floats in [0, 1]
        τ²/s_b²: the share of the variance of the means that is not chance.
    """

    index: Floats
    error: Floats
    threshold: Floats
    low: Floats
    high: Floats
    known_share: Floats

    @property
    def stands_out(self) -> NDArray[np.bool_]:
        """Whether an index is above the threshold, shape (G, K)."""
        above: NDArray[np.bool_] = self.index > self.threshold
        return above


def given_data_indices(
    inputs: ArrayLike,
    means: ArrayLike,
    noise: ArrayLike = 0.0,
    *,
    groups: Sequence[Sequence[int]] | None = None,
    degree: int = DEGREE,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Indices:
    """Estimate the share of the variance of `means` that each input, or group of inputs, explains alone.

    Parameters
    ----------
    inputs : array_like, shape (D, P)
        Sampled inputs, drawn independently of one another; finite. Discrete ones may have ties.
    means : array_like, shape (D, K)
        Mean answer of each draw to each question; finite.
    noise : array_like, broadcast to (D, K), >= 0
        Estimated variance of each mean that is chance: p̂(1 − p̂)/(R − 1) with R replicates; 0 for a model
        without chance.
    groups : sequence of sequences of int, optional
        Columns of `inputs` that belong together, at least one each; they may overlap. By default one for each.
    degree : int, >= 1
        Of the polynomials in the rank. With 3 a curve may rise, fall and rise again; an input that acts in waves
        needs more, and more draws.
    permutations : int, >= 1
    seed : int
        Of the permutations.

    Returns
    -------
    Indices
        NaN where the means do not differ by more than chance (τ² <= 0).

    Raises
    ------
    ForecastError
        If shapes do not fit or a number is not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.random((2000, 3))
    >>> found = given_data_indices(x, 3 * x[:, :1] + x[:, 1:2])
    >>> found.index[:, 0].round(1).tolist(), found.stands_out[:, 0].tolist()
    ([0.9, 0.1, -0.0], [True, True, False])
    """
    x, y, v = _checked(inputs, means, noise)
    members = [[j] for j in range(x.shape[1])] if groups is None else [list(group) for group in groups]
    single = {j: rank_basis(x[:, j], degree) for j in sorted({j for group in members for j in group})}
    bases = [joint_basis([single[j] for j in group]) for group in members]
    known = _known_share(y, v)
    explained = _explained(bases, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(known > 0.0, known, np.nan)
        threshold = _largest_by_chance(bases, y, permutations, seed) / scale
        index = explained / scale
    low, high = _ends(x, y, members, bases)
    return Indices(index, _errors(bases, y, v), threshold, low, high, known)


def share_together(inputs: ArrayLike, means: ArrayLike, noise: ArrayLike = 0.0) -> Floats:
    """Share of the variance over draws that all inputs explain together, without interactions; shape (K,).

    Arguments and NaN as in `given_data_indices`.

    Examples
    --------
    >>> x = np.random.default_rng(1).random((2000, 3))
    >>> share_together(x, 3 * x[:, :1] + x[:, 1:2] ** 2).round(2).tolist()
    [1.0]
    """
    x, y, v = _checked(inputs, means, noise)
    known = _known_share(y, v)
    every = joint_basis([rank_basis(x[:, j]) for j in range(x.shape[1])])
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = _explained([every], y)[0] / np.where(known > 0.0, known, np.nan)
    return share


def _checked(inputs: ArrayLike, means: ArrayLike, noise: ArrayLike) -> tuple[Floats, Floats, Floats]:
    x, y = np.asarray(inputs, np.float64), np.asarray(means, np.float64)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise ForecastError(
            f"inputs and means: they must have shapes (D, P) and (D, K), but have {x.shape} and {y.shape}."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ForecastError("inputs and means: they must be finite. Leave out the draws without an answer.")
    return x, y, np.broadcast_to(np.asarray(noise, np.float64), y.shape)


# ── curves ───────────────────────────────────────────────────────────────────────────────────────


def rank_basis(values: Floats, degree: int = DEGREE) -> Floats:
    """Orthonormal columns that span the Legendre polynomials, of degree 1 to `degree`, of the ranks of a sample.

    Parameters
    ----------
    values : (D,) floats
        Ties share the mean of their ranks.
    degree : int, >= 1

    Returns
    -------
    (D, m) floats
        Each column has mean 0 and length 1. m is `degree`, or fewer where the sample has few distinct values:
        one for an input that is 0 or 1, none for a constant.

    Examples
    --------
    >>> rank_basis(np.array([5.0, 1.0, 9.0, 2.0, 7.0])).shape
    (5, 3)
    >>> abs(rank_basis(np.array([0.0, 1.0, 1.0, 0.0]))).round(1).ravel().tolist()
    [0.5, 0.5, 0.5, 0.5]
    >>> rank_basis(np.full(4, 0.3)).shape
    (4, 0)
    """
    n = len(values)
    place = (2.0 * rankdata(values) - 1.0) / n - 1.0
    basis = np.polynomial.legendre.legvander(place, degree)[:, 1:]
    return _orthonormal(basis - basis.mean(axis=0))


def joint_basis(bases: Sequence[Floats]) -> Floats:
    """Orthonormal columns that span several bases; (D, m) with m at most D/4.

    Where there would be more, every basis gives only its last column, the one that holds most of its ranks.

    Examples
    --------
    >>> one, other = rank_basis(np.arange(40.0)), rank_basis(np.arange(40.0) % 7)
    >>> joint_basis([one, other]).shape
    (40, 6)
    >>> joint_basis([one, other, one, other]).shape
    (40, 2)
    """
    if len(bases) == 1:
        return bases[0]
    n = len(bases[0])
    if sum(basis.shape[1] for basis in bases) > n // 4:
        bases = [basis[:, -1:] for basis in bases]
    return _orthonormal(np.hstack(bases))


def _orthonormal(columns: Floats) -> Floats:
    """Orthonormal columns of the same span, what adds almost nothing left out."""
    size, directions = np.linalg.eigh(columns.T @ columns)
    kept = size > 1e-9 * max(1.0, float(size.max(initial=0.0)))
    made: Floats = columns @ (directions[:, kept] / np.sqrt(size[kept]))
    return made


# ── shares ───────────────────────────────────────────────────────────────────────────────────────


def _known_share(y: Floats, v: Floats) -> Floats:
    """τ²/s_b² per question, never below 0; 0 where the means do not differ."""
    between = y.var(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = np.where(between > 0.0, 1.0 - v.mean(axis=0) / between, 0.0)
    return np.clip(share, 0.0, 1.0)


def _explained(bases: Sequence[Floats], y: Floats) -> Floats:
    """Adjusted R² of each basis for each column of `y`, shape (G, columns); 0 for an empty basis."""
    n = len(y)
    centred = y - y.mean(axis=0)
    total = (centred**2).sum(axis=0)
    sizes = np.array([basis.shape[1] for basis in bases])
    filled = [g for g, basis in enumerate(bases) if basis.shape[1]]
    adjusted = np.zeros((len(bases), y.shape[1]))
    if not filled:
        return adjusted
    squares = (np.hstack([bases[g] for g in filled]).T @ centred) ** 2
    firsts = np.concatenate([[0], np.cumsum(sizes[filled])[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.add.reduceat(squares, firsts, axis=0) / total
        adjusted[filled] = 1.0 - (1.0 - r2) * (n - 1) / (n - 1 - sizes[filled, None])
    return np.nan_to_num(adjusted, nan=0.0)


def _largest_by_chance(bases: Sequence[Floats], y: Floats, permutations: int, seed: int) -> Floats:
    """The quantile `LEVEL`, over permutations of the rows of `y`, of the largest adjusted R²; shape (K,).

    The same permutations serve all questions.
    """
    rng = np.random.default_rng(seed)
    n, k = y.shape
    orders = [rng.permutation(n) for _ in range(permutations)]
    at_once = max(1, _COLUMNS // max(1, k))
    largest = []
    for first in range(0, permutations, at_once):
        some = orders[first : first + at_once]
        permuted = np.concatenate([y[order] for order in some], axis=1)
        found = _explained([basis for basis in bases if basis.shape[1]], permuted)
        largest.append(found.max(axis=0, initial=0.0).reshape(len(some), k))
    quantile: Floats = np.quantile(np.concatenate(largest), LEVEL, axis=0)
    return quantile


# ── errors ───────────────────────────────────────────────────────────────────────────────────────


def _errors(bases: Sequence[Floats], y: Floats, v: Floats) -> Floats:
    """Standard errors of all indices by leaving out `BLOCKS` blocks of draws in turn, shape (G, K)."""
    blocks = min(BLOCKS, len(y) // 8)
    if blocks < 2:
        return np.full((len(bases), y.shape[1]), np.nan)
    centred = y - y.mean(axis=0)
    here = _in_blocks(centred, blocks)
    rest = _Rest(blocks, len(y), here, _in_blocks(v, blocks))
    return np.array([rest.error(_in_blocks(basis, blocks)) for basis in bases])


def _in_blocks(columns: Floats, blocks: int) -> Floats:
    """(D, m) as (blocks, rows, m), filled up with rows of zeros."""
    n, m = columns.shape
    rows = -(-n // blocks)
    padded = np.zeros((blocks * rows, m))
    padded[:n] = columns
    return padded.reshape(blocks, rows, m)


class _Rest:
    """What is left of the means when each block of draws is left out; sums over draws, shape (blocks, K)."""

    def __init__(self, blocks: int, n: int, y: Floats, v: Floats) -> None:
        rows = y.shape[1]
        sizes = np.minimum(rows, np.maximum(0, n - rows * np.arange(blocks)))
        self.y, self.blocks = y, blocks
        self.n = (n - sizes)[:, None].astype(np.float64)
        self.sum = self._without(y.sum(axis=1))
        self.total = self._without((y**2).sum(axis=1)) - self.sum**2 / self.n
        self.chance = self._without(v.sum(axis=1)) / self.n

    def _without(self, sums: Floats) -> Floats:
        left: Floats = sums.sum(axis=0) - sums
        return left

    def error(self, basis: Floats) -> Floats:
        """Jackknife error of the index of one basis, shape (K,)."""
        m = basis.shape[2]
        if m == 0:
            return np.zeros(self.y.shape[2])
        means = self._without(basis.sum(axis=1)) / self.n
        gram = self._without(basis.transpose(0, 2, 1) @ basis)
        gram -= self.n[:, :, None] * means[:, :, None] * means[:, None, :]
        cross = self._without(basis.transpose(0, 2, 1) @ self.y) - means[:, :, None] * self.sum[:, None, :]
        slopes = np.linalg.solve(gram + 1e-12 * np.eye(m), cross)
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = (slopes * cross).sum(axis=1) / self.total
            adjusted = 1.0 - (1.0 - r2) * (self.n - 1.0) / (self.n - 1.0 - m)
            between = self.total / (self.n - 1.0)
            index = adjusted * between / (between - self.chance)
        spread: Floats = np.sqrt((self.blocks - 1) ** 2 / self.blocks * index.var(axis=0, ddof=1))
        return spread


# ── direction ────────────────────────────────────────────────────────────────────────────────────


def _ends(
    x: Floats, y: Floats, members: Sequence[Sequence[int]], bases: Sequence[Floats]
) -> tuple[Floats, Floats]:
    """Mean answers expected at the ends of the 90 % range of each input."""
    found = list(_fitted_ends(x, y, members, bases))
    return np.array([low for low, _ in found]), np.array([high for _, high in found])


def _fitted_ends(
    x: Floats, y: Floats, members: Sequence[Sequence[int]], bases: Sequence[Floats]
) -> Iterator[tuple[Floats, Floats]]:
    nothing = np.full(y.shape[1], np.nan)
    for group, basis in zip(members, bases, strict=True):
        if len(group) > 1:
            yield nothing, nothing
            continue
        order = np.argsort(x[:, group[0]], kind="stable")
        at = order[[round(0.05 * (len(order) - 1)), round(0.95 * (len(order) - 1))]]
        low, high = y.mean(axis=0) + basis[at] @ (basis.T @ y)
        yield low, high
