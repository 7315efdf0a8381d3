"""A crisis → the text of its machine form, which resolves to the same crisis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from detente.crisisfile.plain import (
    Data,
    actor_data,
    effect_data,
    event_data,
    evidence_data,
    factors_data,
    given,
    holding_data,
    memory_data,
    number_of,
    outcome_data,
    pattern_data,
    row_data,
    stage_data,
    text_of,
)
from detente.crisisfile.writing import write
from detente.dates import date_at, days_between, nearest_minute
from detente.model import (
    Clock,
    Coding,
    Crisis,
    Moment,
    Parameter,
    Question,
    Raised,
    Schedule,
    Stock,
    Timer,
    Trigger,
)

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
        data |= given(title=crisis.title, description=crisis.description)
        data |= {"as_of": crisis.as_of.isoformat(), "horizon": crisis.horizon}
        data |= given(record_from=self.time(crisis.record_from) if crisis.record_from else None)
        data |= given(holding=holding_data(crisis.holding))
        sections = {
            "actors": _each(crisis.actors, actor_data),
            "calendar": _each(crisis.calendar, self.time),
            "parameters": _each(crisis.parameters, self.parameter),
            "stocks": _each(crisis.stocks, self.stock),
            "stages": _each(crisis.stages, stage_data),
            "memories": _each(crisis.memories, memory_data),
            **self.moments(),
            "questions": _each(crisis.questions, self.question),
        }
        data |= {name: section for name, section in sections.items() if section}
        data["record"] = [self.recorded(i) for i in range(len(crisis.record))]
        return data | self.tables()

    def time(self, time: float) -> str | float:
        """A model time as a date with its time of day, where that is exact."""
        try:
            instant = nearest_minute(date_at(self.crisis.as_of, time))
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
        data |= given(lower=_bound(known.lower), upper=_bound(known.upper), unit=parameter.unit)
        return data | evidence_data(parameter.evidence)

    def stock(self, stock: Stock) -> Data:
        """A stock."""
        return given(
            title=stock.title,
            unit=stock.unit,
            scale=stock.scale if stock.scale != "linear" else "",
            start=number_of(stock.start),
            starts=None if stock.starts is None else self.time(stock.starts),
            lower=_bound(stock.lower),
            upper=_bound(stock.upper),
            flow=number_of(stock.flow),
            flow_factors=factors_data(stock.flow_factors),
            follows=number_of(stock.follows),
            over=number_of(stock.over),
            noise=number_of(stock.noise),
            noise_factors=factors_data(stock.noise_factors),
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
        return dates | given(
            title=moment.title,
            **self.cause(moment.cause),
            only_while=text_of(moment.guard),
            effects=[effect_data(each) for each in moment.effects],
            outcomes={each.name: outcome_data(each) for each in moment.outcomes},
            listed=moment.main or None,
            **self.coding(moment.coding),
        )

    def cause(self, cause: object) -> Data:
        """The fields of a cause."""
        match cause:
            case Clock(rate, factors):
                return {"rate": number_of(rate), "factors": factors_data(factors)}
            case Timer(delay, varies, whole_days, again):
                return {
                    "delay": number_of(delay),
                    "varies": number_of(varies),
                    "whole_days": whole_days or None,
                    "again": again if again != "restart" else "",
                }
            case Schedule(times, kind):
                return {
                    "dates": [self.time(time) for time in times],
                    "kind": kind if kind != "occasion" else "",
                }
            case Trigger(when, rearm):
                return {"when": text_of(when), "rearm": text_of(rearm)}
        return {}

    def coding(self, coding: Coding) -> Data:
        """The fields of a coding."""
        return {
            "actor": list(coding.actor),
            "recipient": list(coding.recipient),
            "cameo": coding.cameo,
            "plover": coding.plover,
            "complete_from": None if coding.complete_from is None else self.time(coding.complete_from),
            "matches": [pattern_data(pattern) for pattern in coding.matches],
        }

    # ── questions, record, tables ───────────────────────────────────────────────────────────────

    def question(self, question: Question) -> Data:
        """A question."""
        data: Data = {"text": question.text, "yes_if": str(question.yes_if)}
        data |= given(
            given=text_of(question.given), opens=self.time(question.opens) if question.opens else None
        )
        data["closes"] = self.time(question.closes)
        return data | given(criterion=question.criterion) | evidence_data(question.evidence)

    def recorded(self, i: int) -> Data:
        """One line of the record."""
        line = self.crisis.record[i]
        return {"time": self.time(line.time), "moment": line.moment} | given(
            outcome=line.outcome, event=line.event, held=line.held if line.held != 1.0 else None
        )

    def tables(self) -> Data:
        """Sources, claims and events."""
        crisis = self.crisis
        tables = {
            "sources": {name: row_data(source, ()) for name, source in crisis.sources.items()},
            "claims": {name: row_data(claim, ("source",)) for name, claim in crisis.claims.items()},
            "events": {name: event_data(event) for name, event in crisis.events.items()},
        }
        return {name: table for name, table in tables.items() if table}


def _each(things: Mapping[str, Any], make: Any) -> Data:
    return {name: make(thing) for name, thing in things.items()}


def _bound(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None
