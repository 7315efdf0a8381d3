"""What was measured of the stocks of a crisis: ``observed.csv`` beside it, to hold its past and its futures against.

    stock,date,value,source,precision,remark
    rial,2024-11-06,703000,S61,day,

A row says what a stock was at the end of a day, the as-of date at the latest. `precision` is free text about the date
(``day``, ``month``), `remark` about the value. Nothing of it enters the simulation.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from detente.crisisfile.columns import Check, Remark, shortened
from detente.crisisfile.reading import read_text
from detente.crisisfile.suggest import did_you_mean
from detente.crisisfile.tables import MAX_TABLE_BYTES, Row, Table
from detente.dates import parse_date
from detente.errors import CrisisFileError
from detente.model import Crisis

OBSERVED_FILE = "observed.csv"
LENGTH_OF_DAY = len("2024-11-06")

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


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
        With every fault: what is no table, missing columns, stocks and sources that the crisis does not have, days
        that are none or come after the as-of date, values that are no numbers.

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
    wanted = {"stock": _among(crisis.stocks, "stock"), "date": _up_to(crisis.as_of), "value": _number}
    wanted["source"] = _among(crisis.sources, "source")
    optional: dict[str, Check] = {"precision": _anything, "remark": _anything}
    table = Table(OBSERVED_FILE, read_text(path, max_bytes=MAX_TABLE_BYTES), wanted, optional)
    if table.faults:
        raise CrisisFileError(table.faults)
    rows = sorted(map(_measured, table.rows), key=lambda row: row.date)
    return {
        name: tuple(row for row in rows if row.stock == name) for name in dict.fromkeys(r.stock for r in rows)
    }


def _measured(row: Row) -> Measured:
    day, value = parse_date(row["date"]).date(), float(row["value"])
    return Measured(row["stock"], day, value, row["source"], row["precision"], row["remark"])


def _among(known: Collection[str], what: str) -> Check:
    def check(cell: str) -> Remark | None:
        if cell in known:
            return None
        hint = f"{did_you_mean(cell, known)} Name a {what} of the crisis.".strip()
        return f"there is no {what} '{shortened(cell)}'", hint

    return check


def _up_to(as_of: dt.date) -> Check:
    def check(cell: str) -> Remark | None:
        try:
            day = parse_date(cell if len(cell) == LENGTH_OF_DAY else "").date()
        except ValueError:
            return f"'{shortened(cell)}' is not a day", "Write it as 2024-11-06."
        if day > as_of:
            hint = f"Nothing later than {as_of} may be known. Remove the row, or move `as_of`."
            return f"the measurement of {cell} is later than the as-of date", hint
        return None

    return check


def _number(cell: str) -> Remark | None:
    if _NUMBER.fullmatch(cell) and math.isfinite(float(cell)):
        return None
    return f"'{shortened(cell)}' is not a number", "Write it as 703000 or 1.56, without spaces or units."


def _anything(cell: str) -> Remark | None:
    return None
