"""Numbers with units and what is not known about them: the table "Numbers" of the crisis language.

A value is a `Distribution` (fixed, if nothing is said about spread) or an `Expression` of the state, and may
vary by chance at each occurrence::

    182.3    15 %    ×3    30 d    2 per year    30 % within 14 d          fixed
    between 20 and 60 (90 %)    3 ±×2    50 ± 10    counted 2 of 3          spread
    0.1 * exports                                                         expression
    {value: 30 d, spread: ×1.3, varies: ×1.8, on: 2024-10-26}             any of them, and more
    {counted: 2, from: 2023-10-01, to: 2024-11-30}                        a rate from the record
    {mean_rate: 2 per year, spread: ×2, from: …, to: …}                   a rate as it came out in the record
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from detente.crisisfile.quantities import (
    ALLOWED,
    Kind,
    Quantity,
    ValueFault,
    finite,
    parse_duration,
    quoted,
    read_quantity,
    wrong_kind,
)
from detente.crisisfile.spreads import (
    MAX_COUNT,
    UNITS,
    above_one,
    counted_share,
    fixed,
    read_range,
    spread_of,
)
from detente.crisisfile.suggest import did_you_mean
from detente.dates import days_between, end_of_day, parse_date
from detente.expressions import (
    AnyMonth,
    At,
    Before,
    Date,
    Ever,
    Expression,
    ExpressionError,
    First,
    Number,
    parse,
)
from detente.model import Distribution

__all__ = ["Kind", "Value", "ValueFault", "parse_duration", "parse_value"]

_EVIDENCE_KEYS = ("source", "because", "reference")
_VALUE_KEYS = ("value", "spread", "varies", "on")
_COUNTED_KEYS = ("counted", "from", "to")
_MEAN_RATE_KEYS = ("mean_rate", "spread", "from", "to")


@dataclass(frozen=True)
class Value:
    """A number in the units of the engine: exactly one of `distribution` and `expression` is set.

    Attributes
    ----------
    distribution : Distribution or None
        What is known about the number: durations [day], rates [1/day], flows [unit/day], shares in [0, 1].
    expression : Expression or None
        How the number depends on the state, in the same units.
    varies : Distribution or None
        The factor above 1 that holds 90 % of the chance variation, either way; None: it does not vary.
    unit : str
        ``day``, ``1/day``, ``kg/day`` or empty.
    on : datetime or None
        The instant at which the number holds (the start of a stock).
    """

    distribution: Distribution | None = None
    expression: Expression | None = None
    varies: Distribution | None = None
    unit: str = ""
    on: dt.datetime | None = None

    @property
    def fixed(self) -> float | None:
        """The number itself, if it is known exactly."""
        known = self.distribution
        return known.numbers[0] if known is not None and known.kind == "fixed" else None


def parse_value(raw: Any, kind: Kind, *, clock: str = "", origin: dt.date | None = None) -> Value:
    """Read a number as it is written in a crisis file.

    Parameters
    ----------
    raw : str, int, float or mapping
        As `detente.crisisfile.reading` gives it.
    kind : {'number', 'ratio', 'rate', 'flow', 'duration', 'share'}
        What the number is for.
    clock : str
        The clock whose rate it is; needed for ``counted`` and ``mean_rate``.
    origin : date, optional
        The as-of date, from which model time counts; needed for ``counted`` and ``mean_rate``.

    Raises
    ------
    ValueFault
        If it is no number of this kind, out of range, or neither a number nor an expression.

    Examples
    --------
    >>> parse_value("2 weeks", "duration").distribution
    Distribution(kind='fixed', numbers=(14.0,), clock='', start=0.0, end=0.0, lower=-inf, upper=inf)
    >>> parse_value({"value": "30 d", "spread": "×1.3", "varies": "×1.8"}, "duration").varies.numbers
    (1.8,)
    >>> str(parse_value("0.1 * exports", "number").expression)
    '(0.1 * exports)'
    """
    if isinstance(raw, Mapping):
        return _from_mapping(raw, kind, clock, origin)
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise wrong_kind(quoted(raw), kind)
    if isinstance(raw, int | float):
        if isinstance(raw, int) and abs(raw) > 10**300:
            raise ValueFault("the number is too large", "The largest is 1e+300.")
        return _value(fixed(Quantity(finite(float(raw))), kind))
    return _from_text(raw.replace("−", "-").strip(), kind)


# ── texts ────────────────────────────────────────────────────────────────────────────────────────


def _from_text(text: str, kind: Kind) -> Value:
    known = read_range(text, kind)
    return _value(known) if known else _from_expression(text, kind)


def _value(known: tuple[Distribution, str]) -> Value:
    distribution, unit = known
    return Value(distribution, unit=unit)


def _from_expression(text: str, kind: Kind) -> Value:
    if not text:
        raise wrong_kind("empty", kind)
    try:
        node = parse(text)
    except ExpressionError as problem:
        hint = f"{ALLOWED[kind]}; or it is an expression, such as 0.1 * exports ({problem})."
        raise ValueFault(f"{quoted(text)} is neither a number nor an expression", hint) from None
    if isinstance(node, Number):
        return _value(fixed(Quantity(finite(node.value)), kind))
    if isinstance(node, Date | First | Before | At | Ever | AnyMonth):
        found = "a date" if isinstance(node, Date) else "a proposition of a question"
        raise wrong_kind(f"{found}, {quoted(text)}", kind)
    return Value(expression=node, unit=UNITS.get(kind, ""))


# ── mappings ─────────────────────────────────────────────────────────────────────────────────────


def _from_mapping(raw: Mapping[str, Any], kind: Kind, clock: str, origin: dt.date | None) -> Value:
    if "counted" in raw:
        _refuse_unknown(raw, _COUNTED_KEYS)
        return _counted(raw, kind, clock, origin)
    if "mean_rate" in raw:
        _refuse_unknown(raw, _MEAN_RATE_KEYS)
        return _mean_rate(raw, kind, clock, origin)
    _refuse_unknown(raw, _VALUE_KEYS)
    if "value" not in raw:
        raise ValueFault("`value` is missing", f"Write {{value: …, source: […]}}. {ALLOWED[kind]}.")
    if isinstance(raw["value"], Mapping):
        raise wrong_kind("a mapping inside `value`", kind)
    value = parse_value(raw["value"], kind)
    if "spread" in raw:
        value = _with_spread(value, raw, kind)
    varies = _varies(raw["varies"], kind) if "varies" in raw else None
    return replace(value, varies=varies, on=_on(raw["on"], kind) if "on" in raw else None)


def _refuse_unknown(raw: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in raw:
        if key not in known and key not in _EVIDENCE_KEYS:
            every = (*_VALUE_KEYS, *_COUNTED_KEYS, "mean_rate")
            allowed = f"Allowed beside `{known[0]}`: {', '.join((*known[1:], *_EVIDENCE_KEYS))}."
            hint = f"{did_you_mean(str(key), every)} {allowed}".strip()
            raise ValueFault(f"there is no key {quoted(key)} in a number", hint)


def _with_spread(value: Value, raw: Mapping[str, Any], kind: Kind) -> Value:
    if value.fixed is None:
        what = "an expression" if value.expression is not None else "a number that has its spread already"
        hint = "Give the spread to a plain number, such as {value: 3, spread: ×2}."
        raise ValueFault(f"`spread` stands beside {what}", hint)
    if not isinstance(raw["spread"], str):
        hint = "Write ×2 (a factor 2 either way holds 90 %) or ± 10 (10 either way holds 90 %)."
        raise ValueFault(f"`spread` is {quoted(raw['spread'])}, without × or ±", hint)
    text = raw["value"]
    number = text.replace("−", "-").strip() if isinstance(text, str) else repr(text)
    quantity = read_quantity(number) or Quantity(value.fixed)
    return _value(spread_of(quantity, raw["spread"].strip(), kind))


def _varies(raw: Any, kind: Kind) -> Distribution:
    if kind in ("rate", "share"):
        hint = "It is chance already. Write `spread` for ignorance."
        raise ValueFault(f"`varies` has no meaning for a {kind}", hint)
    if isinstance(raw, str) and raw.lstrip().startswith(("±", "+/-")):
        raise ValueFault(f"`varies` is a factor, but this is {quoted(raw)}", "Write varies: ×1.8.")
    value = parse_value(raw, "ratio")
    if value.distribution is None or value.varies is not None:
        hint = "Write varies: ×1.8, or {value: ×1.8, spread: ×1.2}."
        raise ValueFault("`varies` is a factor above 1", hint)
    if value.fixed is not None:
        above_one(Quantity(value.fixed), "varies")
    return value.distribution if value.fixed is not None else replace(value.distribution, lower=1.0)


def _on(raw: Any, kind: Kind) -> dt.datetime:
    if kind != "number":
        raise ValueFault(f"`on` has no meaning for a {kind}", "It dates the start of a stock.")
    return _date(raw, "on")


def _date(raw: Any, key: str) -> dt.datetime:
    try:
        return parse_date(raw if isinstance(raw, str) else "")
    except ValueError:
        hint = "Write a day as 2024-10-26, or an instant (UTC) as 2024-10-26T04:00."
        raise ValueFault(f"`{key}` is {quoted(raw)}, which is not a date", hint) from None


def _window(raw: Mapping[str, Any], origin: dt.date | None) -> tuple[float, float]:
    """The days [from, to], both included, in model time."""
    for key in ("from", "to"):
        if key not in raw:
            raise ValueFault(f"`{key}` is missing", "Write {counted: 2, from: 2023-10-01, to: 2024-11-30}.")
    first, last = _date(raw["from"], "from"), _date(raw["to"], "to")
    if last.hour == last.minute == 0:
        last = end_of_day(last)
    if not first < last:
        raise ValueFault(f"`from` {raw['from']} comes after `to` {raw['to']}", "The earlier day is `from`.")
    if origin is None:
        hint = "It belongs to the `rate` of an action or a step."
        raise ValueFault("a rate from the record is not possible here", hint)
    start, end = days_between(origin, first), days_between(origin, last)
    if end > 0:
        raise ValueFault(f"`to` {raw['to']} comes after the as-of date", f"The record ends on {origin}.")
    return start, end


def _counted(raw: Mapping[str, Any], kind: Kind, clock: str, origin: dt.date | None) -> Value:
    count = raw["counted"]
    if isinstance(count, str) and "from" not in raw and (share := counted_share(count.strip(), kind)):
        return _value(share)
    if kind != "rate":
        raise wrong_kind("a counted rate", kind)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MAX_COUNT:
        hint = f"It is how often the action happened from `from` to `to`: 0 to {MAX_COUNT:,}."
        raise ValueFault(f"`counted` is {quoted(count)}, which is not a count", hint)
    start, end = _window(raw, origin)
    return Value(Distribution("counted", (float(count),), clock, start, end), unit="1/day")


def _mean_rate(raw: Mapping[str, Any], kind: Kind, clock: str, origin: dt.date | None) -> Value:
    if kind != "rate":
        raise wrong_kind("a mean rate", kind)
    plain = {"value": raw["mean_rate"]} | ({"spread": raw["spread"]} if "spread" in raw else {})
    known = _from_mapping(plain, "rate", clock, origin).distribution
    if known is None or known.kind not in ("fixed", "lognormal") or known.numbers[0] <= 0:
        hint = "Write {mean_rate: 2 per year, spread: ×2, from: 2023-10-01, to: 2024-11-30}."
        raise ValueFault("`mean_rate` is a rate above 0, with a spread by a factor or none", hint)
    median, factor = (*known.numbers, 1.0)[:2]
    start, end = _window(raw, origin)
    return Value(Distribution("mean_rate", (median, factor), clock, start, end), unit="1/day")
