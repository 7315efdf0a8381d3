r"""How strongly events call forth events, and for how long: factors of the form the engine uses.

.. math:: \lambda_d(t) = b_d \prod_k \min\big(a^{max},\, 1 + (a_k - 1)\, m_{k,d}(t)\big), \quad
          m_{k,d}(t) = \sum_{s < t} 2^{-(t - s)/h_k} y_{k,d}(s)

`times` :math:`a_k` is the factor of one fresh event, `half_life` :math:`h_k` how it fades, and y whether
the cause happened on a day: to the same recipient (`own`) or back (`reverse`). A day has an event with
probability :math:`1 - e^{-\lambda}`. Every dyad has its own base rate :math:`b_d`, which is maximised out, so
differences *between* dyads are not taken for excitation; slow changes *within* a dyad are, and lengthen the
half-life. As in any autoregression with an effect per unit, factors come out a little too small and base rates
too large where dyads have few events: by about a quarter of a standard error at 35 events each.
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


LARGEST_LOG = 700.0
"""Logarithms beyond which a factor is told as infinite."""


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
        spread = _spread(z * self.log_times_error)
        return 1 + (self.times - 1) / spread, 1 + (self.times - 1) * spread

    def range_of_half_life(self, z: float = 1.645) -> tuple[float, float]:
        """Range of the half-life [day]; 90 % by default."""
        spread = _spread(z * self.log_half_life_error)
        return self.half_life / spread, self.half_life * spread


def _spread(log_error: float) -> float:
    """A range of logarithms as a factor; infinite where it is beyond all numbers."""
    return float(np.exp(log_error)) if log_error < LARGEST_LOG else np.inf + log_error


@dataclass(frozen=True, eq=False)
class ExcitationFit:
    """Excitations of a kind of event, and the base rate of each dyad at rest [1/day].

    `base_errors` are standard errors of the logarithms of the base rates, the errors of the factors included;
    infinite where a dyad has no event, NaN where the fit has no errors.
    """

    kind: str
    at_most: float
    excitations: tuple[Excitation, ...]
    base_rates: FloatArray
    base_errors: FloatArray
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
    errors, base_errors = problem.errors(best.x)
    found = tuple(
        _excitation(cause, *best.x[2 * k : 2 * k + 2], *errors[2 * k : 2 * k + 2])
        for k, cause in enumerate(wanted)
    )
    factor = problem.factors(best.x)[0]
    return ExcitationFit(
        kind=kind,
        at_most=at_most,
        excitations=found,
        base_rates=problem.everywhere(problem.base(factor), 0.0),
        base_errors=problem.everywhere(base_errors, np.inf),
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
    """Likelihood with every base rate at its maximum, and its gradient in (log gain, log half-life).

    Only dyads with an event are looked at; the others add nothing, their base rate being zero. Days with an
    event are few, so their part of the likelihood is summed over them alone.
    """

    def __init__(
        self, data: DyadDays, kind: str, causes: Sequence[Cause], at_most: float, first: int, last: int
    ) -> None:
        self.at_most, self.first, self.last = at_most, first, last
        happened = data.happened(kind)[:, first:last]
        self.busy = happened.any(axis=1)
        if not self.busy.any():
            raise ConvergenceError(f"there is no event of kind '{kind}' in the span. Widen it.")
        happened = happened[self.busy]
        self.dyad, self.day = np.nonzero(happened)
        self.share = happened.mean(axis=1)
        self.days: list[FloatArray] = []
        for cause in causes:
            daily = (data.of(cause.kind) > 0).astype(np.float64)
            daily = daily.transpose(1, 0, 2) if cause.direction == "reverse" else daily
            self.days.append(data.flat(daily)[self.busy])

    def everywhere(self, of_busy: FloatArray, elsewhere: float) -> FloatArray:
        """Numbers of the dyads with an event, and one number for the others, shape (dyads,)."""
        every = np.full(self.busy.size, elsewhere)
        every[self.busy] = of_busy
        return every

    def descend(self, half_life: float) -> optimize.OptimizeResult:
        """Minimise the negative log-likelihood from a start."""
        start = np.tile([np.log(0.5), np.log(half_life)], len(self.days))
        bounds = [*BOUNDS] * len(self.days)
        return optimize.minimize(self.negative, start, jac=True, method="L-BFGS-B", bounds=bounds)

    def negative(self, at: FloatArray) -> tuple[float, FloatArray]:
        """Negative profile log-likelihood and its gradient."""
        factor, slopes = self.factors(at)
        base = self.base(factor)
        value, odds, _ = self._with_event(factor, base)
        yes = self.dyad, self.day
        without = base * self._without_event(factor)
        gradient = np.array(
            [(slope[yes] * odds).sum() - base @ self._without_event(slope * factor) for slope in slopes]
        )
        return float(without.sum() - value.sum()), -gradient

    def base(self, factor: FloatArray) -> FloatArray:
        """The base rate of each busy dyad at its maximum, given the factors."""
        base: FloatArray = -np.log1p(-np.minimum(self.share, 0.99)) / factor.mean(axis=1)
        without = self._without_event(factor)
        for _ in range(MAX_STEPS):
            _, odds, curve = self._with_event(factor, base)
            slope = self._by_dyad(odds) - base * without
            step = slope / (self._by_dyad(curve) + base * without)
            base = base * np.exp(np.clip(step, -1.0, 1.0))
            if np.max(np.abs(step)) < 1e-11:
                break
        return base

    def _with_event(self, factor: FloatArray, base: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Log-likelihood of each day with an event, its slope and negative curvature in the log of the rate."""
        rate = np.minimum(base[self.dyad] * factor[self.dyad, self.day], 500.0)
        odds = rate / np.expm1(rate)
        return np.log(-np.expm1(-rate)), odds, odds * (rate + odds - 1.0)

    def _without_event(self, daily: FloatArray) -> FloatArray:
        """Sum over the days without an event, for each dyad."""
        found: FloatArray = daily.sum(axis=1) - self._by_dyad(daily[self.dyad, self.day])
        return found

    def _by_dyad(self, of_yes: FloatArray) -> FloatArray:
        return np.bincount(self.dyad, weights=of_yes, minlength=self.share.size).astype(np.float64)

    def factors(self, at: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        """The product of all factors, and the slopes of its logarithm in each parameter."""
        product = np.ones((self.share.size, self.last - self.first))
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

    def errors(self, at: FloatArray) -> tuple[FloatArray, FloatArray]:
        r"""Standard errors of the parameters, and of the log base rates with those of the factors in them.

        .. math:: V^{-1} = \sum_{dt} c_{dt}\, (s_{dt} + g_d)(s_{dt} + g_d)^T, \quad
                  g_d = -\sum_t c_{dt} s_{dt} / C_d, \quad
                  \mathrm{Var}(\log b_d) = 1/C_d + g_d^T V g_d

        where c is the Fisher information of a day on the log of its rate, C its sum over days, and s the slopes
        of the log factors. The information is expected, not observed: a ceiling puts kinks into the likelihood,
        and its second differences there tell nothing. All errors are NaN where the information is singular.
        """
        factor, slopes = self.factors(at)
        rate = np.clip(factor * self.base(factor)[:, None], 1e-300, 500.0)
        weight = np.square(rate) / np.expm1(rate)
        total = weight.sum(axis=1)
        moves = np.stack([-(weight * slope).sum(axis=1) / total for slope in slopes], axis=1)
        centred = [slope + move[:, None] for slope, move in zip(slopes, moves.T, strict=True)]
        information = np.array([[(weight * a * b).sum() for a in centred] for b in centred])
        try:
            covariance = solve(information, np.eye(at.size))
        except ConvergenceError:
            return np.full(at.size, np.nan), np.full(total.size, np.nan)
        added: FloatArray = np.einsum("di,ij,dj->d", moves, covariance, moves)
        return np.sqrt(np.diag(covariance)), np.sqrt(1.0 / total + added)

    def null_log_likelihood(self) -> float:
        """Log-likelihood with base rates alone."""
        flat = np.ones((self.share.size, self.last - self.first))
        base = self.base(flat)
        value, _, _ = self._with_event(flat, base)
        return float(value.sum() - base @ self._without_event(flat))


def _memory(daily: FloatArray, half_life: float) -> tuple[FloatArray, FloatArray]:
    """The fading count before each day, yesterday's events being one day old; and its slope in log h."""
    keep = decay(half_life)
    faded = fade(daily, keep)
    by_keep = faded + keep * fade(faded, keep)
    return keep * faded, keep * np.log(2.0) / half_life * by_keep
