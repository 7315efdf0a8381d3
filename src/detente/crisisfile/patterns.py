"""Which events fit a pattern, and which of several patterns that fit is the most specific.

Most specific first: the id of the event · more fields · a longer CAMEO code · longer codes of actor and recipient.
Patterns of different happenings that are equal in all of these are a tie, which is reported and never resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from detente.model import Event, Pattern

Specificity: TypeAlias = tuple[bool, int, int, int]
"""Ranks of patterns: whether it is an id, fields, digits of CAMEO, letters of actor and recipient."""


def specificity(pattern: Pattern) -> Specificity:
    """How much a pattern asks for; the greater of two is the more specific.

    Examples
    --------
    >>> specificity(Pattern(actor="ISR", cameo="195")) > specificity(Pattern(actor="ISRMIL", cameo="19"))
    True
    """
    fields = (pattern.actor, pattern.recipient, pattern.cameo, pattern.plover, pattern.location)
    letters = len(pattern.actor) + len(pattern.recipient)
    return bool(pattern.id), sum(map(bool, fields)), len(pattern.cameo), letters


def fits(event: Event, pattern: Pattern, ids: Sequence[str] = ()) -> bool:
    """Whether an event fits a pattern; `ids` are its own and those of the rows that it supersedes."""
    if pattern.id:
        return pattern.id in (ids or (event.id,))
    return (
        (not pattern.actor or pattern.actor in event.actor)
        and (not pattern.recipient or pattern.recipient in event.recipient)
        and event.cameo.startswith(pattern.cameo)
        and (not pattern.plover or pattern.plover.casefold() == event.plover.casefold())
        and (not pattern.location or pattern.location == event.extra.get("location", ""))
    )


def most_specific(
    event: Event, patterns: Mapping[str, Iterable[Pattern]], ids: Sequence[str] = ()
) -> tuple[str, ...]:
    """The happenings whose patterns fit an event most specifically, by name: none, one, or those of a tie."""
    best: dict[str, Specificity] = {}
    for happening, its_own in patterns.items():
        ranks = [specificity(pattern) for pattern in its_own if fits(event, pattern, ids)]
        if ranks:
            best[happening] = max(ranks)
    first = max(best.values(), default=None)
    return tuple(sorted(happening for happening, rank in best.items() if rank == first))
