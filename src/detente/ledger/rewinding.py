"""The same crisis as of an earlier day: everything that was known later is forgotten, and all times are shifted.

What a file says of numbers cannot be unseen: `Rewound.hindsight` lists what still rests on later knowledge.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from detente.crisisfile.holding import hold
from detente.crisisfile.lowering.record import middle_of
from detente.crisisfile.patterns import most_specific
from detente.crisisfile.superseding import chain, in_force
from detente.crisisfile.tables import Tables
from detente.dates import date_at, days_between
from detente.errors import ModelError
from detente.ledger.knowledge import known_on
from detente.model import (
    Crisis,
    Distribution,
    Event,
    Evidence,
    Moment,
    Parameter,
    Question,
    Recorded,
    Schedule,
    Stock,
)

COUNTED = ("counted", "mean_rate")


@dataclass(frozen=True)
class Rewound:
    """A crisis as of an earlier day, and in words what it still owes to later knowledge."""

    crisis: Crisis
    hindsight: tuple[str, ...]


def rewind(crisis: Crisis, as_of: dt.date) -> Rewound:
    """The same crisis as of an earlier day.

    All times are counted from the new as-of date. What happened or became known later is dropped: recorded
    happenings, events, claims, sources; an event that a later row corrects counts again as it stood. How far an event
    is held is weighed anew from the claims that were known. Windows over which events are counted end at the
    new as-of date, and the count is that of the record. Questions keep their windows; the horizon keeps its date.

    Numbers that were read, judged or counted later stay as they are, and are named in `hindsight`. So do dates:
    a schedule is taken as known in advance.

    Parameters
    ----------
    crisis : Crisis
    as_of : datetime.date
        From the day on which the record begins to the as-of date of the crisis.

    Returns
    -------
    Rewound

    Raises
    ------
    ModelError
        If the day is later than the as-of date, or earlier than the record.

    Examples
    --------
    >>> import datetime as dt
    >>> from detente.catalog import load
    >>> rewound = rewind(load("cuba_1962"), dt.date(1962, 10, 17))
    >>> rewound.crisis.as_of, [item.moment for item in rewound.crisis.record]
    (datetime.date(1962, 10, 17), ['missiles_found'])
    """
    days = (crisis.as_of - as_of).days
    _check(crisis, as_of, days)
    if days == 0:
        return Rewound(crisis, ())
    shift = float(days)
    known = _known(crisis, as_of)
    record = tuple(sorted(replace(item, time=item.time + shift) for item in _record(crisis, known, -shift)))
    moved = replace(
        crisis,
        as_of=as_of,
        horizon=crisis.horizon + shift,
        record_from=crisis.record_from + shift,
        stocks={name: _stock(each, shift) for name, each in crisis.stocks.items()},
        moments={name: _moment(each, known, shift) for name, each in crisis.moments.items()},
        questions={name: _question(each, shift) for name, each in crisis.questions.items()},
        record=record,
        sources=known.sources,
        claims=known.claims,
        events=known.events,
        calendar={name: time + shift for name, time in crisis.calendar.items()},
    )
    known_ids = _known_ids(moved)
    moved = replace(
        moved,
        parameters={
            name: _parameter(each, crisis, moved, known_ids, shift)
            for name, each in crisis.parameters.items()
        },
        questions={
            name: replace(each, evidence=_evidence(each.evidence, known_ids))
            for name, each in moved.questions.items()
        },
    )
    return Rewound(moved, tuple(_hindsight(crisis, moved)))


def _check(crisis: Crisis, as_of: dt.date, days: int) -> None:
    first = date_at(crisis.as_of, crisis.record_from)
    if days < 0:
        raise ModelError(
            f"'{crisis.name}' is as of {crisis.as_of}: nothing later is known. Choose {crisis.as_of} or an earlier"
            f" day, not {as_of}."
        )
    if -float(days) < crisis.record_from:
        raise ModelError(
            f"the record of '{crisis.name}' begins on {first:%Y-%m-%d}: the crisis cannot be taken back to the end of"
            f" {as_of}. Choose a later day, or let `record_from` be earlier."
        )


# ── what was known ───────────────────────────────────────────────────────────────────────────────


def _known(crisis: Crisis, as_of: dt.date) -> Tables:
    """The tables as they stood at the end of a day, without what was announced for later."""
    tables = known_on(crisis.sources, crisis.claims, crisis.events, as_of)
    events = {id_: event for id_, event in tables.events.items() if event.date.date() <= as_of}
    return replace(tables, events=events)


def _record(crisis: Crisis, known: Tables, end: float) -> Iterator[Recorded]:
    """What had happened by `end` [day], so far as it was known then."""
    counting, count_now = in_force(known.events), in_force(crisis.events)
    for item in crisis.record:
        if item.time <= end and (item.event not in crisis.events or item.event in counting):
            yield replace(item, held=_held(item, crisis, known))
    for id_, event in counting.items():
        if id_ not in count_now:
            yield from _as_it_stood(event, crisis, known, end)


def _held(item: Recorded, crisis: Crisis, known: Tables) -> float:
    """How far a happening was held, by the claims that were known."""
    event = crisis.events.get(item.event)
    if event is None or not event.contested_by:
        return item.held
    return hold(known.events[item.event], known.claims, known.sources, crisis.holding).probability


def _as_it_stood(event: Event, crisis: Crisis, known: Tables, end: float) -> Iterator[Recorded]:
    """An event whose correction was not known yet."""
    moment, outcome = _happening(event, crisis, known)
    begin = days_between(crisis.as_of, event.date)
    time = min(begin + middle_of(event), end)
    if moment and time >= crisis.record_from:
        held = hold(event, known.claims, known.sources, crisis.holding).probability
        yield Recorded(time, moment, outcome, event.id, held)


def _happening(event: Event, crisis: Crisis, known: Tables) -> tuple[str, str]:
    """What an event fires, as moment and outcome: as its row or a pattern says; "" for nothing."""
    name = event.happening
    if not name:
        patterns = {n: moment.coding.matches for n, moment in crisis.moments.items() if moment.coding.matches}
        fitting = most_specific(event, patterns, chain(known.events, event.id))
        name = fitting[0] if len(fitting) == 1 else ""
    if name in crisis.moments:
        return name, ""
    moment, _, outcome = name.rpartition(".")
    return (moment, outcome) if moment in crisis.moments else ("", "")


def _known_ids(moved: Crisis) -> set[str]:
    return {"judgement", *moved.sources, *moved.claims, *moved.events}


def _evidence(evidence: Evidence, known: set[str]) -> Evidence:
    """What is left of a number's evidence; without any it is a judgement."""
    if known.issuperset(evidence.source):
        return evidence
    left = tuple(id_ for id_ in evidence.source if id_ in known)
    because = evidence.because if left else evidence.because or "what it rests on became known later"
    return replace(evidence, source=left or ("judgement",), because=because)


# ── what is shifted ──────────────────────────────────────────────────────────────────────────────


def _stock(stock: Stock, shift: float) -> Stock:
    """A start value that was read later holds from the beginning, as it did before its day."""
    if stock.starts is None:
        return stock
    starts = stock.starts + shift
    return replace(stock, starts=starts if starts <= 0.0 else None)


def _moment(moment: Moment, known: Tables, shift: float) -> Moment:
    cause, coding = moment.cause, moment.coding
    matches = tuple(each for each in coding.matches if not each.id or each.id in known.events)
    coding = replace(coding, matches=matches)
    if isinstance(cause, Schedule):
        cause = replace(cause, times=tuple(time + shift for time in cause.times))
    if coding.complete_from is not None:
        coding = replace(coding, complete_from=coding.complete_from + shift)
    return replace(moment, cause=cause, coding=coding)


def _question(question: Question, shift: float) -> Question:
    return replace(question, opens=question.opens + shift, closes=question.closes + shift)


def _parameter(
    parameter: Parameter, crisis: Crisis, moved: Crisis, known_ids: set[str], shift: float
) -> Parameter:
    distribution = parameter.distribution
    if distribution.kind in COUNTED:
        distribution = _recounted(parameter, crisis, moved, shift)
    return replace(parameter, distribution=distribution, evidence=_evidence(parameter.evidence, known_ids))


def _recounted(parameter: Parameter, crisis: Crisis, moved: Crisis, shift: float) -> Distribution:
    """The window up to the new as-of date, and its count by the record where either has changed."""
    before = parameter.distribution
    start, end = before.start + shift, min(before.end + shift, 0.0)
    start = start if start < 0.0 else moved.record_from
    if start >= 0.0:
        raise ModelError(
            f"{parameter.name}: '{before.clock}' is counted over a record, and there is none before"
            f" {moved.as_of}. Choose a later day."
        )
    after = replace(before, start=start, end=end)
    count = _count(moved, after)
    if before.kind == "counted" and (end < before.end + shift or count != _count(crisis, before)):
        after = replace(after, numbers=(float(count),))
    return after


def _count(crisis: Crisis, window: Distribution) -> int:
    times = (item.time for item in crisis.replayed if item.moment == window.clock)
    return sum(window.start <= time <= window.end for time in times)


# ── what cannot be made unseen ───────────────────────────────────────────────────────────────────


def _hindsight(crisis: Crisis, moved: Crisis) -> Iterator[str]:
    day = moved.as_of
    shift = float((crisis.as_of - day).days)
    yield from _line(
        f"start values read after {day} and used from the beginning of the record",
        (
            f"{name} ({date_at(crisis.as_of, stock.starts):%Y-%m-%d})"
            for name, stock in crisis.stocks.items()
            if stock.starts is not None and stock.starts > -shift
        ),
    )
    known_ids = _known_ids(moved)
    yield from _line(
        f"numbers that rest on what became known after {day}",
        (
            f"{name} ({', '.join(id_ for id_ in each.evidence.source if id_ not in known_ids)})"
            for name, each in crisis.parameters.items()
            if not known_ids.issuperset(each.evidence.source) and not _is_recounted(each.distribution, shift)
        ),
    )
    uncertain = {n: p for n, p in crisis.parameters.items() if not p.evidence.reference}
    judged = [name for name, each in uncertain.items() if each.evidence.is_judgement]
    yield from _line(f"judgements made with the knowledge of {crisis.as_of}", judged)
    shares = [n for n, p in uncertain.items() if p.distribution.kind == "beta" and n not in judged]
    yield from _line(f"shares counted up to {crisis.as_of}", shares)
    yield from _line(
        f"counts over windows that begin after {day}, taken over the whole record instead",
        (n for n, p in crisis.parameters.items() if _begins_later(p.distribution, shift)),
    )
    yield from _line(
        f"dates between {day} and {crisis.as_of}, taken as known in advance",
        (n for n, m in crisis.moments.items() if _has_dates_between(m, -shift)),
    )


def _line(what: str, names: Iterable[str]) -> Iterator[str]:
    names = list(names)
    if names:
        yield f"{what}: {len(names)}: {', '.join(names)}"


def _is_recounted(distribution: Distribution, shift: float) -> bool:
    return distribution.kind == "counted" and distribution.end > -shift


def _begins_later(distribution: Distribution, shift: float) -> bool:
    return distribution.kind in COUNTED and distribution.start >= -shift


def _has_dates_between(moment: Moment, begin: float) -> bool:
    return isinstance(moment.cause, Schedule) and any(begin < time < 0.0 for time in moment.cause.times)
