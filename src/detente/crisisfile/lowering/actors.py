"""Actors and their factions; the influence of a faction is a stock."""

from __future__ import annotations

from functools import reduce

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.lowering.factors import factors
from detente.crisisfile.lowering.numbers import ONE, known, number, optional
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.rich import FactionForm
from detente.crisisfile.schema.whole import CrisisForm
from detente.expressions import Binary, BinaryOperator, Call, Expression, Number
from detente.model import Actor, Faction, Factor, Stock

LEAST, MOST = 0.01, 100.0
"""Bounds of an influence."""


def lower_actors(build: Builder, form: CrisisForm) -> None:
    """All actors with their factions."""
    for name, actor in sorted(form.actors.items()):
        path: Path = ("actors", name)
        build.declare(name, "actor", path)
        factions = tuple(Faction(each, faction.title) for each, faction in sorted(actor.factions.items()))
        build.actors[name] = Actor(name, actor.title, actor.cameo, factions)
        for each, faction in sorted(actor.factions.items()):
            if faction.influence is not None:
                _influence(build, f"{name}.{each}", faction, (*path, "factions", each))


def _influence(build: Builder, name: str, form: FactionForm, path: Path) -> None:
    start = number(build, form.influence, (*path, "influence"), "number", constant=True)
    follows = optional(build, form.follows, (*path, "follows"), "number")
    pressures = [as_expression(each) for each in factors(build, form.factors, (*path, "factors"))]
    if form.over is not None:
        follows = reduce(lambda left, right: _two("*", left, right), pressures, follows or start)
    over = optional(build, form.over, (*path, "over"), "duration")
    stock = Stock(name, start, title=form.title, lower=LEAST, upper=MOST, follows=follows, over=over)
    sure = known(build, start)
    if sure is not None and not LEAST <= sure <= MOST:
        hint = f"An influence lies between {LEAST:g} and {MOST:g}."
        build.fault((*path, "influence"), f"the influence {sure:g} is outside the bounds", hint)
    build.add_stock(stock, path)


# ── a factor in arithmetic ───────────────────────────────────────────────────────────────────────


def as_expression(factor: Factor) -> Expression:
    """The value of a factor, written out: what a stock follows takes no list of factors.

    A condition counts 1 while it holds and else 0.
    """
    value = _shape(factor)
    if factor.at_least is not None:
        value = _two("max", value, factor.at_least)
    if factor.at_most is not None:
        value = _two("min", value, factor.at_most)
    if factor.condition is None:
        return value
    return _two("+", ONE, _two("*", factor.condition, _two("-", value, ONE)))


def _shape(factor: Factor) -> Expression:
    times, of = factor.times or ONE, factor.of or ONE
    start, unit = factor.start or Number(0.0), factor.unit or ONE
    match factor.shape:
        case "while":
            return times
        case "each":
            return _two("^", times, _two("/", _two("-", of, start), unit))
        case "each_log":
            steps = _two("/", Call("log", _two("/", of, start)), Call("log", unit))
            return _two("^", times, steps)
        case "memory":
            return _two("+", ONE, _two("*", _two("-", times, ONE), of))
    return _two("max", of, Number(0.0))


def _two(operator: BinaryOperator, left: Expression, right: Expression) -> Binary:
    return Binary(operator, left, right)
