"""Backtest of a crisis on its own record: what is asked, from when, and how it is answered."""

import datetime as dt
import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from detente.backtesting import crises
from detente.backtesting.crises import asking, backtest, plan_of, resolutions_of
from detente.cli.app import app
from detente.crisisfile import loads
from detente.errors import ForecastError
from detente.forecasting.archive import Archive, read
from detente.model import Recorded

TEXT = """
crisis: strait
title: A strait
as_of: 2024-12-31
record_from: 2024-01-01
actors:
  A: {title: North, cameo: [AAA]}
  B: {title: South, cameo: [BBB]}
actions:
  raid:
    title: North raids South
    actor: A
    recipient: B
    cameo: "190"
    complete_from: 2024-01-01
    rate: {value: 6 per year, spread: ×3, source: judgement, because: a test}
    listed: true
  parley:
    title: They talk
    actor: A
    recipient: B
    rate: {value: 2 per year, spread: ×3, source: judgement, because: a test}
    listed: true
events:
  E1: {date: 2024-02-10, happening: raid}
  E2: {date: 2024-05-20, happening: raid}
  E3: {date: 2024-05-28, happening: raid}
  E4: {date: 2024-09-03, happening: raid}
  E5: {date: 2024-11-30, happening: raid}
questions:
  Q1: {text: Another raid in January?, yes_if: first raid, closes: 2025-01-31}
"""


@pytest.fixture(scope="module")
def crisis():
    return loads(TEXT)


def plan(crisis, **more):
    return plan_of(crisis, **({"every": 30, "first": None, "last": None, "horizons": [30]} | more))


class TestPlan:
    def test_only_complete_records_are_asked_for(self, crisis):
        found = plan(crisis)
        assert found.actions == ("raid",)
        assert found.left_out == ("Not asked, as their record is not complete: parley.",)

    def test_dates_lie_inside_the_record(self, crisis):
        found = plan(crisis, horizons=[30, 60])
        assert found.dates[0] == dt.date(2024, 3, 30)
        assert found.dates[-1] + dt.timedelta(days=60) <= crisis.as_of

    def test_no_complete_record(self, crisis):
        moment = crisis.moments["raid"]
        bare = replace(moment, coding=replace(moment.coding, complete_from=None))
        with pytest.raises(ForecastError, match=r"no listed action with a complete record.*complete_from"):
            plan(replace(crisis, moments={**crisis.moments, "raid": bare}))

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({"horizons": [0]}, "whole numbers of days above zero"),
            ({"first": dt.date(2023, 6, 1)}, "no action's record is complete as of 2023-06-01"),
            ({"first": dt.date(2024, 12, 20)}, "no as-of date to test"),
            ({"horizons": [400]}, "no as-of date to test"),
        ],
    )
    def test_bad_arguments(self, crisis, more, words):
        with pytest.raises(ForecastError, match=words):
            plan(crisis, **more)


class TestAnswers:
    def test_the_past_is_asked_and_the_later_record_answers(self, crisis):
        found = backtest(crisis, fitted=False, trajectories=80, seed=1)
        days = {(2, 10), (5, 20), (5, 28), (9, 3), (11, 30)}
        raids = [dt.date(2024, month, day) for month, day in days]
        assert len(found.rows) == len(found.dates) == 9
        for row in found.rows:
            end = row.as_of + dt.timedelta(days=30)
            assert row.state == ("yes" if any(row.as_of < day <= end for day in raids) else "no")
            assert row.subject == "raid"
            known = sum(day <= row.as_of for day in raids)
            length = (row.as_of - dt.date(2023, 12, 31)).days
            assert row.base_rate == pytest.approx(1 - (length / (length + 30)) ** (known + 0.5))
        assert set(found.by_group) == {"actions, 30 d", "raid"}

    def test_nothing_later_enters_a_forecast(self, crisis):
        """Another future of the record: the same forecasts, other answers."""
        late = dt.date(2024, 6, 30)
        kept = tuple(item for item in crisis.record if item.time <= (late - crisis.as_of).days)
        other = replace(crisis, record=(*kept, Recorded(-100.0, "raid"), Recorded(-50.0, "raid")))
        settings = {"fitted": False, "trajectories": 80, "seed": 1, "last": late}
        ours, theirs = backtest(crisis, **settings), backtest(other, **settings)
        assert [row.probability for row in ours.rows] == [row.probability for row in theirs.rows]
        assert [row.base_rate for row in ours.rows] == [row.base_rate for row in theirs.rows]

    def test_own_questions_that_the_record_cannot_answer_are_not_asked(self, crisis):
        rewound = crises.rewind(crisis, dt.date(2024, 6, 30)).crisis
        asked = asking(
            rewound,
            crisis,
            plan(crisis),
        )
        assert list(asked.questions) == ["raid_30d"]
        assert asked.horizon == 30.0

    def test_no_answers_without_entries(self, crisis, tmp_path):
        assert list(resolutions_of(Archive(tmp_path, ()), crisis)) == []


class TestFitted:
    def test_is_fitted_to_the_record_as_it_stood(self, crisis, monkeypatch):
        seen = []
        real = crises.fit

        def watching(known, **settings):
            seen.append(known)
            return real(known, **settings)

        monkeypatch.setattr(crises, "fit", watching)
        found = backtest(crisis, trajectories=80, seed=1, every=120, paths=4)
        assert [known.as_of for known in seen] == list(found.dates)
        assert all(item.time <= 0.0 for known in seen for item in known.record)


class TestCommand:
    def call(self, *arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def test_runs_and_goes_on(self, tmp_path):
        (tmp_path / "strait.yaml").write_text(TEXT)
        arguments = (
            "backtest", tmp_path / "strait.yaml", "--no-fit", "--every", "90d", "--trajectories", 80,
            "--out", tmp_path / "out",
        )  # fmt: skip
        done = self.call(*arguments)
        assert done.exit_code == 0, done.stderr
        text = " ".join(done.stdout.split())
        for words in ("3 of 3 as-of dates", "not fitted", "not complete: parley", "± action"):
            assert words in text
        again = json.loads(self.call(*arguments, "--json").stdout)
        assert again["ok"]
        assert again["scores"]["n"] == 3
        assert len(read(tmp_path / "out" / "archive").entries) == 3

    def test_a_crisis_without_a_complete_record(self):
        done = self.call("backtest", "cuba_1962", "--no-fit")
        assert done.exit_code == 1
        assert "complete_from" in done.stderr
