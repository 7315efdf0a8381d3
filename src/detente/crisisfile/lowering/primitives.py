"""The primitive sections."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.lowering.factors import factors
from detente.crisisfile.lowering.moments import add_moment
from detente.crisisfile.lowering.numbers import (
    ONE,
    condition,
    expression,
    hoist,
    known,
    number,
    number_and_chance,
    optional,
    plain,
    read_value,
)
from detente.crisisfile.lowering.words import RESERVED, is_name
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.primitives import (
    MemoryForm,
    ParameterForm,
    StageForm,
    StockForm,
    TimerForm,
)
from detente.crisisfile.schema.whole import CrisisForm
from detente.dates import days_between
from detente.expressions import Expression, Number
from detente.model import (
    Distribution,
    DistributionKind,
    Memory,
    Parameter,
    Raised,
    Stock,
    Timer,
    Trigger,
)

_ARGUMENTS: dict[DistributionKind, int] = {
    "fixed": 1,
    "lognormal": 2,
    "normal": 2,
    "logitnormal": 2,
    "uniform": 2,
    "triangular": 3,
    "beta": 2,
    "gamma": 2,
    "bernoulli": 1,
    "counted": 1,
    "mean_rate": 2,
}
"""How many numbers each distribution has."""


def lower_primitives(build: Builder, form: CrisisForm) -> None:
    """All primitive sections except clocks and occasions."""
    for name, given in sorted(form.parameters.items()):
        _parameter(build, name, given, ("parameters", name))
    for name, stock in sorted(form.stocks.items()):
        _stock(build, name, stock, ("stocks", name))
    for name, stage in sorted(form.stages.items()):
        _stage(build, name, stage, ("stages", name))
    for name, memory in sorted(form.memories.items()):
        _memory(build, name, memory, ("memories", name))
    _lower_moments(build, form)


def _lower_moments(build: Builder, form: CrisisForm) -> None:
    for name, timer in sorted(form.timers.items()):
        _timer(build, name, timer, ("timers", name))
    for name, trigger in sorted(form.triggers.items()):
        path: Path = ("triggers", name)
        when = expression(build, trigger.when, (*path, "when"), "condition")
        rearm = condition(build, trigger.rearm, (*path, "rearm"))
        add_moment(build, trigger, name, path, Trigger(when, rearm))
    for name, moment in sorted(form.moments.items()):
        add_moment(build, moment, name, ("moments", name), Raised())


# ── state ────────────────────────────────────────────────────────────────────────────────────────


def _parameter(build: Builder, name: str, form: ParameterForm, path: Path) -> None:
    build.declare(name, "parameter", path)
    distribution = _spelled_out(build, form, path) if form.kind is not None else _known(build, form, path)
    if distribution is not None:
        build.parameters[name] = Parameter(name, distribution, form.unit, build.evidence(path))


def _spelled_out(build: Builder, form: ParameterForm, path: Path) -> Distribution | None:
    if form.kind not in _ARGUMENTS:
        hint = f"Known kinds: {', '.join(sorted(_ARGUMENTS))}."
        build.fault((*path, "kind"), f"there is no distribution '{form.kind}'", hint)
        return None
    if len(form.numbers) != _ARGUMENTS[form.kind]:
        hint = f"A distribution '{form.kind}' has {_ARGUMENTS[form.kind]}."
        build.fault((*path, "numbers"), f"there are {len(form.numbers)} numbers", hint)
        return None
    if form.clock:
        build.refer(form.clock, (*path, "clock"), "moment")
    return Distribution(
        form.kind,
        form.numbers,
        form.clock,
        build.time(form.start, (*path, "start")),
        build.time(form.end, (*path, "end")),
        -math.inf if form.lower is None else form.lower,
        math.inf if form.upper is None else form.upper,
    )


def _known(build: Builder, form: ParameterForm, path: Path) -> Distribution | None:
    raw: Any = form.value if form.spread is None else {"value": form.value, "spread": form.spread}
    value = read_value(build, raw, (*path, "value"), "number")
    if value is None:
        return None
    if value.distribution is None:
        hint = "An expression of the state belongs where it is used, or into a stock that follows it."
        build.fault((*path, "value"), "a parameter is a number, not an expression", hint)
        return None
    lower = value.distribution.lower if form.lower is None else form.lower
    upper = value.distribution.upper if form.upper is None else form.upper
    if lower >= upper:
        build.fault(
            (*path, "lower"), f"the bounds leave nothing: {lower:g} to {upper:g}", "Lower comes first."
        )
    return dataclasses.replace(value.distribution, lower=lower, upper=upper)


def _stock(build: Builder, name: str, form: StockForm, path: Path) -> None:
    def expr(key: str, kind: Any) -> Expression | None:
        return optional(build, getattr(form, key), (*path, key), kind)

    start = read_value(build, form.start, (*path, "start"), "number", constant=True)
    dated = None if form.starts is None else build.time(form.starts, (*path, "starts"))
    if start is not None and start.on is not None:
        dated = days_between(build.origin, start.on)
    stock = Stock(
        name=name,
        start=Number(0.0) if start is None else hoist(build, start, (*path, "start"), unit=form.unit),
        unit=form.unit,
        title=form.title,
        lower=plain(build, form.lower, (*path, "lower"), "number", -math.inf),
        upper=plain(build, form.upper, (*path, "upper"), "number", math.inf),
        scale=form.scale,
        flow=expr("flow", "flow"),
        flow_factors=factors(build, form.flow_factors, (*path, "flow_factors")),
        follows=expr("follows", "number"),
        over=expr("over", "duration"),
        noise=expr("noise", "number"),
        noise_factors=factors(build, form.noise_factors, (*path, "noise_factors")),
        starts=dated,
    )
    _check_bounds(build, stock, path)
    build.add_stock(stock, path)


def _check_bounds(build: Builder, stock: Stock, path: Path) -> None:
    if not stock.lower < stock.upper:
        build.fault(
            path, f"the bounds {stock.lower:g} and {stock.upper:g} leave no room", "`lower` is below `upper`."
        )
        return
    start = known(build, stock.start)
    if start is not None and not stock.lower <= start <= stock.upper:
        where = f"{stock.lower:g} to {stock.upper:g}"
        build.fault((*path, "start"), f"the start {start:g} is outside the bounds", f"Bounds: {where}.")
    if stock.scale == "log" and not stock.lower > 0:
        build.fault(
            path, "a stock of scale log needs a lower bound above 0", "Add `lower:`, such as `lower: 1`."
        )


def _stage(build: Builder, name: str, form: StageForm, path: Path) -> None:
    check_values(build, form.values, (*path, "values"))
    if form.start is None or form.start in form.values:
        index = 0 if form.start is None else form.values.index(form.start)
        start: Expression = Number(float(index))
    elif build.machine:
        start = number(build, form.start, (*path, "start"), "number", constant=True)
        if isinstance(start, Number) and start.value not in range(len(form.values)):
            build.fault((*path, "start"), f"there is no value number {start}", "Write the value itself.")
    else:
        build.fault(
            (*path, "start"),
            f"'{form.start}' is not a value of this stage",
            f"Values: {', '.join(form.values)}.",
        )
        start = Number(0.0)
    build.add_stage(name, form.values, path, start=start, title=form.title)


def check_values(build: Builder, values: tuple[str, ...], path: Path) -> None:
    """Refuse values of a stage that are too few, twice there, or could not be written in an expression."""
    if len(values) < 2:
        build.fault(path, "a stage needs at least two values", "Write them as a list: [calm, tense].")
    for i, value in enumerate(values):
        if not is_name(value) or value in RESERVED:
            hint = "A value is a name: letters, digits, underscores, and no word of the grammar."
            build.fault((*path, i), f"'{value}' cannot be the value of a stage", hint)
        elif value in values[:i]:
            build.fault((*path, i), f"the value '{value}' stands twice", "Remove one of them.")


def _memory(build: Builder, name: str, form: MemoryForm, path: Path) -> None:
    counts = []
    for i, count in enumerate(form.counts):
        place = (*path, "counts", i)
        build.refer(count.happening, place, "moment", "outcome")
        counts.append(
            (
                count.happening,
                ONE if count.add is None else number(build, count.add, (*place, "add"), "number"),
            )
        )
    memory = Memory(
        name,
        number(build, form.half_life, (*path, "half_life"), "duration", constant=True),
        tuple(counts),
        None if form.start is None else number(build, form.start, (*path, "start"), "number", constant=True),
    )
    build.add_memory(memory, path)


# ── what happens ─────────────────────────────────────────────────────────────────────────────────


def _timer(build: Builder, name: str, form: TimerForm, path: Path) -> None:
    delay, varies = number_and_chance(build, form.delay, (*path, "delay"), "duration", form.varies)
    add_moment(build, form, name, path, Timer(delay, varies, form.whole_days, form.again))
