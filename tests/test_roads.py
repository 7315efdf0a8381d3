"""Roads of a link: cut in both crises, and its number alone."""

import pytest

from detente.analysis.links import Link, total_effects
from detente.analysis.roads import alone, cut, number_of
from detente.crisisfile import loads
from detente.engine import simulate
from detente.errors import ModelError

TEXT = """\
crisis: roads
title: Roads
as_of: 2024-11-30
horizon: 60 d
source: judgement
because: test
stocks:
  fear: {start: 20, lower: 0, upper: 100}
  stores: {start: 10}
actions:
  strike:
    rate: 0.01 per day
    factors:
      - {each: 10 points of fear, times: ×1.5, from: 20, at_most: 10}
      - {while: happened(talk), times: ×0.2}
  talk:
    rate: 0.01 per day
    factors: [{each: 10 points of fear, times: ×5, from: 20, at_most: 100}]
    effects: [{stock: stores, add: 5}]
questions:
  Q: {text: Will it?, yes_if: first strike, closes: 2025-01-15}
"""
CRISIS = loads(TEXT)
WHERE = "actions.strike.factors.0"
FEAR = Link("L", "M1", "fear", "stock fear +20", "clock strike", "+", "", WHERE, (("Q", "+"),), (), "", 2)


def effect(*roads):
    """Of more fear on a strike, in points, with some roads cut."""
    found, _ = total_effects(cut(CRISIS, roads), [FEAR], trajectories=4000, seed=1)
    return 100 * found[0].difference


@pytest.mark.parametrize("road", ["talk", "actions.strike.factors.1.times", "actions.talk.factors.0.times"])
def test_a_road_cut_gives_the_effect_without_it(road):
    """Fear makes strikes likelier, and talks, which hold them back: 20 points more where talks are out of it."""
    assert effect(road) > effect() + 5.0


def test_all_roads_cut_leave_nothing():
    assert effect("talk", f"{WHERE}.times") == 0.0


def test_no_road_leaves_the_crisis_as_it_is():
    assert cut(CRISIS, ()) is CRISIS


def test_an_amount_is_cut_by_zero():
    runs = [
        simulate(each, trajectories=200, seed=1, final=("stores",)).final["stores"]
        for each in (CRISIS, cut(CRISIS, ["actions.talk.effects.0.add"]))
    ]
    assert (runs[0] > 10.0).any()
    assert (runs[1] == 10.0).all()


@pytest.mark.parametrize("road", ["moon", "actions.strike.rate", "actions.moon.factors.0.times"])
def test_what_cannot_be_cut_is_told(road):
    with pytest.raises(ModelError, match=f"no happening '{road}', and no number of that path"):
        cut(CRISIS, [road])


def test_the_number_alone_is_the_crisis_less_that_without_it():
    """As fear stands at 20, where its factor begins, its number does nothing; at 40 it brings strikes."""
    assert number_of(FEAR, CRISIS) == f"{WHERE}.times"
    assert alone(CRISIS, FEAR, trajectories=400)["Q"].same
    afraid = loads(TEXT.replace("start: 20", "start: 40"))
    assert alone(afraid, FEAR, trajectories=4000)["Q"].difference > 0.05


def test_a_link_without_a_single_number_has_none_alone():
    assert alone(CRISIS, Link(**{**vars(FEAR), "where": "actions.strike.rate"})) == {}
