"""What of a record is complete enough to count: windows of clocks, and choices; and the likelihood of both.

A clock is a Poisson process given its past. Over a window (b, e] in which its record is complete ::

    log L = Σ_i log λ(t_i) − ∫ λ dt

with λ just before each recorded firing. An event whose date is a week or a month contributes the logarithm of the
mean of λ from the beginning of that interval up to where it is replayed: after that it has itself changed λ.
A choice contributes log p of the outcome that is recorded.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from detente.dates import days_between, months_later
from detente.engine.tracing import ClockTrace, Firing, Trace
from detente.model import Clock, Crisis, Event, Schedule


@dataclass(frozen=True)
class Window:
    """Where the record of a clock is complete: (begins, ends] [day, model time].

    `counted` names the rate whose evidence is the count in this window, if there is one: what is expected
    in that window equals what was counted, by construction.
    """

    clock: str
    begins: float
    ends: float
    counted: str = ""

    def __contains__(self, time: object) -> bool:
        return isinstance(time, float) and self.begins < time <= self.ends


def complete_windows(crisis: Crisis, begins: float, ends: float) -> dict[str, Window]:
    """The windows within (begins, ends] in which the record of a clock is complete, by clock.

    A record is complete from the day that the action names (``complete_from``), else over the window in which
    its rate is ``counted``.

    Examples
    --------
    >>> from detente.catalog import load
    >>> iran = load("iran_2024")
    >>> found = complete_windows(iran, iran.record_from, 0.0)
    >>> found["israel_strikes_iran"]
    Window(clock='israel_strikes_iran', begins=-427.0, ends=0.0, counted='actions.israel_strikes_iran.rate')
    >>> "hezbollah_fires" in found
    False
    """
    counts = {p.distribution.clock: p for p in crisis.parameters.values() if p.distribution.kind == "counted"}
    found = {}
    for name, moment in crisis.moments.items():
        if not isinstance(moment.cause, Clock):
            continue
        counted, complete = counts.get(name), moment.coding.complete_from
        if complete is None and counted is None:
            continue
        first, last = (complete, 0.0) if complete is not None else (-math.inf, math.inf)
        if complete is None and counted is not None:
            first, last = counted.distribution.start, counted.distribution.end
        window = Window(name, max(first, begins), min(last, ends), counted.name if counted else "")
        if window.begins < window.ends:
            found[name] = window
    return found


def firings_in(traced: Trace, window: Window) -> Iterator[Firing]:
    """The recorded firings of a clock in a window, in order of time."""
    return (each for each in traced.firings if each.moment == window.clock and each.time in window)


def log_intensity(firing: Firing, cells: ClockTrace, event: Event | None, as_of: dt.date) -> float:
    """Logarithm of the intensity at a recorded firing [log 1/day]; of its mean where only a week or month is known.

    −∞ where the crisis holds it impossible.
    """
    if event is not None and event.precision in ("week", "month"):
        begins = max(interval_of(event, as_of)[0], float(cells.begins[0]))
        mean = cells.integral(begins, firing.time) / (firing.time - begins)
        return math.log(mean) if mean > 0.0 else -math.inf
    return math.log(firing.intensity) if firing.intensity > 0.0 else -math.inf


def interval_of(event: Event, as_of: dt.date) -> tuple[float, float]:
    """Where in time an event lies, as far as its date says [day, model time]: its instant, day, week or month.

    Examples
    --------
    >>> march = Event("E1", dt.datetime(2024, 3, 12), "month", (), (), "", "", "A deal")
    >>> interval_of(march, dt.date(2024, 3, 31))
    (-31.0, 0.0)
    """
    begins = days_between(as_of, event.date)
    if event.precision == "week":
        return begins, begins + 7.0
    if event.precision == "month":
        first = event.date.replace(day=1, hour=0, minute=0)
        return days_between(as_of, first), days_between(as_of, months_later(first, 1))
    if event.date.hour or event.date.minute:
        return begins, begins
    return begins, begins + 1.0


def is_informative(crisis: Crisis, firing: Firing, begins: float) -> bool:
    """Whether the outcome of a recorded moment counts: of a dated one only where its record is complete."""
    moment = crisis.moments[firing.moment]
    if firing.choice is None or not firing.time > begins:
        return False
    if not isinstance(moment.cause, Schedule):
        return True
    complete = moment.coding.complete_from
    return complete is not None and firing.time >= complete


@dataclass(frozen=True)
class Part:
    """What one clock or one choice adds to a log-likelihood [nat], in one draw; `n` happenings."""

    name: str
    kind: str
    value: float
    n: int


def log_likelihood(
    traced: Trace, windows: Mapping[str, Window], begins: float = -math.inf
) -> tuple[Part, ...]:
    """The log-likelihood of a record under one draw, part by part [nat].

    Parameters
    ----------
    traced : Trace
        With its base rates put in (`detente.engine.tracing.with_base_rates`).
    windows : mapping of str to Window
        Where the record of clocks is complete.
    begins : float
        Choices up to here do not count [day, model time].

    Returns
    -------
    tuple of Part
        Of kind ``clock`` and ``choice``; their sum is the log-likelihood. −∞ where something recorded is impossible.
    """
    clocks = tuple(_clock_part(traced, window) for window in windows.values())
    return clocks + tuple(_choice_parts(traced, begins))


def _clock_part(traced: Trace, window: Window) -> Part:
    cells, crisis = traced.clocks[window.clock], traced.crisis
    logs = [
        log_intensity(each, cells, crisis.events.get(each.event), crisis.as_of)
        for each in firings_in(traced, window)
    ]
    return Part(
        window.clock, "clock", math.fsum(logs) - cells.integral(window.begins, window.ends), len(logs)
    )


def _choice_parts(traced: Trace, begins: float) -> Iterator[Part]:
    found: dict[str, list[float]] = {}
    for firing in traced.firings:
        if firing.choice is not None and is_informative(traced.crisis, firing, begins):
            p = firing.choice.probability(firing.outcome)
            found.setdefault(firing.moment, []).append(math.log(p) if p > 0.0 else -math.inf)
    return (Part(name, "choice", sum(logs), len(logs)) for name, logs in sorted(found.items()))


def total(parts: Iterable[Part]) -> float:
    """The log-likelihood [nat]."""
    return float(np.sum([part.value for part in parts]))
