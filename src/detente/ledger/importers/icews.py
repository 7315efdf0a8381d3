"""ICEWS event files (Integrated Crisis Early Warning System).

Delivered with a header, separated by tabs, one file per year or day. What bites: a quote is a letter like
any other; an Event ID is unique only together with its date; one yearly file writes dates as m/d/yyyy and
holds a stray code ``13y``; codes are text with leading zeros; the Goldstein-type value is called Intensity
and follows its own table. Quad classes: 09 is verbal conflict and 14 material conflict.
"""

from __future__ import annotations

import polars as pl

from detente.ledger.columns import (
    Dataset,
    Request,
    date_of,
    lost_zero,
    number,
    shaped,
    whole_code,
    with_cameo,
)

COLUMNS = (
    "Event ID", "Event Date", "Source Name", "Source Sectors", "Source Country", "Event Text", "CAMEO Code",
    "Intensity", "Target Name", "Target Sectors", "Target Country", "Story ID", "Sentence Number",
    "Publisher", "City", "District", "Province", "Country", "Latitude", "Longitude",
)  # fmt: skip

NEEDED = tuple(name for name in COLUMNS if name not in ("Event Text", "Story ID", "Sentence Number"))
OPTIONAL = (
    "Source Sectors", "Source Country", "Target Sectors", "Target Country", "Publisher", "City", "District",
    "Province", "Country", "Latitude", "Longitude",
)  # fmt: skip

FORMATS = ("%Y-%m-%d", "%m/%d/%Y")


def events(rows: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    """Rows of an ICEWS file as events."""
    date = date_of("Event Date", FORMATS, request)
    actors = request.actors
    found = shaped(
        rows,
        "icews",
        ("date", "Event Date", date.is_null()),
        ("zero", "CAMEO Code", whole_code("CAMEO Code", request).is_null() & lost_zero("CAMEO Code")),
        ("code", "CAMEO Code", whole_code("CAMEO Code", request).is_null()),
        event_id=pl.col("Event ID"),
        occurred_at=date,
        occurred_until=date,
        precision=pl.lit("day"),
        actor=actors.by_name("Source Name", country="Source Country", sectors="Source Sectors"),
        recipient=actors.by_name("Target Name", country="Target Country", sectors="Target Sectors"),
        actor_name=pl.col("Source Name"),
        recipient_name=pl.col("Target Name"),
        directed=pl.lit(True),
        event_type=pl.col("CAMEO Code"),
        cameo=whole_code("CAMEO Code", request),
        goldstein=number("Intensity"),
        country=pl.col("Country"),
        place=pl.coalesce("City", "District", "Province"),
        latitude=number("Latitude"),
        longitude=number("Longitude"),
        publisher=pl.col("Publisher"),
    )
    return with_cameo(found)


ICEWS = Dataset(
    name="icews",
    columns=COLUMNS,
    needed=NEEDED,
    optional=OPTIONAL,
    header="named",
    delimiter="\t",
    quoted=False,
    events=events,
    date_formats=FORMATS,
    missing=("NA",),
    same_event=("occurred_at", "actor_name", "recipient_name", "cameo"),
)
