"""The account of a bulk fit: what event data say of rates between some actors, and how good that is.

For each kind of event: the mean rate of every dyad; how events call forth events, as factors of the form the
engine uses, and the base rate that goes with them; what a day's odds depend on; and how well all that
forecasts the next day, against the weighted mean, on days that no choice has seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from detente.errors import TableError
from detente.ledger.dyads import DyadDays, WeightedMean
from detente.ledger.excitation import LARGEST_LOG, Cause, Direction, Excitation, ExcitationFit, fit_excitation
from detente.ledger.history import Terms
from detente.ledger.newton import ConvergenceError
from detente.ledger.one_day_ahead import Choices, Compared, Span, compare, forecast_dyads
from detente.ledger.rates import BaseRate, RateFit, base_rates, fit_rates
from detente.model import NINETY_PERCENT

TUNE_DAYS = 30
"""Days before a span of forecasts on which choices are made."""

SHORTEST = 60
"""Days of record before the tuning span, below which forecasts are not scored unless asked for."""

DIRECTIONS: tuple[Direction, ...] = ("own", "reverse")


@dataclass(frozen=True)
class DyadRate:
    """What the record says of one dyad and kind.

    `mean` counts events; `days` are days with an event, and `rate` [1/day] is that of such days at rest, with
    every factor of `KindRates.excitation` at 1. `rate_error` is the standard error of its logarithm, infinite
    where there is no event.
    """

    mean: BaseRate
    days: int
    rate: float
    rate_error: float

    @property
    def spread(self) -> float:
        """Half-width of the 90 % range of `rate`, as a factor."""
        log = NINETY_PERCENT * self.rate_error
        return float(np.exp(log)) if log < LARGEST_LOG else np.inf + log


@dataclass(frozen=True, eq=False)
class KindRates:
    """Rates of one kind of event.

    `excitation` has only the causes that the record informs, and is None where it informs none; `tried` are
    all causes, fitted together. `regression` explains the days of the whole record, None where the record
    holds no event of the kind or does not settle it.
    """

    kind: str
    dyads: tuple[DyadRate, ...]
    tried: tuple[Excitation, ...]
    excitation: ExcitationFit | None
    regression: RateFit | None


@dataclass(frozen=True)
class Scored:
    """Forecasts one day ahead through `test`, everything chosen on `tune` or before: scores by kind."""

    tune: Span
    test: Span
    weight: float
    weighted_means: dict[str, WeightedMean]
    scores: dict[str, tuple[Compared, Compared]]
    shares: dict[str, float]


@dataclass(frozen=True, eq=False)
class RateAccount:
    """All that a bulk fit found; `scored` has one part for each span of forecasts."""

    actors: tuple[str, ...]
    first_day: dt.date
    last_day: dt.date
    at_most: float
    kinds: tuple[KindRates, ...]
    scored: tuple[Scored, ...]

    def table(self) -> pl.DataFrame:
        """One row for each kind and dyad, with the factors of its kind repeated; what is not known is null."""
        rows = [
            {"kind": each.kind, **_row(rate, self), **_factors(each)}
            for each in self.kinds
            for rate in each.dyads
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def as_dict(self) -> dict[str, Any]:
        """The account as plain data, for JSON."""
        return {
            "actors": list(self.actors),
            "first_day": str(self.first_day),
            "last_day": str(self.last_day),
            "at_most": self.at_most,
            "rates": self.table().to_dicts(),
            "excitations": [
                {"kind": each.kind, **_excitation(found)} for each in self.kinds for found in each.tried
            ],
            "terms": [
                {"kind": each.kind, "term": name, "coefficient": float(value), "error": float(error)}
                for each in self.kinds
                if each.regression is not None
                for name, value, error in zip(
                    each.regression.names, each.regression.coefficients, each.regression.errors, strict=True
                )
            ],
            "forecasts": [_scored_as_dict(part) for part in self.scored],
        }


def account_rates(
    data: DyadDays,
    kinds: Sequence[str] | None = None,
    *,
    at_most: float = 6.0,
    tests: Sequence[Span] = (),
    tune_days: int = TUNE_DAYS,
    blend: bool = True,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> RateAccount:
    """Learn the rates of every kind that a record counts, and score forecasts made with them.

    Parameters
    ----------
    data : DyadDays
        The record. If it counts the kind ``any``, rates of the others depend on its memories too.
    kinds : sequence of str, optional
        Kinds of the record to learn; by default all.
    at_most : float, above 1
        Ceiling of each excitation, as in the engine.
    tests : sequence of Span
        Spans to forecast one day ahead; what is chosen is chosen on the `tune_days` before each.
    tune_days : int, above zero
        Days of a tuning span.
    blend : bool, default True
        Whether the forecast mixes the regression with the weighted mean, or is the regression alone.
    progress : callable, optional
        Called with the number of steps done and of all.

    Raises
    ------
    TableError
        If a span leaves the record.
    ConvergenceError
        If forecasts are asked for and a fit to the days before has no maximum.
    """
    wanted = list(data.counts if kinds is None else kinds)
    steps = _Steps(len(wanted) * (1 + 2 * len(tests)), progress)
    scored = tuple(_scored(data, wanted, test, tune_days, blend, steps.advance) for test in tests)
    found = []
    for kind in wanted:
        found.append(_kind_rates(data, kind, at_most))
        steps.advance()
    last = data.first_day + dt.timedelta(days=data.n_days - 1)
    return RateAccount(data.actors, data.first_day, last, at_most, tuple(found), scored)


def last_days(data: DyadDays, days: int = TUNE_DAYS, tune_days: int = TUNE_DAYS) -> Span | None:
    """The last days of a record as a span to forecast; None where the record is too short to fit before it.

    Examples
    --------
    >>> record = DyadDays(("A", "B"), dt.date(2018, 1, 1), {"any": np.zeros((2, 2, 200))})
    >>> last_days(record)
    Span(first=datetime.date(2018, 6, 20), last=datetime.date(2018, 7, 19))
    """
    if data.n_days < SHORTEST + tune_days + days:
        return None
    end = data.first_day + dt.timedelta(days=data.n_days - 1)
    return Span(end - dt.timedelta(days=days - 1), end)


class _Steps:
    """Counts steps and tells of them."""

    def __init__(self, of: int, progress: Callable[[int, int], None]) -> None:
        self.done, self.of, self.progress = 0, of, progress

    def advance(self) -> None:
        self.done += 1
        self.progress(self.done, self.of)


# --- one kind -----------------------------------------------------------------------------------------------


def _terms(data: DyadDays) -> Terms:
    return Terms() if "any" in data.counts else Terms(others=())


def _kind_rates(data: DyadDays, kind: str, at_most: float) -> KindRates:
    tried, excitation = _excitations(data, kind, at_most)
    try:
        regression = fit_rates(data, kind, terms=_terms(data))
    except (ConvergenceError, TableError):
        regression = None
    means = base_rates(data, kind)
    days = data.happened(kind).sum(axis=1).astype(int)
    if excitation is None:
        rates, errors = _plain(data, means, days)
    else:
        rates, errors = excitation.base_rates, excitation.base_errors
    dyads = tuple(
        DyadRate(mean, int(n), float(rate), float(error))
        for mean, n, rate, error in zip(means, days, rates, errors, strict=True)
    )
    return KindRates(kind, dyads, tried, excitation, regression)


def _excitations(
    data: DyadDays, kind: str, at_most: float
) -> tuple[tuple[Excitation, ...], ExcitationFit | None]:
    """All causes as fitted together, and a fit of those alone that the record informs."""
    tried: tuple[Excitation, ...] = ()
    causes = [Cause(kind, direction) for direction in DIRECTIONS]
    while causes:
        try:
            fit = fit_excitation(data, kind, causes=causes, at_most=at_most)
        except ConvergenceError:
            break
        tried = tried or fit.excitations
        informed = [found.cause for found in fit.excitations if found.informed]
        if len(informed) == len(causes):
            return tried, fit
        causes = informed
    return tried, None


def _plain(
    data: DyadDays, means: Sequence[BaseRate], days: np.ndarray[Any, np.dtype[Any]]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Rates of days with an event, without factors: the error is that of bursts, where it is the larger."""
    share = days / data.n_days
    rates = -np.log1p(-np.minimum(share, 1 - 0.5 / data.n_days))
    bursts = np.array([mean.error / mean.rate if mean.rate > 0 else np.inf for mean in means])
    chance = np.where(days > 0, 1 / np.sqrt(np.maximum(days, 1)), np.inf)
    return rates, np.fmax(chance, bursts)


# --- forecasts ----------------------------------------------------------------------------------------------


def _scored(
    data: DyadDays,
    kinds: Sequence[str],
    test: Span,
    tune_days: int,
    blend: bool,
    progress: Callable[[], None],
) -> Scored:
    if tune_days < 1:
        raise TableError(f"tune_days: {tune_days} is not above zero.")
    if (test.last - test.first).days < 1:
        raise TableError(f"spans: from {test.first} to {test.last} are fewer than two days to score.")
    one = dt.timedelta(days=1)
    tune = Span(test.first - tune_days * one, test.first - one)
    choices = Choices() if blend else Choices(blend_weights=(1.0,))
    found = forecast_dyads(
        data, kinds, tune=tune, test=test, terms=_terms(data), choices=choices, progress=progress
    )
    return Scored(
        tune,
        test,
        next(iter(found.values())).weight,
        {kind: each.weighted_mean for kind, each in found.items()},
        {kind: compare(each) for kind, each in found.items()},
        {kind: float(each.outcome.mean()) for kind, each in found.items()},
    )


# --- plain data ---------------------------------------------------------------------------------------------


def _row(rate: DyadRate, account: RateAccount) -> dict[str, Any]:
    mean = rate.mean
    return {
        "actor": mean.actor,
        "recipient": mean.recipient,
        "events": mean.count,
        "days_with_event": rate.days,
        "days": (account.last_day - account.first_day).days + 1,
        "events_per_day": mean.rate,
        "events_per_day_low": mean.lower,
        "events_per_day_high": mean.upper,
        "events_per_day_error": _finite(mean.error),
        "rate": rate.rate,
        "rate_log_error": _finite(rate.rate_error),
        "rate_spread": _finite(rate.spread),
    }


def _factors(each: KindRates) -> dict[str, float | None]:
    """The informed factors of a kind, flat."""
    fitted = each.excitation.excitations if each.excitation else ()
    by_direction = {found.cause.direction: found for found in fitted}
    flat: dict[str, float | None] = {}
    for direction in DIRECTIONS:
        found = by_direction.get(direction)
        flat[f"{direction}_times"] = found.times if found else None
        flat[f"{direction}_half_life"] = found.half_life if found else None
    return flat


def _excitation(found: Excitation) -> dict[str, Any]:
    low, high = found.range_of_times()
    shorter, longer = found.range_of_half_life()
    return {
        "cause": found.cause.direction,
        "times": found.times,
        "times_low": _finite(low),
        "times_high": _finite(high),
        "half_life": found.half_life,
        "half_life_low": _finite(shorter),
        "half_life_high": _finite(longer),
        "log_times_error": _finite(found.log_times_error),
        "log_half_life_error": _finite(found.log_half_life_error),
        "informed": found.informed,
    }


def _scored_as_dict(part: Scored) -> dict[str, Any]:
    return {
        "tune": [str(part.tune.first), str(part.tune.last)],
        "test": [str(part.test.first), str(part.test.last)],
        "weight": part.weight,
        "scores": [
            {
                "kind": kind,
                "share_of_days": part.shares[kind],
                "half_life": part.weighted_means[kind].half_life,
                "prior_weight": part.weighted_means[kind].prior_weight,
                "score": found.score,
                "forecast": found.ours,
                "weighted_mean": found.weighted_mean,
                "difference": found.by_day.mean,
                "error_by_day": found.by_day.error,
                "error_by_dyad": found.by_dyad.error,
            }
            for kind, both in part.scores.items()
            for found in both
        ],
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
