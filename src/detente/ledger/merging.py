"""From staged rows to one table of events: repeats dropped, reports of one event merged, in bounded memory.

Rows are staged on disk by month or year of the event. The rule of merging, in this order:

1. The same row delivered twice (same id and date) counts once. A data set that corrects its events under
   their old id keeps the row known last (then the one given last), whatever its date.
2. Rows that agree in the data set's `same_event` columns (for coded news: day, doer, recipient and code, the
   doer and recipient as delivered) are reports of one event. The row known first stays; `n_reports` and
   `n_mentions` are summed. Two real events of one kind between the same two on one day thus count as one:
   coded news cannot tell them apart. A row in which one of these columns is empty is merged with no other.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from detente.ledger.columns import EVENT_COLUMNS, Dataset

SEQUENCE = "_sequence"
"""Column that numbers the rows of an import in the order read."""

LARGEST_BUCKET = 2_000_000
"""Rows merged at once; a month or year that holds more is merged day by day."""


class Merged(NamedTuple):
    """Rows that remained, rows dropped as repeats, and rows merged into another."""

    kept: int
    repeated: int
    merged: int


class Staging:
    """Rows on their way, in a folder of their own; those of a file count once it is committed."""

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self.folder = folder
        self.dataset = dataset
        self._open: list[tuple[str, Path, int]] = []
        self._open_revisions: list[pl.DataFrame] = []
        self._buckets: dict[str, list[Path]] = defaultdict(list)
        self._rows: dict[str, int] = defaultdict(int)
        self._revisions: list[pl.DataFrame] = []
        self._parts = 0

    def add(self, events: pl.DataFrame) -> None:
        """Write rows of the open file, by the month of the event (by its year where events are corrected)."""
        period = pl.col("occurred_at").dt.strftime("%Y" if self.dataset.revised else "%Y-%m")
        buckets = events.with_columns(period.alias("_bucket"))
        for (bucket,), part in buckets.partition_by("_bucket", as_dict=True, include_key=False).items():
            path = self.folder / f"{self._parts:08d}.parquet"
            part.write_parquet(path, compression="lz4")
            self._open.append((str(bucket), path, part.height))
            self._parts += 1

    def note_revisions(self, events: pl.DataFrame) -> None:
        """Remember when each id was known last, those of rows left out included."""
        if self.dataset.revised:
            known = pl.col("known_at").dt.epoch("us").fill_null(0).alias("_known")
            self._open_revisions.append(events.select("event_id", known, SEQUENCE))

    def commit(self) -> None:
        """The open file counts."""
        for bucket, path, rows in self._open:
            self._buckets[bucket].append(path)
            self._rows[bucket] += rows
        self._revisions += self._open_revisions
        self._open, self._open_revisions = [], []

    def discard(self) -> None:
        """The open file does not count."""
        for _, path, _ in self._open:
            path.unlink()
        self._open, self._open_revisions = [], []

    def finish(self, out: Path) -> Merged:
        """Merge all committed rows and put them at `out`, whole or not at all."""
        latest = self._latest()
        total = Merged(0, 0, 0)
        parts: list[Path] = []
        for rows in self._slices():
            events, count = merge(rows, self.dataset, latest)
            parts.append(self.folder / f"merged-{len(parts):06d}.parquet")
            events.select(list(EVENT_COLUMNS)).write_parquet(parts[-1], compression="lz4")
            total = Merged(*(a + b for a, b in zip(total, count, strict=True)))
        whole = self.folder / "events.parquet"
        if parts:
            pl.scan_parquet(parts).sink_parquet(whole, compression="zstd")
        else:
            pl.DataFrame(schema=EVENT_COLUMNS).write_parquet(whole)
        _put(whole, out)
        return total

    def _latest(self) -> pl.DataFrame | None:
        if not self.dataset.revised or not self._revisions:
            return None
        every = pl.concat(self._revisions)
        return every.sort("_known", SEQUENCE).unique("event_id", keep="last").select(SEQUENCE)

    def _slices(self) -> Iterator[pl.DataFrame]:
        for bucket in sorted(self._buckets):
            staged = pl.scan_parquet(self._buckets[bucket])
            if self._rows[bucket] <= LARGEST_BUCKET:
                yield staged.collect()
                continue
            days = staged.select(pl.col("occurred_at").unique()).collect()["occurred_at"].sort()
            for day in days:
                yield staged.filter(pl.col("occurred_at") == day).collect()


def merge(
    rows: pl.DataFrame, dataset: Dataset, latest: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, Merged]:
    """Merge the rows of some days, all of each day; see the head of this module for the rule.

    Parameters
    ----------
    rows : DataFrame
        Columns of `EVENT_COLUMNS` and `SEQUENCE`.
    dataset : Dataset
        Whose rows they are.
    latest : DataFrame, optional
        Sequence numbers of the rows that count, of a data set that corrects its events.
    """
    if latest is not None:
        once = rows.join(latest, on=SEQUENCE, how="semi")
    else:
        ordered = rows.sort(SEQUENCE)
        again = ~pl.struct("event_id", "occurred_at").is_first_distinct() & pl.col("event_id").is_not_null()
        once = ordered.filter(~again)
    events = _one_row_per_event(once, dataset.same_event) if dataset.same_event else once
    events = events.sort("occurred_at", SEQUENCE)
    return events, Merged(events.height, rows.height - once.height, once.height - events.height)


def _one_row_per_event(rows: pl.DataFrame, same: tuple[str, ...]) -> pl.DataFrame:
    """The row of each event that was known first, with the reports and mentions of all its rows.

    Groups are made of the few columns that decide; the others are only taken along.
    """
    alone = pl.when(pl.any_horizontal(pl.col(same).is_null())).then(pl.col(SEQUENCE)).otherwise(-1)
    ordered = rows.sort("known_at", SEQUENCE, nulls_last=True)
    mentions = pl.when(pl.col("n_mentions").count() > 0).then(pl.col("n_mentions").sum())
    deciding = ordered.select(*same, "n_reports", "n_mentions", alone.alias("_alone")).with_row_index("_row")
    summed = deciding.group_by([*same, "_alone"], maintain_order=True).agg(
        pl.col("_row").first(), pl.col("n_reports").sum(), mentions.alias("n_mentions")
    )
    return ordered[summed["_row"]].with_columns(summed["n_reports"], summed["n_mentions"])


def _put(whole: Path, out: Path) -> None:
    """Move a finished file to its place in one step, after it is safely on disk."""
    with whole.open("rb") as file:
        os.fsync(file.fileno())
    whole.replace(out)
