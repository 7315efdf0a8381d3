"""The observer of a replay that keeps what it is told: readings of clocks, happenings, choices."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from detente.engine.arithmetic import log
from detente.engine.reference import remainder
from detente.engine.reference_agenda import RECORDED, Entry, Observer
from detente.engine.reference_values import World
from detente.engine.traces import Choice, ClockTrace, Firing
from detente.expressions import Expression, Number
from detente.model import Clock, Crisis, Factor, Moment, Timer


@dataclass(frozen=True)
class Reading:
    """What a clock reads at one time."""

    time: float
    base: float
    open: bool
    inputs: tuple[float, ...]
    factors: tuple[float, ...]

    @property
    def intensity(self) -> float:
        """Intensity [1/day]."""
        return max(0.0, math.prod(self.factors, start=self.base)) * self.open

    def sees_the_same(self, other: Reading) -> bool:
        """Whether nothing but the time differs."""
        return (self.base, self.open, self.inputs, self.factors) == (
            other.base,
            other.open,
            other.inputs,
            other.factors,
        )


class Tracer(Observer):
    """Keeps the readings of some clocks, by name, and every happening in order of time."""

    def __init__(self, crisis: Crisis, kept: tuple[str, ...]) -> None:
        self.crisis = crisis
        self.kept = kept
        self.clocks = {n: m for n, m in sorted(crisis.moments.items()) if isinstance(m.cause, Clock)}
        self.readings: dict[str, list[Reading]] = {name: [] for name in kept}
        self.firings: list[Firing] = []

    def read(self, clock: str, world: World, t: float, middle: float) -> None:
        """Keep a reading, in place of an earlier one of the same time."""
        if clock not in self.readings:
            return
        readings = self.readings[clock]
        if readings and readings[-1].time == t:
            readings.pop()
        now = _reading(self.clocks[clock], world, t, middle)
        if not (readings and now.sees_the_same(readings[-1])):
            readings.append(now)

    def meet(self, entry: Entry, world: World) -> None:
        """Note a happening of the record, or a date that passed without one."""
        if entry.rank != RECORDED and not entry.outcome:
            return
        t, moment = entry.time, self.crisis.moments[entry.moment]
        seen = {name: _weight(each, world, t) for name, each in self.clocks.items()}
        own = _reading(moment, world, t, t) if isinstance(moment.cause, Clock) else None
        self.firings.append(
            Firing(
                time=t,
                moment=entry.moment,
                outcome=entry.outcome or "",
                event=entry.event,
                intensity=seen.get(entry.moment, math.nan),
                total=math.fsum(seen.values()),
                inputs=np.array(own.inputs if own else ()),
                factors=np.array(own.factors if own else ()),
                choice=None,
                intensities=seen,
                open=world.holds(moment.guard, t),
                pending=_pending(moment, world),
                recorded=entry.rank == RECORDED,
            )
        )

    def choose(self, moment: Moment, outcome: str, world: World, t: float) -> None:
        """Note the odds of a choice that the record decides."""
        choice = _choice(moment, world, t)
        self.firings[-1] = replace(self.firings[-1], choice=choice)


def _reading(moment: Moment, world: World, t: float, middle: float) -> Reading:
    clock = moment.cause
    assert isinstance(clock, Clock)
    return Reading(
        time=t,
        base=world.value(clock.rate, middle),
        open=world.holds(moment.guard, middle),
        inputs=tuple(factor_input(world, factor, middle) for factor in clock.factors),
        factors=tuple(world.factor(factor, middle) for factor in clock.factors),
    )


def _pending(moment: Moment, world: World) -> bool:
    waiting = moment.name in world.state.strikes or moment.name in world.state.undrawn
    return waiting or not isinstance(moment.cause, Timer)


def _weight(moment: Moment, world: World, t: float) -> float:
    clock = moment.cause
    assert isinstance(clock, Clock)
    return world.weight(clock.rate, clock.factors, moment.guard, t)


def factor_input(world: World, factor: Factor, t: float) -> float:
    """What the `times` of a factor is raised to or multiplied with at time t [day]; see `ClockTrace.inputs`."""
    if not world.holds(factor.condition, t):
        return 1.0 if factor.shape == "proportional" else 0.0
    if factor.shape == "while":
        return 1.0
    of = _of(world, factor.of, t)
    if factor.shape == "each":
        return (of - _of(world, factor.start, t)) / _of(world, factor.unit, t)
    if factor.shape == "each_log":
        return float((log(of) - log(_of(world, factor.start, t))) / log(_of(world, factor.unit, t)))
    return of


def _of(world: World, part: Expression | None, t: float) -> float:
    return world.value(part or Number(0.0), t)


def _choice(moment: Moment, world: World, t: float) -> Choice:
    outcomes = moment.outcomes
    rest = remainder(outcomes)
    weights = [world.value(rest if each.share is None else each.share, t) for each in outcomes]
    odds = [
        world.weight(rest if each.share is None else each.share, each.factors, each.guard, t)
        for each in outcomes
    ]
    total = math.fsum(odds)
    return Choice(
        outcomes=tuple(each.name for each in outcomes),
        weights=np.array(weights),
        open=np.array([world.holds(each.guard, t) for each in outcomes]),
        inputs=tuple(np.array([factor_input(world, f, t) for f in each.factors]) for each in outcomes),
        factors=tuple(np.array([world.factor(f, t) for f in each.factors]) for each in outcomes),
        probabilities=np.array(odds) / total if total > 0.0 else np.full(len(outcomes), math.nan),
    )


def cells_of(moment: Moment, readings: list[Reading], until: float) -> ClockTrace:
    """Readings → the stretches of time for which they stand, the last up to `until` [day]."""
    assert isinstance(moment.cause, Clock)
    ends = [*(reading.time for reading in readings[1:]), until]
    cells = [(reading, end) for reading, end in zip(readings, ends, strict=True) if end > reading.time]
    shape = len(cells), len(moment.cause.factors)
    return ClockTrace(
        clock=moment.name,
        begins=np.array([reading.time for reading, _ in cells]),
        ends=np.array([end for _, end in cells]),
        base=np.array([reading.base for reading, _ in cells]),
        open=np.array([reading.open for reading, _ in cells], np.bool_),
        inputs=np.array([reading.inputs for reading, _ in cells]).reshape(shape),
        factors=np.array([reading.factors for reading, _ in cells]).reshape(shape),
        intensity=np.array([reading.intensity for reading, _ in cells]),
    )
