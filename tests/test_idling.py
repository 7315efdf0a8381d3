"""What a scenario cannot touch is not simulated again, and comes out the same to the last bit."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente import load, simulate
from detente.analysis.comparing import compare, felt_futures
from detente.engine import Ensemble
from detente.engine.simulating import simulate_again
from detente.engine.watching import main_watch
from detente.errors import ModelError
from detente.model import Crisis
from detente.scenario import Change, Scenario, apply
from detente.scenario.commitments import commitments
from detente.scenario.idling import only_forbids

SEED, TRAJECTORIES = 5, 160
WINDOWS = (("", ""), ("", "2025-02-10"), ("2025-01-20", ""), ("2025-01-20", "2025-04-03"), ("", "2024-12-04"))


@cache
def iran() -> Crisis:
    return load("iran_2024")


@cache
def baseline() -> Ensemble:
    """One for all scenarios: the first time of every moment is kept."""
    return simulate(iran(), trajectories=TRAJECTORIES, seed=SEED, firsts=tuple(sorted(iran().moments)))


@st.composite
def forbidding(draw: st.DrawFn) -> Scenario:
    """A scenario of one or two things that are forbidden or held, for ever or for a time."""

    def one() -> Change:
        since, until = draw(st.sampled_from(WINDOWS))
        if draw(st.integers(0, 3)) == 0:
            return Change("hold", draw(st.sampled_from(commitments(iran()))), since=since, until=until)
        return Change("forbid", draw(st.sampled_from(sorted(iran().happenings()))), since=since, until=until)

    return Scenario("tried", changes=tuple(one() for _ in range(draw(st.integers(1, 2)))))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(forbidding())
def test_what_is_taken_over_is_what_a_whole_run_gives(scenario: Scenario) -> None:
    """Exact: no false alarms."""
    forbidden = only_forbids(scenario, iran())
    assert forbidden is not None
    changed = apply(scenario, iran())
    felt = felt_futures(baseline(), forbidden)
    whole = simulate(changed, trajectories=TRAJECTORIES, seed=SEED)
    part = simulate_again(changed, baseline(), felt)
    assert part.finished == whole.finished
    assert part.parameters.keys() == whole.parameters.keys()
    assert (part.runaway == whole.runaway).all()
    for watch, values in whole.registers.items():
        np.testing.assert_array_equal(part.registers[watch], values, str(watch))


def test_a_future_is_felt_only_where_what_is_forbidden_happens_in_time() -> None:
    name = "russia_treaty"
    first = baseline().registers[main_watch(name, iran())]
    forbidden = only_forbids(Scenario("late", changes=(Change("forbid", name, until="2025-01-10"),)), iran())
    assert forbidden == {name: 40.0}
    felt = felt_futures(baseline(), forbidden)
    epoch = baseline().settings.epoch
    assert felt[first <= 40.0].all()
    assert not felt[first > 40.0 + epoch].any()
    assert 0 < felt.sum() < len(felt)


def test_an_outcome_counts_as_its_moment() -> None:
    """Where one outcome is forbidden, another takes its place."""
    moment = next(each for each in iran().moments.values() if len(each.outcomes) > 1)
    outcome = f"{moment.name}.{moment.outcomes[0].name}"
    assert only_forbids(Scenario("a", changes=(Change("forbid", outcome),)), iran()) == {moment.name: np.inf}


@pytest.mark.parametrize(
    "change",
    [
        Change("rate", "israel_strikes_iran", "times", 2),
        Change("stock", "rial", "to", 900_000),
        Change("force", "israel_strikes_iran", at="2025-02-01"),
        Change("end", "lebanon_truce"),
    ],
)
def test_other_changes_can_be_felt_everywhere(change: Change) -> None:
    both = Scenario("both", changes=(Change("forbid", "russia_treaty"), change))
    assert only_forbids(both, iran()) is None


def test_a_comparison_is_the_same_with_whole_runs() -> None:
    """With event logs everything is simulated again."""
    calm = Scenario("calm", changes=(Change("forbid", "israel_strikes_iran", until="2025-03-01"),))
    quick, whole = (
        compare(iran(), calm, trajectories=TRAJECTORIES, seed=SEED, events=events)["calm"]
        for events in (False, True)
    )
    assert quick.differences == whole.differences


def test_nothing_is_taken_over_from_a_baseline_that_does_not_fit() -> None:
    cuba = load("cuba_1962")
    ensemble = simulate(cuba, trajectories=80, seed=1)
    nothing = np.zeros(80, np.bool_)
    with pytest.raises(ModelError, match="complete baseline with the same questions"):
        simulate_again(iran(), ensemble, nothing)
    fitted = simulate(cuba, trajectories=80, seed=1, posterior={"actions.us_strikes_cuba.rate": np.ones(3)})
    with pytest.raises(ModelError, match="complete baseline"):
        simulate_again(cuba, fitted, nothing)


def test_counts_are_not_told_where_they_are_not_known() -> None:
    cuba = load("cuba_1962")
    ensemble = simulate(cuba, trajectories=80, seed=1)
    assert simulate_again(cuba, ensemble, np.arange(80) < 8).counts == {}
    assert simulate_again(cuba, ensemble, np.ones(80, np.bool_)).counts == ensemble.counts
