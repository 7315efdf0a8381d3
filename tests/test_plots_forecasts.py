"""Pictures of forecasts: they show what the run computed."""

import datetime as dt

import numpy as np
import pytest
from matplotlib.dates import date2num

from detente import forecast, load, simulate
from detente.engine.ensemble import Paths
from detente.engine.pasts import replayed_paths
from detente.forecasting.deadlines import deadlines_of
from detente.plots.ahead import timeline_ahead
from detente.plots.fans import dates_of, faction_balance, fan_charts
from detente.plots.network import actor_network
from detente.plots.probabilities import probability_curves
from detente.plots.saving import drawn


@pytest.fixture(scope="module")
def crisis():
    return load("cuba_1962")


@pytest.fixture(scope="module")
def ensemble(crisis):
    factions = tuple(
        f"{name}.{faction.name}" for name, actor in crisis.actors.items() for faction in actor.factions
    )
    return simulate(crisis, trajectories=400, seed=3, paths=factions)


def test_curves_end_at_the_answers(crisis):
    found = forecast(crisis, trajectories=400, seed=1)
    figure = probability_curves(found)
    for axes, answer in zip(figure.axes, found.answers.values(), strict=True):
        line = axes.lines[0]
        assert line.get_ydata()[-1] == pytest.approx(answer.probability)
        assert axes.get_title(loc="left").startswith(answer.id)


def test_fans_show_quantiles(crisis, ensemble):
    figure = fan_charts(crisis, ensemble.paths)
    for axes, name in zip(figure.axes, ensemble.paths.values, strict=True):
        middle = ensemble.paths.quantiles(name, (0.5,))[0]
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), middle)
    assert dates_of(crisis, np.array([1.0]))[0].date() > crisis.as_of


def test_factions_are_shares(crisis, ensemble):
    actor = next(name for name, actor in crisis.actors.items() if len(actor.factions) > 1)
    axes = faction_balance(crisis, actor, ensemble.paths).axes[0]
    medians = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) > 2]
    assert len(medians) == len(crisis.actors[actor].factions)
    assert all(0.0 <= value <= 1.0 for line in medians for value in line)


def test_network_draws_an_arrow_per_dyad_and_kind(crisis, ensemble):
    figure = actor_network(crisis, ensemble.counts)
    assert all(axes.patches for axes in figure.axes[1:])
    assert drawn(figure, "svg") == drawn(actor_network(crisis, ensemble.counts), "svg")


def test_a_row_per_action_with_its_past_and_its_dates():
    found = forecast(load("iran_2024"), trajectories=800, seed=1)
    axes = timeline_ahead(found, deadlines_of(found.ensemble.crisis)).axes[0]
    labels = [" ".join(text.get_text().split()) for text in axes.get_yticklabels()]
    titles = [each.title for each in sorted(found.actions.values(), key=lambda each: -each.probability)]
    assert [label[:15] for label in labels] == [title[:15] for title in titles]
    dots = sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() == "o")
    recorded = [item.moment for item in found.ensemble.crisis.replayed]
    assert dots == sum(name in found.actions for name in recorded)


def test_deadlines_lie_ahead_and_in_order(crisis):
    found = deadlines_of(crisis)
    assert [each.day for each in found] == sorted(each.day for each in found)
    assert all(each.day > crisis.as_of for each in found)
    assert {each.name for each in found if each.kind == "question"} == set(crisis.questions)


def test_the_end_of_the_truce_follows_from_the_record():
    found = {each.name: each for each in deadlines_of(load("iran_2024"))}
    assert found["lebanon_truce.term"].day.isoformat() == "2025-01-26"
    assert found["lebanon_truce.term"].kind == "clock"


def test_fans_stand_against_their_past():
    """The past ends where the future begins, every panel shows the same time, and dots from before it are left out."""
    crisis = load("iran_2024")
    names = ("rial", "hezbollah")
    futures = simulate(crisis, trajectories=40, seed=1, paths=names, every=9.0).paths
    past = replayed_paths(crisis, names, seed=1, n_draws=20, every=7.0)
    dots = {"rial": [(dt.date(2020, 9, 15), 250_000.0), (dt.date(2024, 11, 6), 703_000.0)]}
    figure = fan_charts(crisis, futures, past=past, observed=dots)
    rial, hezbollah = figure.axes
    assert rial.get_xlim() == hezbollah.get_xlim()
    (measured,) = (line for line in rial.lines if line.get_label() == "measured")
    assert len(measured.get_xdata()) == 1
    told = " ".join(text.get_text() for text in figure.texts)
    assert "the record, replayed" in told
    assert "Dots: measured" in told


def test_measured_values_stand_at_the_end_of_their_days():
    """One of the day with which the past begins is drawn, one of the as-of date lies on its line, which is named."""
    crisis = load("cuba_1962")
    futures = simulate(crisis, trajectories=8, seed=1, paths=("sites",), horizon=10.0).paths
    past = replayed_paths(crisis, ("sites",), seed=1, n_draws=8).since(-5.0)
    days = [crisis.as_of - dt.timedelta(days=back) for back in (6, 5, 0)]
    (axes,) = fan_charts(crisis, futures, past=past, observed={"sites": [(day, 20.0) for day in days]}).axes
    (measured,) = (line for line in axes.lines if line.get_label() == "measured")
    assert list(measured.get_xdata()) == dates_of(crisis, np.array([-5.0, 0.0]))
    assert axes.get_xlim() == tuple(date2num(dates_of(crisis, np.array([-5.0, 10.0]))))
    (named,) = axes.texts
    assert named.get_text() == "as of 1962-10-22"
    assert named.xy[0] == date2num(measured.get_xdata()[-1])


def test_the_as_of_line_is_named_where_there_is_a_past():
    crisis = load("iran_2024")
    names = ("rial", "hezbollah", *(f"IRN.{faction.name}" for faction in crisis.actors["IRN"].factions))
    futures = simulate(crisis, trajectories=8, seed=1, paths=names, horizon=9.0).paths
    past = replayed_paths(crisis, names, seed=1, n_draws=8, every=7.0)
    for figure in (fan_charts(crisis, futures, past=past), faction_balance(crisis, "IRN", futures, past)):
        assert [text.get_text() for axes in figure.axes for text in axes.texts] == ["as of 2024-11-30"]
    for figure in (fan_charts(crisis, futures), faction_balance(crisis, "IRN", futures)):
        assert not any(axes.texts for axes in figure.axes)


def test_a_past_may_begin_in_the_middle():
    paths = Paths(np.array([-2.0, -1.0, 0.0]), {"a": np.arange(6.0).reshape(3, 2)})
    later = paths.since(-1.5)
    assert later.times.tolist() == [-1.0, 0.0]
    assert later.values["a"].tolist() == [[2.0, 3.0], [4.0, 5.0]]
