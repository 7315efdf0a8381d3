"""What was known on a date: the ledger is bitemporal, it keeps when something happened and when it was known.

=========  =======================================================================================================
row        known from
=========  =======================================================================================================
source     the end of its date (a day, a month or a year)
claim      `known_at`; else from the first of its sources that is dated
event      `known_at`; else the end of its date: of its day (also where a time of day is given, or the date is
           approximate or the beginning of a period), of the seven days from it, or of its month
=========  =======================================================================================================

A row is never known before the row that it supersedes. A source without a date, and a claim without one of its own
or of a source, count as known always: they matter only through the rows that name them, which have dates.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from detente.crisisfile.superseding import chain, superseding_faults
from detente.crisisfile.tables import Tables
from detente.dates import end_of_day, months_later
from detente.errors import TableError
from detente.model import Claim, Event, Source

Row = TypeVar("Row", Source, Claim, Event)

_SOURCE_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2})(?:[T ]\d{2}:\d{2})?)?")


def known_on(
    sources: Mapping[str, Source], claims: Mapping[str, Claim], events: Mapping[str, Event], date: dt.date
) -> Tables:
    """The three tables as they stood on a date: the rows known by then, and of their lists the ids known by then.

    Nothing known later than the date can change the result. A row that has been superseded still counts
    as long as its correction is not known; both stand in the result once it is
    (`detente.crisisfile.superseding.in_force` tells which counts). On the last date the result is all there is.

    Parameters
    ----------
    sources, claims, events : mapping by id
        The tables of a crisis: of a `Crisis`, or of `detente.crisisfile.tables.read_tables`.
    date : datetime.date or datetime.datetime
        A day, to its end (24:00 UTC); or an instant.

    Raises
    ------
    TableError
        If corrections do not form chains.

    Examples
    --------
    >>> from detente.catalog import load
    >>> iran = load("iran_2024")
    >>> then = known_on(iran.sources, iran.claims, iran.events, dt.date(2024, 10, 1))
    >>> len(iran.events), len(then.events), max(event.date for event in then.events.values()).date()
    (74, 42, datetime.date(2024, 10, 1))
    """
    for table in (sources, claims, events):
        _refuse_broken(table)
    now = date if isinstance(date, dt.datetime) else end_of_day(dt.datetime(date.year, date.month, date.day))
    known_sources = _known(sources, source_known_at, now)
    known_claims = _known(claims, lambda claim: claim_known_at(claim, sources), now)
    known_events = _known(events, event_known_at, now)
    return Tables(
        sources=known_sources,
        claims={
            id_: replace(claim, source=_those_in(known_sources, claim.source))
            for id_, claim in known_claims.items()
        },
        events={
            id_: replace(
                event,
                sources=_those_in(known_sources, event.sources),
                claims=_those_in(known_claims, event.claims),
                contested_by=_those_in(known_claims, event.contested_by),
            )
            for id_, event in known_events.items()
        },
    )


def source_known_at(source: Source) -> dt.datetime | None:
    """The instant from which a source was known: the end of its day, month or year; None where it has no date.

    Examples
    --------
    >>> source_known_at(Source("S1", "Report", date="2024-11"))
    datetime.datetime(2024, 12, 1, 0, 0)
    """
    found = _SOURCE_DATE.fullmatch(source.date.strip())
    if found is None:
        return None
    year, month, day = found.groups()
    try:
        begin = dt.datetime(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return _end(begin, "day" if day else "month" if month else "year")


def claim_known_at(claim: Claim, sources: Mapping[str, Source]) -> dt.datetime | None:
    """The instant from which a claim was known: stated, or from its first dated source; None where neither says."""
    if claim.known_at is not None:
        return claim.known_at
    known = (source_known_at(sources[id_]) for id_ in claim.source if id_ in sources)
    return min((each for each in known if each is not None), default=None)


def event_known_at(event: Event) -> dt.datetime:
    """The instant from which an event was known: stated, or the end of its day, week or month.

    Examples
    --------
    >>> event_known_at(Event("E1", dt.datetime(2024, 3, 12), "month", (), (), "", "", "A deal"))
    datetime.datetime(2024, 4, 1, 0, 0)
    """
    if event.known_at is not None:
        return event.known_at
    return _end(event.date.replace(hour=0, minute=0), event.precision)


def _end(day: dt.datetime, precision: str) -> dt.datetime:
    """The end of the period that a date stands for; the end of the calendar where that is beyond it."""
    try:
        match precision:
            case "year":
                return months_later(day.replace(month=1, day=1), 12)
            case "month":
                return months_later(day.replace(day=1), 1)
            case "week":
                return day + dt.timedelta(days=7)
        return end_of_day(day)
    except OverflowError:
        return dt.datetime.max


def _known(
    rows: Mapping[str, Row], known_at: Callable[[Row], dt.datetime | None], now: dt.datetime
) -> dict[str, Row]:
    """The rows known by now, with all that they supersede."""
    early = {id_ for id_, row in rows.items() if (known_at(row) or dt.datetime.min) <= now}
    return {id_: row for id_, row in rows.items() if early.issuperset(chain(rows, id_))}


def _those_in(known: Mapping[str, object], ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(id_ for id_ in ids if id_ in known)


def _refuse_broken(rows: Mapping[str, Source] | Mapping[str, Claim] | Mapping[str, Event]) -> None:
    faults = [
        f"{id_}: {message}. {hint}"
        for id_, message, hint in superseding_faults({id_: row.supersedes for id_, row in rows.items()})
    ]
    if faults:
        raise TableError("\n".join(faults))
