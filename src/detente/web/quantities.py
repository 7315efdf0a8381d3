"""How stocks may go: fans of quantiles, and the balance of the factions of an actor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.crisisfile.measuring import Measured, read_measured
from detente.engine.ensemble import Ensemble, Paths
from detente.engine.pasts import recent_past
from detente.forecasting.answers import last_day
from detente.forecasting.stocks import is_influence, stocks_of_interest
from detente.model import Crisis

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
EVERY = 7.0
"""Distance of the points of a fan [day]."""
REPLAYED = 200
"""Draws whose past is shown."""
SHORT = 100.0
"""Horizon up to which there is a point for every day [day]."""


def every(crisis: Crisis) -> float:
    """Distance of the points [day]: a week, or a day where the horizon is short."""
    return EVERY if crisis.horizon > SHORT else 1.0


def shown_stocks(crisis: Crisis) -> tuple[str, ...]:
    """Stocks that a page shows: those that questions ask for, influences of factions, then all others with a title.

    Examples
    --------
    >>> from detente.catalog import load
    >>> shown_stocks(load("cuba_1962"))
    ('USA.blockade', 'USA.strike', 'alert', 'excomm', 'sites')
    """
    first = stocks_of_interest(crisis)
    return (*first, *(name for name, stock in crisis.stocks.items() if stock.title and name not in first))


@dataclass(frozen=True)
class Past:
    """What stands to the left of the fans: stocks along the record, and what was measured of them since it begins."""

    paths: Paths
    measured: Mapping[str, Sequence[Measured]]


def past_of(crisis: Crisis, folder: Path, *, seed: int, threads: int | None) -> Past | None:
    """The record replayed, no further back than the futures go; None where there is none."""
    paths = recent_past(
        crisis, shown_stocks(crisis), seed=seed, n_draws=REPLAYED, every=every(crisis), threads=threads
    )
    if paths is None:
        return None
    begins = last_day(crisis, float(paths.times[0]))
    measured = read_measured(folder, crisis) if folder.is_dir() else {}
    return Past(paths, {name: [row for row in rows if row.date >= begins] for name, rows in measured.items()})


def quantities_result(ensemble: Ensemble, past: Past | None = None) -> dict[str, Any]:
    """Fans of all stocks that were kept, and shares of influence where an actor has several factions.

    Its parts are told in `detente.web.results.QuantitiesResult`.
    """
    crisis, paths = ensemble.crisis, ensemble.paths
    assert paths is not None
    asked = set(stocks_of_interest(crisis))
    return {
        "trajectories": ensemble.n_trajectories,
        "dates": [last_day(crisis, float(time)).isoformat() for time in paths.times],
        "past_dates": []
        if past is None
        else [last_day(crisis, float(time)).isoformat() for time in past.paths.times],
        "levels": list(LEVELS),
        "stocks": [
            {
                "name": name,
                "title": crisis.stocks[name].title or name,
                "unit": crisis.stocks[name].unit,
                "asked": name in asked,
                "numbers": sorted(_numbers(crisis, name)),
                "quantiles": _rounded(paths.quantiles(name, LEVELS)),
                "past": [] if past is None else _rounded(past.paths.quantiles(name, LEVELS)),
                "measured": [] if past is None else _dots(past.measured.get(name, ())),
            }
            for name in paths.values
            if not is_influence(crisis, name)
        ],
        "balances": [
            {"actor": name, "title": actor.title or name, "factions": _shares(crisis, name, paths, past)}
            for name, actor in crisis.actors.items()
            if len(actor.factions) > 1
        ],
    }


def _shares(crisis: Crisis, actor: str, paths: Paths, past: Past | None) -> list[dict[str, Any]]:
    """Quantiles of the share of each faction in the influence of all factions of its actor."""
    factions = [each for each in crisis.actors[actor].factions if f"{actor}.{each.name}" in paths.values]
    names = [f"{actor}.{each.name}" for each in factions]
    before = None if past is None else _share_quantiles(past.paths, names)
    after = _share_quantiles(paths, names)
    return [
        {
            "name": name,
            "title": each.title or each.name,
            "quantiles": after[name],
            "past": [] if before is None else before[name],
        }
        for name, each in zip(names, factions, strict=True)
    ]


def _share_quantiles(paths: Paths, names: Sequence[str]) -> dict[str, list[list[float | None]]]:
    whole = np.sum([paths.values[name] for name in names], axis=0)
    return {name: _rounded(np.quantile(paths.values[name] / whole, LEVELS, axis=1)) for name in names}


def _numbers(crisis: Crisis, stock: str) -> set[str]:
    """The numbers that stand under a stock in the file of the crisis."""
    places = (f"stocks.{stock}.", f"actors.{stock}.", f"deliberations.{stock}.")
    return {name for name in crisis.parameters if name.startswith(places)}


def _dots(rows: Sequence[Measured]) -> list[list[Any]]:
    return [[row.date.isoformat(), row.value] for row in rows]


def _rounded(values: NDArray[np.float64]) -> list[list[float | None]]:
    """Five significant digits: more would not be seen; None for what is not a number."""
    return [[None if np.isnan(value) else float(f"{value:.5g}") for value in row] for row in values]
