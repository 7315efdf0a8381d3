"""Ranges – ``between 20 and 60 (90 %)``, ``3 ±×2``, ``50 ± 10``, ``counted 2 of 3`` – as distributions.

A range always holds 90 %: 5 % lies below it and 5 % above. Each function gives the distribution, in the units
of the engine, and the name of its unit.
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

from detente.crisisfile.quantities import (
    ALLOWED,
    LONGEST,
    Kind,
    Quantity,
    ValueFault,
    in_engine_units,
    quoted,
    read_quantity,
    wrong_kind,
)
from detente.model import NINETY_PERCENT, Distribution

Known: TypeAlias = tuple[Distribution, str]
"""A distribution and its unit."""

MAX_COUNT = 1_000_000
"""Largest number of counted happenings or cases."""

UNITS: dict[Kind, str] = {"rate": "1/day", "flow": "1/day", "duration": "day"}
"""The unit of each kind that has one."""

_LOWER: dict[Kind, float] = {"rate": 0.0, "ratio": 0.0, "duration": 0.0, "share": 0.0}
_BETWEEN = re.compile(r"between\s+(?P<low>.+?)\s+and\s+(?P<high>.+?)\s*(?P<range>\(.*\))?")
_PLUS_MINUS = re.compile(r"(?P<middle>.+?)\s*(?:±|\+/-)\s*(?P<spread>.+)")
_COUNTED = re.compile(r"(?:counted\s+)?(?P<count>\d+)\s+of\s+(?P<total>\d+)")
_WRITE_SPREAD = "Write ×2 (a factor 2 either way holds 90 %) or ± 10 (10 either way holds 90 %)."


def read_range(text: str, kind: Kind) -> Known | None:
    """The number or range that a text is, or None if it has another form.

    Raises
    ------
    ValueFault
        If it has the form of a number or range, but is none of this kind.

    Examples
    --------
    >>> distribution, unit = read_range("between 1 and 4 d (90 %)", "duration")
    >>> distribution.kind, distribution.numbers, unit
    ('lognormal', (2.0, 2.0), 'day')
    """
    if len(text) > LONGEST:
        return None
    if quantity := read_quantity(text):
        return fixed(quantity, kind)
    if text.startswith("between "):
        return _between(text, kind)
    if "±" in text or "+/-" in text:
        return _plus_minus(text, kind)
    return counted_share(text, kind)


def fixed(quantity: Quantity, kind: Kind) -> Known:
    """A number known exactly."""
    return Distribution("fixed", (in_engine_units(quantity, kind),)), _unit(quantity, kind)


def _unit(quantity: Quantity, kind: Kind) -> str:
    return f"{quantity.unit}/day" if kind == "flow" and quantity.unit else UNITS.get(kind, "")


def _quantity(text: str, kind: Kind) -> Quantity:
    quantity = read_quantity(text.strip())
    if quantity is None:
        raise ValueFault(f"{quoted(text)} is not a number", f"{ALLOWED[kind]}.")
    return quantity


def _between(text: str, kind: Kind) -> Known:
    found = _BETWEEN.fullmatch(text)
    if found is None or re.sub(r"\s", "", found["range"] or "") != "(90%)":
        hint = f"Write between 20 and 60 (90 %): 5 % lies below and 5 % above. {ALLOWED[kind]}."
        raise ValueFault(f"{quoted(text)} does not say which range it is", hint)
    high = _quantity(found["high"], kind)
    low = _quantity(found["low"], kind).with_suffix_of(high)
    bounds = in_engine_units(low, kind), in_engine_units(high.with_suffix_of(low), kind)
    return _from_quantiles(*bounds, kind), _unit(high, kind)


def _from_quantiles(low: float, high: float, kind: Kind) -> Distribution:
    """The distribution with these 5 % and 95 % quantiles."""
    if not low < high:
        raise ValueFault(f"the range from {low:g} to {high:g} is empty", "The smaller number comes first.")
    if kind == "share":
        if not 0 < low < high < 1:
            hint = "Write between 1 and 99 % (90 %), or counted 0 of 14."
            raise ValueFault(f"the range of a share from {low:g} to {high:g} touches 0 or 1", hint)
        return Distribution("logitnormal", (low, high))
    if low > 0:
        return Distribution("lognormal", (math.sqrt(low) * math.sqrt(high), math.sqrt(high / low)))
    return _normal((low + high) / 2, (high - low) / 2, kind)


def _normal(mean: float, half_range: float, kind: Kind) -> Distribution:
    upper = 1.0 if kind == "share" else math.inf
    return Distribution(
        "normal", (mean, half_range / NINETY_PERCENT), lower=_LOWER.get(kind, -math.inf), upper=upper
    )


def _lognormal(median: float, factor: float, kind: Kind) -> Distribution:
    if median == 0:
        raise ValueFault("a spread by a factor needs a number that is not 0", "Write the spread as ± 10.")
    return Distribution("lognormal", (median, factor), upper=1.0 if kind == "share" else math.inf)


def counted_share(text: str, kind: Kind) -> Known | None:
    """The share ``counted 2 of 3``, or None if the text has another form.

    Examples
    --------
    >>> counted_share("counted 2 of 3", "share")[0].numbers
    (2.5, 1.5)
    """
    found = _COUNTED.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        return None
    count, total = int(found["count"]), int(found["total"])
    if kind != "share":
        raise wrong_kind(f"a share, {quoted(text)}", kind)
    if not 0 <= count <= total <= MAX_COUNT or total == 0:
        hint = f"Write counted 2 of 3: the cases in which it happened, of all cases (1 to {MAX_COUNT:,})."
        raise ValueFault(f"{quoted(text)} is not a share", hint)
    return Distribution("beta", (count + 0.5, total - count + 0.5)), ""


def _plus_minus(text: str, kind: Kind) -> Known:
    found = _PLUS_MINUS.fullmatch(text)
    if found is None:
        raise ValueFault(f"{quoted(text)} is not a number with its spread", "Write 50 ± 10 or 3 ±×2.")
    return spread_of(_quantity(found["middle"], kind), f"±{found['spread']}", kind)


def spread_of(middle: Quantity, spread: str, kind: Kind) -> Known:
    """A number and its 90 % range either way: a factor (``×2``, ``±×2``) or an amount (``± 10``).

    Raises
    ------
    ValueFault
        If the spread is neither, not above 1 or 0, or does not fit the number.

    Examples
    --------
    >>> spread_of(Quantity(3.0), "×2", "number")[0]
    Distribution(kind='lognormal', numbers=(3.0, 2.0), clock='', start=0.0, end=0.0, lower=-inf, upper=inf)
    """
    amount = spread.removeprefix("±").removeprefix("+/-").strip()
    by = read_quantity(amount) if len(amount) <= LONGEST else None
    if by is None or not (by.times or spread.startswith(("±", "+/-"))):
        raise ValueFault(f"{quoted(spread)} is not a spread", _WRITE_SPREAD)
    if by.times:
        factor = above_one(by, "spread")
        return _lognormal(in_engine_units(middle, kind), factor, kind), _unit(middle, kind)
    if middle.within or by.within:
        raise ValueFault("a chance within a time takes its spread by a factor", "Write 30 % within 14 d ±×2.")
    if by.percent and not middle.percent:
        hint = "± is an amount in the unit of the number: 50 ± 5, 30 % ± 10 %. A factor is 50 ±×1.1."
        raise ValueFault(f"the spread ± {quoted(amount)} is in %, but its number is not", hint)
    middle, by = middle.with_suffix_of(by), by.with_suffix_of(middle)
    half_range = in_engine_units(by, kind)
    if half_range <= 0:
        raise ValueFault(f"a spread is more than 0, but this is {half_range:g}", "Write 50 ± 10.")
    return _normal(in_engine_units(middle, kind), half_range, kind), _unit(middle, kind)


def above_one(ratio: Quantity, word: str) -> float:
    """The factor of a 90 % range either way, unless it is not above 1.

    Examples
    --------
    >>> above_one(Quantity(1.8, times=True), "varies")
    1.8
    """
    factor = in_engine_units(ratio, "ratio")
    if not factor > 1:
        hint = f"Write ×2: 90 % lies within a factor 2 either way. Without {word}, leave the key out."
        raise ValueFault(f"the factor of `{word}` is above 1, but this is {factor:g}", hint)
    return factor
