"""Import of event data: delivered files in, one Parquet table of events out, and a full account of the rows.

`import_events` reads its files block by block, so they may be larger than memory, and puts the table in its
place in one step at the end: a crash, a full disk or a fault in a file leaves what was there before.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial as partial_function
from pathlib import Path
from typing import Literal

import polars as pl

from detente.errors import DetenteError, Fault, TableError
from detente.ledger.actors import Actors, read_actors
from detente.ledger.columns import LINE, REFUSED, REFUSED_TEXT, Dataset, Request
from detente.ledger.forms import FormError, Plan, recognise
from detente.ledger.importers import DATASETS
from detente.ledger.merging import SEQUENCE, Staging
from detente.ledger.reporting import EventFileError, ImportReport, Tally, too_many_refused
from detente.ledger.streams import BLOCK_BYTES, BrokenStreamError, ahead, read_blocks

Ends = Literal["both", "one"]

MAX_REFUSED = 0.05
"""Share of refused rows above which a file as a whole is at fault."""


def import_events(
    dataset: str,
    files: Iterable[Path | str],
    out: Path | str,
    *,
    actors: Iterable[str] | None = None,
    actor_table: Path | str | None = None,
    ends: Ends | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
    columns: Mapping[str, str] | None = None,
    date_format: str | None = None,
    restore_zeros: bool = False,
    partial: bool = False,
    max_refused: float = MAX_REFUSED,
    block_bytes: int = BLOCK_BYTES,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> ImportReport:
    """Import files of one data set into a Parquet table of events.

    Parameters
    ----------
    dataset : {'acled', 'gdelt', 'icews', 'polecat', 'ucdp'}
        Whose files they are.
    files : iterable of Path or str
        Files as delivered: plain, gzip, or zip with one file in it.
    out : Path or str
        Parquet file to write; replaced whole if it exists. Its columns: `detente.ledger.columns`.
    actors : iterable of str, optional
        Ids of the actors to keep; without them, all rows are kept.
    actor_table : Path or str, optional
        A table of actors of your own in place of the one that ships.
    ends : {'both', 'one'}, optional
        Whether doer and recipient must both be named (and, with `actors`, be among them), or one of them.
        Default: both if `actors` are given, else one.
    since, until : date, optional
        First and last day of events to keep, both included.
    columns : mapping of str to str, optional
        Names in the header of the file → names that the data set uses, for re-exported files.
    date_format : str, optional
        Form of the dates (as in ``strftime``) where a file departs from the data set's own.
    restore_zeros : bool, default False
        Give CAMEO codes back the leading zero that a re-export lost.
    partial : bool, default False
        Import the readable part of files that break off, pass over files that are at fault as a whole, and
        list both in the report, in place of raising.
    max_refused : float in [0, 1], default 0.05
        Share of refused rows above which a file as a whole is at fault: where many dates or codes cannot be
        read, those that can are likely to be misread.
    block_bytes : int, default 16 MiB
        Bytes parsed at once; governs memory, not the result.
    progress : callable, optional
        Called now and then with the bytes read, compressed as they are, and those of all files. It may be
        called from another thread.

    Returns
    -------
    ImportReport
        What was read, kept, merged, left out and refused, and why.

    Raises
    ------
    EventFileError
        With the faults of all files; nothing is written.
    TableError
        If the data set, an actor or an option is unknown.
    """
    forms = _forms(dataset)
    request = Request(read_actors(actors, actor_table), date_format, restore_zeros)
    both = ends == "both" if ends is not None else actors is not None
    paths = [Path(file) for file in files]
    target = Path(out)
    if not paths:
        raise TableError("files: none given. Name the files of the data set to import.")
    started = time.monotonic()
    folder = _staging_folder(target)
    try:
        staging = Staging(folder, forms[0])
        tally = Tally()
        rows = _Rows(request, both, since, until, block_bytes, staging, tally)
        faults = []
        for path, following in _followed(paths, progress):
            rows.progress = following
            faults += rows.take(path, forms, columns, partial, max_refused)
        if faults and not partial:
            raise EventFileError(faults, tally.readable)
        merged = staging.finish(target)
    except OSError as problem:
        raise DetenteError(
            f"cannot write {target}: {problem.strerror or problem}. What was there before is unchanged."
        ) from problem
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.report(dataset, target, paths, merged, faults, time.monotonic() - started)


class _Rows:
    """Takes files one by one into the staging area."""

    def __init__(
        self,
        request: Request,
        both: bool,
        since: dt.date | None,
        until: dt.date | None,
        block_bytes: int,
        staging: Staging,
        tally: Tally,
    ) -> None:
        self.request = request
        self.left_out = _left_out(request.actors, both, since, until)
        self.block_bytes = block_bytes
        self.staging = staging
        self.tally = tally
        self.sequence = 0
        self.progress: Callable[[int], None] = lambda place: None

    def take(
        self,
        path: Path,
        forms: Sequence[Dataset],
        columns: Mapping[str, str] | None,
        partial: bool,
        max_refused: float,
    ) -> list[Fault]:
        """Stage the rows of a file; its faults, if any, in place of raising."""
        try:
            plan = recognise(path, forms, columns or {})
        except FormError as problem:
            return [problem.fault]
        except BrokenStreamError as problem:
            return [_broken(path, problem)]
        except OSError as problem:
            hint = "Check the path." if isinstance(problem, FileNotFoundError) else ""
            return [Fault(path.name, 0, "", f"cannot be read: {problem.strerror or problem}.", hint)]
        mine = Tally()
        faults: list[Fault] = []
        try:
            self._read(path, plan, mine)
        except BrokenStreamError as problem:
            faults.append(_broken(path, problem))
        distrusted = too_many_refused(path.name, mine, plan.dataset, max_refused)
        if distrusted:
            self.staging.discard()
            return faults + distrusted
        self.tally.add(mine, path.name)
        if faults and not partial:
            self.staging.discard()
        else:
            self.staging.commit()
        return faults

    def _read(self, path: Path, plan: Plan, mine: Tally) -> None:
        blocks = read_blocks(path, plan.dialect, self.block_bytes, self.progress)
        with ThreadPoolExecutor(max_workers=1) as thread:
            for rows, wrong_fields in ahead((plan.parse(block) for block in blocks), thread):
                mine.count_fields(wrong_fields)
                if rows.height:
                    self._stage(rows.with_columns(pl.lit(path.name).alias("file")), plan.dataset, mine)

    def _stage(self, rows: pl.DataFrame, dataset: Dataset, mine: Tally) -> None:
        name = rows["file"][0]
        events = dataset.events(rows.lazy(), self.request).with_columns(
            pl.lit(name).alias("file"), pl.lit(1, dtype=pl.Int64).alias("n_reports")
        )
        found = events.with_columns(self.left_out.alias("_left_out")).collect().sort(LINE)
        found = found.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).add(self.sequence).alias(SEQUENCE))
        self.sequence += found.height
        mine.count(found)
        good = found.filter(pl.col(REFUSED).is_null())
        self.staging.note_revisions(good)
        kept = good.filter(pl.col("_left_out").is_null())
        if kept.height:
            self.staging.add(kept.drop("_left_out", REFUSED, REFUSED_TEXT))


def _followed(
    paths: Sequence[Path], progress: Callable[[int, int], None]
) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """Each file, with what tells how far it is read as the progress of all."""
    sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
    before, total = 0, sum(sizes)
    for path, size in zip(paths, sizes, strict=True):
        yield path, partial_function(_tell, progress, before, total)
        before += size
        progress(before, total)


def _tell(progress: Callable[[int, int], None], before: int, total: int, place: int) -> None:
    progress(before + place, total)


def _broken(path: Path, problem: BrokenStreamError) -> Fault:
    return Fault(path.name, problem.line, "", problem.message, problem.hint)


def _left_out(actors: Actors, both: bool, since: dt.date | None, until: dt.date | None) -> pl.Expr:
    """Why a good row is not asked for; null where it is."""
    join = pl.all_horizontal if both else pl.any_horizontal
    named = join(pl.col("actor_name", "recipient_name").is_not_null())
    reasons = [pl.when(~named).then(pl.lit("doer or recipient not named"))]
    if since is not None:
        reasons.append(
            pl.when(pl.col("occurred_until") < since).then(pl.lit("before the first day asked for"))
        )
    if until is not None:
        reasons.append(pl.when(pl.col("occurred_at") > until).then(pl.lit("after the last day asked for")))
    if actors.chosen is not None:
        among = join(pl.col("actor", "recipient").is_in(sorted(actors.chosen)).fill_null(False))
        reasons.append(pl.when(~among).then(pl.lit("other actors")))
    return pl.coalesce(reasons)


def _forms(dataset: str) -> tuple[Dataset, ...]:
    if dataset not in DATASETS:
        raise TableError(f"there is no data set '{dataset}'. Known: {', '.join(DATASETS)}.")
    return DATASETS[dataset]


def _staging_folder(target: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as problem:
        raise TableError(
            f"out: cannot write beside {target}: {problem.strerror}. Make the folder first."
        ) from None
