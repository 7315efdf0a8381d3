"""A ledger that contradicts its crisis: what is recorded to have happened, though the crisis says that it could not.

A replay takes the record at its word and goes on; so every contradiction is reported, with the line of its event.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from detente.crisisfile.patterns import most_specific
from detente.crisisfile.superseding import chain, in_force
from detente.dates import date_at, days_between
from detente.engine.sampling import quantile, with_unit_rates
from detente.engine.tracing import Firing, Trace, trace
from detente.errors import Fault
from detente.model import Crisis, Event, Moment, Schedule

BACKGROUND = "-"
"""What the happening column holds for an event that fires nothing."""


def contradictions(crisis: Crisis, traces: Sequence[Trace]) -> tuple[Fault, ...]:
    """Every contradiction between a record and its crisis, in order of time.

    Parameters
    ----------
    crisis : Crisis
    traces : sequence of Trace
        Replays of its record, one per draw of the parameters.

    Returns
    -------
    tuple of Fault
        Each with file and line of the event where it stands in a table, and what to do.

    Examples
    --------
    >>> from detente.catalog import load
    >>> cuba = load("cuba_1962")
    >>> contradictions(cuba, [median_trace(cuba)])
    ()
    """
    found = [*_too_early(crisis), *_without_a_date(crisis)]
    for nth, firing in enumerate(traces[0].firings if traces else ()):
        seen = [each.firings[nth] for each in traces if _same(each.firings, nth, firing)]
        found += [(firing.time, fault) for fault in _impossible(crisis, seen)]
    return tuple(fault for _, fault in sorted(found, key=lambda each: each[0]))


def median_trace(crisis: Crisis) -> Trace:
    """The replay with every parameter at its prior median; rates that wait for their exposure are 1 per day."""
    parameters = tuple(crisis.parameters.values())
    middle = {p.name: quantile(p.distribution, np.array([0.5])) for p in parameters}
    values = {name: float(value[0]) for name, value in with_unit_rates(parameters, middle).items()}
    return trace(crisis, values, clocks=())


def _same(firings: Sequence[Firing], nth: int, firing: Firing) -> bool:
    """Whether another draw met the same happening: a date without an event may be closed in some."""
    if nth >= len(firings):
        return False
    other = firings[nth]
    return (other.time, other.moment, other.event) == (firing.time, firing.moment, firing.event)


# ── what could not happen ────────────────────────────────────────────────────────────────────────


def _impossible(crisis: Crisis, seen: Sequence[Firing]) -> Iterator[Fault]:
    """What speaks against one recorded happening, as the draws saw it."""
    firing, moment = seen[0], crisis.moments[seen[0].moment]
    if not firing.recorded:
        return  # a date that passed: it is asked only while its guard holds
    closed = [each for each in seen if not each.open]
    if closed:
        text = f"it fires '{moment.name}', whose condition '{moment.guard}' does not hold then{_in(closed, seen)}"
        hint = "Correct the event or its date, or widen `only_while`; the replay fires it all the same."
        yield _fault(crisis, firing, text, hint)
    elif all(each.intensity == 0.0 for each in seen):
        text = f"it fires '{moment.name}', whose intensity is 0 then"
        yield _fault(crisis, firing, text, "Correct the event, or give the action a rate above 0.")
    if not all(each.pending for each in seen):
        text = f"it fires '{moment.name}', which waits for a delay that nothing has started"
        hint = "Record what starts it, earlier, or let another happening start it."
        yield _fault(crisis, firing, text, hint)
    yield from _impossible_outcome(crisis, moment, seen)


def _impossible_outcome(crisis: Crisis, moment: Moment, seen: Sequence[Firing]) -> Iterator[Fault]:
    nth = next((n for n, each in enumerate(moment.outcomes) if each.name == seen[0].outcome), None)
    closed = [each for each in seen if each.choice and not each.choice.probability(each.outcome) > 0.0]
    if nth is None or not closed:
        return
    outcome = moment.outcomes[nth]
    if outcome.guard is not None and not all(each.choice and each.choice.open[nth] for each in closed):
        why = f"its condition '{outcome.guard}' does not hold"
    else:
        why = "the other shares leave it nothing" if outcome.share is None else "its share is 0"
    text = (
        f"it turns out as '{moment.name}.{outcome.name}', which is impossible then{_in(closed, seen)}: {why}"
    )
    hint = "Correct the outcome of the event, or let the outcome be possible then."
    yield _fault(crisis, seen[0], text, hint)


def _in(some: Sequence[Firing], of: Sequence[Firing]) -> str:
    return "" if len(some) == len(of) else f" in {len(some)} of {len(of)} draws"


# ── what the replay does not see, or sees beside its date ────────────────────────────────────────


def _too_early(crisis: Crisis) -> Iterator[tuple[float, Fault]]:
    """Events that fire something, but before the record begins."""
    patterns = {n: moment.coding.matches for n, moment in crisis.moments.items() if moment.coding.matches}
    for event in in_force(crisis.events).values():
        time = days_between(crisis.as_of, event.date)
        if time >= crisis.record_from or event.happening == BACKGROUND:
            continue
        fires = event.happening or " or ".join(most_specific(event, patterns, chain(crisis.events, event.id)))
        if fires:
            begins = date_at(crisis.as_of, crisis.record_from)
            text = (
                f"it fires '{fires}' on {event.date:%Y-%m-%d}, before the record begins: it is not replayed"
            )
            hint = f"Let `record_from` be earlier than {begins:%Y-%m-%d}, or mark the event as background with `-`."
            yield time, _event_fault(crisis, event, text, hint)


def _without_a_date(crisis: Crisis) -> Iterator[tuple[float, Fault]]:
    """Records of dated moments on days that are none of their dates: their own date then counts beside them."""
    for item in crisis.replayed:
        cause = crisis.moments[item.moment].cause
        if not isinstance(cause, Schedule) or item.time < crisis.record_from:
            continue
        past = [time for time in cause.times if crisis.record_from <= time < 0.0]
        if not past or math.floor(item.time) in {math.floor(time) for time in past}:
            continue  # a schedule without dates in the record plans the future alone
        day = date_at(crisis.as_of, item.time)
        near = date_at(crisis.as_of, min(past, key=lambda time: abs(time - item.time)))
        text = f"it is an occasion of '{item.moment}', but none is on {day:%Y-%m-%d}; the nearest is {near:%Y-%m-%d}"
        hint = f"Add the date to '{item.moment}', or correct that of the event."
        event = crisis.events.get(item.event)
        where = _event_fault(crisis, event, text, hint) if event else Fault("", 0, item.moment, text, hint)
        yield item.time, where


# ── where ────────────────────────────────────────────────────────────────────────────────────────


def _fault(crisis: Crisis, firing: Firing, text: str, hint: str) -> Fault:
    if firing.event in crisis.events:
        return _event_fault(crisis, crisis.events[firing.event], text, hint)
    day = date_at(crisis.as_of, firing.time)
    return Fault("", 0, f"record.{firing.moment}", f"on {day:%Y-%m-%d}: {text}", hint)


def _event_fault(crisis: Crisis, event: Event, text: str, hint: str) -> Fault:
    if event.line:
        return Fault("events.csv", event.line, event.id, text, hint)
    return Fault("", 0, f"events.{event.id}", text, hint)


def told(faults: Iterable[Fault]) -> Iterator[tuple[str, str, str]]:
    """Place, text and remedy of every contradiction, for a reader.

    Examples
    --------
    >>> list(told([Fault("events.csv", 12, "E07", "it cannot be", "Mend it.")]))
    [('events.csv line 12, E07', 'it cannot be', 'Mend it.')]
    """
    for fault in faults:
        place = f"{fault.file} line {fault.line}, {fault.path}" if fault.line else fault.path
        yield place, fault.message, fault.hint
