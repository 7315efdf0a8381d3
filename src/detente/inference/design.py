"""From a trace of the replay to arrays: what the log of every intensity is made of, cell by cell and event by event.

The logarithm of an intensity is an offset, which no fitted number touches, plus one term per fitted number::

    log λ = offset + Σ_terms term(η)         rate, while, each, each_log:   x·log θ(η)   within the factor's bounds
                                             memory:   log(1 + (θ(η) − 1)·x)   within them

A memory is not linear in the log of its ratio; its derivatives are exact all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.engine.reference_values import State, World
from detente.engine.tracing import Choice, ClockTrace, Firing, Trace
from detente.expressions import Expression, Name
from detente.inference.evidence import Learnable, Use
from detente.inference.observing import interval_of
from detente.model import Clock, Factor

Floats = NDArray[np.float64]
Span = tuple[float, float]
"""Days (begin, end] in model time."""


@dataclass(frozen=True)
class Term:
    """What one fitted number adds to the log of an intensity or of the odds of an outcome.

    `number` is its place among the fitted; `x`, shape (n,), what it is raised to or multiplied with; the factor
    is kept within [`low`, `high`].
    """

    number: int
    x: Floats
    memory: bool = False
    low: float = 0.0
    high: float = math.inf


@dataclass(frozen=True)
class Rows:
    """n log intensities: an offset each, shape (n,), −infinity where it is 0 whatever is fitted, and their terms."""

    offset: Floats
    terms: tuple[Term, ...]

    def __len__(self) -> int:
        return len(self.offset)


@dataclass(frozen=True)
class ClockDesign:
    """What the record says through one clock.

    `cells` (begins, ends] with their `days` of exposure; `moments`, rows at which events fired: row r belongs to
    event `of_event[r]` with weight `parts[r]`, which add up to 1 per event (several rows where the day is not known).
    `events` are their ids, `times` when they are replayed. `counted` says that its expected count has Jeffreys' prior.
    """

    clock: str
    cells: Rows
    begins: Floats
    ends: Floats
    days: Floats
    moments: Rows
    of_event: NDArray[np.int64]
    parts: Floats
    events: tuple[str, ...]
    times: Floats
    counted: bool


@dataclass(frozen=True)
class ChoiceDesign:
    """One recorded choice among K open outcomes: `chosen` is a row of `odds`.

    `shares`, one per row: the number of the fitted share, −1 where the share stands in the offset, −2 where it is the
    remainder, ``rest − Σ`` of the fitted shares in `taken`.
    """

    moment: str
    event: str
    outcomes: tuple[str, ...]
    odds: Rows
    shares: tuple[int, ...]
    taken: tuple[int, ...]
    rest: float
    chosen: int


@dataclass(frozen=True)
class Design:
    """What the record says of the fitted numbers in one replay.

    `shifts` move the centres of priors that are stated for a mean rate: log of window / exposure, by number.
    `drawn` are the finished values of all parameters of the replay. `impossible` names what the replay holds that
    could not have happened in it.
    """

    clocks: tuple[ClockDesign, ...]
    choices: tuple[ChoiceDesign, ...]
    shifts: Mapping[int, float]
    drawn: Mapping[str, float]
    impossible: frozenset[str]


def design_of(
    traced: Trace,
    evidence: Learnable,
    *,
    without: Iterable[Span] = (),
    reporting: Mapping[str, float] | None = None,
    ignored: frozenset[str] = frozenset(),
) -> Design:
    """Read the design off a trace.

    Parameters
    ----------
    traced : Trace
        With the cells of every clock of the evidence.
    evidence : Learnable
    without : iterable of (begin, end], optional
        Periods that are left out [day, model time].
    reporting : mapping of str to float in (0, 1], optional
        By clock the probability that an occurrence is in the record; 1 where nothing is said.
    ignored : frozenset of str
        Events to leave out, as `impossible` named them.
    """
    reader = _Reader(traced, evidence, tuple(without), reporting or {}, ignored)
    clocks = [reader.clock(name) for name in evidence.since if name in traced.clocks]
    choices = reader.choices()
    return Design(
        clocks=tuple(each for each in clocks if each is not None),
        choices=tuple(choices),
        shifts=reader.shifts(),
        drawn=traced.parameters,
        impossible=frozenset(reader.impossible),
    )


class _Reader:
    """Reads one trace."""

    def __init__(
        self,
        traced: Trace,
        evidence: Learnable,
        without: tuple[Span, ...],
        reporting: Mapping[str, float],
        ignored: frozenset[str],
    ) -> None:
        self.traced, self.crisis, self.evidence = traced, traced.crisis, evidence
        self.without, self.reporting, self.ignored = without, reporting, ignored
        self.number = {each.name: number for number, each in enumerate(evidence.fitted)}
        self.world = World(traced.crisis, traced.values, State(0.0))
        self.impossible: list[str] = []
        self.at = {use: number for number, each in enumerate(evidence.fitted) for use in each.uses}

    def shifts(self) -> dict[int, float]:
        """Of every fitted mean rate: log of its window over its exposure."""
        found = {}
        for number, each in enumerate(self.evidence.fitted):
            distribution = self.crisis.parameters[each.name].distribution
            if distribution.kind == "mean_rate":
                span = distribution.end - distribution.start
                found[number] = math.log(span / self.traced.exposures[each.name])
        return found

    # ── clocks ──────────────────────────────────────────────────────────────────────────────────

    def clock(self, name: str) -> ClockDesign | None:
        """What the record says through one clock; None where nothing of it is fitted."""
        if not any(use.moment == name and use.role in ("rate", "factor") for use in self.at):
            return None
        cells = self.traced.clocks[name]
        days = self._exposure(cells, name)
        shown = days > 0.0
        rows = self._rows(name, cells.base[shown], cells.inputs[shown], cells.factors[shown])
        possible = np.isfinite(rows.offset)
        firings = [firing for firing in self.traced.firings if self._counts(firing, name)]
        parts = [self._moments(firing, cells) for firing in firings]
        return ClockDesign(
            clock=name,
            cells=_picked(rows, possible),
            begins=cells.begins[shown][possible],
            ends=cells.ends[shown][possible],
            days=days[shown][possible] * self.reporting.get(name, 1.0),
            moments=_joined(self._empty(name), [rows for rows, _ in parts]),
            of_event=np.repeat(np.arange(len(parts)), [len(weights) for _, weights in parts]),
            parts=np.concatenate([np.zeros(0), *(weights for _, weights in parts)]),
            events=tuple(firing.event for firing in firings),
            times=np.array([firing.time for firing in firings]),
            counted=any(
                use.moment == name
                and use.role == "rate"
                and self.evidence.fitted[number].prior.family == "jeffreys"
                for use, number in self.at.items()
            ),
        )

    def _exposure(self, cells: ClockTrace, name: str) -> Floats:
        """Days of each cell that count, 0 where the guard was closed."""
        days = _overlap(cells, (self.evidence.since[name], self.traced.ends))
        for begin, end in self.without:
            days = days - _overlap(cells, (max(begin, self.evidence.since[name]), min(end, self.traced.ends)))
        return np.where(cells.open, np.maximum(days, 0.0), 0.0)

    def _counts(self, firing: Firing, moment: str) -> bool:
        """Whether a firing is evidence of a moment; one that could not have happened is noted instead."""
        inside = firing.time > self.evidence.since.get(moment, math.inf) and not any(
            begin < firing.time <= end for begin, end in self.without
        )
        if firing.moment != moment or not firing.event or not inside or firing.event in self.ignored:
            return False
        if not firing.intensity > 0.0:
            self.impossible.append(firing.event)
        return firing.intensity > 0.0

    def _moments(self, firing: Firing, cells: ClockTrace) -> tuple[Rows, Floats]:
        """The instant of an event; where only its week or month is known, its open cells up to the replay."""
        days = _overlap(cells, self._interval(firing)) * cells.open * (cells.intensity > 0.0)
        if not days.any():
            base = np.array([firing.intensity / math.prod(firing.factors)])
            return self._rows(firing.moment, base, firing.inputs[None], firing.factors[None]), np.ones(1)
        shown = days > 0.0
        rows = self._rows(firing.moment, cells.base[shown], cells.inputs[shown], cells.factors[shown])
        return rows, days[shown] / days.sum()

    def _interval(self, firing: Firing) -> Span:
        """Days before an event within which it may have happened; empty where its day is known."""
        event = self.crisis.events.get(firing.event)
        if event is None or event.precision not in ("week", "month"):
            return firing.time, firing.time
        begins = interval_of(event, self.crisis.as_of)[0]
        return max(begins, self.evidence.since[firing.moment]), firing.time

    def _empty(self, name: str) -> Rows:
        cells = self.traced.clocks[name]
        return self._rows(name, cells.base[:0], cells.inputs[:0], cells.factors[:0])

    def _rows(self, name: str, base: Floats, inputs: Floats, factors: Floats) -> Rows:
        clock = self.crisis.moments[name].cause
        assert isinstance(clock, Clock)
        terms, offset = [], _log(base)
        for use, number in self.at.items():
            if use.moment == name and use.role == "rate":
                parameter = self.evidence.fitted[number]
                offset = offset - math.log(self.traced.values[parameter.name])
                terms.append(Term(number, np.ones(len(base))))
        for j, factor in enumerate(clock.factors):
            number_ = self.at.get(Use("factor", name, factor=j))
            if number_ is None:
                offset = offset + _log(factors[:, j])
            else:
                terms.append(self._term(number_, factor, inputs[:, j]))
        return Rows(offset, tuple(terms))

    def _term(self, number: int, factor: Factor, x: Floats) -> Term:
        low = 0.0 if factor.at_least is None else self.world.value(factor.at_least, 0.0)
        high = math.inf if factor.at_most is None else self.world.value(factor.at_most, 0.0)
        return Term(number, x, factor.shape == "memory", low, high)

    # ── choices ─────────────────────────────────────────────────────────────────────────────────

    def choices(self) -> list[ChoiceDesign]:
        """Every recorded choice that a fitted number bears upon."""
        spoken = {use.moment for use in self.at if use.role in ("share", "odds")}
        found = []
        for firing in self.traced.firings:
            inside = not any(begin < firing.time <= end for begin, end in self.without)
            known = firing.moment in spoken and firing.time > self.evidence.since[firing.moment]
            if known and inside and firing.choice is not None and _label(firing) not in self.ignored:
                design = self._choice(firing, firing.choice)
                if design is None:
                    self.impossible.append(_label(firing))
                else:
                    found.append(design)
        return found

    def _choice(self, firing: Firing, choice: Choice) -> ChoiceDesign | None:
        outcomes = self.crisis.moments[firing.moment].outcomes
        places = [k for k in range(len(outcomes)) if choice.open[k]]
        shares = [self._share(firing.moment, k) for k in places]
        rows = [
            self._outcome(firing.moment, choice, k, share) for k, share in zip(places, shares, strict=True)
        ]
        kept = [i for i, row in enumerate(rows) if np.isfinite(row.offset[0])]
        names = [choice.outcomes[places[i]] for i in kept]
        if firing.outcome not in names:
            return None
        return ChoiceDesign(
            moment=firing.moment,
            event=firing.event,
            outcomes=tuple(names),
            odds=_stacked([rows[i] for i in kept]),
            shares=tuple(shares[i] for i in kept),
            taken=tuple(self._fitted_shares(firing.moment)),
            rest=self._rest(firing.moment),
            chosen=names.index(firing.outcome),
        )

    def _share(self, moment: str, k: int) -> int:
        outcome = self.crisis.moments[moment].outcomes[k]
        number = self.at.get(Use("share", moment, outcome.name))
        if number is not None:
            return number
        return -2 if outcome.share is None and self._fitted_shares(moment) else -1

    def _fitted_shares(self, moment: str) -> list[int]:
        return [number for use, number in self.at.items() if use.role == "share" and use.moment == moment]

    def _rest(self, moment: str) -> float:
        """What the shares that are not fitted leave of 1."""
        taken = 0.0
        for outcome in self.crisis.moments[moment].outcomes:
            if outcome.share is not None and Use("share", moment, outcome.name) not in self.at:
                taken += self._value(outcome.share)
        return 1.0 - taken

    def _value(self, share: Expression) -> float:
        if isinstance(share, Name) and share.name in self.traced.parameters:
            return self.traced.parameters[share.name]
        return self.world.value(share, 0.0)

    def _outcome(self, moment: str, choice: Choice, k: int, share: int) -> Rows:
        outcome = self.crisis.moments[moment].outcomes[k]
        offset, terms = (_log(choice.weights[k : k + 1]) if share == -1 else np.zeros(1)), []
        for j, factor in enumerate(outcome.factors):
            number = self.at.get(Use("odds", moment, outcome.name, j))
            if number is None:
                offset = offset + _log(choice.factors[k][j : j + 1])
            else:
                terms.append(self._term(number, factor, choice.inputs[k][j : j + 1]))
        return Rows(offset, tuple(terms))


def _label(firing: Firing) -> str:
    """The event of a firing, or what passed without one."""
    return firing.event or f"{firing.moment} at {firing.time:g}"


def _log(values: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        logs: Floats = np.log(np.maximum(values, 0.0))
    return logs


def _overlap(cells: ClockTrace, span: Span) -> Floats:
    found: Floats = np.maximum(np.minimum(cells.ends, span[1]) - np.maximum(cells.begins, span[0]), 0.0)
    return found


def _picked(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    terms = (Term(t.number, t.x[chosen], t.memory, t.low, t.high) for t in rows.terms)
    return Rows(rows.offset[chosen], tuple(terms))


def _joined(empty: Rows, parts: list[Rows]) -> Rows:
    """Rows of the same terms one after another."""
    every = [empty, *parts]
    terms = (
        Term(t.number, np.concatenate([rows.terms[j].x for rows in every]), t.memory, t.low, t.high)
        for j, t in enumerate(empty.terms)
    )
    return Rows(np.concatenate([rows.offset for rows in every]), tuple(terms))


def _stacked(rows: list[Rows]) -> Rows:
    """Rows of different terms one after another: a term is 0 in the rows of others."""
    n, terms = len(rows), []
    for i, row in enumerate(rows):
        for term in row.terms:
            x = np.zeros(n)
            x[i] = term.x[0]
            terms.append(Term(term.number, x, term.memory, term.low, term.high))
    return Rows(np.array([row.offset[0] for row in rows]), tuple(terms))


__all__ = ["ChoiceDesign", "ClockDesign", "Design", "Rows", "Span", "Term", "design_of"]
