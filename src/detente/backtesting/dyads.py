"""A crisis of dyads, built from event data alone: one clock per directed dyad and kind of event.

A *day with an event* is what the clock of a dyad fires: at most once a day, so that a day has an event with
probability 1 − exp(−∫λ). It then waits for midnight. At midnight the day enters two memories, of what the actor
did to the recipient (`own`) and, for the clock the other way round, of what was done to it (`reverse`); each
raises the rate by a factor 1 + (times − 1)·memory with a ceiling. Days are counted at midnight, with an amount
that makes the memory right at noon, because the fit counts whole days and never the day itself.

Rates, factors and half-lives come from the days up to the as-of date and from nothing later
(`detente.backtesting.learning`); they are parameters with their spread, as if an analyst had written them.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from detente.backtesting.learning import AT_MOST, Learned, before, learn
from detente.dates import days_between
from detente.errors import ForecastError
from detente.expressions import Binary, Call, Expression, First, Name, Number
from detente.ledger.dyads import KINDS, DyadDays
from detente.ledger.excitation import Excitation
from detente.model import (
    NINETY_PERCENT,
    Actor,
    Clock,
    Coding,
    Crisis,
    Distribution,
    Effect,
    Evidence,
    Factor,
    Memory,
    Moment,
    Parameter,
    Question,
    Recorded,
    Source,
    Stage,
    Timer,
)

HORIZONS = (1, 7, 30)
"""Days in which a question asks for at least one event."""

WIDEST = 20.0
"""A spread is never taken to be wider than this factor either way."""

OPEN, DONE = "open", "done"
"""Values of the stage of a clock: whether the day may still have its event."""

SOURCE = "events"


def dyads_crisis(
    events: DyadDays,
    actors: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    as_of: dt.date | None = None,
    *,
    horizons: Iterable[int] = HORIZONS,
    at_most: float = AT_MOST,
    learned: Mapping[str, Learned] | None = None,
) -> Crisis:
    """Build the crisis of some dyads as of a date.

    Parameters
    ----------
    events : DyadDays
        Daily counts, from `detente.ledger.dyads.dyad_days`; days after `as_of` are not looked at.
    actors : sequence of str, optional
        At least two of its actors; by default all.
    kinds : sequence of str, optional
        Kinds of events that it counts; by default all.
    as_of : date, optional
        The last day that is known; by default the last of the record.
    horizons : iterable of int, above zero [day]
        Each gives one question per clock: at least one event within so many days?
    at_most : float, above 1
        Ceiling of every factor.
    learned : mapping of kind to Learned, optional
        By default learned here, from the days up to `as_of`.

    Returns
    -------
    Crisis
        An ordinary one: it can be dumped, run, archived.

    Raises
    ------
    ForecastError, TableError
        If an actor or kind is not in the record, or a horizon is not above zero.
    DetenteError
        If fewer than 60 days are known.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> counts = {"any": rng.poisson(0.1, (2, 2, 200)).astype(float)}
    >>> record = DyadDays(("A", "B"), dt.date(2018, 1, 1), counts)
    >>> crisis = dyads_crisis(record, as_of=dt.date(2018, 6, 30))
    >>> list(crisis.questions)[:3]
    ['A_B_any_1d', 'A_B_any_30d', 'A_B_any_7d']
    """
    chosen = _chosen(events, actors, kinds)
    last = chosen.first_day + dt.timedelta(days=chosen.n_days - 1)
    day = as_of or last
    known = before(chosen, chosen.number(day) + 1)
    asked = tuple(horizons)
    if not asked or min(asked) < 1:
        raise ForecastError("horizons: give one or more whole numbers of days above zero, such as 1, 7, 30.")
    rates = learned if learned is not None else learn(known, tuple(known.counts), at_most=at_most)
    return _Build(known, day, asked, at_most).crisis(rates)


def clock_name(actor: str, recipient: str, kind: str) -> str:
    """Name of the clock of a directed dyad.

    Examples
    --------
    >>> clock_name("IRN", "US-GOV", "any")
    'IRN_US_GOV_any'
    """
    return re.sub(r"\W", "_", f"{actor}_{recipient}_{kind}")


def _chosen(events: DyadDays, actors: Sequence[str] | None, kinds: Sequence[str] | None) -> DyadDays:
    """The record of some of the actors and kinds."""
    names = tuple(actors) if actors is not None else events.actors
    absent = [name for name in names if name not in events.actors]
    if absent:
        raise ForecastError(
            f"actors: there is no '{absent[0]}' in the record. Actors there: {', '.join(events.actors)}."
        )
    if len(set(names)) < max(2, len(names)):
        raise ForecastError("actors: name at least two, each once.")
    place = [events.actors.index(name) for name in names]
    wanted = tuple(kinds) if kinds is not None else tuple(events.counts)
    counts = {kind: events.of(kind)[np.ix_(place, place)] for kind in wanted}
    found = DyadDays(names, events.first_day, counts)
    _refuse_shared_names(found)
    return found


def _refuse_shared_names(data: DyadDays) -> None:
    """Ids such as 'A_B' and 'A' may run together in the name of a clock."""
    seen: dict[str, tuple[str, str, str]] = {}
    for kind in data.counts:
        for actor, recipient in data.dyads:
            name = clock_name(actor, recipient, kind)
            if name in seen:
                first = " to ".join(seen[name][:2])
                raise ForecastError(
                    f"actors: {first} and {actor} to {recipient} would both be called '{name}'. Rename an actor."
                )
            seen[name] = actor, recipient, kind


@dataclass
class _Build:
    """The parts of a crisis in the making."""

    data: DyadDays
    as_of: dt.date
    horizons: tuple[int, ...]
    at_most: float
    parameters: dict[str, Parameter] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    moments: dict[str, Moment] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)

    def crisis(self, learned: Mapping[str, Learned]) -> Crisis:
        """The whole crisis."""
        for kind, rates in learned.items():
            for number, each in enumerate(rates.excitations):
                self._excitation(f"{kind}_{number}", each)
            for number, (actor, recipient) in enumerate(self.data.dyads):
                self._dyad(actor, recipient, rates, number)
        return Crisis(
            name="dyads",
            title=f"{len(self.data.actors)} actors, {' and '.join(_words(kind) for kind in learned)}",
            as_of=self.as_of,
            horizon=float(max(self.horizons)),
            record_from=-float(self.data.n_days),
            description="Built from event data; every number is counted or fitted from the days before.",
            actors={name: Actor(name, cameo=(name,)) for name in sorted(self.data.actors)},
            parameters=dict(sorted(self.parameters.items())),
            stages=dict(sorted(self.stages.items())),
            memories=dict(sorted(self.memories.items())),
            moments=dict(sorted(self.moments.items())),
            questions=dict(sorted(self.questions.items())),
            record=tuple(sorted(self._record(tuple(learned)))),
            sources={SOURCE: self._source()},
        )

    def _source(self) -> Source:
        title = f"Event data, days with an event from {self.data.first_day} to {self.as_of}"
        return Source(SOURCE, title, date=self.as_of.isoformat(), kind="event data")

    def _parameter(self, name: str, distribution: Distribution, unit: str, because: str) -> Expression:
        evidence = Evidence(source=(SOURCE,), because=because)
        self.parameters[name] = Parameter(name, distribution, unit, evidence)
        return Name(name)

    def _excitation(self, name: str, found: Excitation) -> None:
        """The gain (times − 1) and the half-life of a memory that all dyads share."""
        gain_spread = _spread(found.log_times_error)
        life_spread = _spread(found.log_half_life_error)
        why = f"fitted on all dyads: {found.cause.direction}"
        self._parameter(f"gain_{name}", Distribution("lognormal", (found.times - 1.0, gain_spread)), "", why)
        half_life = Distribution("lognormal", (found.half_life, life_spread), lower=0.2, upper=720.0)
        self._parameter(f"half_life_{name}", half_life, "d", why)

    def _dyad(self, actor: str, recipient: str, rates: Learned, number: int) -> None:
        kind = rates.kind
        name = clock_name(actor, recipient, kind)
        stage, midnight = f"day_{name}", f"midnight_{name}"
        rate = self._parameter(
            f"rate_{name}",
            Distribution("gamma", (float(rates.shape[number]), float(rates.mean[number]))),
            "1/day",
            "counted days, drawn towards the mean of all dyads",
        )
        self.stages[stage] = Stage(stage, (OPEN, DONE), Number(0.0))
        self.moments[name] = Moment(
            name,
            Clock(rate, tuple(self._factors(actor, recipient, rates))),
            guard=Binary("==", Name(stage), Name(OPEN)),
            effects=(Effect("stage", stage, "set", value=DONE), Effect("timer", midnight, "start")),
            title=f"{actor} to {recipient}: {_words(kind)}",
            main=True,
            coding=Coding((actor,), (recipient,), complete_from=-float(self.data.n_days)),
        )
        self.moments[midnight] = Moment(
            midnight,
            Timer(Number(0.0), whole_days=True, again="keep"),
            effects=(Effect("stage", stage, "set", value=OPEN),),
        )
        for days in self.horizons:
            self._question(name, f"{actor} to {recipient}: {_words(kind)}", days)

    def _factors(self, actor: str, recipient: str, rates: Learned) -> Iterable[Factor]:
        for number, found in enumerate(rates.excitations):
            shared = f"{rates.kind}_{number}"
            ends = (actor, recipient) if found.cause.direction == "own" else (recipient, actor)
            memory = self._memory(clock_name(*ends, found.cause.kind), shared)
            yield Factor(
                "memory",
                label=f"{found.cause.direction} days of {_words(found.cause.kind)}",
                times=Binary("+", Number(1.0), Name(f"gain_{shared}")),
                of=Name(memory),
                at_most=Number(self.at_most),
            )

    def _memory(self, clock: str, shared: str) -> str:
        """The memory of the days of a clock, with one of the shared half-lives."""
        name = f"memory_{clock}_{shared}"
        half_life = Name(f"half_life_{shared}")
        at_noon = Call("exp", Binary("/", Number(-0.5 * math.log(2.0)), half_life))
        self.memories[name] = Memory(name, half_life, counts=((f"midnight_{clock}", at_noon),))
        return name

    def _question(self, clock: str, what: str, days: int) -> None:
        name = f"{clock}_{days}d"
        within = "tomorrow" if days == 1 else f"within {days} days"
        self.questions[name] = Question(
            name,
            text=f"{what}, at least one event {within}?",
            yes_if=First(clock),
            closes=float(days),
            criterion="At least one event of this kind in the data set.",
            evidence=Evidence(source=(SOURCE,)),
        )

    def _record(self, kinds: Sequence[str]) -> Iterable[Recorded]:
        """Every day with an event, at noon."""
        begins = days_between(self.as_of, dt.datetime.combine(self.data.first_day, dt.time()))
        for kind in kinds:
            dyads, days = np.nonzero(self.data.happened(kind))
            for dyad, day in zip(dyads.tolist(), days.tolist(), strict=True):
                yield Recorded(begins + day + 0.5, clock_name(*self.data.dyads[dyad], kind))


def _spread(log_error: float) -> float:
    """The factor either way that holds 90 % of a lognormal with this error of the logarithm."""
    return min(WIDEST, math.exp(NINETY_PERCENT * max(log_error, 1e-3)))


def _words(kind: str) -> str:
    return kind.replace("_", " ") if kind in KINDS else kind
