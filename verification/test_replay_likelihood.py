"""The likelihood of a record against closed forms, and replays of simulated records against theory.

Exact tests have no chance in them. Random ones fix their seeds and state how often a right program would fail
under a new seed.
"""

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from detente.engine import simulate
from detente.engine.tracing import trace
from detente.expressions import parse
from detente.inference import replay
from detente.inference.observing import complete_windows, log_likelihood, total
from detente.model import (
    Clock,
    Coding,
    Crisis,
    Distribution,
    Factor,
    Memory,
    Moment,
    Outcome,
    Parameter,
    Raised,
    Recorded,
    Schedule,
)

AS_OF = dt.date(2024, 11, 30)
DAYS = 100.0
LOG_2 = math.log(2.0)


def clock(name, rate, *factors, guard=None):
    cause = Clock(parse(str(rate)), factors)
    return Moment(name, cause, guard, coding=Coding(complete_from=-1e6), main=True)


def excited(by, times, at_most=1e9):
    return Factor("memory", "", parse(str(times)), parse(by), at_most=parse(str(at_most)))


def crisis(*moments, record=(), memories=(), parameters=(), days=DAYS, **more):
    return Crisis(
        "record",
        "",
        AS_OF,
        10.0,
        record_from=-days,
        moments={each.name: each for each in sorted(moments, key=lambda each: each.name)},
        memories={each.name: each for each in memories},
        parameters={each.name: each for each in parameters},
        record=tuple(sorted(record)),
        **more,
    )


def likelihood(case, tick=1.0):
    windows = complete_windows(case, case.record_from, 0.0)
    return total(log_likelihood(trace(case, {}, tick=tick), windows))


class TestClosedForms:
    """Exact."""

    @pytest.mark.parametrize("times", [(), (-50.5,), (-99.0, -98.5, -3.25, -0.125)])
    def test_poisson(self, times):
        """log L = n·log λ − λT."""
        case = crisis(clock("a", 0.07), record=[Recorded(t, "a") for t in times])
        assert likelihood(case) == pytest.approx(len(times) * math.log(0.07) - 7.0, rel=1e-12)

    def test_steps_of_a_guard(self):
        """A rate of 0.1 that is tripled while b has happened within 20 days, and shut off from day 80 on."""
        triple = Factor("while", "", parse("3"), condition=parse("since(b) < 20"))
        guard = parse("until(2024-11-11) > 0")
        case = crisis(
            clock("a", 0.1, triple, guard=guard),
            Moment("b", Raised()),
            record=[Recorded(-60.0, "b"), Recorded(-90.0, "a"), Recorded(-50.0, "a")],
        )
        exposure = (80.0 - 20.0) * 0.1 + 20.0 * 0.3
        assert likelihood(case) == pytest.approx(math.log(0.1) + math.log(0.3) - exposure, rel=1e-12)

    @pytest.mark.parametrize("tick", [1.0, 0.5, 0.25])
    def test_one_exciting_memory(self, tick):
        """A Hawkes process: λ(t) = μ·(1 + (k − 1)·Σ_{t_i < t} 2^(−(t − t_i)/h)).

        log L = Σ_i log λ(t_i) − μT − μ(k − 1)·(h/ln 2)·Σ_i (1 − 2^(t_i/h)), times before 0. The intensity is read at
        the middle of each tick of length x, an error of at most (x·ln 2/h)²/24 of the last term; and where an
        event ends a stretch before its middle was due, of at most μ(k − 1)·m·(ln 2/h)·x²/8, m the memory before it.
        """
        mu, k, h = 0.04, 5.0, 8.0
        times = np.array([-91.5, -88.25, -87.5, -40.0, -12.75, -2.0])
        heat = Memory("heat", parse(str(h)), (("a", parse("1")),))
        case = crisis(
            clock("a", mu, excited("heat", k)), memories=[heat], record=[Recorded(t, "a") for t in times]
        )
        before = [(2.0 ** (-(t - times[times < t]) / h)).sum() for t in times]
        logs = sum(math.log(mu * (1.0 + (k - 1.0) * m)) for m in before)
        echo = mu * (k - 1.0) * h / LOG_2 * (1.0 - 2.0 ** (times / h)).sum()
        error = (tick * LOG_2 / h) ** 2 / 24.0 * echo
        error += mu * (k - 1.0) * sum(before) * LOG_2 / h * tick**2 / 8.0
        assert likelihood(case, tick) == pytest.approx(logs - mu * DAYS - echo, abs=1.01 * error)

    def test_a_capped_memory_and_another_clock(self):
        """The cap holds at first (factor 3), so the first log is that of μ·3 and the mark of b counts as well."""
        heat = Memory("heat", parse("1e9"), (("b", parse("2")),))
        case = crisis(
            clock("a", 0.05, excited("heat", 5.0, at_most=3.0)),
            clock("b", 0.02),
            memories=[heat],
            record=[Recorded(-60.0, "b"), Recorded(-30.0, "a")],
        )
        exposure = 40.0 * 0.05 + 60.0 * 0.15 + 100.0 * 0.02
        expected = math.log(0.02) + math.log(0.15) - exposure
        assert likelihood(case) == pytest.approx(expected, rel=1e-8)

    def test_choices(self):
        """A conditional logit: p = w·Πodds/Σ; four dates of which two passed, one turned out, one was closed."""
        odds = Factor("each", "", parse("2"), parse("since(b)"), parse("0"), parse("10"))
        ways = (
            Outcome("yes", parse("0.2"), factors=(odds,)),
            Outcome("late", parse("0.3")),
            Outcome("no"),
        )
        board = Moment(
            "board",
            Schedule((-80.0, -60.0, -50.0, -40.0)),
            parse("since(b) < 45"),
            outcomes=ways,
            coding=Coding(complete_from=-1e6),
        )
        case = crisis(
            board, Moment("b", Raised()), record=[Recorded(-90.0, "b"), Recorded(-59.5, "board", "yes")]
        )
        first = 0.5 / (0.2 * 2.0**1.0 + 0.3 + 0.5)
        second = 0.2 * 2.0**3.05 / (0.2 * 2.0**3.05 + 0.3 + 0.5)
        third = 0.5 / (0.2 * 2.0**4.0 + 0.3 + 0.5)
        assert likelihood(case) == pytest.approx(math.log(first * second * third), rel=1e-12)


class TestPrior:
    """Over the prior as a whole."""

    def test_marginal_likelihood_of_a_gamma_rate(self):
        """log ∫ λ^n·exp(−λT)·Gamma(λ; a, b) dλ = log(Γ(a + n)/Γ(a)·b^a/(b + T)^(a + n)), over 1,500 draws.

        The mean of the likelihood is asymptotically normal; |z| < 4.4 fails 1e-5 of seeds.
        """
        a, mean, times, days = 2.0, 0.2, (-15.5, -9.5, -3.5), 20.0
        rate = Parameter("rate", Distribution("gamma", (a, mean)))
        case = crisis(
            clock("a", "rate"), parameters=[rate], record=[Recorded(t, "a") for t in times], days=days
        )
        found = replay(case, draws=1500, seed=11)
        b, n = a / mean, len(times)
        exact = special.gammaln(a + n) - special.gammaln(a) + a * math.log(b) - (a + n) * math.log(b + days)
        values = np.exp(found.log_likelihood - exact)
        z = (values.mean() - 1.0) / (values.std(ddof=1) / math.sqrt(len(values)))
        assert abs(z) < 4.4
        assert found.log_marginal == pytest.approx(exact, abs=0.15)


@pytest.fixture(scope="module")
def replays():
    """Four hundred futures of 100 days, traced as records."""
    heat = Memory("heat", parse("5"), (("a", parse("1")), ("b", parse("1"))))
    cool = Factor("while", "", parse("0.3"), condition=parse("since(b) < 10"))
    moments = [
        clock("a", 0.05, excited("heat", 4.0, at_most=6.0), cool),
        clock("b", 0.03, excited("heat", 2.0, at_most=3.0), guard=parse("count(b) < 4")),
    ]
    case = replace(crisis(*moments, memories=[heat], days=0.0), horizon=DAYS)
    log = simulate(case, trajectories=400, replicates=1, seed=5, log=True).log
    later = AS_OF + dt.timedelta(days=int(DAYS))
    found = []
    for number in range(400):
        mine = log.trajectory == number
        pairs = zip(log.time[mine], log.happening[mine], strict=True)
        record = tuple(Recorded(float(t) - DAYS, log.names[k]) for t, k in pairs)
        past = replace(case, as_of=later, record_from=-DAYS, record=tuple(sorted(record)))
        found.append(trace(past, {}))
    return found


class TestSimulatedRecords:
    """Futures of a crisis, replayed as its record: the replay must give each future back its own intensities."""

    @pytest.mark.parametrize("name", ["a", "b"])
    def test_observed_less_expected_is_a_martingale(self, replays, name):
        """Σ(N − ∫λ) has mean 0 and variance Σ∫λ; |z| < 4.1 fails 4e-5 of seeds.

        Reading the intensity at the middle of ticks moves ∫λ by less than 1e-3 of itself, or z by less than 0.1.
        """
        observed = sum(each.moment == name for traced in replays for each in traced.firings)
        expected = sum(traced.clocks[name].integral() for traced in replays)
        assert observed > 500
        assert abs(observed - expected) / math.sqrt(expected) < 4.1

    def test_so_it_is_where_the_intensity_is_high(self, replays):
        """The same over the times at which a's intensity is above 0.08, a predictable set; |z| < 4.1: 4e-5."""
        observed = sum(
            each.moment == "a" and each.intensity > 0.08 for traced in replays for each in traced.firings
        )
        expected = 0.0
        for traced in replays:
            cells = traced.clocks["a"]
            high = cells.intensity > 0.08
            expected += float((cells.intensity * (cells.ends - cells.begins))[high].sum())
        assert observed > 200
        assert abs(observed - expected) / math.sqrt(expected) < 4.1

    def test_the_next_to_fire_is_each_with_its_share(self, replays):
        """Given that a clock fires, it is a with a's share of the intensity; |z| < 4.1 fails 4e-5 of seeds."""
        shares = np.array([f.intensities["a"] / f.total for traced in replays for f in traced.firings])
        is_a = np.array([f.moment == "a" for traced in replays for f in traced.firings])
        z = (is_a - shares).sum() / math.sqrt((shares * (1.0 - shares)).sum())
        assert abs(z) < 4.1
