"""Commands over event data: ``import``, ``dyads``, ``rates``, and ``timeline`` for the events of a crisis."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import reported
from detente.cli.root import AsJson, CrisisName, app

Day = datetime | None

_DAY = {"formats": ["%Y-%m-%d"], "metavar": "DATE"}
Since = Annotated[Day, typer.Option("--since", help="First day, included.", **_DAY)]
Until = Annotated[Day, typer.Option("--until", help="Last day, included.", **_DAY)]
ActorTable = Annotated[
    Path | None,
    typer.Option("--actor-table", metavar="FILE", help="A table of actors in place of the one that ships."),
]
DatasetColumn = Annotated[
    str | None,
    typer.Option("--dataset", metavar="NAME", help="Which rows, where a CSV file holds several data sets."),
]
DayZero = Annotated[
    Day,
    typer.Option(
        "--day-zero",
        help="The day numbered 0 in a folder of facts (events.parquet with s, r, o, day).",
        **_DAY,
    ),
]
Picture = Annotated[
    Path | None, typer.Option("--picture", metavar="FILE", help="Also draw it: .svg, .png or .pdf.")
]


@app.command(
    "import",
    epilog="Example:  detente import gdelt *.export.CSV.zip --actors IRN,ISR,USA --since 2023-10-01"
    " --out events.parquet",
)
def import_(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="acled, gdelt (1.0 and 2.0), icews, polecat or ucdp.")
    ],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES…", help="Files as delivered: plain, gzip, or zip with one file."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Parquet table to write; replaced whole.")
    ],
    actors: Annotated[
        str | None,
        typer.Option(metavar="IDS", help="Actors to keep, with commas: IRN,ISR,USA. Default: all rows."),
    ] = None,
    since: Since = None,
    until: Until = None,
    ends: Annotated[
        str | None,
        typer.Option(
            metavar="both|one",
            help="Must both ends be among the actors, or one? Default: both; without --actors, one.",
        ),
    ] = None,
    actor_table: ActorTable = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN", help="Name in a re-exported file = the data set's own. Repeatable."
        ),
    ] = None,
    date_format: Annotated[
        str | None, typer.Option(metavar="FORM", help="Form of the dates where a file departs: %d.%m.%Y")
    ] = None,
    restore_zeros: Annotated[
        bool,
        typer.Option("--restore-zeros", help="Give CAMEO codes back the leading zero that a re-export lost."),
    ] = False,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Import what is readable of broken files, and say what is missing."),
    ] = False,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Import event data as delivered into one Parquet table, and account for every row.

    Says how many rows were read, kept, merged (several reports of one event), repeated, left out and refused,
    and why, with examples. A fault in any file writes nothing; what was there before stays, also on Ctrl-C.
    """
    with reported(as_json):
        from detente.cli.event_runs import carry_out_import, day_of, names_of, pairs_of

        carry_out_import(
            dataset,
            files,
            out,
            quiet=quiet,
            as_json=as_json,
            actors=names_of(actors),
            since=day_of(since),
            until=day_of(until),
            ends=ends,
            actor_table=actor_table,
            columns=pairs_of(column or []),
            date_format=date_format,
            restore_zeros=restore_zeros,
            partial=partial,
        )


@app.command(
    epilog="Example:  detente dyads events.parquet --actors IRN,ISR,USA --by month --picture dyads.svg"
)
def dyads(
    events: Annotated[
        str,
        typer.Argument(
            metavar="EVENTS|CRISIS", help="A table of events (see import), or a crisis, for its own events."
        ),
    ],
    actors: Annotated[
        str | None, typer.Option(metavar="IDS", help="Between which actors, with commas. Default: all.")
    ] = None,
    since: Since = None,
    until: Until = None,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="any, verbal_cooperation, material_cooperation, verbal_conflict, material_conflict or military.",
        ),
    ] = "any",
    codes: Annotated[
        str | None,
        typer.Option(metavar="CODES", help="CAMEO codes or PLOVER types in place of a kind: 18,19,20"),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="total|month|week", help="One row for a dyad, or one per period.")
    ] = "total",
    top: Annotated[int, typer.Option(min=1, help="Dyads shown, the busiest; --json gives all.")] = 20,
    picture: Picture = None,
    dataset: DatasetColumn = None,
    day_zero: DayZero = None,
    as_json: AsJson = False,
) -> None:
    """Show who did what to whom: events by actor and recipient.

    Counts by quad class, mean Goldstein value, first and last day, and how the rate changed from the first half
    of the span to the second, with its 90 % range. Counts of news are counts of reports: compare a dyad with
    itself, not with another.
    """
    with reported(as_json):
        from detente.cli.event_runs import day_of, names_of, show_dyads

        show_dyads(
            events,
            actors=names_of(actors),
            since=day_of(since),
            until=day_of(until),
            kind=kind,
            codes=names_of(codes),
            by=by,
            top=top,
            picture=picture,
            dataset=dataset,
            day_zero=day_of(day_zero),
            as_json=as_json,
        )


@app.command(epilog="Example:  detente timeline iran_2024 --since 2024-10-01 --actor IRN --picture iran.svg")
def timeline(
    crisis: CrisisName,
    since: Since = None,
    until: Until = None,
    actor: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only events that name this actor. Repeatable.")
    ] = None,
    picture: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Show the events of a crisis in order of time, and what each fires in replay.

    Dates are as exact as they are known. An event that a later row supersedes is marked, and so is one that is
    not held for certain.
    """
    with reported(as_json):
        from detente.cli.event_runs import day_of, show_timeline

        show_timeline(
            crisis,
            since=day_of(since),
            until=day_of(until),
            actors=actor or [],
            picture=picture,
            as_json=as_json,
        )


@app.command(
    epilog="Example:  detente rates events.parquet --actors IRN,ISR,USA --codes 18,19,20 --out rates.csv"
)
def rates(
    events: Annotated[
        Path,
        typer.Argument(
            metavar="EVENTS", help="A table of events: Parquet (see import), CSV, or a folder of facts."
        ),
    ],
    actors: Annotated[
        str | None, typer.Option(metavar="IDS", help="Actors, with commas: every ordered pair is a dyad.")
    ] = None,
    busiest: Annotated[
        int | None, typer.Option(min=2, help="In place of --actors: the actors with the most events.")
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option(
            metavar="KINDS",
            help="Kinds, with commas; see dyads. Default: any,verbal_conflict,material_conflict,military.",
        ),
    ] = None,
    codes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODES", help="A kind by its CAMEO codes or PLOVER types: 18,19,20. Repeatable."
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
    at_most: Annotated[
        float, typer.Option(min=1.01, help="Ceiling of each excitation, as in the engine.")
    ] = 6.0,
    blend: Annotated[
        bool, typer.Option("--blend/--no-blend", help="Mix the forecast with the weighted mean, or not.")
    ] = True,
    scores: Annotated[
        bool, typer.Option("--scores/--no-scores", help="Also score forecasts one day ahead, or not.")
    ] = True,
    test_from: Annotated[
        Day, typer.Option("--test-from", help="First day to forecast. Default: the last 30 days.", **_DAY)
    ] = None,
    test_to: Annotated[Day, typer.Option("--test-to", help="Last day to forecast.", **_DAY)] = None,
    check_from: Annotated[
        Day, typer.Option("--check-from", help="First day of a second, untouched span to forecast.", **_DAY)
    ] = None,
    check_to: Annotated[Day, typer.Option("--check-to", help="Its last day.", **_DAY)] = None,
    tune_days: Annotated[int, typer.Option(min=1, help="Days before a span on which choices are made.")] = 30,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Id of the source to write beside the numbers. Default: the file's name."
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, help="Dyads shown for each kind; --json and --out give all.")
    ] = 10,
    terms: Annotated[
        bool, typer.Option("--terms", help="Also show what a day's odds depend on, term by term.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the rates there, as CSV.")
    ] = None,
    dataset: DatasetColumn = None,
    day_zero: DayZero = None,
    actor_table: ActorTable = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Learn rates from event data, ready to be pasted into a crisis file.

    For each kind of event: how often it comes between each two actors, how events call forth events (by the
    same actor, and back), for how long, all with standard errors; and, so that you know what to think of it, how
    well that forecasts the next day, against a tuned weighted mean, with errors by day and by dyad.
    """
    with reported(as_json):
        from detente.cli.event_runs import day_of, names_of, show_rates

        show_rates(
            events,
            actors=names_of(actors),
            busiest=busiest,
            kinds=names_of(kinds),
            codes=[names_of(each) or [] for each in codes or []],
            span=(day_of(since), day_of(until)),
            test=(day_of(test_from), day_of(test_to)) if scores else None,
            check=(day_of(check_from), day_of(check_to)),
            reading={"dataset": dataset, "day_zero": day_of(day_zero), "actor_table": actor_table},
            fitting={"at_most": at_most, "tune_days": tune_days, "blend": blend},
            source=source,
            top=top,
            terms=terms,
            out=out,
            as_json=as_json,
            quiet=quiet,
        )
