"""exp, log, the normal quantile and the mixer: right, and the same in plain Python and compiled."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from scipy import special

from detente.engine.arithmetic import (
    exp,
    log,
    mix,
    mix_plain,
    normal_quantile,
    scale_by_power,
    split_power,
)

RNG = np.random.default_rng(20241130)


def over_array(function):
    """A compiled loop over an array, which the compiler may vectorise."""

    @njit(error_model="numpy")
    def loop(values):
        results = np.empty_like(values)
        for index in range(len(values)):
            results[index] = function(values[index])
        return results

    return loop


EXPONENTS = np.concatenate(
    [RNG.uniform(-700, 700, 4000), RNG.normal(0, 1, 4000), RNG.normal(0, 1e-6, 500), [0.0, 1.0]]
)
POSITIVE = np.concatenate(
    [
        np.exp(RNG.uniform(-690, 700, 4000)),
        RNG.uniform(0.5, 2, 4000),
        1.0 + RNG.normal(0, 1e-9, 500),
        [1.0, 0.5, 2.0],
    ]
)
UNIFORM = np.concatenate([RNG.uniform(0, 1, 4000), 10.0 ** RNG.uniform(-300, -1, 2000), [0.075, 0.925, 0.5]])


class TestAccuracy:
    def test_exp(self):
        got = np.array([exp(x) for x in EXPONENTS])
        want = np.array([math.exp(x) for x in EXPONENTS])
        assert np.abs(got / want - 1).max() < 1e-15

    def test_log(self):
        got = np.array([log(x) for x in POSITIVE])
        want = np.array([math.log(x) for x in POSITIVE])
        assert (np.abs(got - want) < 1e-15 * np.maximum(1, np.abs(want))).all()

    def test_normal_quantile(self):
        """Against scipy's, which is itself good to a few units in the last place."""
        got = np.array([normal_quantile(u) for u in UNIFORM])
        want = special.ndtri(UNIFORM)
        assert (np.abs(got - want) <= 3e-15 * np.maximum(1.0, np.abs(want))).all()
        assert normal_quantile(0.5) == 0.0
        assert normal_quantile(0.95) == pytest.approx(1.6448536269514722, rel=1e-15)

    def test_known_values(self):
        assert (exp(0.0), log(1.0)) == (1.0, 0.0)
        assert exp(1.0) == pytest.approx(math.e, rel=1e-15)
        assert log(10.0) == pytest.approx(2.302585092994046, rel=1e-15)

    def test_beyond_the_range(self):
        """Clamped, so that no intensity becomes infinite by a wild exponent."""
        assert exp(1e9) == exp(700.0) == pytest.approx(math.exp(700), rel=1e-15)
        assert exp(-1e9) == exp(-700.0) > 0.0
        assert log(0.0) == log(-5.0) == log(1e-300) == pytest.approx(math.log(1e-300), rel=1e-15)

    @given(st.floats(1e-300, 1e300))
    def test_powers_of_two(self, x):
        mantissa, exponent = split_power(x)
        assert 0.5 <= mantissa < 1.0
        assert scale_by_power(mantissa, exponent) == x

    @given(st.floats(-300, 300), st.floats(-300, 300))
    def test_exp_rises(self, x, y):
        assert (exp(x) <= exp(y)) or x > y

    @given(st.floats(1e-12, 0.5))
    def test_normal_quantile_is_odd(self, u):
        """Up to the rounding of 1 − u."""
        assert normal_quantile(1.0 - u) == pytest.approx(
            -normal_quantile(1.0 - (1.0 - u)), rel=1e-12, abs=1e-15
        )


class TestCompiled:
    """Equal to the last bit to plain Python, whatever the compiler does with the loop."""

    @pytest.mark.parametrize(
        ("function", "values"),
        [(exp, EXPONENTS), (log, POSITIVE), (normal_quantile, UNIFORM)],
        ids=["exp", "log", "normal_quantile"],
    )
    def test_bit_for_bit(self, function, values):
        loop = over_array(function)
        plain = np.array([float(function(float(value))) for value in values])
        np.testing.assert_array_equal(loop(values), plain)
        alone = np.array([loop(values[k : k + 1])[0] for k in range(0, len(values), 97)])
        np.testing.assert_array_equal(alone, plain[::97])

    def test_clamps_are_compiled_too(self):
        wild = np.array([1e9, -1e9, 700.0, -700.0, 0.0, -0.0])
        np.testing.assert_array_equal(over_array(exp)(wild), [float(exp(x)) for x in wild])
        low = np.array([0.0, -5.0, 1e-300, 1e-310])
        np.testing.assert_array_equal(over_array(log)(low), [float(log(x)) for x in low])


class TestMix:
    def test_known_words(self):
        """Published values of SplitMix64 for seed 1234567: this mixer over multiples of a constant."""
        seed, golden = 1234567, 0x9E3779B97F4A7C15
        first = [mix_plain((seed + k * golden) & (2**64 - 1)) for k in (1, 2, 3, 4, 5)]
        assert first == [
            6457827717110365317,
            3203168211198807973,
            9817491932198370423,
            4593380528125082431,
            16408922859458223821,
        ]

    def test_compiled(self):
        words = [0, 1, 2**64 - 1, *(int(word) for word in RNG.integers(0, 2**63, 500))]
        compiled = njit(lambda z: mix(z))
        assert [int(compiled(np.uint64(word))) for word in words] == [mix_plain(word) for word in words]

    @given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
    def test_one_to_one(self, a, b):
        assert (mix_plain(a) == mix_plain(b)) == (a == b)
