"""Dates and days: the one place where calendar and model time meet.

Model time is counted in days (float) from 24:00 UTC of the ``as_of`` date, which is the *origin*:
time 0 is the first instant after the as-of date. A bare date in a schedule means 00:00 UTC of that day; the
last day of a promise and the closing date of a question mean the end of their day.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from calendar import monthrange
from collections.abc import Iterator

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}))?")


def parse_date(text: str) -> dt.datetime:
    """Read ``2024-11-30`` or ``2024-11-27T04:00`` as a UTC instant without a time zone.

    Raises
    ------
    ValueError
        If the text has another form or names a day that does not exist.

    Examples
    --------
    >>> parse_date("2024-11-27T04:00")
    datetime.datetime(2024, 11, 27, 4, 0)
    """
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is not a date of the form 2024-11-30 or 2024-11-30T04:00")
    year, month, day, hour, minute = (int(part) if part else 0 for part in found.groups())
    return dt.datetime(year, month, day, hour, minute)


def parse_end(text: str) -> dt.datetime:
    """Read a date or an instant as `parse_date` does; a day without a time of day is its end, 24:00 UTC.

    Raises
    ------
    ValueError
        If the text has another form, or names a day that does not exist or the last of the calendar.

    Examples
    --------
    >>> parse_end("2024-11-16"), parse_end("2024-11-16T09:30")
    (datetime.datetime(2024, 11, 17, 0, 0), datetime.datetime(2024, 11, 16, 9, 30))
    """
    instant = parse_date(text)
    if ":" in text:
        return instant
    try:
        return end_of_day(instant)
    except OverflowError:
        raise ValueError(f"'{text}' is the last day of the calendar, which has no end") from None


def day_number(instant: dt.datetime) -> float:
    """Days from 0001-01-01 00:00 to `instant` [day]; an absolute axis that no crisis moves.

    Examples
    --------
    >>> day_number(dt.datetime(1970, 1, 1, 12))
    719162.5
    """
    return instant.toordinal() - 1 + (instant.hour * 60 + instant.minute) / 1440.0


def days_between(origin: dt.date, instant: dt.datetime) -> float:
    """Model time of `instant` [day] when `origin` is the as-of date (time 0 is its 24:00).

    Examples
    --------
    >>> days_between(dt.date(2024, 11, 30), parse_date("2024-12-01"))
    0.0
    """
    return day_number(instant) - origin.toordinal()


def end_of_day(instant: dt.datetime) -> dt.datetime:
    """The first instant after the day of `instant`.

    Examples
    --------
    >>> end_of_day(parse_date("2025-01-26"))
    datetime.datetime(2025, 1, 27, 0, 0)
    """
    return dt.datetime(instant.year, instant.month, instant.day) + dt.timedelta(days=1)


def date_at(origin: dt.date, time: float) -> dt.datetime:
    """The instant at model time `time` [day] after 24:00 of `origin`; inverse of `days_between`.

    Examples
    --------
    >>> date_at(dt.date(2024, 11, 30), 0.5)
    datetime.datetime(2024, 12, 1, 12, 0)
    """
    return dt.datetime(origin.year, origin.month, origin.day) + dt.timedelta(days=1.0 + time)


def nearest_minute(instant: dt.datetime) -> dt.datetime:
    """The instant rounded to a minute.

    Examples
    --------
    >>> nearest_minute(dt.datetime(2024, 11, 30, 3, 59, 59, 999))
    datetime.datetime(2024, 11, 30, 4, 0)
    """
    return (instant + dt.timedelta(seconds=30)).replace(second=0, microsecond=0)


def months_later(instant: dt.datetime, months: int) -> dt.datetime:
    """The same day of the month and time of day some months later; the last day of a month that is too short.

    Raises
    ------
    OverflowError
        Beyond the year 9999.

    Examples
    --------
    >>> months_later(dt.datetime(2024, 1, 31), 1), months_later(dt.datetime(2024, 1, 31), 2)
    (datetime.datetime(2024, 2, 29, 0, 0), datetime.datetime(2024, 3, 31, 0, 0))
    """
    year, month = divmod(12 * instant.year + instant.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        raise OverflowError(f"the year {year} is beyond the calendar")
    day = min(instant.day, monthrange(year, month + 1)[1])
    return instant.replace(year=year, month=month + 1, day=day)


def recurring(first: dt.datetime, *, months: int = 0, minutes: int = 0) -> Iterator[dt.datetime]:
    """The first instant and those that follow at a period of so many months and minutes, to the year 9999.

    Every instant is counted from the first: after 29 February comes 31 March where the first was 31 January.

    Examples
    --------
    >>> [f"{each:%m-%d}" for each in itertools.islice(recurring(dt.datetime(2024, 1, 31), months=1), 3)]
    ['01-31', '02-29', '03-31']
    """
    for k in itertools.count():
        try:
            yield months_later(first, k * months) + dt.timedelta(minutes=k * minutes)
        except OverflowError:
            return
