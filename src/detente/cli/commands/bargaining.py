"""The command that compares rules of group decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detente.cli.reporting import reported
from detente.cli.root import AsJson, app


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
