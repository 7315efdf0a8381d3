"""The command ``bargain``: what a person and what a program gets."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detente.bargaining import compare_rules, read_actor_table
from detente.cli.app import app
from detente.cli.bargain_tables import picture

CASES = Path(__file__).parent / "cases" / "bargaining"
EMISSION = CASES / "valid" / "emission.csv"


def _run(*arguments):
    return CliRunner().invoke(app, ["bargain", *map(str, arguments)])


def test_prints_every_rule_and_every_faction_in_80_columns():
    result = _run(EMISSION)
    assert result.exit_code == 0
    for words in (
        "compromise",
        "weighted median",
        "election markov uniform",
        "spatial model",
        "Germany",
        "Greece",
    ):
        assert words in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_picture_puts_actors_and_outcome_in_their_places():
    found = compare_rules(read_actor_table(EMISSION))
    axis, first, second, *_ = picture(found)
    assert first[0] == "A"  # Germany at the low end
    assert (first[-1], second[-1]) == ("B", "C")  # France and the UK share the high end
    assert axis.index("▼") == round((found.rules[0].outcome - 4) / 6 * 79)


def test_json_holds_the_same_numbers():
    data = json.loads(_run(EMISSION, "--json").stdout)
    assert data["ok"] is True
    assert data["rules"][0]["outcome"] == pytest.approx(
        compare_rules(read_actor_table(EMISSION)).rules[0].outcome
    )


def test_options_shape_the_election():
    few = json.loads(_run(EMISSION, "--json", "--options", "4,7,10").stdout)
    assert few["options"] == [4.0, 7.0, 10.0]


@pytest.mark.parametrize("options", ["4,x", "4;7", "1,2"])
def test_options_off_the_scale_or_no_numbers_are_refused(options):
    result = _run(EMISSION, "--options", options)
    assert result.exit_code == 1
    assert "options" in result.stderr


@pytest.mark.parametrize("path", sorted((CASES / "invalid").glob("*.csv")), ids=lambda path: path.stem)
def test_faults_are_told_with_file_and_remedy(path):
    result = _run(path)
    assert result.exit_code == 1
    assert path.name in result.stderr
    faults = json.loads(_run(path, "--json").stdout)
    assert faults["ok"] is False
    assert all(fault["message"] for fault in faults["errors"])
