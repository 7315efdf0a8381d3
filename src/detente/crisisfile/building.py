"""Parser events → plain data with line numbers, without recursion.

Refuses what a parser would let pass: duplicate and non-string keys, tags, directives, merge keys, several
documents, cyclic and exploding aliases, deep nesting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

from detente.crisisfile.scalars import ScalarError, character_code, find_forbidden, resolve_scalar
from detente.errors import Fault

MAX_DEPTH = 60
"""Deepest nesting of mappings and lists, aliases expanded."""

MAX_NODES = 200_000
"""Most keys, values and items of a file, aliases expanded."""

MAX_FAULTS = 100
"""Reading stops after this many faults."""

_ANCHOR = re.compile(r"[\w-]{1,100}")

Path: TypeAlias = tuple[str | int, ...]
Data: TypeAlias = "bool | int | float | str | list[Data] | dict[str, Data] | None"


def dotted(path: Path) -> str:
    """A path as text, for faults.

    Examples
    --------
    >>> dotted(("actions", "strike", "factors", 0, "times"))
    'actions.strike.factors[0].times'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


class ReadingEndedError(Exception):
    """Reading cannot go on; the fault is recorded."""


@dataclass
class _Open:
    """A mapping or list whose end has not come yet."""

    data: dict[str, Data] | list[Data]
    path: Path
    line: int
    anchor: str | None
    nodes_before: int
    key: str | None = None
    refused: set[str] = field(default_factory=set)
    height: int = 1


@dataclass(frozen=True)
class _Anchored:
    """A finished node that aliases may repeat: its value, expanded size and height."""

    data: Data
    nodes: int
    height: int


class Builder:
    """Builds data from events without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Data = None
        self.lines: dict[Path, int] = {}
        self.faults: list[Fault] = []
        self.nodes = 0
        self.line = 1
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take the next event of the parser."""
        self.line = line = event.start_mark.line + 1
        self._refuse_anchor(event, line)
        match type(event).__name__:
            case "ScalarEvent":
                self._scalar(event, line)
            case "MappingStartEvent":
                self._begin({}, event, line)
            case "SequenceStartEvent":
                self._begin([], event, line)
            case "MappingEndEvent" | "SequenceEndEvent":
                self._end()
            case "AliasEvent":
                self._alias(event, line)
            case "DocumentStartEvent":
                self._document_start(event, line)

    def _document_start(self, event: Any, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            hint = "Remove the line '---', or put the second document into a file of its own."
            self.stop(line, "a second document begins", hint)
        if event.version or event.tags:
            self.stop(line, "there is a directive (%)", "Remove it; YAML 1.2 is read without directives.")

    def _scalar(self, event: Any, line: int) -> None:
        self._count(line)
        self._refuse_tag(event, line)
        plain = event.style not in ("'", '"', "|", ">")
        if self._wants_key():
            if event.anchor:
                self._anchors[event.anchor] = _Anchored(event.value, 1, 0)
            self._take_key(event.value, plain, line)
            return
        try:
            data = resolve_scalar(event.value) if plain else event.value
            if event.style == '"' and (bad := find_forbidden(event.value)):
                what = f"the text contains the control character {character_code(bad.group())}"
                raise ScalarError(what, "Remove it.")
        except ScalarError as problem:
            data = None
            self.fault(line, problem.message, problem.hint, self._next_path())
        self._finish(data, line, event.anchor, _Anchored(data, 1, 0))

    def _alias(self, event: Any, line: int) -> None:
        if event.anchor not in self._anchors:
            self.stop(line, f"*{event.anchor} refers to nothing", "Quote a text that begins with '*'.")
        anchored = self._anchors[event.anchor]
        if anchored is None:
            hint = "A part of a file cannot contain itself. Write it out."
            self.stop(line, f"*{event.anchor} stands inside &{event.anchor}", hint)
        self._count(line, anchored.nodes)
        self._refuse_depth(line, anchored.height)
        if self._wants_key():
            key = anchored.data
            if isinstance(key, str):
                self._take_key(key, False, line)
            else:
                self._refuse_key(f"*{event.anchor}", line)
            return
        self._finish(_copy(anchored.data), line, None, anchored)

    def _end(self) -> None:
        done = self._open.pop()
        anchored = _Anchored(done.data, self.nodes - done.nodes_before, done.height)
        self._finish(done.data, done.line, done.anchor, anchored)

    def _begin(self, data: dict[str, Data] | list[Data], event: Any, line: int) -> None:
        before = self.nodes
        self._count(line)
        self._refuse_tag(event, line)
        self._refuse_depth(line, 1)
        if self._wants_key():
            hint = "A key is a name. Quote a text that begins with [ or {."
            self.stop(line, "a list or mapping stands as a key", hint)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(data, self._next_path(), line, event.anchor, before))

    def _wants_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].data, dict) and self._open[-1].key is None

    def _next_path(self) -> Path:
        if not self._open:
            return ()
        inside = self._open[-1]
        last = len(inside.data) if isinstance(inside.data, list) else inside.key
        return inside.path if last is None else (*inside.path, last)

    def _take_key(self, key: str, plain: bool, line: int) -> None:
        inside = self._open[-1]
        path = (*inside.path, key)
        inside.key = key
        if plain:
            self._refuse_plain_key(key, line)
        if key in inside.data:
            first = self.lines.get(path, inside.line)
            hint = f"It stands on line {first} already; a key may stand once. Join the two or rename one."
            self.fault(line, f"the key '{key}' stands twice", hint, path)
            inside.refused.add(key)
        else:
            self.lines[path] = line

    def _refuse_plain_key(self, key: str, line: int) -> None:
        if key == "<<":
            hint = "Merge keys belong to YAML 1.1. Write the keys out."
            self.fault(line, "there is a merge key, '<<'", hint, self._next_path())
            return
        if ":" in key:
            hint = f"Is a space missing after the colon, as in '{key.replace(':', ': ', 1)}'? Else quote it."
            self.fault(line, f"the key '{key}' contains a colon", hint, self._next_path())
            return
        try:
            resolved = resolve_scalar(key)
        except ScalarError as problem:
            self.fault(line, problem.message, problem.hint, self._next_path())
            return
        if not isinstance(resolved, str):
            self._refuse_key(key, line)

    def _refuse_key(self, key: str, line: int) -> None:
        self._open[-1].key = key
        what = f"the key '{key}' is not text" if key else "a key is empty"
        self.fault(line, what, f'Keys are names. To use it as one, quote it: "{key}".', self._next_path())

    def _finish(self, data: Data, line: int, anchor: str | None, anchored: _Anchored) -> None:
        if anchor:
            self._anchors[anchor] = anchored
        if not self._open:
            self.root = data
            return
        inside = self._open[-1]
        inside.height = max(inside.height, anchored.height + 1)
        if isinstance(inside.data, list):
            self.lines[(*inside.path, len(inside.data))] = line
            inside.data.append(data)
        else:
            assert inside.key is not None
            if inside.key not in inside.refused:
                inside.data[inside.key] = data
            inside.key = None

    # refusals

    def _count(self, line: int, nodes: int = 1) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            hint = f"A file has at most {MAX_NODES:,} keys, values and items, aliases (*name) expanded."
            self.stop(line, "the file expands to too many parts", hint)

    def _refuse_depth(self, line: int, height: int) -> None:
        if len(self._open) + height > MAX_DEPTH:
            self.stop(line, f"the file nests more than {MAX_DEPTH} deep", "Write it flatter.")

    def _refuse_anchor(self, event: Any, line: int) -> None:
        anchor = getattr(event, "anchor", None)
        if anchor is not None and not _ANCHOR.fullmatch(anchor):
            hint = "Quote a text that begins with '&' or '*'."
            self.stop(line, f"there is an anchor or alias with the odd name '{anchor}'", hint)

    def _refuse_tag(self, event: Any, line: int) -> None:
        if event.tag is not None:
            hint = "Tags are not read; nothing is executed. Remove it, or quote a text that begins with '!'."
            self.fault(line, f"there is a tag, {event.tag}", hint, self._next_path())

    def fault(self, line: int, message: str, hint: str, path: Path = ()) -> None:
        """Record a fault; too many end the reading."""
        self.faults.append(Fault(self.file, line, dotted(path), message, hint))
        if len(self.faults) >= MAX_FAULTS:
            raise ReadingEndedError

    def stop(self, line: int, message: str, hint: str) -> NoReturn:
        """Record a fault after which reading cannot go on."""
        self.fault(line, message, hint, self._next_path())
        raise ReadingEndedError


def _copy(data: Data) -> Data:
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(item) for item in data] if isinstance(data, list) else data
