"""A record against its crisis: what was to be expected of every action, and what happened."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from detente.dates import date_at
from detente.errors import ForecastError
from detente.inference import Replay
from detente.inference.replayed import Course
from detente.plots.probabilities import date_axis
from detente.plots.style import INK, LETTERS, PALETTE, new_figure, remark, tidy

PER_ROW = 3
MOST = 18
"""Panels of one figure at most."""


def expected_against_observed(found: Replay, actions: Sequence[str] | None = None) -> Figure:
    """One small panel per action: the count that was to be expected up to every day, and the recorded one.

    Parameters
    ----------
    found : Replay
    actions : sequence of str, optional
        Which actions, in this order; by default all with a complete record, those with most firings first.

    Returns
    -------
    matplotlib.figure.Figure
        Lines are medians over draws, bands 90 % ranges; steps are recorded firings.

    Raises
    ------
    ForecastError
        If an action is unknown or its record not complete, or there is none to show.

    Examples
    --------
    >>> from detente.catalog import load
    >>> from detente.inference import replay
    >>> figure = expected_against_observed(replay(load("iran_2024"), draws=1), ["us_deploys"])
    >>> figure.axes[0].get_title(loc="left").splitlines()[0]
    'The United States announces more'
    """
    courses = _chosen(found, actions)
    rows = math.ceil(len(courses) / PER_ROW)
    figure = new_figure(800, 60 + 175 * rows)
    panels = figure.subplots(rows, min(PER_ROW, len(courses)), squeeze=False, sharex=True)
    for axes, course in zip(panels.flat, courses, strict=False):
        _panel(axes, found, course)
    for axes in list(panels.flat)[len(courses) :]:
        axes.set_visible(False)
    for axes in list(panels.flat)[max(0, len(courses) - PER_ROW) : len(courses)]:
        axes.tick_params(labelbottom=True)
    remark(
        figure,
        "Steps: recorded. Line and band: expected, median and 90 % over draws. * rate counted from this record:"
        " both end alike by construction.",
    )
    return figure


def _chosen(found: Replay, actions: Sequence[str] | None) -> list[Course]:
    known = ", ".join(found.courses) or "none"
    if actions is None:
        courses = sorted(found.courses.values(), key=lambda each: (-len(each.happened), each.name))[:MOST]
    else:
        missing = [name for name in actions if name not in found.courses]
        if missing:
            raise ForecastError(f"there is no complete record of '{missing[0]}'. Complete: {known}.")
        courses = [found.courses[name] for name in actions]
    if not courses:
        raise ForecastError(
            "no action has a complete record, so there is nothing to compare. Declare `complete_from` where one is."
        )
    return courses


def _panel(axes: Axes, found: Replay, course: Course) -> None:
    tidy(axes, grid="y")
    account, as_of = found.actions[course.name], found.crisis.as_of
    days = [date_at(as_of, float(time)) for time in course.times]
    axes.fill_between(days, course.low, course.high, color=PALETTE[0], alpha=0.2, linewidth=0)  # type: ignore[arg-type]
    axes.plot(days, course.expected, color=PALETTE[0], linewidth=1.5)  # type: ignore[arg-type]
    steps = [days[0], *(date_at(as_of, float(time)) for time in course.happened), days[-1]]
    counts = [*range(len(course.happened) + 1), len(course.happened)]
    axes.step(steps, counts, where="post", color=PALETTE[1], linewidth=1.5, linestyle="--")  # type: ignore[arg-type]
    axes.plot(steps[1:-1], counts[1:-1], "o", color=PALETTE[1], markersize=4)  # type: ignore[arg-type]
    name = account.title + (" *" if account.counted else "")
    axes.set_title("\n".join(textwrap.wrap(name, 32)), loc="left", color=INK, fontsize=LETTERS - 2)
    axes.set_ylim(bottom=0.0)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.tick_params(labelsize=LETTERS - 3)
    date_axis(axes)
