"""Who acts on whom: directed dyads of a crisis, counted in its record and in its futures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from detente.model import Crisis

CONFLICT = ("10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20")
"""CAMEO roots of conflict; 01 to 09 are cooperation."""


@dataclass(frozen=True)
class Dyad:
    """One actor towards another: how often it acts, in conflict or in cooperation.

    `count` is a number of times (>= 0), summed over the `actions` of this dyad and kind, which are named here.
    """

    actor: str
    recipient: str
    conflict: bool
    count: float
    actions: tuple[str, ...]


def dyads_of(crisis: Crisis, counts: Mapping[str, float]) -> tuple[Dyad, ...]:
    """All dyads that a coded action of the crisis has, sorted by actor, recipient and kind.

    Parameters
    ----------
    crisis : Crisis
    counts : mapping of str to float
        How often each action happens: `recorded_counts`, or ``Ensemble.counts`` (mean number per future). An
        action of several actors or recipients counts for each of their dyads.

    Examples
    --------
    >>> from detente.catalog import load
    >>> cuba = load("cuba_1962")
    >>> [(each.actor, each.recipient) for each in dyads_of(cuba, {"us_strikes_cuba": 2.0}) if each.count]
    [('USA', 'SUN')]
    """
    sums: dict[tuple[str, str, bool], float] = defaultdict(float)
    names: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for action, dyad in _actions(crisis):
        sums[dyad] += counts.get(action, 0.0)
        names[dyad].append(action)
    return tuple(Dyad(*dyad, sums[dyad], tuple(names[dyad])) for dyad in sorted(sums))


def recorded_counts(crisis: Crisis) -> dict[str, float]:
    """How often each action stands in the record, as far as a replay takes it as having happened."""
    return {name: float(count) for name, count in Counter(item.moment for item in crisis.replayed).items()}


def _actions(crisis: Crisis) -> Iterator[tuple[str, tuple[str, str, bool]]]:
    """Every coded action, once for each of its dyads."""
    for name, moment in crisis.moments.items():
        coding = moment.coding
        for actor in coding.actor if coding.cameo else ():
            for recipient in coding.recipient:
                if actor != recipient:
                    yield name, (actor, recipient, coding.cameo[:2] in CONFLICT)
