"""Plain data → YAML text that `reading` reads back exactly, in a fixed layout."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from detente.crisisfile.scalars import ScalarError, resolve_scalar

WIDTH = 110
"""A mapping or list that fits on a line of this width is written on one."""

_PLAIN = re.compile(r"[A-Za-z0-9_(][\w(). /*+^=<>!-]*", re.ASCII)


def write(data: dict[str, Any]) -> str:
    """YAML text of a mapping of text, numbers, true and false, lists and mappings.

    Examples
    --------
    >>> print(write({"a": {"b": [1.0, "x > 3", "NO"], "c": {"d": "1e5"}}}), end="")
    a:
      b: [1, x > 3, NO]
      c: {d: "1e5"}
    """
    return "".join(f"{line}\n" for line in _block(data, 0))


def _block(data: Any, indent: int) -> Iterator[str]:
    margin = " " * indent
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _entry(f"{margin}{_text(key)}:", value, indent)
    else:
        for item in data:
            yield from _entry(f"{margin}-", item, indent)


def _entry(head: str, value: Any, indent: int) -> Iterator[str]:
    nested = isinstance(value, dict | list) and bool(value)
    line = "" if nested and indent == 0 else f"{head} {_flow(value)}"
    if not nested or (line and len(line) <= WIDTH):
        yield line
    elif head.endswith("-"):
        first, *rest = _block(value, indent + 2)
        yield f"{head} {first.lstrip(' ')}"
        yield from rest
    else:
        yield head
        yield from _block(value, indent + 2)


def _flow(data: Any) -> str:
    if isinstance(data, dict):
        return "{" + ", ".join(f"{_text(key)}: {_flow(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(_flow(item) for item in data) + "]"
    if isinstance(data, bool):
        return "true" if data else "false"
    return _text(data) if isinstance(data, str) else number_text(data)


def number_text(number: float) -> str:
    """The shortest text that is read back as the same number.

    Examples
    --------
    >>> number_text(3.0), number_text(0.1), number_text(1e300)
    ('3', '0.1', '1e+300')
    """
    whole = float(number).is_integer() and abs(number) < 1e15
    return str(int(number)) if whole else repr(float(number))


@functools.lru_cache(maxsize=4096)
def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and not text.endswith(" "):
        try:
            if resolve_scalar(text) == text:
                return text
        except ScalarError:
            pass
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
