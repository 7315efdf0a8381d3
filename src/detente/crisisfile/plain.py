"""Pieces of a crisis → plain data of its machine form: factors, effects, outcomes, rows of tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from detente.expressions import Expression, Name, Number
from detente.model import Actor, Effect, Event, Evidence, Factor, Holding, Memory, Outcome, Pattern, Stage

Data = dict[str, Any]


def given(**fields: Any) -> Data:
    """The fields that say something: not None, "" or empty."""
    return {name.rstrip("_"): value for name, value in fields.items() if value not in (None, "", [], {})}


def text_of(expression: Expression | None) -> str | None:
    """An expression as text."""
    return None if expression is None else str(expression)


def number_of(expression: Expression | None) -> str | float | None:
    """An expression as a number, where it is one, or as text."""
    return expression.value if isinstance(expression, Number) else text_of(expression)


def evidence_data(evidence: Evidence) -> Data:
    """The fields of evidence."""
    return given(source=list(evidence.source), because=evidence.because, reference=evidence.reference or None)


def actor_data(actor: Actor) -> Data:
    """An actor."""
    factions = {faction.name: given(title=faction.title) for faction in actor.factions}
    return given(title=actor.title, cameo=list(actor.cameo), factions=factions)


def stage_data(stage: Stage) -> Data:
    """A stage."""
    start: str | float | None = number_of(stage.start)
    if isinstance(stage.start, Number):
        index = int(stage.start.value)
        start = None if index == 0 else stage.values[index]
    elif isinstance(stage.start, Name) and stage.start.name in stage.values:
        start = f"({start})"
    return given(title=stage.title, values=list(stage.values), start=start)


def memory_data(memory: Memory) -> Data:
    """A memory."""
    counts = [{"happening": name, "add": number_of(amount)} for name, amount in memory.counts]
    return given(half_life=number_of(memory.half_life), counts=counts, start=number_of(memory.start))


def factors_data(factors: Iterable[Factor]) -> list[Data]:
    """A list of factors."""
    return [_factor(factor) for factor in factors]


def _factor(factor: Factor) -> Data:
    data = given(
        shape=factor.shape,
        times=number_of(factor.times),
        of=number_of(factor.of),
        unit=number_of(factor.unit),
        while_=text_of(factor.condition),
        at_least=number_of(factor.at_least),
        at_most=number_of(factor.at_most),
        label=factor.label,
    )
    return data if factor.start is None else data | {"from": number_of(factor.start)}


def effect_data(effect: Effect) -> Data:
    """An effect."""
    data: Data
    match effect.on:
        case "timer":
            data = {effect.does: effect.target}
        case "moment":
            data = {"raise": effect.target}
        case "stage":
            data = {"stage": effect.target, "becomes": effect.value}
        case _:
            data = {effect.on: effect.target, effect.does: number_of(effect.amount)}
    return data | given(
        while_=text_of(effect.condition),
        varies=number_of(effect.varies),
        factors=factors_data(effect.factors),
    )


def outcome_data(outcome: Outcome) -> Data:
    """An outcome, without its name."""
    return given(
        title=outcome.title,
        share=number_of(outcome.share),
        while_=text_of(outcome.guard),
        factors=factors_data(outcome.factors),
        effects=[effect_data(effect) for effect in outcome.effects],
    )


def pattern_data(pattern: Pattern) -> str | Data:
    """A pattern; one that names an event is its id."""
    return pattern.id or given(**vars(pattern))


def holding_data(holding: Holding) -> Data:
    """What differs from the default in how claims are weighed."""
    default = vars(Holding())
    return {name: value for name, value in vars(holding).items() if value != default[name]}


def row_data(thing: Any, lists: tuple[str, ...]) -> Data:
    """A source or claim; its other columns stand beside its fields."""
    fields = {name: value for name, value in vars(thing).items() if name not in ("id", "extra")}
    if fields.get("known_at"):
        fields["known_at"] = f"{thing.known_at:%Y-%m-%dT%H:%M}"
    return given(**{**fields, **{name: list(fields[name]) for name in lists}}) | dict(
        sorted(thing.extra.items())
    )


def event_data(event: Event) -> Data:
    """An event."""
    data = row_data(event, ("actor", "recipient", "sources", "claims", "contested_by"))
    timed = event.date.hour or event.date.minute
    data["date"] = f"{event.date:%Y-%m-%dT%H:%M}" if timed else f"{event.date:%Y-%m-%d}"
    return data if event.line else {name: value for name, value in data.items() if name != "line"}
