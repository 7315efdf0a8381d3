"""The record through the model: expected against observed, surprises, likelihood, state, the command."""

import datetime as dt
import importlib.util
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats
from typer.testing import CliRunner

import detente
from detente.checking import check, contradictions
from detente.checking.contradictions import median_trace
from detente.cli.app import app
from detente.crisisfile import resolve
from detente.engine.compiling import compile_crisis
from detente.engine.replaying import declared_start, replay_part
from detente.engine.tracing import trace_draws, with_base_rates
from detente.errors import ForecastError, ModelError
from detente.inference import Replay, replay
from detente.inference.accounts import two_sided_p
from detente.inference.observing import complete_windows, log_likelihood, total
from detente.model import Coding, Event, Recorded
from detente.plots.replays import expected_against_observed


def _module(name):
    spec = importlib.util.spec_from_file_location(f"of_{name}", Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ENGINE = _module("test_engine")
clock, crisis, factor, memory, outcome, parameter, raised, schedule, stock, timer = (
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
        "timer",
    ]
)


def complete(moment, since=-1e6):
    return replace(moment, coding=Coding(complete_from=since))


def event(name, day, precision="day", **more):
    parties = {"actor": (), "recipient": (), "cameo": "", "plover": ""}
    return Event(
        name, dt.datetime.fromisoformat(day), **({"precision": precision, "title": name} | parties | more)
    )


@pytest.fixture(scope="module")
def iran():
    return replay(detente.load("iran_2024"), draws=2, seed=1)


@pytest.fixture(scope="module")
def cuba():
    return replay(detente.load("cuba_1962"), draws=4)


STEADY = crisis(
    complete(clock("a", 0.1, main=True)),
    complete(clock("b", 0.02), since=-40.0),
    clock("c", 0.5),
    record=[Recorded(t, "a", "", f"E{t:g}") for t in (-90.5, -60.5, -2.5)] + [Recorded(-50.5, "c")],
    record_from=-100.0,
)


class TestAccounts:
    def test_expected_and_observed(self):
        found = replay(STEADY, draws=2).actions
        a, b, c = (found[name] for name in "abc")
        assert (a.observed, a.expected, a.at_risk, a.complete) == (3, pytest.approx(10.0), 100.0, True)
        assert (b.observed, b.expected, b.at_risk) == (0, pytest.approx(0.8), 40.0)
        assert (c.observed, c.expected, c.complete, c.p_value) == (1, pytest.approx(50.0), False, None)
        assert a.implied_rate == pytest.approx(0.03)
        assert a.base_rate == pytest.approx(0.1)
        middle = stats.poisson.cdf(2, 10) + 0.5 * stats.poisson.pmf(3, 10)
        assert a.p_value == pytest.approx(2 * middle)

    def test_since_narrows_the_window_but_not_the_replay(self):
        found = replay(STEADY, draws=1, since=ENGINE.AS_OF - dt.timedelta(days=69))
        assert found.begins == -70.0
        assert (found.actions["a"].observed, found.actions["a"].expected) == (2, pytest.approx(7.0))
        assert [each.event for each in found.events] == ["E-60.5", "", "E-2.5"]

    def test_at_risk_counts_days_with_the_guard_open(self):
        case = crisis(
            stock("level", 0, flow=1), complete(clock("a", 0.1, guard="level < 30")), record_from=-100.0
        )
        assert replay(case, draws=1).actions["a"].at_risk == pytest.approx(30.0, abs=1.0)

    def test_counted_rates_say_that_they_were_counted(self):
        case = crisis(
            parameter("n", "counted", 3, clock="a", start=-100.0, end=0.0),
            clock("a", "n"),
            record=[Recorded(t, "a") for t in (-90.5, -60.5, -2.5)],
            record_from=-100.0,
        )
        found = replay(case, draws=400)
        account = found.actions["a"]
        assert (account.complete, account.counted, account.p_value, account.observed) == (True, True, None, 3)
        assert account.expected == pytest.approx(stats.gamma(3.5).median(), rel=0.1)
        assert "1 of 1 rates with a complete record are counted from it" in found.notes[0]

    @pytest.mark.parametrize("observed", [0, 1, 4, 20])
    def test_p_is_uniform_on_average(self, observed):
        """The mean of the mid-p below over the law of the count is ½: neither too strict nor too lenient."""
        counts = np.arange(200)
        chances = stats.poisson.pmf(counts, observed + 0.7)
        ps = np.array([two_sided_p(int(n), np.array([observed + 0.7])) for n in counts])
        assert chances @ ps == pytest.approx(0.5, abs=0.06)
        assert ((ps > 0.0) & (ps <= 1.0))[:60].all()

    def test_spread_tells_a_crowd_from_a_course(self):
        late = [Recorded(t, "a") for t in (-5.5, -4.5, -3.5, -2.5, -1.5)]
        even = [Recorded(t, "a") for t in (-90.5, -70.5, -50.5, -30.5, -10.5)]
        crowded, spread = (
            replay(crisis(complete(clock("a", 0.05)), record=each, record_from=-100.0), draws=1)
            for each in (late, even)
        )
        assert crowded.spread_p < 1e-4
        assert spread.spread_p > 0.9
        assert crowded.actions["a"].spread_p == pytest.approx(crowded.spread_p)

    def test_increments_are_what_the_intensity_made_of_time(self):
        found = replay(STEADY, draws=1).rescaled
        assert [each.increment for each in found] == pytest.approx([0.95, 3.0, 5.8])
        assert [each.position for each in found] == pytest.approx([0.095, 0.395, 0.975])


class TestSurprises:
    def test_share_and_bits(self):
        first = replay(STEADY, draws=1).events[0]
        assert (first.happening, first.intensity, first.waiting) == ("a", 0.1, pytest.approx(10.0))
        assert first.share == pytest.approx(0.1 / 0.62)
        assert first.bits == pytest.approx(math.log2(6.2))

    def test_bits_of_an_outcome(self):
        ways = [outcome("yes", 0.25), outcome("no", None)]
        case = crisis(
            raised("board", outcomes=ways), record=[Recorded(-5.5, "board", "yes")], record_from=-9.0
        )
        (found,) = replay(case, draws=1).events
        assert (found.bits, found.outcome_bits, found.happening) == (None, 2.0, "board.yes")

    def test_dates_that_passed_are_no_events_but_are_data(self):
        ways = [outcome("yes", 0.25), outcome("no")]
        board = schedule("board", (-7.5, -5.5), outcomes=ways, complete_from=-9.0)
        found = replay(crisis(board, record_from=-9.0), draws=1)
        assert found.events == ()
        assert found.log_likelihood[0] == pytest.approx(2 * math.log(0.75))

    def test_the_most_surprising_come_first(self, iran):
        bits = [each.total_bits for each in iran.most_surprising(52)]
        assert bits == sorted(bits, reverse=True)
        assert len(iran.most_surprising(3)) == 3
        with pytest.raises(ForecastError, match="n: it must be 0 or more, but is -1"):
            iran.most_surprising(-1)

    def test_impossible_is_without_end(self):
        case = crisis(
            stock("key", 0), clock("a", 1, guard="key > 0"), record=[Recorded(-5.5, "a")], record_from=-9.0
        )
        (found,) = replay(case, draws=1).events
        assert (found.bits, found.waiting) == (math.inf, math.inf)


class TestLikelihood:
    def test_parts_add_up(self, iran):
        assert sum(iran.parts.values()) == pytest.approx(iran.log_likelihood)
        assert iran.log_marginal <= iran.log_likelihood.max()

    def test_a_month_is_the_mean_over_the_part_before(self):
        """A month known only as such, in a rate that rises by 1 % of its start a day."""
        rising = complete(clock("a", "0.1 * level"))
        case = crisis(stock("level", 1, flow=0.01), rising, record_from=-60.0)
        month = event("E1", "2024-11-01", "month")
        case = replace(case, events={"E1": month}, record=(Recorded(-15.0, "a", "", "E1"),))
        (one,) = trace_draws(case, 0, 1)
        windows = complete_windows(case, -60.0, 0.0)
        cells = one.clocks["a"]
        expected = math.log(cells.integral(-30.0, -15.0) / 15.0) - cells.integral()
        assert total(log_likelihood(with_base_rates(one), windows)) == pytest.approx(expected)
        day = replace(case, events={"E1": replace(month, precision="day", date=dt.datetime(2024, 11, 15))})
        (one,) = trace_draws(day, 0, 1)
        exact = math.log(one.firings[0].intensity) - cells.integral()
        assert total(log_likelihood(one, windows)) == pytest.approx(exact)

    def test_choices_without_a_complete_record_do_not_count(self):
        ways = [outcome("yes", 0.25), outcome("no")]
        board = schedule("board", (-7.5, -5.5), outcomes=ways)
        found = replay(crisis(board, record=[Recorded(-5.5, "board", "yes")], record_from=-9.0), draws=1)
        assert found.log_likelihood[0] == 0.0


class TestState:
    def test_is_that_of_the_engine(self, iran):
        case = iran.crisis
        compiled = compile_crisis(case)
        end, _ = replay_part(compiled, compiled.tables, declared_start(compiled, seed=1, n_draws=2), seed=1)
        for level in (*iran.state.stocks, *iran.state.memories):
            row = end.state[compiled.state_rows[level.name]]
            assert level.median == pytest.approx(np.median(row), rel=1e-9, abs=1e-12)
        for stage in iran.state.stages:
            row = end.state[compiled.state_rows[stage.name]]
            values = case.stages[stage.name].values
            assert stage.probabilities == {
                values[k]: pytest.approx(np.mean(row == k)) for k in range(len(values)) if (row == k).any()
            }

    def test_running_delays(self):
        start = clock("begin", 0.1, ENGINE.starts("law"), ENGINE.starts("reply"))
        law, reply = timer("law", 30, whole_days=True), timer("reply", 10, varies=2)
        case = crisis(start, law, reply, record=[Recorded(-5.5, "begin")], record_from=-9.0)
        found = {each.name: each for each in replay(case, draws=2).state.pending}
        assert (found["law"].share, found["law"].strikes) == (1.0, 25.0)
        assert (found["reply"].strikes, found["reply"].since) == (None, -5.5)

    def test_on_a_past_day(self):
        day = dt.date(2024, 6, 30)
        found = replay(detente.load("iran_2024"), draws=1, until=day)
        assert found.crisis.as_of == day
        assert max(each.time for each in found.events) < 0.0
        assert any(note.startswith("Hindsight: judgements made") for note in found.notes)


class TestResult:
    def test_shows_itself(self, iran):
        text = str(iran)
        for words in (
            "Iran between",
            "Complete record",
            "counted",
            "Log-likelihood",
            "Waiting",
            "Note: ",
        ):
            assert words in text
        assert max(map(len, text.splitlines())) <= 80
        assert "<table>" in iran._repr_html_()

    def test_state_is_shown_when_asked(self, iran):
        from detente.layout import plain_text

        text = plain_text(iran.shown(state=True, events=0))
        assert "Stands at" in text
        assert "Most surprising" not in text
        assert "lebanon_truce.term" in text

    @pytest.mark.parametrize(
        ("table", "rows"), [("actions", 41), ("events", 52), ("state", 88), ("rescaled", 21)]
    )
    def test_tables(self, iran, table, rows):
        frame = iran.to_polars(table)
        assert isinstance(frame, pl.DataFrame)
        assert len(frame) >= rows - 5
        assert frame.columns[0] in ("name", "event", "kind", "clock")

    def test_unknown_table(self, iran):
        with pytest.raises(
            ForecastError, match=r"there is no table 'acts' in a replay\. Tables: actions, events"
        ):
            iran.to_polars("acts")

    def test_plain_data(self, iran):
        data = json.loads(json.dumps(iran.as_dict(), allow_nan=False))
        assert data["since"] == "2023-10-01"
        assert len(data["events"]) == len(detente.load("iran_2024").replayed)
        assert data["log_likelihood"]["parts"].keys() == iran.parts.keys()

    def test_saved_and_replaced(self, cuba, tmp_path):
        for _ in range(2):
            cuba.save(tmp_path / "out")
        names = {path.name for path in (tmp_path / "out").iterdir()}
        assert names >= {"manifest.json", "replay.json", "actions.parquet", "events.parquet"}
        assert not [path for path in tmp_path.iterdir() if path.name != "out"]

    def test_a_foreign_folder_is_refused(self, cuba, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(ForecastError, match=r"`detente replay` has not written, such as 'notes\.txt'"):
            cuba.save(tmp_path)
        assert (tmp_path / "notes.txt").read_text() == "mine"

    def test_same_seed_same_numbers_on_any_number_of_processes(self):
        case = detente.load("cuba_1962")
        one, two = replay(case, draws=3), replay(case, draws=3, processes=2)
        assert np.array_equal(one.log_likelihood, two.log_likelihood)
        assert one.actions == two.actions
        assert one.events == two.events
        assert one.state == two.state

    def test_picture(self, iran):
        figure = expected_against_observed(iran)
        shown = [axes for axes in figure.axes if axes.get_visible()]
        assert len(shown) == len(iran.courses)
        titles = {axes.get_title(loc="left")[:20] for axes in shown}
        assert "Israel strikes Irani" in titles
        course = iran.courses["us_deploys"]
        assert course.expected[-1] == pytest.approx(iran.actions["us_deploys"].expected)

    def test_picture_without_anything_to_show(self, cuba):
        with pytest.raises(ForecastError, match="no action has a complete record"):
            expected_against_observed(cuba)
        with pytest.raises(ForecastError, match=r"no complete record of 'strike'\. Complete: none"):
            expected_against_observed(cuba, ["strike"])


class TestHeld:
    def test_what_is_held_with_less_than_half_is_left_out_and_said(self):
        record = (Recorded(-50.5, "a", "", "E1", held=0.4), Recorded(-20.5, "a", "", "E2", held=0.7))
        found = replay(replace(STEADY, record=record), draws=1)
        assert found.actions["a"].observed == 1
        assert [each.held for each in found.events] == [0.7]
        assert "Held with less than 0.5 and left out of the replay: E1." in found.notes
        assert any("replayed as having happened: E2 (0.70)" in note for note in found.notes)


class TestContradictions:
    def one(self, *parts, record, events=(), **more):
        case = crisis(*parts, record=record, record_from=-20.0, **more)
        case = replace(case, events={each.id: each for each in events})
        found = contradictions(case, [median_trace(case)])
        assert replay(case, draws=1).contradictions == found
        return found

    def test_a_closed_action(self):
        told = event("E1", "2024-11-25", line=7)
        (fault,) = self.one(
            stock("key", 0),
            clock("a", 1, guard="key > 0"),
            record=[Recorded(-5.5, "a", "", "E1")],
            events=[told],
        )
        assert (fault.file, fault.line, fault.path) == ("events.csv", 7, "E1")
        assert fault.message == "it fires 'a', whose condition '(key > 0)' does not hold then"
        assert "Correct the event or its date" in fault.hint

    def test_an_action_without_a_rate(self):
        (fault,) = self.one(clock("a", 0), record=[Recorded(-5.5, "a")])
        assert "on 2024-11-25: it fires 'a', whose intensity is 0 then" in fault.message
        assert fault.path == "record.a"

    def test_an_impossible_outcome(self):
        ways = [outcome("yes", 0.5, guard="key > 0"), outcome("no")]
        (fault,) = self.one(
            stock("key", 0), raised("board", outcomes=ways), record=[Recorded(-5.5, "board", "yes")]
        )
        assert (
            "turns out as 'board.yes', which is impossible then: its condition '(key > 0)'" in fault.message
        )

    def test_an_outcome_that_the_others_leave_nothing(self):
        ways = [outcome("yes", 1.0), outcome("no")]
        (fault,) = self.one(raised("board", outcomes=ways), record=[Recorded(-5.5, "board", "no")])
        assert "the other shares leave it nothing" in fault.message

    def test_some_draws_only(self):
        ways = [outcome("yes", "p"), outcome("no")]
        case = crisis(
            parameter("p", "uniform", 0.5, 1.5),
            raised("board", outcomes=ways),
            record=[Recorded(-5.5, "board", "no")],
            record_from=-9.0,
        )
        (fault,) = replay(case, draws=40, seed=1).contradictions
        assert "of 40 draws: the other shares leave it nothing" in fault.message

    def test_a_delay_that_nothing_has_started(self):
        (fault,) = self.one(timer("reply", 10), record=[Recorded(-5.5, "reply")])
        assert "waits for a delay that nothing has started" in fault.message

    def test_an_occasion_on_no_date(self):
        board = schedule("board", (-12.0, -6.0), kind="occasion", outcomes=[outcome("yes", 0.5)])
        (fault,) = self.one(board, record=[Recorded(-4.5, "board", "yes")])
        assert fault.message == (
            "it is an occasion of 'board', but none is on 2024-11-26; the nearest is 2024-11-25"
        )

    def test_an_event_before_the_record(self):
        told = event("E1", "2024-01-05", line=3, happening="a")
        (fault,) = self.one(clock("a", 1), record=[], events=[told])
        assert fault.line == 3
        assert "before the record begins: it is not replayed" in fault.message
        assert "`record_from` be earlier than 2024-11-11" in fault.hint

    @pytest.mark.parametrize("name", ["iran_2024", "cuba_1962"])
    def test_bundled_crises_do_not_contradict_themselves_at_the_median(self, name):
        case = detente.load(name)
        assert contradictions(case, [median_trace(case)]) == ()

    def test_shown_by_check_and_by_replay(self, tmp_path):
        folder = tmp_path / "odd"
        folder.mkdir()
        (folder / "crisis.yaml").write_text(ODD, encoding="utf-8")
        (folder / "events.csv").write_text(ODD_EVENTS, encoding="utf-8")
        (folder / "sources.csv").write_text(
            "id,title,publisher,date,kind,reliability\nS1,Report,Paper,2024-11-26,report,B\n",
            encoding="utf-8",
        )
        errors = [each for each in check(resolve(folder)) if each.kind == "error"]
        assert [(each.line, each.path) for each in errors] == [(2, "events.csv E1")]
        assert "whose condition" in errors[0].message
        assert "Contradiction: events.csv line 2, E1" in str(replay(detente.load(folder), draws=1))


ODD = """
crisis: odd
as_of: 2024-11-30
record_from: 2024-11-01
horizon: 30 d
actors:
  A: {title: One}
  B: {title: Other}
stocks:
  key: {title: Key, unit: points, start: 0, because: invented}
actions:
  strike:
    actor: A
    recipient: B
    cameo: "195"
    rate: {value: 1 per year, because: invented}
    only_while: key > 0
"""

ODD_EVENTS = """id,date,precision,actor,recipient,cameo,plover,title,confidence,sources,claims,location,happening
E1,2024-11-20,day,A,B,195,ASSAULT,Strike,high,S1,,,strike
"""


class TestRefused:
    def test_no_record(self):
        with pytest.raises(ForecastError, match="'test' has no record to replay"):
            replay(crisis(clock("a", 1)))

    def test_no_crisis(self):
        with pytest.raises(ForecastError, match="it must be a Crisis, but is str"):
            replay("iran_2024")

    @pytest.mark.parametrize(("name", "value"), [("draws", 0), ("seed", -1)])
    def test_out_of_range(self, name, value):
        with pytest.raises(ForecastError, match=f"{name}: it must be"):
            replay(STEADY, **{name: value})

    def test_since_outside_the_record(self):
        with pytest.raises(
            ForecastError, match="since: the record goes from 2024-08-23 to 2024-11-30, and 2025"
        ):
            replay(STEADY, since=dt.date(2025, 1, 1))

    def test_until_before_the_record(self):
        with pytest.raises(ModelError, match="cannot be taken back"):
            replay(STEADY, until=dt.date(2020, 1, 1))
        with pytest.raises(ForecastError, match="nothing is recorded up to the end of 2024-08-22"):
            replay(STEADY, until=dt.date(2024, 8, 22))


class TestCommand:
    def run(self, *arguments):
        return CliRunner().invoke(app, ["replay", *map(str, arguments)])

    def test_text(self):
        done = self.run("cuba_1962", "--draws", 3, "--state", "--events", 1, "--quiet")
        assert done.exit_code == 0
        assert "Missiles in Cuba" in done.stdout
        assert "Stands at" in done.stdout
        assert "K02E" in done.stdout

    def test_json_and_files(self, tmp_path):
        picture, out = tmp_path / "p.svg", tmp_path / "out"
        done = self.run(
            "iran_2024", "--draws", 1, "--since", "2024-06-01", "--json", "--quiet",
            "--picture", picture, "--out", out,
        )  # fmt: skip
        assert done.exit_code == 0
        data = json.loads(done.stdout)
        assert (data["ok"], data["since"], data["draws"]) == (True, "2024-06-01", 1)
        assert picture.read_bytes().startswith(b"<?xml")
        assert json.loads((out / "replay.json").read_text(encoding="utf-8"))["digest"] == data["digest"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--since", "1962-10-2"], "is not a date"),
            (["--until", "1962-10-20T04:00"], "write the day alone"),
            (["--draws", "0"], "greater than or equal to 1"),
        ],
    )
    def test_wrong_arguments(self, arguments, words):
        done = self.run("cuba_1962", *arguments)
        assert done.exit_code == 2
        assert words in " ".join(done.stderr.replace("│", " ").split())

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--since", "1962-11-02"], "is not in it"),
            (["--until", "1962-10-01"], "cannot be taken back"),
            (["--picture", "replay.bmp"], "pictures are written as"),
        ],
    )
    def test_faults_without_a_traceback(self, arguments, words):
        done = self.run("cuba_1962", *arguments, "--draws", 1)
        assert done.exit_code == 1
        assert words in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr

    def test_the_result_is_shown_even_where_there_is_nothing_to_draw(self, tmp_path):
        done = self.run("cuba_1962", "--draws", 1, "--picture", tmp_path / "p.svg")
        assert done.exit_code == 1
        assert "Missiles in Cuba" in done.stdout
        assert "no action has a complete record" in done.stderr


def test_replay_is_what_replay_returns(cuba):
    assert isinstance(cuba, Replay)
