"""Occasions: a list of dates, a period, or both; in the machine form a list of dates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice, takewhile

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.lowering.moments import add_moment
from detente.crisisfile.periods import Period, parse_period
from detente.crisisfile.quantities import ValueFault
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.primitives import OccasionForm
from detente.crisisfile.schema.whole import CrisisForm
from detente.dates import date_at, days_between, nearest_minute, recurring
from detente.model import Schedule

MAX_DATES = 5_000
"""Most dates of one period."""


def lower_occasions(build: Builder, form: CrisisForm, horizon: float) -> None:
    """All occasions; a period without end goes on to the end of the simulation, `horizon` [day]."""
    for name, occasion in sorted(form.occasions.items()):
        path: Path = ("occasions", name)
        times = {*_listed(build, occasion, path), *_periodic(build, occasion, path, horizon)}
        add_moment(build, occasion, name, path, Schedule(tuple(sorted(times)), occasion.kind))


def _listed(build: Builder, form: OccasionForm, path: Path) -> Iterator[float]:
    dates = form.dates or ()
    for i, date in enumerate(dates):
        if date in dates[:i]:
            build.fault((*path, "dates", i), f"the date {date} stands twice", "Remove one of them.")
        yield build.time(date, (*path, "dates", i))


def _periodic(build: Builder, form: OccasionForm, path: Path, horizon: float) -> list[float]:
    if form.every is None:
        return []
    if build.machine:
        build.fault((*path, "every"), "a machine form has no `every`", "Write out the dates.")
        return []
    period = _period(build, form.every, (*path, "every"))
    faults = len(build.faults)
    first = build.time(form.from_, (*path, "from"))
    end = _end(build, form, path, horizon)
    if period is None or len(build.faults) > faults:
        return []
    if not first < end:
        _refuse_empty(build, form, path)
        return []
    origin, anchor = build.origin, nearest_minute(date_at(build.origin, first))
    dates = recurring(anchor, months=period.months, minutes=period.minutes)
    within = takewhile(lambda time: time < end, (days_between(origin, date) for date in dates))
    times = list(islice(within, MAX_DATES + 1))
    if len(times) > MAX_DATES:
        hint = "Choose a longer period, or bring `from` and `to` closer together."
        build.fault((*path, "every"), f"there are more than {MAX_DATES:,} dates", hint)
    return times[:MAX_DATES]


def _period(build: Builder, raw: object, path: Path) -> Period | None:
    try:
        return parse_period(raw)
    except ValueFault as problem:
        build.fault(path, problem.message, problem.hint)
        return None


def _end(build: Builder, form: OccasionForm, path: Path, horizon: float) -> float:
    """The time before which all dates lie [day]: a day counts to its end, an instant is a date too."""
    if form.to is None:
        return horizon
    exact = str(form.to) in build.calendar or ":" in str(form.to)
    end = build.time(form.to, (*path, "to"), end=True)
    return math.nextafter(end, math.inf) if exact else end


def _refuse_empty(build: Builder, form: OccasionForm, path: Path) -> None:
    if form.to is not None:
        build.fault((*path, "to"), f"`to` {form.to} comes before `from` {form.from_}", "Exchange them.")
    elif not build.faults:
        hint = "Give `from` an earlier date, or the simulation a longer `horizon`."
        build.fault((*path, "from"), f"`from` {form.from_} comes after the end of the simulation", hint)
