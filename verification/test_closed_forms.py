"""The engine and the estimators against closed forms: what theory says about small crises that can be solved.

Every crisis here is written in the crisis language, loaded and run as a user would; what is read from it are
registers, final values, the event log, draws of parameters, and forecasts.

Each test that rests on chance fails for a right program under a new seed with a probability of at most
`FALSE_ALARM`, shared out over its comparisons (Bonferroni). The seeds are fixed. "Exact" marks tests without
chance: they hold for every seed, up to rounding. In the verdicts, KS is Kolmogorov and Smirnov's test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, special, stats
from scipy.linalg import expm

from detente import Ensemble, forecast, loads, simulate
from detente.engine.intensities import as_of_state
from detente.expressions import At, Name, parse
from detente.model import Question

FALSE_ALARM = 1e-4
"""Chance with which a right program fails one of the random tests below under a new seed."""

BUDGET = 1_000_000
Z90 = stats.norm.ppf(0.95)
"""Half of a central 90 % range, in standard deviations."""

HEAD = "crisis: closed_form\nas_of: 2024-11-30\n"


def run(text: str, *, n: int, seed: int, horizon: float, **how: object) -> Ensemble:
    """Trajectories of a crisis without uncertain numbers, or one per draw; none of them runaway."""
    crisis = loads(f"{HEAD}horizon: {horizon} d\n{text}")
    ensemble = simulate(crisis, trajectories=n, replicates=1, seed=seed, threads=1, budget=BUDGET, **how)
    assert not ensemble.runaway.any()
    return ensemble


def read(text: str, asked: Iterable[tuple[str, float]], *, n: int, seed: int, **how: object) -> np.ndarray:
    """Values of expressions of the state at given times [day], shape (asked, n)."""
    asked = tuple(asked)
    crisis = loads(f"{HEAD}horizon: {math.ceil(max(time for _, time in asked))} d\n{text}")
    questions = {
        f"read_{k}": Question(f"read_{k}", "", At(parse(what), None), time)
        for k, (what, time) in enumerate(asked)
    }
    ensemble = simulate(
        replace(crisis, questions=questions),
        trajectories=n,
        replicates=1,
        seed=seed,
        threads=1,
        budget=BUDGET,
        **how,
    )
    assert not ensemble.runaway.any()
    found = {(watch.what, watch.closes): values for watch, values in ensemble.registers.items()}
    return np.array([found[parse(what), time] for what, time in asked])


def first_times(ensemble: Ensemble, happening: str) -> np.ndarray:
    """First time of a listed happening in every trajectory, infinity if never."""
    (found,) = (values for watch, values in ensemble.registers.items() if watch.what == happening)
    return found


# --- verdicts, each with a false-alarm rate of FALSE_ALARM / comparisons ------------------------------------


def assert_mean(values: np.ndarray, expected: float, comparisons: int = 1) -> None:
    """The mean of independent values is `expected`: a z test."""
    z = (values.mean() - expected) / (values.std(ddof=1) / math.sqrt(len(values)))
    assert abs(z) < stats.norm.isf(FALSE_ALARM / comparisons / 2), (
        f"{values.mean()}, not {expected}: z = {z:.2f}"
    )


def assert_variance(values: np.ndarray, expected: float, mean: float, comparisons: int = 1) -> None:
    """The variance of independent values about their known mean is `expected`: a z test."""
    assert_mean((values - mean) ** 2, expected, comparisons)


def assert_share(count: int, n: int, expected: float, comparisons: int = 1) -> None:
    """`count` of `n` is a share of `expected`: the exact binomial test."""
    law = stats.binom(n, expected)
    chance = 2 * min(law.cdf(count), law.sf(count - 1))
    assert chance > FALSE_ALARM / comparisons, f"{count / n}, not {expected}: p = {chance:.1e}"


def assert_law(values: np.ndarray, probabilities: Sequence[float], comparisons: int = 1) -> None:
    """Whole numbers follow the law p_0, p_1 … (the rest beyond): χ², cells pooled to 10 expected."""
    law = np.append(probabilities, max(0.0, 1.0 - math.fsum(probabilities)))
    counts = np.bincount(np.minimum(values.astype(int), len(law) - 1), minlength=len(law))
    observed, expected = [0.0], [0.0]
    for count, share in zip(counts, law, strict=True):
        if expected[-1] >= 10:
            observed.append(0.0)
            expected.append(0.0)
        observed[-1] += count
        expected[-1] += share * len(values)
    if len(expected) > 1 and expected[-1] < 10:
        observed[-2:], expected[-2:] = [sum(observed[-2:])], [sum(expected[-2:])]
    distance = sum((o - e) ** 2 / e for o, e in zip(observed, expected, strict=True))
    chance = stats.chi2.sf(distance, len(expected) - 1)
    assert chance > FALSE_ALARM / comparisons, f"χ² = {distance:.1f} on {len(expected) - 1}: p = {chance:.1e}"


def assert_follows(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray], comparisons: int = 1) -> None:
    """Independent values follow a continuous law: Kolmogorov and Smirnov's test."""
    chance = stats.kstest(values, cdf).pvalue
    assert chance > FALSE_ALARM / comparisons, f"p = {chance:.1e}"


# --- hazards ------------------------------------------------------------------------------------------------


def test_constant_hazard_gives_exponential_waits():
    """T ~ Exp(0.2 per day), across ticks and the weekly renewal of residuals. KS; false alarm 1e-4."""
    text = "clocks: {a: {rate: 0.2 per day, at_most: 1, listed: true}}"
    times = first_times(run(text, n=40_000, seed=1, horizon=120), "a")
    assert_follows(times, stats.expon(scale=5.0).cdf)


def test_waits_between_firings_are_exponential_and_independent():
    """Of a clock of 3 per day: waits Exp(3), the count in 10 d Poisson(30) (the Poisson process).

    Neighbouring waits are uncorrelated. KS, χ², and r·√n ~ N(0, 1); false alarm 1e-4 in all.
    """
    ensemble = run("clocks: {a: {rate: 3 per day}}", n=5000, seed=2, horizon=10, log=True)
    trajectory, time = ensemble.log.trajectory, ensemble.log.time
    assert_law(np.bincount(trajectory, minlength=5000), stats.poisson(30).pmf(np.arange(80)), 3)
    opening = np.searchsorted(trajectory, np.arange(5000))
    waits = np.diff(time)[(opening[:, None] + np.arange(10)).clip(max=len(time) - 2)]
    whole = trajectory[(opening + 11).clip(max=len(time) - 1)] == np.arange(5000)
    assert whole.sum() > 4990
    waits = waits[whole]
    assert_follows(waits.ravel(), stats.expon(scale=1 / 3).cdf, 3)
    u, v = (
        stats.norm.ppf(stats.expon(scale=1 / 3).cdf(part)).ravel() for part in (waits[:, 1:], waits[:, :-1])
    )
    assert abs((u * v).mean()) * math.sqrt(u.size) < stats.norm.isf(FALSE_ALARM / 6)


def test_changing_hazard_is_used_up_as_exponential_time():
    """∫₀ᵀλ dt ~ Exp(1) for a hazard that jumps within ticks and closes for a while (time change).

    λ = 0.05 until 3.3, 0.2 until 11.75, 0 (guarded off) until 19.5, then 0.05. KS; false alarm 1e-4.
    Papangelou (1972).
    """
    text = """
stages: {mood: {values: [calm, hot, closed]}}
occasions:
  heat: {dates: [2024-12-04T07:12], effects: [{stage: mood, becomes: hot}]}
  shut: {dates: [2024-12-12T18:00], effects: [{stage: mood, becomes: closed}]}
  open: {dates: [2024-12-20T12:00], effects: [{stage: mood, becomes: calm}]}
clocks:
  a:
    rate: 0.05 per day
    only_while: not mood == closed
    listed: true
    factors: [{while: mood == hot, times: ×4}]
"""
    times = first_times(run(text, n=40_000, seed=3, horizon=500), "a")
    assert not ((times > 11.75) & (times < 19.5)).any()
    used = np.interp(times, [0.0, 3.3, 11.75, 19.5, 519.5], np.cumsum([0.0, 0.165, 1.69, 0.0, 25.0]))
    assert_follows(used, stats.expon.cdf)


def test_competing_risks():
    """Of clocks 2, 0.5 and 0.1 per day the first is i with probability λ_i/Σλ, at a time Exp(2.6) for any i.

    χ² of who, KS of when for each; false alarm 1e-4 in all.
    """
    rates = {"a": 2.0, "b": 0.5, "c": 0.1}
    clocks = "\n".join(
        f"  {name}: {{rate: {rate} per day, only_while: free == yes, listed: true,"
        " effects: [{stage: free, becomes: no}]}"
        for name, rate in rates.items()
    )
    text = f"stages: {{free: {{values: ['yes', 'no']}}}}\nclocks:\n{clocks}"
    ensemble = run(text.replace("'", ""), n=40_000, seed=4, horizon=20)
    times = np.array([first_times(ensemble, name) for name in rates])
    assert (np.isfinite(times).sum(axis=0) == 1).all()
    assert_law(np.argmin(times, axis=0), np.array(list(rates.values())) / 2.6, 4)
    for row in times:
        assert_follows(row[np.isfinite(row)], stats.expon(scale=1 / 2.6).cdf, 4)


def test_thirty_per_cent_within_fourteen_days():
    """The hazard is −ln(0.7)/14 = 0.0254768 per day (exact), 0.0251549871 within one day, 0.3 within 14.

    Binomial; false alarm 1e-4 in all.
    """
    crisis = loads(f"{HEAD}horizon: 14 d\nclocks: {{a: {{rate: 30 % within 14 d, listed: true}}}}")
    hazard = as_of_state(crisis, n_draws=1).intensity("a")[0]
    assert hazard == pytest.approx(-math.log(0.7) / 14, rel=1e-14)
    assert hazard == pytest.approx(0.0254768, abs=5e-8)
    assert -math.expm1(-hazard) == pytest.approx(0.0251549871, abs=5e-11)
    times = first_times(simulate(crisis, trajectories=200_000, seed=5, threads=1), "a")
    assert_share((times <= 1).sum(), 200_000, 0.0251549871, 2)
    assert_share(np.isfinite(times).sum(), 200_000, 0.3, 2)


# --- populations --------------------------------------------------------------------------------------------


def test_decay_in_sixteen_channels():
    """A → B in channels of rates 0.1·k, k = 1 … 16: A(0.1) ~ Binomial(100, e^−1.36), mean 25.666078.

    Read within a tick. χ², z; false alarm 1e-4 in all. JumpProcesses.jl, tests.
    """
    clocks = "\n".join(
        f"  c{k}: {{rate: {0.1 * k:.1f} per day, factors: [{{proportional_to: A}}],"
        " effects: [{stock: A, add: -1}]}"
        for k in range(1, 17)
    )
    (a,) = read(f"stocks: {{A: {{start: 100, lower: 0}}}}\nclocks:\n{clocks}", [("A", 0.1)], n=20_000, seed=6)
    assert 100 * math.exp(-1.36) == pytest.approx(25.666078, abs=5e-7)
    assert_mean(a, 25.666078, 2)
    assert_law(a, stats.binom(100, math.exp(-1.36)).pmf(np.arange(101)), 2)


def test_association_in_equilibrium():
    """A + B ⇌ C at rates 0.1·A·B and C from (500, 500, 0): stationary E[A] = 65.670811, sd 5.535024.

    π(a) ∝ 1/(a!² (500 − a)! 0.1^a) by detailed balance. Read at t = 2 … 5 each half day: the slowest mode
    fades by e^−14 per day. z of the means of each trajectory; false alarm 1e-4 in all. JumpProcesses.jl,
    tests.
    """
    a = np.arange(501)
    log_law = -2 * np.array([math.lgamma(k + 1) for k in a]) - np.array([math.lgamma(501 - k) for k in a])
    law = np.exp(log_law - a * math.log(0.1) - (log_law - a * math.log(0.1)).max())
    law /= law.sum()
    mean, sd = a @ law, math.sqrt((a - a @ law) ** 2 @ law)
    assert (mean, sd) == pytest.approx((65.670811, 5.535024), abs=5e-7)
    text = """
stocks: {A: {start: 500, lower: 0}, B: {start: 500, lower: 0}, C: {start: 0, lower: 0}}
clocks:
  bind:
    rate: 0.1 per day
    factors: [{proportional_to: A * B}]
    effects: [{stock: A, add: -1}, {stock: B, add: -1}, {stock: C, add: 1}]
  part:
    rate: 1 per day
    factors: [{proportional_to: C}]
    effects: [{stock: A, add: 1}, {stock: B, add: 1}, {stock: C, add: -1}]
"""
    found = read(text, [("A", time) for time in np.arange(2.0, 5.5, 0.5).tolist()], n=1500, seed=7)
    assert_mean(found.mean(axis=0), mean, 2)
    assert_mean(((found - mean) ** 2).mean(axis=0), sd**2, 2)


def test_birth_and_death_die_out():
    """From two at rates 0.3 and 0.2 each: P(extinct by t) = [0.2(E − 1)/(0.3E − 0.2)]², E = e^(0.1t).

    Binomial at five times, none of them known to the program; false alarm 1e-4 in all. Kendall (1948).
    """
    text = """
stocks: {X: {start: 2, lower: 0}}
clocks:
  birth: {rate: 0.3 per day, factors: [{proportional_to: X}], effects: [{stock: X, add: 1}]}
  death: {rate: 0.2 per day, factors: [{proportional_to: X}], effects: [{stock: X, add: -1}]}
triggers: {extinct: {when: X < 1, listed: true}}
"""
    times = first_times(run(text, n=20_000, seed=8, horizon=20), "extinct")
    for t in (0.6, 2.0, 5.3, 10.0, 20.0):
        growth = math.exp(0.1 * t)
        expected = (0.2 * (growth - 1) / (0.3 * growth - 0.2)) ** 2
        assert_share((times <= t).sum(), 20_000, expected, 5)


def test_ruin_of_a_gambler():
    """Up at 0.9, down at 0.6 per day from 3 until 0 or 8: ruin with (r³ − r⁸)/(1 − r⁸), r = 2/3.

    The time is a sum of exponential waits: mean 10 d/3·[8·(1 − r³)/(1 − r⁸) − 3]. Binomial, z; false alarm
    1e-4 in all. Feller (1968), ch. XIV.
    """
    text = """
stocks: {X: {start: 3, lower: 0}}
stages: {game: {values: [on, ruined, won]}}
clocks:
  up: {rate: 0.9 per day, only_while: game == on, effects: [{stock: X, add: 1}]}
  down: {rate: 0.6 per day, only_while: game == on, effects: [{stock: X, add: -1}]}
triggers:
  ruin: {when: X <= 0, listed: true, effects: [{stage: game, becomes: ruined}]}
  win: {when: X rises above 7, listed: true, effects: [{stage: game, becomes: won}]}
"""
    ensemble = run(text, n=20_000, seed=9, horizon=600)
    ruin, win = first_times(ensemble, "ruin"), first_times(ensemble, "win")
    assert (np.isfinite(ruin) != np.isfinite(win)).all()
    r = 2 / 3
    assert_share(np.isfinite(ruin).sum(), 20_000, (r**3 - r**8) / (1 - r**8), 2)
    assert_mean(np.minimum(ruin, win), (8 * (1 - r**3) / (1 - r**8) - 3) / 0.3, 2)


def test_two_states():
    """On at 0.3, off at 0.7 per day, off at 0: P(on at t) = 0.3·(1 − e^−t). Binomial at five times.

    Time on in 50 d, from the log: mean 0.3·(50 − 1 + e^−50), variance from the linear equations of its
    moments. z; false alarm 1e-4 in all.
    """
    text = """
stages: {light: {values: [dark, lit]}}
clocks:
  switch_on: {rate: 0.3 per day, only_while: light == dark, effects: [{stage: light, becomes: lit}]}
  switch_off: {rate: 0.7 per day, only_while: light == lit, effects: [{stage: light, becomes: dark}]}
"""
    n, times = 20_000, (0.5, 1.0, 2.25, 5.0, 20.0)
    lit = read(text, [("light == lit", t) for t in times], n=n, seed=10)
    for row, t in zip(lit, times, strict=True):
        assert_share(int(row.sum()), n, 0.3 * (1 - math.exp(-t)), 7)

    ensemble = run(text, n=n, seed=11, horizon=50, log=True, final=("light",))
    log = ensemble.log
    ends = np.where(np.array(log.names)[log.happening] == "switch_off", 1.0, -1.0)
    spent = np.bincount(log.trajectory, ends * log.time, minlength=n) + 50 * ensemble.final["light"]
    on_off = np.array([[-0.7, 0.3], [0.7, -0.3]])  # of (E[Oᵏ; on], E[Oᵏ; off]); O grows while on
    grow = np.array([[1.0, 0.0], [0.0, 0.0]])
    none = np.zeros((2, 2))
    system = np.block([[on_off, none, none], [grow, on_off, none], [none, 2 * grow, on_off]])
    moments = expm(50 * system) @ [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    mean, square = moments[2:4].sum(), moments[4:].sum()
    assert mean == pytest.approx(0.3 * (50 - 1 + math.exp(-50)), rel=1e-12)
    assert_mean(spent, mean, 7)
    assert_variance(spent, square - mean**2, mean, 7)


def test_queue_with_one_server():
    """M/M/1, arrivals 0.5, service 1 per day: P(n) = (1 − ρ)·ρⁿ, mean ρ/(1 − ρ) = 1, variance ρ/(1 − ρ)² = 2.

    Read at t = 200; what is left of the empty start fades as e^(−(1 − √ρ)²·t) = 3e-8. χ², z; false alarm
    1e-4 in all.
    """
    text = """
stocks: {queue: {start: 0, lower: 0}}
clocks:
  arrive: {rate: 0.5 per day, effects: [{stock: queue, add: 1}]}
  serve: {rate: 1 per day, only_while: queue > 0, effects: [{stock: queue, add: -1}]}
"""
    (queue,) = read(text, [("queue", 200.0)], n=20_000, seed=12)
    assert_mean(queue, 1.0, 3)
    assert_variance(queue, 2.0, 1.0, 3)
    assert_law(queue, 0.5 ** np.arange(1, 25), 3)


# --- memories -----------------------------------------------------------------------------------------------

HAWKES = """
stocks: {N: {start: 0}}
clocks:
  jump:
    rate: 0.5 per day
    factors: [{memory: jump, half_life: 0.34657359027997264 d, times: ×2, at_most: 1000}]
    effects: [{stock: N, add: 1}]
"""


def hawkes_moments(base: float, jump: float, fading: float, end: float) -> tuple[float, float]:
    """Mean and variance of N(end) of λ = base + Σ jump·e^(−fading·(t − t_i)), from nothing before 0.

    The moments 1, E λ, E N, E λ², E Nλ, E N² obey linear equations, since (N, λ) is a Markov process whose
    generator is fading·(base − λ)·∂_λ f + λ·[f(N + 1, λ + jump) − f].
    """
    system = np.zeros((6, 6))
    system[1, :2] = fading * base, jump - fading
    system[2, 1] = 1.0
    system[3, [1, 3]] = 2 * fading * base + jump**2, 2 * (jump - fading)
    system[4, [1, 2, 3, 4]] = jump, fading * base, 1.0, jump - fading
    system[5, [1, 4]] = 1.0, 2.0
    _, _, mean, _, _, square = expm(system * end) @ [1.0, base, 0.0, base**2, 0.0, 0.0]
    return mean, square - mean**2


@pytest.mark.parametrize(("tick", "n", "seed"), [(1.0, 20_000, 13), (0.25, 5_000, 14)])
def test_hawkes_process(tick, n, seed):
    """Excitation λ = 0.5 + Σ 0.5·e^(−2(t − t_i)) over 200 d; the default tick is three half-lives long.

    Empirical rate N/T: mean 0.666667 (±0.01), variance 0.0059173 (±0.001) as in the tests of
    JumpProcesses.jl, at 250 trajectories; here the exact mean 0.6661111 and variance 0.00591173 of a start
    from nothing, by z tests. False alarm 1e-4.
    """
    rate = run(HAWKES, n=n, seed=seed, horizon=200, final=("N",), tick=tick).final["N"] / 200
    assert rate.mean() == pytest.approx(0.666667, abs=0.01)
    assert rate.var(ddof=1) == pytest.approx(0.0059173, abs=0.001)
    mean, variance = hawkes_moments(0.5, 0.5, 2.0, 200.0)
    assert_mean(rate, mean / 200, 2)
    assert_variance(rate, variance / 200**2, mean / 200, 2)


@pytest.mark.parametrize("tick", [1.0, 0.5, 0.125])
def test_memory_fades_exactly(tick):
    """A memory is Σ amount·2^(−(t − t_i)/h) at any instant, after dated and after random happenings. Exact."""
    text = """
memories: {trace: {half_life: 3 d, counts: [bell, {happening: knock, add: 0.25}]}}
occasions: {bell: {dates: [2024-12-02T06:00, 2024-12-03T18:00, 2024-12-05]}}
clocks: {knock: {rate: 0.8 per day, only_while: since(bell) < 1000}}
"""
    bells = np.array([1.25, 2.75, 4.0])
    quiet = text.replace("0.8 per day", "0 per day")
    times = (1.0, 1.25, 2.0, 2.75, 4.0, 7.6)
    for values, t in zip(
        read(quiet, [("trace", t) for t in times], n=3, seed=15, tick=tick), times, strict=True
    ):
        expected = (0.5 ** ((t - bells[bells <= t]) / 3)).sum()
        assert values == pytest.approx(expected, rel=1e-13)

    ensemble = run(text, n=500, seed=16, horizon=30, log=True, final=("trace",), tick=tick)
    log = ensemble.log
    amount = np.where(np.array(log.names)[log.happening] == "bell", 1.0, 0.25)
    expected = np.bincount(log.trajectory, amount * 0.5 ** ((30 - log.time) / 3))
    assert len(log.time) > 10_000
    np.testing.assert_allclose(ensemble.final["trace"], expected, rtol=1e-12)


# --- flows --------------------------------------------------------------------------------------------------

DELIBERATION = """
actors: {A: {factions: {hawks: {influence: 1}, doves: {influence: 1}}}}
deliberations:
  A.reply: {actor: A, factions: {hawks: {position: 90}, doves: {position: 10}}, start: 0, adjusts: 10 d}
"""


@pytest.mark.parametrize("tick", [1.0, 0.5, 0.25, 0.125])
def test_deliberation_is_exact_at_any_tick(tick):
    """From p0 = 0 towards 50 with τ = 10 d a position is 50·(1 − e^−1) = 31.606028 after 10 d. Exact.

    So is a stock that `follows`. Influence that jumps at midnight of day 5 moves the target to 70.
    """
    after = run(DELIBERATION, n=1, seed=1, horizon=10, tick=tick, final=("A.reply",)).final["A.reply"]
    assert after == pytest.approx(31.606028, abs=5e-7)
    assert after == pytest.approx(50 * (1 - math.exp(-1)), rel=1e-12)
    stock = "stocks: {p: {start: 0, follows: 50, over: 10 d}}"
    assert run(stock, n=1, seed=1, horizon=10, tick=tick, final=("p",)).final["p"] == pytest.approx(
        after, rel=1e-12
    )
    jump = "occasions: {purge: {dates: [2024-12-06], effects: [{stock: A.hawks, times: ×3}]}}"
    later = run(DELIBERATION + jump, n=1, seed=1, horizon=10, tick=tick, final=("A.reply",)).final["A.reply"]
    at_five = 50 * (1 - math.exp(-0.5))
    assert later == pytest.approx(70 + (at_five - 70) * math.exp(-0.5), rel=1e-12)


@pytest.mark.parametrize("tick", [1.0, 0.25])
def test_noise_of_stocks(tick):
    """Walks of 16 d: linear N(3 + 0.5·16, 2²·16), on a log scale ln x ~ N(ln 100 + 0.01·16, 0.05²·16).

    Mean and variance are exact at any tick (z). At tick 1/4, 64 sums of 64 bits, the law is normal (KS
    after the lattice is spread). False alarm 1e-4 in all.
    """
    text = """
stocks:
  walk: {start: 3, flow: 0.5 per day, noise: 2}
  price: {start: 100, scale: log, lower: 0.001, flow: 0.01 per day, noise: 0.05}
"""
    final = run(text, n=20_000, seed=17, horizon=16, tick=tick, final=("walk", "price")).final
    for values, mean, sd in ((final["walk"], 11.0, 8.0), (np.log(final["price"] / 100), 0.16, 0.2)):
        assert_mean(values, mean, 6)
        assert_variance(values, sd**2, mean, 6)
        if tick < 1.0:
            step = sd / 8 / math.sqrt(64)  # half the distance of the lattice
            spread = np.random.default_rng(17).uniform(-step, step, values.size)
            assert_follows(values + spread, stats.norm(mean, math.hypot(sd, step / math.sqrt(3))).cdf, 6)


def test_noise_pulled_back():
    """A stock that follows 0 over 5 d with noise σ has the variance σ²(1 − q^2k)/(1 − q²) after k days.

    Here q = e^(−1/5), what a tick leaves of it. z; false alarm 1e-4.
    """
    text = "stocks: {x: {start: 0, follows: 0, over: 5 d, noise: 1.5}}"
    x = run(text, n=20_000, seed=18, horizon=12, final=("x",)).final["x"]
    q2 = math.exp(-2 / 5)
    assert_variance(x, 1.5**2 * (1 - q2**12) / (1 - q2), 0.0)


# --- choices and delays -------------------------------------------------------------------------------------

CHOICE = """
stages: {{mood: {{values: [calm, tense], start: {mood}}}}}
stocks: {{anger: {{start: {anger}}}}}
occasions:
  vote:
    dates: [2024-12-05]
    outcomes:
      yes_:
        share: 50 %
        factors: [{{each: 10 points of anger, from: 50, times: ×2, at_least: 0.1, at_most: 10}}]
      no_: {{share: 30 %, factors: [{{while: mood == tense, times: ×3}}]}}
      none_: {{}}
      never_: {{share: 0 %}}
"""


def chosen(text: str, *, n: int, seed: int) -> np.ndarray:
    """Number of the outcome (no_, none_, yes_, never_) of every trajectory."""
    log = run(text, n=n, seed=seed, horizon=6, log=True).log
    place = {"vote.no_": 0, "vote.none_": 1, "vote.yes_": 2, "vote.never_": 3}
    numbers = np.array([place.get(name, -1) for name in log.names])[log.happening]
    assert (log.trajectory[numbers >= 0] == np.arange(n)).all()
    return numbers[numbers >= 0]


def test_outcome_shares_and_odds_ratios():
    """Outcome k has p_k = share_k·Πfactors_k/Σ: declared shares at the reference, odds ratios away from it.

    So (0.3, 0.2, 0.5), and (0.9, 0.2, 0.5·2^1.5)/Σ when tense (×3) and 15 points up (×2 each 10).
    χ²; false alarm 1e-4 in all. The odds of `no_` against `none_` rise by the factor 3 and nothing else.
    """
    n = 40_000
    at_reference = chosen(CHOICE.format(mood="calm", anger=50), n=n, seed=19)
    assert_law(at_reference, [0.3, 0.2, 0.5], 3)
    weights = np.array([0.9, 0.2, 0.5 * 2**1.5])
    pressed = chosen(CHOICE.format(mood="tense", anger=65), n=n, seed=20)
    assert_law(pressed, weights / weights.sum(), 3)
    against = pressed[pressed < 2]
    assert_share((against == 0).sum(), len(against), 0.9 / 1.1, 3)


def test_odds_ratio_moves_choices_only_to_its_outcome():
    """Under one seed, trebling the weight of `no_` moves votes to it and none between the others. Exact."""
    before = chosen(CHOICE.format(mood="calm", anger=50), n=20_000, seed=21)
    after = chosen(CHOICE.format(mood="tense", anger=50), n=20_000, seed=21)
    moved = before != after
    assert moved.sum() > 3000
    assert (after[moved] == 0).all()


def test_chance_of_effects_and_delays():
    """`varies: ×2` is lognormal, median 1 and 90 % within a factor 2 either way, on amounts and delays.

    `chance: 60 %` is a coin. KS, binomial; false alarm 1e-4 in all. Legal clocks are exact.
    """
    text = """
stocks: {damage: {start: 0}, hits: {start: 0}, legal: {start: 0}}
occasions:
  raid:
    dates: [2024-12-02T06:00]
    effects:
      - {stock: damage, add: 10, varies: ×2}
      - {stock: hits, add: 1, chance: 60 %}
      - {raise: reply, after: {value: 10 d, varies: ×2}}
      - {start: term}
moments: {reply: {listed: true}}
timers: {term: {delay: 3 d, whole_days: true, listed: true}}
"""
    n = 20_000
    ensemble = run(text, n=n, seed=22, horizon=200, final=("damage", "hits"))
    law = stats.lognorm(math.log(2) / Z90, scale=10)
    assert law.cdf([5, 10, 20]) == pytest.approx([0.05, 0.5, 0.95])
    delays = first_times(ensemble, "reply") - 1.25
    assert_follows(ensemble.final["damage"], law.cdf, 4)
    assert_follows(delays, law.cdf, 4)
    assert_share(int(ensemble.final["hits"].sum()), n, 0.6, 4)
    u, v = (stats.norm.ppf(law.cdf(values)) for values in (ensemble.final["damage"], delays))
    assert abs((u * v).mean()) * math.sqrt(n) < stats.norm.isf(FALSE_ALARM / 8)
    assert (first_times(ensemble, "term") == 5.0).all()


# --- ignorance ----------------------------------------------------------------------------------------------

PRIORS = """
crisis: priors
as_of: 2024-11-30
record_from: 2024-01-01
horizon: 30 d
claims: {C1: {asserted_by: x, content: y}, C2: {asserted_by: x, content: y}}
parameters:
  between: {value: between 20 and 60 (90 %)}
  between_signs: {value: between -5 and 15 (90 %)}
  factor: {value: 3 ±×2}
  factor_beside: {value: 3, spread: ×2}
  amount: {value: 50 ± 10}
  amount_beside: {value: 50, spread: ± 10}
  uniform: {kind: uniform, numbers: [2, 5]}
  triangular: {kind: triangular, numbers: [2, 3, 7]}
  gamma: {kind: gamma, numbers: [2.5, 4]}
  clamped: {kind: normal, numbers: [50, 10], lower: 45, upper: 65}
  clamped_too: {value: 50 ± 10, lower: 45, upper: 65}
hidden:
  met: {prior: between 10 and 40 % (90 %), likelihood_ratios: {C1: 3, C2: {value: 0.7, spread: ×2}}}
  paid: {prior: 30 %, likelihood_ratios: {C1: 3}}
stocks: {level: {start: 0, flow: 2 ± 1 per day}}
memories: {trace: {half_life: 30 d ±×1.3}}
timers: {wait: {delay: between 10 and 30 d (90 %), varies: {value: ×2, spread: ×1.2}}}
clocks:
  plain: {rate: {value: 2 per year, spread: ×2}}
  by_chance: {rate: 30 % within 14 d ±×2}
  often: {rate: between 1 and 4 per year (90 %)}
  in_mean: {rate: {mean_rate: 2 per year, spread: ×2, from: 2024-01-01, to: 2024-11-30}}
  thrice: {rate: {counted: 3, from: 2024-01-01, to: 2024-11-30}}
  vote:
    rate: 1 per day
    factors: [{while: happened(vote), times: ×2 ±×1.5}]
    outcomes:
      a: {share: between 20 and 60 % (90 %)}
      b: {share: 10 % ± 5 %}
      c: {share: 5 % ±×2}
      d: {share: counted 2 of 30}
      e: {}
"""


def lognormal(median: float, factor: float) -> stats.rv_continuous:
    return stats.lognorm(math.log(factor) / Z90, scale=median)


def normal(mean: float, half_range: float) -> stats.rv_continuous:
    return stats.norm(mean, half_range / Z90)


class LogitNormal:
    """A probability whose log-odds are normal, by its 5 % and 95 % quantiles."""

    def __init__(self, low: float, high: float) -> None:
        a, b = special.logit(low), special.logit(high)
        self.law = stats.norm((a + b) / 2, (b - a) / 2 / Z90)

    def cdf(self, p: np.ndarray) -> np.ndarray:
        """Distribution function."""
        return self.law.cdf(special.logit(p))

    def ppf(self, q: np.ndarray) -> np.ndarray:
        """Quantiles."""
        return special.expit(self.law.ppf(q))


YEAR = 365.25
HAZARD = -math.log(0.7) / 14
LAWS = {
    "between": (lognormal(math.sqrt(1200), math.sqrt(3)), {0.05: 20, 0.95: 60}),
    "between_signs": (normal(5, 10), {0.05: -5, 0.95: 15}),
    "factor": (lognormal(3, 2), {0.05: 1.5, 0.5: 3, 0.95: 6}),
    "factor_beside": (lognormal(3, 2), {0.05: 1.5, 0.5: 3, 0.95: 6}),
    "amount": (normal(50, 10), {0.05: 40, 0.5: 50, 0.95: 60}),
    "amount_beside": (normal(50, 10), {0.05: 40, 0.5: 50, 0.95: 60}),
    "uniform": (stats.uniform(2, 3), {0.05: 2.15, 0.5: 3.5}),
    "triangular": (stats.triang(0.2, 2, 5), {0.2: 3}),
    "gamma": (stats.gamma(2.5, scale=4 / 2.5), {}),
    "stocks.level.flow": (normal(2, 1), {0.05: 1, 0.5: 2, 0.95: 3}),
    "memories.trace.half_life": (lognormal(30, 1.3), {0.05: 30 / 1.3, 0.5: 30, 0.95: 39}),
    "timers.wait.delay": (lognormal(math.sqrt(300), math.sqrt(3)), {0.05: 10, 0.95: 30}),
    "timers.wait.varies": (lognormal(2, 1.2), {0.05: 2 / 1.2, 0.5: 2, 0.95: 2.4}),
    "clocks.plain.rate": (lognormal(2 / YEAR, 2), {0.05: 1 / YEAR, 0.5: 2 / YEAR, 0.95: 4 / YEAR}),
    "clocks.by_chance.rate": (lognormal(HAZARD, 2), {0.05: HAZARD / 2, 0.5: HAZARD, 0.95: 2 * HAZARD}),
    "clocks.often.rate": (lognormal(2 / YEAR, 2), {0.05: 1 / YEAR, 0.95: 4 / YEAR}),
    "clocks.in_mean.rate": (lognormal(2 / YEAR, 2), {0.05: 1 / YEAR, 0.5: 2 / YEAR, 0.95: 4 / YEAR}),
    "clocks.thrice.rate": (stats.gamma(3.5, scale=1 / 335), {}),
    "clocks.vote.factors.0.times": (lognormal(2, 1.5), {0.05: 2 / 1.5, 0.5: 2, 0.95: 3}),
    "clocks.vote.outcomes.a.share": (LogitNormal(0.2, 0.6), {0.05: 0.2, 0.95: 0.6}),
    "clocks.vote.outcomes.b.share": (normal(0.1, 0.05), {0.05: 0.05, 0.5: 0.1, 0.95: 0.15}),
    "clocks.vote.outcomes.c.share": (lognormal(0.05, 2), {0.05: 0.025, 0.5: 0.05, 0.95: 0.1}),
    "clocks.vote.outcomes.d.share": (stats.beta(2.5, 28.5), {}),
    "hidden.met.prior": (LogitNormal(0.1, 0.4), {0.05: 0.1, 0.95: 0.4}),
    "hidden.met.likelihood_ratios.C2": (lognormal(0.7, 2), {0.05: 0.35, 0.5: 0.7, 0.95: 1.4}),
    "hidden.met.drawn": (stats.uniform(), {}),
}
"""The law of every uncertain number of `PRIORS`, written independently, and the quantiles that are declared."""

SPECIAL = ("clamped", "clamped_too", "hidden.paid.prior")


@pytest.fixture(scope="module")
def drawn():
    return as_of_state(loads(PRIORS), seed=23, n_draws=20_000)


def test_every_spread_is_looked_at(drawn):
    """No number of the file above that has a spread is left out of `LAWS`. Exact."""
    uncertain = {name for name, values in drawn.parameters.items() if np.ptp(values) > 0}
    assert uncertain == {*LAWS, *SPECIAL}


@pytest.mark.parametrize("name", LAWS)
def test_priors_have_the_declared_quantiles(drawn, name):
    """A `between`, ×, ± or counted number has the quantiles that are written, and the whole law of its kind.

    Binomial counts below the declared quantiles, the 5 %, 50 % and 95 % quantiles of the law, and KS, in
    20,000 draws; false alarm 1e-4 per number. The σ of ×2 is ln 2/1.645, the sd of ± 10 is 10/1.645;
    counted 2 of 30 is Beta(2.5, 28.5) and a count of 3 Gamma(3.5)/335 d (Jeffreys' priors).
    """
    law, declared = LAWS[name]
    values = drawn.parameters[name]
    for level, bound in declared.items():
        assert law.cdf(bound) == pytest.approx(level, abs=1e-9)
        assert_share((values < bound).sum(), len(values), level, 7)
    for level in (0.05, 0.5, 0.95):
        assert_share((values < law.ppf(level)).sum(), len(values), level, 7)
    assert_follows(values, law.cdf, 7)


def test_priors_are_independent(drawn):
    """Ranks of any two numbers are uncorrelated: r·√n ~ N(0, 1). False alarm 1e-4 over all pairs."""
    scores = np.array([stats.norm.ppf(law.cdf(drawn.parameters[name])) for name, (law, _) in LAWS.items()])
    correlation = np.corrcoef(scores)[np.triu_indices(len(LAWS), 1)]
    limit = stats.norm.isf(FALSE_ALARM / 2 / len(correlation))
    assert np.abs(correlation).max() * math.sqrt(scores.shape[1]) < limit


@pytest.mark.parametrize(("name", "sd"), [("clamped", 10), ("clamped_too", 10 / Z90)])
def test_clamped_prior(drawn, name, sd):
    """What a normal number holds beyond its bounds lies on them: Φ(−5/sd) below, Φ(−15/sd) above.

    Binomial; false alarm 1e-4 in all.
    """
    values, law = drawn.parameters[name], stats.norm(50, sd)
    assert (values.min(), values.max()) == (45.0, 65.0)
    assert_share((values == 45).sum(), len(values), law.cdf(45), 2)
    assert_share((values == 65).sum(), len(values), law.sf(65), 2)


def test_unobserved_facts(drawn):
    """P(yes) = w/(w + 1 − π), w = π·Πratios: 0.9/1.6 for odds 3:7 times 3; its mean over uncertain ones.

    The mean over a logit-normal prior and a lognormal ratio is that over their log-odds, which add: one
    normal of variance s² + (ln 2/1.645)². Binomial; false alarm 1e-4 in all.
    """
    n = drawn.n_draws
    assert_share(int(drawn.value(Name("paid")).sum()), n, 0.9 / 1.6, 2)
    prior = LogitNormal(0.1, 0.4).law
    log_odds = stats.norm(
        prior.mean() + math.log(3) + math.log(0.7), math.hypot(prior.std(), math.log(2) / Z90)
    )
    expected = log_odds.expect(special.expit)
    assert_share(int(drawn.value(Name("met")).sum()), n, expected, 2)


RECORD = """
crisis: record
as_of: 2024-11-30
record_from: 2023-10-01
horizon: 60 d
stages: {{door: {{values: [open, shut]}}, mood: {{values: [calm, hot]}}}}
occasions:
  shut: {{dates: [2024-03-01], effects: [{{stage: door, becomes: shut}}]}}
  open: {{dates: [2024-06-09], effects: [{{stage: door, becomes: open}}]}}
  heat: {{dates: [2024-10-12T12:00], effects: [{{stage: mood, becomes: hot}}]}}
stocks: {{N: {{start: 0}}}}
clocks:
  a:
    rate: {{{rate}, from: 2024-01-01, to: 2024-11-30}}
    only_while: not door == shut
    factors: [{{while: mood == hot, times: {times}}}]
    effects: [{{stock: N, add: 1}}]
"""
# Of the 335 days of the window the door is shut for 100; in the last 49.5 the mood is hot.


@pytest.mark.parametrize("count", [0, 3])
def test_counted_rate_is_gamma_over_exposure(count):
    """Base rate ~ Gamma(N + ½)/X, X = ∫guard·Πfactors dt = 235 − 49.5 + 49.5·2 = 284.5 d (Jeffreys' prior).

    Counts of the next 60 d, at twice the base rate, are negative binomial: r = N + ½, p = X/(X + 120). KS,
    χ²; false alarm 1e-4 in all.
    """
    crisis = loads(RECORD.format(rate=f"counted: {count}", times="×2"))
    n, exposure = 20_000, 235 + 49.5
    rates = as_of_state(crisis, seed=24, n_draws=n).parameters["clocks.a.rate"]
    assert_follows(rates * exposure, stats.gamma(count + 0.5).cdf, 2)
    ensemble = simulate(crisis, trajectories=n, replicates=1, seed=24, threads=1, budget=BUDGET, final=("N",))
    law = stats.nbinom(count + 0.5, exposure / (exposure + 120))
    assert_law(ensemble.final["N"], law.pmf(np.arange(60)), 2)


def test_exposure_is_that_of_each_draw():
    """With an uncertain factor f the exposure is X_d = 185.5 + 49.5·f_d; rate·X_d ~ Gamma(3.5) for any f.

    KS, r·√n; false alarm 1e-4 in all.
    """
    crisis = loads(RECORD.format(rate="counted: 3", times="×2 ±×3"))
    drawn = as_of_state(crisis, seed=25, n_draws=20_000).parameters
    factor = drawn["clocks.a.factors.0.times"]
    expected = stats.gamma(3.5).cdf(drawn["clocks.a.rate"] * (185.5 + 49.5 * factor))
    assert_follows(expected, stats.uniform.cdf, 2)
    correlation = np.corrcoef(stats.norm.ppf(expected), np.log(factor))[0, 1]
    assert abs(correlation) * math.sqrt(20_000) < stats.norm.isf(FALSE_ALARM / 4)


def test_mean_rate_gives_its_count_in_replay():
    """base·X = mean rate·window: 2 per year over 335 days and X = 284.5 d. Exact without a spread."""
    crisis = loads(RECORD.format(rate="mean_rate: 2 per year", times="×2"))
    base = as_of_state(crisis, seed=1, n_draws=2).parameters["clocks.a.rate"]
    assert base == pytest.approx(2 / YEAR * 335 / 284.5, rel=1e-12)


# --- the two-level estimator --------------------------------------------------------------------------------

KNOWN = """
crisis: known_spread
as_of: 2024-11-30
horizon: 60 d
clocks: {{a: {{rate: {rate}}}, b: {{rate: {other}}}}}
questions:
  Q: {{text: Does a happen?, yes_if: first a, closes: 2025-01-29}}
  R: {{text: And given b?, yes_if: first a, given: happened(b) at close, closes: 2025-01-29}}
"""
SIGMA = math.log(3) / Z90


def over_lognormal(function: Callable[[float], float]) -> float:
    """The mean of a function of a rate that is lognormal, median 0.01 per day and 90 % within a factor 3."""
    return integrate.quad(
        lambda z: function(0.01 * math.exp(SIGMA * z)) * stats.norm.pdf(z), -9, 9, epsabs=1e-12
    )[0]


@pytest.fixture(scope="module")
def known_answers():
    """Answers of 1,000 seeds, 200 draws of 4 replicates each; their probability and spread are known."""
    crisis = loads(KNOWN.format(rate="{value: 0.01 per day, spread: ×3}", other="0.02 per day"))
    return [
        forecast(crisis, trajectories=800, replicates=4, seed=seed, threads=1).answers
        for seed in range(1000, 2000)
    ]


P = over_lognormal(lambda rate: -math.expm1(-60 * rate))
TAU2 = over_lognormal(lambda rate: math.expm1(-60 * rate) ** 2) - P**2


def assert_covers(answers: Sequence, truth: float, comparisons: int) -> None:
    """p̄ lies within ±1 and ±1.645 errors of the truth as often as a Student's t of 199 degrees."""
    z = np.array([(answer.probability - truth) / answer.mc_error for answer in answers])
    for width in (1.0, Z90):
        nominal = 1 - 2 * stats.t(199).sf(width)
        assert_share((np.abs(z) <= width).sum(), len(z), nominal, comparisons)


@pytest.mark.parametrize("question", ["Q", "R"])
def test_error_covers_at_its_nominal_rate(known_answers, question):
    """Of p = E[1 − e^(−60λ)], λ lognormal, p̄ lies within ± in 68 %, within 1.645 ± in 90 % of 1,000 seeds.

    R asks the same given an independent clock b, which holds in 70 % of futures, so that draws count
    unequally. The mean over seeds is p (z). Binomial; false alarm 1e-4 in all.
    """
    answers = [found[question] for found in known_answers]
    assert_mean(np.array([answer.probability for answer in answers]), P, 3)
    assert_covers(answers, P, 3)


def test_spread_is_unbiased(known_answers):
    """The mean of τ̂² over seeds is τ² = Var[1 − e^(−60λ)], though means of 4 replicates vary much more.

    It is above 0 under every seed, so that none was clipped. z; false alarm 1e-4.
    """
    assert all(found["Q"].spread > 0 for found in known_answers)
    assert_mean(np.array([found["Q"].spread for found in known_answers]) ** 2, TAU2)


def test_range_holds_nine_in_ten_draws():
    """[low, high] of 1,250 draws × 8 holds 90 % of the law of p_d = 1 − e^(−60λ), on average over 40 seeds.

    The ends come from a Beta law with the mean and variance of p_d, which is not quite theirs: exactly
    known p and τ² would give a range that holds 90.6 %, and that is what the mean must be. z; false alarm
    1e-4.
    """

    def held(low: float, high: float) -> float:
        rates = -np.log1p(-np.array([low, high])) / 60
        return float(np.diff(stats.norm.cdf(np.log(rates / 0.01) / SIGMA))[0])

    both = P * (1 - P) / TAU2 - 1
    ideal = held(*stats.beta(P * both, (1 - P) * both).ppf([0.05, 0.95]))
    assert ideal == pytest.approx(0.90, abs=0.01)
    crisis = loads(KNOWN.format(rate="{value: 0.01 per day, spread: ×3}", other="0.02 per day"))
    answers = [
        forecast(crisis, trajectories=10_000, replicates=8, seed=seed, threads=1).answers["Q"]
        for seed in range(40)
    ]
    assert_mean(np.array([held(answer.low, answer.high) for answer in answers]), ideal)


def test_error_without_spread_is_binomial():
    """With nothing unknown, p = 1 − e^−0.6, the error is √(p(1 − p)/n) and covers as nominal.

    Binomial, z; false alarm 1e-4 in all.
    """
    crisis = loads(KNOWN.format(rate="0.01 per day", other="0.02 per day"))
    answers = [
        forecast(crisis, trajectories=800, replicates=4, seed=seed, threads=1).answers["Q"]
        for seed in range(3000, 3400)
    ]
    p = -math.expm1(-0.6)
    assert_covers(answers, p, 3)
    assert_mean(np.array([answer.mc_error for answer in answers]) ** 2, p * (1 - p) / 800, 3)
