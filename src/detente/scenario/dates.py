"""Changes to dates: bring them forward, put them off."""

from __future__ import annotations

import dataclasses
import math

from detente.dates import date_at
from detente.expressions import Binary, Call, Expression, Name, Number
from detente.model import Schedule
from detente.scenario.changes import Change
from detente.scenario.workshop import Workshop


def move(work: Workshop, change: Change, n: int) -> None:
    """A dated moment, or a date of the calendar, is brought forward or put off."""
    at, to = work.needed_time(change, "at", change.at), work.needed_time(change, "to", change.to)
    scheduled = {name: m.cause for name, m in work.crisis.moments.items() if isinstance(m.cause, Schedule)}
    known = work.known(change, (*scheduled, *work.crisis.calendar), "dated moment or date of the calendar")
    if not known or at is None or to is None:
        return
    whole_day = "T" not in change.at
    if change.target in scheduled:
        _move_moment(work, change, scheduled[change.target], at, to, whole_day)
    else:
        _move_calendar(work, change, n, at, to, whole_day)


def _move_moment(
    work: Workshop, change: Change, cause: Schedule, at: float, to: float, whole_day: bool
) -> None:
    found = next((time for time in cause.times if _is_on(time, at, whole_day)), None)
    if found is None:
        ahead = [f"{date_at(work.crisis.as_of, time):%Y-%m-%d}" for time in cause.times if time >= 0.0]
        hint = f"Its dates ahead: {', '.join(ahead[:12]) or 'none'}."
        work.fault(change, f"'{change.target}' has no date on {change.at}", hint, "at")
        return
    moved = _new_time(found, to, "T" not in change.to)
    times = (moved if time == found else time for time in cause.times)
    work.change_moment(change.target, cause=dataclasses.replace(cause, times=tuple(sorted(times))))


def _move_calendar(work: Workshop, change: Change, n: int, at: float, to: float, whole_day: bool) -> None:
    date = work.crisis.calendar[change.target]
    if not _is_on(date, at, whole_day):
        hint = f"It is {date_at(work.crisis.as_of, date):%Y-%m-%dT%H:%M}."
        work.fault(change, f"'{change.target}' is not on {change.at}", hint, "at")
        return
    shift = Number(_new_time(date, to, "T" not in change.to) - date)
    counted: Expression = Call("until", Name(change.target))
    switch = work.switch(n, (0.0, math.inf))
    work.rewrite({counted: Binary("+", counted, Binary("*", shift, switch.on))})


def _is_on(time: float, at: float, whole_day: bool) -> bool:
    return math.floor(time) == math.floor(at) if whole_day else abs(time - at) < 1e-6


def _new_time(old: float, to: float, whole_day: bool) -> float:
    """The new time; the time of day stays where only a day is given."""
    return to + old - math.floor(old) if whole_day else to
