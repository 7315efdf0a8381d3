"""The tables beside a crisis: ``sources.csv``, ``claims.csv``, ``events.csv``.

Comma-separated, UTF-8, one header line. Lists are separated by semicolons. Columns that are not known here
are kept in `extra`, as is ``location``. A row may correct an earlier one, whose id it names in ``supersedes``.
All faults of all three tables are raised together.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from detente.crisisfile.columns import COLUMNS, OPTIONAL, Check, shortened
from detente.crisisfile.reading import read_text
from detente.crisisfile.scalars import character_code, find_forbidden
from detente.crisisfile.suggest import did_you_mean
from detente.crisisfile.superseding import superseding_faults
from detente.dates import parse_date, parse_end
from detente.errors import CrisisFileError, Fault
from detente.model import Claim, Event, Source

MAX_TABLE_BYTES = 10_000_000
"""Largest table [bytes]; a larger one is refused unread."""

MAX_TABLE_FAULTS = 100
"""Reading a table stops after this many faults."""

_REFERENCES = (
    ("claims.csv", "source", "sources.csv"),
    ("events.csv", "sources", "sources.csv"),
    ("events.csv", "claims", "claims.csv"),
    ("events.csv", "contested_by", "claims.csv"),
)


@dataclass(frozen=True)
class Tables:
    """What the tables of a crisis say, by id; `lines` are those of the ids in their files."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    events: Mapping[str, Event] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)


def read_tables(folder: Path | str) -> Tables:
    """Read the tables of a folder; one that is absent counts as empty.

    Raises
    ------
    CrisisFileError
        With every fault of every table.
    """
    texts: dict[str, str] = {}
    faults: list[Fault] = []
    for file in COLUMNS:
        path = Path(folder) / file
        if not path.exists():
            continue
        try:
            texts[file] = read_text(path, max_bytes=MAX_TABLE_BYTES)
        except CrisisFileError as problem:
            faults.extend(problem.faults)
    return parse_tables(texts, faults)


def parse_tables(texts: Mapping[str, str], faults: Iterable[Fault] = ()) -> Tables:
    r"""The tables from their text, by file name.

    Parameters
    ----------
    texts : mapping of str to str
        Text of ``sources.csv``, ``claims.csv``, ``events.csv``; each may be absent.
    faults : iterable of Fault
        Faults known already, raised together with those found here.

    Raises
    ------
    CrisisFileError
        With every fault of every table.

    Examples
    --------
    >>> text = "id,title,publisher,date,kind,reliability\nS01,Report,IAEA,2024-11-19,report,A\n"
    >>> parse_tables({"sources.csv": text}).sources["S01"].publisher
    'IAEA'
    """
    found = list(faults)
    broken = {fault.file for fault in found}
    tables = {file: Table(file, texts.get(file), COLUMNS[file], OPTIONAL[file]) for file in COLUMNS}
    _refuse_shared_ids(tables)
    for file, column, target in _REFERENCES:
        if target not in broken and tables[target].has_ids:
            tables[file].check_references(column, tables[target])
    for table in tables.values():
        table.check_superseding()
        found.extend(table.faults)
    if found:
        raise CrisisFileError(found)
    sources, claims, events = (tables[file].rows for file in COLUMNS)
    return Tables(
        sources={row["id"]: _source(row) for row in sources},
        claims={row["id"]: _claim(row) for row in claims},
        events={row["id"]: _event(row) for row in events},
        lines={row["id"]: row.line for row in (*sources, *claims, *events)},
    )


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Row:
    """The cells of a record by column, and the line on which it begins; an absent cell is empty."""

    cells: Mapping[str, str]
    line: int

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def many(self, column: str) -> tuple[str, ...]:
        """The parts of a cell that is a list."""
        return tuple(part.strip() for part in self[column].split(";") if part.strip())

    def instant(self, column: str) -> dt.datetime | None:
        """The instant that a cell names; of a bare day its end."""
        return parse_end(self[column]) if self[column] else None

    def extra(self, *known: str) -> dict[str, str]:
        """The cells of all other columns."""
        return {column: cell for column, cell in self.cells.items() if column not in known}


class Table:
    """A table with its faults: `wanted` columns must be there, `optional` ones may; with what cells may contain.

    Without a text it is empty. Only rows whose table has no `faults` may be relied on.
    """

    def __init__(
        self, file: str, text: str | None, wanted: Mapping[str, Check], optional: Mapping[str, Check]
    ) -> None:
        self.file = file
        self.wanted, self.optional = wanted, optional
        self.faults: list[Fault] = []
        self.rows: list[Row] = []
        self.has_ids = True
        if text is not None:
            self._read(text.removeprefix("\ufeff"))

    def _read(self, text: str) -> None:
        if bad := find_forbidden(text):
            line = text.count("\n", 0, bad.start()) + 1
            message = f"there is a control character, {character_code(bad.group())}"
            self._fault(line, "", message, "Remove it, and save the table as UTF-8 text.")
            self.has_ids = False
            return
        records = self._records(text)
        line, header = next(records, (1, []))
        header = [name.strip() for name in header]
        if not self._accepts_header(header, line):
            self.has_ids = False
            return
        for line, cells in records:
            if len(self.faults) >= MAX_TABLE_FAULTS:
                return
            self._take(header, cells, line)

    def _records(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """The records that are not blank, each with the line on which it begins."""
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as problem:
                hint = 'A cell with a comma stands in double quotes; a double quote inside is doubled: "".'
                self._fault(line, "", f"this is not a CSV record: {problem}", hint)
                self.has_ids = False
                return
            if cells:
                yield line, cells

    def _accepts_header(self, header: list[str], line: int) -> bool:
        wanted = self.wanted
        if not header:
            if not self.faults:
                self._fault(line, "", "the table is empty", f"Its first line is {','.join(wanted)}")
            return False
        if len(header) == 1 and ";" in header[0]:
            hint = "Save the table with commas; semicolons separate the parts of a list inside a cell."
            self._fault(line, "", "the columns are separated by semicolons", hint)
            return False
        for name in wanted:
            if name not in header:
                found = did_you_mean(name, [other for other in header if other not in wanted])
                hint = found.replace("Did you mean", "Is it the column") or (
                    f"The first line names the columns, separated by commas: {', '.join(wanted)}."
                )
                self._fault(line, name, f"the column '{name}' is missing", hint)
        for name in {name for name in header if header.count(name) > 1}:
            self._fault(line, name, f"the column '{name}' stands twice", "Rename or remove one of them.")
        return not self.faults

    def _take(self, header: list[str], cells: list[str], line: int) -> None:
        if len(cells) != len(header):
            hint = 'A cell with a comma stands in double quotes. Lists are separated by ";".'
            self._fault(line, "", f"there are {len(cells)} cells, but {len(header)} columns", hint)
        row = Row({name: cell.strip() for name, cell in zip(header, cells, strict=False)}, line)
        if len(cells) == len(header):
            for column, check in {**self.wanted, **self.optional}.items():
                if remark := check(row[column]):
                    self._fault(line, column, *remark)
        self.rows.append(row)

    def ids(self) -> set[str]:
        """The ids of all rows, faulty ones included."""
        return {row["id"] for row in self.rows}

    def check_references(self, column: str, target: Table) -> None:
        """Refuse ids that do not stand in another table."""
        known = target.ids()
        for row in self.rows:
            for name in row.many(column):
                if name not in known and len(self.faults) < MAX_TABLE_FAULTS:
                    hint = f"{did_you_mean(name, known)} Add it to {target.file}, or correct it.".strip()
                    self._fault(row.line, column, f"there is no '{shortened(name)}' in {target.file}", hint)

    def check_superseding(self) -> None:
        """Refuse corrections that do not form chains."""
        links = {row["id"]: row["supersedes"] for row in self.rows}
        lines = {row["id"]: row.line for row in self.rows}
        for id_, message, hint in superseding_faults(links) if self.has_ids else ():
            if len(self.faults) < MAX_TABLE_FAULTS:
                self._fault(lines[id_], "supersedes", message, hint)

    def refuse_id(self, row: Row, where: str) -> None:
        """Refuse an id that has been used."""
        hint = "An id names one source, claim or event. Rename one of them."
        self._fault(row.line, "id", f"the id '{shortened(row['id'])}' stands {where} already", hint)

    def _fault(self, line: int, column: str, message: str, hint: str) -> None:
        self.faults.append(Fault(self.file, line, column, message, hint))


def _refuse_shared_ids(tables: Mapping[str, Table]) -> None:
    """An id is unique among all three tables, since evidence names ids of any of them."""
    seen: dict[str, str] = {}
    for table in tables.values():
        for row in table.rows:
            if not row["id"]:
                continue
            if row["id"] in seen and len(table.faults) < MAX_TABLE_FAULTS:
                table.refuse_id(row, seen[row["id"]])
            seen.setdefault(row["id"], f"on line {row.line} of {table.file}")


def _source(row: Row) -> Source:
    return Source(
        id=row["id"],
        title=row["title"],
        publisher=row["publisher"],
        date=row["date"],
        kind=row["kind"],
        reliability=row["reliability"],
        supersedes=row["supersedes"],
        extra=row.extra(*COLUMNS["sources.csv"], *OPTIONAL["sources.csv"]),
    )


def _claim(row: Row) -> Claim:
    return Claim(
        id=row["id"],
        asserted_by=row["asserted_by"],
        content=row["content"],
        about=row["about"],
        source=row.many("source"),
        status=row["status"],
        credibility=row["credibility"],
        known_at=row.instant("known_at"),
        supersedes=row["supersedes"],
        extra=row.extra(*COLUMNS["claims.csv"], *OPTIONAL["claims.csv"]),
    )


def _event(row: Row) -> Event:
    return Event(
        id=row["id"],
        date=parse_date(row["date"]),
        precision=row["precision"],
        actor=row.many("actor"),
        recipient=row.many("recipient"),
        cameo=row["cameo"],
        plover=row["plover"],
        title=row["title"],
        confidence=row["confidence"],
        happening=row["happening"],
        sources=row.many("sources"),
        claims=row.many("claims"),
        contested_by=row.many("contested_by"),
        held=float(row["held"]) if row["held"] else None,
        known_at=row.instant("known_at"),
        supersedes=row["supersedes"],
        line=row.line,
        extra=row.extra(*COLUMNS["events.csv"], *OPTIONAL["events.csv"]),
    )
