"""The command ``fit``: from its arguments to a posterior, telling what goes on."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from detente.cli.running import Bar
from detente.dates import days_between, parse_date

if TYPE_CHECKING:
    from detente.inference import Posterior
    from detente.model import Crisis


def carry_out(
    name: str,
    *,
    since: str | None,
    draws: int,
    paths: int,
    seed: int,
    check: bool,
    out: Path | None,
    processes: int | None,
    quiet: bool,
) -> tuple[Posterior, Path]:
    """Load a crisis, fit it under a progress bar, check it if asked, and write the posterior to its folder."""
    from detente.catalog import load
    from detente.inference import check_plausibility, fit
    from detente.inference.fit_folder import refuse_foreign
    from detente.inference.fitting import replay_for_fit

    crisis = load(name)
    place = out or Path(f"{crisis.name}.posterior")
    refuse_foreign(place)
    cores = processes or len(os.sched_getaffinity(0))
    shown = not quiet and sys.stderr.isatty()
    begin = _day(since, crisis)
    with Bar(shown=shown, unit="replays", preparing="Replaying the record") as bar:
        replays = replay_for_fit(
            crisis, paths=paths, seed=seed, processes=cores, progress=bar.update, since=begin
        )
    with Bar(shown=shown, unit="fits", preparing="Fitting") as bar:
        found = fit(
            crisis, paths=paths, draws=draws, seed=seed, since=begin, replays=replays, progress=bar.update
        )
    if check:
        with Bar(shown=shown, unit="periods", preparing="Predicting what was left out") as bar:
            predicted = check_plausibility(crisis, seed=seed, replays=replays, progress=bar.update)
        found = replace(found, check=predicted)
    found.save(place)
    return found, place


def _day(text: str | None, crisis: Crisis) -> float | None:
    """The beginning of a day, in model time."""
    if text is None:
        return None
    try:
        return days_between(crisis.as_of, parse_date(text))
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is no date. Write it as 2024-11-30.", param_hint="'--since'"
        ) from None
