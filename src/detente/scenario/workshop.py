"""The crisis while a scenario is applied to it: what is there, what is added, and the faults found so far.

A change acts through a **switch**: a stage ``scenario.NAME.N`` that is ``off`` until a dated moment turns it on,
and off again at the end. While it is off, what reads it is worth what it was, to the last bit; so the replay, and
every future until then, are those of the baseline.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from detente.crisisfile.quantities import Kind, ValueFault
from detente.crisisfile.suggest import did_you_mean
from detente.crisisfile.values import parse_value
from detente.dates import date_at, days_between, parse_date
from detente.errors import CrisisFileError, Fault
from detente.expressions import Binary, Expression, Name, Number
from detente.model import Crisis, Effect, Moment, Outcome, Parameter, Schedule, Stage
from detente.scenario.changes import SHAPES, Change, Scenario
from detente.scenario.rewriting import rewritten

OFF_ON = ("off", "on")
_SHOWN = 25


def both(one: Expression | None, other: Expression) -> Expression:
    """Both conditions; only the other where there is no first."""
    return other if one is None else Binary("and", one, other)


class Switch:
    """The stage through which a change acts."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.on: Expression = Binary("==", Name(stage), Name("on"))
        self.off: Expression = Binary("==", Name(stage), Name("off"))

    def turns(self, value: str) -> Effect:
        """The effect that turns it."""
        return Effect("stage", self.stage, "set", value=value)

    def instead(self, before: Expression, after: Expression) -> Expression:
        """One expression while the switch is off, another while it is on; exactly the first while off."""
        return Binary("+", Binary("*", before, self.off), Binary("*", after, self.on))

    def scaled(self, before: Expression, times: Expression) -> Expression:
        """An expression, multiplied while the switch is on."""
        return Binary("*", before, Binary("+", self.off, Binary("*", times, self.on)))


class Workshop:
    """A crisis under change. Everything that is wrong is collected in `faults`."""

    def __init__(self, scenario: Scenario, crisis: Crisis) -> None:
        self.scenario = scenario
        self.crisis = crisis
        self.parameters = dict(crisis.parameters)
        self.stocks = dict(crisis.stocks)
        self.stages = dict(crisis.stages)
        self.moments = dict(crisis.moments)
        self.faults: list[Fault] = []

    def finished(self) -> Crisis:
        """The changed crisis.

        Raises
        ------
        CrisisFileError
            With every fault found.
        """
        if self.faults:
            raise CrisisFileError(self.faults)
        return dataclasses.replace(
            self.crisis,
            parameters=dict(sorted(self.parameters.items())),
            stocks=self.stocks,
            stages=dict(sorted(self.stages.items())),
            moments=dict(sorted(self.moments.items())),
        )

    # ── faults and names ────────────────────────────────────────────────────────────────────────

    def fault(self, change: Change, message: str, hint: str, field: str = "") -> None:
        """Record what is wrong with a change; `field` is the part of its line."""
        place = change.place
        said = place.path.startswith("--")  # an option of the command line
        path = place.path if said else ".".join(part for part in (place.path, field) if part)
        self.faults.append(Fault(place.file, place.line, path, message, hint))

    def known(self, change: Change, names: Collection[str], what: str) -> bool:
        """Whether the target is one of some names; a fault is recorded if it is not."""
        if change.target in names:
            return True
        listed = [name for name in names if name in self.moments and self.moments[name].main]
        some = sorted(listed or names)
        shown = ", ".join(some[:_SHOWN]) + (" …" if len(some) > _SHOWN else "")
        word = "Listed actions" if listed else "Known"
        hint = f"{did_you_mean(change.target, names)} {word}: {shown or 'none'}.".strip()
        self.fault(change, f"there is no {what} '{change.target}'", hint, change.word)
        return False

    # ── dates ───────────────────────────────────────────────────────────────────────────────────

    def time(self, change: Change, field: str, text: str) -> float | None:
        """Model time of a date of a change; None where there is none, or after a fault was recorded."""
        if not text:
            return None
        if text in self.crisis.calendar:
            time = self.crisis.calendar[text]
        else:
            try:
                time = days_between(self.crisis.as_of, parse_date(text))
            except ValueError as problem:
                names = ", ".join(self.crisis.calendar)
                hint = f"{did_you_mean(text, self.crisis.calendar)} Write it as 2025-03-01"
                hint = f"{hint}{f', or name one of the calendar: {names}' if names else ''}.".strip()
                self.fault(change, str(problem), hint, field)
                return None
        return self._in_future(change, field, text, time)

    def needed_time(self, change: Change, field: str, text: str) -> float | None:
        """As `time`, for a date that must be there."""
        if not text:
            hint = f"Example: {SHAPES[change.word].example}."
            self.fault(change, f"'{change.word}' needs a date", hint, field)
        return self.time(change, field, text)

    def _in_future(self, change: Change, field: str, text: str, time: float) -> float | None:
        crisis = self.crisis
        if time < 0.0:
            hint = "A scenario changes the future; the past stands in the record (events.csv) and in `as_of`."
            self.fault(change, f"{text} lies before the end of the as-of date, {crisis.as_of}", hint, field)
            return None
        if time >= crisis.horizon and field != "until":
            last = date_at(crisis.as_of, crisis.horizon)
            hint = "Choose an earlier date, or simulate further (`horizon`)."
            self.fault(
                change, f"{text} is not before the end of the simulation, {last:%Y-%m-%d}", hint, field
            )
            return None
        return time

    def window(self, change: Change) -> tuple[float, float] | None:
        """From when to when a change acts [day]; infinity without an end; None after a fault was recorded."""
        before = len(self.faults)
        begin = self.time(change, "from", change.since)
        end = self.time(change, "until", change.until)
        if len(self.faults) > before:
            return None
        begin, end = begin or 0.0, math.inf if end is None else end
        if end <= begin:
            hint = "`until` is the first instant at which the change no longer acts."
            self.fault(change, "the change ends before it begins", hint, "until")
            return None
        return begin, end

    # ── values ──────────────────────────────────────────────────────────────────────────────────

    def value(self, change: Change, kind: Kind, name: str) -> Expression | None:
        """The value of a change: a number, or a parameter where it has a spread; None after a fault."""
        try:
            value = parse_value(change.value, kind)
        except ValueFault as problem:
            self.fault(change, problem.message, problem.hint, change.how)
            return None
        if value.distribution is None or value.varies is not None or value.on is not None:
            hint = "Write a number, such as 2 or {value: 2, spread: ×1.5}."
            self.fault(
                change, "a scenario takes a number here, without `varies`, dates or names", hint, change.how
            )
            return None
        if value.fixed is not None:
            return Number(value.fixed)
        self.parameters[name] = Parameter(name, value.distribution, value.unit, change.evidence)
        return Name(name)

    # ── adding ──────────────────────────────────────────────────────────────────────────────────

    def name(self, n: int) -> str:
        """The name of what the n-th change adds."""
        return f"scenario.{self.scenario.name}.{n}"

    def dated(self, name: str, time: float, *effects: Effect) -> None:
        """A dated moment with effects."""
        self.moments[name] = Moment(name, Schedule((time,)), effects=effects)

    def switch(self, n: int, window: tuple[float, float], *at_end: Effect) -> Switch:
        """The switch of the n-th change, on within a window; `at_end` are further effects when it ends."""
        made = Switch(self.name(n))
        self.stages[made.stage] = Stage(made.stage, OFF_ON, Number(0.0))
        begin, end = window
        self.dated(f"{made.stage}.begins", begin, made.turns("on"))
        if end < self.crisis.horizon:
            self.dated(f"{made.stage}.ends", end, made.turns("off"), *at_end)
        return made

    # ── changing ────────────────────────────────────────────────────────────────────────────────

    def change_moment(self, name: str, **fields: Any) -> None:
        """Replace some fields of a moment."""
        self.moments[name] = dataclasses.replace(self.moments[name], **fields)

    def change_outcome(self, moment: str, name: str, **fields: Any) -> None:
        """Replace some fields of one outcome of a moment."""
        outcomes = tuple(
            dataclasses.replace(each, **fields) if each.name == name else each
            for each in self.moments[moment].outcomes
        )
        self.change_moment(moment, outcomes=outcomes)

    def change_effects(self, change: Callable[[Effect], Effect]) -> None:
        """Change effects wherever they stand; their order, which random numbers follow, stays."""

        def changed(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
            return tuple(map(change, effects))

        for name, moment in self.moments.items():
            outcomes = tuple(dataclasses.replace(o, effects=changed(o.effects)) for o in moment.outcomes)
            self.moments[name] = dataclasses.replace(
                moment, effects=changed(moment.effects), outcomes=outcomes
            )

    def rewrite(self, replacements: Mapping[Expression, Expression], *, but: str = "") -> None:
        """Replace expressions in all that lies ahead: moments, and how stocks flow (not those of `but`)."""
        for name, moment in self.moments.items():
            self.moments[name] = rewritten(moment, replacements)
        for name, stock in self.stocks.items():
            if name != but:
                flowing = rewritten(stock, replacements)
                self.stocks[name] = dataclasses.replace(flowing, start=stock.start)

    def outcome(self, happening: str) -> tuple[str, Outcome] | None:
        """The moment and outcome that a happening is; None where it is a moment."""
        if happening in self.moments:
            return None
        moment, _, name = happening.rpartition(".")
        return moment, next(each for each in self.moments[moment].outcomes if each.name == name)
