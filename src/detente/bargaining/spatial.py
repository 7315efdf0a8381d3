r"""Spatial model of politics in the manner of KTAB: deterministic bargaining in turns, for a one-time
analysis.

Each turn, actors infer each other's attitude to risk from how likely their positions are to prevail, pick
the target whose challenge pays best, propose a bargain, and every actor takes, from its proposals and
staying put, the one that wins an election among all. Slow, and moved far by splitting an actor in two; kept
because its published logs can be reproduced to the printed digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detente.bargaining.arguments import (
    FloatArray,
    Scale,
    check_count,
    check_positive,
    check_salience,
    check_scale,
    finite,
)
from detente.bargaining.challenges import (
    Bargainers,
    challenges,
    distances,
    elect,
    risk_attitudes,
    seen_utilities,
    utilities,
)
from detente.errors import TableError

_LEAST_GAIN = 1e-5
"""Expected gain below which no challenge is made."""

_OWN_PULL = 1e-6
"""Extra weight of an actor's own position in a bargain, for the case that neither side cares."""

_DECIMALS = 1e4
"""Bargains are rounded to this fraction of the scale, halves upward, as the reference program does."""

_HALF = 1e-9
"""Slack with which a half is recognised in spite of rounding error."""

_TIE_DECIMALS = 6
"""Gains and probabilities that agree to this many decimals are tied (an empty coalition has 1e-8)."""

_SAME = 1e-3
"""Positions closer than this share of the scale count as one option in the reported probabilities."""

_LEAST_FIRST_MOVE = 1e-4
"""Added to the first turn's movement, which later ones are compared with."""


@dataclass(frozen=True)
class SpatialModelTurns:
    """What the spatial model did, turn by turn; turn 0 is the input.

    `positions` has shape (turns + 1, n, d) in the unit of the scale; `probabilities`, shape (turns + 1, n),
    is how likely each actor's position is to prevail (actors at one position share one number, so rows may
    exceed 1); `change`, shape (turns,), is the movement of a turn relative to the first; `settled` says
    whether it fell below the limit before the turns ran out.
    """

    positions: FloatArray
    probabilities: FloatArray
    change: FloatArray
    settled: bool


class _Bargain(NamedTuple):
    """A proposal: who makes it to whom, and where each of them would stand, shape (d,)."""

    proposer: int
    target: int
    proposer_position: FloatArray
    target_position: FloatArray

    def place_of(self, actor: int) -> FloatArray:
        """Where this bargain would put one of its two parties."""
        return self.proposer_position if actor == self.proposer else self.target_position


def spatial_model(
    position: ArrayLike,
    capability: ArrayLike,
    salience: ArrayLike,
    *,
    lower: float = 0.0,
    upper: float = 100.0,
    max_turns: int = 100,
    quiet: float = 0.02,
) -> SpatialModelTurns:
    r"""Play the spatial model of politics until movement dies down.

    Positions are divided by the length of the scale. With distances :math:`d_{ij} = \sqrt{\sum_k
    (s_{ik}(x_{ik} - x_{jk}))^2 / \sum_k s_{ik}^2}` the utility is :math:`u_{ij} = (1 - d_{ij})(1 + \rho_i
    d_{ij})`. Attitudes to risk come from the probabilities p of a conditional election over all positions,
    :math:`\rho_i = (3 p_i - p_{max} - 2 p_{min})/(2(p_{max} - p_{min}))`; h takes i's to be :math:`(2
    \rho_h + \rho_i)/3`. Actor i gains by challenging j

    .. math:: E = (1 - s_j)\,2u_{ii} + s_j\,(P\,2u_{ii} + (1 - P)\,2u_{ij}) - u_{ii} - u_{ij}

    where P comes from the coalitions of all actors, third parties choosing their side by a contest of
    three. The best target is offered the mean of both positions weighted by :math:`s_i^2 P^2` and
    :math:`s_j^2 (1-P)^2`.

    Parameters
    ----------
    position : array_like, shape (n,) or (n, d), in [`lower`, `upper`]
        Ideal points on d issues with one common scale.
    capability : array_like, shape (n,), above zero
        Only ratios matter.
    salience : array_like, shape of `position`, in [0, 1]
        Above zero in sum and at most 1 in sum over the issues.
    lower, upper : float
        Ends of the declared scale.
    max_turns : int
        Stop after this many turns at the latest.
    quiet : float
        Stop, from the second turn on, when movement falls below this share of the first turn's.

    Returns
    -------
    SpatialModelTurns

    Raises
    ------
    TableError
        If shapes differ, an actor has no capability or salience, or a number is out of range.

    References
    ----------
    Wise, B. P., Lester, L. and Efird, B. (2015). Multidimensional Bargaining using KTAB.
    KAPSARC. Choices as in the logs of KTAB's ``smp`` example: linear victory, proportional votes,
    conditional election, S2P2 bargains, the proposer's view only, semi-committed third parties, risk range
    Mid, adjustment OneThird.

    Examples
    --------
    >>> turns = spatial_model([10, 50, 90], [1, 2, 1], [0.5, 0.9, 0.5])
    >>> turns.positions.shape[1:], turns.settled
    ((3, 1), True)
    """
    scale = check_scale(lower, upper)
    x, actors = _checked(position, capability, salience, scale)
    turns, limit = check_count("max_turns", max_turns), check_positive("quiet", quiet, or_zero=True)
    states, settled, first = [x], False, 0.0
    changes: list[float] = []
    while len(changes) < turns and not settled:
        after = _turn(states[-1], actors)
        moved = float(np.linalg.norm(after - states[-1], axis=1).sum())
        first = first if changes else moved + _LEAST_FIRST_MOVE
        states.append(after)
        changes.append(moved / first)
        settled = len(changes) >= 2 and changes[-1] < limit
    probabilities = [_prevailing(state, actors) for state in states]
    positions = scale.lower + scale.span * np.array(states)
    return SpatialModelTurns(positions, np.array(probabilities), np.array(changes), settled)


def _checked(
    position: ArrayLike, capability: ArrayLike, salience: ArrayLike, scale: Scale
) -> tuple[FloatArray, Bargainers]:
    x, c, s = finite("position", position), finite("capability", capability), check_salience(salience)
    if x.ndim == 1:
        x, s = x[:, None], s[:, None] if s.ndim == 1 else s
    if x.ndim != 2 or s.shape != x.shape or c.shape != x.shape[:1]:
        raise TableError(
            f"shapes do not fit together: position {x.shape}, capability {c.shape}, salience {s.shape}. "
            "Give position and salience as (n,) or (n, d) and capability as (n,)."
        )
    check_scale(scale.lower, scale.upper, x)
    care = s.sum(axis=1)
    if np.any(c <= 0) or np.any(care <= 0):
        raise TableError("capability, salience: every actor needs some of each; leave out those without.")
    if np.any(care > 1 + 1e-9):
        raise TableError("salience: the sum over the issues may be at most 1 for each actor; scale it down.")
    return (x - scale.lower) / scale.span, Bargainers(c, s, care)


def _turn(x: FloatArray, actors: Bargainers) -> FloatArray:
    """One turn: everybody's best proposal, then everybody's choice among the proposals that touch it."""
    distance = distances(x, x, actors.salience)
    risk = risk_attitudes(distance, actors)
    bargains = _bargains(x, seen_utilities(distance, risk), actors)
    utility = _bargain_utility(x, distance, risk, bargains, actors)
    after = x.copy()
    for k in range(len(x)):
        # Option 0 is to stay; the others keep the order of their proposers.
        mine = [m for m, bargain in enumerate(bargains) if k in (bargain.proposer, bargain.target)]
        if not mine:
            continue
        p = elect(utility[:, [0] + [m + 1 for m in mine]], actors)
        places = [x[k], *(bargains[m].place_of(k) for m in mine)]
        after[k] = places[_best(p, np.array(places))]
    return after


def _bargains(x: FloatArray, seen: FloatArray, actors: Bargainers) -> list[_Bargain]:
    """The best-paying challenge of each actor, turned into a proposal."""
    win, gain = challenges(seen, actors)
    proposals = []
    targets = np.column_stack([x, actors.care, actors.capability])
    for i in range(len(x)):
        j = _best(gain[i], targets)
        if gain[i, j] > _LEAST_GAIN:
            a = (actors.salience[i] * win[i, j]) ** 2
            b = (actors.salience[j] * (1 - win[i, j])) ** 2
            total = a + b + _OWN_PULL
            here = _rounded(((a + _OWN_PULL) * x[i] + b * x[j]) / total)
            there = _rounded((a * x[i] + (b + _OWN_PULL) * x[j]) / total)
            proposals.append(_Bargain(i, j, here, there))
    return proposals


def _rounded(x: FloatArray) -> FloatArray:
    return np.asarray(np.floor(0.5 + _HALF + x * _DECIMALS) / _DECIMALS)


def _best(score: FloatArray, traits: FloatArray) -> int:
    """Index of the best score; a tie goes to the lowest row of traits, so that list order decides nothing."""
    rounded = np.where(np.isfinite(score), np.round(score, _TIE_DECIMALS), -np.inf)
    best = np.flatnonzero(rounded == rounded.max())
    return int(best[np.lexsort(traits[best].T[::-1])[0]])


def _bargain_utility(
    x: FloatArray, distance: FloatArray, risk: FloatArray, bargains: list[_Bargain], actors: Bargainers
) -> FloatArray:
    """Mean utility of all positions to each actor: column 0 if nothing changes, then after each bargain."""
    held = utilities(distance, risk[:, None])
    columns = [held.sum(axis=1)]
    for bargain in bargains:
        places = np.stack([bargain.proposer_position, bargain.target_position])
        there = utilities(distances(x, places, actors.salience), risk[:, None]).sum(axis=1)
        columns.append(columns[0] - held[:, bargain.proposer] - held[:, bargain.target] + there)
    return np.stack(columns, axis=1) / len(x)


def _prevailing(x: FloatArray, actors: Bargainers) -> FloatArray:
    """Probability of each actor's position, positions that coincide counted as one option; (n,)."""
    distance = distances(x, x, actors.salience)
    utility = utilities(distance, risk_attitudes(distance, actors)[:, None])
    same = np.linalg.norm(x[:, None] - x, axis=2) < _SAME
    options = _distinct(same)
    p = elect(utility[:, options], actors)
    # The last matching option, as in the reference program, for the case that closeness is not transitive.
    return np.asarray([p[np.flatnonzero(same[i, options])[-1]] for i in range(len(x))])


def _distinct(same: NDArray[np.bool_]) -> list[int]:
    """Indices of actors whose position was not yet held by an earlier one."""
    kept: list[int] = []
    for i in range(len(same)):
        if not same[i, kept].any():
            kept.append(i)
    return kept
