"""Commands that look back: the record of a crisis against the crisis itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import put, put_text, reported
from detente.cli.root import AsJson, CrisisName, app


@app.command(epilog="Example:  detente replay iran_2024 --since 2023-10-01 --events 5 --picture replay.svg")
def replay(
    crisis: CrisisName,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Judge what happened from this day on. Default: the whole record."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Replay to the end of this day, knowing nothing later. Default: as-of date."
        ),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Draws of the parameters from the prior.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 0,
    state: Annotated[
        bool, typer.Option("--state", help="Also show stocks, memories, stages and running delays.")
    ] = False,
    events: Annotated[
        int, typer.Option(min=0, help="How many of the most surprising happenings to show.")
    ] = 10,
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write manifest, JSON and Parquet tables there.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also draw expected against observed: .svg, .png or .pdf."),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Default: all cores. Does not change numbers.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no remarks on the way.")] = False,
) -> None:
    """Replay the record of a crisis and compare it with what the crisis would have expected.

    Every recorded event fires its action. Shown are expected and observed counts, the events that surprised the
    crisis most, and whatever in the ledger contradicts it. With --until the crisis is taken back to that day
    first: events, claims and counts of later days are forgotten.
    """
    with reported(as_json):
        from detente.cli.replaying import carry_out, day_of, draw

        found = carry_out(
            crisis,
            since=day_of(since, "--since"),
            until=day_of(until, "--until"),
            draws=draws,
            seed=seed,
            processes=processes,
            out=out,
            picture=picture,
            quiet=quiet,
        )
        if as_json:
            data = {"ok": True, **found.as_dict()}
            put_text(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False))
        else:
            put(found.shown(events=events, state=state))
        if picture is not None:
            draw(found, picture, quiet=quiet)
