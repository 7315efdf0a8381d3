"""Sources, claims and events that stand in the file itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.whole import ClaimForm, CrisisForm, EventForm
from detente.crisisfile.suggest import did_you_mean
from detente.crisisfile.superseding import superseding_faults
from detente.crisisfile.tables import Tables
from detente.dates import days_between, parse_date, parse_end
from detente.errors import Fault
from detente.model import Claim, Event, Source

PRECISIONS = ("day", "week", "month", "approx", "period")


def tables_of(build: Builder, form: CrisisForm, beside_it: Tables | None) -> Tables:
    """The tables beside the file, or the sections of the same names in it; not both.

    Ids are looked up in both, unless the tables could not be read (None).
    """
    tables = beside_it or Tables()
    sections: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
        ("sources", form.sources, tables.sources),
        ("claims", form.claims, tables.claims),
        ("events", form.events, tables.events),
    )
    for word, within, beside in sections:
        if within and beside:
            hint = f"Move the section into {word}.csv, or remove the table."
            build.fault((word,), f"there is a section `{word}` and a table {word}.csv", hint)
    whole = Tables(
        lines=tables.lines,
        sources=tables.sources or {id_: _source(id_, each) for id_, each in form.sources.items()},
        claims=tables.claims or {id_: _claim(build, id_, each) for id_, each in form.claims.items()},
        events=tables.events or {id_: _event(build, id_, each) for id_, each in form.events.items()},
    )
    if beside_it is not None:
        _check_ids(build, form, whole)
        _check_superseding(build, form)
    return whole


def _check_superseding(build: Builder, form: CrisisForm) -> None:
    """Corrections in the sections of the file must form chains."""
    sections: tuple[tuple[str, Mapping[str, Any]], ...]
    sections = (("sources", form.sources), ("claims", form.claims), ("events", form.events))
    for word, entries in sections:
        links = {name: each.supersedes for name, each in entries.items()}
        for name, message, hint in superseding_faults(links):
            if not build.is_left_out(links[name]):
                build.fault((word, name, "supersedes"), message, hint)


def _check_ids(build: Builder, form: CrisisForm, tables: Tables) -> None:
    """Ids in the sections of the file must stand in its sections or in the tables beside it."""
    lists: list[tuple[Path, tuple[str, ...], Mapping[str, Any]]]
    lists = [
        (("claims", name, "source"), claim.source, tables.sources) for name, claim in form.claims.items()
    ]
    for name, event in form.events.items():
        lists.append((("events", name, "sources"), event.sources, tables.sources))
        lists.append((("events", name, "claims"), event.claims, tables.claims))
        lists.append((("events", name, "contested_by"), event.contested_by, tables.claims))
    for path, ids, known in lists:
        for id_ in ids:
            if id_ not in known and not build.is_left_out(id_):
                hint = f"{did_you_mean(id_, known)} Known: {', '.join(sorted(known)) or 'none'}.".strip()
                build.fault(path, f"there is no '{id_}'", hint)


def check_claims(build: Builder, tables: Tables) -> None:
    """Refuse claims that were known only after the as-of date, and events whose claims stand on both sides."""
    for name, claim in tables.claims.items():
        if claim.known_at is not None and days_between(build.origin, claim.known_at) > 0.0:
            hint = f"Nothing later than {build.origin} may be known. Remove the claim, or move `as_of`."
            _fault_at(
                build,
                tables,
                ("claims", name, "known_at"),
                "the claim was known only after the as-of date",
                hint,
            )
    for name, event in tables.events.items():
        if both := set(event.claims) & set(event.contested_by):
            text = f"{' and '.join(sorted(both))} cannot tell of the event and deny it"
            hint = "Leave it in `claims` or in `contested_by`."
            _fault_at(build, tables, ("events", name, "contested_by"), text, hint)


def _fault_at(build: Builder, tables: Tables, path: Path, message: str, hint: str) -> None:
    """A fault in a row, which stands in a table or in a section of the file."""
    section, name, column = path
    if name in tables.lines:
        build.faults.append(
            Fault(f"{section}.csv", tables.lines[str(name)], f"{name}.{column}", message, hint)
        )
    else:
        build.fault(path, message, hint)


def _source(id_: str, form: BaseModel) -> Source:
    return Source(id=id_, **_fields(form))


def _claim(build: Builder, id_: str, form: ClaimForm) -> Claim:
    fields = _fields(form)
    fields["known_at"] = _known_at(build, form.known_at, ("claims", id_))
    return Claim(id=id_, **fields)


def _event(build: Builder, id_: str, form: EventForm) -> Event:
    path = ("events", id_)
    fields = _fields(form)
    fields["date"] = dt.datetime(1, 1, 1)
    try:
        fields["date"] = parse_date(form.date)
    except ValueError as problem:
        build.fault((*path, "date"), str(problem), "Write the day as 2024-10-26.")
    if form.precision not in PRECISIONS:
        hint = f"Allowed: {', '.join(PRECISIONS)}."
        build.fault((*path, "precision"), f"there is no precision '{form.precision}'", hint)
    fields["known_at"] = _known_at(build, form.known_at, path)
    return Event(id=id_, **fields)


def _known_at(build: Builder, text: str, path: Path) -> dt.datetime | None:
    try:
        return parse_end(text) if text else None
    except ValueError as problem:
        build.fault((*path, "known_at"), str(problem), "Write a day as 2024-10-26, or an instant.")
        return None


def _fields(form: BaseModel) -> dict[str, Any]:
    known = {name: getattr(form, name) for name in type(form).model_fields}
    return {**known, "extra": {key: str(value) for key, value in (form.model_extra or {}).items()}}
