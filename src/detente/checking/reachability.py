"""What can happen at all: which moments can fire, which values stages can take, which conditions can hold.

An over-approximation: what is called unreachable cannot happen in any trajectory; what is called reachable may still
not happen. Stages are followed value by value, numbers as intervals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from detente.expressions import Binary, Call, Expression, Name, Number, Unary
from detente.model import Clock, Crisis, Effect, Moment, Raised, Schedule, Timer, Trigger

Interval = tuple[float, float]

ANYTHING: Interval = (-math.inf, math.inf)


@dataclass
class Reachable:
    """The reachable part of a crisis: moments, happenings, and the values of each stage."""

    moments: set[str] = field(default_factory=set)
    happenings: set[str] = field(default_factory=set)
    values: dict[str, set[str]] = field(default_factory=dict)


def reachable(crisis: Crisis) -> Reachable:
    """Grow the reachable part until nothing more is added."""
    found = Reachable(values={name: _starting_values(crisis, name) for name in crisis.stages})
    found.happenings.update(_recorded(crisis))
    touched = _Touched(crisis)
    while True:
        before = len(found.happenings), sum(map(len, found.values.values()))
        for name, moment in crisis.moments.items():
            if name in found.moments or touched.can_be_caused(moment, found):
                _add(crisis, found, moment)
        if before == (len(found.happenings), sum(map(len, found.values.values()))):
            return found


def can_hold(expression: Expression | None, crisis: Crisis, found: Reachable) -> bool:
    """Whether a condition may be true in some reachable state."""
    if expression is None:
        return True
    return bounds(expression, crisis, found)[1] > 0.0 and not _contradicts_itself(expression, crisis)


def bounds(expression: Expression, crisis: Crisis, found: Reachable) -> Interval:
    """Lowest and highest value an expression may take; truth is 1, falsehood 0."""
    match expression:
        case Number(value):
            return value, value
        case Name(name):
            return _bounds_of_name(name, crisis)
        case Unary("-", operand):
            low, high = bounds(operand, crisis, found)
            return -high, -low
        case Unary(_, operand):
            low, high = bounds(operand, crisis, found)
            return 1.0 - high, 1.0 - low
        case Binary("and" | "or" | "min" | "max" as operator, left, right):
            a, b = bounds(left, crisis, found), bounds(right, crisis, found)
            join = min if operator in ("and", "min") else max
            return join(a[0], b[0]), join(a[1], b[1])
        case Binary("==" | "!=" as operator, Name(stage), Name(value)) if stage in crisis.stages:
            return _compare_stage(found.values[stage], value, operator == "==")
        case Binary("<" | "<=" | ">" | ">=" | "==" | "!=" as operator, left, right):
            return _compare(operator, bounds(left, crisis, found), bounds(right, crisis, found))
        case Binary(operator, left, right):
            return _arithmetic(operator, bounds(left, crisis, found), bounds(right, crisis, found))
        case Call("count" | "happened" as function, argument):
            often = str(argument) in found.happenings
            return (0.0, (math.inf if function == "count" else 1.0) if often else 0.0)
    return ANYTHING


def effects_of(moment: Moment) -> Iterator[tuple[str, Effect]]:
    """Every effect of a moment and of its outcomes, with the happening it belongs to."""
    for effect in moment.effects:
        yield moment.name, effect
    for outcome in moment.outcomes:
        for effect in outcome.effects:
            yield f"{moment.name}.{outcome.name}", effect


# ── growing ──────────────────────────────────────────────────────────────────────────────────────


class _Touched:
    """For moments that something else must cause: which happenings raise or start them."""

    def __init__(self, crisis: Crisis) -> None:
        self.crisis = crisis
        self.by: dict[str, list[tuple[str, Effect]]] = {}
        for moment in crisis.moments.values():
            for happening, effect in effects_of(moment):
                if effect.does in ("raise", "start"):
                    self.by.setdefault(effect.target, []).append((happening, effect))

    def can_be_caused(self, moment: Moment, found: Reachable) -> bool:
        if not can_hold(moment.guard, self.crisis, found):
            return False
        match moment.cause:
            case Clock(rate, _):
                return bounds(rate, self.crisis, found)[1] > 0.0
            case Trigger(when, _):
                return can_hold(when, self.crisis, found)
            case Schedule(times):
                return bool(times)
            case Timer() | Raised():
                return moment.name in found.happenings or any(
                    happening in found.happenings and can_hold(effect.condition, self.crisis, found)
                    for happening, effect in self.by.get(moment.name, ())
                )


def _add(crisis: Crisis, found: Reachable, moment: Moment) -> None:
    found.moments.add(moment.name)
    found.happenings.add(moment.name)
    for outcome in moment.outcomes:
        if can_hold(outcome.guard, crisis, found):
            found.happenings.add(f"{moment.name}.{outcome.name}")
    for happening, effect in effects_of(moment):
        if (
            effect.on == "stage"
            and happening in found.happenings
            and can_hold(effect.condition, crisis, found)
        ):
            found.values[effect.target].add(effect.value)


def _recorded(crisis: Crisis) -> Iterable[str]:
    for item in crisis.replayed:
        yield item.moment
        if item.outcome:
            yield f"{item.moment}.{item.outcome}"


def _starting_values(crisis: Crisis, name: str) -> set[str]:
    stage = crisis.stages[name]
    if isinstance(stage.start, Number):
        return {stage.values[int(stage.start.value)]}
    return set(stage.values)


# ── intervals ────────────────────────────────────────────────────────────────────────────────────


def _bounds_of_name(name: str, crisis: Crisis) -> Interval:
    if name in crisis.stocks:
        return crisis.stocks[name].lower, crisis.stocks[name].upper
    if name in crisis.memories:
        return 0.0, math.inf
    if name in crisis.parameters:
        distribution = crisis.parameters[name].distribution
        if distribution.kind == "fixed":
            return distribution.numbers[0], distribution.numbers[0]
    return ANYTHING


def _compare_stage(values: set[str], value: str, equal: bool) -> Interval:
    can, must = value in values, values == {value}
    if equal:
        return float(must), float(can)
    return float(not can), float(not must)


def _compare(operator: str, a: Interval, b: Interval) -> Interval:
    match operator:
        case ">" | ">=":
            return _compare({">": "<", ">=": "<="}[operator], b, a)
        case "<":
            return float(a[1] < b[0]), float(a[0] < b[1])
        case "<=":
            return float(a[1] <= b[0]), float(a[0] <= b[1])
    overlap = a[0] <= b[1] and b[0] <= a[1]
    single = a == b and a[0] == a[1]
    return (float(single), float(overlap)) if operator == "==" else (float(not overlap), float(not single))


def _arithmetic(operator: str, a: Interval, b: Interval) -> Interval:
    if any(map(math.isinf, (*a, *b))) or operator in ("/", "^"):
        return ANYTHING
    ends = {
        "+": (a[0] + b[0], a[1] + b[1]),
        "-": (a[0] - b[1], a[1] - b[0]),
        "*": (min(x * y for x in a for y in b), max(x * y for x in a for y in b)),
    }
    return ends[operator]


def _contradicts_itself(expression: Expression, crisis: Crisis) -> bool:
    """Whether a conjunction asks one stage for two values."""
    wanted: dict[str, str] = {}
    for part in _conjuncts(expression):
        match part:
            case Binary("==", Name(stage), Name(value)) if stage in crisis.stages:
                if wanted.setdefault(stage, value) != value:
                    return True
    return False


def _conjuncts(expression: Expression) -> Iterator[Expression]:
    if isinstance(expression, Binary) and expression.operator == "and":
        yield from _conjuncts(expression.left)
        yield from _conjuncts(expression.right)
    else:
        yield expression
