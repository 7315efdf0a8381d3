"""Changes to what may happen: forbid, force."""

from __future__ import annotations

import dataclasses

from detente.expressions import Binary, Expression, Number
from detente.model import Effect, Outcome, Stage, Timer
from detente.scenario.changes import Change
from detente.scenario.workshop import OFF_ON, Switch, Workshop, both


def forbid(work: Workshop, change: Change, n: int) -> None:
    """The happening is not possible within the window: its guard also asks that the switch is off."""
    window = work.window(change)
    if work.known(change, tuple(work.crisis.happenings()), "happening") and window:
        close(work, change.target, work.switch(n, window).off)


def close(work: Workshop, happening: str, condition: Expression) -> None:
    """Let a moment or an outcome be possible only under a further condition, whoever raises it."""
    found = work.outcome(happening)
    if found is not None:
        moment, outcome = found
        work.change_outcome(moment, outcome.name, guard=both(outcome.guard, condition))
        return
    work.change_moment(happening, guard=both(work.moments[happening].guard, condition))
    work.change_effects(lambda effect: _if_raising(effect, happening, condition))


def _if_raising(effect: Effect, moment: str, condition: Expression) -> Effect:
    raising = effect.on == "moment" and effect.target == moment
    return only_if(effect, condition) if raising else effect


def only_if(effect: Effect, condition: Expression) -> Effect:
    """The effect under a further condition."""
    return dataclasses.replace(effect, condition=both(effect.condition, condition))


def force(work: Workshop, change: Change, n: int) -> None:
    """The happening happens on a date, past its guard; of several outcomes, the one that is named."""
    at = work.needed_time(change, "at", change.at)
    if not work.known(change, tuple(work.crisis.happenings()), "happening") or at is None:
        return
    switch = Switch(work.name(n))
    work.stages[switch.stage] = Stage(switch.stage, OFF_ON, Number(0.0))
    found = work.outcome(change.target)
    moment = change.target if found is None else found[0]
    _open(work, moment, found[1] if found else None, switch)
    stopping = (Effect("timer", moment, "stop"),) if isinstance(work.moments[moment].cause, Timer) else ()
    raising = Effect("moment", moment, "raise")
    work.dated(f"{switch.stage}.happens", at, switch.turns("on"), *stopping, raising, switch.turns("off"))


def _open(work: Workshop, name: str, wanted: Outcome | None, switch: Switch) -> None:
    """While the switch is on, the moment may fire whatever its guard says, with the wanted outcome only."""
    moment = work.moments[name]
    if moment.guard is not None:
        work.change_moment(name, guard=Binary("or", moment.guard, switch.on))
    for outcome in moment.outcomes if wanted is not None else ():
        if outcome is not wanted:
            work.change_outcome(name, outcome.name, guard=both(outcome.guard, switch.off))
        elif outcome.guard is not None:
            work.change_outcome(name, outcome.name, guard=Binary("or", outcome.guard, switch.on))
