r"""Compromise, weighted median, leader's veto and inertia: the rules that are safe to run every day.

With positions :math:`x_i`, influence :math:`c_i`, salience :math:`s_i` and weights :math:`w_i = c_i s_i`,
the compromise is the weighted mean. On the published record it is the most accurate simple rule
(docs/theory/bargaining.md) and it is smooth in influence, blind to splitting an actor in two, and commutes
with any change of scale; hence it is the default of a deliberation.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from detente.bargaining.arguments import (
    Factions,
    FloatArray,
    check_choice,
    check_factions,
    check_positive,
    finite,
)
from detente.errors import TableError

VetoRule = Literal["concede", "block"]

VETO_RULES: tuple[str, ...] = ("concede", "block")
"""What a leader does with a choice too far away: give way as far as tolerable, or keep the status quo."""

_TIE = 1e-12
"""Share of the total weight within which half counts as reached, so that list order cannot tip a median."""


def compromise(position: ArrayLike, influence: ArrayLike, salience: ArrayLike = 1.0) -> FloatArray:
    r"""Compromise of a group: the mean of positions weighted by influence and salience.

    .. math:: m = \sum_i w_i x_i / \sum_i w_i, \qquad w_i = c_i s_i

    Parameters
    ----------
    position : array_like, shape (..., n)
        Positions on the issue's scale, any unit. Leading axes are draws.
    influence : array_like, broadcastable to `position`, zero or more
        Capability of each actor; only ratios matter.
    salience : array_like, broadcastable to `position`, in [0, 1]
        How much each actor cares about this issue; 1 if left out.

    Returns
    -------
    ndarray of float64, shape (...)
        The outcome, in the unit of the positions, within their range.

    Raises
    ------
    TableError
        If a value is missing, an influence is negative, a salience outside [0, 1], or nobody has weight.

    References
    ----------
    Achen, C. H. (2006), in Thomson et al. (eds), The European Union Decides, ch. 4: with
    quadratic losses and a distant disagreement point this is the Nash bargaining solution.

    Examples
    --------
    >>> float(compromise([0, 100], [1, 3], [0.9, 0.3]))
    50.0
    """
    group = check_factions(position, influence, salience)
    return mean_of(group)


def weighted_median(position: ArrayLike, influence: ArrayLike, salience: ArrayLike = 1.0) -> FloatArray:
    r"""Weighted median: the lowest held position with at least half the weight at or below it.

    It is the Condorcet winner when everybody votes for the nearer of two options. An exact tie (half the
    weight on either side) goes to the lower position; so mirroring the scale mirrors the median except at
    such a tie.

    .. math:: \min \{ x_j : \sum_{i: x_i \le x_j} w_i \ge W/2 \}

    Parameters
    ----------
    position, influence, salience : array_like
        As in `compromise`.

    Returns
    -------
    ndarray of float64, shape (...)
        One of the held positions.

    Raises
    ------
    TableError
        As `compromise`.

    References
    ----------
    Black, D. (1958). The Theory of Committees and Elections. Cambridge University Press.

    Examples
    --------
    >>> float(weighted_median([4, 7, 10], [0.32, 0.21, 0.30]))
    7.0
    """
    group = check_factions(position, influence, salience)
    return median_of(group)


def influence_effects(position: ArrayLike, influence: ArrayLike, salience: ArrayLike = 1.0) -> FloatArray:
    r"""How far the compromise moves per unit of each actor's influence.

    .. math:: \partial m / \partial c_i = s_i (x_i - m) / W

    The effect of a *relative* change (a shock :math:`c_i e^\epsilon`) is this times :math:`c_i`.

    Parameters
    ----------
    position, influence, salience : array_like
        As in `compromise`.

    Returns
    -------
    ndarray of float64, shape (..., n)
        [unit of position per unit of influence]; its sign says which way the actor pulls.

    Raises
    ------
    TableError
        As `compromise`.

    Examples
    --------
    >>> influence_effects([0, 100], [1, 1]).tolist()
    [-25.0, 25.0]
    """
    group = check_factions(position, influence, salience)
    total = group.weight.sum(axis=-1, keepdims=True)
    return np.asarray(group.salience * (group.position - mean_of(group)[..., None]) / total)


def leader_veto(
    choice: ArrayLike, *, ideal: ArrayLike, status_quo: ArrayLike, rule: VetoRule = "concede"
) -> FloatArray:
    r"""What is left of a group's choice when a leader may keep the status quo.

    The leader with ideal point :math:`L` accepts whatever is no further away than the status quo :math:`q`,
    :math:`r = |L - q|`. Beyond that, ``concede`` stops at the edge of what the leader accepts, ``block``
    keeps q:

    .. math:: \mathrm{clip}(m, L - r, L + r) \quad\text{or}\quad m \text{ if } |m - L| \le r \text{ else } q

    Parameters
    ----------
    choice : array_like, shape (...)
        Outcome of any rule.
    ideal, status_quo : array_like, broadcastable to `choice`
        The leader's ideal point and the status quo, on the same scale.
    rule : {"concede", "block"}
        What happens beyond that.

    Returns
    -------
    ndarray of float64, shape (...)

    Raises
    ------
    TableError
        If a value is not finite or the rule is unknown.

    References
    ----------
    Romer, T. and Rosenthal, H. (1978). Political resource allocation, controlled agendas, and the status quo.
    Public Choice 33, 27-43.

    Examples
    --------
    >>> float(leader_veto(80, ideal=20, status_quo=50))
    50.0
    >>> float(leader_veto(80, ideal=20, status_quo=40, rule="block"))
    40.0
    """
    check_choice("rule", rule, VETO_RULES)
    m, leader, stays = finite("choice", choice), finite("ideal", ideal), finite("status_quo", status_quo)
    radius = np.abs(leader - stays)
    if rule == "concede":
        return np.asarray(np.clip(m, leader - radius, leader + radius))
    return np.where(np.abs(m - leader) <= radius, m, stays)


def adjust(policy: ArrayLike, target: ArrayLike, *, elapsed: float, inertia: float) -> FloatArray:
    r"""Move a policy toward its target; two short steps equal one long step.

    .. math:: p(t + \Delta) = p(t) + (1 - e^{-\Delta/\tau})\,(m - p(t))

    Parameters
    ----------
    policy, target : array_like, broadcastable to one another
        Where the policy is and where the group wants it.
    elapsed : float, zero or more
        Time that passes [day].
    inertia : float, above zero
        Time constant tau [day]: after one, 63 % of the way is done.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    TableError
        If a number is out of range.

    Examples
    --------
    >>> half_life = 30 * 0.6931471805599453
    >>> round(float(adjust(0, 100, elapsed=half_life, inertia=30)), 9)
    50.0
    """
    days = check_positive("elapsed", elapsed, or_zero=True)
    tau = check_positive("inertia", inertia)
    start, goal = finite("policy", policy), finite("target", target)
    try:
        return np.asarray(start - np.expm1(-days / tau) * (goal - start))
    except ValueError:
        raise TableError(f"shapes do not fit together: policy {start.shape}, target {goal.shape}.") from None


def mean_of(group: Factions) -> FloatArray:
    """Weighted mean of a checked group; shape (..., n) -> (...)."""
    weight = group.weight
    return np.asarray((weight * group.position).sum(axis=-1) / weight.sum(axis=-1))


def deviation_of(group: Factions) -> FloatArray:
    """Weighted standard deviation of a checked group's positions; shape (..., n) -> (...)."""
    weight = group.weight
    off = group.position - mean_of(group)[..., None]
    return np.asarray(np.sqrt((weight * off**2).sum(axis=-1) / weight.sum(axis=-1)))


def median_of(group: Factions) -> FloatArray:
    """Lower weighted median of a checked group; shape (..., n) -> (...)."""
    order = np.argsort(group.position, axis=-1, kind="stable")
    held = np.take_along_axis(group.position, order, axis=-1)
    below = np.take_along_axis(group.weight, order, axis=-1).cumsum(axis=-1)
    reached = below >= (0.5 - _TIE) * below[..., -1:]
    return np.take_along_axis(held, reached.argmax(axis=-1)[..., None], axis=-1)[..., 0]
