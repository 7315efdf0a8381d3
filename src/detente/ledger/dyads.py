"""Directed dyads × days: how often each actor did what to each other, day by day, and memories of it.

A dyad is an ordered pair (actor, recipient) of two different actors. Arrays have the axes (actor, recipient,
day) or, flattened over the n (n - 1) pairs in that order, (dyad, day). A memory on a day holds what came
*before* that day, never the day itself, so that every forecast one day ahead is honest by construction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import signal  # type: ignore[import-untyped, unused-ignore]

from detente.errors import TableError
from detente.ledger.coding import cameo_code, plover_score

FloatArray = NDArray[np.float64]

KINDS: Mapping[str, pl.Expr] = {
    "any": pl.lit(True),
    "verbal_cooperation": pl.col("quadclass_icews") == 1,
    "material_cooperation": pl.col("quadclass_icews") == 2,
    "verbal_conflict": pl.col("quadclass_icews") == 3,
    "material_conflict": pl.col("quadclass_icews") == 4,
    "military": pl.col("cameo").str.slice(0, 2).is_in(["18", "19", "20"]),
}
"""Kinds of events by name; quad classes in the convention of ICEWS, military: roots 18 to 20."""


def kind_of_codes(codes: Iterable[str]) -> tuple[str, pl.Expr]:
    """A kind of events by codes: its name, and the condition on the columns cameo and plover.

    Parameters
    ----------
    codes : iterable of str
        CAMEO codes, which stand for everything that begins with them (``19`` for 190, 195 …), and names of
        PLOVER types, in capitals.

    Raises
    ------
    TableError
        If there is none, or one is unknown; the message says so if a leading zero was lost.

    Examples
    --------
    >>> kind_of_codes(["18", "195", "ASSAULT"])[0]
    '18+195+ASSAULT'
    """
    wanted = [code.strip() for code in codes if code.strip()]
    if not wanted:
        raise TableError("codes: none given. Name CAMEO codes or PLOVER types, such as 18,19,20.")
    parts = []
    for code in wanted:
        if code[:1].isdigit():
            cameo_code(code)
            parts.append(pl.col("cameo").str.starts_with(code))
        else:
            plover_score(code)
            parts.append(pl.col("plover") == code)
    return "+".join(wanted), pl.any_horizontal(part.fill_null(False) for part in parts)


CLIMATOLOGY_WEIGHT = 2.0
"""Days of the mean over all dyads that a dyad's own long-run share is shrunk by."""


@dataclass(frozen=True, eq=False)
class DyadDays:
    """Counts of events of several kinds between all ordered pairs of some actors, over a span of days.

    `counts` has shape (n, n, days) per kind, day 0 being `first_day`; the diagonal is zero.
    """

    actors: tuple[str, ...]
    first_day: dt.date
    counts: Mapping[str, FloatArray]

    @property
    def n_days(self) -> int:
        """Days of the span."""
        return int(next(iter(self.counts.values())).shape[-1])

    @cached_property
    def pairs(self) -> NDArray[np.int64]:
        """Number of the actor and of the recipient of each dyad, shape (dyads, 2)."""
        n = len(self.actors)
        return np.array([(i, j) for i, j in product(range(n), repeat=2) if i != j], dtype=np.int64)

    @cached_property
    def dyads(self) -> tuple[tuple[str, str], ...]:
        """Actor and recipient of each dyad, in the order of every (dyad, day) array."""
        return tuple((self.actors[i], self.actors[j]) for i, j in self.pairs)

    def flat(self, array: FloatArray) -> FloatArray:
        """An array (actor, recipient, …) as (dyad, …)."""
        i, j = self.pairs.T
        flat: FloatArray = array[i, j]
        return flat

    def happened(self, kind: str) -> FloatArray:
        """Whether at least one event of the kind fell on the day, 0 or 1, shape (dyads, days)."""
        return (self.flat(self.of(kind)) > 0).astype(np.float64)

    def of(self, kind: str) -> FloatArray:
        """Counts of a kind, shape (n, n, days)."""
        if kind not in self.counts:
            raise TableError(f"there is no kind '{kind}'. Kinds here: {', '.join(self.counts)}.")
        return self.counts[kind]

    def number(self, day: dt.date) -> int:
        """Number of a day of the span; the day after the last is allowed, as an open end."""
        number = (day - self.first_day).days
        if not 0 <= number <= self.n_days:
            last = self.first_day + dt.timedelta(days=self.n_days - 1)
            raise TableError(f"{day} lies outside the record, which runs from {self.first_day} to {last}.")
        return number

    def weekdays(self) -> NDArray[np.int64]:
        """Day of the week of each day, Monday = 0."""
        return (self.first_day.weekday() + np.arange(self.n_days)) % 7


def dyad_days(
    events: pl.DataFrame | pl.LazyFrame | Path | str,
    actors: Sequence[str],
    *,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    kinds: Iterable[str] | Mapping[str, pl.Expr] = tuple(KINDS),
) -> DyadDays:
    """Count events per directed dyad, day and kind.

    Parameters
    ----------
    events : DataFrame, LazyFrame, or path of a Parquet table written by `import_events`
        Columns actor, recipient, occurred_at, cameo, quadclass_icews; rows that are not exact to the day or
        not directed (columns precision and directed, where present) are left out.
    actors : sequence of str
        Ids of the actors, at least two.
    first_day, last_day : date, optional
        Span of the record, both included; by default from the first event to the last.
    kinds : iterable of str or mapping of str to expression, default all of `KINDS`
        Names in `KINDS`, or kinds of your own: name → condition on the columns of an event.

    Raises
    ------
    TableError
        If an actor has no event, a kind is unknown, or the span is empty.
    """
    table = pl.scan_parquet(events) if isinstance(events, str | Path) else events.lazy()
    wanted = kinds if isinstance(kinds, Mapping) else named_kinds(kinds)
    if len(set(actors)) < max(2, len(actors)):
        raise TableError("actors: name at least two, each once.")
    rows = _rows_between(table, actors)
    present = set(rows["actor"]) | set(rows["recipient"])
    absent = [actor for actor in actors if actor not in present]
    if absent:
        raise TableError(
            f"no event between these actors names {', '.join(absent)}. Check the ids, or leave them out."
            " Events that are not exact to the day, or do not say who did it to whom, do not count."
        )
    first = first_day or rows["occurred_at"].min()
    last = last_day or rows["occurred_at"].max()
    if not isinstance(first, dt.date) or not isinstance(last, dt.date) or last < first:
        raise TableError(f"the span from {first!s} to {last!s} is empty.")
    days = (last - first).days + 1
    counts = {kind: _count(rows.filter(test), actors, first, days) for kind, test in wanted.items()}
    return DyadDays(tuple(actors), first, counts)


def busiest_actors(
    events: pl.DataFrame | pl.LazyFrame, n: int, *, since: dt.date | None = None, until: dt.date | None = None
) -> list[str]:
    """The n actors with the most events, as doer or recipient, the busiest first.

    Rows of an actor to itself, and those without one of the two, do not count.

    Examples
    --------
    >>> rows = {"actor": ["A", "B", "A"], "recipient": ["B", "C", "B"], "occurred_at": [dt.date(2018, 1, 1)] * 3}
    >>> busiest_actors(pl.DataFrame(rows), 2)
    ['B', 'A']
    """
    day = pl.col("occurred_at")
    tests = [pl.col("actor") != pl.col("recipient")]
    tests += [day >= since] if since else []
    tests += [day <= until] if until else []
    ends = events.lazy().filter(*tests).select(pl.concat_list("actor", "recipient").explode().alias("actor"))
    counted = ends.group_by("actor").len().sort(["len", "actor"], descending=[True, False]).head(n).collect()
    return counted["actor"].to_list()


def named_kinds(names: Iterable[str]) -> dict[str, pl.Expr]:
    """Kinds of `KINDS` by name.

    Raises
    ------
    TableError
        If there is no such kind.

    Examples
    --------
    >>> list(named_kinds(["any", "military"]))
    ['any', 'military']
    """
    wanted = list(names)
    unknown = [kind for kind in wanted if kind not in KINDS]
    if unknown:
        raise TableError(f"there is no kind '{unknown[0]}'. Known: {', '.join(KINDS)}.")
    return {kind: KINDS[kind] for kind in wanted}


def _rows_between(table: pl.LazyFrame, actors: Sequence[str]) -> pl.DataFrame:
    names = table.collect_schema().names()
    between = pl.all_horizontal(pl.col("actor", "recipient").is_in(list(actors)))
    conditions = [between, pl.col("actor") != pl.col("recipient")]
    if "precision" in names:
        conditions.append(pl.col("precision") == "day")
    if "directed" in names:
        conditions.append(pl.col("directed"))
    columns = ["actor", "recipient", "occurred_at", "cameo", "quadclass_icews"]
    missing = [column for column in columns if column not in names]
    if missing:
        raise TableError(
            f"the table of events has no column {', '.join(missing)}. Was it written by an import?"
        )
    plover = pl.col("plover") if "plover" in names else pl.lit(None, dtype=pl.String).alias("plover")
    return table.filter(*conditions).select(*columns, plover).collect()


def _count(rows: pl.DataFrame, actors: Sequence[str], first: dt.date, days: int) -> FloatArray:
    n = len(actors)
    place = {actor: i for i, actor in enumerate(actors)}
    inside = rows.with_columns(((pl.col("occurred_at") - first).dt.total_days()).alias("_day"))
    inside = inside.filter(pl.col("_day").is_between(0, days - 1))
    i = inside["actor"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    j = inside["recipient"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    where = (i * n + j) * days + inside["_day"].to_numpy()
    return np.bincount(where, minlength=n * n * days).reshape(n, n, days).astype(np.float64)


# --- memories -----------------------------------------------------------------------------------------------


def memory(daily: FloatArray, half_life: float) -> FloatArray:
    r"""Exponentially fading sum of what came before each day.

    .. math:: m_t = \sum_{s < t} 2^{-(t - 1 - s)/h}\, x_s

    Parameters
    ----------
    daily : ndarray, shape (..., days)
        Daily amounts.
    half_life : float, above zero [day]
        Half-life h.

    Returns
    -------
    ndarray, shape (..., days)

    Examples
    --------
    >>> memory(np.array([4.0, 0.0, 0.0, 1.0]), 1.0).tolist()
    [0.0, 4.0, 2.0, 1.0]
    """
    return fade(daily, decay(half_life))


def fade(daily: FloatArray, keep: float) -> FloatArray:
    """The sum of earlier days, each worth `keep` times less for every day that passed since the next."""
    faded: FloatArray = signal.lfilter([0.0, 1.0], [1.0, -keep], daily, axis=-1)
    return faded


def decay(half_life: float) -> float:
    """What is left of a memory after a day."""
    if not half_life > 0:
        raise TableError(f"half_life: {half_life:g} is not above zero days.")
    return float(0.5 ** (1.0 / half_life))


def memory_weight(half_life: float, days: int) -> FloatArray:
    """The memory of one per day, shape (days,): what a memory is divided by to become a mean."""
    keep = decay(half_life)
    return np.asarray((1.0 - keep ** np.arange(days)) / (1.0 - keep), dtype=np.float64)


class WeightedMean(NamedTuple):
    """The exponentially weighted mean as a forecast; both numbers are tuned."""

    half_life: float
    prior_weight: float

    def forecast(self, happened: FloatArray, overall: float | None = None) -> FloatArray:
        r"""Probability for each dyad and day, from the days before it.

        .. math:: p_t = \frac{\sum_{s<t} 2^{-(t-1-s)/h} y_s + w\, c_t}{\sum_{s<t} 2^{-(t-1-s)/h} + w}

        where c is the dyad's share of days so far, itself shrunk towards the share of all dyads.

        Parameters
        ----------
        happened : ndarray of 0 and 1, shape (dyads, days)
            Whether it happened; only what came before a day is used for it.
        overall : float, optional
            Share of all dyads and days, where it is known; by default that of the days so far.

        Returns
        -------
        ndarray, shape (dyads, days), in [0, 1]
            On day 0, when nothing is known, the probability is one half.
        """
        weight = memory_weight(self.half_life, happened.shape[1])
        known = memory(happened, self.half_life) + self.prior_weight * climatology(happened, overall)
        return known / (weight + self.prior_weight)


def climatology(happened: FloatArray, overall: float | None = None) -> FloatArray:
    """Share of the days so far on which it happened, per dyad, shrunk to that of all; (dyads, days)."""
    before = np.arange(happened.shape[1])
    so_far = np.concatenate([np.zeros((happened.shape[0], 1)), np.cumsum(happened, axis=1)[:, :-1]], axis=1)
    of_all = np.where(before > 0, so_far.mean(axis=0) / np.maximum(before, 1), 0.5)
    prior = of_all if overall is None else np.full(before.size, overall)
    return (so_far + CLIMATOLOGY_WEIGHT * prior) / (before + CLIMATOLOGY_WEIGHT)


def spans(days: int, largest: int) -> list[tuple[int, int]]:
    """Half-open spans [a, b) of at most `largest` days that cover [0, days)."""
    edges = [*range(0, days, max(1, largest)), days]
    return [(a, b) for a, b in pairwise(edges) if b > a]
