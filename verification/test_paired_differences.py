"""Paired differences and the two verbs, against exact answers and against runs repeated on other seeds.

Seeds are fixed. The false-alarm rate that a new seed would have stands in each docstring.
"""

import math

import numpy as np
import pytest
from scipy import stats

from detente.analysis.comparing import compare
from detente.analysis.given import given, intervene
from detente.crisisfile import loads
from detente.scenario import Change, Scenario

HEAD = "as_of: 2024-11-30\nhorizon: 100 d\nsource: judgement\nbecause: exact answer known\n"

UNCERTAIN = loads(
    f"crisis: uncertain\n{HEAD}"
    """
actions:
  a: {rate: {value: 0.01 per day, spread: ×3}, listed: true}
  b: {rate: {value: 0.002 per day, spread: ×2}, listed: true, factors: [{while: happened(a), times: ×4}]}
questions:
  A: {text: a, yes_if: first a, closes: 2025-03-10}
  B: {text: b, yes_if: first b, closes: 2025-03-10}
"""
)

CONFOUNDED = loads(
    f"crisis: confounded\n{HEAD}"
    """
hidden: {storm: {prior: 50 %}}
actions:
  x: {rate: 0.002 per day, at_most: 1, listed: true, factors: [{while: storm == yes, times: ×10}]}
  y: {rate: 0.001 per day, listed: true, factors: [{while: storm == yes, times: ×10}]}
questions: {Y: {text: y, yes_if: first y, closes: 2025-03-10}}
"""
)
"""x does nothing to y; a hidden fact makes both ten times as frequent."""


def test_the_paired_error_is_the_spread_of_repeated_runs():
    """40 independent seeds: the standard deviation of the differences over the error that each run states.

    Under the null the square of the ratio is χ²₃₉/39; the interval below is its 99.9 % interval. False alarms:
    0.1 % for each of the two questions.
    """
    scenario = Scenario("more", changes=(Change("rate", "a", "times", 1.5),))
    found = [
        compare(UNCERTAIN, scenario, trajectories=1600, seed=seed, threads=1)["more"] for seed in range(40)
    ]
    low, high = stats.chi2.ppf([0.0005, 0.9995], 39) / 39
    for question in ("A", "B"):
        differences = [each[question].difference for each in found]
        stated = np.mean([each[question].error ** 2 for each in found])
        assert low < np.var(differences, ddof=1) / stated < high


def test_the_variance_ratio_is_that_of_independent_runs():
    """The same 40 runs, paired across seeds instead of within: how many times their variance is the paired one.

    The log of a ratio of two such variances has a standard deviation of about √(2·2/39) = 0.32; allowed are 3.3 of
    them. False alarms: 0.1 % for each of the two questions.
    """
    scenario = Scenario("more", changes=(Change("rate", "a", "times", 1.5),))
    found = [
        compare(UNCERTAIN, scenario, trajectories=1600, seed=100 + seed, threads=1)["more"]
        for seed in range(40)
    ]
    for question in ("A", "B"):
        each = [one[question] for one in found]
        apart = [each[k].scenario - each[(k + 1) % 40].baseline for k in range(40)]
        observed = np.var(apart, ddof=1) / np.var([one.difference for one in each], ddof=1)
        stated = np.mean([one.variance_ratio for one in each])
        assert abs(math.log(observed / stated)) < 3.3 * 0.32
        assert stated > 2.0


def test_the_difference_is_exact_for_one_clock():
    """P(a within 100 d) at a rate of 0.01 and of 0.02 per day, both known: e⁻¹ − e⁻².

    The z of the difference and of each probability; allowed are 3.5. False alarms: 0.05 % for each of the three.
    """
    crisis = loads(
        f"crisis: one\n{HEAD}actions: {{a: {{rate: 0.01 per day}}}}\n"
        "questions: {A: {text: a, yes_if: first a, closes: 2025-03-10}}"
    )
    scenario = Scenario("twice", changes=(Change("rate", "a", "times", 2),))
    found = compare(crisis, scenario, trajectories=20_000, seed=1, threads=1)["twice"]["A"]
    assert abs(found.difference - (math.exp(-1) - math.exp(-2))) < 3.5 * found.error
    one_run = math.sqrt(0.25 / 20_000)
    assert abs(found.baseline - (1 - math.exp(-1))) < 3.5 * one_run
    assert abs(found.scenario - (1 - math.exp(-2))) < 3.5 * one_run
    assert found.to_no == 0


@pytest.fixture(scope="module")
def exact():
    """P(y by 100 d | x by 50 d), and P(y by 100 d), in the confounded crisis, in closed form."""
    p_y = {u: 1 - math.exp(-0.001 * (10 if u else 1) * 100) for u in (0, 1)}
    p_x = {u: 1 - math.exp(-0.002 * (10 if u else 1) * 50) for u in (0, 1)}
    among = sum(p_x[u] * p_y[u] for u in (0, 1)) / sum(p_x.values())
    return among, sum(p_y.values()) / 2


def test_conditioning_finds_what_goes_together(exact):
    """The closed form, within 3.5 errors. False alarms: 0.05 %."""
    found = given(CONFOUNDED, "x by 2025-01-19", trajectories=20_000, seed=2, threads=1)["Y"]
    among, alone = exact
    assert abs(found.among_chosen.probability - among) < 3.5 * found.among_chosen.mc_error
    assert abs(found.difference - (among - alone)) < 3.5 * found.error
    assert found.difference > 0.1


def test_intervening_finds_that_it_does_nothing(exact):
    """x has no effect on y: not one future flips. False alarms: none; the draws of y are shared."""
    found = intervene(CONFOUNDED, "x", at="2025-01-10", trajectories=20_000, seed=2, threads=1)["intervene"][
        "Y"
    ]
    assert found.same
    assert abs(found.baseline - exact[1]) < 3.5 * math.sqrt(0.25 / 20_000 * 8)


def test_intervening_finds_what_it_does():
    """Where x makes y four times as frequent from its date on, known rates: 1 − e^(−r(40 + 4·60)) less 1 − e^(−100r).

    Within 3.5 errors. False alarms: 0.05 %.
    """
    crisis = loads(
        f"crisis: made\n{HEAD}moments: {{x: {{}}}}\n"
        "actions: {y: {rate: 0.004 per day, factors: [{while: happened(x), times: ×4}]}}\n"
        "questions: {Y: {text: y, yes_if: first y, closes: 2025-03-10}}"
    )
    found = intervene(crisis, "x", at="2025-01-10", trajectories=20_000, seed=3, threads=1)["intervene"]["Y"]
    expected = math.exp(-0.004 * 100) - math.exp(-0.004 * (40 + 4 * 60))
    assert abs(found.difference - expected) < 3.5 * found.error
