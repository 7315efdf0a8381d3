"""Quantities as written – ``30 d``, ``2 per year``, ``30 % within 14 d`` – in the units of the engine.

Durations become days, rates 1/day, percents fractions. A month has 30.4375 days and a year 365.25.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from detente.crisisfile.scalars import MAX_NUMBER
from detente.crisisfile.suggest import did_you_mean

Kind: TypeAlias = Literal["number", "ratio", "rate", "flow", "duration", "share"]
"""What a number is for; it decides which forms are allowed."""

DAYS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}
"""Length of each unit of time [day]."""

_ABBREVIATED = {"min": "minute", "h": "hour", "d": "day", "w": "week", "y": "year"}
_TIME_WORDS = {
    **DAYS,
    **{f"{unit}s": days for unit, days in DAYS.items()},
    **{short: DAYS[unit] for short, unit in _ABBREVIATED.items()},
}

ALLOWED: dict[Kind, str] = {
    "number": "A number is written 182.3, -15, 15 %, 50 ± 10, 3 ±×2 or between 20 and 60 (90 %)",
    "ratio": "A factor is written ×3, 3, 30 %, ×3 ±×1.5 or between 2 and 4 (90 %)",
    "rate": "A rate is written 2 per year, 0.25 per day, 30 % within 14 d, 2 per year ±×2, "
    "between 1 and 4 per year (90 %) or {counted: 2, from: 2023-10-01, to: 2024-11-30}",
    "flow": "A flow is written 0.25 per day, -3 kg per month, 0.1 % per day or 2 ± 1 per day",
    "duration": "A duration is written 30 d, 12 h, 2 weeks, 3 months, 1 year, 30 d ±×1.3 or "
    "between 10 and 30 d (90 %)",
    "share": "A share is written 80 %, 0.8, counted 2 of 3, 30 % ± 10 % or between 20 and 60 % (90 %)",
}
"""The forms of each kind, for messages."""

LONGEST = 200
"""Longest form of a number [characters]; longer text is an expression or nothing."""

_NAMES = {"number": "a number", "ratio": "a factor", "rate": "a rate", "flow": "a flow",
          "duration": "a duration", "share": "a share"}  # fmt: skip

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_SPAN = rf"(?P<{{0}}_count>{_NUMBER})?\s*(?P<{{0}}_unit>[^\W\d]+)"
_QUANTITY = re.compile(
    rf"(?P<times>[×x]\s*)?(?P<number>{_NUMBER})\s*(?P<percent>%)?"
    rf"(?:\s*(?P<unit>(?!(?:per|within)\b)[^\W\d][^\s()%×±]*))?"
    rf"(?:\s+per\s+{_SPAN.format('per')}|\s+within\s+{_SPAN.format('within')})?"
)


class ValueFault(ValueError):  # noqa: N818 – a fault of a file, not of the program
    """A value that is not a number of its kind: what was found, and what is allowed.

    Attributes
    ----------
    message, hint : str
        As in `detente.errors.Fault`.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}. {hint}" if hint else message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Quantity:
    """A number with what was written around it; `per` and `within` in days, 0 where absent."""

    number: float
    times: bool = False
    percent: bool = False
    unit: str = ""
    per: float = 0.0
    within: float = 0.0

    def with_suffix_of(self, other: Quantity) -> Quantity:
        """What is missing after the number is taken from its partner: ``between 20 and 60 % within 14 d``."""
        if self.unit or self.per or self.within:
            return self
        percent = self.percent or (other.percent and not self.times)
        return replace(self, percent=percent, unit=other.unit, per=other.per, within=other.within)


def wrong_kind(found: str, kind: Kind) -> ValueFault:
    """The fault of a value that is no `kind`."""
    return ValueFault(f"{_NAMES[kind]} is expected, but this is {found}", f"{ALLOWED[kind]}.")


def read_quantity(text: str) -> Quantity | None:
    """The quantity that a text is, or None if it has another form.

    Raises
    ------
    ValueFault
        If it has the form, but a unit of time that does not exist or a number beyond all bounds.

    Examples
    --------
    >>> read_quantity("0.25 kg per day")
    Quantity(number=0.25, times=False, percent=False, unit='kg', per=1.0, within=0.0)
    """
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    return Quantity(
        number=finite(float(found["number"])),
        times=bool(found["times"]),
        percent=bool(found["percent"]),
        unit=found["unit"] or "",
        per=_span(found["per_count"], found["per_unit"]),
        within=_span(found["within_count"], found["within_unit"]),
    )


def _span(count: str | None, unit: str | None) -> float:
    if unit is None:
        return 0.0
    span = finite(float(count or 1.0) * days_per(unit))
    if span <= 0:
        raise ValueFault(f"a time span of {count} {unit} is not positive", "Write per day, or within 14 d.")
    return span


def days_per(unit: str) -> float:
    """Length of a unit of time [day].

    Raises
    ------
    ValueFault
        If there is no such unit.

    Examples
    --------
    >>> days_per("weeks")
    7.0
    """
    if unit not in _TIME_WORDS:
        known = f"Units of time: {', '.join(DAYS)}, and {', '.join(_ABBREVIATED)}."
        hint = f"{did_you_mean(unit, _TIME_WORDS)} {known}".strip()
        raise ValueFault(f"there is no unit of time '{unit}'", hint)
    return _TIME_WORDS[unit]


def finite(number: float) -> float:
    """The number itself, unless it is not finite or beyond ±1e300."""
    if not abs(number) <= MAX_NUMBER:
        hint = f"The largest is {MAX_NUMBER:g}."
        raise ValueFault(f"the number {number} is not finite or too large", hint)
    return number


def in_engine_units(quantity: Quantity, kind: Kind) -> float:
    """The number that the engine computes with.

    Raises
    ------
    ValueFault
        If the quantity has another kind, such as a duration where a rate is expected, or is out of its range.

    Examples
    --------
    >>> in_engine_units(Quantity(2.0, unit="weeks"), "duration")
    14.0
    >>> round(in_engine_units(Quantity(30.0, percent=True, within=14.0), "rate"), 6)
    0.025477
    """
    number = quantity.number / 100 if quantity.percent else quantity.number
    if quantity.within:
        return _hazard(number, quantity, kind)
    if quantity.per:
        return _per_day(number, quantity, kind)
    if quantity.unit:
        if kind != "duration":
            raise wrong_kind(_describe(quantity), kind)
        return in_range(finite(number * days_per(quantity.unit)), kind)
    if kind in ("rate", "flow", "duration") and number != 0:
        raise wrong_kind(f"{_describe(quantity)} without a unit of time", kind)
    if quantity.times and kind != "ratio":
        raise wrong_kind("a factor", kind)
    return in_range(number, kind)


def _hazard(share: float, quantity: Quantity, kind: Kind) -> float:
    if kind != "rate" or quantity.unit or quantity.times:
        raise wrong_kind("a chance within a time", kind)
    if not 0 <= share < 1:
        hint = "It is 0 % or more and below 100 %."
        raise ValueFault(f"a chance of {share:g} within a time has no rate", hint)
    return -math.log1p(-share) / quantity.within


def _per_day(number: float, quantity: Quantity, kind: Kind) -> float:
    if kind not in ("rate", "flow") or quantity.times:
        raise wrong_kind("a rate", kind)
    if kind == "rate" and quantity.unit:
        message = f"a rate counts happenings, but this one counts '{quantity.unit}'"
        raise ValueFault(message, "Write 2 per year, without a unit.")
    return in_range(finite(number / quantity.per), kind)


def _describe(quantity: Quantity) -> str:
    if not quantity.unit:
        return f"{quantity.number:g}{' %' if quantity.percent else ''}"
    what = "a duration" if quantity.unit in _TIME_WORDS else f"a quantity in '{quantity.unit}'"
    return f"{what}, {quantity.number:g} {quantity.unit}"


def in_range(number: float, kind: Kind) -> float:
    """The number itself, unless it is outside the range of its kind.

    Examples
    --------
    >>> in_range(0.3, "share")
    0.3
    """
    if kind in ("rate", "ratio", "duration") and number < 0:
        raise ValueFault(f"{_NAMES[kind]} is 0 or more, but this is {number:g}", f"{ALLOWED[kind]}.")
    if kind == "share" and not 0 <= number <= 1:
        hint = "Write it as a percentage, 80 %, or as a fraction, 0.8."
        raise ValueFault(f"a share lies between 0 and 1, but this is {number:g}", hint)
    return number


def parse_duration(text: str) -> float:
    """A plain duration [day].

    Raises
    ------
    ValueFault
        If the text is not a number with a unit of time.

    Examples
    --------
    >>> parse_duration("2 weeks")
    14.0
    """
    quantity = read_quantity(text.strip()) if isinstance(text, str) and len(text) <= LONGEST else None
    if quantity is None or quantity.times:
        hint = "Write 30 d, 12 h, 2 weeks or 1 year."
        raise ValueFault(f"a duration is expected, but this is {quoted(text)}", hint)
    return in_engine_units(quantity, "duration")


def quoted(found: object) -> str:
    """What was found, short enough for a message.

    Examples
    --------
    >>> quoted("30 parsecs"), quoted(None), quoted([1])
    ("'30 parsecs'", 'empty', 'a list')
    """
    if found is None or found == "":
        return "empty"
    for type_, name in ((bool, f"{found}".lower()), (list, "a list"), (dict, "a mapping")):
        if isinstance(found, type_):
            return name
    text = str(found)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:60]}…'"
