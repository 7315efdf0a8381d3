"""Every name in every expression is looked up here, and every expression has a type."""

from __future__ import annotations

from detente.crisisfile.lowering.builder import Bind, Builder, Kind, Reference, Use
from detente.crisisfile.lowering.names import HAPPENINGS, WORDS, check_value, look_up
from detente.expressions import (
    AnyMonth,
    At,
    Before,
    Binary,
    Call,
    Date,
    Ever,
    Expression,
    First,
    Month,
    Name,
    Number,
    Unary,
    Within,
)
from detente.model import Clock

_NUMBERS: tuple[Kind, ...] = ("parameter", "stock", "memory")
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


def check(build: Builder) -> None:
    """Record a fault for every name that is not known and every expression of the wrong type."""
    for reference in build.references:
        _check_reference(build, reference)
    for bind in build.binds:
        _check_bind(build, bind)
    for use in build.uses:
        _Checker(build, use).check()


def _check_bind(build: Builder, bind: Bind) -> None:
    draft = build.moments.get(bind.happening)
    if draft is not None and not isinstance(draft.cause, Clock):
        hint = "A factor acts on a rate or on the odds of an outcome; name an action, or one of the outcomes."
        build.fault(bind.path, f"'{bind.happening}' has no rate that a factor could act on", hint)


def _check_reference(build: Builder, reference: Reference) -> None:
    if not look_up(build, reference.name, reference.kinds, reference.path) or not reference.value:
        return
    check_value(build, reference.name, reference.value, reference.path)


class _Checker:
    """Checks one expression; stops at its first fault, so that one mistake is told once."""

    def __init__(self, build: Builder, use: Use) -> None:
        self.build = build
        self.use = use
        self.faulty = False
        self.numbers: tuple[Kind, ...] = ("parameter",) if use.wanted == "constant" else _NUMBERS

    def check(self) -> None:
        """Check the whole expression."""
        if self.use.wanted == "question":
            self._question(self.use.expression)
        elif self.use.wanted == "condition":
            self._condition(self.use.expression)
        elif self.use.wanted == "constant":
            self._operand(self.use.expression)
        else:
            self._number(self.use.expression)

    def _fault(self, message: str, hint: str) -> None:
        if not self.faulty:
            self.build.fault(self.use.path, message, hint)
        self.faulty = True

    def _name(self, name: str, *kinds: Kind) -> None:
        if not self.faulty and not look_up(self.build, name, kinds, self.use.path):
            self.faulty = True

    # ── questions ───────────────────────────────────────────────────────────────────────────────

    def _question(self, node: Expression) -> None:
        match node:
            case First():
                self._first(node)
            case Before(first, second):
                self._first(first)
                self._first(second)
            case Ever(condition) | At(condition, _):
                self._condition(condition)
            case AnyMonth(stock=stock, bound=bound):
                self._name(stock, "stock")
                self._number(bound)
            case Unary("not", operand):
                self._question(operand)
            case Binary("and" | "or", left, right):
                self._question(left)
                self._question(right)
            case _:
                hint = f"Write `({node}) at close`, `({node}) at 2025-01-20` or `ever ({node})`."
                self._fault(f"'{node}' does not say when it must hold", hint)

    def _first(self, node: First) -> None:
        if not node.value:
            self._name(node.happening, *HAPPENINGS)
            return
        self._name(node.happening, "stage")
        self._value(node.happening, node.value)

    def _value(self, stage: str, value: str) -> None:
        if not self.faulty:
            before = len(self.build.faults)
            check_value(self.build, stage, value, self.use.path)
            self.faulty = len(self.build.faults) > before

    # ── conditions ──────────────────────────────────────────────────────────────────────────────

    def _condition(self, node: Expression) -> None:
        match node:
            case Call("happened") | Within() if self.use.wanted == "constant":
                self._moves(node)
            case Name(name) if self.use.wanted == "constant" and self._kind(name) == "alias":
                self._moves(node)
            case Binary("and" | "or", left, right):
                self._condition(left)
                self._condition(right)
            case Unary("not", operand):
                self._condition(operand)
            case Binary(operator, left, right) if operator in _COMPARISONS:
                self._comparison(node, left, right)
            case Call("happened", Name(name)):
                self._name(name, *HAPPENINGS)
            case Within(_, name):
                self._name(name, *HAPPENINGS)
            case Name(name) if self._kind(name) == "alias":
                pass
            case First() | Before() | Ever() | At() | AnyMonth():
                self._misplaced(node)
            case Name(name):
                self._name_as_condition(name)
            case _:
                self._fault(f"'{node}' is a number, but a condition is needed", "Compare it, as in `x > 3`.")

    def _name_as_condition(self, name: str) -> None:
        hints: dict[Kind | None, str] = {
            "moment": f"Write happened({name}) or `within 30 d of {name}`.",
            "outcome": f"Write happened({name}) or `within 30 d of {name}`.",
            "stage": f"Compare it with one of its values: `{name} == …`.",
        }
        kind = self._kind(name)
        if kind is None:
            self._name(name, "alias", "stock", "stage")
            return
        hint = hints.get(kind, f"Compare it, as in `{name} > 3`.")
        self._fault(f"'{name}' is {WORDS[kind]}, but a condition is needed", hint)

    def _comparison(self, node: Binary, left: Expression, right: Expression) -> None:
        for stage, value in ((left, right), (right, left)):
            if isinstance(stage, Name) and self.build.is_left_out(stage.name):
                return
            if isinstance(stage, Name) and self._kind(stage.name) == "stage":
                if self.use.wanted == "constant":
                    self._moves(node)
                else:
                    self._stage_comparison(node, stage.name, value)
                return
        for side in (left, right):
            if isinstance(side, Name) and self._kind(side.name) is None:
                self._name(side.name, "stage", *self.numbers)
                return
        self._number(left)
        self._number(right)

    def _stage_comparison(self, node: Binary, stage: str, value: Expression) -> None:
        values = ", ".join(self.build.stages[stage].values)
        if node.operator not in ("==", "!="):
            self._fault(f"a stage has no order: '{node}'", f"Write == or != and one of its values: {values}.")
        elif not isinstance(value, Name):
            self._fault(
                f"the stage '{stage}' is compared with '{value}'",
                f"Compare it with one of its values: {values}.",
            )
        else:
            self._value(stage, value.name)

    def _misplaced(self, node: Expression) -> None:
        hint = "`first`, `before`, `ever`, `at` and `any month` ask about a window; write a condition of now."
        self._fault(f"'{node}' can stand in a question only", hint)

    # ── numbers ─────────────────────────────────────────────────────────────────────────────────

    def _number(self, node: Expression) -> None:
        match node:
            case Number():
                pass
            case Name(name):
                self._name(name, *self.numbers)
            case Month() | Call("until" | "since" | "count") if self.use.wanted == "constant":
                self._moves(node)
            case Month():
                pass
            case Unary("-", operand):
                self._operand(operand)
            case Binary("+" | "-" | "*" | "/" | "^" | "min" | "max", left, right):
                self._operand(left)
                self._operand(right)
            case Call("until", argument):
                if isinstance(argument, Name):
                    self._name(argument.name, "date")
            case Call("since" | "count", argument):
                self._name(str(argument), *HAPPENINGS)
            case Call("exp" | "log" | "sqrt" | "abs", argument):
                self._operand(argument)
            case Date():
                self._fault(
                    f"the date {node} is not a number",
                    f"Write until({node}): the days from now to that date.",
                )
            case First() | Before() | Ever() | At() | AnyMonth():
                self._misplaced(node)
            case _:
                self._fault(
                    f"'{node}' is a condition, but a number is needed",
                    "Write a number or an expression of stocks.",
                )

    def _operand(self, node: Expression) -> None:
        """An operand of arithmetic: a number, or a condition, which counts 1 while it holds and else 0."""
        logical = isinstance(node, Binary) and node.operator in (*_COMPARISONS, "and", "or")
        logical = logical or (isinstance(node, Unary) and node.operator == "not") or isinstance(node, Within)
        logical = logical or (isinstance(node, Call) and node.function == "happened")
        logical = logical or (isinstance(node, Name) and self._kind(node.name) == "alias")
        if logical:
            self._condition(node)
        else:
            self._number(node)

    def _moves(self, node: Expression) -> None:
        hint = "Here the number is needed before anything happens: use numbers and parameters."
        self._fault(f"'{node}' changes with time", hint)

    def _kind(self, name: str) -> Kind | None:
        declared = self.build.names.get(name)
        return declared.kind if declared else None
