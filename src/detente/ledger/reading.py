"""Tables of coded events in the forms in which they lie around, read into the columns that counting needs.

======================  ==================================================================================
form                    what it is
======================  ==================================================================================
``.parquet``            a table written by `import_events`
``.csv``, ``.csv.gz``   actor (or src), recipient (or tgt), date (or occurred_at), cameo; perhaps dataset
folder                  facts by number, as link forecasters keep them: events.parquet (s, r, o, day),
                        entities.csv(.gz) (id, name), relations.csv (id, cameo)
======================  ==================================================================================
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from detente.errors import TableError
from detente.ledger.actors import read_actors
from detente.ledger.coding import cameo_code, cameo_codes, cameo_frame

NEEDED = ("actor", "recipient", "occurred_at", "cameo", "quadclass_icews")
"""Columns of an event that is counted."""

SPELLINGS: Mapping[str, str] = {
    "src": "actor", "source": "actor", "tgt": "recipient", "target": "recipient", "date": "occurred_at",
}  # fmt: skip
"""Other names under which a CSV file may carry these columns."""


def read_events(
    path: Path | str,
    *,
    dataset: str | None = None,
    day_zero: dt.date | None = None,
    actor_table: Path | str | None = None,
) -> pl.LazyFrame:
    """Read a table of coded events; the head of this module lists the forms.

    Parameters
    ----------
    path : Path or str
        A Parquet or CSV file, or a folder of facts.
    dataset : str, optional
        Which rows to take, where a file holds several data sets in a column `dataset`.
    day_zero : date, optional
        The day that a folder of facts numbers 0; needed there, as the folder does not say it.
    actor_table : Path or str, optional
        Table of actors for the names in a folder of facts, in place of the one that ships. A name that it
        does not know stands for the country in its brackets, or for itself.

    Returns
    -------
    LazyFrame
        At least the columns actor, recipient, occurred_at, cameo, quadclass_icews; Goldstein values under
        `goldstein` (null where none is known).

    Raises
    ------
    TableError
        If the file is not there, is in no known form, lacks a column, or holds codes or dates that are none.
    """
    place = Path(path)
    if not place.exists():
        raise TableError(
            f"{place}: there is no such file. Write a table of events with `detente import`, or check the path."
        )
    if place.is_dir():
        found = _facts(place, day_zero, actor_table)
    elif place.suffix == ".parquet":
        found = _parquet(place)
    elif place.name.endswith((".csv", ".csv.gz")):
        found = _delimited(place)
    else:
        raise TableError(
            f"{place.name}: not a table of events. Allowed: .parquet, .csv, .csv.gz, a folder with events.parquet."
            " Files as delivered by a data set go through `detente import` first."
        )
    return _of_dataset(found, dataset, place.name)


# --- the forms ----------------------------------------------------------------------------------------------


def _parquet(path: Path) -> pl.LazyFrame:
    try:
        found = pl.scan_parquet(path)
        names = found.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as problem:
        raise TableError(
            f"{path.name}: not a Parquet file that can be read ({_first_line(problem)})."
            " Write it again with `detente import`."
        ) from None
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise TableError(
            f"{path.name}: the table has no column {', '.join(missing)}. Was it written by `detente import`?"
        )
    return found


def _delimited(path: Path) -> pl.LazyFrame:
    try:
        rows = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as problem:
        raise TableError(f"{path.name}: cannot be read as CSV ({_first_line(problem)}).") from None
    names = set(rows.columns)
    rows = rows.rename({a: b for a, b in SPELLINGS.items() if a in names and b not in names})
    missing = [name for name in ("actor", "recipient", "occurred_at", "cameo") if name not in rows.columns]
    if missing:
        other = {b: [a for a, name in SPELLINGS.items() if name == b] for b in missing}
        wanted = ", ".join(" or ".join((name, *other[name])) for name in missing)
        raise TableError(f"{path.name}: no column {wanted}. The file has: {', '.join(sorted(names))}.")
    rows = rows.with_columns(pl.col("occurred_at").str.to_date("%Y-%m-%d", strict=False).alias("_day"))
    _refuse_dates(rows, path.name)
    _refuse_codes(rows, path.name)
    return _coded(rows.with_columns(pl.col("_day").alias("occurred_at")).drop("_day").lazy())


def _facts(folder: Path, day_zero: dt.date | None, actor_table: Path | str | None) -> pl.LazyFrame:
    if day_zero is None:
        raise TableError(
            f"{folder.name}: the events of this folder carry the number of a day. Say which day is 0:"
            " day_zero=date(2018, 1, 1) (--day-zero 2018-01-01)."
        )
    names = _part(folder, "entities.csv", "entities.csv.gz").with_columns(pl.col("id").cast(pl.Int64))
    codes = _part(folder, "relations.csv", "relations.csv.gz").with_columns(pl.col("id").cast(pl.Int64))
    _refuse_codes(codes, "relations.csv")
    actors = read_actors(path=actor_table)
    inside = pl.col("name").str.extract(r"\(([^()]+)\)\s*$", 1)
    who = names.select("id", pl.coalesce(actors.by_name("name"), inside, pl.col("name")).alias("who"))
    try:
        events = pl.read_parquet(folder / "events.parquet").select(
            pl.col("s", "r", "o", "day").cast(pl.Int64)
        )
    except (pl.exceptions.PolarsError, OSError) as problem:
        raise TableError(
            f"{folder.name}: no events.parquet with s, r, o, day ({_first_line(problem)})."
        ) from None
    coded = (
        events.join(
            codes.select("id", "cameo"), left_on="r", right_on="id", how="left", maintain_order="left"
        )
        .join(who.rename({"who": "actor"}), left_on="s", right_on="id", how="left", maintain_order="left")
        .join(who.rename({"who": "recipient"}), left_on="o", right_on="id", how="left", maintain_order="left")
        .select("actor", "recipient", (pl.lit(day_zero) + pl.duration(days="day")).cast(pl.Date), "cameo")
        .rename({"literal": "occurred_at"})
    )
    return _coded(coded.lazy())


def _part(folder: Path, *names: str) -> pl.DataFrame:
    for name in names:
        if (folder / name).exists():
            return pl.read_csv(folder / name, infer_schema=False)
    raise TableError(f"{folder.name}: there is no {names[0]} in it. A folder of facts needs it.")


def _coded(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with what the table of codes says of them."""
    told = (
        cameo_frame().lazy().select("cameo", "quadclass_icews", pl.col("goldstein_icews").alias("goldstein"))
    )
    own = [name for name in ("quadclass_icews", "goldstein") if name in rows.collect_schema().names()]
    return rows.drop(own).join(told, on="cameo", how="left", maintain_order="left")


# --- what is refused ----------------------------------------------------------------------------------------


def _refuse_dates(rows: pl.DataFrame, file: str) -> None:
    wrong = rows.with_row_index("_line", 2).filter(pl.col("_day").is_null())
    if wrong.height:
        first = wrong.row(0, named=True)
        raise TableError(
            f"{file}, line {first['_line']}: '{first['occurred_at']}' is no date like 2024-11-30;"
            f" {wrong.height:,} row(s) have none. Write the dates that way."
        )


def _refuse_codes(rows: pl.DataFrame, file: str) -> None:
    known = pl.col("cameo").is_in(list(cameo_codes()))
    wrong = rows.with_row_index("_line", 2).filter(~known.fill_null(False))
    if wrong.height:
        first = wrong.row(0, named=True)
        try:
            cameo_code(first["cameo"] or "")
        except TableError as problem:
            raise TableError(
                f"{file}, line {first['_line']}: {problem} ({wrong.height:,} row(s) have no known code.)"
            ) from None


def _of_dataset(rows: pl.LazyFrame, dataset: str | None, file: str) -> pl.LazyFrame:
    if "dataset" not in rows.collect_schema().names():
        if dataset is not None:
            raise TableError(
                f"{file}: it has no column dataset, so '{dataset}' cannot be chosen. Leave it out."
            )
        return rows
    known = sorted(rows.select(pl.col("dataset").unique()).collect()["dataset"].drop_nulls())
    if dataset is None and len(known) <= 1:
        return rows
    if dataset not in known:
        what = f"there is no data set '{dataset}' in it" if dataset else f"it holds {len(known)} data sets"
        raise TableError(
            f"{file}: {what}. Choose one of {', '.join(known)}: dataset='{known[0]}' (--dataset)."
        )
    return rows.filter(pl.col("dataset") == dataset)


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0][:120]
