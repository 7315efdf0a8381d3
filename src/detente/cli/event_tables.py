"""What ``import``, ``dyads`` and ``timeline`` print."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from detente.layout import Column, grid

if TYPE_CHECKING:
    import polars as pl
    from rich.console import RenderableType
    from rich.table import Table

    from detente.ledger.chronicle import Entry
    from detente.ledger.reporting import ImportReport
    from detente.model import Crisis

NOTHING = "–"

LONGEST_NAME = 20
"""Letters of an actor's name in a table."""

FEW = (
    "A crisis folder holds few events, chosen by hand: these counts say who stands in it, not",
    "how often anything happens. An event with several actors counts once for each pair of them.",
)
"""What to think of counts of a crisis' own events."""

QUADS = {
    "verbal_cooperation": "w+",
    "material_cooperation": "d+",
    "verbal_conflict": "w−",
    "material_conflict": "d−",
}
"""Columns that count quad classes, and their heads: words and deeds of cooperation (+) and of conflict (−)."""


# ── import ───────────────────────────────────────────────────────────────────────────────────────


def import_account(report: ImportReport) -> str:
    """The account of an import, with what to do where rows were refused."""
    from detente.ledger.reporting import REASONS

    remedies = [f"  {REASONS[reason][1]}" for reason in report.refused]
    advice = ["", "Of the refused rows:", *remedies] if remedies else []
    return "\n".join([str(report), *advice])


# ── dyads ────────────────────────────────────────────────────────────────────────────────────────


def dyads_text(name: str, counted: pl.DataFrame, *, what: str, few: bool) -> str:
    """What was counted, and what to think of it."""
    events, dyads = counted["events"].sum(), counted.select("actor", "recipient").n_unique()
    kind = "" if what == "any" else f" ({what.replace('_', ' ')})"
    first, last = counted["first"].min(), counted["last"].max()
    noun = "pairs of actor and recipient in the events" if few else "events"
    span = f"{first!s} to {last!s}"
    parts = [
        f"{name.rsplit('/', 1)[-1]}: {events:,} {noun}{kind}, {dyads:,} dyads, {span}",
        "w words, d deeds; + cooperation, − conflict (CAMEO roots 01–05, 06–08, 09–13, 14–20).",
    ]
    if "trend" in counted.columns:
        parts.append("Trend: the second half of the span over the first; ≈ where its 90 % range holds 1.")
    return "\n".join([*parts, *(FEW if few else ())])


def dyads_table(counted: pl.DataFrame, *, by: str, top: int) -> Table:
    """The busiest dyads: in whole, or each of their periods."""
    heads = [Column("Dyad", flexible=True)]
    if by != "total":
        heads.append(Column("Month" if by == "month" else "Week of"))
    heads += [Column(head, right=True) for head in ("All", *QUADS.values(), "Goldst.")]
    if by == "total":
        heads += [Column("First"), Column("Last")]
    if "trend" in counted.columns:
        heads.append(Column("Trend", right=True))
    return grid(heads, (_dyad_row(row, by) for row in _busiest(counted, by, top)))


def _busiest(counted: pl.DataFrame, by: str, top: int) -> Iterator[dict[str, Any]]:
    import polars as pl

    dyad = ["actor", "recipient"]
    totals = counted.group_by(dyad).agg(pl.col("events").sum().alias("_all"))
    busiest = totals.sort(["_all", *dyad], descending=[True, False, False]).head(top)
    ranked = counted.join(busiest.with_row_index("_rank").select(*dyad, "_rank"), on=dyad)
    return ranked.sort("_rank", *(["period"] if by != "total" else [])).iter_rows(named=True)


def _dyad_row(row: dict[str, Any], by: str) -> list[str]:
    cells = [f"{_short(row['actor'])} → {_short(row['recipient'])}"]
    if by != "total":
        cells.append(f"{row['period']:%Y-%m}" if by == "month" else str(row["period"]))
    cells += [f"{row['events']:,}", *(f"{row[quad]:,}" for quad in QUADS)]
    cells.append(NOTHING if row["goldstein"] is None else f"{row['goldstein']:+.1f}")
    if by == "total":
        cells += [str(row["first"]), str(row["last"])]
    if "trend" in row:
        cells.append(_trend(row["trend"], row["trend_factor"]))
    return cells


def _trend(trend: float | None, factor: float | None) -> str:
    if trend is None or factor is None:
        return NOTHING
    return "≈" if 1 / factor < trend < factor else f"×{trend:.2f}"


def _short(actor: str) -> str:
    return actor if len(actor) <= LONGEST_NAME else f"{actor[: LONGEST_NAME - 1]}…"


def dyads_as_json(name: str, counted: pl.DataFrame, what: str, by: str) -> str:
    """All dyads as JSON."""
    data = {"ok": True, "of": name, "kind": what, "by": by, "dyads": counted.to_dicts()}
    return json.dumps(data, indent=1, ensure_ascii=False, default=str)


# ── timeline ─────────────────────────────────────────────────────────────────────────────────────


def timeline_text(crisis: Crisis, entries: Sequence[Entry]) -> RenderableType:
    """The events as a table, and what its signs mean."""
    from rich.console import Group
    from rich.text import Text

    head = Text(f"{crisis.title}: {len(entries)} events, as of {crisis.as_of}\n")
    columns = (
        Column("Date"),
        Column("Id"),
        Column("Actor → recipient", flexible=True),
        Column("Event", flexible=True),
    )
    table = grid(columns, (_entry_row(entry) for entry in entries))
    return Group(head, table, Text(_signs(entries)))


def _entry_row(entry: Entry) -> list[str]:
    event = entry.event
    facts = [f"fires {entry.happening}"] if entry.happening else []
    facts += [f"held {entry.held:.2f}"] if entry.held < 1.0 else []
    facts += [f"superseded by {entry.superseded_by}"] if entry.superseded_by else []
    facts += [" ".join((*event.sources, *event.claims))]
    title = f"✗ {event.title}" if entry.superseded_by else event.title
    doers, recipients = ", ".join(entry.actors), ", ".join(entry.recipients)
    return [
        entry.date,
        event.id,
        f"{doers} → {recipients}",
        f"{title}\n{'; '.join(filter(None, facts))}".rstrip(),
    ]


def _signs(entries: Sequence[Entry]) -> str:
    fired = sum(bool(entry.happening) for entry in entries)
    parts = [f"\n{fired} of {len(entries)} fire something in replay."]
    if any(entry.held < 1.0 for entry in entries):
        parts.append(
            "Held: the probability that it happened, where that is below 1; replay takes 0.5 or more."
        )
    if any(entry.superseded_by for entry in entries):
        parts.append("✗: a superseded event stays in the file and no longer counts.")
    return " ".join(parts)
