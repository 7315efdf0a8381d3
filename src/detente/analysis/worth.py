r"""What knowing a number would be worth: how much narrower a question's probability is expected to be.

If the numbers of a group with index S were known, the variance of the probability over draws would on average
fall from τ² to E[Var(p | x)] = τ²·(1 − S). The expected range is the one that belongs to this variance around the
present probability; where the probability would then lie is not known before.

References
----------
Strong, M., Oakley, J. E., Brennan, A. (2014). Estimating multiparameter partial expected value of perfect
    information from a probabilistic sensitivity analysis sample: a nonparametric regression approach. Medical
    Decision Making 34, 311-326.
Saltelli, A. et al. (2008). Global Sensitivity Analysis: The Primer, ch. 1 (factor prioritisation). Wiley.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from detente.estimating import FloatArray, range_over_draws


@dataclass(frozen=True)
class Worth:
    """The spread of a probability over draws now, and what is expected of it once something were known.

    `spread` is the standard deviation τ now, `left` the expected one (root of the expected variance); [`low`,
    `high`] is the 90 % range that belongs to `left`.
    """

    spread: float
    left: float
    low: float
    high: float

    @property
    def saved(self) -> float:
        """Share of the spread that would be gone, in [0, 1].

        Examples
        --------
        >>> Worth(0.5, 0.25, 0.1, 0.3).saved
        0.5
        """
        return 1.0 - self.left / self.spread if self.spread > 0.0 else 0.0


def worth_of(yes: FloatArray, asked: FloatArray, tau2: float, index: float) -> Worth:
    """What knowing inputs with a given-data index would be worth.

    Parameters
    ----------
    yes, asked : (D,) floats
        Answers of each draw that are yes, and all of them, as in `detente.estimating`.
    tau2 : float, >= 0
        Variance of the probability over draws.
    index : float
        Share of it that the inputs explain; taken as 0 below 0 and as 1 above 1.

    Returns
    -------
    Worth

    Examples
    --------
    >>> yes, asked = np.array([0.0, 1.0, 2.0, 5.0] * 100), np.full(400, 8.0)
    >>> found = worth_of(yes, asked, 0.01, 0.36)
    >>> found.spread, round(found.left, 3), round(found.saved, 3)
    (0.1, 0.08, 0.2)
    >>> worth_of(yes, asked, 0.01, 1.3).low == worth_of(yes, asked, 0.01, 1.3).high == 0.25
    True
    """
    left = tau2 * (1.0 - float(np.clip(index, 0.0, 1.0)))
    low, high = range_over_draws(yes, asked, left)
    return Worth(math.sqrt(tau2), math.sqrt(left), low, high)
