"""Forecasts of a tiny crisis with closed forms: answers, refusals, runaways, tables, folders."""

import datetime as dt
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from detente.catalog import load
from detente.engine import simulate
from detente.errors import ForecastError, ModelError
from detente.forecasting import Forecast, forecast, forecast_of, memory_for
from detente.forecasting.answers import answer_question
from detente.forecasting.wording import error_text, probability_text, range_text
from detente.provenance import Provenance

TINY = Path(__file__).parent / "cases" / "tiny.yaml"
DAYS = 30.0


@pytest.fixture(scope="module")
def crisis():
    return load(TINY)


@pytest.fixture(scope="module")
def found(crisis):
    return forecast(crisis, trajectories=8000, seed=5, threads=2)


def with_runaways(ensemble, count):
    marked = np.zeros(ensemble.n_trajectories, np.bool_)
    marked[:count] = True
    return replace(ensemble, runaway=marked)


class TestAnswers:
    """Each closed form within four Monte Carlo errors: false alarm 6·10⁻⁵."""

    def test_a_constant_rate(self, found):
        exact = 1 - math.exp(-0.02 * DAYS)
        assert abs(found["Q1"].probability - exact) < 4 * found["Q1"].mc_error

    def test_error_of_a_sure_rate_is_binomial(self, found):
        p = found["Q1"].probability
        assert found["Q1"].mc_error == pytest.approx(math.sqrt(p * (1 - p) / 8000), rel=0.1)
        assert not found["Q1"].spread_detectable

    def test_an_uncertain_rate(self, found):
        z = np.random.default_rng(1).normal(size=400_000)
        rate = 0.02 * np.exp(math.log(3) / 1.645 * z)
        draws = 1 - np.exp(-rate * DAYS)
        answer = found["Q2"]
        assert abs(answer.probability - draws.mean()) < 4 * answer.mc_error
        assert answer.spread_detectable
        assert answer.spread == pytest.approx(draws.std(), abs=0.02)
        assert (answer.low, answer.high) == pytest.approx(tuple(np.quantile(draws, [0.05, 0.95])), abs=0.06)

    def test_error_and_range_are_different_things(self, crisis):
        few, many = (forecast(crisis, trajectories=n, seed=5)["Q2"] for n in (2000, 32_000))
        assert many.mc_error == pytest.approx(few.mc_error / 4, rel=0.25)
        assert many.high - many.low == pytest.approx(few.high - few.low, rel=0.2)

    def test_given(self, crisis, found):
        answer = found["Q3"]
        assert answer.n_given == pytest.approx(4000, abs=4 * math.sqrt(2000))
        assert abs(answer.probability - (1 - math.exp(-0.6))) < 4 * answer.mc_error
        assert answer.given == str(crisis.questions["Q3"].given)

    def test_given_seldom_is_refused(self, crisis):
        answer = forecast(crisis, trajectories=1600, seed=5)["Q4"]
        assert answer.probability is None
        assert answer.n_given < 50
        assert answer.reason == f"its condition holds in {answer.n_given} of 1,600 futures; 50 are needed"

    def test_never_and_always_are_bounds(self, found):
        never, always = found["Q5"], found["Q6"]
        assert (never.probability, never.same, never.mc_error) == (0.0, "no", 0.003)
        assert (always.probability, always.same) == (1.0, "yes")
        assert (never.low, never.high) == (0.0, 0.003)
        assert (always.low, always.high) == (0.997, 1.0)
        assert [probability_text(each) for each in (never, always)] == ["< 0.3 %", "> 99.7 %"]
        assert error_text(never) == range_text(never) == "—"

    def test_closes_is_the_last_day_that_counts(self, found):
        assert found["Q1"].closes == dt.date(2024, 12, 30)

    def test_after_the_horizon_is_refused(self, crisis):
        early = forecast(crisis, trajectories=80, seed=5, horizon=15)
        assert early["Q1"].probability is None
        assert early["Q1"].reason == "it closes after the horizon, 2024-12-15"
        assert early["Q7"].probability is not None

    def test_an_instant_after_the_horizon_is_refused(self, crisis):
        question = replace(crisis.questions["Q3"], closes=1.0)
        short = simulate(replace(crisis, horizon=5.0), trajectories=80, seed=1)
        assert answer_question(question, short).probability is None

    def test_unknown_question(self, found):
        with pytest.raises(ForecastError, match=r"there is no question 'Q9'\. Questions: Q1, Q2"):
            found["Q9"]

    def test_one_replicate_gives_no_range(self, crisis):
        one = forecast(crisis, trajectories=800, replicates=1, seed=5)
        assert one["Q2"].low is None
        assert one["Q2"].mc_error > 0
        assert any("cannot be told apart" in note for note in one.notes)

    def test_one_draw_gives_no_error(self, crisis):
        one = forecast(crisis, trajectories=100, replicates=100, seed=5)
        assert one["Q1"].mc_error is None
        assert error_text(one["Q1"]) == "—"
        assert json.loads(json.dumps(one.as_dict(), allow_nan=False))["questions"][0]["mc_error"] is None


class TestThreadsAndSeeds:
    def test_threads_do_not_matter(self, crisis, found):
        other = forecast(crisis, trajectories=8000, seed=5, threads=1)
        assert other.answers == found.answers
        assert other.actions == found.actions
        assert str(other) == str(found)

    def test_a_seed_is_drawn_and_recorded(self, crisis):
        first, second = (forecast(crisis, trajectories=80) for _ in range(2))
        assert first.provenance.seed != second.provenance.seed
        again = forecast(crisis, trajectories=80, seed=first.provenance.seed)
        assert again.answers == first.answers


class TestRunaways:
    def test_widen_every_probability(self, found):
        marked = forecast_of(with_runaways(found.ensemble, 40))
        before, after = found["Q2"], marked["Q2"]
        no, yes = after.widened
        assert yes - no == pytest.approx(40 / 8000)
        assert no <= before.probability <= yes
        assert after.probability == pytest.approx((no + yes) / 2)
        assert after.low < before.low
        assert after.high > before.high

    def test_also_a_certain_one(self, found):
        after = forecast_of(with_runaways(found.ensemble, 40))["Q5"]
        assert after.same == ""
        assert after.widened == (0.0, 0.005)
        assert after.low == 0.0

    def test_stay_in_the_denominator_of_a_condition(self, found):
        after = forecast_of(with_runaways(found.ensemble, 40))["Q3"]
        no, yes = after.widened
        assert 40 / (after.n_given + 40) <= yes - no <= 40 / after.n_given

    def test_warn_above_one_in_a_thousand(self, found):
        assert not any("ran away" in text for text in forecast_of(with_runaways(found.ensemble, 8)).warnings)
        warned = forecast_of(with_runaways(found.ensemble, 9)).warnings
        assert any("0.11% of the futures ran away" in text for text in warned)

    def test_stop_above_one_in_a_hundred(self, found):
        forecast_of(with_runaways(found.ensemble, 80))
        with pytest.raises(ModelError, match="ran away"):
            forecast_of(with_runaways(found.ensemble, 81))


class TestInterruption:
    def test_is_told(self, crisis):
        half = replace(
            simulate(crisis, trajectories=4000, seed=5),
            settings=replace(simulate(crisis, trajectories=8, seed=5).settings, n_draws=1000),
        )
        told = forecast_of(half)
        assert told.as_dict()["interrupted"]
        assert told.warnings[0].startswith("Interrupted: 4,000 of 8,000 futures were finished")

    def test_progress_that_interrupts_leaves_what_is_done(self, crisis):
        def interrupt(done, of):
            raise KeyboardInterrupt

        told = forecast(crisis, trajectories=40_000, seed=5, threads=1, progress=interrupt)
        assert 0 < told.ensemble.n_trajectories < 40_000
        assert told["Q1"].n == told.ensemble.n_trajectories


class TestCurves:
    def test_rise_to_the_answer(self, found):
        curve = found.curve("Q1", every=1.0)
        assert len(curve.dates) == 31
        assert curve.dates[0] == dt.date(2024, 11, 30)
        assert curve.dates[-1] == dt.date(2024, 12, 30)
        assert (np.diff(curve.probability) >= 0).all()
        assert curve.probability[0] == 0.0
        assert curve.probability[-1] == found["Q1"].probability
        exact = 1 - np.exp(-0.02 * np.arange(31))
        assert (np.abs(curve.probability - exact)[1:] < 4.5 * curve.mc_error[1:]).all()

    def test_given(self, found):
        assert found.curve("Q3").probability[-1] == found["Q3"].probability

    def test_refused(self, crisis, found):
        with pytest.raises(ForecastError, match="'Q1' was not answered: it closes after"):
            forecast(crisis, trajectories=80, horizon=15).curve("Q1")
        with pytest.raises(ForecastError, match="above zero days"):
            found.curve("Q1", every=0)


class TestActions:
    def test_only_the_listed(self, found):
        assert list(found.actions) == ["raid", "talks"]

    def test_counts_and_dates(self, found):
        raid = found.actions["raid"]
        assert raid.expected_count == pytest.approx(0.6, abs=4 * math.sqrt(0.6 / 8000))
        assert (raid.title, raid.actor, raid.recipient) == ("North raids South", ("A",), ("B",))
        among = 1 - math.exp(-0.6)
        exact = [-math.log(1 - q * among) / 0.02 for q in (0.05, 0.5, 0.95)]
        days = [(date - dt.date(2024, 12, 1)).days for date in (raid.earliest, raid.median, raid.latest)]
        assert days == pytest.approx([math.floor(day) for day in exact], abs=1)
        assert raid.likeliest_month == "2024-12"

    def test_too_rare_for_dates(self, crisis):
        few = forecast(crisis, trajectories=80, seed=1).actions["raid"]
        assert few.median is None
        assert few.likeliest_month == ""


class TestShowing:
    def test_fits_in_80_columns(self, found):
        assert max(len(line) for line in str(found).splitlines()) <= 80

    def test_begins_with_what_was_run(self, found):
        lines = str(found).splitlines()
        assert lines[0] == "Two neighbours [and a vote] (tiny)"
        assert lines[1] == "As of 2024-11-30, to 2024-12-30 (30 days)"
        assert lines[2] == "1,000 draws × 8 replicates = 8,000 futures, seed 5"
        assert lines[3].startswith(f"Digest of the crisis {found.provenance.digest[:16]}")

    def test_repr_is_the_table(self, found):
        assert repr(found) == str(found)

    def test_html_is_escaped(self, found):
        html = found._repr_html_()
        assert "a raid &lt;by&gt; 30 December" in html
        assert "<by>" not in html
        assert html.count("<table>") == html.count("</table>") == 2

    def test_evidence_is_noted(self, found):
        assert "are judgement alone" in found.notes[0]
        assert any(note.startswith("These questions rest on judgement alone: Q1") for note in found.notes)

    def test_json(self, found):
        data = json.loads(json.dumps(found.as_dict(), allow_nan=False))
        first = data["questions"][0]
        assert first["id"] == "Q1"
        assert first["closes"] == "2024-12-30"
        assert {"text", "probability", "mc_error", "low", "high", "spread_detectable", "n"} <= set(first)
        assert data["seed"] == 5
        assert (data["draws"], data["replicates"]) == (1000, 8)


class TestFrames:
    @pytest.mark.parametrize("table", ["questions", "actions"])
    def test_hold_what_the_answers_hold(self, found, table):
        frame = found.to_polars(table)
        things = found.answers if table == "questions" else found.actions
        assert frame["probability"].to_list() == [each.probability for each in things.values()]
        assert frame["mc_error"].to_list() == [each.mc_error for each in things.values()]

    def test_curves(self, found):
        frame = found.to_polars("curves")
        last = frame.filter(pl.col("id") == "Q2").sort("date")["probability"][-1]
        assert last == found["Q2"].probability
        assert frame.schema["date"] == pl.Date

    def test_unknown(self, found):
        with pytest.raises(ForecastError, match="Tables: questions, actions, curves"):
            found.to_polars("answers")


class TestFolder:
    def test_holds_everything(self, found, tmp_path):
        folder = found.save(tmp_path / "deep" / "results")
        names = {path.name for path in folder.iterdir()}
        assert names == {
            "manifest.json", "forecast.json", "questions.parquet", "actions.parquet", "curves.parquet",
        }  # fmt: skip
        manifest = json.loads((folder / "manifest.json").read_text())
        assert manifest["seed"] == 5
        assert manifest["digest"] == found.provenance.digest
        assert set(manifest["files"]) == names - {"manifest.json"}
        assert pl.read_parquet(folder / "questions.parquet").equals(found.to_polars())
        assert [path.name for path in folder.parent.iterdir()] == ["results"]

    def test_replaces_an_earlier_forecast(self, crisis, found, tmp_path):
        folder = found.save(tmp_path / "results")
        forecast(crisis, trajectories=80, seed=6).save(folder)
        assert json.loads((folder / "manifest.json").read_text())["seed"] == 6
        assert [path.name for path in tmp_path.iterdir()] == ["results"]

    def test_takes_an_empty_folder(self, found, tmp_path):
        (tmp_path / "results").mkdir()
        assert (found.save(tmp_path / "results") / "manifest.json").is_file()

    def test_refuses_foreign_things(self, found, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(ForecastError, match=r"`detente run` has not written, such as 'notes\.txt'"):
            found.save(tmp_path)
        with pytest.raises(ForecastError, match="is a file, not a folder"):
            found.save(tmp_path / "notes.txt")
        foreign = tmp_path / "foreign"
        foreign.mkdir()
        (foreign / "manifest.json").write_text("[]")
        with pytest.raises(ForecastError, match="has not written, such as"):
            found.save(foreign)
        assert (tmp_path / "notes.txt").read_text() == "mine"

    def test_leaves_nothing_behind_when_it_fails(self, found, tmp_path, monkeypatch):
        monkeypatch.setattr(Provenance, "as_dict", lambda self: {"x": math.nan})
        with pytest.raises(ValueError, match="JSON"):
            found.save(tmp_path / "results")
        assert list(tmp_path.iterdir()) == []


class TestProvenance:
    def test_same_crisis_same_digest(self, crisis, found):
        assert forecast(crisis, trajectories=8, horizon=15).provenance.digest == found.provenance.digest
        other = replace(crisis, title="Other")
        assert forecast(other, trajectories=8).provenance.digest != found.provenance.digest

    def test_no_path_of_the_machine(self, found):
        text = json.dumps(found.as_dict())
        assert str(Path.home()) not in text
        assert str(Path.cwd()) not in text

    def test_settings(self, found):
        settings = found.provenance.as_dict()["settings"]
        assert settings["draws"] == settings["draws_finished"] == 1000
        assert settings["tick"] == 1.0


class TestArguments:
    @pytest.mark.parametrize("name", ["trajectories", "replicates"])
    def test_counts_are_above_zero(self, crisis, name):
        with pytest.raises(ForecastError, match=f"{name}: it must be 1 or more, but is 0"):
            forecast(crisis, **{name: 0})

    def test_a_name_is_not_a_crisis(self):
        with pytest.raises(ForecastError, match=r"must be a Crisis, but is str.*detente\.load"):
            forecast("iran_2024")

    def test_memory_grows_with_futures(self, crisis):
        small, large = (memory_for(crisis, trajectories=n, replicates=8) for n in (1000, 1_000_000))
        assert 50 < large / small < 1000

    def test_nothing_to_ask(self, crisis):
        bare = forecast(replace(crisis, questions={}), trajectories=80, seed=1)
        assert isinstance(bare, Forecast)
        assert "Two neighbours" in str(bare)
        assert bare.to_polars().height == 0
