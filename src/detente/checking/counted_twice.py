"""Priors that rest on the very events which a fit would learn from: evidence must count once."""

from __future__ import annotations

from collections.abc import Iterator

from detente.expressions import Expression, Name, walk
from detente.model import Clock, Crisis, Factor, Moment, Schedule

COUNTS = ("counted", "beta", "fixed")
"""Kinds that say what they count, and that a fit does not count again; and numbers without spread."""


def counted_twice(crisis: Crisis) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Parameters, and the recorded events that they cite as evidence and that a fit would count again.

    A fit learns from the events of a moment whose record is complete. A number in its rate, factors, shares or odds
    whose prior cites one of these has used it already, unless it is `counted`.

    Examples
    --------
    >>> from detente.catalog import load
    >>> list(counted_twice(load("iran_2024")))
    []
    """
    for name, moment in crisis.moments.items():
        complete = moment.coding.complete_from
        if complete is None or not isinstance(moment.cause, Clock | Schedule):
            continue
        events = {item.event for item in crisis.record if item.moment == name and item.time > complete}
        for parameter in sorted(_numbers(crisis, moment)):
            cited = events.intersection(crisis.parameters[parameter].evidence.source)
            if cited and crisis.parameters[parameter].distribution.kind not in COUNTS:
                yield parameter, tuple(sorted(cited))


def _numbers(crisis: Crisis, moment: Moment) -> set[str]:
    """Parameters in the rate, factors, shares and odds of a moment."""
    parts: list[Expression | None] = [outcome.share for outcome in moment.outcomes]
    factors: list[Factor] = [factor for outcome in moment.outcomes for factor in outcome.factors]
    if isinstance(moment.cause, Clock):
        parts.append(moment.cause.rate)
        factors += moment.cause.factors
    parts += [factor.times for factor in factors]
    nodes = (node for part in parts if part is not None for node in walk(part))
    return {node.name for node in nodes if isinstance(node, Name) and node.name in crisis.parameters}
