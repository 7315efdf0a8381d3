"""The replayed past of one crisis as that of another, which differs from it in nothing but its future."""

from __future__ import annotations

import dataclasses

import numpy as np

from detente.engine.blocks import Start
from detente.engine.compiling import Compiled
from detente.engine.replaying import declared
from detente.engine.sampling import draw_parameters

WAITING = ("counted", "mean_rate")
"""Distributions whose draws a replay finishes."""


@dataclasses.dataclass(frozen=True)
class ReplayedPast:
    """A crisis after the replay of its record: what its futures begin with."""

    compiled: Compiled
    start: Start


def fits(past: ReplayedPast, compiled: Compiled) -> bool:
    """Whether a crisis can begin with this past: it declares all that made it, and nothing that it would need."""
    before, after = past.compiled.crisis, compiled.crisis
    new = [p for name, p in after.parameters.items() if name not in before.parameters]
    return (
        all(after.parameters.get(name) == known for name, known in before.parameters.items())
        and not any(p.distribution.kind in WAITING for p in new)
        and past.start.armed is not None
        and after.replayed == before.replayed
        and set(compiled.triggers) <= set(past.compiled.triggers)
    )


def carried(past: ReplayedPast, compiled: Compiled, *, seed: int, n_draws: int) -> Start:
    """What a crisis that `fits` begins with: rows, timers and triggers by name, what is new as its file declares it."""
    before, known = past.compiled, past.start
    new = [p for name, p in compiled.crisis.parameters.items() if name not in known.parameters]
    drawn = draw_parameters(new, seed, n_draws)
    both = {**known.parameters, **drawn}
    values = {name: both[name] for name in compiled.crisis.parameters}
    start = declared(compiled, values, n_draws)
    rows, rows_before = _shared(compiled.row_names, before.row_names)
    start.state[rows] = known.state[rows_before]
    timers, timers_before = _shared(compiled.timers, before.timers)
    start.strikes[timers] = known.strikes[timers_before]
    started_by = np.full(start.strikes.shape, -1, np.int64)
    if known.started_by is not None:
        number = {name: n for n, name in enumerate(compiled.happenings)}
        numbers = np.array([*(number.get(name, -1) for name in before.happenings), -1])  # the last for −1
        started_by[timers] = numbers[known.started_by[timers_before]]
    assert known.armed is not None
    _, triggers_before = _shared(compiled.triggers, before.triggers)
    return dataclasses.replace(start, armed=known.armed[triggers_before], started_by=started_by)


def _shared(names: tuple[str, ...], before: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """Places of the names that both have, in both."""
    was = {name: place for place, name in enumerate(before)}
    both = [(place, was[name]) for place, name in enumerate(names) if name in was]
    return [here for here, _ in both], [there for _, there in both]
