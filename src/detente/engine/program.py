"""Expressions and factors → three-address code over rows.

A *row* holds one number of every trajectory in a block: a parameter, a stock, a stage, an intermediate result.
An instruction writes one row from others. Whatever depends on parameters alone is hoisted: it becomes a row
that is filled once per draw. Whatever is constant becomes an immediate number in the instruction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from detente.dates import day_number
from detente.errors import ModelError
from detente.expressions import Binary, Call, Date, Expression, Month, Name, Number, Unary
from detente.model import Factor

# Opcodes. The part behind _K takes the instruction's immediate number k as its second operand.
ADD, SUB, MUL, DIV, MIN, MAX, LT, LE, EQ, NE = range(10)
ADD_K, SUB_K, MUL_K, DIV_K, MIN_K, MAX_K, LT_K, LE_K, EQ_K, NE_K = range(10, 20)
FROM_K, OVER_K, GT_K, GE_K = range(20, 24)  # k − a, k / a, a > k, a >= k
EXP, LOG, SQRT, ABS, POWER = range(24, 29)
WHEN, WHEN_K = 29, 30  # a · (b if c else 1), a · (k if c else 1)
MEMORY, SINCE, UNTIL, MONTH, COPY = range(31, 36)

_BINARY = {"+": ADD, "-": SUB, "*": MUL, "/": DIV, "<": LT, "<=": LE, "==": EQ, "!=": NE}
_WITH_K = {ADD: ADD_K, SUB: SUB_K, MUL: MUL_K, DIV: DIV_K, MIN: MIN_K, MAX: MAX_K, LT: LT_K, LE: LE_K, EQ: EQ_K, NE: NE_K}
_SWAPPED_K = {ADD: ADD_K, SUB: FROM_K, MUL: MUL_K, DIV: OVER_K, MIN: MIN_K, MAX: MAX_K, LT: GT_K, LE: GE_K, EQ: EQ_K, NE: NE_K}
_UNARY = {"exp": EXP, "log": LOG, "sqrt": SQRT, "abs": ABS}

Operand = float | int
"""A constant (float) or the number of a row (int)."""


class Program(NamedTuple):
    """Instructions `start` to `end` (exclusive) leave their result in `row`."""

    start: int
    end: int
    row: int


@dataclass
class Reads:
    """What a program depends on."""

    rows: set[int] = field(default_factory=set)
    memories: set[int] = field(default_factory=set)
    time: bool = False


@dataclass
class Names:
    """Where the names of a crisis live: rows of state, and what is known about parameters."""

    constants: Mapping[str, float]
    uncertain: frozenset[str]
    rows: dict[str, int]
    memories: Mapping[str, int]
    stages: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]
    lasts: Mapping[str, int]
    calendar: Mapping[str, float]
    origin: float


class Assembler:
    """Collects instructions, hoisted rows and temporary rows for one crisis."""

    def __init__(self, names: Names, first_free_row: int) -> None:
        self.names = names
        self.code: list[tuple[int, int, int, int, int]] = []
        self.immediate: list[float] = []
        self.hoisted: dict[Expression, int] = {}
        self.next_row = first_free_row
        self.reads = Reads()
        self._free_temporaries: list[int] = []
        self._used_temporaries: list[int] = []

    # ── programs ────────────────────────────────────────────────────────────────────────────────

    def program(self, expression: Expression, *, into: int | None = None) -> tuple[Program, Reads]:
        """Assemble an expression; the result stands in `into` or in a row of the program's choice."""
        return self._finish(len(self.code), lambda: self._operand(expression), into)

    def product(
        self,
        base: Expression,
        factors: Iterable[Factor],
        guard: Expression | None,
        *,
        into: int | None = None,
    ) -> tuple[Program, Reads]:
        """Assemble ``guard · max(0, base · Πfactors)``."""

        def build() -> Operand:
            value = self._with_factors(self._operand(base), factors)
            value = self._two(MAX, value, 0.0)
            return value if guard is None else self._two(MUL, self._operand(guard), value)

        return self._finish(len(self.code), build, into)

    def scaled(
        self, amount: Expression, factors: Iterable[Factor], *, into: int | None = None
    ) -> tuple[Program, Reads]:
        """Assemble ``amount · Πfactors`` of either sign."""
        return self._finish(
            len(self.code), lambda: self._with_factors(self._operand(amount), factors), into
        )

    def per_draw(self, expression: Expression) -> int:
        """The row of an expression of parameters alone."""
        value = self.constant(expression)
        return self._hoist(expression if value is None else Number(value))

    def _finish(self, start: int, build: object, into: int | None) -> tuple[Program, Reads]:
        self.reads = Reads()
        value = build()  # type: ignore[operator]
        if into is not None and not self._retarget(start, value, into):
            self._emit(COPY, into, self.row_of(value))
        row = self.row_of(value) if into is None else into
        reads = self.reads
        self._free_temporaries.extend(self._used_temporaries)
        self._used_temporaries.clear()
        return Program(start, len(self.code), row), reads

    def _retarget(self, start: int, value: Operand, into: int) -> bool:
        """Let the last instruction write `into`, where its result is the value and a temporary."""
        if len(self.code) == start or value not in self._used_temporaries or self.code[-1][1] != value:
            return False
        op, _, *arguments = self.code[-1]
        self.code[-1] = (op, into, arguments[0], arguments[1], arguments[2])
        return True

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def new_row(self) -> int:
        """A row that nobody else uses."""
        self.next_row += 1
        return self.next_row - 1

    def row_of(self, operand: Operand) -> int:
        """The row of an operand; a constant gets one."""
        return operand if isinstance(operand, int) else self._hoist(Number(operand))

    def _temporary(self) -> int:
        row = self._free_temporaries.pop() if self._free_temporaries else self.new_row()
        self._used_temporaries.append(row)
        return row

    def _hoist(self, expression: Expression) -> int:
        if expression not in self.hoisted:
            self.hoisted[expression] = self.new_row()
        return self.hoisted[expression]

    def _emit(self, op: int, target: int, a: int = 0, b: int = 0, c: int = 0, k: float = 0.0) -> int:
        self.code.append((op, target, a, b, c))
        self.immediate.append(k)
        return target

    # ── expressions ─────────────────────────────────────────────────────────────────────────────

    def _operand(self, expression: Expression) -> Operand:
        constant = self.constant(expression)
        if constant is not None:
            return constant
        if self.is_per_draw(expression):
            return self._hoist(expression)
        match expression:
            case Name(name):
                return self._state(name)
            case Unary("-", operand):
                return self._two(SUB, 0.0, self._operand(operand))
            case Unary(_, operand):
                return self._two(SUB, 1.0, self._operand(operand))
            case Binary():
                return self._binary(expression)
            case Call():
                return self._call(expression)
            case Month():
                self.reads.time = True
                return self._emit(MONTH, self._temporary(), k=self.names.origin)
        raise ModelError(f"'{expression}' cannot stand in a rate, guard or effect")

    def _state(self, name: str) -> int:
        if name in self.names.memories:
            self.reads.memories.add(self.names.memories[name])
            return self._emit(MEMORY, self._temporary(), self.names.rows[name], self.names.memories[name])
        if name not in self.names.rows:
            raise ModelError(f"'{name}' is not a stock, stage, memory or parameter")
        self.reads.rows.add(self.names.rows[name])
        return self.names.rows[name]

    def _binary(self, expression: Binary) -> Operand:
        operator, left, right = expression.operator, expression.left, expression.right
        if isinstance(left, Name) and left.name in self.names.stages and isinstance(right, Name):
            values = self.names.stages[left.name]
            op = EQ if operator == "==" else NE
            return self._two(op, self._state(left.name), float(values.index(right.name)))
        a, b = self._operand(left), self._operand(right)
        match operator:
            case "and":
                return self._two(MUL, a, b)
            case "or":
                return self._two(MAX, a, b)
            case ">":
                return self._two(LT, b, a)
            case ">=":
                return self._two(LE, b, a)
            case "^" if b == 2.0:
                return self._two(MUL, a, a)
            case "^":
                return self._emit(POWER, self._temporary(), self.row_of(a), self.row_of(b))
        return self._two(_BINARY[operator], a, b)

    def _two(self, op: int, a: Operand, b: Operand) -> Operand:
        if isinstance(a, float) and isinstance(b, float):
            return _fold(op, a, b)
        if isinstance(b, float):
            return self._emit(_WITH_K[op], self._temporary(), int(a), k=b)
        if isinstance(a, float):
            return self._emit(_SWAPPED_K[op], self._temporary(), b, k=a)
        return self._emit(op, self._temporary(), a, b)

    def _call(self, call: Call) -> Operand:
        if call.function in _UNARY:
            return self._emit(
                _UNARY[call.function], self._temporary(), self.row_of(self._operand(call.argument))
            )
        if call.function == "until":
            self.reads.time = True
            return self._emit(UNTIL, self._temporary(), k=self._time_of(call.argument))
        happening = str(call.argument)
        if call.function == "since":
            self.reads.time = True
            row = self.names.lasts[happening]
            self.reads.rows.add(row)
            return self._emit(SINCE, self._temporary(), row)
        row = self.names.counts[happening]
        self.reads.rows.add(row)
        return row if call.function == "count" else self._two(LE, 1.0, row)

    def _time_of(self, when: Expression) -> float:
        if isinstance(when, Date):
            return day_number(when.instant) - self.names.origin
        return self.names.calendar[str(when)]

    # ── factors ─────────────────────────────────────────────────────────────────────────────────

    def _with_factors(self, value: Operand, factors: Iterable[Factor]) -> Operand:
        logs: Operand = 0.0
        for factor in factors:
            if factor.shape in ("each", "each_log"):
                term = self._log_term(factor)
                logs = term if logs == 0.0 and isinstance(logs, float) else self._two(ADD, logs, term)
            else:
                value = self._times(value, factor)
        if isinstance(logs, float):
            return value if logs == 0.0 else self._two(MUL, value, math.exp(logs))
        return self._two(MUL, value, self._emit(EXP, self._temporary(), logs))

    def _log_term(self, factor: Factor) -> Operand:
        assert factor.of is not None and factor.times is not None and factor.unit is not None
        log_times: Expression = Call("log", factor.times)
        start = factor.start or Number(0.0)
        if factor.shape == "each":
            slope = self._operand(Binary("/", log_times, factor.unit))
            distance = self._two(SUB, self._operand(factor.of), self._operand(start))
        else:
            slope = self._operand(Binary("/", log_times, Call("log", factor.unit)))
            distance = self._operand(Binary("-", Call("log", factor.of), Call("log", start)))
        term = self._two(MUL, distance, slope)
        if factor.at_least is not None:
            term = self._two(MAX, term, self._operand(Call("log", factor.at_least)))
        if factor.at_most is not None:
            term = self._two(MIN, term, self._operand(Call("log", factor.at_most)))
        return term if factor.condition is None else self._two(MUL, self._operand(factor.condition), term)

    def _times(self, value: Operand, factor: Factor) -> Operand:
        if factor.shape == "while":
            assert factor.times is not None
            size = self._operand(factor.times)
        else:
            assert factor.of is not None
            size = self._operand(factor.of)
            if factor.shape == "memory":
                assert factor.times is not None
                size = self._two(MUL, size, self._operand(Binary("-", factor.times, Number(1.0))))
                size = self._two(ADD, size, 1.0)
            else:
                size = self._two(MAX, size, 0.0)
            if factor.at_least is not None:
                size = self._two(MAX, size, self._operand(factor.at_least))
            if factor.at_most is not None:
                size = self._two(MIN, size, self._operand(factor.at_most))
        if factor.condition is None:
            return self._two(MUL, value, size)
        condition = self._operand(factor.condition)
        if isinstance(condition, float):
            return self._two(MUL, value, size) if condition else value
        return self._when(value, size, condition)

    def _when(self, value: Operand, size: Operand, condition: int) -> int:
        if isinstance(size, float):
            return self._emit(WHEN_K, self._temporary(), self.row_of(value), 0, condition, size)
        return self._emit(WHEN, self._temporary(), self.row_of(value), size, condition)

    # ── what is known before a run ──────────────────────────────────────────────────────────────

    def constant(self, expression: Expression) -> float | None:
        """The value of an expression of numbers and fixed parameters; None for any other."""
        match expression:
            case Number(value):
                return value
            case Name(name):
                return self.names.constants.get(name)
            case Unary(operator, operand):
                value = self.constant(operand)
                return None if value is None else (-value if operator == "-" else 1.0 - value)
            case Binary(operator, left, right):
                a, b = self.constant(left), self.constant(right)
                return None if a is None or b is None else binary_value(operator, a, b)
            case Call(function, argument) if function in _UNARY:
                value = self.constant(argument)
                return None if value is None else unary_value(function, value)
        return None

    def is_per_draw(self, expression: Expression) -> bool:
        """Whether an expression depends on parameters and numbers alone."""
        match expression:
            case Number():
                return True
            case Name(name):
                return name in self.names.uncertain or name in self.names.constants
            case Unary(_, operand):
                return self.is_per_draw(operand)
            case Binary(_, left, right):
                return self.is_per_draw(left) and self.is_per_draw(right)
            case Call(function, argument):
                return function in _UNARY and self.is_per_draw(argument)
        return False


def unary_value(function: str, x: float) -> float:
    """exp, log (of at least 1e-300), sqrt (of at least 0) or abs of a number."""
    match function:
        case "exp":
            return math.exp(min(x, 700.0))
        case "log":
            return math.log(max(x, 1e-300))
        case "sqrt":
            return math.sqrt(max(x, 0.0))
    return abs(x)


def binary_value(operator: str, a: float, b: float) -> float:
    """Arithmetic, comparison or logic of two numbers; truth is 1, falsehood 0."""
    match operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b if b else math.copysign(math.inf, a) if a else math.nan
        case "^":
            return power(a, b)
        case "and":
            return a * b
        case "or":
            return max(a, b)
    return float(
        {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[operator]
    )


def power(a: float, b: float) -> float:
    """a to the b for a > 0, else 0 (1 where b is 0)."""
    return math.exp(b * math.log(a)) if a > 0.0 else float(b == 0.0)


def _fold(op: int, a: float, b: float) -> float:
    names = {value: key for key, value in _BINARY.items()}
    if op == MIN:
        return min(a, b)
    if op == MAX:
        return max(a, b)
    return binary_value(names[op], a, b)
