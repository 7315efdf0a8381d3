"""What answers a question: in every future the happening that did, and how that came about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.analysis.chains import Logbook, Side, deciders_of
from detente.analysis.readings import title_of
from detente.engine import Ensemble
from detente.engine.watching import answer, answered_at
from detente.errors import ForecastError
from detente.estimating import rule_of_three, standard_error
from detente.expressions import Name, walk
from detente.model import Crisis, Question

Floats = NDArray[np.float64]

Behind = Mapping[str, tuple[Side, float]]
"""Per clock or outcome: the answer that it lies behind, and in which share of the futures with this answer."""


@dataclass(frozen=True)
class Way:
    """One way in which a question was answered.

    `chain` leads from the root (a clock, a date) to the happening that answered, as most futures of this way had
    it; empty where nothing happened: it stood so already, it never came, or a stock flowed over a threshold.
    `share` is that of the futures with this answer, `error` its Monte Carlo error, or where all went this way
    the bound 3/D on what else there may be.
    """

    side: Side
    chain: tuple[str, ...]
    titles: tuple[str, ...]
    n: int
    share: float
    error: float


class Answering:
    """What answers one question, future by future.

    Attributes
    ----------
    deciders : tuple of Decider
    yes : (n,) booleans
        Whether the answer is yes.
    when : (n,) floats
        When a yes became certain [day], infinity for no.
    held : (n,) booleans
        Whether the future counts: not runaway, and the condition of the question holds.
    last : float
        Close of the question, or the horizon if that is earlier [day].
    """

    def __init__(self, question: Question, ensemble: Ensemble) -> None:
        need_log(ensemble)
        assert ensemble.log is not None
        self.question, self.ensemble, self.crisis = question, ensemble, ensemble.crisis
        registers = ensemble.registers
        self.deciders = deciders_of(question, self.crisis)
        self.yes = answer(question.yes_if, question, self.crisis, registers)
        self.when = answered_at(question.yes_if, question, self.crisis, registers)
        self.held = ~ensemble.runaway
        if question.given is not None:
            self.held = self.held & answer(question.given, question, self.crisis, registers)
        self.last = min(question.closes, ensemble.settings.horizon)
        self.book = Logbook(ensemble.log, ensemble.n_trajectories)
        names = {node.name for node in walk(question.yes_if) if isinstance(node, Name)}
        self._about_a_state = not names.isdisjoint(self.crisis.stages)
        sides: tuple[Side, ...] = ("yes", "no", "either")
        self._wanted = {
            side: self.book.wanted({each.happening for each in self.deciders if each.side == side})
            for side in sides
        }

    def row(self, trajectory: int, side: Side) -> int:
        """The row of the event log that answered a future; −1 where no happening did.

        Of a state the happening by which it last became so; of a stock that crosses a threshold the one that moved
        it over, if it did not flow over; else the one that made the answer certain.
        """
        own, until = self._wanted[side], min(float(self.when[trajectory]), self.question.closes)
        if self._about_a_state:
            against = self.book.among(trajectory, self._wanted["no" if side == "yes" else "yes"], until)
            rows = self.book.among(trajectory, own, until)
            rows = rows[rows > against[-1]][:1] if len(against) else rows[:1]
        else:
            rows = self.book.among(trajectory, own, until, self.question.opens)
            rows = rows[-1:] if np.isfinite(self.when[trajectory]) else rows[:1]
        if not len(rows) and side == "yes":
            rows = self.book.among(trajectory, self._wanted["either"], until)[-1:]
            rows = rows[self.book.log.time[rows] == until]
        return int(rows[0]) if len(rows) else -1

    def ways(self) -> tuple[tuple[Way, ...], Behind]:
        """The ways to each answer, commonest first, and what lies behind them."""
        ways: list[Way] = []
        behind: dict[str, tuple[Side, float]] = {}
        sides: tuple[tuple[Side, NDArray[np.bool_]], ...] = (("yes", self.yes), ("no", ~self.yes))
        for side, so in sides:
            futures = np.flatnonzero(so & self.held)
            chains = [self._chain(int(i), side) for i in futures]
            ways += self._grouped(side, futures, chains)
            for name, n in Counter(name for chain in chains for name in set(chain)).items():
                share = n / len(futures)
                if share > behind.get(name, (side, 0.0))[1]:
                    behind[name] = side, share
        return tuple(ways), behind

    def _chain(self, trajectory: int, side: Side) -> tuple[str, ...]:
        """What led to the answer of one future; empty where nothing that the question watches happened."""
        row = self.row(trajectory, side)
        return self.book.chain(row).happenings if row >= 0 else ()

    def _grouped(
        self, side: Side, futures: NDArray[np.int64], chains: Sequence[tuple[str, ...]]
    ) -> list[Way]:
        """Chains with the same root and end are one way."""
        ends: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for k, chain in enumerate(chains):
            ends[(chain[0], chain[-1]) if chain else ()].append(k)
        found = []
        for members in sorted(ends.values(), key=lambda each: -len(each)):
            chain = Counter(chains[k] for k in members).most_common(1)[0][0]
            share, error = share_of(futures[members], futures, self.ensemble)
            titles = tuple(title_of(name, self.crisis) for name in chain)
            found.append(Way(side, chain, titles, len(members), share, error))
        return found


def share_of(some: NDArray[np.int64], among: NDArray[np.int64], ensemble: Ensemble) -> tuple[float, float]:
    """Share of some trajectories among others, and its Monte Carlo error over draws.

    Where it is all of them the error is the bound 3/D over the draws that have any.

    Examples
    --------
    >>> from detente import load, simulate
    >>> few = simulate(load("cuba_1962"), trajectories=16, seed=1)
    >>> share_of(np.array([0, 9]), np.array([0, 1, 8, 9]), few)
    (0.5, 0.0)
    """
    replicates = ensemble.settings.n_replicates
    counted, asked = (
        np.bincount(each // replicates, minlength=ensemble.finished).astype(np.float64)
        for each in (some, among)
    )
    if len(some) == len(among):
        return 1.0, rule_of_three(int(np.count_nonzero(asked)))
    return len(some) / len(among), standard_error(counted, asked)


def asked_question(crisis: Crisis, question: str) -> Question:
    """The question of an id.

    Raises
    ------
    ForecastError
        If there is none; with those that exist.
    """
    if question not in crisis.questions:
        known = ", ".join(crisis.questions) or "none"
        raise ForecastError(f"there is no question '{question}'. Questions: {known}.")
    return crisis.questions[question]


def need_log(ensemble: Ensemble) -> None:
    """Stop where an ensemble has no event log.

    Raises
    ------
    ForecastError
    """
    if ensemble.log is None:
        raise ForecastError("the ensemble has no event log. Simulate it with log=True.")
