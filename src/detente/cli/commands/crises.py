"""Commands that look at a crisis as it is declared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import put, put_text, reported, say
from detente.cli.root import AsJson, CrisisName, app


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
