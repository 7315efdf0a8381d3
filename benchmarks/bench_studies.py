"""How long studies of many futures take: a what-if, and all levers of a crisis."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench_engine import SEED, crisis_named
from detente.analysis.comparing import compare
from detente.analysis.levers import levers
from detente.model import Clock, Crisis
from detente.scenario import Change, Scenario

DAYS = 365.0
UNTIL_MARCH = Scenario("until_march", changes=(Change("forbid", "israel_strikes_iran", until="2025-03-01"),))
TWICE_IRAN = Scenario("twice", changes=(Change("rate", "israel_strikes_iran", "times", 2),))


@dataclass(frozen=True)
class Study:
    """One study; `futures` are those of all its ensembles together, seconds by the clock on all cores."""

    what: str
    crisis: str
    futures: int
    seconds: float


def measure_studies() -> list[Study]:
    """What-ifs of 10,000 and 20,000 pairs of futures, the best of three each; every lever at 10,000, once."""
    iran, synthetic = crisis_named("iran_2024"), crisis_named("synthetic")
    first = next(name for name, moment in synthetic.moments.items() if isinstance(moment.cause, Clock))
    twice = Scenario("twice", changes=(Change("rate", first, "times", 2),))
    cases = [
        ("a rate twice as high", synthetic, twice), ("a rate twice as high", iran, TWICE_IRAN),
        ("an action forbidden for three months", iran, UNTIL_MARCH),
    ]  # fmt: skip
    found = [
        _what_if(what, crisis, scenario, pairs)
        for pairs in (10_000, 20_000)
        for what, crisis, scenario in cases
    ]
    return [*found, _levers(iran)]


def _what_if(what: str, crisis: Crisis, scenario: Scenario, pairs: int) -> Study:
    compare(crisis, scenario, trajectories=64, seed=SEED, horizon=DAYS)
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        compare(crisis, scenario, trajectories=pairs, seed=SEED, horizon=DAYS)
        seconds.append(time.perf_counter() - begin)
    return Study(f"what-if, {what}: {pairs:,} pairs × {DAYS:.0f} days", crisis.name, 2 * pairs, min(seconds))


def _levers(crisis: Crisis) -> Study:
    begin = time.perf_counter()
    found = levers(crisis, next(iter(crisis.questions)), trajectories=10_000, seed=SEED)
    seconds = time.perf_counter() - begin
    n = len(found.levers)
    return Study(f"all {n} levers, 10,000 futures each", crisis.name, 10_000 * (n + 1), seconds)
