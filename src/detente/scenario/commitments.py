"""Changes to commitments: hold them, end them."""

from __future__ import annotations

from collections.abc import Iterator

from detente.expressions import Binary, Name, Number
from detente.model import Crisis, Effect, Moment, Stage
from detente.scenario.changes import Change
from detente.scenario.happenings import close, only_if
from detente.scenario.workshop import Switch, Workshop

COMMITMENT = ("pending", "in_force", "open_ended", "declared_over", "lapsed")
"""The values of the stage that a commitment is."""

_ENDED = COMMITMENT[3:]


def commitments(crisis: Crisis) -> tuple[str, ...]:
    """Names of the commitments of a crisis: the stages that have the values of one.

    Examples
    --------
    >>> from detente import load
    >>> commitments(load("cuba_1962"))
    ('ultimatum',)
    """
    return tuple(name for name, stage in crisis.stages.items() if stage.values == COMMITMENT)


def hold(work: Workshop, change: Change, n: int) -> None:
    """Nothing ends the commitment within the window; breaches go on, for a breach is not an end."""
    window = work.window(change)
    if not work.known(change, commitments(work.crisis), "commitment") or window is None:
        return
    name = change.target
    waiting = [each for each in work.moments.values() if _can_only_end(each, name)]
    switch = work.switch(n, window, *_come_due(work, waiting, n, name))
    for moment in list(work.moments.values()):
        for outcome in moment.outcomes:
            if any(_ends(effect, name) for effect in outcome.effects):
                close(work, f"{moment.name}.{outcome.name}", switch.off)
        if not any(_ends(effect, name) for effect in moment.effects):
            continue
        if moment.name.startswith(f"{name}."):
            close(work, moment.name, switch.off)
        else:
            now = work.moments[moment.name].effects
            kept = (only_if(each, switch.off) if _ends(each, name) else each for each in now)
            work.change_moment(moment.name, effects=tuple(kept))
    for moment in waiting:
        _note(work, moment.name, switch, f"{work.name(n)}.due")


def enders(crisis: Crisis, commitment: str) -> tuple[str, ...]:
    """Names of the moments that can end a commitment, by an effect of their own or of an outcome.

    Examples
    --------
    >>> from detente import load
    >>> enders(load("cuba_1962"), "ultimatum")
    ('ultimatum.deadline', 'ultimatum.declared_over')
    """

    def effects(moment: Moment) -> Iterator[Effect]:
        yield from moment.effects
        for outcome in moment.outcomes:
            yield from outcome.effects

    return tuple(
        name
        for name, moment in crisis.moments.items()
        if any(_ends(each, commitment) for each in effects(moment))
    )


def _ends(effect: Effect, commitment: str) -> bool:
    return effect.on == "stage" and effect.target == commitment and effect.value in _ENDED


def _can_only_end(moment: Moment, commitment: str) -> bool:
    """Whether a moment is a deadline of the commitment all of whose outcomes end it."""
    own = moment.name.startswith(f"{commitment}.") and bool(moment.outcomes)
    return own and all(any(_ends(effect, commitment) for effect in each.effects) for each in moment.outcomes)


def _come_due(work: Workshop, waiting: list[Moment], n: int, commitment: str) -> Iterator[Effect]:
    """When a hold ends: raise the deadlines that came during it."""
    if waiting:
        due = f"{work.name(n)}.due"
        work.stages[due] = Stage(due, ("no", "yes"), Number(0.0))
        in_force = Binary("==", Name(commitment), Name("in_force"))
        condition = Binary("and", Binary("==", Name(due), Name("yes")), in_force)
        for moment in waiting:
            yield Effect("moment", moment.name, "raise", condition=condition)


def _note(work: Workshop, moment: str, switch: Switch, due: str) -> None:
    """Let a deadline that comes while the switch is on be remembered as due."""
    effect = Effect("stage", due, "set", value="yes", condition=switch.on)
    work.change_moment(moment, effects=(*work.moments[moment].effects, effect))


def end(work: Workshop, change: Change, n: int) -> None:
    """The commitment is declared over on a date, if it is active then."""
    before = len(work.faults)
    at = work.time(change, "at", change.at) or 0.0
    if work.known(change, commitments(work.crisis), "commitment") and len(work.faults) == before:
        name = change.target
        active = (Binary("==", Name(name), Name(value)) for value in ("in_force", "open_ended"))
        raising = Effect("moment", f"{name}.declared_over", "raise", condition=Binary("or", *active))
        work.dated(f"{work.name(n)}.happens", at, raising)
