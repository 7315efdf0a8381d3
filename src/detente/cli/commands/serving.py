"""The command that opens the situation room."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import reported
from detente.cli.root import CrisisName, app


@app.command(epilog="Example:  detente serve iran_2024 --seed 7")
def serve(
    crisis: CrisisName,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen at; any but this machine's own needs --token.")
    ] = "127.0.0.1",
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Further host name under which the page may be asked for."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed gives the same numbers. Drawn if left out.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: all cores.")] = None,
    token: Annotated[bool, typer.Option("--token", help="Ask for a token, printed here.")] = False,
    archive: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Also show the forecasts that `detente run --archive` has kept there."
        ),
    ] = None,
    resolutions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="How their questions turned out, as for `detente score`."),
    ] = None,
    backtest: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Also show the scores that `detente backtest --out` has written there."
        ),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Open the situation room: a web page on this machine, with live what-ifs.

    Questions as cards, changes to try on the same dice, a timeline, actors and quantities, reasons and stories,
    the ledger, every number with what it rests on, and how earlier forecasts turned out. The page talks to this
    program alone and works without a network. Ctrl-C ends it.
    """
    with reported():
        from detente.web.judged import Shelf
        from detente.web.server import serve as open_page

        open_page(
            crisis,
            port=port,
            host=host,
            names=tuple(name or ()),
            seed=seed,
            threads=threads,
            token=token,
            browser=not no_browser,
            shelf=Shelf(archive, resolutions, backtest),
        )
