"""GDELT 1.0 and 2.0 event files.

Delivered without a header, separated by tabs: 57 columns (1.0 before April 2013), 58 (1.0 after, with the
address of the report) or 61 (2.0, with a second administrative code per place). A file with a header line is
somebody's re-export; it is read by its names.

What bites: event codes are text with leading zeros, and re-exports lose them (the base and root codes more
often than the event code, which is why only the event code is read). QuadClass counts 09 as material
cooperation. Places carry FIPS country codes, not ISO. One article gives several rows; `n_reports` counts
them. SQLDATE of an anniversary story may lie years before DATEADDED; `known_at` is the latter. `status`
tells whether the event stood in the lead of its report.
"""

from __future__ import annotations

import polars as pl

from detente.ledger.columns import (
    Dataset,
    Request,
    count,
    date_of,
    lost_zero,
    number,
    shaped,
    whole_code,
    with_cameo,
)

_ACTOR = (
    "Code", "Name", "CountryCode", "KnownGroupCode", "EthnicCode", "Religion1Code", "Religion2Code",
    "Type1Code", "Type2Code", "Type3Code",
)  # fmt: skip
_PLACE = ("Type", "FullName", "CountryCode", "ADM1Code", "ADM2Code", "Lat", "Long", "FeatureID")
_HEAD = (
    "GLOBALEVENTID", "SQLDATE", "MonthYear", "Year", "FractionDate",
    *(f"Actor1{part}" for part in _ACTOR), *(f"Actor2{part}" for part in _ACTOR),
    "IsRootEvent", "EventCode", "EventBaseCode", "EventRootCode", "QuadClass", "GoldsteinScale",
    "NumMentions", "NumSources", "NumArticles", "AvgTone",
)  # fmt: skip
_PLACES = tuple(f"{who}Geo_{part}" for who in ("Actor1", "Actor2", "Action") for part in _PLACE)

COLUMNS_2 = (*_HEAD, *_PLACES, "DATEADDED", "SOURCEURL")
"""Names of the 61 columns of a GDELT 2.0 file."""

COLUMNS_1 = tuple(name for name in COLUMNS_2 if not name.endswith("ADM2Code"))
"""Names of the 58 columns of a GDELT 1.0 file; before April 2013 the last is absent."""

NEEDED = (
    "GLOBALEVENTID", "SQLDATE", "Actor1Code", "Actor1Name", "Actor1KnownGroupCode", "Actor2Code",
    "Actor2Name", "Actor2KnownGroupCode", "IsRootEvent", "EventCode", "GoldsteinScale", "NumMentions",
    "ActionGeo_FullName", "ActionGeo_CountryCode", "ActionGeo_Lat", "ActionGeo_Long", "DATEADDED",
    "SOURCEURL",
)  # fmt: skip

OPTIONAL = (
    "SOURCEURL", "Actor1KnownGroupCode", "Actor2KnownGroupCode", "IsRootEvent", "NumMentions",
    "ActionGeo_FullName", "ActionGeo_CountryCode", "ActionGeo_Lat", "ActionGeo_Long", "DATEADDED",
)  # fmt: skip

FORMATS = ("%Y%m%d",)


def events(rows: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    """Rows of a GDELT file as events."""
    date = date_of("SQLDATE", FORMATS, request)
    added = pl.col("DATEADDED")
    found = shaped(
        rows,
        "gdelt",
        ("date", "SQLDATE", date.is_null()),
        ("zero", "EventCode", whole_code("EventCode", request).is_null() & lost_zero("EventCode")),
        ("code", "EventCode", whole_code("EventCode", request).is_null()),
        event_id=pl.col("GLOBALEVENTID"),
        occurred_at=date,
        occurred_until=date,
        precision=pl.lit("day"),
        known_at=pl.coalesce(
            added.str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us"),
            added.str.to_date("%Y%m%d", strict=False).cast(pl.Datetime("us")),
        ),
        actor=request.actors.by_code("Actor1Code", "Actor1KnownGroupCode"),
        recipient=request.actors.by_code("Actor2Code", "Actor2KnownGroupCode"),
        actor_name=pl.coalesce("Actor1Code", "Actor1Name"),
        recipient_name=pl.coalesce("Actor2Code", "Actor2Name"),
        directed=pl.lit(True),
        event_type=pl.col("EventCode"),
        cameo=whole_code("EventCode", request),
        goldstein=number("GoldsteinScale"),
        country=pl.col("ActionGeo_CountryCode"),
        place=pl.col("ActionGeo_FullName"),
        latitude=number("ActionGeo_Lat"),
        longitude=number("ActionGeo_Long"),
        publisher=pl.col("SOURCEURL"),
        status=pl.when(pl.col("IsRootEvent") == "1").then(pl.lit("lead")),
        n_mentions=count("NumMentions"),
    )
    return with_cameo(found)


def _dataset(name: str, columns: tuple[str, ...]) -> Dataset:
    return Dataset(
        name=name,
        columns=columns,
        needed=NEEDED,
        optional=OPTIONAL,
        header="never",
        delimiter="\t",
        quoted=False,
        events=events,
        date_formats=FORMATS,
        missing=("NA",),
        same_event=("occurred_at", "actor_name", "recipient_name", "cameo"),
    )


GDELT_1 = _dataset("gdelt", COLUMNS_1)
GDELT_2 = _dataset("gdelt", COLUMNS_2)
