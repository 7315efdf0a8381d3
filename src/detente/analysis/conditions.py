"""Conditions on futures, written as text: ``israel_strikes_iran by 2025-03-01``.

The grammar is that of questions, with two comforts: a happening alone means that it happens at least once, and
``by DATE`` at the end closes the window at the end of that day (else it closes at the horizon).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from detente.crisisfile.lowering.builder import Builder, Declared, Kind, Use
from detente.crisisfile.lowering.checking import check
from detente.crisisfile.reading import Tree
from detente.crisisfile.suggest import did_you_mean
from detente.dates import days_between, end_of_day, parse_date
from detente.errors import CrisisFileError, Fault
from detente.expressions import (
    AnyMonth,
    Binary,
    Expression,
    ExpressionError,
    First,
    Name,
    Unary,
    Within,
    parse,
    walk,
)
from detente.model import Crisis, Question
from detente.scenario.commitments import commitments
from detente.scenario.rewriting import rewritten

FILE = "condition"
_BY = re.compile(r"(?P<what>.+?)\s+by\s+(?P<date>\S+)\s*", re.DOTALL)


def read_condition(text: str, crisis: Crisis, *, name: str = "condition") -> Question:
    """A condition as a question of a crisis.

    Parameters
    ----------
    text : str
        Such as ``israel_strikes_iran by 2025-03-01``, ``not us_talks.open``,
        ``(rial > 1000000) at 2025-06-30``, ``first snapback becomes notified``.
    crisis : Crisis
    name : str
        Of the question.

    Raises
    ------
    CrisisFileError
        If the text is not in the grammar, or names what the crisis does not have; dates before the as-of date, or
        after the horizon.

    Examples
    --------
    >>> from detente import load
    >>> found = read_condition("us_ultimatum by 1962-10-27", load("cuba_1962"))
    >>> str(found.yes_if), found.closes
    ('(first us_ultimatum)', 5.0)
    """
    dated = _BY.fullmatch(text.strip())
    what = dated["what"] if dated else text.strip()
    closes = _closes(dated["date"], text, crisis) if dated else crisis.horizon
    try:
        read = parse(what)
    except ExpressionError as problem:
        raise _refusal(text, str(problem), "Example: israel_strikes_iran by 2025-03-01.") from None
    expression = _meant(read, crisis, text)
    _check(expression, text, crisis)
    return Question(name, text, expression, closes)


def _refusal(text: str, message: str, hint: str) -> CrisisFileError:
    return CrisisFileError([Fault(FILE, 0, text, message, hint)])


def _closes(date: str, text: str, crisis: Crisis) -> float:
    try:
        instant = parse_date(date)
    except ValueError as problem:
        raise _refusal(text, str(problem), "Write the day as 2025-03-01.") from None
    closes = days_between(crisis.as_of, instant if "T" in date else end_of_day(instant))
    if closes <= 0.0:
        hint = f"A condition looks ahead from {crisis.as_of}."
        raise _refusal(text, f"{date} is not after the as-of date", hint)
    if closes > crisis.horizon:
        last = crisis.as_of + dt.timedelta(days=crisis.horizon)
        raise _refusal(
            text, f"{date} is after the end of the simulation, {last}", "Simulate further (`horizon`)."
        )
    return closes


def _meant(node: Expression, crisis: Crisis, text: str) -> Expression:
    """A happening alone means its first occurrence; ``truce.active`` is what the crisis file calls so."""
    match node:
        case Name(name) if name in set(crisis.happenings()):
            return First(name)
        case Name(name) if not any(name == known for known, _ in _kinds(crisis)):
            hint = did_you_mean(name, crisis.happenings()) or "Name an action, or one of its outcomes."
            raise _refusal(text, f"there is no happening '{name}'", hint)
        case Unary("not", operand):
            return Unary("not", _meant(operand, crisis, text))
        case Binary("and" | "or" as operator, left, right):
            return Binary(operator, _meant(left, crisis, text), _meant(right, crisis, text))
    return _with_aliases(node, crisis)


def _with_aliases(node: Expression, crisis: Crisis) -> Expression:
    aliases: dict[Expression, Expression] = {}
    for name in commitments(crisis):
        values = (Binary("==", Name(name), Name(value)) for value in ("in_force", "open_ended"))
        aliases[Name(f"{name}.active")] = Binary("or", *values)
    return rewritten(node, aliases)


def _check(expression: Expression, text: str, crisis: Crisis) -> None:
    """Look up every name, as in a crisis file."""
    if any(isinstance(node, Within | AnyMonth) for node in walk(expression)):
        hint = "Put it into the crisis file as a question."
        raise _refusal(text, "`within` and `any month` cannot stand in a condition", hint)
    build = Builder(Tree({}, {}, FILE), crisis.as_of, machine=True)
    build.stages = dict(crisis.stages)
    build.parameters = dict(crisis.parameters)
    build.names = {name: Declared(kind, ()) for name, kind in _kinds(crisis)}
    build.uses.append(Use(expression, (), "question"))
    check(build)
    if build.faults:
        raise CrisisFileError(Fault(FILE, 0, text, fault.message, fault.hint) for fault in build.faults)


def _kinds(crisis: Crisis) -> list[tuple[str, Kind]]:
    sections: Mapping[Kind, Any] = {
        "outcome": crisis.happenings(),
        "moment": crisis.moments,
        "parameter": crisis.parameters,
        "stock": crisis.stocks,
        "memory": crisis.memories,
        "stage": crisis.stages,
        "date": crisis.calendar,
    }
    return [(name, kind) for kind, names in sections.items() for name in names]
