"""The commands ``record`` and ``match``."""

import json
import shutil

import polars as pl
import pytest
from typer.testing import CliRunner

from detente.catalog import find_crisis
from detente.cli.app import app
from detente.crisisfile import load
from detente.crisisfile.tables import read_tables


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(find_crisis("cuba_1962"), tmp_path / "cuba")


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def texts(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


TALK = (
    "--date",
    "1962-10-21",
    "--title",
    "A talk",
    "--actor",
    "USAGOV",
    "--cameo",
    "042",
    "--happening",
    "-",
)


class TestRecord:
    def test_an_event(self, folder):
        before = texts(folder)
        done = call("record", folder, *TALK, "--recipient", "SUN", "--sources", "K01;K04", "--id", "K99E")
        assert done.exit_code == 0
        line = "K99E,1962-10-21,day,USAGOV,SUN,042,,A talk,,K01;K04,,-,,"
        assert done.stdout == f"events.csv\n+ {line}\n"
        assert done.stderr == f"Added to {folder}.\n"
        assert texts(folder) == before | {"events.csv": before["events.csv"] + f"{line}\n".encode()}

    def test_with_a_new_source_and_a_new_claim(self, folder):
        done = call(
            "record", folder, *TALK, "--id", "K99E", "--source-id", "K90", "--source-title", "Telegram",
            "--reliability", "B",
            "--claim-id", "K91", "--asserted-by", "an envoy", "--content", "They talked", "--credibility", "2",
        )  # fmt: skip
        assert done.exit_code == 0
        tables = read_tables(folder)
        assert tables.claims["K91"].source == ("K90",)
        assert (tables.events["K99E"].sources, tables.events["K99E"].claims) == (("K90",), ("K91",))
        assert "claims.csv\n+ K91,an envoy,,They talked,K90,asserted,2\n" in done.stdout

    def test_a_correction_keeps_the_cells_that_are_not_given(self, folder):
        done = call(
            "record", folder, "--supersedes", "K03E", "--known-at", "1962-10-22", "--id", "K99E",
            "--title", "The speech",
            "--claim-id", "K91", "--asserted-by", "nobody", "--content", "There was none", "--denies",
        )  # fmt: skip
        assert done.exit_code == 0
        old, new = (read_tables(folder).events[name] for name in ("K03E", "K99E"))
        assert (new.supersedes, new.title, new.contested_by) == ("K03E", "The speech", ("K91",))
        assert (new.date, new.actor, new.happening, new.sources) == (
            old.date,
            old.actor,
            old.happening,
            old.sources,
        )
        assert "events.csv (new columns: contested_by, known_at, supersedes)" in done.stdout
        record = {each.event: each for each in load(folder).record}
        assert "K03E" not in record
        assert 0.0 < record["K99E"].held < 1.0

    def test_only_a_source(self, folder):
        done = call("record", folder, "--source-id", "K90", "--source-title", "Telegram", "--json")
        assert json.loads(done.stdout) == {
            "ok": True, "written": True,
            "files": {"sources.csv": {"ids": ["K90"], "lines": ["K90,Telegram,,,,,"], "new_columns": []}},
        }  # fmt: skip

    def test_a_dry_run(self, folder):
        before = texts(folder)
        done = call("record", folder, *TALK, "--dry-run", "--id", "K99E")
        assert (done.exit_code, done.stderr) == (0, "Nothing was written (--dry-run).\n")
        assert "+ K99E" in done.stdout
        assert texts(folder) == before

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ((*TALK[:1], "1962-10-29", *TALK[2:]), "later than the as-of date"),
            ((*TALK, "--id", "K03E"), "the id 'K03E' stands in events.csv already"),
            ((*TALK, "--supersedes", "K77E"), "there is no 'K77E' to supersede"),
            ((*TALK, "--held", "often"), "'often' is not a probability"),
            ((*TALK, "--sources", "K01,K02"), "there is no 'K01,K02' in sources.csv"),
        ],
    )
    def test_faults_write_nothing(self, folder, arguments, words):
        before = texts(folder)
        done = call("record", folder, *arguments)
        assert done.exit_code == 1
        assert words in done.stderr
        assert texts(folder) == before
        as_json = json.loads(call("record", folder, *arguments, "--json").stdout)
        assert words in as_json["errors"][0]["message"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ((), "say what happened"),
            (("--source-title", "Telegram"), "a new source needs an id"),
            (("--content", "They talked"), "a new claim needs an id"),
            ((*TALK, "--denies"), "a new claim against a new event"),
        ],
    )
    def test_calls_that_say_too_little(self, folder, arguments, words):
        done = call("record", folder, *arguments)
        assert done.exit_code == 2
        assert words in " ".join(done.stderr.replace("│", " ").split())

    @pytest.mark.parametrize("named", ["cuba_1962", find_crisis("cuba_1962")])
    def test_a_bundled_crisis_is_not_written_to(self, named):
        before = texts(find_crisis("cuba_1962"))
        done = call("record", named, *TALK)
        assert done.exit_code == 1
        assert "bundled crisis, which is not written to" in done.stderr
        assert "cp -r" in done.stderr
        assert texts(find_crisis("cuba_1962")) == before

    def test_a_folder_that_is_none(self, tmp_path):
        done = call("record", tmp_path / "nowhere", *TALK)
        assert (done.exit_code, "there is no crisis.yaml" in done.stderr) == (1, True)


class TestMatch:
    @pytest.fixture
    def events(self, tmp_path):
        frame = pl.DataFrame(
            {
                "actor": ["USA", "USA", "ISR", "RUS"],
                "recipient": ["IRN"] * 4,
                "occurred_at": pl.Series(["2018-01-01"] * 4).str.to_date(),
                "cameo": ["154", "154", "186", "036"],
                "quadclass_icews": [4, 4, 4, 1],
            }
        )
        frame.write_parquet(tmp_path / "events.parquet")
        return tmp_path / "events.parquet"

    def test_counts_ties_and_codes_that_fit_nothing(self, events):
        done = call("match", "iran_2024", events)
        assert done.exit_code == 0
        assert done.stdout.startswith("4 events: 2 matched, 1 fit no action, 1 tied\n")
        for words in (
            "us_deploys",
            "Tied: given to none of them",
            "israel_crosses_line",
            "Fit no action",
            "036",
            "IRQREB",
        ):
            assert words in done.stdout

    def test_json_and_a_file(self, events, tmp_path):
        out = tmp_path / "matched.csv"
        done = call("match", "iran_2024", events, "--out", out, "--json")
        told = json.loads(done.stdout)
        assert (told["matched"], told["tied"], told["unmatched"]) == (2, 1, 1)
        assert pl.read_csv(out)["happening"].to_list() == ["us_deploys", "us_deploys", None, None]

    def test_a_file_that_is_none(self, tmp_path):
        done = call("match", "iran_2024", tmp_path / "none.parquet")
        assert done.exit_code == 1
        assert "there is no such file" in done.stderr
