"""The patterns of a crisis as event data can meet them: actors by id, codes by the crosswalk, places as spelt."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from detente.crisisfile.patterns import Specificity, specificity
from detente.ledger.actors import Actors
from detente.ledger.coding import cameo_codes
from detente.model import Coding, Crisis, Pattern

OPPONENTS = ("REB", "OPP", "INS", "SEP", "UAF", "RAD")
"""Roles after the code of a state that do not act for it."""


def patterns_of(crisis: Crisis) -> dict[str, tuple[Pattern, ...]]:
    """The patterns of every moment: those of its ``matches``, and those that its own codes make.

    Own codes count where there are both an actor and a code; each pair of codes of actor and recipient is a pattern.

    Examples
    --------
    >>> from detente.catalog import load
    >>> found = patterns_of(load("iran_2024"))["militia_hits_us"]
    >>> found[0].id, found[1].actor, found[1].recipient, found[1].cameo
    ('E022', 'IRQREB', 'USA', '195')
    """
    found = {
        name: (*moment.coding.matches, *_own(moment.coding, crisis))
        for name, moment in crisis.moments.items()
    }
    return {name: patterns for name, patterns in found.items() if patterns}


def _own(coding: Coding, crisis: Crisis) -> Iterator[Pattern]:
    """Patterns of a moment's own codes: what one party does to another, not to itself where there are others."""
    if not coding.actor or not (coding.cameo or coding.plover):
        return
    alone = len({*coding.actor, *coding.recipient}) == 1
    for actor, recipient in itertools.product(coding.actor, coding.recipient or ("",)):
        if actor != recipient or alone:
            for doer, other in itertools.product(_codes(actor, crisis), _codes(recipient, crisis)):
                yield Pattern(actor=doer, recipient=other, cameo=coding.cameo, plover=coding.plover)


def _codes(name: str, crisis: Crisis) -> tuple[str, ...]:
    """The CAMEO codes of an actor of a crisis; its name where it has none."""
    return (crisis.actors[name].cameo if name in crisis.actors else ()) or (name,)


@dataclass(frozen=True)
class Candidate:
    """A pattern of a happening with actors by id, or all events that the happening names by their `ids`.

    `places` are the spellings of its location in lower case, `words` say what it is. It has one rank among events
    that carry a CAMEO code and another, `without`, among those that do not.
    """

    happening: str
    pattern: Pattern
    words: str
    with_cameo: Specificity
    without: Specificity
    places: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


def candidates_of(crisis: Crisis, actors: Actors) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """All candidates, those of one happening together, and the codes of actors that the table does not know."""
    found: dict[tuple[str, Pattern], Candidate] = {}
    unknown: set[str] = set()
    for happening, patterns in patterns_of(crisis).items():
        ids = tuple(pattern.id for pattern in patterns if pattern.id)
        if ids:
            found[happening, Pattern()] = _named(happening, ids)
        listed = set(crisis.moments[happening].coding.matches)
        for pattern in patterns:
            met, missing = _met(pattern, actors)
            unknown |= missing
            if not (pattern.id or missing):
                words = _words(met, by="matches" if pattern in listed else "own codes")
                found.setdefault((happening, met), _candidate(happening, met, words, actors))
    return tuple(found.values()), tuple(sorted(unknown))


def _named(happening: str, ids: tuple[str, ...]) -> Candidate:
    rank = specificity(Pattern(id=ids[0]))
    return Candidate(happening, Pattern(), "matches: its id", rank, rank, ids=ids)


def _met(pattern: Pattern, actors: Actors) -> tuple[Pattern, set[str]]:
    """The pattern with the ids of its actors, and the codes for which there is none."""
    ids = {code: _id_of(code, actors) for code in (pattern.actor, pattern.recipient) if code}
    missing = {code for code, id_ in ids.items() if id_ is None}
    met = Pattern(
        actor=ids.get(pattern.actor) or "",
        recipient=ids.get(pattern.recipient) or "",
        cameo=pattern.cameo,
        plover=pattern.plover,
        location=pattern.location,
    )
    return met, missing


def _id_of(code: str, actors: Actors) -> str | None:
    """The actor that a code begins with, by the longest prefix that is known; an id stands for itself.

    Those who oppose a state (SYRREB) are not the state.
    """
    if code in actors.ids:
        return code
    known = actors.spellings("codes")
    prefix = max((each for each in known if code.startswith(each)), key=len, default=None)
    if prefix is None or code.removeprefix(prefix)[:3] in OPPONENTS:
        return None
    return known[prefix]


def _candidate(happening: str, pattern: Pattern, words: str, actors: Actors) -> Candidate:
    ranks = is_id, fields, _, letters = specificity(pattern)
    places = {pattern.location.casefold()} if pattern.location else set()
    for row in actors.rows:
        spellings = {text.casefold() for column in ("id", "iso3", "country") for text in row[column]}
        if places & spellings:
            places = places | spellings
    return Candidate(happening, pattern, words, ranks, (is_id, fields, 0, letters), tuple(sorted(places)))


def _words(pattern: Pattern, by: str) -> str:
    fields = {name: value for name, value in vars(pattern).items() if value}
    return f"{by}: {', '.join(f'{name} {value}' for name, value in fields.items())}"


def fits(candidate: Candidate) -> pl.Expr:
    """Whether an event, with the columns of `detente.ledger.matching.KEYS`, fits a candidate; never null."""
    pattern = candidate.pattern
    if candidate.ids:
        return pl.col("event_id").is_in(candidate.ids).fill_null(False)
    tests = [_fit_parties(pattern)]
    if pattern.cameo:
        tests.append(_fit_cameo(pattern.cameo))
    if pattern.plover:
        tests.append(_fit_plover(pattern.plover))
    if candidate.places:
        tests.append(pl.col("country").str.to_lowercase().is_in(candidate.places))
    return pl.all_horizontal(tests).fill_null(False)


def _fit_parties(pattern: Pattern) -> pl.Expr:
    def are(actor: str, recipient: str) -> pl.Expr:
        tests = [pl.col(actor) == pattern.actor] if pattern.actor else []
        tests += [pl.col(recipient) == pattern.recipient] if pattern.recipient else []
        return pl.all_horizontal(*tests, pl.lit(True)).fill_null(False)

    undirected = ~pl.col("directed").fill_null(True)
    return are("actor", "recipient") | (undirected & are("recipient", "actor"))


def _fit_cameo(code: str) -> pl.Expr:
    """The beginning of a CAMEO code; for events without one, the PLOVER types of the codes that begin so."""
    types = {entry.plover for name, entry in cameo_codes().items() if name.startswith(code) and entry.plover}
    told = pl.col("plover").str.to_uppercase().is_in(sorted(types))
    return pl.col("cameo").str.starts_with(code).fill_null(pl.col("cameo").is_null() & told)


def _fit_plover(plover: str) -> pl.Expr:
    """A PLOVER type; for events without one, the CAMEO codes that the crosswalk puts under it."""
    codes = [name for name, entry in cameo_codes().items() if entry.plover == plover.upper()]
    told = pl.col("cameo").is_in(codes)
    return (pl.col("plover").str.to_uppercase() == plover.upper()).fill_null(told)
