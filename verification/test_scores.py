"""Scores against published constants and theory; the false-alarm rate of each check is stated and met."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from detente.scoring import (
    brier_score,
    calibration_curve,
    crps_curve,
    crps_ensemble,
    crps_exponential,
    crps_normal,
    crps_poisson,
    decompose,
    log_score,
    poisson_cdf,
    ranked_probability_score,
    uniformity_check,
)

FALSE_ALARM = 1e-4
"""Chance with which a correct program fails one of the random tests below; their seeds are fixed."""


# --- published constants (tests of scoringrules, frozen numbers) --------------------------------------------


def test_brier_constant():
    assert float(brier_score(0.271, 0)) == pytest.approx(0.073441, abs=1e-12)


def test_log_score_constant():
    assert float(log_score(0.481, 0)) == pytest.approx(0.6558514, abs=5e-8)


def test_ranked_probability_constant():
    """Category 3 of four, counted from one, is number 2 here."""
    assert float(ranked_probability_score([0.01, 0.32, 0.44, 0.23], 2)) == pytest.approx(0.1619, abs=1e-12)


def test_exponential_crps_constant():
    assert float(crps_exponential(0.7, 3.0)) == pytest.approx(1.20701837, abs=5e-9)


# --- theory -------------------------------------------------------------------------------------------------


def test_expected_crps_of_the_truth_is_half_the_mean_gap_of_two_draws():
    """E CRPS(F, Y) with Y from F is E|X − X'|/2: 1/√π for a standard normal, 1/(2λ) for an exponential."""
    quantiles = (np.arange(200_000) + 0.5) / 200_000
    normal = crps_normal(0, 1, stats.norm.ppf(quantiles)).mean()
    assert float(normal) == pytest.approx(1 / np.sqrt(np.pi), abs=1e-5)
    waits = crps_exponential(0.7, stats.expon.ppf(quantiles, scale=1 / 0.7)).mean()
    assert float(waits) == pytest.approx(0.5 / 0.7, abs=1e-4)
    y = np.arange(60.0)
    gap = np.abs(y[:, None] - y) * np.outer(stats.poisson.pmf(y, 3.3), stats.poisson.pmf(y, 3.3))
    expected = stats.poisson.pmf(y, 3.3) @ crps_poisson(3.3, y)
    assert float(expected) == pytest.approx(gap.sum() / 2, abs=1e-10)


def test_score_of_honest_forecasts():
    """Honest uniform probabilities have an expected Brier score of 1/6 and log score of 1/2."""
    n = 200_000
    rng = np.random.default_rng(7)
    p = rng.random(n)
    y = rng.random(n) < p
    limit = float(stats.norm.isf(FALSE_ALARM / 2))
    for score, expected in ((brier_score(p, y), 1 / 6), (log_score(p, y), 1 / 2)):
        assert abs(score.mean() - expected) < limit * score.std() / np.sqrt(n)


def test_decomposition_of_honest_forecasts():
    """Uniform honest probabilities: uncertainty 1/4, discrimination Var(p) = 1/12, miscalibration → 0."""
    rng = np.random.default_rng(11)
    p = rng.random(400_000)
    found = decompose(p, rng.random(p.size) < p)
    assert found.uncertainty == pytest.approx(1 / 4, abs=1e-4)
    assert found.discrimination == pytest.approx(1 / 12, abs=1e-3)
    assert found.miscalibration == pytest.approx(0, abs=1e-3)


def test_miscalibration_of_a_constant_shift():
    """Forecasts that are all too high by a tenth cost exactly its square, in expectation."""
    rng = np.random.default_rng(12)
    truth = rng.choice([0.1, 0.3, 0.5, 0.7], 400_000)
    found = decompose(truth + 0.1, rng.random(truth.size) < truth)
    assert found.miscalibration == pytest.approx(0.01, abs=1e-3)


def test_false_alarms_of_the_uniformity_check():
    """Of right laws, 5 % at most are called wrong at 5 % (the median over randomisations is conservative)."""
    alarms = []
    for seed in range(400):
        y = np.random.default_rng(seed).poisson(4.0, 40)
        found = uniformity_check(*poisson_cdf(4.0, y), randomisations=11)
        alarms.append((found.p_chi2 < 0.05, found.p_ks < 0.05))
    assert np.all(np.sum(alarms, axis=0) <= stats.binom.isf(FALSE_ALARM, 400, 0.05))


def test_power_of_the_uniformity_check_against_padding():
    """Counts called twice as wide as they are: coverage passes every time, the check hardly ever."""
    caught = covered = 0
    for seed in range(200):
        y = np.random.default_rng(seed).normal(size=40)
        u = stats.norm.cdf(y / 2.0)
        caught += uniformity_check(u, u, randomisations=1).p_chi2 < 0.05
        covered += np.mean(np.abs(y) < 1.645 * 2) >= 0.85
    assert covered == 200
    assert caught >= 195


def test_points_outside_the_consistency_band():
    """Pointwise level of the band over 200 sets of honest forecasts, questions independent."""
    p = np.repeat(np.linspace(0.1, 0.9, 9), 100)
    outside = []
    for seed in range(200):
        y = np.random.default_rng(seed).random(p.size) < p
        curve = calibration_curve(p, y, level=0.9, resamples=300, seed=seed + 10_000)
        outside.append(np.mean((curve.observed < curve.lower) | (curve.observed > curve.upper)))
    assert np.mean(outside) == pytest.approx(0.1, abs=0.025)


# --- CRPS of a time, from its curve -----------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [0.0, 0.4, 2.0, 3.3, 9.99, 10.0, 25.0, np.inf])
def test_crps_curve_is_its_integral(outcome):
    times, curve = np.array([0.0, 1.0, 3.0, 10.0]), np.array([0.0, 0.3, 0.3, 0.8])
    n = 2_000_000
    t = (np.arange(n) + 0.5) * 10.0 / n
    integral = np.square(np.interp(t, times, curve) - (outcome <= t)).mean() * 10.0
    assert float(crps_curve(times, curve, outcome)) == pytest.approx(integral, abs=1e-5)


def test_crps_curve_of_a_whole_law_is_its_crps():
    """Where the window holds all of the law, it is the ordinary CRPS: of the uniform law on (2, 6) here."""
    outcomes = np.array([0.0, 2.5, 4.0, 7.0])
    members = 2.0 + 4.0 * (np.arange(4000) + 0.5) / 4000
    expected = crps_ensemble(members, outcomes)
    times, curve = [0.0, 2.0, 6.0, 9.0], [0.0, 0.0, 1.0, 1.0]
    np.testing.assert_allclose(crps_curve(times, curve, outcomes), expected, atol=1e-4)


def test_crps_curve_constants():
    """twcrps_ensemble of scoringrules 0.10: 4,000 evenly spaced members on (2, 6), the weight on [0, 3]."""
    found = crps_curve([0.0, 2.0, 3.0], [0.0, 0.0, 0.25], [2.5, np.inf])
    np.testing.assert_allclose(found, [0.33333334375, 0.02083334375], atol=1e-7)


def test_crps_curve_is_proper_for_censored_times():
    """The mean score of an exponential time, seen for 30 days only, is least at its own rate; exact, no chance."""
    t = np.linspace(0.0, 30.0, 301)
    rate = 0.03
    u = (np.arange(20_000) + 0.5) / 20_000
    outcomes = -np.log1p(-u) / rate
    outcomes = np.where(outcomes <= 30.0, outcomes, np.inf)
    mean = {
        r: float(crps_curve(t, 1 - np.exp(-r * t), outcomes).mean()) for r in (0.02, 0.027, 0.03, 0.033, 0.05)
    }
    assert min(mean, key=mean.__getitem__) == rate
