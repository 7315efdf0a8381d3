"""The assembler: whatever it makes of an expression has the value that the expression plainly has."""

import ctypes
import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.engine import interpreter
from detente.engine import tables as tb
from detente.engine.program import Assembler, Names
from detente.engine.sampling import evaluate
from detente.engine.tables import WIDTH
from detente.errors import ModelError
from detente.expressions import Binary, Call, Date, Month, Name, Number, Unary, parse
from detente.model import Factor

ORIGIN = dt.date(2024, 11, 30)
STAGE = ("calm", "tense", "hot")
TIME, OFFSET = 40.0, 0.375
NOW = TIME + OFFSET

STATE = ("level", "price", "mood", "slow", "strike.count", "raid.count", "strike.last")
ROWS = {name: row for row, name in enumerate(STATE)}
HALF_LIFE = 3.0
FIXED = {"k": 2.5, "two": 2.0}


def names():
    return Names(
        constants=FIXED,
        uncertain=frozenset({"p", "q"}),
        rows={name: ROWS[name] for name in ("level", "price", "mood", "slow")},
        memories={"slow": 0},
        stages={"mood": STAGE},
        counts={"strike": ROWS["strike.count"], "raid": ROWS["raid.count"]},
        lasts={"strike": ROWS["strike.last"]},
        calendar={"election": 55.0},
        origin=float(ORIGIN.toordinal()),
        flowing=frozenset({"price"}),
    )


RNG = np.random.default_rng(7)
LANES = {
    "level": RNG.normal(0, 3, WIDTH),
    "price": np.exp(RNG.normal(0, 1, WIDTH)),
    "mood": RNG.integers(0, 3, WIDTH).astype(float),
    "slow": RNG.exponential(1, WIDTH),
    "strike.count": RNG.integers(0, 4, WIDTH).astype(float),
    "raid.count": RNG.integers(0, 2, WIDTH).astype(float),
    "strike.last": RNG.uniform(-20, 40, WIDTH),
}
DRAWN = {"p": RNG.lognormal(0, 0.5, WIDTH), "q": RNG.uniform(0.2, 3, WIDTH)}


class Machine:
    """Runs assembled code on the lanes above."""

    def __init__(self, assembler, *, offset=OFFSET):
        rate, half, full = assembler.new_row(), assembler.new_row(), assembler.new_row()
        memory = (ROWS["slow"], rate, half, full, 0.5)
        self.memories = np.array([memory], tb.MEMORY_ROWS)
        self.code = np.array(
            [(k[0], *i) for i, k in zip(assembler.code, assembler.immediate, strict=True)], tb.CODE
        )
        self.clamps = np.array([k[1:] for k in assembler.immediate], tb.CLAMP)
        self.x = np.full((assembler.next_row, WIDTH), np.nan)
        for name, values in LANES.items():
            self.x[ROWS[name]] = values
        for expression, row in assembler.hoisted.items():
            values = DRAWN | {name: np.full(WIDTH, value) for name, value in FIXED.items()}
            self.x[row] = evaluate(expression, values, WIDTH)
        self.x[rate] = math.log(2) / HALF_LIFE
        self.x[half] = 2.0 ** (-0.5 / HALF_LIFE)
        self.offset = offset

    def run(self, start, end, lane=None):
        """Run instructions for all lanes, or for one."""
        addresses = [array.ctypes.data for array in (self.code, self.clamps, self.memories, self.x)]
        call = (interpreter._block if lane is None else interpreter._lane).ctypes
        call.argtypes = [ctypes.c_int64] * 7 + [ctypes.c_double] * 2
        call(*addresses, start, end, lane or 0, TIME, self.offset)

    def values(self, program):
        self.run(program.start, program.end)
        return self.x[program.row].copy()


# ── a plain evaluation ───────────────────────────────────────────────────────────────────────────


def plain(node, lane, now=NOW):
    """Value of an expression in one lane; truth is 1, falsehood 0."""

    def of(each):
        return plain(each, lane, now)

    match node:
        case Number(value):
            return value
        case Name("slow"):
            return LANES["slow"][lane] * 2.0 ** (-(now - TIME) / HALF_LIFE)
        case Name(name):
            return FIXED[name] if name in FIXED else (DRAWN | LANES)[name][lane]
        case Unary("-", inner):
            return -of(inner)
        case Unary(_, inner):
            return 1.0 - of(inner)
        case Binary("==", Name("mood"), Name(value)):
            return float(LANES["mood"][lane] == STAGE.index(value))
        case Binary("!=", Name("mood"), Name(value)):
            return float(LANES["mood"][lane] != STAGE.index(value))
        case Binary("and", a, b):
            return of(a) * of(b)
        case Binary("or", a, b):
            return max(of(a), of(b))
        case Binary("/", a, b):
            bottom = of(b)
            return of(a) / bottom if bottom else math.copysign(math.inf, of(a)) if of(a) else math.nan
        case Binary("^", a, b):
            base, power = of(a), of(b)
            return base * base if power == 2.0 else base**power if base > 0 else float(power == 0.0)
        case Binary(sign, a, b):
            one, two = of(a), of(b)
            return float(
                {
                    "+": one + two,
                    "-": one - two,
                    "*": one * two,
                    "<": one < two,
                    "<=": one <= two,
                    ">": one > two,
                    ">=": one >= two,
                    "==": one == two,
                    "!=": one != two,
                }[sign]
            )
        case Call("since", Name(happening)):
            return now - LANES[f"{happening}.last"][lane]
        case Call("count", Name(happening)):
            return LANES[f"{happening}.count"][lane]
        case Call("happened", Name(happening)):
            return float(LANES[f"{happening}.count"][lane] >= 1)
        case Call("until", Date(instant)):
            return (instant - dt.datetime(2024, 12, 1)).total_seconds() / 86400 - now
        case Call("until", _):
            return 55.0 - now
        case Call("exp", inner):
            return math.exp(min(max(of(inner), -700.0), 700.0))
        case Call("log", inner):
            return math.log(max(of(inner), 1e-300))
        case Call("sqrt", inner):
            return math.sqrt(max(of(inner), 0.0))
        case Call("abs", inner):
            return abs(of(inner))
        case Month():
            return float((dt.datetime(2024, 12, 1) + dt.timedelta(days=now)).month)
    raise AssertionError(node)


def plain_factor(factor, lane, now=NOW):
    """Value of a factor in one lane, as its definition says."""

    def of(each):
        return plain(each, lane, now)

    if factor.condition is not None and not of(factor.condition):
        return 1.0
    match factor.shape:
        case "while":
            size = of(factor.times)
        case "each":
            size = of(factor.times) ** ((of(factor.of) - of(factor.start or Number(0.0))) / of(factor.unit))
        case "each_log":
            steps = math.log(of(factor.of) / of(factor.start)) / math.log(of(factor.unit))
            size = of(factor.times) ** steps
        case "memory":
            size = max(1 + (of(factor.times) - 1) * of(factor.of), 0.0)
        case "proportional":
            size = max(of(factor.of), 0.0)
    size = size if factor.at_least is None else max(size, of(factor.at_least))
    return size if factor.at_most is None else min(size, of(factor.at_most))


def over_lanes(function):
    with np.errstate(all="ignore"):
        return np.array([function(lane) for lane in range(WIDTH)])


# ── random expressions ───────────────────────────────────────────────────────────────────────────

constants = st.sampled_from([0.0, 1.0, 2.0, -1.5, 0.3, 7.0]).map(Number)
leaves = st.one_of(
    constants,
    st.sampled_from(["k", "two", "p", "q", "level", "price", "slow"]).map(Name),
    st.sampled_from(
        ["since(strike)", "count(strike)", "until(election)", "until(2025-01-20T17:00)", "month"]
    ).map(parse),
)
truths = st.sampled_from(
    ["happened(raid)", "mood == tense", "not mood == hot", "mood != calm", "level > 0"]
).map(parse)


def combined(inner):
    arithmetic = st.sampled_from(["+", "-", "*"])
    comparison = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    bounded = inner.map(lambda e: Binary("/", e, Binary("+", Number(1.0), Call("abs", e))))
    condition = st.one_of(truths, st.builds(Binary, comparison, inner, inner))
    return st.one_of(
        st.builds(Binary, arithmetic, inner, inner),
        st.builds(Unary, st.just("-"), inner),
        st.builds(Call, st.sampled_from(["log", "sqrt", "abs"]), inner),
        st.builds(Call, st.just("exp"), bounded),
        st.builds(Binary, st.just("/"), inner, inner.map(lambda e: Binary("+", Number(0.7), Call("abs", e)))),
        st.builds(
            Binary,
            st.just("^"),
            bounded,
            st.sampled_from([Number(2.0), Number(3.0), Number(0.0), Name("q"), Name("two")]),
        ),
        st.builds(
            Binary,
            st.just("*"),
            st.builds(Binary, st.sampled_from(["and", "or"]), condition, condition),
            inner,
        ),
        st.builds(Binary, st.just("+"), st.builds(Unary, st.just("not"), condition), inner),
    )


expressions = st.recursive(leaves, combined, max_leaves=12)
positive = st.one_of(
    st.sampled_from(["0.5", "1.7", "k", "p", "q", "p * q", "1 + price"]).map(parse),
)
bounds = st.one_of(st.none(), st.sampled_from(["0.4", "q / 4", "0.2 + slow"]).map(parse))
ceilings = st.one_of(st.none(), st.sampled_from(["2", "1 + k", "p + 1", "1 + price"]).map(parse))
conditions = st.one_of(st.none(), truths)


@st.composite
def factors(draw):
    shape = draw(st.sampled_from(["while", "each", "each_log", "memory", "proportional"]))
    common = {
        "condition": draw(truths if shape == "while" else conditions),
        "at_least": draw(bounds),
        "at_most": draw(ceilings),
        "times": draw(positive),
    }
    own = {
        "while": {},
        "each": {
            "of": draw(
                st.sampled_from(["level", "slow", "until(election) / 10", "p", "count(strike)"]).map(parse)
            ),
            "start": draw(st.sampled_from([None, *map(parse, ("1.5", "q", "price"))])),
            "unit": draw(st.sampled_from(["3", "k", "1 + q", "2 + price"]).map(parse)),
        },
        "each_log": {
            "of": draw(st.sampled_from(["price", "price + 1", "p", "3"]).map(parse)),
            "start": draw(st.sampled_from(["1", "k", "q", "price + 2"]).map(parse)),
            "unit": draw(st.sampled_from(["2", "1.1", "1 + q"]).map(parse)),
        },
        "memory": {"of": draw(st.sampled_from(["slow", "slow * level", "p"]).map(parse))},
        "proportional": {
            "of": draw(st.sampled_from(["level", "price", "slow", "p", "0.3", "level ^ 2"]).map(parse))
        },
    }[shape]
    return Factor(shape, "", **common, **own)


same = {"rtol": 1e-9, "atol": 1e-9, "equal_nan": True}
"""Differences of nearly equal numbers may lose a few places."""
quick = settings(max_examples=200, derandomize=True, deadline=None)


class TestExpressions:
    @quick
    @given(expressions)
    def test_random(self, expression):
        assembler = Assembler(names(), len(STATE))
        program, _ = assembler.program(expression)
        values = Machine(assembler).values(program)
        np.testing.assert_allclose(values, over_lanes(lambda lane: plain(expression, lane)), **same)

    @quick
    @given(st.lists(expressions, min_size=2, max_size=5))
    def test_programs_do_not_disturb_one_another(self, several):
        """Each has a row of its own and keeps it while the others run."""
        assembler = Assembler(names(), len(STATE))
        programs = [assembler.program(each, into=assembler.new_row())[0] for each in several]
        machine = Machine(assembler)
        machine.run(programs[0].start, programs[-1].end)
        for program, expression in zip(programs, several, strict=True):
            want = over_lanes(lambda lane, expression=expression: plain(expression, lane))
            np.testing.assert_allclose(machine.x[program.row], want, **same)

    @quick
    @given(expressions, st.integers(0, WIDTH - 1))
    def test_one_lane_leaves_the_others_alone(self, expression, lane):
        assembler = Assembler(names(), len(STATE))
        program, _ = assembler.program(expression, into=assembler.new_row())
        machine, whole = Machine(assembler), Machine(assembler)
        machine.run(program.start, program.end, lane)
        whole.run(program.start, program.end)
        assert machine.x[program.row, lane] == pytest.approx(
            whole.x[program.row, lane], nan_ok=True, abs=0, rel=0
        )
        assert np.isnan(np.delete(machine.x[program.row], lane)).all()

    @pytest.mark.parametrize("offset", [0.0, 0.5, 0.375])
    def test_memories_fade_to_the_exact_time(self, offset):
        assembler = Assembler(names(), len(STATE))
        program, reads = assembler.program(parse("slow + level"))
        values = Machine(assembler, offset=offset).values(program)
        faded = LANES["slow"] * 2 ** (-offset / HALF_LIFE)
        size = np.abs(faded) + np.abs(LANES["level"])  # the two may all but cancel in a lane
        assert (np.abs(values - (faded + LANES["level"])) <= 1e-14 * size).all()
        assert (reads.memories, reads.rows, reads.time) == ({0}, {ROWS["level"]}, False)

    def test_what_is_known_is_not_computed(self):
        """Constants become immediate numbers, parameters one row per draw."""
        assembler = Assembler(names(), len(STATE))
        assembler.program(parse("level * (k + 2 ^ two) - p * q / 3"))
        assert len(assembler.code) == 2
        assert len(assembler.hoisted) == 1

    @pytest.mark.parametrize(
        "text",
        [
            "(0 - {}) ^ 2",
            "(0 - {}) ^ two",
            "(0 - {}) ^ k",
            "{} / 0",
            "(0 - {}) / 0",
            "sqrt(0 - {})",
            "log(0 - {})",
        ],
    )
    def test_constants_fold_to_what_the_machine_computes(self, text):
        """(−3)² is 9, whether 3 is a number or a stock that happens to be 3."""
        assembler = Assembler(names(), len(STATE))
        folded = assembler.constant(parse(text.format("3")))
        program, _ = assembler.program(parse(text.format("(3 + 0 * level)")))
        assert Machine(assembler).values(program) == pytest.approx(np.full(WIDTH, folded), rel=1e-14)
        assert folded == plain(parse(text.format("3")), 0)

    @pytest.mark.parametrize("text", ["nobody", "first strike", "within 3 d of strike", "ever (level > 1)"])
    def test_what_the_engine_cannot_evaluate_is_refused(self, text):
        with pytest.raises(ModelError, match=r"cannot stand in a rate|is not a stock, stage"):
            Assembler(names(), len(STATE)).program(parse(text))


class TestFactors:
    @quick
    @given(st.sampled_from(["0.3", "p", "level", "k * price"]).map(parse), st.lists(factors(), max_size=4))
    def test_scaled(self, amount, several):
        """Amounts keep their sign."""
        assembler = Assembler(names(), len(STATE))
        program, _ = assembler.scaled(amount, several)
        want = over_lanes(
            lambda lane: plain(amount, lane) * math.prod(plain_factor(factor, lane) for factor in several)
        )
        np.testing.assert_allclose(Machine(assembler).values(program), want, **same)

    @quick
    @given(
        st.sampled_from(["0.3", "p", "level", "0.1 * price", "slow"]).map(parse),
        st.lists(factors(), max_size=4),
        st.one_of(st.none(), truths, st.just(parse("slow > 0.5 and level > 0")), st.just(parse("price > 1"))),
    )
    def test_intensities_and_weights(self, base, several, guard):
        """``guard · max(0, base · Πfactors)``, in two parts for a clock and in one for an outcome."""
        assembler = Assembler(names(), len(STATE))
        product = assembler.product(base, several, guard, into=assembler.new_row())
        moving, _ = product.moving()
        weight, _ = assembler.weight(base, several, guard)
        want = over_lanes(
            lambda lane: (
                (guard is None or plain(guard, lane) != 0)
                * max(0.0, plain(base, lane) * math.prod(plain_factor(factor, lane) for factor in several))
            )
        )
        machine = Machine(assembler)
        machine.run(product.steady.start, product.steady.end)
        if moving.start >= 0:
            machine.run(moving.start, moving.end)
        np.testing.assert_allclose(machine.x[moving.row], want, **same)
        np.testing.assert_allclose(machine.values(weight), want, **same)

    @quick
    @given(st.lists(factors(), max_size=3), truths)
    def test_steady_part_reads_nothing_that_moves(self, several, guard):
        """It is run only after jumps, so it must not look at the time, at memories or at what flows."""
        assembler = Assembler(names(), len(STATE))
        product = assembler.product(parse("p"), several, guard, into=assembler.new_row())
        reads = product.steady_reads
        assert not reads.time
        assert not reads.memories
        assert ROWS["price"] not in reads.rows
