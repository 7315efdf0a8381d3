"""The size, colours and letters that all pictures share.

Pictures are read in a browser or a paper at about 800 pixels across, by people who see colours differently,
and printed in grey: dark text on white, the colours of Okabe and Ito, and never colour alone as the sign.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

PIXELS_PER_INCH = 100
"""Resolution at which a pixel of `new_figure` is a pixel of the PNG."""

INK = "#1f2328"
"""Colour of text and axes."""

FAINT = "#d9dde2"
"""Colour of grid lines."""

MUTED = "#6b7280"
"""Colour of what stands back: remarks, references, what no longer holds."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5B4A8A", "#6b7280")
"""Eight colours that stay apart under the common kinds of colour blindness, in the order of use.

After M. Okabe and K. Ito, Color Universal Design (2008), with violet and grey in place of yellow and black.
"""

QUAD_COLOURS: Mapping[int, str] = {1: "#56B4E9", 2: "#0072B2", 3: "#E69F00", 4: "#D55E00"}
"""Colours of the quad classes: blues for cooperation, oranges for conflict, the darker ones for deeds."""

SEQUENTIAL = "YlOrBr"
"""Colour map of amounts from none (pale) to many (dark)."""

LETTERS = 10.0
"""Size of text [point]."""


def new_figure(width: float = 800, height: float = 450) -> Figure:
    """An empty white figure; its layout keeps labels inside and apart.

    Parameters
    ----------
    width, height : float, above zero [pixel]
        Size at 100 pixels per inch.

    Returns
    -------
    matplotlib.figure.Figure
        Made without pyplot: it belongs to the caller alone and needs no closing.

    Examples
    --------
    >>> figure = new_figure(800, 300)
    >>> axes = tidy(figure.add_subplot(title="Two weeks"))
    >>> lines = axes.plot([0, 1, 2], [0.1, 0.4, 0.3], color=PALETTE[0])
    >>> figure.get_size_inches().tolist()
    [8.0, 3.0]
    """
    return Figure(
        figsize=(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH),
        dpi=PIXELS_PER_INCH,
        facecolor="white",
        layout="constrained",
    )


def tidy(axes: Axes, *, grid: str = "") -> Axes:
    """Give axes the common look; call it before or after drawing.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Changed in place, and returned.
    grid : {'', 'x', 'y', 'both'}
        Directions with faint grid lines, behind everything else.

    Examples
    --------
    >>> axes = tidy(new_figure().add_subplot(), grid="y")
    >>> axes.spines["top"].get_visible()
    False
    """
    axes.set_facecolor("white")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
    axes.tick_params(colors=INK, labelsize=LETTERS, length=3)
    for text in (axes.title, axes.xaxis.label, axes.yaxis.label):
        text.set_color(INK)
        text.set_fontsize(LETTERS)
    axes.title.set_fontsize(LETTERS + 1)
    axes.set_axisbelow(True)
    axes.grid(visible=False)
    if grid in ("x", "y", "both"):
        axes.grid(visible=True, axis=grid, color=FAINT, linewidth=0.8)  # type: ignore[arg-type]
    return axes


def title(axes: Axes, text: str) -> None:
    """A title at the left edge.

    Examples
    --------
    >>> title(new_figure().add_subplot(), "Iran to Israel")
    """
    axes.set_title(text, loc="left", color=INK, fontsize=LETTERS + 1)


def remark(figure: Figure, text: str) -> None:
    """A line of small muted text under everything: what was counted, where it comes from.

    Examples
    --------
    >>> remark(new_figure(), "64 events")
    """
    figure.supxlabel(text, x=0.01, ha="left", fontsize=LETTERS - 2, color=MUTED)


def dated(axes: Axes, *, ticks: int = 7) -> Axes:
    """Let the horizontal axis show dates, shortly; draw along it with `place_of`.

    Examples
    --------
    >>> axes = dated(tidy(new_figure().add_subplot()))
    >>> lines = axes.plot([place_of(dt.date(2024, 11, 30)), place_of(dt.date(2024, 12, 2))], [0, 1])
    """
    locator = AutoDateLocator(maxticks=ticks)  # type: ignore[no-untyped-call, unused-ignore]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call, unused-ignore]
    return axes


def place_of(date: dt.date) -> float:
    """Where a date (its beginning) or an instant stands on an axis of dates [day].

    Examples
    --------
    >>> place_of(dt.date(2024, 12, 1)) - place_of(dt.date(2024, 11, 30))
    1.0
    """
    return float(date2num(date))  # type: ignore[no-untyped-call, unused-ignore]
