"""Frozen things with some of their expressions replaced; what does not change stays the same object."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from detente.expressions import Expression

Thing = TypeVar("Thing")


def rewritten(thing: Thing, replacements: Mapping[Expression, Expression]) -> Thing:
    """A copy of a frozen class, or a tuple of them, with every expression of `replacements` replaced.

    What has been put in is not looked at again.

    Examples
    --------
    >>> from detente.expressions import Name, parse
    >>> str(rewritten(parse("2 * k + m"), {Name("k"): parse("k + 1")}))
    '((2 * (k + 1)) + m)'
    """
    made: Any = _rewritten(thing, replacements)
    return made  # type: ignore[no-any-return]


def _rewritten(thing: Any, replacements: Mapping[Expression, Expression]) -> Any:
    if isinstance(thing, Expression.__args__) and thing in replacements:
        return replacements[thing]
    if isinstance(thing, tuple):
        parts = [_rewritten(each, replacements) for each in thing]
        changed = any(new is not old for new, old in zip(parts, thing, strict=True))
        return tuple(parts) if changed else thing
    if not dataclasses.is_dataclass(thing) or isinstance(thing, type):
        return thing
    found = {}
    for field in dataclasses.fields(thing):
        old = getattr(thing, field.name)
        new = _rewritten(old, replacements)
        if new is not old:
            found[field.name] = new
    return dataclasses.replace(thing, **found) if found else thing


def reads(thing: Any, wanted: Expression) -> bool:
    """Whether an expression stands anywhere in a frozen class.

    Examples
    --------
    >>> from detente.expressions import Name, parse
    >>> reads(parse("2 * k"), Name("k")), reads(parse("2 * k"), Name("m"))
    (True, False)
    """
    return any(part == wanted for part in _parts(thing))


def _parts(thing: Any) -> Iterator[Any]:
    if isinstance(thing, tuple):
        for each in thing:
            yield from _parts(each)
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        yield thing
        for field in dataclasses.fields(thing):
            yield from _parts(getattr(thing, field.name))
