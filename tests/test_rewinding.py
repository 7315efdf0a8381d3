"""A crisis taken back to an earlier day: nothing later is in it, and what is in it has not changed."""

import datetime as dt
import importlib.util
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import detente
from detente.engine.compiling import compile_crisis
from detente.engine.replaying import declared_start, replay_part
from detente.engine.tracing import trace
from detente.errors import ModelError
from detente.expressions import parse
from detente.ledger.rewinding import rewind
from detente.model import Claim, Event, Evidence, Parameter, Recorded, Schedule, Source


def _module(name):
    spec = importlib.util.spec_from_file_location(f"for_{name}", Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TRACING = _module("test_tracing")
ENGINE = TRACING.ENGINE
quick, recorded_crises, unit_values = TRACING.quick, TRACING.recorded_crises, TRACING.unit_values
clock, crisis, outcome, parameter, schedule, stock = (
    getattr(ENGINE, name) for name in ["clock", "crisis", "outcome", "parameter", "schedule", "stock"]
)
DAY = dt.timedelta(days=1)
IRAN = detente.load("iran_2024")
days_back = st.integers(1, 14)


def days(case, count):
    return case.as_of - count * DAY


def taken_back(case, count):
    """The crisis `count` days earlier; cases whose counts have no record then are passed over."""
    try:
        return rewind(case, days(case, count)).crisis
    except ModelError:
        assume(False)


def shifted(state, shift):
    """A state with its times counted from another day."""
    return replace(
        state,
        at=state.at + shift,
        lasts={name: time + shift for name, time in state.lasts.items()},
        strikes={name: time + shift for name, time in state.strikes.items()},
        undrawn={name: (since + shift, *rest) for name, (since, *rest) in state.undrawn.items()},
    )


def assert_prefix(case, count, seed):
    """The replay of the rewound crisis is what the replay of the whole was on that day."""
    earlier = taken_back(case, count)
    values = unit_values(case, seed)
    there, here = trace(case, values, seed=seed, until=-float(count)), trace(earlier, values, seed=seed)
    assert_alike(shifted(there.end, float(count)), here.end)
    assert there.exposures.keys() == here.exposures.keys()
    for name, cells in there.clocks.items():
        assert cells.integral() == pytest.approx(here.clocks[name].integral(), rel=1e-9, abs=1e-12)
    assert [f.event for f in there.firings] == [f.event for f in here.firings]


def assert_alike(one, two):
    for name in ("stocks", "stages", "memories", "lasts", "strikes"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-9, abs=1e-9), name
    assert (one.counts, one.armed, one.started) == (two.counts, two.armed, two.started)
    assert one.undrawn.keys() == two.undrawn.keys()


class TestLaws:
    @quick
    @given(recorded_crises())
    def test_to_the_same_day_is_the_same(self, case):
        assert rewind(case, case.as_of) == type(rewind(case, case.as_of))(case, ())

    @quick
    @given(recorded_crises(), days_back, days_back)
    def test_twice_is_once(self, case, one, two):
        first, second = sorted((one, two))
        assert taken_back(taken_back(case, first), second - first) == taken_back(case, second)

    @quick
    @given(recorded_crises(), days_back, st.integers(0, 5))
    def test_is_what_the_replay_was_on_that_day(self, case, count, seed):
        assert_prefix(case, count, seed)

    @quick
    @given(recorded_crises(), days_back, st.integers(0, 5))
    def test_in_the_kernel_as_well(self, case, count, seed):
        earlier = taken_back(case, count)
        states = []
        for each, until in ((case, -float(count)), (earlier, 0.0)):
            compiled = compile_crisis(each)
            declared = declared_start(compiled, seed=seed, n_draws=2)
            end, _ = replay_part(compiled, compiled.tables, declared, seed=seed, until=until)
            names = [*each.stocks, *each.stages, *each.memories]
            states.append(end.state[[compiled.state_rows[name] for name in names]])
        np.testing.assert_allclose(*states, rtol=1e-9, atol=1e-9)

    @quick
    @given(recorded_crises(), days_back, st.data())
    def test_nothing_recorded_later_can_leak(self, case, count, data):
        times = st.floats(-count, 0.0, exclude_min=True)
        whats = st.sampled_from([("c1", "a"), ("c2", ""), ("c3", ""), ("t1", ""), ("d1", "a"), ("r2", "")])
        later = data.draw(st.lists(st.tuples(times, whats), max_size=5))
        kept = [item for item in case.record if item.time <= -count]
        other = [*kept, *(Recorded(t, *what, f"X{n}") for n, (t, what) in enumerate(later))]
        assert taken_back(replace(case, record=tuple(sorted(other))), count) == taken_back(case, count)

    @pytest.mark.parametrize("count", [4, 154])
    def test_iran(self, count):
        assert_prefix(IRAN, count, seed=2)

    @quick
    @given(st.integers(1, 420), st.integers(0, 2**30), st.booleans())
    def test_nothing_later_in_irans_tables_can_leak(self, count, seed, delete):
        """Whatever happens to rows known later: delete half of them, or garble them."""
        day, rng = days(IRAN, count), np.random.default_rng(seed)
        now = rewind(IRAN, day).crisis
        changed = {}
        for table in ("events", "claims", "sources"):
            rows = dict(getattr(IRAN, table))
            for name in [name for name in rows if name not in getattr(now, table)]:
                if delete and rng.random() < 0.5 and table == "events":
                    del rows[name]
                elif table == "claims":
                    rows[name] = replace(rows[name], content="changed", credibility="6")
                elif table == "events":
                    rows[name] = replace(rows[name], title="changed", cameo="042")
                else:
                    rows[name] = replace(rows[name], title="changed", reliability="F")
            changed[table] = rows
        record = tuple(item for item in IRAN.record if item.time < -count or rng.random() < 0.5)
        assert rewind(replace(IRAN, **changed, record=record), day).crisis == now

    def test_forecast_is_the_same_to_the_last_bit(self):
        day = dt.date(2024, 9, 20)
        record = tuple(item for item in IRAN.record if item.time <= -71.0)
        events = {name: each for name, each in IRAN.events.items() if each.date.date() <= day}
        lists = (rewind(each, day).crisis for each in (IRAN, replace(IRAN, record=record, events=events)))
        one, two = (detente.simulate(each, trajectories=64, seed=3) for each in lists)
        assert one.registers.keys() == two.registers.keys()
        for watch, register in one.registers.items():
            assert np.array_equal(register, two.registers[watch], equal_nan=True)

    def test_loads_what_it_dumps(self):
        earlier = rewind(IRAN, dt.date(2024, 6, 30)).crisis
        assert detente.loads(detente.dumps(earlier)) == earlier


class TestTimes:
    def test_all_are_shifted(self):
        case = crisis(
            parameter("n", "counted", 5, clock="a", start=-20.0, end=-15.0),
            stock("level", 1, starts=-12.0),
            stock("late", 1, starts=-2.0),
            clock("a", "n"),
            schedule("board", (-12.0, 4.5), complete_from=-18.0, outcomes=[outcome("yes", 1)]),
            ENGINE.question("q", "first a", 30.0, opens=2.0),
            record=[Recorded(-11.5, "a")],
            record_from=-20.0,
            calendar={"election": 12.0},
        )
        earlier = rewind(case, days(case, 10)).crisis
        assert (earlier.as_of, earlier.horizon, earlier.record_from) == (days(case, 10), 70.0, -10.0)
        assert earlier.parameters["n"].distribution == replace(
            case.parameters["n"].distribution, start=-10.0, end=-5.0
        )
        assert (earlier.stocks["level"].starts, earlier.stocks["late"].starts) == (-2.0, None)
        assert earlier.moments["board"].cause == Schedule((-2.0, 14.5))
        assert earlier.moments["board"].coding.complete_from == -8.0
        assert (earlier.questions["q"].opens, earlier.questions["q"].closes) == (12.0, 40.0)
        assert earlier.record == (Recorded(-1.5, "a"),)
        assert earlier.calendar == {"election": 22.0}

    def test_dates_of_iran_stay_where_they_are(self):
        a, b = IRAN, rewind(IRAN, dt.date(2024, 6, 30)).crisis
        for name in a.calendar:
            assert b.calendar[name] - a.calendar[name] == 153.0
        for name, moment in a.moments.items():
            if isinstance(moment.cause, Schedule):
                moved = b.moments[name].cause.times
                assert [t - s for s, t in zip(moment.cause.times, moved, strict=True)] == [153.0] * len(moved)


class TestCounts:
    def case(self, **window):
        return crisis(
            parameter("n", "counted", 7, clock="a", **window),
            clock("a", "n"),
            record=[Recorded(t, "a", "", f"E{t}") for t in (-18.5, -12.5, -3.5)],
            record_from=-20.0,
        )

    def test_an_open_window_is_clipped_and_counted_anew(self):
        case = self.case(start=-20.0, end=0.0)
        found = rewind(case, days(case, 10)).crisis.parameters["n"].distribution
        assert (found.numbers, found.start, found.end) == ((2.0,), -10.0, 0.0)

    def test_a_window_that_was_over_keeps_what_the_file_says(self):
        case = self.case(start=-20.0, end=-11.0)
        found = rewind(case, days(case, 10)).crisis.parameters["n"].distribution
        assert (found.numbers, found.start, found.end) == ((7.0,), -10.0, -1.0)

    def test_a_window_that_had_not_begun_is_the_record_so_far(self):
        case = self.case(start=-5.0, end=0.0)
        rewound = rewind(case, days(case, 10))
        found = rewound.crisis.parameters["n"].distribution
        assert (found.numbers, found.start, found.end) == ((2.0,), -10.0, 0.0)
        assert any(line.startswith("counts over windows that begin after") for line in rewound.hindsight)

    def test_without_a_record_there_is_no_count(self):
        case = self.case(start=-20.0, end=0.0)
        with pytest.raises(
            ModelError, match=r"n: 'a' is counted over a record, and there is none before 2024-11-10"
        ):
            rewind(case, days(case, 20))


def event(name, day, **more):
    parties = {"actor": (), "recipient": (), "cameo": "", "plover": ""}
    return Event(name, dt.datetime.fromisoformat(day), **({"precision": "day", "title": ""} | parties | more))


class TestKnowledge:
    """What had happened, but was not known."""

    def case(self, *events, claims=(), record=()):
        return replace(
            crisis(clock("a", 0.1), clock("b", 0.1), record_from=-30.0),
            sources={"S1": Source("S1", "Early", date="2024-11-02", reliability="A"),
                     "S2": Source("S2", "Late", date="2024-11-28", reliability="A")},
            claims={claim.id: claim for claim in claims},
            events={each.id: each for each in events},
            record=tuple(sorted(record)),
        )  # fmt: skip

    def test_an_event_known_later_is_dropped(self):
        known = event("E1", "2024-11-05", known_at=dt.datetime(2024, 11, 20))
        case = self.case(known, record=[Recorded(-25.5, "a", "", "E1")])
        assert rewind(case, dt.date(2024, 11, 19)).crisis.record == (Recorded(-14.5, "a", "", "E1"),)
        assert rewind(case, dt.date(2024, 11, 18)).crisis.record == ()
        assert rewind(case, dt.date(2024, 11, 18)).crisis.events == {}

    def test_a_correction_known_later_does_not_count_yet(self):
        first = event("E1", "2024-11-05", happening="a")
        second = event("E2", "2024-11-06", happening="b", supersedes="E1", known_at=dt.datetime(2024, 11, 20))
        case = self.case(first, second, record=[Recorded(-24.5, "b", "", "E2")])
        assert rewind(case, dt.date(2024, 11, 10)).crisis.record == (Recorded(-5.5, "a", "", "E1"),)
        assert rewind(case, dt.date(2024, 11, 25)).crisis.record == (Recorded(-19.5, "b", "", "E2"),)

    def test_a_denial_known_later_does_not_count_yet(self):
        claims = [
            Claim("C1", "one", "it did", source=("S1",), credibility="2"),
            Claim("C2", "two", "it did not", source=("S2",), credibility="1"),
        ]
        told = event("E1", "2024-11-01", claims=("C1",), contested_by=("C2",))
        case = self.case(told, claims=claims, record=[Recorded(-29.5, "a", "", "E1", held=0.2)])
        (before,) = rewind(case, dt.date(2024, 11, 20)).crisis.record
        (after,) = rewind(case, dt.date(2024, 11, 29)).crisis.record
        assert before.held == 1.0
        assert after.held < 0.5

    def test_evidence_that_was_not_there_is_judgement(self):
        late = Parameter("p", parameter("p", "fixed", 1).distribution, evidence=evidence("S2"))
        both = Parameter("q", late.distribution, evidence=evidence("S1", "S2"))
        case = replace(self.case(), parameters={"p": late, "q": both})
        rewound = rewind(case, dt.date(2024, 11, 20))
        found = rewound.crisis.parameters
        assert found["p"].evidence.is_judgement
        assert found["q"].evidence.source == ("S1",)
        assert (
            "numbers that rest on what became known after 2024-11-20: 2: p (S2), q (S2)" in rewound.hindsight
        )


def evidence(*ids):
    return Evidence(ids)


class TestHindsight:
    def test_iran_names_what_cannot_be_unseen(self):
        lines = rewind(IRAN, dt.date(2024, 6, 30)).hindsight
        heads = [line.split(":")[0] for line in lines]
        assert heads == [
            "start values read after 2024-06-30 and used from the beginning of the record",
            "numbers that rest on what became known after 2024-06-30",
            "judgements made with the knowledge of 2024-11-30",
            "shares counted up to 2024-11-30",
            "dates between 2024-06-30 and 2024-11-30, taken as known in advance",
        ]
        assert "rial (2024-11-06)" in lines[0]

    def test_nothing_to_name_on_the_same_day(self):
        assert rewind(IRAN, IRAN.as_of).hindsight == ()


class TestRefused:
    def test_later_than_as_of(self):
        with pytest.raises(
            ModelError, match=r"as of 2024-11-30: nothing later is known\. Choose 2024-11-30 or"
        ):
            rewind(IRAN, dt.date(2024, 12, 1))

    def test_before_the_record(self):
        with pytest.raises(
            ModelError, match=r"begins on 2023-10-01: .* to the end of 2023-09-29\. Choose a later"
        ):
            rewind(IRAN, dt.date(2023, 9, 29))


def test_expressions_hold_no_days_of_the_model():
    """`until` counts to dates and names, never to a number of days after the as-of date."""
    case = crisis(clock("a", 0.1, guard="until(2024-12-24) > 10"), record_from=-20.0)
    assert rewind(case, days(case, 5)).crisis.moments["a"].guard == parse("until(2024-12-24) > 10")
    assert math.isfinite(rewind(case, days(case, 5)).crisis.horizon)
