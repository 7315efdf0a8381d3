"""The command ``score``: from its arguments to scores, and what it writes."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from detente.dates import parse_date
from detente.errors import ForecastError

if TYPE_CHECKING:
    from rich.console import Group

    from detente.forecasting.judging import Judged
    from detente.forecasting.scores import Scores


@dataclass(frozen=True)
class Scored:
    """Scores of an archive with the rows they are of."""

    title: str
    scores: Scores
    rows: tuple[Judged, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything but the rows, as plain data."""
        return {"ok": True, "title": self.title, **self.scores.as_dict()}

    def as_json(self) -> str:
        """The same as text."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    def __rich__(self) -> Group:
        from detente.cli.score_tables import shown

        return shown(self.title, self.scores, self.rows)


def score_archive(
    archive: Path, resolutions: Path, *, on: dt.date | None, wait: float, picture: Path | None
) -> Scored:
    """Read an archive and its resolutions, score, and draw if asked."""
    from detente.forecasting.archive import read
    from detente.forecasting.judging import judge
    from detente.forecasting.resolutions import read_resolutions
    from detente.forecasting.scores import score

    if picture is not None:
        from detente.plots import picture_format

        picture_format(picture)
    there = read(archive)
    rows = judge(there, read_resolutions(resolutions, there), on=on, wait=wait)
    day = on or dt.datetime.now(dt.UTC).date()
    head = f"{archive.name}: {len(there.entries)} forecast run(s), judged as known on {day}"
    found = Scored(head, score(rows), rows)
    if picture is not None:
        draw(found.scores, picture)
    return found


def draw(scores: Scores, picture: Path) -> None:
    """Write the calibration curve of some scores."""
    from detente.plots import save
    from detente.plots.calibration import calibration_figure

    save(calibration_figure(scores.calibration, scores.decomposition), picture)


def put_out(found: Scored, out: Path | None) -> None:
    """Write scores and rows into a folder."""
    from detente.forecasting.judging import to_polars

    if out is None:
        return
    if out.exists() and not out.is_dir():
        raise ForecastError(f"'{out}' is a file, not a folder. Choose another --out.")
    out.mkdir(parents=True, exist_ok=True)
    to_polars(found.rows).write_parquet(out / "judged.parquet")
    (out / "scores.json").write_text(found.as_json() + "\n", encoding="utf-8")


def day_of(text: str | None, option: str) -> dt.date | None:
    """Read a date of an option."""
    if text is None:
        return None
    try:
        return parse_date(text).date()
    except ValueError as problem:
        raise typer.BadParameter(f"{problem}.", param_hint=f"'{option}'") from None
