"""Backtests: the crisis of dyads, what it learns and from when, and the loop that can be stopped."""

import datetime as dt
import json
import shutil

import numpy as np
import pytest

from detente.backtesting import backtest_events, dyads_crisis
from detente.backtesting.baselines import tuned_weighted_mean
from detente.backtesting.dyads import clock_name
from detente.backtesting.learning import Learned, before, learn
from detente.backtesting.loop import as_of_dates
from detente.crisisfile import dumps, loads
from detente.engine import simulate
from detente.errors import CrisisFileError, DetenteError, ForecastError
from detente.forecasting import forecast_of
from detente.forecasting.archive import read
from detente.ledger.dyads import DyadDays
from detente.ledger.excitation import Cause, Excitation
from detente.scoring import brier_score

FIRST = dt.date(2018, 1, 1)
DAY = dt.timedelta(days=1)


def simulated(n_days=240, seed=1, base=(0.05, 0.2, 0.02, 0.1, 0.4, 0.05), gain=1.5, half_life=3.0):
    """Days with an event of six dyads, each exciting itself: 1 − exp(−b·(1 + gain·m))."""
    rng = np.random.default_rng(seed)
    counts = np.zeros((3, 3, n_days))
    pairs = [(i, j) for i in range(3) for j in range(3) if i != j]
    keep = 2 ** (-1 / half_life)
    memory = np.zeros(6)
    for day in range(n_days):
        p = 1 - np.exp(-np.array(base) * np.minimum(20.0, 1 + gain * memory))
        came = rng.random(6) < p
        for (i, j), yes in zip(pairs, came, strict=True):
            counts[i, j, day] = float(yes)
        memory = keep * (memory + came)
    return DyadDays(("A", "B", "C"), FIRST, {"any": counts})


DATA = simulated()


class TestLearning:
    def test_finds_rates_and_excitation(self):
        found = learn(simulated(1500), ["any"])["any"]
        own = next(each for each in found.excitations if each.cause.direction == "own")
        low, high = own.range_of_times(3.0)
        assert low < 2.5 < high
        np.testing.assert_allclose(found.mean, [0.05, 0.2, 0.02, 0.1, 0.4, 0.05], rtol=0.5)

    def test_a_dyad_without_an_event_has_a_rate(self):
        counts = DATA.counts["any"].copy()
        counts[0, 1] = 0.0
        found = learn(DyadDays(DATA.actors, FIRST, {"any": counts}), ["any"])["any"]
        assert 0.0 < found.mean[0] < found.mean[1:].min()

    def test_nothing_at_all_happened(self):
        found = learn(DyadDays(("A", "B"), FIRST, {"any": np.zeros((2, 2, 100))}), ["any"])["any"]
        assert found.excitations == ()
        assert np.all((found.mean > 0) & (found.mean < 0.02))

    def test_too_short(self):
        with pytest.raises(DetenteError, match=r"has 40 days before this date; 60 are needed"):
            learn(before(DATA, 40), ["any"])


def sure(kind="any", rate=0.1, times=3.0, half_life=5.0, directions=("own",)):
    """Rates that are all but known."""
    found = tuple(Excitation(Cause(kind, way), times, half_life, 1e-3, 1e-3, True) for way in directions)
    return {kind: Learned(kind, np.full(6, 1e7), np.full(6, rate), found)}


class TestCrisis:
    def test_is_an_ordinary_crisis(self):
        crisis = dyads_crisis(DATA)
        assert loads(dumps(crisis)) == crisis
        assert crisis.as_of == FIRST + 239 * DAY
        assert len(crisis.questions) == 6 * 3
        assert all(parameter.evidence.source for parameter in crisis.parameters.values())
        assert len(crisis.record) == int(DATA.counts["any"].sum())

    def test_nothing_later_than_the_as_of_date_enters(self):
        day = FIRST + 149 * DAY
        changed = DATA.counts["any"].copy()
        changed[:, :, 150:] = 7.0
        other = DyadDays(DATA.actors, FIRST, {"any": changed})
        assert dyads_crisis(DATA, as_of=day) == dyads_crisis(other, as_of=day)

    def test_some_actors_and_kinds(self):
        crisis = dyads_crisis(DATA, ["C", "A"], ["any"], horizons=[14])
        assert sorted(crisis.questions) == ["A_C_any_14d", "C_A_any_14d"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"actors": ["A", "X"]}, "there is no 'X' in the record. Actors there: A, B, C"),
            ({"actors": ["A"]}, "name at least two"),
            ({"kinds": ["war"]}, "there is no kind 'war'"),
            ({"horizons": []}, "whole numbers of days above zero"),
            ({"as_of": dt.date(2019, 1, 1)}, "lies outside the record"),
        ],
    )
    def test_bad_arguments(self, arguments, words):
        with pytest.raises(DetenteError, match=words):
            dyads_crisis(DATA, **arguments)

    def test_names_that_run_together_are_refused(self):
        with pytest.raises(ForecastError, match=r"would both be called 'A_B_C_any'\. Rename an actor"):
            dyads_crisis(DyadDays(("A", "A_B", "C", "B_C"), FIRST, {"any": np.zeros((4, 4, 100))}))

    def test_at_most_one_day_with_an_event_per_day(self):
        crisis = dyads_crisis(DATA, learned=sure(rate=30.0), horizons=[10])
        ensemble = simulate(crisis, trajectories=16, seed=1, budget=10**6)
        assert all(ensemble.counts[clock_name(*dyad, "any")] == 10.0 for dyad in DATA.dyads)

    @pytest.mark.parametrize("direction", ["own", "reverse"])
    def test_tomorrow_is_as_the_daily_model_says(self, direction):
        """The engine's probability of the next day against the closed form; |z| > 5: false alarm 6e-7 each."""
        crisis = dyads_crisis(DATA, learned=sure(directions=(direction,)), horizons=[1])
        found = forecast_of(simulate(crisis, trajectories=8000, seed=2, budget=10**6), crisis=crisis)
        happened = dict(zip(DATA.dyads, DATA.happened("any"), strict=True))
        for a, b in DATA.dyads:
            days = happened[(a, b) if direction == "own" else (b, a)]
            ages = np.arange(DATA.n_days, 0, -1)  # whole days from a day to tomorrow
            at = (np.arange(2000) + 0.5) / 2000
            memory = (days * 2.0 ** (-ages / 5.0)).sum() * 2.0 ** (-(at - 0.5) / 5.0)
            p = 1 - np.exp(-0.1 * np.minimum(20.0, 1 + 2.0 * memory).mean())
            error = np.sqrt(p * (1 - p) / 8000)
            assert abs(found[f"{a}_{b}_any_1d"].probability - p) < 5 * error


class TestWeightedMean:
    def test_uses_only_what_is_given(self):
        happened = DATA.happened("any")
        np.testing.assert_array_equal(
            tuned_weighted_mean(happened[:, :200], 7), tuned_weighted_mean(happened[:, :200].copy(), 7)
        )
        with pytest.raises(ForecastError, match="no closed windows of 7 days"):
            tuned_weighted_mean(happened[:, :8], 7)

    def test_one_day_ahead_is_the_weighted_mean_itself(self):
        from detente.ledger.dyads import WeightedMean

        happened = DATA.happened("any")
        found = tuned_weighted_mean(happened[:, :200], 1, half_lives=[5.0], prior_weights=[10.0])
        np.testing.assert_allclose(found, WeightedMean(5.0, 10.0).forecast(happened)[:, 200])


def small(folder=None, **more):
    return backtest_events(DATA, every=60, horizons=[1, 14], trajectories=160, seed=4, folder=folder, **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A finished backtest, and its folder; not to be changed."""
    folder = tmp_path_factory.mktemp("backtest") / "whole"
    return small(folder), folder


@pytest.fixture
def copy(whole, tmp_path):
    """The folder of a finished backtest, to be changed."""
    return shutil.copytree(whole[1], tmp_path / "copy")


class TestLoop:
    def test_dates(self):
        assert len(as_of_dates(FIRST, FIRST + 60 * DAY, 30)) == 3
        with pytest.raises(ForecastError, match="no as-of date to test"):
            as_of_dates(FIRST, FIRST - DAY, 30)
        with pytest.raises(ForecastError, match="one day or more"):
            as_of_dates(FIRST, FIRST, 0)

    def test_rows_are_what_the_record_says(self, whole):
        found, _ = whole
        assert [str(date) for date in found.dates] == ["2018-03-31", "2018-05-30", "2018-07-29"]
        assert len(found.rows) == 3 * 6 * 2
        place = {clock_name(*dyad, "any"): k for k, dyad in enumerate(DATA.dyads)}
        for row in found.rows:
            begins = DATA.number(row.as_of) + 1
            days = 14 if row.question.endswith("_14d") else 1
            came = DATA.happened("any")[place[row.subject], begins : begins + days].max()
            assert row.answer == came
            assert 0 < row.base_rate < 1
            assert 0 < row.weighted_mean < 1
        expected = np.mean([brier_score(row.probability, row.answer) for row in found.rows])
        assert found.scores.brier == pytest.approx(expected)
        assert set(found.by_group) == {"any, 1 d", "any, 14 d"}
        json.dumps(found.as_dict(), allow_nan=False)

    def test_the_last_window_lies_in_the_record(self, whole):
        end = FIRST + (DATA.n_days - 1) * DAY
        found, _ = whole
        assert max(found.dates) + 14 * DAY <= end
        assert all(row.state in ("yes", "no") for row in found.rows)

    def test_stopped_and_gone_on_with_is_the_same(self, whole, tmp_path, monkeypatch):
        from detente.backtesting import events

        real, calls = events.simulate, []

        def stopping(*arguments, **settings):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return real(*arguments, **settings)

        monkeypatch.setattr(events, "simulate", stopping)
        part = small(tmp_path / "part")
        assert part.interrupted
        assert len(part.dates) == 2
        monkeypatch.setattr(events, "simulate", lambda *a, **s: (calls.append(1), real(*a, **s))[1])
        calls.clear()
        rest = small(tmp_path / "part")
        assert len(calls) == 1
        assert not rest.interrupted
        assert rest.rows == whole[0].rows

    def test_stopped_before_anything(self, monkeypatch):
        from detente.backtesting import events

        def stop(*arguments, **settings):
            raise KeyboardInterrupt

        monkeypatch.setattr(events, "simulate", stop)
        with pytest.raises(KeyboardInterrupt):
            small()

    def test_other_settings_are_refused(self, copy):
        with pytest.raises(ForecastError, match="other settings: seed is 4 there, and 5 is asked for"):
            backtest_events(DATA, every=60, horizons=[1, 14], trajectories=160, seed=5, folder=copy)

    def test_a_foreign_folder_is_refused(self, tmp_path):
        (tmp_path / "thesis.tex").write_text("x")
        with pytest.raises(ForecastError, match=r"holds no backtest, but 'thesis.tex'"):
            small(tmp_path)

    def test_a_changed_archive_is_refused(self, copy):
        path = copy / "archive" / "000002.json"
        path.write_text(path.read_text().replace('"probability": 0.', '"probability": 0.9', 1))
        with pytest.raises(CrisisFileError, match="is not what it was"):
            small(copy)

    def test_what_it_leaves_can_be_scored_again(self, whole):
        from detente.forecasting.judging import judge
        from detente.forecasting.resolutions import read_resolutions
        from detente.forecasting.scores import score

        found, folder = whole
        archive = read(folder / "archive")
        rows = judge(archive, read_resolutions(folder / "resolutions.csv", archive))
        assert score(rows).brier == pytest.approx(found.scores.brier)
        assert score(rows).time == pytest.approx(found.scores.time)

    def test_too_early(self):
        with pytest.raises(DetenteError, match=r"60 days of record .* begin on 2018-03-01"):
            small(first=FIRST + 10 * DAY)
