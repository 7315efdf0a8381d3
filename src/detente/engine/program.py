"""Expressions and factors → three-address code over rows.

A *row* holds one number of every trajectory in a block: a parameter, a stock, a stage, an intermediate result.
An instruction writes one row from others. Whatever depends on parameters alone is hoisted: it becomes a row
that is filled once per draw. Whatever is constant becomes an immediate number in the instruction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from detente.dates import day_number
from detente.engine.folding import binary_value, fold, unary_value
from detente.engine.opcodes import (
    ADD,
    BINARY,
    COPY,
    EACH,
    EACH_K,
    EQ,
    EXP,
    FUSED,
    LE,
    LOG,
    LT,
    MAX,
    MEMORY,
    MIN,
    MONTH,
    MUL,
    NE,
    POWER,
    REMEMBER,
    REMEMBER_K,
    SINCE,
    SUB,
    SWAPPED_K,
    UNARY,
    UNTIL,
    WHEN,
    WHEN_K,
    WITH_K,
)
from detente.errors import ModelError
from detente.expressions import Binary, Call, Date, Expression, Month, Name, Number, Unary, walk
from detente.model import Factor

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


class Product(NamedTuple):
    """An intensity in two parts: see `Assembler.product`."""

    steady: Program
    steady_reads: Reads
    moving: Callable[[], tuple[Program, Reads]]


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
    flowing: frozenset[str]


class Assembler:
    """Collects instructions, hoisted rows and temporary rows for one crisis."""

    def __init__(self, names: Names, first_free_row: int) -> None:
        self.names = names
        self.code: list[tuple[int, int, int, int, int]] = []
        self.immediate: list[tuple[float, float, float, float]] = []
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
        self, base: Expression, factors: Iterable[Factor], guard: Expression | None, *, into: int
    ) -> Product:
        """Assemble ``guard · max(0, base · Πfactors)`` into a row, in two parts.

        The *steady* part reads only what changes by jumps; it is run when one of these changes. The *moving* part
        multiplies it by what flows, fades or depends on time, and is run every tick; it is assembled when the
        caller asks, so that all moving parts can stand side by side. Without one, start is −1.
        """
        factors = tuple(factors)
        moving = [factor for factor in factors if self.factor_moves(factor)]
        steady = [factor for factor in factors if not self.factor_moves(factor)]
        later = self.moves(base), guard is not None and self.moves(guard)
        ends_steady = not moving and not any(later)
        steady_row = into if ends_steady else self.new_row()

        def build_steady() -> Operand:
            value = 1.0 if later[0] else self._base(base)
            value = self._with_factors(value, steady)
            return value if guard is None or later[1] else self._two(MUL, self._operand(guard), value)

        def build_moving() -> Operand:
            value: Operand = steady_program.row
            if later[0]:
                value = self._two(MUL, value, self._base(base))
            value = self._with_factors(value, moving)
            return self._two(MUL, self._operand(guard), value) if guard is not None and later[1] else value

        steady_program, steady_reads = self._finish(len(self.code), build_steady, steady_row)

        def assemble_moving() -> tuple[Program, Reads]:
            if ends_steady:
                return Program(-1, -1, into), Reads()
            return self._finish(len(self.code), build_moving, into)

        return Product(steady_program, steady_reads, assemble_moving)

    def _base(self, base: Expression) -> Operand:
        return self._two(MAX, self._operand(base), 0.0)

    def weight(
        self, share: Expression, factors: Iterable[Factor], guard: Expression | None
    ) -> tuple[Program, Reads]:
        """Assemble ``guard · max(0, share · Πfactors)`` in one part, for a choice at a moment."""

        def build() -> Operand:
            value = self._two(MAX, self._with_factors(self._operand(share), factors), 0.0)
            return value if guard is None else self._two(MUL, self._operand(guard), value)

        return self._finish(len(self.code), build, None)

    def moves(self, expression: Expression) -> bool:
        """Whether an expression can change between jumps: it reads a flow, a memory or the time."""
        for node in walk(expression):
            if isinstance(node, Month) or (isinstance(node, Call) and node.function in ("since", "until")):
                return True
            if isinstance(node, Name) and (
                node.name in self.names.memories or node.name in self.names.flowing
            ):
                return True
        return False

    def factor_moves(self, factor: Factor) -> bool:
        """Whether a factor can change between jumps."""
        parts = (
            factor.times,
            factor.of,
            factor.start,
            factor.unit,
            factor.condition,
            factor.at_least,
            factor.at_most,
        )
        return any(self.moves(part) for part in parts if part is not None)

    def scaled(
        self, amount: Expression, factors: Iterable[Factor], *, into: int | None = None
    ) -> tuple[Program, Reads]:
        """Assemble ``amount · Πfactors`` of either sign."""
        return self._finish(len(self.code), lambda: self._with_factors(self._operand(amount), factors), into)

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

    def _emit(
        self,
        op: int,
        target: int,
        a: int = 0,
        b: int = 0,
        c: int = 0,
        k: float = 0.0,
        clamp: tuple[float, float, float] = (0.0, -math.inf, math.inf),
    ) -> int:
        self.code.append((op, target, a, b, c))
        self.immediate.append((k, *clamp))
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
            case "or" | "max":
                return self._two(MAX, a, b)
            case "min":
                return self._two(MIN, a, b)
            case ">":
                return self._two(LT, b, a)
            case ">=":
                return self._two(LE, b, a)
            case "^" if b == 2.0:
                return self._two(MUL, a, a)
            case "^":
                return self._emit(POWER, self._temporary(), self.row_of(a), self.row_of(b))
        return self._two(BINARY[operator], a, b)

    def _two(self, op: int, a: Operand, b: Operand) -> Operand:
        if isinstance(a, float) and isinstance(b, float):
            return fold(op, a, b)
        if isinstance(b, float):
            return self._emit(WITH_K[op], self._temporary(), int(a), k=b)
        if isinstance(a, float):
            return self._emit(SWAPPED_K[op], self._temporary(), b, k=a)
        fused = self._fuse(op, a, b)
        return self._emit(op, self._temporary(), a, b) if fused is None else fused

    def _fuse(self, op: int, a: int, b: int) -> int | None:
        """Let the last instruction add to, or multiply by, its own result, if that was made for this alone."""
        made, target, *operands = self.code[-1] if self.code else (-1, -1)
        if a == b or target not in (a, b) or target not in self._used_temporaries or (op, made) not in FUSED:
            return None
        self.code[-1] = (FUSED[op, made], target, operands[0], operands[1], a if target == b else b)
        return target

    def _call(self, call: Call) -> Operand:
        if call.function in UNARY:
            return self._emit(
                UNARY[call.function], self._temporary(), self.row_of(self._operand(call.argument))
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
        assert factor.of is not None
        assert factor.times is not None
        assert factor.unit is not None
        log_times: Expression = Call("log", factor.times)
        start = factor.start or Number(0.0)
        low = self._log_bound(factor.at_least, -math.inf)
        high = self._log_bound(factor.at_most, math.inf)
        of, from_ = self._operand(factor.of), self.constant(start)
        if factor.shape == "each":
            slope = self._operand(Binary("/", log_times, factor.unit))
        else:
            slope = self._operand(Binary("/", log_times, Call("log", factor.unit)))
            of = self._two_log(of)
            from_ = None if from_ is None else math.log(max(from_, 1e-300))
            start = Call("log", start)
        simple = isinstance(of, int) and isinstance(low, float) and isinstance(high, float)
        if simple and from_ is not None and isinstance(slope, float):
            term: Operand = self._emit(EACH_K, self._temporary(), int(of), k=from_, clamp=(slope, low, high))
        elif simple and from_ is not None:
            term = self._emit(EACH, self._temporary(), int(of), int(slope), k=from_, clamp=(0.0, low, high))
        else:
            term = self._two(MUL, self._two(SUB, of, self._operand(start)), slope)
            term = self._two(MIN, self._two(MAX, term, low), high)
        return term if factor.condition is None else self._two(MUL, self._operand(factor.condition), term)

    def _two_log(self, operand: Operand) -> Operand:
        if isinstance(operand, float):
            return math.log(max(operand, 1e-300))
        return self._emit(LOG, self._temporary(), operand)

    def _log_bound(self, bound: Expression | None, without: float) -> Operand:
        return without if bound is None else self._operand(Call("log", bound))

    def _times(self, value: Operand, factor: Factor) -> Operand:
        if factor.shape == "while":
            assert factor.times is not None
            size = self._operand(factor.times)
            if factor.at_least is not None or factor.at_most is not None:
                size = self._size(factor, size)
        else:
            assert factor.of is not None
            size = self._size(factor, self._operand(factor.of))
        if factor.condition is None:
            return self._two(MUL, value, size)
        condition = self._operand(factor.condition)
        if isinstance(condition, float):
            return self._two(MUL, value, size) if condition else value
        return self._when(value, size, condition)

    def _size(self, factor: Factor, of: Operand) -> Operand:
        """Value of a factor that is not a power, never below 0, clamped."""
        low: Operand = 0.0
        low = low if factor.at_least is None else self._operand(factor.at_least)
        high: Operand = math.inf if factor.at_most is None else self._operand(factor.at_most)
        if factor.shape != "memory":
            return self._two(MIN, self._two(MAX, of, low), high)
        assert factor.times is not None
        slope = self._operand(Binary("-", factor.times, Number(1.0)))
        if isinstance(of, int) and isinstance(low, float) and isinstance(high, float):
            if isinstance(slope, float):
                return self._emit(REMEMBER_K, self._temporary(), of, clamp=(slope, low, high))
            return self._emit(REMEMBER, self._temporary(), of, slope, clamp=(0.0, low, high))
        size = self._two(ADD, self._two(MUL, of, slope), 1.0)
        return self._two(MIN, self._two(MAX, size, low), high)

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
                inner = self.constant(operand)
                return None if inner is None else (-inner if operator == "-" else 1.0 - inner)
            case Binary(operator, left, right):
                a, b = self.constant(left), self.constant(right)
                return None if a is None or b is None else binary_value(operator, a, b)
            case Call(function, argument) if function in UNARY:
                inner = self.constant(argument)
                return None if inner is None else unary_value(function, inner)
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
                return function in UNARY and self.is_per_draw(argument)
        return False
