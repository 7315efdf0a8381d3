"""Events of a crisis on a lane per actor."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from detente.errors import TableError
from detente.ledger.chronicle import Entry
from detente.plots.style import (
    FAINT,
    LETTERS,
    MUTED,
    QUAD_COLOURS,
    dated,
    new_figure,
    place_of,
    remark,
    tidy,
)

MARKS: Mapping[int | None, tuple[str, str]] = {
    1: ("o", "verbal cooperation"),
    2: ("s", "material cooperation"),
    3: ("^", "verbal conflict"),
    4: ("D", "material conflict"),
    None: (".", "no code"),
}
"""Shape of the mark of each quad class, and its name."""

MOST_LANES = 14
"""Lanes at most; actors with fewer events share the last."""

OTHERS = "others"


def timeline(
    entries: Sequence[Entry],
    *,
    names: Mapping[str, str] | None = None,
    as_of: dt.date | None = None,
    caption: str = "",
    note: str = "",
) -> Figure:
    """Events in time: a mark in the lane of each doer, and a line to the lanes of the recipients.

    Parameters
    ----------
    entries : sequence of Entry
        From `detente.ledger.chronicle.chronicle`.
    names : mapping of str to str, optional
        Titles of actors by id.
    as_of : date, optional
        Where to draw the as-of date.
    caption, note : str
        Title, and a remark below.

    Returns
    -------
    matplotlib.figure.Figure
        Shape and colour of a mark tell the quad class; it is filled where the event fires something in
        replay, hollow where it is background, faint where it is held with less than one half, and crossed
        out where a later row supersedes it.

    Raises
    ------
    TableError
        If there is no event.
    """
    if not entries:
        raise TableError("there is no event to draw. Widen the span or the actors.")
    lanes = _lanes(entries)
    height = {lane: len(lanes) - 1 - i for i, lane in enumerate(lanes)}
    figure = new_figure(900, 150 + 34 * len(lanes))
    axes = tidy(figure.add_subplot())
    for lane in lanes:
        axes.axhline(height[lane], color=FAINT, linewidth=0.8, zorder=0)
    for entry in entries:
        _draw(axes, entry, height)
    if as_of is not None:
        axes.axvline(place_of(as_of) + 1.0, color=MUTED, linestyle="--", linewidth=1.0)
    _frame(axes, lanes, height, names or {})
    figure.legend(
        handles=_legend(entries, as_of),
        loc="outside upper left",
        ncols=4,
        fontsize=LETTERS - 1,
        frameon=False,
        title=caption or None,
        alignment="left",
    )
    if note:
        remark(figure, note)
    return figure


def _lanes(entries: Sequence[Entry]) -> list[str]:
    """Actors with the most events first; those beyond `MOST_LANES` share one lane."""
    counts = Counter(actor for entry in entries for actor in {*entry.actors, *entry.recipients})
    ordered = sorted(counts, key=lambda actor: (-counts[actor], actor))
    if len(ordered) <= MOST_LANES:
        return ordered
    return [*ordered[: MOST_LANES - 1], OTHERS]


def _draw(axes: Axes, entry: Entry, height: Mapping[str, int]) -> None:
    day = place_of(entry.event.date)
    doers = sorted({height.get(actor, 0) for actor in entry.actors})
    ends = sorted({*doers, *(height.get(actor, 0) for actor in entry.recipients)})
    shape, _ = MARKS[entry.quadclass]
    colour = QUAD_COLOURS.get(entry.quadclass or 0, MUTED)
    strength = 1.0 if entry.held >= 0.5 and not entry.superseded_by else 0.35
    if len(ends) > 1:
        axes.plot(
            [day, day], [ends[0], ends[-1]], color=colour, linewidth=0.9, alpha=0.45 * strength, zorder=1
        )
    axes.plot(
        [day] * len(doers),
        doers,
        linestyle="none",
        marker=shape,
        markersize=9 if shape == "." else 6.5,
        color=colour,
        markerfacecolor=colour if entry.happening else "white",
        markeredgewidth=1.3,
        alpha=strength,
        zorder=3,
    )
    if entry.superseded_by:
        axes.plot(
            [day] * len(doers), doers, linestyle="none", marker="x", markersize=9, color=MUTED, zorder=4
        )


def _frame(axes: Axes, lanes: Sequence[str], height: Mapping[str, int], names: Mapping[str, str]) -> None:
    axes.set_yticks([height[lane] for lane in lanes], [_named(lane, names) for lane in lanes])
    axes.set_ylim(-0.7, len(lanes) - 0.3)
    axes.tick_params(axis="y", length=0)
    dated(axes, ticks=9)
    low, high = axes.get_xlim()
    if high - low < 3.0:
        axes.set_xlim(low - 1.5, high + 1.5)


def _named(lane: str, names: Mapping[str, str]) -> str:
    text = names.get(lane) or lane
    return text if len(text) <= 34 else f"{text[:33]}…"


def _legend(entries: Sequence[Entry], as_of: dt.date | None) -> list[Line2D]:
    used = {entry.quadclass for entry in entries}
    marks = [
        _mark(shape, QUAD_COLOURS.get(quad or 0, MUTED), name, filled=True)
        for quad, (shape, name) in MARKS.items()
        if quad in used
    ]
    if any(not entry.happening for entry in entries):
        marks.append(_mark("o", MUTED, "hollow: fires nothing in replay", filled=False))
    if any(entry.superseded_by for entry in entries):
        marks.append(_mark("x", MUTED, "crossed out: superseded", filled=True))
    if any(entry.held < 0.5 for entry in entries):
        marks.append(_mark("o", FAINT, "faint: held below one half", filled=True))
    if as_of is not None:
        marks.append(Line2D([], [], color=MUTED, linestyle="--", linewidth=1.0, label="as-of date"))
    return marks


def _mark(shape: str, colour: str, name: str, *, filled: bool) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker=shape, color=colour, label=name, markersize=6.5,
        markerfacecolor=colour if filled else "white", markeredgecolor=colour,
    )  # fmt: skip
