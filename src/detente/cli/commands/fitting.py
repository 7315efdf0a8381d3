"""The command that fits a crisis to its record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import put, put_text, reported, say
from detente.cli.root import AsJson, CrisisName, app


@app.command(
    epilog="Example:  detente fit iran_2024 --check, then  detente run iran_2024 --posterior iran_2024.posterior"
)
def fit(
    crisis: CrisisName,
    since: Annotated[
        str | None,
        typer.Option(help="Only what happened from this date on counts. Default: the whole complete record."),
    ] = None,
    draws: Annotated[int, typer.Option(min=100, help="Joint draws of the posterior.")] = 2000,
    paths: Annotated[
        int, typer.Option(min=2, help="Replays, each under its own draw of what is not fitted.")
    ] = 50,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 0,
    check: Annotated[
        bool,
        typer.Option("--check", help="Also leave out each fifth of the record and predict it. Takes longer."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the posterior goes. Default: CRISIS.posterior here."),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that replay. Default: all cores. Does not change numbers."),
    ] = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no remarks on the way.")] = False,
) -> None:
    """Fit rates, factors and shares to the record, and say what the record informs.

    Only actions that declare a complete record (complete_from) speak. Each number is shown before and after; where
    the record holds too little it says so, and the number keeps its prior. What was counted in the file counts once.
    The posterior is written to a folder that `detente run --posterior` takes.
    """
    with reported(as_json):
        from detente.cli.fitting_runs import carry_out

        found, place = carry_out(
            crisis,
            since=since,
            draws=draws,
            paths=paths,
            seed=seed,
            check=check,
            out=out,
            processes=processes,
            quiet=quiet,
        )
        if as_json:
            data = {"ok": True, "folder": str(place), **found.as_dict()}
            put_text(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False))
        else:
            put(found)
            say(f"Posterior written to {place}.")
