"""UCDP GED event files (Uppsala Conflict Data Program, Georeferenced Event Dataset).

Delivered with a header, quoted, separated by commas. What bites: dates carry a time of midnight; some
exports write whole numbers as 630.0; an event may span days (`date_start` to `date_end`, `date_prec` 1
exact, 2 and 3 within a week, 4 within a month, 5 longer); candidate files hold events still being checked
(`status`) and deliver them again later under the same id, and the file given last counts; the lowest
estimate of deaths is not always below the best, nor the highest above it (13 of 1,000 real rows), and stays
as given. Sides A and B are the two parties of a dyad; who fired is known only for one-sided violence, where
side A did it to civilians: elsewhere `directed` is false. Every event is lethal violence, hence PLOVER's
ASSAULT; a CAMEO code is not given and not made up.
"""

from __future__ import annotations

import polars as pl

from detente.ledger.coding import plover_score
from detente.ledger.columns import Dataset, Request, count, date_of, number, shaped, with_plover

COLUMNS = (
    "id", "relid", "year", "active_year", "code_status", "type_of_violence", "conflict_dset_id",
    "conflict_new_id", "conflict_name", "dyad_dset_id", "dyad_new_id", "dyad_name", "side_a_dset_id",
    "side_a_new_id", "side_a", "side_b_dset_id", "side_b_new_id", "side_b", "number_of_sources",
    "source_article", "source_office", "source_date", "source_headline", "source_original", "where_prec",
    "where_coordinates", "where_description", "adm_1", "adm_2", "latitude", "longitude", "geom_wkt",
    "priogrid_gid", "country", "country_id", "region", "event_clarity", "date_prec", "date_start", "date_end",
    "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best", "high", "low", "gwnoa", "gwnob",
)  # fmt: skip

NEEDED = (
    "id", "code_status", "type_of_violence", "side_a", "side_b", "number_of_sources", "source_office",
    "where_coordinates", "latitude", "longitude", "country", "date_prec", "date_start", "date_end", "best",
    "high", "low", "gwnoa", "gwnob",
)  # fmt: skip
OPTIONAL = ("code_status", "number_of_sources", "source_office", "where_coordinates", "gwnoa", "gwnob")

FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f", "%m/%d/%Y %H:%M:%S")

_VIOLENCE = {"1": "state-based", "2": "non-state", "3": "one-sided"}
_PRECISION = {"1": "day", "2": "week", "3": "week", "4": "month", "5": "year"}


def events(rows: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    """Rows of a UCDP GED file as events."""
    start, end = date_of("date_start", FORMATS, request), date_of("date_end", FORMATS, request)
    violence = _named("type_of_violence", _VIOLENCE)
    best = count("best")
    found = shaped(
        rows,
        "ucdp",
        ("date", "date_start", start.is_null()),
        ("date", "date_end", end.is_null() | (end < start)),
        ("type", "type_of_violence", violence.is_null()),
        ("count", "best", best.is_null() | (best < 0)),
        event_id=pl.col("id").str.strip_suffix(".0"),
        occurred_at=start,
        occurred_until=end,
        precision=_named("date_prec", _PRECISION),
        actor=request.actors.by_government("side_a", "gwnoa"),
        recipient=request.actors.by_government("side_b", "gwnob"),
        actor_name=pl.col("side_a"),
        recipient_name=pl.col("side_b"),
        directed=violence == "one-sided",
        event_type=violence,
        plover=pl.lit("ASSAULT"),
        goldstein=pl.lit(plover_score("ASSAULT")),
        fatalities=best,
        fatalities_low=count("low"),
        fatalities_high=count("high"),
        country=pl.col("country"),
        place=pl.col("where_coordinates"),
        latitude=number("latitude"),
        longitude=number("longitude"),
        publisher=pl.col("source_office"),
        status=pl.col("code_status"),
        n_mentions=pl.when(count("number_of_sources") >= 0).then(count("number_of_sources")),
    )
    return with_plover(found)


def _named(column: str, names: dict[str, str]) -> pl.Expr:
    text = pl.col(column).str.strip_suffix(".0")
    return text.replace_strict(list(names), list(names.values()), default=None, return_dtype=pl.String)


UCDP = Dataset(
    name="ucdp",
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
