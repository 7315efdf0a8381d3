"""The events of a crisis in order of time, and what each fires in replay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detente.crisisfile.holding import hold
from detente.errors import TableError
from detente.ledger.coding import cameo_codes, quadclass
from detente.ledger.who_to_whom import actor_of_code, class_of_plover, names_actor
from detente.model import Crisis, Event


@dataclass(frozen=True)
class Entry:
    """One event of a chronicle.

    `actors` and `recipients` are ids of actors of the crisis, or codes where it has no such actor.
    `happening` is what a replay fires for the event, '' where nothing. `held` is the probability, in [0, 1],
    that it happened. `superseded_by` is the event that corrects this one, '' where it stands. `quadclass` is
    1 to 4 in the convention of ICEWS, None where no code tells it.
    """

    event: Event
    actors: tuple[str, ...]
    recipients: tuple[str, ...]
    happening: str
    held: float
    superseded_by: str
    quadclass: int | None

    @property
    def date(self) -> str:
        """The date as far as it is known.

        ``2024-11-27``, ``1962-10-22 23:00`` where the hour is known, ``2024-11`` of a month; any other precision
        is said behind the date, ``2024-10-31 week``.
        """
        moment, precision = self.event.date, self.event.precision
        if moment.hour or moment.minute:
            return f"{moment:%Y-%m-%d %H:%M}"
        if precision == "day":
            return f"{moment:%Y-%m-%d}"
        forms = {"month": "%Y-%m", "year": "%Y"}
        return moment.strftime(forms.get(precision, f"%Y-%m-%d {precision}"))

    def as_dict(self) -> dict[str, Any]:
        """The entry as plain data, for JSON."""
        event = self.event
        return {
            "id": event.id,
            "date": f"{event.date:%Y-%m-%dT%H:%M}",
            "precision": event.precision,
            "actor": list(self.actors),
            "recipient": list(self.recipients),
            "cameo": event.cameo,
            "plover": event.plover,
            "quadclass": self.quadclass,
            "title": event.title,
            "fires": self.happening,
            "held": self.held,
            "superseded_by": self.superseded_by,
            "sources": list(event.sources),
            "claims": list(event.claims),
        }


def chronicle(
    crisis: Crisis,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    actors: Sequence[str] = (),
) -> tuple[Entry, ...]:
    """The events of a crisis in order of time.

    Parameters
    ----------
    crisis : Crisis
        Any crisis with events.
    since, until : date, optional
        First and last day, both included.
    actors : sequence of str, optional
        Only events that name one of these, by id or by CAMEO actor code, as doer or recipient.

    Raises
    ------
    TableError
        If an actor is named by no event of the crisis.

    Examples
    --------
    >>> from detente.catalog import load
    >>> [(entry.date, entry.happening) for entry in chronicle(load("cuba_1962"))][-1]
    ('1962-10-22 23:00', 'quarantine.announce')
    """
    events = sorted(crisis.events.values(), key=lambda event: (event.date, event.id))
    for actor in actors:
        if not any(names_actor(crisis, event, actor) for event in events):
            known = sorted(
                {actor_of_code(crisis, code) for event in events for code in (*event.actor, *event.recipient)}
            )
            raise TableError(f"no event names the actor '{actor}'. Events name: {', '.join(known)}.")
    chosen = (
        event
        for event in events
        if (since is None or event.date.date() >= since)
        and (until is None or event.date.date() <= until)
        and (not actors or any(names_actor(crisis, event, actor) for actor in actors))
    )
    return tuple(_Reader(crisis).entry(event) for event in chosen)


class _Reader:
    """Looks up what a crisis says of its events."""

    def __init__(self, crisis: Crisis) -> None:
        self.crisis = crisis
        self.fired = {item.event: item for item in crisis.record if item.event}
        self.later = {event.supersedes: event.id for event in crisis.events.values() if event.supersedes}

    def entry(self, event: Event) -> Entry:
        fired = self.fired.get(event.id)
        return Entry(
            event=event,
            actors=self._ids(event.actor),
            recipients=self._ids(event.recipient),
            happening=".".join(filter(None, (fired.moment, fired.outcome))) if fired else "",
            held=hold(event, self.crisis.claims, self.crisis.sources, self.crisis.holding).probability,
            superseded_by=self.later.get(event.id, ""),
            quadclass=_class_of(event),
        )

    def _ids(self, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(actor_of_code(self.crisis, code) for code in codes))


def _class_of(event: Event) -> int | None:
    """Quad class of an event's CAMEO code, else of its PLOVER type."""
    if event.cameo in cameo_codes():
        return quadclass(event.cameo)
    return class_of_plover(event.plover)
