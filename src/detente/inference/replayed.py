"""What a replay found out, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.errors import Fault, ForecastError
from detente.inference.accounts import Account
from detente.inference.states import PastState
from detente.inference.surprises import Surprise
from detente.model import Crisis
from detente.provenance import Provenance

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """Count that was to be expected of one clock up to every day, and the times of what happened.

    `times` are ends of days [day, model time]; `expected`, `low`, `high` the median and 90 % range over draws of the
    integral of the intensity since the first, all of shape (n,); `happened` are the times of recorded firings.
    """

    name: str
    times: Floats
    expected: Floats
    low: Floats
    high: Floats
    happened: Floats


@dataclass(frozen=True)
class Rescaled:
    """One recorded firing on the time that its own intensity makes; median over draws.

    `increment` is the integral of the intensity since the firing before, or the beginning: exponential with mean 1
    under the crisis. `position`, in [0, 1], is the integral so far over that of the whole window: uniform.
    """

    clock: str
    time: float
    increment: float
    position: float


@dataclass(frozen=True, eq=False, repr=False)
class Replayed:
    """What a replay found out.

    Attributes
    ----------
    crisis : Crisis
        As of the end of the replay; rewound, if an earlier day was asked for.
    begins : float
        From where on happenings are counted [day, model time].
    state : PastState
        The state at the end.
    actions : mapping of str to Account
        Expected against observed, for every clock.
    events : tuple of Surprise
        Recorded happenings, in order of time.
    log_likelihood : (D,) floats
        Of every draw [nat]: −∞ where it holds something recorded impossible.
    parts : mapping of str to (D,) floats
        What each clock (``clock NAME``) and each choice (``choice NAME``) adds to it.
    rescaled : tuple of Rescaled
    spread_p : float or None
        p-value of the spread in time of all firings together; None under five.
    contradictions : tuple of Fault
        What is recorded though the crisis says that it could not happen.
    notes : tuple of str
        What the numbers rest on.
    provenance : Provenance
    """

    crisis: Crisis
    begins: float
    state: PastState
    actions: Mapping[str, Account]
    events: tuple[Surprise, ...]
    log_likelihood: Floats
    parts: Mapping[str, Floats]
    rescaled: tuple[Rescaled, ...]
    spread_p: float | None
    courses: Mapping[str, Course]
    contradictions: tuple[Fault, ...]
    notes: tuple[str, ...]
    provenance: Provenance

    @property
    def log_marginal(self) -> float:
        """Logarithm of the likelihood's mean over draws [nat]: how likely the record was to the prior as a whole."""
        most = float(np.max(self.log_likelihood))
        if not math.isfinite(most):
            return most
        return most + math.log(float(np.mean(np.exp(self.log_likelihood - most))))

    def most_surprising(self, n: int = 10) -> tuple[Surprise, ...]:
        """The n most surprising happenings, the most surprising first.

        Raises
        ------
        ForecastError
            If n is below 0.
        """
        if n < 0:
            raise ForecastError(f"n: it must be 0 or more, but is {n}.")
        judged = [each for each in self.events if each.bits is not None or each.outcome_bits is not None]
        return tuple(sorted(judged, key=lambda each: (-each.total_bits, each.time))[:n])
