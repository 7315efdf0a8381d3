"""A past that is carried over is the past that a replay makes: no change of a scenario reaches back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from detente import load, simulate
from detente.engine.carrying import fits
from detente.engine.compiling import compile_crisis
from detente.engine.simulating import simulate_again
from detente.errors import ModelError
from detente.scenario import Change, Scenario, apply

CHANGES = {
    "forbid": Change("forbid", "israel_strikes_iran", until="2025-03-01"),
    "force": Change("force", "israel_strikes_iran", at="2025-02-01"),
    "hold": Change("hold", "lebanon_truce", until="2025-06-01"),
    "end": Change("end", "lebanon_truce", at="2025-01-05"),
    "stock": Change("stock", "rial", "times", 1.05),
    "stage": Change("stage", "cap_offer", "becomes", "accepted", at="2025-03-01"),
    "office": Change("office", "IRN.leader", "becomes", "successor", at="2025-03-01"),
    "rate": Change("rate", "israel_strikes_iran", "times", 2),
    "base rate": Change("rate", "iran_strikes_israel", "set", "0.01 per day"),
    "number": Change("number", "stocks.rial.flow", "times", 3),
    "number of a factor": Change("number", "actions.israel_strikes_iran.factors.0.times", "set", 1.5),
    "remove": Change("remove", "IRN.hardline"),
    "move": Change("move", "board_march_september", at="2025-03-05", to="2025-03-19"),
}
RUN = {"trajectories": 80, "seed": 5, "horizon": 120.0, "threads": 2}


@pytest.fixture(scope="module")
def iran():
    return dataclasses.replace(load("iran_2024"), horizon=120.0, questions={})


@pytest.fixture(scope="module")
def baseline(iran):
    return simulate(iran, past=True, **RUN)


@pytest.mark.parametrize("name", CHANGES)
def test_what_follows_equals_a_whole_run(iran, baseline, name):
    changed = apply(Scenario("s", changes=(CHANGES[name],)), iran)
    assert fits(baseline.past, compile_crisis(changed))
    whole, again = simulate(changed, log=True, **RUN), simulate_again(changed, baseline, log=True)
    for watch, values in whole.registers.items():
        np.testing.assert_array_equal(again.registers[watch], values)
    assert again.counts == whole.counts
    for column in ("trajectory", "time", "happening", "cause"):
        np.testing.assert_array_equal(getattr(again.log, column), getattr(whole.log, column))
    for parameter, values in whole.parameters.items():
        np.testing.assert_array_equal(again.parameters[parameter], values)


def test_a_change_of_the_past_itself_is_replayed(iran, baseline):
    stock = dataclasses.replace(iran.stocks["rial"], lower=800_000.0)
    spread = iran.parameters["stocks.rial.flow"].distribution
    known = dataclasses.replace(spread, numbers=(spread.numbers[0], 2.0))
    other = dataclasses.replace(iran.parameters["stocks.rial.flow"], distribution=known)
    for changed in (
        dataclasses.replace(iran, record=iran.record[:-1]),
        dataclasses.replace(iran, parameters={**iran.parameters, "stocks.rial.flow": other}),
    ):
        assert not fits(baseline.past, compile_crisis(changed))
        whole, again = simulate(changed, **RUN), simulate_again(changed, baseline)
        assert again.counts == whole.counts
    # a rule of the past that no parameter tells is the caller's to answer for
    assert fits(
        baseline.past, compile_crisis(dataclasses.replace(iran, stocks={**iran.stocks, "rial": stock}))
    )


def test_without_a_past_that_was_kept_the_record_is_replayed(iran):
    changed = apply(Scenario("s", changes=(CHANGES["rate"],)), iran)
    plain = simulate(iran, **RUN)
    assert plain.past is None
    assert simulate_again(changed, plain).counts == simulate(changed, **RUN).counts


def test_a_fitted_baseline_is_refused(iran):
    fitted = simulate(iran, posterior={"stocks.rial.flow": np.full(4, 0.0005)}, **RUN)
    with pytest.raises(ModelError, match="complete baseline"):
        simulate_again(iran, fitted)
