"""Numbers of the file → expressions; a number with evidence or spread becomes a parameter."""

from __future__ import annotations

from typing import Any

from detente.crisisfile.lowering.builder import Builder, Use, Wanted
from detente.crisisfile.reading import Path, dotted
from detente.crisisfile.values import Kind, Value, ValueFault, parse_value
from detente.expressions import Expression, ExpressionError, Name, Number, parse
from detente.model import Distribution, Evidence, Parameter

ZERO = Number(0.0)
ONE = Number(1.0)

MACHINE_LENGTH = 100_000
"""Longest expression of a machine form [characters]."""

_MACHINE_DEPTH = 400


def number(
    build: Builder, raw: Any, path: Path, kind: Kind, *, clock: str = "", constant: bool = False
) -> Expression:
    """A number as an expression: a literal, the name of its parameter, or what it depends on.

    A `constant` is needed before anything happens and may depend on parameters only.
    """
    value = read_value(build, raw, path, kind, clock=clock, constant=constant)
    return ZERO if value is None else hoist(build, value, path)


def optional(build: Builder, raw: Any, path: Path, kind: Kind) -> Expression | None:
    """As `number`, or None where nothing is written."""
    return None if raw is None else number(build, raw, path, kind)


def number_and_chance(
    build: Builder, raw: Any, path: Path, kind: Kind, varies: Any = None
) -> tuple[Expression, Expression | None]:
    """A number and the chance around it, given within its mapping or beside it (`varies`)."""
    value = read_value(build, raw, path, kind)
    if value is None:
        return ZERO, None
    chance = None
    if varies is not None:
        chance = number(build, varies, (*path[:-1], "varies"), "ratio")
    elif value.varies is not None:
        chance = _placed(build, value.varies, (*path, "varies"), "", needs_evidence=False)
    return hoist(build, value, path), chance


def read_value(
    build: Builder, raw: Any, path: Path, kind: Kind, *, clock: str = "", constant: bool = False
) -> Value | None:
    """The value written at a path; None, and a fault, where it is none."""
    wanted: Wanted = "constant" if constant else "number"
    if build.machine:
        return _machine_value(build, raw, path, wanted)
    try:
        value = parse_value(raw, kind, clock=clock, origin=build.origin)
    except ValueFault as problem:
        build.fault(path, problem.message, problem.hint)
        return None
    if value.expression is not None:
        build.uses.append(Use(value.expression, path, wanted))
    return value


def hoist(build: Builder, value: Value, path: Path, *, unit: str = "") -> Expression:
    """The expression that stands for a value in the machine form."""
    if value.expression is not None:
        return value.expression
    assert value.distribution is not None
    return _placed(build, value.distribution, path, value.unit or unit)


def plain(build: Builder, raw: Any, path: Path, kind: Kind, otherwise: float = 0.0) -> float:
    """A number that must be known exactly, such as a bound; `otherwise` where it is absent or at fault."""
    value = None if raw is None else read_value(build, raw, path, kind)
    if value is None:
        return otherwise
    if build.machine and isinstance(value.expression, Number):
        return value.expression.value
    if value.fixed is None:
        build.fault(path, "this number must be known exactly", "Write a plain number, without spread.")
        return otherwise
    return value.fixed


def known(build: Builder, expression: Expression) -> float | None:
    """What an expression is, where that is certain: a literal, or a parameter without spread."""
    if isinstance(expression, Number):
        return expression.value
    parameter = build.parameters.get(expression.name) if isinstance(expression, Name) else None
    fixed = parameter is not None and parameter.distribution.kind == "fixed"
    return parameter.distribution.numbers[0] if parameter is not None and fixed else None


def expression(build: Builder, text: Any, path: Path, wanted: Wanted) -> Expression:
    """An expression written as text, noted for checking."""
    try:
        node = _parse(build, str(text))
    except ExpressionError as problem:
        build.fault(path, str(problem), "The grammar stands in docs/reference/crisis-language.md.")
        return ZERO
    build.uses.append(Use(node, path, wanted))
    return node


def condition(build: Builder, text: str | None, path: Path) -> Expression | None:
    """A condition, or None where nothing is written."""
    return None if text is None else expression(build, text, path, "condition")


def parameter(build: Builder, distribution: Distribution, path: Path, unit: str, evidence: Evidence) -> Name:
    """A new parameter under its path in the file, and its name."""
    name = parameter_name(path)
    build.declare(name, "parameter", path, written=False)
    build.parameters[name] = Parameter(name, distribution, unit, evidence)
    return Name(name)


def parameter_name(path: Path) -> str:
    """The name of the parameter for a path: list indices are parts like any other.

    Examples
    --------
    >>> parameter_name(("actions", "strike", "factors", 1, "times"))
    'actions.strike.factors.1.times'
    """
    return ".".join(str(part) for part in path)


def _placed(
    build: Builder, distribution: Distribution, path: Path, unit: str, *, needs_evidence: bool = True
) -> Expression:
    evidence = build.evidence(path)
    _check_window(build, distribution, path)
    if evidence == Evidence():
        if needs_evidence:
            build.unsupported.append(dotted(path))
        if distribution.kind == "fixed":
            return Number(distribution.numbers[0])
    return parameter(build, distribution, path, unit, evidence)


def _check_window(build: Builder, distribution: Distribution, path: Path) -> None:
    """A counted rate is divided by exposure, which is known for the replay only."""
    counted = distribution.kind in ("counted", "mean_rate")
    if counted and build.begin < 0.0 and distribution.start < build.begin:
        hint = "Let `record_from` be as early as the first day of the count, or count from `record_from`."
        build.fault(path, "the count begins before the replay", hint)


def _machine_value(build: Builder, raw: Any, path: Path, wanted: Wanted) -> Value:
    if isinstance(raw, int | float):
        return Value(expression=Number(float(raw)))
    return Value(expression=expression(build, raw, path, wanted))


def _parse(build: Builder, text: str) -> Expression:
    """Parse an expression; one that lowering has put together may be longer and deeper than a written one."""
    return parse(text, MACHINE_LENGTH, _MACHINE_DEPTH) if build.machine else parse(text)
