"""Condition and cause of a link, set in a crisis: the two crises that are compared.

One lowering for all. The condition is made true in both crises at the beginning of the futures; the cause is set
a minute later, in one of them. What of a condition cannot be set, because the past decides it, is waited for: in
each future the cause is set on the first day on which it holds. ::

    cause                      in the crisis with it
    stock NAME +10             the stock is raised (-10, ×1.3)
    memory NAME +1             the memory is raised
    stage NAME value           the stage is set; where it has that value already, it has its first other
                               value in the crisis without
    happening NAME             the moment happens, past its guard; of an outcome, with that outcome
    compare NAME OTHER         it happens, and OTHER in the crisis without
    time +60 NAME              a date of the calendar is 60 days nearer (`until`), or a happening 60 days longer
                               ago (`since`)

    condition                  in both crises
    stage == value             it is set
    stock > number             it is set beyond the number, where it is not so already (<, <=, >=; memories too)
    since(happening) < number  it happens
    any other                  is waited for

Where the happening of ``since`` is a dated one and still ahead, the whole condition is waited for: made true at
once, what the date brings would come early.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TypeAlias

from detente.dates import date_at
from detente.errors import ModelError
from detente.expressions import Binary, Call, Expression, Name, Number, Unary, parse
from detente.model import Crisis, Effect, Schedule, Stage
from detente.scenario import Change, Scenario
from detente.scenario.happenings import force
from detente.scenario.workshop import Workshop, both

MINUTE = 1.0 / 1440.0
"""Conditions are made true a minute after the beginning, causes are set two minutes after it [day]."""

_COMPARED = re.compile(r"(\S+) (==|[<>]=?) (\S+)")
_SINCE = re.compile(r"since\((\S+)\)")


@dataclass(frozen=True)
class Happens:
    """A moment, or one outcome of it, is made to happen."""

    name: str


@dataclass(frozen=True)
class Passes:
    """Days pass for what counts to a date (``until``) or from a happening (``since``), and for nothing else."""

    function: str
    name: str
    days: float


Step: TypeAlias = Effect | Happens | Passes


@dataclass(frozen=True)
class Setting:
    """How a condition is made true and a cause is set.

    `given` is done in both crises; then, as soon as `waits` holds, `against` in the crisis without the cause and
    `cause` in the one with it.
    """

    given: tuple[Step, ...]
    waits: Expression | None
    against: tuple[Step, ...]
    cause: tuple[Step, ...]

    @property
    def baseline(self) -> Setting:
        """What distinguishes the crisis without the cause: settings that share it share that crisis."""
        return replace(self, cause=(), waits=self.waits if self.against else None)

    def without(self, crisis: Crisis) -> Crisis:
        """The crisis without the cause."""
        return _with(self._prepared(crisis), "link_cause", self.against, 2 * MINUTE, self.waits)

    def within(self, crisis: Crisis) -> Crisis:
        """The crisis with the cause."""
        return _with(self._prepared(crisis), "link_cause", self.cause, 2 * MINUTE, self.waits)

    def _prepared(self, crisis: Crisis) -> Crisis:
        return _with(crisis, "link_condition", self.given, MINUTE, None)


def setting_of(intervention: str, condition: str, crisis: Crisis) -> Setting:
    """What the words of a link mean in a crisis.

    Parameters
    ----------
    intervention, condition : str
        As in the table of links; several conditions are joined by ``and``.
    crisis : Crisis

    Raises
    ------
    ModelError
        If the crisis does not have what is named, or the words are unknown.

    Examples
    --------
    >>> from detente import load
    >>> found = setting_of("happening us_strikes_cuba", "", load("cuba_1962"))
    >>> found.cause
    (Happens(name='us_strikes_cuba'),)
    """
    given: list[Step] = []
    waits: Expression | None = None
    parts = condition.split(" and ") if condition else []
    ahead = any(_is_ahead(part, crisis) for part in parts)
    for part in parts:
        step = None if ahead else _made_true(part, crisis)
        if step is None:
            waits = both(waits, parse(part))
        else:
            given.append(step)
    return Setting(tuple(given), waits, *_cause(intervention, crisis))


# ── words → steps ────────────────────────────────────────────────────────────────────────────────


def _cause(words: str, crisis: Crisis) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """What is done without the cause, and with it."""
    match words.split():
        case ["stock", name, change]:
            _known(name, crisis.stocks, "stock")
            times = change.startswith("×")
            amount = Number(float(change.removeprefix("×")))
            return (), (Effect("stock", name, "times" if times else "add", amount=amount),)
        case ["memory", name, change]:
            _known(name, crisis.memories, "memory")
            return (), (Effect("memory", name, "add", amount=Number(float(change))),)
        case ["stage", name, value]:
            _known(value, _values(name, crisis), f"value of '{name}'")
            return (_otherwise(name, value, crisis),), (Effect("stage", name, "set", value=value),)
        case ["happening", name]:
            return (), (_happens(name, crisis),)
        case ["compare", name, other]:
            return (_happens(other, crisis),), (_happens(name, crisis),)
        case ["time", days, name]:
            function = "until" if name in crisis.calendar else "since"
            if function == "since":
                _known(name, tuple(crisis.happenings()), "date of the calendar or happening")
            passing = float(days) if function == "since" else -float(days)
            return (), (Passes(function, name, passing),)
    raise ModelError(f"'{words}' is none of the causes that can be set")


def _otherwise(name: str, value: str, crisis: Crisis) -> Effect:
    """Where a stage has the value of the cause already, its first other value."""
    other = next(each for each in crisis.stages[name].values if each != value)
    return Effect("stage", name, "set", value=other, condition=Binary("==", Name(name), Name(value)))


def _happens(name: str, crisis: Crisis) -> Happens:
    _known(name, tuple(crisis.happenings()), "happening")
    return Happens(name)


def _made_true(part: str, crisis: Crisis) -> Step | None:
    """The step that makes a part of a condition true; None where it must be waited for."""
    found = _COMPARED.fullmatch(part)
    if not found:
        return None
    name, sign, bound = found.groups()
    counted = _SINCE.fullmatch(name)
    if counted and "<" in sign:
        return _happens(counted[1], crisis)
    if sign == "==" and name in crisis.stages:
        _known(bound, _values(name, crisis), f"value of '{name}'")
        return Effect("stage", name, "set", value=bound)
    if sign == "==" or not (name in crisis.stocks or name in crisis.memories):
        return None
    size = Number(float(bound) * (0.8 if "<" in sign else 1.2) + (0.0 if "<" in sign else 1.0))
    unless = Unary("not", parse(part))
    if name in crisis.stocks:
        return Effect("stock", name, "set", amount=size, condition=unless)
    return Effect("memory", name, "add", amount=Binary("-", size, Name(name)), condition=unless)


def _is_ahead(part: str, crisis: Crisis) -> bool:
    """Whether a part of a condition counts from a dated happening that is still to come."""
    found = _COMPARED.fullmatch(part)
    counted = _SINCE.fullmatch(found[1]) if found else None
    moment = crisis.moments.get(counted[1]) if counted else None
    return moment is not None and isinstance(moment.cause, Schedule) and max(moment.cause.times) > 0.0


def _values(stage: str, crisis: Crisis) -> tuple[str, ...]:
    _known(stage, crisis.stages, "stage")
    return crisis.stages[stage].values


def _known(name: str, names: Collection[str], what: str) -> None:
    if name not in names:
        raise ModelError(f"there is no {what} '{name}'")


# ── steps → crisis ───────────────────────────────────────────────────────────────────────────────


def _with(
    crisis: Crisis, name: str, steps: tuple[Step, ...], time: float, waits: Expression | None
) -> Crisis:
    """The crisis with some steps on top, by a scenario of that name."""
    if not steps:
        return crisis
    work = Workshop(Scenario(name), crisis)
    for n, step in enumerate(steps, 1):
        match step:
            case Effect():
                work.dated(f"{work.name(n)}.happens", time, step)
            case Happens(happening):
                at = f"{date_at(crisis.as_of, time):%Y-%m-%dT%H:%M}"
                force(work, Change("force", happening, at=at), n)
            case Passes(function, counted, days):
                read = Call(function, Name(counted))
                passed = Binary("*", Number(days), work.switch(n, (time, math.inf)).on)
                work.rewrite({read: Binary("+", read, passed)})
    changed = work.finished()
    return changed if waits is None else _waiting(changed, f"scenario.{name}.", waits)


def _waiting(crisis: Crisis, prefix: str, condition: Expression) -> Crisis:
    """The crisis in which what a scenario sets is set once, on the first day on which a condition holds."""
    waits = Stage(f"{prefix}waits", ("yes", "no"), Number(0.0))
    still = Binary("==", Name(waits.name), Name("yes"))
    done = Effect("stage", waits.name, "set", value="no")
    moments = dict(crisis.moments)
    for name, moment in moments.items():
        if name.startswith(prefix) and isinstance(moment.cause, Schedule):
            first = moment.cause.times[0]
            days = tuple(first + day for day in range(math.floor(crisis.horizon - first) + 1))
            moments[name] = replace(
                moment,
                cause=Schedule(days),
                guard=both(condition, still),
                effects=(*moment.effects, done),
            )
    stages = dict(sorted({**crisis.stages, waits.name: waits}.items()))
    return replace(crisis, moments=moments, stages=stages)
