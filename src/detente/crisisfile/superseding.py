"""Corrections: a row that names an earlier one in ``supersedes`` takes its place.

Tables are append-only: what was wrong stays in the file, and no longer counts. Corrections form chains (a
correction may itself be corrected); two rows cannot correct the same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar

from detente.crisisfile.suggest import did_you_mean


class Superseding(Protocol):
    """A source, claim or event."""

    @property
    def supersedes(self) -> str:
        """The id of the row that it takes the place of, or ""."""


Row = TypeVar("Row", bound=Superseding)


def superseding_faults(links: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with corrections: the id of the row at fault, what, and the remedy.

    Parameters
    ----------
    links : mapping of str to str
        For every id of one table, in the order of the file, the id that it supersedes, or "".
    """
    corrected_by: dict[str, str] = {}
    for id_, older in links.items():
        if not older:
            continue
        if older == id_:
            yield id_, f"'{id_}' supersedes itself", "Name the earlier row, or leave the cell empty."
        elif older not in links:
            hint = f"{did_you_mean(older, links)} Name a row of the same table.".strip()
            yield id_, f"there is no '{older}' to supersede", hint
        elif older in corrected_by:
            hint = f"Let this row supersede '{corrected_by[older]}', or join the two."
            yield id_, f"'{older}' is superseded twice, by '{corrected_by[older]}' and by '{id_}'", hint
        else:
            corrected_by[older] = id_
    yield from _cycles(links)


def _cycles(links: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Every ring of corrections once, at its first row."""
    done: set[str] = set()
    for start in links:
        chain: dict[str, None] = {}
        here = start
        while links.get(here) and here not in done and here not in chain:
            chain[here] = None
            here = links[here]
        ring = [*chain][[*chain].index(here) :] if here in chain else []
        done.update(chain)
        if len(ring) > 1:
            first = min(ring, key=[*links].index)
            text = f"the corrections go in a ring: {' → '.join((*ring, here))}"
            yield first, text, "A row supersedes an earlier one. Empty one of these cells."


def in_force(rows: Mapping[str, Row]) -> dict[str, Row]:
    """The rows that count: those that no other row supersedes."""
    superseded = {row.supersedes for row in rows.values()}
    return {id_: row for id_, row in rows.items() if id_ not in superseded}


def newest(rows: Mapping[str, Superseding]) -> dict[str, str]:
    """For every id, the id of the row that counts in its place: the end of its chain of corrections."""
    corrected_by = {row.supersedes: id_ for id_, row in rows.items() if row.supersedes}
    found = {}
    for id_ in rows:
        last, seen = id_, {id_}
        while last in corrected_by and corrected_by[last] not in seen:
            last = corrected_by[last]
            seen.add(last)
        found[id_] = last
    return found


def chain(rows: Mapping[str, Superseding], id_: str) -> tuple[str, ...]:
    """A row's id and those of all it supersedes, newest first."""
    ids = [id_]
    while (older := rows[ids[-1]].supersedes) in rows and older not in ids:
        ids.append(older)
    return tuple(ids)
