r"""Relational event models: who turns to whom next, and when, given what happened before.

For exact event sequences between a fixed set of actors. Three likelihoods, all log-concave:

============  ==========================================================  ===========================
model         what is explained                                           risk set
============  ==========================================================  ===========================
tie           which dyad is next and how long it takes (interval timing)  all ordered pairs
sender        which actor is next to act (order only)                     all actors
receiver      whom the actor turns to, given that it acts                 all other actors
============  ==========================================================  ===========================

The statistics of an event count only the events before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detente.errors import TableError
from detente.ledger.newton import FloatArray, Point, Summit, climb

Past = FloatArray
"""What happened so far: events from each actor (row) to each other (column)."""

DYAD_STATISTICS: Mapping[str, Callable[[Past], FloatArray]] = {
    "inertia": lambda past: past,
    "reciprocity": lambda past: past.T,
    "transitivity": lambda past: past @ past,
    "indegree_sender": lambda past: np.broadcast_to(past.sum(axis=0)[:, None], past.shape),
    "outdegree_sender": lambda past: np.broadcast_to(past.sum(axis=1)[:, None], past.shape),
    "indegree_receiver": lambda past: np.broadcast_to(past.sum(axis=0)[None, :], past.shape),
    "outdegree_receiver": lambda past: np.broadcast_to(past.sum(axis=1)[None, :], past.shape),
}
"""Statistics of an ordered pair. Transitivity counts the paths sender → third → receiver."""

ACTOR_STATISTICS: Mapping[str, Callable[[Past], FloatArray]] = {
    "indegree": lambda past: past.sum(axis=0),
    "outdegree": lambda past: past.sum(axis=1),
}
"""Statistics of a possible sender."""


@dataclass(frozen=True, eq=False)
class EventSequence:
    """Events in order of time: `time` (m,), `sender` and `receiver` (m,) numbered from 0 to n_actors − 1."""

    time: FloatArray
    sender: NDArray[np.int64]
    receiver: NDArray[np.int64]
    n_actors: int

    @classmethod
    def of(cls, time: ArrayLike, sender: ArrayLike, receiver: ArrayLike, n_actors: int) -> EventSequence:
        """Check and freeze a sequence.

        Raises
        ------
        TableError
            If the events are not in order, turn to themselves, or name an actor that is not there.
        """
        t = np.asarray(time, dtype=np.float64)
        s, r = np.asarray(sender, dtype=np.int64), np.asarray(receiver, dtype=np.int64)
        if not t.shape == s.shape == r.shape or t.ndim != 1 or t.size < 2:
            raise TableError(
                "time, sender, receiver: give three lists of one length, of two events at least."
            )
        if np.any(np.diff(t) < 0):
            raise TableError(
                f"time: event {int(np.argmax(np.diff(t) < 0)) + 1} comes before the one above it. Sort."
            )
        if np.any(s == r):
            raise TableError(f"receiver: event {int(np.argmax(s == r))} turns to its own sender.")
        if min(s.min(), r.min()) < 0 or max(s.max(), r.max()) >= n_actors:
            raise TableError(f"sender, receiver: actors are numbered from 0 to {n_actors - 1}.")
        return cls(t, s, r, n_actors)


@dataclass(frozen=True, eq=False)
class RelationalFit:
    """Coefficients of the statistics, with standard errors; `null_log_likelihood` is without statistics."""

    names: tuple[str, ...]
    coefficients: FloatArray
    errors: FloatArray
    log_likelihood: float
    null_log_likelihood: float
    n_events: int

    @property
    def deviance(self) -> float:
        """Minus twice the log-likelihood."""
        return -2.0 * self.log_likelihood

    @property
    def null_deviance(self) -> float:
        """Minus twice the log-likelihood without statistics."""
        return -2.0 * self.null_log_likelihood


def fit_ties(sequence: EventSequence, statistics: Sequence[str], *, weighted: bool = True) -> RelationalFit:
    r"""Fit the tie-oriented model with interval timing.

    .. math:: \ell = \sum_m \Big[\ln \lambda_{d_m}(t_m) - (t_m - t_{m-1}) \sum_d \lambda_d(t_m)\Big], \quad
              \lambda_d(t) = e^{\beta_0 + \beta \cdot x_d(t)}

    The clock starts at the first event, which is history: m events give m − 1 intervals.

    Parameters
    ----------
    sequence : EventSequence
        Times in any unit; rates are per that unit.
    statistics : sequence of str
        Names in `DYAD_STATISTICS`.
    weighted : bool, default True
        Whether a statistic counts events, or only whether there was one.

    Returns
    -------
    RelationalFit
        The first coefficient is the baseline.

    References
    ----------
    Butts, C. T. (2008). Sociological Methodology 38, 155-200.
    """
    x = _statistics(sequence, statistics, DYAD_STATISTICS, weighted)[1:]
    n = sequence.n_actors
    pairs = ~np.eye(n, dtype=bool)
    options = x[:, pairs].reshape(-1, x.shape[-1])
    design = np.column_stack([np.ones(len(options)), options])
    cell = np.zeros((n, n), dtype=np.int64)
    cell[pairs] = np.arange(n * (n - 1))
    m = len(sequence.time) - 1
    happened = np.arange(m) * n * (n - 1) + cell[sequence.sender[1:], sequence.receiver[1:]]
    exposure = np.repeat(np.diff(sequence.time), n * (n - 1))
    baseline = np.log(m / exposure.sum())

    def look(at: FloatArray) -> Point:
        rate = exposure * np.exp(design @ at)
        objective = float((design[happened] @ at).sum() - rate.sum())
        gradient = design[happened].sum(axis=0) - design.T @ rate
        return Point(objective, gradient, (design * rate[:, None]).T @ design)

    summit = climb(look, np.concatenate([[baseline], np.zeros(len(statistics))]))
    return _fit(("baseline", *statistics), summit, m * baseline - m, m)


def fit_senders(
    sequence: EventSequence, statistics: Sequence[str], *, weighted: bool = False
) -> RelationalFit:
    """Fit which actor acts next, by the order of events alone (a race of rates, without a clock).

    Parameters
    ----------
    sequence : EventSequence
        Of the times, only their order counts.
    statistics : sequence of str
        Names in `ACTOR_STATISTICS`.
    weighted : bool, default False
        Whether a degree counts events, or other actors.

    References
    ----------
    Stadtfeld, C. and Block, P. (2017). Sociological Science 4, 318-352.
    """
    x = _statistics(sequence, statistics, ACTOR_STATISTICS, weighted)
    allowed = np.ones(x.shape[:2], dtype=bool)
    return _fit_choice(tuple(statistics), x, allowed, sequence.sender)


def fit_receivers(
    sequence: EventSequence, statistics: Sequence[str], *, weighted: bool = False
) -> RelationalFit:
    """Fit whom an actor turns to, given that it acts: a conditional logit over all other actors.

    Parameters
    ----------
    sequence : EventSequence
        Of the times, only their order counts.
    statistics : sequence of str
        Names in `DYAD_STATISTICS`.
    weighted : bool, default False
        Whether a statistic counts events, or only whether there was one.

    References
    ----------
    Stadtfeld, C. and Block, P. (2017). Sociological Science 4, 318-352.
    """
    every = _statistics(sequence, statistics, DYAD_STATISTICS, weighted)
    m = np.arange(len(sequence.time))
    allowed = np.ones((m.size, sequence.n_actors), dtype=bool)
    allowed[m, sequence.sender] = False
    return _fit_choice(tuple(statistics), every[m, sequence.sender], allowed, sequence.receiver)


def _statistics(
    sequence: EventSequence,
    names: Sequence[str],
    known: Mapping[str, Callable[[Past], FloatArray]],
    weighted: bool,
) -> FloatArray:
    """Statistics before each event, shape (events, …, statistics)."""
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise TableError(f"there is no statistic '{', '.join(unknown)}'. Known: {', '.join(known)}.")
    past = np.zeros((sequence.n_actors, sequence.n_actors))
    found = []
    for sender, receiver in zip(sequence.sender, sequence.receiver, strict=True):
        seen = past if weighted else (past > 0).astype(np.float64)
        found.append(np.stack([known[name](seen) for name in names], axis=-1))
        past[sender, receiver] += 1
    return np.stack(found)


def _fit_choice(
    names: tuple[str, ...], x: FloatArray, allowed: NDArray[np.bool_], chosen: NDArray[np.int64]
) -> RelationalFit:
    """Conditional logit: `x` (choices, options, statistics), which options are open, and which was taken."""
    m = np.arange(chosen.size)

    def look(at: FloatArray) -> Point:
        utility = np.where(allowed, x @ at, -np.inf)
        top = utility.max(axis=1, keepdims=True)
        weight = np.exp(utility - top)
        total = weight.sum(axis=1, keepdims=True)
        p = weight / total
        objective = float((utility[m, chosen] - top[:, 0] - np.log(total[:, 0])).sum())
        mean = (p[:, None, :] @ x)[:, 0]
        root = (np.sqrt(p)[:, :, None] * x).reshape(-1, x.shape[-1])
        spread = root.T @ root - mean.T @ mean
        return Point(objective, (x[m, chosen] - mean).sum(axis=0), spread)

    summit = climb(look, np.zeros(len(names)))
    return _fit(names, summit, -float(np.log(allowed.sum(axis=1)).sum()), chosen.size)


def _fit(names: tuple[str, ...], summit: Summit, null: float, n_events: int) -> RelationalFit:
    return RelationalFit(
        names=names,
        coefficients=summit.at,
        errors=np.sqrt(np.diag(summit.covariance)),
        log_likelihood=summit.point.objective,
        null_log_likelihood=float(null),
        n_events=n_events,
    )
