"""Relational event models against published fits, and against the process that generated a sequence.

The event sequences are not carried over; the tests on them are skipped unless the shared folder is there.
"""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from detente.ledger.relational import EventSequence, fit_receivers, fit_senders, fit_ties

SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[2] / "shared"))
SEQUENCES = SHARED / "verification" / "relational_events"

published = pytest.mark.skipif(
    not SEQUENCES.exists(), reason="the shared folder with event sequences is not here"
)

FALSE_ALARM = 1e-4
"""Chance with which a correct program fails the random test below; its seeds are fixed."""


def rows(name: str) -> list[dict[str, str]]:
    with (SEQUENCES / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def ties():
    """Hundred events between five actors; the clock starts at the first (R package remstimate, vignette)."""
    events = rows("remstimate_tie_events")
    sequence = EventSequence.of(
        [float(row["time"]) for row in events],
        [int(row["actor1"]) - 1 for row in events],
        [int(row["actor2"]) - 1 for row in events],
        5,
    )
    return fit_ties(sequence, ["indegree_sender", "inertia", "reciprocity"])


@cache
def calls() -> EventSequence:
    """Calls between 84 students (R package goldfish, vignette teaching1)."""
    number = {row["label"]: i for i, row in enumerate(rows("social_evolution_actors"))}
    events = rows("social_evolution_calls")
    return EventSequence.of(
        [float(row["time"]) for row in events],
        [number[row["sender"]] for row in events],
        [number[row["receiver"]] for row in events],
        len(number),
    )


# --- tie-oriented, interval timing: remstimate --------------------------------------------------------------


@published
def test_tie_coefficients_to_seven_digits():
    """Published to eight decimals by an optimiser that stops early; ours has a gradient of 1e-12."""
    found = ties()
    assert found.n_events == 99
    assert np.abs(found.coefficients - [-4.94090709, 0.04545055, -0.20029598, -0.05222633]).max() < 5e-8


@published
def test_tie_standard_errors():
    assert np.abs(ties().errors - [0.189944, 0.036505, 0.088254, 0.098194]).max() < 5e-7


@published
def test_tie_deviances():
    assert ties().deviance == pytest.approx(1200.483, abs=5e-4)
    assert ties().null_deviance == pytest.approx(1206.316, abs=5e-4)


@published
def test_tie_truth_lies_inside_the_errors():
    """The sequence was generated with −5, 0.01, −0.1, 0.03."""
    z = (ties().coefficients - [-5, 0.01, -0.1, 0.03]) / ties().errors
    assert np.square(z).sum() < stats.chi2.isf(0.01, 4)


# --- actor-oriented: goldfish -------------------------------------------------------------------------------


@published
def test_sender_rate():
    found = fit_senders(calls(), ["indegree", "outdegree"])
    assert found.n_events == 439
    assert np.abs(found.coefficients - [0.551445, 0.263784]).max() < 5e-7
    assert np.abs(found.errors - [0.066344, 0.028386]).max() < 5e-7
    assert found.log_likelihood == pytest.approx(-1750.9, abs=0.05)


@published
def test_receiver_choice():
    found = fit_receivers(calls(), ["inertia", "reciprocity", "transitivity"])
    assert np.abs(found.coefficients - [5.19690, 1.39802, -0.23036]).max() < 5e-6
    assert np.abs(found.errors - [0.17397, 0.17300, 0.21554]).max() < 5e-6
    assert found.log_likelihood == pytest.approx(-696.72, abs=0.005)


# --- the process that generates a sequence ------------------------------------------------------------------


def simulate(coefficients: np.ndarray, events: int, seed: int, n: int = 5) -> EventSequence:
    """Exact simulation of the tie model: exponential waits, the dyad by its share of the rates."""
    rng = np.random.default_rng(seed)
    past = np.zeros((n, n))
    time, found = 0.0, []
    for _ in range(events):
        rate = np.exp(coefficients[0] + coefficients[1] * past + coefficients[2] * past.T)
        rate[np.arange(n), np.arange(n)] = 0
        time += rng.exponential(1 / rate.sum())
        i, j = divmod(int(rng.choice(n * n, p=rate.ravel() / rate.sum())), n)
        found.append((time, i, j))
        past[i, j] += 1
    t, s, r = zip(*found, strict=True)
    return EventSequence.of(t, s, r, n)


def test_fits_of_simulated_sequences_scatter_around_the_truth():
    """Pooled over 100 sequences: Σ((b − truth)/se)² of three coefficients against χ² with 300 degrees."""
    truth = np.array([-3.0, -0.15, 0.1])
    total, covered = 0.0, 0
    for seed in range(100):
        fit = fit_ties(simulate(truth, 150, seed), ["inertia", "reciprocity"])
        z = (fit.coefficients - truth) / fit.errors
        total += float(np.square(z).sum())
        covered += int(np.sum(np.abs(z) < 1.645))
    low, high = stats.chi2.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], 300)
    assert low < total < high
    assert covered >= stats.binom.ppf(FALSE_ALARM, 300, 0.9)
