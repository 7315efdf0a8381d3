"""CRPS of the time to a happening, from its probability curve over a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from detente.errors import ForecastError
from detente.scoring.arguments import FloatArray, as_finite, as_floats, as_probability, refuse


def crps_curve(times: ArrayLike, probability: ArrayLike, outcome: ArrayLike) -> FloatArray:
    r"""CRPS of a time, up to the close of a window, from the curve of its cumulative probability.

    .. math:: \int_{t_1}^{t_k} \big(F(t) - 1\{y \le t\}\big)^2 \, dt

    with F linear between the points given. What lies beyond the window adds nothing: a happening that had
    not come by its close (outcome infinity) is scored exactly, without a guess when it comes. It is the
    threshold-weighted CRPS with weight 1 on the window and 0 outside, and so proper.

    Parameters
    ----------
    times : array_like, shape (k,), rising, k ≥ 2 [day]
        From the opening of the window to its close.
    probability : array_like, shape (k,), in [0, 1], not falling
        Probability that it has happened by each time.
    outcome : array_like, shape (...) [day]
        When it happened; infinity if not within the window, NaN if not yet known.

    Returns
    -------
    ndarray of float64, shape (...), in [0, length of the window] [day]

    Raises
    ------
    ForecastError
        If times do not rise, probabilities fall or lie outside [0, 1], or an outcome lies before the window.

    References
    ----------
    Gneiting, T. and Ranjan, R. (2011). Journal of Business & Economic Statistics 29, 411-422.

    Examples
    --------
    >>> float(crps_curve([0.0, 10.0], [0.0, 0.0], float("inf"))), float(crps_curve([0.0, 9.0], [0.0, 1.0], 0.0))
    (0.0, 3.0)
    """
    t, f = as_finite("times", times), as_probability("probability", probability)
    if t.ndim != 1 or t.shape != f.shape or t.size < 2:
        raise ForecastError("times: give two points or more, and one probability for each.")
    refuse("times", t[1:], np.diff(t) <= 0, "does not come after the time before it.")
    refuse(
        "probability", f[1:], np.diff(f) < -1e-9, "is less than the one before it; such a curve never falls."
    )
    y = as_floats("outcome", outcome)
    refuse("outcome", y, y < t[0], f"lies before the window, which opens at {t[0]:g}.")
    late = np.minimum(y, t[-1])
    below, above = _integral(t, f, late), _integral(t, 1.0 - f, late)
    whole = _integral(t, 1.0 - f, np.full_like(late, t[-1]))
    return np.where(np.isnan(y), np.nan, below + whole - above)


def _integral(t: FloatArray, f: FloatArray, upto: FloatArray) -> FloatArray:
    """∫ f² from the first time to `upto`; exact for f linear between its points."""
    a, b, length = f[:-1], f[1:], np.diff(t)
    parts = np.append(0.0, np.cumsum(length * (a * a + a * b + b * b) / 3.0))
    reached = np.nan_to_num(upto, nan=t[0])
    k = np.clip(np.searchsorted(t, reached, side="right") - 1, 0, t.size - 2)
    span = reached - t[k]
    end = a[k] + (b[k] - a[k]) * span / length[k]
    found: FloatArray = parts[k] + span * (a[k] * a[k] + a[k] * end + end * end) / 3.0
    return found
