"""Which form a delivered file has (columns, delimiter, header or none), and parsing by that."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detente.errors import DetenteError, Fault
from detente.ledger.columns import LINE, Dataset
from detente.ledger.streams import Block, BrokenStreamError, Dialect, first_record

DELIMITERS = "\t,;"


class FormError(DetenteError):
    """A file whose form is not that of the data set; holds one fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True)
class Plan:
    """How the records of one file are read: `places` are the positions of the columns that are needed."""

    file: str
    dataset: Dataset
    dialect: Dialect
    places: Mapping[str, int]
    n_fields: int
    has_header: bool

    def parse(self, block: Block) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
        """Needed columns as text, with their lines; and line and fields of records that do not fit."""
        size = np.diff(np.append(block.starts, len(block.data)))
        unread = (block.fields == 1) & (size <= 2)
        if self.has_header:
            unread |= block.lines == 1
        wrong = (block.fields != self.n_fields) & ~unread
        misfits = list(zip(block.lines[wrong].tolist(), block.fields[wrong].tolist(), strict=True))
        return self._rows(block.without(unread | wrong)), misfits

    def _rows(self, block: Block) -> pl.DataFrame:
        names = sorted(self.places, key=lambda name: self.places[name])
        if not block.lines.size:
            return pl.DataFrame(schema={**dict.fromkeys(self.dataset.needed, pl.String), LINE: pl.Int64})
        given = {f"column_{self.places[name]}": name for name in names}
        data = block.data
        if self.dataset.encoding == "latin-1":
            data = data.decode("latin-1").encode("utf-8")
        rows = pl.read_csv(
            data,
            has_header=False,
            columns=list(given),
            separator=self.dialect.delimiter,
            quote_char='"' if self.dialect.quoted else None,
            schema={f"column_{i}": pl.String for i in range(self.n_fields)},
            null_values=list(self.dataset.missing),
            encoding="utf8-lossy",
            truncate_ragged_lines=True,
        )
        rows = rows.rename(given)
        if rows.height != block.lines.size:
            raise BrokenStreamError(
                int(block.lines[0]),
                f"between lines {block.lines[0]} and {block.lines[-1]} the quotes do not pair up.",
                "Write a quote inside a quoted field twice, or remove it.",
            )
        absent = [
            pl.lit(None, dtype=pl.String).alias(name) for name in self.dataset.needed if name not in names
        ]
        return rows.with_columns(*absent, pl.Series(LINE, _whole(block.lines)))


def recognise(path: Path, forms: Sequence[Dataset], columns: Mapping[str, str]) -> Plan:
    """How to read a file of a data set that is delivered in one of some forms.

    Raises
    ------
    FormError
        If the file is empty or its columns are not those of the data set.
    BrokenStreamError
        If its compression is broken from the start.
    """
    first = first_record(path)
    if not first.strip():
        raise FormError(Fault(path.name, 0, "", "the file is empty.", "Download it again."))
    form = forms[0]
    if form.header == "never" and _is_data(first, form.delimiter):
        return _by_position(path.name, first, forms)
    if form.header == "replaced":
        return _imposed(path.name, first, form)
    return _by_name(path.name, first, forms, columns)


def _is_data(first: str, delimiter: str) -> bool:
    """Whether the first record of a file without a header is a row: it begins with a number that is an id."""
    return first.split(delimiter, 1)[0].isdigit()


def _by_position(file: str, first: str, forms: Sequence[Dataset]) -> Plan:
    fields = first.count(forms[0].delimiter) + 1
    for form in forms:
        trailing = form.columns[-1] in form.optional
        if fields == len(form.columns) or (trailing and len(forms) > 1 and fields == len(form.columns) - 1):
            return _plan(file, form, form.columns[:fields], Dialect(form.delimiter, form.quoted), False)
    known = " or ".join(str(len(form.columns)) for form in forms)
    raise FormError(
        Fault(
            file,
            1,
            "",
            f"the first row has {fields} fields, but {forms[0].name} has {known}.",
            "Is it another data set, or a table of mentions? A re-exported file needs a header line.",
        )
    )


def _imposed(file: str, first: str, form: Dataset) -> Plan:
    fields = first.count(form.delimiter) + 1
    if fields < 2:
        message = f"the first line has no {_spoken(form.delimiter)}, which separates fields in {form.name}."
        raise FormError(Fault(file, 1, "", message, "Is it another data set, or was it re-exported?"))
    return _plan(file, form, form.columns, Dialect(form.delimiter, form.quoted), True)


def _by_name(file: str, first: str, forms: Sequence[Dataset], renamed: Mapping[str, str]) -> Plan:
    delimiter = max(DELIMITERS, key=first.count)
    own = delimiter == forms[0].delimiter
    quoted = forms[0].quoted or not own
    header = _fields(first, Dialect(delimiter, quoted))
    names = [renamed.get(name, name) for name in header]
    plans = [_plan(file, form, names, Dialect(delimiter, quoted), True) for form in forms]
    form = max(forms, key=lambda form: len(set(form.columns) & set(names)))
    plan = plans[list(forms).index(form)]
    missing = [name for name in form.needed if name not in names and name not in form.optional]
    twice = [name for name in form.needed if names.count(name) > 1]
    if missing or twice:
        raise FormError(_wrong_columns(file, form, header, missing, twice))
    return plan


def _plan(file: str, form: Dataset, names: Sequence[str], dialect: Dialect, has_header: bool) -> Plan:
    places = {name: names.index(name) for name in form.needed if name in names}
    return Plan(file, form, dialect, places, len(names), has_header)


def _wrong_columns(
    file: str, form: Dataset, header: Sequence[str], missing: Sequence[str], twice: Sequence[str]
) -> Fault:
    if twice:
        return Fault(file, 1, "", f"column {', '.join(twice)} stands in the header twice.", "Remove one.")
    by_bare = {_bare(name): name for name in header}
    parts = []
    for name in missing:
        near = get_close_matches(_bare(name), by_bare, n=1, cutoff=0.85)
        parts.append(f"'{name}'" + (f" (is it '{by_bare[near[0]]}'?)" if near else ""))
    shown = ", ".join(name or "(no name)" for name in header[:12]) + (" …" if len(header) > 12 else "")
    return Fault(
        file,
        1,
        "",
        f"{form.name} needs the column{'s' if len(missing) > 1 else ''} {', '.join(parts)}.",
        f"The file has: {shown}\nMap other names with columns={{'name in the file': 'name above'}} "
        "(--column 'name in the file=name above').",
    )


def _fields(record: str, dialect: Dialect) -> list[str]:
    if not dialect.quoted:
        return [name.strip() for name in record.split(dialect.delimiter)]
    return [name.strip() for name in next(csv.reader([record], delimiter=dialect.delimiter))]


def _bare(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _spoken(delimiter: str) -> str:
    return {"\t": "tab", ",": "comma", ";": "semicolon"}[delimiter]


def _whole(lines: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.ascontiguousarray(lines, dtype=np.int64)
