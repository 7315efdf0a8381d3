"""YAML 1.2 core text → plain data with line numbers. Nothing is ever executed.

The text is taken as a stream of parser events and built here, so that everything is decided in one place::

    text ──refusals──▶ events ──▶ dict, list, str, int, float, bool, None
           size          depth, expanded size, tags, duplicate and non-string keys,
           characters    leading zeros, numbers that are not finite

Scalars follow the core schema of YAML 1.2: ``NO``, ``yes``, ``on`` and dates stay text. All faults are
collected and raised together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path as FilePath

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from detente.crisisfile.building import Builder, Data, Path, ReadingEndedError, dotted
from detente.crisisfile.scalars import character_code, find_forbidden
from detente.errors import CrisisFileError, Fault

__all__ = ["MAX_BYTES", "Data", "Path", "Tree", "dotted", "read", "read_file", "read_text"]

MAX_BYTES = 2_000_000
"""Largest file [bytes]; a larger one is refused before it is parsed."""


@dataclass(frozen=True)
class Tree:
    """Plain data and where each part of it was written.

    `lines` gives the line, from 1, of every key and list item by its path; `data` is a mapping.
    """

    data: dict[str, Data]
    lines: Mapping[Path, int]
    file: str

    def line(self, path: Path) -> int:
        r"""Line of a path [from 1], or of the nearest part around it whose line is known.

        Examples
        --------
        >>> read("stocks:\n  fear: {start: 20}").line(("stocks", "fear", "upper"))
        2
        """
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_file(path: FilePath | str) -> Tree:
    """Read a file of YAML, in UTF-8; faults name it by its last part.

    Raises
    ------
    CrisisFileError
        If there is no such file, it is too large or not UTF-8, or for any fault that `read` finds.
    """
    path = FilePath(path)
    return read(read_text(path), path.name)


def read_text(path: FilePath, *, max_bytes: int = MAX_BYTES) -> str:
    """The text of a file in UTF-8; line ends as they are.

    Raises
    ------
    CrisisFileError
        If there is no such file, it has more than `max_bytes` or is not UTF-8.
    """
    if not path.is_file():
        hint = "A crisis is a folder with a file crisis.yaml, or a single .yaml file."
        raise CrisisFileError([Fault(path.name, 0, "", f"there is no file '{path}'", hint)])
    with path.open("rb") as stream:
        raw = stream.read(max_bytes + 1)
    if len(raw) > max_bytes:
        raise CrisisFileError([_too_large(path.name, path.stat().st_size, max_bytes)])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        message = f"byte {raw[problem.start]:#04x} is not UTF-8 text"
        raise CrisisFileError([Fault(path.name, line, "", message, "Save the file as UTF-8.")]) from None


def read(text: str, file: str = "text") -> Tree:
    r"""Read YAML text into plain data.

    Parameters
    ----------
    text : str
        YAML 1.2, one document, a mapping at the top.
    file : str
        How faults name the text.

    Raises
    ------
    CrisisFileError
        With every fault found: a syntax error (reading ends there), duplicate or non-string keys, tags,
        directives, merge keys, tabs and control characters, several documents, unquoted digits with a leading
        zero, numbers that are not finite, and whatever exceeds `MAX_BYTES`, `MAX_DEPTH` or `MAX_NODES`.

    Examples
    --------
    >>> read("country: NO\nas_of: 2024-11-30\nhalf_life: 0.5").data
    {'country': 'NO', 'as_of': '2024-11-30', 'half_life': 0.5}
    """
    faults = list(_refusals(text, file))
    if faults:
        raise CrisisFileError(faults)
    builder = Builder(file)
    with suppress(ReadingEndedError):
        _feed(builder, text)
    if not builder.faults and not isinstance(builder.root, dict):
        what = "the file is empty" if builder.root is None else "the file is not a mapping"
        builder.fault(1, what, "A file consists of lines 'key: value', beginning with 'crisis: NAME'.")
    if builder.faults:
        raise CrisisFileError(builder.faults)
    assert isinstance(builder.root, dict)
    return Tree(builder.root, builder.lines, file)


def _too_large(file: str, size: int, max_bytes: int) -> Fault:
    hint = f"A file of this kind has at most {max_bytes:,} bytes. Records belong into the tables (.csv)."
    return Fault(file, 0, "", f"the file has {size:,} bytes, which is too large", hint)


def _refusals(text: str, file: str) -> Iterator[Fault]:
    """What is refused before parsing: size, byte order mark, tabs, control characters."""
    size = len(text) if len(text) > MAX_BYTES else len(text.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        yield _too_large(file, size, MAX_BYTES)
        return
    if text.startswith("\ufeff"):
        yield Fault(file, 1, "", "the file begins with a byte order mark", "Save it as UTF-8 without BOM.")
        text = text.removeprefix("\ufeff")
    tab = text.find("\t")
    if tab >= 0:
        line = text.count("\n", 0, tab) + 1
        yield Fault(file, line, "", "there is a tab", "Indent with spaces; tabs are not allowed.")
    bad = find_forbidden(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        message = f"there is a control character, {character_code(bad.group())}"
        yield Fault(file, line, "", message, "Remove it.")


# ── the parser, and its syntax errors in plain words ─────────────────────────────────────────────

_REMEDIES = {
    "mapping values are not allowed": "A text with ': ' inside stands in quotes. Else check the indentation.",
    "expected ':'": "A line of a mapping is 'key: value', with a space after the colon. Is one missing?",
    "block end": "Keys of one mapping begin in the same column. Check the indentation.",
    "expected key": "Keys of one mapping begin in the same column. Check the indentation.",
    "'-' indicator": "Items of one list begin in the same column. Check the indentation.",
    "expected ','": "A list in [ ] or a mapping in { } is not closed, or a comma is missing.",
    "end of stream": "A quotation mark or bracket is not closed.",
    "unexpected end": "A quotation mark or bracket is not closed.",
    "cannot start any token": "A text that begins with @ ` % * & ! | > must stand in quotes.",
    "unexpected ':'": "In [ ] and { } a text that contains ':' must stand in quotes.",
    "escape": "In double quotes a backslash begins an escape. Use single quotes.",
}


def _feed(builder: Builder, text: str) -> None:
    """Hand the events of the parser to the builder.

    The parser is the one in pure Python: the C parser beside it refuses ``{at: 2025-01-20T17:00}``, and a
    file must not be right on one machine and wrong on another.
    """
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        said = str(problem.problem or problem.context or "unreadable")
        begun = problem.context_mark.line + 1 if problem.context_mark else 0
        line = mark.line + 1 if mark else 0
        message = f"this is not YAML: {said}" + (f" (begun on line {begun})" if 0 < begun < line else "")
        remedies = (remedy for words, remedy in _REMEDIES.items() if words in said)
        hint = next(remedies, "Check quotes and indentation.")
        builder.stop(line, message, hint)
    except ReadingEndedError:
        raise
    except Exception as problem:  # the parser itself stumbles over some text, such as "\\U99999999"
        hint = "Check quotes, escapes and indentation on this line and the next."
        builder.stop(builder.line, f"this is not YAML: {type(problem).__name__} while parsing", hint)
