"""Forecasts one day ahead for every directed dyad, everything chosen before the span that is forecast.

The forecast is a fixed blend of the regression on history with the exponentially weighted mean, which is
hard to beat: what both need is chosen on a tuning span, by log score, and nothing of the span forecast is
looked at but, for each day, the days before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from detente.errors import TableError
from detente.ledger.dyads import DyadDays, FloatArray, WeightedMean
from detente.ledger.history import Terms
from detente.ledger.rates import RateFit, Shrinkage, fit_rates
from detente.scoring import PairedDifference, brier_score, log_score, paired_difference

CLIP = 1e-4
"""Probabilities are drawn into [CLIP, 1 − CLIP]."""

HALF_LIVES = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0)
PRIOR_WEIGHTS = (3.0, 10.0, 30.0)
BLEND_WEIGHTS = (0.4, 0.5, 0.6, 0.7, 0.8)
"""Grids from which the tuning span chooses."""


@dataclass(frozen=True, eq=False)
class DyadForecast:
    """Forecasts one day ahead of a kind for every dyad and day of a span, shape (dyads, days).

    `probability` = weight × `regression` + (1 − weight) × `average`; all three lie in [CLIP, 1 − CLIP].
    `weighted_mean` and `weight` were chosen on the tuning span; `fit` saw only the days before the span.
    """

    kind: str
    fit: RateFit
    weighted_mean: WeightedMean
    weight: float
    regression: FloatArray
    average: FloatArray
    outcome: FloatArray

    @cached_property
    def probability(self) -> FloatArray:
        """The blend."""
        return self.weight * self.regression + (1 - self.weight) * self.average


@dataclass(frozen=True)
class Compared:
    """Mean score of the forecast and of the weighted mean, the lower the better, and their difference.

    The difference is ours less that of the weighted mean, with its standard error by day and by dyad: days
    share their news, dyads their habits, so the larger of the two errors is the one to go by.
    """

    score: Literal["log", "brier"]
    ours: float
    weighted_mean: float
    by_day: PairedDifference
    by_dyad: PairedDifference


def compare(forecast: DyadForecast) -> tuple[Compared, Compared]:
    """Score a forecast against the weighted mean that was tuned on the same span: log score, Brier score.

    Raises
    ------
    ForecastError
        If the span forecast has fewer than two days.
    """
    return _compared("log", log_score, forecast), _compared("brier", brier_score, forecast)


def _compared(
    name: Literal["log", "brier"], score: Callable[[FloatArray, FloatArray], FloatArray], found: DyadForecast
) -> Compared:
    ours, theirs = score(found.probability, found.outcome), score(found.average, found.outcome)
    dyad, day = np.indices(found.outcome.shape)
    by_day, by_dyad = (
        paired_difference(ours.ravel(), theirs.ravel(), cluster=each.ravel()) for each in (day, dyad)
    )
    return Compared(name, float(ours.mean()), float(theirs.mean()), by_day, by_dyad)


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included."""

    first: dt.date
    last: dt.date


@dataclass(frozen=True)
class Choices:
    """Grids from which the tuning span chooses."""

    half_lives: Sequence[float] = HALF_LIVES
    prior_weights: Sequence[float] = PRIOR_WEIGHTS
    blend_weights: Sequence[float] = BLEND_WEIGHTS


def forecast_dyads(
    data: DyadDays,
    kinds: Sequence[str],
    *,
    tune: Span,
    test: Span,
    terms: Terms | None = None,
    shrinkage: Shrinkage | None = None,
    choices: Choices = Choices(),
    progress: Callable[[], None] = lambda: None,
) -> Mapping[str, DyadForecast]:
    """Forecast whether each dyad has an event of each kind, one day ahead, through a span.

    On the tuning span, with fits to the days before it: the half-life and prior weight of the weighted mean
    are chosen for each kind by log score, then one weight of the blend for all kinds together (the mean
    ratio of log scores to those of the weighted mean; one number from all is steadier than one from each).
    The regression is then fitted anew to all days before the test span, and stays as it is through it. Each
    day's forecast uses the events of the days before; nothing else of the test span is looked at.

    Parameters
    ----------
    data : DyadDays
        The record, from well before the tuning span to the end of the test span.
    kinds : sequence of str
        Kinds that `data` counts.
    tune, test : Span
        The tuning span, and the span to forecast, which begins after it.
    terms, shrinkage : optional
        As in `fit_rates`.
    choices : Choices, optional
        Grids to choose from.
    progress : callable, optional
        Called after each fit; there are two for each kind.

    Returns
    -------
    mapping of kind to DyadForecast

    Raises
    ------
    TableError
        If the spans overlap or leave the record.
    """
    if not tune.first <= tune.last < test.first <= test.last:
        raise TableError(f"spans: the tuning span {tune} must end before the test span {test} begins.")
    known = _until(data, test.first)
    tuned = {}
    for kind in kinds:
        tuned[kind] = _tune(known, kind, tune, terms, shrinkage, choices)
        progress()
    weight = _choose_weight([each[1:] for each in tuned.values()], choices)
    a, b = data.number(test.first), data.number(test.last) + 1
    found = {}
    for kind, (mean, *_) in tuned.items():
        fit = fit_rates(data, kind, terms=terms, shrinkage=shrinkage, last=test.first - dt.timedelta(days=1))
        happened = data.happened(kind)
        found[kind] = DyadForecast(
            kind=kind,
            fit=fit,
            weighted_mean=mean,
            weight=weight,
            regression=clipped(fit.predict(test.first, test.last)),
            average=clipped(mean.forecast(happened)[:, a:b]),
            outcome=happened[:, a:b],
        )
        progress()
    return found


def tune_weighted_mean(data: DyadDays, kind: str, tune: Span, choices: Choices) -> WeightedMean:
    """The half-life and prior weight of the best log score on the tuning span."""
    happened = data.happened(kind)
    a, b = data.number(tune.first), data.number(tune.last) + 1

    def loss(candidate: WeightedMean) -> float:
        return float(log_score(clipped(candidate.forecast(happened)[:, a:b]), happened[:, a:b]).mean())

    grid = [WeightedMean(h, w) for h in choices.half_lives for w in choices.prior_weights]
    return min(grid, key=loss)


def clipped(probability: FloatArray) -> FloatArray:
    """Probabilities drawn into [CLIP, 1 − CLIP]."""
    return np.clip(probability, CLIP, 1 - CLIP)


def _until(data: DyadDays, day: dt.date) -> DyadDays:
    """The record before a day; what comes later cannot be looked at by mistake."""
    n = data.number(day)
    counts = {kind: np.ascontiguousarray(array[:, :, :n]) for kind, array in data.counts.items()}
    return DyadDays(data.actors, data.first_day, counts)


def _tune(
    data: DyadDays,
    kind: str,
    tune: Span,
    terms: Terms | None,
    shrinkage: Shrinkage | None,
    choices: Choices,
) -> tuple[WeightedMean, FloatArray, FloatArray, FloatArray]:
    """The chosen weighted mean, and on the tuning span: regression, weighted mean, outcome."""
    mean = tune_weighted_mean(data, kind, tune, choices)
    fit = fit_rates(data, kind, terms=terms, shrinkage=shrinkage, last=tune.first - dt.timedelta(days=1))
    a, b = data.number(tune.first), data.number(tune.last) + 1
    happened = data.happened(kind)
    return (
        mean,
        clipped(fit.predict(tune.first, tune.last)),
        clipped(mean.forecast(happened)[:, a:b]),
        happened[:, a:b],
    )


def _choose_weight(tuned: Sequence[tuple[FloatArray, FloatArray, FloatArray]], choices: Choices) -> float:
    def loss(weight: float) -> float:
        ratios = [
            log_score(weight * p + (1 - weight) * q, y).mean() / log_score(q, y).mean() for p, q, y in tuned
        ]
        return float(np.mean(ratios))

    return min(choices.blend_weights, key=loss)
