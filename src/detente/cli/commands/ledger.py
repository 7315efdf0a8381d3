"""Commands that keep the ledger of a crisis and put it to use: ``record`` and ``match``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from detente.cli.reporting import put, put_text, reported, say
from detente.cli.root import AsJson, CrisisName, app


def _text(help_: str, panel: str, metavar: str = "TEXT", *names: str) -> Any:
    """An option that fills one cell of a row."""
    return typer.Option(*names, metavar=metavar, help=help_, rich_help_panel=panel)


_EVENT, _SOURCE, _CLAIM = "The event", "A new source for it", "A new claim about it"
_LIST = " Several: separated by semicolons."
Cell = str | None


@app.command(
    epilog="Example:  detente record my_crisis --date 2024-11-30 --title 'Talks in Doha' --actor IRNGOV"
    " --recipient USAGOV --cameo 046 --sources S01 --happening -"
)
def record(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The crisis folder whose tables gain the rows.")
    ],
    date: Annotated[Cell, _text("When it happened: a day, or an instant (UTC).", _EVENT, "DATE")] = None,
    title: Annotated[Cell, _text("The event in words.", _EVENT)] = None,
    precision: Annotated[
        Cell, _text("day (default), week, month, approx or period.", _EVENT, "PRECISION")
    ] = None,
    actor: Annotated[Cell, _text("Codes of who did it." + _LIST, _EVENT, "CODES")] = None,
    recipient: Annotated[Cell, _text("Codes of those to whom it was done." + _LIST, _EVENT, "CODES")] = None,
    cameo: Annotated[Cell, _text("CAMEO code, with its leading zero.", _EVENT, "CODE")] = None,
    plover: Annotated[Cell, _text("PLOVER type.", _EVENT, "TYPE")] = None,
    happening: Annotated[
        Cell,
        _text(
            "The happening that it fires in a replay; - for none. Default: what `matches`.", _EVENT, "NAME"
        ),
    ] = None,
    sources: Annotated[Cell, _text("Ids of sources." + _LIST, _EVENT, "IDS")] = None,
    claims: Annotated[Cell, _text("Ids of claims that tell of it." + _LIST, _EVENT, "IDS")] = None,
    contested_by: Annotated[Cell, _text("Ids of claims that deny it." + _LIST, _EVENT, "IDS")] = None,
    held: Annotated[
        Cell, _text("Probability that it happened, in place of the rule for claims.", _EVENT, "0…1")
    ] = None,
    known_at: Annotated[
        Cell, _text("From when it was known. Default: the end of its date.", _EVENT, "DATE")
    ] = None,
    supersedes: Annotated[
        Cell,
        _text("Id of the event that this one corrects; cells not given are taken from it.", _EVENT, "ID"),
    ] = None,
    confidence: Annotated[Cell, _text("How sure it is, in words; enters no number.", _EVENT)] = None,
    location: Annotated[Cell, _text("Where, as a country code.", _EVENT, "CODE")] = None,
    note: Annotated[Cell, _text("A note.", _EVENT)] = None,
    event_id: Annotated[Cell, _text("Its id. Default: the next one.", _EVENT, "ID", "--id")] = None,
    source_id: Annotated[Cell, _text("Its id.", _SOURCE, "ID")] = None,
    source_title: Annotated[Cell, _text("Title of the document.", _SOURCE)] = None,
    publisher: Annotated[Cell, _text("Who published it.", _SOURCE)] = None,
    source_date: Annotated[Cell, _text("When: a day, a month or a year.", _SOURCE, "DATE")] = None,
    source_kind: Annotated[Cell, _text("Report, article, treaty …", _SOURCE)] = None,
    reliability: Annotated[Cell, _text("Admiralty grade of the source.", _SOURCE, "A…F")] = None,
    claim_id: Annotated[Cell, _text("Its id.", _CLAIM, "ID")] = None,
    asserted_by: Annotated[Cell, _text("Who asserts it.", _CLAIM)] = None,
    content: Annotated[Cell, _text("What is asserted.", _CLAIM)] = None,
    about: Annotated[Cell, _text("What it is about; the id of a claim that it denies.", _CLAIM)] = None,
    claim_source: Annotated[
        Cell, _text("Ids of its sources. Default: the new source." + _LIST, _CLAIM, "IDS")
    ] = None,
    status: Annotated[
        Cell, _text("asserted (default), corroborated, denied or disputed.", _CLAIM, "STATUS")
    ] = None,
    credibility: Annotated[Cell, _text("Admiralty grade of the claim.", _CLAIM, "1…6")] = None,
    denies: Annotated[
        bool, typer.Option("--denies", help="The claim denies the event.", rich_help_panel=_CLAIM)
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show, but write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add an event to the ledger of a crisis, and with it a source or a claim.

    The crisis is checked as it would be with the new rows; with any fault, nothing is written. Rows are only ever
    added: correct one with --supersedes. A new source or claim is entered into the lists of the event, and may
    also be added without an event.
    """
    with reported(as_json):
        from detente.cli.drafting import Drafts, append_drafts
        from detente.cli.ledger_tables import appended_json, appended_text

        drafts = Drafts(
            event={
                "id": event_id, "date": date, "precision": precision, "actor": actor, "recipient": recipient,
                "cameo": cameo, "plover": plover, "title": title, "confidence": confidence,
                "sources": sources, "claims": claims, "happening": happening, "location": location,
                "note": note, "contested_by": contested_by, "held": held, "known_at": known_at,
                "supersedes": supersedes,
            },
            source={
                "id": source_id, "title": source_title, "publisher": publisher, "date": source_date,
                "kind": source_kind, "reliability": reliability,
            },
            claim={
                "id": claim_id, "asserted_by": asserted_by, "about": about, "content": content,
                "source": claim_source, "status": status, "credibility": credibility,
            },
            denies=denies,
        )  # fmt: skip
        appended = append_drafts(folder, drafts, dry_run=dry_run)
        if as_json:
            put_text(appended_json(appended, dry_run))
            return
        put_text(appended_text(appended))
        say("Nothing was written (--dry-run)." if dry_run else f"Added to {folder}.")


@app.command(epilog="Example:  detente match iran_2024 events.parquet --out matched.parquet")
def match(
    crisis: CrisisName,
    events: Annotated[
        Path,
        typer.Argument(
            metavar="EVENTS", help="Table of coded events (.parquet), as `detente import` writes it."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the events with their happenings there, as .parquet or .csv."
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which data set, where the table holds several.")
    ] = None,
    actor_table: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The table of actors that the import used, if not the default."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Match coded events to the actions of a crisis, by their codes and `matches`.

    The most specific pattern wins: the id of an event, then more fields, then a longer code. Events that fit several
    actions equally well are listed as ties and given to none; so are the codes that fit no action.
    """
    with reported(as_json):
        from detente.catalog import load
        from detente.cli.ledger_tables import matching_head, matching_json, matching_tables
        from detente.ledger.matching import match_events, write_matching
        from detente.ledger.reading import read_events

        found = match_events(load(crisis), read_events(events, dataset=dataset), actor_table=actor_table)
        if out is not None:
            write_matching(found, out)
        if as_json:
            put_text(matching_json(found))
            return
        put_text(matching_head(found))
        for title, table in matching_tables(found):
            put_text(f"\n{title}")
            put(table)
        if out is not None:
            say(f"Written: {out}")
