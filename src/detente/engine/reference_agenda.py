"""What is planned in a run of the plain definition: dates, the record, readings; and who is told of a replay."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from detente.engine.reference_values import World
from detente.errors import ModelError
from detente.model import Crisis, Effect, Moment, Schedule

DATE, OCCASION, RECORDED = range(3)


class Entry(NamedTuple):
    """Something to happen at a time. `outcome` None is drawn, "" is none; `event` tells of it, if any does."""

    time: float
    rank: int
    moment: str
    outcome: str | None
    event: str = ""

    def order(self) -> tuple[float, int, str, str]:
        """What entries are sorted by."""
        return self.time, self.rank, self.moment, self.outcome or ""


def scheduled(moments: Mapping[str, Moment], begin: float, end: float) -> Iterator[Entry]:
    """The dates and occasions of some moments in [begin, end] [day], their outcomes to be drawn."""
    for name, moment in moments.items():
        if isinstance(moment.cause, Schedule):
            rank = DATE if moment.cause.kind == "date" else OCCASION
            yield from (Entry(t, rank, name, None) for t in moment.cause.times if begin <= t <= end)


def recorded(crisis: Crisis) -> Iterator[Entry]:
    """What a replay takes as having happened, from the beginning of the record."""
    for item in crisis.replayed:
        if crisis.record_from <= item.time <= 0.0:
            yield Entry(item.time, RECORDED, item.moment, item.outcome, item.event)


def unrecorded(crisis: Crisis, until: float) -> Iterator[Entry]:
    """Past dates without a record on their day: no outcome, or the remainder where the record is complete."""
    days = {(item.moment, math.floor(item.time)) for item in crisis.replayed}
    for entry in scheduled(crisis.moments, crisis.record_from, until):
        if entry.time < until and (entry.moment, math.floor(entry.time)) not in days:
            moment = crisis.moments[entry.moment]
            complete = moment.coding.complete_from
            known = complete is not None and entry.time >= complete
            rest = [outcome.name for outcome in moment.outcomes if outcome.share is None and known]
            yield entry._replace(outcome=rest[0] if rest else "")


def readings(crisis: Crisis) -> dict[str, Moment]:
    """A stock whose start value has a day of its own inside the record takes it on that day."""
    dated = {
        f"reading.{name}": (stock.starts, Effect("stock", name, "set", amount=stock.start))
        for name, stock in crisis.stocks.items()
        if stock.starts is not None and crisis.record_from < stock.starts <= 0.0
    }
    return {name: Moment(name, Schedule((at,)), effects=(effect,)) for name, (at, effect) in dated.items()}


def replay_span(crisis: Crisis, tick: float, until: float, since: float | None = None) -> tuple[float, int]:
    """Where a replay begins [day], and its number of ticks until `until`.

    Raises
    ------
    ModelError
        If one of the two is no end of a tick within the record.
    """
    first = -float(math.ceil(-crisis.record_from))
    begin = first if since is None else since
    for time in (begin, until):
        if not (first <= time <= 0.0 and ((time - first) / tick).is_integer()) or begin > until:
            raise ModelError(
                f"a replay goes from one end of a tick to a later one, between {first:g} and 0 days before the"
                f" as-of date; not from {begin:g} to {until:g}"
            )
    return begin, round((until - begin) / tick)


class Observer:
    """Is told what a run reads and meets; one that does nothing."""

    def read(self, clock: str, world: World, t: float, middle: float) -> None:
        """The intensity of a clock was read, to stand from t on, as of `middle`."""

    def meet(self, entry: Entry, world: World) -> None:
        """A recorded happening, or a date without one, is about to happen."""

    def choose(self, moment: Moment, outcome: str, world: World, t: float) -> None:
        """The outcome of a moment was drawn, or taken from the record; it is about to happen."""
