"""Which numbers of a crisis its record may inform, and through which happenings.

A clock speaks where its action declares that its record is complete (``complete_from``), a choice where its moment
does. A number is fitted where it does nothing but set the rate or a factor of clocks, or the odds of recorded
choices: then the replayed state does not depend on it. All others are drawn.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal

from detente.expressions import Binary, Expression, Name, Number, Unary, walk
from detente.inference.priors import Prior, prior_of
from detente.model import Clock, Crisis, Distribution, Factor, Moment, Parameter, Schedule

Role = Literal["rate", "factor", "share", "odds"]

POOLED = 5
"""A number that so many actions share is informed by all of them together."""


@dataclass(frozen=True)
class Use:
    """Where a fitted number stands: in the rate of a clock, a factor of it, the share or a factor of an outcome."""

    role: Role
    moment: str
    outcome: str = ""
    factor: int = -1


@dataclass(frozen=True)
class Fitted:
    """A number that is fitted: its prior without the record, and where it speaks."""

    name: str
    prior: Prior
    uses: tuple[Use, ...]

    @property
    def pooled(self) -> bool:
        """Whether at least `POOLED` actions share it."""
        return len({use.moment for use in self.uses}) >= POOLED


@dataclass(frozen=True)
class Learnable:
    """What of a crisis is fitted.

    `fitted` in order of name; `left` says of every other number with spread that stands in a rate, factor, share or
    odds of a complete record why it is drawn instead. `since` is where the evidence begins [day, model time], by
    clock or choice: the later of the beginning of its complete record and what was asked for.
    """

    fitted: tuple[Fitted, ...]
    left: Mapping[str, str]
    since: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fitted numbers."""
        return tuple(each.name for each in self.fitted)


def learnable_of(crisis: Crisis, since: float = -math.inf) -> Learnable:
    """Find what the record may inform, from `since` on [day, model time].

    Examples
    --------
    >>> from detente.catalog import load
    >>> found = learnable_of(load("iran_2024"))
    >>> "actions.iran_strikes_israel.rate" in found.names
    True
    """
    begins = _complete(crisis, since)
    spoken = _uses(crisis)
    mentions = _mentions(crisis)
    fitted, left = [], {}
    for name, parameter in sorted(crisis.parameters.items()):
        uses = spoken.get(name, ())
        here = tuple(use for use in uses if use.moment in begins)
        if not here or not _has_spread(parameter.distribution):
            continue
        prior = prior_of(parameter.distribution)
        reason = _reason(crisis, parameter, prior, here, begins)
        if not reason and mentions[name] != len(uses):
            reason = "it also moves the state that the record was replayed with"
        if reason or prior is None:
            left[name] = reason
        else:
            fitted.append(Fitted(name, prior, here))
    return Learnable(tuple(fitted), left, begins)


def _has_spread(distribution: Distribution) -> bool:
    """Whether a number is not known for certain."""
    certain = distribution.kind == "mean_rate" and distribution.numbers[1] <= 1.0
    return distribution.kind != "fixed" and not certain


def _complete(crisis: Crisis, since: float) -> dict[str, float]:
    """Where the complete record of each clock and dated choice begins [day]."""
    return {
        name: max(moment.coding.complete_from, crisis.record_from, since)
        for name, moment in crisis.moments.items()
        if moment.coding.complete_from is not None and isinstance(moment.cause, Clock | Schedule)
    }


def _reason(
    crisis: Crisis,
    parameter: Parameter,
    prior: Prior | None,
    uses: tuple[Use, ...],
    begins: Mapping[str, float],
) -> str:
    """Why a number is not fitted; empty where it is."""
    distribution = parameter.distribution
    if distribution.kind == "counted":
        complete = crisis.moments[distribution.clock].coding.complete_from
        if complete is None or complete > distribution.start + 1e-9:
            return "its events are counted over days for which the record is not complete"
        if any(use.role != "rate" or use.moment != distribution.clock for use in uses):
            return "a counted rate stands elsewhere than in the rate of its own clock"
    elif distribution.kind == "mean_rate":
        if any(use.role != "rate" or use.moment != distribution.clock for use in uses):
            return "a mean rate stands elsewhere than in the rate of its own clock"
    elif any(use.role == "factor" and use.moment in _of_mean_rate(crisis) for use in uses):
        return "it is a factor of a clock whose rate is declared as a mean over the replay"
    if distribution.kind == "beta":
        return "it is counted, and the count may hold choices of this record already"
    if prior is None:
        return "its prior has no smooth density above its bounds"
    cited = cited_events(crisis, parameter, {use.moment for use in uses}, begins)
    if cited and distribution.kind != "counted":
        return f"its prior holds {', '.join(cited)} of the same record already"
    return ""


def _of_mean_rate(crisis: Crisis) -> set[str]:
    """Clocks whose base rate follows from a mean rate, given their factors."""
    kinds = (parameter.distribution for parameter in crisis.parameters.values())
    return {distribution.clock for distribution in kinds if distribution.kind == "mean_rate"}


def cited_events(
    crisis: Crisis, parameter: Parameter, moments: set[str], begins: Mapping[str, float]
) -> tuple[str, ...]:
    """Ids of the events that the evidence of a parameter names and that would inform it again."""
    return tuple(
        item.event
        for item in crisis.record
        if item.event in parameter.evidence.source
        and item.moment in moments
        and item.time > begins[item.moment]
    )


# ── where numbers stand ──────────────────────────────────────────────────────────────────────────


def _uses(crisis: Crisis) -> dict[str, tuple[Use, ...]]:
    """Every place, by parameter, at which a number can be fitted."""
    raised = {
        effect.target
        for moment in crisis.moments.values()
        for effect in (*moment.effects, *(e for outcome in moment.outcomes for e in outcome.effects))
        if effect.does == "raise"
    }
    found: dict[str, list[Use]] = {}
    for name, moment in crisis.moments.items():
        for parameter, use in _uses_in(crisis, name, moment, drawn=name in raised):
            found.setdefault(parameter, []).append(use)
    return {name: tuple(uses) for name, uses in found.items()}


def _uses_in(crisis: Crisis, name: str, moment: Moment, *, drawn: bool) -> Iterator[tuple[str, Use]]:
    if isinstance(moment.cause, Clock):
        for parameter in multiplied(moment.cause.rate):
            yield parameter, Use("rate", name)
        yield from _times(crisis, moment.cause.factors, "factor", name)
    if isinstance(moment.cause, Clock | Schedule) and not drawn:
        for outcome in moment.outcomes:
            if isinstance(outcome.share, Name) and outcome.share.name in crisis.parameters:
                yield outcome.share.name, Use("share", name, outcome.name)
            yield from _times(crisis, outcome.factors, "odds", name, outcome.name)


def _times(
    crisis: Crisis, factors: tuple[Factor, ...], role: Role, moment: str, outcome: str = ""
) -> Iterator[tuple[str, Use]]:
    """Factors whose `times` is one number, within bounds that do not move with the state."""
    for j, factor in enumerate(factors):
        bounds = [bound for bound in (factor.at_least, factor.at_most) if bound is not None]
        still = all(_is_of_parameters(crisis, bound) for bound in bounds)
        if isinstance(factor.times, Name) and factor.times.name in crisis.parameters and still:
            yield factor.times.name, Use(role, moment, outcome, j)


def multiplied(rate: Expression) -> tuple[str, ...]:
    """Names that a rate is proportional to, where it is a product of numbers and names.

    Examples
    --------
    >>> from detente.expressions import parse
    >>> multiplied(parse("2 * a * b / 365")), multiplied(parse("a + b"))
    (('a', 'b'), ())
    """
    match rate:
        case Name(name):
            return (name,)
        case Binary("*", left, right):
            names = multiplied(left) + multiplied(right)
            return names if len(set(names)) == len(names) else ()
        case Binary("/", left, _):
            return multiplied(left)
    return ()


def _is_of_parameters(crisis: Crisis, expression: Expression) -> bool:
    """Whether nothing but parameters and numbers stands in an expression."""
    for node in walk(expression):
        if isinstance(node, Name) and node.name not in crisis.parameters:
            return False
        if not isinstance(node, Name | Number | Binary | Unary):
            return False
    return True


def _mentions(crisis: Crisis) -> Counter[str]:
    """How often each parameter is named anywhere in what can move the state or fire."""
    parts = (crisis.stocks, crisis.stages, crisis.memories, crisis.moments)
    nodes = (node for expression in expressions_in(parts) for node in walk(expression))
    return Counter(node.name for node in nodes if isinstance(node, Name) and node.name in crisis.parameters)


def expressions_in(part: object) -> Iterator[Expression]:
    """Every expression in a part of the model, however deep.

    Examples
    --------
    >>> from detente.expressions import parse
    >>> [str(each) for each in expressions_in((parse("a + b"), {"x": parse("c")}, "text"))]
    ['(a + b)', 'c']
    """
    if isinstance(part, Expression):
        yield part
    elif isinstance(part, Mapping):
        for each in part.values():
            yield from expressions_in(each)
    elif isinstance(part, tuple):
        for each in part:
            yield from expressions_in(each)
    elif is_dataclass(part):
        for field in fields(part):
            yield from expressions_in(getattr(part, field.name))
