"""An intensity taken apart over time: its rate, and the factors that raise and lower it."""

from __future__ import annotations

import math
import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from detente.analysis.drivers import NEAR_ONE, Driver
from detente.errors import ForecastError
from detente.plots.style import (
    FAINT,
    INK,
    LETTERS,
    MUTED,
    PALETTE,
    dated,
    new_figure,
    place_of,
    remark,
    tidy,
    title,
)

MOST = 6
"""Factors that have a colour of their own; the others share one."""

HATCHES = ("", "///", "...", "xxx", "\\\\\\", "++", "")
"""A second sign beside colour, in the same order."""

UNITS = {"rate": "Rate [1/day]", "odds": "Weight", "flow": "Flow [per day]"}


def contributions(driver: Driver, *, most: int = MOST) -> Figure:
    """The rate over time above, and below the contributions of the factors that it is made of.

    Parameters
    ----------
    driver : Driver
        From `detente.analysis.drivers.explain`.
    most : int, >= 1
        Factors with a colour of their own.

    Returns
    -------
    matplotlib.figure.Figure
        Above, the base (dashed) and the intensity: means of logarithms over futures without a yes. Below, a
        stack per date: what raises lies above the line, what lowers below it, on a scale on which the heights of
        all factors add up to the way from the base to the intensity.

    Raises
    ------
    ForecastError
        If the intensity is zero in all futures that were read.
    """
    course = driver.course
    there = np.flatnonzero(np.isfinite(course.intensity))
    if not len(there):
        raise ForecastError(
            f"{driver.name}: it is not possible in any future that was read; nothing to draw."
        )
    figure = new_figure(800, 620)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 3])
    places = np.array([place_of(course.dates[k]) for k in there])
    _rate(tidy(upper, grid="y"), driver, places, there)
    _stacks(tidy(lower, grid="y"), driver, places, there, most)
    title(upper, textwrap.shorten(driver.title, 100, placeholder="…"))
    remark(figure, "Geometric means over futures without a yes by that date in which it is possible")
    return figure


def _rate(axes: Axes, driver: Driver, places: NDArray[np.float64], there: NDArray[np.int64]) -> None:
    axes.plot(places, np.exp(driver.course.base[there]), color=MUTED, linestyle="--", label="base")
    intensity = np.exp(driver.course.intensity[there])
    axes.plot(places, intensity, color=PALETTE[0], marker="o", markersize=4, label="base × factors")
    axes.set_ylim(bottom=0.0)
    axes.set_ylabel(UNITS[driver.kind], color=INK)
    axes.legend(loc="best", frameon=False, fontsize=LETTERS - 1)


def _stacks(
    axes: Axes, driver: Driver, places: NDArray[np.float64], there: NDArray[np.int64], most: int
) -> None:
    logs = driver.course.factors[there]
    order = sorted(range(logs.shape[1]), key=lambda j: (-np.abs(logs[:, j]).max(), j))
    order = [j for j in order if np.abs(logs[:, j]).max() >= NEAR_ONE]
    layers = [(driver.labels[j], logs[:, j]) for j in order[:most]]
    if len(order) > most:
        others = len(order) - most
        layers.append((f"{others} other{'s' * (others > 1)}", logs[:, order[most:]].sum(axis=1)))
    width = 0.7 * float(np.diff(places).min()) if len(places) > 1 else 1.0
    above, below = np.zeros(len(places)), np.zeros(len(places))
    for k, (label, values) in enumerate(layers):
        base = np.where(values >= 0.0, above, below)
        axes.bar(
            places,
            values,
            width,
            bottom=base,
            label=textwrap.shorten(label, 60, placeholder="…"),
            color=PALETTE[k % len(PALETTE)],
            hatch=HATCHES[k % len(HATCHES)],
            edgecolor="white",
            linewidth=0.4,
        )
        above, below = above + np.maximum(values, 0.0), below + np.minimum(values, 0.0)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    _times_axis(axes, float(below.min(initial=0.0)), float(above.max(initial=0.0)))
    dated(axes)
    if layers:
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False, fontsize=LETTERS - 1
        )


def _times_axis(axes: Axes, low: float, high: float) -> None:
    """Ticks as factors on the axis of logarithms."""
    reach = max(-low, high, math.log(1.2)) * 1.1
    nice = [1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000]
    step = [value for value in nice if reach / 4 <= math.log(value) <= reach] or nice[-1:]
    ticks = [1.0, *step, *(1.0 / value for value in step)]
    bottom, top = (low - 0.1 * reach, high + 0.1 * reach)
    shown = sorted(tick for tick in ticks if bottom <= math.log(tick) <= top)
    axes.set_ylim(bottom, top)
    axes.set_yticks([math.log(tick) for tick in shown], [f"×{tick:.2g}" for tick in shown])
    axes.set_ylabel("Factors", color=INK)
    axes.spines["bottom"].set_color(FAINT)
