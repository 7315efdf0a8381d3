"""Causes and conditions: what is set in the two crises that are compared, and when."""

import numpy as np
import pytest

from detente.analysis.causes import MINUTE, setting_of
from detente.crisisfile import loads
from detente.engine import simulate
from detente.engine.watching import main_watch

CRISIS = """\
crisis: causes
title: Causes
as_of: 2024-11-30
horizon: 60 d
source: judgement
because: test
calendar: {date: 2025-01-20}
stocks:
  fear: {start: 20, lower: 0, upper: 100}
  seen: {start: 0}
memories:
  anger: {half_life: 10 d, start: 1, counts: [strike.hard]}
stages:
  mood: {values: [calm, hot], start: calm}
actions:
  strike:
    rate: 0.05 per day
    only_while: mood == hot
    outcomes:
      hard: {share: 20 %, effects: [{stock: fear, set: 90}]}
      soft: {effects: [{stock: fear, set: 10}]}
  hint:
    rate: 0.2 per day
triggers:
  near: {when: until(date) < 30, effects: [{stock: seen, add: 1}]}
  long_ago: {when: since(hint) > 20 and happened(hint), effects: [{stock: seen, add: 100}]}
questions:
  Q: {text: Will it?, yes_if: first strike, closes: 2025-01-15}
"""


def ends(cause, condition="", *, final, paths=(), days=None):
    """Values at the end without the cause, and with it, in 80 futures."""
    crisis = loads(CRISIS)
    setting = setting_of(cause, condition, crisis)
    horizon = crisis.horizon if days is None else days
    made = (setting.without(crisis), setting.within(crisis))
    return tuple(
        simulate(each, trajectories=80, seed=1, horizon=horizon, final=(final,)).final[final] for each in made
    )


@pytest.mark.parametrize(
    ("cause", "change"), [("stock fear +10", 10.0), ("stock fear ×1.3", 6.0), ("stock fear -5", -5.0)]
)
def test_a_stock_is_changed(cause, change):
    before, after = ends(cause, final="fear")
    assert (after - before) == pytest.approx(change)


def test_a_memory_is_raised():
    before, after = ends("memory anger +3", final="anger", days=1.0)
    assert (after - before) == pytest.approx(3.0 * 0.5 ** ((1.0 - 2 * MINUTE) / 10.0), rel=1e-6)


def test_a_stage_that_has_the_value_already_has_another_without_the_cause():
    before, after = ends("stage mood calm", final="mood")
    assert (before == 1.0).all()
    assert (after == 0.0).all()
    before, after = ends("stage mood hot", final="mood")
    assert (before == 0.0).all()
    assert (after == 1.0).all()


@pytest.mark.parametrize(("outcome", "fear"), [("hard", 90.0), ("soft", 10.0)])
def test_an_outcome_happens_past_the_guard_of_its_action(outcome, fear):
    before, after = ends(f"happening strike.{outcome}", final="fear")
    assert (before == 20.0).all()
    assert (after == fear).all()


def test_one_happening_against_another():
    before, after = ends("compare strike.hard strike.soft", final="fear")
    assert (before == 10.0).all()
    assert (after == 90.0).all()


def test_a_date_comes_nearer_for_what_counts_to_it():
    """The date is 50 days ahead; brought 40 days nearer, it is near at once."""
    before, after = ends("time +40 date", final="seen", days=5.0)
    assert (before == 0.0).all()
    assert (after == 1.0).all()


def test_a_happening_is_longer_ago():
    before, after = ends("time +30 hint", "since(hint) < 1", final="seen", days=0.5)
    assert (before == 0.0).all()
    assert (after == 100.0).all()


@pytest.mark.parametrize(
    ("condition", "name", "value"),
    [
        ("mood == hot", "mood", 1.0),
        ("fear > 60", "fear", 73.0),
        ("fear < 10", "fear", 8.0),
        ("fear > 10", "fear", 20.0),
    ],
)
def test_a_condition_is_made_true_in_both_where_it_is_not(condition, name, value):
    before, after = ends("memory anger +1", condition, final=name, days=0.01)
    assert (before == value).all()
    assert (after == value).all()


def test_a_memory_is_brought_beyond_a_bound():
    before, _ = ends("stock fear +1", "anger < 0.5", final="anger", days=1.0)
    assert before == pytest.approx(0.4 * 0.5 ** (1.0 / 10.0), rel=1e-3)


def test_what_cannot_be_set_is_waited_for():
    """Fear rises once, at the first look after the first hint; looks are two minutes past midnight."""
    crisis = loads(CRISIS)
    setting = setting_of("stock fear +10", "count(hint) > 0", crisis)
    run = simulate(setting.within(crisis), trajectories=200, seed=1, paths=("fear",), firsts=("hint",))
    assert run.paths is not None
    hint = run.registers[main_watch("hint", crisis)]
    risen = hint <= run.paths.times[:, None] - 1.0 + 2 * MINUTE
    assert 0.5 < risen.mean() < 0.99
    np.testing.assert_array_equal(run.paths.values["fear"], np.where(risen, 30.0, 20.0))
    never = setting_of("stock fear +10", "since(hint) < 1 and count(hint) > 999", crisis)
    assert (
        simulate(never.within(crisis), trajectories=8, seed=1, final=("fear",)).final["fear"] == 20.0
    ).all()


def test_the_crisis_without_the_cause_is_shared_where_it_is_the_same():
    crisis = loads(CRISIS)
    one, other = (setting_of(f"stock fear +{n}", "since(hint) > 10", crisis) for n in (5, 10))
    assert one.baseline == other.baseline
    assert one.baseline.within(crisis) == one.without(crisis) == crisis
    against = setting_of("stage mood calm", "", crisis)
    assert against.baseline != one.baseline


def test_a_dated_happening_ahead_is_waited_for_with_all_that_it_brings():
    crisis = loads(
        CRISIS + "occasions:\n  day: {dates: [2024-12-10], effects: [{stage: mood, becomes: hot}]}\n"
    )
    setting = setting_of("stock fear +10", "mood == hot and since(day) < 5", crisis)
    assert setting.given == ()
    assert str(setting.waits) == "((mood == hot) and (since(day) < 5))"
    found = {
        days: simulate(
            setting.within(crisis), trajectories=8, seed=1, horizon=days, final=("mood", "fear")
        ).final
        for days in (5.0, 11.0)
    }
    assert (found[5.0]["mood"] == 0.0).all()
    assert (found[5.0]["fear"] == 20.0).all()
    assert (found[11.0]["mood"] == 1.0).all()
