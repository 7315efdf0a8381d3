"""What a probability leans on: a bar per number or source, against what noise would reach."""

from __future__ import annotations

import textwrap

from matplotlib.figure import Figure

from detente.analysis.mattering import Leaning, Sensitivity
from detente.errors import ForecastError
from detente.plots.style import FAINT, INK, LETTERS, MUTED, PALETTE, new_figure, remark, tidy, title

MOST = 12
"""Bars that are drawn."""

LETTERS_PER_LINE = 46


def sensitivities(study: Sensitivity, *, most: int = MOST) -> Figure:
    """Bars of the shares of the variance over draws, with their errors and the threshold of noise.

    Parameters
    ----------
    study : Sensitivity
        From `detente.analysis.mattering.sensitivity_of`; ranked.
    most : int, >= 1
        Bars at most: those that stand out, and the next below the threshold.

    Returns
    -------
    matplotlib.figure.Figure
        Filled bars stand out, hollow ones do not.

    Raises
    ------
    ForecastError
        If the study was refused.
    """
    if not study.leanings:
        raise ForecastError(f"{study.question}: there is nothing to draw: {study.reason}.")
    shown = study.leanings[: min(most, len(study.standing_out) + 2)]
    figure = new_figure(800, 150 + 38 * len(shown))
    axes = tidy(figure.add_subplot(), grid="x")
    places = range(len(shown) - 1, -1, -1)
    axes.barh(
        list(places),
        [100 * max(0.0, each.index) for each in shown],
        xerr=[100 * each.error for each in shown],
        color=[PALETTE[0] if each.stands_out else "white" for each in shown],
        edgecolor=[PALETTE[0] if each.stands_out else MUTED for each in shown],
        ecolor=INK,
        capsize=2,
        height=0.62,
    )
    axes.axvline(
        100 * study.threshold, color=PALETTE[1], linestyle="--", label=f"noise, {100 * study.threshold:.1f} %"
    )
    axes.set_yticks(list(places), [_label(each, study) for each in shown])
    axes.set_xlim(left=0.0)
    axes.set_xlabel("Share of the variance over draws [%]", color=INK)
    axes.legend(loc="lower right", frameon=True, edgecolor=FAINT, fontsize=LETTERS - 1)
    title(axes, textwrap.fill(f"{study.question}  {study.text}", 90))
    remark(figure, _note(study, len(shown)))
    return figure


def _label(each: Leaning, study: Sensitivity) -> str:
    name = each.name if study.by in ("number", "section") or not each.title else f"{each.name}  {each.title}"
    lines = textwrap.wrap(name, LETTERS_PER_LINE)
    return "\n".join(lines[:2]) + ("…" if len(lines) > 2 else "")


def _note(study: Sensitivity, shown: int) -> str:
    note = f"{study.n_draws:,} draws; bars with standard errors; {len(study.leanings) - shown} more below"
    return note + "" if study.by != "source" else f"{note}; a number that names two sources counts for both"
