"""Pinned forecasts of the bundled crises; ``python tests/golden.py`` writes them anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from detente import load, simulate
from detente.engine.ensemble import Ensemble
from detente.forecasting.result import forecast_of

FOLDER = Path(__file__).parent / "golden"
CRISES = ("cuba_1962", "iran_2024")
SEED, TRAJECTORIES = 7, 4000


def pinned(crisis: str, threads: int | None = None) -> dict[str, Any]:
    """What is pinned: futures that say yes, per question, and how often each listed action happens in all futures."""
    ensemble: Ensemble = simulate(load(crisis), trajectories=TRAJECTORIES, seed=SEED, threads=threads)
    found = forecast_of(ensemble)
    n = ensemble.n_trajectories
    return {
        "seed": SEED,
        "trajectories": n,
        "yes": {
            name: None if each.probability is None else round(each.probability * (each.n_given or n))
            for name, each in found.answers.items()
        },
        "asked": {name: each.n_given or n for name, each in found.answers.items()},
        "happenings": {name: round(ensemble.counts[name] * n) for name in found.actions},
    }


def path_of(crisis: str) -> Path:
    """The file of a crisis."""
    return FOLDER / f"{crisis}.json"


def write() -> None:
    """Write every file anew."""
    for crisis in CRISES:
        text = json.dumps(pinned(crisis), indent=1)
        path_of(crisis).write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    write()
