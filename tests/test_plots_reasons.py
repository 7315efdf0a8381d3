"""Pictures of what matters and why: they show what was computed."""

import numpy as np
import pytest

from detente import load, simulate
from detente.analysis.drivers import explain
from detente.analysis.mattering import sensitivity_of
from detente.errors import ForecastError
from detente.plots.drivers import contributions
from detente.plots.saving import drawn
from detente.plots.sensitivities import sensitivities


@pytest.fixture(scope="module")
def cuba():
    return load("cuba_1962")


def test_bars_are_the_shares(cuba):
    study = sensitivity_of(simulate(cuba, trajectories=8000, seed=1), ["Q2"])["Q2"]
    axes = sensitivities(study, most=3).axes[0]
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == pytest.approx([100 * each.index for each in study.leanings[: len(widths)]])
    assert axes.lines[-1].get_xdata()[0] == pytest.approx(100 * study.threshold)
    assert "Q2" in axes.get_title(loc="left")
    assert drawn(sensitivities(study), "svg") == drawn(sensitivities(study), "svg")


def test_a_refused_study_is_not_drawn(cuba):
    study = sensitivity_of(simulate(cuba, trajectories=80, seed=1), ["Q2"])["Q2"]
    with pytest.raises(ForecastError, match="nothing to draw"):
        sensitivities(study)


def test_stacks_reach_from_the_base_to_the_rate(cuba):
    ensemble = simulate(cuba, trajectories=400, seed=1, log=True)
    driver = explain(ensemble, "Q2", sample=30).drivers[0]
    upper, lower = contributions(driver).axes
    rate = upper.lines[1].get_ydata()
    np.testing.assert_allclose(rate, np.exp(driver.course.intensity))
    heights = sum(np.array([bar.get_height() for bar in container]) for container in lower.containers)
    shown = np.abs(driver.course.factors).max(axis=0) >= 0.01
    np.testing.assert_allclose(heights, driver.course.factors[:, shown].sum(axis=1))
