r"""Differences between two ensembles that share their random numbers. Arrays only.

Both ensembles have D draws of R replicates; future i of one and future i of the other share every random number
that both use. In draw d one was asked M_d times and said yes N_d times, the other M'_d and N'_d times::

    difference = ΣN'/ΣM' − ΣN/ΣM
    error      = sd_d(l'_d − l_d) / √D,    l_d = (N_d − p·M_d) / mean M

Where every future is asked, M_d = R, l_d is the draw mean less its average, and the error is the standard deviation
over draws of the draw-mean difference / √D. Two independent runs would have the error √(e² + e'²) of their own
errors; the **variance ratio** is how many times fewer futures the pairing needs for the same error.

References
----------
Glasserman, P., Yao, D. D. (1992). Some guidelines and guarantees for common random numbers. Management Science 38,
    884-908.
Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6, 65-70.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from detente.estimating import DETECTABLE, range_over_draws, rule_of_three, standard_error
from detente.model import NINETY_PERCENT

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PairedEstimate:
    """A difference of two probabilities with its paired error.

    `error` is the standard error, NaN with a single draw; where no future differs (`same`) it is the bound 3/D.
    [`low`, `high`] is the 90 % range of the difference over draws, chance taken out; NaN where replicates are too
    few or the question has a condition. Where `spread_detectable` is False it is the widest that the draws do not
    rule out. `variance_ratio` is infinite where no future differs.
    """

    difference: float
    error: float
    low: float
    high: float
    spread_detectable: bool
    variance_ratio: float
    same: bool

    @property
    def p_value(self) -> float:
        """Two-sided p-value of "no difference" by the normal law; 1 where no future differs.

        Examples
        --------
        >>> round(PairedEstimate(0.0196, 0.01, 0.0, 0.0, False, 1.0, False).p_value, 3)
        0.05
        """
        if self.same or math.isnan(self.error):
            return 1.0
        if self.error == 0.0:
            return 0.0
        return float(special.erfc(abs(self.difference) / self.error / math.sqrt(2.0)))


def paired_estimate(before: ArrayLike, after: ArrayLike, *, same: bool | None = None) -> PairedEstimate:
    """The difference of two probabilities from the answers of paired futures, all of which were asked.

    Parameters
    ----------
    before, after : array_like, shape (D, R), in [0, 1]
        Answers: 1 for yes, 0 for no (½ where it is not known which).
    same : bool, optional
        Whether no future differs; by default read off the answers.

    Returns
    -------
    PairedEstimate

    Examples
    --------
    >>> import numpy as np
    >>> before = np.tile([1.0, 0.0], (100, 1))
    >>> after = before.copy()
    >>> after[::2, 1] = 1.0
    >>> found = paired_estimate(before, after)
    >>> found.difference, round(found.error, 4)
    (0.25, 0.0251)
    >>> paired_estimate(before, before).error
    0.03
    """
    before, after = np.asarray(before, np.float64), np.asarray(after, np.float64)
    asked = np.full(len(before), float(before.shape[1]))
    found = paired_ratio(
        before.sum(axis=1),
        asked,
        after.sum(axis=1),
        asked,
        same=bool((before == after).all()) if same is None else same,
    )
    if found.same:
        return _with_range(found, -found.error, found.error, False)
    return _with_range(found, *range_of_differences(after - before))


def _with_range(found: PairedEstimate, low: float, high: float, seen: bool) -> PairedEstimate:
    return PairedEstimate(found.difference, found.error, low, high, seen, found.variance_ratio, found.same)


def paired_ratio(
    yes: Floats, asked: Floats, yes_after: Floats, asked_after: Floats, *, same: bool
) -> PairedEstimate:
    """The difference of two conditional probabilities from the counts of each draw, each of shape (D,).

    Draws count by how often the condition holds in them; there is no range over draws.

    Examples
    --------
    >>> import numpy as np
    >>> asked = np.full(4, 8.0)
    >>> yes = np.array([1.0, 2, 3, 2])
    >>> found = paired_ratio(yes, asked, yes + np.array([1.0, 1, 1, 2]), asked, same=False)
    >>> found.difference, round(found.error, 4), round(found.variance_ratio, 2)
    (0.15625, 0.0312, 6.33)
    """
    n_draws = len(yes)
    difference = float(yes_after.sum() / asked_after.sum() - yes.sum() / asked.sum())
    if same:
        return PairedEstimate(0.0, rule_of_three(n_draws), math.nan, math.nan, False, math.inf, True)
    if n_draws < 2:
        return PairedEstimate(difference, math.nan, math.nan, math.nan, False, math.nan, False)
    apart = _left(yes_after, asked_after) - _left(yes, asked)
    error = float(apart.std(ddof=1) / math.sqrt(n_draws))
    alone = standard_error(yes, asked) ** 2 + standard_error(yes_after, asked_after) ** 2
    ratio = alone / error**2 if error > 0.0 else math.inf
    return PairedEstimate(difference, error, math.nan, math.nan, False, float(ratio), False)


def _left(yes: Floats, asked: Floats) -> Floats:
    left: Floats = (yes - yes.sum() / asked.sum() * asked) / asked.mean()
    return left


ONE_WAY = 0.95
"""Where so large a share of the flips goes one way, the range is that of the probability of a flip."""


def range_of_differences(apart: Floats) -> tuple[float, float, bool]:
    r"""The 90 % range over draws of a difference, and whether its spread over draws can be seen.

    .. math:: \tau^2 = s_b^2 - \overline{w_d / R}

    with s_b² the variance of the mean differences δ̂_d of the draws and w_d the variance within draw d. Where the
    flips go one way, |δ_d| is the probability of a flip, and its range that of a Beta distribution with mean |δ| and
    variance τ² (`detente.estimating.range_over_draws`); else δ ± 1.645 τ, kept within [−1, 1]. Where τ² is less than
    two of its jackknife errors, the range is that of τ² plus two.

    Parameters
    ----------
    apart : array, shape (D, R)
        Differences of the answers of each future, in [−1, 1].

    Examples
    --------
    >>> import numpy as np
    >>> low, high, seen = range_of_differences(np.repeat([[0.1], [0.3]], 50, axis=0) * np.ones(4))
    >>> round(low, 2), round(high, 2), seen
    (0.06, 0.39, True)
    """
    n_draws, n_replicates = apart.shape
    if n_replicates < 2 or n_draws < 3:
        return math.nan, math.nan, False
    means, within = apart.mean(axis=1), apart.var(axis=1, ddof=1) / n_replicates
    tau2 = float(means.var(ddof=1)) - float(within.mean())
    error = _jackknife(means, within)
    seen = tau2 > 0.0 and tau2 >= DETECTABLE * error
    widest = tau2 if seen else max(0.0, tau2 + DETECTABLE * error)
    return *_range(apart, means, widest), seen


def _range(apart: Floats, means: Floats, tau2: float) -> tuple[float, float]:
    mean, moved = float(means.mean()), float(np.abs(apart).mean())
    if moved > 0.0 and abs(mean) >= (2.0 * ONE_WAY - 1.0) * moved:
        way = math.copysign(1.0, mean)
        asked = np.full(len(means), float(apart.shape[1]))
        ends = range_over_draws(np.clip(way * means, 0.0, 1.0) * asked, asked, tau2)
        low, high = sorted(way * end for end in ends)
        return low, high
    half = NINETY_PERCENT * math.sqrt(tau2)
    return max(-1.0, mean - half), min(1.0, mean + half)


def _jackknife(means: Floats, within: Floats) -> float:
    """Standard error of τ² by leaving out one draw at a time."""
    n = len(means)
    total, squares = means.sum() - means, (means**2).sum() - means**2
    without = (squares - total**2 / (n - 1)) / (n - 2) - (within.sum() - within) / (n - 1)
    return math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))


def holm(p_values: ArrayLike) -> Floats:
    """p-values corrected for their number by Holm's method: at most one false finding among all, with 5 % at 0.05.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1.0, stepped)
    return corrected
