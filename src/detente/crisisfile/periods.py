"""Periods as written – ``7 d``, ``2 weeks``, ``1 month`` – of what recurs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from detente.crisisfile.quantities import (
    LONGEST,
    Quantity,
    ValueFault,
    in_engine_units,
    quoted,
    read_quantity,
)

_CALENDAR_MONTHS = {"month": 1, "months": 1, "year": 12, "years": 12, "y": 12}
_WRITE_PERIOD = "Write 7 d, 2 weeks, 1 month or 1 year."


@dataclass(frozen=True)
class Period:
    """How often something recurs: so many months of the calendar, or so many minutes."""

    months: int = 0
    minutes: int = 0


def parse_period(text: object) -> Period:
    """How often something recurs; months and years follow the calendar.

    Raises
    ------
    ValueFault
        If the text is not a number with a unit of time, or not a whole number of months.

    Examples
    --------
    >>> parse_period("2 weeks"), parse_period("1 year")
    (Period(months=0, minutes=20160), Period(months=12, minutes=0))
    """
    quantity = read_quantity(text.strip()) if isinstance(text, str) and len(text) <= LONGEST else None
    if quantity is None or not quantity.unit or replace(quantity, unit="") != Quantity(quantity.number):
        raise ValueFault(f"a period is expected, but this is {quoted(text)}", _WRITE_PERIOD)
    in_calendar = _CALENDAR_MONTHS.get(quantity.unit)
    if in_calendar is not None:
        if quantity.number < 1 or not quantity.number.is_integer():
            hint = "Months and years are counted whole: 1 month, 3 months, 1 year. Or write days."
            raise ValueFault(f"{quoted(text)} is no period of the calendar", hint)
        return Period(months=int(quantity.number) * in_calendar)
    minutes = round(in_engine_units(quantity, "duration") * 1440)
    if minutes < 1:
        raise ValueFault(f"a period is at least a minute, but this is {quoted(text)}", _WRITE_PERIOD)
    return Period(minutes=minutes)
