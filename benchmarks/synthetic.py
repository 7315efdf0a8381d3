"""Two crises made by code: one of the size of a real one, and reactions that other simulators can run too.

Nothing here is about the world; the numbers only have to keep every part of the engine as busy as a real one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from detente.expressions import Expression, parse
from detente.model import (
    Clock,
    Crisis,
    Distribution,
    Effect,
    Factor,
    Memory,
    Moment,
    Outcome,
    Parameter,
    Question,
    Schedule,
    Stage,
    Stock,
    Timer,
    Trigger,
)

AS_OF = dt.date(2024, 11, 30)
HORIZON = 400.0

N_STOCKS, N_STAGES, N_CLOCKS, N_MEMORIES, N_TIMERS, N_TRIGGERS, N_DATES = 40, 20, 60, 10, 15, 10, 5
N_REACTIONS = 60


def crisis_of_real_size() -> Crisis:
    """40 stocks, 20 stages, 60 clocks of 4 factors, 10 memories, 15 timers, 10 triggers, 30 questions."""
    moments = [*_actions(), *_timers(), *_triggers(), *_occasions()]
    return Crisis(
        name="synthetic",
        title="A crisis of real size",
        as_of=AS_OF,
        horizon=HORIZON,
        parameters=_by_name(_parameters()),
        stocks=_by_name(_stock(number) for number in range(N_STOCKS)),
        stages=_by_name(_stage(number) for number in range(N_STAGES)),
        memories=_by_name(_memory(number) for number in range(N_MEMORIES)),
        moments=_by_name(moments),
        questions=_by_name(_questions()),
    )


def _by_name(things: Iterable[Any]) -> dict[str, Any]:
    return {thing.name: thing for thing in sorted(things, key=lambda thing: thing.name)}


def _parameters() -> Iterable[Parameter]:
    for number in range(N_CLOCKS):
        rate = 0.0003 * (1.0 + number % 5)
        yield Parameter(f"rate{number:02d}", Distribution("lognormal", (rate, 2.0)))
        yield Parameter(f"push{number:02d}", Distribution("lognormal", (1.5, 1.3)))
    for number in range(N_MEMORIES):
        yield Parameter(f"half{number:02d}", Distribution("lognormal", (20.0 + 5.0 * number, 1.5)))
    for number in range(10):
        yield Parameter(f"share{number:02d}", Distribution("beta", (3.0, 5.0)))
        yield Parameter(f"drift{number:02d}", Distribution("normal", (0.0, 0.01)))


# ── state ────────────────────────────────────────────────────────────────────────────────────────


def _stock(number: int) -> Stock:
    """Ten that follow something, eight that flow, six prices with noise; the others move by jumps only."""
    name, bounds = f"x{number:02d}", {"lower": 0.0, "upper": 1000.0}
    start = parse(f"{50 + number}")
    other = f"x{(number + 7) % N_STOCKS:02d}"
    if number < 10:
        noise = parse("0.8") if number < 6 else None
        follows = parse(f"0.5 * {other} + 30")
        return Stock(name, start, follows=follows, over=parse(f"{60 + 10 * number}"), noise=noise, **bounds)
    if number < 18:
        faster = _while(f"s{number % N_STAGES:02d} == tense", "1.5")
        flow = parse(f"0.02 + drift{number - 10:02d}")
        return Stock(name, start, flow=flow, flow_factors=(faster,), **bounds)
    if number < 24:
        rougher = _while(f"s{number % N_STAGES:02d} == open", "2")
        flow, noise = parse(f"0.02 * drift{number - 15:02d}"), parse("0.01")
        return Stock(name, start, scale="log", flow=flow, noise=noise, noise_factors=(rougher,), **bounds)
    return Stock(name, start, **bounds)


def _stage(number: int) -> Stage:
    return Stage(f"s{number:02d}", ("calm", "tense", "open"), parse(f"{number % 2}"))


def _memory(number: int) -> Memory:
    counted = tuple((f"a{action:02d}", parse("1")) for action in range(number, N_CLOCKS, N_MEMORIES))
    return Memory(f"m{number:02d}", parse(f"half{number:02d}"), counted, parse("0.1"))


# ── what happens ─────────────────────────────────────────────────────────────────────────────────


def _while(condition: str, times: str) -> Factor:
    return Factor("while", condition, times=parse(times), condition=parse(condition))


def _actions() -> Iterable[Moment]:
    for number in range(N_CLOCKS):
        name = f"a{number:02d}"
        clock = Clock(parse(f"rate{number:02d}"), _factors(number))
        guard = parse(f"s{(number + 3) % N_STAGES:02d} != open") if number % 3 == 0 else None
        outcomes = _outcomes(number % 10, number) if number % 3 == 1 else ()
        yield Moment(name, clock, guard, tuple(_effects(number)), outcomes, main=number % 4 == 0)


def _factors(number: int) -> tuple[Factor, ...]:
    """Each unit of a stock, while a stage holds, a memory, and a fourth of changing shape."""
    stock = f"x{number % N_STOCKS:02d}"
    level = Factor(
        "each", stock, times=parse(f"push{number:02d}"), of=parse(stock), unit=parse("40"),
        start=parse(f"{50 + number % N_STOCKS}"), at_least=parse("0.25"), at_most=parse("4"),
    )  # fmt: skip
    stage = _while(f"s{number * 7 % N_STAGES:02d} == tense", "1.6")
    memory = f"m{(number + 1) % N_MEMORIES:02d}"
    recent = Factor("memory", memory, times=parse("1.5"), of=parse(memory), at_most=parse("3"))
    return level, stage, recent, _fourth_factor(number)


def _fourth_factor(number: int) -> Factor:
    stock = f"x{(number * 11 + 5) % N_STOCKS:02d}"
    match number % 4:
        case 0:
            return Factor(
                "each_log", stock, times=parse("1.2"), of=parse(stock), start=parse("50"), unit=parse("2"),
                at_least=parse("0.5"), at_most=parse("2"),
            )  # fmt: skip
        case 1:
            share = parse(f"{stock} / ({stock} + 50)")
            return Factor("proportional", "share", of=share, at_most=parse("1"))
        case 2:
            return _while(f"{stock} > 60 and s{number % N_STAGES:02d} == tense", "1.4")
    near = parse("0 - abs(until(2025-06-15))")
    start, unit = parse("-200"), parse("100")
    return Factor("each", "near the date", times=parse("1.5"), of=near, start=start, unit=unit)


def _effects(number: int) -> Iterable[Effect]:
    stock, other = f"x{number % N_STOCKS:02d}", f"x{(number * 3 + 20) % N_STOCKS:02d}"
    sign = "" if number % 2 else "-"
    yield Effect("stock", stock, "add", parse(f"{sign}3"), varies=parse("1.5") if number % 4 == 0 else None)
    value = ("calm", "tense", "open")[number % 3]
    yield Effect("stage", f"s{number % N_STAGES:02d}", "set", value=value)
    tense = parse(f"s{number * 7 % N_STAGES:02d} == tense")
    yield Effect("stock", other, "times", parse("1.02"), condition=tense)
    if number < N_TIMERS:
        yield Effect("timer", f"d{number:02d}", "start")


def _outcomes(kind: int, number: int) -> tuple[Outcome, ...]:
    stage = f"s{(number + 11) % N_STAGES:02d}"
    hard = _while(f"{stage} == tense", "2")
    rise = Effect("stock", f"x{(number + 25) % N_STOCKS:02d}", "add", parse("2"))
    calm = Effect("stage", stage, "set", value="calm")
    return (
        Outcome("acknowledged", parse(f"share{kind:02d}"), factors=(hard,), effects=(rise,)),
        Outcome("silent", None, effects=(calm,)),
    )


def _timers() -> Iterable[Moment]:
    for number in range(N_TIMERS):
        varies = parse("2") if number % 2 else None
        timer = Timer(parse(f"{10 + 3 * number}"), varies, whole_days=number % 3 == 0)
        calm = Effect("stage", f"s{number % N_STAGES:02d}", "set", value="calm")
        yield Moment(f"d{number:02d}", timer, effects=(calm,), outcomes=_outcomes(number % 10, number))


def _triggers() -> Iterable[Moment]:
    for number in range(N_TRIGGERS):
        when = parse(f"x{number:02d} > {70 + number}" if number < 6 else f"count(a{number:02d}) >= 2")
        rearm = parse(f"x{number:02d} < {65 + number}") if number < 6 else None
        tense = Effect("stage", f"s{(number + 5) % N_STAGES:02d}", "set", value="tense")
        yield Moment(f"g{number:02d}", Trigger(when, rearm), effects=(tense,))


def _occasions() -> Iterable[Moment]:
    for number in range(N_DATES):
        times = tuple(20.0 + 7.0 * number + 91.0 * turn for turn in range(4))
        yield Moment(f"o{number:02d}", Schedule(times, "occasion"), outcomes=_outcomes(number, number))


def _questions() -> Iterable[Question]:
    for number in range(30):
        match number % 5:
            case 0 | 1:
                yes = f"first a{number * 2:02d}"
            case 2:
                yes = f"first s{number % N_STAGES:02d} becomes open"
            case 3:
                yes = f"ever (x{number:02d} > {70 + number})"
            case _:
                yes = f"(x{number:02d} > {45 + number} and s{number % N_STAGES:02d} == tense) at close"
        closes = 30.0 * (2 + number % 11)
        yield Question(f"q{number:02d}", yes, parse(yes), closes)


# ── a network of reactions at constant rates ─────────────────────────────────────────────────────


def reactions(busier: float = 1.0) -> list[tuple[str, float, str]]:
    """60 independent reactions ∅ → species at constant rates: name, rate [1/day], species.

    In sum 0.15 · `busier` a day; 0.15 is as much as happens in a crisis.
    """
    shares = [1 + number % 5 for number in range(N_REACTIONS)]
    rates = [0.15 * busier * share / sum(shares) for share in shares]
    return [(f"r{number:02d}", rate, f"n{number:02d}") for number, rate in enumerate(rates)]


def network(busier: float = 1.0) -> Crisis:
    """The same reactions as a crisis with 30 questions; the engine itself counts firings."""
    moments = [Moment(name, Clock(_number(rate))) for name, rate, _ in reactions(busier)]
    asked = [
        Question(f"q{number:02d}", "", parse(f"ever (count(r{number:02d}) >= 1)"), HORIZON)
        for number in range(30)
    ]
    return Crisis(
        name="network", title="60 reactions", as_of=AS_OF, horizon=HORIZON,
        moments=_by_name(moments), questions=_by_name(asked),
    )  # fmt: skip


def _number(value: float) -> Expression:
    return parse(f"{value:.15f}")
