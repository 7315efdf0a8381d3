"""Tables and text for a terminal: how columns are laid out, and what remains of it without one."""

from __future__ import annotations

import io
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

WIDTH = 80
"""Columns of text that is printed elsewhere than on a terminal."""


class Column(NamedTuple):
    """Head and alignment of a column; `flexible` ones give way where the terminal is narrow."""

    head: str
    right: bool = False
    flexible: bool = False


def grid(columns: Iterable[Column], rows: Iterable[Iterable[str]]) -> Table:
    """A table of plain text; nothing in a cell is taken as markup.

    Examples
    --------
    >>> print(plain_text(grid([Column("a"), Column("b", right=True)], [["x", "1.5"], ["[y]", "10"]])))
    a      b
    ────────
    x    1.5
    [y]   10
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for column in columns:
        table.add_column(
            Text(column.head),
            justify="right" if column.right else "left",
            no_wrap=not column.flexible,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def html_table(columns: Iterable[Column], rows: Iterable[Iterable[str]]) -> str:
    """The same table as escaped HTML, for notebooks.

    Examples
    --------
    >>> html_table([Column("a")], [["<x>"]])[-35:]
    '&lt;x&gt;</td></tr></tbody></table>'
    """
    columns = tuple(columns)

    def line(tag: str, cells: Iterable[str]) -> str:
        aligned = zip(columns, cells, strict=True)
        return "".join(
            f'<{tag} style="text-align:{"right" if column.right else "left"}">{escape(cell)}</{tag}>'
            for column, cell in aligned
        )

    head = line("th", (column.head for column in columns))
    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def plain_text(shown: RenderableType, width: int = WIDTH) -> str:
    """What a terminal of this width would show, without colour and without trailing spaces."""
    from rich.console import Console

    console = Console(
        file=io.StringIO(),
        width=width,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(shown)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
