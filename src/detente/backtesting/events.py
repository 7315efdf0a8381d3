"""Backtest of the generic crisis of dyads on event data: nothing is needed but a table of events."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from detente.backtesting.baselines import tuned_weighted_mean
from detente.backtesting.dyads import HORIZONS, clock_name, dyads_crisis
from detente.backtesting.learning import LEAST_DAYS, before
from detente.backtesting.loop import Progress, Step, as_of_dates, overlapping, run, write_resolutions
from detente.backtesting.results import Backtest
from detente.engine import simulate
from detente.errors import ForecastError
from detente.forecasting import forecast_of
from detente.forecasting.archive import Archive
from detente.forecasting.judging import Judged, judge
from detente.forecasting.references import Reference, reference
from detente.forecasting.resolutions import Resolution
from detente.ledger.dyads import DyadDays
from detente.model import Crisis, Question
from detente.provenance import __version__

BEGIN_AFTER = 90
"""Days of record before the first as-of date, if none is given [day]."""


def backtest_events(
    data: DyadDays,
    kinds: Sequence[str] | None = None,
    *,
    every: int = 30,
    first: dt.date | None = None,
    last: dt.date | None = None,
    horizons: Sequence[int] = HORIZONS,
    trajectories: int = 2000,
    seed: int = 0,
    threads: int | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Forecast every directed dyad as of past dates, and score it on the days that followed.

    As of each date the crisis of dyads is built and its rates learned from the days up to it
    (`dyads_crisis`), and simulated; each question asks for at least one event within a horizon. Beside it are
    scored the base rate, persistence and the tuned exponentially weighted mean, all from the same days.

    Parameters
    ----------
    data : DyadDays
        Daily counts; the days after an as-of date only judge.
    kinds : sequence of str, optional
        Kinds of events to forecast; by default all that `data` counts.
    every : int, >= 1 [day]
        Between as-of dates.
    first, last : date, optional
        First as-of date, by default 90 days into the record; and a date that none exceeds, by default
        the last whose longest window lies in the record.
    horizons : sequence of int [day]
        Lengths of the windows.
    trajectories : int
        Futures per date, in draws of 8.
    seed : int
        Of the simulation; the same for every date.
    threads : int, optional
    folder : path, optional
        Where finished dates are kept (`detente.backtesting.loop`); a second call goes on from there.
    progress : callable, optional

    Returns
    -------
    Backtest

    Raises
    ------
    ForecastError
        If there is no date to test, or the folder holds something else.
    KeyboardInterrupt
        If interrupted before one date was finished.
    """
    wanted = tuple(kinds) if kinds is not None else tuple(data.counts)
    used = DyadDays(data.actors, data.first_day, {kind: data.of(kind) for kind in wanted})
    end = used.first_day + dt.timedelta(days=used.n_days - 1)
    begin = first or used.first_day + dt.timedelta(days=BEGIN_AFTER - 1)
    latest = end - dt.timedelta(days=max(horizons))
    dates = as_of_dates(begin, min(last or latest, latest), every)
    if used.number(begin) + 1 < LEAST_DAYS:
        raise _too_early(used)
    settings = {
        "what": "dyads",
        "version": __version__,
        "record": _digest(used),
        "actors": list(used.actors),
        "kinds": list(wanted),
        "dates": [date.isoformat() for date in dates],
        "horizons": list(horizons),
        "trajectories": trajectories,
        "seed": seed,
    }

    def step(date: dt.date) -> Step:
        crisis = dyads_crisis(used, as_of=date, horizons=horizons)
        ensemble = simulate(
            crisis, trajectories=trajectories, seed=seed, threads=threads, budget=_budget(crisis)
        )
        if ensemble.interrupted:
            raise KeyboardInterrupt
        return Step(forecast_of(ensemble, crisis=crisis), _references(crisis, used, date))

    finished = run(dates, step, settings=settings, folder=folder, progress=progress)
    resolutions = tuple(_resolutions(finished.archive, used))
    if folder is not None:
        write_resolutions(folder, resolutions)
    asked = dyads_crisis(used, as_of=dates[0], horizons=horizons).questions
    return Backtest(
        title=f"{len(used.actors)} actors, {len(used.pairs)} directed dyads, {used.first_day} to {end}",
        dates=finished.dates,
        asked=len(dates),
        rows=_with_subjects(judge(finished.archive, resolutions, on=end), asked),
        groups=_groups(used, wanted, horizons),
        notes=overlapping(every, horizons),
        settings=settings,
        interrupted=finished.interrupted,
    )


def _too_early(data: DyadDays) -> ForecastError:
    day = data.first_day + dt.timedelta(days=LEAST_DAYS - 1)
    return ForecastError(f"the first as-of date needs {LEAST_DAYS} days of record before it: begin on {day}.")


def _budget(crisis: Crisis) -> int:
    """Firings that no future of this crisis can exceed: each clock fires, and wakes, once a day."""
    return int((crisis.horizon + 2) * 2 * len(crisis.moments)) + 1000


def _digest(data: DyadDays) -> str:
    """SHA-256 of the counts, hexadecimal."""
    state = hashlib.sha256(data.first_day.isoformat().encode())
    for kind in sorted(data.counts):
        state.update(kind.encode())
        state.update(np.ascontiguousarray(data.counts[kind]).tobytes())
    return state.hexdigest()


def _clock_of(question: Question) -> str:
    return str(getattr(question.yes_if, "happening", ""))


def _references(crisis: Crisis, data: DyadDays, date: dt.date) -> dict[str, Reference]:
    """Base rate, persistence and weighted mean of every question, from the days up to the date."""
    known = before(data, data.number(date) + 1)
    found: dict[str, Reference] = {}
    for kind, days, names in _windows(crisis, data):
        means = tuned_weighted_mean(known.happened(kind), days)
        for name, mean in zip(names, means, strict=True):
            naive = reference(crisis.questions[name], crisis)
            if naive is not None:
                found[name] = replace(naive, weighted_mean=float(mean))
    return found


def _windows(crisis: Crisis, data: DyadDays) -> Iterator[tuple[str, int, list[str]]]:
    """Kind, days and questions, in the order of the dyads."""
    for days in sorted({int(question.closes) for question in crisis.questions.values()}):
        for kind in data.counts:
            yield kind, days, [f"{clock_name(*dyad, kind)}_{days}d" for dyad in data.dyads]


def _resolutions(archive: Archive, data: DyadDays) -> Iterator[Resolution]:
    """How every question of the archive turned out, from the record."""
    happened = {
        clock_name(*dyad, kind): days
        for kind in data.counts
        for dyad, days in zip(data.dyads, data.happened(kind), strict=True)
    }
    for entry in archive.entries:
        begins = data.number(entry.as_of) + 1
        for answer in entry.answers:
            clock = answer.id.rpartition("_")[0]
            days = round((answer.closes - answer.opens) / dt.timedelta(days=1))
            came = np.flatnonzero(happened[clock][begins : begins + days])
            if came.size:
                when = answer.opens + dt.timedelta(days=int(came[0]), hours=12)
                known = answer.opens + dt.timedelta(days=int(came[0]) + 1)
                yield Resolution(entry.crisis, answer.id, answer.closes, "yes", known, when)
            else:
                yield Resolution(entry.crisis, answer.id, answer.closes, "no", answer.closes)


def _with_subjects(rows: Sequence[Judged], asked: Mapping[str, Question]) -> tuple[Judged, ...]:
    """The rows, clustered by dyad (of one kind)."""
    return tuple(replace(row, subject=_clock_of(asked[row.question])) for row in rows)


def _groups(data: DyadDays, kinds: Sequence[str], horizons: Sequence[int]) -> dict[str, frozenset[str]]:
    """The questions of each kind and horizon."""
    return {
        f"{kind.replace('_', ' ')}, {days} d": frozenset(
            f"{clock_name(*dyad, kind)}_{days}d" for dyad in data.dyads
        )
        for kind in kinds
        for days in sorted(horizons)
    }
