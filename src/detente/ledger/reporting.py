"""The account of an import: what was read, kept, merged, left out and refused, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from detente.errors import Fault, TableError
from detente.ledger.columns import LINE, REFUSED, REFUSED_TEXT, Dataset
from detente.ledger.merging import Merged

EXAMPLES = 3
"""Refused rows shown per reason."""

FIELDS = "fields"

REASONS: Mapping[str, tuple[str, str]] = {
    FIELDS: (
        "another number of fields than the file has",
        "A separator or line break inside a text? Mend these lines, or import the rest with partial=True.",
    ),
    "date": (
        "no date of the form {formats}",
        "Give the form that the file uses: date_format='%d.%m.%Y' (--date-format %d.%m.%Y).",
    ),
    "zero": (
        "a CAMEO code without its leading zero",
        "The file was saved with codes as numbers. Take the file as delivered, or let the zeros be restored: "
        "restore_zeros=True (--restore-zeros).",
    ),
    "code": ("no CAMEO code", "Is it the right column? Codes have three or four digits, from 010 to 2042."),
    "type": ("no event type of the data set", "A newer edition? Add the type to the table in ledger/tables."),
    "count": ("no count of deaths", "Deaths are whole numbers of zero or more. Mend these rows."),
}
"""Why a row is refused, and the remedy."""


class EventFileError(TableError):
    """All faults found in files of event data, grouped by file; `faults` holds them one by one.

    Nothing was written; `readable` counts the rows that a partial import would keep.
    """

    def __init__(self, faults: Iterable[Fault], readable: Mapping[str, int]) -> None:
        self.faults = tuple(sorted(set(faults)))
        self.readable = dict(readable)
        parts: list[str] = []
        for file in dict.fromkeys(fault.file for fault in self.faults):
            here = [fault for fault in self.faults if fault.file == file]
            parts.append(f"{len(here)} {'fault' if len(here) == 1 else 'faults'} in {file}")
            parts.extend(str(fault) for fault in here)
        parts.append(self._remedy())
        super().__init__("\n\n".join(parts))

    def _remedy(self) -> str:
        rows = sum(self.readable.values())
        if not rows:
            return "Nothing was written."
        return f"Nothing was written. partial=True (--partial) would import the {rows:,} readable rows."


@dataclass(frozen=True)
class ImportReport:
    """What became of the rows: read = kept + merged + repeated + left out + refused.

    `kept` rows are in the table; `merged` told of an event of another row, `repeated` are the same row once
    more (or its earlier edition). `left_out` counts good rows that were not asked for, by reason; `refused`
    those that could not be used, by reason, with `examples` (file, line, text). `faults` are those of files
    read in part or passed over, which is only done on request; rows of files passed over are not counted.
    """

    dataset: str
    out: str
    files: tuple[str, ...]
    read: int
    kept: int
    merged: int
    repeated: int
    left_out: Mapping[str, int]
    refused: Mapping[str, int]
    examples: Mapping[str, tuple[tuple[str, int, str], ...]]
    faults: tuple[Fault, ...]
    seconds: float

    def __str__(self) -> str:
        rate = self.read / self.seconds if self.seconds > 0 else 0.0
        lines = [
            f"{self.dataset}: {self.read:,} rows of {len(self.files)} file(s) read "
            f"in {self.seconds:.1f} s ({rate:,.0f} per second)",
            f"  {self.kept:>12,}  kept in {self.out}",
            f"  {self.merged:>12,}  merged with another report of the same event",
            f"  {self.repeated:>12,}  repeated",
            *(f"  {n:>12,}  left out: {reason}" for reason, n in self.left_out.items()),
        ]
        for reason, n in self.refused.items():
            lines.append(f"  {n:>12,}  refused: {REASONS[reason][0].format(formats='of the data set')}")
            lines.extend(f"{'':17}{file}, line {line}: {text}" for file, line, text in self.examples[reason])
        if self.faults:
            lines.append("  read in part or not at all:")
            lines.extend(f"  {fault.file}\n{fault}" for fault in self.faults)
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, for JSON."""
        return {
            "dataset": self.dataset,
            "out": self.out,
            "files": list(self.files),
            "read": self.read,
            "kept": self.kept,
            "merged": self.merged,
            "repeated": self.repeated,
            "left_out": dict(self.left_out),
            "refused": dict(self.refused),
            "examples": {reason: [list(each) for each in found] for reason, found in self.examples.items()},
            "faults": [fault.as_dict() for fault in self.faults],
            "seconds": self.seconds,
        }


@dataclass
class Tally:
    """Counts of rows while files are read; first of one file, then of all."""

    read: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[tuple[str, int, str]]] = field(default_factory=dict)
    readable: dict[str, int] = field(default_factory=dict)

    def count(self, rows: pl.DataFrame) -> None:
        """Count rows that were parsed."""
        self.read += rows.height
        wrong = rows.filter(pl.col(REFUSED).is_not_null())
        for reason, line, text in wrong.select(REFUSED, LINE, REFUSED_TEXT).iter_rows():
            self._refuse(reason, line, text)
        good = rows.filter(pl.col(REFUSED).is_null(), pl.col("_left_out").is_not_null())
        for reason, n in good.group_by("_left_out").len().iter_rows():
            self.left_out[reason] += n

    def count_fields(self, misfits: Sequence[tuple[int, int]]) -> None:
        """Count records with a wrong number of fields."""
        self.read += len(misfits)
        for line, fields in misfits:
            self._refuse(FIELDS, line, f"{fields} fields")

    def _refuse(self, reason: str, line: int, text: str) -> None:
        self.refused[reason] += 1
        shown = self.examples.setdefault(reason, [])
        if len(shown) < EXAMPLES:
            shown.append(("", line, text[:60]))

    def add(self, other: Tally, file: str) -> None:
        """Add the counts of a file that was read."""
        self.read += other.read
        self.left_out += other.left_out
        self.refused += other.refused
        for reason, found in other.examples.items():
            shown = self.examples.setdefault(reason, [])
            shown.extend((file, line, text) for _, line, text in found[: EXAMPLES - len(shown)])
        self.readable[file] = other.read - other.refused.total() - other.left_out.total()

    def report(
        self,
        dataset: str,
        out: Path,
        files: Sequence[Path],
        merged: Merged,
        faults: Sequence[Fault],
        seconds: float,
    ) -> ImportReport:
        """The finished account."""
        return ImportReport(
            dataset=dataset,
            out=str(out),
            files=tuple(path.name for path in files),
            read=self.read,
            kept=merged.kept,
            merged=merged.merged,
            repeated=merged.repeated,
            left_out=dict(sorted(self.left_out.items())),
            refused=dict(sorted(self.refused.items())),
            examples={reason: tuple(found) for reason, found in sorted(self.examples.items())},
            faults=tuple(sorted(set(faults))),
            seconds=seconds,
        )


def too_many_refused(file: str, tally: Tally, dataset: Dataset, limit: float) -> list[Fault]:
    """Faults of a file of which more than a share `limit` of the rows is refused: one per reason."""
    if not tally.read or tally.refused.total() <= limit * tally.read:
        return []
    formats = " or ".join(_spoken_format(form) for form in dataset.date_formats)
    faults = []
    for reason, n in tally.refused.items():
        what, remedy = REASONS[reason]
        _, line, text = tally.examples[reason][0]
        message = f"{n:,} of {tally.read:,} rows have {what.format(formats=formats)}; the first is '{text}'."
        if reason == FIELDS and n == tally.read:
            remedy = f"Not one row fits: is it a file of another data set than {dataset.name}?"
        faults.append(Fault(file, line, "", message, remedy))
    return faults


def _spoken_format(form: str) -> str:
    for code, spoken in (
        ("%Y", "2024"),
        ("%m", "11"),
        ("%d", "30"),
        ("%B", "November"),
        ("%H:%M:%S", "00:00:00"),
    ):
        form = form.replace(code, spoken)
    return form.replace("%.f", "")
