"""The commands over event data: import, dyads, timeline, rates."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from detente.cli.app import app
from detente.ledger.importers import icews

SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[2] / "shared"))
SAMPLES = SHARED / "data" / "samples"
real = pytest.mark.skipif(not SAMPLES.exists(), reason="the shared folder with real event data is not here")

ROW = {
    "Event ID": "1", "Event Date": "2018-06-01", "Source Name": "Iran", "Source Country": "Iran",
    "CAMEO Code": "036", "Intensity": "4", "Target Name": "Foreign Affairs (France)",
    "Target Country": "France", "Publisher": "News", "Country": "Iran",
}  # fmt: skip


def call(*arguments):
    """The command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def icews_text(*rows: dict[str, str], columns=icews.COLUMNS) -> str:
    lines = ["\t".join(columns)] + [
        "\t".join((ROW | row).get(name, "") for name in icews.COLUMNS) for row in rows
    ]
    return "".join(f"{line}\n" for line in lines)


def plain(text: str) -> str:
    """Text without the borders and breaks of a box."""
    return re.sub(r"[│╭╮╰╯─\s]+", " ", text)


@pytest.fixture
def delivered(tmp_path):
    """A file in the form of ICEWS, by its text."""

    def write(text: str | bytes, name: str = "events.tab") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """A table of events of three actors over 200 days, as an import writes it."""
    rng = np.random.default_rng(5)
    actors, codes = ("Iran", "Israel", "United States"), ("036", "112", "190", "195")
    rows, n = [], 0
    for day in range(200):
        for a in actors:
            for b in actors:
                if a != b and rng.random() < 0.25:
                    date = f"2018-{1 + day // 28:02d}-{1 + day % 28:02d}"
                    names = {"Source Name": a, "Source Country": a, "Target Name": b, "Target Country": b}
                    code = codes[rng.integers(4)]
                    rows.append({**names, "Event ID": str(n), "Event Date": date, "CAMEO Code": code})
                    n += 1
    folder = tmp_path_factory.mktemp("events")
    (folder / "events.tab").write_text(icews_text(*rows))
    done = call("import", "icews", folder / "events.tab", "--out", folder / "events.parquet")
    assert done.exit_code == 0, done.output
    return folder / "events.parquet"


class TestImport:
    def test_accounts_for_every_row(self, tmp_path, delivered):
        path = delivered(
            icews_text(
                *({"Event ID": str(i), "Event Date": f"2018-06-{1 + i:02d}"} for i in range(25)),
                {"Event ID": "30", "CAMEO Code": "13y"},
            )
        )
        done = call(
            "import",
            "icews",
            path,
            "--actors",
            "IRN,FRA",
            "--since",
            "2018-06-10",
            "--out",
            tmp_path / "o.parquet",
        )
        assert done.exit_code == 0, done.output
        for words in (
            "26 rows of 1 file(s) read",
            "16  kept in",
            "9  left out: before the first day asked for",
            "1  refused: no CAMEO code",
            "events.tab, line 27: 13y",
            "Codes have three or four digits",
        ):
            assert words in done.stdout
        assert pl.read_parquet(tmp_path / "o.parquet").height == 16

    def test_as_json(self, tmp_path, delivered):
        done = call("import", "icews", delivered(icews_text({})), "--out", tmp_path / "o.parquet", "--json")
        found = json.loads(done.stdout)
        assert (found["ok"], found["read"], found["kept"], found["refused"]) == (True, 1, 1, {})

    @pytest.mark.parametrize(
        ("change", "options", "words"),
        [
            (lambda t: t.replace("CAMEO Code", "Code"), (), "icews needs the column 'CAMEO Code'"),
            (lambda t: t.replace("2018-06-01", "1.6.2018"), (), "the first is '1.6.2018'"),
            (lambda t: t.replace("036", "36"), (), "without its leading zero; the first is '36'"),
            (lambda t: gzip.compress(t.encode())[:-12], (), "the compressed file breaks off before its end"),
            (lambda t: "", (), "the file is empty"),
            (lambda t: "a\tb\n1\t2\n", (), "icews needs the columns"),
        ],
    )
    def test_faults_of_files_write_nothing(self, tmp_path, delivered, change, options, words):
        path = delivered(change(icews_text({})))
        done = call("import", "icews", path, "--out", tmp_path / "o.parquet", *options)
        assert done.exit_code == 1
        assert "events.tab" in done.stderr
        assert words in done.stderr
        assert "Traceback" not in done.output
        assert not (tmp_path / "o.parquet").exists()
        as_json = json.loads(call("import", "icews", path, "--out", tmp_path / "o.parquet", "--json").stdout)
        assert as_json["ok"] is False
        assert words.split(";")[0].split("'")[0].strip() in as_json["errors"][0]["message"]

    def test_the_remedies_work(self, tmp_path, delivered):
        out = tmp_path / "o.parquet"
        renamed = delivered(icews_text({}).replace("CAMEO Code", "Code"), "renamed.tab")
        dates = delivered(icews_text({"Event Date": "1.6.2018"}), "dates.tab")
        zeros = delivered(icews_text({"CAMEO Code": "36"}), "zeros.tab")
        for path, options in (
            (renamed, ("--column", "Code=CAMEO Code")),
            (dates, ("--date-format", "%d.%m.%Y")),
            (zeros, ("--restore-zeros",)),
        ):
            assert call("import", "icews", path, "--out", out, *options).exit_code == 0
            assert pl.read_parquet(out)["cameo"].to_list() == ["036"]

    def test_partial_says_what_was_kept(self, tmp_path, delivered):
        text = icews_text(
            *(
                {"Event ID": str(i), "Event Date": f"2018-{1 + i // 28:02d}-{1 + i % 28:02d}"}
                for i in range(300)
            )
        )
        path = delivered(gzip.compress(text.encode())[:-40], "cut.tab.gz")
        refused = call("import", "icews", path, "--out", tmp_path / "o.parquet")
        assert refused.exit_code == 1
        assert re.search(r"--partial\) would import the \d+ readable rows", refused.stderr)
        done = call("import", "icews", path, "--out", tmp_path / "o.parquet", "--partial")
        assert done.exit_code == 0
        kept = pl.read_parquet(tmp_path / "o.parquet").height
        assert 0 < kept < 300
        assert f"{kept:,}  kept in" in done.stdout
        assert "read in part or not at all" in done.stdout

    def test_repeated_ids_count_once(self, tmp_path, delivered):
        done = call("import", "icews", delivered(icews_text({}, {})), "--out", tmp_path / "o.parquet")
        assert "1  repeated" in done.stdout

    @pytest.mark.parametrize(
        ("arguments", "code", "words"),
        [
            (("gdlt", "x", "--out", "o.parquet"), 1, "there is no data set 'gdlt'. Known: acled, gdelt"),
            (("icews", "x", "--out", "o.parquet", "--actors", "IRM"), 1, "there is no actor 'IRM'"),
            (("icews", "none.tab", "--out", "o.parquet"), 1, "cannot be read: No such file"),
            (("icews", "x", "--out", "o.parquet", "--ends", "all"), 2, "'all' is none of both, one"),
            (("icews", "x", "--out", "o.parquet", "--column", "Code"), 2, "'Code' has no '='"),
            (("icews", "x", "--out", "o.parquet", "--since", "June"), 2, "'June' does not match"),
            (("icews", "x"), 2, "--out"),
        ],
    )
    def test_wrong_calls(self, tmp_path, monkeypatch, arguments, code, words):
        monkeypatch.chdir(tmp_path)
        done = call("import", *arguments)
        assert done.exit_code == code
        assert words in plain(done.stderr)
        assert "Traceback" not in done.output

    def test_interrupted_leaves_what_was_there(self, tmp_path):
        rows = (
            {"Event ID": str(i), "Event Date": f"2018-{1 + i // 28 % 12:02d}-{1 + i % 28:02d}"}
            for i in range(60_000)
        )
        (tmp_path / "many.tab").write_text(icews_text(*rows))
        files = [str(tmp_path / "many.tab")] * 200
        (tmp_path / "o.parquet").write_text("before")
        program = [
            sys.executable,
            "-m",
            "detente",
            "import",
            "icews",
            *files,
            "--out",
            str(tmp_path / "o.parquet"),
        ]
        child = subprocess.Popen(
            program,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        for _ in range(400):
            time.sleep(0.1)
            if list(tmp_path.glob(".o.parquet.*/*.parquet")):
                break
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        assert child.returncode == 130, err
        assert b"Interrupted" in err
        assert b"Traceback" not in err + out
        assert (tmp_path / "o.parquet").read_text() == "before"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["many.tab", "o.parquet"]


class TestDyads:
    def test_prints_the_table(self, events):
        done = call("dyads", events, "--actors", "IRN,ISR")
        assert done.exit_code == 0, done.output
        assert re.search(r"^IRN → ISR +\d+ ", done.stdout, re.MULTILINE)
        assert "USA" not in done.stdout
        assert max(len(line) for line in done.stdout.splitlines()) <= 88

    def test_json_has_all_dyads_and_top_shows_some(self, events):
        found = json.loads(call("dyads", events, "--json", "--top", "1").stdout)
        assert len(found["dyads"]) == 6
        assert sum(row["events"] for row in found["dyads"]) == pl.read_parquet(events).height
        assert call("dyads", events, "--top", "1").stdout.count("→") == 1

    def test_by_month_and_by_codes(self, events):
        done = call("dyads", events, "--by", "month", "--codes", "19", "--json")
        found = json.loads(done.stdout)
        assert found["kind"] == "19"
        assert {row["period"][-2:] for row in found["dyads"]} == {"01"}
        assert all(row["events"] == row["material_conflict"] for row in found["dyads"])

    @pytest.mark.parametrize("by", ["total", "month"])
    def test_draws(self, events, tmp_path, by):
        done = call("dyads", events, "--by", by, "--picture", tmp_path / "d.svg")
        assert done.exit_code == 0, done.output
        assert "IRN" in (tmp_path / "d.svg").read_text()
        assert "Drawn" in done.stderr

    def test_of_a_crisis_says_that_there_are_few(self):
        done = call("dyads", "iran_2024")
        assert done.exit_code == 0, done.output
        assert "A crisis folder holds few events" in done.stdout
        assert "Trend" not in done.stdout

    @pytest.mark.parametrize(
        ("arguments", "code", "words"),
        [
            (("none.parquet",), 1, "there is no such file"),
            (("iran_2025",), 1, "Did you mean 'iran_2024'?"),
            (("iran_2024", "--kind", "war"), 1, "there is no kind 'war'"),
            (("iran_2024", "--codes", "36"), 1, "leading zero"),
            (("iran_2024", "--by", "year"), 2, "'year' is none of total, month, week"),
            (("iran_2024", "--picture", "d.jpg"), 1, "pictures are written as svg, png, pdf"),
            (("iran_2024", "--actors", "IRN,ISR,FOO"), 1, "names FOO"),
        ],
    )
    def test_faults(self, arguments, code, words):
        done = call("dyads", *arguments)
        assert done.exit_code == code
        assert words in plain(done.stderr)
        assert "Traceback" not in done.output


class TestTimeline:
    def test_of_the_catalog(self):
        done = call("timeline", "cuba_1962")
        assert done.exit_code == 0, done.output
        for words in (
            "1962-10-22 23:00",
            "K03E",
            "fires quarantine.announce",
            "3 of 3 fire something in replay",
        ):
            assert words in done.stdout
        assert max(len(line) for line in done.stdout.splitlines()) <= 80

    def test_json_and_choice(self):
        found = json.loads(
            call("timeline", "iran_2024", "--since", "2024-11-01", "--actor", "USA", "--json").stdout
        )
        assert found["events"]
        for row in found["events"]:
            assert row["date"] >= "2024-11-01"
            assert "USA" in (*row["actor"], *row["recipient"])
            assert 0 <= row["held"] <= 1

    def test_draws_from_where_the_record_begins(self, tmp_path):
        done = call("timeline", "iran_2024", "--picture", tmp_path / "t.svg")
        assert done.exit_code == 0, done.output
        assert "earlier events are not drawn" in (tmp_path / "t.svg").read_text()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--actor", "FOO"), "no event names the actor 'FOO'"),
            (("--since", "2030-01-01"), "has no event in that span"),
            (("--picture", "t.gif"), "not as 'gif'"),
        ],
    )
    def test_faults(self, arguments, words):
        done = call("timeline", "iran_2024", *arguments)
        assert done.exit_code == 1
        assert words in done.stderr


class TestRates:
    def test_prints_rates_scores_and_lines_to_paste(self, events, tmp_path):
        done = call("rates", events, "--actors", "IRN,ISR,USA", "--codes", "19", "--out", tmp_path / "r.csv")
        assert done.exit_code == 0, done.output
        for words in (
            "IRN → ISR",
            "Excitations",
            "Forecasts one day ahead",
            "To paste into a crisis file",
            "source: [events]",
        ):
            assert words in done.stdout
        table = pl.read_csv(tmp_path / "r.csv")
        assert table.height == 6
        assert "Written" in done.stderr
        pasted = done.stdout.split("To paste into")[0]
        assert max(len(line) for line in pasted.splitlines()) <= 92

    def test_json(self, events):
        span = (
            "--test-from",
            "2018-07-01",
            "--test-to",
            "2018-07-20",
            "--check-from",
            "2018-05-01",
            "--check-to",
            "2018-05-20",
        )
        done = call("rates", events, "--busiest", "2", "--kinds", "any", "--no-blend", "--json", *span)
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        assert len(found["actors"]) == 2
        assert [part["test"][0] for part in found["forecasts"]] == ["2018-07-01", "2018-05-01"]
        assert {part["weight"] for part in found["forecasts"]} == {1.0}

    def test_without_scores(self, events):
        done = call("rates", events, "--actors", "IRN,ISR", "--kinds", "any", "--no-scores", "--terms")
        assert done.exit_code == 0, done.output
        assert "Forecasts" not in done.stdout
        assert "own 0.5 d" in done.stdout

    def test_a_short_record_is_not_scored(self, events):
        done = call("rates", events, "--actors", "IRN,ISR", "--kinds", "any", "--until", "2018-03-01")
        assert done.exit_code == 0, done.output
        assert "No forecasts are scored: the record is too short" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "code", "words"),
        [
            ((), 2, "say between whom"),
            (("--actors", "IRN,ISR", "--busiest", "3"), 2, "say between whom"),
            (("--actors", "IRN,ISR,FRA"), 1, "names FRA"),
            (("--actors", "IRN,ISR", "--kinds", "war"), 1, "there is no kind 'war'"),
            (("--actors", "IRN,ISR", "--codes", "36"), 1, "leading zero"),
            (
                ("--actors", "IRN,ISR", "--test-from", "2019-01-01", "--test-to", "2019-02-01"),
                1,
                "outside the record",
            ),
            (("--actors", "IRN,ISR", "--test-to", "2018-07-01"), 2, "say where the span begins"),
            (("--actors", "IRN,ISR", "--dataset", "x"), 1, "there is no data set 'x'"),
        ],
    )
    def test_faults(self, events, arguments, code, words):
        done = call("rates", events, *arguments)
        assert done.exit_code == code
        assert words in plain(done.stderr)
        assert "Traceback" not in done.output


@real
@pytest.mark.parametrize(
    ("dataset", "name", "read"),
    [
        ("gdelt", "gdelt1_georgia_2012-08.csv.gz", 1255),
        ("icews", "icews_events_2018-06-01_02.tab.gz", 3705),
        ("ucdp", "ucdp_ged_sample_1000.csv.gz", 1000),
    ],
)
def test_real_samples(tmp_path, dataset, name, read):
    found = json.loads(
        call("import", dataset, SAMPLES / name, "--out", tmp_path / "o.parquet", "--json").stdout
    )
    assert found["read"] == read
    assert found["refused"] == {}


@real
def test_real_dyads_reproduce_the_table_of_baselines():
    """The command on ICEWS 2018 in the protocol of the baselines: their test span, base rates and wins."""
    path = SHARED / "data" / "dyad_events_16_actors.csv.gz"
    actors = "IRN,ISR,USA,HEZ,HAM,LBN,SYR,IAEA,GBR,FRA,DEU,EU,RUS,PSE,IRQ,UN"
    span = ("--test-from", "2018-09-28", "--test-to", "2018-10-31")
    done = call("rates", path, "--dataset", "icews18", "--actors", actors, "--kinds", "any", "--json", *span)
    found = json.loads(done.stdout)["forecasts"][0]
    assert found["tune"] == ["2018-08-29", "2018-09-27"]
    log = next(row for row in found["scores"] if row["score"] == "log")
    assert log["forecast"] < 0.2677


def test_the_benchmark_of_the_import_can_be_run():
    pytest.importorskip("duckdb", reason="duckdb is not installed")
    path = Path(__file__).parents[1] / "benchmarks" / "bench_import.py"
    spec = importlib.util.spec_from_file_location("bench_import", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_import"] = module
    spec.loader.exec_module(module)
    found = module.measure_import(rows=3000, repeat=1)
    assert found[0].ratio == found[0].cpu_ratio == 1.0
    assert len(found) == 6
