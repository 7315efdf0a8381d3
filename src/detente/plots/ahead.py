"""From the ledger into the futures: when listed actions happened, and when they may happen next."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from detente.dates import date_at
from detente.forecasting import Forecast
from detente.forecasting.deadlines import Deadline
from detente.forecasting.outlooks import Outlook
from detente.forecasting.wording import probability_text
from detente.plots.style import INK, LETTERS, MUTED, PALETTE, dated, new_figure, place_of, remark, tidy

_ROW = 30
"""Height of the row of one action [pixel]."""


def timeline_ahead(found: Forecast, deadlines: Sequence[Deadline] = ()) -> Figure:
    """One row per listed action: the record to the left of the as-of date, likely first dates to the right of it.

    Parameters
    ----------
    found : Forecast
    deadlines : sequence of Deadline, optional
        Shown as thin vertical lines, those of questions left out.

    Returns
    -------
    matplotlib.figure.Figure
        Dots are recorded happenings. A bar reaches from the 5 % to the 95 % quantile of the first date among the
        futures in which the action happens, its mark is the median; the probability that it happens at all stands
        at the right. Actions that happen in too few futures have no bar.

    Examples
    --------
    >>> from detente import forecast, load
    >>> found = forecast(load("cuba_1962"), trajectories=400, seed=1)
    >>> labels = [text.get_text() for text in timeline_ahead(found).axes[0].get_yticklabels()]
    >>> len(labels) == len(found.actions)
    True
    """
    outlooks = sorted(found.actions.values(), key=lambda each: (-each.probability, each.name))
    figure = new_figure(900, 110 + _ROW * len(outlooks))
    axes = tidy(figure.add_subplot(), grid="x")
    crisis = found.ensemble.crisis
    for each in deadlines:
        if each.kind != "question":
            axes.axvline(place_of(each.day), color=MUTED, linewidth=0.6, linestyle=(0, (1, 3)))
    axes.axvline(place_of(crisis.as_of), color=INK, linewidth=1.0)
    for row, outlook in enumerate(outlooks):
        _past(axes, found, outlook, row)
        _future(axes, outlook, row)
    last = place_of(date_at(crisis.as_of, found.ensemble.settings.horizon))
    for row, outlook in enumerate(outlooks):
        axes.annotate(
            probability_text(outlook), (last, row), xytext=(6, 0), textcoords="offset points", va="center",
            fontsize=LETTERS - 2, color=INK, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(
        range(len(outlooks)),
        ["\n".join(textwrap.wrap(each.title, 34, max_lines=2, placeholder=" …")) for each in outlooks],
        fontsize=LETTERS - 2,
    )
    axes.set_ylim(len(outlooks) - 0.5, -0.5)
    axes.set_xlim(right=last)
    dated(axes)
    remark(
        figure,
        "Dots: the record. Bars: 5 to 95 % of first dates, mark: median, paler where it is unlikely at all."
        " Dotted: deadlines.",
    )
    return figure


def _past(axes: Axes, found: Forecast, outlook: Outlook, row: int) -> None:
    crisis = found.ensemble.crisis
    days = [
        place_of(date_at(crisis.as_of, each.time)) for each in crisis.replayed if each.moment == outlook.name
    ]
    axes.plot(days, [row] * len(days), "o", color=MUTED, markersize=5)


def _future(axes: Axes, outlook: Outlook, row: int) -> None:
    if outlook.earliest is None or outlook.latest is None or outlook.median is None:
        return
    span = place_of(outlook.earliest), place_of(outlook.latest)
    strength = 0.2 + 0.7 * outlook.probability
    axes.plot(span, (row, row), color=PALETTE[0], linewidth=9, alpha=strength, solid_capstyle="butt")
    axes.plot([place_of(outlook.median)], [row], "|", color=INK, markersize=11, markeredgewidth=2)
