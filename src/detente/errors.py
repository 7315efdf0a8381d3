"""The exceptions of Détente, and the one shape of a fault.

::

    DetenteError
    ├── CrisisFileError      faults in a crisis folder: every one, with file, line and path
    ├── ModelError           a crisis that is well written but cannot be run
    │   └── RunawayError     a moment that sets itself off without end
    ├── TableError           faults in a table of numbers given from outside
    │   └── ActorTableError  the same for a table of actors, in `detente.bargaining.tables`
    └── ForecastError        arguments of a score or a forecast that are out of range

An error message is part of the public interface: it says what is wrong, where, what is allowed and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class DetenteError(Exception):
    """Base of every error that Détente raises on purpose."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong in a file: where, what, and the remedy.

    `line` counts from 1 and is 0 where no line is known; `path` is a dotted path such as
    ``actions.strike.rate``; `hint` says what is allowed or what to do and may be empty.
    """

    file: str
    line: int
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "file"
        head = f"  {place}  {self.path}".rstrip()
        body = "\n".join(f"    {line}" for line in (self.message, *self.hint.splitlines()) if line)
        return f"{head}\n{body}"

    def as_dict(self) -> dict[str, str | int]:
        """The fault as plain data, for JSON."""
        return {
            "file": self.file,
            "line": self.line,
            "path": self.path,
            "message": self.message,
            "hint": self.hint,
        }


class CrisisFileError(DetenteError):
    """All faults found in a crisis folder or file, grouped by file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__(self._text())

    def _text(self) -> str:
        parts: list[str] = []
        for file in dict.fromkeys(fault.file for fault in self.faults):
            here = [fault for fault in self.faults if fault.file == file]
            noun = "fault" if len(here) == 1 else "faults"
            parts.append(f"{len(here)} {noun} in {file}")
            parts.extend(str(fault) for fault in here)
        return "\n\n".join(parts)


class ModelError(DetenteError):
    """A crisis that reads well but cannot be run as it stands."""


class RunawayError(ModelError):
    """More happenings at one instant than any real chain of causes could have."""


class TableError(DetenteError):
    """A table of numbers, given by a caller or a file, that breaks its stated ranges."""


class ForecastError(DetenteError):
    """An argument of a score or forecast outside its range."""
