"""Commands that hold forecasts against what came."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import Interrupted, put, put_text, reported
from detente.cli.root import AsJson, app

ArchiveFolder = Annotated[
    Path, typer.Argument(metavar="ARCHIVE", help="Folder to which `detente run --archive` adds forecasts.")
]


@app.command(epilog="Example:  detente score archive --resolutions resolutions.csv --picture calibration.svg")
def score(
    archive: ArchiveFolder,
    resolutions: Annotated[
        Path,
        typer.Option(metavar="FILE", help="CSV: question, answer (yes, no, void, open), resolved_at."),
    ],
    on: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Day of judging; what was known later is not used. Default: today."
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="Days after its close before a question counts: as long as a no may take to be known.",
        ),
    ] = 0.0,
    as_json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write scores.json and judged.parquet, a row per forecast."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the calibration curve: .svg, .png or .pdf.")
    ] = None,
) -> None:
    """Score archived forecasts against how their questions turned out.

    Brier score, log score and the time to the event, beside base rate and persistence; calibration with its
    band. A question counts once it has closed, whatever its answer: an early yes waits, so that it is not
    counted before a late no. What is not yet known never counts as a no.
    """
    with reported(as_json):
        from detente.cli.scoring_runs import day_of, put_out, score_archive

        found = score_archive(archive, resolutions, on=day_of(on, "--on"), wait=wait, picture=picture)
        put_out(found, out)
        if as_json:
            put_text(found.as_json())
        else:
            put(found)


@app.command(
    epilog="Example:  detente backtest --events events.parquet --actors IRN,ISR,USA,SYR --every 30d --out tested"
)
def backtest(
    crisis: Annotated[
        str | None,
        typer.Argument(
            metavar="[CRISIS]", help="Bundled name or path; or none, with --events.", show_default=False
        ),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Test the generic crisis of dyads on this table of events instead."
        ),
    ] = None,
    actors: Annotated[
        str | None, typer.Option(help="With --events: ids of two actors or more, with commas.")
    ] = None,
    kinds: Annotated[
        str, typer.Option(help="With --events: kinds of events, with commas.")
    ] = "material_conflict,verbal_conflict",
    dataset: Annotated[
        str | None, typer.Option(help="With --events: which rows, where the file holds several data sets.")
    ] = None,
    day_zero: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="With --events and a folder of facts: the day that it numbers 0."),
    ] = None,
    every: Annotated[str, typer.Option(help="From one as-of date to the next: 30d, '2 weeks'.")] = "30d",
    begin: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="First as-of date. Default: 90 days into the record."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="DATE", help="Latest as-of date. Default: as late as answers are known."
        ),
    ] = None,
    horizon: Annotated[
        str | None,
        typer.Option(help="Ask within how long, several with commas. Default: 30d; with --events 1d,7d,30d."),
    ] = None,
    fit: Annotated[
        bool, typer.Option("--fit/--no-fit", help="Fit rates to the record as it stood; else use the priors.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 0,
    trajectories: Annotated[int, typer.Option(min=1, help="Futures per as-of date.")] = 2000,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: all cores.")] = None,
    as_json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep what is finished there; a second call goes on from it."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the calibration curve: .svg, .png or .pdf.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no remarks on the way.")] = False,
) -> None:
    """Forecast as of past dates, and score on what followed.

    As of each date the record is cut off, rates are learned from what was known then, the crisis is simulated,
    and whether each action came within the horizon is read from the later record; base rate and persistence
    are scored beside. With --events no crisis is needed: one is built from the table, a clock per directed
    dyad and kind. Ctrl-C keeps what is finished in --out.
    """
    with reported(as_json):
        from detente.cli.backtests import Wanted, carry_out, put_out

        wanted = Wanted(crisis, events, actors, kinds, dataset, day_zero, every, begin, end, horizon)
        found = carry_out(
            wanted,
            fit=fit,
            seed=seed,
            trajectories=trajectories,
            threads=threads,
            out=out,
            picture=picture,
            quiet=quiet,
        )
        put_out(found, out)
        if as_json:
            put_text(found.as_json())
        else:
            put(found)
        if found.backtest.interrupted:
            raise Interrupted(
                f"{len(found.backtest.dates)} of {found.backtest.asked} as-of dates were finished."
            )
