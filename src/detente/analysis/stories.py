"""One future as a readable account: what happened when, and each time why.

The happenings and their causes are those of the kernel's event log. Where a clock ran out, its intensity just
before is read off the plain reference, which runs through the very same future; so are the shares of outcomes.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from detente.analysis.answering import asked_question
from detente.analysis.chains import Logbook, deciders_of
from detente.analysis.drivers import recorded_happenings
from detente.analysis.readings import Mark, Part, Reading, movers_of, part_of, title_of
from detente.analysis.snapshots import Posterior, log_of, start_of
from detente.analysis.turns import Pressure, Reasons, Story, Turn, Why
from detente.dates import date_at
from detente.engine import EventLog, Settings
from detente.engine.reference import simulate_reference
from detente.engine.reference_agenda import Observer
from detente.engine.reference_values import World
from detente.errors import ForecastError
from detente.model import Crisis, Moment, Schedule, Timer, Trigger

SOON = 1e-9
"""Readings at the time of a firing itself are those after it [day]."""

MOST_FACTORS = 4
"""Factors that a turn names."""

NEAR_ONE = 0.02
"""A factor whose logarithm is smaller is not worth a word."""


def tell(
    crisis: Crisis,
    settings: Settings,
    trajectory: int,
    *,
    question: str = "",
    also: frozenset[str] = frozenset(),
    until: float | None = None,
    everything: bool = False,
    posterior: Posterior | None = None,
) -> Story:
    """Tell one future.

    Parameters
    ----------
    crisis : Crisis
    settings : Settings
        Of the ensemble that the future belongs to.
    trajectory : int
        Its number, from 0.
    question : str
        Id of the question that it is told for: what answers it, and what led there, is told too. Empty: none.
    also : frozenset of str
        Happenings that are told beside the listed actions, such as the steps of a path.
    until : float, optional
        Day after which nothing is told; by default the horizon.
    everything : bool
        Tell every happening, not only the listed actions and what led to the answer.
    posterior : mapping of str to (n,) floats, optional
        Joint draws that the ensemble was run with; see `detente.analysis.snapshots.posterior_of`.

    Returns
    -------
    Story

    Raises
    ------
    ForecastError
        If there is no such trajectory or question.

    Examples
    --------
    >>> from detente import load
    >>> story = tell(load("cuba_1962"), Settings(1, 10, 8, 70.0), 3)
    >>> [(turn.title, turn.reasons.why, turn.reasons.cause) for turn in story.turns]  # doctest: +ELLIPSIS
    [('Washington sets a term', 'clock', ''), ('Moscow announces ...', 'raised', 'ultimatum.deadline.met')]
    """
    if not 0 <= trajectory < settings.n_trajectories:
        raise ForecastError(
            f"there is no trajectory {trajectory}: they are numbered 0 to {settings.n_trajectories - 1:,}."
        )
    if question:
        asked_question(crisis, question)
    log = log_of(crisis, settings, trajectory, posterior)
    teller = _Teller(crisis, settings, trajectory, log, question)
    return teller.story(also, until, everything, posterior)


# ── reading along ────────────────────────────────────────────────────────────────────────────────


class _Witness(Observer):
    """Keeps the last reading of each clock before it fires, and the chances of each choice."""

    def __init__(self, crisis: Crisis, firings: Mapping[str, Sequence[float]], tick: float) -> None:
        self.crisis, self.tick = crisis, tick
        self.ahead = {name: list(times) for name, times in firings.items()}
        self.parts = {name: _part(name, crisis) for name in firings}
        self.rates: dict[tuple[str, float], Reading] = {}
        self.chances: dict[tuple[str, int], float] = {}
        self.choices: dict[str, int] = defaultdict(int)

    def read(self, clock: str, world: World, t: float, middle: float) -> None:
        ahead = self.ahead.get(clock)
        while ahead and ahead[0] <= t + SOON:
            ahead.pop(0)
        if ahead and ahead[0] <= t + self.tick + SOON:
            self.rates[clock, ahead[0]] = self.parts[clock].read(world, middle)

    def choose(self, moment: Moment, outcome: str, world: World, t: float) -> None:
        weights = {
            each.name: _part(f"{moment.name}.{each.name}", self.crisis).read(world, t).intensity
            for each in moment.outcomes
        }
        self.choices[moment.name] += 1
        total = sum(weights.values())
        if total > 0.0:
            self.chances[moment.name, self.choices[moment.name]] = weights[outcome] / total


def _part(happening: str, crisis: Crisis) -> Part:
    part = part_of(happening, crisis)
    assert part is not None
    return part


# ── telling ──────────────────────────────────────────────────────────────────────────────────────


class _Teller:
    """One future with everything that is known of it."""

    def __init__(
        self, crisis: Crisis, settings: Settings, trajectory: int, log: EventLog, question: str
    ) -> None:
        self.crisis, self.settings, self.trajectory, self.question = crisis, settings, trajectory, question
        self.book = Logbook(log, 1)
        self.times: list[float] = log.time.tolist()
        self.names: list[str] = [log.names[number] for number in log.happening.tolist()]
        self.causes: list[str] = [log.names[number] if number >= 0 else "" for number in log.cause.tolist()]
        self.record = recorded_happenings(crisis, settings.seed)
        self.parts: dict[str, Part] = {}
        for name in set(self.names):
            part = part_of(name, crisis)
            if part is not None and part.kind == "rate":
                self.parts[name] = part

    def story(
        self, also: frozenset[str], until: float | None, everything: bool, posterior: Posterior | None
    ) -> Story:
        """The whole account."""
        witness = self._witness(posterior)
        told, decisive = self._told(also, everything)
        last = self.settings.horizon if until is None else until
        turns = tuple(self._turn(row, witness, row in decisive) for row in told if self.times[row] <= last)
        return Story(
            crisis=self.crisis.name,
            title=self.crisis.title,
            seed=self.settings.seed,
            trajectory=self.trajectory,
            question=self.question,
            turns=turns,
            n_happenings=len(self.times),
        )

    def _witness(self, posterior: Posterior | None) -> _Witness:
        """Run the reference through the same future and read along."""
        firings: dict[str, list[float]] = {name: [] for name in self.parts}
        for time, name, cause in zip(self.times, self.names, self.causes, strict=True):
            if name in firings and not cause:
                firings[name].append(time)
        witness = _Witness(self.crisis, firings, self.settings.tick)
        values, start = start_of(self.crisis, self.settings, self.trajectory, posterior)
        simulate_reference(
            self.crisis,
            values,
            seed=self.settings.seed,
            number=self.trajectory,
            start=start,
            tick=self.settings.tick,
            epoch=self.settings.epoch,
            horizon=self.settings.horizon,
            observer=witness,
        )
        return witness

    def _told(self, also: frozenset[str], everything: bool) -> tuple[list[int], set[int]]:
        """Rows of moments to tell, in order, and those that answered the question."""
        decisive, chain = self._decisive()
        rows = [
            row
            for row, name in enumerate(self.names)
            if name in self.crisis.moments
            and (everything or row in chain or name in also or self.crisis.moments[name].main)
        ]
        return rows, decisive

    def _decisive(self) -> tuple[set[int], set[int]]:
        """Rows that the question watches, first of each, as rows of their moments; and all that led to them."""
        if not self.question:
            return set(), set()
        asked = self.crisis.questions[self.question]
        decisive: set[int] = set()
        chain: set[int] = set()
        for decider in deciders_of(asked, self.crisis):
            times = (k for k, name in enumerate(self.names) if name == decider.happening)
            inside = [k for k in times if asked.opens < self.times[k] <= asked.closes]
            for row in inside[:1] if decider.side != "either" else ():
                decisive.add(self._moment_of(row))
                while row >= 0:
                    chain.add(self._moment_of(row))
                    row = self.book.cause_of(row)
        return decisive, chain

    def _moment_of(self, row: int) -> int:
        """The row of the moment, where a row is one of its outcomes."""
        return row if self.names[row] in self.crisis.moments else self.book.cause_of(row)

    # ── one turn ────────────────────────────────────────────────────────────────────────────────

    def _turn(self, row: int, witness: _Witness, decisive: bool) -> Turn:
        name, time = self.names[row], self.times[row]
        outcome = self._outcome(row)
        chance = None
        if outcome:
            nth = self.names[: row + 1].count(name)
            chance = witness.chances.get((name, nth - self._undecided(row)))
        return Turn(
            time=time,
            date=self._date(time),
            happening=name,
            title=title_of(name, self.crisis),
            reasons=self._reasons(row, witness),
            outcome=outcome,
            outcome_title=self._outcome_title(name, outcome),
            chance=chance,
            decisive=decisive,
        )

    def _outcome(self, row: int) -> str:
        """The outcome that the firing of a moment had; "" for none."""
        name = self.names[row]
        outcomes = {f"{name}.{each.name}" for each in self.crisis.moments[name].outcomes}
        if not outcomes:
            return ""
        for later in range(row + 1, len(self.names)):
            if self.times[later] > self.times[row] or self.names[later] == name:
                break
            if self.causes[later] == name and self.names[later] in outcomes:
                return self.names[later].removeprefix(f"{name}.")
        return ""

    def _undecided(self, row: int) -> int:
        """Earlier firings of the same moment that had no outcome: the choices are counted without them."""
        name = self.names[row]
        return sum(1 for k in range(row) if self.names[k] == name and not self._outcome(k))

    def _outcome_title(self, name: str, outcome: str) -> str:
        if not outcome:
            return ""
        titles = {each.name: each.title for each in self.crisis.moments[name].outcomes}
        return titles[outcome] or outcome.replace("_", " ")

    def _reasons(self, row: int, witness: _Witness) -> Reasons:
        name, time, cause = self.names[row], self.times[row], self.causes[row]
        moment = self.crisis.moments[name]
        if cause:
            earlier = self.book.cause_of(row)
            when = self.times[earlier] if earlier >= 0 else self._last_recorded(cause)
            date = None if when is None else self._date(when)
            kinds: dict[type, Why] = {Timer: "timer", Trigger: "trigger"}
            why: Why = kinds.get(type(moment.cause), "raised")
            return Reasons(why, cause, title_of(cause, self.crisis), date)
        if name in self.parts:
            return self._clock_reasons(self.parts[name], witness.rates.get((name, time)), time)
        if isinstance(moment.cause, Schedule):
            return Reasons("date")
        return Reasons("flow" if isinstance(moment.cause, Trigger) else "record")

    def _clock_reasons(self, part: Part, reading: Reading | None, time: float) -> Reasons:
        if reading is None:
            return Reasons("clock")
        pressures = []
        for factor, value in zip(part.factors, reading.factors, strict=True):
            if value > 0.0 and abs(np.log(value)) >= NEAR_ONE:
                mark = self._mark(movers_of(factor, self.crisis), time)
                pressures.append(Pressure(factor.label, value, mark))
        pressures.sort(key=lambda each: -abs(np.log(each.value)))
        return Reasons(
            "clock",
            rate=reading.intensity,
            base=reading.base,
            pressures=tuple(pressures[:MOST_FACTORS]),
            others=max(0, len(pressures) - MOST_FACTORS),
        )

    def _mark(self, movers: frozenset[str], time: float) -> Mark | None:
        """The latest happening among some before a time, of this future or else of the record."""
        for then, name in self._before(time):
            if name in movers:
                return Mark(name, title_of(name, self.crisis), self._date(then))
        return None

    def _before(self, time: float) -> Iterator[tuple[float, str]]:
        """Happenings before a time, the newest first."""
        for k in range(int(np.searchsorted(self.times, time, side="left")) - 1, -1, -1):
            yield self.times[k], self.names[k]
        yield from reversed(self.record)

    def _last_recorded(self, happening: str) -> float | None:
        return next((time for time, name in reversed(self.record) if name == happening), None)

    def _date(self, time: float) -> dt.date:
        return date_at(self.crisis.as_of, time).date()
