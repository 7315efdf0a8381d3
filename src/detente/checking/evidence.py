"""How well the numbers of a crisis are supported, and which questions rest on judgement alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from detente.checking.reachability import effects_of
from detente.expressions import At, Before, Binary, Call, Ever, Expression, First, Name, walk
from detente.model import Clock, Crisis, Moment, Outcome, Parameter, Timer


@dataclass(frozen=True)
class EvidenceShares:
    """Numbers of a crisis by what supports them; `reference` are rules and definitions, not estimates."""

    sourced: int
    judged: int
    reference: int
    unsupported: int

    @property
    def total(self) -> int:
        """All numbers."""
        return self.sourced + self.judged + self.reference + self.unsupported

    @property
    def judged_share(self) -> float:
        """Share of estimates, rules aside, that rest on judgement alone; in [0, 1]."""
        return self.judged / max(1, self.total - self.reference)


def evidence_shares(crisis: Crisis, unsupported: int = 0) -> EvidenceShares:
    """Count the parameters of a crisis by the kind of their evidence."""
    reference = [p for p in crisis.parameters.values() if p.evidence.reference]
    judged = [p for p in crisis.parameters.values() if p.evidence.is_judgement and not p.evidence.reference]
    sourced = len(crisis.parameters) - len(reference) - len(judged)
    return EvidenceShares(sourced, len(judged), len(reference), unsupported)


def resting_on_judgement(crisis: Crisis) -> tuple[str, ...]:
    """Questions for which every base number behind what they ask is a judgement.

    The base numbers are the rates, delays and shares of the moments that bring about what is asked, and the start
    values and flows of the stocks in it; factors are left aside.
    """
    return tuple(
        name
        for name, question in crisis.questions.items()
        if (numbers := list(_numbers_behind(crisis, question.yes_if)))
        and all(number.evidence.is_judgement for number in numbers)
    )


def _numbers_behind(crisis: Crisis, expression: Expression) -> Iterator[Parameter]:
    seen: set[str] = set()
    waiting = list(_asked(crisis, expression))
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in crisis.stocks:
            stock = crisis.stocks[name]
            yield from _parameters(crisis, stock.start, stock.flow, stock.follows)
        elif name in crisis.stages:
            waiting.extend(_setters(crisis, name))
        else:
            moment, outcome = _split(crisis, name)
            yield from _base_numbers(crisis, moment, outcome)
            waiting.extend(_causes(crisis, moment))


def _asked(crisis: Crisis, expression: Expression) -> Iterator[str]:
    """Happenings, stages and stocks that an expression names."""
    for node in walk(expression):
        match node:
            case First(happening, _):
                yield happening
            case Name(name) if name in crisis.stocks or name in crisis.stages:
                yield name
            case Call("count" | "happened", argument):
                yield str(argument)
            case Before() | Ever() | At() | Binary():
                continue


def _split(crisis: Crisis, happening: str) -> tuple[Moment, Outcome | None]:
    if happening in crisis.moments:
        return crisis.moments[happening], None
    name, _, outcome = happening.rpartition(".")
    moment = crisis.moments[name]
    return moment, next(o for o in moment.outcomes if o.name == outcome)


def _setters(crisis: Crisis, stage: str) -> Iterator[str]:
    for moment in crisis.moments.values():
        for happening, effect in effects_of(moment):
            if effect.on == "stage" and effect.target == stage:
                yield happening


def _causes(crisis: Crisis, moment: Moment) -> Iterator[str]:
    """What raises or starts a moment that does not come about by itself."""
    for other in crisis.moments.values():
        for happening, effect in effects_of(other):
            if effect.does in ("raise", "start") and effect.target == moment.name:
                yield happening


def _base_numbers(crisis: Crisis, moment: Moment, outcome: Outcome | None) -> Iterator[Parameter]:
    match moment.cause:
        case Clock(rate, _):
            yield from _parameters(crisis, rate)
        case Timer(delay, _):
            yield from _parameters(crisis, delay)
    if outcome is not None:
        yield from _parameters(crisis, *(other.share for other in moment.outcomes))


def _parameters(crisis: Crisis, *expressions: Expression | None) -> Iterator[Parameter]:
    for expression in expressions:
        if expression is not None:
            for node in walk(expression):
                if isinstance(node, Name) and node.name in crisis.parameters:
                    parameter = crisis.parameters[node.name]
                    if not parameter.evidence.reference:
                        yield parameter
