"""The commands. Heavy modules are imported inside them, so that ``--help`` and ``list`` are quick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import Interrupted, put, put_text, reported, say
from detente.provenance import __version__

app = typer.Typer(
    name="detente",
    help="Make an international crisis executable: check it, show it, simulate it, answer its questions.",
    epilog="Begin with:  detente run iran_2024",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

CrisisName = Annotated[
    str,
    typer.Argument(
        metavar="CRISIS", help="Name of a bundled crisis, or path of a crisis folder or .yaml file."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables, errors too.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"detente {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


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


@app.command(epilog="Example:  detente check my_crisis --ticks")
def check(
    crisis: CrisisName,
    as_json: AsJson = False,
    ticks: Annotated[
        bool, typer.Option("--ticks", help="Also simulate at half the tick and compare the answers.")
    ] = False,
) -> None:
    """Report every fault of a crisis at once; then what is lawful but looks wrong.

    Ends with 1 where something must be mended, else with 0.
    """
    with reported(as_json):
        from detente.cli.checking_tables import check_crisis

        if not check_crisis(crisis, as_json=as_json, ticks=ticks):
            raise typer.Exit(1)


@app.command(epilog="Example:  detente resolve iran_2024 --out iran_2024.resolved.yaml")
def resolve(
    crisis: CrisisName,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there instead of printing.")] = None,
) -> None:
    """Print the machine form of a crisis: primitives only, and itself a valid crisis file."""
    with reported():
        from detente.catalog import load
        from detente.crisisfile import dump, dumps

        loaded = load(crisis)
        if out is None:
            put_text(dumps(loaded).removesuffix("\n"))
        else:
            dump(loaded, out)
            say(f"Written: {out}")


@app.command(epilog="Example:  detente show cuba_1962 --all")
def show(
    crisis: CrisisName,
    everything: Annotated[
        bool, typer.Option("--all", help="Every moment in full, not only the actions.")
    ] = False,
) -> None:
    """Show a crisis as tables: actors, stocks, actions with their factors, dates, questions."""
    with reported():
        from detente.catalog import load
        from detente.cli.crisis_tables import crisis_tables

        put(crisis_tables(load(crisis), everything=everything))


@app.command(epilog="Example:  detente schema > crisis.schema.json")
def schema() -> None:
    """Print the JSON Schema of crisis files, for editors."""
    with reported():
        from detente.crisisfile import json_schema

        put_text(json.dumps(json_schema(), indent=1, ensure_ascii=False))


@app.command("list", epilog="Example:  detente list")
def list_bundled(as_json: AsJson = False) -> None:
    """List the bundled crises, with their as-of dates."""
    from detente.catalog import headline, list_crises

    with reported(as_json):
        found = [(name, *headline(name)) for name in list_crises()]
        if as_json:
            fields = ("name", "title", "as_of")
            put_text(
                json.dumps({"ok": True, "crises": [dict(zip(fields, row, strict=True)) for row in found]})
            )
            return
        width = max(len(name) for name, _, _ in found)
        for name, title, as_of in found:
            put_text(f"{name:<{width}}  {as_of}  {title}")


@app.command(epilog="Example:  detente bargain actors.csv --options 0,25,50,75,100")
def bargain(
    table: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV or YAML: actor, position, influence, salience.")
    ],
    options: Annotated[
        str | None, typer.Option(help="Options of the election, with commas. Default: 21 over the scale.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the rules of group decision on a plain table of actors.

    Shows what every rule says, the predictive spread around the compromise, and how much each faction's
    influence matters. A table may begin with settings in comments: `# scale: 0 to 100`, `# status_quo: 30`,
    `# leader: NAME`, `# issue: …`.
    """
    with reported(as_json):
        from detente.cli.bargain_tables import bargain_on, options_of

        bargain_on(table, options=options_of(options), as_json=as_json)
