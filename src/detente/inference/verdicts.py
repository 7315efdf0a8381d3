"""Prior against posterior, number by number, and whether the record informs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detente.inference.conditional import Conditional
from detente.inference.evidence import Fitted
from detente.inference.mixing import Mixture, PathFit
from detente.inference.priors import Prior, to_value
from detente.model import NINETY_PERCENT, Crisis

Floats = NDArray[np.float64]
Verdict = Literal["learned", "not informed by the record"]

CONTRACTED = 0.8
"""A number is learned only if its spread is at most this share of the prior's."""

EVENTS = 3
"""… and so many events lie on each side of it."""


@dataclass(frozen=True)
class ParameterFit:
    """One fitted number: what was believed, what the record leaves, and how far to trust it.

    Attributes
    ----------
    name, unit : str
        The parameter.
    kind : {'rate', 'factor', 'share'}
    prior_median, prior_low, prior_high : float or None
        Median and 90 % range of the prior; None for Jeffreys' prior of a counted rate, which has none.
    median, low, high, mean : float
        Of the posterior.
    contraction : float
        Spread of the posterior over that of the prior, on the coordinate (log, log-odds): 1 says nothing was learned.
    events : int
        Events or choices that bear upon it.
    sides : (int, int) or None
        Of a factor: events while it weighed less than on average over the exposure, and more; of a share: choices of
        another outcome, and of this one. None for a rate.
    pooled : bool
        Whether five or more actions share it.
    verdict : {'learned', 'not informed by the record'}
    within, between : float
        Variance of the coordinate within replays and between their means.
    k_hat : float
        Largest Pareto shape of the importance weights over the replays.
    method : {'importance', 'mcmc'}
        How it was sampled; ``mcmc`` where that failed in any replay.
    r_hat, ess : float or None
        Of the chains: the largest and the smallest; None without chains.
    """

    name: str
    unit: str
    kind: Literal["rate", "factor", "share"]
    prior_median: float | None
    prior_low: float | None
    prior_high: float | None
    median: float
    low: float
    high: float
    mean: float
    contraction: float
    events: int
    sides: tuple[int, int] | None
    pooled: bool
    verdict: Verdict
    within: float
    between: float
    k_hat: float
    method: Literal["importance", "mcmc"]
    r_hat: float | None
    ess: float | None


def judge(crisis: Crisis, mixture: Mixture) -> tuple[ParameterFit, ...]:
    """Hold the posterior of every fitted number against its prior."""
    if not mixture.evidence.fitted:
        return ()
    within, between = mixture.within_and_between()
    return tuple(
        _judged(crisis, mixture, j, float(within[j]), float(between[j]))
        for j in range(len(mixture.evidence.fitted))
    )


def _judged(crisis: Crisis, mixture: Mixture, j: int, within: float, between: float) -> ParameterFit:
    fitted = mixture.evidence.fitted[j]
    eta = mixture.coordinates[:, j]
    low, median, high = np.quantile(to_value(fitted.prior.scale, eta), (0.05, 0.5, 0.95))
    heaviest = mixture.fits[int(np.argmax(mixture.weights))]
    events, sides = _events(heaviest, j, fitted)
    contraction = float(np.sqrt(within + between) / fitted.prior.spread)
    chains = [c for c in _samplers(mixture, j) if c.method == "mcmc"]
    before = _range(fitted.prior, _shift(mixture, j))
    return ParameterFit(
        name=fitted.name,
        unit=crisis.parameters[fitted.name].unit,
        kind=_kind(fitted),
        prior_median=before[1],
        prior_low=before[0],
        prior_high=before[2],
        median=float(median),
        low=float(low),
        high=float(high),
        mean=float(np.mean(to_value(fitted.prior.scale, eta))),
        contraction=contraction,
        events=events,
        sides=sides,
        pooled=fitted.pooled,
        verdict=_verdict(contraction, events, sides, pooled=fitted.pooled),
        within=within,
        between=between,
        k_hat=max(c.k_hat for c in _samplers(mixture, j)),
        method="mcmc" if chains else "importance",
        r_hat=max(c.r_hat for c in chains) if chains else None,
        ess=min(c.ess for c in chains) if chains else None,
    )


def _verdict(contraction: float, events: int, sides: tuple[int, int] | None, *, pooled: bool) -> Verdict:
    """Learned: spread at most 0.8 of the prior's, and three events on each side, or pooled over five actions."""
    enough = min(sides) >= EVENTS if sides is not None else events >= EVENTS
    return "learned" if contraction <= CONTRACTED and (enough or pooled) else "not informed by the record"


def _kind(fitted: Fitted) -> Literal["rate", "factor", "share"]:
    roles = {use.role for use in fitted.uses}
    return "rate" if "rate" in roles else "share" if "share" in roles else "factor"


def _samplers(mixture: Mixture, j: int) -> list[Conditional]:
    return [
        posterior
        for fit in mixture.fits
        for target, posterior in zip(fit.targets, fit.posteriors, strict=True)
        if j in target.numbers
    ]


def _shift(mixture: Mixture, j: int) -> float:
    """How far the prior of a mean rate is moved, on average over the replays."""
    return float(mixture.weights @ [fit.design.shifts.get(j, 0.0) for fit in mixture.fits])


def _range(prior: Prior, shift: float) -> tuple[float | None, float | None, float | None]:
    """90 % range and median of a prior."""
    if not prior.proper:
        return None, None, None
    if prior.family == "normal":
        ends = prior.centre + shift + prior.spread * NINETY_PERCENT * np.array([-1.0, 0.0, 1.0])
        low, median, high = to_value(prior.scale, ends)
    else:
        low, median, high = special.gammaincinv(prior.a, np.array([0.05, 0.5, 0.95])) / prior.b
    return float(low), float(median), float(high)


# ── events ───────────────────────────────────────────────────────────────────────────────────────


def _events(fit: PathFit, j: int, fitted: Fitted) -> tuple[int, tuple[int, int] | None]:
    """Events that bear upon a number, and how they lie on its two sides, in one replay."""
    events, less, more = 0, 0, 0
    for clock in fit.design.clocks:
        for cells, moments in zip(clock.cells.terms, clock.moments.terms, strict=True):
            if cells.number == j and clock.days.sum() > 0.0:
                events += len(clock.events)
                typical = float(cells.x @ clock.days / clock.days.sum())
                here = np.bincount(clock.of_event, moments.x * clock.parts, len(clock.events))
                more += int(np.sum(here > typical))
                less += int(np.sum(here <= typical))
    for choice in fit.design.choices:
        rows = [k for k, share in enumerate(choice.shares) if share == j]
        rows += [int(k) for term in choice.odds.terms if term.number == j for k in np.flatnonzero(term.x)]
        if rows:
            events += 1
            more += choice.chosen in rows
            less += choice.chosen not in rows
    return events, None if _kind(fitted) == "rate" else (less, more)
