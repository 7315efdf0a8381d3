"""What ``record`` and ``match`` print."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from detente.layout import Column, grid

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

    from detente.ledger.matching import Matching
    from detente.ledger.store import Appended

SHOWN = 15
"""Rows of a table of counts that are shown."""


def appended_text(appended: Appended) -> str:
    """The new lines under the names of their files, as a diff would show them."""
    parts = []
    for file, lines in appended.lines.items():
        added = ", ".join(appended.columns.get(file, ()))
        parts.append(f"{file} (new columns: {added})" if added else file)
        parts += [f"+ {line}" for line in lines]
    return "\n".join(parts)


def appended_json(appended: Appended, dry_run: bool) -> str:
    """The same as JSON."""
    files = {
        file: {
            "ids": list(appended.ids[file]),
            "lines": list(lines),
            "new_columns": list(appended.columns.get(file, ())),
        }
        for file, lines in appended.lines.items()
    }
    return json.dumps({"ok": True, "written": not dry_run, "files": files}, indent=1, ensure_ascii=False)


def matching_head(found: Matching) -> str:
    """How many events are one happening, tie, or fit none."""
    total = found.events.height
    lines = [
        f"{total:,} events: {found.n_matched:,} matched, {found.n_unmatched:,} fit no action, {found.n_tied:,} tied"
    ]
    if found.unknown:
        lines.append(
            f"Not in the table of actors, so nothing fits their patterns: {', '.join(found.unknown)}."
            " Declare them in a table of your own (--actor-table)."
        )
    return "\n".join(lines)


def matching_tables(found: Matching) -> Iterator[tuple[str, Table]]:
    """Counts by happening, ties, and the codes that fit nothing, each with its title."""
    for title, counts in (
        ("Matched", found.by_happening()),
        ("Tied: given to none of them", found.ties()),
        ("Fit no action", found.unmatched()),
    ):
        if counts.height:
            shown = f", the first {SHOWN} of {counts.height:,} kinds" if counts.height > SHOWN else ""
            yield f"{title}{shown}", _counts(counts.head(SHOWN))


def matching_json(found: Matching) -> str:
    """Counts, ties and what fits nothing as JSON."""
    data = {
        "ok": True,
        "events": found.events.height,
        "matched": found.n_matched,
        "unmatched": found.n_unmatched,
        "tied": found.n_tied,
        "unknown_actors": list(found.unknown),
        "by_happening": found.by_happening().to_dicts(),
        "ties": found.ties().to_dicts(),
        "fit_no_action": found.unmatched().head(SHOWN).to_dicts(),
    }
    return json.dumps(data, indent=1, ensure_ascii=False)


def _counts(frame: pl.DataFrame) -> Table:
    columns = [
        Column(name, right=name == "n", flexible=name in ("tied", "happening")) for name in frame.columns
    ]
    rows = (
        (f"{cell:,}" if isinstance(cell, int) else str(cell or "") for cell in row) for row in frame.rows()
    )
    return grid(columns, rows)
