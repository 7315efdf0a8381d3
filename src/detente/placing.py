"""Files and folders put in their place in one step: whole or not at all, whatever happens on the way."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from detente.errors import ForecastError

MANIFEST = "manifest.json"
"""The file of a folder that says what wrote it, and names its files."""


def put_file(target: Path, content: bytes) -> None:
    """Write a file beside its place and move it there; an earlier one stays until then.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     put_file(Path(folder, "a.txt"), b"whole")
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.txt']
    """
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        file.write(content)
    fresh = Path(file.name)
    try:
        fresh.chmod(0o666 & ~_mask())
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def put_folder(
    folder: Path | str, fill: Callable[[Path], None], made_by: str, files: Collection[str] = ()
) -> Path:
    """Fill a folder beside its place and move it there; an earlier one of the same maker is replaced.

    `fill` writes the files, `MANIFEST` with ``made_by`` among them. `files` are those that a folder of this maker may
    hold, where they are known; else those that its manifest names.

    Raises
    ------
    ForecastError
        If something else is in the place.
    """
    target = Path(folder).resolve()
    refuse_foreign(target, made_by, files)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fill(fresh)
        fresh.chmod(0o777 & ~_mask())
        _move(fresh, target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return target


def refuse_foreign(folder: Path | str, made_by: str, files: Collection[str] = ()) -> None:
    """Stop where the place of a folder holds what its maker has not written; see `put_folder`.

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
    manifest = read_manifest(target)
    ours = manifest.get("made_by") == made_by
    known = {MANIFEST, *files, *manifest.get("files", ())} if ours else set()
    strange = [name for name in names if name not in known]
    if strange:
        raise ForecastError(
            f"the folder '{folder}' holds what `{made_by}` has not written, such as '{strange[0]}'. {advice}"
        )


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the manifest of a folder says; empty where there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(data: object, path: Path) -> None:
    """Plain data as JSON, indented, one newline at the end; NaN is refused."""
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def _move(fresh: Path, target: Path) -> None:
    """Move the new folder to its place; an earlier one goes only when the new one stands."""
    if not target.exists():
        os.replace(fresh, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    os.replace(target, old)
    try:
        os.replace(fresh, target)
    except OSError:
        os.replace(old, target)
        raise
    shutil.rmtree(old)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
