"""Changes to what there is: stocks, stages, rates, numbers, the influence of factions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from detente.crisisfile.quantities import Kind
from detente.crisisfile.suggest import did_you_mean
from detente.expressions import Binary, Expression, Name, Number
from detente.model import Clock, Crisis, Effect, Factor, Moment, Outcome
from detente.scenario.changes import Change
from detente.scenario.rewriting import reads
from detente.scenario.workshop import Switch, Workshop

_LEFT = Number(1e-9)
"""What is left of the influence of a removed faction: next to nothing, so that a mean of one still exists."""


def change_stock(work: Workshop, change: Change, n: int) -> None:
    """A stock is set, raised or multiplied on a date."""
    before = len(work.faults)
    at = work.time(change, "at", change.at) or 0.0
    kind: Kind = "ratio" if change.how == "times" else "number"
    known = work.known(change, work.crisis.stocks, "stock")
    amount = work.value(change, kind, f"{work.name(n)}.value")
    if not known or amount is None or len(work.faults) > before:
        return
    stock = work.crisis.stocks[change.target]
    if change.how == "set" and isinstance(amount, Number) and not stock.lower <= amount.value <= stock.upper:
        hint = f"It runs from {stock.lower:g} to {stock.upper:g}{f' {stock.unit}' if stock.unit else ''}."
        work.fault(change, f"{amount.value:g} lies outside the bounds of '{stock.name}'", hint, "set")
        return
    assert change.how in ("set", "add", "times")
    work.dated(f"{work.name(n)}.happens", at, Effect("stock", change.target, change.how, amount=amount))


def change_stage(work: Workshop, change: Change, n: int) -> None:
    """A stage takes a value on a date; an office passes to another."""
    before = len(work.faults)
    at = work.time(change, "at", change.at) or 0.0
    if not work.known(change, work.crisis.stages, change.word):
        return
    values = work.crisis.stages[change.target].values
    value = str(change.value)
    if value not in values:
        hint = f"{did_you_mean(value, values)} Its values: {', '.join(values)}.".strip()
        work.fault(change, f"the {change.word} '{change.target}' has no value '{value}'", hint, change.how)
    if len(work.faults) == before:
        work.dated(f"{work.name(n)}.happens", at, Effect("stage", change.target, "set", value=value))


def change_rate(work: Workshop, change: Change, n: int) -> None:
    """A rate or the odds of an outcome are multiplied, or set, within the window."""
    window = work.window(change)
    if not work.known(change, tuple(work.crisis.happenings()), "action or outcome"):
        return
    found = work.outcome(change.target)
    if found is None and not isinstance(work.moments[change.target].cause, Clock):
        _say_it_has_no_rate(work, change)
        return
    kind: Kind = "ratio" if change.how == "times" else "rate" if found is None else "share"
    value = work.value(change, kind, f"{work.name(n)}.value")
    if window is None or value is None:
        return
    switch = work.switch(n, window)
    if found is not None:
        _change_odds(work, change, *found, value, switch)
    elif change.how == "times":
        _multiply(work, change.target, value, switch)
    else:
        _set_rate(work, change.target, value, switch)


def _say_it_has_no_rate(work: Workshop, change: Change) -> None:
    outcomes = [f"{change.target}.{each.name}" for each in work.moments[change.target].outcomes]
    hint = f"Name one of its outcomes: {', '.join(outcomes)}." if outcomes else "Forbid or force it instead."
    work.fault(change, f"'{change.target}' has no rate: it is no clock", hint, "rate")


def _multiply(work: Workshop, clock: str, times: Expression, switch: Switch) -> None:
    cause = work.moments[clock].cause
    assert isinstance(cause, Clock)
    factor = Factor("while", f"scenario {work.scenario.name}", times, condition=switch.on)
    work.change_moment(clock, cause=Clock(cause.rate, (*cause.factors, factor)))


def _set_rate(work: Workshop, clock: str, value: Expression, switch: Switch) -> None:
    """Another base rate: by a factor, so that the base rate itself stays one of parameters alone."""
    cause = work.moments[clock].cause
    assert isinstance(cause, Clock)
    if _is_zero(work.crisis, cause.rate):
        work.change_moment(clock, cause=Clock(switch.instead(cause.rate, value), cause.factors))
    else:
        _multiply(work, clock, Binary("/", value, cause.rate), switch)


def _is_zero(crisis: Crisis, rate: Expression) -> bool:
    if isinstance(rate, Name) and rate.name in crisis.parameters:
        known = crisis.parameters[rate.name].distribution
        return known.kind == "fixed" and known.numbers[0] == 0.0
    return isinstance(rate, Number) and rate.value == 0.0


def _change_odds(
    work: Workshop, change: Change, moment: str, outcome: Outcome, value: Expression, switch: Switch
) -> None:
    if change.how == "times":
        factor = Factor("while", f"scenario {work.scenario.name}", value, condition=switch.on)
        work.change_outcome(moment, outcome.name, factors=(*outcome.factors, factor))
    elif outcome.share is None:
        hint = "Multiply its odds with `times:`, or set the shares of the others."
        work.fault(change, f"'{change.target}' takes the remainder and has no share of its own", hint, "set")
    else:
        work.change_outcome(moment, outcome.name, share=switch.instead(outcome.share, value))


def change_number(work: Workshop, change: Change, n: int) -> None:
    """A number of the crisis is another within the window, wherever it is read."""
    window = work.window(change)
    if not work.known(change, work.crisis.parameters, "number"):
        return
    parameter = work.crisis.parameters[change.target]
    value = work.value(
        change,
        "ratio" if change.how == "times" else _kind(parameter.unit, change.value),
        f"{work.name(n)}.value",
    )
    if window is None or value is None or _refused(work, change):
        return
    switch, read = work.switch(n, window), Name(change.target)
    instead = switch.scaled(read, value) if change.how == "times" else switch.instead(read, value)
    rated = [name for name, each in work.moments.items() if _rate_of(each) == read]
    work.rewrite({read: instead})
    for name in rated:
        cause = work.moments[name].cause
        assert isinstance(cause, Clock)
        work.change_moment(name, cause=Clock(read, cause.factors))
        (_multiply if change.how == "times" else _set_rate)(work, name, value, switch)


def _rate_of(moment: Moment) -> Expression | None:
    return moment.cause.rate if isinstance(moment.cause, Clock) else None


def _kind(unit: str, value: object) -> Kind:
    """What a number is for, by its unit and, where it has none, by how the new one is written."""
    if not unit and isinstance(value, str) and value.lstrip().startswith("×"):
        return "ratio"
    kinds: Mapping[str, Kind] = {"1/day": "rate", "day": "duration"}
    return kinds.get(unit, "flow" if unit.endswith("/day") else "number")


def _refused(work: Workshop, change: Change) -> bool:
    """Whether a number cannot be changed on the way: half-lives are one for the whole run, starts are past."""
    crisis, read = work.crisis, Name(change.target)
    halving = [name for name, memory in crisis.memories.items() if reads(memory.half_life, read)]
    ahead = (
        *crisis.moments.values(),
        *(dataclasses.replace(s, start=Number(0.0)) for s in crisis.stocks.values()),
    )
    if halving:
        hint = "Change it in a copy of the crisis file."
        work.fault(
            change, f"'{change.target}' is a half-life, of '{halving[0]}', and cannot change", hint, "number"
        )
    elif not any(reads(thing, read) for thing in ahead):
        hint = "What a stock or stage is from some day on is set by `stock:` or `stage:`."
        work.fault(change, f"nothing in the future reads '{change.target}'", hint, "number")
    else:
        return False
    return True


def remove(work: Workshop, change: Change, n: int) -> None:
    """The influence of a faction counts for next to nothing within the window."""
    window = work.window(change)
    factions = {
        f"{actor.name}.{faction.name}"
        for actor in work.crisis.actors.values()
        for faction in actor.factions
        if f"{actor.name}.{faction.name}" in work.crisis.stocks
    }
    if work.known(change, factions, "faction") and window:
        switch, influence = work.switch(n, window), Name(change.target)
        less = Binary("*", influence, Binary("max", switch.off, _LEFT))
        work.rewrite({influence: less}, but=change.target)
