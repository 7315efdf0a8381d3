"""What expressions and factors are worth in one state at one time: the first half of the plain definition."""

from __future__ import annotations

import datetime as dt
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields

from detente.dates import day_number
from detente.engine.arithmetic import exp, log
from detente.errors import ModelError
from detente.expressions import Binary, Call, Date, Expression, Month, Name, Number, Unary, walk
from detente.model import Crisis, Factor

TIME = "(time)"
"""Stands for the time in what an expression reads."""
NEVER = -1e9
"""When a happening that never happened last happened [day]."""


@dataclass
class State:
    """Everything that changes along one trajectory, by name. Stages hold the index of their value.

    `memories` hold as of time `at` [day]; `undrawn` are the timers that were started in the replay and whose
    delay has chance: since when, median of the delay, its factor. `armed` is empty before the first instant.
    """

    at: float
    stocks: dict[str, float] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)
    memories: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    lasts: dict[str, float] = field(default_factory=dict)
    strikes: dict[str, float] = field(default_factory=dict)
    undrawn: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    started: dict[str, int] = field(default_factory=dict)
    armed: dict[str, bool] = field(default_factory=dict)


def declared_state(crisis: Crisis, parameters: Mapping[str, float], at: float) -> State:
    """The state as the file declares it, before anything has happened."""
    state, world = State(at), World(crisis, parameters, State(at))
    state.stocks = {name: world.value(stock.start, at) for name, stock in crisis.stocks.items()}
    state.stages = {name: world.value(stage.start, at) for name, stage in crisis.stages.items()}
    for name, memory in crisis.memories.items():
        state.memories[name] = 0.0 if memory.start is None else world.value(memory.start, at)
    return state


class World:
    """One draw of the parameters, and the state of a trajectory, as expressions see them."""

    def __init__(self, crisis: Crisis, parameters: Mapping[str, float], state: State) -> None:
        self.crisis = crisis
        self.parameters = parameters
        self.state = state
        self.origin = crisis.as_of.toordinal()
        self.half_lives = {
            name: self.value(memory.half_life, 0.0) for name, memory in crisis.memories.items()
        }

    # ── expressions ─────────────────────────────────────────────────────────────────────────────

    def holds(self, condition: Expression | None, t: float) -> bool:
        """Whether an optional condition holds at time t."""
        return condition is None or self.value(condition, t) != 0.0

    def value(self, expression: Expression, t: float) -> float:
        """Value of an expression at time t [day]; truth is 1, falsehood 0."""
        match expression:
            case Number(number):
                return number
            case Name(name):
                return self._named(name, t)
            case Unary("-", operand):
                return -self.value(operand, t)
            case Unary(_, operand):
                return 1.0 - self.value(operand, t)
            case Binary(sign, Name(stage), Name(word)) if stage in self.crisis.stages:
                is_so = self.state.stages[stage] == self.crisis.stages[stage].values.index(word)
                return float(is_so == (sign == "=="))
            case Binary(sign, left, right):
                return float(_BINARY[sign](self.value(left, t), self.value(right, t)))
            case Call("until", when):
                return self._time_of(when) - t
            case Call("since", happening):
                return t - self.state.lasts.get(str(happening), NEVER)
            case Call("count", happening):
                return float(self.state.counts.get(str(happening), 0))
            case Call("happened", happening):
                return float(str(happening) in self.state.counts)
            case Call(function, argument):
                return float(_UNARY[function](self.value(argument, t)))
            case Month():
                return float(dt.date.fromordinal(math.floor(t + self.origin) + 1).month)
        raise ModelError(f"'{expression}' cannot stand in a rate, guard or effect")

    def _named(self, name: str, t: float) -> float:
        state = self.state
        if name in state.memories:
            return state.memories[name] * self.fading(name, t - state.at)
        for values in (self.parameters, state.stocks, state.stages):
            if name in values:
                return values[name]
        raise ModelError(f"'{name}' is not a stock, stage, memory or parameter")

    def fading(self, memory: str, span: float) -> float:
        """What is left of 1 in a memory after `span` [day]."""
        return float(exp(-math.log(2.0) / self.half_lives[memory] * span))

    def _time_of(self, when: Expression) -> float:
        if isinstance(when, Date):
            return day_number(when.instant) - self.origin
        return self.crisis.calendar[str(when)]

    # ── factors ─────────────────────────────────────────────────────────────────────────────────

    def scaled(self, amount: Expression, factors: Iterable[Factor], t: float) -> float:
        """``amount · Πfactors``, of either sign."""
        return math.prod((self.factor(factor, t) for factor in factors), start=self.value(amount, t))

    def weight(
        self, base: Expression, factors: Iterable[Factor], guard: Expression | None, t: float
    ) -> float:
        """``base · Πfactors``, never below 0, while the guard holds; else 0."""
        weight = max(0.0, self.scaled(base, factors, t))
        return weight if guard is None else self.value(guard, t) * weight

    def factor(self, factor: Factor, t: float) -> float:
        """Value of a factor at time t."""
        if not self.holds(factor.condition, t):
            return 1.0
        of, times, start, unit = (
            math.nan if part is None else self.value(part, t)
            for part in (factor.of, factor.times, factor.start or Number(0.0), factor.unit)
        )
        match factor.shape:
            case "while":
                size = times
            case "each":
                size = float(exp(log(times) * (of - start) / unit))
            case "each_log":
                size = float(exp(log(times) * (log(of) - log(start)) / log(unit)))
            case "memory":
                size = max(1.0 + (times - 1.0) * of, 0.0)
            case "proportional":
                size = max(of, 0.0)
        if factor.at_least is not None:
            size = max(size, self.value(factor.at_least, t))
        if factor.at_most is not None:
            size = min(size, self.value(factor.at_most, t))
        return size


def _quotient(a: float, b: float) -> float:
    return a / b if b else math.copysign(math.inf, a) if a else math.nan


def _power(a: float, b: float) -> float:
    if b == 2.0:
        return a * a
    return float(exp(b * log(a))) if a > 0.0 else float(b == 0.0)


_BINARY: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "^": _power,
    "and": operator.mul,
    "or": max,
    "min": min,
    "max": max,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

_UNARY: Mapping[str, Callable[[float], float]] = {
    "exp": exp,
    "log": log,
    "sqrt": lambda x: math.sqrt(max(x, 0.0)),
    "abs": abs,
}


# ── what an expression reads ─────────────────────────────────────────────────────────────────────


def reads(expressions: Iterable[Expression | None], factors: Iterable[Factor] = ()) -> set[str]:
    """Names that expressions and factors look at, and `TIME` where their value changes by itself in time."""
    parts = [*expressions]
    for factor in factors:
        parts += [getattr(factor, each.name) for each in fields(factor)[2:]]
    names: set[str] = set()
    for part in parts:
        for node in () if part is None else walk(part):
            match node:
                case Name(name):
                    names.add(name)
                case Month() | Call("since" | "until", _):
                    names.add(TIME)
    return names
