"""Swings: one number from end to end, against closed forms."""

from __future__ import annotations

import math

import pytest

from detente import load
from detente.analysis import swings
from detente.analysis.swings import Swing, swings_of
from detente.crisisfile import loads
from detente.errors import ForecastError

CRISIS = loads(
    """
crisis: swings
title: One number at a time
as_of: 2024-11-30
horizon: 40 d
actors: {A: {title: A}}
parameters:
  idle: {value: 1, spread: ×2, source: judgement, because: read by nobody}
actions:
  strike:
    title: A strike
    actor: A
    rate: {value: 0.02 per day, spread: ×3, source: judgement, because: a test}
    factors:
      - {while: weather == storm, times: ×0.25 ±×2, source: judgement, because: a test}
  sanction:
    title: A sanction
    actor: A
    rate: {value: 0.01 per day, source: judgement, because: a test}
stages:
  weather: {title: Weather, values: [calm, storm], source: judgement, because: a test}
questions:
  Q1: {text: A strike within 30 days?, yes_if: first strike, closes: 2024-12-30}
  Q2: {text: A sanction within 30 days?, yes_if: first sanction, closes: 2024-12-30}
"""
)
RATE = "actions.strike.rate"


def test_both_ends_are_those_of_the_closed_form() -> None:
    """1 − exp(−30 λ) at λ = 0.02/3 and 0.02·3; 4 standard errors fail one right answer in 16,000."""
    (found,) = swings_of(CRISIS, [RATE], ["Q1"], trajectories=20_000, seed=1)
    for seen, rate in ((found.low, 0.02 / 3), (found.high, 0.06)):
        expected = 1.0 - math.exp(-30.0 * rate)
        assert abs(seen - expected) < 4.0 * math.sqrt(expected * (1.0 - expected) / 20_000)
    assert found.crosses
    assert found.difference == found.high - found.low


def test_what_reads_no_number_does_not_move() -> None:
    rate, idle = swings_of(CRISIS, [RATE, "idle"], ["Q2"], trajectories=800, seed=1)
    assert rate.low == rate.high
    assert idle.low == idle.high
    assert rate.error == 3 / 100  # nothing flipped: below 3 in the number of draws


def test_every_number_with_every_question_in_order() -> None:
    told: list[tuple[int, int]] = []
    found = swings_of(
        CRISIS, ["idle", RATE], trajectories=80, seed=1, progress=lambda done, of: told.append((done, of))
    )
    assert [(each.number, each.question) for each in found] == [
        ("idle", "Q1"),
        ("idle", "Q2"),
        (RATE, "Q1"),
        (RATE, "Q2"),
    ]
    assert told == [(1, 2), (2, 2)]


def test_a_swing_that_ends_at_one_half_crosses() -> None:
    assert Swing("a", "Q", 0.499, 0.5, 0.0).crosses
    assert not Swing("a", "Q", 0.5, 0.9, 0.0).crosses


@pytest.mark.parametrize(
    ("numbers", "questions", "words"),
    [
        (["actions.strike.rote"], None, "'actions.strike.rote' is not a number of the crisis 'swings'"),
        (["actions.sanction.rate"], None, "'actions.sanction.rate' has no spread"),
        ([RATE], ["Q9"], "there is no question 'Q9'"),
    ],
)
def test_refused(numbers: list[str], questions: list[str] | None, words: str) -> None:
    with pytest.raises(ForecastError, match=words):
        swings_of(CRISIS, numbers, questions)


def test_ctrl_c_before_anything_was_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    whole = swings.simulate(load("cuba_1962"), trajectories=80, seed=1)
    monkeypatch.setattr(swings, "simulate", lambda *_, **__: replace(whole, finished=0))
    with pytest.raises(KeyboardInterrupt):
        swings_of(CRISIS, [RATE], ["Q1"])
