r"""The expected-utility model of Bueno de Mesquita, as reconstructed by Scholz and others: a historical
model.

Offered so that the published numbers can be checked, never as a default: it is less accurate than the
compromise, cannot be reproduced from its papers alone, does not settle, and reacts to tiny changes
(docs/theory/bargaining.md).

Each round, every actor weighs challenging and being challenged by every other, and moves by conflict (to
the other's position), compromise (part of the way) or compulsion (all of the way). Two variants:

``printed``
    the equations as they stand in the paper;
``code``
    what the published numbers really need: the strength of a challenge is divided by *all* votes on *all*
    pairs of positions; an actor judges the other's expected utility with its own attitude to risk; and among
    compromises it takes the one with the lowest blended position rather than the least move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detente.bargaining.arguments import Factions, FloatArray, check_choice, check_count, check_one_group
from detente.bargaining.simple_rules import mean_of, median_of
from detente.errors import TableError

Variant = Literal["code", "printed"]
TieRule = Literal["stronger", "listed"]

VARIANTS: tuple[str, ...] = ("code", "printed")
"""As the published numbers were really made, or as the paper prints the equations."""

TIE_RULES: tuple[str, ...] = ("stronger", "listed")
"""Of equal offers: the stronger challenger's, or (as all ports do) that of the actor listed first."""

_DIGITS = 12
"""Decimals to which utilities and offers are compared, so that rounding error decides nothing."""


@dataclass(frozen=True)
class ExpectedUtilityRounds:
    """What an expected-utility model did, round by round; round 0 is the input.

    `positions` has shape (rounds + 1, n); `median` and `mean` (weighted) have shape (rounds + 1,); `risk`
    holds the exponents of each round that was played, in [½, 2], shape (rounds, n).
    """

    positions: FloatArray
    median: FloatArray
    mean: FloatArray
    risk: FloatArray


class PairUtilities(NamedTuple):
    """Expected utilities as each row actor i sees them, shape (n, n), and the exponents they rest on.

    `own[i, j]` is i's gain from challenging j, `other[i, j]` is j's gain from challenging i; `risk` has
    shape (n,).
    """

    own: FloatArray
    other: FloatArray
    risk: FloatArray


class _Board(NamedTuple):
    """One state of the game: a checked group, the fixed range R, and the reading of the equations."""

    group: Factions
    span: float
    variant: str
    no_change: float


def expected_utility_rounds(
    position: ArrayLike,
    influence: ArrayLike,
    salience: ArrayLike = 1.0,
    *,
    variant: Variant,
    rounds: int = 5,
    no_change: float = 1.0,
    compulsion: bool = True,
    ties: TieRule = "stronger",
) -> ExpectedUtilityRounds:
    r"""Play the expected-utility model for some rounds.

    With :math:`a = E^i(U_{ij})` and :math:`b = E^i(U_{ji})`, actor i moves to j if 0 < a < b (conflict), by
    :math:`(x_j - x_i)|a/b|` if a < 0 < b and b > -a (compromise), to j if a < 0 < b <= -a (compulsion), in
    this order of preference; within a kind it takes the least move (``printed``, and conflict and
    compulsion in ``code``) or the lowest blend :math:`(|a| x_i + |b| x_j)/(|a| + |b|)` (compromise in
    ``code``).

    Parameters
    ----------
    position : array_like, shape (n,)
        One group. The range R of its positions at the start is kept for all rounds.
    influence, salience : array_like
        As in `compromise`. Salience is also the chance that a target resists.
    variant : {"code", "printed"}
        No default, on purpose.
    rounds : int, zero or more
        Bueno de Mesquita stops where the median settles; it need not.
    no_change : float, in [0, 1]
        Q, the chance that nothing would change without a challenge; 1 in all published results but one
        figure.
    compulsion : bool
        False leaves the third kind of move out, as the port named below does by mistake (its test can never
        be true); harmless for the published numbers, but needed to reproduce that port on other data.
    ties : {"stronger", "listed"}
        Equal offers go to the stronger challenger, so that the order of the actors never matters; or to the
        one listed first, which all published implementations do.

    Returns
    -------
    ExpectedUtilityRounds

    Raises
    ------
    TableError
        As `compromise`; or if the input is not one group, the variant unknown, or a number out of range.

    References
    ----------
    Bueno de Mesquita, B. (1994), in Bueno de Mesquita and Stokman (eds), European Community Decision
    Making, ch. 4. Scholz, J. B., Calbert, G. J. and Smith, G. A. (2011). Unravelling Bueno De Mesquita's
    group decision model. ICAART 2011; also Journal of Theoretical Politics 23, 510-531. The ``code`` variant
    was found by the port jmckib/bdm-scholz-expected-utility-model, whose log it reproduces.

    Examples
    --------
    >>> played = expected_utility_rounds([4, 7, 10], [1, 1, 1], [0.9, 0.2, 0.9], variant="printed", rounds=1)
    >>> played.positions.shape, float(played.median[0])
    ((2, 3), 7.0)
    """
    check_choice("variant", variant, VARIANTS)
    check_choice("ties", ties, TIE_RULES)
    n_rounds = check_count("rounds", rounds)
    board = _board(position, influence, salience, variant, no_change)
    positions: list[FloatArray] = [board.group.position]
    risks: list[FloatArray] = []
    for _ in range(n_rounds):
        pairs = _pairs(board)
        risks.append(pairs.risk)
        positions.append(_moved(board, pairs, compulsion, ties))
        board = board._replace(group=board.group._replace(position=positions[-1]))
    states = [board.group._replace(position=x) for x in positions]
    return ExpectedUtilityRounds(
        positions=np.array(positions),
        median=np.array([median_of(state) for state in states]),
        mean=np.array([mean_of(state) for state in states]),
        risk=np.array(risks).reshape(n_rounds, board.group.position.size),
    )


def expected_utilities(
    position: ArrayLike,
    influence: ArrayLike,
    salience: ArrayLike = 1.0,
    *,
    variant: Variant,
    no_change: float = 1.0,
) -> PairUtilities:
    r"""Expected utilities of all challenges in one round, after attitudes to risk are worked out.

    .. math::
        E(U_{ij}) = s_j (P U_s + (1 - P) U_f) + (1 - s_j) U_s - Q U_{sq} - (1 - Q)(T U_b + (1 - T) U_w)

    with :math:`U_s, U_f = 2 - 4 (\tfrac12 \mp \tfrac12 z)^r`, :math:`U_{sq} = 2 - 4 (\tfrac12)^r`,
    :math:`U_b, U_w = 2 - 4 (\tfrac12 \mp \tfrac14 (|x_i - \mu| + |x_i - x_j|)/R)^r`, :math:`z = |x_i -
    x_j|/R`, mu the median and T = 1. The exponent r of an actor follows from how much it is challenged with
    all r = 1: :math:`R_i = (2 S_i - S_{max} - S_{min})/(S_{max} - S_{min})`, :math:`r_i = (1 - R_i/3)/(1 +
    R_i/3)`.

    Parameters
    ----------
    position, influence, salience, variant, no_change
        As in `expected_utility_rounds`.

    Returns
    -------
    PairUtilities
        In [-4, 4] if `no_change` is 1.

    Raises
    ------
    TableError
        As `expected_utility_rounds`.

    References
    ----------
    As `expected_utility_rounds`; equations 15-34 of Scholz, Calbert and Smith (2011).

    Examples
    --------
    >>> pairs = expected_utilities([0, 1], [1, 1], variant="printed")
    >>> pairs.own.round(3).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    check_choice("variant", variant, VARIANTS)
    return _pairs(_board(position, influence, salience, variant, no_change))


def _board(
    position: ArrayLike, influence: ArrayLike, salience: ArrayLike, variant: str, no_change: float
) -> _Board:
    if not 0 <= no_change <= 1:
        raise TableError(f"no_change: {no_change:g} is a probability and must lie in [0, 1].")
    group = check_one_group(position, influence, salience)
    span = float(np.ptp(group.position))
    return _Board(group, span if span > 0 else 1.0, variant, float(no_change))


def _pairs(board: _Board) -> PairUtilities:
    """Two passes: with everybody neutral for the attitudes to risk, then with those attitudes."""
    neutral = np.ones(board.group.position.size)
    threat = _challenge(board, _win(board, neutral), neutral)
    np.fill_diagonal(threat, 0.0)
    risk = _exponents(threat.sum(axis=0))
    win = _win(board, risk)
    own = _challenge(board, win, risk[:, None])
    other = _challenge(board, win, risk[None, :]) if board.variant == "code" else own
    pairs = PairUtilities(own.copy(), other.T.copy(), risk)
    for matrix in pairs[:2]:
        np.fill_diagonal(matrix, 0.0)
    return pairs


def _exponents(security: FloatArray) -> FloatArray:
    """Equations 33 and 34; all neutral if nobody is more threatened than another."""
    low, high = security.min(), security.max()
    if high - low <= 10.0**-_DIGITS:
        return np.ones_like(security)
    relative = (2 * security - high - low) / (high - low)
    return np.asarray((1 - relative / 3) / (1 + relative / 3), dtype=np.float64)


def _win(board: _Board, risk: FloatArray) -> FloatArray:
    """Equation 31: chance that row i prevails over column j; axes of the votes (voter, i, j)."""
    x = board.group.position
    distance = np.abs(x[:, None] - x) / board.span
    if board.variant == "code":
        distance = distance ** risk[:, None]
    votes = board.group.weight[:, None, None] * (distance[:, None, :] - distance[:, :, None])
    behind, cast = np.maximum(votes, 0.0).sum(axis=0), np.abs(votes).sum(axis=0)
    against = np.full_like(cast, cast.sum()) if board.variant == "code" else cast
    share = np.divide(behind, against, out=np.zeros_like(behind), where=against > 0)
    return np.asarray(share)


def _challenge(board: _Board, win: FloatArray, exponent: FloatArray) -> FloatArray:
    """Equation 25 for row i challenging column j, judged with `exponent` (broadcast over (i, j))."""
    x, resists = board.group.position, board.group.salience
    apart = np.abs(x[:, None] - x) / board.span
    success, failure = _utility(0.5 - 0.5 * apart, exponent), _utility(0.5 + 0.5 * apart, exponent)
    fight = resists * (win * success + (1 - win) * failure) + (1 - resists) * success
    still = board.no_change * _utility(np.asarray(0.5), exponent)
    if board.no_change == 1.0:
        return np.asarray(fight - still)
    to_median = np.abs(x - median_of(board.group))[:, None] / board.span
    better = _utility(np.maximum(0.5 - 0.25 * (to_median + apart), 0.0), exponent)
    return np.asarray(fight - still - (1 - board.no_change) * better)


def _utility(base: FloatArray, exponent: FloatArray) -> FloatArray:
    return np.asarray(2.0 - 4.0 * base**exponent, dtype=np.float64)


def _moved(board: _Board, pairs: PairUtilities, compulsion: bool, ties: str) -> FloatArray:
    """Positions after everybody at once took the offer it prefers."""
    x = board.group.position
    own, other, _ = pairs
    a, b = np.round(own, _DIGITS), np.round(other, _DIGITS)
    apart = x[:, None] != x
    conflict = apart & (a > 0) & (b > a)
    squeezed = apart & (a < 0) & (b > 0)
    meet = squeezed & (b > -a)
    share = np.divide(np.abs(own), np.abs(other), out=np.zeros_like(a), where=meet)
    halfway = x[:, None] + (x - x[:, None]) * share
    goal = np.broadcast_to(x, a.shape)
    blend = np.abs(halfway - x[:, None])
    if board.variant == "code":
        both = np.abs(own) + np.abs(other)
        mixed = np.abs(own) * x[:, None] + np.abs(other) * x
        blend = np.divide(mixed, both, out=np.zeros_like(a), where=both > 0)
    move = np.abs(goal - x[:, None])
    moved = x
    # From the weakest claim to the strongest, so that a later one overwrites an earlier one.
    forced = squeezed & ~meet if compulsion else np.zeros_like(squeezed)
    for kind, key, offer in ((forced, move, goal), (meet, blend, halfway), (conflict, move, goal)):
        ranks = (key, -b, offer) if ties == "stronger" else (key,)
        moved = np.where(kind.any(axis=1), _picked(kind, ranks, offer), moved)
    return moved


def _picked(kind: NDArray[np.bool_], ranks: tuple[FloatArray, ...], offer: FloatArray) -> FloatArray:
    """Row by row the offer of least rank; a tie goes on to the next rank and at last to the first listed."""
    left = kind
    for rank in ranks:
        rounded = np.where(left, np.round(rank, _DIGITS), np.inf)
        left = left & (rounded == rounded.min(axis=1, keepdims=True))
    return np.take_along_axis(offer, left.argmax(axis=1)[:, None], axis=1)[:, 0]
