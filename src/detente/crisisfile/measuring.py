"""What was measured of the stocks of a crisis: ``observed.csv`` beside it, to hold its past and its futures against.

    stock,date,value,source,precision,remark
    rial,2024-11-06,703000,S61,day,

A row says what a stock was at the end of a day. `precision` is free text about the date (``day``, ``month``), `remark`
about the value. Nothing of it enters the simulation.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from detente.crisisfile.reading import read_text
from detente.crisisfile.suggest import did_you_mean
from detente.crisisfile.tables import MAX_TABLE_BYTES
from detente.errors import CrisisFileError, Fault
from detente.model import Crisis

OBSERVED_FILE = "observed.csv"
COLUMNS = "stock", "date", "value", "source", "precision", "remark"
NEEDED = COLUMNS[:4]


@dataclass(frozen=True)
class Measured:
    """One measurement; `value` in the unit of the stock, `precision` says what the date stands for."""

    stock: str
    date: dt.date
    value: float
    source: str
    precision: str = ""
    remark: str = ""


def read_measured(folder: Path | str, crisis: Crisis) -> dict[str, tuple[Measured, ...]]:
    """The measured values by stock, in order of their days; nothing where there is no such table.

    Raises
    ------
    CrisisFileError
        With every fault: missing columns, stocks and sources that the crisis does not have, days that are none,
        values that are no numbers.

    Examples
    --------
    >>> from detente.catalog import find_crisis, load
    >>> found = read_measured(find_crisis("iran_2024"), load("iran_2024"))
    >>> found["rial"][-1].date.isoformat(), found["rial"][-1].value
    ('2024-11-06', 703000.0)
    """
    path = Path(folder) / OBSERVED_FILE
    if not path.is_file():
        return {}
    reader = csv.DictReader(io.StringIO(read_text(path, max_bytes=MAX_TABLE_BYTES)))
    missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        hint = f"The first line names the columns: {', '.join(COLUMNS)}."
        raise CrisisFileError(
            [Fault(OBSERVED_FILE, 1, name, f"the column '{name}' is missing", hint) for name in missing]
        )
    rows: list[Measured] = []
    faults: list[Fault] = []
    for cells in reader:
        row = {name: (cells.get(name) or "").strip() for name in COLUMNS}
        found = list(_faults(row, reader.line_num, crisis))
        faults += found
        if not found:
            day, value = dt.date.fromisoformat(row["date"]), float(row["value"])
            rows.append(Measured(row["stock"], day, value, row["source"], row["precision"], row["remark"]))
    if faults:
        raise CrisisFileError(faults)
    rows.sort(key=lambda each: each.date)
    return {
        name: tuple(row for row in rows if row.stock == name) for name in dict.fromkeys(r.stock for r in rows)
    }


def _faults(row: Mapping[str, str], line: int, crisis: Crisis) -> Iterator[Fault]:
    for column, known, what in (("stock", crisis.stocks, "stock"), ("source", crisis.sources, "source")):
        if row[column] not in known:
            hint = f"{did_you_mean(row[column], known)} Name a {what} of the crisis.".strip()
            yield Fault(OBSERVED_FILE, line, column, f"there is no {what} '{row[column]}'", hint)
    try:
        dt.date.fromisoformat(row["date"])
    except ValueError:
        message = f"'{row['date']}' is not a day"
        yield Fault(OBSERVED_FILE, line, "date", message, "Write it as 2024-11-06.")
    try:
        finite = math.isfinite(float(row["value"]))
    except ValueError:
        finite = False
    if not finite:
        yield Fault(
            OBSERVED_FILE, line, "value", f"'{row['value']}' is not a number", "Write it as 703000 or 1.56."
        )
