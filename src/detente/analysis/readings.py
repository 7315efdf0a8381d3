"""An intensity taken apart: its base and every factor, as the engine's own definition reads them.

There is no second model here: `detente.engine.reference_values.World` evaluates the very expressions that the
kernel was compiled from, so ``log base + Σ log factor`` is the logarithm of the intensity, and of the weight of an
outcome.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass

from detente.checking.reachability import effects_of
from detente.engine.reference import remainder
from detente.engine.reference_values import TIME, World, reads
from detente.expressions import Expression
from detente.model import Clock, Crisis, Factor, Moment, Outcome


@dataclass(frozen=True)
class Mark:
    """A happening that moved what a factor reads, and its day."""

    happening: str
    title: str
    date: dt.date


@dataclass(frozen=True)
class Part:
    """What a happening's chance is made of: its moment or outcome, `base` expression, factors and guard.

    `kind` is ``rate`` for a clock [1/day], ``odds`` for an outcome, whose factors are odds ratios, and ``flow`` for
    the flow of a stock [its unit/day], either way; of the logarithm where the stock is on a log scale.
    """

    name: str
    title: str
    kind: str
    base: Expression
    factors: tuple[Factor, ...]
    guard: Expression | None

    def read(self, world: World, t: float) -> Reading:
        """Read the base and every factor in one state at one time [day]; of a flow without its sign."""
        base = world.value(self.base, t)
        return Reading(
            base=abs(base) if self.kind == "flow" else max(0.0, base),
            factors=tuple(world.factor(factor, t) for factor in self.factors),
            open=world.holds(self.guard, t),
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """How the factors are named."""
        return tuple(factor.label for factor in self.factors)


@dataclass(frozen=True)
class Reading:
    """Base and factors at one time; `open` tells whether the guard held.

    Examples
    --------
    >>> reading = Reading(0.01, (2.0, 0.5, 3.0), True)
    >>> reading.intensity
    0.03
    >>> round(sum(reading.logs) - math.log(reading.intensity), 12)
    0.0
    """

    base: float
    factors: tuple[float, ...]
    open: bool

    @property
    def intensity(self) -> float:
        """``base · Πfactors``, never below 0; 0 while the guard does not hold. [1/day] for a clock."""
        return max(0.0, math.prod(self.factors, start=self.base)) if self.open else 0.0

    @property
    def logs(self) -> tuple[float, ...]:
        """Natural logarithms of the base and of each factor; −inf for 0."""
        return tuple(math.log(value) if value > 0.0 else -math.inf for value in (self.base, *self.factors))


def part_of(happening: str, crisis: Crisis) -> Part | None:
    """The part behind a moment that is a clock, or behind an outcome; None for other moments.

    Examples
    --------
    >>> from detente.catalog import load
    >>> part_of("us_ultimatum", load("cuba_1962")).labels
    ('each 10 points of excomm', 'each 20 % of sites')
    >>> part_of("ultimatum.deadline.met", load("cuba_1962")).kind
    'odds'
    >>> part_of("ultimatum.term", load("cuba_1962")) is None
    True
    """
    if happening in crisis.moments:
        moment = crisis.moments[happening]
        if not isinstance(moment.cause, Clock):
            return None
        title = moment.title or happening
        return Part(happening, title, "rate", moment.cause.rate, moment.cause.factors, moment.guard)
    moment, outcome = moment_and_outcome(happening, crisis)
    assert outcome is not None
    share = remainder(moment.outcomes) if outcome.share is None else outcome.share
    title = title_of(happening, crisis)
    return Part(happening, title, "odds", share, outcome.factors, outcome.guard)


def flow_of(stock: str, crisis: Crisis) -> Part | None:
    """The part behind the flow of a stock; None where it has none, or follows something instead.

    Examples
    --------
    >>> from detente.catalog import load
    >>> flow_of("sites", load("cuba_1962")).labels
    ('while withdrawal == announced or sites >= 100',)
    """
    found = crisis.stocks[stock]
    if found.flow is None:
        return None
    return Part(stock, f"Flow of {found.title or stock}", "flow", found.flow, found.flow_factors, None)


def moment_and_outcome(happening: str, crisis: Crisis) -> tuple[Moment, Outcome | None]:
    """The moment of a happening, and its outcome if it is one.

    Examples
    --------
    >>> from detente.catalog import load
    >>> moment, outcome = moment_and_outcome("ultimatum.deadline.met", load("cuba_1962"))
    >>> moment.name, outcome.name
    ('ultimatum.deadline', 'met')
    """
    if happening in crisis.moments:
        return crisis.moments[happening], None
    name, _, outcome = happening.rpartition(".")
    moment = crisis.moments[name]
    return moment, next(each for each in moment.outcomes if each.name == outcome)


def title_of(happening: str, crisis: Crisis) -> str:
    """How a happening is called: the title of its moment, and of its outcome behind a colon.

    The title of a deliberation explains its scale; there the name is used.

    Examples
    --------
    >>> from detente.catalog import load
    >>> cuba = load("cuba_1962")
    >>> title_of("soviet_offer", cuba), title_of("excomm.decided.harder", cuba)
    ('Moscow announces that the missiles will go', 'excomm.decided: harder')
    """
    moment, outcome = moment_and_outcome(happening, crisis)
    title = moment.name if moment.title.startswith("0 = ") or not moment.title else moment.title
    return title if outcome is None else f"{title}: {outcome.title or outcome.name.replace('_', ' ')}"


# ── what moves a factor ──────────────────────────────────────────────────────────────────────────


def movers_of(factor: Factor, crisis: Crisis) -> frozenset[str]:
    """The happenings that change what a factor reads: set its stages, move its stocks, feed its memories.

    Examples
    --------
    >>> from detente.catalog import load
    >>> cuba = load("cuba_1962")
    >>> factor = cuba.moments["us_strikes_cuba"].cause.factors[2]
    >>> factor.label, sorted(movers_of(factor, cuba))
    ('memory of aircraft_lost', ['aircraft_lost'])
    """
    return frozenset(
        happening
        for name in reads((), (factor,)) - {TIME} - crisis.parameters.keys()
        for happening in _movers_of_name(name, crisis)
    )


def _movers_of_name(name: str, crisis: Crisis) -> Iterator[str]:
    if name in crisis.memories:
        yield from (happening for happening, _ in crisis.memories[name].counts)
    if name in crisis.memories or name in crisis.stocks or name in crisis.stages:
        for moment in crisis.moments.values():
            for happening, effect in effects_of(moment):
                if effect.target == name and effect.on in ("memory", "stock", "stage"):
                    yield happening
    elif name in set(crisis.happenings()):
        yield name
