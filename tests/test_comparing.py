"""What-ifs: paired differences, flips, partings, levers; what was chosen and what was made; what changed."""

import functools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from typer.testing import CliRunner

from detente import forecast
from detente.analysis import comparing
from detente.analysis.changed import what_changed
from detente.analysis.comparing import compare
from detente.analysis.conditions import read_condition
from detente.analysis.given import condition, given, intervene
from detente.analysis.levers import lever_scenarios, levers
from detente.analysis.pairing import holm, paired_estimate, range_of_differences
from detente.analysis.parting import part_in_events, part_in_registers
from detente.catalog import load
from detente.cli.app import app
from detente.crisisfile import dump, loads
from detente.engine import EventLog, simulate
from detente.engine.simulating import simulate_again
from detente.errors import CrisisFileError, ForecastError, ModelError
from detente.expressions import parse
from detente.scenario import Change, Scenario

TOY = Path(__file__).parent / "cases" / "scenarios" / "crisis.yaml"
RUN = {"trajectories": 400, "seed": 5, "threads": 1}
CALM = Scenario("calm", changes=(Change("forbid", "strike"),))
EVER = Scenario("ever", changes=(Change("hold", "truce"), Change("rate", "answer", "times", 3)))


@functools.cache
def toy():
    return load(TOY)


@functools.cache
def compared():
    return compare(toy(), (CALM, EVER), **RUN)


def command(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


class TestPairing:
    def test_the_error_is_that_of_the_draw_means(self):
        rng = np.random.default_rng(1)
        before, after = (rng.random((500, 8)) < p for p in (0.3, 0.4))
        found = paired_estimate(before, after)
        by_hand = (after.mean(axis=1) - before.mean(axis=1)).std(ddof=1) / math.sqrt(500)
        assert math.isclose(found.error, by_hand)
        assert math.isclose(found.difference, after.mean() - before.mean())
        alone = [x.mean(axis=1).var(ddof=1) / 500 for x in (before, after)]
        assert math.isclose(found.variance_ratio, sum(alone) / by_hand**2)

    @examples(arrays(np.bool_, (20, 4)), arrays(np.bool_, (20, 4)))
    @settings(max_examples=60, deadline=None)
    def test_both_ways_round(self, before, after):
        there, back = paired_estimate(before, after), paired_estimate(after, before)
        assert math.isclose(there.difference, -back.difference, abs_tol=1e-12)
        assert math.isclose(there.error, back.error)
        assert there.same == bool((before == after).all())
        assert 0.0 <= there.p_value <= 1.0
        assert there.low <= there.high
        assert math.isclose(there.low, -back.high, abs_tol=1e-9)

    def test_nothing_flipped_is_a_bound(self):
        found = paired_estimate(np.zeros((1250, 8)), np.zeros((1250, 8)))
        assert (found.difference, found.error, found.p_value) == (0.0, 0.0024, 1.0)
        assert found.same
        assert math.isinf(found.variance_ratio)

    def test_a_single_draw_has_no_error(self):
        found = paired_estimate(np.zeros((1, 8)), np.eye(1, 8))
        assert math.isnan(found.error)
        assert found.p_value == 1.0

    def test_a_range_over_draws_finds_the_spread_and_not_the_chance(self):
        """Flips by chance alone, 10 % in each draw: no spread. Flip probabilities 0.05 or 0.35: as wide as those."""
        rng = np.random.default_rng(2)
        flips = (rng.random((2000, 8)) < 0.1).astype(float)
        low, high, seen = range_of_differences(flips)
        raw = np.quantile(flips.mean(axis=1), [0.05, 0.95])
        assert not seen
        assert high - low < 0.5 * (raw[1] - raw[0])
        mixed = np.where(rng.random((2000, 1)) < 0.5, 0.05, 0.35)
        low, high, seen = range_of_differences((rng.random((2000, 8)) < mixed).astype(float))
        assert seen
        assert low < 0.05 < 0.35 < high + 0.08

    def test_holm(self):
        assert holm([]).tolist() == []
        assert holm([0.5, 0.9, 0.001]).tolist() == [1.0, 1.0, 0.003]


class TestParting:
    def log(self, *rows, names=("a", "b", "scenario.x.1.begins")):
        trajectory, time, happening = zip(*rows, strict=True) if rows else ((), (), ())
        cause = np.full(len(rows), -1)
        return EventLog(
            np.array(trajectory, int), np.array(time, float), np.array(happening, int), cause, names
        )

    def test_the_first_row_that_differs(self):
        before = self.log((0, 1.0, 0), (0, 2.0, 1), (1, 5.0, 0), (2, 1.0, 0))
        after = self.log((0, 1.0, 0), (0, 1.5, 2), (0, 3.0, 1), (1, 5.0, 0), (2, 1.0, 0), (2, 9.0, 0))
        assert part_in_events(before, after, 3).tolist() == [2.0, math.inf, 9.0]
        assert part_in_events(after, before, 3).tolist() == [2.0, math.inf, 9.0]

    def test_names_may_be_numbered_otherwise(self):
        before = self.log((0, 1.0, 0))
        after = self.log((0, 1.0, 1), names=("z", "a"))
        assert part_in_events(before, after, 1).tolist() == [math.inf]

    def test_no_happenings(self):
        assert part_in_events(self.log(), self.log((1, 4.0, 0)), 2).tolist() == [math.inf, 4.0]

    def test_registers_never_see_more_than_events(self):
        crisis = toy()
        one = simulate(crisis, log=True, **RUN)
        two = simulate(comparing.apply(EVER, crisis), log=True, **RUN)
        by_events = part_in_events(one.log, two.log, 400)
        by_registers = part_in_registers(one.registers, two.registers, 400)
        assert (by_events <= by_registers).mean() > 0.99
        assert np.isfinite(by_events).sum() >= np.isfinite(by_registers).sum() > 0


class TestCompare:
    def test_the_numbers_are_those_of_two_forecasts(self):
        base = forecast(toy(), **RUN)
        then = forecast(comparing.apply(CALM, toy()), **RUN)
        for name, found in compared()["calm"].differences.items():
            if name == "Q6":
                continue
            assert found.baseline == base[name].probability
            assert found.scenario == then[name].probability
            assert math.isclose(found.difference, found.scenario - found.baseline, abs_tol=1e-12)

    def test_flips_make_the_difference(self):
        for found in compared()["ever"].differences.values():
            if found.question != "Q6":
                assert math.isclose(found.difference, (found.to_yes - found.to_no) / found.n, abs_tol=1e-12)

    def test_what_is_forbidden_does_not_happen(self):
        found = compared()["calm"]["Q1"]
        assert found.scenario == 0.0
        assert found.to_yes == 0
        assert found.to_no == round(found.baseline * found.n)
        assert found.p_value < 1e-6

    def test_what_is_out_of_reach_is_the_same(self):
        found = compared()["calm"]["Q4"]
        assert found.same
        assert found.error == 3.0 / 50
        assert found.variance_ratio is None

    def test_a_condition_that_no_longer_holds_is_refused(self):
        found = compared()["calm"]["Q6"]
        assert found.difference is None
        assert "50 are needed" in found.reason

    def test_a_conditional_question(self):
        found = compared()["ever"]["Q6"]
        assert found.difference is not None
        assert found.low is None
        assert 0 < found.n < 400

    def test_a_scenario_without_changes_is_the_baseline(self):
        found = compare(toy(), Scenario("nothing"), **RUN)["nothing"]
        assert all(each.same for each in found.differences.values())
        assert found.parting.share == 0.0

    def test_no_thread_changes_a_number(self):
        more = compare(toy(), (CALM, EVER), **{**RUN, "threads": 3})
        assert {n: s.differences for n, s in more.scenarios.items()} == {
            n: s.differences for n, s in compared().scenarios.items()
        }

    def test_by_events_they_part_no_later(self):
        found = compare(toy(), CALM, events=True, **RUN)["calm"].parting
        assert found.by == "events"
        assert found.share >= compared()["calm"].parting.share

    def test_shapes_of_the_result(self):
        frame = compared().to_polars()
        assert frame.shape == (14, 20)
        assert json.dumps(compared().as_dict(), allow_nan=False)
        text = str(compared())
        assert "forbid strike" in text
        assert "< 6" in text
        assert "Q6 is not compared" in text

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"questions": ["Q9"]}, "there is no question 'Q9'"),
            ({"scenarios": (CALM, CALM)}, "two scenarios are named 'calm'"),
        ],
    )
    def test_bad_arguments(self, arguments, words):
        with pytest.raises(ForecastError, match=words):
            compare(toy(), **{"scenarios": CALM, **RUN, **arguments})

    def test_the_faults_of_all_scenarios_at_once(self):
        bad = [Scenario(n, changes=(Change("forbid", n),)) for n in ("nothing", "nobody")]
        with pytest.raises(CrisisFileError) as caught:
            compare(toy(), bad, **RUN)
        assert len(caught.value.faults) == 2

    def test_only_what_was_compared_is_there(self):
        with pytest.raises(ForecastError, match="was not compared"):
            compared()["calm"]["Q9"]
        with pytest.raises(ForecastError, match="no scenario 'x'"):
            compared()["x"]

    def test_a_runaway_crisis_is_refused(self):
        crisis = loads(
            "crisis: c\nas_of: 2024-11-30\nhorizon: 300 d\nsource: judgement\nbecause: x\n"
            "actions: {a: {rate: 1 per day, listed: true}}\n"
            "questions: {Q: {text: t, yes_if: first a, closes: 2025-01-01}}"
        )
        wild = Scenario("wild", changes=(Change("rate", "a", "times", 1000),))
        with pytest.raises(ModelError, match="ran away"):
            compare(crisis, wild, **RUN)

    def test_runaway_futures_count_as_half_and_widen(self, monkeypatch):
        wild = simulate(toy(), **RUN)
        wild.runaway[:4] = True
        found = comparing.compare_ensembles(wild, simulate(toy(), **RUN), CALM, toy().questions.values())
        each = found["Q1"]
        assert found.runaway == 4
        assert each.widened[0] < each.difference < each.widened[1]

    def test_ctrl_c_keeps_what_was_finished(self, monkeypatch):
        calls = []

        def stopping(crisis, baseline, again, **arguments):
            calls.append(crisis)
            whole = simulate_again(crisis, baseline, again, **arguments)
            return whole if len(calls) < 2 else comparing.dataclasses.replace(whole, finished=10)

        monkeypatch.setattr(comparing, "simulate_again", stopping)
        held = Scenario("held", changes=(Change("hold", "truce"),))
        found = compare(toy(), (CALM, held, Scenario("never")), **RUN)
        assert found.interrupted
        assert list(found.scenarios) == ["calm", "held"]
        assert found["calm"] == compared()["calm"]
        assert found["held"].draws == 10
        assert "Interrupted" in str(found)


class TestLevers:
    def test_every_listed_action_and_commitment(self):
        names = [scenario.name for scenario in lever_scenarios(toy())]
        assert len(names) == len(set(names)) == 10
        assert "hold_truce" in names
        assert "no_strike" in names

    def test_ranked_by_effect(self):
        found = levers(toy(), "Q1", **RUN)
        sizes = [abs(lever.effect.difference) for lever in found.levers]
        assert sizes == sorted(sizes, reverse=True)
        assert found.levers[0].scenario.name == "no_strike"
        assert found.levers[0].stands_out
        assert all(lever.corrected >= lever.effect.p_value for lever in found.levers)
        assert "Holm" in str(found)
        assert found.to_polars().height == 10
        assert json.dumps(found.as_dict(), allow_nan=False)
        other = found.about("Q2")
        assert other.question == "Q2"

    def test_refusals(self):
        with pytest.raises(ForecastError, match="no question 'Q9'"):
            levers(toy(), "Q9", **RUN)
        bare = loads(
            "crisis: c\nas_of: 2024-11-30\nquestions: {Q: {text: t, yes_if: (1 > 0) at close, closes: 2025-01-01}}"
        )
        with pytest.raises(ForecastError, match="has no levers"):
            levers(bare, "Q", **RUN)


class TestConditions:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("strike by 2024-12-31", "first strike"),
            ("not strike", "not first strike"),
            ("strike.open and board.censure", "first strike.open and first board.censure"),
            ("(price > 120) at 2025-01-01", "(price > 120) at 2025-01-01"),
            ("truce.active at close", "(truce == in_force or truce == open_ended) at close"),
            ("first truce becomes lapsed", "first truce becomes lapsed"),
        ],
    )
    def test_what_is_meant(self, text, expected):
        assert read_condition(text, toy()).yes_if == parse(expected)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("strik by 2025-01-01", "Did you mean 'strike'?"),
            ("strike by 2024-11-01", "is not after the as-of date"),
            ("strike by 2026-11-01", "after the end of the simulation"),
            ("strike by soon", "'soon' is not a date"),
            ("price > 120", "does not say when it must hold"),
            ("first truce becomes laps", "has no value 'laps'"),
            ("(prise > 3) at close", "Did you mean 'price'?"),
            ("strike and", "cannot read"),
            ("(within 3 d of strike) at close", "cannot stand in a condition"),
        ],
    )
    def test_what_cannot_be_read(self, text, words):
        with pytest.raises(CrisisFileError) as caught:
            read_condition(text, toy())
        assert words in str(caught.value)


class TestConditionAndIntervene:
    def test_conditioning_counts_futures(self):
        ensemble = simulate(toy(), **RUN)
        found = condition(ensemble, "strike by 2025-01-15", questions=["Q2"])
        assert list(found.chosen) == ["Q2"]
        first = next(r for w, r in ensemble.registers.items() if w.what == "strike" and w.closes == 120.0)
        answered = next(r for w, r in ensemble.registers.items() if w.what == "answer" and w.closes == 90.0)
        held = first <= 46.0
        chosen = found["Q2"].among_chosen
        assert chosen.n_given == held.sum()
        assert chosen.probability == np.isfinite(answered)[held].mean()
        assert math.isclose(found["Q2"].difference, chosen.probability - found["Q2"].among_all.probability)

    def test_given_is_condition_with_the_condition_in_view(self):
        there = given(toy(), "strike by 2025-01-15", **RUN)
        here = condition(simulate(toy(), **RUN), "strike by 2025-01-15")
        assert there.chosen == here.chosen
        assert "chosen, not made" in str(there)
        assert json.dumps(there.as_dict(), allow_nan=False)
        assert there.to_polars().height == 7

    def test_what_was_not_watched_is_refused_with_the_remedy(self):
        with pytest.raises(ForecastError, match=r"has not watched(.|\n)*given"):
            condition(simulate(toy(), **RUN), "strike.covert by 2024-12-24")
        assert given(toy(), "strike.covert by 2024-12-24", **RUN).holds.probability > 0.0

    def test_too_few_futures_are_refused(self):
        found = given(toy(), "strike by 2024-12-01", **RUN)
        assert found["Q2"].among_chosen.probability is None
        assert "50 are needed" in found["Q2"].among_chosen.reason
        assert found["Q2"].difference is None

    def test_intervening_is_forcing(self):
        found = intervene(toy(), "answer", at="2025-01-05", **RUN)
        assert found["intervene"]["Q2"].scenario == 1.0


class TestWhatChanged:
    def test_nothing(self):
        found = what_changed(toy(), toy(), **RUN)
        assert found.inputs == ()
        assert all(each.same and not each.clear for each in found.answers.values() if each.question != "Q6")

    def test_inputs_and_answers(self):
        text = TOY.read_text(encoding="utf-8")
        changed = text.replace(
            "rate: {value: 2 per year, spread: ×2}", "rate: {value: 12 per year, spread: ×2}"
        )
        changed = changed.replace("happening: strike.covert", "happening: strike.open")
        after = loads(changed)
        found = what_changed(toy(), after, **RUN)
        parts = {(each.part, each.name) for each in found.inputs}
        assert ("parameters", "actions.answer.rate") in parts
        assert ("events", "E2") in parts
        assert sum(part == "record" for part, _ in parts) == 2
        assert found.paired
        assert found.answers["Q2"].clear
        assert not found.answers["Q4"].clear
        assert "actions.answer.rate" in str(found)

    def test_saved_runs(self, tmp_path):
        one, two = forecast(toy(), **RUN), forecast(toy(), **{**RUN, "seed": 6})
        one.save(tmp_path / "a"), two.save(tmp_path / "b")
        found = what_changed(tmp_path / "a", tmp_path / "b")
        assert not found.paired
        assert [(each.name, each.before, each.after) for each in found.inputs] == [("seed", "5", "6")]
        each = found.answers["Q1"]
        assert math.isclose(each.error, math.hypot(one["Q1"].mc_error, two["Q1"].mc_error))
        with pytest.raises(ForecastError, match="cannot be compared"):
            what_changed(toy(), tmp_path / "a")
        with pytest.raises(ForecastError, match="holds no saved run"):
            what_changed(tmp_path, tmp_path / "a")
        (tmp_path / "b" / "forecast.json").write_text("{}", encoding="utf-8")
        with pytest.raises(ForecastError, match="are broken"):
            what_changed(tmp_path / "a", tmp_path / "b")


class TestPictures:
    def test_tornado_and_differences(self):
        from detente.plots.comparisons import differences, tornado

        assert len(tornado(levers(toy(), "Q1", **RUN)).axes[0].patches) == 10
        assert len(differences(compared(), "calm").axes[0].patches) == 6
        assert len(differences(compared(), "calm", questions=["Q1"]).axes[0].patches) == 1
        with pytest.raises(ForecastError, match="no question was compared"):
            differences(compared(), "calm", questions=["Q6"])


class TestCommands:
    few = ("--trajectories", 80, "--seed", 1, "--threads", 1)

    def test_whatif(self, tmp_path):
        out = tmp_path / "study"
        done = command("whatif", TOY, "--forbid", "strike", "--until", "2025-01-01", *self.few, "--out", out)
        assert done.exit_code == 0
        assert "forbid strike until 2025-01-01" in done.output
        assert sorted(path.name for path in out.iterdir()) == ["study.json", "study.parquet"]
        again = command(
            "whatif", TOY, "--set", "price=150", *self.few, "--json", "--question", "Q5", "--out", out
        )
        data = json.loads(again.stdout)
        assert data["scenarios"][0]["changes"] == ["stock price set 150"]
        assert [each["question"] for each in data["scenarios"][0]["questions"]] == ["Q5"]

    def test_scenario_files_and_names(self, tmp_path):
        folder = tmp_path / "case"
        (folder / "scenarios").mkdir(parents=True)
        dump(toy(), folder / "crisis.yaml")
        (folder / "scenarios" / "calm.yaml").write_text("scenario: calm\nchanges:\n  - {forbid: strike}\n")
        done = command(
            "whatif", folder, "calm", TOY.parent / "valid" / "everything.yaml", *self.few, "--json"
        )
        assert [each["name"] for each in json.loads(done.stdout)["scenarios"]] == ["calm", "everything"]

    def test_nothing_to_change(self):
        done = command("whatif", "cuba_1962")
        assert done.exit_code == 1
        assert "Scenarios of the crisis: ultimatum_on_friday" in done.output

    def test_faults_as_json(self):
        done = command("whatif", TOY, "--forbid", "strik", "--hold", "truc", "--json")
        assert done.exit_code == 1
        errors = json.loads(done.stdout)["errors"]
        assert [each["path"] for each in errors] == ["--forbid", "--hold"]

    def test_a_foreign_folder_is_refused_before_the_run(self, tmp_path):
        (tmp_path / "letter.txt").write_text("dear")
        done = command("whatif", TOY, "--forbid", "strike", "--out", tmp_path)
        assert done.exit_code == 1
        assert "holds other files, such as 'letter.txt'" in done.output

    def test_levers(self, tmp_path):
        picture = tmp_path / "tornado.svg"
        done = command("levers", TOY, "--question", "Q1", *self.few, "--picture", picture)
        assert done.exit_code == 0
        assert "forbid strike" in done.output
        assert picture.read_text(encoding="utf-8").startswith("<?xml")
        done = command("levers", TOY, "--question", "Q1", "--picture", tmp_path / "tornado.doc")
        assert done.exit_code == 1
        assert "pictures are written as" in done.output

    def test_given(self):
        done = command("given", TOY, "--that", "strike by 2025-02-01", *self.few, "--json")
        assert json.loads(done.stdout)["verb"] == "condition"
        assert command("given", TOY, "--that", "strik").exit_code == 1

    def test_compare(self, tmp_path):
        done = command("compare", TOY, TOY, *self.few)
        assert done.exit_code == 0
        assert "None." in done.output
        forecast(toy(), trajectories=80, seed=1).save(tmp_path / "a")
        assert command("compare", tmp_path / "a", tmp_path / "a").exit_code == 0
        mixed = command("compare", tmp_path / "a", TOY)
        assert mixed.exit_code == 1
        assert "is a saved run" in mixed.output


@examples(st.lists(st.floats(0, 1), max_size=30))
@settings(max_examples=50, deadline=None)
def test_holm_never_lowers_and_keeps_the_order(p_values):
    corrected = holm(p_values)
    assert (corrected >= np.array(p_values)).all()
    assert (np.diff(corrected[np.argsort(p_values, kind="stable")]) >= 0).all()
