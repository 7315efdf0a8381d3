"""Fan charts: how stocks have gone in the record, and how they may go on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from numpy.typing import NDArray

from detente.dates import date_at, end_of_day
from detente.engine.ensemble import Paths
from detente.model import Crisis
from detente.plots.probabilities import date_axis
from detente.plots.style import INK, LETTERS, MUTED, PALETTE, new_figure, remark, tidy, title

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
THIN = 1.2
"""Width of medians of the past [point]."""

Observed = Mapping[str, Sequence[tuple[dt.date, float]]]
"""Measured values by stock: day, at the end of which it was so, and value."""


def fan_charts(
    crisis: Crisis,
    futures: Paths,
    *,
    past: Paths | None = None,
    observed: Observed | None = None,
) -> Figure:
    """One panel per stock: median, 50 % and 90 % of the futures; before them the past, and what was measured.

    Parameters
    ----------
    crisis : Crisis
        Whose stocks they are: titles, units and the as-of date.
    futures : Paths
        From ``simulate(…, paths=names)``; one panel for each.
    past : Paths, optional
        From a replay of the record; shown as its median and 90 % over draws, in the same hue but lighter, up to the
        as-of date. Not drawn where it is NaN.
    observed : mapping, optional
        Measured values by stock, as dots; those from before the past are left out.

    Examples
    --------
    >>> from detente import load, simulate
    >>> crisis = load("cuba_1962")
    >>> name = next(iter(crisis.stocks))
    >>> found = simulate(crisis, trajectories=400, seed=1, paths=(name,))
    >>> len(fan_charts(crisis, found.paths).axes)
    1
    """
    names = tuple(futures.values)
    first = futures.times[0] if past is None else past.times[0]
    begins, ends = (date_at(crisis.as_of, float(time)) for time in (first, futures.times[-1]))
    figure = new_figure(800, 70 + 200 * len(names))
    for place, name in enumerate(names):
        axes = tidy(figure.add_subplot(len(names), 1, place + 1), grid="y")
        if past is not None and name in past.values:
            _past(axes, crisis, past, name)
        _future(axes, crisis, futures, name)
        dots = [dot for dot in _dots(observed or {}, name) if dot[0] >= begins]
        if dots:
            axes.plot(*zip(*dots, strict=True), "o", color=INK, markersize=4, label="measured")
        _dress(axes, crisis, name)
        axes.set_xlim(begins, ends)  # type: ignore[arg-type]
        _mark_as_of(axes, crisis, named=past is not None and place == 0)
    told = "Line: median; dark: 50 % of futures; pale: 90 %."
    told += " Left of the as-of date, thinner and paler: the record, replayed." if past is not None else ""
    remark(figure, told + (" Dots: measured." if observed else ""))
    return figure


def faction_balance(crisis: Crisis, actor: str, futures: Paths, past: Paths | None = None) -> Figure:
    """The influence of the factions of one actor over time, as shares of their sum.

    `futures` and `past` must hold the influence of each of its factions (the stocks ``ACTOR.faction``); lines are
    medians, shades 90 % of the futures, and of the draws left of the as-of date, where lines are thinner.

    Examples
    --------
    >>> from detente import load, simulate
    >>> crisis = load("cuba_1962")
    >>> actor = next(name for name, actor in crisis.actors.items() if len(actor.factions) > 1)
    >>> names = tuple(f"{actor}.{faction.name}" for faction in crisis.actors[actor].factions)
    >>> found = simulate(crisis, trajectories=400, seed=1, paths=names)
    >>> len(faction_balance(crisis, actor, found.paths).axes)
    1
    """
    figure = new_figure(800, 360)
    axes = tidy(figure.add_subplot(), grid="y")
    factions = [f for f in crisis.actors[actor].factions if f"{actor}.{f.name}" in futures.values]
    for paths in filter(None, (past, futures)):
        whole = np.sum([paths.values[f"{actor}.{faction.name}"] for faction in factions], axis=0)
        for colour, faction in zip(PALETTE, factions, strict=False):
            share = paths.values[f"{actor}.{faction.name}"] / whole
            low, middle, high = np.quantile(share, (0.05, 0.5, 0.95), axis=1)
            dates = dates_of(crisis, paths.times)
            label, wide = (faction.title or faction.name, 1.8) if paths is futures else (None, THIN)
            axes.fill_between(dates, low, high, color=colour, alpha=0.15, linewidth=0)  # type: ignore[arg-type]
            axes.plot(dates, middle, color=colour, linewidth=wide, label=label)  # type: ignore[arg-type]
    axes.set_xlim(dates_of(crisis, (past or futures).times)[0], dates[-1])  # type: ignore[arg-type]
    axes.set_ylim(0.0, 1.0)
    _mark_as_of(axes, crisis, named=past is not None)
    axes.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0", "25 %", "50 %", "75 %", "100 %"])
    date_axis(axes, most=8)
    axes.legend(frameon=False, fontsize=LETTERS - 1, labelcolor=INK)
    title(axes, f"{crisis.actors[actor].title or actor}: share of influence")
    return figure


def dates_of(crisis: Crisis, times: NDArray[np.float64]) -> list[dt.datetime]:
    """Model times [day] as dates."""
    return [date_at(crisis.as_of, float(time)) for time in times]


def _dots(observed: Observed, name: str) -> list[tuple[dt.datetime, float]]:
    """Measured values where they hold: at the end of their days."""
    return [(end_of_day(dt.datetime.combine(day, dt.time())), value) for day, value in observed.get(name, ())]


def _past(axes: Axes, crisis: Crisis, past: Paths, name: str) -> None:
    low, middle, high = past.quantiles(name, (0.05, 0.5, 0.95))
    dates = dates_of(crisis, past.times)
    axes.fill_between(dates, low, high, color=PALETTE[5], alpha=0.2, linewidth=0)  # type: ignore[arg-type]
    axes.plot(dates, middle, color=PALETTE[5], linewidth=THIN)  # type: ignore[arg-type]


def _future(axes: Axes, crisis: Crisis, futures: Paths, name: str) -> None:
    dates = dates_of(crisis, futures.times)
    least, low, middle, high, most = futures.quantiles(name, LEVELS)
    axes.fill_between(dates, least, most, color=PALETTE[5], alpha=0.3, linewidth=0)  # type: ignore[arg-type]
    axes.fill_between(dates, low, high, color=PALETTE[0], alpha=0.3, linewidth=0)  # type: ignore[arg-type]
    axes.plot(dates, middle, color=PALETTE[0], linewidth=1.8)  # type: ignore[arg-type]


def _mark_as_of(axes: Axes, crisis: Crisis, *, named: bool) -> None:
    """The line between the record and the futures; its name stands to the left, where fans have not widened."""
    border = float(date2num(date_at(crisis.as_of, 0.0)))
    axes.axvline(border, color=MUTED, linewidth=0.8)
    if named:
        axes.annotate(
            f"as of {crisis.as_of.isoformat()}",
            (border, 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(-4, -2),
            textcoords="offset points",
            ha="right",
            va="top",
            color=MUTED,
            fontsize=LETTERS - 1,
        )


def _dress(axes: Axes, crisis: Crisis, name: str) -> None:
    stock = crisis.stocks.get(name)
    text = name if stock is None else (stock.title or name)
    title(axes, text if stock is None or not stock.unit else f"{text} [{stock.unit}]")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}")
    date_axis(axes, most=8)
