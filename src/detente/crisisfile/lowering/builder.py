"""The builder: collects the primitives of a crisis while its sections are lowered.

Lowering has two steps. While the sections are read, everything they declare is collected here; names may
still be unknown. When all are read, `checking` looks every name up and `freezing` applies what was put off
(hooks, bound factors, aliases, ``within``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, TypeVar

from detente.crisisfile.lowering.words import RESERVED, is_name
from detente.crisisfile.reading import Path, Tree, dotted
from detente.dates import days_between, end_of_day, parse_date
from detente.errors import Fault
from detente.expressions import Expression
from detente.model import (
    Actor,
    Cause,
    Coding,
    Effect,
    Evidence,
    Factor,
    Holding,
    Memory,
    Moment,
    Outcome,
    Parameter,
    Question,
    Stage,
    Stock,
)

Thing = TypeVar("Thing")

Kind: TypeAlias = Literal[
    "parameter",
    "stock",
    "stage",
    "memory",
    "moment",
    "timer",
    "outcome",
    "alias",
    "date",
    "actor",
    "question",
]
"""What a name stands for."""

Wanted: TypeAlias = Literal["number", "constant", "condition", "question"]
"""What an expression must be; a constant is a number that reads parameters only."""


@dataclass(frozen=True)
class Declared:
    """A name, what it stands for, where it was declared; `written` by the analyst, not made by lowering."""

    kind: Kind
    path: Path
    written: bool = True


@dataclass(frozen=True)
class Use:
    """An expression somewhere in the file, to be checked when all names are known."""

    expression: Expression
    path: Path
    wanted: Wanted


@dataclass(frozen=True)
class Reference:
    """A name in the file that must be of one of some kinds; `value` must be a value of the stage."""

    name: str
    path: Path
    kinds: tuple[Kind, ...]
    value: str = ""


@dataclass(frozen=True)
class Hook:
    """Effects that another part of the file adds to a happening: before its own or after them."""

    happening: str
    effects: tuple[Effect, ...]
    first: bool = False


@dataclass(frozen=True)
class Bind:
    """A factor that another part of the file puts on a clock or an outcome."""

    happening: str
    factor: Factor
    path: Path


@dataclass
class Draft:
    """A moment in the making."""

    name: str
    cause: Cause
    guard: Expression | None = None
    effects: list[Effect] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    title: str = ""
    main: bool = False
    coding: Coding = field(default_factory=Coding)

    def freeze(self) -> Moment:
        """The finished moment."""
        return Moment(
            name=self.name,
            cause=self.cause,
            guard=self.guard,
            effects=tuple(self.effects),
            outcomes=tuple(self.outcomes[each] for each in sorted(self.outcomes)),
            title=self.title,
            main=self.main,
            coding=self.coding,
        )


@dataclass
class Builder:
    """What has been declared so far, and every fault found on the way.

    `origin` is the as-of date, `begin` the model time at which the replay begins [day, ≤ 0], `machine`
    whether the file is a machine form, whose numbers stand as they are; `left_out` names entries too broken
    to be read, so that nothing is said about what refers to them.
    """

    tree: Tree
    origin: dt.date
    begin: float = 0.0
    machine: bool = False
    left_out: frozenset[str] = frozenset()
    actors: dict[str, Actor] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    stocks: dict[str, Stock] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    moments: dict[str, Draft] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    calendar: dict[str, float] = field(default_factory=dict)
    aliases: dict[str, Expression] = field(default_factory=dict)
    names: dict[str, Declared] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    binds: list[Bind] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    holding: Holding = field(default_factory=Holding)

    # ── faults and places ───────────────────────────────────────────────────────────────────────

    def fault(self, path: Path, message: str, hint: str = "") -> None:
        """Record a fault at a place of the file."""
        self.faults.append(Fault(self.tree.file, self.tree.line(path), dotted(path), message, hint))

    def evidence(self, path: Path) -> Evidence:
        """The evidence of the nearest mapping at or around a path."""
        around: object = self.tree.data
        found = Evidence()
        for part in (*path, None):
            if isinstance(around, dict):
                found = _evidence_of(around, found)
            try:
                around = around[part]  # type: ignore[index]
            except (KeyError, IndexError, TypeError):
                break
        return found

    # ── names ───────────────────────────────────────────────────────────────────────────────────

    def declare(self, name: str, kind: Kind, path: Path, *, written: bool = True) -> None:
        """Enter a name into the one space of names; a second use is a fault."""
        if written and not is_name(name):
            hint = "A name is letters, digits and underscores, with dots between parts; a letter comes first."
            self.fault(path, f"'{name}' cannot be a name", hint)
        elif written and name in RESERVED:
            self.fault(
                path, f"'{name}' is a word of the grammar and cannot be a name", "Choose another word."
            )
        elif name in self.names:
            first = self.names[name]
            where = f"line {self.tree.line(first.path)} ({dotted(first.path)})"
            self.fault(
                path, f"the name '{name}' is used twice", f"It stands on {where} already. Rename one of them."
            )
        else:
            self.names[name] = Declared(kind, path, written)

    def refer(self, name: str, path: Path, *kinds: Kind, value: str = "") -> None:
        """Note that a name must be of one of some kinds, to be checked when all names are known."""
        self.references.append(Reference(name, path, kinds, value))

    def is_left_out(self, name: str) -> bool:
        """Whether a name belongs to an entry that was too broken to be read."""
        parts = name.split(".")
        return any(".".join(parts[: n + 1]) in self.left_out for n in range(len(parts)))

    # ── dates ───────────────────────────────────────────────────────────────────────────────────

    def time(self, instant: object, path: Path, *, end: bool = False) -> float:
        """Model time of a date [day]; of its end where `end` and no time of day is given."""
        if isinstance(instant, int | float):
            if not self.machine and instant != 0.0:
                self.fault(path, f"the number {instant} is not a date", "Write a date such as 2024-11-30.")
            return float(instant)
        text = str(instant)
        if text in self.calendar:
            return self.calendar[text]
        try:
            moment = parse_date(text)
            last = end_of_day(moment) if end and ":" not in text else moment
        except (ValueError, OverflowError):
            known = ", ".join(sorted(self.calendar)) or "none"
            hint = f"Write 2024-11-30 or 2024-11-30T04:00, or a name of the calendar: {known}."
            self.fault(path, f"'{text}' is not a date", hint)
            return 0.0
        return days_between(self.origin, last)

    # ── primitives ──────────────────────────────────────────────────────────────────────────────

    def add_stage(
        self,
        name: str,
        values: Iterable[str],
        path: Path,
        *,
        start: Expression,
        title: str = "",
        written: bool = True,
    ) -> None:
        """Add a stage."""
        self.declare(name, "stage", path, written=written)
        self.stages[name] = Stage(name, tuple(values), start, title)

    def add_stock(self, stock: Stock, path: Path, *, written: bool = True) -> None:
        """Add a stock."""
        self.declare(stock.name, "stock", path, written=written)
        self.stocks[stock.name] = stock

    def add_memory(self, memory: Memory, path: Path, *, written: bool = True) -> None:
        """Add a memory."""
        self.declare(memory.name, "memory", path, written=written)
        self.memories[memory.name] = memory

    def add_moment(self, draft: Draft, path: Path, *, written: bool = True) -> Draft:
        """Add a moment, and with it the happenings of its outcomes."""
        self.declare(draft.name, "moment", path, written=written)
        for outcome in draft.outcomes:
            self.declare(f"{draft.name}.{outcome}", "outcome", (*path, "outcomes", outcome), written=written)
        self.moments[draft.name] = draft
        return draft

    def hook(self, happening: str, path: Path, *effects: Effect, first: bool = False) -> None:
        """Append effects to a happening, or put them `first`."""
        self.refer(happening, path, "moment", "outcome")
        self.hooks.append(Hook(happening, effects, first))

    def bind(self, happening: str, factor: Factor, path: Path) -> None:
        """Put a factor on a clock or an outcome."""
        self.refer(happening, path, "moment", "outcome")
        self.binds.append(Bind(happening, factor, path))


def _evidence_of(mapping: dict[str, object], around: Evidence) -> Evidence:
    """The evidence that a mapping gives to what is in it; `around` is what it inherits."""
    source, because = mapping.get("source"), mapping.get("because")
    reference = mapping.get("reference") is True
    if not isinstance(source, str | list) and not isinstance(because, str):
        return replace(around, reference=True) if reference else around
    named = (source,) if isinstance(source, str) else source if isinstance(source, list) else ()
    return Evidence(tuple(str(name) for name in named), str(because or ""), reference)


def sorted_by_name(things: Mapping[str, Thing]) -> dict[str, Thing]:
    """A mapping in the order of its names."""
    return {name: things[name] for name in sorted(things)}
