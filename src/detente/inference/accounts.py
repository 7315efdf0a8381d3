"""Expected against observed: what each clock was exposed to, how often it should have fired, and how often it did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from detente.engine.tracing import ClockTrace, Trace
from detente.inference.observing import Window, firings_in

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Account:
    """How often one clock should have fired in a window, and how often it did; ranges are 90 % over draws.

    Attributes
    ----------
    name, title : str
        The moment.
    begins, ends : float
        The window (begins, ends] [day, model time].
    complete : bool
        Whether the record is complete in it; if not, too few observed are no surprise, and there is no p-value.
    counted : bool
        Whether the rate itself was counted from this record: what is expected then equals what was counted, by
        construction, and only the spread in time tests the crisis.
    at_risk : float
        Days on which its guard held.
    observed : int
        Recorded firings.
    expected, low, high : float
        Integral of the intensity: median and 90 % range over draws.
    p_value : float or None
        Two-sided mid-p-value of the observed count, averaged over draws, in (0, 1].
    base_rate, implied_rate : float
        The declared base rate, and the one at which the expected count would equal the observed one [1/day].
    spread_p : float or None
        p-value of the firings' spread over the time that their intensity made (Kolmogorov–Smirnov), the median
        over draws; None under two firings.
    """

    name: str
    title: str
    begins: float
    ends: float
    complete: bool
    counted: bool
    at_risk: float
    observed: int
    expected: float
    low: float
    high: float
    p_value: float | None
    base_rate: float
    implied_rate: float
    spread_p: float | None


def account(traces: Sequence[Trace], window: Window, *, complete: bool) -> Account:
    """The account of one clock over a window; `traces` have their base rates put in, one per draw."""
    moment = traces[0].crisis.moments[window.clock]
    cells = [each.clocks[window.clock] for each in traces]
    expected = np.array([each.integral(window.begins, window.ends) for each in cells])
    unit = np.array([_unit_integral(each, window) for each in cells])
    observed = sum(1 for _ in firings_in(traces[0], window))
    low, middle, high = np.quantile(expected, [0.05, 0.5, 0.95])
    judged = complete and not window.counted
    return Account(
        name=window.clock,
        title=moment.title or window.clock,
        begins=window.begins,
        ends=window.ends,
        complete=complete,
        counted=bool(window.counted),
        at_risk=float(np.median([_days_open(each, window) for each in cells])),
        observed=observed,
        expected=float(middle),
        low=float(low),
        high=float(high),
        p_value=two_sided_p(observed, expected) if judged else None,
        base_rate=float(np.median([np.median(each.base) for each in cells])),
        implied_rate=float(np.median(observed / unit)) if (unit > 0.0).all() else math.nan,
        spread_p=_spread_p(traces, window),
    )


def two_sided_p(observed: int, expected: Floats) -> float:
    """Two-sided mid-p-value of a Poisson count whose expectation is known up to draws.

    ``2 · min(m, 1 − m)`` with ``m = mean over draws of P(N < n) + P(N = n)/2``, in [0, 1]. Lancaster's mid-p is on
    average neither too strict nor too lenient for discrete counts (H. O. Lancaster, Biometrika 36, 1949).

    Examples
    --------
    >>> round(two_sided_p(0, np.array([3.0])), 3), round(two_sided_p(3, np.array([3.0])), 2)
    (0.05, 0.93)
    """
    half = 0.5 * stats.poisson.pmf(observed, expected)
    below = float(np.mean(stats.poisson.cdf(observed - 1, expected) + half))
    above = float(np.mean(stats.poisson.sf(observed, expected) + half))
    return min(1.0, 2.0 * min(below, above))


def rescaled(traced: Trace, window: Window) -> tuple[Floats, float]:
    """Times of the firings on the clock that its own intensity drives: integrals up to each, (n,), and in all.

    Under the crisis the increments are exponential with mean 1 (time rescaling: F. Papangelou 1972; E. N. Brown et
    al., Neural Computation 14, 2002), and, given how many there are, the times are uniform over the whole.
    """
    cells = traced.clocks[window.clock]
    times = [each.time for each in firings_in(traced, window)]
    upto = np.array([cells.integral(window.begins, time) for time in times])
    return upto, cells.integral(window.begins, window.ends)


def _spread_p(traces: Sequence[Trace], window: Window) -> float | None:
    values = []
    for traced in traces:
        upto, whole = rescaled(traced, window)
        if len(upto) < 2 or not whole > 0.0:
            return None
        values.append(float(stats.kstest(upto / whole, "uniform").pvalue))
    return float(np.median(values))


def _spans(cells: ClockTrace, window: Window) -> Floats:
    spans: Floats = np.minimum(cells.ends, window.ends) - np.maximum(cells.begins, window.begins)
    return np.maximum(spans, 0.0)


def _unit_integral(cells: ClockTrace, window: Window) -> float:
    """Integral of Πfactors while the guard held: the expected count per unit of base rate [day]."""
    return float(np.maximum(np.prod(cells.factors, axis=1), 0.0) * cells.open @ _spans(cells, window))


def _days_open(cells: ClockTrace, window: Window) -> float:
    return float(cells.open @ _spans(cells, window))
