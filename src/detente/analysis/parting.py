"""When the futures of two ensembles that share their random numbers part.

Two ways of looking, of which the first costs nothing:

``registers``
    the first time at which an answer to a question, or the first date of a listed action, differs. Futures that
    differ only in what nobody asked for count as the same.
``events``
    the first happening of any kind that one future has and the other has not; needs the event logs, which about
    double the time of a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detente.engine import EventLog
from detente.engine.watching import Watch

Floats = NDArray[np.float64]

ADDED = "scenario."
"""Happenings with this prefix belong to a scenario and part nothing."""


@dataclass(frozen=True)
class Parting:
    """How many futures part, and when.

    `share` is the share of futures that differ, in [0, 1]; `median` the median, over those, of the first time at
    which they do [day]; NaN where none does. `by` says what was compared.
    """

    share: float
    median: float
    by: Literal["registers", "events"]


def parting_of(times: Floats, by: Literal["registers", "events"]) -> Parting:
    """Share and median of times of parting, infinite where a future does not part.

    Examples
    --------
    >>> import numpy as np
    >>> parting_of(np.array([3.0, np.inf, 5.0, np.inf]), "registers")
    Parting(share=0.5, median=4.0, by='registers')
    """
    parted = np.isfinite(times)
    median = float(np.median(times[parted])) if parted.any() else float("nan")
    return Parting(float(parted.mean()) if len(parted) else 0.0, median, by)


def part_in_registers(before: Mapping[Watch, Floats], after: Mapping[Watch, Floats], n: int) -> Floats:
    """Time at which each of the first n futures is first seen to differ [day], infinity if never, shape (n,).

    A value at an instant differs at that instant; a first time at the earlier of the two.

    Examples
    --------
    >>> import numpy as np
    >>> watch = Watch("first", "strike", 0.0, 30.0)
    >>> part_in_registers({watch: np.array([4.0, np.inf])}, {watch: np.array([4.0, 9.0])}, 2).tolist()
    [inf, 9.0]
    """
    times = np.full(n, np.inf)
    for watch in before.keys() & after.keys():
        one, other = before[watch][:n], after[watch][:n]
        first = watch.closes if watch.kind == "at" else np.minimum(one, other)
        times = np.where(one != other, np.minimum(times, first), times)
    return times


def part_in_events(before: EventLog, after: EventLog, n: int) -> Floats:
    """Time of the first happening in which each of the first n futures differs [day], shape (n,).

    Happenings that a scenario adds are left out.
    """
    one, other = _Rows(before, n), _Rows(after, n)
    times = np.full(n, np.inf)
    _compare(one, other, before.names, after.names, times)
    for shorter, longer in ((one, other), (other, one)):
        more = np.flatnonzero(longer.counts > shorter.counts)
        following = longer.time[longer.starts[more] + shorter.counts[more]]
        times[more] = np.minimum(times[more], following)
    return times


class _Rows:
    """The happenings of a log that count, with where each future begins among them."""

    def __init__(self, log: EventLog, n: int) -> None:
        added = np.array([name.startswith(ADDED) for name in log.names])
        kept = (log.trajectory < n) & ~added[log.happening]
        self.trajectory = log.trajectory[kept]
        self.time, self.happening = log.time[kept], log.happening[kept]
        self.counts = np.bincount(self.trajectory, minlength=n)
        self.starts = np.cumsum(self.counts) - self.counts


def _compare(
    one: _Rows, other: _Rows, names: tuple[str, ...], other_names: tuple[str, ...], times: Floats
) -> None:
    """Lower `times` to the first row in which two futures differ, as far as both have rows."""
    place = np.arange(len(one.trajectory)) - one.starts[one.trajectory]
    both = place < other.counts[one.trajectory]
    mine = np.flatnonzero(both)
    theirs = (other.starts[one.trajectory] + place)[both]
    number = {name: i for i, name in enumerate(other_names)}
    translated = np.array([number.get(name, -1) for name in names])
    differs = (one.time[mine] != other.time[theirs]) | (
        translated[one.happening[mine]] != other.happening[theirs]
    )
    mine, theirs = mine[differs], theirs[differs]
    np.minimum.at(times, one.trajectory[mine], np.minimum(one.time[mine], other.time[theirs]))
