"""Draws the pictures of the Iran crisis' README; ``python docs/crises/iran_2024.py`` runs it with the pages."""

from __future__ import annotations

from pathlib import Path

from iran_2024_series import STOCKS, observed

from detente import load, simulate
from detente.dates import date_at
from detente.engine.ensemble import Paths
from detente.engine.pasts import replayed_paths
from detente.forecasting.deadlines import deadlines_of
from detente.forecasting.result import forecast_of
from detente.plots import save
from detente.plots.ahead import timeline_ahead
from detente.plots.fans import fan_charts
from detente.plots.network import actor_network
from detente.plots.probabilities import probability_curves

FOLDER = Path(__file__).parent
SEED = 7
SHOWN = ("H01", "H04", "H05", "H06", "H12", "H14", "H17", "H19", "H20", "H24", "S1", "S3")
"""Questions whose probability is drawn over time."""


def main() -> None:
    """Draw from one ensemble and one replay."""
    crisis = load("iran_2024")
    ensemble = simulate(crisis, trajectories=8000, seed=SEED, paths=STOCKS, every=2.0)
    found = forecast_of(ensemble)
    assert ensemble.paths is not None
    past = replayed_paths(crisis, STOCKS, seed=SEED, n_draws=1000, every=2.0)
    first = date_at(crisis.as_of, crisis.record_from).date()
    measured = {
        name: [(row.date, row.value) for row in rows if row.date >= first]
        for name, rows in observed(crisis).items()
    }
    futures = Paths(ensemble.paths.times, ensemble.paths.values)
    charts = fan_charts(crisis, futures, past=past, observed=measured)
    save(charts, FOLDER / "iran_2024_quantities.svg")
    save(timeline_ahead(found, deadlines_of(crisis)), FOLDER / "iran_2024_ahead.svg")
    save(probability_curves(found, SHOWN, every=14.0), FOLDER / "iran_2024_answers.svg")
    save(actor_network(crisis, ensemble.counts), FOLDER / "iran_2024_actors.svg")


if __name__ == "__main__":
    main()
