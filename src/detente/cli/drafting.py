"""The command ``record``: from its options to rows of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from detente.errors import CrisisFileError, Fault
from detente.ledger.store import Appended, append, cells_of

Given = Mapping[str, str | None]
"""Cells as they were given; None where an option was left out."""

OWN_OF_A_CORRECTION = ("id", "known_at", "supersedes")
"""Cells that a correction does not take from the event that it corrects."""


@dataclass(frozen=True)
class Drafts:
    """What the options say of an event, of a source and of a claim; `denies` puts the claim against the event."""

    event: Given
    source: Given
    claim: Given
    denies: bool = False


def append_drafts(folder: Path, drafts: Drafts, *, dry_run: bool = False) -> Appended:
    """Add the rows that the options describe to the tables of a crisis folder.

    Raises
    ------
    CrisisFileError
        If the folder is that of a bundled crisis, or with every fault of the crisis with these rows.
    """
    _refuse_bundled(folder)
    source, claim, event = _given(drafts.source), _given(drafts.claim), _given(drafts.event)
    _check(source, claim, event, drafts.denies)
    if claim:
        claim = {"status": "asserted", "source": source.get("id", ""), **claim}
    if event:
        event = {**_corrected(folder, event), **event}
        side = "contested_by" if drafts.denies else "claims"
        event["sources"] = _joined(event.get("sources"), source.get("id"))
        event[side] = _joined(event.get(side), claim.get("id"))
    return append(
        folder,
        sources=[source] if source else (),
        claims=[claim] if claim else (),
        events=[event] if event else (),
        dry_run=dry_run,
    )


def _given(cells: Given) -> dict[str, str]:
    return {name: cell for name, cell in cells.items() if cell is not None}


def _check(source: Given, claim: Given, event: Given, denies: bool) -> None:
    if not (source or claim or event):
        raise typer.BadParameter("say what happened, and when.", param_hint="'--date' and '--title'")
    for word, cells in (("source", source), ("claim", claim)):
        if cells and not cells.get("id"):
            raise typer.BadParameter(f"a new {word} needs an id.", param_hint=f"'--{word}-id'")
    if denies and not (claim and event):
        raise typer.BadParameter("it puts a new claim against a new event.", param_hint="'--denies'")


def _corrected(folder: Path, event: Given) -> dict[str, str]:
    """The cells that a correction keeps; a day's precision where nothing else is said."""
    older = cells_of(folder, "events.csv", event["supersedes"] or "") if "supersedes" in event else {}
    kept = {name: cell for name, cell in older.items() if name not in OWN_OF_A_CORRECTION}
    return {"precision": "day", **kept}


def _joined(listed: str | None, id_: str | None) -> str:
    return ";".join(part for part in (listed, id_) if part)


def _refuse_bundled(folder: Path) -> None:
    from detente.catalog import find_crisis, list_crises

    bundled = list_crises()
    for name in bundled:
        if folder.resolve() == find_crisis(name).resolve() or (str(folder) == name and not folder.exists()):
            hint = f"Copy it and record in the copy: cp -r {find_crisis(name)} my_{name}"
            message = f"'{name}' is a bundled crisis, which is not written to"
            raise CrisisFileError([Fault(name, 0, "", message, hint)])
