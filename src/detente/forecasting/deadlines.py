"""What is dated ahead: fixed days, legal clocks that are running, and the days on which questions close."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from detente.engine.compiling import compile_crisis
from detente.engine.replaying import prepare
from detente.forecasting.answers import last_day
from detente.model import Crisis, Schedule, Timer

DeadlineKind = Literal["date", "occasion", "clock", "question"]

_DRAWS = 64


@dataclass(frozen=True, order=True)
class Deadline:
    """One day ahead on which something is due.

    Attributes
    ----------
    day : date
        The day, or the last day, that counts.
    kind : {'date', 'occasion', 'clock', 'question'}
        A fixed date; a day on which something may be decided; a clock that is running at the as-of date and strikes
        then unless it is stopped; the close of a question.
    name, title : str
        As in the crisis.
    outcomes : tuple of str
        Ways in which an occasion or a clock may turn out.
    """

    day: dt.date
    kind: DeadlineKind
    name: str
    title: str
    outcomes: tuple[str, ...] = ()


def deadlines_of(crisis: Crisis) -> tuple[Deadline, ...]:
    """Everything dated between the as-of date and the horizon, in order of the day.

    Clocks that are running follow from a replay of the record; those whose end is a matter of chance are left out.

    Examples
    --------
    >>> from detente.catalog import load
    >>> [found.title for found in deadlines_of(load("cuba_1962")) if found.kind == "occasion"]
    ['The American states meet']
    """
    found = [*_named_days(crisis), *_dates(crisis), *_clocks(crisis), *_closes(crisis)]
    return tuple(sorted(each for each in found if each.day > crisis.as_of))


def _named_days(crisis: Crisis) -> Iterator[Deadline]:
    """The days that the file gives a name."""
    for name, time in crisis.calendar.items():
        if 0.0 < time <= crisis.horizon:
            yield Deadline(last_day(crisis, time + 1e-6), "date", name, in_words(name))


def _dates(crisis: Crisis) -> Iterator[Deadline]:
    for name, moment in crisis.moments.items():
        if isinstance(moment.cause, Schedule) and moment.title:
            outcomes = tuple(outcome.title or outcome.name for outcome in moment.outcomes)
            for time in moment.cause.times:
                if 0.0 < time <= crisis.horizon:
                    yield Deadline(
                        last_day(crisis, time + 1e-6), moment.cause.kind, name, moment.title, outcomes
                    )


def _clocks(crisis: Crisis) -> Iterator[Deadline]:
    """Timers that every draw leaves running until the same day."""
    compiled = compile_crisis(crisis)
    if not compiled.timers:
        return
    start = prepare(compiled, compiled.tables, seed=0, n_draws=_DRAWS, epoch=7.0)
    for name, strikes in zip(compiled.timers, start.strikes, strict=True):
        moment = crisis.moments[name]
        assert isinstance(moment.cause, Timer)
        same = np.isfinite(strikes).all() and np.ptp(strikes) < 1.0
        if same and moment.cause.varies is None and 0.0 < strikes[0] <= crisis.horizon:
            outcomes = tuple(outcome.title or outcome.name for outcome in moment.outcomes)
            day = last_day(crisis, float(strikes[0]))
            yield Deadline(day, "clock", name, moment.title or in_words(name), outcomes)


def _closes(crisis: Crisis) -> Iterator[Deadline]:
    for name, question in crisis.questions.items():
        yield Deadline(last_day(crisis, question.closes), "question", name, question.text)


def in_words(name: str) -> str:
    """A name of the file as words: ``lebanon_truce.term`` as 'Lebanon truce: term'.

    Examples
    --------
    >>> in_words("lebanon_truce.term"), in_words("last_notice")
    ('Lebanon truce: term', 'Last notice')
    """
    text = name.replace("_", " ").replace(".", ": ")
    return text[:1].upper() + text[1:]
