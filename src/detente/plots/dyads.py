"""Who did what to whom: a map of actors × recipients, and the busiest dyads in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from detente.errors import TableError
from detente.plots.style import (
    FAINT,
    INK,
    LETTERS,
    QUAD_COLOURS,
    SEQUENTIAL,
    dated,
    new_figure,
    place_of,
    remark,
    tidy,
    title,
)

QUAD_NAMES = ("verbal cooperation", "material cooperation", "verbal conflict", "material conflict")

MOST_ACTORS = 25
"""Actors that a map shows at most; those with the most events."""


def map_of_dyads(counted: pl.DataFrame, *, caption: str = "", note: str = "") -> Figure:
    """A heat map of events, actors in rows and recipients in columns.

    Parameters
    ----------
    counted : DataFrame
        As `detente.ledger.who_to_whom.who_to_whom` gives it: actor, recipient, events.
    caption, note : str
        Title, and a remark below.

    Returns
    -------
    matplotlib.figure.Figure
        The shade is the logarithm of the count, the number the count; an empty cell is a dyad without events.
        At most `MOST_ACTORS` actors, the busiest; the note says how many are left out.

    Raises
    ------
    TableError
        If there is no event.

    Examples
    --------
    >>> counted = pl.DataFrame({"actor": ["A", "B"], "recipient": ["B", "A"], "events": [3, 12]})
    >>> map_of_dyads(counted, caption="Two").axes[0].get_title(loc="left")
    'Two'
    """
    actors, left_out = _busiest(counted)
    counts = _square(counted, actors)
    side = max(320.0, 90.0 + 40.0 * len(actors))
    figure = new_figure(min(side * 1.15, 1200), min(side, 1050))
    axes = tidy(figure.add_subplot())
    shown = np.where(counts > 0, np.log1p(counts), np.nan)
    top = float(np.log1p(counts.max()))
    axes.imshow(shown, cmap=colormaps[SEQUENTIAL], vmin=0.0, vmax=top * 1.1, aspect="auto")
    _label(axes, actors)
    _write_counts(axes, counts, top)
    title(axes, caption)
    rest = f"{left_out} actor(s) with fewer events are not shown." if left_out else ""
    _remark(figure, note, rest)
    return figure


def _busiest(counted: pl.DataFrame) -> tuple[list[str], int]:
    ends = pl.concat(
        [counted.select("actor", "events"), counted.select(pl.col("recipient").alias("actor"), "events")]
    )
    totals = (
        ends.group_by("actor").agg(pl.col("events").sum()).sort(["events", "actor"], descending=[True, False])
    )
    if not totals.height:
        raise TableError("there is no event to draw. Widen the span, the actors or the kind of events.")
    return totals["actor"][:MOST_ACTORS].to_list(), max(0, totals.height - MOST_ACTORS)


def _square(
    counted: pl.DataFrame, actors: Sequence[str]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    place = {actor: i for i, actor in enumerate(actors)}
    counts = np.zeros((len(actors), len(actors)))
    for actor, recipient, events in counted.select("actor", "recipient", "events").iter_rows():
        if actor in place and recipient in place:
            counts[place[actor], place[recipient]] += events
    return counts


def _label(axes: Axes, actors: Sequence[str]) -> None:
    ticks = np.arange(len(actors))
    slanted = max(len(actor) for actor in actors) > 5
    axes.set_xticks(
        ticks,
        [_short(actor) for actor in actors],
        rotation=60 if slanted else 0,
        ha="right" if slanted else "center",
    )
    axes.set_yticks(ticks, [_short(actor) for actor in actors])
    axes.set_xlabel("recipient", color=INK, fontsize=LETTERS)
    axes.set_ylabel("actor", color=INK, fontsize=LETTERS)
    for edge in np.arange(len(actors) + 1) - 0.5:
        axes.axhline(edge, color=FAINT, linewidth=0.6)
        axes.axvline(edge, color=FAINT, linewidth=0.6)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _write_counts(axes: Axes, counts: np.ndarray[tuple[int, int], np.dtype[np.float64]], top: float) -> None:
    size = LETTERS - (1 if counts.shape[0] <= 12 else 3)
    for i, j in np.argwhere(counts > 0):
        dark = np.log1p(counts[i, j]) > 0.62 * top and top > 0
        text = f"{int(counts[i, j]):,}"
        axes.text(j, i, text, ha="center", va="center", fontsize=size, color="white" if dark else INK)


def dyads_in_time(
    counted: pl.DataFrame, *, most: int = 6, caption: str = "", note: str = "", days: int | None = None
) -> Figure:
    """Small multiples: one panel for each of the busiest dyads, bars by period, stacked by quad class.

    Parameters
    ----------
    counted : DataFrame
        As `who_to_whom` gives it by month or week: actor, recipient, period and the counts by quad class.
    most : int, default 6
        Panels.
    caption, note : str
        Title, and a remark below.
    days : int, optional
        Width of a bar [day]; by default the shortest step between two periods.

    Returns
    -------
    matplotlib.figure.Figure
        Cooperation stands above the line and conflict below it; all panels share both scales.

    Raises
    ------
    TableError
        If there is no event.

    Examples
    --------
    >>> first, second = dt.date(2018, 1, 1), dt.date(2018, 2, 1)
    >>> none = {f"{kind}_cooperation": [0, 0] for kind in ("verbal", "material")}
    >>> some = {f"{kind}_conflict": [1, 4] for kind in ("verbal", "material")}
    >>> dyads = {"actor": ["A", "A"], "recipient": ["B", "B"], "period": [first, second], "events": [2, 8]}
    >>> len(dyads_in_time(pl.DataFrame({**dyads, **none, **some})).axes)
    1
    """
    dyad = ["actor", "recipient"]
    totals = (
        counted.group_by(dyad)
        .agg(pl.col("events").sum())
        .sort(["events", *dyad], descending=[True, False, False])
    )
    if not totals.height:
        raise TableError("there is no event to draw. Widen the span, the actors or the kind of events.")
    shown = totals.rows()[:most]
    columns = 2 if len(shown) > 1 else 1
    lines = -(-len(shown) // columns)
    figure = new_figure(800, 90 + 150 * lines)
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    width = days or _step(counted)
    for axes, (actor, recipient, events) in zip(panels.ravel(), shown, strict=False):
        one = counted.filter(pl.col("actor") == actor, pl.col("recipient") == recipient)
        _bars(tidy(axes, grid="y"), one, width)
        title(axes, f"{_short(actor)} → {_short(recipient)}  ({events:,})")
    for axes in panels.ravel()[len(shown) :]:
        axes.set_visible(False)
    dated(panels[-1, 0])
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="outside upper left",
        ncols=4,
        fontsize=LETTERS - 1,
        frameon=False,
        title=caption or None,
        alignment="left",
    )
    _remark(figure, "Cooperation above the line, conflict below.", note)
    return figure


def _bars(axes: Axes, rows: pl.DataFrame, width: float) -> None:
    start = [place_of(day) for day in rows["period"]]
    height = {1: 0.0, -1: 0.0}
    base: dict[int, np.ndarray[tuple[int], np.dtype[np.float64]]] = {
        sign: np.full(rows.height, value) for sign, value in height.items()
    }
    for quad, name in enumerate(QUAD_NAMES, start=1):
        sign = 1 if quad <= 2 else -1
        counts = rows[name.replace(" ", "_")].to_numpy().astype(np.float64)
        axes.bar(
            start,
            sign * counts,
            width=0.9 * width,
            bottom=base[sign],
            align="edge",
            color=QUAD_COLOURS[quad],
            hatch="//" if quad == 4 else None,
            edgecolor="white",
            linewidth=0.3,
            label=name,
        )
        base[sign] = base[sign] + sign * counts
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))


def _step(counted: pl.DataFrame) -> float:
    periods: list[dt.date] = counted["period"].unique().sort().to_list()
    steps = [(b - a).days for a, b in pairwise(periods)]
    return float(min(steps, default=28))


def _short(actor: str, most: int = 22) -> str:
    return actor if len(actor) <= most else f"{actor[: most - 1]}…"


def _remark(figure: Figure, *parts: str) -> None:
    text = " ".join(part for part in parts if part)
    if text:
        remark(figure, text)
