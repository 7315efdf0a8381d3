r"""Probabilistic Condorcet election: which of a fixed set of options a group settles on, and how likely.

Every pair of options is a contest: actors throw their weight behind the one they like better, the two
coalitions meet, and one wins with a probability that grows with its strength. Three ways turn the pairwise
probabilities into one distribution: the option that beats all others (``conditional``), or the long run of
a process in which the standing option is challenged by a random other (``markov_uniform``) or by one in
proportion to who would gain (``markov_incentive``).

The result depends on the set of options: adding a near copy of an option shifts probability. So give a fixed
grid, not the positions that happen to be held. On a grid, use a Markov rule: with ``conditional`` an option
must win as many contests as there are options, so the finer the grid, the more the distribution shrinks onto
the weighted median (measured in docs/theory/bargaining.md); the Markov rules settle as the grid is refined.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from detente.bargaining.arguments import (
    FloatArray,
    check_choice,
    check_factions,
    check_options,
    check_scale,
    finite,
)
from detente.errors import TableError

VoteRule = Literal[
    "proportional", "cubic", "binary", "proportional_binary", "proportional_cubic", "asymmetric"
]
VictoryRule = Literal["linear", "square", "quartic", "octic"]
ElectionRule = Literal["conditional", "markov_uniform", "markov_incentive"]

VOTE_RULES: tuple[str, ...] = (
    "proportional",
    "cubic",
    "binary",
    "proportional_binary",
    "proportional_cubic",
    "asymmetric",
)
"""How a difference in utility becomes a vote."""

VICTORY_RULES: dict[str, int] = {"linear": 1, "square": 2, "quartic": 4, "octic": 8}
"""Exponent that turns the strengths of two coalitions into a probability."""

ELECTION_RULES: tuple[str, ...] = ("conditional", "markov_uniform", "markov_incentive")
"""How pairwise probabilities become one distribution; on a fine grid the first is but a weighted median."""

_EMPTY_COALITION = 1e-8
"""Strength of a coalition without members; keeps every contest defined."""

_BINARY_WIDTH = 1e-8
"""Difference in utility at which a binary vote reaches full weight."""

_SELF_CHALLENGE = 1e-10
"""Incentive of the standing option to challenge itself, for the case that nobody wants anything else."""


def condorcet_election(
    position: ArrayLike,
    influence: ArrayLike,
    salience: ArrayLike = 1.0,
    *,
    options: ArrayLike,
    lower: float = 0.0,
    upper: float = 100.0,
    vote: VoteRule = "proportional",
    victory: VictoryRule = "linear",
    rule: ElectionRule = "markov_uniform",
) -> FloatArray:
    r"""Probability of each option in a probabilistic Condorcet election.

    Utilities are :math:`u_{ka} = 1 - |x_k - a| / R` with R the length of the scale, votes
    :math:`v_k(a:b) = w_k f(u_{ka} - u_{kb})`, coalitions :math:`c(a:b) = 10^{-8} + \sum_k \max(v_k, 0)`, and

    .. math:: P(a > b) = \frac{c(a:b)^e}{c(a:b)^e + c(b:a)^e}

    With the ``conditional`` rule :math:`p_a \propto \prod_b P(a > b)`; `condorcet_probabilities` has the
    others.

    Parameters
    ----------
    position : array_like, shape (..., n), in [`lower`, `upper`]
        Ideal points. Leading axes are draws.
    influence, salience : array_like
        As in `compromise`.
    options : array_like, shape (m,), strictly rising
        The options voted on, the same in every draw; best an even grid over the scale.
    lower, upper : float
        Ends of the declared scale.
    vote : {"proportional", "cubic", "binary", "proportional_binary", "proportional_cubic", "asymmetric"}
        f(d) = d; d³; sign of d; 0.8 d + 0.2 sign; 0.5 d + 0.5 d³; d for a loss and 2d/3 for a gain. A
        coalition counts gains only, so ``asymmetric`` differs from ``proportional`` by nothing but the
        1e-8. (KTAB votes on each pair from one side, which makes its asymmetry depend on the order of the
        options; not followed here.)
    victory : {"linear", "square", "quartic", "octic"}
        e = 1, 2, 4, 8.
    rule : {"markov_uniform", "markov_incentive", "conditional"}
        How pairwise chances become one distribution.

    Returns
    -------
    ndarray of float64, shape (..., m), rows sum to 1

    Raises
    ------
    TableError
        As `compromise`; or if options are not rising, a position lies off the scale, or a rule is unknown.

    References
    ----------
    Wise, B. P., Lester, L. and Efird, B. (2015). An Introduction to the KAPSARC Toolkit for
    Behavioral Analysis (KTAB) using One-Dimensional Spatial Models. KAPSARC.

    Examples
    --------
    >>> condorcet_election([20, 50, 90], [1, 2, 1], options=[0, 50, 100]).round(3).tolist()
    [0.072, 0.791, 0.137]
    """
    group = check_factions(position, influence, salience)
    scale = check_scale(lower, upper, group.position)
    grid = check_options(options)
    check_choice("vote", vote, VOTE_RULES)
    utility = 1.0 - np.abs(group.position[..., None] - grid) / scale.span
    return condorcet_probabilities(coalitions_of(utility, group.weight, vote), victory=victory, rule=rule)


def condorcet_probabilities(
    coalition: ArrayLike, *, victory: VictoryRule = "linear", rule: ElectionRule = "markov_uniform"
) -> FloatArray:
    r"""Distribution over options from the strengths of the coalitions for and against them.

    The Markov rules give the stationary distribution, by solving for it, of

    .. math:: p_a \leftarrow \sum_b P(a > b)\,\bigl(p_a h(b|a) + p_b h(a|b)\bigr)

    where :math:`h(a|b)`, the chance that a challenges the standing b, is 1/m (uniform) or proportional
    to :math:`c(a:b) P(a > b)` (incentive).

    Parameters
    ----------
    coalition : array_like, shape (..., m, m), zero or more
        Strength for the row option against the column option. The diagonal is not used by ``conditional``.
    victory, rule
        As in `condorcet_election`.

    Returns
    -------
    ndarray of float64, shape (..., m), rows sum to 1

    Raises
    ------
    TableError
        If the last two axes differ, a strength is negative, or a rule is unknown.

    References
    ----------
    KTAB, ``kmodel`` library (MIT licence): reference outputs of ``ref-demomodel``, 30 May 2017.

    Examples
    --------
    >>> condorcet_probabilities([[0, 3], [1, 0]]).round(9).tolist()
    [0.75, 0.25]
    """
    check_choice("victory", victory, VICTORY_RULES)
    check_choice("rule", rule, ELECTION_RULES)
    strength = finite("coalition", coalition)
    if strength.ndim < 2 or strength.shape[-1] != strength.shape[-2] or np.any(strength < 0):
        raise TableError("coalition: a square array (..., m, m) of strengths, zero or more, is needed.")
    log_win = log_victory(strength, VICTORY_RULES[victory])
    if rule == "conditional":
        return beats_all(log_win)
    win = np.exp(log_win)
    return stationary(win, _uniform(win) if rule == "markov_uniform" else _incentive(strength, win))


def vote_of(difference: FloatArray, vote: str) -> FloatArray:
    """Vote per unit of weight for a difference in utility; odd in `difference` except ``asymmetric``."""
    if vote == "proportional":
        return difference
    if vote == "cubic":
        return np.asarray(difference**3)
    if vote == "proportional_cubic":
        return np.asarray(0.5 * difference + 0.5 * difference**3)
    if vote == "asymmetric":
        return np.where(difference < 0, difference, difference * (2.0 / 3.0))
    sign = np.clip(difference / _BINARY_WIDTH, -1.0, 1.0)
    return np.asarray(sign if vote == "binary" else 0.8 * difference + 0.2 * sign)


def coalitions_of(utility: FloatArray, weight: FloatArray, vote: str = "proportional") -> FloatArray:
    """Strength of the coalition for a against b; utility (..., n, m), weight (..., n) -> (..., m, m).

    One actor at a time, so that many draws need memory for one table of contests only.
    """
    n_options = utility.shape[-1]
    draws = np.broadcast_shapes(utility.shape[:-2], weight.shape[:-1])
    total = np.full((*draws, n_options, n_options), _EMPTY_COALITION)
    for k in range(weight.shape[-1]):
        gain = utility[..., k, :, None] - utility[..., k, None, :]
        total += weight[..., k, None, None] * np.maximum(vote_of(gain, vote), 0.0)
    return total


def log_victory(strength: FloatArray, exponent: int) -> FloatArray:
    """Logarithm of P(row beats column); the diagonal is log ½; (..., m, m) -> (..., m, m)."""
    safe = np.log(np.maximum(strength, np.finfo(np.float64).tiny))
    return np.asarray(-np.logaddexp(0.0, exponent * (np.swapaxes(safe, -1, -2) - safe)))


def beats_all(log_win: FloatArray) -> FloatArray:
    """Probability that an option beats every other, given that one does; (..., m, m) -> (..., m)."""
    score = log_win.sum(axis=-1)
    share = np.exp(score - score.max(axis=-1, keepdims=True))
    return np.asarray(share / share.sum(axis=-1, keepdims=True))


def stationary(win: FloatArray, challenge: FloatArray) -> FloatArray:
    """Long-run distribution of the standing option; challenge[a, b] = chance that a challenges b."""
    flow = win * challenge
    stays = (win * np.swapaxes(challenge, -1, -2)).sum(axis=-1)
    n_options = win.shape[-1]
    system = flow + (stays[..., None] - 1.0) * np.eye(n_options)
    system[..., -1, :] = 1.0
    ones = np.zeros((*win.shape[:-1], 1))
    ones[..., -1, 0] = 1.0
    solution = np.maximum(np.linalg.solve(system, ones)[..., 0], 0.0)
    return np.asarray(solution / solution.sum(axis=-1, keepdims=True))


def _uniform(win: FloatArray) -> FloatArray:
    return np.full_like(win, 1.0 / win.shape[-1])


def _incentive(strength: FloatArray, win: FloatArray) -> FloatArray:
    gain = strength * win + _SELF_CHALLENGE * np.eye(win.shape[-1])
    return np.asarray(gain / gain.sum(axis=-2, keepdims=True))
