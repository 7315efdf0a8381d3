"""Newton's method for log-concave likelihoods whose derivatives are exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg  # type: ignore[import-untyped, unused-ignore]

from detente.errors import DetenteError

FloatArray = NDArray[np.float64]

MAX_STEPS = 60
TOLERANCE = 1e-10
"""The climb ends when a full step would gain less than this share of the objective; that step is still
made."""

FLAT = 1e-7
"""Where the curvature falls below this share of that at the start, the climb goes to infinity on a plain."""

FARTHEST = 1e4
"""A parameter beyond this size has no maximum to go to."""


class ConvergenceError(DetenteError):
    """There is no maximum, or it was not reached."""


class Point(NamedTuple):
    """Objective at a point, its gradient, and its negative Hessian."""

    objective: float
    gradient: FloatArray
    hessian: FloatArray


class Summit(NamedTuple):
    """The maximum: where it is, what is there, and how many steps it took."""

    at: FloatArray
    point: Point
    steps: int

    @property
    def covariance(self) -> FloatArray:
        """Inverse of the negative Hessian."""
        return solve(self.point.hessian, np.eye(self.at.size))


def climb(look: Callable[[FloatArray], Point], start: FloatArray) -> Summit:
    """Maximise a concave function by Newton steps, halved where a full one does not gain.

    Parameters
    ----------
    look : callable
        Objective, gradient and negative Hessian at a point.
    start : ndarray, shape (parameters,)
        Where the climb begins.

    Raises
    ------
    ConvergenceError
        If the Hessian is singular or the maximum is at infinity.

    Examples
    --------
    >>> bowl = lambda x: Point(float(-(x - 3) @ (x - 3)), -2 * (x - 3), 2 * np.eye(1))
    >>> climb(bowl, np.zeros(1)).at.tolist()
    [3.0]
    """
    at, here = start, look(start)
    curvature = np.diag(here.hessian)
    for taken in range(1, MAX_STEPS + 1):
        step = solve(here.hessian, here.gradient)
        near = 0.5 * float(step @ here.gradient) <= TOLERANCE * max(1.0, abs(here.objective))
        share = 1.0
        ahead = look(at + step)
        while not near and not ahead.objective >= here.objective and share > 1e-9:
            share /= 2
            ahead = look(at + share * step)
        at, here = at + share * step, ahead
        if near and np.all(np.diag(here.hessian) > FLAT * curvature):
            return Summit(at, here, taken)
        if near or np.max(np.abs(at)) > FARTHEST:
            break
    raise ConvergenceError(
        "there is no maximum: a term tells the outcomes apart without error. "
        "Drop it, or shrink with a ridge above zero."
    )


def solve(hessian: FloatArray, right: FloatArray) -> FloatArray:
    """Solve with a symmetric positive definite matrix."""
    try:
        factor = linalg.cho_factor(hessian)
    except (linalg.LinAlgError, ValueError):
        raise ConvergenceError(
            "two terms say the same, or one is constant. Drop it, or shrink with a ridge above zero."
        ) from None
    solved: FloatArray = linalg.cho_solve(factor, right)
    return solved
