"""Events → what is replayed: which happening each fires, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.pieces import PatternForm
from detente.crisisfile.schema.whole import RecordedForm
from detente.crisisfile.suggest import did_you_mean
from detente.dates import days_between
from detente.errors import Fault
from detente.model import Event, Recorded

BACKGROUND = "-"
"""What the happening column holds for an event that fires nothing."""


def record_of(
    build: Builder, events: Mapping[str, Event], file: str
) -> tuple[tuple[Recorded, ...], tuple[str, ...]]:
    """What to replay, in order of time, and the ids of events that fire nothing and do not say so."""
    _check_ids(build, events)
    recorded: list[Recorded] = []
    unmatched: list[str] = []
    for event in events.values():
        place = _Place(build, event, file)
        time = place.time()
        if time is None:
            continue
        happening = place.happening()
        if happening:
            recorded.append(Recorded(time, *_split(build, happening), event.id))
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
        recorded.append(Recorded(time, line.moment, line.outcome, line.event))
    return tuple(sorted(recorded))


class _Place:
    """One event and where it stands, for faults."""

    def __init__(self, build: Builder, event: Event, file: str) -> None:
        self.build = build
        self.event = event
        self.file = file

    def time(self) -> float | None:
        """Model time at which the event is replayed; None where it is too early, or after the as-of date."""
        begin = days_between(self.build.origin, self.event.date)
        if begin >= 0.0:
            hint = f"Nothing later than {self.build.origin} may be known. Remove the event, or move `as_of`."
            self._fault("date", f"the event of {self.event.date:%Y-%m-%d} is later than the as-of date", hint)
            return None
        time = begin + _middle(self.event)
        time = time if time < 0.0 else begin / 2.0
        return time if time >= self.build.begin else None

    def happening(self) -> str | None:
        """The happening that the event fires; "" for background, None where nothing is said."""
        named = self.event.happening
        if named == BACKGROUND:
            return ""
        if named:
            return named if self._is_happening(named) else ""
        fitting = sorted(_fitting(self.event, self.build.matches))
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


def _middle(event: Event) -> float:
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


# ── matching ─────────────────────────────────────────────────────────────────────────────────────


def _fitting(event: Event, matches: Mapping[str, Iterable[PatternForm]]) -> Iterator[str]:
    return (name for name, patterns in matches.items() if any(_fits(event, pattern) for pattern in patterns))


def _fits(event: Event, pattern: PatternForm) -> bool:
    if pattern.id is not None:
        return event.id == pattern.id
    return (
        (pattern.actor is None or pattern.actor in event.actor)
        and (pattern.recipient is None or pattern.recipient in event.recipient)
        and (pattern.cameo is None or event.cameo.startswith(pattern.cameo))
        and (pattern.location is None or pattern.location == event.extra.get("location", ""))
    )


def _check_ids(build: Builder, events: Mapping[str, Event]) -> None:
    for name, patterns in build.matches.items():
        for i, pattern in enumerate(patterns):
            if pattern.id is not None and pattern.id not in events:
                path = (*build.names[name].path, "matches", i)
                hint = f"{did_you_mean(pattern.id, events)} Events stand in events.csv.".strip()
                build.fault(path, f"there is no event '{pattern.id}'", hint)
