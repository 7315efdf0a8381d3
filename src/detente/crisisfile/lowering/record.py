"""Events → what is recorded: which happening each fires, when, and how far it is held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from detente.crisisfile.holding import hold
from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.patterns import most_specific
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.whole import RecordedForm
from detente.crisisfile.suggest import did_you_mean
from detente.crisisfile.superseding import chain, in_force
from detente.crisisfile.tables import Tables
from detente.dates import days_between
from detente.errors import Fault
from detente.model import Event, Pattern, Recorded

BACKGROUND = "-"
"""What the happening column holds for an event that fires nothing."""


def record_of(
    build: Builder, tables: Tables, *, in_file: bool
) -> tuple[tuple[Recorded, ...], tuple[str, ...]]:
    """What is recorded, in order of time, and the ids of events that fire nothing and do not say so.

    Events that have been superseded are left out. `in_file` says that the events stand in the file itself.
    """
    file = build.tree.file if in_file else "events.csv"
    patterns = {name: draft.coding.matches for name, draft in build.moments.items() if draft.coding.matches}
    recorded: list[Recorded] = []
    unmatched: list[str] = []
    for event in in_force(tables.events).values():
        place = _Place(build, event, file, chain(tables.events, event.id), patterns)
        time = place.time()
        if time is None:
            continue
        happening = place.happening()
        if happening:
            held = hold(event, tables.claims, tables.sources, build.holding)
            recorded.append(Recorded(time, *_split(build, happening), event.id, held.probability))
        elif happening is None:
            unmatched.append(event.id)
    return tuple(sorted(recorded)), tuple(sorted(unmatched))


def listed_record(build: Builder, lines: Iterable[RecordedForm]) -> tuple[Recorded, ...]:
    """The record that a machine form lists."""
    recorded = []
    for i, line in enumerate(lines):
        path: Path = ("record", i)
        happening = f"{line.moment}.{line.outcome}" if line.outcome else line.moment
        if line.moment not in build.moments or happening not in build.names:
            build.fault(
                path, f"there is no happening '{happening}'", "Name a moment and one of its outcomes."
            )
        time = build.time(line.time, (*path, "time"))
        if time > 0.0:
            build.fault((*path, "time"), "this is later than the as-of date", "The record ends there.")
        recorded.append(Recorded(time, line.moment, line.outcome, line.event, line.held))
    return tuple(sorted(recorded))


class _Place:
    """One event and where it stands, for faults."""

    def __init__(
        self,
        build: Builder,
        event: Event,
        file: str,
        ids: tuple[str, ...],
        patterns: Mapping[str, tuple[Pattern, ...]],
    ) -> None:
        self.build = build
        self.event = event
        self.file = file
        self.ids = ids
        self.patterns = patterns

    def time(self) -> float | None:
        """Model time at which the event is replayed; None where it is too early, or after the as-of date."""
        begin = days_between(self.build.origin, self.event.date)
        if begin >= 0.0:
            hint = f"Nothing later than {self.build.origin} may be known. Remove the event, or move `as_of`."
            self._fault("date", f"the event of {self.event.date:%Y-%m-%d} is later than the as-of date", hint)
            return None
        self._check_known(begin)
        time = begin + middle_of(self.event)
        time = time if time < 0.0 else begin / 2.0
        return time if time >= self.build.begin else None

    def _check_known(self, begin: float) -> None:
        """Refuse a `known_at` that comes before the event, or after the as-of date."""
        if self.event.known_at is None:
            return
        known = days_between(self.build.origin, self.event.known_at)
        if self.event.precision == "month":
            begin -= self.event.date.day - 1
        if known > 0.0:
            hint = f"Nothing later than {self.build.origin} may be known. Remove the event, or move `as_of`."
            self._fault("known_at", "the event was known only after the as-of date", hint)
        elif known < begin and self.event.precision != "approx":
            hint = "Write a day or an instant after the event, or leave the cell empty: the end of its date."
            self._fault("known_at", "the event was known before it happened", hint)

    def happening(self) -> str | None:
        """The happening that the event fires; "" for background, None where nothing is said."""
        named = self.event.happening
        if named == BACKGROUND:
            return ""
        if named:
            return named if self._is_happening(named) else ""
        fitting = most_specific(self.event, self.patterns, self.ids)
        if len(fitting) > 1:
            hint = "Write the right one into the column `happening`, or narrow `matches`."
            self._fault("happening", f"the event {self.event.id} fits {' and '.join(fitting)}", hint)
            return ""
        return fitting[0] if fitting else None

    def _is_happening(self, name: str) -> bool:
        declared = self.build.names.get(name)
        if declared is not None and declared.kind in ("moment", "outcome"):
            return True
        known = [
            name for name, declared in self.build.names.items() if declared.kind in ("moment", "outcome")
        ]
        shown = ", ".join(sorted(name for name in known if self.build.names[name].written)[:25])
        hint = (
            f"{did_you_mean(name, known)} Known: {shown or 'none'}; or `-` for an event that fires nothing."
        )
        self._fault("happening", f"there is no happening '{name}'", hint.strip())
        return False

    def _fault(self, column: str, message: str, hint: str) -> None:
        path = f"{self.event.id}.{column}" if self.event.line else f"events.{self.event.id}.{column}"
        line = self.event.line or self.build.tree.line(("events", self.event.id, column))
        self.build.faults.append(Fault(self.file, line, path, message, hint))


def middle_of(event: Event) -> float:
    """Days from the beginning of an event's date to where in it the event is replayed."""
    if event.date.hour or event.date.minute or event.precision == "period":
        return 0.0
    if event.precision == "week":
        return 3.5
    if event.precision == "month":
        return _days_of_month(event.date) / 2.0 - (event.date.day - 1)
    return 0.5


def _days_of_month(date: dt.datetime) -> int:
    following = dt.date(date.year + date.month // 12, date.month % 12 + 1, 1)
    return (following - dt.date(date.year, date.month, 1)).days


def _split(build: Builder, happening: str) -> tuple[str, str]:
    if happening in build.moments:
        return happening, ""
    moment, _, outcome = happening.rpartition(".")
    return moment, outcome


# ── ids in patterns ──────────────────────────────────────────────────────────────────────────────


def check_ids(build: Builder, events: Mapping[str, Event]) -> None:
    """Refuse patterns that name an event which does not exist."""
    for name, draft in build.moments.items():
        for i, pattern in enumerate(draft.coding.matches):
            if pattern.id and pattern.id not in events:
                path = (*build.names[name].path, "matches", i)
                hint = f"{did_you_mean(pattern.id, events)} Events stand in events.csv.".strip()
                build.fault(path, f"there is no event '{pattern.id}'", hint)
