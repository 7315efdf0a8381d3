"""How surprising each recorded event was to the crisis, just before it happened."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detente.dates import date_at
from detente.engine.tracing import Firing, Trace


@dataclass(frozen=True)
class Surprise:
    """One recorded happening as the crisis saw it just before; ranges are 90 % over draws.

    Attributes
    ----------
    event, title : str
        The event; empty where a date passed without one.
    happening : str
        The moment, with its outcome where one is recorded.
    time : float
        [day, model time]
    date : datetime.datetime
    held : float
        Probability that it happened at all, in [0, 1].
    intensity : float or None
        Of its own clock, the median over draws [1/day]; None where it is no clock.
    waiting : float or None
        Days to wait for it at that intensity, 1/λ; infinity where the crisis held it impossible.
    share : float or None
        Share of its intensity among those of all clocks: the probability that the next of them to fire is this.
    bits : float or None
        Surprise, −log2(share).
    bits_low, bits_high : float or None
    outcome_probability, outcome_bits : float or None
        The same of the outcome, where one is recorded.
    """

    event: str
    title: str
    happening: str
    time: float
    date: dt.datetime
    held: float
    intensity: float | None
    waiting: float | None
    share: float | None
    bits: float | None
    bits_low: float | None
    bits_high: float | None
    outcome_probability: float | None
    outcome_bits: float | None

    @property
    def total_bits(self) -> float:
        """Surprise of the happening and of its outcome together [bit]."""
        return (self.bits or 0.0) + (self.outcome_bits or 0.0)


def surprises(traces: Sequence[Trace], begins: float = -math.inf) -> tuple[Surprise, ...]:
    """Every recorded happening after `begins` [day], in order of time; dates without an event are left out."""
    by_event = [
        {(each.event, each.moment, each.time): each for each in traced.firings if each.recorded}
        for traced in traces
    ]
    return tuple(
        _surprise(traces[0], [each[key] for each in by_event])
        for key, firing in by_event[0].items()
        if firing.time > begins
    )


def _surprise(traced: Trace, seen: Sequence[Firing]) -> Surprise:
    firing, crisis = seen[0], traced.crisis
    event = crisis.events.get(firing.event)
    held = next((r.held for r in crisis.record if (r.event, r.moment) == (firing.event, firing.moment)), 1.0)
    happening = f"{firing.moment}.{firing.outcome}" if firing.outcome else firing.moment
    moment = crisis.moments[firing.moment]
    return Surprise(
        event=firing.event,
        title=event.title if event else moment.title or happening,
        happening=happening,
        time=firing.time,
        date=event.date if event else date_at(crisis.as_of, firing.time),
        held=held,
        **_as_a_clock(seen),
        **_as_a_choice(seen),
    )


def _as_a_clock(seen: Sequence[Firing]) -> dict[str, float | None]:
    names = ("intensity", "waiting", "share", "bits", "bits_low", "bits_high")
    own = np.array([each.intensity for each in seen])
    if np.isnan(own).any():
        return dict.fromkeys(names)
    total = np.array([each.total for each in seen])
    shares = np.divide(own, total, out=np.zeros_like(own), where=total > 0.0)
    low, high = np.quantile(shares, [0.05, 0.95], method="inverted_cdf")
    intensity, share = float(np.median(own)), float(np.mean(shares))
    waiting = 1.0 / intensity if intensity > 0.0 else math.inf
    numbers = (intensity, waiting, share, _bits(share), _bits(float(high)), _bits(float(low)))
    return dict(zip(names, numbers, strict=True))


def _as_a_choice(seen: Sequence[Firing]) -> dict[str, float | None]:
    found = [each.choice.probability(each.outcome) for each in seen if each.choice is not None]
    if len(found) < len(seen):
        return {"outcome_probability": None, "outcome_bits": None}
    probability = float(np.mean(np.nan_to_num(found)))
    return {"outcome_probability": probability, "outcome_bits": _bits(probability)}


def _bits(share: float) -> float:
    return -math.log2(share) if share > 0.0 else math.inf
