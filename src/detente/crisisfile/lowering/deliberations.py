"""Deliberations: a position that follows what the factions arrive at, a debate, and what it decides.

For a deliberation ``X``::

    stock    X              0–100, follows the weighted mean or median of positions, or what a veto leaves
    stage    X.debate       closed open
    moments  X.opened       raised by `opened_by`; a new opening restarts the debate
             X.decided      when the debate has taken its time: the choice among the outcomes
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import replace

from detente.crisisfile.lowering.builder import Builder, Draft
from detente.crisisfile.lowering.group_rules import Stand, compromise, median, veto
from detente.crisisfile.lowering.moments import becomes, is_at, raises, starts
from detente.crisisfile.lowering.numbers import (
    MACHINE_LENGTH,
    ZERO,
    hoist,
    known,
    number,
    number_and_chance,
    read_value,
)
from detente.crisisfile.lowering.pieces import outcomes
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.rich import DeliberationForm, VetoForm
from detente.crisisfile.schema.whole import CrisisForm
from detente.crisisfile.suggest import did_you_mean
from detente.expressions import FUNCTIONS, Binary, Call, Expression, Month, Name, Number, Within, walk
from detente.model import Cause, Raised, Stock, Timer

LOWEST, HIGHEST = Number(0.0), Number(100.0)
MAX_FACTIONS = 100
"""Most factions that take part in one deliberation."""


def lower_deliberations(build: Builder, form: CrisisForm) -> None:
    """All deliberations."""
    for name, deliberation in sorted(form.deliberations.items()):
        path: Path = ("deliberations", name)
        _position(build, name, deliberation, path, form.deliberations)
        _debate(build, name, deliberation, path)


# ── position ─────────────────────────────────────────────────────────────────────────────────────


def _position(build: Builder, name: str, form: DeliberationForm, path: Path, others: Container[str]) -> None:
    factions = _factions(build, form, path)
    stands = {faction: _stands(build, form, faction, path) for faction in factions}
    if not stands:
        return
    target = _target(build, form, stands, path)
    follows = target(Name)
    start = target(lambda stock: build.stocks[stock].start)
    if form.start is not None:
        start = _on_scale(build, form.start, (*path, "start"), constant=True)
    elif _moves(build, start, others):
        hint = "Add `start:`, such as `start: 50`."
        build.fault(path, "the start does not follow from positions that depend on the state", hint)
    if len(stands) > MAX_FACTIONS or max(len(str(follows)), len(str(start))) > MACHINE_LENGTH:
        hint = "Join some of them. A median compares each with every other."
        build.fault((*path, "factions"), f"{len(stands)} factions are too many for one expression", hint)
    if all(known(build, salience) == 0.0 for _, salience in stands.values()):
        hint = "Give at least one of them a salience above 0."
        build.fault((*path, "factions"), "no faction cares about the issue", hint)
    over = number(build, form.adjusts, (*path, "adjusts"), "duration")
    stock = Stock(
        name, start, "points", form.title, lower=LOWEST.value, upper=HIGHEST.value, follows=follows, over=over
    )
    build.add_stock(stock, path)


def _target(
    build: Builder, form: DeliberationForm, stands: Mapping[str, tuple[Expression, Expression]], path: Path
) -> Callable[[Callable[[str], Expression]], Expression]:
    """What the factions arrive at, given the influence of each by the name of its stock."""
    rule = median if form.rule == "median" else compromise
    leader = None if form.veto is None else _leader(build, form.veto, stands, (*path, "veto"))

    def target(influence: Callable[[str], Expression]) -> Expression:
        choice = rule(
            [
                Stand(position, Binary("*", influence(f"{form.actor}.{faction}"), salience))
                for faction, (position, salience) in stands.items()
            ]
        )
        return choice if form.veto is None or leader is None else veto(choice, *leader, form.veto.kind)

    return target


def _leader(
    build: Builder, form: VetoForm, stands: Mapping[str, tuple[Expression, Expression]], path: Path
) -> tuple[Expression, Expression] | None:
    """Where the leader stands, and the status quo."""
    status_quo = _on_scale(build, form.status_quo, (*path, "status_quo"))
    if form.by is None:
        return _on_scale(build, form.position, (*path, "position")), status_quo
    if form.by not in stands:
        hint = f"{did_you_mean(form.by, stands)} Those that deliberate: {', '.join(stands)}.".strip()
        build.fault((*path, "by"), f"no faction '{form.by}' takes part", hint)
        return None
    return stands[form.by][0], status_quo


def _factions(build: Builder, form: DeliberationForm, path: Path) -> list[str]:
    """The factions that take part, sorted; faults for those that the actor does not have."""
    if form.actor not in build.actors:
        build.refer(form.actor, (*path, "actor"), "actor")
        return []
    if not form.factions:
        build.fault((*path, "factions"), "nobody deliberates", "Name at least one faction and its position.")
    known = [faction.name for faction in build.actors[form.actor].factions]
    found = []
    for faction in sorted(form.factions):
        place = (*path, "factions", faction)
        if faction not in known:
            hint = f"{did_you_mean(faction, known)} Its factions: {', '.join(known) or 'none'}.".strip()
            build.fault(place, f"the actor '{form.actor}' has no faction '{faction}'", hint)
        elif f"{form.actor}.{faction}" not in build.stocks:
            hint = f"Add `influence:` to it under actors.{form.actor}.factions."
            build.fault(place, f"the faction '{faction}' has no influence", hint)
        else:
            found.append(faction)
    return found


def _stands(
    build: Builder, form: DeliberationForm, faction: str, path: Path
) -> tuple[Expression, Expression]:
    """Position and salience of a faction."""
    place = (*path, "factions", faction)
    given = form.factions[faction]
    position = _on_scale(build, given.position, (*place, "position"))
    return position, number(build, given.salience, (*place, "salience"), "share")


def _on_scale(build: Builder, raw: object, path: Path, *, constant: bool = False) -> Expression:
    """A position, kept on the scale; a fault where it is known to lie off it."""
    value = read_value(build, raw, path, "number", constant=constant)
    if value is None:
        return ZERO
    if value.distribution is None:
        return Binary("min", Binary("max", hoist(build, value, path), LOWEST), HIGHEST)
    if value.fixed is not None and not 0.0 <= value.fixed <= 100.0:
        hint = "Positions run from 0 to 100."
        build.fault(path, f"the position {value.fixed:g} is not on the scale", hint)
    if value.fixed is None:
        low, high = max(value.distribution.lower, 0.0), min(value.distribution.upper, 100.0)
        value = replace(value, distribution=replace(value.distribution, lower=low, upper=high))
    return hoist(build, value, path)


def _moves(build: Builder, expression: Expression, deliberations: Container[str]) -> bool:
    """Whether an expression reads the state or the time, so that it has no value before anything happens."""
    for node in walk(expression):
        if isinstance(node, Month | Within) or (isinstance(node, Call) and node.function not in FUNCTIONS):
            return True
        if isinstance(node, Name) and node.name not in build.parameters:
            return node.name in build.names or node.name in deliberations
    return False


# ── debate ───────────────────────────────────────────────────────────────────────────────────────


def _debate(build: Builder, name: str, form: DeliberationForm, path: Path) -> None:
    stage, decided = f"{name}.debate", f"{name}.decided"
    build.add_stage(stage, ("closed", "open"), path, start=Number(0.0))
    cause: Cause = Raised()
    opening = [becomes(stage, "open")]
    if form.takes is not None:
        delay, varies = number_and_chance(build, form.takes, (*path, "takes"), "duration")
        cause = Timer(delay, varies)
        opening.append(starts(decided))
    build.add_moment(Draft(f"{name}.opened", Raised(), effects=opening), (*path, "opened_by"))
    ways = outcomes(build, form.outcomes, (*path, "outcomes"), decided)
    draft = Draft(decided, cause, is_at(stage, "open"), [becomes(stage, "closed")], ways, title=form.title)
    build.add_moment(draft, path)
    for i, happening in enumerate(form.opened_by):
        build.hook(happening, (*path, "opened_by", i), raises(f"{name}.opened"))
