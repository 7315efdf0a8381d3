"""What a replay leaves to be looked at: the cells of every clock, and what was seen just before each happening."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detente.engine.reference_values import State
from detente.model import Crisis

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ClockTrace:
    """What one clock was exposed to in a replay: n cells in order of time, within which its readings stand still.

    Parameters
    ----------
    clock : str
        Name of the moment.
    begins, ends : (n,) floats [day, model time]
        The cells (begins, ends]; together they are the span of the replay, without gaps.
    base : (n,) floats [1/day]
        Value of the clock's rate.
    open : (n,) booleans
        Whether its guard held.
    inputs : (n, J) floats
        Per factor what its `times` is raised to or multiplied with: ``while`` 0 or 1, ``each``
        (of − start)/unit, ``each_log`` log(of/start)/log(unit), ``memory`` the memory, ``proportional`` its `of`.
        Where the condition of the factor does not hold 0, of ``proportional`` 1.
    factors : (n, J) floats
        Value of each factor, after its clamps and its condition.
    intensity : (n,) floats [1/day]
        ``base · Πfactors · open``, never below 0.
    """

    clock: str
    begins: Floats
    ends: Floats
    base: Floats
    open: NDArray[np.bool_]
    inputs: Floats
    factors: Floats
    intensity: Floats

    def integral(self, begin: float = -math.inf, end: float = math.inf) -> float:
        """Integral of the intensity over (begin, end]: the count to expect there [1]."""
        spans = np.minimum(self.ends, end) - np.maximum(self.begins, begin)
        return float(self.intensity @ np.maximum(spans, 0.0))

    def integral_upto(self, times: Floats) -> Floats:
        """Integrals of the intensity from the beginning of the replay up to some times, same shape [1]."""
        steps = np.cumsum(self.intensity * (self.ends - self.begins))
        knots = np.concatenate([self.begins[:1], self.ends])
        integrals: Floats = np.interp(times, knots, np.concatenate([[0.0], steps]))
        return integrals


@dataclass(frozen=True)
class Choice:
    """A choice that a record decided, as the model saw it: K outcomes in written order.

    `weights` are the shares, `factors` their odds ratios (one array per outcome), `inputs` as in `ClockTrace`,
    `open` the guards; p_k = w_k·Πfactors_k / Σ over the open ones (NaN where none is open).
    """

    outcomes: tuple[str, ...]
    weights: Floats
    open: NDArray[np.bool_]
    inputs: tuple[Floats, ...]
    factors: tuple[Floats, ...]
    probabilities: Floats

    def probability(self, outcome: str) -> float:
        """Probability of one outcome, in [0, 1]."""
        return float(self.probabilities[self.outcomes.index(outcome)])


@dataclass(frozen=True)
class Firing:
    """One recorded happening as the model saw it just before.

    `recorded` is False of a date of the past that passed without an event, where the record is complete: its outcome
    is then the remainder, and `event` is empty. `intensity` of its own clock and `total` of all clocks [1/day] are
    read at its time, before it (NaN where the moment is no clock); `intensities` holds all clocks. `open` tells
    whether the guard of the moment held, `pending` whether its timer, if it has one, was running. `inputs` and
    `factors`, shape (J,), are those of its clock. `choice` is None without a recorded outcome.
    """

    time: float
    moment: str
    outcome: str
    event: str
    intensity: float
    total: float
    inputs: Floats
    factors: Floats
    choice: Choice | None
    intensities: Mapping[str, float] = field(default_factory=dict)
    open: bool = True
    pending: bool = True
    recorded: bool = True


@dataclass(frozen=True)
class Trace:
    """A replay of the record for one draw of the parameters, over (begins, ends] [day, model time].

    `values` are the parameters it went with, `parameters` the finished ones: in `trace_draws` the rates that wait
    for their exposure are 1 per day in `values` and divided in `parameters`. `exposures` are the integrals
    that they are divided by. `end` is the state at `ends`.
    """

    crisis: Crisis
    begins: float
    ends: float
    clocks: Mapping[str, ClockTrace]
    firings: tuple[Firing, ...]
    end: State
    exposures: Mapping[str, float]
    values: Mapping[str, float]
    parameters: Mapping[str, float]
