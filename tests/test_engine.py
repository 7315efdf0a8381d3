"""The compiled engine against its plain definition, and what must not change a result."""

import datetime as dt
import math
import os
import shutil
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from detente.crisisfile import loads
from detente.engine import interpreter, kernel, simulate
from detente.engine.compiling import compile_crisis
from detente.engine.ensemble import Settings
from detente.engine.intensities import as_of_state
from detente.engine.reference import replay_reference, simulate_reference
from detente.engine.reference_values import World
from detente.engine.sampling import divide_by_exposure, draw_parameters, with_unit_rates
from detente.engine.simulating import memory_needed
from detente.engine.sources import PLAIN, source_digest
from detente.errors import ModelError, RunawayError
from detente.expressions import Name, parse
from detente.model import (
    Clock,
    Coding,
    Crisis,
    Distribution,
    Effect,
    Factor,
    Memory,
    Moment,
    Outcome,
    Parameter,
    Question,
    Raised,
    Recorded,
    Schedule,
    Stage,
    Stock,
    Timer,
    Trigger,
)

AS_OF = dt.date(2024, 11, 30)
EXAMPLES = int(os.environ.get("DETENTE_EXAMPLES", "250"))
"""How many random crises are tried; set the variable to try more."""

# ── short words for primitives ───────────────────────────────────────────────────────────────────


def x(text):
    return None if text is None else parse(str(text))


def parameter(name, kind, *numbers, **more):
    return Parameter(name, Distribution(kind, numbers, **more))


def factor(shape, of=None, times=None, **more):
    return Factor(shape, "", x(times), x(of), **{key: x(value) for key, value in more.items()})


def clock(name, rate, *effects, factors=(), guard=None, outcomes=(), main=True):
    return Moment(name, Clock(x(rate), tuple(factors)), x(guard), effects, tuple(outcomes), main=main)


def timer(name, delay, *effects, varies=None, guard=None, outcomes=(), **more):
    return Moment(name, Timer(x(delay), x(varies), **more), x(guard), effects, tuple(outcomes))


def trigger(name, when, *effects, rearm=None, guard=None, outcomes=()):
    return Moment(name, Trigger(x(when), x(rearm)), x(guard), effects, tuple(outcomes))


def schedule(name, times, *effects, kind="date", guard=None, outcomes=(), complete_from=None):
    coding = Coding(complete_from=complete_from)
    return Moment(name, Schedule(tuple(times), kind), x(guard), effects, tuple(outcomes), coding=coding)


def raised(name, *effects, guard=None, outcomes=()):
    return Moment(name, Raised(), x(guard), effects, tuple(outcomes))


def outcome(name, share=None, *effects, guard=None, factors=()):
    return Outcome(name, x(share), x(guard), tuple(factors), effects)


def stock_effect(does):
    def make(stock, amount, *, varies=None, condition=None, factors=()):
        return Effect("stock", stock, does, x(amount), "", x(condition), tuple(factors), x(varies))

    return make


add, put, times = stock_effect("add"), stock_effect("set"), stock_effect("times")


def remember(memory, amount=1, **more):
    return replace(add(memory, amount, **more), on="memory")


def becomes(stage, value, condition=None):
    return Effect("stage", stage, "set", value=value, condition=x(condition))


def starts(name, condition=None):
    return Effect("timer", name, "start", condition=x(condition))


def stops(name):
    return Effect("timer", name, "stop")


def fires(name, condition=None):
    return Effect("moment", name, "raise", condition=x(condition))


def stock(name, start, **more):
    exact = ("lower", "upper", "scale", "flow_factors", "noise_factors", "starts")
    return Stock(name, x(start), **{key: value if key in exact else x(value) for key, value in more.items()})


def memory(name, half_life, *counts, start=None):
    return Memory(name, x(half_life), tuple((happening, x(amount)) for happening, amount in counts), x(start))


def question(name, yes_if, closes, opens=0.0, given=None):
    return Question(name, "", x(yes_if), closes, opens, x(given))


PLACES = {
    Parameter: "parameters",
    Stock: "stocks",
    Stage: "stages",
    Memory: "memories",
    Moment: "moments",
    Question: "questions",
}


def crisis(*parts, horizon=60.0, record=(), **more):
    sections = {place: {} for place in PLACES.values()}
    for part in sorted(parts, key=lambda part: part.name):
        sections[PLACES[type(part)]][part.name] = part
    return Crisis("test", "", AS_OF, horizon, record=tuple(sorted(record)), **sections, **more)


# ── kernel = reference ───────────────────────────────────────────────────────────────────────────


def starts_of(case, *, seed, n_draws, tick=1.0, epoch=7.0):
    """For every draw: its parameters, and the state in which the replay leaves it (None without a record)."""
    parameters = tuple(case.parameters.values())
    drawn = draw_parameters(parameters, seed, n_draws)
    windows = {p.name: p.distribution for p in parameters if p.distribution.kind in ("counted", "mean_rate")}
    exposures = {name: np.full(n_draws, window.end - window.start) for name, window in windows.items()}
    ends = [None] * n_draws
    if case.record_from < 0.0:
        unit = with_unit_rates(parameters, drawn)
        for draw in range(n_draws):
            values = {name: float(value[draw]) for name, value in unit.items()}
            replayed = replay_reference(case, values, seed=seed, draw=draw, tick=tick, epoch=epoch)
            ends[draw] = replayed.end
            for name in windows:
                exposures[name][draw] = replayed.exposures[name]
    finished = divide_by_exposure(parameters, drawn, exposures)
    return [
        ({name: float(value[draw]) for name, value in finished.items()}, ends[draw])
        for draw in range(n_draws)
    ]


def twins_of(case, *, n_draws, n_replicates, seed, budget, horizon=None, **how):
    """Every trajectory of the reference, by number."""
    for draw, (values, start) in enumerate(starts_of(case, seed=seed, n_draws=n_draws, **how)):
        for number in range(draw * n_replicates, (draw + 1) * n_replicates):
            yield (
                number,
                simulate_reference(
                    case, values, number=number, start=start, seed=seed, budget=budget, horizon=horizon, **how
                ),
            )


def assert_same(case, *, n_draws=4, n_replicates=2, seed=1, budget=10**6, **how):
    """Every trajectory of the kernel is that of the reference: happenings, times, registers, final state."""
    names = (*case.stocks, *case.stages, *case.memories)
    how |= {"seed": seed, "budget": budget}
    twins = twins_of(case, n_draws=n_draws, n_replicates=n_replicates, **how)
    try:
        ensemble = simulate(
            case,
            trajectories=n_draws * n_replicates,
            replicates=n_replicates,
            threads=1,
            log=True,
            final=names,
            **how,
        )
    except RunawayError:
        with pytest.raises(RunawayError):
            list(twins)
        return 0, None
    happened = 0
    for number, twin in twins:
        here = ensemble.log.trajectory == number
        assert [ensemble.log.names[k] for k in ensemble.log.happening[here]] == [name for _, name in twin.log]
        np.testing.assert_allclose(ensemble.log.time[here], [t for t, _ in twin.log], rtol=0, atol=1e-9)
        assert bool(ensemble.runaway[number]) == twin.runaway
        happened += len(twin.log)
        if twin.runaway:
            continue
        for watch, value in twin.registers.items():
            assert ensemble.registers[watch][number] == pytest.approx(value, rel=1e-9, abs=1e-9), watch
        for name in names:
            assert ensemble.final[name][number] == pytest.approx(twin.state[name], rel=1e-9, abs=1e-9), name
    return happened, ensemble


MOOD = Stage("mood", ("calm", "tense", "hot"), x(0))

SHAPES = crisis(
    parameter("p.rate", "lognormal", 0.3, 1.5),
    parameter("p.times", "lognormal", 1.8, 1.3),
    parameter("p.unit", "uniform", 5.0, 15.0),
    parameter("p.bound", "triangular", 2.0, 3.0, 4.0),
    parameter("p.fixed", "fixed", 2.5),
    stock("level", 50, lower=0.0, upper=100.0, flow=0.4, noise=2),
    stock("price", "p.unit * 100", lower=200.0, upper=5000.0, scale="log", noise=0.05),
    stock("still", 3),
    MOOD,
    memory("slow", 20, ("while_tense", 1), ("each_level", "0.5 + 0.01 * level")),
    memory("quick", "0.4 * p.bound", ("proportional", 1), start=0.5),
    clock(
        "while_tense",
        "p.rate",
        add("still", 1),
        factors=[factor("while", times="p.times", condition="mood == tense")],
    ),
    clock(
        "each_level",
        "p.rate",
        add("level", -3),
        becomes("mood", "tense", "level > 52"),
        becomes("mood", "calm", "not (level > 52)"),
        factors=[
            factor(
                "each", of="level", times="p.times", start=50, unit="p.unit", at_least=0.4, at_most="p.bound"
            ),
            factor("each", of="still", times=0.9, start=3, unit=1),
            factor(
                "each", of="until(election)", times=0.8, start=0, unit=30, condition="until(election) > 0"
            ),
        ],
    ),
    clock(
        "each_price",
        "0.2",
        times("price", 0.97),
        factors=[
            factor("each_log", of="price", times="p.times", start=1000, unit=2, at_least=0.5, at_most=4),
            factor("each_log", of="price + still", times=1.05, start="900 + still", unit="p.fixed"),
            factor("while", times=1.5, condition="month == 12 or month == 1"),
        ],
        guard="not mood == hot and price < 4900",
    ),
    clock(
        "remembering",
        0.2,
        put("still", "abs(still - 4) + sqrt(slow)"),
        factors=[
            factor("memory", of="slow", times="p.bound", at_most=4),
            factor("memory", of="quick", times=0.3, at_least=0.2),
            factor("memory", of="slow + quick", times=1.2, condition="quick > 0.1", at_most="p.bound"),
        ],
    ),
    clock(
        "proportional",
        1,
        add("still", 0.5, factors=[factor("each", of="level", times=1.1, start=50, unit=10)], varies=1.5),
        remember("slow", 0.25, varies="p.bound", factors=[factor("proportional", of="still / 4")]),
        factors=[
            factor("proportional", of="0.01 * level - 0.2", at_most=0.9),
            factor(
                "proportional", of="still ^ 2 / 20", at_least=0.1, at_most=3, condition="happened(each_price)"
            ),
            factor("while", times=0.6, condition="since(remembering) < 5"),
        ],
    ),
    clock("rising", "0.05 + 0.002 * level", guard="count(rising) < 4 and exp(0 - slow) > 0.02"),
    calendar={"election": 25.5},
)

MOMENTS = crisis(
    parameter("p.delay", "lognormal", 4, 1.5),
    parameter("p.varies", "uniform", 1.2, 2.5),
    stock("score", 10, lower=-20.0, upper=40.0),
    stock("drift", 0, flow=0.5, lower=-5.0, upper=12.0),
    MOOD,
    memory("slow", 15, ("strike", 1), ("talk.failed", 0.5)),
    clock(
        "strike",
        0.25,
        add("score", -2, varies=1.8),
        starts("reply"),
        starts("legal"),
        fires("comment", "score < 12"),
        stops("patience"),
        outcomes=[
            outcome(
                "open", 0.5, becomes("mood", "tense"), factors=[factor("each", of="score", times=1.2, unit=4)]
            ),
            outcome("covert", None, guard="not mood == hot"),
            outcome("denied", "0.1 + 0.01 * drift", fires("comment"), guard="slow > 0.3"),
        ],
    ),
    clock(
        "talk",
        0.2,
        starts("patience"),
        outcomes=[outcome("failed", 0.6), outcome("done", 0.4, put("score", 10))],
    ),
    clock("never", 1, outcomes=[outcome("chosen", 1)], guard="score > 1000"),
    raised(
        "comment",
        add("score", 0.5),
        starts("at_once", "mood == tense"),
        outcomes=[outcome("harsh", 0.3, add("score", -0.25)), outcome("mild", 0.7)],
        guard="count(comment) < 30",
    ),
    raised("impossible", outcomes=[outcome("one", 1, guard="mood == hot"), outcome("two", "0 * score")]),
    timer("reply", "p.delay", add("score", 1.5), fires("impossible"), varies="p.varies"),
    timer("legal", 3, becomes("mood", "hot"), whole_days=True, again="keep", guard="mood == tense"),
    timer(
        "patience", "2 + 0.1 * score", becomes("mood", "calm"), starts("patience", "score > 9"), again="keep"
    ),
    timer("at_once", 0, add("drift", 0.25)),
    timer("loop", 0.75, starts("loop", "count(loop) < 40"), add("drift", -0.1)),
    trigger("low", "score < 5", add("score", 2), fires("comment"), rearm="score > 8"),
    trigger("lower", "score < 4.9", add("score", 1.3), becomes("mood", "tense")),
    trigger(
        "drifted", "drift > 3", add("drift", -2), starts("loop"), rearm="drift < 2.5 or since(drifted) > 2"
    ),
    trigger("hot", "mood == hot", becomes("mood", "tense"), outcomes=[outcome("a", 0.5), outcome("b", None)]),
    trigger("cooling", "mood == tense and slow < 5", add("drift", 0.7), guard="not happened(never)"),
    trigger("again", "count(at_once) > 2 * count(again)", starts("at_once")),
    trigger("spring", "month == 1 and until(2025-01-10) > 0", put("score", 20)),
    schedule(
        "session",
        (2.0, 9.25, 9.25, 16.0, 60.0),
        add("score", 1),
        outcomes=[outcome("yes", 0.5), outcome("no")],
    ),
    schedule("budget", (9.25, 16.0, 33.3), times("score", 0.9), kind="occasion", guard="score > 6"),
    schedule("opening", (0.0,), starts("loop"), starts("legal")),
    question("q1", "first strike.open before first talk.done", 40),
    question("q2", "score > 8 at 2024-12-20", 40, given="happened(strike) at 2024-12-05T06:00"),
)

FLOWS = crisis(
    parameter("p.sd", "normal", 1.0, 0.2),
    parameter("p.over", "uniform", 3.0, 20.0),
    MOOD,
    stock("linear", 5, lower=0.0, upper=8.0, flow="0.2 - 0.01 * linear", noise="p.sd"),
    stock(
        "grown",
        700,
        scale="log",
        lower=10.0,
        upper=1e6,
        flow=0.01,
        noise=0.02,
        flow_factors=(factor("while", times=2, condition="mood == tense"),),
        noise_factors=(
            factor("each", of="linear", times=1.5, start=5, unit=2, at_most=3),
            factor("memory", of="echo", times=4),
        ),
    ),
    stock("follower", 40, follows="10 * linear + 0.01 * grown", over="p.over", lower=0.0, upper=100.0),
    stock(
        "noisy_follower",
        0,
        follows="follower",
        over=5,
        noise="0.1 * linear",
        flow_factors=(factor("while", times=0.5, condition="mood == hot"),),
    ),
    stock("only_noise", 0, noise="p.sd"),
    stock("timed", 0, flow="month - 6", flow_factors=(factor("proportional", of="until(2025-03-01) / 60"),)),
    memory("echo", 3, ("jump", 1)),
    clock(
        "jump",
        0.3,
        add("linear", 1.5),
        times("grown", "1 + 0.1 * echo"),
        becomes("mood", "tense"),
        factors=[factor("each", of="linear", times=1.3, start=5, unit=1)],
    ),
    clock("calm", 0.3, becomes("mood", "calm"), becomes("mood", "hot", "follower > 60")),
    trigger("high", "follower > 55", add("linear", -4), rearm="follower < 50"),
)

EXCITED = crisis(
    parameter("p.half_life", "uniform", 0.3, 6.0),
    memory("fast", "p.half_life", ("spark", 1), ("ember", 0.5)),
    memory("faster", 0.25, ("spark", 0.7)),
    memory("slow", 30, ("ember", 1), start=2),
    clock(
        "spark",
        0.3,
        factors=[
            factor("memory", of="fast", times=3, at_most=6),
            factor("memory", of="faster", times=2, at_most=3),
        ],
    ),
    clock(
        "ember", 0.1, remember("slow", "fast"), factors=[factor("memory", of="slow", times=1.4, at_most=5)]
    ),
    clock("steady", 0.4),
    trigger("many", "fast > 2.5", remember("faster", -0.2), rearm="fast < 1"),
    question("q", "ever (fast > 2 and slow > 2.5)", 60),
)

WATCHED = crisis(
    stock("level", 10, flow=0.3, noise=1.5, lower=0.0, upper=40.0),
    MOOD,
    memory("slow", 12, ("strike", 1)),
    clock(
        "strike",
        0.12,
        add("level", 3),
        becomes("mood", "tense"),
        outcomes=[outcome("open", 0.5), outcome("covert")],
    ),
    clock("calm", 0.3, becomes("mood", "calm"), guard="mood == tense"),
    clock("flash", 0.2, becomes("mood", "hot"), becomes("mood", "calm")),
    schedule("date", (10.0, 20.0, 30.0)),
    question("first", "first strike", 30),
    question("open_window", "first date before first calm", 30, opens=10),
    question("closed_window", "first date", 20, opens=10),
    question("later", "first strike.open", 50, opens=10),
    question("becomes", "first mood becomes tense", 45, opens=3.5),
    question("never", "first mood becomes hot", 45),
    question("before", "first strike.covert before first calm", 33.3),
    question("ever", "ever (level > 25)", 40, opens=5),
    question("ever_stage", "ever (mood == tense)", 25, opens=12),
    question("ever_inside", "ever (mood == tense or level > 12)", 14.9, opens=14.3),
    question("ever_fading", "ever (slow > 1.5 and mood == tense)", 60),
    question("ever_time", "ever (since(strike) > 9 and month == 1)", 60),
    question("close", "level > 15 at close", 20),
    question("instant", "mood == tense at 2024-12-20T15:30 or (level < 12) at 2025-01-03", 60),
    question("bare", "count(strike) >= 2 and not happened(flash)", 41, given="first calm"),
)

RECORD = crisis(
    parameter("p.counted", "counted", 3.0, clock="strike", start=-60.0, end=-5.5),
    parameter("p.mean", "mean_rate", 0.05, 1.5, clock="raid", start=-80.25, end=0.0),
    parameter("p.delay", "lognormal", 12, 1.4),
    stock("level", 20, flow=0.1, noise=0.5, lower=0.0),
    stock("read", 7, flow=0.2, noise=0.3, starts=-20.5),
    stock("read_last", 3, flow=1, starts=0.0),
    MOOD,
    memory("slow", 25, ("strike", 1), ("raid.big", 2)),
    memory("fast", 2, ("strike", 1)),
    clock(
        "strike",
        "p.counted",
        add("level", 1, varies=2),
        starts("reply"),
        starts("late"),
        fires("note"),
        factors=[
            factor("memory", of="slow", times=1.5, at_most=4),
            factor("memory", of="fast", times=2, at_most=3),
        ],
        outcomes=[outcome("open", 0.5, becomes("mood", "tense")), outcome("covert")],
        guard="level < 60",
    ),
    clock(
        "raid",
        "p.mean",
        starts("deadline"),
        outcomes=[outcome("big", 0.2, starts("kept")), outcome("small")],
        guard="mood == calm or since(raid) > 10",
    ),
    raised("note", add("level", 0.1), outcomes=[outcome("a", 0.5), outcome("b")]),
    timer("reply", "p.delay", becomes("mood", "hot"), varies=2, guard="mood == tense"),
    timer(
        "kept",
        40,
        add("level", 1),
        varies="1.5",
        again="keep",
        outcomes=[outcome("one", 0.5), outcome("two")],
    ),
    timer("late", 9, add("level", 2), varies=1.8, whole_days=True),
    timer("deadline", 5, add("level", -1), starts("choice")),
    timer("choice", 2, whole_days=True, outcomes=[outcome("x", 0.5), outcome("y")]),
    trigger("hot", "mood == hot or level > 30", becomes("mood", "calm"), rearm="level < 25"),
    trigger("chooses", "level > 24", outcomes=[outcome("p", 0.5), outcome("q")]),
    schedule(
        "board",
        (-70.0, -40.0, -10.0, 12.0),
        add("level", -1),
        outcomes=[outcome("yes", 0.3, add("level", 5)), outcome("no", None, add("level", -2))],
        complete_from=-50.0,
        kind="occasion",
    ),
    schedule(
        "guarded", (-30.0, -29.0, 20.0), add("level", 100), outcomes=[outcome("yes", 1)], guard="mood == hot"
    ),
    schedule("plain", (-35.0, 0.0), add("level", 3)),
    question("q", "first strike.open", 30),
    question("r", "ever (slow > 3)", 50),
    record_from=-80.25,
    record=[
        Recorded(-79.5, "strike", "open"),
        Recorded(-60.5, "raid", "big"),
        Recorded(-60.5, "raid"),
        Recorded(-45.0, "strike", "covert"),
        Recorded(-39.5, "board", "yes"),
        Recorded(-30.5, "kept", "two"),
        Recorded(-25.5, "raid", "big"),
        Recorded(-20.5, "raid", "big"),
        Recorded(-8.5, "strike", "open"),
        Recorded(-4.5, "reply"),
        Recorded(-2.5, "raid", "small"),
        Recorded(0.0, "strike", "covert"),
    ],
)

CASES = {
    "shapes": SHAPES,
    "moments": MOMENTS,
    "flows": FLOWS,
    "excited": EXCITED,
    "watched": WATCHED,
    "record": RECORD,
}


class TestTwin:
    @pytest.mark.parametrize("tick", [1.0, 0.25])
    @pytest.mark.parametrize("name", CASES)
    def test_every_primitive(self, name, tick):
        happened, _ = assert_same(CASES[name], tick=tick, n_draws=4 if tick == 1.0 else 2)
        assert happened > 50


# random crises

NUMBERS = (
    "1.5",
    "0.4",
    "p.a",
    "p.b",
    "p.a * p.b",
    "level / 10",
    "0.5 + slow",
    "quick",
    "count(c1)",
    "abs(flowing)",
)
CONDITIONS = (
    "level > 11",
    "flowing < 2.5",
    "mood == tense",
    "not mood == calm",
    "happened(c2)",
    "count(c1) < 6",
    "since(c1) > 3",
    "until(2024-12-20) > 0",
    "month == 12",
    "slow > 0.8",
    "quick > 0.3",
    "price > 105 and level > 9",
    "mood == hot or slow < 0.2",
    "since(d1.b) < 4.5",
    "p.b > 1",
    "level * p.a > 10 or flowing > 4",
)
HAPPENINGS = ("c1", "c2", "c1.a", "c1.b", "t1", "t2", "g1", "r1", "d1.a", "o1")

numbers = st.sampled_from(NUMBERS)
conditions = st.sampled_from(CONDITIONS)
perhaps = st.one_of(st.none(), conditions)


@st.composite
def factors(draw, most=2):
    made = []
    for _ in range(draw(st.integers(0, most))):
        shape = draw(st.sampled_from(["while", "each", "each_log", "memory", "proportional"]))
        bounds = {
            "at_least": draw(st.sampled_from([None, "0.3", "p.b / 3"])),
            "at_most": draw(st.sampled_from(["2", "1.5 + p.b"])),
        }
        times = draw(st.sampled_from(["0.7", "1.6", "p.a"]))
        if shape == "while":
            made.append(factor(shape, times=times, condition=draw(conditions)))
            continue
        given = {
            "each": {"of": draw(numbers), "start": "1", "unit": draw(st.sampled_from(["2", "p.b"]))},
            "each_log": {"of": "price", "start": "100", "unit": draw(st.sampled_from(["2", "1 + p.b"]))},
            "memory": {"of": draw(st.sampled_from(["slow", "quick"]))},
            "proportional": {"of": draw(numbers)},
        }[shape]
        made.append(factor(shape, times=times, condition=draw(perhaps), **given, **bounds))
    return made


@st.composite
def effects(draw, raises=(), most=3):
    made = []
    for _ in range(draw(st.integers(0, most))):
        kind = draw(st.sampled_from(["add", "put", "times", "remember", "stage", "start", "stop", "raise"]))
        condition, varies = draw(perhaps), draw(st.sampled_from([None, "1.5", "1 + p.b"]))
        if kind in ("add", "put", "remember"):
            target = "slow" if kind == "remember" else draw(st.sampled_from(["level", "flowing"]))
            amount = draw(st.sampled_from(["2.3", "-1.7", "p.a", "0.3 * quick", "flowing - 2.1"]))
            make = {"add": add, "put": put, "remember": remember}[kind]
            made.append(make(target, amount, varies=varies, condition=condition, factors=draw(factors(1))))
        elif kind == "times":
            made.append(
                times(
                    "price",
                    draw(st.sampled_from(["1.07", "0.93", "p.a"])),
                    varies=varies,
                    condition=condition,
                )
            )
        elif kind == "stage":
            made.append(becomes("mood", draw(st.sampled_from(["calm", "tense", "hot"])), condition))
        elif kind == "raise" and raises:
            made.append(fires(draw(st.sampled_from(raises)), condition))
        elif kind in ("start", "stop"):
            target = draw(st.sampled_from(["t1", "t2"]))
            made.append(starts(target, condition) if kind == "start" else stops(target))
    return made


@st.composite
def outcomes(draw, raises=()):
    if not draw(st.booleans()):
        return []
    return [
        outcome(
            "a",
            draw(st.sampled_from(["0.4", "p.b / 4"])),
            *draw(effects(raises, 1)),
            guard=draw(perhaps),
            factors=draw(factors(1)),
        ),
        outcome("b", None, *draw(effects(raises, 1)), guard=draw(perhaps)),
    ]


@st.composite
def random_crises(draw):
    raises = ("r1", "r2")
    rates = st.sampled_from(["0.3", "p.a / 5", "0.02 * level", "p.b / 3"])
    delays = st.sampled_from(["3", "0", "0.5", "p.a", "2 + slow"])
    half_life = draw(st.sampled_from(["1.2", "p.b", "3 * p.b"]))
    has_b = {"c1", "d1"}
    parts = [
        parameter("p.a", "lognormal", 1.3, 1.4),
        parameter("p.b", "uniform", 0.6, 1.9),
        stock("level", 10, lower=-5.0, upper=30.0),
        stock(
            "flowing",
            2,
            flow=draw(numbers),
            flow_factors=tuple(draw(factors(1))),
            noise=draw(st.sampled_from([None, "0.7"])),
            lower=-3.0,
            upper=8.0,
        ),
        stock(
            "price",
            100,
            scale="log",
            lower=50.0,
            upper=200.0,
            flow=draw(st.sampled_from([None, "0.01"])),
            noise=0.03,
        ),
        stock("follower", 3, follows=draw(numbers), over=draw(st.sampled_from(["4", "p.b * 5"]))),
        MOOD,
        memory(
            "slow",
            15,
            *draw(
                st.lists(
                    st.tuples(st.sampled_from(HAPPENINGS), st.sampled_from(["1", "0.5", "quick"])), max_size=3
                )
            ),
        ),
        memory(
            "quick",
            half_life,
            *draw(st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.just("1")), max_size=2)),
            start=0.4,
        ),
    ]
    for name in ("c1", "c2", "c3"):
        ways = draw(outcomes(raises)) or ([outcome("a", 0.5), outcome("b")] if name in has_b else [])
        parts.append(
            clock(
                name,
                draw(rates),
                *draw(effects(raises)),
                factors=draw(factors(3)),
                guard=draw(perhaps),
                outcomes=ways,
            )
        )
    for name in ("t1", "t2"):
        parts.append(
            timer(
                name,
                draw(delays) if name == "t2" else "0.75",
                *draw(effects((*raises, "c3"))),
                varies=draw(st.sampled_from([None, "1.5"])),
                guard=draw(perhaps),
                outcomes=draw(outcomes(raises)),
                whole_days=draw(st.booleans()),
                again=draw(st.sampled_from(["restart", "keep"])),
            )
        )
    for name in ("g1", "g2"):
        parts.append(
            trigger(
                name,
                draw(conditions),
                *draw(effects((*raises, "c3"))),
                rearm=draw(perhaps),
                guard=draw(perhaps),
                outcomes=draw(outcomes(raises)),
            )
        )
    parts.append(raised("r1", *draw(effects(("r2",), 2)), guard=draw(perhaps), outcomes=draw(outcomes())))
    parts.append(raised("r2", *draw(effects((), 2)), outcomes=draw(outcomes())))
    dates = st.lists(
        st.sampled_from([-12.0, -7.0, -3.5, 0.0, 4.0, 4.5, 11.25]), min_size=1, max_size=4, unique=True
    ).map(sorted)
    parts.append(
        schedule(
            "d1",
            draw(dates),
            *draw(effects((*raises, "c3"))),
            guard=draw(perhaps),
            outcomes=[outcome("a", 0.5), outcome("b")],
            complete_from=draw(st.sampled_from([None, -8.0])),
        )
    )
    parts.append(
        schedule(
            "o1",
            draw(dates),
            *draw(effects(raises)),
            kind="occasion",
            guard=draw(perhaps),
            outcomes=draw(outcomes(raises)),
        )
    )
    parts += [
        question("q1", f"first {draw(st.sampled_from(HAPPENINGS[:4]))} before first c3", 15),
        question("q2", f"ever ({draw(conditions)})", 18, opens=draw(st.sampled_from([0.0, 5.0, 6.5, 17.75]))),
        question(
            "q3",
            f"({draw(conditions)}) at close and first mood becomes tense",
            draw(st.sampled_from([9.0, 12.25])),
        ),
    ]
    record = ()
    if draw(st.booleans()):
        replayed = st.sampled_from([("c1", "a"), ("c1", ""), ("c2", ""), ("t1", ""), ("d1", "b"), ("r1", "")])
        whens = st.sampled_from([-14.5, -11.5, -7.5, -3.5, -0.5, 0.0])
        record = [Recorded(t, *what) for t, what in draw(st.lists(st.tuples(whens, replayed), max_size=6))]
    return crisis(*parts, horizon=20.0, record=record, record_from=draw(st.sampled_from([0.0, -15.0])))


class TestRandomTwins:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(random_crises(), st.sampled_from([1.0, 0.5]), st.integers(0, 5))
    def test_random_crises(self, case, tick, seed):
        assert_same(case, n_draws=2, n_replicates=2, seed=seed, tick=tick, budget=3000)


# ── meanings, one by one ─────────────────────────────────────────────────────────────────────────


def log_of(case, *, seed=1, **how):
    """Happenings of the one trajectory as (time, name), the same in kernel and reference."""
    _, ensemble = assert_same(case, n_draws=1, n_replicates=1, seed=seed, **how)
    log = ensemble.log
    return [(float(t), log.names[k]) for t, k in zip(log.time, log.happening, strict=True)]


def times_of(case, name, **how):
    return [t for t, happening in log_of(case, **how) if happening == name]


def at_start(case, name, *, seed=1, n_draws=5):
    """Values of a stock, stage or memory at the as-of date, one per draw."""
    return as_of_state(case, seed=seed, n_draws=n_draws).value(Name(name))


class TestInstants:
    def test_order_of_kinds_then_of_names(self):
        case = crisis(
            stock("level", 0),
            schedule("z_begins", (2.0,), starts("t_second"), starts("s_first")),
            timer("t_second", 3),
            timer("s_first", 3),
            schedule("r_date", (5.0,)),
            schedule("q_date", (5.0,)),
            schedule("b_occasion", (5.0,), add("level", 1), kind="occasion"),
            schedule("a_occasion", (5.0,), kind="occasion"),
            trigger("y_trigger", "level > 0.5"),
            trigger("x_trigger", "level > 0.7"),
            question("watched_last", "level > 0.9 at 2024-12-04", 6),
        )
        happened = [name for t, name in log_of(case, horizon=8) if t == 5.0]
        kinds = [
            "s_first",
            "t_second",
            "q_date",
            "r_date",
            "a_occasion",
            "b_occasion",
            "x_trigger",
            "y_trigger",
        ]
        assert happened == kinds
        (level,) = (r for w, r in simulate(case, trajectories=1, seed=1).registers.items() if w.kind == "at")
        assert level[0] == 0.0

    def test_flows_come_before_dates_and_watches_after_triggers(self):
        case = crisis(
            stock("level", 0, flow=1),
            schedule("date", (3.0,), add("level", 10, condition="level > 2.5")),
            trigger("above", "level > 12", put("level", 100)),
            question("q", "level > 99 at 2024-12-03", 6),
        )
        (seen,) = simulate(case, trajectories=1, seed=1, horizon=5).registers.values()
        assert seen[0] == 1.0

    def test_effects_see_the_previous_ones(self):
        case = crisis(
            stock("level", 1),
            stock("other", 0),
            schedule(
                "date", (1.0,), add("level", "level"), times("level", 3), put("other", "level + count(date)")
            ),
        )
        final = simulate(case, trajectories=1, seed=1, horizon=2, final=("level", "other")).final
        assert (final["level"][0], final["other"][0]) == (6.0, 7.0)

    def test_window_within_a_day(self):
        """What holds all along holds at some moment of a window that no tick ends in."""
        case = crisis(
            stock("level", 0),
            schedule("date", (3.0,), put("level", 1)),
            question("inside", "ever (level > 0)", 10.75, opens=10.25),
            question("before", "ever (level > 0)", 2.75, opens=2.25),
            question("later", "ever (level > 0)", 9.0, opens=1.5),
        )
        log_of(case)
        registers = simulate(case, trajectories=1, seed=1).registers
        times = {watch.opens: float(register[0]) for watch, register in registers.items()}
        assert times == {10.25: 10.25, 2.25: math.inf, 1.5: 3.0}

    def test_questions_about_the_past_are_refused(self):
        case = crisis(stock("level", 0), question("past", "(level > 5) at 2024-11-20", 30))
        with pytest.raises(ModelError, match="'past' asks for 2024-11-20, which is before the as-of date"):
            simulate(case, trajectories=1, seed=1)

    def test_raised_moments_fire_depth_first(self):
        case = crisis(
            schedule("date", (1.0,), fires("a"), fires("b"), outcomes=[outcome("x", 1, fires("c"))]),
            raised("a", fires("c"), outcomes=[outcome("y", 1)]),
            raised("b"),
            raised("c"),
        )
        names = [name for _, name in log_of(case, horizon=2)]
        assert names == ["date", "a", "c", "a.y", "b", "date.x", "c"]

    def test_what_became_true_together_fires_together(self):
        case = crisis(
            stock("level", 0),
            schedule("date", (1.0,), put("level", 1)),
            trigger("a", "level > 0", put("level", 0)),
            trigger("b", "level > 0"),
        )
        assert [name for _, name in log_of(case, horizon=2)] == ["date", "a", "b"]

    def test_trigger_fires_once_per_instant_also_through_timers_without_delay(self):
        case = crisis(
            stock("level", 0),
            schedule("date", (1.5, 3.0), put("level", 1)),
            trigger("flip", "level > 0", put("level", 0), starts("at_once")),
            timer("at_once", 0, put("level", 2)),
            schedule("later", (6.0,), add("level", 1)),
        )
        flips = times_of(case, "flip", horizon=8)
        assert flips == [1.5]
        assert times_of(case, "at_once", horizon=8) == [1.5]

    def test_timer_without_delay_belongs_to_the_instant_at_the_end_of_a_tick(self):
        case = crisis(
            stock("level", 0, flow=1),
            trigger("above", "level > 2.5", starts("at_once")),
            timer("at_once", 0, add("level", 100)),
            question("q", "level > 99 at 2024-12-03", 6),
        )
        (seen,) = simulate(case, trajectories=1, seed=1, horizon=5).registers.values()
        assert seen[0] == 1.0

    def test_rearming_does_not_depend_on_other_triggers(self):
        rearming = trigger("a", "level > 0.5", rearm="until(2024-12-06) <= 0")
        other = trigger("b", "level > 4.5")
        parts = stock("level", 0, flow=1), rearming
        alone, together = (times_of(crisis(*parts, *more), "a", horizon=8) for more in ((), (other,)))
        assert alone == together == [1.0, 6.0, 8.0]

    def test_trigger_whose_guard_is_closed_is_spent(self):
        case = crisis(
            stock("level", 0),
            stock("open", 0),
            schedule("rise", (1.0,), put("level", 1)),
            schedule("unlock", (2.0,), put("open", 1), add("level", 1)),
            trigger("guarded", "level > 0", guard="open > 0"),
        )
        assert times_of(case, "guarded", horizon=4) == []

    def test_trigger_that_holds_at_the_start_has_to_fall_first(self):
        case = crisis(
            stock("level", 5),
            schedule("touch", (1.0, 3.0), add("level", 1)),
            schedule("fall", (2.0,), put("level", 0)),
            trigger("above", "level > 0"),
        )
        assert times_of(case, "above", horizon=4) == [3.0]

    def test_whole_days_leave_out_the_day_on_which_they_start(self):
        case = crisis(schedule("notice", (2.625,), starts("law")), timer("law", 30, whole_days=True))
        assert times_of(case, "law", horizon=40) == [33.0]

    def test_restart_or_keep(self):
        def strikes(again):
            case = crisis(schedule("start", (1.0, 3.0), starts("t")), timer("t", 5, again=again))
            return times_of(case, "t", horizon=20)

        assert strikes("restart") == [8.0]
        assert strikes("keep") == [6.0]

    def test_bounds_clamp_at_once_and_are_counted(self):
        case = crisis(
            stock("level", 5, lower=0.0, upper=10.0),
            schedule("date", (1.0,), add("level", 100), add("level", -3)),
        )
        ensemble = simulate(case, trajectories=3, replicates=1, seed=1, horizon=2, final=("level",))
        assert ensemble.final["level"].tolist() == [7.0] * 3
        assert ensemble.clamped == {"level": 3}

    def test_fading_factor_below_one_never_turns_an_intensity_negative(self):
        calm = factor("memory", of="tired", times=0.2)
        case = crisis(
            memory("tired", 1000, start=10),
            clock("a", 5, factors=[calm]),
            clock("b", 5, factors=[calm, calm]),
        )
        assert simulate(case, trajectories=64, seed=1).counts == {"a": 0.0, "b": 0.0}

    @pytest.mark.parametrize(
        "day", ["2024-02-28", "2024-02-29", "2023-12-31", "2100-02-28", "1999-12-31", "2000-02-29"]
    )
    def test_months(self, day):
        origin = dt.date.fromisoformat(day)
        case = replace(
            crisis(stock("month_now", 0), clock("tick", 3, put("month_now", "month"))), as_of=origin
        )
        names = ("month_now",)
        for days in (1, 2, 32):
            final = simulate(case, trajectories=64, seed=days, horizon=days, final=names).final["month_now"]
            last = (origin + dt.timedelta(days=days)).month
            assert set(final.tolist()) <= {0.0, *(float((last - back - 1) % 12 + 1) for back in range(3))}
            assert (final == last).any()


class TestReplayed:
    def test_what_strikes_at_the_as_of_instant_belongs_to_the_future(self):
        deadline = timer("deadline", 10, outcomes=[outcome("extended", 1)])
        plain = timer("plain", 10)
        case = crisis(
            clock("begin", 0, starts("deadline"), starts("plain")),
            deadline,
            plain,
            record=[Recorded(-10.0, "begin")],
            record_from=-20.0,
        )
        assert log_of(case) == [(0.0, "deadline"), (0.0, "deadline.extended"), (0.0, "plain")]

    def test_recorded_strike_ends_the_waiting(self):
        def case(*record):
            return crisis(
                clock("begin", 0, starts("reply")),
                timer("reply", 10, varies=1.01, outcomes=[outcome("yes", 1)]),
                record=[Recorded(-9.0, "begin"), *record],
                record_from=-20.0,
            )

        assert [name for _, name in log_of(case())] == ["reply", "reply.yes"]
        assert log_of(case(Recorded(-2.0, "reply", "yes"))) == []

    def test_pending_delay_is_conditioned_on_not_having_struck(self):
        case = crisis(
            clock("begin", 0, starts("reply")),
            timer("reply", 10, varies=2),
            record=[Recorded(-25.0, "begin")],
            record_from=-30.0,
            horizon=1000.0,
        )
        ensemble = simulate(case, trajectories=4000, replicates=1, seed=4, log=True)
        sigma = math.log(2) / 1.6448536269514722
        longer = stats.lognorm(sigma, scale=10)
        p = stats.kstest(ensemble.log.time, lambda t: 1 - longer.sf(t + 25) / longer.sf(25)).pvalue
        assert len(ensemble.log.time) == 4000
        assert p > 1e-4

    def test_pending_legal_clock_counts_from_the_day_after(self):
        """Ten full days with hardly any chance, begun 5.25 days before the as-of date, end at day 5."""
        legal = timer("law", 10, varies="1.000001", whole_days=True)
        case = crisis(
            clock("begin", 0, starts("law")), legal, record=[Recorded(-5.25, "begin")], record_from=-9.0
        )
        ((t, name),) = log_of(case)
        assert (name, round(t, 3)) == ("law", 5.0)

    def test_unrecorded_occasion_keeps_its_guard(self):
        parts = stock("level", 0), stock("key", 0)
        closed = schedule("board", (-5.0,), add("level", 1), outcomes=[outcome("yes", 1)], guard="key > 0")
        assert at_start(crisis(*parts, closed, record_from=-10.0), "level").tolist() == [0.0] * 5
        recorded = crisis(*parts, closed, record_from=-10.0, record=[Recorded(-4.5, "board", "yes")])
        assert at_start(recorded, "level").tolist() == [1.0] * 5

    def test_past_occasion_is_the_remainder_only_where_the_record_is_complete(self):
        ways = [outcome("yes", 0.5, add("level", 100)), outcome("no", None, add("level", 1))]
        board = schedule("board", (-8.0, -5.0, -2.0), outcomes=ways, kind="occasion", complete_from=-6.0)
        case = crisis(stock("level", 0), board, record_from=-10.0, record=[Recorded(-1.5, "board", "yes")])
        assert at_start(case, "level").tolist() == [101.0] * 5

    def test_record_and_reading_at_the_as_of_instant_count(self):
        parts = stock("level", 0), stock("read", 7, flow=1, starts=0.0), clock("strike", 0, add("level", 1))
        case = crisis(*parts, record=[Recorded(0.0, "strike")], record_from=-10.0)
        assert at_start(case, "level").tolist() == [1.0] * 5
        assert at_start(case, "read").tolist() == [7.0] * 5

    def test_noise_in_the_replay_follows_the_seed_and_the_draw(self):
        case = crisis(stock("level", 0, noise=1), record_from=-16.0)
        one, two = (at_start(case, "level", seed=seed, n_draws=400) for seed in (1, 2))
        assert len({*one, *two}) > 50
        assert abs(np.corrcoef(one, two)[0, 1]) < 0.25
        assert 3.2 < one.std() < 4.8

    def test_intensities_at_the_as_of_date(self):
        state = as_of_state(SHAPES, seed=3, n_draws=3)
        for draw, (values, _) in enumerate(starts_of(SHAPES, seed=3, n_draws=3)):
            start = simulate_reference(SHAPES, values, seed=3, number=draw, horizon=0.0).end
            world = World(SHAPES, values, start)
            for name in state.compiled.clocks:
                cause, guard = SHAPES.moments[name].cause, SHAPES.moments[name].guard
                there = world.weight(cause.rate, cause.factors, guard, 0.0)
                assert state.intensity(name)[draw] == pytest.approx(there, rel=1e-12)


# ── runaway ──────────────────────────────────────────────────────────────────────────────────────


class TestRunaway:
    def test_budget_marks_and_stays_in_the_denominator(self):
        case = crisis(clock("strike", 5), question("q", "count(strike) > 1e6 at close", 30), horizon=30.0)
        ensemble = simulate(case, trajectories=400, replicates=1, seed=1, budget=150, log=True)
        assert ensemble.n_trajectories == 400
        assert all(len(register) == 400 for register in ensemble.registers.values())
        assert 100 < ensemble.runaway.sum() < 300
        firings = np.bincount(ensemble.log.trajectory, minlength=400)
        assert (firings[ensemble.runaway] == 150).all()
        assert (firings[~ensemble.runaway] <= 150).all()

    def test_base_rates_let_expect_their_firings(self):
        fixed = parameter("p.fixed", "fixed", 10.0)
        drawn = parameter("p.drawn", "lognormal", 10.0, 1.1)
        parts = clock("a", "p.fixed"), clock("b", "p.drawn"), clock("c", 10)
        case = crisis(fixed, drawn, *parts, horizon=365.0)
        ensemble = simulate(case, trajectories=64, seed=1)
        assert not ensemble.runaway.any()
        assert ensemble.counts["a"] > 3000

    def test_self_excitation_without_a_ceiling_runs_away(self):
        spark = clock("spark", 0.5, factors=[factor("memory", of="heat", times=40)])
        case = crisis(memory("heat", 20, ("spark", 1)), spark, horizon=365.0)
        assert simulate(case, trajectories=64, seed=1).runaway.all()

    def test_endless_raising_names_the_chain(self):
        case = crisis(
            schedule("date", (1.0,), fires("tit")), raised("tit", fires("tat")), raised("tat", fires("tit"))
        )
        with pytest.raises(RunawayError, match=r"more than 1000 firings at one instant.*ti?a?t → ti?a?t"):
            simulate(case, trajectories=1, seed=1)
        with pytest.raises(RunawayError, match="more than 1000 firings at one instant"):
            simulate_reference(case, {}, seed=1, number=0)

    def test_endless_timer_without_delay_names_itself(self):
        case = crisis(schedule("date", (1.0,), starts("again")), timer("again", 0, starts("again")))
        with pytest.raises(RunawayError, match=r"more than 1000 firings at one instant.*again"):
            simulate(case, trajectories=1, seed=1)

    def test_too_many_rounds_name_the_last_of_the_chain_in_order(self):
        chain = [trigger(f"t{k:03d}", f"level > {k}", add("level", 1)) for k in range(80)]
        case = crisis(stock("level", 0), schedule("date", (1.0,), put("level", 0.5)), *chain)
        last = " → ".join(f"t{k:03d}" for k in range(52, 64))
        with pytest.raises(RunawayError, match=f"64 rounds of triggers at one instant.*: {last}"):
            simulate(case, trajectories=1, seed=1)
        with pytest.raises(RunawayError, match="more than 64 rounds"):
            simulate_reference(case, {}, seed=1, number=0)

    def test_long_chain_within_the_limits_runs(self):
        chain = [trigger(f"t{k:03d}", f"level > {k}", add("level", 1)) for k in range(60)]
        case = crisis(stock("level", 0), schedule("date", (1.0,), put("level", 0.5)), *chain)
        assert len(log_of(case, horizon=2)) == 61

    def test_what_becomes_infinite_is_named(self):
        case = crisis(stock("level", 1), schedule("date", (1.0,), put("level", "1 / (level - 1)")))
        with pytest.raises(ModelError, match="'level' became infinite or undefined"):
            simulate(case, trajectories=1, seed=1, horizon=2)


# ── what must not matter ─────────────────────────────────────────────────────────────────────────


def assert_identical(one, two, *, n=None):
    """Equal bit for bit in the first n trajectories: every register, final value and logged happening."""
    assert one.registers.keys() <= two.registers.keys()
    for watch in one.registers:
        np.testing.assert_array_equal(one.registers[watch][:n], two.registers[watch][:n])
    for name in one.final:
        np.testing.assert_array_equal(one.final[name][:n], two.final[name][:n])
    np.testing.assert_array_equal(one.runaway[:n], two.runaway[:n])
    rows = [
        [
            (int(i), float(t), run.log.names[k])
            for i, t, k in zip(run.log.trajectory, run.log.time, run.log.happening, strict=True)
            if n is None or i < n
        ]
        for run in (one, two)
    ]
    assert rows[0] == rows[1]


def whole(case, *, trajectories=150, replicates=3, seed=7, names=None, **how):
    """A run that keeps everything; 150 trajectories are two blocks and a part of one."""
    names = (*case.stocks, *case.stages, *case.memories) if names is None else names
    return simulate(
        case,
        trajectories=trajectories,
        replicates=replicates,
        seed=seed,
        log=True,
        final=names,
        budget=10**6,
        **how,
    )


class TestInvariance:
    @pytest.mark.parametrize("name", CASES)
    def test_threads_do_not_matter(self, name):
        assert_identical(whole(CASES[name], threads=1), whole(CASES[name], threads=2))

    @pytest.mark.parametrize("name", CASES)
    def test_first_trajectories_of_a_larger_run(self, name):
        small = whole(CASES[name], trajectories=39)
        assert_identical(small, whole(CASES[name], trajectories=300), n=39)

    @pytest.mark.parametrize("name", CASES)
    def test_order_in_the_file_does_not_matter(self, name):
        case = CASES[name]
        sections = ("parameters", "stocks", "stages", "memories", "moments", "questions")
        turned = replace(case, **{key: dict(reversed(getattr(case, key).items())) for key in sections})
        names = (*case.stocks, *case.memories)
        assert_identical(whole(case, names=names), whole(turned, names=names))

    @pytest.mark.parametrize("name", ["shapes", "moments", "excited", "watched", "record"])
    @pytest.mark.parametrize("added", ["rate 0", "guard", "memory", "fast memory", "dates", "questions"])
    def test_what_never_happens_changes_nothing(self, name, added):
        """Bit for bit, also where it makes the engine look more often."""
        case = CASES[name]
        some = min(name for name, moment in case.moments.items() if isinstance(moment.cause, Clock))
        fed = factor("memory", of="idle_memory", times=3, at_most=5)
        more = {
            "rate 0": [clock("idle", 0, main=False)],
            "guard": [
                clock("idle", 3, guard=f"count({some}) > 1e6", main=False),
                clock("no", 9, guard="1 > 2"),
            ],
            "memory": [memory("idle_memory", 30, (some, 1)), clock("idle", 0, factors=[fed], main=False)],
            "fast memory": [
                memory("idle_memory", 0.5, (some, 1)),
                clock("idle", 0, factors=[fed], main=False),
            ],
            "dates": [
                schedule("idle", (3.3, 20.5), guard="1 > 2"),
                timer("idle_timer", 3),
                trigger("z", "1 > 2"),
            ],
            "questions": [question("more", f"(count({some}) > 1e6) at 2024-12-20T15:30", 60)],
        }[added]
        sections = {"moments": Moment, "memories": Memory, "questions": Question}
        longer = {
            place: getattr(case, place) | {part.name: part for part in more if isinstance(part, kind)}
            for place, kind in sections.items()
        }
        names = (*case.stocks, *case.stages, *case.memories)
        assert_identical(whole(case), whole(replace(case, **longer), names=names))

    def test_seed_matters_and_is_drawn_if_not_given(self):
        one, two = (simulate(WATCHED, trajectories=64) for _ in range(2))
        assert one.settings.seed != two.settings.seed
        again = simulate(WATCHED, trajectories=64, seed=one.settings.seed)
        assert all((one.registers[watch] == again.registers[watch]).all() for watch in one.registers)
        assert any((one.registers[watch] != two.registers[watch]).any() for watch in one.registers)


class TestCommonRandomNumbers:
    def test_closed_guard_freezes_the_residual(self):
        """Closed in [2, 4), every firing after day 2 comes exactly two days later, within one epoch."""
        gate = Stage("gate", ("open", "shut"), x(0))
        doors = (
            schedule("shuts", (2.0,), becomes("gate", "shut")),
            schedule("opens", (4.0,), becomes("gate", "open")),
        )
        free = crisis(gate, *doors, clock("strike", 0.5), horizon=40.0)
        gated = crisis(gate, *doors, clock("strike", 0.5, guard="gate == open"), horizon=40.0)
        for seed in range(20):
            before, after = (times_of(case, "strike", seed=seed, epoch=1000.0) for case in (free, gated))
            expected = [t if t < 2.0 else t + 2.0 for t in before]
            assert after == pytest.approx([t for t in expected if t < 40.0], abs=1e-9)

    def test_futures_that_parted_meet_again(self):
        """What was forbidden until day 20 leaves no trace after the next epoch has begun."""
        free = crisis(clock("strike", 0.5), horizon=60.0)
        forbidden = crisis(clock("strike", 0.5, guard="until(2024-12-21) <= 0"), horizon=60.0)
        for seed in range(10):
            before, after = (times_of(case, "strike", seed=seed) for case in (free, forbidden))
            assert not [t for t in after if t < 20.0]
            assert [t for t in before if t >= 27.0] == [t for t in after if t >= 27.0]

    def test_doubled_outcome_never_moves_a_choice_between_the_others(self):
        def chosen(weight):
            ways = [outcome("a", weight), outcome("b", 0.3), outcome("c", 0.2), outcome("d", 0.1)]
            case = crisis(clock("strike", 1, outcomes=ways), schedule("vote", (3.0, 5.5), outcomes=ways))
            return log_of(case, horizon=200, seed=5)

        before, after = chosen(0.2), chosen(0.4)
        assert len(before) == len(after) > 300
        moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        assert moved
        assert all(new[1].endswith(".a") and old[0] == new[0] for old, new in moved)

    def test_another_clock_moves_no_draw(self):
        ways = [outcome("a", 0.5), outcome("b", 0.5)]
        alone = crisis(clock("strike", 0.5, outcomes=ways), horizon=100.0)
        together = crisis(*alone.moments.values(), clock("raid", 2), clock("zero", 0.7), horizon=100.0)
        both = [e for e in log_of(together) if e[1].startswith("strike")]
        assert log_of(alone) == both

    def test_dated_choice_does_not_depend_on_how_often_it_was_made_before(self):
        ways = [outcome("a", 0.5), outcome("b", 0.5)]
        dates = (3.0, 10.0, 17.0, 24.0, 31.0, 38.0)
        often, once = (
            crisis(schedule("vote", dates, outcomes=ways)),
            crisis(schedule("vote", dates[3:], outcomes=ways)),
        )
        later = [e for e in log_of(often) if e[0] >= 24.0]
        assert log_of(once) == later


# ── ensembles ────────────────────────────────────────────────────────────────────────────────────


class TestEnsemble:
    def test_log_is_sorted_and_agrees_with_counts(self):
        ensemble = whole(MOMENTS, trajectories=200)
        log = ensemble.log
        assert (np.diff(log.trajectory) >= 0).all()
        same = np.diff(log.trajectory) == 0
        assert (np.diff(log.time)[same] >= 0).all()
        counted = np.bincount(log.happening, minlength=len(log.names)) / ensemble.n_trajectories
        assert dict(zip(log.names, counted, strict=True)) == pytest.approx(ensemble.counts)

    def test_interruption_returns_what_is_finished(self):
        calls = []

        def interrupt(done, of):
            calls.append((done, of))
            if len(calls) == 3:
                raise KeyboardInterrupt

        broken = whole(WATCHED, trajectories=3000, progress=interrupt, threads=2)
        assert calls[0][1] == 3000
        assert broken.interrupted
        assert 0 < broken.finished < 1000
        assert broken.n_trajectories == 3 * broken.finished
        n = broken.n_trajectories
        assert all(
            len(register) == n and not np.isnan(register).any() for register in broken.registers.values()
        )
        assert broken.log.trajectory.max() < n
        assert_identical(broken, whole(WATCHED, trajectories=3000), n=n)

    def test_failure_inside_a_thread_reaches_the_caller(self):
        def fail(done, of):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            whole(WATCHED, trajectories=1000, progress=fail)

    def test_whole_draws(self):
        ensemble = simulate(WATCHED, trajectories=10, replicates=4, seed=1)
        assert (ensemble.settings.n_draws, ensemble.n_trajectories, ensemble.finished) == (3, 12, 3)
        assert not ensemble.interrupted

    def test_memory_is_stated_before_the_run(self):
        compiled = compile_crisis(WATCHED)
        run = Settings(seed=1, n_draws=4000, n_replicates=8, horizon=60.0, threads=1)
        stated = memory_needed(compiled, run)
        more = memory_needed(compiled, replace(run, n_draws=8000))
        assert stated < more < 2 * stated
        simulate(WATCHED, trajectories=64, seed=1, threads=1)
        tracemalloc.start()
        simulate(WATCHED, trajectories=32_000, seed=1, threads=1, horizon=60.0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2 * stated

    @pytest.mark.parametrize(
        ("how", "words"),
        [
            ({"replicates": 0}, "replicates must be 1 or more, but is 0"),
            ({"trajectories": 0}, "trajectories must be 1 or more, but is 0"),
            ({"threads": -1}, "threads must be 1 or more"),
            ({"horizon": 0.0}, "horizon must lie between"),
            ({"horizon": math.nan}, "horizon must lie between"),
            ({"tick": 0.3}, "a tick must be 1 day or a whole part of it"),
            ({"tick": 2.0}, "a tick must be 1 day or a whole part of it"),
            ({"tick": 0.5, "epoch": 0.75}, "an epoch must be a whole number of ticks"),
        ],
    )
    def test_impossible_settings(self, how, words):
        with pytest.raises(ModelError, match=words):
            simulate(WATCHED, **({"trajectories": 8, "seed": 1} | how))


class TestRaisedClocks:
    """An action may also be raised; its guard then counts as for any other moment."""

    def test_a_closed_guard_keeps_it_from_being_raised(self):
        crisis = loads(
            "crisis: c\nas_of: 2024-11-30\nhorizon: 10 d\nsource: judgement\nbecause: test\n"
            "occasions: {go: {dates: [2024-12-03, 2024-12-06], effects: [{raise: a}]}}\n"
            "actions: {a: {rate: 0 per day, only_while: count(go) > 1}}\n"
        )
        assert simulate(crisis, trajectories=8, seed=1).counts == {"go": 2.0, "a": 1.0}
        log = simulate_reference(crisis, {"actions.a.rate": 0.0}, seed=1, number=0).log
        assert log == [(2.0, "go"), (5.0, "go"), (5.0, "a")]


class TestMachineCode:
    """Numba's cache knows the file of an entry point only; its name must tell all other files."""

    def test_entry_points_are_named_after_the_sources(self):
        digest = source_digest()
        assert kernel.simulate.py_func.__qualname__.endswith(digest)
        for compiled in (interpreter._block, interpreter._lane):
            assert compiled.__wrapped__.__qualname__.endswith(digest)

    def test_every_compiled_file_counts(self, tmp_path):
        engine = Path(kernel.__file__).parent
        for file in engine.glob("*.py"):
            shutil.copy(file, tmp_path)
        before = source_digest(tmp_path)
        assert before == source_digest()
        for file in sorted(tmp_path.glob("*.py")):
            text = file.read_bytes()
            file.write_bytes(text + b"\n# edited\n")
            assert (source_digest(tmp_path) == before) == (file.name in PLAIN), file.name
            file.write_bytes(text)
        (tmp_path / "new.py").touch()
        assert source_digest(tmp_path) != before

    def test_plain_files_hold_no_compiled_function(self):
        engine = Path(kernel.__file__).parent
        for name in PLAIN:
            text = (engine / name).read_text(encoding="utf-8")
            assert "from numba" not in text, name
            assert "@compiled" not in text, name
