"""What was measured of the Iran crisis, and how its replay and its futures stand beside it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detente.catalog import find_crisis
from detente.crisisfile.measuring import Measured, read_measured
from detente.engine.ensemble import Paths
from detente.engine.pasts import replayed_paths
from detente.expressions import Number
from detente.model import Crisis

STOCKS = ("rial", "heu60", "exports")
TITLES = {"rial": "dollar, rial", "heu60": "60 % stock, kg", "exports": "exports, mb/d"}
RANGE = 0.05, 0.5, 0.95


@dataclass(frozen=True)
class Step:
    """From one measurement to the next: recorded change, and what the replay and the futures have (5, 50, 95 %)."""

    first: Measured
    last: Measured
    recorded: float
    replayed: tuple[float, ...]
    replayed_place: float
    future: tuple[float, ...]
    future_place: float

    @property
    def days(self) -> int:
        """Length [day]."""
        return (self.last.date - self.first.date).days


def observed(crisis: Crisis) -> dict[str, tuple[Measured, ...]]:
    """The measured values by stock, in order of their days."""
    return read_measured(find_crisis("iran_2024"), crisis)


def model_day(crisis: Crisis, date: dt.date) -> int:
    """Model time of the beginning of a day, as start values with a date of their own stand [day]."""
    return (date - crisis.as_of).days - 1


def steps(crisis: Crisis, futures: Paths, *, seed: int, draws: int) -> Iterator[Step]:
    """Every pair of measurements in the span of the record, the dollar and the uranium."""
    for name in ("rial", "heu60"):
        rows = [row for row in observed(crisis)[name] if model_day(crisis, row.date) >= crisis.record_from]
        for first, last in itertools.pairwise(rows):
            begin, end = (model_day(crisis, each.date) for each in (first, last))
            replayed = pace(
                crisis, name, first.value, _replayed(crisis, first, end, seed, draws), end - begin
            )
            path = futures.values[name]
            future = pace(crisis, name, path[0], path[end - begin], end - begin)
            found = pace(crisis, name, first.value, last.value, end - begin)
            yield Step(
                first,
                last,
                float(found),
                tuple(np.quantile(replayed, RANGE)),
                float((replayed < found).mean()),
                tuple(np.quantile(future, RANGE)),
                float((future < found).mean()),
            )


def mean_pace(found: Sequence[Step]) -> tuple[float, float]:
    """Change per day over several steps, recorded and replayed (medians)."""
    days = [step.days for step in found]
    recorded, replayed = (
        float(np.average(values, weights=days))
        for values in ([step.recorded for step in found], [step.replayed[1] for step in found])
    )
    return recorded, replayed


def _replayed(crisis: Crisis, first: Measured, end: int, seed: int, draws: int) -> np.ndarray:
    """Values at the end of a step: the record replayed with the stock set to what was measured at its beginning."""
    begin = float(model_day(crisis, first.date))
    stock = replace(crisis.stocks[first.stock], start=Number(first.value), starts=begin)
    changed = replace(crisis, stocks={**crisis.stocks, first.stock: stock})
    past = replayed_paths(changed, (first.stock,), seed=seed, n_draws=draws)
    return past.values[first.stock][int(np.searchsorted(past.times, end))]


def pace(crisis: Crisis, name: str, before: object, after: object, days: int) -> np.ndarray:
    """Change per day: in per cent for a price, else in the unit of the stock."""
    one, other = np.asarray(before, float), np.asarray(after, float)
    if crisis.stocks[name].scale == "log":
        return 100.0 * np.log(other / one) / days
    return (other - one) / days


def scaled_volatility(values: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Root mean square of the log changes less drift, each over the root of its days [% per root day].

    `values` has shape (n + 1, …), `days` (n,).
    """
    changes = np.log(values[1:] / values[:-1])
    spans = days.reshape(-1, *[1] * (changes.ndim - 1))
    drift = changes.sum(axis=0) / days.sum()
    return 100.0 * np.sqrt(((changes - drift * spans) ** 2 / spans).mean(axis=0))


def volatility_of_the_dollar(crisis: Crisis, futures: Paths) -> tuple[float, int, np.ndarray, np.ndarray]:
    """Recorded scaled volatility since 2018, its number of steps; simulated over steps as long, and daily.

    The steps are shortened by one factor where together they are longer than the futures.
    """
    rows = [row for row in observed(crisis)["rial"] if row.date.year >= 2018]
    days = np.array([(b.date - a.date).days for a, b in itertools.pairwise(rows)])
    recorded = float(scaled_volatility(np.array([row.value for row in rows]), days))
    path = futures.values["rial"]
    shorter = np.maximum(1, np.floor(days * min(1.0, (len(path) - 1) / days.sum()))).astype(int)
    at = np.concatenate([[0], np.cumsum(shorter)])
    daily = 100.0 * np.diff(np.log(path), axis=0).std(axis=0)
    return recorded, len(days), scaled_volatility(path[at], shorter), daily
