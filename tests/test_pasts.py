"""Stocks along the record: the same draws, the same end as the beginning of the futures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from detente import load, simulate
from detente.engine.pasts import replayed_paths
from detente.errors import ModelError
from detente.model import Crisis

NAMES = ("rial", "heu60", "exports", "hezbollah", "IRN.stance")


@cache
def iran() -> Crisis:
    return load("iran_2024")


def test_the_past_ends_where_the_futures_begin() -> None:
    """Exact, stocks with noise and those measured late among them."""
    past = replayed_paths(iran(), NAMES, seed=3, n_draws=40)
    future = simulate(iran(), seed=3, trajectories=40, replicates=1, paths=NAMES, horizon=2.0)
    assert future.paths is not None
    assert past.times[-1] == 0.0
    assert past.times[0] == iran().record_from
    for name in NAMES:
        np.testing.assert_array_equal(past.values[name][-1], future.paths.values[name][0], name)


def test_every_so_many_days_counted_from_the_end() -> None:
    daily = replayed_paths(iran(), NAMES, seed=3, n_draws=5)
    weekly = replayed_paths(iran(), NAMES, seed=3, n_draws=5, every=7.0)
    assert set(np.diff(weekly.times)) == {7.0}
    assert weekly.times[-1] == 0.0
    chosen = np.isin(daily.times, weekly.times)
    for name in NAMES:
        np.testing.assert_array_equal(weekly.values[name], daily.values[name][chosen], name)


def test_threads_change_nothing() -> None:
    one, two = (replayed_paths(iran(), NAMES, seed=3, n_draws=100, threads=n) for n in (1, 2))
    for name in NAMES:
        np.testing.assert_array_equal(one.values[name], two.values[name])


def test_nothing_is_claimed_before_a_start_value_was_measured() -> None:
    starts = iran().stocks["heu60"].starts
    assert starts is not None
    past = replayed_paths(iran(), ("heu60", "hezbollah"), seed=3, n_draws=5)
    before = past.times < starts
    assert before.any()
    assert np.isnan(past.values["heu60"][before]).all()
    assert np.isfinite(past.values["heu60"][~before]).all()
    assert np.isfinite(past.values["hezbollah"]).all()


def test_a_recorded_blow_is_seen_on_its_day() -> None:
    """The leader of Hezbollah was killed on 27 September 2024, 64 days before the as-of date ends."""
    past = replayed_paths(iran(), ("hezbollah",), seed=3, n_draws=200)
    middle = np.median(past.values["hezbollah"], axis=1)
    falls = np.diff(middle)
    window = (past.times[1:] > -66.0) & (past.times[1:] < -62.0)
    assert falls[window].min() < -5.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"names": ("rail",)}, "'rail' is not a stock, stage or memory"),
        ({"every": 0.3}, "every must be a whole number of ticks, but is 0.3 days"),
        ({"n_draws": 0}, "n_draws must be 1 or more, but is 0"),
    ],
)
def test_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        replayed_paths(iran(), **({"names": ("rial",)} | arguments))  # type: ignore[arg-type]


def test_a_crisis_without_a_record_has_no_past() -> None:
    with pytest.raises(ModelError, match="has no record to replay: set record_from"):
        replayed_paths(replace(iran(), record_from=0.0), ("rial",))
