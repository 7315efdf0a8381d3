"""What a scenario may change: one line of it as a frozen class, and the shapes that such lines have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from detente.model import Evidence

Word: TypeAlias = Literal[
    "forbid", "force", "hold", "end", "stock", "stage", "office", "rate", "number", "remove", "move"
]
"""What is changed: the first word of a line."""

How: TypeAlias = Literal["", "set", "add", "times", "becomes", "goes_to"]
"""How it is changed, where there is a value."""


@dataclass(frozen=True)
class Shape:
    """What belongs to a line that begins with some word.

    `names` says what kind of name follows the word; `how` are the ways to give a value, one of which is
    needed; `dates` the dates that may stand there, `needed` those that must.
    """

    names: str
    example: str
    how: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


SHAPES: Mapping[str, Shape] = {
    "forbid": Shape(
        "a happening", "{forbid: strike, from: 2025-01-01, until: 2025-03-01}", (), ("from", "until")
    ),
    "force": Shape("a happening", "{force: strike.open, at: 2025-02-01}", (), ("at",), ("at",)),
    "hold": Shape("a commitment", "{hold: truce, until: 2025-03-01}", (), ("from", "until")),
    "end": Shape("a commitment", "{end: truce, at: 2025-01-15}", (), ("at",)),
    "stock": Shape("a stock", "{stock: rial, set: 900000, at: 2025-01-01}", ("set", "add", "times"), ("at",)),
    "stage": Shape("a stage", "{stage: talks, becomes: open, at: 2025-02-01}", ("becomes",), ("at",)),
    "office": Shape("an office", "{office: USA.president, goes_to: harris}", ("goes_to",), ("at",)),
    "rate": Shape(
        "an action or an outcome",
        "{rate: strike, times: ×2, until: 2025-03-01}",
        ("times", "set"),
        ("from", "until"),
    ),
    "number": Shape(
        "a number of the crisis by its path",
        "{number: actions.strike.factors.1.times, set: ×3}",
        ("times", "set"),
        ("from", "until"),
    ),
    "remove": Shape("a faction", "{remove: IRN.hardline, from: 2025-02-01}", (), ("from", "until")),
    "move": Shape(
        "a dated moment", "{move: board, at: 2025-03-03, to: 2025-03-20}", (), ("at", "to"), ("at", "to")
    ),
}
"""Every kind of change."""

EVIDENCE = ("source", "because")
"""What any line, and the scenario itself, may say of why it is worth asking."""


@dataclass(frozen=True)
class Place:
    """Where a change is written, for faults; `line` counts from 1 and is 0 on a command line."""

    file: str = "<scenario>"
    line: int = 0
    path: str = ""


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes
    ----------
    word : str
        One of `SHAPES`.
    target : str
        What is changed, by name.
    how : str
        ``set``, ``add``, ``times``, ``becomes`` or ``goes_to``, where `SHAPES` asks for one.
    value : text, number or mapping
        As in a crisis file: ``×2``, ``3 per year``, ``{value: 2, spread: ×1.5}``; a stage's value.
    at, since, until, to : str
        Dates as written (`since` is ``from:`` in a file), or names of the crisis' calendar; empty for none.
        A bare date is 00:00 UTC of its day, so ``until: 2025-03-01`` is through the last of February.
    evidence : Evidence
        Why the change is worth asking about.
    place : Place
        Where it was written.

    Examples
    --------
    >>> str(Change("forbid", "strike", until="2025-03-01"))
    'forbid strike until 2025-03-01'
    """

    word: Word
    target: str
    how: How = ""
    value: Any = None
    at: str = ""
    since: str = ""
    until: str = ""
    to: str = ""
    evidence: Evidence = field(default=Evidence())
    place: Place = field(default=Place())

    def __str__(self) -> str:
        parts = [f"{self.word} {self.target}"]
        if self.how:
            parts.append(f"{self.how.replace('_', ' ')} {self.value}")
        dates = {"at": self.at, "from": self.since, "until": self.until, "to": self.to}
        parts += [f"{word} {date}" for word, date in dates.items() if date]
        return " ".join(parts)


@dataclass(frozen=True)
class Scenario:
    """A named, dated and sourced set of changes; without changes it is the baseline.

    `name` has letters, digits and underscores: everything the scenario adds to a crisis is named
    ``scenario.NAME.…``, and random numbers follow from names. `date` says as of when it was thought up.

    Examples
    --------
    >>> print(Scenario("calm", changes=(Change("forbid", "strike"), Change("hold", "truce"))))
    calm: forbid strike; hold truce
    """

    name: str
    title: str = ""
    date: dt.date | None = None
    changes: tuple[Change, ...] = ()
    evidence: Evidence = field(default=Evidence())
    place: Place = field(default=Place(), compare=False)

    def __str__(self) -> str:
        return f"{self.name}: {'; '.join(map(str, self.changes)) or 'no change'}"

    def as_dict(self) -> dict[str, Any]:
        """The scenario as plain data, ready for JSON.

        Examples
        --------
        >>> Scenario("calm").as_dict()["changes"]
        []
        """
        return {
            "name": self.name,
            "title": self.title,
            "date": None if self.date is None else self.date.isoformat(),
            "changes": [str(change) for change in self.changes],
            "source": list(self.evidence.source),
            "because": self.evidence.because,
        }
