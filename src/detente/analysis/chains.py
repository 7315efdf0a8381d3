"""Which happenings answer a question, and what brings a happening about: read off the crisis, and off the event log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detente.checking.reachability import effects_of
from detente.engine import EventLog
from detente.engine.reference_values import reads
from detente.expressions import At, Before, Binary, Call, Ever, Expression, First, Name, Unary, walk
from detente.model import Clock, Crisis, Effect, Question, Trigger

Side = Literal["yes", "no", "either"]


@dataclass(frozen=True, order=True)
class Decider:
    """A happening that a question watches, and the answer that it speaks for."""

    happening: str
    side: Side


def deciders_of(question: Question, crisis: Crisis) -> tuple[Decider, ...]:
    """The happenings that answer a question, from what its `yes_if` watches.

    Of a stage the happenings that set it: for yes where the value is the one asked for. Of a stock those with an
    effect on it, for either side. ``first a before first b``: a for yes, b for no.

    Examples
    --------
    >>> from detente.catalog import load
    >>> cuba = load("cuba_1962")
    >>> [(each.happening, each.side) for each in deciders_of(cuba.questions["Q4"], cuba)]
    [('soviet_offer', 'no'), ('us_ultimatum', 'yes')]
    >>> [(each.happening, each.side) for each in deciders_of(cuba.questions["Q5"], cuba)]
    [('quarantine.announce', 'no'), ('quarantine.lift', 'yes'), ('quarantine.proclaim', 'no')]
    """
    found = _deciders(question.yes_if, crisis)
    either = found.either | (found.yes & found.no)
    sides: tuple[tuple[Side, frozenset[str]], ...] = (
        ("yes", found.yes - either),
        ("no", found.no - either),
        ("either", either),
    )
    return tuple(sorted(Decider(name, side) for side, names in sides for name in names))


@dataclass(frozen=True)
class _Sides:
    """Happenings that speak for yes, for no, and for either answer."""

    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()
    either: frozenset[str] = frozenset()

    def turned(self) -> _Sides:
        return _Sides(self.no, self.yes, self.either)

    def or_(self, other: _Sides) -> _Sides:
        """What makes one true makes the whole true, whatever it does to the other."""
        yes = self.yes | other.yes
        return _Sides(yes, (self.no | other.no) - yes, self.either | other.either)


def _deciders(node: Expression, crisis: Crisis) -> _Sides:
    match node:
        case First(happening, "") | Call("happened", Name(happening)):
            return _Sides(yes=frozenset([happening]))
        case First(stage, value):
            return _Sides(yes=frozenset(name for name, to in setters_of(stage, crisis) if to == value))
        case Before(first, second):
            return _Sides(_deciders(first, crisis).yes, _deciders(second, crisis).yes)
        case Ever(condition) | At(condition, _):
            return _deciders(condition, crisis)
        case Unary("not", operand):
            return _deciders(operand, crisis).turned()
        case Binary("or", left, right):
            return _deciders(left, crisis).or_(_deciders(right, crisis))
        case Binary("and", left, right):
            return _deciders(left, crisis).turned().or_(_deciders(right, crisis).turned()).turned()
        case Binary("==" | "!=" as sign, Name(stage), Name(value)) if stage in crisis.stages:
            setters = list(setters_of(stage, crisis))
            to_it = frozenset(name for name, to in setters if to == value)
            found = _Sides(to_it, frozenset(name for name, to in setters if to != value))
            return found if sign == "==" else found.turned()
    return _Sides(either=frozenset(_changing(node, crisis)))


def setters_of(stage: str, crisis: Crisis) -> Iterator[tuple[str, str]]:
    """Happenings that set a stage, each with the value it sets."""
    for moment in crisis.moments.values():
        for happening, effect in effects_of(moment):
            if effect.on == "stage" and effect.target == stage:
                yield happening, effect.value


def _changing(node: Expression, crisis: Crisis) -> Iterator[str]:
    """Happenings with an effect on a stock, stage or memory that an expression reads, or that it counts."""
    names = {each.name for each in walk(node) if isinstance(each, Name)}
    yield from names & set(crisis.happenings())
    for memory in names & crisis.memories.keys():
        yield from (happening for happening, _ in crisis.memories[memory].counts)
    for moment in crisis.moments.values():
        for happening, effect in effects_of(moment):
            if effect.target in names and effect.on in ("stock", "stage", "memory"):
                yield happening


def stocks_behind(question: Question, crisis: Crisis) -> tuple[str, ...]:
    """The stocks that a question asks about, and those that these are copied from or follow; sorted.

    Examples
    --------
    >>> from detente.catalog import load
    >>> iran = load("iran_2024")
    >>> stocks_behind(iran.questions["H16"], iran)[:2]
    ('enrichment', 'enrichment_plan')
    """
    found: set[str] = set()
    waiting = [each.name for each in walk(question.yes_if) if isinstance(each, Name)]
    while waiting:
        name = waiting.pop()
        if name in crisis.stocks and name not in found:
            found.add(name)
            waiting += _read_by(name, crisis)
    return tuple(sorted(found))


def _read_by(stock: str, crisis: Crisis) -> Iterator[str]:
    """Names that a stock follows, flows with, or is set to."""
    found = crisis.stocks[stock]
    expressions = [found.follows, found.flow, *(factor.of for factor in found.flow_factors)]
    for moment in crisis.moments.values():
        expressions += [
            effect.amount
            for _, effect in effects_of(moment)
            if effect.on == "stock" and effect.target == stock and effect.does == "set"
        ]
    for expression in expressions:
        if expression is not None:
            yield from (node.name for node in walk(expression) if isinstance(node, Name))


# ── what may have an influence ───────────────────────────────────────────────────────────────────


def upstream_of(question: Question, crisis: Crisis) -> frozenset[str]:
    """The happenings that can have an influence on the answer, along the links that stand in the crisis.

    From what the question watches back through rates, factors, guards, triggers, flows and effects. What is not
    here may come with the answer, from a common cause, but cannot bring it about.

    Examples
    --------
    >>> from detente.catalog import load
    >>> cuba = load("cuba_1962")
    >>> sorted(cuba.moments.keys() - upstream_of(cuba.questions["Q3"], cuba))
    ['ultimatum.breach']
    """
    happenings, found = set(crisis.happenings()), set[str]()
    waiting = [each.happening for each in deciders_of(question, crisis)]
    for node in walk(question.yes_if):
        if isinstance(node, Name):
            waiting.append(node.name)
        elif isinstance(node, First):
            waiting.append(node.happening)  # or a stage
    sources = _Sources(crisis)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += sources.of(name)
    return frozenset(found & happenings)


class _Sources:
    """One step back: what a happening, stock, stage or memory depends on."""

    def __init__(self, crisis: Crisis) -> None:
        self.crisis = crisis
        self.doing: dict[str, list[tuple[str, Effect]]] = defaultdict(list)
        for moment in crisis.moments.values():
            for happening, effect in effects_of(moment):
                self.doing[effect.target].append((happening, effect))

    def of(self, name: str) -> Iterator[str]:
        """Names that something depends on, happenings among them."""
        crisis = self.crisis
        for happening, effect in self.doing.get(name, ()):
            yield happening
            yield from reads([effect.amount, effect.condition, effect.varies], effect.factors)
        if name in crisis.stocks:
            stock = crisis.stocks[name]
            flowing = stock.flow, stock.follows, stock.over, stock.noise
            yield from reads(flowing, (*stock.flow_factors, *stock.noise_factors))
        elif name in crisis.memories:
            yield from (happening for happening, _ in crisis.memories[name].counts)
        elif name not in crisis.stages:
            yield from self._of_moment(name)

    def _of_moment(self, happening: str) -> Iterator[str]:
        moment = self.crisis.moments.get(happening)
        if moment is None:
            parent, _, outcome = happening.rpartition(".")
            if parent not in self.crisis.moments or not outcome:
                return
            yield parent
            for each in self.crisis.moments[parent].outcomes:
                yield from reads([each.share, each.guard], each.factors)
            return
        yield from reads([moment.guard])
        match moment.cause:
            case Clock(rate, factors):
                yield from reads([rate], factors)
            case Trigger(when, rearm):
                yield from reads([when, rearm])


# ── in the event log ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Chain:
    """How one happening of one future came about: the happenings from its root to itself, and their times [day].

    The root has no cause in this future: a clock that ran out, a date, a stock that flowed over a threshold, or
    something that the record had already set going.
    """

    happenings: tuple[str, ...]
    times: tuple[float, ...]


class Logbook:
    """An event log, trajectory by trajectory."""

    def __init__(self, log: EventLog, n_trajectories: int) -> None:
        self.log = log
        self.starts = np.searchsorted(log.trajectory, np.arange(n_trajectories + 1))
        self.number = {name: number for number, name in enumerate(log.names)}

    def rows(self, trajectory: int) -> range:
        """Rows of one trajectory, in order of time."""
        return range(int(self.starts[trajectory]), int(self.starts[trajectory + 1]))

    def among(
        self, trajectory: int, wanted: NDArray[np.bool_], until: float, since: float = -np.inf
    ) -> NDArray[np.int64]:
        """Rows in (since, until] of the wanted happenings, in order of time."""
        rows = self.rows(trajectory)
        time = self.log.time[rows.start : rows.stop]
        inside = (time <= until) & (time > since)
        return rows.start + np.flatnonzero(wanted[self.log.happening[rows.start : rows.stop]] & inside)

    def cause_of(self, row: int) -> int:
        """The row of the happening that caused this one; −1 for none, or one of the record."""
        cause = int(self.log.cause[row])
        if cause < 0:
            return -1
        first = int(self.starts[self.log.trajectory[row]])
        found = np.flatnonzero(self.log.happening[first:row] == cause)
        return first + int(found[-1]) if len(found) else -1

    def chain(self, row: int) -> Chain:
        """The happenings that led to a row, from the root."""
        rows = [row]
        while (row := self.cause_of(row)) >= 0:
            rows.append(row)
        rows.reverse()
        names = self.log.names
        happenings = tuple(names[int(self.log.happening[each])] for each in rows)
        return Chain(happenings, tuple(float(self.log.time[each]) for each in rows))

    def wanted(self, happenings: frozenset[str] | set[str]) -> NDArray[np.bool_]:
        """Which numbers of the log stand for one of some happenings, shape (n_names,)."""
        mask = np.zeros(len(self.log.names), np.bool_)
        mask[[self.number[name] for name in happenings if name in self.number]] = True
        return mask
