"""Backtest of any crisis on its own record: as of past dates, rewind, fit, forecast, and score what followed.

Asked is, of each listed action whose record is complete (`complete_from`), whether it happens within a horizon;
and what the crisis itself asks, where the answer follows from complete records and the question closes inside
the record. A question that the record cannot answer is not asked.

A backtest on the record that an analyst wrote down afterwards flatters: the actions listed, the factors and the
start values were chosen by someone who knew what came. What rewinding cannot make unseen is listed with the
result, and the scores are an upper bound of what the crisis would have reached then.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from detente.backtesting.loop import (
    Finished,
    Progress,
    Step,
    as_of_dates,
    overlapping,
    run,
    write_resolutions,
)
from detente.backtesting.results import Backtest
from detente.crisisfile import dumps
from detente.dates import date_at
from detente.errors import ForecastError
from detente.expressions import First
from detente.forecasting import forecast
from detente.forecasting.archive import Archive
from detente.forecasting.judging import judge
from detente.forecasting.references import record_of
from detente.forecasting.resolutions import Resolution
from detente.inference import fit
from detente.ledger.rewinding import rewind
from detente.model import Crisis, Question
from detente.provenance import __version__, digest_of_text

BEGIN_AFTER = 90
"""Days of complete record before the first as-of date, if none is given [day]."""

LONGEST_NOTE = 160
"""Characters of a note about hindsight; the whole of it stands in the folder `notes`."""

PATHS = 20
"""Draws of what is not fitted, per fit."""


@dataclass(frozen=True)
class Plan:
    """What is asked in a backtest: as-of dates, and of what the record can tell."""

    dates: tuple[dt.date, ...]
    horizons: tuple[int, ...]
    actions: tuple[str, ...]
    own: tuple[str, ...]
    left_out: tuple[str, ...]


def backtest(
    crisis: Crisis,
    *,
    every: int = 30,
    first: dt.date | None = None,
    last: dt.date | None = None,
    horizons: Sequence[int] = (30,),
    fitted: bool = True,
    paths: int = PATHS,
    trajectories: int = 2000,
    seed: int = 0,
    threads: int | None = None,
    processes: int | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Forecast a crisis as of past dates, and score it on what its record says came.

    Parameters
    ----------
    crisis : Crisis
    every : int, >= 1 [day]
        Between as-of dates.
    first, last : date, optional
        First as-of date, by default 90 days into the first complete record; and a date that none exceeds,
        by default the last whose window lies in the record.
    horizons : sequence of int, >= 1 [day]
        Lengths of the windows.
    fitted : bool
        Whether rates and factors are fitted to the record as it stood; else the priors of the file are used.
    paths : int
        Draws of what is not fitted, per fit.
    trajectories, seed, threads
        Of each forecast.
    processes : int, optional
        Processes that replay for the fit; by default this one alone (`detente.inference.fit`).
    folder : path, optional
        Where finished dates are kept (`detente.backtesting.loop`); a second call goes on from there.
    progress : callable, optional

    Returns
    -------
    Backtest

    Raises
    ------
    ForecastError
        If no listed action has a complete record, there is no date to test, or the folder holds something else.
    KeyboardInterrupt
        If interrupted before one date was finished.
    """
    plan = plan_of(crisis, every=every, first=first, last=last, horizons=horizons)
    settings = {
        "what": "crisis",
        "version": __version__,
        "crisis": crisis.name,
        "digest": digest_of_text(dumps(crisis)),
        "dates": [date.isoformat() for date in plan.dates],
        "horizons": list(plan.horizons),
        "fitted": fitted,
        "paths": paths if fitted else None,
        "trajectories": trajectories,
        "seed": seed,
    }

    def step(date: dt.date) -> Step:
        rewound = rewind(crisis, date)
        asked = asking(rewound.crisis, crisis, plan)
        draws = fit(asked, paths=paths, seed=seed, processes=processes).parameters if fitted else None
        found = forecast(asked, trajectories=trajectories, seed=seed, threads=threads, posterior=draws)
        if found.ensemble.interrupted:
            raise KeyboardInterrupt
        return Step(found, notes=rewound.hindsight)

    finished = run(plan.dates, step, settings=settings, folder=folder, progress=progress)
    resolutions = tuple(resolutions_of(finished.archive, crisis))
    if folder is not None:
        write_resolutions(folder, resolutions)
    asked_for = {_question_name(name, days): name for name in plan.actions for days in plan.horizons}
    rows = judge(finished.archive, resolutions, on=crisis.as_of)
    return Backtest(
        title=f"{crisis.title} ({crisis.name}), {'fitted' if fitted else 'not fitted'}",
        dates=finished.dates,
        asked=len(plan.dates),
        rows=tuple(replace(row, subject=asked_for.get(row.question, row.question)) for row in rows),
        groups=_groups(plan),
        notes=(*plan.left_out, *overlapping(every, plan.horizons), *_hindsight(finished)),
        settings=settings,
        interrupted=finished.interrupted,
    )


def _hindsight(finished: Finished) -> Iterator[str]:
    """What could not be made unseen as of the first date, in short; later dates owe less."""
    if finished.notes:
        first = min(finished.notes)
        for line in finished.notes[first]:
            short = line if len(line) <= LONGEST_NOTE else f"{line[:LONGEST_NOTE].rpartition(',')[0]} …"
            yield f"Not unseen as of {first}: {short}"


def plan_of(
    crisis: Crisis,
    *,
    every: int,
    first: dt.date | None,
    last: dt.date | None,
    horizons: Sequence[int],
) -> Plan:
    """The as-of dates, and what the record of a crisis can answer.

    Raises
    ------
    ForecastError
        If that is nothing.
    """
    if not horizons or min(horizons) < 1:
        raise ForecastError("horizons: give one or more whole numbers of days above zero, such as 30.")
    listed = [name for name in sorted(crisis.moments) if crisis.moments[name].main]
    since = {name: complete for name in listed if (complete := _complete_from(name, crisis)) is not None}
    if not since:
        raise ForecastError(
            f"'{crisis.name}' has no listed action with a complete record, so that nothing says what did not happen."
            " Give actions `complete_from:`, where the record holds every occurrence since then."
        )
    begin = first or _day(crisis, min(since.values()) + BEGIN_AFTER)
    if (begin - crisis.as_of).days <= min(since.values()):
        raise ForecastError(
            f"no action's record is complete as of {begin}. Begin after {_day(crisis, min(since.values()))}."
        )
    latest = crisis.as_of - dt.timedelta(days=max(horizons))
    dates = as_of_dates(begin, min(last or latest, latest), every)
    own = tuple(
        name
        for name, question in crisis.questions.items()
        if question.closes <= 0.0 and question.given is None and record_of(question, crisis) is not None
    )
    absent = [name for name in listed if name not in since]
    told = f"Not asked, as their record is not complete: {', '.join(absent)}."
    return Plan(dates, tuple(sorted(set(horizons))), tuple(since), own, (told,) if absent else ())


def asking(rewound: Crisis, crisis: Crisis, plan: Plan) -> Crisis:
    """The crisis of a past date with the questions that the later record can answer, and no others."""
    begins = float((rewound.as_of - crisis.as_of).days)
    questions = {name: rewound.questions[name] for name in plan.own if _is_open(name, rewound)}
    for action in plan.actions:
        complete = _complete_from(action, crisis)
        if complete is not None and complete < begins:
            title = crisis.moments[action].title or action
            questions |= {(q := _question(action, title, days)).name: q for days in plan.horizons}
    longest = max(question.closes for question in questions.values())
    return replace(rewound, questions=dict(sorted(questions.items())), horizon=longest)


def _is_open(name: str, rewound: Crisis) -> bool:
    return name in rewound.questions and rewound.questions[name].closes > 0.0


def _question(action: str, title: str, days: int) -> Question:
    return Question(
        _question_name(action, days),
        text=f"{title}: within {days} days?",
        yes_if=First(action),
        closes=float(days),
        criterion="In the record of the crisis.",
    )


def _question_name(action: str, days: int) -> str:
    return f"{_word(action)}_{days}d"


def resolutions_of(archive: Archive, crisis: Crisis) -> Iterator[Resolution]:
    """How the questions of a backtest turned out, by the record of the whole crisis."""
    end = _instant(crisis, 0.0)
    for entry in archive.entries:
        for answer in entry.answers:
            question = crisis.questions.get(answer.id) or _generated(answer.id, crisis)
            record = None if question is None else record_of(question, crisis)
            if record is None or answer.closes > end:
                continue
            opens, closes = (
                (instant - end) / dt.timedelta(days=1) for instant in (answer.opens, answer.closes)
            )
            came = record.times[(record.times > opens) & (record.times <= closes)]
            if came.size:
                when = _instant(crisis, float(np.min(came)))
                yield Resolution(entry.crisis, answer.id, answer.closes, "yes", when, when)
            else:
                yield Resolution(entry.crisis, answer.id, answer.closes, "no", answer.closes)


def _generated(name: str, crisis: Crisis) -> Question | None:
    """The question of a listed action again, from the name that it was given."""
    head = name.rpartition("_")[0]
    for action, moment in crisis.moments.items():
        if moment.main and _word(action) == head:
            return Question(name, "", First(action), closes=0.0)
    return None


def _complete_from(name: str, crisis: Crisis) -> float | None:
    complete = crisis.moments[name].coding.complete_from
    return None if complete is None else max(complete, crisis.record_from)


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _day(crisis: Crisis, time: float) -> dt.date:
    return crisis.as_of + dt.timedelta(days=int(np.ceil(time)))


def _instant(crisis: Crisis, time: float) -> dt.datetime:
    return date_at(crisis.as_of, time)


def _groups(plan: Plan) -> dict[str, frozenset[str]]:
    """Each horizon, each action, and what the crisis itself asks."""
    groups = {
        f"actions, {days} d": frozenset(_question_name(name, days) for name in plan.actions)
        for days in plan.horizons
    }
    for name in plan.actions:
        groups[name] = frozenset(_question_name(name, days) for days in plan.horizons)
    return groups | ({"questions of the crisis": frozenset(plan.own)} if plan.own else {})
