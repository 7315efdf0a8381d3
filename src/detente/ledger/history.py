"""What a rate may depend on: terms of the history of a dyad, of its actors and of the calendar.

Every term is a function of the days before the day it explains. Memories enter as log(m + c), where m is
the fading *mean* of log(1 + daily count): raw memories are ruled by the few dyads with hundreds of events,
and lose to a plain weighted mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from detente.errors import TableError
from detente.ledger.dyads import DyadDays, FloatArray, memory, memory_weight

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Terms:
    """Which terms a rate has; half-lives in days.

    `own` and `reverse`: memories of what the actor did to the recipient, and the recipient to the actor, of
    the kind itself. `others`: the same two memories of other kinds, at `other` half-lives. `activity`: what
    the actor did to all, and all to the actor, and the same of the recipient. `triads`: paths over third
    actors (actor → third → recipient) and third actors that turn to both. `weekday`: one effect per day of
    the week. `offset` is the c of log(m + c).
    """

    own: tuple[float, ...] = (0.5, 1, 2, 4, 8, 16, 32, 64, 180)
    reverse: tuple[float, ...] = (0.5, 1, 2, 4, 8, 16, 32, 64, 180)
    others: tuple[str, ...] = ("any",)
    other: tuple[float, ...] = (3, 30)
    activity: tuple[float, ...] = (3, 30)
    triads: tuple[float, ...] = (30,)
    weekday: bool = True
    offset: float = 0.02


class History:
    """Terms of one kind of event on a record of dyads, built for any span of days on demand."""

    def __init__(self, data: DyadDays, kind: str, terms: Terms) -> None:
        if not terms.offset > 0:
            raise TableError(f"offset: {terms.offset:g} is not above zero; log(m + c) needs it.")
        self.data = data
        self.kind = kind
        self.terms = terms
        self._means: dict[tuple[str, float], FloatArray] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in the order of the columns."""
        terms, other_kinds = self.terms, self._other_kinds()
        names = [f"own {h:g} d" for h in terms.own] + [f"reverse {h:g} d" for h in terms.reverse]
        names += [
            f"{side} {kind} {h:g} d"
            for kind in other_kinds
            for h in terms.other
            for side in ("own", "reverse")
        ]
        names += [
            f"{what} {h:g} d"
            for h in terms.activity
            for what in ("actor to all", "all to actor", "recipient to all", "all to recipient")
        ]
        names += [f"{what} {h:g} d" for h in terms.triads for what in ("two steps", "third to both")]
        return tuple(names + (list(DAYS[1:]) if terms.weekday else []))

    def block(self, first: int, last: int) -> FloatArray:
        """Terms on the days [first, last), shape (dyads, days, terms)."""
        days = slice(first, last)
        columns = [*self._memories(days), *self._activities(days), *self._triads(days), *self._weekdays(days)]
        n_dyads = len(self.data.pairs)
        out = np.empty((n_dyads, last - first, len(columns)))
        for k, column in enumerate(columns):
            out[:, :, k] = column
        return out

    def _other_kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind in self.terms.others if kind != self.kind)

    def _mean(self, kind: str, half_life: float) -> FloatArray:
        """Fading mean of log(1 + count), shape (n, n, days), with one day of nothing as prior."""
        key = (kind, half_life)
        if key not in self._means:
            daily = np.log1p(self.data.of(kind))
            weight = memory_weight(half_life, self.data.n_days)
            self._means[key] = memory(daily, half_life) / (weight + 1.0)
        return self._means[key]

    def _log(self, mean: FloatArray) -> FloatArray:
        return np.log(mean + self.terms.offset)

    def _memories(self, days: slice) -> list[FloatArray]:
        terms, flat = self.terms, self.data.flat
        wanted = [(self.kind, h, False) for h in terms.own] + [(self.kind, h, True) for h in terms.reverse]
        wanted += [
            (kind, h, back) for kind in self._other_kinds() for h in terms.other for back in (False, True)
        ]
        means = ((self._mean(kind, h)[:, :, days], back) for kind, h, back in wanted)
        return [self._log(flat(mean.transpose(1, 0, 2) if back else mean)) for mean, back in means]

    def _activities(self, days: slice) -> list[FloatArray]:
        actor, recipient = self.data.pairs.T
        partners = len(self.data.actors) - 1
        found: list[FloatArray] = []
        for h in self.terms.activity:
            mean = self._mean(self.kind, h)[:, :, days]
            gives, takes = self._log(mean.sum(axis=1) / partners), self._log(mean.sum(axis=0) / partners)
            found += [gives[actor], takes[actor], gives[recipient], takes[recipient]]
        return found

    def _triads(self, days: slice) -> list[FloatArray]:
        thirds = max(1, len(self.data.actors) - 2)
        found: list[FloatArray] = []
        for h in self.terms.triads:
            by_day = np.ascontiguousarray(self._mean(self.kind, h)[:, :, days].transpose(2, 0, 1))
            for paths in (by_day @ by_day, by_day.transpose(0, 2, 1) @ by_day):
                mean = paths.transpose(1, 2, 0) / thirds
                found.append(np.log(self.data.flat(mean) + self.terms.offset**2))
        return found

    def _weekdays(self, days: slice) -> Sequence[FloatArray]:
        if not self.terms.weekday:
            return ()
        weekday = self.data.weekdays()[days]
        return [(weekday == k).astype(np.float64) for k in range(1, 7)]
