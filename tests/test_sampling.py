"""Draws of parameters have the declared quantiles and depend on seed, number and name alone."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from detente.engine.sampling import (
    divide_by_exposure,
    draw_parameters,
    evaluate,
    quantile,
    uniforms,
    with_unit_rates,
)
from detente.errors import ModelError
from detente.expressions import parse
from detente.model import Distribution, Parameter

N = 20_000
FALSE_ALARM = 1e-4
"""Every test of chance here would fail a perfect sampler with this probability; the seeds are fixed."""

SIGMA_2 = math.log(2) / 1.6448536269514722
"""Spread of the logarithm where 90 % lie within a factor 2 either way."""

LAWS = {
    "lognormal": ((3.0, 2.0), stats.lognorm(SIGMA_2, scale=3.0)),
    "normal": ((50.0, 6.0), stats.norm(50.0, 6.0)),
    "uniform": ((2.0, 5.0), stats.uniform(2.0, 3.0)),
    "triangular": ((1.0, 2.0, 6.0), stats.triang(0.2, 1.0, 5.0)),
    "beta": ((2.5, 1.5), stats.beta(2.5, 1.5)),
    "gamma": ((4.0, 0.2), stats.gamma(4.0, scale=0.05)),
    "counted": ((2.0,), stats.gamma(2.5)),
    "mean_rate": ((0.01, 2.0), stats.lognorm(SIGMA_2, scale=0.01)),
}


def parameter(kind, *numbers, name="p", **more):
    return Parameter(name, Distribution(kind, tuple(map(float, numbers)), **more))


def drawn(one, *, seed=1, n=N):
    return draw_parameters([one], seed, n)[one.name]


class TestQuantiles:
    @pytest.mark.parametrize("kind", LAWS)
    def test_every_law(self, kind):
        numbers, law = LAWS[kind]
        u = np.array([1e-9, 0.001, 0.05, 0.3, 0.5, 0.7, 0.95, 0.999, 1 - 1e-9])
        np.testing.assert_allclose(quantile(Distribution(kind, numbers), u), law.ppf(u), rtol=1e-9)

    @pytest.mark.parametrize("kind", LAWS)
    def test_draws_follow_the_law(self, kind):
        numbers, law = LAWS[kind]
        values = drawn(parameter(kind, *numbers), seed=3)
        assert stats.kstest(values, law.cdf).pvalue > FALSE_ALARM

    def test_factor_either_way(self):
        """`3 ±×2`: 5 % below 1.5, 5 % above 6."""
        ends = quantile(Distribution("lognormal", (3.0, 2.0)), np.array([0.05, 0.5, 0.95]))
        np.testing.assert_allclose(ends, [1.5, 3.0, 6.0], rtol=1e-12)

    def test_between_two_shares(self):
        """`between 10 % and 40 % (90 %)`: logit-normal with these quantiles, always a probability."""
        law = Distribution("logitnormal", (0.1, 0.4))
        np.testing.assert_allclose(quantile(law, np.array([0.05, 0.95])), [0.1, 0.4], rtol=1e-12)
        values = drawn(parameter("logitnormal", 0.1, 0.4))
        assert ((values > 0) & (values < 1)).all()
        logits = np.log(values / (1 - values))
        middle, spread = (
            (math.log(0.1 / 0.9) + math.log(0.4 / 0.6)) / 2,
            math.log((0.4 / 0.6) / (0.1 / 0.9)) / 2,
        )
        assert stats.kstest(logits, "norm", (middle, spread / 1.6448536269514722)).pvalue > FALSE_ALARM

    def test_fixed(self):
        assert set(drawn(parameter("fixed", 4.25))) == {4.25}

    @pytest.mark.parametrize("p", [0.0, 0.03, 0.5, 0.97, 1.0])
    def test_bernoulli(self, p):
        values = drawn(parameter("bernoulli", p))
        assert set(values) <= {0.0, 1.0}
        assert stats.binomtest(int(values.sum()), N, p).pvalue > FALSE_ALARM

    def test_triangular_with_the_mode_at_an_end(self):
        for mode in (1.0, 6.0):
            values = quantile(Distribution("triangular", (1.0, mode, 6.0)), np.array([0.05, 0.5, 0.95]))
            np.testing.assert_allclose(
                values, stats.triang((mode - 1) / 5, 1, 5).ppf([0.05, 0.5, 0.95]), rtol=1e-12
            )

    def test_bounds_clamp(self):
        values = drawn(parameter("normal", 0.0, 1.0, lower=-0.5, upper=1.0))
        assert (values.min(), values.max()) == (-0.5, 1.0)
        share = (values == -0.5).sum()
        assert stats.binomtest(int(share), N, stats.norm.cdf(-0.5)).pvalue > FALSE_ALARM


class TestStreams:
    def test_a_draw_depends_on_seed_number_and_name_only(self):
        one, two = parameter("lognormal", 3, 2, name="a.rate"), parameter("normal", 0, 1, name="b.share")
        alone, together = draw_parameters([one], 5, 50), draw_parameters([two, one], 5, 4000)
        np.testing.assert_array_equal(alone["a.rate"], together["a.rate"][:50])

    def test_names_and_seeds_are_independent(self):
        u, others = uniforms(5, "a", N), [uniforms(5, "b", N), uniforms(6, "a", N)]
        for other in others:
            cells = 16 * (u * 16).astype(int) + (other * 16).astype(int)
            assert stats.chisquare(np.bincount(cells, minlength=256)).pvalue > FALSE_ALARM

    def test_large_seeds(self):
        assert uniforms(2**64 - 1, "a", 3).tolist() != uniforms(0, "a", 3).tolist()


class TestExposure:
    COUNTED = parameter("counted", 2, name="strike.rate", clock="strike", start=-400, end=0)
    MEAN = parameter("mean_rate", 0.01, 2, name="raid.rate", clock="raid", start=-400, end=0)

    def test_counted_is_divided_by_the_exposure(self):
        """Jeffreys' Gamma(N + ½) over the exposure [day]."""
        values = draw_parameters([self.COUNTED], 1, N)
        rates = divide_by_exposure([self.COUNTED], values, {"strike.rate": np.full(N, 250.0)})["strike.rate"]
        assert stats.kstest(rates, stats.gamma(2.5, scale=1 / 250).cdf).pvalue > FALSE_ALARM

    def test_mean_rate_gives_the_stated_count(self):
        """Base rate times exposure is the mean rate times the window."""
        values = draw_parameters([self.MEAN], 1, 100)
        exposure = np.linspace(100, 900, 100)
        base = divide_by_exposure([self.MEAN], values, {"raid.rate": exposure})["raid.rate"]
        np.testing.assert_allclose(base * exposure, values["raid.rate"] * 400)

    def test_unit_rates_wait_for_their_exposure(self):
        other = parameter("normal", 3, 1, name="other")
        values = draw_parameters([self.COUNTED, self.MEAN, other], 1, 5)
        unit = with_unit_rates([self.COUNTED, self.MEAN, other], values)
        assert unit["strike.rate"].tolist() == unit["raid.rate"].tolist() == [1.0] * 5
        assert unit["other"] is values["other"]

    def test_never_exposed(self):
        values = draw_parameters([self.COUNTED], 1, 2)
        with pytest.raises(ModelError, match=r"strike\.rate: 'strike' was never possible in the window"):
            divide_by_exposure([self.COUNTED], values, {"strike.rate": np.array([3.0, 0.0])})


VALUES = {"a": np.array([1.5, -2.0, 0.0]), "b": np.array([2.0, 0.5, -1.0])}


class TestEvaluate:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a + 2 * b", [5.5, -1.0, -2.0]),
            ("-a - b", [-3.5, 1.5, 1.0]),
            ("a / b", [0.75, -4.0, 0.0]),
            ("a ^ 2", [2.25, 4.0, 0.0]),
            ("b ^ 3", [8.0, 0.125, 0.0]),
            ("b ^ 0", [1.0, 1.0, 1.0]),
            ("a > 1 and b > 1", [1.0, 0.0, 0.0]),
            ("a > 1 or b < 0", [1.0, 0.0, 1.0]),
            ("not a >= 0", [0.0, 1.0, 0.0]),
            ("a == 0", [0.0, 0.0, 1.0]),
            ("a != 0", [1.0, 1.0, 0.0]),
            ("a <= b", [1.0, 1.0, 0.0]),
            ("exp(a)", [math.exp(1.5), math.exp(-2), 1.0]),
            ("log(abs(b))", [math.log(2), math.log(0.5), 0.0]),
            ("sqrt(a)", [math.sqrt(1.5), 0.0, 0.0]),
        ],
    )
    def test_operators(self, text, expected):
        np.testing.assert_allclose(evaluate(parse(text), VALUES, 3), expected, rtol=1e-15)

    def test_division_by_zero_is_infinite(self):
        assert evaluate(parse("b / a"), VALUES, 3)[2] == -math.inf

    @settings(derandomize=True)
    @given(st.floats(0.01, 100), st.floats(-3, 3))
    def test_power(self, a, b):
        values = {"a": np.array([a]), "b": np.array([b])}
        assert evaluate(parse("a ^ b"), values, 1)[0] == pytest.approx(a**b, rel=1e-12)

    @pytest.mark.parametrize("text", ["since(strike)", "month", "level + 1", "until(2025-01-01)"])
    def test_the_state_is_refused(self, text):
        with pytest.raises(ModelError, match="depends on the state, where only parameters may stand"):
            evaluate(parse(text), VALUES, 3)
