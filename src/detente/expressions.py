"""The small closed grammar of expressions: guards, ``while``, ``yes_if``, flows.

An expression is text such as ``lebanon_truce == in_force and rial > 800000``. It is parsed into frozen nodes
and never evaluated as Python. The same nodes are compiled by the engine and read by `check`. ``str(node)``
prints text that parses to an equal node.

Everywhere::

    1.5   2025-01-20   name.with.dots            numbers, dates, names
    + - * / ^   < <= > >= == !=   and or not     arithmetic, comparison, logic (usual precedence)
    exp(x) log(x) sqrt(x) abs(x)                 functions of one argument
    min(x; y) max(x; y; z)                       the least, the greatest of two or more
    since(happening)                             days since it last happened (a large number if never)
    count(happening)   happened(happening)       how often; whether at all
    within 30 d of happening                     it happened in the last 30 days
    until(2025-01-20)   until(calendar_name)     days from now to a date, negative after it
    month                                        number of the calendar month, 1 to 12
    x rises above y   x falls below y            the same as > and <; reads better in a trigger

In questions also::

    first happening                              it happens between `opens` and `closes`
    first stage becomes value                    the stage takes the value in that window
    first a before first b                       a happens, and before b (neither = no)
    ever (condition)                             the condition holds at some moment of the window
    (condition) at 2025-01-20                    it holds at the end of that day; `at close`
    any month from 2025-01 to 2025-06 mean of stock < 1.0
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache, reduce
from typing import Literal, TypeAlias

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, UnexpectedInput, VisitError

from detente.dates import parse_date

MAX_LENGTH = 2000
"""Longest expression [characters]; longer text is refused before it is parsed."""

MAX_NUMBER = 1e300
"""Largest number."""

MAX_DEPTH = 60
"""Deepest nesting of parentheses, signs and ``not``."""

FUNCTIONS = ("exp", "log", "sqrt", "abs")
EXTREMES = ("min", "max")
HAPPENING_FUNCTIONS = ("since", "count", "happened")

BinaryOperator = Literal["+", "-", "*", "/", "^", "<", "<=", ">", ">=", "==", "!=", "and", "or", "min", "max"]


@dataclass(frozen=True)
class Number:
    """A literal number."""

    value: float

    def __str__(self) -> str:
        return f"{self.value:.15g}" if float(f"{self.value:.15g}") == self.value else repr(self.value)


@dataclass(frozen=True)
class Date:
    """A literal date: 00:00 UTC of the day unless a time is given."""

    instant: dt.datetime

    def __str__(self) -> str:
        midnight = self.instant.hour == 0 and self.instant.minute == 0
        return self.instant.strftime("%Y-%m-%d" if midnight else "%Y-%m-%dT%H:%M")


@dataclass(frozen=True)
class Name:
    """A reference by dotted name: parameter, stock, memory, stage, stage value, happening, calendar date."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Unary:
    """``-x`` or ``not x``."""

    operator: Literal["-", "not"]
    operand: Expression

    def __str__(self) -> str:
        return f"(-{self.operand})" if self.operator == "-" else f"(not {self.operand})"


@dataclass(frozen=True)
class Binary:
    """Arithmetic, comparison or logic of two operands, or the lesser or greater of them."""

    operator: BinaryOperator
    left: Expression
    right: Expression

    def __str__(self) -> str:
        if self.operator in EXTREMES:
            return f"{self.operator}({'; '.join(str(each) for each in self._compared())})"
        left = f"({self.left})" if self.operator == "^" and isinstance(self.left, Number) else f"{self.left}"
        return f"({left} {self.operator} {self.right})"

    def _compared(self) -> list[Expression]:
        """What a chain of ``min`` or of ``max`` compares, the first innermost."""
        compared: list[Expression] = [self.right]
        left = self.left
        while isinstance(left, Binary) and left.operator == self.operator:
            compared.append(left.right)
            left = left.left
        return [left, *reversed(compared)]


@dataclass(frozen=True)
class Call:
    """A function of one argument, among `FUNCTIONS`, `HAPPENING_FUNCTIONS` and ``until``."""

    function: str
    argument: Expression

    def __str__(self) -> str:
        return f"{self.function}({self.argument})"


@dataclass(frozen=True)
class Within:
    """``within 30 d of happening``."""

    days: float
    happening: str

    def __str__(self) -> str:
        return f"(within {Number(self.days)} d of {self.happening})"


@dataclass(frozen=True)
class Month:
    """The calendar month now, 1 to 12."""

    def __str__(self) -> str:
        return "month"


@dataclass(frozen=True)
class First:
    """``first X`` or, with `value`, ``first X becomes value``."""

    happening: str
    value: str = ""

    def __str__(self) -> str:
        return f"(first {self.happening} becomes {self.value})" if self.value else f"(first {self.happening})"


@dataclass(frozen=True)
class Before:
    """``first A before first B``: A happens in the window, and earlier than B."""

    first: First
    second: First

    def __str__(self) -> str:
        return f"({str(self.first)[1:-1]} before {str(self.second)[1:-1]})"


@dataclass(frozen=True)
class Ever:
    """The condition holds at some moment of the window."""

    condition: Expression

    def __str__(self) -> str:
        return f"(ever ({self.condition}))"


@dataclass(frozen=True)
class At:
    """The condition at the end of a day; ``instant`` None is the close of the question."""

    condition: Expression
    instant: dt.datetime | None

    def __str__(self) -> str:
        when = "close" if self.instant is None else str(Date(self.instant))
        return f"(({self.condition}) at {when})"


@dataclass(frozen=True)
class AnyMonth:
    """Some calendar month in which the mean of a stock compares as stated. Months as (year, month)."""

    start: tuple[int, int]
    end: tuple[int, int]
    stock: str
    operator: Literal["<", "<=", ">", ">="]
    bound: Expression

    def __str__(self) -> str:
        first, last = (f"{year:04d}-{month:02d}" for year, month in (self.start, self.end))
        return f"(any month from {first} to {last} mean of {self.stock} {self.operator} {self.bound})"


Expression: TypeAlias = (
    Number | Date | Name | Unary | Binary | Call | Within | Month | First | Before | Ever | At | AnyMonth
)


def walk(node: Expression) -> Iterator[Expression]:
    """The node and every node below it, parents first."""
    yield node
    for field in fields(node):
        below = getattr(node, field.name)
        if isinstance(below, Expression.__args__):
            yield from walk(below)


class ExpressionError(ValueError):
    """Text that is not an expression; `column` counts from 1."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column


_GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction | disjunction "or" conjunction -> or_
?conjunction: negation | conjunction "and" negation -> and_
?negation: moment | "not" negation -> not_
?moment: comparison
    | comparison "at" (DATE | CLOSE) -> at
    | "ever" comparison -> ever
    | first
    | first "before" first -> before
    | "any" "month" "from" MONTH "to" MONTH "mean" "of" NAME COMPARE sum -> any_month
first: "first" NAME ["becomes" NAME]
?comparison: sum
    | sum COMPARE sum -> compare
    | sum "rises" "above" sum -> above
    | sum "falls" "below" sum -> below
    | "within" NUMBER "d" "of" NAME -> within
?sum: term | sum "+" term -> add | sum "-" term -> subtract
?term: sign | term "*" sign -> multiply | term "/" sign -> divide
?sign: power | "-" sign -> negative
?power: atom | atom "^" sign -> raise_
?atom: NUMBER -> number
    | DATE -> date
    | "month" -> month
    | NAME "(" disjunction ")" -> call
    | NAME "(" disjunction (";" disjunction)+ ")" -> extreme
    | NAME -> name
    | "(" disjunction ")"
CLOSE: "close"
COMPARE: "<=" | ">=" | "==" | "!=" | "<" | ">"
DATE.3: /\d{4}-\d{2}-\d{2}([T]\d{2}:\d{2})?/
MONTH.2: /\d{4}-\d{2}/
NUMBER: /\d+(\.\d+)?([eE][+-]?\d+)?/
NAME: /[A-Za-z_]\w*(\.\w+)*/
%ignore /[ \t\r\n]+/
"""


@v_args(inline=True)
class _Build(Transformer[Token, Expression]):
    """Turns lark's tree into nodes."""

    def number(self, text: Token) -> Expression:
        value = float(text)
        if value > MAX_NUMBER:
            raise ExpressionError(f"the number {text[:20]} is too large", text.column or 0)
        return Number(value)

    def date(self, text: Token) -> Expression:
        return Date(parse_date(text))

    def month(self) -> Expression:
        return Month()

    def name(self, text: Token) -> Expression:
        return Name(str(text))

    def call(self, function: Token, argument: Expression) -> Expression:
        _refuse_unknown(function)
        if function in EXTREMES:
            raise ExpressionError(f"{function}(…; …) compares two numbers or more", function.column or 0)
        if function in HAPPENING_FUNCTIONS and not isinstance(argument, Name):
            raise ExpressionError(f"{function}(…) takes the name of a happening", function.column or 0)
        if function == "until" and not isinstance(argument, Name | Date):
            raise ExpressionError("until(…) takes a date or the name of one", function.column or 0)
        return Call(str(function), argument)

    def extreme(self, function: Token, *arguments: Expression) -> Expression:
        _refuse_unknown(function)
        if function not in EXTREMES:
            raise ExpressionError(f"{function}(…) takes one argument", function.column or 0)
        return reduce(lambda left, right: Binary(str(function), left, right), arguments)  # type: ignore[arg-type]

    def negative(self, operand: Expression) -> Expression:
        return Number(-operand.value) if isinstance(operand, Number) else Unary("-", operand)

    def not_(self, operand: Expression) -> Expression:
        return Unary("not", operand)

    def or_(self, left: Expression, right: Expression) -> Expression:
        return Binary("or", left, right)

    def and_(self, left: Expression, right: Expression) -> Expression:
        return Binary("and", left, right)

    def add(self, left: Expression, right: Expression) -> Expression:
        return Binary("+", left, right)

    def subtract(self, left: Expression, right: Expression) -> Expression:
        return Binary("-", left, right)

    def multiply(self, left: Expression, right: Expression) -> Expression:
        return Binary("*", left, right)

    def divide(self, left: Expression, right: Expression) -> Expression:
        return Binary("/", left, right)

    def raise_(self, left: Expression, right: Expression) -> Expression:
        return Binary("^", left, right)

    def compare(self, left: Expression, operator: Token, right: Expression) -> Expression:
        return Binary(str(operator), left, right)  # type: ignore[arg-type]

    def above(self, left: Expression, right: Expression) -> Expression:
        return Binary(">", left, right)

    def below(self, left: Expression, right: Expression) -> Expression:
        return Binary("<", left, right)

    def within(self, days: Token, happening: Token) -> Expression:
        return Within(float(days), str(happening))

    def first(self, happening: Token, value: Token | None) -> Expression:
        return First(str(happening), str(value) if value else "")

    def before(self, first: First, second: First) -> Expression:
        return Before(first, second)

    def ever(self, condition: Expression) -> Expression:
        return Ever(condition)

    def at(self, condition: Expression, when: Token) -> Expression:
        return At(condition, None if when == "close" else parse_date(when))

    def any_month(
        self, start: Token, end: Token, stock: Token, operator: Token, bound: Expression
    ) -> Expression:
        if operator in ("==", "!="):
            raise ExpressionError("a monthly mean compares with < <= > or >=", operator.column or 0)
        first, last = ((int(text[:4]), int(text[5:])) for text in (start, end))
        if not (1 <= first[1] <= 12 and 1 <= last[1] <= 12 and first <= last):
            raise ExpressionError(f"there are no months from {start} to {end}", start.column or 0)
        return AnyMonth(first, last, str(stock), str(operator), bound)  # type: ignore[arg-type]


def _refuse_unknown(function: Token) -> None:
    known = (*FUNCTIONS, *EXTREMES, *HAPPENING_FUNCTIONS, "until")
    if function not in known:
        raise ExpressionError(
            f"there is no function '{function}'. Known functions: {', '.join(sorted(known))}",
            function.column or 0,
        )


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", propagate_positions=False, maybe_placeholders=True)


def _refuse_too_large(text: str, max_length: int, max_depth: int) -> None:
    if len(text) > max_length:
        raise ExpressionError(f"an expression has at most {max_length} characters, this one {len(text)}")
    depth = deepest = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    if max(deepest, text.count("not "), text.count("- -"), text.count("--")) > max_depth:
        raise ExpressionError(f"an expression nests at most {max_depth} deep")


@lru_cache(maxsize=20_000)
def parse(text: str, max_length: int = MAX_LENGTH, max_depth: int = MAX_DEPTH) -> Expression:
    """Parse an expression of at most `max_length` characters that nests at most `max_depth` deep.

    Raises
    ------
    ExpressionError
        If the text is not in the grammar, is too long or nests too deep. Nothing is ever executed.

    Examples
    --------
    >>> str(parse("rial > 800000 and not truce == in_force"))
    '((rial > 800000) and (not (truce == in_force)))'
    """
    _refuse_too_large(text, max_length, max_depth)
    try:
        return _Build().transform(_parser().parse(text))
    except UnexpectedInput as problem:
        column = getattr(problem, "column", 0) or 0
        seen = text[column - 1 : column + 11].split(" ")[0] if 0 < column <= len(text) else "the end"
        raise ExpressionError(f"cannot read '{text}': unexpected '{seen}'", column) from None
    except VisitError as problem:
        original = problem.orig_exc
        if isinstance(original, ExpressionError):
            raise original from None
        raise ExpressionError(f"cannot read '{text}': {original}") from None
    except (LarkError, RecursionError) as problem:
        raise ExpressionError(f"cannot read '{text}': {type(problem).__name__}") from None
