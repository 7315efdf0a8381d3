"""Who is meant: from the spellings of the event data sets to the ids of a table of actors.

The table is ``tables/actors.csv`` or a file of the same columns. Each data set writes an actor in its own way
(a code, a name, a country), so each rule is an expression on its columns; the most specific rule wins:

1. a spelling of the actor itself (``Hezbollah``) or of the group in brackets (``Militant (Hezbollah)``),
   a known-group code (``HEZ``), or the longest code prefix (``LBNREBHEZ`` before ``LBN``);
2. the country, given apart or in brackets (``Government (France)``).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from detente.errors import TableError
from detente.ledger.coding import read_table

COLUMNS = ("id", "name", "codes", "groups", "iso3", "gw", "country", "names")
"""Columns of a table of actors."""

NON_STATE = ("Dissident", "Rebel", "Insurgent", "Separatist", "Terrorist", "Extremist", "Organized Violent")
"""Sectors that do not speak for the country they come from."""


@dataclass(frozen=True)
class Actors:
    """Actors by id, with their spellings; `chosen` are the ids that an import asks for (None: any)."""

    rows: tuple[Mapping[str, tuple[str, ...]], ...]
    chosen: frozenset[str] | None

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all actors of the table."""
        return tuple(row["id"][0] for row in self.rows)

    def spellings(self, *columns: str) -> dict[str, str]:
        """Spelling → id, for the given columns of the table."""
        return {text: row["id"][0] for row in self.rows for column in columns for text in row[column]}

    def by_code(self, code: str, group: str | None = None) -> pl.Expr:
        """The actor of a CAMEO actor code (longest known prefix), or of its known group if given."""
        prefixes = sorted(self.spellings("codes").items(), key=lambda item: len(item[0]))
        found = pl.lit(None, dtype=pl.String)
        for prefix, actor in prefixes:
            found = pl.when(pl.col(code).str.starts_with(prefix)).then(pl.lit(actor)).otherwise(found)
        if group is None:
            return found
        return pl.coalesce(_lookup(pl.col(group), self.spellings("groups")), found)

    def by_name(self, name: str, *, country: str | None = None, sectors: str | None = None) -> pl.Expr:
        """The actor of a name such as ``Iran``, ``Militant (Hamas)``; failing that, of the country column.

        The country speaks only for those whose `sectors` are not those of its opponents.
        """
        known = self.spellings("country") | self.spellings("names")
        inside = pl.col(name).str.extract(r"\(([^()]+)\)\s*$", 1)
        rules = [_lookup(pl.col(name), known), _lookup(inside, known)]
        if country is not None:
            speaks = pl.lit(True)
            if sectors is not None:
                pattern = "|".join(NON_STATE)
                speaks = ~pl.col(sectors).fill_null("").str.contains(pattern)
            nation = _lookup(pl.col(country), self.spellings("country") | self.spellings("iso3"))
            rules.append(pl.when(speaks).then(nation))
        return pl.coalesce(rules)

    def by_government(self, name: str, number: str) -> pl.Expr:
        """The actor of a UCDP side: a government by its Gleditsch-Ward number, any other by its name."""
        government = pl.col(name).str.starts_with("Government of ")
        nation = _lookup(pl.col(number).str.strip_suffix(".0"), self.spellings("gw"))
        return pl.coalesce(pl.when(government).then(nation), _lookup(pl.col(name), self.spellings("names")))

    def by_acled(self, name: str) -> pl.Expr:
        """The actor of a name like ``Military Forces of Iran (1989-)``, ``Civilians (Lebanon)``, a group."""
        known = self.spellings("names")
        nations = self.spellings("country")
        bare = pl.col(name).str.replace(r"\s*\(\d{4}-?(\d{4})?\)", "")
        forces = pl.col(name).str.extract(
            r"^(?:Military|Police|Government)(?: Forces)? of (?:the )?([^(]+?)\s*(?:\(|$)", 1
        )
        civilians = bare.str.extract(r"^(?:Civilians|Protesters|Rioters) \(([^()]+)\)$", 1)
        return pl.coalesce(
            _lookup(bare, known),
            _lookup(bare.str.extract(r"^([^:(]+?)\s*(?::|\(|$)", 1), known),
            _lookup(forces, nations),
            _lookup(civilians, nations),
        )


def read_actors(chosen: Iterable[str] | None = None, path: Path | str | None = None) -> Actors:
    """The table of actors, with those chosen for an import.

    Parameters
    ----------
    chosen : iterable of str, optional
        Ids to keep; without them every actor is kept.
    path : Path or str, optional
        A table with the columns id, name, codes, groups, iso3, gw, country, names (lists separated by
        semicolons; lines that begin with # are comments). Without it, the table that ships.

    Raises
    ------
    TableError
        If an id is not in the table (with the nearest that is), or the table lacks a column or names an
        actor twice.

    Examples
    --------
    >>> sorted(read_actors(["IRN", "HEZ"]).chosen)
    ['HEZ', 'IRN']
    """
    rows = read_table("actors") if path is None else _read_own(Path(path))
    table = tuple(
        {column: tuple(part.strip() for part in row[column].split(";") if part.strip()) for column in COLUMNS}
        for row in rows
    )
    ids = [row["id"][0] for row in table]
    for actor in ids:
        if ids.count(actor) > 1:
            raise TableError(f"actor table: '{actor}' stands in it twice. An id is unique.")
    if chosen is None:
        return Actors(table, None)
    wanted = list(chosen)
    unknown = [actor for actor in wanted if actor not in ids]
    if unknown:
        raise TableError("\n".join(_no_actor(actor, ids) for actor in unknown))
    return Actors(table, frozenset(wanted))


def _read_own(path: Path) -> list[dict[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as problem:
        raise TableError(f"actor table {path}: {problem.strerror}.") from None
    reader = csv.DictReader(line for line in lines if not line.startswith("#"))
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise TableError(
            f"actor table {path.name}: no column {', '.join(missing)}. Needed: {', '.join(COLUMNS)}; "
            "a cell may be empty."
        )
    rows = [{column: row[column] or "" for column in COLUMNS} for row in reader]
    if not rows or not all(row["id"].strip() for row in rows):
        raise TableError(f"actor table {path.name}: every row needs an id.")
    return rows


def _no_actor(actor: str, ids: list[str]) -> str:
    near = get_close_matches(actor.upper(), ids, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return (
        f"there is no actor '{actor}'.{hint} Known actors: {', '.join(ids)}. "
        "Others are declared in a table of your own: id,name,codes,groups,iso3,gw,country,names."
    )


def _lookup(column: pl.Expr, table: Mapping[str, str]) -> pl.Expr:
    """Value of the table at the text of the column; null where the table has none."""
    if not table:
        return pl.lit(None, dtype=pl.String)
    return column.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)
