r"""Exchange of positions: two actors who disagree on two issues each give way on the one they care less
about.

For packages of several issues only. On the published record exchange is no better than the plain compromise
(docs/theory/bargaining.md); it is offered to see *which* trades are there to be made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from detente.bargaining.arguments import Factions, FloatArray, check_factions, check_salience, finite
from detente.bargaining.simple_rules import mean_of
from detente.errors import TableError

_DIGITS = 12
"""Decimals to which gains are compared, so that rounding error does not choose between equal trades."""


@dataclass(frozen=True, order=True)
class Trade:
    """One exchange: `first` gives way on `first_issue`, `second` on `second_issue`; both gain `gain`.

    Actors and issues are indices into the input. `first_shift` and `second_shift` are the signed changes of
    the two outcomes. A gain is in units of salience times position.
    """

    gain: float
    first: int
    first_issue: int
    first_shift: float
    second: int
    second_issue: int
    second_shift: float

    @property
    def actors(self) -> tuple[int, int]:
        """Who trades."""
        return (self.first, self.second)

    @property
    def issues(self) -> tuple[int, int]:
        """What they trade on."""
        return (self.first_issue, self.second_issue)


@dataclass(frozen=True)
class ExchangeResult:
    """Outcomes per issue before and after the trades, shape (q,); positions after them, shape (n, q)."""

    before: FloatArray
    outcomes: FloatArray
    positions: FloatArray
    trades: tuple[Trade, ...]


def exchange(position: ArrayLike, influence: ArrayLike, salience: ArrayLike) -> ExchangeResult:
    r"""Trade positions between issues until no trade is left, then take the compromise on each issue.

    Actors A and B lie on opposite sides of the outcomes of issues p and q, and A cares relatively
    less about p: :math:`s_A^p / s_A^q < s_B^p / s_B^q`. So A gives way on p and B on q, by shifts of the
    outcomes that gain both the same,

    .. math:: \Delta O_p (s_A^p + s_B^p) = \Delta O_q (s_A^q + s_B^q), \qquad
              \Delta O_p = w_A^p \Delta x_A^p / W_p

    as far as the position of the partner allows. Trades are made in order of gain, judged at the outcomes
    before any trade, and the four positions of a trade are then used up.

    Parameters
    ----------
    position : array_like, shape (n, q)
        Positions of n actors on q >= 2 issues.
    influence : array_like, shape (n,), zero or more
        Only ratios matter.
    salience : array_like, shape (n, q), in [0, 1]
        0 for an actor without a stake in an issue; its position there does not matter.

    Returns
    -------
    ExchangeResult

    Raises
    ------
    TableError
        If shapes differ, there is one issue only, or a number is out of range.

    References
    ----------
    Stokman, F. N. and Van Oosten, R. C. H. (1994), in Bueno de Mesquita and Stokman (eds),
    European Community Decision Making, ch. 5. Arregui, J., Stokman, F. N. and Thomson, R. (2004). European
    Union Politics 5, 47-72.

    Examples
    --------
    >>> result = exchange([[0, 0], [100, 100]], [1, 1], [[0.2, 0.8], [0.8, 0.2]])
    >>> [round(float(outcome), 6) for outcome in result.before]
    [80.0, 20.0]
    >>> [round(float(outcome), 6) for outcome in result.outcomes]
    [100.0, 0.0]
    """
    issues = _checked(position, influence, salience)
    before = mean_of(issues)
    positions = issues.position.copy()
    used: set[tuple[int, int]] = set()
    trades: list[Trade] = []
    candidates = [
        trade for p, q in combinations(range(len(before)), 2) for trade in _trades(issues, before, p, q)
    ]
    for trade in sorted(candidates, key=_preference):
        ends = {(actor, issue) for actor in trade.actors for issue in trade.issues}
        if not used & ends:
            used |= ends
            trades.append(trade)
            _give_way(positions, issues, trade.first, trade.first_issue, trade.first_shift)
            _give_way(positions, issues, trade.second, trade.second_issue, trade.second_shift)
    after = mean_of(issues._replace(position=positions))
    return ExchangeResult(before, after, positions.T.copy(), tuple(trades))


def _checked(position: ArrayLike, influence: ArrayLike, salience: ArrayLike) -> Factions:
    """Checked arrays of shape (q, n): for each issue a group of actors."""
    x, c, s = finite("position", position), finite("influence", influence), check_salience(salience)
    if x.ndim != 2 or x.shape[1] < 2 or s.shape != x.shape or c.shape != x.shape[:1]:
        raise TableError(
            f"shapes do not fit together: position {x.shape}, influence {c.shape}, salience {s.shape}. "
            "An exchange needs position and salience of shape (n, q), q two or more, influence of shape (n,)."
        )
    return check_factions(x.T, c, s.T)


def _trades(issues: Factions, outcome: FloatArray, p: int, q: int) -> Iterator[Trade]:
    """All trades between issues p and q, each pair of actors once."""
    side = np.sign(issues.position - outcome[:, None])
    cares = issues.salience
    opposed = (side[p][:, None] * side[q][:, None] * side[p] * side[q] != 0) & (side[p][:, None] != side[p])
    opposed &= (side[q][:, None] != side[q]) & np.all(cares[[p, q]] > 0, axis=0)[:, None]
    opposed &= np.all(cares[[p, q]] > 0, axis=0)
    # Row actor cares relatively less about p than column actor: it gives way on p.
    gives = opposed & (cares[p][:, None] * cares[q] < cares[p] * cares[q][:, None])
    for first, second in zip(*(place.tolist() for place in np.nonzero(gives)), strict=True):
        trade = _trade(issues, first, p, second, q)
        if trade.gain > 0:
            yield trade


def _trade(issues: Factions, a: int, p: int, b: int, q: int) -> Trade:
    """The largest equal-gain trade in which a gives way on p and b on q."""
    x, s, w = issues.position, issues.salience, issues.weight
    total = w.sum(axis=1)
    apart_p, apart_q = x[p, b] - x[p, a], x[q, a] - x[q, b]
    both_p, both_q = s[p, a] + s[p, b], s[q, a] + s[q, b]
    most_p, most_q = w[p, a] * abs(apart_p) / total[p], w[q, b] * abs(apart_q) / total[q]
    shift_p = min(most_p, most_q * both_q / both_p)
    shift_q = shift_p * both_p / both_q
    return Trade(
        gain=float(s[q, a] * shift_q - s[p, a] * shift_p),
        first=a,
        first_issue=p,
        first_shift=float(np.copysign(shift_p, apart_p)),
        second=b,
        second_issue=q,
        second_shift=float(np.copysign(shift_q, apart_q)),
    )


def _preference(trade: Trade) -> tuple[float, ...]:
    """Greatest gain first; equals by what they do to which issue, so that list order decides nothing."""
    shifts = (round(trade.first_shift, _DIGITS), round(trade.second_shift, _DIGITS))
    return (-round(trade.gain, _DIGITS), *trade.issues, *shifts)


def _give_way(positions: FloatArray, issues: Factions, actor: int, issue: int, shift: float) -> None:
    """Move one position so that the outcome of its issue shifts by `shift`."""
    weight = issues.weight[issue]
    positions[issue, actor] += shift * weight.sum() / weight[actor]
