"""The door of the scores: loose input becomes checked arrays, or a `ForecastError` that says what to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detente.errors import ForecastError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def as_floats(name: str, values: ArrayLike) -> FloatArray:
    """Cast to float64, or say which argument is not a number."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise ForecastError(f"{name}: it must be numbers, but numpy says: {problem}.") from None


def as_finite(name: str, values: ArrayLike) -> FloatArray:
    """Cast to float64 and refuse NaN and infinity; a forecast is never missing."""
    array = as_floats(name, values)
    refuse(name, array, ~np.isfinite(array), "is not finite. Leave out forecasts that were not made.")
    return array


def as_probability(name: str, values: ArrayLike) -> FloatArray:
    """Cast to float64 in [0, 1]."""
    array = as_finite(name, values)
    outside = (array < 0) | (array > 1)
    hint = " Percentages are divided by 100." if np.any(array > 1) and np.all(array <= 100) else ""
    refuse(name, array, outside, f"lies outside [0, 1].{hint}")
    return array


def as_positive(name: str, values: ArrayLike) -> FloatArray:
    """Cast to float64 above zero."""
    array = as_finite(name, values)
    refuse(name, array, array <= 0, "is not above zero.")
    return array


def as_outcome(values: ArrayLike) -> FloatArray:
    """Cast what happened: finite, or NaN for not yet resolved."""
    array = as_floats("outcome", values)
    refuse("outcome", array, np.isinf(array), "is not finite. Write NaN for a question not yet resolved.")
    return array


def as_answer(values: ArrayLike) -> FloatArray:
    """Cast the answers of yes/no questions: 0, 1, or NaN for not yet resolved."""
    array = as_floats("outcome", values)
    known = (array == 0) | (array == 1) | np.isnan(array)
    refuse("outcome", array, ~known, "is not an answer. Allowed: 0 (no), 1 (yes), NaN (not yet resolved).")
    return array


def resolved_pairs(forecast: ArrayLike, outcome: ArrayLike) -> tuple[FloatArray, FloatArray, int]:
    """Flat probabilities and answers of the resolved questions, and the number left out as unresolved."""
    p, y = np.broadcast_arrays(as_probability("forecast", forecast), as_answer(outcome))
    known = ~np.isnan(y)
    if not np.any(known):
        raise ForecastError("outcome: no question is resolved, so there is nothing to judge.")
    return p[known], y[known], int(np.sum(~known))


def refuse(name: str, array: FloatArray, wrong: BoolArray, what: str) -> None:
    """Raise with the first wrong value, if there is one."""
    if np.any(wrong):
        raise ForecastError(f"{name}: {array[wrong].flat[0]:g} {what}")
