"""Rates: exact derivatives, known maxima, no leak from the future, no dependence on order or blocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from detente.errors import TableError
from detente.ledger import glm as glm_module
from detente.ledger.dyads import DyadDays, WeightedMean
from detente.ledger.excitation import Cause, _Profile, fit_excitation
from detente.ledger.glm import Group, Rows, _Problem, _scale, fit_glm
from detente.ledger.history import Terms
from detente.ledger.newton import ConvergenceError, Point, climb
from detente.ledger.one_day_ahead import Choices, Span, forecast_dyads, tune_weighted_mean
from detente.ledger.rates import NONE, Shrinkage, base_rates, fit_rates

MONDAY = dt.date(2018, 1, 1)
SMALL = Terms(own=(2, 20), reverse=(2,), others=(), activity=(7,), triads=(), weekday=False)

checked = settings(derandomize=True, deadline=None, max_examples=25, database=None)


def day(number: int) -> dt.date:
    return MONDAY + dt.timedelta(days=number)


def record(days: int = 120, actors: int = 4, seed: int = 1) -> DyadDays:
    """Events that call forth events, own and reverse."""
    rng = np.random.default_rng(seed)
    base = np.exp(rng.normal(-2.2, 0.7, (actors, actors)))
    counts = np.zeros((actors, actors, days))
    faded = np.zeros((actors, actors))
    for t in range(days):
        rate = base * np.minimum(6.0, 1 + 0.8 * faded + 0.4 * faded.T)
        rate[np.arange(actors), np.arange(actors)] = 0
        counts[:, :, t] = rng.poisson(rate)
        faded = 0.7 * (faded + (counts[:, :, t] > 0))
    return DyadDays(tuple("ABCDEFGH"[:actors]), MONDAY, {"any": counts, "half": np.floor(counts / 2)})


def rows(seed: int = 5, n: int = 400, groups: tuple[int, ...] = (3, 4), family: str = "poisson") -> Rows:
    rng = np.random.default_rng(seed)
    terms = rng.normal([0.0, 5.0, -2.0], [1.0, 0.1, 3.0], (n, 3))
    levels = (
        np.stack([rng.integers(0, k, n) for k in groups], axis=1) if groups else np.empty((n, 0), np.int64)
    )
    eta = -0.5 + 0.3 * terms[:, 0] - 0.1 * terms[:, 2]
    outcome = rng.poisson(np.exp(eta)) if family == "poisson" else rng.random(n) < special.expit(eta)
    return Rows(terms, levels, outcome.astype(float))


def in_blocks(block: Rows, size: int) -> Any:
    def blocks() -> Iterator[Rows]:
        for a in range(0, block.outcome.size, size):
            yield Rows(*(part[a : a + size] for part in block))

    return blocks


# --- Newton and the regressions -----------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["poisson", "logistic"])
def test_derivatives_are_exact(family: Any) -> None:
    data = rows(family=family)
    groups = [Group("a", 3, 2.0), Group("b", 4, 0.5)]
    blocks = in_blocks(data, 150)
    problem = _Problem(blocks, family, groups, 0.7, _scale(blocks))
    at = np.random.default_rng(0).normal(0, 0.2, problem.size)
    here, step = problem.look(at), 1e-5
    for k, unit in enumerate(np.eye(problem.size)):
        up, down = problem.look(at + step * unit), problem.look(at - step * unit)
        assert here.gradient[k] == pytest.approx((up.objective - down.objective) / (2 * step), abs=1e-4)
        np.testing.assert_allclose(-here.hessian[k], (up.gradient - down.gradient) / (2 * step), atol=1e-4)


def test_poisson_without_terms_is_the_mean() -> None:
    """Two groups told apart by one term: the rates are the means, the errors 1/√count."""
    outcome = np.concatenate([np.repeat([0.0, 1.0], [60, 40]), np.repeat([1.0, 3.0], [50, 50])])
    terms = np.repeat([[0.0], [1.0]], 100, axis=0)
    fit = fit_glm(lambda: iter([Rows(terms, np.empty((200, 0), np.int64), outcome)]), "poisson")
    assert fit.intercept == pytest.approx(np.log(0.4))
    assert fit.coefficients[0] == pytest.approx(np.log(2.0 / 0.4))
    assert fit.intercept_error == pytest.approx(1 / np.sqrt(40))
    assert fit.errors[0] == pytest.approx(np.sqrt(1 / 40 + 1 / 200))


def test_logistic_of_two_groups_is_the_log_odds_ratio() -> None:
    outcome = np.concatenate([np.repeat([0.0, 1.0], [70, 30]), np.repeat([0.0, 1.0], [20, 80])])
    terms = np.repeat([[3.0], [5.0]], 100, axis=0)
    fit = fit_glm(lambda: iter([Rows(terms, np.empty((200, 0), np.int64), outcome)]), "logistic")
    ratio = np.log(80 / 20) - np.log(30 / 70)
    assert 2 * fit.coefficients[0] == pytest.approx(ratio)
    assert 2 * fit.errors[0] == pytest.approx(np.sqrt(1 / 30 + 1 / 70 + 1 / 20 + 1 / 80))
    expected = 30 * np.log(0.3) + 70 * np.log(0.7) + 80 * np.log(0.8) + 20 * np.log(0.2)
    assert fit.log_likelihood == pytest.approx(expected)


@pytest.mark.parametrize("family", ["poisson", "logistic"])
def test_blocks_do_not_change_the_fit(family: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data, groups = rows(family=family), [Group("a", 3, 2.0), Group("b", 4, 0.5)]
    whole = fit_glm(in_blocks(data, 1000), family, groups=groups, ridge=1.0)
    monkeypatch.setattr(glm_module, "KEEP_BYTES", 0)
    parts = fit_glm(in_blocks(data, 37), family, groups=groups, ridge=1.0)
    np.testing.assert_allclose(parts.coefficients, whole.coefficients, rtol=1e-9)
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-7)
    np.testing.assert_allclose(parts.effects[1], whole.effects[1], atol=1e-9)
    assert parts.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("family", ["poisson", "logistic"])
def test_units_of_a_term_do_not_matter(family: Any) -> None:
    data = rows(family=family)
    scaled = data._replace(terms=data.terms * np.array([1.0, 100.0, 0.01]) + 7.0)
    one, other = (
        fit_glm(in_blocks(x, 99), family, groups=[Group("a", 3, 1.0), Group("b", 4, 1.0)], ridge=3.0)
        for x in (data, scaled)
    )
    np.testing.assert_allclose(other.coefficients * [1.0, 100.0, 0.01], one.coefficients, rtol=1e-6)
    np.testing.assert_allclose(other.errors * [1.0, 100.0, 0.01], one.errors, rtol=1e-6)
    np.testing.assert_allclose(
        one.mean(data.terms, data.levels), other.mean(scaled.terms, scaled.levels), rtol=1e-8
    )


def test_shrinkage_pulls_to_zero_and_its_absence_leaves_the_maximum() -> None:
    data = rows(groups=())
    sizes = [
        np.abs(fit_glm(in_blocks(data, 400), "poisson", ridge=r).coefficients[0])
        for r in (0.0, 10.0, 1e3, 1e7)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-3


def test_terms_that_cannot_be_fitted_are_explained() -> None:
    outcome = np.repeat([0.0, 1.0], 50)
    apart = Rows(outcome[:, None] * 2 - 1, np.empty((100, 0), np.int64), outcome)
    with pytest.raises(ConvergenceError, match=r"Drop it, or shrink with a ridge above zero"):
        fit_glm(lambda: iter([apart]), "logistic")
    assert np.isfinite(fit_glm(lambda: iter([apart]), "logistic", ridge=1.0).coefficients[0])
    twice = Rows(np.repeat(np.arange(100.0)[:, None], 2, axis=1), apart.levels, np.tile([0.0, 1.0], 50))
    with pytest.raises(ConvergenceError, match="two terms say the same"):
        fit_glm(lambda: iter([twice]), "logistic")
    with pytest.raises(ConvergenceError, match="there is no event to learn from"):
        fit_glm(lambda: iter([apart._replace(outcome=np.zeros(100))]), "poisson")


def test_newton_finds_the_top_and_says_when_there_is_none() -> None:
    def hill(at: np.ndarray) -> Point:
        return Point(float(-np.sum(np.cosh(at - 2))), -np.sinh(at - 2), np.diag(np.cosh(at - 2)))

    assert climb(hill, np.full(2, 9.0)).at == pytest.approx(2.0, abs=1e-9)

    def slope(at: np.ndarray) -> Point:
        return Point(float(-np.exp(-at[0])), np.exp(-at), np.diag(np.exp(-at)))

    with pytest.raises(ConvergenceError):
        climb(slope, np.zeros(1))


# --- rates of dyads -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["poisson", "logistic"])
def test_rates_fit_and_predict(family: Any) -> None:
    data = record()
    fit = fit_rates(data, "any", family=family, terms=SMALL)
    assert fit.names == (
        "own 2 d",
        "own 20 d",
        "reverse 2 d",
        "actor to all 7 d",
        "all to actor 7 d",
        "recipient to all 7 d",
        "all to recipient 7 d",
    )
    assert len(fit.names) == fit.coefficients.size == fit.errors.size
    predicted = fit.predict(day(10), day(119))
    assert predicted.shape == (12, 110)
    observed = data.happened("any")[:, 10:] if family == "logistic" else data.flat(data.of("any"))[:, 10:]
    assert predicted.sum() == pytest.approx(observed.sum(), rel=1e-6), "an intercept balances the books"


def test_dyad_effects_are_shrunk_means() -> None:
    """With no terms but an intercept and dyads, very weak shrinkage gives each dyad its own mean."""
    data = record()
    weak = fit_rates(data, "any", family="poisson", terms=_no_terms(), shrinkage=Shrinkage(1.0, None, 1e-3))
    observed = data.flat(data.of("any"))[:, 10:].mean(axis=1)
    np.testing.assert_allclose(weak.predict(day(50), day(50))[:, 0], observed, rtol=0.02)
    strong = fit_rates(data, "any", family="poisson", terms=_no_terms(), shrinkage=Shrinkage(1.0, None, 1e6))
    np.testing.assert_allclose(strong.predict(day(50), day(50))[:, 0], observed.mean(), rtol=0.02)


def _no_terms() -> Terms:
    return Terms(own=(180,), reverse=(), others=(), activity=(), triads=(), weekday=False, offset=1e12)


def test_order_of_the_actors_does_not_matter() -> None:
    data = record()
    turn = np.array([2, 0, 3, 1])
    other = DyadDays(
        tuple(data.actors[i] for i in turn),
        MONDAY,
        {kind: array[np.ix_(turn, turn)] for kind, array in data.counts.items()},
    )
    fit, same = (fit_rates(x, "any") for x in (data, other))
    np.testing.assert_allclose(same.coefficients, fit.coefficients, rtol=1e-6, atol=1e-9)
    by_dyad = dict(zip(other.dyads, same.predict(day(60), day(70)), strict=True))
    for dyad, expected in zip(data.dyads, fit.predict(day(60), day(70)), strict=True):
        np.testing.assert_allclose(by_dyad[dyad], expected, rtol=1e-6)


def test_plain_maximum_likelihood_has_no_effects() -> None:
    fit = fit_rates(record(), "any", terms=SMALL, shrinkage=NONE)
    assert fit.glm.effects == ()
    assert np.all(np.isfinite(fit.errors))


def test_wrong_requests_are_explained() -> None:
    data = record(days=30)
    with pytest.raises(TableError, match="there is no kind 'war'"):
        fit_rates(data, "war")
    with pytest.raises(TableError, match="no days left to fit"):
        fit_rates(data, "any", last=day(5))
    with pytest.raises(TableError, match="outside the record"):
        fit_rates(data, "any", last=day(500))
    with pytest.raises(TableError, match="must end before the test span"):
        forecast_dyads(data, ["any"], tune=Span(day(12), day(20)), test=Span(day(20), day(29)))


def test_base_rates_have_exact_intervals_and_feel_bursts() -> None:
    counts = np.zeros((2, 2, 140))
    counts[0, 1, ::2] = 1
    counts[1, 0, 70:80] = 7
    steady, bursts = base_rates(DyadDays(("A", "B"), MONDAY, {"any": counts}), "any")
    assert (steady.count, steady.rate) == (70, 0.5)
    assert (steady.lower, steady.upper) == pytest.approx(
        (stats.chi2.ppf(0.05, 140) / 280, stats.chi2.ppf(0.95, 142) / 280)
    )
    assert steady.error < 0.02 < 0.1 < bursts.error
    none = base_rates(DyadDays(("A", "B"), MONDAY, {"any": np.zeros((2, 2, 140))}), "any")[0]
    assert (none.count, none.lower) == (0, 0.0)
    assert none.upper == pytest.approx(-np.log(0.05) / 140)


# --- forecasts one day ahead --------------------------------------------------------------------------------

TUNE, TEST = Span(day(70), day(89)), Span(day(90), day(119))


def test_forecast_is_the_stated_blend_of_what_was_chosen_before() -> None:
    data = record()
    found = forecast_dyads(data, ["any", "half"], tune=TUNE, test=TEST, terms=SMALL)
    for kind, each in found.items():
        assert each.probability.shape == each.outcome.shape == (12, 30)
        np.testing.assert_allclose(
            each.probability, each.weight * each.regression + (1 - each.weight) * each.average
        )
        assert np.all((each.probability >= 1e-4) & (each.probability <= 1 - 1e-4))
        np.testing.assert_array_equal(each.outcome, data.happened(kind)[:, 90:])
    assert len({each.weight for each in found.values()}) == 1, "one weight for all kinds"


@checked
@given(cut=st.integers(90, 118), seed=st.integers(0, 10_000))
def test_nothing_of_the_test_span_leaks(cut: int, seed: int) -> None:
    """Change everything from a day on: choices, fit and the forecasts up to that day stay as they were."""
    data = record(seed=3)
    changed = {kind: array.copy() for kind, array in data.counts.items()}
    for array in changed.values():
        array[:, :, cut:] = np.random.default_rng(seed).poisson(2.0, array[:, :, cut:].shape)
    options: dict[str, Any] = {"tune": TUNE, "test": TEST, "terms": SMALL}
    before = forecast_dyads(data, ["any", "half"], **options)
    after = forecast_dyads(DyadDays(data.actors, MONDAY, changed), ["any", "half"], **options)
    for kind in before:
        assert before[kind].weight == after[kind].weight
        assert before[kind].weighted_mean == after[kind].weighted_mean
        np.testing.assert_array_equal(before[kind].fit.coefficients, after[kind].fit.coefficients)
        upto = cut - 90 + 1
        np.testing.assert_array_equal(before[kind].probability[:, :upto], after[kind].probability[:, :upto])


def test_history_before_the_record_ends_is_used_in_the_test_span() -> None:
    """Yesterday counts, even within the test span: a forecast one day ahead."""
    data = record(seed=3)
    changed = {kind: array.copy() for kind, array in data.counts.items()}
    changed["any"][0, 1, 100] = 30.0
    options: dict[str, Any] = {"tune": TUNE, "test": TEST, "terms": SMALL}
    before = forecast_dyads(data, ["any"], **options)["any"]
    after = forecast_dyads(DyadDays(data.actors, MONDAY, changed), ["any"], **options)["any"]
    assert after.probability[0, 11] > before.probability[0, 11]


def test_weighted_mean_is_tuned_by_the_tuning_span_alone() -> None:
    data = record()
    chosen = tune_weighted_mean(data, "any", TUNE, Choices())
    assert isinstance(chosen, WeightedMean)
    only = Choices(half_lives=(7.0,), prior_weights=(5.0,), blend_weights=(0.25,))
    assert tune_weighted_mean(data, "any", TUNE, only) == WeightedMean(7.0, 5.0)
    found = forecast_dyads(data, ["any"], tune=TUNE, test=TEST, terms=SMALL, choices=only)["any"]
    assert (found.weight, found.weighted_mean) == (0.25, WeightedMean(7.0, 5.0))


# --- excitation ---------------------------------------------------------------------------------------------


def test_excitation_has_exact_derivatives() -> None:
    problem = _Profile(record(), "any", (Cause("any"), Cause("half", "reverse")), 3.0, 10, 120)
    at = np.array([-0.7, 1.3, -0.2, 2.1])
    _, gradient = problem.negative(at)
    step = 1e-6
    for k, unit in enumerate(np.eye(4)):
        change = (problem.negative(at + step * unit)[0] - problem.negative(at - step * unit)[0]) / (2 * step)
        assert gradient[k] == pytest.approx(change, rel=1e-4, abs=1e-4)


def test_excitation_reports_what_the_record_does_not_inform() -> None:
    """Events by pure chance: no excitation is claimed."""
    rng = np.random.default_rng(8)
    counts = (rng.random((4, 4, 300)) < 0.1).astype(float)
    counts[np.arange(4), np.arange(4)] = 0
    fit = fit_excitation(DyadDays(tuple("ABCD"), MONDAY, {"any": counts}), "any", at_most=6.0)
    for found in fit.excitations:
        assert not found.informed or found.times < 1.5
    assert fit.log_likelihood - fit.null_log_likelihood < 8


def test_excitation_balances_the_counts_of_every_dyad() -> None:
    data = record(days=400)
    fit = fit_excitation(data, "any", at_most=6.0)
    assert fit.log_likelihood > fit.null_log_likelihood
    assert fit.base_rates.shape == (12,)
    assert np.all(fit.base_rates <= data.happened("any").mean(axis=1) * 1.05), "rest is calmer than the mean"
    low, high = fit.excitations[0].range_of_half_life()
    assert low < fit.excitations[0].half_life < high
    low, high = fit.excitations[0].range_of_times()
    assert 1 < low < fit.excitations[0].times < high


def test_excitation_needs_a_ceiling_and_an_event() -> None:
    with pytest.raises(TableError, match=r"at_most: 1 is not above 1\. A usual ceiling is 6"):
        fit_excitation(record(), "any", at_most=1.0)
    empty = DyadDays(("A", "B"), MONDAY, {"any": np.zeros((2, 2, 50))})
    with pytest.raises(ConvergenceError, match="there is no event of kind 'any'"):
        fit_excitation(empty, "any", at_most=6.0)
