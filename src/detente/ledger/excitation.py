r"""How strongly events call forth events, and for how long: factors of the form the engine uses.

.. math:: \lambda_d(t) = b_d \prod_k \min\big(a^{max},\, 1 + (a_k - 1)\, m_{k,d}(t)\big), \quad
          m_{k,d}(t) = \sum_{s < t} 2^{-(t - s)/h_k} y_{k,d}(s)

`times` :math:`a_k` is the factor of one fresh event, `half_life` :math:`h_k` how it fades, and y whether
the cause happened on a day: to the same recipient (`own`) or back (`reverse`). A day has an event with
probability :math:`1 - e^{-\lambda}`. Every dyad has its own base rate :math:`b_d`, which is maximised out, so
differences *between* dyads are not taken for excitation; slow changes *within* a dyad are, and lengthen the
half-life.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize  # type: ignore[import-untyped, unused-ignore]

from detente.errors import TableError
from detente.ledger.dyads import DyadDays, FloatArray, decay, fade
from detente.ledger.newton import MAX_STEPS, ConvergenceError, solve
from detente.ledger.rates import BURN_IN

Direction = Literal["own", "reverse"]

STARTS = (1.5, 10.0, 60.0)
"""Half-lives from which the climb starts [day]; the best end counts."""

BOUNDS = ((np.log(1e-4), np.log(1e3)), (np.log(0.2), np.log(720.0)))
"""Range of log(times − 1) and of log(half-life)."""


@dataclass(frozen=True)
class Cause:
    """What may excite: a kind of event, by the actor itself (`own`) or by the recipient (`reverse`)."""

    kind: str
    direction: Direction = "own"


@dataclass(frozen=True)
class Excitation:
    """A fitted factor; errors are on log scale: of log(times − 1), and of log(half-life).

    `informed` is false where the record does not tell the factor from 1, or the half-life from the ends of
    its range; the numbers then are not to be used.
    """

    cause: Cause
    times: float
    half_life: float
    log_times_error: float
    log_half_life_error: float
    informed: bool

    def range_of_times(self, z: float = 1.645) -> tuple[float, float]:
        """Range of `times`; 90 % by default."""
        spread = np.exp(z * self.log_times_error)
        return 1 + (self.times - 1) / spread, 1 + (self.times - 1) * spread

    def range_of_half_life(self, z: float = 1.645) -> tuple[float, float]:
        """Range of the half-life [day]; 90 % by default."""
        spread = np.exp(z * self.log_half_life_error)
        return self.half_life / spread, self.half_life * spread


@dataclass(frozen=True, eq=False)
class ExcitationFit:
    """Excitations of a kind of event, and the base rate of each dyad at rest [1/day]."""

    kind: str
    at_most: float
    excitations: tuple[Excitation, ...]
    base_rates: FloatArray
    log_likelihood: float
    null_log_likelihood: float


def fit_excitation(
    data: DyadDays,
    kind: str,
    *,
    causes: Sequence[Cause] | None = None,
    at_most: float,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> ExcitationFit:
    """Fit how causes raise the rate of days with an event of a kind.

    Parameters
    ----------
    data : DyadDays
        The record.
    kind : str
        The kind that is excited.
    causes : sequence of Cause, optional
        By default the kind itself, own and reverse.
    at_most : float, above 1
        Ceiling of each factor, as in the engine; an excitation without ceiling has no stationary law.
    first, last : date, optional
        Days fitted, both included; by default from the end of the burn-in to the end of the record.

    Raises
    ------
    TableError
        If `at_most` is not above 1 or a kind is unknown.
    ConvergenceError
        If there is no event to learn from.
    """
    if not at_most > 1:
        raise TableError(f"at_most: {at_most:g} is not above 1. A usual ceiling is 6.")
    a = BURN_IN if first is None else data.number(first)
    b = data.n_days if last is None else data.number(last) + 1
    wanted = tuple(causes) if causes is not None else (Cause(kind), Cause(kind, "reverse"))
    problem = _Profile(data, kind, wanted, at_most, a, b)
    best = min((problem.descend(start) for start in STARTS), key=lambda end: float(end.fun))
    errors = problem.errors(best.x)
    found = tuple(
        _excitation(cause, *best.x[2 * k : 2 * k + 2], *errors[2 * k : 2 * k + 2])
        for k, cause in enumerate(wanted)
    )
    factor = problem.factors(best.x)[0]
    return ExcitationFit(
        kind=kind,
        at_most=at_most,
        excitations=found,
        base_rates=problem.base(factor),
        log_likelihood=-float(best.fun),
        null_log_likelihood=problem.null_log_likelihood(),
    )


def _excitation(
    cause: Cause, log_gain: float, log_life: float, gain_error: float, life_error: float
) -> Excitation:
    inside = all(
        low + 0.01 < x < high - 0.01 for x, (low, high) in zip((log_gain, log_life), BOUNDS, strict=True)
    )
    informed = bool(inside and np.isfinite(gain_error + life_error) and gain_error < 1.0 and life_error < 2.0)
    return Excitation(
        cause,
        float(1 + np.exp(log_gain)),
        float(np.exp(log_life)),
        float(gain_error),
        float(life_error),
        informed,
    )


class _Profile:
    """Likelihood with every base rate at its maximum, and its gradient in (log gain, log half-life)."""

    def __init__(
        self, data: DyadDays, kind: str, causes: Sequence[Cause], at_most: float, first: int, last: int
    ) -> None:
        self.at_most, self.first, self.last = at_most, first, last
        self.happened = data.happened(kind)[:, first:last]
        if not self.happened.sum() > 0:
            raise ConvergenceError(f"there is no event of kind '{kind}' in the span. Widen it.")
        self.days: list[FloatArray] = []
        for cause in causes:
            daily = (data.of(cause.kind) > 0).astype(np.float64)
            self.days.append(data.flat(daily.transpose(1, 0, 2) if cause.direction == "reverse" else daily))

    def descend(self, half_life: float) -> optimize.OptimizeResult:
        """Minimise the negative log-likelihood from a start."""
        start = np.tile([np.log(0.5), np.log(half_life)], len(self.days))
        bounds = [*BOUNDS] * len(self.days)
        return optimize.minimize(self.negative, start, jac=True, method="L-BFGS-B", bounds=bounds)

    def negative(self, at: FloatArray) -> tuple[float, FloatArray]:
        """Negative profile log-likelihood and its gradient."""
        factor, slopes = self.factors(at)
        value, by_log_rate, _ = self._likelihood(factor * self.base(factor)[:, None])
        gradient = np.array([(slope * by_log_rate).sum() for slope in slopes])
        return -float(value.sum()), -gradient

    def base(self, factor: FloatArray) -> FloatArray:
        """The base rate of each dyad at its maximum, given the factors; zero where nothing happened."""
        share = self.happened.mean(axis=1)
        base: FloatArray = -np.log1p(-np.minimum(share, 0.99)) / factor.mean(axis=1)
        for _ in range(MAX_STEPS):
            _, slope, curve = (part.sum(axis=1) for part in self._likelihood(factor * base[:, None]))
            step = np.divide(slope, curve, out=np.zeros_like(slope), where=share > 0)
            base = base * np.exp(np.clip(step, -1.0, 1.0))
            if np.max(np.abs(step)) < 1e-11:
                break
        return base

    def _likelihood(self, rate: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Log-likelihood of each day, and its slope and negative curvature in the log of the rate."""
        yes = self.happened > 0
        safe = np.where(yes, np.minimum(rate, 500.0), 1.0)
        odds = safe / np.expm1(safe)
        value = np.where(yes, np.log(-np.expm1(-safe)), -rate)
        return value, np.where(yes, odds, -rate), np.where(yes, odds * (safe + odds - 1.0), rate)

    def factors(self, at: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        """The product of all factors, and the slopes of its logarithm in each parameter."""
        product = np.ones_like(self.happened)
        slopes: list[FloatArray] = []
        for k, daily in enumerate(self.days):
            gain, life = np.exp(at[2 * k]), np.exp(at[2 * k + 1])
            memory, by_log_life = (part[:, self.first : self.last] for part in _memory(daily, life))
            factor = np.minimum(self.at_most, 1 + gain * memory)
            below = factor < self.at_most
            slopes.append(np.where(below, gain * memory / factor, 0.0))
            slopes.append(np.where(below, gain * by_log_life / factor, 0.0))
            product = product * factor
        return product, slopes

    def errors(self, at: FloatArray) -> FloatArray:
        """Errors from the Hessian, by central differences of the exact gradient; NaN where it has none."""
        step = 1e-4
        rows = [
            (self.negative(at + step * unit)[1] - self.negative(at - step * unit)[1]) / (2 * step)
            for unit in np.eye(at.size)
        ]
        hessian = np.array(rows)
        try:
            variance = np.diag(solve((hessian + hessian.T) / 2, np.eye(at.size)))
        except ConvergenceError:
            return np.full(at.size, np.nan)
        return np.sqrt(variance)

    def null_log_likelihood(self) -> float:
        """Log-likelihood with base rates alone."""
        flat = np.ones_like(self.happened)
        return float(self._likelihood(flat * self.base(flat)[:, None])[0].sum())


def _memory(daily: FloatArray, half_life: float) -> tuple[FloatArray, FloatArray]:
    """The fading count before each day, yesterday's events being one day old; and its slope in log h."""
    keep = decay(half_life)
    faded = fade(daily, keep)
    by_keep = faded + keep * fade(faded, keep)
    return keep * faded, keep * np.log(2.0) / half_life * by_keep
