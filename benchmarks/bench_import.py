"""Import of event data against DuckDB and Polars reading the same file raw, in the same run.

A file in the form of GDELT 2.0 (61 columns, tabs, no header) is made up here: one article tells of an event in
one to three rows, as in the real ones. Raw reading takes every column as text and judges nothing; the import
checks every row, resolves the actors, codes the events, merges the reports of one event and writes one sorted
table with a line number for each row.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from detente.ledger.coding import cameo_codes
from detente.ledger.importers.gdelt import COLUMNS_2
from detente.ledger.importing import import_events

ROWS = 1_000_000
CHOSEN = ["IRN", "ISR", "USA", "RUS"]
"""Actors of the second import, which keeps about one row in twelve."""

ACTORS = (
    "IRN", "IRNGOV", "ISR", "ISRMIL", "USA", "USAGOV", "RUS", "RUSMIL", "FRA", "DEU", "GBR", "SYR", "LBN",
    "LBNREBHEZ", "CHN", "JPN", "IND", "BRA", "MEX", "EGY", "GOV", "COP", "",
)  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One way to read the file: wall clock and CPU time [s]; the ratios are to DuckDB, raw into memory."""

    what: str
    rows: int
    megabytes: float
    seconds: float
    cpu_seconds: float
    ratio: float
    cpu_ratio: float

    @property
    def rows_per_second(self) -> float:
        """Rows per second of wall clock."""
        return self.rows / self.seconds


def measure_import(rows: int = ROWS, repeat: int = 3) -> list[Reading]:
    """Each way as many times as `repeat`, taking turns; the best of each counts."""
    import duckdb  # before the file is made, so that its absence is told at once

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "20240101.export.CSV"
        write_file(file, rows)
        ways = dict(_ways(duckdb, file, folder))
        best = dict.fromkeys(ways, (float("inf"), float("inf")))
        for _ in range(repeat):
            for what, way in ways.items():
                best[what] = min(best[what], _seconds(way))
        megabytes = file.stat().st_size / 1e6
    wall, cpu = best[next(iter(ways))]
    return [
        Reading(what, rows, megabytes, took, cpu_took, took / wall, cpu_took / cpu)
        for what, (took, cpu_took) in best.items()
    ]


def _ways(duckdb, file: Path, folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    raw = f"read_csv('{file}', delim='\t', header=false, quote='', all_varchar=true)"
    out = folder / "out.parquet"
    yield (
        "DuckDB: raw into memory",
        lambda: duckdb.connect().execute(f"create table t as select * from {raw}"),
    )
    yield (
        "DuckDB: raw into Parquet",
        lambda: duckdb.connect().execute(
            f"copy (select * from {raw}) to '{out}' (format parquet, compression zstd)"
        ),
    )
    yield "Polars: raw into memory", lambda: _polars(file)
    yield "Polars: raw into Parquet", lambda: _polars(file).write_parquet(out, compression="zstd")
    yield "`detente import`, all rows", lambda: import_events("gdelt", [file], out)
    yield (
        f"`detente import --actors {','.join(CHOSEN)}`",
        lambda: import_events("gdelt", [file], out, actors=CHOSEN),
    )


def _polars(file: Path) -> pl.DataFrame:
    return pl.read_csv(file, separator="\t", has_header=False, quote_char=None, infer_schema=False)


def _seconds(way: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    way()
    return time.perf_counter() - wall, time.process_time() - cpu


def write_file(path: Path, rows: int, seed: int = 1) -> None:
    """A made-up file in the form of GDELT 2.0."""
    rng = np.random.default_rng(seed)
    article = np.sort(rng.integers(0, rows // 2, rows))
    stories = int(article[-1]) + 1
    codes = np.array([code for code in cameo_codes() if len(code) > 2])[
        rng.integers(0, 250, stories)[article]
    ]
    actors = np.array(ACTORS)[rng.integers(0, len(ACTORS), (stories, 2))[article].T]
    day = np.sort(rng.integers(0, 120, stories))[article]
    first = dt.date(2024, 1, 1)
    dates = np.array([f"{first + dt.timedelta(days=int(d)):%Y%m%d}" for d in range(120)])[day]
    number = pl.int_range(rows, eager=True)
    place = {"Type": "4", "FullName": "Tehran, Tehran, Iran", "CountryCode": "IR", "ADM1Code": "IR26",
             "ADM2Code": "42001", "Lat": "35.75", "Long": "51.5148", "FeatureID": "10074674"}  # fmt: skip
    constant = {
        "FractionDate": "2024.0301", "IsRootEvent": "1", "QuadClass": "1", "GoldsteinScale": "-2.0",
        "NumSources": "1", "AvgTone": "-3.09523809523810",
        **{f"{who}Geo_{part}": value for who in ("Actor1", "Action") for part, value in place.items()},
    }  # fmt: skip
    columns = {
        **{name: pl.lit(constant.get(name, "")) for name in COLUMNS_2},
        "GLOBALEVENTID": 1_100_000_000 + number,
        "SQLDATE": dates, "MonthYear": pl.Series(dates).str.slice(0, 6), "Year": pl.Series(dates).str.slice(0, 4),
        "Actor1Code": actors[0], "Actor1Name": actors[0], "Actor1CountryCode": pl.Series(actors[0]).str.slice(0, 3),
        "Actor2Code": actors[1], "Actor2Name": actors[1], "Actor2CountryCode": pl.Series(actors[1]).str.slice(0, 3),
        "EventCode": codes, "EventBaseCode": pl.Series(codes).str.slice(0, 3),
        "EventRootCode": pl.Series(codes).str.slice(0, 2),
        "NumMentions": rng.integers(1, 40, rows), "NumArticles": rng.integers(1, 40, rows),
        "DATEADDED": pl.Series(dates) + "120000",
        "SOURCEURL": "https://www.example.org/news/2024/a-story-of-some-length-" + pl.Series(article).cast(pl.String),
    }  # fmt: skip
    series = {name: value for name, value in columns.items() if not isinstance(value, pl.Expr)}
    frame = pl.DataFrame(series).select(
        pl.col(name) if name in series else columns[name].alias(name) for name in COLUMNS_2
    )
    frame.write_csv(path, separator="\t", include_header=False, quote_style="never")


if __name__ == "__main__":
    for reading in measure_import():
        print(
            f"{reading.what:45} {reading.seconds:6.2f} s ({reading.ratio:.2f})  CPU {reading.cpu_seconds:6.2f} s"
            f" ({reading.cpu_ratio:.2f})  {reading.rows_per_second:12,.0f} rows/s"
        )
