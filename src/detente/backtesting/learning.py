r"""Rates and excitations of directed dyads from the days before a date, as priors for the engine.

Why the bulk fit (`detente.ledger.excitation`) and not the general one: its likelihood is that of days with or
without an event, which is what a table of events tells, at any rate; the general fit sees exact times, and at
busy dyads (an event on nine days of ten) noon as the time of every event makes rates a third too low.

Given the factors, the days with an event of dyad d are worth E_d days at its base rate, and its rate has the
posterior of a Gamma prior that all dyads of the kind share::

    b_d ~ Gamma(α, mean μ)      b_d | record ~ Gamma(n_d + α, mean (n_d + α) / (E_d + α/μ))

α by maximum of the marginal (negative binomial) likelihood on a grid, μ by moments: a dyad without an event
has a rate above zero, and one with many keeps its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detente.errors import DetenteError
from detente.ledger.dyads import DyadDays, FloatArray, memory
from detente.ledger.excitation import Cause, Excitation, fit_excitation
from detente.ledger.newton import ConvergenceError

AT_MOST = 20.0
"""Ceiling of every factor of a memory; a clock that fires once a day at most needs no lower one."""

LEAST_DAYS = 60
"""Days of record below which nothing is learned."""

_SHAPES = np.geomspace(0.05, 20.0, 60)
"""Grid of α."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What the days before a date say of one kind of event.

    `shape` and `mean` [1/day] are the Gamma posterior of the base rate of each dyad, shape (dyads,), in the
    order of `DyadDays.dyads`. `excitations` are those that the record informs; may be none.
    """

    kind: str
    shape: FloatArray
    mean: FloatArray
    excitations: tuple[Excitation, ...]


def before(data: DyadDays, n_days: int) -> DyadDays:
    """The first days of a record; what comes later cannot be looked at by mistake."""
    counts = {kind: np.ascontiguousarray(array[:, :, :n_days]) for kind, array in data.counts.items()}
    return DyadDays(data.actors, data.first_day, counts)


def learn(data: DyadDays, kinds: Sequence[str], *, at_most: float = AT_MOST) -> Mapping[str, Learned]:
    """Learn the rates of every dyad and the excitations they share, from a whole record.

    Parameters
    ----------
    data : DyadDays
        The record and nothing later (`before`).
    kinds : sequence of str
        Kinds that it counts.
    at_most : float, above 1
        Ceiling of each factor.

    Returns
    -------
    mapping of kind to Learned

    Raises
    ------
    DetenteError
        If the record is shorter than 60 days.
    """
    if data.n_days < LEAST_DAYS:
        raise DetenteError(
            f"the record has {data.n_days} days before this date; {LEAST_DAYS} are needed to learn from. Begin later."
        )
    return {kind: _learn(data, kind, at_most) for kind in kinds}


def _learn(data: DyadDays, kind: str, at_most: float) -> Learned:
    happened = data.happened(kind)
    causes = [Cause(kind), Cause(kind, "reverse")]
    excitations: tuple[Excitation, ...] = ()
    base = None
    while causes:
        try:
            fit = fit_excitation(data, kind, causes=causes, at_most=at_most, first=_first_day(data))
        except ConvergenceError:
            break
        if all(each.informed for each in fit.excitations):
            excitations, base = fit.excitations, fit.base_rates
            break
        causes = [each.cause for each in fit.excitations if each.informed]
    used = happened[:, _skipped(data) :]
    if base is None:
        base = -np.log1p(-np.minimum(used.mean(axis=1), 0.99))
    count = used.sum(axis=1)
    factor = _mean_factor(data, excitations, at_most)
    exposure = np.where(count > 0, count / np.maximum(base, 1e-12), factor * used.shape[1])
    alpha, mu = _shared_prior(count, exposure)
    shape = count + alpha
    return Learned(kind, shape, shape / (exposure + alpha / mu), excitations)


def _skipped(data: DyadDays) -> int:
    """Days at the beginning that only fill the memories: a quarter of the record, 30 at most."""
    return min(30, data.n_days // 4)


def _first_day(data: DyadDays) -> dt.date:
    return data.first_day + dt.timedelta(days=_skipped(data))


def _mean_factor(data: DyadDays, excitations: Sequence[Excitation], at_most: float) -> FloatArray:
    """Mean over the days of the product of all factors, per dyad."""
    skipped = _skipped(data)
    product: FloatArray = np.ones((len(data.pairs), data.n_days - skipped))
    for each in excitations:
        daily = (data.of(each.cause.kind) > 0).astype(np.float64)
        daily = data.flat(daily.transpose(1, 0, 2) if each.cause.direction == "reverse" else daily)
        fading = 2.0 ** (-1.0 / each.half_life) * memory(daily, each.half_life)  # yesterday is a day old
        product = product * np.minimum(at_most, 1.0 + (each.times - 1.0) * fading[:, skipped:])
    mean: FloatArray = product.mean(axis=1)
    return mean


def _shared_prior(count: NDArray[np.float64], exposure: NDArray[np.float64]) -> tuple[float, float]:
    """Shape and mean of the Gamma prior of the rates that all dyads share."""
    mu = float((count.sum() + 0.5) / exposure.sum())

    def log_likelihood(alpha: float) -> float:
        rest = exposure * mu / alpha
        terms = special.gammaln(count + alpha) - special.gammaln(alpha)
        return float((terms + count * np.log(rest) - (count + alpha) * np.log1p(rest)).sum())

    return float(max(_SHAPES, key=log_likelihood)), mu
