"""Two-level estimators against data of known spread. Seeds are fixed; false alarms are for a new one."""

import math

import numpy as np
import pytest
from scipy import special

from detente.estimating import (
    estimate,
    jackknife_error,
    range_over_draws,
    rule_of_three,
    shrunk_quantiles,
    spread_variance,
    standard_error,
    weighted_quantiles,
)

D, R = 1250, 8


def beta_draws(rng, mean, sd, size=D):
    both = mean * (1 - mean) / sd**2 - 1
    return rng.beta(mean * both, (1 - mean) * both, size)


def logit_normal(rng, median, sigma, size=D):
    return special.expit(special.logit(median) + sigma * rng.normal(size=size))


class TestFormulas:
    """With equal replicates the estimators are those of the textbook."""

    def test_standard_error_is_sd_of_draw_means_over_root_of_draws(self):
        yes = np.random.default_rng(1).binomial(R, 0.3, D).astype(float)
        assert standard_error(yes, np.full(D, 8.0)) == pytest.approx((yes / R).std(ddof=1) / math.sqrt(D))

    def test_spread_is_variance_of_draw_means_less_chance(self):
        yes = np.random.default_rng(2).binomial(R, 0.3, D).astype(float)
        share = yes / R
        by_hand = share.var(ddof=1) - (share * (1 - share)).mean() / (R - 1)
        assert spread_variance(yes, np.full(D, 8.0)) == pytest.approx(by_hand, rel=1e-9, abs=1e-15)

    def test_jackknife_is_the_literal_one(self):
        rng = np.random.default_rng(3)
        asked = rng.integers(0, 9, 60).astype(float)
        yes = rng.binomial(asked.astype(int), 0.4).astype(float)
        keep = [np.arange(60) != left for left in range(60) if asked[left] > 1]
        without = np.array([spread_variance(yes[k], asked[k]) for k in keep])
        n = len(without)
        by_hand = math.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
        assert jackknife_error(yes, asked) == pytest.approx(by_hand, rel=1e-9)

    def test_shrunk_quantiles_are_those_of_the_pulled_draw_means(self):
        yes = (
            np.random.default_rng(4).binomial(R, beta_draws(np.random.default_rng(5), 0.4, 0.2)).astype(float)
        )
        share, asked = yes / R, np.full(D, 8.0)
        tau2 = spread_variance(yes, asked)
        pulled = share.mean() + math.sqrt(tau2 / share.var(ddof=1)) * (share - share.mean())
        expected = np.clip(np.quantile(pulled, [0.05, 0.95]), 0, 1)
        assert shrunk_quantiles(yes, asked, tau2) == pytest.approx(tuple(expected), abs=1e-3)

    def test_weighted_quantiles_with_equal_weights_are_numpys(self):
        values = np.random.default_rng(6).normal(size=101)
        levels = [0.05, 0.31, 0.5, 0.95]
        found = weighted_quantiles(values, np.full(101, 2.5), levels)
        assert found == pytest.approx(np.quantile(values, levels))

    def test_a_draw_that_was_never_asked_changes_nothing(self):
        yes, asked = np.array([1.0, 3.0, 2.0, 5.0]), np.array([4.0, 6.0, 5.0, 7.0])
        more = estimate([*yes, 0.0], [*asked, 0.0])
        found = estimate(yes, asked)
        assert more.probability == found.probability
        assert more.spread == pytest.approx(found.spread, nan_ok=True)
        assert (more.low, more.high) == pytest.approx((found.low, found.high))


class TestUnbiased:
    """τ̂² is right on average: false alarm 6·10⁻⁵ each (four standard errors)."""

    @pytest.mark.parametrize(("mean", "sd"), [(0.3, 0.1), (0.5, 0.25), (0.05, 0.03), (0.9, 0.05)])
    def test_equal_replicates(self, mean, sd):
        rng = np.random.default_rng(11)
        found = [
            spread_variance(rng.binomial(R, beta_draws(rng, mean, sd, 400)).astype(float), np.full(400, 8.0))
            for _ in range(400)
        ]
        assert abs(np.mean(found) - sd**2) < 4 * np.std(found) / math.sqrt(len(found))

    def test_no_spread(self):
        rng = np.random.default_rng(12)
        found = [
            spread_variance(rng.binomial(R, 0.2, 400).astype(float), np.full(400, 8.0)) for _ in range(400)
        ]
        assert abs(np.mean(found)) < 4 * np.std(found) / math.sqrt(len(found))

    def test_unequal_numbers(self):
        rng = np.random.default_rng(13)
        found = []
        for _ in range(400):
            asked = rng.binomial(R, 0.3, 400)
            found.append(
                spread_variance(rng.binomial(asked, beta_draws(rng, 0.3, 0.15, 400)) * 1.0, asked * 1.0)
            )
        assert abs(np.mean(found) - 0.15**2) < 4 * np.std(found) / math.sqrt(len(found))


class TestCoverage:
    def test_monte_carlo_error_covers_the_truth(self):
        """±1.645 errors cover in 90 %: of 2,000 sets 1,743 to 1,852, limits at 10⁻⁴ either way."""
        rng = np.random.default_rng(21)
        covered = 0
        for _ in range(2000):
            yes = rng.binomial(R, beta_draws(rng, 0.3, 0.2, 300)).astype(float)
            covered += abs(yes.sum() / (300 * R) - 0.3) < 1.645 * standard_error(yes, np.full(300, 8.0))
        assert 1743 <= covered <= 1852

    def test_binomial_error_would_not(self):
        rng = np.random.default_rng(22)
        covered = 0
        for _ in range(500):
            p = rng.binomial(R, beta_draws(rng, 0.3, 0.2, 300)).sum() / (300 * R)
            covered += abs(p - 0.3) < 1.645 * math.sqrt(p * (1 - p) / (300 * R))
        assert covered < 420

    def test_error_of_a_ratio_covers_the_truth(self):
        """Given a condition that depends on the same draw; limits as above, one point wider for the ratio."""
        rng = np.random.default_rng(23)
        z = rng.normal(size=1_000_000)
        held, hit = special.expit(z - 1), special.expit(0.5 * z)
        truth = (held * hit).mean() / held.mean()
        covered = 0
        for _ in range(1000):
            z = rng.normal(size=400)
            asked = rng.binomial(R, special.expit(z - 1))
            yes = rng.binomial(asked, special.expit(0.5 * z)).astype(float)
            found = estimate(yes, asked)
            covered += abs(found.probability - truth) < 1.645 * found.error
        assert 855 <= covered <= 945

    @pytest.mark.parametrize(
        ("median", "sigma"), [(0.5, 1.0), (0.2, 0.8), (0.05, 0.8), (0.02, 1.0), (0.9, 0.8), (0.99, 1.0)]
    )
    def test_range_holds_nine_in_ten_draws(self, median, sigma):
        """Between 86 and 97 %: near 0 and 1 a Beta reaches further out than a logit-normal."""
        rng = np.random.default_rng(24)
        inside = []
        for _ in range(60):
            p = logit_normal(rng, median, sigma)
            found = estimate(rng.binomial(R, p), np.full(D, R))
            inside.append(((p >= found.low) & (p <= found.high)).mean())
        assert 0.86 <= np.mean(inside) <= 0.97

    def test_range_given_a_condition_is_of_the_draws_in_which_it_holds(self):
        rng = np.random.default_rng(25)
        z = rng.normal(size=4 * D)
        p, held = special.expit(z), special.expit(2 * z - 2)
        asked = rng.binomial(R, held)
        found = estimate(rng.binomial(asked, p), asked)
        exact = weighted_quantiles(p, held, [0.05, 0.95])
        assert (found.low, found.high) == pytest.approx(tuple(exact), abs=0.04)


class TestDetecting:
    def test_no_spread_is_seldom_seen(self):
        """One set in fifty by design; of 300 sets more than 18 have probability 10⁻⁴."""
        rng = np.random.default_rng(31)
        seen = sum(estimate(rng.binomial(R, 0.2, D), np.full(D, R)).spread_detectable for _ in range(300))
        assert seen <= 18

    def test_a_large_spread_is_always_seen(self):
        rng = np.random.default_rng(32)
        found = [estimate(rng.binomial(R, beta_draws(rng, 0.3, 0.1)), np.full(D, R)) for _ in range(50)]
        assert all(each.spread_detectable for each in found)
        assert np.mean([each.spread for each in found]) == pytest.approx(0.1, abs=0.005)

    def test_an_unseen_spread_leaves_the_widest_range_that_is_not_ruled_out(self):
        rng = np.random.default_rng(33)
        found = estimate(rng.binomial(R, 0.2, D), np.full(D, R))
        assert not found.spread_detectable
        assert found.low < found.probability < found.high
        assert found.high - found.low < 0.25


class TestEdges:
    @pytest.mark.parametrize(
        ("yes", "same", "low", "high"), [(0, "no", 0.0, 0.0024), (8, "yes", 0.9976, 1.0)]
    )
    def test_all_the_same_is_a_bound_not_a_certainty(self, yes, same, low, high):
        found = estimate([yes] * D, [R] * D)
        assert found.same == same
        assert found.error == pytest.approx(0.0024)
        assert (found.low, found.high) == pytest.approx((low, high))

    def test_rule_of_three_is_a_95_percent_bound(self):
        """With p = 3/D nothing is seen in e⁻³ = 5 % of sets; of 4,000 sets 150 to 252, limits at 10⁻⁴."""
        rng = np.random.default_rng(41)
        unseen = int((rng.binomial(D, rule_of_three(D), 4000) == 0).sum())
        assert 150 <= unseen <= 252

    def test_rule_of_three_never_exceeds_one(self):
        assert rule_of_three(2) == 1.0
        assert rule_of_three(0) == 1.0

    def test_one_draw_has_no_error(self):
        found = estimate([3], [8])
        assert found.probability == 0.375
        assert math.isnan(found.error)
        assert math.isnan(found.low)

    def test_one_replicate_has_no_range(self):
        found = estimate([0, 1, 1, 0], [1, 1, 1, 1])
        assert found.error > 0
        assert math.isnan(found.low)
        assert math.isnan(found.spread)

    def test_draws_that_disagree_about_the_answer(self):
        yes, asked = np.array([0.0, 8.0] * 500), np.full(1000, 8.0)
        assert range_over_draws(yes, asked, spread_variance(yes, asked)) == (0.0, 1.0)

    def test_rare_answers_keep_their_mean_inside(self):
        """Where the lattice of the draw means does not: its quantiles up to 95 % are one and the same."""
        rng = np.random.default_rng(42)
        yes = rng.binomial(4, logit_normal(rng, 0.005, 1.0)).astype(float)
        asked = np.full(D, 4.0)
        p, tau2 = yes.mean() / 4, 0.005**2
        low, high = range_over_draws(yes, asked, tau2)
        assert low < p < high
        assert shrunk_quantiles(yes, asked, tau2)[1] <= p
