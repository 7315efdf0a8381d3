"""The "Did you mean …?" of an error message."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 100
"""Longer names are not compared [characters]: nobody mistypes them, and comparing costs time."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The known name nearest to a mistyped one, as a sentence; empty where none is near.

    Parameters
    ----------
    name : str
        What was written.
    known : iterable of str
        What might have been meant.

    Examples
    --------
    >>> did_you_mean("spraed", ["value", "spread", "varies"])
    "Did you mean 'spread'?"
    >>> did_you_mean("zzz", ["value"])
    ''
    """
    if not name or len(name) > _LONGEST:
        return ""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known, reverse=True)}
    near = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return f"Did you mean '{by_folded[near[0]]}'?" if near else ""
