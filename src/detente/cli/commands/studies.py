"""Commands that change a crisis, or choose among its futures, and compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import Interrupted, reported
from detente.cli.root import AsJson, CrisisName, app

Question = Annotated[
    str | None, typer.Option(metavar="H06,…", help="Only these questions, with commas between. Default: all.")
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="The same seed gives the same numbers. Drawn and shown if left out.")
]
Trajectories = Annotated[int, typer.Option(min=1, help="Futures of each ensemble.")]
Replicates = Annotated[int, typer.Option(min=1, help="Futures per draw of the parameters.")]
Horizon = Annotated[
    str | None,
    typer.Option(help="How far: a number of days, '6 months' or a date. Default: the last closing date."),
]
Threads = Annotated[int | None, typer.Option(min=1, help="Default: all cores. Does not change numbers.")]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Also write study.json and study.parquet there.")
]
Phrases = list[str]


@app.command(epilog="Example:  detente whatif iran_2024 --forbid israel_strikes_iran --until 2025-03-01")
def whatif(
    crisis: CrisisName,
    scenario: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SCENARIO]…", help="Scenario files, or names in the folder scenarios/ of the crisis."
        ),
    ] = None,
    forbid: Annotated[
        Phrases | None, typer.Option(metavar="HAPPENING", help="It is not possible; from … until …")
    ] = None,
    force: Annotated[
        Phrases | None, typer.Option(metavar="HAPPENING", help="It happens, on the date of --on.")
    ] = None,
    set_: Annotated[
        Phrases | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A stock, stage, office, base rate or number takes this value.",
        ),
    ] = None,
    times: Annotated[
        Phrases | None,
        typer.Option(
            metavar="NAME=2", help="A rate, the odds of an outcome, a number or a stock is multiplied."
        ),
    ] = None,
    hold: Annotated[
        Phrases | None, typer.Option(metavar="COMMITMENT", help="Nothing ends it; breaches go on.")
    ] = None,
    end: Annotated[
        Phrases | None, typer.Option(metavar="COMMITMENT", help="It is declared over, at once or --on.")
    ] = None,
    remove: Annotated[
        Phrases | None, typer.Option(metavar="ACTOR.FACTION", help="The faction counts for nothing.")
    ] = None,
    move: Annotated[
        Phrases | None,
        typer.Option(metavar="'NAME=DATE to DATE'", help="A dated moment is brought forward or put off."),
    ] = None,
    on: Annotated[
        str, typer.Option(metavar="DATE", help="Date for --force, --set of a stock or stage, and --end.")
    ] = "",
    since: Annotated[
        str,
        typer.Option("--from", metavar="DATE", help="Where changes that last begin. Default: as-of date."),
    ] = "",
    until: Annotated[
        str, typer.Option(metavar="DATE", help="Where they end: 00:00 UTC of that day. Default: never.")
    ] = "",
    question: Question = None,
    trajectories: Trajectories = 10_000,
    replicates: Replicates = 8,
    seed: Seed = None,
    horizon: Horizon = None,
    threads: Threads = None,
    events: Annotated[
        bool, typer.Option("--events", help="Compare whole event logs to tell when futures part. Slower.")
    ] = False,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Change something and see which answers move, by how much and how surely.

    The crisis is simulated as things stand and under each scenario on the same random numbers, so that a future
    differs only by what the change does to it. Changes come from scenario files, or from the options: all options
    together are one scenario, and each may be given several times. A phrase may carry dates of its own:
    --forbid "israel_strikes_iran from 2025-01-20 until 2025-03-01". Ctrl-C ends early with what is done.
    """
    with reported(as_json):
        from detente.cli.what_if import refuse_foreign, run_whatif, show

        refuse_foreign(out)
        options = {
            "forbid": forbid,
            "force": force,
            "set": set_,
            "times": times,
            "hold": hold,
            "end": end,
            "remove": remove,
            "move": move,
        }
        found = run_whatif(
            crisis,
            files=scenario or [],
            phrases={name: texts or [] for name, texts in options.items()},
            dates={"at": on, "since": since, "until": until},
            question=question,
            horizon=horizon,
            trajectories=trajectories,
            replicates=replicates,
            seed=seed,
            threads=threads,
            events=events,
        )
        show(found, as_json=as_json, out=out)
        if found.interrupted:
            raise Interrupted(f"{len(found.scenarios)} scenarios were compared.")


@app.command(epilog="Example:  detente levers iran_2024 --question H06")
def levers(
    crisis: CrisisName,
    question: Annotated[str, typer.Option(metavar="H06", help="The question to rank by.")],
    trajectories: Trajectories = 10_000,
    replicates: Replicates = 8,
    seed: Seed = None,
    horizon: Horizon = None,
    threads: Threads = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw the ranking, as .svg, .png or .pdf.")
    ] = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Try every lever in turn, and rank them by what they do to one question.

    Each listed action is forbidden, and made twice as frequent; each commitment is held, and declared over. All share
    their random numbers with one baseline. p-values are corrected for the number of levers; what cannot be told from
    chance is named as such. Ctrl-C ends early with the levers that were tried.
    """
    with reported(as_json):
        from detente.cli.what_if import draw_levers, refuse_foreign, run_levers, show

        refuse_foreign(out)
        found = run_levers(
            crisis,
            question,
            horizon=horizon,
            picture=picture,
            trajectories=trajectories,
            replicates=replicates,
            seed=seed,
            threads=threads,
        )
        show(found, as_json=as_json, out=out)
        draw_levers(found, picture)
        if found.comparison.interrupted:
            raise Interrupted(f"{len(found.levers)} levers were tried.")


@app.command(epilog='Example:  detente given iran_2024 --that "israel_strikes_iran by 2025-03-01"')
def given(
    crisis: CrisisName,
    that: Annotated[
        str,
        typer.Option(
            metavar="CONDITION",
            help="A happening, or any condition of the language of questions, with 'by DATE' at the end.",
        ),
    ],
    question: Question = None,
    trajectories: Trajectories = 20_000,
    replicates: Replicates = 8,
    seed: Seed = None,
    horizon: Horizon = None,
    threads: Threads = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Choose the futures in which something happened, and answer the questions among them.

    This conditions, it does not intervene: what led to the condition is in the chosen futures too. To make something
    happen in all futures alike, use `detente whatif` with --force. A question is refused where the condition holds in
    fewer than 50 futures.
    """
    with reported(as_json):
        from detente.cli.what_if import refuse_foreign, run_given, show

        refuse_foreign(out)
        found = run_given(
            crisis,
            that,
            question=question,
            horizon=horizon,
            trajectories=trajectories,
            replicates=replicates,
            seed=seed,
            threads=threads,
        )
        show(found, as_json=as_json, out=out)
        if found.ensemble.interrupted:
            raise Interrupted(f"{found.ensemble.n_trajectories:,} futures were finished.")


@app.command(epilog="Example:  detente compare runs/monday runs/tuesday")
def compare(
    before: Annotated[
        str,
        typer.Argument(metavar="RUN_A", help="A folder of `detente run --out`, or a crisis by name or path."),
    ],
    after: Annotated[str, typer.Argument(metavar="RUN_B", help="Another one, of the same kind.")],
    trajectories: Trajectories = 10_000,
    replicates: Replicates = 8,
    seed: Seed = None,
    threads: Threads = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Say what changed between two runs or two versions of a crisis, and how much of it is noise.

    Two crises are simulated on the same random numbers, and their inputs compared: parameters, rates, record. Two
    saved runs are compared by their answers alone, with the errors of independent runs.
    """
    with reported(as_json):
        from detente.cli.what_if import refuse_foreign, run_compare, show

        refuse_foreign(out)
        found = run_compare(
            before, after, trajectories=trajectories, replicates=replicates, seed=seed, threads=threads
        )
        show(found, as_json=as_json, out=out)


@app.command(epilog="Example:  detente review iran_2024 --question H12,H19")
def review(
    crisis: CrisisName,
    question: Question = None,
    at_least: Annotated[
        float, typer.Option(min=0.1, max=100.0, help="Trace answers that differ by more points than this.")
    ] = 10.0,
    moves: Annotated[
        float,
        typer.Option(min=0.1, max=100.0, help="Swap single numbers of entries that move one by more points."),
    ] = 2.0,
    trace: Annotated[
        bool, typer.Option("--trace/--no-trace", help="Find the numbers that make the differences; slow.")
    ] = True,
    trajectories: Trajectories = 8_000,
    replicates: Replicates = 8,
    seed: Seed = None,
    threads: Threads = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Compare a crisis with its second parameterisation, and find the numbers that make the difference.

    The second version is review.yaml in the folder of the crisis: other numbers for the same structure, made without
    sight of the first. Both are simulated on the same random numbers. Then numbers are swapped between them: all of an
    entry at once, and singly where that moves an answer. Ctrl-C ends early with what was swapped.
    """
    with reported(as_json):
        from detente.cli.what_if import refuse_foreign, run_review, show

        refuse_foreign(out)
        found = run_review(
            crisis,
            question,
            at_least=at_least / 100.0,
            moves=moves / 100.0,
            trace=trace,
            trajectories=trajectories,
            replicates=replicates,
            seed=seed,
            threads=threads,
        )
        show(found, as_json=as_json, out=out)
        if found.interrupted:
            entries, numbers = (
                len({each.name for each in swaps}) for swaps in (found.entries, found.numbers)
            )
            raise Interrupted(f"{entries} entries and {numbers} single numbers were swapped.")
