"""Names and the words that cannot be names."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*", re.ASCII)

RESERVED = frozenset(
    [
        "and",
        "or",
        "not",
        "first",
        "before",
        "ever",
        "at",
        "close",
        "of",
        "within",
        "month",
        "since",
        "until",
        "count",
        "happened",
        "any",
        "from",
        "to",
        "mean",
        "becomes",
        "rises",
        "falls",
        "above",
        "below",
        "d",
        "exp",
        "log",
        "sqrt",
        "abs",
        "min",
        "max",
    ]
)
"""Words of the grammar of expressions."""


def is_name(text: str) -> bool:
    """Whether a text is letters, digits and underscores, with dots between parts.

    Examples
    --------
    >>> is_name("IRN.reply"), is_name("2nd"), is_name("a b")
    (True, False, False)
    """
    return _NAME.fullmatch(text) is not None and len(text) <= 200


def in_name(number: float) -> str:
    """A number as part of a name.

    Examples
    --------
    >>> in_name(30.0), in_name(0.5)
    ('30', '0_5')
    """
    return f"{number:.12g}".replace(".", "_").replace("-", "m").replace("+", "")
