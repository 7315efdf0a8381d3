"""Questions → watches: what the kernel must look at so that each question can be answered afterwards.

A watch leaves one number per trajectory: the first time [day] at which a happening occurs or a condition holds in a
window (infinity if never), or the value of an expression at one instant. The answers are then logic over these numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detente.dates import days_between, end_of_day
from detente.errors import ModelError
from detente.expressions import At, Before, Binary, Ever, Expression, First, Name, Unary
from detente.model import Crisis, Question


@dataclass(frozen=True)
class Watch:
    """One register. `what` is a happening (kind ``first``) or an expression; the window is (opens, closes]."""

    kind: Literal["first", "becomes", "ever", "at"]
    what: str | Expression
    opens: float
    closes: float


def watches_of(crisis: Crisis, firsts: tuple[str, ...] = ()) -> tuple[Watch, ...]:
    """Every watch that the questions need, and the first times of main happenings and of `firsts`; no duplicates."""
    found: dict[Watch, None] = {}
    for question in crisis.questions.values():
        for expression in (question.yes_if, question.given):
            if expression is not None:
                found.update(dict.fromkeys(_leaves(expression, question, crisis)))
    for name in (*main_happenings(crisis), *firsts):
        found[main_watch(name, crisis)] = None
    return tuple(found)


def main_happenings(crisis: Crisis) -> tuple[str, ...]:
    """The moments that are listed in results, by name."""
    return tuple(name for name in sorted(crisis.moments) if crisis.moments[name].main)


def main_watch(name: str, crisis: Crisis) -> Watch:
    """The watch for the first time of a happening within the horizon."""
    return Watch("first", name, 0.0, crisis.horizon)


def answer(
    expression: Expression,
    question: Question,
    crisis: Crisis,
    registers: Mapping[Watch, NDArray[np.float64]],
) -> NDArray[np.bool_]:
    """Truth of a question's expression in every trajectory, shape (n,)."""
    match expression:
        case First() | Ever() | At():
            watch = _watch(expression, question, crisis)
            return registers[watch] != 0.0 if watch.kind == "at" else np.isfinite(registers[watch])
        case Before(first, second):
            early, late = (registers[_watch(node, question, crisis)] for node in (first, second))
            before: NDArray[np.bool_] = np.isfinite(early) & (early < late)
            return before
        case Unary("not", operand):
            return ~answer(operand, question, crisis, registers)
        case Binary("and" | "or" as operator, left, right):
            a, b = (answer(side, question, crisis, registers) for side in (left, right))
            return a & b if operator == "and" else a | b
    at_close: NDArray[np.bool_] = registers[_watch(At(expression, None), question, crisis)] != 0.0
    return at_close


def answered_at(
    expression: Expression,
    question: Question,
    crisis: Crisis,
    registers: Mapping[Watch, NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Time [day] at which a yes became certain, infinity where the answer is no; shape (n,)."""
    match expression:
        case First() | Ever():
            return registers[_watch(expression, question, crisis)]
        case Before(first, _):
            yes = answer(expression, question, crisis, registers)
            return np.where(yes, registers[_watch(first, question, crisis)], np.inf)
        case Binary("and" | "or" as operator, left, right):
            a, b = (answered_at(side, question, crisis, registers) for side in (left, right))
            return np.maximum(a, b) if operator == "and" else np.minimum(a, b)
        case At():
            when = _watch(expression, question, crisis).closes
        case _:
            when = question.closes
    return np.where(answer(expression, question, crisis, registers), when, np.inf)


def _leaves(expression: Expression, question: Question, crisis: Crisis) -> list[Watch]:
    match expression:
        case First() | Ever() | At():
            return [_watch(expression, question, crisis)]
        case Before(first, second):
            return [_watch(first, question, crisis), _watch(second, question, crisis)]
        case Unary("not", operand):
            return _leaves(operand, question, crisis)
        case Binary("and" | "or", left, right):
            return _leaves(left, question, crisis) + _leaves(right, question, crisis)
    return [_watch(At(expression, None), question, crisis)]


def _watch(node: Expression, question: Question, crisis: Crisis) -> Watch:
    window = question.opens, question.closes
    match node:
        case First(happening, ""):
            return Watch("first", happening, *window)
        case First(stage, value):
            return Watch("becomes", Binary("==", Name(stage), Name(value)), *window)
        case Ever(condition):
            return Watch("ever", condition, *window)
        case At(condition, None):
            return Watch("at", condition, question.closes, question.closes)
        case At(condition, instant) if instant is not None:
            whole_day = instant.hour == 0 and instant.minute == 0
            time = days_between(crisis.as_of, end_of_day(instant) if whole_day else instant)
            if time < 0.0:
                raise ModelError(
                    f"the question '{question.name}' asks for {instant:%Y-%m-%d}, which is before the as-of date"
                    f" {crisis.as_of}. Ask for a later day, or answer it by a condition on the record."
                )
            return Watch("at", condition, time, time)
    raise ModelError(f"'{node}' is not something a question can ask")
