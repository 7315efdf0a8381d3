"""The ledger of a crisis folder as a store that is only ever added to.

Rows are never changed: what turned out wrong is corrected by a further row that names it in ``supersedes``. An
append is checked as a whole before anything is written. It then holds a lock between processes, writes each
table beside its place, forces it to disk and puts it in place in one step: sources first, then claims, then
events, so that no row ever names one that is not there. Whatever happens (a crash, a full disk, a second
writer), every table is either the old one or the new one, and the folder can be read at any moment.

The empty file ``.ledger.lock`` stays in the folder; git may ignore it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from detente.crisisfile.columns import COLUMNS
from detente.crisisfile.reading import read_text
from detente.crisisfile.resolving import CRISIS_FILE, resolve
from detente.crisisfile.suggest import did_you_mean
from detente.crisisfile.tables import MAX_TABLE_BYTES, parse_tables
from detente.errors import CrisisFileError, DetenteError, Fault
from detente.ledger.appending import Cells, Extended, allowed_columns, extend, next_id, rows_of

LOCK_FILE = ".ledger.lock"
LOCK_SECONDS = 60.0
"""How long a writer waits for another one [s]."""

_FIRST_ID = {"sources.csv": "S001", "claims.csv": "C001", "events.csv": "E001"}


@dataclass(frozen=True)
class Appended:
    """What an append wrote, by file: the ids of the new rows, their lines, and the columns that it added."""

    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def append(
    folder: Path | str,
    *,
    sources: Iterable[Cells] = (),
    claims: Iterable[Cells] = (),
    events: Iterable[Cells] = (),
    dry_run: bool = False,
    lock_seconds: float = LOCK_SECONDS,
) -> Appended:
    """Add rows to the tables of a crisis folder: all of them, or none.

    Parameters
    ----------
    folder : path
        A crisis folder. A table that is not there yet is begun.
    sources, claims, events : iterable of mapping
        Rows to add: text by column, lists separated by semicolons. A column may be one of the table, or one
        that it may have; it is added where it is needed. A row without an ``id`` gets the next one.
    dry_run : bool, default False
        Check everything and write nothing.
    lock_seconds : float, default 60
        How long to wait for another writer [s].

    Raises
    ------
    CrisisFileError
        With every fault that the crisis would have with these rows; nothing is written. An id that exists
        is refused, as are columns that no table has.
    DetenteError
        If the folder cannot be written, or another writer holds it for too long.
    """
    place = Path(folder)
    given = {"sources.csv": [*sources], "claims.csv": [*claims], "events.csv": [*events]}
    if not (place / CRISIS_FILE).is_file():
        hint = "Name the folder of a crisis; a single .yaml file has no tables."
        raise CrisisFileError([Fault(place.name, 0, "", f"there is no {CRISIS_FILE} in '{place}'", hint)])
    try:
        with _locked(place, lock_seconds):
            texts = _texts(place)
            tables, appended = _extended(place, texts, given)
            if not dry_run:
                _put_in_place(place, tables)
    except OSError as problem:
        raise DetenteError(
            f"cannot write to {place}: {problem.strerror or problem}. Each table is as it was, or whole with its"
            " new rows; none is half written."
        ) from problem
    return appended


def cells_of(folder: Path | str, file: str, id_: str) -> dict[str, str]:
    """The cells of one row by column; empty where there is no such row.

    Parameters
    ----------
    folder : path
        A crisis folder.
    file : {'sources.csv', 'claims.csv', 'events.csv'}
        The table.
    id_ : str
        The id of the row.
    """
    text = _texts(Path(folder)).get(file)
    return next((row for row in rows_of(text) if row.get("id") == id_), {})


# ── what is to be written ────────────────────────────────────────────────────────────────────────


def _texts(folder: Path) -> dict[str, str]:
    paths = {file: folder / file for file in COLUMNS}
    return {file: read_text(path, max_bytes=MAX_TABLE_BYTES) for file, path in paths.items() if path.exists()}


def _extended(
    folder: Path, texts: Mapping[str, str], given: Mapping[str, list[Cells]]
) -> tuple[dict[str, str], Appended]:
    """The texts of the tables that change, once the whole crisis has been checked with them."""
    parse_tables(texts)
    rows_before = {file: rows_of(text) for file, text in texts.items()}
    faults: list[Fault] = []
    tables: dict[str, Extended] = {}
    ids: dict[str, tuple[str, ...]] = {}
    for file, rows in given.items():
        if not rows:
            continue
        taken = [row["id"] for row in rows_before.get(file, ())]
        allowed = allowed_columns(file, texts.get(file))
        numbered = _with_ids(file, rows, taken)
        faults += [fault for row in numbered for fault in _row_faults(file, row, allowed, rows_before)]
        tables[file] = extend(file, texts.get(file), [_mended(file, row, allowed, taken) for row in numbered])
        ids[file] = tuple(row["id"] for row in numbered)
    after = {**texts, **{file: table.text for file, table in tables.items()}}
    faults += _size_faults(after)
    try:
        resolve(folder, tables=after)
    except CrisisFileError as problem:
        faults += problem.faults
    if faults:
        raise CrisisFileError(faults)
    lines = {file: table.lines for file, table in tables.items()}
    columns = {file: table.columns for file, table in tables.items() if table.columns}
    return {file: table.text for file, table in tables.items()}, Appended(ids, lines, columns)


def _with_ids(file: str, rows: Iterable[Cells], taken: Sequence[str]) -> list[Cells]:
    numbered: list[Cells] = []
    for row in rows:
        ids = (*taken, *(other["id"] for other in numbered))
        numbered.append({**row, "id": row.get("id", "").strip() or next_id(ids, _FIRST_ID[file])})
    return numbered


def _mended(file: str, row: Cells, allowed: Sequence[str], taken: Sequence[str]) -> Cells:
    """The row without what `_row_faults` refuses, so that its other faults are found too."""
    id_ = next_id(taken, _FIRST_ID[file]) if row["id"] in taken else row["id"]
    return {**{name: cell for name, cell in row.items() if name in allowed}, "id": id_}


def _row_faults(
    file: str, row: Cells, allowed: Sequence[str], rows_before: Mapping[str, list[dict[str, str]]]
) -> Iterator[Fault]:
    for name in row:
        if name not in allowed:
            hint = f"{did_you_mean(name, allowed)} Allowed: {', '.join(allowed)}.".strip()
            yield Fault(file, 0, f"{row['id']}.{name}", f"there is no column '{name}'", hint)
    for there, rows in rows_before.items():
        if any(before.get("id") == row["id"] for before in rows):
            hint = "Rows are only ever added. Leave the id out for the next free one."
            if there == file:
                hint = f"{hint} To correct that row, name it in `supersedes`."
            yield Fault(file, 0, f"{row['id']}.id", f"the id '{row['id']}' stands in {there} already", hint)


def _size_faults(texts: Mapping[str, str]) -> Iterator[Fault]:
    for file, text in texts.items():
        if len(text.encode()) > MAX_TABLE_BYTES:
            message = f"the table would have more than {MAX_TABLE_BYTES:,} bytes"
            yield Fault(file, 0, "", message, "Keep event data apart, as `detente import` writes it.")


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def _locked(folder: Path, seconds: float) -> Iterator[None]:
    lock = FileLock(folder / LOCK_FILE, timeout=seconds)
    try:
        with lock:
            yield
    except Timeout:
        raise DetenteError(
            f"another process has been writing to {folder} for {seconds:g} s. Try again when it has ended."
        ) from None


def _put_in_place(folder: Path, tables: Mapping[str, str]) -> None:
    """Write all tables beside their places, and only then put them there, in the order of `COLUMNS`."""
    _remove_left_over(folder)
    waiting: dict[Path, Path] = {}
    try:
        for file in COLUMNS:
            if file in tables:
                target = (folder / file).resolve()
                waiting[target] = _written_beside(target, tables[file])
        for target, temporary in waiting.items():
            os.replace(temporary, target)
            _force_folder(target.parent)
    finally:
        for temporary in waiting.values():
            temporary.unlink(missing_ok=True)


def _written_beside(target: Path, text: str) -> Path:
    """A file in the same folder with the text, on disk, with the permissions of the target."""
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        _take_permissions(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _take_permissions(temporary: Path, target: Path) -> None:
    if target.exists():
        shutil.copymode(target, temporary)
    else:
        temporary.chmod(0o644)


def _force_folder(folder: Path) -> None:
    """Force the entry of a folder to disk, where the system can."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _remove_left_over(folder: Path) -> None:
    """Remove what a writer that was killed left; the lock is held, so nobody else is writing."""
    for file in COLUMNS:
        for path in folder.glob(f".{file}.*.tmp"):
            path.unlink(missing_ok=True)
