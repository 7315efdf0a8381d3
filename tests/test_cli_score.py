"""The commands `run --archive`, `score` and `backtest`: what they print, write and refuse."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from detente.cli.app import app
from detente.forecasting.archive import read

CASES = Path(__file__).parent / "cases"
TINY = str(CASES / "tiny.yaml")


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    place = tmp_path_factory.mktemp("score") / "archive"
    for seed in (1, 2):
        done = call("run", TINY, "--trajectories", 160, "--seed", seed, "--archive", place)
        assert done.exit_code == 0, done.stderr
        assert f"Archived as entry {seed} of" in done.stderr
    return place


@pytest.fixture
def resolutions(tmp_path):
    path = tmp_path / "resolutions.csv"
    path.write_text(
        "question,answer,resolved_at,happened_at\n"
        "Q1,yes,2024-12-06,2024-12-05\nQ2,no,2024-12-31,\nQ3,void,2024-12-10,\nQ5,open,,\nQ6,yes,2024-12-31,\n"
    )
    return path


class TestScore:
    def test_prints_scores_and_counts(self, archive, resolutions):
        done = call("score", archive, "--resolutions", resolutions, "--on", "2025-02-01")
        assert done.exit_code == 0, done.stdout
        for text in (
            "6 forecasts count, of 3 questions",
            "4 yes, 2 no",
            "overdue",
            "2 void",
            "miscalibration",
        ):
            assert text in " ".join(done.stdout.split())
        assert max(map(len, done.stdout.splitlines())) <= 80

    def test_an_early_yes_waits(self, archive, resolutions):
        done = call("score", archive, "--resolutions", resolutions, "--on", "2024-12-20")
        assert done.exit_code == 1
        assert "no forecast counts yet" in done.stderr
        assert "an early yes is not counted before a late no" in " ".join(done.stderr.split())

    def test_json(self, archive, resolutions):
        done = call("score", archive, "--resolutions", resolutions, "--on", "2025-02-01", "--json")
        data = json.loads(done.stdout)
        assert data["ok"]
        assert data["n"] == 6
        assert data["counts"]["void"] == 2
        assert data["calibration"]["level"] == 0.9

    def test_the_wait(self, archive, resolutions):
        done = call("score", archive, "--resolutions", resolutions, "--on", "2025-02-01", "--wait", 60)
        assert done.exit_code == 1
        assert "not yet" in done.stderr

    def test_out_and_picture(self, archive, resolutions, tmp_path):
        out, picture = tmp_path / "scores", tmp_path / "calibration.svg"
        more = ("--on", "2025-02-01", "--out", out, "--picture", picture)
        assert call("score", archive, "--resolutions", resolutions, *more).exit_code == 0
        assert pl.read_parquet(out / "judged.parquet").height == 2 * 8 - 2
        assert json.loads((out / "scores.json").read_text())["n"] == 6
        assert "<svg" in picture.read_text()
        before = picture.read_bytes()
        assert call("score", archive, "--resolutions", resolutions, *more).exit_code == 0
        assert picture.read_bytes() == before

    def test_faults_with_line_and_remedy(self, archive, tmp_path):
        path = tmp_path / "r.csv"
        path.write_text("question,answer,resolved_at\nQ1,ja,2024-12-05\nQ77,no,2025-01-02\n")
        done = call("score", archive, "--resolutions", path)
        assert done.exit_code == 1
        for text in ("2 faults in r.csv", "line 2  answer", "'ja' is no answer", "line 3  question", "'Q77'"):
            assert text in done.stderr
        done = call("score", archive, "--resolutions", path, "--json")
        assert [each["line"] for each in json.loads(done.stdout)["errors"]] == [2, 3]

    def test_no_such_things(self, archive, resolutions, tmp_path):
        done = call("score", tmp_path / "nowhere", "--resolutions", resolutions)
        assert done.exit_code == 1
        assert "there is no archive" in done.stderr
        done = call("score", archive, "--resolutions", tmp_path / "none.csv")
        assert done.exit_code == 1
        assert "none.csv" in done.stderr
        done = call("score", archive, "--resolutions", resolutions, "--on", "tomorrow")
        assert done.exit_code == 2
        assert "'tomorrow' is not a date" in " ".join(done.stderr.split())
        done = call("score", archive, "--resolutions", resolutions, "--picture", tmp_path / "c.jpeg")
        assert done.exit_code == 1
        assert "svg, png, pdf" in done.stderr


class TestArchiveOption:
    def test_a_broken_archive_stops_the_run_before_it_begins(self, archive, tmp_path):
        import shutil

        broken = shutil.copytree(archive, tmp_path / "broken")
        (broken / "000001.json").write_text("{}")
        done = call("run", TINY, "--archive", broken)
        assert done.exit_code == 1
        assert "000001.json" in done.stderr
        assert "MB of memory" not in done.stderr

    def test_json_stays_json(self, archive, tmp_path):
        done = call("run", TINY, "--trajectories", 80, "--seed", 1, "--json", "--archive", tmp_path / "a")
        assert json.loads(done.stdout)["ok"]
        assert len(read(tmp_path / "a").entries) == 1


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """A table of events between three actors, some of them on most days."""
    import datetime as dt
    import random

    chance = random.Random(3)
    rows = ["actor,recipient,date,cameo"]
    pairs = [
        ("A", "B", 0.3),
        ("B", "A", 0.2),
        ("A", "C", 0.1),
        ("C", "B", 0.5),
        ("B", "C", 0.02),
        ("C", "A", 0.1),
    ]
    for day in range(240):
        date = dt.date(2018, 1, 1) + dt.timedelta(days=day)
        rows += [f"{a},{b},{date},190" for a, b, p in pairs if chance.random() < p]
    path = tmp_path_factory.mktemp("events") / "events.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


QUICK = ("--kinds", "material_conflict", "--every", "60d", "--horizon", "1d,14d", "--trajectories", 80)


class TestBacktest:
    def test_on_events(self, events, tmp_path):
        out = tmp_path / "tested"
        done = call("backtest", "--events", events, "--actors", "A,B,C", *QUICK, "--out", out)
        assert done.exit_code == 0, done.stdout + done.stderr
        for text in ("3 of 3 as-of dates", "weighted mean", "persistence", "material conflict, 14 d"):
            assert text in " ".join(done.stdout.split())
        assert max(map(len, done.stdout.splitlines())) <= 80
        assert {path.name for path in out.iterdir()} == {
            ".lock", "archive", "judged.parquet", "notes", "resolutions.csv", "scores.json", "settings.json",
        }  # fmt: skip
        again = call("backtest", "--events", events, "--actors", "A,B,C", *QUICK, "--out", out, "--json")
        data = json.loads(again.stdout)
        assert data["ok"]
        assert len(data["dates"]) == 3
        assert len(read(out / "archive").entries) == 3
        rescored = call("score", out / "archive", "--resolutions", out / "resolutions.csv", "--json")
        assert json.loads(rescored.stdout)["brier"] == data["scores"]["brier"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ((), "Name a crisis, or a table of events"),
            (("iran_2024", "--events", "e.csv"), "not both"),
            (("--events", "e.csv", "--actors", "A,B", "--no-fit"), "no rates but learned ones"),
            (("iran_2024", "--actors", "A,B"), "belongs to --events"),
            (("iran_2024", "--every", "often"), "neither days (30d) nor a duration"),
            (("iran_2024", "--every", "12 h"), "not a whole number of days"),
            (("iran_2024", "--from", "May"), "'May' is not a date"),
        ],
    )
    def test_wrong_calls(self, arguments, words):
        done = call("backtest", *arguments)
        assert done.exit_code == 2
        assert words in " ".join(done.stderr.replace("│", " ").split())

    def test_events_need_actors(self, events):
        done = call("backtest", "--events", events)
        assert done.exit_code == 2
        done = call("backtest", "--events", events, "--actors", "A,X")
        assert done.exit_code == 1
        assert "X" in done.stderr
