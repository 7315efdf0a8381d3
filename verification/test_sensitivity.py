"""Given-data sensitivity against models whose indices are known.

Seeds are fixed. Unless a test says otherwise, a new seed would fail it by chance in less than one case of 1,000.
"""

import numpy as np
import pytest

from detente.analysis.sensitivity import given_data_indices

A, B = 7.0, 0.1


def ishigami(x):
    """Sine waves and an interaction; Ishigami and Homma (1990)."""
    return np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])


TOTAL = A**2 / 8 + B * np.pi**4 / 5 + B**2 * np.pi**8 / 18 + 0.5
FIRST = np.array([0.5 * (1 + B * np.pi**4 / 5) ** 2, A**2 / 8, 0.0]) / TOTAL
"""0.3139, 0.4424, 0."""


def cubic_shares(degree):
    """The part of each first-order index that polynomials of a degree in the rank hold, by quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    curves = (1 + B * np.pi**4 / 5) * np.sin(np.pi * nodes), A * np.sin(np.pi * nodes) ** 2, 0.0 * nodes
    found = []
    for curve in curves:
        coefficients = [
            (2 * k + 1) * (0.5 * weights @ (curve * np.polynomial.legendre.Legendre.basis(k)(nodes))) ** 2
            for k in range(1, degree + 1)
        ]
        found.append(sum(coefficients) / TOTAL)
    return np.array(found)


@pytest.mark.parametrize("degree", [3, 10])
def test_ishigami(degree):
    """Each index within four of its own errors plus 0.005, three inputs and three that do not matter."""
    rng = np.random.default_rng(1990)
    x = rng.uniform(-np.pi, np.pi, (20_000, 6))
    found = given_data_indices(x, ishigami(x)[:, None], degree=degree, permutations=5)
    known = np.append(cubic_shares(degree), np.zeros(3))
    assert (np.abs(found.index[:, 0] - known) < 4 * found.error[:, 0] + 0.005).all()
    if degree == 10:
        np.testing.assert_allclose(known[:3], FIRST, atol=2e-3)


def test_salib_agrees_on_ishigami():
    """Against random balance designs of SALib on the same points: two estimates of one number, within 0.05."""
    rbd_fast = pytest.importorskip("SALib.analyze.rbd_fast", reason="SALib is not installed")
    x = np.random.default_rng(3).uniform(-np.pi, np.pi, (5000, 3))
    y = ishigami(x)
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[-np.pi, np.pi]] * 3}
    theirs = np.array(rbd_fast.analyze(problem, x, y, M=10, seed=1)["S1"])
    ours = given_data_indices(x, y[:, None], degree=10, permutations=2).index[:, 0]
    np.testing.assert_allclose(ours, theirs, atol=0.05)


def two_level(rng, n_draws, replicates=8):
    """Answers of a linear probability 0.3 + 0.2·(u − ½) + 0.1·(v − ½): shares of the variance 0.8 and 0.2."""
    x = rng.random((n_draws, 4))
    p = 0.3 + 0.2 * (x[:, 0] - 0.5) + 0.1 * (x[:, 1] - 0.5)
    share = rng.binomial(replicates, p) / replicates
    return x, share[:, None], (share * (1 - share) / (replicates - 1))[:, None]


def test_shares_under_chance_are_unbiased_and_their_errors_right():
    """100 ensembles of 2,500 × 8, where chance is nine tenths of what the draw means vary by.

    The mean of each index within four standard errors (and 0.02, the bias of a ratio); the mean stated error
    between 0.75 and 1.35 of the real one, outside of which it would fall with probability 0.002.
    """
    found = [
        given_data_indices(*two_level(np.random.default_rng(s), 2500), permutations=2) for s in range(100)
    ]
    indices = np.array([each.index[:, 0] for each in found])
    errors = np.array([each.error[:, 0] for each in found])
    spread = indices.std(axis=0, ddof=1)
    assert (np.abs(indices.mean(axis=0) - [0.8, 0.2, 0, 0]) < 4 * spread / 10 + 0.02).all()
    ratio = np.sqrt((errors[:, :2] ** 2).mean(axis=0)) / spread[:2]
    assert ((ratio > 0.75) & (ratio < 1.35)).all()


def test_irrelevant_numbers_stay_below_the_threshold():
    """A null with 120 irrelevant inputs, 80 times: one or more pass the threshold in about a tenth of the studies.

    The number of alarms is then binomial (80, 0.1) or a little more for 200 permutations; it lies outside [1, 19]
    with probability 0.001. The mean index is 0, where that of plain bins would be 0.03 and more.
    """
    alarms, means = 0, []
    for seed in range(80):
        rng = np.random.default_rng([120, seed])
        hidden = rng.random((1000, 1))
        share = rng.binomial(8, 0.1 + 0.6 * hidden) / 8
        found = given_data_indices(rng.random((1000, 120)), share, share * (1 - share) / 7)
        alarms += bool(found.stands_out.any())
        means.append(found.index.mean())
    assert 1 <= alarms <= 19
    assert abs(np.mean(means)) < 4 * np.std(means) / np.sqrt(80)


def test_a_number_of_four_percent_is_found_with_a_thousand_draws():
    """Index 0.04 among 120 irrelevant ones, without chance: found in at least 36 of 40 studies of 1,000 draws.

    The real share found is above 0.98, so fewer than 36 would come with probability below 0.002.
    """
    found = 0
    for seed in range(40):
        rng = np.random.default_rng([4, seed])
        x = rng.random((1000, 121))
        y = np.sqrt(0.04) * (x[:, :1] - 0.5) + np.sqrt(0.96) * (rng.random((1000, 1)) - 0.5)
        found += bool(given_data_indices(x, y).stands_out[0, 0])
    assert found >= 36
