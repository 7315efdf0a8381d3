"""Paragraphs, tables and progress of the generated pages of the Iran crisis."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence

WIDTH = 150


def paragraph(text: str) -> list[str]:
    """A blank line, and a text in lines."""
    return ["", *textwrap.wrap(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)]


def table(head: str, rows: Iterable[Sequence[str]], numeric: Sequence[int] = ()) -> list[str]:
    """A blank line, and a table; `head` has its cells between bars, columns of numbers stand to the right."""
    cells = head.split("|")
    rule = "|".join("---:" if k in numeric else "---" for k in range(len(cells)))
    return [
        "",
        f"| {' | '.join(map(str.strip, cells))} |",
        f"|{rule}|",
        *(f"| {' | '.join(r)} |" for r in rows),
    ]


def counted(what: str) -> Callable[[int, int], None]:
    """A progress callback that tells how many are done."""

    def tell(done: int, of: int) -> None:
        sys.stderr.write(f"\r{done} of {of} {what}")

    return tell


def percent(value: float | None, digits: int = 0) -> str:
    """A probability in per cent."""
    return "" if value is None else f"{100 * value:.{digits}f} %"


def between(text: str, name: str, lines: Iterable[str]) -> str:
    """A text with the part between the marks of a name replaced; ValueError where the marks are missing."""
    first, last = f"<!-- {name}: written by docs/crises/iran_2024.py -->", f"<!-- end of {name} -->"
    before, mark, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not mark or not end:
        raise ValueError(f"the marks of '{name}' are missing: {first} … {last}")
    return f"{before}{first}\n" + "\n".join(lines).strip("\n") + f"\n\n{last}{after}"
