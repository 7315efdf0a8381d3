"""Jump processes against their exact moments: seven stochastic cases of the SBML Test Suite.

Each case is written in the crisis language and simulated with exact jumps at the default tick. A read-out
at t = 0, 1 … 50 is compared with the published mean μ and standard deviation σ
(``tables/jump_processes_*.csv``).

Rule of the suite, for n ≥ 1,000 trajectories, at every time::

    Z = √n·(x̄ − μ)/σ          in (−3, 3)
    Y = √(n/2)·(s²/σ² − 1)    in (−5, 5)

and x̄ = μ, s = 0 exactly where σ = 0. Neighbouring times are correlated, so an excursion comes as a cluster:
what is counted is seeds, not times. A case passes if at most `ALLOWED` of its `SEEDS` leave the bands
anywhere, and if the Z and Y of all seeds together, ΣZ/√8 and ΣY/√8, stay within (−4, 4) and (−5, 5), which
sees biases √8 times smaller.

The bands of Y suppose a law that is nearly normal. Y has the standard deviation √((κ − 1)/2), κ the kurtosis
of X: 1 for a normal law and at most 1.25 here, but up to 6.9 for case 00003, most of whose populations die
out while few others are large. Plain ±5 would refuse a perfect simulation of it in 9 runs of 10. There
the band is five of these standard deviations, κ from the exact law.

False alarms: samplers that use the exact transition laws left the bands in 2.5 % (00001), 5 % (00003, 00030),
6 % (00020, 00028, 00032) and 8 % (00037) of 500 to 1,000 runs, nearly always by Z. So under new seeds a right
engine fails the count of seeds of a case with a probability of at most 2e-3, and its pooled bands with at
most 3e-3 (51 times the tails of a normal at 4).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

from detente import loads, simulate
from detente.expressions import At, Name
from detente.model import Question

TABLES = Path(__file__).parent / "tables"
TIMES = np.arange(51.0)
SEEDS = (101, 202, 303, 404, 505, 606, 707, 808)
ALLOWED = 3
BUDGET = 100_000
"""Firings after which a trajectory would count as runaway; none comes near."""

BIRTH_DEATH = """
crisis: birth_and_death
as_of: 2024-11-30
horizon: 50 d
stocks: {{X: {{start: 100, lower: 0}}}}
clocks:
  birth: {{rate: 1 per day, factors: [{{proportional_to: {birth} * X}}], effects: [{{stock: X, add: 1}}]}}
  death: {{rate: 1 per day, factors: [{{proportional_to: {death} * X}}], effects: [{{stock: X, add: -1}}]}}
"""

IMMIGRATION = """
crisis: immigration_and_death
as_of: 2024-11-30
horizon: 50 d
stocks: {{X: {{start: 0, lower: 0}}}}
clocks:
  arrival: {{rate: 1 per day, effects: [{{stock: X, add: {batch}}}]}}
  death: {{rate: {death} per day, factors: [{{proportional_to: X}}], effects: [{{stock: X, add: -1}}]}}
"""

DIMERS = """
crisis: dimerisation
as_of: 2024-11-30
horizon: 50 d
stocks: {P: {start: 100, lower: 0}, P2: {start: 0, lower: 0}}
clocks:
  join:
    rate: 1 per day
    factors: [{proportional_to: 0.001 * P * (P - 1) / 2}]
    effects: [{stock: P, add: -2}, {stock: P2, add: 1}]
  part:
    rate: 0.01 per day
    factors: [{proportional_to: P2}]
    effects: [{stock: P, add: 2}, {stock: P2, add: -1}]
"""

# The model starts at 24:00 of 30 November, so that t = 25 is 0:00 of 26 December.
SET_X = """
occasions: {reset: {dates: [2024-12-26], effects: [{stock: X, set: 50}]}}
"""
SET_P = """
calendar: {holiday: 2024-12-26T00:00}
occasions: {reset: {dates: [holiday], effects: [{stock: P, set: 100}, {stock: P2, set: 0}]}}
"""

CASES = {
    "00001": BIRTH_DEATH.format(birth="0.1", death="0.11"),
    "00003": BIRTH_DEATH.format(birth="1", death="1.1"),
    "00020": IMMIGRATION.format(batch=1, death="0.1"),
    "00028": IMMIGRATION.format(batch=1, death="0.1") + SET_X,
    "00030": DIMERS,
    "00032": DIMERS + SET_P,
    "00037": IMMIGRATION.format(batch=5, death="0.2"),
}
TRAJECTORIES = {case: 2000 if case in ("00001", "00003") else 5000 for case in CASES}
"""Per seed. The first two fire 800 and 2,000 times in a trajectory, the others 65 to 300 times."""


def published(case: str) -> Mapping[str, np.ndarray]:
    """Columns of a carried-over table, comment lines left out."""
    text = (TABLES / f"jump_processes_{case}.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def paths(case: str, species: list[str], seed: int) -> np.ndarray:
    """The value of each stock at t = 0, 1 … 50, shape (species, 51, n), by dated read-outs."""
    crisis = loads(CASES[case])
    asked = {
        f"{name}_{time:.0f}": Question(f"{name}_{time:.0f}", "", At(Name(name), None), float(time))
        for name in species
        for time in TIMES
    }
    ensemble = simulate(
        replace(crisis, questions=asked),
        trajectories=TRAJECTORIES[case],
        replicates=1,
        seed=seed,
        threads=1,
        budget=BUDGET,
    )
    assert not ensemble.runaway.any()
    found = {(str(watch.what), watch.closes): values for watch, values in ensemble.registers.items()}
    return np.array([[found[name, float(time)] for time in TIMES] for name in species])


def birth_and_death(birth: float, death: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation and kurtosis of linear birth and death from 100 at `TIMES`.

    Each of the 100 families dies out by t with probability a and else has a geometric size of ratio b::

        a = death·(E − 1)/(birth·E − death)
        b = birth·(E − 1)/(birth·E − death)
        E = exp((birth − death)·t)

    Kendall, D. G. (1948). On the generalized birth-and-death process. Ann. Math. Statistics 19, 1-15.
    """
    growth = np.exp((birth - death) * TIMES[1:])
    a = death * (growth - 1) / (birth * growth - death)
    b = birth * (growth - 1) / (birth * growth - death)
    size = np.arange(4000.0)[:, None]
    law = np.where(size == 0, a, (1 - a) * (1 - b) * b ** (size - 1))
    mean = (size * law).sum(axis=0)
    second, fourth = (((size - mean) ** k * law).sum(axis=0) for k in (2, 4))
    kurtosis = 3 + (fourth / second**2 - 3) / 100
    start = ([100.0], [0.0], [3.0])
    ends = (100 * mean, np.sqrt(100 * second), kurtosis)
    mean, sd, kurtosis = (np.append(first, rest) for first, rest in zip(start, ends, strict=True))
    return mean, sd, kurtosis


def dimerisation() -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of P2 at `TIMES` from the exponential of the 51 × 51 generator."""
    pairs = np.arange(51)
    single = 100 - 2 * pairs
    generator = np.diag(0.001 * single[:-1] * (single[:-1] - 1) / 2, 1) + np.diag(0.01 * pairs[1:], -1)
    step = expm(generator - np.diag(generator.sum(axis=1)))
    laws = [np.eye(51)[0]]
    for _ in TIMES[1:]:
        laws.append(laws[-1] @ step)
    mean = np.array(laws) @ pairs
    return mean, np.sqrt(np.maximum(np.array(laws) @ pairs**2 - mean**2, 0.0))


# --- the tables ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "birth", "death"), [("00001", 0.1, 0.11), ("00003", 1.0, 1.1)])
def test_table_of_birth_and_death_follows_from_theory(case, birth, death):
    table = published(case)
    mean, sd, _ = birth_and_death(birth, death)
    np.testing.assert_allclose(table["X-mean"], mean, rtol=0, atol=6e-6)
    np.testing.assert_allclose(table["X-sd"], sd, rtol=0, atol=6e-6)


def test_tables_of_immigration_and_death_follow_from_theory():
    """From 0 a Poisson law of mean m = 10·(1 − e^(−t/10)); from 50 a binomial one is added."""
    mean = 10 * (1 - np.exp(-0.1 * TIMES))
    plain = published("00020")
    np.testing.assert_allclose(plain["X-mean"], mean, rtol=0, atol=6e-6)
    np.testing.assert_allclose(plain["X-sd"], np.sqrt(mean), rtol=0, atol=6e-6)
    late, reset = np.exp(-0.1 * (TIMES[25:] - 25)), published("00028")
    np.testing.assert_allclose(reset["X-mean"][25:], 50 * late + 10 * (1 - late), rtol=0, atol=6e-6)
    variance = 50 * late * (1 - late) + 10 * (1 - late)
    np.testing.assert_allclose(reset["X-sd"][25:], np.sqrt(variance), rtol=0, atol=6e-6)


def test_table_of_arrivals_in_fives_follows_from_theory():
    """Mean 25·(1 − e^(−t/5)); the variance adds ∫E[B(B − 1)] = 20·(1 − e^(−2t/5))/0.4, B what is left of 5."""
    table = published("00037")
    mean = 25 * (1 - np.exp(-0.2 * TIMES))
    variance = mean + 50 * (1 - np.exp(-0.4 * TIMES))
    np.testing.assert_allclose(table["X-mean"], mean, rtol=0, atol=6e-6)
    np.testing.assert_allclose(table["X-sd"], np.sqrt(variance), rtol=0, atol=6e-6)


def test_tables_of_dimers_follow_from_theory():
    mean, sd = dimerisation()
    table, reset = published("00030"), published("00032")
    for found, of in ((table, slice(None)), (reset, slice(0, 25))):
        np.testing.assert_allclose(found["P2-mean"][of], mean[of], rtol=0, atol=6e-6)
        np.testing.assert_allclose(found["P-mean"][of], 100 - 2 * mean[of], rtol=0, atol=6e-6)
        np.testing.assert_allclose(found["P2-sd"][of], sd[of], rtol=0, atol=6e-6)
        np.testing.assert_allclose(found["P-sd"][of], 2 * sd[of], rtol=0, atol=6e-6)
    for column, values in reset.items():
        if column != "time":
            assert values[25:].tolist() == table[column][:26].tolist()


# --- the engine ---------------------------------------------------------------------------------------------


@cache
def scores(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Z and Y of every seed, each of shape (seeds, species · times); 0 where σ = 0 and the value is exact."""
    table = published(case)
    species = sorted(name.removesuffix("-mean") for name in table if name.endswith("-mean"))
    mean, sd = (np.array([table[f"{name}-{what}"] for name in species]) for what in ("mean", "sd"))
    certain = sd == 0
    n = TRAJECTORIES[case]
    z, y = [], []
    for seed in SEEDS:
        found = paths(case, species, seed)
        assert (found[certain] == mean[certain][:, None]).all()
        with np.errstate(divide="ignore", invalid="ignore"):
            z.append(math.sqrt(n) * (found.mean(axis=2) - mean) / sd)
            y.append(math.sqrt(n / 2) * (found.var(axis=2, ddof=1) / sd**2 - 1))
        z[-1][certain] = y[-1][certain] = 0.0
    return np.array(z).reshape(len(SEEDS), -1), np.array(y).reshape(len(SEEDS), -1)


def width(case: str) -> np.ndarray:
    """What the band of Y is widened by: its standard deviation for case 00003, else 1."""
    if case != "00003":
        return np.ones(1)
    kurtosis = birth_and_death(1.0, 1.1)[2]
    return np.maximum(1.0, np.sqrt((kurtosis - 1) / 2))


@pytest.mark.parametrize("case", CASES)
def test_rule_of_the_suite(case):
    z, y = scores(case)
    outside = (np.abs(z) >= 3).any(axis=1) | (np.abs(y) >= 5 * width(case)).any(axis=1)
    assert outside.sum() <= ALLOWED, f"outside under seeds {np.array(SEEDS)[outside]}"


@pytest.mark.parametrize("case", CASES)
def test_all_seeds_together(case):
    z, y = (score.sum(axis=0) / math.sqrt(len(SEEDS)) for score in scores(case))
    assert np.abs(z).max() < 4
    assert (np.abs(y) / width(case)).max() < 5
