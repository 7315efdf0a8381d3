"""Commands that simulate a crisis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import Interrupted, put, put_text, reported
from detente.cli.root import AsJson, CrisisName, app


@app.command(epilog="Example:  detente run iran_2024 --seed 7 --trajectories 40000 --out results")
def run(
    crisis: CrisisName,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="The same seed gives the same numbers. Drawn and shown if left out."),
    ] = None,
    trajectories: Annotated[
        int, typer.Option(min=1, help="How many futures; the Monte Carlo error falls with their root.")
    ] = 10_000,
    replicates: Annotated[int, typer.Option(min=1, help="Futures per draw of the parameters.")] = 8,
    horizon: Annotated[
        str | None,
        typer.Option(help="How far: a number of days, '6 months' or a date. Default: the last closing date."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Default: all cores. Does not change numbers.")
    ] = None,
    tick: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Step of the flows in days: 1, 0.5, 0.25 …")
    ] = 1.0,
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write manifest, JSON and Parquet tables there.")
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also add the forecast to this archive, to be scored later."),
    ] = None,
    posterior: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Draw what `detente fit` has learned from there, not from the priors."
        ),
    ] = None,
    review: Annotated[
        bool,
        typer.Option(
            "--review", help="Take the numbers of review.yaml, the crisis' second parameterisation."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Take the posterior even if the crisis has changed since.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no remarks on the way.")] = False,
) -> None:
    """Simulate many futures of a crisis and answer its questions.

    Every probability comes with its Monte Carlo error, which more futures make smaller, and with the 90 %
    range over draws of the parameters, which only better knowledge makes smaller. Ctrl-C ends early with what
    is done.
    """
    with reported(as_json):
        from detente.cli.running import carry_out, days_of

        found = carry_out(
            crisis,
            out=out,
            archive=archive,
            posterior=posterior,
            force=force,
            review=review,
            quiet=quiet,
            horizon=days_of(horizon),
            seed=seed,
            trajectories=trajectories,
            replicates=replicates,
            threads=threads,
            tick=tick,
        )
        if as_json:
            put_text(
                json.dumps({"ok": True, **found.as_dict()}, indent=1, ensure_ascii=False, allow_nan=False)
            )
        else:
            put(found)
        if found.ensemble.interrupted:
            raise Interrupted(f"{found.ensemble.n_trajectories:,} futures were finished.")
