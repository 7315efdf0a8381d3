"""The command ``backtest``: from its arguments to a backtest, telling what goes on."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from detente.cli.running import Bar
from detente.cli.scoring_runs import day_of, draw

if TYPE_CHECKING:
    from rich.console import Group

    from detente.backtesting import Backtest

EVENT_HORIZONS = "1d,7d,30d"
CRISIS_HORIZON = "30d"


@dataclass(frozen=True)
class Wanted:
    """What is to be tested, as it was written on the command line."""

    crisis: str | None
    events: Path | None
    actors: str | None
    kinds: str
    dataset: str | None
    day_zero: str | None
    every: str
    begin: str | None
    end: str | None
    horizon: str | None

    def spans(self) -> dict[str, Any]:
        """Dates and durations, read."""
        default = CRISIS_HORIZON if self.events is None else EVENT_HORIZONS
        return {
            "every": whole_days(self.every, "--every"),
            "first": day_of(self.begin, "--from"),
            "last": day_of(self.end, "--to"),
            "horizons": [whole_days(part, "--horizon") for part in (self.horizon or default).split(",")],
        }


@dataclass(frozen=True)
class Tested:
    """A backtest as it is shown."""

    backtest: Backtest

    def as_json(self) -> str:
        """The whole but the rows, as text."""
        data = {"ok": True, **self.backtest.as_dict()}
        return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)

    def __rich__(self) -> Group:
        from detente.cli.backtest_tables import shown

        return shown(self.backtest)


def carry_out(
    wanted: Wanted,
    *,
    fit: bool,
    seed: int,
    trajectories: int,
    threads: int | None,
    out: Path | None,
    picture: Path | None,
    quiet: bool,
) -> Tested:
    """Run the backtest that is asked for under a progress bar, and draw it if asked."""
    if (wanted.crisis is None) == (wanted.events is None):
        raise typer.BadParameter("Name a crisis, or a table of events with --events; not both.")
    _refuse_idle(wanted, fit)
    spans = wanted.spans()
    if picture is not None:
        from detente.plots import picture_format

        picture_format(picture)
    settings = {"seed": seed, "trajectories": trajectories, "threads": threads, "folder": out, **spans}
    with Bar(shown=not quiet and sys.stderr.isatty(), unit="as-of dates") as bar:
        if wanted.events is not None:
            found = _events(wanted, wanted.events, settings | {"progress": bar.update})
        else:
            found = _crisis(wanted, fit, settings | {"progress": bar.update})
    if picture is not None:
        draw(found.scores, picture)
    return Tested(found)


def _refuse_idle(wanted: Wanted, fit: bool) -> None:
    """Refuse options that would do nothing."""
    if wanted.events is not None and not fit:
        raise typer.BadParameter(
            "The crisis of dyads has no rates but learned ones.", param_hint="'--no-fit'"
        )
    for option, value in (("--actors", wanted.actors), ("--dataset", wanted.dataset)):
        if wanted.events is None and value is not None:
            raise typer.BadParameter("It belongs to --events.", param_hint=f"'{option}'")


def _crisis(wanted: Wanted, fit: bool, settings: dict[str, Any]) -> Backtest:
    from detente.backtesting.crises import backtest
    from detente.catalog import load

    cores = settings["threads"] or os.cpu_count() or 1
    return backtest(load(str(wanted.crisis)), fitted=fit, processes=cores, **settings)


def _events(wanted: Wanted, events: Path, settings: dict[str, Any]) -> Backtest:
    from detente.backtesting import backtest_events
    from detente.ledger.dyads import dyad_days
    from detente.ledger.reading import read_events

    if wanted.actors is None:
        raise typer.BadParameter("Name two actors or more: --actors IRN,ISR,USA.", param_hint="'--actors'")
    table = read_events(events, dataset=wanted.dataset, day_zero=day_of(wanted.day_zero, "--day-zero"))
    data = dyad_days(table, _parts(wanted.actors), kinds=_parts(wanted.kinds))
    return backtest_events(data, **settings)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def whole_days(text: str, option: str) -> int:
    """Read a duration of whole days: 30, 30d, '2 weeks'."""
    from detente.crisisfile.quantities import parse_duration

    cleaned = text.strip()
    try:
        days = float(cleaned) if cleaned.isdigit() else parse_duration(_spaced(cleaned))
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is neither days (30d) nor a duration (2 weeks).", param_hint=f"'{option}'"
        ) from None
    if not (days >= 1 and float(days).is_integer()):
        raise typer.BadParameter(f"'{text}' is not a whole number of days.", param_hint=f"'{option}'")
    return int(days)


def _spaced(text: str) -> str:
    """``30d`` as ``30 d``."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    return f"{number} {text[len(number) :].strip()}"


def put_out(found: Tested, out: Path | None) -> None:
    """Write the scores and the judged forecasts beside the archive of a backtest."""
    from detente.forecasting.judging import to_polars

    if out is None:
        return
    to_polars(found.backtest.rows).write_parquet(out / "judged.parquet")
    (out / "scores.json").write_text(found.as_json() + "\n", encoding="utf-8")
