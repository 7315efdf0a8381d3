"""What was forecast before, and how it turned out: an archive with its resolutions, and a backtest."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detente.errors import ForecastError
from detente.forecasting.archive import Archive, read
from detente.forecasting.entries import Entry
from detente.forecasting.judging import Judged, judge
from detente.forecasting.resolutions import read_resolutions
from detente.forecasting.scores import score
from detente.provenance import digest_of_file, digest_of_text

MOST_ROWS = 500
"""Judged forecasts that are listed, the latest."""
MOST_POINTS = 400
"""Points of a calibration curve that are drawn."""
BACKTEST_FILE = "scores.json"
HOW = "Start the page with --archive DIR to see forecasts that `detente run --archive DIR` has kept"
HOW_RESOLVED = (
    "Start the page with --resolutions FILE, a table of how the questions turned out, to see scores"
)


@dataclass(frozen=True)
class Shelf:
    """Where earlier forecasts are kept; None for nowhere.

    `archive` is a folder of `detente run --archive`, `resolutions` the table of how its questions turned out, and
    `backtest` a folder of `detente backtest --out`. All are read anew each time, so that what is added is seen.
    """

    archive: Path | None = None
    resolutions: Path | None = None
    backtest: Path | None = None

    def check(self) -> None:
        """Read everything once.

        Raises
        ------
        DetenteError
            If something is not there, or not what it should be.
        """
        if self.archive is None and self.resolutions is not None:
            raise ForecastError("resolutions are of the questions of an archive. Add --archive DIR.")
        if self.archive is not None:
            there = read(self.archive)
            if self.resolutions is not None:
                read_resolutions(self.resolutions, there)
        if self.backtest is not None:
            tested(self.backtest)

    @property
    def digest(self) -> str:
        """Of all that is read, and of the day of judging."""
        parts = [f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"]
        if self.archive is not None:
            parts += [f"{path.name} {path.stat().st_size}" for path in sorted(self.archive.glob("*.json"))]
            parts += [digest_of_file(path) for path in self.archive.glob("head.json")]
        if self.resolutions is not None and self.resolutions.exists():
            parts.append(digest_of_file(self.resolutions))
        if self.backtest is not None and (self.backtest / BACKTEST_FILE).exists():
            parts.append(digest_of_file(self.backtest / BACKTEST_FILE))
        return digest_of_text(" ".join(parts))

    def result(self) -> dict[str, Any]:
        """The entries of the archive, the latest first; scores where there are resolutions, else what to do."""
        found: dict[str, Any] = {"entries": [], "scores": None, "rows": [], "remark": f"{HOW}."}
        found["backtest"] = None if self.backtest is None else tested(self.backtest)
        if self.archive is None:
            return found
        there = read(self.archive)
        found |= {"entries": [_entry(each) for each in reversed(there.entries)], "remark": f"{HOW_RESOLVED}."}
        return found | (self._judged(there) if self.resolutions is not None else {})

    def _judged(self, there: Archive) -> dict[str, Any]:
        assert self.resolutions is not None
        rows = judge(there, read_resolutions(self.resolutions, there))
        found: dict[str, Any] = {"rows": [_row(row) for row in rows[-MOST_ROWS:]][::-1], "remark": ""}
        try:
            return found | {"scores": thinned(score(rows).as_dict())}
        except ForecastError as problem:  # none counts yet
            return found | {"remark": str(problem)}


def tested(folder: Path) -> dict[str, Any]:
    """What `detente backtest --out` wrote of its scores.

    Raises
    ------
    ForecastError
        If the folder holds no scores of a backtest.
    """
    path = folder / BACKTEST_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        groups = {name: thinned(scores) for name, scores in data["groups"].items()}
        whole = data["scores"] and thinned(data["scores"])
        return {"title": data["title"], "notes": data["notes"], "scores": whole, "groups": groups}
    except OSError as problem:
        raise ForecastError(
            f"there are no scores in '{folder}': {problem.strerror}."
            f" `detente backtest CRISIS --out {folder}` writes them."
        ) from problem
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise ForecastError(
            f"'{path}' is not what `detente backtest --out` writes. Run it again."
        ) from problem


def thinned(scores: dict[str, Any]) -> dict[str, Any]:
    """Scores with a calibration curve of `MOST_POINTS` points at most, its ends kept.

    Examples
    --------
    >>> many = [float(k) for k in range(2000)]
    >>> found = thinned({"calibration": {"forecast": many, "n": 2000}})["calibration"]["forecast"]
    >>> len(found), found[0], found[-1]
    (400, 0.0, 1999.0)
    """
    curve = scores["calibration"]
    n = len(curve["forecast"])
    if n <= MOST_POINTS:
        return scores
    kept = [round(k * (n - 1) / (MOST_POINTS - 1)) for k in range(MOST_POINTS)]
    thin = {name: [each[k] for k in kept] if isinstance(each, list) else each for name, each in curve.items()}
    return scores | {"calibration": thin}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "digest": entry.digest,
        "crisis": entry.crisis,
        "as_of": entry.as_of.isoformat(),
        "made_at": entry.made_at,
        "seed": entry.inputs.get("seed"),
        "answers": [
            {
                "id": each.id,
                "text": each.text,
                "closes": each.closes.date().isoformat(),
                "probability": each.probability,
                "mc_error": each.mc_error,
                "low": each.low,
                "high": each.high,
            }
            for each in entry.answers
        ],
    }


def _row(row: Judged) -> dict[str, Any]:
    return {
        "entry": row.entry,
        "question": row.question,
        "text": row.text,
        "as_of": row.as_of.isoformat(),
        "closes": (row.closes - dt.timedelta(minutes=1)).date().isoformat(),
        "probability": row.probability,
        "base_rate": None if math.isnan(row.base_rate) else row.base_rate,
        "state": row.state,
    }
