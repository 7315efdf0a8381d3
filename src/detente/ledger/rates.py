"""Rates of events between actors, learned in bulk from event data, and forecasts one day ahead.

`fit_rates` explains the daily counts (Poisson) or days with an event (logistic) of every directed dyad by
its history; `forecast_dyads` is the honest use of it: everything chosen on a tuning span, nothing on the
span that is forecast, and a fixed blend with the exponentially weighted mean, which is hard to beat.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped, unused-ignore]

from detente.errors import TableError
from detente.ledger.dyads import DyadDays, FloatArray, spans
from detente.ledger.glm import Family, GlmFit, Group, Rows, fit_glm
from detente.ledger.history import History, Terms

RIDGE = 20.0
"""Prior precision of each coefficient, per standard deviation of its term: 95 % below a factor e^0.44."""

ACTOR_PRECISION = 20.0
"""Prior precision of the effects of actors and recipients."""

BURN_IN = 10
"""First days of a record, on which memories are still empty; not fitted [day]."""

_BLOCK_ROWS = 20_000


@dataclass(frozen=True)
class Shrinkage:
    """Prior precisions of coefficients, of actor and recipient effects, of dyad effects (None: no effect)."""

    ridge: float = RIDGE
    actor: float | None = ACTOR_PRECISION
    dyad: float | None = None


NONE = Shrinkage(0.0, None, None)
"""No shrinkage and no effects: plain maximum likelihood."""


@dataclass(frozen=True, eq=False)
class RateFit:
    """A fitted kind of event: what its daily rate (or odds) depends on, with standard errors.

    `names`, `coefficients` and `errors` go together; a coefficient of a log memory is an elasticity.
    """

    data: DyadDays
    kind: str
    history: History
    shrinkage: Shrinkage
    first: int
    last: int
    glm: GlmFit

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms."""
        return self.history.names

    @property
    def coefficients(self) -> FloatArray:
        """Coefficients of the terms."""
        return self.glm.coefficients

    @property
    def errors(self) -> FloatArray:
        """Their standard errors."""
        return self.glm.errors

    def predict(self, first: dt.date, last: dt.date) -> FloatArray:
        """Expected count or probability for each dyad and day in [first, last], shape (dyads, days).

        Each day uses the record before it, as a forecast one day ahead would.
        """
        a, b = self.data.number(first), self.data.number(last) + 1
        parts = [
            self.glm.mean(rows.terms, rows.levels).reshape(len(self.data.pairs), -1)
            for rows in _rows(self.history, self.shrinkage, a, b, self.glm.family)
        ]
        return np.concatenate(parts, axis=1)


def fit_rates(
    data: DyadDays,
    kind: str,
    *,
    family: Family = "logistic",
    terms: Terms | None = None,
    shrinkage: Shrinkage | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> RateFit:
    """Fit the rate of a kind of event on all directed dyads over a span of days.

    Parameters
    ----------
    data : DyadDays
        The record; days after `last` are not looked at.
    kind : str
        A kind that `data` counts.
    family : {'logistic', 'poisson'}, default 'logistic'
        Whether days with an event are explained, or counts.
    terms : Terms, optional
        What the rate may depend on; default `Terms()`.
    shrinkage : Shrinkage, optional
        Priors of coefficients and effects; default `Shrinkage()`, and `NONE` for plain maximum likelihood.
    first, last : date, optional
        Days fitted, both included; by default from the end of the burn-in to the end of the record.

    Raises
    ------
    TableError
        If a kind is unknown or a day outside the record.
    ConvergenceError
        If there is no event, or no maximum.
    """
    history = History(data, kind, terms or Terms())
    data.of(kind)
    shrink = shrinkage or Shrinkage()
    a = BURN_IN if first is None else data.number(first)
    b = data.n_days if last is None else data.number(last) + 1
    if b - a < 1:
        raise TableError(f"no days left to fit between day {a} and day {b} of the record.")
    glm = fit_glm(
        lambda: _rows(history, shrink, a, b, family),
        family,
        groups=_groups(data, shrink),
        ridge=shrink.ridge,
    )
    return RateFit(data, kind, history, shrink, a, b, glm)


def _rows(history: History, shrink: Shrinkage, first: int, last: int, family: Family) -> Iterator[Rows]:
    data = history.data
    daily = data.happened(history.kind) if family == "logistic" else data.flat(data.of(history.kind))
    for a, b in spans(last - first, max(1, _BLOCK_ROWS // len(data.pairs))):
        terms = history.block(first + a, first + b)
        levels = np.repeat(_levels(data, shrink), b - a, axis=0)
        yield Rows(terms.reshape(-1, terms.shape[-1]), levels, daily[:, first + a : first + b].ravel())


def _levels(data: DyadDays, shrink: Shrinkage) -> NDArray[np.int64]:
    columns = [data.pairs] if shrink.actor is not None else []
    if shrink.dyad is not None:
        columns.append(np.arange(len(data.pairs))[:, None])
    return np.concatenate(columns, axis=1) if columns else np.empty((len(data.pairs), 0), dtype=np.int64)


def _groups(data: DyadDays, shrink: Shrinkage) -> list[Group]:
    n = len(data.actors)
    groups = []
    if shrink.actor is not None:
        groups += [Group("actor", n, shrink.actor), Group("recipient", n, shrink.actor)]
    if shrink.dyad is not None:
        groups.append(Group("dyad", len(data.pairs), shrink.dyad))
    return groups


@dataclass(frozen=True)
class BaseRate:
    """Events per day of one dyad, with its exact 90 % interval and an error that allows for bursts.

    `error` is the standard error of the mean of weekly counts [1/day]; the interval [`lower`, `upper`] is
    that of a Poisson count, too narrow where events come in bursts (`error` well above rate/√count).
    """

    actor: str
    recipient: str
    count: int
    rate: float
    lower: float
    upper: float
    error: float


def base_rates(data: DyadDays, kind: str) -> list[BaseRate]:
    """Mean daily rate of a kind for every dyad, in the order of `data.dyads`."""
    counts = data.flat(data.of(kind))
    weeks = max(1, data.n_days // 7)
    weekly = (
        counts[:, : weeks * 7].reshape(len(counts), weeks, -1).sum(axis=2) if data.n_days >= 7 else counts
    )
    error = (
        weekly.std(axis=1, ddof=1) / np.sqrt(weekly.shape[1]) / 7
        if weeks > 1
        else np.full(len(counts), np.nan)
    )
    total, days = counts.sum(axis=1), data.n_days
    lower = np.where(total > 0, stats.gamma.ppf(0.05, np.maximum(total, 1e-9)), 0.0) / days
    upper = stats.gamma.ppf(0.95, total + 1) / days
    return [
        BaseRate(a, b, int(n), float(n / days), float(low), float(high), float(se))
        for (a, b), n, low, high, se in zip(data.dyads, total, lower, upper, error, strict=True)
    ]
