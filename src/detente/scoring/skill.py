"""Comparing two sets of scores: skill against a reference, and the paired difference with its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from detente.errors import ForecastError
from detente.scoring.arguments import FloatArray, as_floats


@dataclass(frozen=True)
class PairedDifference:
    """Mean of (score − reference) and its standard error; below zero, the forecast is better.

    `n` pairs were compared and `n_unresolved` left out; `n_clusters` groups carry the error.
    """

    mean: float
    error: float
    n: int
    n_clusters: int
    n_unresolved: int

    @property
    def z(self) -> float:
        """The difference in standard errors; NaN where both are zero."""
        return self.mean / self.error if self.error > 0 else float("nan")


def skill_score(score: ArrayLike, reference: ArrayLike) -> float:
    r"""Skill of one set of scores over that of a reference forecast; higher is better, 1 is perfect.

    .. math:: 1 - \bar S / \bar S_{ref}

    Parameters
    ----------
    score : array_like, shape (...)
        Negatively oriented scores of the forecast.
    reference : array_like, broadcastable to `score`
        Scores of the reference (base rate, persistence …) on the same questions. A question that is NaN in
        either is left out of both means.

    Returns
    -------
    float in [-inf, 1]
        Zero means no better than the reference.

    Raises
    ------
    ForecastError
        If no question is resolved or the mean of the reference is not above zero.

    References
    ----------
    Murphy, A. H. (1988). Monthly Weather Review 116, 2417-2424.

    Examples
    --------
    >>> skill_score([0.25, 0.5, float("nan")], [0.75, 0.75, 0.9])
    0.5
    """
    ours, theirs = _paired(score, reference)
    mean = float(theirs.mean())
    if not mean > 0:
        raise ForecastError(f"reference: its mean score is {mean:g}; skill needs a reference above zero.")
    return 1.0 - float(ours.mean()) / mean


def paired_difference(
    score: ArrayLike, reference: ArrayLike, *, cluster: ArrayLike | None = None
) -> PairedDifference:
    r"""Mean difference of two sets of scores on the same questions, with a clustered standard error.

    .. math:: \widehat{se}^2 = \frac{G}{G - 1} \sum_g \Big(\sum_{i \in g} (d_i - \bar d)\Big)^2 \Big/ n^2

    Questions of one day, or of one dyad, are not independent: give that label as `cluster`, and report both.

    Parameters
    ----------
    score, reference : array_like, shape (n,)
        Negatively oriented scores; a question that is NaN in either is left out.
    cluster : array_like, shape (n,), optional
        Label of the group of each question. Without it every question is its own.

    Returns
    -------
    PairedDifference

    Raises
    ------
    ForecastError
        If shapes differ, no question is resolved, or there are fewer than two clusters.

    Examples
    --------
    >>> found = paired_difference([0.1, 0.2, 0.3, 0.2], [0.2, 0.2, 0.5, 0.3], cluster=[1, 1, 2, 2])
    >>> round(found.mean, 3), round(found.error, 3), found.n_clusters
    (-0.1, 0.05, 2)
    """
    ours, theirs = np.broadcast_arrays(as_floats("score", score), as_floats("reference", reference))
    labels = np.arange(ours.size) if cluster is None else np.asarray(cluster).ravel()
    if labels.size != ours.size:
        raise ForecastError(
            f"cluster: {labels.size} labels for {ours.size} scores. Give one label per score."
        )
    known = ~np.isnan(ours.ravel()) & ~np.isnan(theirs.ravel())
    difference = (ours.ravel() - theirs.ravel())[known]
    _, group = np.unique(labels[known], return_inverse=True)
    groups = int(group.max()) + 1 if group.size else 0
    if groups < 2:
        raise ForecastError(
            f"cluster: {groups} group(s) with resolved questions; an error needs at least two."
        )
    mean = float(difference.mean())
    sums = np.bincount(group, weights=difference - mean)
    error = float(np.sqrt(groups / (groups - 1.0) * np.square(sums).sum()) / difference.size)
    return PairedDifference(mean, error, int(difference.size), groups, int(np.sum(~known)))


def _paired(score: ArrayLike, reference: ArrayLike) -> tuple[FloatArray, FloatArray]:
    ours, theirs = np.broadcast_arrays(as_floats("score", score), as_floats("reference", reference))
    known = ~np.isnan(ours) & ~np.isnan(theirs)
    if not np.any(known):
        raise ForecastError("score: no question is resolved in both sets, so there is nothing to compare.")
    return ours[known], theirs[known]
