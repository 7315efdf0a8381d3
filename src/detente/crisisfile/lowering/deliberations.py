"""Deliberations: a position that follows the compromise of the factions, a debate, and what it decides.

For a deliberation ``X``::

    stock    X              0–100, follows Σ influence·salience·position / Σ influence·salience
    stage    X.debate       closed open
    moments  X.opened       raised by `opened_by`; a new opening restarts the debate
             X.decided      when the debate has taken its time: the choice among the outcomes
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from detente.crisisfile.lowering.builder import Builder, Draft
from detente.crisisfile.lowering.moments import becomes, is_at, raises, starts
from detente.crisisfile.lowering.numbers import known, number, number_and_chance
from detente.crisisfile.lowering.pieces import outcomes
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.rich import DeliberationForm
from detente.crisisfile.schema.whole import CrisisForm
from detente.crisisfile.suggest import did_you_mean
from detente.expressions import Binary, Expression, Name, Number
from detente.model import Cause, Raised, Stock, Timer


def lower_deliberations(build: Builder, form: CrisisForm) -> None:
    """All deliberations."""
    for name, deliberation in sorted(form.deliberations.items()):
        path: Path = ("deliberations", name)
        _position(build, name, deliberation, path)
        _debate(build, name, deliberation, path)


# ── position ─────────────────────────────────────────────────────────────────────────────────────


def _position(build: Builder, name: str, form: DeliberationForm, path: Path) -> None:
    factions = _factions(build, form, path)
    stands = {faction: _stands(build, form, faction, path) for faction in factions}

    def compromise(influence: Callable[[str], Expression]) -> Expression:
        weights = {each: Binary("*", influence(f"{form.actor}.{each}"), stands[each][1]) for each in stands}
        weighted = [Binary("*", weights[each], stands[each][0]) for each in stands]
        return Binary("/", _sum(weighted), _sum(list(weights.values())))

    if not stands:
        return
    start = compromise(lambda stock: build.stocks[stock].start)
    if form.start is not None:
        start = number(build, form.start, (*path, "start"), "number", constant=True)
    over = number(build, form.adjusts, (*path, "adjusts"), "duration")
    stock = Stock(
        name, start, "points", form.title, lower=0.0, upper=100.0, follows=compromise(Name), over=over
    )
    build.add_stock(stock, path)


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
    position = number(build, given.position, (*place, "position"), "number")
    sure = known(build, position)
    if sure is not None and not 0.0 <= sure <= 100.0:
        hint = "Positions run from 0 to 100."
        build.fault((*place, "position"), f"the position {sure:g} is not on the scale", hint)
    return position, number(build, given.salience, (*place, "salience"), "share")


def _sum(terms: Sequence[Expression]) -> Expression:
    return reduce(lambda left, right: Binary("+", left, right), terms)


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
