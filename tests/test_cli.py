"""The command: what it prints where, how it ends, and that it never shows a traceback for a user's fault."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from detente.cli.app import app
from detente.crisisfile import load

CASES = Path(__file__).parent / "cases"
TINY = str(CASES / "tiny.yaml")
BROKEN = str(CASES / "invalid" / "deliberation_of_nobody.yaml")
SHORT = ("--trajectories", "800", "--seed", "3")


def call(*arguments):
    """The command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def start(*arguments, code=None, **settings):
    """The command, or other code around it, in a process of its own."""
    program = ["-m", "detente"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "NO_COLOR": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **settings,
    )


class TestRun:
    def test_prints_the_forecast(self):
        done = call("run", TINY, *SHORT)
        assert done.exit_code == 0
        lines = done.stdout.splitlines()
        assert lines[0] == "Two neighbours [and a vote] (tiny)"
        assert lines[1] == "As of 2024-11-30, to 2024-12-30 (30 days)"
        assert lines[2] == "100 draws × 8 replicates = 800 futures, seed 3"
        assert re.fullmatch(r"Digest of the crisis [0-9a-f]{16}, Détente \S+", lines[3])
        for text in ("Q1", "2024-12-30", "90 % range", "North raids South", "Note: "):
            assert text in done.stdout
        assert done.stderr == "This run holds up to 1 MB of memory.\n"

    def test_fits_in_80_columns(self):
        done = call("run", TINY, *SHORT)
        assert max(len(line) for line in done.stdout.splitlines()) <= 80

    def test_is_the_same_on_one_thread_and_two(self):
        one, two = (start("run", TINY, *SHORT, "--threads", n) for n in ("1", "2"))
        assert one.returncode == two.returncode == 0
        assert one.stdout == two.stdout

    def test_another_seed_gives_other_numbers(self):
        one, two = (call("run", TINY, "--trajectories", 800, "--seed", n).stdout for n in (3, 4))
        assert one != two

    def test_a_seed_is_drawn_and_shown(self):
        shown = re.search(r"seed (\d+)", call("run", TINY, "--trajectories", 80).stdout)
        again = call("run", TINY, "--trajectories", 80, "--seed", shown[1])
        assert f"seed {shown[1]}\n" in again.stdout

    def test_json(self):
        done = call("run", TINY, *SHORT, "--json")
        assert done.exit_code == 0
        data = json.loads(done.stdout)
        assert data["ok"] is True
        assert [question["id"] for question in data["questions"]] == [f"Q{n}" for n in range(1, 8)]
        for question in data["questions"]:
            assert {"id", "text", "closes", "probability", "mc_error", "low", "high"} <= set(question)
            if question["probability"] is not None:
                assert 0 <= question["low"] <= question["high"] <= 1
                assert question["mc_error"] > 0
        assert data["provenance"]["digest"] == data["digest"]

    def test_json_of_a_refused_question(self):
        data = json.loads(call("run", TINY, *SHORT, "--json", "--horizon", "15").stdout)
        first = data["questions"][0]
        assert first["probability"] is None
        assert first["reason"] == "it closes after the horizon, 2024-12-15"

    @pytest.mark.parametrize("horizon", ["12", "12 d", "2024-12-12"])
    def test_horizons(self, horizon):
        done = call("run", TINY, *SHORT, "--horizon", horizon)
        assert "to 2024-12-12 (12 days)" in done.stdout

    def test_out(self, tmp_path):
        done = call("run", TINY, *SHORT, "--out", tmp_path / "results")
        assert done.exit_code == 0
        manifest = json.loads((tmp_path / "results" / "manifest.json").read_text())
        assert manifest["seed"] == 3
        assert {"digest", "versions", "settings", "files"} <= set(manifest)
        told = json.loads((tmp_path / "results" / "forecast.json").read_text())
        table = pl.read_parquet(tmp_path / "results" / "questions.parquet")
        assert table["probability"].to_list() == [each["probability"] for each in told["questions"]]

    def test_out_refuses_a_foreign_folder_before_it_runs(self, tmp_path):
        (tmp_path / "mine.txt").write_text("x")
        done = call("run", TINY, "--trajectories", 10**6, "--out", tmp_path)
        assert done.exit_code == 1
        assert "has not written, such as 'mine.txt'" in done.stderr

    def test_out_that_cannot_be_written(self):
        done = call("run", TINY, *SHORT, "--out", "/proc/results")
        assert done.exit_code == 1
        assert "/proc" in done.stderr
        assert "Traceback" not in done.output

    def test_no_traceback_for_more_memory_than_there_is(self):
        done = call("run", TINY, "--trajectories", 10**12)
        assert done.exit_code == 1
        assert re.search(r"would hold up to \d+ GB of memory, and there are \d+ GB", done.stderr)

    def test_memory_is_stated_before(self):
        assert "This run holds up to" in call("run", TINY, *SHORT).stderr
        assert call("run", TINY, *SHORT, "--quiet").stderr == ""


class TestInterruption:
    AFTER_A_BLOCK = """
import os, signal, sys
from detente.cli import main, running
class Bar(running.Bar):
    def update(self, done, of):
        os.kill(os.getpid(), signal.SIGINT)
running.Bar = Bar
sys.argv = ["detente", *sys.argv[1:]]
main()
"""
    AT_ONCE = AFTER_A_BLOCK.replace("def update(self, done, of)", "def __enter__(self)")

    def test_ends_with_what_is_done(self):
        arguments = ("run", TINY, "--trajectories", "400000", "--seed", "1", "--threads", "1")
        done = start(*arguments, code=self.AFTER_A_BLOCK)
        assert done.returncode == 130
        assert "Interrupted. " in done.stderr
        assert "Warning: Interrupted:" in done.stdout
        assert "Q1" in done.stdout
        assert "Traceback" not in done.stderr

    def test_json_says_so(self):
        arguments = ("run", TINY, "--trajectories", "400000", "--threads", "1", "--json")
        done = start(*arguments, code=self.AFTER_A_BLOCK)
        data = json.loads(done.stdout)
        assert data["interrupted"] is True
        assert 0 < data["trajectories"] < 400_000

    def test_before_anything_is_done(self):
        done = start("run", TINY, code=self.AT_ONCE)
        assert done.returncode == 130
        assert done.stderr.endswith("Interrupted; nothing was finished.\n")
        assert done.stdout == ""


class TestErrors:
    @pytest.mark.parametrize("command", ["run", "check", "resolve", "show"])
    def test_faults_in_house_form(self, command):
        done = call(command, BROKEN)
        assert done.exit_code == 1
        assert done.stdout == ""
        assert done.stderr == (
            "CrisisFileError: 1 fault in deliberation_of_nobody.yaml\n\n"
            "  line 26  deliberations.NOR.reply.factions\n"
            "    nobody deliberates\n"
            "    Name at least one faction and its position.\n"
        )

    @pytest.mark.parametrize("command", ["run", "check"])
    def test_faults_as_json(self, command):
        done = call(command, BROKEN, "--json")
        assert done.exit_code == 1
        assert json.loads(done.stdout) == {
            "ok": False,
            "errors": [
                {
                    "file": "deliberation_of_nobody.yaml",
                    "line": 26,
                    "path": "deliberations.NOR.reply.factions",
                    "message": "nobody deliberates",
                    "hint": "Name at least one faction and its position.",
                }
            ],
        }

    def test_unknown_crisis(self):
        done = call("run", "iran_2042")
        assert done.exit_code == 1
        assert "there is no crisis 'iran_2042'" in done.stderr
        assert "Did you mean 'iran_2024'?" in done.stderr
        assert "cuba_1962, iran_2024" in done.stderr

    def test_folder_without_a_crisis(self, tmp_path):
        assert "has no file crisis.yaml" in call("check", tmp_path).stderr

    def test_model_errors_have_the_same_shape(self):
        done = call("run", TINY, "--tick", "0.3", "--json")
        assert done.exit_code == 1
        (error,) = json.loads(done.stdout)["errors"]
        assert set(error) == {"file", "line", "path", "message", "hint"}
        assert "a tick must be 1 day or a whole part of it" in error["message"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--trajectories", "0"), "--trajectories"),
            (("--replicates", "0"), "--replicates"),
            (("--seed", "-1"), "--seed"),
            (("--threads", "0"), "--threads"),
            (("--tick", "0"), "--tick"),
            (("--tick", "nan"), "--tick"),
            (("--horizon", "banana"), "banana"),
            (("--horizon", "0"), "--horizon"),
            (("--horizon", "2024-11-30"), "is not after"),
            (("--nonsense",), "nonsense"),
        ],
    )
    def test_wrong_calls_end_with_2(self, arguments, words):
        done = call("run", TINY, *arguments)
        assert done.exit_code == 2
        assert words in done.stderr
        assert "Traceback" not in done.output

    def test_a_closed_pipe_is_no_fault(self):
        code = (
            "import sys; sys.argv = ['detente', 'resolve', 'iran_2024']; from detente.cli import main; main()"
        )
        writer = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        writer.stdout.readline()
        writer.stdout.close()
        said = writer.stderr.read()
        writer.stderr.close()
        writer.wait(timeout=60)
        assert b"Traceback" not in said


class TestCheck:
    def test_says_that_all_is_well(self):
        done = call("check", TINY)
        assert done.exit_code == 0
        assert done.stdout.startswith("tiny: no faults")
        assert "numbers" in done.stdout

    def test_json(self):
        data = json.loads(call("check", TINY, "--json").stdout)
        assert data["ok"] is True
        assert data["errors"] == data["ticks"] == []
        assert {"kind", "line", "path", "message", "hint"} == set(data["findings"][0])

    def test_findings_that_must_be_mended_end_with_1(self, tmp_path):
        text = Path(TINY).read_text().replace("as_of: 2024-11-30", "as_of: 2024-11-30\nhorizon: 15 d")
        (tmp_path / "late.yaml").write_text(text)
        done = call("check", tmp_path / "late.yaml")
        assert done.exit_code == 1
        assert "closes after the horizon" in done.stdout

    def test_ticks(self):
        done = call("check", TINY, "--ticks")
        assert done.exit_code == 0
        assert "1/2 tick" in done.stdout


class TestResolve:
    def test_prints_a_crisis_that_resolves_to_itself(self, tmp_path):
        done = call("resolve", TINY)
        (tmp_path / "again.yaml").write_text(done.stdout)
        assert load(tmp_path / "again.yaml") == load(TINY)
        assert call("resolve", tmp_path / "again.yaml").stdout == done.stdout

    def test_out(self, tmp_path):
        done = call("resolve", TINY, "--out", tmp_path / "machine.yaml")
        assert done.stdout == ""
        assert (tmp_path / "machine.yaml").read_text() == call("resolve", TINY).stdout


class TestShow:
    def test_tells_the_parts(self):
        done = call("show", TINY)
        assert done.exit_code == 0
        for text in (
            "Actors",
            "Stocks",
            "Actions",
            "Questions",
            "raid  North raids South  A → B",
            "7.305 per year",
        ):
            assert text in done.stdout

    def test_all_tells_every_moment_in_full(self):
        assert "the rest" not in call("show", TINY).stdout
        assert "no_vote: the rest" in call("show", TINY, "--all").stdout

    @pytest.mark.parametrize("crisis", ["iran_2024", "cuba_1962"])
    def test_bundled_crises_fit_in_80_columns(self, crisis):
        done = call("show", crisis, "--all")
        assert done.exit_code == 0
        assert max(len(line) for line in done.stdout.splitlines()) <= 80


class TestOthers:
    def test_schema(self):
        assert "properties" in json.loads(call("schema").stdout)

    def test_list(self):
        lines = call("list").stdout.splitlines()
        assert [line.split()[0] for line in lines] == ["cuba_1962", "iran_2024"]
        assert "2024-11-30" in lines[1]

    def test_list_as_json(self):
        data = json.loads(call("list", "--json").stdout)
        assert data["crises"][0] == {"name": "cuba_1962", "title": "Missiles in Cuba", "as_of": "1962-10-22"}

    def test_version(self):
        assert re.fullmatch(r"detente \d+\.\d+\.\d+\n", call("--version").stdout)

    @pytest.mark.parametrize("arguments", [("--help",), ("list",), ("run", "--help")])
    def test_quick_ones_import_nothing_heavy(self, arguments):
        code = (
            "import sys, atexit\n"
            "heavy = {'numba', 'numpy', 'polars', 'scipy', 'ruamel', 'lark'}\n"
            "atexit.register(lambda: print(sorted(heavy & set(sys.modules))))\n"
            f"sys.argv = ['detente', *{arguments!r}]\n"
            "from detente.cli import main\n"
            "main()\n"
        )
        assert start(code=code).stdout.splitlines()[-1] == "[]"

    def test_help_is_quick(self):
        begun = time.monotonic()
        assert start("--help").returncode == 0
        assert time.monotonic() - begun < 2.0, "0.2 s on a quiet machine"
