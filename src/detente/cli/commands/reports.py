"""The command that writes a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import reported, say
from detente.cli.root import CrisisName, app


@app.command(epilog="Example:  detente report iran_2024 --seed 7 --out iran.html")
def report(
    crisis: CrisisName,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="By its suffix: .html (default), .md, or .pdf through Chromium."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed gives the same numbers. Drawn if left out.")
    ] = None,
    trajectories: Annotated[int, typer.Option(min=1, help="How many futures.")] = 10_000,
    replicates: Annotated[int, typer.Option(min=1, help="Futures per draw of the parameters.")] = 8,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: all cores.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Write a report that a decision-maker can read: one page, no network needed.

    The answers first, then likely actions, quantities and factions over time, deadlines ahead, the evidence with its
    grades, what rests on judgement, and how it was made. Every number in it is of the run it reports.
    """
    with reported():
        from detente.cli.report_writing import write_report

        written = write_report(
            crisis,
            out,
            seed=seed,
            trajectories=trajectories,
            replicates=replicates,
            threads=threads,
            quiet=quiet,
        )
        say(f"Written: {written}")
