"""Which parameters the replay of a record depends on, as far as its evidence is concerned.

A parameter that neither moves what the clocks and choices of the evidence read nor stands in them is independent of
the record: it keeps its prior, and a posterior does not name it. The rule errs on the side of naming too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from detente.expressions import Call, walk
from detente.inference.evidence import Learnable, expressions_in
from detente.model import Clock, Crisis, Effect, Moment, Outcome, Schedule


def touched(crisis: Crisis, evidence: Learnable) -> tuple[str, ...]:
    """Names of the parameters with spread that the likelihood of the evidence may depend on, sorted.

    Examples
    --------
    >>> from detente.catalog import load
    >>> from detente.inference.evidence import learnable_of
    >>> iran = load("iran_2024")
    >>> names = touched(iran, learnable_of(iran))
    >>> "actions.iran_strikes_israel.rate" in names, "actions.hezbollah_fires.rate" in names
    (True, False)
    """
    search = _Search(crisis, evidence)
    known = crisis.parameters
    names = {name for name in search.run() if name in known and known[name].distribution.kind != "fixed"}
    return tuple(sorted(names | set(evidence.names)))


class _Search:
    """Walks from what the evidence reads to what moves that, and so on."""

    def __init__(self, crisis: Crisis, evidence: Learnable) -> None:
        self.crisis, self.evidence = crisis, evidence
        self.raised = {e.target for m in crisis.moments.values() for e in effects_of(m) if e.does == "raise"}
        recorded = {item.moment for item in crisis.record}
        self.firing = {
            name: moment
            for name, moment in crisis.moments.items()
            if not isinstance(moment.cause, Clock) or name in recorded | self.raised
        }

    def run(self) -> set[str]:
        """All names that are reached."""
        reached: set[str] = set()
        waiting = [name for moment in self.evidence.since for name in self._own(moment)]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += self._behind(name)
        return reached

    def _own(self, name: str) -> Iterator[str]:
        """What the likelihood of a clock or choice reads itself."""
        moment = self.crisis.moments[name]
        yield from _read(moment.cause, moment.guard)
        yield from _read(*((outcome.share, outcome.guard, outcome.factors) for outcome in moment.outcomes))

    def _behind(self, name: str) -> Iterator[str]:
        """What moves the value, or the happening, of a name."""
        for part in (self.crisis.stocks, self.crisis.stages, self.crisis.memories):
            if name in part:
                yield from _read(part[name])
        if name in self.crisis.memories:
            yield from (happening for happening, _ in self.crisis.memories[name].counts)
        for moment in (name, name.rpartition(".")[0]):
            if moment in self.firing:
                yield from self._of_firing(self.firing[moment])
        for mover, moment_ in self.firing.items():
            if any(effect.target == name for effect in effects_of(moment_)):
                yield mover

    def _of_firing(self, moment: Moment) -> Iterator[str]:
        """When a moment fires in a replay, and what its effects read; its rate plays no part, nor recorded odds."""
        yield moment.name
        yield from _read(moment.guard, moment.effects)
        if not isinstance(moment.cause, Clock):
            yield from _read(moment.cause)
        recorded = isinstance(moment.cause, Clock | Schedule) and moment.name not in self.raised
        for outcome in moment.outcomes:
            yield from _read(replace(outcome, share=None, guard=None, factors=()) if recorded else outcome)


def effects_of(moment: Moment) -> tuple[Effect, ...]:
    """The effects of a moment and of all its outcomes."""
    outcomes: Iterable[Outcome] = moment.outcomes
    return (*moment.effects, *(effect for outcome in outcomes for effect in outcome.effects))


def _read(*parts: object) -> Iterator[str]:
    """Names of values and happenings in all expressions of some parts."""
    for part in parts:
        for expression in expressions_in(part):
            for node in walk(expression):
                if hasattr(node, "name"):
                    yield node.name
                elif isinstance(node, Call):
                    yield str(node.argument)
