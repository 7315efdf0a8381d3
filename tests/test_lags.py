"""Lags, simulated and recorded, against plain double loops."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente import load, simulate
from detente.analysis.lags import Lags, lags_between, recorded_lags
from detente.engine import Ensemble
from detente.errors import ForecastError
from detente.model import Crisis, Recorded

ACTIONS = ("israel_strikes_iran", "iran_strikes_israel", "israel_crosses_line", "us_deploys", "rebuff")


@cache
def iran() -> Ensemble:
    return simulate(load("iran_2024"), trajectories=160, seed=2, log=True)


def plainly(
    ensemble: Ensemble, begins: set[str], follows: set[str], within: float
) -> tuple[list[float], int]:
    """For each beginning look through what comes later in the same future."""
    log = ensemble.log
    assert log is not None
    rows = [
        (int(i), float(t), log.names[k])
        for i, t, k in zip(log.trajectory, log.time, log.happening, strict=True)
    ]
    kept = [row for row in rows if row[2] in begins | follows]
    waits, begun = [], 0
    for k, (future, time, name) in enumerate(kept):
        if name not in begins or time > ensemble.settings.horizon - within:
            continue
        begun += 1
        after = [row for row in kept[k + 1 :] if row[0] == future]
        if after and after[0][2] in follows and after[0][1] - time <= within:
            waits.append(after[0][1] - time)
    return sorted(waits), begun


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.permutations(ACTIONS), st.integers(1, 4), st.sampled_from([5.0, 30.0, 90.0]))
def test_as_a_double_loop_finds_them(names: list[str], parted: int, within: float) -> None:
    begins, follows = set(names[:parted]), set(names[parted:])
    found = lags_between(iran(), begins, follows, within=within)
    waits, begun = plainly(iran(), begins, follows, within)
    assert found.begun == begun
    np.testing.assert_array_equal(found.waits, waits)


def test_figures() -> None:
    found = Lags(np.array([1.0, 2.0, 2.0, 7.0]), 8, 30.0)
    assert found.followed == 0.5
    assert found.place(2.0) == 0.5
    assert found.place(0.0) == 0.0
    assert found.place(9.0) == 1.0
    assert found.quantiles((0.0, 0.5, 1.0)).tolist() == [1.0, 2.0, 7.0]


def test_nothing_begun_is_not_a_number() -> None:
    nothing = Lags(np.zeros(0), 0, 30.0)
    assert np.isnan(nothing.followed)
    assert np.isnan(nothing.place(3.0))
    assert np.isnan(nothing.quantiles((0.1, 0.9))).all()


@pytest.mark.parametrize(
    ("begins", "follows", "within", "words"),
    [
        (["a_strike"], ["us_deploys"], 9.0, "there is no happening 'a_strike' in the crisis 'iran_2024'"),
        (["us_deploys"], ["us_deploys"], 9.0, "'us_deploys' cannot both begin and follow"),
        (["rebuff"], ["us_deploys"], 0.0, "within must lie between 0 and the horizon of 396 days, but is 0"),
        (["rebuff"], ["us_deploys"], 396.0, "but is 396"),
    ],
)
def test_refused(begins: list[str], follows: list[str], within: float, words: str) -> None:
    with pytest.raises(ForecastError, match=words):
        lags_between(iran(), begins, follows, within=within)


def test_an_event_log_is_needed() -> None:
    without = simulate(load("cuba_1962"), trajectories=8, seed=1)
    with pytest.raises(ForecastError, match="Simulate it with log=True"):
        lags_between(without, ["us_ultimatum"], ["soviet_offer"], within=3.0)


A, B, OTHER = "israel_strikes_iran", "iran_strikes_israel", "us_deploys"


def with_record(*rows: tuple[float, str]) -> Crisis:
    return replace(iran().crisis, record=tuple(Recorded(time, moment) for time, moment in sorted(rows)))


@pytest.mark.parametrize(
    ("rows", "waits", "begun"),
    [
        ([(-50.0, A), (-44.0, B)], [6.0], 1),
        ([(-50.0, A), (-19.0, B)], [], 1),  # too late
        ([(-50.0, A), (-48.0, A), (-47.0, B)], [1.0], 2),  # overtaken
        ([(-10.0, A)], [], 0),  # still waits
        ([(-10.0, A), (-8.0, B)], [2.0], 1),
        ([(-10.0, A), (-8.0, A)], [], 1),  # the first is overtaken, the second still waits
        ([(-30.0, A)], [], 1),  # its days are just over
        ([(-50.0, A), (-49.0, OTHER), (-44.0, B)], [6.0], 1),
        ([(-50.0, B), (-44.0, B)], [], 0),
        ([], [], 0),
    ],
)
def test_recorded(rows: list[tuple[float, str]], waits: list[float], begun: int) -> None:
    found = recorded_lags(with_record(*rows), [A], [B], within=30.0)
    assert found.waits.tolist() == waits
    assert found.begun == begun


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(1, 420), st.sampled_from([A, B, OTHER])),
        max_size=12,
        unique_by=lambda row: row[0],
    ),
    st.sampled_from([5.0, 30.0, 90.0]),
)
def test_recorded_as_a_loop_finds_them(rows: list[tuple[int, str]], within: float) -> None:
    crisis = with_record(*((-float(day), name) for day, name in rows))
    kept = [(each.time, each.moment) for each in crisis.record if each.moment in (A, B)]
    waits, begun = [], 0
    for k, (time, name) in enumerate(kept):
        later = [row for row in kept[k + 1 :] if row[0] - time <= within]
        if name != A or (not later and -time < within):
            continue
        begun += 1
        if later and later[0][1] == B:
            waits.append(later[0][0] - time)
    found = recorded_lags(crisis, [A], [B], within=within)
    assert (found.waits.tolist(), found.begun) == (sorted(waits), begun)


def test_the_recorded_replies_of_iran_and_israel() -> None:
    """12 and 62 days, 6 and 25; the strikes of 26 October still wait."""
    crisis = iran().crisis
    found = recorded_lags(crisis, [A, "israel_crosses_line"], [B], within=90.0)
    assert (found.waits.tolist(), found.begun) == ([12.0, 62.0], 3)
    found = recorded_lags(crisis, [B], [A], within=90.0)
    assert (found.waits.tolist(), found.begun) == ([6.0, 25.0], 2)


def test_an_outcome_may_begin_in_the_record() -> None:
    covert = recorded_lags(iran().crisis, [f"{A}.covert"], [B], within=90.0)
    assert (covert.waits.tolist(), covert.begun) == ([], 1)


@pytest.mark.parametrize(
    ("begins", "within", "words"),
    [
        ("a_strike", 9.0, "there is no happening 'a_strike' in the crisis 'iran_2024'"),
        (B, 9.0, f"'{B}' cannot both begin and follow"),
        (A, 500.0, "within must lie between 0 and the length of the record, 42[0-9] days, but is 500"),
    ],
)
def test_recorded_refused(begins: str, within: float, words: str) -> None:
    with pytest.raises(ForecastError, match=words):
        recorded_lags(iran().crisis, [begins], [B], within=within)
