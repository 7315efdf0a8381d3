"""POLECAT event files (Political Event Classification, Attributes, and Types), coded in PLOVER.

Delivered with a header, separated by tabs, in ISO-8859-1. What bites: the header line does not fit the
columns, so it is skipped and the 40 names are imposed; a missing actor is written ``None``; there is no
CAMEO code, so `cameo` is empty and the quad class is that of the PLOVER type. `goldstein` is PLOVER's own
intensity.
"""

from __future__ import annotations

import polars as pl

from detente.ledger.coding import plover_table
from detente.ledger.columns import Dataset, Request, date_of, number, shaped, with_plover

COLUMNS = (
    "Event ID", "Event Date", "Event Type", "Event Mode", "Intensity", "Quad Code", "Contexts",
    "Actor Name", "Actor Country", "Actor COW", "Primary Actor Sector", "Actor Sectors", "Actor Title",
    "Actor Name Raw", "Wikipedia Actor ID", "Recipient Name", "Recipient Country", "Recipient COW",
    "Primary Recipient Sector", "Recipient Sectors", "Recipient Title", "Recipient Name Raw",
    "Wikipedia Recipient ID", "Placename", "City", "District", "Province", "Country", "Latitude",
    "Longitude", "GeoNames ID", "Raw Placename", "Feature Type", "Source", "Publication Date",
    "Story People", "Story Organizations", "Story Locations", "Language", "Version",
)  # fmt: skip

NEEDED = (
    "Event ID", "Event Date", "Event Type", "Event Mode", "Intensity", "Contexts", "Actor Name",
    "Actor Country", "Actor Sectors", "Recipient Name", "Recipient Country", "Recipient Sectors",
    "Placename", "Country", "Latitude", "Longitude", "Source", "Publication Date",
)  # fmt: skip

FORMATS = ("%Y-%m-%d",)


def events(rows: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    """Rows of a POLECAT file as events."""
    date = date_of("Event Date", FORMATS, request)
    plover = pl.col("Event Type").str.to_uppercase()
    types = [name for name, mode in plover_table() if not mode]
    actors = request.actors
    found = shaped(
        rows,
        "polecat",
        ("date", "Event Date", date.is_null()),
        ("type", "Event Type", ~plover.is_in(types).fill_null(False)),
        event_id=pl.col("Event ID"),
        occurred_at=date,
        occurred_until=date,
        precision=pl.lit("day"),
        known_at=pl.col("Publication Date").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False),
        actor=actors.by_name("Actor Name", country="Actor Country", sectors="Actor Sectors"),
        recipient=actors.by_name("Recipient Name", country="Recipient Country", sectors="Recipient Sectors"),
        actor_name=pl.coalesce("Actor Name", "Actor Country"),
        recipient_name=pl.coalesce("Recipient Name", "Recipient Country"),
        directed=pl.lit(True),
        event_type=pl.col("Event Type"),
        plover=plover,
        mode=pl.col("Event Mode").str.to_lowercase(),
        context=pl.col("Contexts"),
        goldstein=number("Intensity"),
        country=pl.col("Country"),
        place=pl.col("Placename"),
        latitude=number("Latitude"),
        longitude=number("Longitude"),
        publisher=pl.col("Source"),
    )
    return with_plover(found)


POLECAT = Dataset(
    name="polecat",
    columns=COLUMNS,
    needed=NEEDED,
    header="replaced",
    delimiter="\t",
    quoted=False,
    encoding="latin-1",
    events=events,
    date_formats=FORMATS,
    missing=("None",),
    same_event=("occurred_at", "actor_name", "recipient_name", "plover", "mode"),
)
