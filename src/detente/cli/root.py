"""The command itself, and the arguments that many of its commands share."""

from __future__ import annotations

from typing import Annotated

import typer

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
