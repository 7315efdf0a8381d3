"""A forecast as a folder of files, written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detente import placing
from detente.forecasting.frames import TABLES
from detente.placing import MANIFEST, write_json
from detente.provenance import Provenance, digest_of_file

if TYPE_CHECKING:
    import polars as pl

FILES = (MANIFEST, "forecast.json", *(f"{table}.parquet" for table in TABLES))
MADE_BY = "detente run"


def save(
    folder: Path | str, data: dict[str, Any], frames: Mapping[str, pl.DataFrame], provenance: Provenance
) -> Path:
    """Write ``forecast.json``, one Parquet file per table and ``manifest.json`` into a folder.

    The files are written beside the folder and moved there at the end; an earlier forecast in it is replaced.

    Raises
    ------
    ForecastError
        If something else is in the place.
    """

    def fill(fresh: Path) -> None:
        write_json(data, fresh / "forecast.json")
        for table, frame in frames.items():
            frame.write_parquet(fresh / f"{table}.parquet")
        digests = {name: digest_of_file(fresh / name) for name in FILES if name != MANIFEST}
        write_json({"made_by": MADE_BY, **provenance.as_dict(), "files": digests}, fresh / MANIFEST)

    return placing.put_folder(folder, fill, MADE_BY, FILES)


def refuse_foreign(folder: Path | str) -> None:
    """Stop where a folder, or anything else of its name, holds what no forecast has written.

    Raises
    ------
    ForecastError
        With the first thing that is in the way.
    """
    placing.refuse_foreign(folder, MADE_BY, FILES)
