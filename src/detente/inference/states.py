"""The state in which a replay leaves a crisis: stocks, stages, memories and running delays, over draws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detente.engine.tracing import Trace
from detente.model import Crisis


@dataclass(frozen=True)
class Level:
    """A stock or a memory: median and 90 % range over draws, in its own unit.

    Happenings in a memory count 1 each unless the crisis says otherwise, and fade.
    """

    name: str
    title: str
    unit: str
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Standing:
    """A stage: the probability of each of its values over draws, the likeliest first; commitments are stages."""

    name: str
    title: str
    probabilities: Mapping[str, float]


@dataclass(frozen=True)
class Pending:
    """A delay that is running: in which share of draws, and when it strikes [day from the as-of date].

    `strikes` is None where the delay has chance, which is drawn only in a simulation; `since` is then when it began.
    """

    name: str
    title: str
    share: float
    strikes: float | None
    since: float | None


@dataclass(frozen=True)
class PastState:
    """The state of a crisis at its as-of date, as its record left it."""

    stocks: tuple[Level, ...]
    memories: tuple[Level, ...]
    stages: tuple[Standing, ...]
    pending: tuple[Pending, ...]


def state_over(traces: Sequence[Trace]) -> PastState:
    """The state at the end of replays, one per draw."""
    crisis, ends = traces[0].crisis, [each.end for each in traces]
    return PastState(
        stocks=tuple(
            _level(name, each.title, each.unit, [end.stocks[name] for end in ends])
            for name, each in crisis.stocks.items()
        ),
        memories=tuple(
            _level(name, "", "", [end.memories[name] for end in ends]) for name in crisis.memories
        ),
        stages=tuple(
            Standing(name, each.title, _shares(each.values, [end.stages[name] for end in ends]))
            for name, each in crisis.stages.items()
        ),
        pending=tuple(_pending(crisis, traces)),
    )


def _level(name: str, title: str, unit: str, values: list[float]) -> Level:
    low, median, high = (float(value) for value in np.quantile(values, [0.05, 0.5, 0.95]))
    return Level(name, title, unit, median, low, high)


def _shares(values: tuple[str, ...], found: list[float]) -> dict[str, float]:
    counts = np.bincount(np.array(found, np.int64), minlength=len(values)) / len(found)
    order = np.argsort(-counts, kind="stable")
    return {values[k]: float(counts[k]) for k in order if counts[k] > 0.0}


def _pending(crisis: Crisis, traces: Sequence[Trace]) -> Iterator[Pending]:
    names = {name for each in traces for name in (*each.end.strikes, *each.end.undrawn)}
    for name in sorted(names):
        strikes = [each.end.strikes[name] for each in traces if name in each.end.strikes]
        since = [each.end.undrawn[name][0] for each in traces if name in each.end.undrawn]
        running = sum(map(math.isfinite, strikes)) + len(since)
        if running:
            yield Pending(
                name,
                crisis.moments[name].title,
                running / len(traces),
                float(np.median(strikes)) if strikes else None,
                float(np.median(since)) if since else None,
            )
