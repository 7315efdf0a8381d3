"""A replay as a folder of files, written whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detente.errors import ForecastError
from detente.provenance import Provenance, digest_of_file

if TYPE_CHECKING:
    import polars as pl

MANIFEST, DATA = "manifest.json", "replay.json"
MADE_BY = "detente replay"


def save(
    folder: Path | str, data: Mapping[str, Any], frames: Mapping[str, pl.DataFrame], provenance: Provenance
) -> Path:
    """Write ``replay.json``, one Parquet file per table and ``manifest.json`` into a folder.

    The files are written beside the folder and moved there at the end; an earlier replay in it is replaced.

    Raises
    ------
    ForecastError
        If something else is in the place.
    """
    target = Path(folder).resolve()
    refuse_foreign(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _write(fresh, data, frames, provenance)
        fresh.chmod(0o755)
        _put(fresh, target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return target


def refuse_foreign(folder: Path | str) -> None:
    """Stop where the place of a folder holds what no replay has written.

    Raises
    ------
    ForecastError
        With the first thing that is in the way.
    """
    target = Path(folder)
    advice = "Choose another folder, or empty this one."
    if not target.exists():
        return
    if not target.is_dir():
        raise ForecastError(f"'{folder}' is a file, not a folder. {advice}")
    names = sorted(path.name for path in target.iterdir())
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        ours = set(manifest["files"]) | {MANIFEST} if manifest["made_by"] == MADE_BY else set()
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    strange = [name for name in names if name not in ours]
    if strange:
        raise ForecastError(
            f"the folder '{folder}' holds what no replay has written, such as '{strange[0]}'. {advice}"
        )


def _write(
    folder: Path, data: Mapping[str, Any], frames: Mapping[str, pl.DataFrame], provenance: Provenance
) -> None:
    _write_json(data, folder / DATA)
    for table, frame in frames.items():
        frame.write_parquet(folder / f"{table}.parquet")
    names = sorted(path.name for path in folder.iterdir())
    digests = {name: digest_of_file(folder / name) for name in names}
    _write_json({"made_by": MADE_BY, **provenance.as_dict(), "files": digests}, folder / MANIFEST)


def _write_json(data: object, path: Path) -> None:
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def _put(fresh: Path, target: Path) -> None:
    """Move the new folder to its place; an earlier one goes only when the new one stands."""
    if not target.exists():
        fresh.replace(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    target.replace(old)
    try:
        fresh.replace(target)
    except OSError:
        old.replace(target)
        raise
    shutil.rmtree(old)
