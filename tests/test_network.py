"""Dyads: who acts on whom, counted in the record and in the futures."""

import pytest

from detente import load
from detente.forecasting.network import dyads_of, recorded_counts
from detente.model import Coding, Crisis, Moment, Raised, Recorded


@pytest.fixture
def crisis():
    raised = Raised()
    moments = {
        "talk": Moment("talk", raised, coding=Coding(("A",), ("B", "C"), "040")),
        "strike": Moment("strike", raised, coding=Coding(("A",), ("B",), "195")),
        "shell": Moment("shell", raised, coding=Coding(("A",), ("B",), "194")),
        "both": Moment("both", raised, coding=Coding(("A", "B"), ("A", "B"), "057")),
        "uncoded": Moment("uncoded", raised, coding=Coding(("A",), ("B",))),
    }
    record = (
        Recorded(-3.0, "strike"),
        Recorded(-2.0, "strike", held=0.4),
        Recorded(-1.0, "talk", held=0.6),
    )
    return Crisis("small", "", load("cuba_1962").as_of, 30.0, moments=moments, record=record)


def counts(found):
    return {(each.actor, each.recipient, each.conflict): each.count for each in found}


def test_an_action_counts_for_each_of_its_dyads(crisis):
    found = counts(dyads_of(crisis, {"talk": 2.0}))
    assert found["A", "B", False] == 2.0
    assert found["A", "C", False] == 2.0


def test_actions_of_one_kind_are_summed_and_named(crisis):
    (conflict,) = (each for each in dyads_of(crisis, {"strike": 1.5, "shell": 0.25}) if each.conflict)
    assert conflict.count == 1.75
    assert conflict.actions == ("strike", "shell")


def test_nobody_acts_on_himself(crisis):
    found = counts(dyads_of(crisis, {"both": 1.0}))
    assert found["A", "B", False] == found["B", "A", False] == 1.0
    assert not any(actor == recipient for actor, recipient, _ in found)


def test_an_action_without_a_code_has_no_dyad(crisis):
    assert not any("uncoded" in each.actions for each in dyads_of(crisis, {"uncoded": 9.0}))


def test_the_record_counts_what_is_replayed(crisis):
    assert recorded_counts(crisis) == {"strike": 1.0, "talk": 1.0}
