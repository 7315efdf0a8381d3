"""What a replay exposed every clock to: the same as the reference and the compiled engine measure."""

import importlib.util
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import detente
from detente.engine.compiling import compile_crisis
from detente.engine.reference import replay_reference
from detente.engine.reference_values import State, World
from detente.engine.replaying import declared_start, replay_part
from detente.engine.sampling import draw_parameters, with_unit_rates
from detente.engine.tracing import trace, trace_draws, with_base_rates
from detente.errors import ModelError
from detente.model import Clock, Distribution, Factor, Parameter, Recorded

EXAMPLES = int(os.environ.get("DETENTE_EXAMPLES", "250"))


def _engine_tests():
    spec = importlib.util.spec_from_file_location("engine_tests", Path(__file__).parent / "test_engine.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ENGINE = _engine_tests()
clock, crisis, factor, memory, outcome, parameter, raised, schedule, stock, x = (
    getattr(ENGINE, name)
    for name in [
        "clock",
        "crisis",
        "factor",
        "memory",
        "outcome",
        "parameter",
        "raised",
        "schedule",
        "stock",
        "x",
    ]
)
quick = settings(
    max_examples=EXAMPLES // 8,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@st.composite
def recorded_crises(draw):
    """A random crisis with a record of 15 days and counts over windows of its clocks."""
    case = replace(draw(ENGINE.random_crises()), record_from=-15.0)
    windows = st.tuples(st.sampled_from([-15.0, -12.0, -7.5]), st.sampled_from([-4.0, -1.25, 0.0]))
    counted = {
        f"n.{name}": Parameter(f"n.{name}", Distribution("counted", (1.0,), name, *draw(windows)))
        for name in ("c1", "c2", "c3")
    }
    whats = st.sampled_from([("c1", "a"), ("c2", ""), ("c3", ""), ("t1", ""), ("d1", "b"), ("r1", "")])
    whens = st.sampled_from([-14.5, -11.5, -8.0, -7.5, -3.5, -3.0, -0.5, 0.0])
    items = draw(st.lists(st.tuples(whens, whats), max_size=6))
    record = tuple(sorted(Recorded(t, *what, f"E{n}") for n, (t, what) in enumerate(items)))
    return replace(case, parameters=case.parameters | counted, record=record)


def unit_values(case, seed, draw=0):
    parameters = tuple(case.parameters.values())
    values = with_unit_rates(parameters, draw_parameters(parameters, seed, draw + 1))
    return {name: float(value[draw]) for name, value in values.items()}


def assert_traced(case, seed, draws=1):
    """The trace holds what the reference and the kernel measure, and multiplies up."""
    compiled = compile_crisis(case)
    start = declared_start(compiled, seed=seed, n_draws=draws)
    _, measured = replay_part(compiled, compiled.tables, start, seed=seed)
    for draw in range(draws):
        values = unit_values(case, seed, draw)
        plain = replay_reference(case, values, seed=seed, draw=draw)
        traced = trace(case, values, seed=seed, draw=draw)
        assert traced.end == plain.end
        for name, each in case.parameters.items():
            window = each.distribution
            if window.kind == "counted":
                found = traced.clocks[window.clock].integral(window.start, window.end)
                assert found == pytest.approx(plain.exposures[name], rel=1e-12, abs=1e-12)
                assert found == pytest.approx(measured[name][draw], rel=1e-9, abs=1e-9)
                assert traced.exposures[name] == plain.exposures[name]
        for cells in traced.clocks.values():
            assert_cells(cells, traced)


def assert_cells(cells, traced):
    assert cells.begins[0] == traced.begins
    assert cells.ends[-1] == traced.ends
    assert np.array_equal(cells.begins[1:], cells.ends[:-1])
    product = np.maximum(cells.base * np.prod(cells.factors, axis=1), 0.0) * cells.open
    np.testing.assert_allclose(cells.intensity, product, rtol=1e-13)
    clauses = traced.crisis.moments[cells.clock].cause.factors
    assert cells.inputs.shape == cells.factors.shape == (len(cells.begins), len(clauses))
    world = World(traced.crisis, traced.values, State(0.0))
    for j, each in enumerate(clauses):
        assert_factor(each, cells.inputs[:, j], cells.factors[:, j], world)


def assert_factor(each: Factor, given, value, world):
    """The value of a factor follows from its input: the design of a fit."""
    number = {
        name: None if getattr(each, name) is None else world.value(getattr(each, name), 0.0)
        for name in ("times", "at_least", "at_most")
    }
    whole = {
        "memory": lambda: np.maximum(1.0 + (number["times"] - 1.0) * given, 0.0),
        "proportional": lambda: np.maximum(given, 0.0),
    }.get(each.shape, lambda: number["times"] ** given)()
    clamped = np.clip(
        whole,
        -np.inf if number["at_least"] is None else number["at_least"],
        np.inf if number["at_most"] is None else number["at_most"],
    )
    neutral = 1.0 if each.shape == "proportional" else 0.0
    fits = np.isclose(value, clamped, rtol=1e-9) | ((value == 1.0) & (given == neutral))
    assert fits.all()


class TestCells:
    @pytest.mark.parametrize("name", ["cuba_1962", "iran_2024"])
    def test_bundled(self, name):
        assert_traced(detente.load(name), seed=3)

    @quick
    @given(recorded_crises(), st.integers(0, 5))
    def test_random(self, case, seed):
        assert_traced(case, seed, draws=2)

    def test_some_clocks_only(self):
        case = crisis(clock("a", 0.1), clock("b", 0.2), record_from=-10.0)
        assert set(trace(case, {}, clocks=["b"]).clocks) == {"b"}

    def test_unknown_clock(self):
        case = crisis(clock("a", 0.1), raised("b"), record_from=-10.0)
        with pytest.raises(ModelError, match=r"no clock is named 'b'\. Clocks: a\."):
            trace(case, {}, clocks=["b"])

    def test_what_stands_still_is_one_cell(self):
        case = crisis(clock("a", 0.1), record_from=-400.0)
        cells = trace(case, {}).clocks["a"]
        assert (cells.begins.tolist(), cells.ends.tolist()) == ([-400.0], [0.0])

    def test_inputs_of_each_shape(self):
        factors = [
            factor("while", times=3, condition="level > 5"),
            factor("each", of="level", times=2, start=4, unit=2),
            factor("each_log", of="level", times=2, start=1, unit=2),
            factor("memory", of="heat", times=3, at_most=5),
            factor("proportional", of="level / 4", condition="level > 100"),
        ]
        parts = stock("level", 8), memory("heat", 1e9, start=0.5), clock("a", 0.1, factors=factors)
        cells = trace(crisis(*parts, record_from=-1.0), {}).clocks["a"]
        assert cells.inputs[0] == pytest.approx([1, 2, 3, 0.5, 1])
        assert cells.factors[0] == pytest.approx([3, 4, 8, 2, 1])
        assert cells.intensity[0] == pytest.approx(0.1 * 3 * 4 * 8 * 2)


class TestFirings:
    def test_sees_what_was_before(self):
        heat = memory("heat", 2, ("a", 1))
        a = clock("a", 0.5, factors=[factor("memory", of="heat", times=3, at_most=9)])
        record = [Recorded(-6.0, "a", "", "E1"), Recorded(-4.0, "a", "", "E2")]
        traced = trace(crisis(heat, a, clock("b", 1), record=record, record_from=-10.0), {})
        first, second = traced.firings
        assert (first.event, first.intensity, first.total) == ("E1", 0.5, 1.5)
        assert second.intensity == pytest.approx(0.5 * (1 + 2 * 0.5))
        assert second.inputs == pytest.approx([0.5])
        assert second.factors == pytest.approx([2.0])
        assert second.intensities == pytest.approx({"a": 1.0, "b": 1.0})

    def test_choice_sees_the_effects_of_its_moment(self):
        ways = [
            outcome("yes", 0.6, factors=[factor("each", of="level", times=2, start=0, unit=1)]),
            outcome("no", None, guard="level < 0"),
            outcome("late", 0.1),
        ]
        board = raised("board", ENGINE.put("level", 1), outcomes=ways)
        case = crisis(stock("level", 0), board, record=[Recorded(-5.0, "board", "yes")], record_from=-9.0)
        (firing,) = trace(case, {}).firings
        choice = firing.choice
        assert math.isnan(firing.intensity)
        assert choice.outcomes == ("yes", "no", "late")
        assert choice.weights == pytest.approx([0.6, 0.3, 0.1])
        assert choice.open.tolist() == [True, False, True]
        assert choice.inputs[0] == pytest.approx([1.0])
        assert choice.probability("yes") == pytest.approx(1.2 / 1.3)

    def test_dates_without_an_event_are_data_where_the_record_is_complete(self):
        board = schedule(
            "board", (-8.0, -5.0, -2.0), kind="occasion", complete_from=-6.0,
            outcomes=[outcome("yes", 0.25), outcome("no")],
        )  # fmt: skip
        case = crisis(board, record=[Recorded(-1.5, "board", "yes", "E1")], record_from=-10.0)
        found = [
            (f.time, f.outcome, f.event, f.choice.probability(f.outcome)) for f in trace(case, {}).firings
        ]
        assert found == [(-5.0, "no", "", 0.75), (-1.5, "yes", "E1", 0.25)]

    def test_closed_guard_is_told(self):
        case = crisis(
            stock("key", 0), clock("a", 1, guard="key > 0"), record=[Recorded(-5.0, "a")], record_from=-9.0
        )
        (firing,) = trace(case, {}).firings
        assert (firing.open, firing.intensity) == (False, 0.0)


class TestParts:
    """A ledger replayed to a day and on from there is the ledger replayed at once."""

    @quick
    @given(recorded_crises(), st.integers(0, 15), st.integers(0, 15), st.integers(0, 5))
    def test_reference(self, case, one, other, seed):
        cuts = sorted((-float(one), -float(other)))
        values = unit_values(case, seed)
        whole = replay_reference(case, values, seed=seed, draw=0)
        parts, state = [], None
        for until in cuts:
            parts.append(
                replay_reference(case, values, seed=seed, draw=0, until=until, pause=True, paused=state)
            )
            state = parts[-1].end
        parts.append(replay_reference(case, values, seed=seed, draw=0, paused=state))
        assert parts[-1].end == whole.end
        assert [line for part in parts for line in part.log] == whole.log
        for name, exposure in whole.exposures.items():
            assert sum(part.exposures[name] for part in parts) == pytest.approx(exposure, abs=1e-12)

    @quick
    @given(recorded_crises(), st.integers(0, 30), st.integers(0, 5))
    def test_kernel(self, case, ticks, seed):
        compiled = compile_crisis(case, tick=0.5)
        declared = declared_start(compiled, seed=seed, n_draws=3)
        how = {"seed": seed, "threads": 1}
        whole, exposures = replay_part(compiled, compiled.tables, declared, **how)
        cut = -0.5 * ticks
        half, first = replay_part(compiled, compiled.tables, declared, until=cut, pause=True, **how)
        both, second = replay_part(compiled, compiled.tables, half, since=cut, **how)
        assert np.array_equal(whole.state, both.state)
        assert np.array_equal(whole.strikes, both.strikes)
        assert np.array_equal(whole.armed, both.armed)
        for name, exposure in exposures.items():
            np.testing.assert_allclose(first[name] + second[name], exposure, rtol=1e-12, atol=1e-12)

    def test_start_is_not_changed(self):
        compiled = compile_crisis(detente.load("cuba_1962"))
        declared = declared_start(compiled, seed=1, n_draws=2)
        before = declared.state.copy()
        replay_part(compiled, compiled.tables, declared, seed=1)
        assert np.array_equal(declared.state, before)

    @pytest.mark.parametrize("until", [1.0, -10.5, -11.0, math.nan])
    def test_no_end_of_a_tick(self, until):
        case = crisis(clock("a", 0.1), record_from=-10.0)
        with pytest.raises(ModelError, match="from one end of a tick to a later one, between -10 and 0 days"):
            trace(case, {}, until=until)


class TestDraws:
    def test_base_rates_fill_the_count(self):
        case = crisis(
            parameter("n", "counted", 3, clock="a", start=-20.0, end=0.0),
            parameter("f", "lognormal", 2.0, 1.5),
            stock("level", 0, flow=0.1),
            clock("a", "2 * n", factors=[factor("each", of="level", times="f", start=0, unit=1)]),
            clock("b", 0.1),
            record=[Recorded(-4.0, "a")],
            record_from=-20.0,
        )
        for one in trace_draws(case, 7, 4):
            finished = with_base_rates(one)
            count = finished.parameters["n"] * one.exposures["n"]
            assert finished.clocks["a"].integral() == pytest.approx(count, rel=1e-12)
            assert one.values["n"] == 1.0
            (firing,) = finished.firings
            assert firing.intensity == pytest.approx(finished.clocks["a"].intensity[-4], rel=0.1)
            assert firing.total == pytest.approx(firing.intensity + 0.1)

    def test_processes_change_nothing(self):
        case = detente.load("cuba_1962")
        seen = []
        alone = trace_draws(case, 1, 3, progress=lambda done, of: seen.append((done, of)))
        shared = trace_draws(case, 1, 3, processes=2)
        assert seen == [(1, 3), (2, 3), (3, 3)]
        for a, b in zip(alone, shared, strict=True):
            assert a.end == b.end
            assert a.parameters == b.parameters
            assert a.clocks.keys() == b.clocks.keys()
            for name in a.clocks:
                assert np.array_equal(a.clocks[name].intensity, b.clocks[name].intensity)

    def test_draws_are_those_of_the_engine(self):
        case = detente.load("cuba_1962")
        one = trace_draws(case, 5, 2)[1]
        compiled = compile_crisis(case)
        start = declared_start(compiled, seed=5, n_draws=2)
        replayed, _ = replay_part(compiled, compiled.tables, start, seed=5)
        for name, row in compiled.state_rows.items():
            values = one.end.stocks | one.end.stages | one.end.memories
            if name in values:
                assert replayed.state[row, 1] == pytest.approx(values[name], rel=1e-12, abs=1e-12)

    def test_every_clock_is_known(self):
        case = detente.load("iran_2024")
        traced = trace(case, unit_values(case, 1), until=-420.0)
        clocks = {name for name, moment in case.moments.items() if isinstance(moment.cause, Clock)}
        assert set(traced.clocks) == clocks
        assert traced.ends == -420.0
