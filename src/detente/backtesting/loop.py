"""The loop over as-of dates: each date's forecast goes into an archive when it is finished, and stays.

::

    folder/
      settings.json      what was asked; a second call with other settings is refused
      archive/           one entry per as-of date (`detente.forecasting.archive`)
      resolutions.csv    how the questions turned out, from the record
      notes/             one small file per as-of date: what could not be made unseen

Interrupted, it keeps every finished date; called again, it goes on with the first one that is missing. What it
leaves is an ordinary archive with its resolutions: ``detente score folder/archive --resolutions
folder/resolutions.csv`` gives the scores once more.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from detente.errors import ForecastError
from detente.forecasting import Forecast
from detente.forecasting import archive as archives
from detente.forecasting.archive import Archive
from detente.forecasting.entries import Entry
from detente.forecasting.references import Reference
from detente.forecasting.resolutions import Resolution
from detente.placing import put_file

SETTINGS = "settings.json"
ARCHIVE = "archive"
RESOLUTIONS = "resolutions.csv"
NOTES = "notes"
LOCK = ".lock"

Progress = Callable[[int, int], None]
"""Called with the number of finished as-of dates and of all."""


@dataclass(frozen=True)
class Step:
    """One as-of date: its forecast, the naive answers beside it, and what could not be made unseen."""

    forecast: Forecast
    references: Mapping[str, Reference] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    """The finished dates of a loop, their notes, and whether some are missing because it was interrupted."""

    archive: Archive
    notes: Mapping[dt.date, tuple[str, ...]]
    interrupted: bool

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """As-of dates that are there, in the order in which they were finished."""
        return tuple(entry.as_of for entry in self.archive.entries)


def as_of_dates(first: dt.date, last: dt.date, every: int) -> tuple[dt.date, ...]:
    """As-of dates from `first` to `last`, both included, every so many days.

    Raises
    ------
    ForecastError
        If there is none.

    Examples
    --------
    >>> [str(day) for day in as_of_dates(dt.date(2018, 5, 1), dt.date(2018, 7, 1), 30)]
    ['2018-05-01', '2018-05-31', '2018-06-30']
    """
    if every < 1:
        raise ForecastError(f"every: it must be one day or more, but is {every}.")
    if last < first:
        raise ForecastError(
            f"there is no as-of date to test: the first would be {first}, and the last {last}. Ask for a shorter"
            " horizon, or for other dates (--from, --to)."
        )
    return tuple(first + dt.timedelta(days=k * every) for k in range((last - first).days // every + 1))


def overlapping(every: int, horizons: Sequence[int]) -> tuple[str, ...]:
    """What to say where the windows of one date reach into those of the next.

    Examples
    --------
    >>> overlapping(30, [7, 30])
    ()
    >>> len(overlapping(10, [7, 30]))
    1
    """
    if max(horizons) <= every:
        return ()
    return (
        f"Windows of up to {max(horizons)} days every {every} days overlap: dates are not independent, and errors by"
        " date and ranges are too narrow for the long ones.",
    )


def run(
    dates: Sequence[dt.date],
    step: Callable[[dt.date], Step],
    *,
    settings: Mapping[str, Any],
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Finished:
    """Carry out a step for every date that a folder does not hold yet.

    Parameters
    ----------
    dates : sequence of date
    step : callable
        Makes the forecast of one date; it may raise KeyboardInterrupt, and what was finished is returned.
    settings : mapping
        Plain data that says what is asked; part of the folder.
    folder : path, optional
        Where finished dates are kept; without one they are kept nowhere.
    progress : callable, optional

    Raises
    ------
    ForecastError
        If the folder holds something else, or a backtest with other settings, or another process is at it.
    CrisisFileError
        If the archive in it was changed.
    KeyboardInterrupt
        If it was interrupted before one date was finished.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="detente-backtest-") as place:
            return _run(dates, step, Path(place), progress)
    _open(folder, settings)
    try:
        with FileLock(folder / LOCK, timeout=0.0):
            return _run(dates, step, folder, progress)
    except Timeout:
        raise ForecastError(
            f"another process is at work on the backtest in '{folder}'. Wait for it, or choose another --out."
        ) from None


def write_resolutions(folder: Path, resolutions: Iterable[Resolution]) -> Path:
    """Write ``resolutions.csv``, in the form that `detente score` reads; an earlier one is replaced."""
    path = folder / RESOLUTIONS
    rows = [
        (
            each.question,
            each.answer,
            _text(each.resolved_at),
            each.crisis,
            _text(each.closes),
            _text(each.happened_at),
        )
        for each in resolutions
    ]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("question", "answer", "resolved_at", "crisis", "closes", "happened_at"))
    writer.writerows(rows)
    put_file(path, text.getvalue().encode())
    return path


def _text(instant: dt.datetime | None) -> str:
    return "" if instant is None else instant.isoformat(timespec="minutes")


def _run(
    dates: Sequence[dt.date], step: Callable[[dt.date], Step], folder: Path, progress: Progress | None
) -> Finished:
    place = folder / ARCHIVE
    there = archives.read(place) if archives.entry_files(place) else Archive(place, ())
    entries: list[Entry] = list(there.entries)
    done = {entry.as_of for entry in entries}
    interrupted = False
    try:
        for date in dates:
            if progress is not None:
                progress(len(done), len(dates))
            if date in done:
                continue
            made = step(date)
            _note(folder, date, made.notes)
            entries.append(archives.add(place, made.forecast, references=made.references))
            done.add(date)
    except KeyboardInterrupt:
        if not entries:
            raise
        interrupted = True
    notes = {date: _noted(folder, date) for date in dates if date in done}
    return Finished(Archive(place, tuple(entries)), notes, interrupted)


def _noted(folder: Path, date: dt.date) -> tuple[str, ...]:
    path = folder / NOTES / f"{date}.json"
    return tuple(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ()


def _note(folder: Path, date: dt.date, notes: tuple[str, ...]) -> None:
    (folder / NOTES).mkdir(exist_ok=True)
    path = folder / NOTES / f"{date}.json"
    path.write_text(json.dumps(notes, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _open(folder: Path, settings: Mapping[str, Any]) -> None:
    """Make the folder, or see that it holds this very backtest."""
    if folder.exists() and not folder.is_dir():
        raise ForecastError(f"'{folder}' is a file, not a folder. Choose another --out.")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SETTINGS
    asked = json.loads(json.dumps(settings))
    if not path.exists():
        strange = sorted(entry.name for entry in folder.iterdir())
        if strange:
            raise ForecastError(
                f"the folder '{folder}' holds no backtest, but '{strange[0]}'. Choose another --out, or an empty one."
            )
        path.write_text(json.dumps(asked, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        there = None
    if not isinstance(there, dict):
        raise ForecastError(f"'{path}' cannot be read. Choose another --out.")
    for name in dict.fromkeys((*asked, *there)):
        if there.get(name) != asked.get(name):
            raise ForecastError(
                f"the folder '{folder}' holds a backtest with other settings: {name} is {there.get(name)!r} there,"
                f" and {asked.get(name)!r} is asked for. Choose another --out, or the same settings to go on."
            )
