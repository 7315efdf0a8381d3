"""ACLED event files (Armed Conflict Location & Event Data).

Delivered with a header, quoted, separated by commas (or semicolons). What bites: notes run over several
lines; the API writes 2025-05-16 and the export tool ``16 May 2025``; columns differ between exports, so
they are read by name; an event is corrected later under its old id, perhaps with another date, and the row
with the latest `timestamp` counts. The order of the two actors tells who did it only in violence against
civilians, explosions, arrests and looting: elsewhere `directed` is false. Time precision 2 means some day
of the week that begins there, 3 some day of that month. There is no CAMEO code; PLOVER types are the
nearest, by ``tables/acled.csv``.
"""

from __future__ import annotations

import polars as pl

from detente.ledger.coding import plover_score, read_table
from detente.ledger.columns import Dataset, Request, count, date_of, number, shaped, with_plover

COLUMNS = (
    "event_id_cnty", "event_date", "year", "time_precision", "disorder_type", "event_type", "sub_event_type",
    "actor1", "assoc_actor_1", "inter1", "actor2", "assoc_actor_2", "inter2", "interaction",
    "civilian_targeting", "iso", "region", "country", "admin1", "admin2", "admin3", "location", "latitude",
    "longitude", "geo_precision", "source", "source_scale", "notes", "fatalities", "tags", "timestamp",
)  # fmt: skip

NEEDED = (
    "event_id_cnty", "event_date", "time_precision", "event_type", "sub_event_type", "actor1", "actor2",
    "country", "location", "latitude", "longitude", "source", "fatalities", "timestamp",
)  # fmt: skip
OPTIONAL = ("time_precision", "actor2", "location", "latitude", "longitude", "source", "timestamp")

FORMATS = ("%Y-%m-%d", "%d %B %Y", "%d-%B-%Y")


def events(rows: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    """Rows of an ACLED file as events."""
    date = date_of("event_date", FORMATS, request)
    precision = pl.col("time_precision").fill_null("1")
    month = precision == "3"
    table = _sub_types()
    known_types = [row["sub_event_type"] for row in read_table("acled")]
    found = shaped(
        rows.join(table.lazy(), on="sub_event_type", how="left"),
        "acled",
        ("date", "event_date", date.is_null()),
        ("type", "sub_event_type", ~pl.col("sub_event_type").is_in(known_types).fill_null(False)),
        ("count", "fatalities", count("fatalities").is_null() | (count("fatalities") < 0)),
        event_id=pl.col("event_id_cnty"),
        occurred_at=pl.when(month).then(date.dt.month_start()).otherwise(date),
        occurred_until=pl.when(month)
        .then(date.dt.month_end())
        .when(precision == "2")
        .then(date.dt.offset_by("6d"))
        .otherwise(date),
        precision=precision.replace_strict(
            ["1", "2", "3"], ["day", "week", "month"], default="month", return_dtype=pl.String
        ),
        known_at=pl.from_epoch(count("timestamp"), time_unit="s"),
        actor=request.actors.by_acled("actor1"),
        recipient=request.actors.by_acled("actor2"),
        actor_name=pl.col("actor1"),
        recipient_name=pl.col("actor2"),
        directed=pl.col("_directed"),
        event_type=pl.concat_str("event_type", "sub_event_type", separator=": "),
        plover=pl.col("_plover"),
        mode=pl.col("_mode"),
        goldstein=pl.col("_score"),
        fatalities=count("fatalities"),
        country=pl.col("country"),
        place=pl.col("location"),
        latitude=number("latitude"),
        longitude=number("longitude"),
        publisher=pl.col("source"),
    )
    return with_plover(found)


def _sub_types() -> pl.DataFrame:
    rows = [
        (
            row["sub_event_type"],
            row["plover"] or None,
            row["mode"] or None,
            plover_score(row["plover"], row["mode"]) if row["plover"] else None,
            row["directed"] == "true",
        )
        for row in read_table("acled")
    ]
    schema = {
        "sub_event_type": pl.String,
        "_plover": pl.String,
        "_mode": pl.String,
        "_score": pl.Float64,
        "_directed": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


ACLED = Dataset(
    name="acled",
    columns=COLUMNS,
    needed=NEEDED,
    optional=OPTIONAL,
    header="named",
    delimiter=",",
    quoted=True,
    events=events,
    date_formats=FORMATS,
    revised=True,
)
