"""A crisis in its machine form: frozen classes of primitives, and nothing else.

Everything rich that an analyst may write (truces, procedures, red lines, deliberations …) has been lowered to
what stands here before a `Crisis` exists. The engine knows only these classes.

State of a trajectory::

    parameters   sampled once per draw                      (ignorance)
    stocks       bounded quantities that flow on the tick
    stages       one of several named values
    memories     exponentially fading counts of happenings

What can happen: a `Moment`. Its *cause* says when it fires; its *effects* what it changes; its *outcomes*,
if any, are a choice made at that moment. A **happening** is the name of a moment (``strike``) or of one of its
outcomes (``strike.acknowledged``); memories count happenings, questions ask for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from detente.expressions import Expression

NINETY_PERCENT = 1.6448536269514722
"""95 % quantile of the standard normal: half of a central 90 % range, in standard deviations."""

HELD = 0.5
"""A replay takes a recorded happening as having happened where it is held with this probability or more."""

# ── evidence ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Evidence:
    """Why a number is believed: ids of sources, claims or events, or a judgement with its reason.

    `reference` marks a definition or a rule (a treaty's 30 days), not an estimate.
    """

    source: tuple[str, ...] = ()
    because: str = ""
    reference: bool = False

    @property
    def is_judgement(self) -> bool:
        """True where no source, claim or event is named."""
        return not self.source or self.source == ("judgement",)


DistributionKind = Literal[
    "fixed",  # value
    "lognormal",  # median, factor: 90 % of the mass within median/factor … median·factor
    "normal",  # mean, sd
    "logitnormal",  # low, high: 5 % and 95 % quantiles of a probability
    "uniform",  # low, high
    "triangular",  # low, mode, high
    "beta",  # a, b
    "gamma",  # shape, mean
    "bernoulli",  # p: value 1 with probability p, else 0
    "counted",  # count, clock, start, end: Gamma(count + ½) over the replayed exposure of the clock
    "mean_rate",  # median, factor (of the mean rate, per day), clock, start, end
]


@dataclass(frozen=True)
class Distribution:
    """Ignorance about one number, sampled once per draw by inverse CDF.

    `numbers` holds the arguments named in the comment beside each kind, in that order. `lower` and `upper`
    clamp the sampled value. `counted` and `mean_rate` are divided by the exposure that the clock had in the
    replay of the record between `start` and `end` [day, model time].
    """

    kind: DistributionKind
    numbers: tuple[float, ...]
    clock: str = ""
    start: float = 0.0
    end: float = 0.0
    lower: float = float("-inf")
    upper: float = float("inf")


@dataclass(frozen=True)
class Parameter:
    """A number of the crisis under a stable name (its path in the human file), with its evidence."""

    name: str
    distribution: Distribution
    unit: str = ""
    evidence: Evidence = Evidence()


# ── state ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Factor:
    """One multiplicative pressure; a rate ratio on a clock, an odds ratio on an outcome.

    =================  ===========================================================================
    `shape`            value of the factor
    =================  ===========================================================================
    ``while``          `times` while `condition` holds, else 1
    ``each``           ``times ** ((of − start) / unit)``
    ``each_log``       ``times ** (log(of / start) / log(unit))``: each doubling has unit 2, each 10 % 1.1
    ``memory``         ``1 + (times − 1) · of``, where `of` is a memory
    ``proportional``   `of` itself, never below 0
    =================  ===========================================================================

    A memory or proportional factor is never below 0. `at_least` and `at_most` clamp the value; with a `condition`
    beside another shape the factor is 1 while it does not hold. `label` is how an explanation names it.
    """

    shape: Literal["while", "each", "each_log", "memory", "proportional"]
    label: str
    times: Expression | None = None
    of: Expression | None = None
    start: Expression | None = None
    unit: Expression | None = None
    condition: Expression | None = None
    at_least: Expression | None = None
    at_most: Expression | None = None


@dataclass(frozen=True)
class Stock:
    """A bounded quantity that flows on the tick.

    Per tick of length h, from the values before it: ``linear`` scale ``x += flow·Πfactors·h + noise·√h·z``,
    ``log`` scale ``x *= exp(flow·Πfactors·h + noise·√h·z)``, and with `follows`
    ``x += (follows − x)·(1 − exp(−h/over))``. z has mean 0 and variance 1. Clamped to [lower, upper] at once.
    """

    name: str
    start: Expression
    unit: str = ""
    title: str = ""
    lower: float = float("-inf")
    upper: float = float("inf")
    scale: Literal["linear", "log"] = "linear"
    flow: Expression | None = None
    flow_factors: tuple[Factor, ...] = ()
    follows: Expression | None = None
    over: Expression | None = None
    noise: Expression | None = None
    noise_factors: tuple[Factor, ...] = ()
    starts: float | None = None
    """Model time at which `start` holds [day]; None is the beginning of the replay."""


@dataclass(frozen=True)
class Stage:
    """One of several named values. `start` is the index of the first value, possibly drawn."""

    name: str
    values: tuple[str, ...]
    start: Expression
    title: str = ""


@dataclass(frozen=True)
class Memory:
    """Fading count: every happening in `counts` adds its amount; halves every `half_life` [day]."""

    name: str
    half_life: Expression
    counts: tuple[tuple[str, Expression], ...] = ()
    start: Expression | None = None


# ── what happens ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Effect:
    """One change that a happening makes, in written order, each seeing the previous.

    =========  =============  ==================================================================
    `on`       `does`         meaning
    =========  =============  ==================================================================
    stock      add set times  by `amount` · Πfactors · (chance), clamped to the stock's bounds
    memory     add            `amount` · Πfactors · (chance)
    stage      set            to `value`
    timer      start stop     start its delay (the timer knows how long), or forget it
    moment     raise          fire that moment here and now
    =========  =============  ==================================================================

    `varies` is chance, new at each occurrence: the amount is multiplied by a lognormal of median 1 whose 90 %
    range is a factor `varies` either way. Nothing happens unless `condition` holds.
    """

    on: Literal["stock", "memory", "stage", "timer", "moment"]
    target: str
    does: Literal["add", "set", "times", "start", "stop", "raise"]
    amount: Expression | None = None
    value: str = ""
    condition: Expression | None = None
    factors: tuple[Factor, ...] = ()
    varies: Expression | None = None


@dataclass(frozen=True)
class Outcome:
    """One of the ways a moment may turn out.

    p_k = share_k·Πfactors_k / Σ over the outcomes whose guard holds; `share` None takes what the declared
    shares leave of 1.
    """

    name: str
    share: Expression | None = None
    guard: Expression | None = None
    factors: tuple[Factor, ...] = ()
    effects: tuple[Effect, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Clock:
    """Fires at intensity ``rate · Πfactors`` [1/day] while the moment's guard holds."""

    rate: Expression
    factors: tuple[Factor, ...] = ()


@dataclass(frozen=True)
class Timer:
    """Strikes once, `delay` [day] after an effect starts it.

    `varies` is chance: the delay is multiplied by a lognormal of median 1 whose 90 % range is a factor
    `varies` either way. One pending strike: starting it again restarts it, or keeps the pending one.
    A timer of `whole_days` is a legal clock: it strikes at the midnight that ends its last full day, the day
    on which it starts not counted: floor(now) + 1 + delay.
    """

    delay: Expression
    varies: Expression | None = None
    whole_days: bool = False
    again: Literal["restart", "keep"] = "restart"


@dataclass(frozen=True)
class Schedule:
    """Fires at fixed times [day, model time], past ones included (they matter in replay).

    At one instant ``date`` comes before ``occasion``.
    """

    times: tuple[float, ...]
    kind: Literal["date", "occasion"] = "date"


@dataclass(frozen=True)
class Trigger:
    """Fires when `when` becomes true, and again only after `rearm` (default: `when` is false) has held."""

    when: Expression
    rearm: Expression | None = None


@dataclass(frozen=True)
class Raised:
    """Fires only when an effect raises it, or when the record says that it happened."""


Cause: TypeAlias = Clock | Timer | Schedule | Trigger | Raised


@dataclass(frozen=True)
class Pattern:
    """Which events are a happening: the event `id` itself, or all of the fields that are not empty.

    A CAMEO code fits by its beginning, every other field as a whole.
    """

    id: str = ""
    actor: str = ""
    recipient: str = ""
    cameo: str = ""
    plover: str = ""
    location: str = ""


@dataclass(frozen=True)
class Coding:
    """How an action is coded in event data, and the record that is kept of it."""

    actor: tuple[str, ...] = ()
    recipient: tuple[str, ...] = ()
    cameo: str = ""
    plover: str = ""
    complete_from: float | None = None
    """Model time from which the record holds every occurrence [day]; None: it does not."""
    matches: tuple[Pattern, ...] = ()
    """The events that are this happening, as the file says; its own codes say it too."""


@dataclass(frozen=True)
class Moment:
    """Something that may happen: cause, guard, effects, outcomes.

    A moment whose `guard` does not hold does not fire; a clock's intensity is then 0 and its residual kept.
    `main` marks what an analyst thinks of as an action, to be listed in results.
    """

    name: str
    cause: Cause
    guard: Expression | None = None
    effects: tuple[Effect, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    title: str = ""
    main: bool = False
    coding: Coding = Coding()


@dataclass(frozen=True, order=True)
class Recorded:
    """A recorded happening: time [day, ≤ 0], the moment, its outcome (or ""), the event's id.

    `held` is the probability, in [0, 1], that it happened at all (`detente.crisisfile.holding`).
    """

    time: float
    moment: str
    outcome: str = ""
    event: str = ""
    held: float = 1.0


@dataclass(frozen=True)
class Question:
    """A dated proposition. `opens` and `closes` are model times [day]; the window is (opens, closes]."""

    name: str
    text: str
    yes_if: Expression
    closes: float
    opens: float = 0.0
    given: Expression | None = None
    criterion: str = ""
    evidence: Evidence = Evidence()


# ── who, and what is known ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Faction:
    """Part of an actor; its influence is the stock of the same dotted name (``IRN.hardline``)."""

    name: str
    title: str = ""


@dataclass(frozen=True)
class Actor:
    """A party to the crisis."""

    name: str
    title: str = ""
    cameo: tuple[str, ...] = ()
    factions: tuple[Faction, ...] = ()


@dataclass(frozen=True)
class Source:
    """A document: who published what and when; `reliability` is the Admiralty grade A–F.

    `supersedes` is the id of the source that this row corrects.
    """

    id: str
    title: str
    publisher: str = ""
    date: str = ""
    kind: str = ""
    reliability: str = ""
    supersedes: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """What someone asserts; `credibility` is the Admiralty grade 1–6.

    `known_at` is the instant from which the claim was known (None: not said), `supersedes` the id of the
    claim that this row corrects.
    """

    id: str
    asserted_by: str
    content: str
    about: str = ""
    source: tuple[str, ...] = ()
    status: str = "asserted"
    credibility: str = ""
    known_at: dt.datetime | None = None
    supersedes: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """What is held to have happened. `happening` names the moment or outcome it fires in replay, if any.

    `date` says when it happened, `known_at` the instant from which it was known (None: not said), `supersedes`
    the id of the event that this row corrects. `claims` tell of the event, `contested_by` deny it; `held` is
    the probability that it happened, where the table states one.
    """

    id: str
    date: dt.datetime
    precision: str
    actor: tuple[str, ...]
    recipient: tuple[str, ...]
    cameo: str
    plover: str
    title: str
    confidence: str = ""
    happening: str = ""
    sources: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    contested_by: tuple[str, ...] = ()
    held: float | None = None
    known_at: dt.datetime | None = None
    supersedes: str = ""
    line: int = 0
    extra: Mapping[str, str] = field(default_factory=dict)


def _ratios() -> dict[str, float]:
    return {"1": 20.0, "2": 4.0, "3": 2.0, "4": 1.25, "5": 1.0, "6": 1.5}


def _trust() -> dict[str, float]:
    return {"A": 1.0, "B": 0.8, "C": 0.6, "D": 0.4, "E": 0.2, "F": 0.5}


def _standing() -> dict[str, float]:
    return {"asserted": 1.0, "corroborated": 1.5, "disputed": 0.5, "denied": 0.0}


@dataclass(frozen=True)
class Holding:
    """How claims in conflict are weighed; `detente.crisisfile.holding` says with what formula.

    `prior` is the probability of an event before any claim, in (0, 1). `credibility` gives, for the grades 1–6
    of a claim, how many times likelier such a claim is where the event happened, above 0; `reliability`, for
    the grades A–F of its source, the part of that ratio's logarithm that is kept, in [0, 1]; `status` another
    part for what others say of the claim, at least 0; `repeated` the part that a further claim of one
    chain of sources keeps, in [0, 1]. A claim without a grade counts as 6, a source without one as F.
    """

    prior: float = 0.5
    credibility: Mapping[str, float] = field(default_factory=_ratios)
    reliability: Mapping[str, float] = field(default_factory=_trust)
    status: Mapping[str, float] = field(default_factory=_standing)
    repeated: float = 0.0


@dataclass(frozen=True)
class Crisis:
    """The whole declared case, resolved.

    Mappings are keyed by name and sorted by name; nothing depends on the order in a file. Times are days from
    24:00 UTC of `as_of`; `horizon` is how far to simulate [day]; `record_from` ≤ 0 is where replay begins.
    """

    name: str
    title: str
    as_of: dt.date
    horizon: float
    record_from: float = 0.0
    description: str = ""
    actors: Mapping[str, Actor] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    stocks: Mapping[str, Stock] = field(default_factory=dict)
    stages: Mapping[str, Stage] = field(default_factory=dict)
    memories: Mapping[str, Memory] = field(default_factory=dict)
    moments: Mapping[str, Moment] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)
    record: tuple[Recorded, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    events: Mapping[str, Event] = field(default_factory=dict)
    calendar: Mapping[str, float] = field(default_factory=dict)
    holding: Holding = field(default_factory=Holding)

    def happenings(self) -> Iterator[str]:
        """Names of all moments and, dotted, of their outcomes; sorted."""
        for name in sorted(self.moments):
            yield name
            yield from sorted(f"{name}.{outcome.name}" for outcome in self.moments[name].outcomes)

    @property
    def replayed(self) -> tuple[Recorded, ...]:
        """What a replay takes as having happened: the part of the record held with `HELD` or more."""
        return tuple(item for item in self.record if item.held >= HELD)
