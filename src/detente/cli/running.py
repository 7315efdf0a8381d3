"""The command ``run``: from its arguments to a forecast, telling what goes on."""

from __future__ import annotations

import datetime as dt
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import typer

from detente.cli.reporting import say
from detente.dates import days_between, end_of_day, parse_date
from detente.errors import ForecastError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.progress import Progress

    from detente.forecasting import Forecast
    from detente.model import Crisis

SHOWN_AFTER = 1.0
"""A run shows its progress once it takes so long [s]."""

Horizon = Callable[["Crisis"], float | None]


def carry_out(
    name: str,
    *,
    out: Path | None,
    archive: Path | None = None,
    posterior: Path | None = None,
    force: bool = False,
    review: bool = False,
    quiet: bool,
    horizon: Horizon,
    threads: int | None,
    **settings: Any,
) -> Forecast:
    """Load a crisis, say what it will cost, simulate it under a progress bar and write it to `out`.

    `posterior` is a folder that `detente fit` has written; with `force` it may be of another state of the crisis.
    With `review` the numbers are those of the crisis' ``review.yaml``.
    """
    from detente.catalog import load
    from detente.forecasting import forecast, memory_for
    from detente.forecasting.folder import refuse_foreign

    if out is not None:
        refuse_foreign(out)
    if archive is not None:
        _refuse_broken(archive)
    crisis = load(name, review=review)
    if posterior is not None:
        settings["posterior"] = _fitted(posterior, crisis, force=force)
    cores = threads or os.cpu_count() or 1
    needed = memory_for(
        crisis, trajectories=settings["trajectories"], replicates=settings["replicates"], threads=cores
    )
    _refuse_more_than_there_is(needed)
    if not quiet:
        say(f"This run holds up to {max(1, round(needed / 1e6)):,} MB of memory.")
    begun = time.monotonic()
    with Bar(shown=not quiet and sys.stderr.isatty()) as bar:
        found = forecast(crisis, threads=threads, horizon=horizon(crisis), progress=bar.update, **settings)
    if sys.stderr.isatty() and not quiet:
        took = time.monotonic() - begun
        say(f"{found.ensemble.n_trajectories:,} futures in {took:.1f} s.")
    if out is not None:
        found.save(out)
    if archive is not None:
        _archive(found, archive, quiet)
    return found


def _fitted(folder: Path, crisis: Crisis, *, force: bool) -> Mapping[str, NDArray[np.float64]]:
    """The joint draws of a posterior, if it is one of this crisis."""
    from detente.inference import Posterior

    found = Posterior.load(folder)
    found.refuse_other(crisis, force=force)
    return found.parameters


def _refuse_broken(archive: Path) -> None:
    """Stop before a long run where its forecast could not be archived."""
    from detente.forecasting.archive import entry_files, read, refuse_foreign

    refuse_foreign(archive)
    if entry_files(archive):
        read(archive)


def _archive(found: Forecast, archive: Path, quiet: bool) -> None:
    from detente.forecasting.archive import add

    if found.ensemble.interrupted:
        say("Not archived: an interrupted forecast is not kept as if it were whole.")
        return
    entry = add(archive, found)
    if not quiet:
        say(f"Archived as entry {entry.number} of {archive}, digest {entry.digest[:16]}.")


def _refuse_more_than_there_is(needed: int) -> None:
    """Stop a run that this machine cannot hold, before the system stops it without a word."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return
    if needed > there > 0:
        raise ForecastError(
            f"this run would hold up to {needed / 1e9:.0f} GB of memory, and there are {there / 1e9:.0f} GB."
            " Ask for fewer --trajectories."
        )


def days_of(text: str | None) -> Horizon:
    """Read ``--horizon``: days, a duration or a date; for a date the as-of date of the crisis matters."""
    if text is None:
        return lambda crisis: None
    try:
        last = end_of_day(parse_date(text))
    except ValueError:
        days = _duration(text)
        return lambda crisis: days
    return lambda crisis: _until(last, crisis)


def _until(last: dt.datetime, crisis: Crisis) -> float:
    days = days_between(crisis.as_of, last)
    if days <= 0.0:
        raise _wrong_horizon(f"{last - dt.timedelta(days=1):%Y-%m-%d} is not after {crisis.as_of}.")
    return days


def _duration(text: str) -> float:
    from detente.crisisfile.quantities import parse_duration

    try:
        days = float(text) if text.replace(".", "", 1).isdigit() else parse_duration(text)
    except ValueError:
        raise _wrong_horizon(f"'{text}' is neither days (90), a duration (6 months) nor a date.") from None
    if not 0.0 < days < 1e6:
        raise _wrong_horizon(f"'{text}' is not between 0 and 1,000,000 days.")
    return days


def _wrong_horizon(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="'--horizon'")


class Bar:
    """A progress bar on stderr that appears only once the work takes over a second.

    `unit` is what is counted; `preparing` is said until the first of them is done.
    """

    def __init__(
        self,
        *,
        shown: bool,
        unit: str = "futures",
        preparing: str = "Preparing (the first run compiles the engine)",
    ) -> None:
        self._shown = shown
        self._unit = unit
        self._preparing = preparing
        self._progress: Progress | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Bar:
        if self._shown:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._progress.add_task(self._preparing, total=None)
            self._timer = threading.Timer(SHOWN_AFTER, self._show)
            self._timer.daemon = True
            self._timer.start()
        return self

    def _show(self) -> None:
        with self._lock:
            if self._progress is not None:
                self._progress.start()

    def update(self, done: int, of: int) -> None:
        """Take the numbers of what is finished and of all."""
        if self._progress is not None:
            text = f"{done:,} of {of:,} {self._unit}"
            self._progress.update(self._task, completed=done, total=of, description=text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            if self._progress is not None:
                self._progress.stop()
                self._progress = None
