"""Relational event models: likelihoods written out, statistics of the past only, faults explained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detente.errors import TableError
from detente.ledger.newton import ConvergenceError
from detente.ledger.relational import EventSequence, fit_receivers, fit_senders, fit_ties

N = 4


def sequence(m: int = 60, seed: int = 2) -> EventSequence:
    rng = np.random.default_rng(seed)
    sender = rng.integers(0, N, m)
    receiver = (sender + rng.integers(1, N, m)) % N
    return EventSequence.of(np.cumsum(rng.exponential(1.0, m)), sender, receiver, N)


def past(events: EventSequence, m: int) -> np.ndarray:
    counts = np.zeros((N, N))
    np.add.at(counts, (events.sender[:m], events.receiver[:m]), 1)
    return counts


def test_tie_likelihood_written_out() -> None:
    events = sequence()
    fit = fit_ties(events, ["inertia", "indegree_receiver"])
    b = fit.coefficients
    total = 0.0
    for m in range(1, 60):
        seen = past(events, m)
        rate = np.exp(b[0] + b[1] * seen + b[2] * seen.sum(axis=0)[None, :])
        rate[np.arange(N), np.arange(N)] = 0
        total += np.log(rate[events.sender[m], events.receiver[m]])
        total -= (events.time[m] - events.time[m - 1]) * rate.sum()
    assert fit.log_likelihood == pytest.approx(total, rel=1e-10)
    assert fit.names == ("baseline", "inertia", "indegree_receiver")
    null = 59 * np.log(59 / (12 * (events.time[-1] - events.time[0]))) - 59
    assert fit.null_log_likelihood == pytest.approx(null)
    assert fit.deviance <= fit.null_deviance


def test_choice_likelihoods_written_out() -> None:
    events = sequence()
    senders = fit_senders(events, ["outdegree"], weighted=True)
    receivers = fit_receivers(events, ["reciprocity", "transitivity"])
    total, chosen = 0.0, 0.0
    for m in range(60):
        seen = past(events, m)
        i, j = events.sender[m], events.receiver[m]
        weight = np.exp(senders.coefficients[0] * seen.sum(axis=1))
        total += np.log(weight[i] / weight.sum())
        tie = (seen > 0).astype(float)
        score = np.exp(receivers.coefficients @ np.stack([tie[:, i], (tie @ tie)[i]]))
        score[i] = 0
        chosen += np.log(score[j] / score.sum())
    assert senders.log_likelihood == pytest.approx(total, rel=1e-10)
    assert receivers.log_likelihood == pytest.approx(chosen, rel=1e-10)
    assert senders.null_log_likelihood == pytest.approx(-60 * np.log(4))
    assert receivers.null_log_likelihood == pytest.approx(-60 * np.log(3))


def test_the_maximum_is_one() -> None:
    events = sequence()
    for fit in (
        fit_ties(events, ["inertia"]),
        fit_senders(events, ["indegree"]),
        fit_receivers(events, ["inertia"]),
    ):
        assert fit.log_likelihood >= fit.null_log_likelihood
        assert np.all(fit.errors > 0)


def test_order_of_the_actors_does_not_matter() -> None:
    events = sequence()
    turn = np.array([3, 1, 0, 2])
    other = EventSequence.of(events.time, turn[events.sender], turn[events.receiver], N)
    for fit in (fit_ties, fit_receivers):
        one, same = (fit(x, ["inertia", "transitivity"]) for x in (events, other))
        np.testing.assert_allclose(same.coefficients, one.coefficients, rtol=1e-8)


def test_unit_of_time_moves_the_baseline_alone() -> None:
    events = sequence()
    hours = EventSequence.of(events.time * 24, events.sender, events.receiver, N)
    days, same = fit_ties(events, ["inertia"]), fit_ties(hours, ["inertia"])
    assert same.coefficients[0] == pytest.approx(days.coefficients[0] - np.log(24))
    assert same.coefficients[1] == pytest.approx(days.coefficients[1])


def test_the_last_event_is_not_in_its_own_past() -> None:
    """Where the last event goes changes no statistic, only which option was taken."""
    events = sequence()
    moved = events.receiver.copy()
    moved[-1] = next(k for k in range(N) if k not in (events.sender[-1], moved[-1]))
    for m in range(60):
        np.testing.assert_array_equal(
            past(events, m), past(EventSequence.of(events.time, events.sender, moved, N), m)
        )


@pytest.mark.parametrize(
    ("time", "sender", "receiver", "words"),
    [
        ([1, 0], [0, 1], [1, 0], "time: event 1 comes before the one above it. Sort."),
        ([0, 1], [0, 1], [0, 0], "event 0 turns to its own sender"),
        ([0, 1], [0, 9], [1, 0], "actors are numbered from 0 to 3"),
        ([0], [0], [1], "two events at least"),
        ([0, 1], [0], [1, 2], "lists of one length"),
    ],
)
def test_wrong_sequences_are_explained(time: Any, sender: Any, receiver: Any, words: str) -> None:
    with pytest.raises(TableError) as problem:
        EventSequence.of(time, sender, receiver, N)
    assert words in str(problem.value)


def test_unknown_statistics_and_hopeless_fits_are_explained() -> None:
    with pytest.raises(TableError, match=r"there is no statistic 'love'\. Known: inertia, reciprocity"):
        fit_ties(sequence(), ["love"])
    with pytest.raises(TableError, match="Known: indegree, outdegree"):
        fit_senders(sequence(), [])
    with pytest.raises(ConvergenceError):
        fit_receivers(sequence(), ["inertia", "inertia"])
