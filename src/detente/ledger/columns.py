"""The columns of imported events, the same for every data set, and what a data set must say of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from detente.ledger.actors import Actors
from detente.ledger.coding import cameo_codes, cameo_frame, plover_frame

EVENT_COLUMNS: dict[str, pl.DataType] = {
    "dataset": pl.String(),
    "event_id": pl.String(),
    "occurred_at": pl.Date(),
    "occurred_until": pl.Date(),
    "precision": pl.String(),
    "known_at": pl.Datetime("us"),
    "actor": pl.String(),
    "recipient": pl.String(),
    "actor_name": pl.String(),
    "recipient_name": pl.String(),
    "directed": pl.Boolean(),
    "event_type": pl.String(),
    "cameo": pl.String(),
    "plover": pl.String(),
    "mode": pl.String(),
    "context": pl.String(),
    "quadclass": pl.Int8(),
    "quadclass_icews": pl.Int8(),
    "goldstein": pl.Float64(),
    "fatalities": pl.Int64(),
    "fatalities_low": pl.Int64(),
    "fatalities_high": pl.Int64(),
    "country": pl.String(),
    "place": pl.String(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "publisher": pl.String(),
    "status": pl.String(),
    "n_mentions": pl.Int64(),
    "n_reports": pl.Int64(),
    "file": pl.String(),
    "line": pl.Int64(),
}
"""Columns of an imported table in their order; each may be null where the data set says nothing.

An event happened on a day in [`occurred_at`, `occurred_until`]; `precision` is day, week, month or year;
`known_at` is when the data set had it [UTC]. `actor` did it to `recipient` if `directed`; where the order
of the two means nothing (two sides of a battle), `directed` is false. `actor` and `recipient` are ids of
the table of actors, or null where it does not know them; `actor_name` and `recipient_name` are as
delivered, as is `event_type`. `n_reports` rows told of the event; `file` and `line` are where the row kept
from them stands.
"""

REFUSED, REFUSED_TEXT = "refused", "refused_text"
"""Columns in which a data set names why it refuses a row (null where it does not), and the text that is
wrong."""

LINE = "line"
"""Column of the line in the file; there before a data set shapes its rows."""

Header = Literal["never", "named", "replaced"]


@dataclass(frozen=True)
class Request:
    """What an import asks of the rows of a data set."""

    actors: Actors
    date_format: str | None = None
    restore_zeros: bool = False


@dataclass(frozen=True)
class Dataset:
    """How one data set is delivered, and how its rows become events.

    `columns` are all names in their delivered order and `needed` those that are read; of these, `optional`
    ones may be absent. `header` is 'never' (no header line; a file that has one was re-exported and is read
    by its names), 'named' (read by its names, in any order) or 'replaced' (the header line is wrong: it is
    skipped and `columns` are imposed). Texts in `missing` stand for nothing. `same_event` are the columns
    that make two rows one event; where empty, only a repeated id does. A `revised` data set delivers an
    event again, corrected, under its old id, perhaps with another date: the row known last stays. `events`
    turns rows of text into the columns of `EVENT_COLUMNS` and the two of a refusal.
    """

    name: str
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    header: Header
    delimiter: str
    quoted: bool
    events: Callable[[pl.LazyFrame, Request], pl.LazyFrame]
    date_formats: tuple[str, ...]
    optional: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    same_event: tuple[str, ...] = ()
    revised: bool = False


def shaped(
    rows: pl.LazyFrame, dataset: str, *refusals: tuple[str, str, pl.Expr], **columns: pl.Expr
) -> pl.LazyFrame:
    """Rows with the event columns given, nulls for the others, and why a row is refused.

    Each refusal is a reason, the column whose text is wrong, and whether it is; the first that holds counts.
    """
    reasons = [pl.when(wrong).then(pl.lit(reason)) for reason, _, wrong in refusals]
    texts = [pl.when(wrong).then(pl.col(text).fill_null("")) for _, text, wrong in refusals]
    columns = {"dataset": pl.lit(dataset), LINE: pl.col(LINE), **columns}
    return rows.select(
        *(
            columns.get(name, pl.lit(None)).cast(dtype, strict=False).alias(name)
            for name, dtype in EVENT_COLUMNS.items()
        ),
        pl.coalesce(reasons).alias(REFUSED),
        pl.coalesce(texts).alias(REFUSED_TEXT),
    )


def date_of(column: str, formats: tuple[str, ...], request: Request) -> pl.Expr:
    """The date in the first of the formats that fits, or in the one asked for; null where none does."""
    choices = (request.date_format,) if request.date_format else formats
    return pl.coalesce([pl.col(column).str.to_date(form, strict=False) for form in choices])


def number(column: str) -> pl.Expr:
    """A column of text as a number; null where it is none."""
    return pl.col(column).cast(pl.Float64, strict=False)


def count(column: str) -> pl.Expr:
    """A column of text such as 3 or 3.0 as a whole number; null where it is none."""
    return pl.when(number(column) == number(column).round()).then(number(column)).cast(pl.Int64, strict=False)


def whole_code(column: str, request: Request) -> pl.Expr:
    """A column of CAMEO codes, their lost zeros restored if that is asked for; null where there is no such
    code.

    A code of two digits names a root, or is one of 010 to 020 without its zero; no data set here codes roots,
    so it is not taken for one.
    """
    known = [code for code in cameo_codes() if len(code) > 2]
    restored = {code[1:]: code for code in known if code.startswith("0")} if request.restore_zeros else {}
    table = restored | {code: code for code in known}
    return pl.col(column).replace_strict(
        list(table), list(table.values()), default=None, return_dtype=pl.String
    )


def lost_zero(column: str) -> pl.Expr:
    """Whether the text is a CAMEO code without its leading zero, or a bare root, which looks the same."""
    short = [code[1:] for code in cameo_codes() if code.startswith("0") and len(code) > 2]
    return pl.col(column).is_in(short)


def with_cameo(events: pl.LazyFrame) -> pl.LazyFrame:
    """Fill what the table of CAMEO codes says: quad classes, and PLOVER type, mode and context."""
    named = ("quadclass", "quadclass_icews", "plover", "mode", "context")
    table = cameo_frame().lazy().select("cameo", *(pl.col(name).alias(f"_{name}") for name in named))
    joined = events.join(table, on="cameo", how="left")
    return joined.with_columns(pl.col(f"_{name}").alias(name) for name in named).drop(
        f"_{name}" for name in named
    )


def with_plover(events: pl.LazyFrame) -> pl.LazyFrame:
    """Fill the quad class of the PLOVER type, the same in both conventions."""
    types = plover_frame().filter(pl.col("mode") == "")
    quad = pl.col("plover").replace_strict(
        types["plover"].to_list(), types["quadclass"].to_list(), default=None, return_dtype=pl.Int8
    )
    return events.with_columns(quad.alias("quadclass"), quad.alias("quadclass_icews"))
