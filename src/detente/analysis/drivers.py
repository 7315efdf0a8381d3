"""Why a question is answered as it is: what answers it, and what raises or lowers the intensity of that.

The contributions are the logarithms of the factors that stand in the crisis, read by the engine's own definition
(`detente.analysis.readings`) in the states that its futures pass through. Means over futures are means of
logarithms, so they add up: the mean log base and the mean logs of all factors give the mean log intensity.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.analysis.answering import Answering, Behind, Way, asked_question
from detente.analysis.chains import Decider, Side, stocks_behind
from detente.analysis.readings import Mark, Part, Reading, flow_of, movers_of, part_of, title_of
from detente.analysis.snapshots import Snapshot, posterior_of, snapshots_at
from detente.dates import date_at
from detente.engine import Ensemble
from detente.engine.reference import replay_reference
from detente.engine.sampling import draw_parameters, with_unit_rates
from detente.forecasting.answers import Answer, answer_question
from detente.model import Crisis, Question

Floats = NDArray[np.float64]

SAMPLE = 200
"""Futures whose states are read, one of each of so many draws."""

POINTS = 9
"""Days, from the as-of date to the close, at which they are read."""

MOST = 6
"""Drivers that are taken apart."""

NEAR_ONE = 0.01
"""A mean log contribution below this is no contribution."""


@dataclass(frozen=True)
class Contribution:
    """One factor at the as-of date over the draws.

    `log` is the mean natural logarithm of its value and ``exp(log)`` the value that a table shows; [`low`,
    `high`] is the 90 % range of the value over draws. `marks` are the latest of the record that moved it.
    """

    label: str
    log: float
    low: float
    high: float
    marks: tuple[Mark, ...] = ()

    @property
    def value(self) -> float:
        """Geometric mean of the factor."""
        return math.exp(self.log)


@dataclass(frozen=True)
class Course:
    """Mean log contributions over time, among futures in which yes is not certain yet.

    Attributes
    ----------
    dates : (T,) dates
    n : (T,) ints
        Futures that are read.
    open : (T,) floats in [0, 1]
        Share of them in which the intensity is above zero; the means are over these, NaN where there are none.
    base : (T,) floats
        Mean log of the base.
    factors : (T, J) floats
        Mean log of each factor.
    intensity : (T,) floats
        Mean log of the intensity: ``base + factors.sum(axis=1)``.
    """

    dates: tuple[dt.date, ...]
    n: NDArray[np.int64]
    open: Floats
    base: Floats
    factors: Floats
    intensity: Floats


@dataclass(frozen=True)
class Driver:
    """A clock or an outcome that lies behind the answer, taken apart.

    `kind` is ``rate`` [1/day], ``odds`` (weight of an outcome) or ``flow`` (of a stock, per day). `side` is the
    answer that it brings about. `share` is that of the futures with this answer in which it lies behind it; 0 for
    what is watched without having answered any, and for flows, which leave no trace in the event log. `open` is
    the share of draws in which the intensity is above zero at the as-of date; `base` and `intensity` are geometric
    means over these (NaN if none), the base with every factor at 1. `labels` name the factors; `contributions` are
    empty where the intensity is zero in all draws.
    """

    name: str
    title: str
    kind: str
    side: Side
    share: float
    open: float
    base: float
    intensity: float
    labels: tuple[str, ...]
    contributions: tuple[Contribution, ...]
    course: Course

    @property
    def strongest(self) -> tuple[Contribution, ...]:
        """The contributions that count, the strongest first."""
        some = (each for each in self.contributions if abs(each.log) >= NEAR_ONE)
        return tuple(sorted(some, key=lambda each: -abs(each.log)))


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why one question is answered as it is: its answer, the ways to it, and what drives them."""

    question: Question
    answer: Answer
    deciders: tuple[Decider, ...]
    ways: tuple[Way, ...]
    drivers: tuple[Driver, ...]

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain data, ready for JSON; dates as text, None for NaN."""
        return {
            "question": self.answer.as_dict(),
            "deciders": [{"happening": each.happening, "side": each.side} for each in self.deciders],
            "ways": [
                {
                    "side": way.side,
                    "chain": list(way.chain),
                    "n": way.n,
                    "share": way.share,
                    "error": way.error,
                }
                for way in self.ways
            ],
            "drivers": [_driver_as_dict(driver) for driver in self.drivers],
        }


def _driver_as_dict(driver: Driver) -> dict[str, Any]:
    course = driver.course
    return {
        "name": driver.name,
        "title": driver.title,
        "kind": driver.kind,
        "side": driver.side,
        "share": driver.share,
        "open": driver.open,
        "base": _known(driver.base),
        "intensity": _known(driver.intensity),
        "factors": [
            {
                "label": each.label,
                "log": each.log,
                "value": each.value,
                "low": each.low,
                "high": each.high,
                "moved_by": [
                    {"date": mark.date.isoformat(), "happening": mark.happening} for mark in each.marks
                ],
            }
            for each in driver.contributions
        ],
        "course": {
            "dates": [date.isoformat() for date in course.dates],
            "n": course.n.tolist(),
            "open": list(map(_known, course.open.tolist())),
            "base": list(map(_known, course.base.tolist())),
            "factors": [list(map(_known, row)) for row in course.factors.tolist()],
            "intensity": list(map(_known, course.intensity.tolist())),
        },
    }


def explain(
    ensemble: Ensemble, question: str, *, sample: int = SAMPLE, points: int = POINTS, most: int = MOST
) -> Explanation:
    """Say what answers a question, and what raises or lowers the intensities behind it.

    Parameters
    ----------
    ensemble : Ensemble
        Simulated with ``log=True``.
    question : str
        Its id.
    sample : int, >= 1
        Futures whose states are read, each of another draw; runaway ones are left out.
    points : int, >= 2
        Days at which they are read, from the as-of date to the close.
    most : int, >= 1
        Clocks and outcomes that are taken apart, those behind most answers first.

    Returns
    -------
    Explanation
        Without ways and drivers where the forecast refuses the question.

    Raises
    ------
    ForecastError
        If there is no such question, or the ensemble has no event log.

    Examples
    --------
    >>> from detente import load, simulate
    >>> cuba = simulate(load("cuba_1962"), trajectories=400, seed=1, log=True)
    >>> found = explain(cuba, "Q2", sample=20)
    >>> found.drivers[0].name, found.ways[0].chain
    ('us_strikes_cuba', ('us_strikes_cuba',))
    >>> course = found.drivers[0].course
    >>> bool(np.allclose(course.base + course.factors.sum(axis=1), course.intensity, equal_nan=True))
    True
    """
    crisis = ensemble.crisis
    asked = asked_question(crisis, question)
    study, answered = Answering(asked, ensemble), answer_question(asked, ensemble)
    if answered.probability is None:
        return Explanation(asked, answered, study.deciders, (), ())
    ways, behind = study.ways()
    parts = _parts(behind, study, most)
    courses = _read(parts, study, sample, points)
    record = recorded_happenings(crisis, ensemble.settings.seed)
    drivers = tuple(
        _driver(part, behind, found, _dates(crisis, points, study.last), record, crisis)
        for part, found in zip(parts, courses, strict=True)
    )
    return Explanation(asked, answered, study.deciders, ways, drivers)


# ── what drives it ───────────────────────────────────────────────────────────────────────────────


def _parts(behind: Behind, study: Answering, most: int) -> list[Part]:
    """What to take apart: clocks and outcomes behind the answers, then watched ones; flows, first of a stock."""
    question, crisis = study.question, study.crisis
    names = sorted(behind, key=lambda name: (-behind[name][1], name))
    names += [each.happening for each in study.deciders if each.happening not in behind]
    parts = [part_of(name, crisis) for name in names]
    flows = [flow_of(stock, crisis) for stock in stocks_behind(question, crisis)]
    about_a_stock = all(each.side == "either" for each in study.deciders)
    parts = flows + parts if about_a_stock else parts + flows
    return [part for part in parts if part is not None and (part.factors or part.kind != "odds")][:most]


def _days(last: float, points: int) -> list[int]:
    """Whole days from the as-of date to a last one, evenly, each once."""
    return sorted({round(day) for day in np.linspace(0.0, math.floor(last), points)})


def _dates(crisis: Crisis, points: int, last: float) -> tuple[dt.date, ...]:
    return tuple(crisis.as_of + dt.timedelta(days=day) for day in _days(last, points))


Found = list[tuple[int, list[Reading]]]
"""Per day the number of futures in which yes is not certain yet, and the readings of one part in them."""


def _read(parts: Sequence[Part], study: Answering, sample: int, points: int) -> list[Found]:
    """Readings of all parts in a sample of futures."""
    ensemble = study.ensemble
    draws = np.unique(np.linspace(0, ensemble.finished - 1, min(sample, ensemble.finished)).astype(np.int64))
    trajectories = draws * ensemble.settings.n_replicates
    trajectories = trajectories[~ensemble.runaway[trajectories]]
    found: list[Found] = [[] for _ in parts]
    days = _days(study.last, points)
    states = snapshots_at(ensemble.crisis, ensemble.settings, trajectories, days, posterior_of(ensemble))
    for day, shots in zip(days, states, strict=True):
        waiting = [shot for shot in shots if day == 0 or study.when[shot.trajectory] > day]
        for part, readings in zip(parts, found, strict=True):
            readings.append((len(waiting), [_reading(part, shot) for shot in waiting]))
    return found


def _reading(part: Part, shot: Snapshot) -> Reading:
    return part.read(shot.world, shot.time)


def _driver(
    part: Part,
    behind: Behind,
    found: Found,
    dates: tuple[dt.date, ...],
    record: Sequence[tuple[float, str]],
    crisis: Crisis,
) -> Driver:
    side, share = behind.get(part.name, ("either", 0.0))
    course = _course(found, len(part.factors), dates)
    now = [reading for reading in found[0][1] if reading.intensity > 0.0]
    contributions = tuple(
        Contribution(
            label=factor.label,
            log=float(course.factors[0, j]),
            low=float(np.quantile([each.factors[j] for each in now], 0.05)),
            high=float(np.quantile([each.factors[j] for each in now], 0.95)),
            marks=_marks(movers_of(factor, crisis), record, crisis),
        )
        for j, factor in enumerate(part.factors)
        if now
    )
    return Driver(
        name=part.name,
        title=part.title,
        kind=part.kind,
        side=side,
        share=share,
        open=float(course.open[0]),
        base=math.exp(course.base[0]),
        intensity=math.exp(course.intensity[0]),
        labels=part.labels,
        contributions=contributions,
        course=course,
    )


def _course(found: Found, n_factors: int, dates: tuple[dt.date, ...]) -> Course:
    logs = np.full((len(found), 1 + n_factors), np.nan)
    intensity, is_open = np.full(len(found), np.nan), np.full(len(found), np.nan)
    for k, (n, readings) in enumerate(found):
        going = [reading for reading in readings if reading.intensity > 0.0]
        is_open[k] = len(going) / n if n else math.nan
        if going:
            logs[k] = np.mean([reading.logs for reading in going], axis=0)
            intensity[k] = np.mean([math.log(reading.intensity) for reading in going])
    waiting = np.array([n for n, _ in found], np.int64)
    return Course(dates, waiting, is_open, logs[:, 0], logs[:, 1:], intensity)


# ── what the record has to do with it ────────────────────────────────────────────────────────────


def recorded_happenings(crisis: Crisis, seed: int) -> tuple[tuple[float, str], ...]:
    """Everything that happens in the replay of the record of draw 0: times [day, <= 0] and happenings, in order.

    Examples
    --------
    >>> from detente import load
    >>> [name for _, name in recorded_happenings(load("cuba_1962"), 1)][:3]
    ['missiles_found', 'excomm.opened', 'excomm.decided']
    """
    if crisis.record_from >= 0.0:
        return ()
    parameters = tuple(crisis.parameters.values())
    values = with_unit_rates(parameters, draw_parameters(parameters, seed, 1))
    first = {name: float(each[0]) for name, each in values.items()}
    return tuple(replay_reference(crisis, first, seed=seed, draw=0).log)


def _marks(
    movers: frozenset[str], record: Sequence[tuple[float, str]], crisis: Crisis, most: int = 2
) -> tuple[Mark, ...]:
    """The latest happenings of the record among some, the newest first."""
    found = [(time, name) for time, name in record if name in movers][-most:]
    return tuple(
        Mark(name, title_of(name, crisis), date_at(crisis.as_of, time).date())
        for time, name in reversed(found)
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
