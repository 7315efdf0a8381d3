"""How questions turned out: a CSV file, one line per question, checked against the archive they were asked in.

==============  ==========================================================================================
column          what it holds
==============  ==========================================================================================
question        id of the question
answer          ``yes``, ``no``, ``void`` (asked wrongly, or its condition failed), ``open`` (not yet known)
resolved_at     when the answer was known, ``2025-01-15`` or ``2025-01-15T14:00`` UTC; empty where open
crisis          name of the crisis, where several in the archive ask a question of this id      (optional)
closes          last day of the question, where the archive asks it with several               (optional)
happened_at     when it happened, for a yes; scores the time to the event                       (optional)
value           a number that belongs to the answer; kept, not scored                           (optional)
source, note    where it is known from, and what else there is to say                           (optional)
==============  ==========================================================================================

A question without a line is open. An open question is never a no.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detente.crisisfile.reading import read_text
from detente.crisisfile.suggest import did_you_mean
from detente.dates import parse_date, parse_end
from detente.errors import CrisisFileError, Fault
from detente.forecasting.archive import Archive

AnswerWord = Literal["yes", "no", "void", "open"]

ANSWERS: tuple[AnswerWord, ...] = ("yes", "no", "void", "open")
NEEDED = ("question", "answer", "resolved_at")
OPTIONAL = ("crisis", "closes", "happened_at", "value", "source", "note")

MAX_BYTES = 10_000_000
"""Largest file that is read [bytes]."""


@dataclass(frozen=True)
class Asked:
    """A question of an archive, over all the forecasts made of it: who asks, and its earliest window."""

    crisis: str
    question: str
    opens: dt.datetime
    closes: dt.datetime


@dataclass(frozen=True)
class Resolution:
    """How one question turned out. Instants are UTC; a day without a time of day is its end."""

    crisis: str
    question: str
    closes: dt.datetime
    answer: AnswerWord
    resolved_at: dt.datetime | None = None
    happened_at: dt.datetime | None = None
    value: float | None = None
    source: str = ""
    note: str = ""

    @property
    def key(self) -> tuple[str, str, dt.datetime]:
        """What tells this question from all others."""
        return self.crisis, self.question, self.closes


Key = tuple[str, str, dt.datetime]


def asked_in(archive: Archive) -> tuple[Asked, ...]:
    """The questions of an archive, each once per crisis and closing time, in the order first asked."""
    found: dict[Key, Asked] = {}
    for entry in archive.entries:
        for answer in entry.answers:
            key = entry.crisis, answer.id, answer.closes
            opens = min(answer.opens, found[key].opens) if key in found else answer.opens
            found[key] = Asked(entry.crisis, answer.id, opens, answer.closes)
    return tuple(found.values())


def read_resolutions(path: Path | str, archive: Archive) -> tuple[Resolution, ...]:
    """Read a file of resolutions, and check every line against the questions of an archive.

    Raises
    ------
    CrisisFileError
        With every fault, its line and what to do.
    """
    file = Path(path)
    return parse_resolutions(read_text(file, max_bytes=MAX_BYTES), asked_in(archive), file.name)


def parse_resolutions(
    text: str, asked: tuple[Asked, ...], file: str = "resolutions.csv"
) -> tuple[Resolution, ...]:
    r"""The resolutions in a text.

    Parameters
    ----------
    text : str
        Comma-separated, with a header line; the head of this module lists the columns.
    asked : tuple of Asked
        The questions that there are.
    file : str
        Name of the file, for the faults.

    Raises
    ------
    CrisisFileError
        With every fault, its line and what to do.

    Examples
    --------
    >>> asked = Asked("calm", "Q1", dt.datetime(2024, 12, 1), dt.datetime(2025, 1, 1))
    >>> parse_resolutions("question,answer,resolved_at\nQ1,no,2025-01-02\n", (asked,))[0].answer
    'no'
    """
    reader = _Reader(asked, file)
    found = tuple(reader.read(text))
    if reader.faults:
        raise CrisisFileError(reader.faults)
    return found


class _Reader:
    """One file, and the faults found in it."""

    def __init__(self, asked: tuple[Asked, ...], file: str) -> None:
        self.file = file
        self.asked: dict[str, list[Asked]] = {}
        for each in asked:
            self.asked.setdefault(each.question, []).append(each)
        self.faults: list[Fault] = []
        self.seen: dict[Key, int] = {}
        self.line = 1

    def read(self, text: str) -> Iterator[Resolution]:
        rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        header: list[str] | None = None
        while True:
            self.line = rows.line_num + 1
            try:
                cells = [cell.strip() for cell in next(rows)]
            except StopIteration:
                break
            except csv.Error as problem:
                self.fault(
                    "", f"this is not a CSV record: {problem}", "Put a cell with a comma in double quotes."
                )
                return
            if header is None:
                header = cells
                if not self.accepts(header):
                    return
            elif any(cells):
                found = self.row(header, cells)
                if found is not None:
                    yield found
        if header is None:
            self.line = 1
            self.fault("", "the file is empty", f"Its first line is {','.join(NEEDED)}")

    def accepts(self, header: list[str]) -> bool:
        known = (*NEEDED, *OPTIONAL)
        for name in NEEDED:
            if name not in header:
                hint = f"The first line names the columns: {','.join(NEEDED)}, and perhaps {', '.join(OPTIONAL)}."
                self.fault(name, f"the column '{name}' is missing", hint)
        for name in sorted(set(header) - set(known)):
            hint = f"{did_you_mean(name, known)} Columns: {', '.join(known)}.".strip()
            self.fault(name, f"there is no column '{name}'", hint)
        for name in sorted({name for name in header if header.count(name) > 1}):
            self.fault(name, f"the column '{name}' stands twice", "Remove one of them.")
        return not self.faults

    def row(self, header: list[str], cells: list[str]) -> Resolution | None:
        if len(cells) != len(header):
            hint = "A cell with a comma stands in double quotes."
            self.fault("", f"there are {len(cells)} cells, but {len(header)} columns", hint)
            return None
        before = len(self.faults)
        row = dict.fromkeys((*NEEDED, *OPTIONAL), "") | dict(zip(header, cells, strict=True))
        asked = self.question(row)
        word = row["answer"]
        if word not in ANSWERS:
            hint = f"{did_you_mean(word, ANSWERS)} Allowed: {', '.join(ANSWERS)}. Not yet known is 'open'.".strip()
            self.fault("answer", f"'{word}' is no answer", hint)
        resolved, happened = self.instant(row, "resolved_at"), self.instant(row, "happened_at")
        value = self.number(row)
        if asked is None or len(self.faults) > before:
            return None
        answer = next(each for each in ANSWERS if each == word)
        found = Resolution(
            asked.crisis,
            asked.question,
            asked.closes,
            answer,
            resolved,
            happened,
            value,
            row["source"],
            row["note"],
        )
        self.check(found, asked)
        return found if len(self.faults) == before else None

    def question(self, row: Mapping[str, str]) -> Asked | None:
        """The question that a line means."""
        name, crisis = row["question"], row["crisis"]
        named = self.asked.get(name, [])
        if not named:
            hint = f"{did_you_mean(name, self.asked)} Questions of the archive: {_some(set(self.asked))}.".strip()
            self.fault("question", f"no forecast of the archive asks a question '{name}'", hint)
            return None
        if crisis:
            named = [each for each in named if each.crisis == crisis]
        crises = {each.crisis for each in named}
        if not named or len(crises) > 1:
            asking = {each.crisis for each in self.asked[name]}
            said = (
                f"'{crisis}' does not ask '{name}'"
                if crisis
                else f"{len(asking)} crises ask a question '{name}'"
            )
            self.fault("crisis", said, f"Name the crisis: {_some(asking)}.")
            return None
        return self.window(row, named)

    def window(self, row: Mapping[str, str], named: list[Asked]) -> Asked | None:
        if row["closes"]:
            closes = self.instant(row, "closes")
            if closes is None:
                return None
            fitting = [each for each in named if each.closes == closes]
        else:
            fitting = named
        if len(fitting) == 1:
            return fitting[0]
        days = _some({_last_day(each.closes) for each in named})
        told = row["closes"]
        message = (
            f"'{row['question']}' does not close on {told}"
            if told
            else f"'{row['question']}' closes on {len(named)} different days"
        )
        self.fault("closes", message, f"Name one of its closing days in the column 'closes': {days}.")
        return None

    def instant(self, row: Mapping[str, str], column: str) -> dt.datetime | None:
        if not row[column]:
            return None
        try:
            return parse_date(row[column]) if column == "happened_at" else parse_end(row[column])
        except ValueError:
            message = f"'{row[column]}' is not a date"
            self.fault(column, message, "Write dates as 2025-01-15, or 2025-01-15T14:00 (UTC).")
            return None

    def number(self, row: Mapping[str, str]) -> float | None:
        try:
            return float(row["value"]) if row["value"] else None
        except ValueError:
            self.fault("value", f"'{row['value']}' is not a number", "Write a number like 12.5, or nothing.")
            return None

    def check(self, found: Resolution, asked: Asked) -> None:
        """Whether the answer, and when it was known, can be."""
        if found.key in self.seen:
            first = self.seen[found.key]
            hint = "Keep one line per question: correct that one."
            self.fault("question", f"'{found.question}' is resolved on line {first} already", hint)
        self.seen.setdefault(found.key, self.line)
        if found.answer == "open":
            self.check_open(found)
        elif found.resolved_at is None:
            self.fault("resolved_at", f"a '{found.answer}' needs the date from which it was known", _KNOWN)
        elif found.answer == "no" and found.resolved_at < asked.closes:
            day = _last_day(asked.closes)
            hint = f"A no is known when the question has closed, on {day}. Until then write 'open'."
            self.fault("resolved_at", "the answer is no before the question closes", hint)
        elif found.answer == "yes":
            self.check_yes(found, asked)
        if found.answer != "yes" and found.happened_at is not None:
            hint = "Leave it empty unless the answer is yes."
            self.fault("happened_at", f"a '{found.answer}' has no time at which it happened", hint)

    def check_open(self, found: Resolution) -> None:
        if found.resolved_at is not None:
            hint = "Leave it empty while the question is open, or give its answer."
            self.fault("resolved_at", "an open question has no date at which it was resolved", hint)

    def check_yes(self, found: Resolution, asked: Asked) -> None:
        assert found.resolved_at is not None
        opens = f"{asked.opens:%Y-%m-%d}"
        hint = f"The question is open from {opens} to the end of {_last_day(asked.closes)}."
        if found.resolved_at <= asked.opens:
            self.fault("resolved_at", f"the answer is yes before the window opens, on {opens}", hint)
        when = found.happened_at
        if when is None:
            return
        if _end(when) <= asked.opens or when >= asked.closes:
            self.fault("happened_at", f"it happened on {when:%Y-%m-%d}, outside the window", hint)
        if when >= found.resolved_at:
            self.fault(
                "happened_at", "it was known before it happened", "resolved_at is the later of the two."
            )

    def fault(self, column: str, message: str, hint: str) -> None:
        self.faults.append(Fault(self.file, self.line, column, message, hint))


_KNOWN = "Write the day on which anyone could know it, such as that of the report."


def _end(instant: dt.datetime) -> dt.datetime:
    """The latest instant that a time with no time of day may mean."""
    return instant + dt.timedelta(days=1) if instant.time() == dt.time() else instant


def _last_day(closes: dt.datetime) -> str:
    return f"{closes - dt.timedelta(minutes=1):%Y-%m-%d}"


def _some(names: set[str]) -> str:
    """At most eight of the names."""
    listed = sorted(names)
    return ", ".join(listed[:8]) + (f" … ({len(listed)} in all)" if len(listed) > 8 else "")
