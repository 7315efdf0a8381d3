"""Typical paths: which actions come before the answer, in which order and when.

A future passes dozens of listed actions, most of which have nothing to do with the question. So the *steps* of
its paths are chosen first, by comparison at the same time: with every future that is answered at time T goes
another, drawn at random, in which that has not happened yet at T. A listed action is a step if it has happened
before T clearly more often (or less often) in the first than in the second, and if the crisis has a link through
which it can act on the answer (`upstream_of`). That it comes before does not say that it brings it about: that is
what a scenario tells. Futures with the same steps are one
path; its order is the commonest among them.

Where only the absence of something says yes ("will the truce hold?"), the paths are those to no.

References
----------
Clayton, D., Hills, M. (1993). Statistical Models in Epidemiology, ch. 15-16 (nested case-control studies). Oxford.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.analysis.answering import Answering, asked_question, share_of
from detente.analysis.chains import Side, upstream_of
from detente.analysis.readings import title_of
from detente.dates import date_at
from detente.engine import Ensemble, EventLog
from detente.forecasting.answers import answer_question
from detente.model import Crisis

Floats = NDArray[np.float64]

MOST_STEPS = 5
"""Steps that tell paths apart: at most 2⁵ paths."""

CLEAR = 4.0
"""A step differs from its comparison by so many standard errors: among 50 actions that do not matter none would
in 99.7 % of studies."""

LEAST = 50
"""Answered futures that are needed."""

LEAST_DIFFERENCE = 0.03
"""And by so much in share: a difference that is sure but small tells no path apart."""


@dataclass(frozen=True)
class Step:
    """An action that comes before the answer more often, or less often, than it does otherwise.

    `share` is that of the answered futures in which it came before, `otherwise` that of the futures compared
    with them at the same time; `error` is the standard error of the difference.
    """

    happening: str
    title: str
    share: float
    otherwise: float
    error: float


@dataclass(frozen=True)
class Path:
    """Futures that came to the answer by the same steps.

    Attributes
    ----------
    steps, titles : tuple of str
        In their commonest order; empty where none of the steps came before.
    dates : tuple of date
        Median first dates of the steps.
    n : int
    share, error : float
        Share of the answered futures, and its Monte Carlo error.
    otherwise : float
        Share of the futures compared with them that have the same steps: how common they are anyway.
    earliest, median, latest : date
        5 %, 50 % and 95 % quantiles of the date of the answer.
    in_order : float
        Share of these futures that have exactly this order.
    example : int
        The future nearest to the median dates.
    """

    steps: tuple[str, ...]
    titles: tuple[str, ...]
    dates: tuple[dt.date, ...]
    n: int
    share: float
    error: float
    otherwise: float
    earliest: dt.date
    median: dt.date
    latest: dt.date
    in_order: float
    example: int


@dataclass(frozen=True)
class Paths:
    """The paths of one question to the answer `side`, commonest first.

    `n` futures have this answer. Empty, with a `reason`, where there are too few.
    """

    question: str
    side: Side
    n: int
    steps: tuple[Step, ...] = ()
    paths: tuple[Path, ...] = ()
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The paths as plain data, ready for JSON; dates as text."""
        return {
            "question": self.question,
            "side": self.side,
            "n": self.n,
            "steps": [vars(step) for step in self.steps],
            "paths": [_plain(path) for path in self.paths],
            "reason": self.reason,
        }


def _plain(path: Path) -> dict[str, Any]:
    def of(value: Any) -> Any:
        if isinstance(value, tuple):
            return [of(each) for each in value]
        return value.isoformat() if isinstance(value, dt.date) else value

    return {name: of(value) for name, value in vars(path).items()}


def paths_to(ensemble: Ensemble, question: str, *, most_steps: int = MOST_STEPS) -> Paths:
    """The typical paths to the answer.

    Parameters
    ----------
    ensemble : Ensemble
        Simulated with ``log=True``.
    question : str
        Its id. A question about a state at its close counts as answered when the state last became so.
    most_steps : int, >= 0
        Actions by which paths are told apart, those that differ most first.

    Returns
    -------
    Paths

    Raises
    ------
    ForecastError
        If there is no such question, or the ensemble has no event log.

    Examples
    --------
    >>> from detente import load, simulate
    >>> cuba = simulate(load("cuba_1962"), trajectories=4000, seed=1, log=True)
    >>> found = paths_to(cuba, "Q2")
    >>> [step.happening for step in found.steps][:2]
    ['soviet_offer', 'aircraft_lost']
    >>> found.paths[0].titles
    ('The US Navy stops a Soviet ship by force',)
    """
    study = Answering(asked_question(ensemble.crisis, question), ensemble)
    side, answered = side_of(study), answer_question(study.question, ensemble)
    if answered.probability is None:
        return Paths(question, side, 0, reason=f"the question is not answered: {answered.reason}")
    when = _times(study, side)
    futures = np.flatnonzero(np.isfinite(when))
    if len(futures) < LEAST:
        reason = f"{len(futures)} futures say {side}; {LEAST} are needed to tell paths apart"
        return Paths(question, side, len(futures), reason=reason)
    decisive = {each.happening for each in study.deciders if each.side != "either"}
    able = upstream_of(study.question, ensemble.crisis) - decisive
    names = tuple(name for name in listed(ensemble.crisis) if name in able)
    first = first_times(study.book.log, names, ensemble.n_trajectories)
    others = _compared(futures, when, study.held, ensemble.settings.seed)
    steps = _steps(names, first, when, futures, others, ensemble, most_steps)
    paths = _paths(steps, names, first, when, futures, others, ensemble)
    return Paths(question, side, len(futures), steps, paths)


def side_of(study: Answering) -> Side:
    """The answer that happenings bring about; "no" where only their absence says yes."""
    sides = {each.side for each in study.deciders}
    return "no" if sides == {"no"} else "yes"


def _times(study: Answering, side: Side) -> Floats:
    """When each future got this answer [day]; infinity where it did not, or does not count."""
    times = np.full(len(study.yes), np.inf)
    for i in np.flatnonzero(study.held & (study.yes if side == "yes" else ~study.yes)):
        row = study.row(int(i), side)
        times[i] = study.book.log.time[row] if row >= 0 else min(study.when[i], study.last)
    return times


def listed(crisis: Crisis) -> tuple[str, ...]:
    """The happenings that paths are made of: listed actions, and other moments that have a title."""
    return tuple(name for name, moment in sorted(crisis.moments.items()) if moment.main or moment.title)


def first_times(log: EventLog, names: Sequence[str], n_trajectories: int) -> Floats:
    """First time of each of some happenings in each future [day], infinity if never; shape (n, len(names)).

    Examples
    --------
    >>> log = EventLog(np.array([0, 0, 1]), np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1]), np.zeros(3), ("a", "b"))
    >>> first_times(log, ["b", "a"], 2).tolist()
    [[inf, 1.0], [3.0, inf]]
    """
    column = np.full(len(log.names), -1)
    number = {name: k for k, name in enumerate(log.names)}
    for j, name in enumerate(names):
        column[number[name]] = j
    where = column[log.happening]
    rows = np.flatnonzero(where >= 0)[::-1]  # backwards: the earliest row is written last
    first = np.full((n_trajectories, len(names)), np.inf)
    first[log.trajectory[rows], where[rows]] = log.time[rows]
    return first


# ── steps ────────────────────────────────────────────────────────────────────────────────────────


def _compared(
    futures: NDArray[np.int64], when: Floats, held: NDArray[np.bool_], seed: int
) -> NDArray[np.int64]:
    """For each answered future another one that is not answered at that time; −1 where there is none."""
    rng = np.random.default_rng(seed)
    there = np.flatnonzero(held)
    order = there[np.argsort(when[there], kind="stable")]
    later = np.searchsorted(when[order], when[futures], side="right")
    left = len(order) - later
    place = later + np.floor(rng.random(len(futures)) * left).astype(np.int64)
    return np.where(left > 0, order[np.minimum(place, len(order) - 1)], -1)


def _steps(
    names: Sequence[str],
    first: Floats,
    when: Floats,
    futures: NDArray[np.int64],
    others: NDArray[np.int64],
    ensemble: Ensemble,
    most: int,
) -> tuple[Step, ...]:
    """The actions whose share before the answer differs clearly, those that differ most first."""
    paired = others >= 0
    mine, other = futures[paired], others[paired]
    if len(mine) < LEAST:
        return ()
    before = first[mine] < when[mine, None]
    against = first[other] < when[mine, None]
    difference = before.astype(np.float64) - against
    draws = mine // ensemble.settings.n_replicates
    found = []
    for j, name in enumerate(names):
        error = _clustered_error(difference[:, j], draws)
        size = float(difference[:, j].mean())
        if abs(size) >= LEAST_DIFFERENCE and abs(size) > CLEAR * error:
            shares = float(before[:, j].mean()), float(against[:, j].mean())
            found.append(Step(name, title_of(name, ensemble.crisis), *shares, error))
    found.sort(key=lambda step: (-abs(step.share - step.otherwise), step.happening))
    return tuple(found[:most])


def _clustered_error(values: Floats, draws: NDArray[np.int64]) -> float:
    """Standard error of a mean whose values are independent between draws only."""
    left = np.bincount(draws, values - values.mean())
    n_draws = len(np.unique(draws))
    if n_draws < 2:
        return math.inf
    return float(np.sqrt((left**2).sum() * n_draws / (n_draws - 1)) / len(values))


# ── paths ────────────────────────────────────────────────────────────────────────────────────────


def _paths(
    steps: Sequence[Step],
    names: Sequence[str],
    first: Floats,
    when: Floats,
    futures: NDArray[np.int64],
    others: NDArray[np.int64],
    ensemble: Ensemble,
) -> tuple[Path, ...]:
    columns = np.array([names.index(step.happening) for step in steps], np.int64)
    times = first[np.ix_(futures, columns)]
    times = np.where(times < when[futures, None], times, np.inf)
    patterns = np.isfinite(times)
    paired = others >= 0
    control = first[np.ix_(others[paired], columns)] < when[futures[paired], None]
    members: dict[tuple[bool, ...], list[int]] = defaultdict(list)
    for k, pattern in enumerate(patterns.tolist()):
        members[tuple(pattern)].append(k)
    found = []
    for pattern, rows in members.items():
        some = np.array(rows)
        otherwise = (
            float((control == np.array(pattern, np.bool_)).all(axis=1).mean()) if len(control) else math.nan
        )
        found.append(
            _path(np.array(pattern, np.bool_), some, times, steps, when, futures, otherwise, ensemble)
        )
    return tuple(sorted(found, key=lambda path: (-path.n, path.steps)))


def _path(
    pattern: NDArray[np.bool_],
    rows: NDArray[np.int64],
    times: Floats,
    steps: Sequence[Step],
    when: Floats,
    futures: NDArray[np.int64],
    otherwise: float,
    ensemble: Ensemble,
) -> Path:
    there = np.flatnonzero(pattern)
    mine, answered = times[np.ix_(rows, there)], when[futures[rows]]
    orders = Counter(tuple(there[np.argsort(row, kind="stable")].tolist()) for row in mine)
    order, in_order = min(orders.items(), key=lambda each: (-each[1], each[0]))
    medians = {int(j): float(np.median(mine[:, k])) for k, j in enumerate(there)}
    low, middle, high = np.quantile(answered, [0.05, 0.5, 0.95], method="inverted_cdf")
    share, error = share_of(futures[rows], futures, ensemble)
    as_of = ensemble.crisis.as_of
    return Path(
        steps=tuple(steps[j].happening for j in order),
        titles=tuple(steps[j].title for j in order),
        dates=tuple(date_at(as_of, medians[j]).date() for j in order),
        n=len(rows),
        share=share,
        error=error,
        otherwise=otherwise,
        earliest=date_at(as_of, float(low)).date(),
        median=date_at(as_of, float(middle)).date(),
        latest=date_at(as_of, float(high)).date(),
        in_order=in_order / len(rows),
        example=_nearest(rows, mine, answered, futures),
    )


def _nearest(rows: NDArray[np.int64], times: Floats, answered: Floats, futures: NDArray[np.int64]) -> int:
    """The future whose times are nearest to the medians, in mean absolute distance."""
    every = np.column_stack([times, answered])
    distance = np.abs(every - np.median(every, axis=0)).mean(axis=1)
    return int(futures[rows[int(np.argmin(distance))]])
