"""A crisis → the text of its machine form, which resolves to the same crisis."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from detente.crisisfile.writing import write
from detente.dates import date_at, days_between
from detente.expressions import Expression, Name, Number
from detente.model import (
    Actor,
    Clock,
    Coding,
    Crisis,
    Effect,
    Event,
    Evidence,
    Factor,
    Memory,
    Moment,
    Outcome,
    Parameter,
    Question,
    Raised,
    Schedule,
    Stage,
    Stock,
    Timer,
    Trigger,
)

Data = dict[str, Any]

_SECTIONS = {Clock: "clocks", Timer: "timers", Schedule: "occasions", Trigger: "triggers", Raised: "moments"}


def dumps(crisis: Crisis) -> str:
    """The machine form of a crisis as YAML text; ``loads(dumps(crisis)) == crisis``.

    The order is fixed: the same crisis gives the same text. Sources, claims and events stand in the text too.
    """
    return write(_Dump(crisis).whole())


def dump(crisis: Crisis, path: Path | str) -> None:
    """Write the machine form of a crisis to a file."""
    Path(path).write_text(dumps(crisis), encoding="utf-8", newline="\n")


class _Dump:
    """Turns the parts of one crisis into plain data."""

    def __init__(self, crisis: Crisis) -> None:
        self.crisis = crisis

    def whole(self) -> Data:
        """The whole file."""
        crisis = self.crisis
        data: Data = {"crisis": crisis.name, "form": "machine"}
        data |= _given(title=crisis.title, description=crisis.description)
        data |= {"as_of": crisis.as_of.isoformat(), "horizon": crisis.horizon}
        data |= _given(record_from=self.time(crisis.record_from) if crisis.record_from else None)
        sections = {
            "actors": _each(crisis.actors, _actor),
            "calendar": _each(crisis.calendar, self.time),
            "parameters": _each(crisis.parameters, self.parameter),
            "stocks": _each(crisis.stocks, self.stock),
            "stages": _each(crisis.stages, _stage),
            "memories": _each(crisis.memories, _memory),
            **self.moments(),
            "questions": _each(crisis.questions, self.question),
        }
        data |= {name: section for name, section in sections.items() if section}
        data["record"] = [self.recorded(i) for i in range(len(crisis.record))]
        return data | self.tables()

    def time(self, time: float) -> str | float:
        """A model time as a date with its time of day, where that is exact."""
        try:
            instant = _nearest_minute(date_at(self.crisis.as_of, time))
        except OverflowError:
            return time
        exact = instant.year >= 1000 and days_between(self.crisis.as_of, instant) == time
        return f"{instant:%Y-%m-%dT%H:%M}" if exact else time

    # ── state ───────────────────────────────────────────────────────────────────────────────────

    def parameter(self, parameter: Parameter) -> Data:
        """A parameter."""
        known = parameter.distribution
        data: Data = {"kind": known.kind, "numbers": list(known.numbers)}
        if known.clock:
            data["clock"] = known.clock
        if known.start or known.end:
            data |= {"start": self.time(known.start), "end": self.time(known.end)}
        data |= _given(lower=_bound(known.lower), upper=_bound(known.upper), unit=parameter.unit)
        return data | _evidence(parameter.evidence)

    def stock(self, stock: Stock) -> Data:
        """A stock."""
        return _given(
            title=stock.title,
            unit=stock.unit,
            scale=stock.scale if stock.scale != "linear" else "",
            start=_expression(stock.start),
            starts=None if stock.starts is None else self.time(stock.starts),
            lower=_bound(stock.lower),
            upper=_bound(stock.upper),
            flow=_expression(stock.flow),
            flow_factors=_factors(stock.flow_factors),
            follows=_expression(stock.follows),
            over=_expression(stock.over),
            noise=_expression(stock.noise),
            noise_factors=_factors(stock.noise_factors),
        )

    # ── what happens ────────────────────────────────────────────────────────────────────────────

    def moments(self) -> Mapping[str, Data]:
        """The sections of moments, by kind of cause."""
        sections: dict[str, Data] = {section: {} for section in _SECTIONS.values()}
        for name, moment in self.crisis.moments.items():
            sections[_SECTIONS[type(moment.cause)]][name] = self.moment(moment)
        return sections

    def moment(self, moment: Moment) -> Data:
        """A moment."""
        dates: Data = {"dates": []} if isinstance(moment.cause, Schedule) and not moment.cause.times else {}
        return dates | _given(
            title=moment.title,
            **self.cause(moment.cause),
            only_while=_text(moment.guard),
            effects=[_effect(each) for each in moment.effects],
            outcomes={each.name: _outcome(each) for each in moment.outcomes},
            listed=moment.main or None,
            **self.coding(moment.coding),
        )

    def cause(self, cause: object) -> Data:
        """The fields of a cause."""
        match cause:
            case Clock(rate, factors):
                return {"rate": _expression(rate), "factors": _factors(factors)}
            case Timer(delay, varies, whole_days, again):
                return {
                    "delay": _expression(delay),
                    "varies": _expression(varies),
                    "whole_days": whole_days or None,
                    "again": again if again != "restart" else "",
                }
            case Schedule(times, kind):
                return {
                    "dates": [self.time(time) for time in times],
                    "kind": kind if kind != "occasion" else "",
                }
            case Trigger(when, rearm):
                return {"when": _text(when), "rearm": _text(rearm)}
        return {}

    def coding(self, coding: Coding) -> Data:
        """The fields of a coding."""
        return {
            "actor": list(coding.actor),
            "recipient": list(coding.recipient),
            "cameo": coding.cameo,
            "plover": coding.plover,
            "complete_from": None if coding.complete_from is None else self.time(coding.complete_from),
        }

    # ── questions, record, tables ───────────────────────────────────────────────────────────────

    def question(self, question: Question) -> Data:
        """A question."""
        data: Data = {"text": question.text, "yes_if": str(question.yes_if)}
        data |= _given(
            given=_text(question.given), opens=self.time(question.opens) if question.opens else None
        )
        data["closes"] = self.time(question.closes)
        return data | _given(criterion=question.criterion) | _evidence(question.evidence)

    def recorded(self, i: int) -> Data:
        """One line of the record."""
        line = self.crisis.record[i]
        return {"time": self.time(line.time), "moment": line.moment} | _given(
            outcome=line.outcome, event=line.event
        )

    def tables(self) -> Data:
        """Sources, claims and events."""
        crisis = self.crisis
        tables = {
            "sources": {name: _row(source, ()) for name, source in crisis.sources.items()},
            "claims": {name: _row(claim, ("source",)) for name, claim in crisis.claims.items()},
            "events": {name: _event(event) for name, event in crisis.events.items()},
        }
        return {name: table for name, table in tables.items() if table}


# ── pieces ───────────────────────────────────────────────────────────────────────────────────────


def _each(things: Mapping[str, Any], make: Any) -> Data:
    return {name: make(thing) for name, thing in things.items()}


def _given(**fields: Any) -> Data:
    """The fields that say something: not None, "" or empty."""
    return {name.rstrip("_"): value for name, value in fields.items() if value not in (None, "", [], {})}


def _bound(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None


def _text(expression: Expression | None) -> str | None:
    return None if expression is None else str(expression)


def _expression(expression: Expression | None) -> str | float | None:
    """An expression as a number, where it is one, or as text."""
    return expression.value if isinstance(expression, Number) else _text(expression)


def _evidence(evidence: Evidence) -> Data:
    return _given(
        source=list(evidence.source), because=evidence.because, reference=evidence.reference or None
    )


def _actor(actor: Actor) -> Data:
    factions = {faction.name: _given(title=faction.title) for faction in actor.factions}
    return _given(title=actor.title, cameo=list(actor.cameo), factions=factions)


def _stage(stage: Stage) -> Data:
    start: str | float | None = _expression(stage.start)
    if isinstance(stage.start, Number):
        index = int(stage.start.value)
        start = None if index == 0 else stage.values[index]
    elif isinstance(stage.start, Name) and stage.start.name in stage.values:
        start = f"({start})"
    return _given(title=stage.title, values=list(stage.values), start=start)


def _memory(memory: Memory) -> Data:
    counts = [{"happening": name, "add": _expression(amount)} for name, amount in memory.counts]
    return _given(half_life=_expression(memory.half_life), counts=counts, start=_expression(memory.start))


def _factors(factors: Iterable[Factor]) -> list[Data]:
    return [_factor(factor) for factor in factors]


def _factor(factor: Factor) -> Data:
    data = _given(
        shape=factor.shape,
        times=_expression(factor.times),
        of=_expression(factor.of),
        unit=_expression(factor.unit),
        while_=_text(factor.condition),
        at_least=_expression(factor.at_least),
        at_most=_expression(factor.at_most),
        label=factor.label,
    )
    return data if factor.start is None else data | {"from": _expression(factor.start)}


def _effect(effect: Effect) -> Data:
    data: Data
    match effect.on:
        case "timer":
            data = {effect.does: effect.target}
        case "moment":
            data = {"raise": effect.target}
        case "stage":
            data = {"stage": effect.target, "becomes": effect.value}
        case _:
            data = {effect.on: effect.target, effect.does: _expression(effect.amount)}
    return data | _given(
        while_=_text(effect.condition), varies=_expression(effect.varies), factors=_factors(effect.factors)
    )


def _outcome(outcome: Outcome) -> Data:
    return _given(
        title=outcome.title,
        share=_expression(outcome.share),
        while_=_text(outcome.guard),
        factors=_factors(outcome.factors),
        effects=[_effect(effect) for effect in outcome.effects],
    )


def _row(thing: Any, lists: tuple[str, ...]) -> Data:
    """A source or claim; its other columns stand beside its fields."""
    fields = {name: value for name, value in vars(thing).items() if name not in ("id", "extra")}
    return _given(**{**fields, **{name: list(fields[name]) for name in lists}}) | dict(
        sorted(thing.extra.items())
    )


def _event(event: Event) -> Data:
    data = _row(event, ("actor", "recipient", "sources", "claims"))
    timed = event.date.hour or event.date.minute
    data["date"] = f"{event.date:%Y-%m-%dT%H:%M}" if timed else f"{event.date:%Y-%m-%d}"
    return data if event.line else {name: value for name, value in data.items() if name != "line"}


def _nearest_minute(instant: dt.datetime) -> dt.datetime:
    return (instant + dt.timedelta(seconds=30)).replace(second=0, microsecond=0)
