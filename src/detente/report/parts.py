"""What a report is made of; the same parts become a page and a text."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from detente.layout import Column
from detente.plots.saving import drawn


@dataclass(frozen=True)
class Bar:
    """A probability with its 90 % range, to be drawn inside a table; all in [0, 1]."""

    low: float
    middle: float
    high: float


Cell = str | Bar


@dataclass(frozen=True)
class Table:
    """Rows of cells under their heads; `title` stands above, `caption` below says what the numbers are."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    title: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawing as SVG with a title, and in `alt` what it shows, for those who cannot see it."""

    title: str
    alt: str
    svg: bytes

    @property
    def address(self) -> str:
        """The drawing as a data address, so that a page needs no other file."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode("ascii")


@dataclass(frozen=True)
class Section:
    """One part of a report: text, tables and pictures in this order."""

    anchor: str
    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = field(default=())


def picture(figure: Figure, title: str, alt: str) -> Picture:
    """A figure as a picture of a report.

    Examples
    --------
    >>> from detente.plots import new_figure
    >>> picture(new_figure(), "Nothing", "an empty sheet").address[:26]
    'data:image/svg+xml;base64,'
    """
    return Picture(title, alt, drawn(figure, "svg"))
