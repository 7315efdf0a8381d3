"""Adding rows to the text of a table: what stood there before stays byte for byte.

Where the new rows need a column that the table does not have yet, it is added at the end: every record
before gains an empty cell, and nothing else changes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from detente.crisisfile.columns import COLUMNS, OPTIONAL

Cells = Mapping[str, str]
"""A row: its cells by column; a cell that is not given is empty."""

EXTRA: Mapping[str, tuple[str, ...]] = {
    "sources.csv": ("note", "recorded_at", "recorded_by"),
    "claims.csv": ("note", "recorded_at", "recorded_by"),
    "events.csv": ("location", "note", "recorded_at", "recorded_by"),
}
"""Columns that no rule reads, that a table often has, and that may be added to it."""

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)")


@dataclass(frozen=True)
class Extended:
    """A table with its new rows: the whole text, the new lines, and the columns that were added."""

    text: str
    lines: tuple[str, ...]
    columns: tuple[str, ...]


def extend(file: str, text: str | None, rows: Sequence[Cells]) -> Extended:
    r"""A table's text with further rows.

    Parameters
    ----------
    file : {'sources.csv', 'claims.csv', 'events.csv'}
        Which table it is.
    text : str or None
        Its text, a valid table; None where there is none yet.
    rows : sequence of mapping
        The cells of each row by column; every column is one of `allowed_columns`.

    Examples
    --------
    >>> text = "id,title,publisher,date,kind,reliability\r\nS1,Report,IAEA,,,A"
    >>> extend("sources.csv", text, [{"id": "S2", "title": "Reply, late"}]).text.splitlines()[1:]
    ['S1,Report,IAEA,,,A', 'S2,"Reply, late",,,,']
    """
    text = ",".join(COLUMNS[file]) + "\n" if text is None else text
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix("\ufeff")
    header = header_of(body)
    needed = {name for row in rows for name, cell in row.items() if cell} - {*header}
    added = tuple(name for name in (*OPTIONAL[file], *EXTRA[file]) if name in needed)
    ending = _line_ending(body)
    if added:
        body = _with_columns(body, added)
    if not body.endswith(("\n", "\r")):
        body += ending
    columns = [*header, *added]
    lines = tuple(_record([row.get(name, "") for name in columns]) for row in rows)
    return Extended(f"{mark}{body}{''.join(line + ending for line in lines)}", lines, added)


def allowed_columns(file: str, text: str | None) -> tuple[str, ...]:
    """The columns that a new row may fill: those of the table, and those that it may have."""
    header = header_of(text.removeprefix("\ufeff")) if text is not None else ()
    return tuple(dict.fromkeys((*COLUMNS[file], *OPTIONAL[file], *EXTRA[file], *filter(None, header))))


def header_of(text: str) -> tuple[str, ...]:
    """The names of the columns of a table."""
    return tuple(name.strip() for name in next(_records(text), []))


def rows_of(text: str | None) -> list[dict[str, str]]:
    """The rows of a valid table as cells by column."""
    records = _records((text or "").removeprefix("\ufeff"))
    header = [name.strip() for name in next(records, [])]
    return [dict(zip(header, map(str.strip, cells), strict=False)) for cells in records]


def next_id(ids: Iterable[str], otherwise: str) -> str:
    """The id that follows the last one that has a number, with as many digits; else `otherwise`.

    Examples
    --------
    >>> next_id(["E001", "E074", "E049b"], "E001"), next_id([], "E001")
    ('E075', 'E001')
    """
    taken = list(ids)
    numbered = [found for id_ in taken if (found := _NUMBERED.fullmatch(id_)) and not found[3]]
    if not numbered:
        return otherwise
    word, digits = numbered[-1][1], numbered[-1][2]
    highest = max(int(found[2]) for found in numbered if found[1] == word)
    return f"{word}{highest + 1:0{len(digits)}d}"


def _records(text: str) -> Iterator[list[str]]:
    return (cells for cells in csv.reader(io.StringIO(text, newline=""), strict=True) if cells)


def _record(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)  # its own line ending is what makes it quote \r and \n in cells
    return line.getvalue().removesuffix("\r\n")


def _line_ending(text: str) -> str:
    """The first end of a record; a bare line feed where the table has none."""
    first = next(_ends(text), len(text))
    found = re.match(r"\r\n|\n|\r", text[first:])
    return found[0] if found else "\n"


def _with_columns(text: str, names: Sequence[str]) -> str:
    """The text with further columns: their names in the first record, an empty cell in each of the others."""
    pieces: list[str] = []
    done = 0
    addition = "".join(f",{name}" for name in names)
    for end in _ends(text):
        pieces += [text[done:end], addition]
        done, addition = end, "," * len(names)
    return "".join((*pieces, text[done:]))


def _ends(text: str) -> Iterator[int]:
    """Where each record ends, before its line ending: line ends within quotes belong to a cell."""
    begin = at = 0
    quoted = False
    at_cell = True
    while at < len(text):
        sign = text[at]
        if quoted:
            if sign == '"':
                quoted = text[at + 1 : at + 2] == '"'
                at += quoted
        elif sign in "\r\n":
            if at > begin:
                yield at
            begin, at_cell = at + 1, True
        else:
            quoted = at_cell and sign == '"'
            at_cell = sign == ","
        at += 1
    if at > begin:
        yield at
