"""What everything that happens may carry: guard, limits, effects, outcomes, coding."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from detente.crisisfile.lowering.builder import Builder, Draft
from detente.crisisfile.lowering.numbers import condition, number_and_chance
from detente.crisisfile.lowering.pieces import Effects, effects, outcomes
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.pieces import MomentForm, PatternForm
from detente.expressions import Binary, Call, Expression, Name, Number
from detente.model import Cause, Coding, Effect, Pattern, Timer

NO_YES = ("no", "yes")


def add_moment(
    build: Builder,
    form: MomentForm,
    name: str,
    path: Path,
    cause: Cause,
    *,
    guard: Expression | None = None,
    before: Effects = (),
    outcomes_before: Mapping[str, Effects] | None = None,
) -> Draft:
    """Add the moment that a form describes; `guard` and `before` are what its rich word adds."""
    own = effects(build, form.effects, (*path, "effects"), f"{name}.effects")
    ways = outcomes(build, form.outcomes, (*path, "outcomes"), name, before=outcomes_before)
    draft = Draft(
        name=name,
        cause=cause,
        guard=both(
            guard, condition(build, form.only_while, (*path, "only_while")), _limits(build, form, name, path)
        ),
        effects=[*before, *own],
        outcomes=ways,
        title=form.title,
        main=form.listed,
        coding=_coding(build, form, path),
    )
    return build.add_moment(draft, path)


def both(*conditions: Expression | None) -> Expression | None:
    """All conditions that are given, joined by ``and``."""
    given = [each for each in conditions if each is not None]
    return reduce(lambda left, right: Binary("and", left, right), given) if given else None


def either(*conditions: Expression) -> Expression:
    """At least one condition, joined by ``or``."""
    return reduce(lambda left, right: Binary("or", left, right), conditions)


def is_at(stage: str, *values: str) -> Expression:
    """The condition that a stage has one of some values."""
    return either(*(Binary("==", Name(stage), Name(value)) for value in values))


def becomes(stage: str, value: str, condition: Expression | None = None) -> Effect:
    """The effect that sets a stage."""
    return Effect("stage", stage, "set", value=value, condition=condition)


def starts(timer: str) -> Effect:
    """The effect that starts a timer."""
    return Effect("timer", timer, "start")


def stops(timer: str) -> Effect:
    """The effect that stops a timer."""
    return Effect("timer", timer, "stop")


def raises(moment: str, condition: Expression | None = None) -> Effect:
    """The effect that fires a moment here and now."""
    return Effect("moment", moment, "raise", condition=condition)


def lasting(
    build: Builder, happening: str, name: str, delay: Expression, path: Path, varies: Expression | None = None
) -> None:
    """A stage that is ``yes`` from a happening until `delay` after it, exact in time."""
    ends = f"{name}.ends"
    build.add_stage(name, NO_YES, path, start=Number(0.0), written=False)
    build.add_moment(Draft(ends, Timer(delay, varies), effects=[becomes(name, "no")]), path, written=False)
    build.hook(happening, path, becomes(name, "yes"), starts(ends))


def _limits(build: Builder, form: MomentForm, name: str, path: Path) -> Expression | None:
    limit = None
    if form.at_most is not None:
        limit = Binary("<", Call("count", Name(name)), Number(float(form.at_most)))
    if form.not_within is None:
        return limit
    delay, varies = number_and_chance(build, form.not_within, (*path, "not_within"), "duration")
    lasting(build, name, f"{name}.not_within", delay, (*path, "not_within"), varies)
    return both(limit, is_at(f"{name}.not_within", "no"))


def _pattern(form: PatternForm) -> Pattern:
    """A pattern as the model keeps it: an id stands alone."""
    if form.id is not None:
        return Pattern(id=form.id)
    return Pattern(
        actor=form.actor or "",
        recipient=form.recipient or "",
        cameo=form.cameo or "",
        plover=form.plover or "",
        location=form.location or "",
    )


def _coding(build: Builder, form: MomentForm, path: Path) -> Coding:
    for word, parties in (("actor", form.actor), ("recipient", form.recipient)):
        for party in parties:
            build.refer(party, (*path, word), "actor")
    complete = form.complete_from
    return Coding(
        actor=form.actor,
        recipient=form.recipient,
        cameo=form.cameo,
        plover=form.plover,
        complete_from=None if complete is None else build.time(complete, (*path, "complete_from")),
        matches=tuple(_pattern(each) for each in form.matches),
    )
