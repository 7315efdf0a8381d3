"""An archive of forecasts: a folder to which entries are only ever added, and in which a change is noticed.

::

    archive/
      000001.json      one forecast: inputs by digest, questions with their probabilities
      000002.json      … each holds the digest of the entry before it
      head.json        number and digest of the last entry
      crises/          the machine form of every crisis forecast, named after its digest
      .lock            held while an entry is added

One file per entry, and not lines of one file, because a file can be put in its place whole (written beside it,
forced to disk, linked under a name that must not exist yet), git shows what was added, and ``sha256sum`` gives
the very digests that the entries hold. An entry that was changed no longer has the digest that the next one,
or the head, states; one that is gone leaves a gap, or a head that is ahead. A crash between the entry and the
head leaves a head that is one behind, which the next reader mends in its mind and the next writer on disk.

The chain shows changes made by accident, or by someone who does not make all later entries anew. Who must
convince others writes the digest of the head down where they can see it (`Archive.head`).
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from detente.crisisfile import dumps
from detente.errors import CrisisFileError, Fault, ForecastError
from detente.forecasting.entries import FORM, Entry, entry_data, entry_of
from detente.forecasting.references import Reference
from detente.forecasting.result import Forecast
from detente.provenance import digest_of_file, digest_of_text

HEAD = "head.json"
CRISES = "crises"
LOCK = ".lock"
LOCK_SECONDS = 60.0
"""How long a writer waits for another one [s]."""


@dataclass(frozen=True)
class Archive:
    """All entries of an archive, the oldest first; its chain of digests held when it was read."""

    folder: Path
    entries: tuple[Entry, ...]

    @property
    def head(self) -> str:
        """Digest of the last entry; "" where there is none. Whoever knows it can tell a later change."""
        return self.entries[-1].digest if self.entries else ""


def add(
    folder: Path | str, forecast: Forecast, *, references: Mapping[str, Reference] | None = None
) -> Entry:
    """Add a forecast to an archive, which is made if it is not there.

    Parameters
    ----------
    folder : path
        The archive. Writers in several processes wait for one another, 60 s at most.
    forecast : Forecast
        From `detente.forecast`, whole: one that was interrupted is refused.
    references : mapping of question to Reference, optional
        The naive answers; by default those that the record of the crisis gives.

    Returns
    -------
    Entry
        As it stands in the archive.

    Raises
    ------
    ForecastError
        If the folder holds something else, or another writer does not let go; or the forecast was interrupted.
    CrisisFileError
        If the archive was changed: with every entry that is not what it was.

    Examples
    --------
    >>> import tempfile
    >>> import detente
    >>> found = detente.forecast(detente.load("cuba_1962"), trajectories=400, seed=1)
    >>> with tempfile.TemporaryDirectory() as place:
    ...     entry = add(f"{place}/archive", found)
    ...     read(f"{place}/archive").head == entry.digest
    True
    """
    if forecast.ensemble.interrupted:
        raise ForecastError("an interrupted forecast is not archived. Run it again, to its end.")
    place = Path(folder)
    refuse_foreign(place)
    place.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place / LOCK, timeout=LOCK_SECONDS):
            return _append(place, forecast, references)
    except Timeout:
        raise ForecastError(
            f"another process has been writing to '{folder}' for {LOCK_SECONDS:.0f} s. Wait for it, and try again."
        ) from None


def read(folder: Path | str) -> Archive:
    """Read an archive, and check that no entry was changed, cut off or removed.

    Raises
    ------
    ForecastError
        If there is no archive.
    CrisisFileError
        With every entry that is not what it was.
    """
    place = Path(folder)
    if not place.is_dir() or not (entry_files(place) or (place / HEAD).exists()):
        raise ForecastError(
            f"there is no archive of forecasts in '{folder}'. `detente run CRISIS --archive {folder}` begins one."
        )
    faults: list[Fault] = []
    entries: list[Entry] = []
    previous = ""
    for number, path in enumerate(entry_files(place), start=1):
        if path.name != _name(number):
            faults.append(_gap(number, path))
            break
        entry, fault = _read_entry(path, number)
        if fault is not None:
            faults.append(fault)
        elif entry is not None:
            if entry.previous != previous:
                faults.append(_broken_link(number, place))
            entries.append(entry)
        previous = digest_of_file(path)
    faults += _head_faults(place, faults)
    if faults:
        raise CrisisFileError(faults)
    return Archive(place, tuple(entries))


def refuse_foreign(folder: Path | str) -> None:
    """Stop where a folder holds what no archive has written.

    Raises
    ------
    ForecastError
        With the first thing that is in the way.
    """
    place = Path(folder)
    if not place.exists():
        return
    if not place.is_dir():
        raise ForecastError(f"'{folder}' is a file, not an archive. Choose another folder.")
    ours = {HEAD, CRISES, LOCK, *(path.name for path in entry_files(place))}
    strange = sorted(
        path.name for path in place.iterdir() if path.name not in ours and not path.name.startswith(".new-")
    )
    if strange:
        raise ForecastError(
            f"the folder '{folder}' is no archive: it holds '{strange[0]}'. Choose another, or an empty one."
        )


def entry_files(folder: Path) -> list[Path]:
    """The files of the entries, in order."""
    return sorted(path for path in folder.glob("[0-9]*.json") if path.stem.isdigit())


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def _append(place: Path, forecast: Forecast, references: Mapping[str, Reference] | None) -> Entry:
    there = read(place) if entry_files(place) or (place / HEAD).exists() else Archive(place, ())
    machine_form = dumps(forecast.ensemble.crisis)
    number = len(there.entries) + 1
    data = entry_data(forecast, there.head, references)
    (place / CRISES).mkdir(exist_ok=True)
    kept = place / CRISES / f"{digest_of_text(machine_form)}.yaml"
    if not kept.exists():
        _put(kept, machine_form)
    path = place / _name(number)
    _put(path, _text(data))
    digest = digest_of_file(path)
    _put(place / HEAD, _text({"form": FORM, "entries": number, "digest": digest}), replace=True)
    return entry_of(data, number, digest)


def _put(path: Path, text: str, *, replace: bool = False) -> None:
    """Write a file whole, forced to disk; unless it may be replaced, its name must be free."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        if replace:
            os.replace(name, path)
        else:
            _link(name, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
    _sync_folder(path.parent)


def _link(name: str, path: Path) -> None:
    try:
        os.link(name, path)
    except FileExistsError:
        raise ForecastError(f"'{path}' is there already; an archive never overwrites an entry.") from None
    except OSError:  # a file system without links; the lock still keeps others away
        if path.exists():
            raise ForecastError(f"'{path}' is there already; an archive never overwrites an entry.") from None
        os.replace(name, path)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system opens folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _text(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _name(number: int) -> str:
    return f"{number:06d}.json"


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def _read_entry(path: Path, number: int) -> tuple[Entry | None, Fault | None]:
    remedy = (
        "Bring the file back from a copy (git, a backup). An entry is never edited; a new forecast is added."
    )
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return entry_of(data, number, digest_of_file(path)), None
    except json.JSONDecodeError as problem:
        return None, Fault(path.name, problem.lineno, "", "the entry is cut off or is not JSON", remedy)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        message = f"the entry is not one that Détente wrote ({type(problem).__name__}: {problem})"
        return None, Fault(path.name, 0, "", message, remedy)


def _gap(number: int, path: Path) -> Fault:
    message = f"entry {number} is missing: after it comes {path.name}"
    return Fault(_name(number), 0, "", message, f"Bring {_name(number)} back from a copy (git, a backup).")


def _broken_link(number: int, place: Path) -> Fault:
    changed = _name(number - 1) if number > 1 else _name(number)
    message = f"{changed} is not what it was when {_name(number)} was added: its digest differs"
    hint = f"Bring {changed} back from a copy (git, a backup); the digest it must have stands in {_name(number)}."
    return Fault(changed, 0, "previous", message, hint)


def _head_faults(place: Path, found: list[Fault]) -> list[Fault]:
    """Whether the head agrees with the entries; it may be one behind, after a crash."""
    path, files = place / HEAD, entry_files(place)
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
        number, digest = int(head["entries"]), str(head["digest"])
    except FileNotFoundError:
        if len(files) <= 1:
            return []
        return [Fault(HEAD, 0, "", "the head of the archive is missing", _HEAD_REMEDY)]
    except (ValueError, KeyError, TypeError):
        return [Fault(HEAD, 0, "", "the head of the archive cannot be read", _HEAD_REMEDY)]
    if number > len(files):
        message = f"the archive had {number} entries, and {len(files)} are there"
        return [Fault(HEAD, 0, "entries", message, "Bring the last ones back from a copy (git, a backup).")]
    if number < len(files) - 1:
        message = f"the archive has {len(files)} entries, and the head knows of {number}"
        return [Fault(HEAD, 0, "entries", message, _HEAD_REMEDY)]
    if not found and number and digest_of_file(files[number - 1]) != digest:
        message = f"{_name(number)} is not what it was when it was added: its digest differs from the head's"
        return [Fault(_name(number), 0, "", message, "Bring it back from a copy (git, a backup).")]
    return []


_HEAD_REMEDY = (
    "Bring it back from a copy (git, a backup). If you know the entries to be right, write"
    ' {"form": "' + FORM + '", "entries": <number>, "digest": "<sha256sum of the last>"} into it.'
)
