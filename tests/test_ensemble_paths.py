"""Values kept along the way: the same as those at the horizon of a shorter run, and no influence on the run."""

import numpy as np
import pytest

from detente.catalog import load
from detente.engine import simulate
from detente.errors import ModelError


@pytest.fixture(scope="module")
def crisis():
    return load("cuba_1962")


@pytest.fixture(scope="module")
def names(crisis):
    flowing = [name for name, stock in crisis.stocks.items() if stock.flow or stock.noise or stock.follows]
    return (flowing[0], next(iter(crisis.stages)), next(iter(crisis.memories)))


def run(crisis, **how):
    return simulate(crisis, seed=5, trajectories=160, **how)


def test_a_path_passes_through_the_ends_of_shorter_runs(crisis, names):
    whole = run(crisis, paths=names)
    for day in (1.0, 5.0, 12.0):
        shorter = run(crisis, horizon=day, final=names)
        for name in names:
            np.testing.assert_array_equal(whole.paths.values[name][int(day)], shorter.final[name])


def test_keeping_paths_changes_nothing(crisis, names):
    plain, kept = run(crisis), run(crisis, paths=names, threads=2)
    for watch, register in plain.registers.items():
        np.testing.assert_array_equal(register, kept.registers[watch])


@pytest.mark.parametrize(("tick", "every"), [(1.0, 7.0), (0.5, 0.5), (0.5, 3.0)])
def test_times_are_a_grid_from_day_zero(crisis, names, tick, every):
    found = run(crisis, paths=names, tick=tick, every=every)
    daily = run(crisis, paths=names, tick=tick, every=tick)
    np.testing.assert_array_equal(found.paths.times, daily.paths.times[:: round(every / tick)])
    for name in names:
        np.testing.assert_array_equal(
            found.paths.values[name], daily.paths.values[name][:: round(every / tick)]
        )


def test_quantiles_are_over_trajectories(crisis, names):
    found = run(crisis, paths=names)
    middle = found.paths.quantiles(names[0], (0.5,))
    np.testing.assert_array_equal(middle[0], np.median(found.paths.values[names[0]], axis=1))


def test_a_name_that_is_nothing_is_refused(crisis):
    with pytest.raises(ModelError, match="'moon' is not a stock, stage or memory"):
        run(crisis, paths=("moon",))


def test_a_grid_off_the_ticks_is_refused(crisis, names):
    with pytest.raises(ModelError, match="whole number of ticks"):
        run(crisis, paths=names, every=1.5)
