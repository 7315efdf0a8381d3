"""The commands sensitivity, why and story."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from detente.cli.app import app

TINY = str(Path(__file__).parent / "cases" / "tiny.yaml")
CUBA = ("cuba_1962", "--seed", "1")
MANY = ("--draws", "1000", "--seed", "3")


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def data_of(*arguments):
    done = call(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


class TestSensitivity:
    def test_ranks_the_one_number_that_matters(self):
        data = data_of("sensitivity", TINY, *MANY)
        assert (data["draws"], data["seed"]) == (1000, 3)
        by_id = {each["question"]: each for each in data["questions"]}
        assert list(by_id) == ["Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7"]
        (talks,) = by_id["Q2"]["leanings"]
        assert (talks["name"], talks["stands_out"]) == ("actions.talks.rate", True)
        assert "no spread over draws is detectable" in by_id["Q1"]["reason"]
        assert "every future says no" in by_id["Q5"]["reason"]

    def test_table(self):
        done = call("sensitivity", TINY, *MANY, "--question", "Q2,Q1")
        assert done.exit_code == 0
        for text in (
            "1,000 draws × 8 replicates",
            "actions.talks.rate",
            "1 of 1 numbers stand out",
            "Not ranked",
        ):
            assert text in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80

    def test_groups(self):
        data = data_of("sensitivity", *CUBA, "--draws", "1000", "--question", "Q2", "--by", "source")
        assert data["questions"][0]["leanings"][0]["name"] == "K04"

    def test_all_shows_what_does_not_stand_out(self):
        few = call("sensitivity", *CUBA, "--draws", "1000", "--question", "Q2").stdout
        everything = call("sensitivity", *CUBA, "--draws", "1000", "--question", "Q2", "--all").stdout
        assert "(" in everything.split("Range")[1].split("stand out")[0]
        assert len(everything.splitlines()) > len(few.splitlines())

    def test_too_few_draws_are_refused_with_the_remedy(self):
        done = call("sensitivity", TINY, "--draws", "100", "--seed", "1", "--question", "Q2")
        assert done.exit_code == 0
        assert "a ranking needs 1,000 draws, and there are 100; ask for more draws" in " ".join(
            done.stdout.split()
        )

    def test_writes_files(self, tmp_path):
        picture = tmp_path / "leans.svg"
        done = call(
            "sensitivity", TINY, *MANY, "--question", "Q2", "--out", tmp_path / "o", "--picture", picture
        )
        assert done.exit_code == 0, done.output
        table = pl.read_parquet(tmp_path / "o" / "sensitivity.parquet")
        assert table.select("question", "name").rows() == [("Q2", "actions.talks.rate")]
        assert json.loads((tmp_path / "o" / "sensitivity.json").read_text(encoding="utf-8"))["ok"]
        assert "actions.talks.rate" in picture.read_text(encoding="utf-8")


class TestWhy:
    def test_json(self):
        data = data_of("why", *CUBA, "--question", "Q2", "--trajectories", "800")
        assert data["question"]["id"] == "Q2"
        assert data["ways"][0]["chain"] == ["us_strikes_cuba"]
        driver = data["drivers"][0]
        logs = sum(each["log"] for each in driver["factors"])
        assert driver["base"] * 2.718281828459045**logs == pytest.approx(driver["intensity"])
        assert data["paths"]["side"] == "yes"

    def test_table(self):
        done = call("why", *CUBA, "--question", "Q2", "--trajectories", "800")
        assert done.exit_code == 0
        for text in (
            "What answers it",
            "[us_strikes_cuba]",
            "× each 1 level of alert",
            "rate per day",
            "Paths to yes",
        ):
            assert text in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80

    def test_picture(self, tmp_path):
        done = call(
            "why", *CUBA, "--question", "Q2", "--trajectories", "80", "--picture", tmp_path / "why.png"
        )
        assert done.exit_code == 0, done.output
        assert [path.name for path in tmp_path.iterdir()] == ["why.png"]


class TestStory:
    def test_a_typical_future(self):
        done = call("story", *CUBA, "--question", "Q2", "--trajectories", "800")
        assert done.exit_code == 0
        assert "nearest to the middle of the commonest path to yes of Q2" in done.stdout
        last = [line for line in done.stdout.splitlines() if line.startswith(("*", "-"))][-1]
        assert last.startswith("* ")
        assert "The United States bombs or invades Cuba. Its rate stood at " in last

    def test_the_other_answer(self):
        data = data_of("story", *CUBA, "--question", "Q2", "--no", "--trajectories", "400")
        assert "the first that answers Q2 with no" in data["choice"]
        assert not any(turn["happening"] == "us_strikes_cuba" for turn in data["turns"])

    def test_by_number(self):
        one, two = (data_of("story", *CUBA, "--trajectory", 17, *extra) for extra in ((), ("--all",)))
        assert one["trajectory"] == two["trajectory"] == 17
        assert len(two["turns"]) > len(one["turns"])
        assert {turn["happening"] for turn in one["turns"]} <= {turn["happening"] for turn in two["turns"]}

    def test_the_same_future_whatever_was_asked_for(self):
        chosen = data_of("story", *CUBA, "--question", "Q2", "--trajectories", "800", "--to-the-end")
        number = chosen["trajectory"]
        again = data_of("story", *CUBA, "--question", "Q2", "--trajectories", "800", "--trajectory", number)
        times = {turn["time"] for turn in again["turns"]}
        assert times <= {turn["time"] for turn in chosen["turns"]}

    def test_nobody_answers_so(self):
        done = call("story", TINY, "--question", "Q5", "--yes", "--trajectories", "80", "--seed", "1")
        assert done.exit_code == 1
        assert "none of 80 futures answers Q5 with yes. Ask for more --trajectories" in done.stderr


class TestFaults:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("sensitivity", TINY, "--question", "Q9"), "there is no question 'Q9'"),
            (("sensitivity", TINY, "--question", "Q9,Q10"), "there are no questions 'Q9', 'Q10'"),
            (("why", TINY, "--question", "Q9"), "Questions: Q1, Q2"),
            (("story", TINY, "--question", "Q9"), "Questions: Q1, Q2"),
            (
                ("why", TINY, "--question", "Q1", "--picture", "a.bmp"),
                "pictures are written as svg, png, pdf",
            ),
            (("sensitivity", TINY, "--picture", "a"), "write"),
            (("story", "no_such_crisis"), "there is no crisis 'no_such_crisis'"),
        ],
    )
    def test_are_told_without_a_traceback(self, arguments, words):
        done = call(*arguments)
        assert done.exit_code == 1
        assert words.lower() in done.stderr.lower()
        assert "Traceback" not in done.stderr
        assert json.loads(call(*arguments, "--json").stdout)["ok"] is False


def test_sobol_names_its_numbers_itself():
    pytest.importorskip("SALib")
    arguments = [
        "sobol",
        "cuba_1962",
        "--question",
        "Q2",
        "--points",
        "128",
        "--replicates",
        "8",
        "--seed",
        "1",
    ]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["numbers"][0]["name"] == "actions.us_strikes_cuba.rate"
    assert found["draws"] == 128 * (len(found["numbers"]) + 2)


def test_sobol_takes_a_power_of_two():
    done = CliRunner().invoke(app, ["sobol", "cuba_1962", "--question", "Q2", "--points", "100"])
    assert done.exit_code != 0
    assert "power of 2" in done.output
