"""What was believed of a fitted number before the record: its coordinate, and the logarithm of its prior density.

A fit moves every number in a coordinate on which its prior is close to normal: the logarithm of a rate or ratio
and the log-odds of a share; a number with a normal prior stands for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detente.engine.sampling import quantile
from detente.model import NINETY_PERCENT, Distribution

Floats = NDArray[np.float64]
Scale = Literal["log", "logit", "identity"]

JEFFREYS_SPREAD = float(np.sqrt(special.polygamma(1, 0.5)))
"""Standard deviation of the logarithm of a Gamma variable of shape ½, whatever its scale: 2.22."""

OUTSIDE = 1e-3
"""A prior with more of its mass than this beyond the bounds of its number is not fitted."""


class Logarithm(NamedTuple):
    """The logarithm of a number as a function of its coordinate: value, first and second derivative."""

    value: Floats
    first: Floats
    second: Floats


@dataclass(frozen=True)
class Prior:
    """A prior density on a coordinate η.

    ========== ============ ==============================================================
    `family`   scale        log density of η, up to a constant
    ========== ============ ==============================================================
    normal     any          ``−(η − a)²/(2b²)``: lognormal, logit-normal and normal numbers
    gamma      log          ``a·η − b·exp(η)``
    jeffreys   log          0 here: Jeffreys' prior of the expected count is part of the clock
    ========== ============ ==============================================================

    `centre` and `spread` are the mean and standard deviation of η; Jeffreys' prior has no centre (NaN), and the
    spread of a Gamma variable of shape ½.
    """

    family: Literal["normal", "gamma", "jeffreys"]
    scale: Scale
    a: float
    b: float
    centre: float
    spread: float

    @property
    def proper(self) -> bool:
        """Whether its mass is finite."""
        return self.family != "jeffreys"

    def moved(self, shift: float) -> Prior:
        """A normal prior with its centre moved."""
        return Prior(self.family, self.scale, self.a + shift, self.b, self.centre + shift, self.spread)

    def log_density(self, eta: Floats) -> Floats:
        """Log density at η, normalised where the prior is proper; any shape."""
        if self.family == "normal":
            density: Floats = -0.5 * np.square((eta - self.a) / self.b) - np.log(
                self.b * np.sqrt(2.0 * np.pi)
            )
        elif self.family == "gamma":
            density = self.a * eta - self.b * np.exp(np.minimum(eta, 700.0))
            density = density + self.a * np.log(self.b) - special.gammaln(self.a)
        else:
            density = np.zeros_like(eta)
        return density

    def slopes(self, eta: Floats) -> tuple[Floats, Floats]:
        """First and second derivative of the log density at η."""
        if self.family == "normal":
            return -(eta - self.a) / self.b**2, np.full_like(eta, -1.0 / self.b**2)
        if self.family == "gamma":
            fall = self.b * np.exp(np.minimum(eta, 700.0))
            return self.a - fall, -fall
        return np.zeros_like(eta), np.zeros_like(eta)


def prior_of(distribution: Distribution) -> Prior | None:
    """The prior of a distribution that can be fitted, else None: fixed numbers, counted shares, and kinds with edges.

    A `counted` rate is given the prior that its Gamma(count + ½) began with, Jeffreys' of shape ½: its events come
    in through the likelihood, and only there. That of a `mean_rate` is for the mean rate.

    Examples
    --------
    >>> round(prior_of(Distribution("lognormal", (3.0, 2.0))).spread, 3)
    0.421
    >>> prior_of(Distribution("counted", (2.0,))).family
    'jeffreys'
    >>> prior_of(Distribution("uniform", (0.0, 1.0))) is None
    True
    """
    if _reaches_beyond(distribution):
        return None
    match distribution.kind, distribution.numbers:
        case (("lognormal" | "mean_rate"), (median, factor)) if factor > 1.0 and median > 0.0:
            return _normal("log", np.log(median), np.log(factor) / NINETY_PERCENT)
        case "logitnormal", (low, high) if high > low:
            a, b = special.logit(low), special.logit(high)
            return _normal("logit", (a + b) / 2.0, (b - a) / (2.0 * NINETY_PERCENT))
        case "normal", (mean, sd) if sd > 0.0:
            return _normal("identity", mean, sd)
        case "counted", _:
            return Prior("jeffreys", "log", 0.0, 0.0, float("nan"), JEFFREYS_SPREAD)
        case "gamma", (shape, mean):
            centre = special.digamma(shape) - np.log(shape / mean)
            spread = float(np.sqrt(special.polygamma(1, shape)))
            return Prior("gamma", "log", shape, shape / mean, float(centre), spread)
    return None


def _normal(scale: Scale, mean: float, sd: float) -> Prior:
    return Prior("normal", scale, float(mean), float(sd), float(mean), float(sd))


def _reaches_beyond(distribution: Distribution) -> bool:
    """Whether bounds cut off more than `OUTSIDE` of the mass."""
    low, high = distribution.lower, distribution.upper
    if (np.isinf(low) and np.isinf(high)) or distribution.kind == "fixed":
        return False
    unbounded = Distribution(distribution.kind, distribution.numbers)
    ends = quantile(unbounded, np.array([OUTSIDE, 1.0 - OUTSIDE]))
    return bool(ends[0] < low or ends[1] > high)


def to_value(scale: Scale, eta: Floats) -> Floats:
    """The number at a coordinate."""
    if scale == "log":
        value: Floats = np.exp(np.minimum(eta, 700.0))
        return value
    if scale == "logit":
        share: Floats = special.expit(eta)
        return share
    return eta


def to_coordinate(scale: Scale, value: Floats) -> Floats:
    """The coordinate of a number."""
    if scale == "log":
        return np.log(np.maximum(value, 1e-300))
    if scale == "logit":
        eta: Floats = special.logit(np.clip(value, 1e-15, 1.0 - 1e-15))
        return eta
    return value


def logarithm(scale: Scale, eta: Floats) -> Logarithm:
    """The logarithm of the number at η, −infinity where a number that stands for itself is not above 0."""
    if scale == "log":
        return Logarithm(eta, np.ones_like(eta), np.zeros_like(eta))
    if scale == "logit":
        p = special.expit(eta)
        return Logarithm(special.log_expit(eta), 1.0 - p, -p * (1.0 - p))
    with np.errstate(divide="ignore", invalid="ignore"):
        safe = np.where(eta > 0.0, eta, np.nan)
        value = np.where(eta > 0.0, np.log(safe), -np.inf)
    return Logarithm(value, np.nan_to_num(1.0 / safe), np.nan_to_num(-1.0 / safe**2))
