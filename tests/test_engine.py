"""The compiled engine against its plain definition, and what must not change a result."""

import datetime as dt
import math
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detente.engine import simulate
from detente.engine.compiling import compile_crisis
from detente.engine.ensemble import Settings, memory_needed
from detente.engine.reference import replay_reference, simulate_reference
from detente.engine.sampling import divide_by_exposure, draw_parameters, with_unit_rates
from detente.errors import ModelError, RunawayError
from detente.expressions import parse
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
EXAMPLES = int(os.environ.get("DETENTE_EXAMPLES", "60"))
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
            yield number, simulate_reference(
                case, values, number=number, start=start, seed=seed, budget=budget, horizon=horizon, **how
            )


def assert_same(case, *, n_draws=4, n_replicates=2, seed=1, budget=10**6, **how):
    """Every trajectory of the kernel is that of the reference: happenings, times, registers, final state."""
    names = (*case.stocks, *case.stages, *case.memories)
    how |= {"seed": seed, "budget": budget}
    twins = twins_of(case, n_draws=n_draws, n_replicates=n_replicates, **how)
    try:
        ensemble = simulate(
            case, trajectories=n_draws * n_replicates, replicates=n_replicates, threads=1, log=True, final=names, **how
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
    clock("while_tense", "p.rate", add("still", 1), factors=[factor("while", times="p.times", condition="mood == tense")]),
    clock(
        "each_level",
        "p.rate",
        add("level", -3),
        becomes("mood", "tense", "level > 52"),
        becomes("mood", "calm", "not (level > 52)"),
        factors=[
            factor("each", of="level", times="p.times", start=50, unit="p.unit", at_least=0.4, at_most="p.bound"),
            factor("each", of="still", times=0.9, start=3, unit=1),
            factor("each", of="until(election)", times=0.8, start=0, unit=30, condition="until(election) > 0"),
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
            factor("proportional", of="still ^ 2 / 20", at_least=0.1, at_most=3, condition="happened(each_price)"),
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
            outcome("open", 0.5, becomes("mood", "tense"), factors=[factor("each", of="score", times=1.2, unit=4)]),
            outcome("covert", None, guard="not mood == hot"),
            outcome("denied", "0.1 + 0.01 * drift", fires("comment"), guard="slow > 0.3"),
        ],
    ),
    clock("talk", 0.2, starts("patience"), outcomes=[outcome("failed", 0.6), outcome("done", 0.4, put("score", 10))]),
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
    timer("patience", "2 + 0.1 * score", becomes("mood", "calm"), starts("patience", "score > 9"), again="keep"),
    timer("at_once", 0, add("drift", 0.25)),
    timer("loop", 0.75, starts("loop", "count(loop) < 40"), add("drift", -0.1)),
    trigger("low", "score < 5", add("score", 2), fires("comment"), rearm="score > 8"),
    trigger("lower", "score < 4.9", add("score", 1.3), becomes("mood", "tense")),
    trigger("drifted", "drift > 3", add("drift", -2), starts("loop"), rearm="drift < 2.5 or since(drifted) > 2"),
    trigger("hot", "mood == hot", becomes("mood", "tense"), outcomes=[outcome("a", 0.5), outcome("b", None)]),
    trigger("cooling", "mood == tense and slow < 0.6", add("drift", 0.7), guard="not happened(never)"),
    trigger("again", "count(at_once) > 2 * count(again)", starts("at_once")),
    trigger("spring", "month == 1 and until(2025-01-10) > 0", put("score", 20)),
    schedule("session", (2.0, 9.25, 9.25, 16.0, 60.0), add("score", 1), outcomes=[outcome("yes", 0.5), outcome("no")]),
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
        noise_factors=(factor("each", of="linear", times=1.5, start=5, unit=2, at_most=3), factor("memory", of="echo", times=4)),
    ),
    stock("follower", 40, follows="10 * linear + 0.01 * grown", over="p.over", lower=0.0, upper=100.0),
    stock("noisy_follower", 0, follows="follower", over=5, noise="0.1 * linear", flow_factors=(factor("while", times=0.5, condition="mood == hot"),)),
    stock("only_noise", 0, noise="p.sd"),
    stock("timed", 0, flow="month - 6", flow_factors=(factor("proportional", of="until(2025-03-01) / 60"),)),
    memory("echo", 3, ("jump", 1)),
    clock("jump", 0.3, add("linear", 1.5), times("grown", "1 + 0.1 * echo"), becomes("mood", "tense"), factors=[factor("each", of="linear", times=1.3, start=5, unit=1)]),
    clock("calm", 0.3, becomes("mood", "calm"), becomes("mood", "hot", "follower > 60")),
    trigger("high", "follower > 55", add("linear", -4), rearm="follower < 50"),
)  # fmt: skip

EXCITED = crisis(
    parameter("p.half_life", "uniform", 0.3, 6.0),
    memory("fast", "p.half_life", ("spark", 1), ("ember", 0.5)),
    memory("faster", 0.25, ("spark", 0.7)),
    memory("slow", 30, ("ember", 1), start=2),
    clock("spark", 0.3, factors=[factor("memory", of="fast", times=3, at_most=6), factor("memory", of="faster", times=2, at_most=3)]),
    clock("ember", 0.1, remember("slow", "fast"), factors=[factor("memory", of="slow", times=1.4, at_most=5)]),
    clock("steady", 0.4),
    trigger("many", "fast > 2.5", remember("faster", -0.2), rearm="fast < 1"),
    question("q", "ever (fast > 2 and slow > 2.5)", 60),
)  # fmt: skip

WATCHED = crisis(
    stock("level", 10, flow=0.3, noise=1.5, lower=0.0, upper=40.0),
    MOOD,
    memory("slow", 12, ("strike", 1)),
    clock("strike", 0.12, add("level", 3), becomes("mood", "tense"), outcomes=[outcome("open", 0.5), outcome("covert")]),
    clock("calm", 0.3, becomes("mood", "calm"), guard="mood == tense"),
    clock("flash", 0.2, becomes("mood", "hot"), becomes("mood", "calm")),
    question("first", "first strike", 30),
    question("later", "first strike.open", 50, opens=10),
    question("becomes", "first mood becomes tense", 45, opens=3.5),
    question("never", "first mood becomes hot", 45),
    question("before", "first strike.covert before first calm", 33.3),
    question("ever", "ever (level > 25)", 40, opens=5),
    question("ever_stage", "ever (mood == tense)", 25, opens=12),
    question("ever_fading", "ever (slow > 1.5 and mood == tense)", 60),
    question("ever_time", "ever (since(strike) > 9 and month == 1)", 60),
    question("close", "level > 15 at close", 20),
    question("instant", "mood == tense at 2024-12-20T15:30 or (level < 12) at 2025-01-03", 60),
    question("bare", "count(strike) >= 2 and not happened(flash)", 41, given="first calm"),
)  # fmt: skip

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
    clock("strike", "p.counted", add("level", 1, varies=2), starts("reply"), starts("late"), fires("note"), factors=[factor("memory", of="slow", times=1.5, at_most=4), factor("memory", of="fast", times=2, at_most=3)], outcomes=[outcome("open", 0.5, becomes("mood", "tense")), outcome("covert")], guard="level < 60"),
    clock("raid", "p.mean", starts("deadline"), outcomes=[outcome("big", 0.2, starts("kept")), outcome("small")], guard="mood == calm or since(raid) > 10"),
    raised("note", add("level", 0.1), outcomes=[outcome("a", 0.5), outcome("b")]),
    timer("reply", "p.delay", becomes("mood", "hot"), varies=2, guard="mood == tense"),
    timer("kept", 40, add("level", 1), varies="1.5", again="keep", outcomes=[outcome("one", 0.5), outcome("two")]),
    timer("late", 9, add("level", 2), varies=1.8, whole_days=True),
    timer("deadline", 5, add("level", -1), starts("choice")),
    timer("choice", 2, whole_days=True, outcomes=[outcome("x", 0.5), outcome("y")]),
    trigger("hot", "mood == hot or level > 30", becomes("mood", "calm"), rearm="level < 25"),
    trigger("chooses", "level > 24", outcomes=[outcome("p", 0.5), outcome("q")]),
    schedule("board", (-70.0, -40.0, -10.0, 12.0), add("level", -1), outcomes=[outcome("yes", 0.3, add("level", 5)), outcome("no", None, add("level", -2))], complete_from=-50.0, kind="occasion"),
    schedule("guarded", (-30.0, -29.0, 20.0), add("level", 100), outcomes=[outcome("yes", 1)], guard="mood == hot"),
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
        Recorded(-8.5, "strike", "open"),
        Recorded(-4.5, "reply"),
        Recorded(-2.5, "raid", "small"),
        Recorded(0.0, "strike", "covert"),
    ],
)  # fmt: skip

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

NUMBERS = ("1.5", "0.4", "p.a", "p.b", "p.a * p.b", "level / 10", "0.5 + slow", "quick", "count(c1)", "abs(flowing)")
CONDITIONS = (
    "level > 11", "flowing < 2.5", "mood == tense", "not mood == calm", "happened(c2)", "count(c1) < 6",
    "since(c1) > 3", "until(2024-12-20) > 0", "month == 12", "slow > 0.8", "quick > 0.3", "price > 105 and level > 9",
    "mood == hot or slow < 0.2", "since(d1.b) < 4.5", "p.b > 1", "level * p.a > 10 or flowing > 4",
)  # fmt: skip
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
            made.append(times("price", draw(st.sampled_from(["1.07", "0.93", "p.a"])), varies=varies, condition=condition))
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
        outcome("a", draw(st.sampled_from(["0.4", "p.b / 4"])), *draw(effects(raises, 1)), guard=draw(perhaps), factors=draw(factors(1))),
        outcome("b", None, *draw(effects(raises, 1)), guard=draw(perhaps)),
    ]  # fmt: skip


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
        stock("flowing", 2, flow=draw(numbers), flow_factors=tuple(draw(factors(1))), noise=draw(st.sampled_from([None, "0.7"])), lower=-3.0, upper=8.0),
        stock("price", 100, scale="log", lower=50.0, upper=200.0, flow=draw(st.sampled_from([None, "0.01"])), noise=0.03),
        stock("follower", 3, follows=draw(numbers), over=draw(st.sampled_from(["4", "p.b * 5"]))),
        MOOD,
        memory("slow", 15, *draw(st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.sampled_from(["1", "0.5", "quick"])), max_size=3))),
        memory("quick", half_life, *draw(st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.just("1")), max_size=2)), start=0.4),
    ]  # fmt: skip
    for name in ("c1", "c2", "c3"):
        ways = draw(outcomes(raises)) or ([outcome("a", 0.5), outcome("b")] if name in has_b else [])
        parts.append(clock(name, draw(rates), *draw(effects(raises)), factors=draw(factors(3)), guard=draw(perhaps), outcomes=ways))
    for name in ("t1", "t2"):
        parts.append(
            timer(name, draw(delays) if name == "t2" else "0.75", *draw(effects(raises)), varies=draw(st.sampled_from([None, "1.5"])),
                  guard=draw(perhaps), outcomes=draw(outcomes(raises)), whole_days=draw(st.booleans()), again=draw(st.sampled_from(["restart", "keep"])))
        )  # fmt: skip
    for name in ("g1", "g2"):
        parts.append(trigger(name, draw(conditions), *draw(effects(raises)), rearm=draw(perhaps), guard=draw(perhaps), outcomes=draw(outcomes(raises))))
    parts.append(raised("r1", *draw(effects(("r2",), 2)), guard=draw(perhaps), outcomes=draw(outcomes())))
    parts.append(raised("r2", *draw(effects((), 2)), outcomes=draw(outcomes())))
    dates = st.lists(st.sampled_from([-12.0, -7.0, -3.5, 0.0, 4.0, 4.5, 11.25]), min_size=1, max_size=4, unique=True).map(sorted)
    parts.append(schedule("d1", draw(dates), *draw(effects(raises)), guard=draw(perhaps), outcomes=[outcome("a", 0.5), outcome("b")], complete_from=draw(st.sampled_from([None, -8.0]))))
    parts.append(schedule("o1", draw(dates), *draw(effects(raises)), kind="occasion", guard=draw(perhaps), outcomes=draw(outcomes(raises))))
    parts += [
        question("q1", f"first {draw(st.sampled_from(HAPPENINGS[:4]))} before first c3", 15),
        question("q2", f"ever ({draw(conditions)})", 18, opens=draw(st.sampled_from([0.0, 5.0, 6.5]))),
        question("q3", f"({draw(conditions)}) at close and first mood becomes tense", draw(st.sampled_from([9.0, 12.25]))),
    ]  # fmt: skip
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
