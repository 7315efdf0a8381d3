"""The probability that each question has been settled with yes, over time."""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from detente.forecasting import Forecast
from detente.forecasting.answers import Curve
from detente.plots.style import INK, LETTERS, PALETTE, new_figure, remark, tidy

COLUMNS = 4
_PANEL = 200, 150
"""Width and height of one panel [pixel]."""


def probability_curves(
    found: Forecast, questions: Sequence[str] | None = None, *, every: float = 7.0
) -> Figure:
    """One small panel per question: probability of yes by each day, with its 90 % range over draws.

    Parameters
    ----------
    found : Forecast
    questions : sequence of str, optional
        Which, in this order; by default every question that was answered.
    every : float, above zero [day]
        Distance of the points.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ForecastError
        If a question does not exist or was not answered.

    Examples
    --------
    >>> from detente import forecast, load
    >>> found = forecast(load("cuba_1962"), trajectories=400, seed=1)
    >>> len(probability_curves(found).axes) >= len(found.answers)
    True
    """
    names = questions or [name for name, answer in found.answers.items() if answer.probability is not None]
    curves = [found.curve(name, every) for name in names]
    last = max(curve.dates[-1] for curve in curves)
    columns = min(COLUMNS, len(curves))
    rows = math.ceil(len(curves) / columns)
    figure = new_figure(max(400, columns * _PANEL[0]), max(220, rows * _PANEL[1] + 30))
    for place, (name, curve) in enumerate(zip(names, curves, strict=True)):
        axes = tidy(figure.add_subplot(rows, columns, place + 1), grid="y")
        _panel(axes, curve, last)
        text = f"{name} {found[name].text}"
        axes.set_title(
            "\n".join(textwrap.wrap(text, 34, max_lines=2, placeholder=" …")),
            loc="left",
            color=INK,
            fontsize=LETTERS - 3,
        )
        if place % columns:
            axes.set_yticklabels([])
    remark(
        figure, "Probability of yes by each day up to the close; shaded: 90 % over draws of the parameters."
    )
    return figure


def _panel(axes: Axes, curve: Curve, last: dt.date) -> None:
    axes.fill_between(curve.dates, curve.low, curve.high, color=PALETTE[5], alpha=0.35, linewidth=0)  # type: ignore[arg-type]
    axes.plot(curve.dates, curve.probability, color=PALETTE[0], linewidth=1.6)  # type: ignore[arg-type]
    axes.plot(curve.dates[-1:], curve.probability[-1:], "o", color=PALETTE[0], markersize=4)  # type: ignore[arg-type]
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([0.0, 0.5, 1.0], ["0", "50 %", "100 %"])
    axes.set_xlim(curve.dates[0], last)  # type: ignore[arg-type]
    date_axis(axes)
    axes.tick_params(labelsize=LETTERS - 3)


def date_axis(axes: Axes, *, most: int = 4) -> None:
    """Write dates along the lower edge, few and short."""
    locator = AutoDateLocator(minticks=2, maxticks=most)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
