"""Who challenges whom in the spatial model of politics: distances, attitudes to risk, contests and gains.

Positions are shares of the scale, in [0, 1]; arrays are checked by `spatial_model`. Axes have letters: h who
estimates, i who challenges, j who is challenged, k anybody, d the issues.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detente.bargaining.arguments import FloatArray
from detente.bargaining.election import beats_all, coalitions_of, log_victory

_EMPTY_CONTEST = 1e-10
"""Strength of each side of a contest before anybody joins."""


class Bargainers(NamedTuple):
    """Fixed data of the actors: capability (n,), salience by dimension (n, d) and in sum (n,)."""

    capability: FloatArray
    salience: FloatArray
    care: FloatArray


def distances(ideal: FloatArray, place: FloatArray, salience: FloatArray) -> FloatArray:
    """Distance of each place (b, d) from each ideal (n, d), in the eyes of the latter; -> (n, b)."""
    apart = salience[:, None, :] * (ideal[:, None, :] - place)
    return np.asarray(np.sqrt((apart**2).sum(axis=2) / (salience**2).sum(axis=1)[:, None]))


def utilities(distance: FloatArray, risk: FloatArray) -> FloatArray:
    """Utility of something that far away, 1 at no distance and 0 at the far end of the scale; any shape."""
    return np.asarray((1 - distance) * (1 + np.minimum(distance, 1.0) * risk))


def elect(utility: FloatArray, actors: Bargainers) -> FloatArray:
    """Conditional election, weights = capability alone; utility (n, m) -> (m,)."""
    return beats_all(log_victory(coalitions_of(utility, actors.capability), 1))


def risk_attitudes(distance: FloatArray, actors: Bargainers) -> FloatArray:
    """Attitudes to risk in [-1/2, 1] from the election among risk-neutral actors; (n,)."""
    p = elect(utilities(distance, np.zeros(())), actors)
    low, high = p.min(), p.max()
    if high - low <= 1e-12:
        return np.zeros_like(p)
    return np.asarray((3 * p - (high + 2 * low)) / (2 * (high - low)))


def seen_utilities(distance: FloatArray, risk: FloatArray) -> FloatArray:
    """Utility to k of j's position as h estimates it; (h, k, j)."""
    guess = (2 * risk[:, None] + risk) / 3
    return utilities(distance, guess[:, :, None])


def challenges(seen: FloatArray, actors: Bargainers) -> tuple[FloatArray, FloatArray]:
    """Chance to win and expected gain of row i challenging column j, each in i's own eyes; (n, n) both."""
    n = len(actors.care)
    every = np.arange(n)
    weight = actors.care * actors.capability
    at_own = seen[every, :, every]  # (i, k): utility to k of i's position, as i sees it
    own = at_own[every, every][:, None]  # (i, 1)
    of_target = np.diagonal(seen, axis1=1, axis2=2)  # (i, k): utility to k of its own position
    to_me = seen[every, every, :]  # (i, j): utility to i of j's position
    mine = weight[:, None] * (own - to_me)
    theirs = weight * (at_own - of_target)
    side_i = _EMPTY_CONTEST + np.maximum(mine, 0) + np.maximum(theirs, 0)
    side_j = _EMPTY_CONTEST + np.maximum(-mine, 0) + np.maximum(-theirs, 0)
    vote = _third_votes(seen, at_own, of_target, weight, side_i, side_j)
    for principal in (every[:, None, None] == every, every[:, None] == every):
        vote = np.where(np.broadcast_to(principal, vote.shape), 0.0, vote)
    side_i, side_j = side_i + np.maximum(vote, 0).sum(axis=2), side_j + np.maximum(-vote, 0).sum(axis=2)
    win = side_i / (side_i + side_j)
    fight = win * 2 * own + (1 - win) * 2 * to_me
    gain = (1 - actors.care) * 2 * own + actors.care * fight - own - to_me
    np.fill_diagonal(gain, -np.inf)
    return win, gain


def _third_votes(
    seen: FloatArray,
    at_own: FloatArray,
    of_target: FloatArray,
    weight: FloatArray,
    side_i: FloatArray,
    side_j: FloatArray,
) -> FloatArray:
    """Vote of each third party k in the contest of i and j, axes (i, j, k); semi-committed."""
    with_i, with_j = at_own[:, None, :], np.swapaxes(seen, 1, 2)
    stay = of_target[:, None, :]
    lean = weight * (with_i - with_j)
    for_i = side_i[:, :, None] + np.maximum(lean, 0)
    for_j = side_j[:, :, None] + np.maximum(-lean, 0)
    p = for_i / (for_i + for_j)
    joins_i = p * (2 * with_i + stay) + (1 - p) * 3 * with_j
    joins_j = p * 3 * with_i + (1 - p) * (2 * with_j + stay)
    return np.asarray(weight * (joins_i - joins_j))
