"""The columns that each table must or may have, and what their cells may contain."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from detente.crisisfile.suggest import did_you_mean
from detente.dates import parse_date, parse_end

PRECISIONS = ("day", "week", "month", "approx", "period")
STATUSES = ("asserted", "corroborated", "denied", "disputed")
RELIABILITIES = ("A", "B", "C", "D", "E", "F")
CREDIBILITIES = ("1", "2", "3", "4", "5", "6")

Remark: TypeAlias = tuple[str, str]
"""What is wrong, and the remedy."""

Check: TypeAlias = Callable[[str], Remark | None]
"""What is wrong with a cell, or None."""


_ID = re.compile(r"[A-Za-z][\w.-]*", re.ASCII)
_SOURCE_DATE = re.compile(r"\d{4}(-\d{2})?")
_DECIMAL = re.compile(r"\d+(\.\d*)?", re.ASCII)
_CAMEO = re.compile(r"(0[1-9]|1[0-9]|20)\d{0,2}")


def _id(cell: str) -> Remark | None:
    if _ID.fullmatch(cell) and cell != "judgement":
        return None
    return (
        f"'{shortened(cell)}' is not an id",
        "Write a letter, then letters, digits, '_', '-' or '.', such as E027.",
    )


def _text(cell: str) -> Remark | None:
    return None if cell else ("the cell is empty", "It must not be empty.")


def _anything(cell: str) -> Remark | None:
    return None


def _date(cell: str) -> Remark | None:
    try:
        parse_date(cell)
    except ValueError:
        hint = "Write a day as 2024-10-26, or an instant (UTC) as 2024-10-26T04:00."
        return f"'{shortened(cell)}' is not a date", hint
    return None


def _source_date(cell: str) -> Remark | None:
    whole = f"{cell}-01-01"[:10] if _SOURCE_DATE.fullmatch(cell) else cell
    if not cell or not _date(whole):
        return None
    return f"'{shortened(cell)}' is not a date", "Write 2024-10-26, 2024-10 or 2024, or leave the cell empty."


def _one_of(allowed: tuple[str, ...], *, or_empty: bool = False) -> Check:
    def check(cell: str) -> Remark | None:
        if cell in allowed or (or_empty and not cell):
            return None
        hint = (
            f"{did_you_mean(cell, allowed)} Allowed: {', '.join(allowed)}{', or empty' if or_empty else ''}."
        )
        return f"'{shortened(cell)}' is not allowed here", hint.strip()

    return check


def _cameo(cell: str) -> Remark | None:
    if cell in ("", "NA") or _CAMEO.fullmatch(cell):
        return None
    if re.fullmatch(r"[1-9]\d{0,2}", cell, re.ASCII):
        hint = f"Write 0{cell}, and keep the column as text: spreadsheets drop leading zeros."
        return f"the CAMEO code '{cell}' has lost its leading zero", hint
    return (
        f"'{shortened(cell)}' is not a CAMEO code",
        "Write 2 to 4 digits that begin with 01 to 20, NA, or nothing.",
    )


def _known_at(cell: str) -> Remark | None:
    if not cell:
        return None
    try:
        parse_end(cell)
    except ValueError:
        return _date(cell) or (f"'{shortened(cell)}' has no end", "Write an earlier day.")
    return None


def _held(cell: str) -> Remark | None:
    if not cell or (_DECIMAL.fullmatch(cell) and float(cell) <= 1.0):
        return None
    hint = "Write a probability from 0 to 1, such as 0.7, or leave the cell empty."
    return f"'{shortened(cell)}' is not a probability", hint


def shortened(cell: str) -> str:
    """The cell, short enough for a message."""
    return cell if len(cell) <= 40 else f"{cell[:40]}…"


COLUMNS: dict[str, dict[str, Check]] = {
    "sources.csv": {
        "id": _id,
        "title": _text,
        "publisher": _anything,
        "date": _source_date,
        "kind": _anything,
        "reliability": _one_of(RELIABILITIES, or_empty=True),
    },
    "claims.csv": {
        "id": _id,
        "asserted_by": _text,
        "about": _anything,
        "content": _text,
        "source": _anything,
        "status": _one_of(STATUSES),
        "credibility": _one_of(CREDIBILITIES, or_empty=True),
    },
    "events.csv": {
        "id": _id,
        "date": _date,
        "precision": _one_of(PRECISIONS),
        "actor": _anything,
        "recipient": _anything,
        "cameo": _cameo,
        "plover": _anything,
        "title": _text,
        "confidence": _anything,
        "sources": _anything,
        "claims": _anything,
    },
}
"""The columns that a table must have, and what their cells may contain."""

OPTIONAL: dict[str, dict[str, Check]] = {
    "sources.csv": {"supersedes": _anything},
    "claims.csv": {"known_at": _known_at, "supersedes": _anything},
    "events.csv": {
        "happening": _anything,
        "contested_by": _anything,
        "held": _held,
        "known_at": _known_at,
        "supersedes": _anything,
    },
}
"""The columns that a table may have, and what their cells may contain; any other column is kept as it is."""
