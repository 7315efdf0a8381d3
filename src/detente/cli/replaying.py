"""The command ``replay``: from its arguments to a replay, telling what goes on."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from detente.cli.reporting import say
from detente.cli.running import Bar
from detente.dates import parse_date

if TYPE_CHECKING:
    from detente.inference import Replay

FEWEST_PER_PROCESS = 4
"""Draws under which another process costs more than it saves."""


def carry_out(
    name: str,
    *,
    out: Path | None,
    picture: Path | None,
    quiet: bool,
    processes: int | None,
    draws: int,
    **settings: Any,
) -> Replay:
    """Load a crisis, replay it under a progress bar, and write what was asked for."""
    from detente.catalog import load
    from detente.inference import replay
    from detente.inference.replay_folder import refuse_foreign

    if out is not None:
        refuse_foreign(out)
    if picture is not None:
        from detente.plots.saving import picture_format

        picture_format(picture)
    crisis = load(name)
    shared = processes or min(os.cpu_count() or 1, max(1, draws // FEWEST_PER_PROCESS))
    shown = not quiet and sys.stderr.isatty()
    with Bar(shown=shown, unit="draws", preparing="Replaying the record") as bar:
        found = replay(crisis, draws=draws, processes=shared, progress=bar.update, **settings)
    if out is not None:
        found.save(out)
        _say(f"Written: {out}", quiet)
    return found


def draw(found: Replay, picture: Path, *, quiet: bool) -> None:
    """Draw expected against observed into a file."""
    from detente.plots.replays import expected_against_observed
    from detente.plots.saving import save

    save(expected_against_observed(found), picture)
    _say(f"Drawn: {picture}", quiet)


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        say(text)


def day_of(text: str | None, option: str) -> dt.date | None:
    """Read a day that an option names.

    Raises
    ------
    typer.BadParameter
        If it is none.

    Examples
    --------
    >>> day_of("2023-10-01", "--since")
    datetime.date(2023, 10, 1)
    """
    if text is None:
        return None
    try:
        found = parse_date(text)
    except ValueError as problem:
        raise typer.BadParameter(f"{problem}.", param_hint=f"'{option}'") from None
    if ":" in text:
        raise typer.BadParameter(
            f"'{text}' is an instant; write the day alone, such as {found:%Y-%m-%d}.",
            param_hint=f"'{option}'",
        )
    return found.date()
