"""The calibration curve: how often what was forecast came, with the band that honest probabilities allow."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from detente.plots.style import FAINT, INK, MUTED, PALETTE, new_figure, remark, tidy, title
from detente.scoring import CalibrationCurve, ScoreDecomposition

BINS = 20
"""Bars of the histogram of forecasts."""

MOST_MARKS = 60
"""Distinct forecasts up to which each has its mark."""


def calibration_figure(curve: CalibrationCurve, parts: ScoreDecomposition | None = None) -> Figure:
    """Draw a calibration curve over the histogram of the forecasts it is of.

    Parameters
    ----------
    curve : CalibrationCurve
        From `detente.scoring.calibration_curve`.
    parts : ScoreDecomposition, optional
        Written under the picture.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from detente.scoring import calibration_curve
    >>> figure = calibration_figure(calibration_curve([0.1, 0.1, 0.8, 0.8], [0, 1, 1, 1]))
    >>> len(figure.axes)
    2
    """
    figure = new_figure(600, 680)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[5, 1])
    tidy(upper, grid="both")
    tidy(lower)
    told = f"{100 * curve.level:.0f} % band if honest"
    upper.fill_between(100 * curve.forecast, 100 * curve.lower, 100 * curve.upper, color=FAINT, label=told)
    upper.plot([0, 100], [0, 100], color=MUTED, linestyle="--", linewidth=1, label="honest probabilities")
    upper.plot(
        100 * curve.forecast,
        100 * curve.observed,
        color=PALETTE[0],
        marker="o" if curve.forecast.size <= MOST_MARKS else "",
        markersize=4,
        label="what came",
    )
    upper.set_xlim(0, 100)
    upper.set_ylim(0, 100)
    upper.set_ylabel("Came [%]", color=INK)
    upper.legend(loc="upper left", frameon=False)
    title(upper, f"Calibration of {curve.n:,} forecasts")
    edges = np.linspace(0.0, 100.0, BINS + 1)
    lower.hist(100 * curve.forecast, bins=list(edges), weights=curve.count, color=PALETTE[0])
    lower.set_xlabel("Forecast [%]", color=INK)
    lower.set_ylabel("Forecasts", color=INK)
    if parts is not None:
        remark(
            figure,
            f"Brier {parts.mean_score:.3f} = miscalibration {parts.miscalibration:.3f} − discrimination"
            f" {parts.discrimination:.3f} + uncertainty {parts.uncertainty:.3f}",
        )
    return figure
