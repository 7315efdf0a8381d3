"""Rules of group decision as expressions; for numbers they are those of `detente.bargaining.simple_rules`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

from detente.expressions import Binary, BinaryOperator, Call, Expression, Number

_HALF = 0.5 - 1e-12
"""Share of the weight that counts as half: a little less, as there, so that rounding cannot tip a median."""

_FAR = Number(1e6)
"""Far beyond any position."""


@dataclass(frozen=True)
class Stand:
    """Where a faction stands and what it weighs: influence times salience."""

    position: Expression
    weight: Expression


def compromise(stands: Sequence[Stand]) -> Expression:
    """The weighted mean Σ w·x / Σ w."""
    weighted = [Binary("*", each.weight, each.position) for each in stands]
    return Binary("/", _sum(weighted), _sum([each.weight for each in stands]))


def median(stands: Sequence[Stand]) -> Expression:
    """The lowest held position with at least half the weight at or below it, whatever the order of positions.

    A position counts unless Σ w·((x ≤ it) − ½) is negative; the least of those that count wins.
    """
    candidates = [Binary("+", each.position, Binary("*", _FAR, _lacks_half(each, stands))) for each in stands]
    return reduce(lambda least, each: Binary("min", least, each), candidates[1:], candidates[0])


def _lacks_half(one: Stand, stands: Sequence[Stand]) -> Expression:
    balance = _sum([Binary("*", each.weight, _side(each, one)) for each in stands])
    return Binary("<", balance, Number(0.0))


def _side(other: Stand, one: Stand) -> Expression:
    """½ if another stands at or below one, else −½."""
    a, b = other.position, one.position
    if other is one:
        return Number(1.0 - _HALF)
    if isinstance(a, Number) and isinstance(b, Number):
        return Number(1.0 - _HALF if a.value <= b.value else -_HALF)
    return Binary("-", Binary("<=", a, b), Number(_HALF))


def veto(
    choice: Expression, leader: Expression, status_quo: Expression, kind: Literal["concede", "block"]
) -> Expression:
    """What a leader leaves of a choice who accepts what is no further away than the status quo."""
    radius = Call("abs", _two("-", leader, status_quo))
    if isinstance(leader, Number) and isinstance(status_quo, Number):
        return _with_radius(choice, leader, status_quo, Number(abs(leader.value - status_quo.value)), kind)
    return _with_radius(choice, leader, status_quo, radius, kind)


def _with_radius(
    choice: Expression, leader: Expression, status_quo: Expression, radius: Expression, kind: str
) -> Expression:
    if kind == "concede":
        low, high = _two("-", leader, radius), _two("+", leader, radius)
        return Binary("min", Binary("max", choice, low), high)
    accepted = Binary("<=", Call("abs", Binary("-", choice, leader)), radius)
    return Binary("+", status_quo, Binary("*", accepted, Binary("-", choice, status_quo)))


def _two(operator: BinaryOperator, a: Expression, b: Expression) -> Expression:
    """Sum or difference; of two plain numbers, their value."""
    if isinstance(a, Number) and isinstance(b, Number):
        return Number(a.value + b.value if operator == "+" else a.value - b.value)
    return Binary(operator, a, b)


def _sum(terms: Sequence[Expression]) -> Expression:
    return reduce(lambda left, right: Binary("+", left, right), terms)
