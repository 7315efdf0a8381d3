"""Draws the pictures of the Iran crisis' README: ``python docs/crises/iran_2024_pictures.py``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from detente import load, simulate
from detente.engine.ensemble import Paths
from detente.forecasting.deadlines import deadlines_of
from detente.forecasting.result import forecast_of
from detente.plots import save
from detente.plots.ahead import timeline_ahead
from detente.plots.fans import fan_charts
from detente.plots.network import actor_network

FOLDER = Path(__file__).parent
STOCKS = ("rial", "heu60", "exports")
MEASURED = {
    "rial": [
        (dt.date(2024, 3, 15), 613_500.0),
        (dt.date(2024, 7, 30), 584_000.0),
        (dt.date(2024, 11, 6), 703_000.0),
    ],
    "heu60": [
        (dt.date(2024, 2, 10), 121.5),
        (dt.date(2024, 5, 11), 142.1),
        (dt.date(2024, 8, 17), 164.7),
        (dt.date(2024, 10, 26), 182.3),
    ],
    "exports": [(dt.date(2024, 3, 15), 1.56)],
}
"""Quotations of the open market (S61), stocks in reports of the agency (S12), exports by Vortexa, January to May 2024
(S58); the ids are those of the crisis' sources."""


def main() -> None:
    """Draw from one ensemble."""
    crisis = load("iran_2024")
    ensemble = simulate(crisis, trajectories=8000, seed=7, paths=STOCKS, every=2.0)
    found = forecast_of(ensemble)
    assert ensemble.paths is not None
    paths = Paths(ensemble.paths.times, ensemble.paths.values)
    save(timeline_ahead(found, deadlines_of(crisis)), FOLDER / "iran_2024_ahead.svg")
    save(fan_charts(crisis, paths, observed=MEASURED), FOLDER / "iran_2024_quantities.svg")
    save(actor_network(crisis, ensemble.counts), FOLDER / "iran_2024_actors.svg")


if __name__ == "__main__":
    main()
