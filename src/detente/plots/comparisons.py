"""Differences between scenarios and the baseline, and the tornado of levers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from detente.analysis.comparing import Comparison
from detente.analysis.differences import Difference
from detente.analysis.levers import Levers
from detente.errors import ForecastError
from detente.plots.style import INK, LETTERS, MUTED, PALETTE, new_figure, remark, tidy, title

UP, DOWN = PALETTE[1], PALETTE[0]
"""Colours of what makes yes likelier, and less likely; the side of the axis says the same."""

_ROW = 26
"""Height of one bar with its label [pixel]."""


def tornado(found: Levers, *, most: int = 20) -> Figure:
    """Levers ranked by their effect on one question: bars from zero, with 95 % intervals of the paired difference.

    Levers that cannot be told from chance among so many are drawn pale, in outline.

    Parameters
    ----------
    found : Levers
        From `detente.analysis.levers.levers`.
    most : int, >= 1
        How many levers are shown, the largest effects first.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from detente import load
    >>> from detente.analysis.levers import levers
    >>> len(tornado(levers(load("cuba_1962"), "Q1", trajectories=400, seed=1)).axes)
    1
    """
    shown = found.levers[:most]
    labels = ["; ".join(map(str, lever.scenario.changes)) for lever in shown]
    effects = [lever.effect for lever in shown]
    figure = new_figure(800, 110 + _ROW * len(shown))
    axes = tidy(figure.add_subplot(), grid="x")
    _bars(axes, labels, effects, [lever.stands_out for lever in shown])
    comparison = found.comparison
    answer = comparison.answers[found.question]
    title(
        axes,
        _short(f"{found.question} {answer.text} As things stand {100 * (answer.probability or 0):.1f} %", 90),
    )
    axes.set_xlabel("change of the probability of yes [percentage points]", color=INK, fontsize=LETTERS)
    n = comparison.settings.n_trajectories
    remark(
        figure,
        f"Lines: ±1.96 paired errors, {n:,} futures. Pale: not told from chance among all levers (Holm, 5 %).",
    )
    return figure


def differences(found: Comparison, scenario: str, *, questions: Sequence[str] | None = None) -> Figure:
    """What one scenario does to the answers: bars from zero, with 95 % intervals of the paired difference.

    Parameters
    ----------
    found : Comparison
        From `detente.analysis.comparing.compare`.
    scenario : str
        Its name.
    questions : sequence of str, optional
        Which, in this order; by default all that were compared, the largest differences first.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ForecastError
        If a question or the scenario was not compared.

    Examples
    --------
    >>> from detente import load
    >>> from detente.analysis.comparing import compare
    >>> from detente.scenario import Change, Scenario
    >>> calm = Scenario("calm", changes=(Change("forbid", "us_strikes_cuba"),))
    >>> len(differences(compare(load("cuba_1962"), calm, trajectories=400, seed=1), "calm").axes)
    1
    """
    compared = found[scenario]
    effects = [compared[name] for name in questions] if questions else list(compared.differences.values())
    effects = [effect for effect in effects if effect.difference is not None]
    if not effects:
        raise ForecastError(f"no question was compared under the scenario '{scenario}'.")
    if not questions:
        effects.sort(key=lambda effect: -abs(effect.difference or 0.0))
    figure = new_figure(800, 110 + _ROW * len(effects))
    axes = tidy(figure.add_subplot(), grid="x")
    labels = [f"{effect.question} {effect.text}" for effect in effects]
    _bars(axes, labels, effects, [effect.p_value < 0.05 for effect in effects])
    title(axes, _short(compared.scenario.title or str(compared.scenario), 90))
    axes.set_xlabel("scenario less baseline [percentage points]", color=INK, fontsize=LETTERS)
    n = found.settings.n_trajectories
    remark(
        figure,
        f"Lines: ±1.96 paired errors, {n:,} futures. Pale: not told from chance at 5 %, each by itself.",
    )
    return figure


def _bars(axes: Axes, labels: Sequence[str], effects: Sequence[Difference], clear: Sequence[bool]) -> None:
    for place, (effect, sure) in enumerate(zip(effects, clear, strict=True)):
        size, error = 100.0 * (effect.difference or 0.0), 196.0 * (effect.error or 0.0)
        colour = UP if size > 0.0 else DOWN
        axes.barh(
            place,
            size,
            height=0.62,
            color=colour if sure else "white",
            edgecolor=colour,
            alpha=1.0 if sure else 0.6,
        )
        if not effect.same:
            axes.plot([size - error, size + error], [place, place], color=INK, linewidth=1.2)
    axes.axvline(0.0, color=MUTED, linewidth=0.8)
    axes.set_yticks(range(len(labels)), [_short(label, 46) for label in labels], fontsize=LETTERS - 1)
    axes.invert_yaxis()


def _short(text: str, width: int) -> str:
    return textwrap.shorten(text, width, placeholder=" …") if " " in text else text[:width]
