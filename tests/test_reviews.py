"""Two parameterisations: which numbers make the difference, against closed forms."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detente import load
from detente.analysis import reviews
from detente.analysis.reviews import differing_numbers, review
from detente.cli.app import app
from detente.errors import ForecastError

CRISIS = """
crisis: reviewed
title: Judged twice
as_of: 2024-11-30
horizon: 40 d
actors: {A: {title: A}}
actions:
  strike:
    title: A strike
    actor: A
    rate: {value: 0.01 per day, spread: ×1.2, source: judgement, because: a test}
    listed: true
  talk:
    title: A talk
    actor: A
    rate: {value: 0.03 per day, spread: ×1.2, source: judgement, because: a test}
    factors:
      - {while: happened(strike), times: ×0.5 ±×1.2, source: judgement, because: a test}
  vote:
    title: A vote
    actor: A
    rate: {value: 0.02 per day, spread: ×1.2, source: judgement, because: a test}
questions:
  Q1: {text: A strike within 30 days?, yes_if: first strike, closes: 2024-12-30}
  Q2: {text: A vote within 30 days?, yes_if: first vote, closes: 2024-12-30}
"""
REVIEW = """
review: reviewed
as_of: 2024-11-30
method: a test
numbers:
  actions.strike.rate: [0.04 per day ±×1.2, "seen otherwise"]
  actions.talk.factors.0.times: [×0.7 ±×1.2, "moves no question"]
  actions.vote.rate: [0.0201 per day ±×1.2, "as good as the same"]
"""
RATE = "actions.strike.rate"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "crisis.yaml").write_text(CRISIS, encoding="utf-8")
    (tmp_path / "review.yaml").write_text(REVIEW, encoding="utf-8")
    return tmp_path


def test_numbers_that_are_nearly_the_same_do_not_differ(folder: Path) -> None:
    assert differing_numbers(load(folder), load(folder, review=True)) == (
        RATE,
        "actions.talk.factors.0.times",
    )


def test_the_number_that_makes_the_difference(folder: Path) -> None:
    """The answers are 1 − exp(−30 λ) but for the spread of λ, which moves them by less than 0.003."""
    found = review(load(folder), load(folder, review=True), trajectories=20_000, seed=1)
    assert found.apart == ("Q1",)
    (swap,) = found.numbers
    assert (swap.name, swap.question) == (RATE, "Q1")
    expected = math.exp(-0.3) - math.exp(-1.2)
    assert abs(swap.effect - expected) < 0.003 + 4.0 * swap.error
    assert swap.forth == swap.back == found.compared["Q1"].difference
    assert found.compared["Q2"].same or abs(found.compared["Q2"].difference or 0.0) < 0.01
    assert {each.name for each in found.entries} == {"actions.strike", "actions.talk"}


def test_nothing_to_trace_where_nothing_differs(folder: Path) -> None:
    found = review(load(folder), load(folder), trajectories=80, seed=1)
    assert (found.differing, found.apart, found.entries, found.numbers) == ((), (), (), ())
    assert not found.interrupted


def test_answers_alone(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    found = review(
        load(folder),
        load(folder, review=True),
        trace=False,
        trajectories=400,
        seed=1,
        progress=lambda done, of: told.append((done, of)),
    )
    assert found.apart == ("Q1",)
    assert found.numbers == ()
    assert told == [(1, 2), (2, 2)]


def test_ctrl_c_keeps_what_was_swapped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, calls = reviews.simulate, 0

    def stopping(*arguments: object, **settings: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return whole(*arguments, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(reviews, "simulate", stopping)
    found = review(load(folder), load(folder, review=True), trajectories=400, seed=1)
    assert found.interrupted
    assert {each.name for each in found.entries} == {"actions.strike"}
    assert "Interrupted" in str(found)
    assert "Entry, all its numbers" in str(found)
    assert {each["entry"] for each in found.as_dict()["entries"]} == {"actions.strike"}


@pytest.mark.parametrize(
    ("first", "second", "differ"),
    [
        ("×1.005 ±×1.002", "×1.01 ±×1.008", True),
        ("×1.03", "×1.06 ±×1.03", True),
        ("×1.03", "×1.015", True),
        ("×1.03", "×1.03", False),
        ("×1.5 ±×1.3", "×1.505 ±×1.3", False),
        ("×1.5 ±×1.3", "×1.5 ±×2", True),
    ],
)
def test_small_shocks_differ_though_near_in_size(
    tmp_path: Path, first: str, second: str, differ: bool
) -> None:
    """A daily factor of 1.01 does twice what 1.005 does: what counts is the distance beside the range."""
    text = CRISIS.replace("times: ×0.5 ±×1.2", f"times: {first}")
    (tmp_path / "crisis.yaml").write_text(text, encoding="utf-8")
    numbers = f'numbers:\n  actions.talk.factors.0.times: [{second}, "a test"]\n'
    (tmp_path / "review.yaml").write_text(
        f"review: reviewed\nas_of: 2024-11-30\nmethod: a test\n{numbers}", encoding="utf-8"
    )
    found = differing_numbers(load(tmp_path), load(tmp_path, review=True))
    assert found == (("actions.talk.factors.0.times",) if differ else ())


def test_all_differing_numbers_make_the_second_version(folder: Path) -> None:
    """With every number that differs put in, nothing of the difference may be left but the tolerance."""
    one, two = load(folder), load(folder, review=True)
    hybrid = reviews._with(one, two, differing_numbers(one, two))
    left = review(hybrid, two, trace=False, trajectories=4000, seed=1).compared
    for each in left.differences.values():
        assert abs(each.difference or 0.0) <= 0.01


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"at_least": 0.0}, "at_least must lie above 0 and at most at 1, but is 0"),
        ({"moves": 2.0}, "moves must lie above 0 and at most at 1, but is 2"),
        ({"questions": ["Q9"]}, "there is no question 'Q9'"),
    ],
)
def test_refused(folder: Path, arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ForecastError, match=words):
        review(load(folder), load(folder, review=True), **arguments)  # type: ignore[arg-type]


def test_versions_of_different_crises_are_refused(folder: Path) -> None:
    with pytest.raises(ForecastError, match="the two versions ask other questions"):
        review(load(folder), load("cuba_1962"))


class TestCommand:
    def test_as_a_table(self, folder: Path) -> None:
        result = CliRunner().invoke(app, ["review", str(folder), "--seed", "1", "--trajectories", "800"])
        assert result.exit_code == 0
        assert "2 of 4 numbers differ" in result.stdout
        assert RATE in result.stdout

    def test_as_json_and_files(self, folder: Path, tmp_path: Path) -> None:
        out = tmp_path / "found"
        arguments = [
            "review",
            str(folder),
            "--seed",
            "1",
            "--trajectories",
            "800",
            "--json",
            "--out",
            str(out),
        ]
        result = CliRunner().invoke(app, arguments)
        data = json.loads(result.stdout)
        assert data["apart"] == ["Q1"]
        assert data["numbers"][0]["number"] == RATE
        assert data["numbers"][0]["error"] > 0.0
        assert data["entries"][0]["entry"] == "actions.strike"
        assert sorted(path.name for path in out.iterdir()) == ["study.json", "study.parquet"]

    def test_without_a_second_version(self) -> None:
        result = CliRunner().invoke(app, ["review", "cuba_1962"])
        assert result.exit_code == 1
        assert "A second parameterisation stands in review.yaml beside crisis.yaml" in " ".join(
            result.stderr.split()
        )
