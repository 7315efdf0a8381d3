"""Sobol indices of a crisis whose answer is known in closed form.

Two clocks with the rates a and b race to settle a question within T days: P = 1 − exp(−(a + b)·T). With levels u, v in
(0, 1) of two uniform rates the indices follow by quadrature.

Bounds are four times the half-width of the stated 95 % interval over 1.96: a false alarm in 16,000 per comparison, six
comparisons in all. The seed is fixed.
"""

import numpy as np
import pytest

from detente.analysis.sobol import sobol
from detente.crisisfile import loads
from detente.errors import ForecastError

pytest.importorskip("SALib")

DAYS = 100.0
HIGH_A, HIGH_B, HIGH_C = 0.02, 0.006, 0.002
CRISIS = f"""\
crisis: race
as_of: 2024-11-30
horizon: {DAYS:g} d
source: judgement
because: test
actions:
  a: {{rate: {{value: {HIGH_A / 2} per day, spread: ± {HIGH_A / 4} per day}}}}
  b: {{rate: {{value: {HIGH_B / 2} per day, spread: ± {HIGH_B / 4} per day}}}}
  c: {{rate: {{value: {HIGH_C / 2} per day, spread: ± {HIGH_C / 4} per day}}}}
questions:
  Q: {{text: Does one happen?, yes_if: first a or first b or first c, closes: 2025-03-10}}
"""


def known_indices(crisis, chosen, others):
    """First and total indices of the chosen rates by quadrature, the others being the same within a point."""
    from scipy import special

    nodes, weights = np.polynomial.legendre.leggauss(24)
    levels, weights = 0.5 * (nodes + 1.0), 0.5 * weights
    grids = []
    for name in (*chosen, *others):
        mean, sd = crisis.parameters[name].distribution.numbers
        grids.append(np.maximum(mean + sd * special.ndtri(levels), 0.0))
    a, b, c = np.meshgrid(*grids, indexing="ij")
    p = 1.0 - np.exp(-(a + b + c) * DAYS)
    w = np.einsum("i,j,k->ijk", weights, weights, weights)
    mean = (p * w).sum()
    variance = ((p - mean) ** 2 * w).sum()
    found = []
    for axis in (0, 1):
        other = 1 - axis
        inner = np.tensordot(p, weights, axes=([other], [0]))  # over the other chosen one: (chosen, outer)
        given_outer = np.tensordot(weights, inner, axes=([0], [0]))
        first = (np.einsum("i,k,ik->", weights, weights, inner**2) - weights @ given_outer**2) / variance
        without = np.tensordot(p, weights, axes=([axis], [0]))
        total = 1.0 - (np.einsum("j,k,jk->", weights, weights, without**2) - mean**2) / variance
        found.append((first, total))
    return found


def test_a_race_of_clocks():
    crisis = loads(CRISIS)
    names = ["actions.a.rate", "actions.b.rate"]
    found = sobol(crisis, "Q", names, base=512, replicates=32, seed=3)
    known = dict(zip(names, known_indices(crisis, names, ["actions.c.rate"]), strict=True))
    for k, name in enumerate(found.numbers):
        first, total = known[name]
        assert abs(found.first[k] - first) < 4.0 * found.first_error[k] / 1.96
        assert abs(found.total[k] - total) < 4.0 * found.total_error[k] / 1.96
    assert found.numbers[0] == "actions.a.rate"
    assert found.total_error.max() < 0.25


def test_what_is_refused():
    crisis = loads(CRISIS)
    with pytest.raises(ForecastError, match="2 to 24 numbers"):
        sobol(crisis, "Q", ["actions.a.rate"])
    with pytest.raises(ForecastError, match="not an uncertain number"):
        sobol(crisis, "Q", ["actions.a.rate", "moon"])
    with pytest.raises(ForecastError, match="no question 'Z'"):
        sobol(crisis, "Z", ["actions.a.rate", "actions.b.rate"])
