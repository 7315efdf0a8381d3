"""Scores: proper, negatively oriented, honest about the unresolved, and equal to another library's."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scoringrules as sr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import detente.scoring as scoring
from detente.errors import ForecastError
from detente.scoring import (
    CdfPair,
    brier_score,
    calibration_curve,
    crps_ensemble,
    crps_exponential,
    crps_lognormal,
    crps_normal,
    crps_poisson,
    decompose,
    ensemble_cdf,
    log_score,
    paired_difference,
    poisson_cdf,
    randomised_pit,
    ranked_probability_score,
    settled_outcome,
    skill_score,
    uniformity_check,
)

RNG = np.random.default_rng(20241130)
NAN = float("nan")

checked = settings(derandomize=True, deadline=None, max_examples=300, database=None)
probability = st.floats(0, 1, allow_subnormal=False)
inner = st.floats(0.001, 0.999)


@st.composite
def distributions(draw: Any, k: int) -> np.ndarray:
    weight = np.array(draw(st.lists(st.floats(0.01, 1), min_size=k, max_size=k)))
    return weight / weight.sum()


@st.composite
def judged(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts (with ties) and answers."""
    n = draw(st.integers(1, 30))
    p = draw(st.lists(st.integers(0, 10), min_size=n, max_size=n))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    return np.array(p) / 10, np.array(y, dtype=float)


# --- proper: the truth minimises the expected score -------------------------------------------------------


@checked
@given(truth=probability, other=probability)
def test_brier_and_log_scores_are_proper(truth: float, other: float) -> None:
    def expected(score: Any, q: float) -> float:
        terms = [w * float(score(q, y)) for w, y in ((1 - truth, 0), (truth, 1)) if w > 0]
        return sum(terms)

    for score in (brier_score, log_score):
        assert expected(score, truth) <= expected(score, other) + 1e-12


@checked
@given(truth=inner, gap=st.floats(0.01, 0.5))
def test_brier_score_is_strictly_proper(truth: float, gap: float) -> None:
    other = truth + gap if truth <= 0.5 else truth - gap
    excess = [brier_score(other, y) - brier_score(truth, y) for y in (0, 1)]
    assert float((1 - truth) * excess[0] + truth * excess[1]) == pytest.approx(gap**2, rel=1e-9)


@checked
@given(truth=distributions(4), other=distributions(4))
def test_ranked_probability_score_is_proper(truth: np.ndarray, other: np.ndarray) -> None:
    y = np.arange(4)
    expected = truth @ ranked_probability_score(truth, y)
    assert expected <= truth @ ranked_probability_score(other, y) + 1e-12


@checked
@given(truth=distributions(5), other=distributions(5))
def test_crps_of_a_discrete_law_is_proper(truth: np.ndarray, other: np.ndarray) -> None:
    """An ensemble whose members stand for the law, by exact repetition, keeps the score proper."""

    def law(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        counts = np.maximum(1, np.round(weights * 60).astype(int))
        return np.repeat(np.arange(5.0), counts), counts / counts.sum()

    members, weights = law(truth)
    rivals, _ = law(other)
    y = np.arange(5.0)
    ours = weights @ np.array([float(crps_ensemble(members, value)) for value in y])
    theirs = weights @ np.array([float(crps_ensemble(rivals, value)) for value in y])
    assert ours <= theirs + 1e-12


@checked
@given(rate=st.floats(0.1, 20), other=st.floats(0.1, 20))
def test_crps_poisson_is_proper(rate: float, other: float) -> None:
    y = np.arange(200.0)
    weights = stats.poisson.pmf(y, rate)
    assert weights @ crps_poisson(rate, y) <= weights @ crps_poisson(other, y) + 1e-9


@checked
@given(mu=st.floats(-3, 3), shift=st.floats(-2, 2), scale=st.floats(0.3, 3))
def test_crps_normal_is_proper(mu: float, shift: float, scale: float) -> None:
    y = mu + stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    truth = crps_normal(mu, 1.0, y).mean()
    assert truth <= crps_normal(mu + shift, scale, y).mean() + 1e-4


# --- equal to scoringrules and to integration -------------------------------------------------------------


def test_scores_equal_scoringrules() -> None:
    p, y = RNG.random(500), RNG.integers(0, 2, 500)
    np.testing.assert_allclose(brier_score(p, y), sr.brier_score(y, p), rtol=0, atol=1e-15)
    np.testing.assert_allclose(log_score(p, y), sr.log_score(y, p), rtol=1e-12)
    weights = RNG.dirichlet(np.ones(5), 500)
    category = RNG.integers(0, 5, 500)
    np.testing.assert_allclose(
        ranked_probability_score(weights, category), sr.rps_score(category + 1, weights), atol=1e-14
    )


def test_crps_equals_scoringrules() -> None:
    y = RNG.normal(size=200) * 3
    members = RNG.normal(size=(200, 23))
    np.testing.assert_allclose(crps_ensemble(members, y), sr.crps_ensemble(y, members), atol=1e-13)
    np.testing.assert_allclose(
        crps_ensemble(members, y, fair=True), sr.crps_ensemble(y, members, estimator="fair"), atol=1e-13
    )
    np.testing.assert_allclose(crps_normal(0.4, 1.7, y), sr.crps_normal(y, 0.4, 1.7), atol=1e-13)
    np.testing.assert_allclose(
        crps_exponential(0.7, np.abs(y)), sr.crps_exponential(np.abs(y), 0.7), atol=1e-13
    )
    np.testing.assert_allclose(
        crps_lognormal(0.4, 0.7, np.exp(y)), sr.crps_lognormal(np.exp(y), 0.4, 0.7), rtol=1e-12
    )
    count = RNG.integers(0, 40, 200).astype(float)
    np.testing.assert_allclose(crps_poisson(11.5, count), sr.crps_poisson(count, 11.5), atol=1e-11)


@pytest.mark.parametrize(
    ("law", "score"),
    [
        (stats.norm(0.4, 1.7), lambda y: crps_normal(0.4, 1.7, y)),
        (stats.lognorm(0.7, scale=np.exp(0.4)), lambda y: crps_lognormal(0.4, 0.7, y)),
        (stats.expon(scale=1 / 0.7), lambda y: crps_exponential(0.7, y)),
    ],
)
@pytest.mark.parametrize("y", [-0.8, 0.0, 0.3, 2.9])
def test_closed_forms_equal_the_integral(law: Any, score: Any, y: float) -> None:
    x = np.linspace(-40, 60, 400_001)
    integrand = np.square(law.cdf(x) - (x >= y))
    assert float(score(y)) == pytest.approx(float(np.trapezoid(integrand, x)), abs=3e-4)


def test_crps_ensemble_approaches_the_closed_form() -> None:
    members = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    assert float(crps_ensemble(members, 0.3)) == pytest.approx(float(crps_normal(0, 1, 0.3)), abs=1e-4)


def test_fair_crps_has_no_bias_from_a_small_ensemble() -> None:
    members, y = RNG.normal(size=(200_000, 3)), RNG.normal(size=200_000)
    expected = float(crps_normal(0, 1, y).mean())
    assert float(crps_ensemble(members, y, fair=True).mean()) == pytest.approx(expected, abs=0.006)
    assert float(crps_ensemble(members, y).mean()) > expected + 0.1


@checked
@given(weights=distributions(2), y=st.integers(0, 1))
def test_two_ranked_categories_are_the_brier_score(weights: np.ndarray, y: int) -> None:
    assert float(ranked_probability_score(weights, y)) == pytest.approx(float(brier_score(weights[1], y)))


# --- NaN is never a no -------------------------------------------------------------------------------------


def test_unresolved_gives_nan_everywhere() -> None:
    scores = [
        brier_score(0.3, NAN),
        log_score(0.3, NAN),
        log_score(0.0, NAN),
        ranked_probability_score([0.3, 0.7], NAN),
        crps_ensemble([1.0, 2.0], NAN),
        crps_normal(0, 1, NAN),
        crps_lognormal(0, 1, NAN),
        crps_exponential(1, NAN),
        crps_poisson(1, NAN),
        *poisson_cdf(1, NAN),
        *ensemble_cdf([1.0, 2.0], NAN),
        randomised_pit(NAN, NAN),
    ]
    assert all(np.isnan(score) for score in scores)


def test_unresolved_questions_change_no_mean() -> None:
    p, y = RNG.random(200), RNG.integers(0, 2, 200).astype(float)
    more_p, more_y = np.append(p, [0.9, 0.1]), np.append(y, [NAN, NAN])
    whole, padded = decompose(p, y), decompose(more_p, more_y)
    assert padded.mean_score == whole.mean_score
    assert (padded.n, padded.n_unresolved) == (200, 2)
    curve = calibration_curve(more_p, more_y, resamples=20)
    assert (curve.n, curve.n_unresolved, curve.count.sum()) == (200, 2, 200)
    scores = brier_score(more_p, more_y)
    assert skill_score(scores, np.full(202, 0.25)) == skill_score(scores[:200], np.full(200, 0.25))
    assert paired_difference(scores, np.full(202, 0.25)).n_unresolved == 2
    low, high = poisson_cdf(3.0, np.array([1.0, 4.0, NAN]))
    assert uniformity_check(low, high).n_unresolved == 1


def test_early_yes_and_late_no_do_not_bias() -> None:
    """Of honest forecasts, judging what is resolved looks biased; judging what has closed does not."""
    n = 200_000
    p = RNG.random(n) * 0.6
    happens = RNG.random(n) < p
    closes = RNG.uniform(0, 100, n)
    resolved_at = np.where(happens, closes * RNG.random(n), closes)
    known = np.where(resolved_at <= 50, happens.astype(float), NAN)
    naive = float(np.nanmean(known) - p[~np.isnan(known)].mean())
    settled = settled_outcome(known, closes, as_of=50)
    honest = float(np.nanmean(settled) - p[~np.isnan(settled)].mean())
    assert naive > 0.05
    assert abs(honest) < 0.005


# --- skill and paired differences --------------------------------------------------------------------------


def test_clustered_error_is_that_of_the_cluster_means() -> None:
    """With equal clusters, the error is the standard error of the means of the clusters."""
    ours, theirs = RNG.normal(size=(30, 8)), RNG.normal(size=(30, 8))
    label = np.repeat(np.arange(30), 8)
    found = paired_difference(ours.ravel(), theirs.ravel(), cluster=label)
    means = (ours - theirs).mean(axis=1)
    assert found.mean == pytest.approx(means.mean())
    assert found.error == pytest.approx(means.std(ddof=1) / np.sqrt(30))
    assert found.z == pytest.approx(found.mean / found.error)
    alone = paired_difference(ours.ravel(), theirs.ravel())
    assert alone.error == pytest.approx((ours - theirs).std(ddof=1) / np.sqrt(240))


def test_skill_is_zero_for_the_reference_and_one_for_perfection() -> None:
    reference = RNG.random(10) + 0.1
    assert skill_score(reference, reference) == 0.0
    assert skill_score(np.zeros(10), reference) == 1.0
    assert skill_score(2 * reference, reference) == pytest.approx(-1.0)


# --- calibration --------------------------------------------------------------------------------------------


@checked
@given(pair=judged())
def test_decomposition_adds_up_and_no_term_is_negative(pair: tuple[np.ndarray, np.ndarray]) -> None:
    p, y = pair
    found = decompose(p, y)
    assert found.mean_score == pytest.approx(found.miscalibration - found.discrimination + found.uncertainty)
    assert min(found.miscalibration, found.discrimination, found.uncertainty) >= -1e-12
    assert found.mean_score == pytest.approx(float(brier_score(p, y).mean()))


@checked
@given(pair=judged())
def test_order_of_the_questions_does_not_matter(pair: tuple[np.ndarray, np.ndarray]) -> None:
    p, y = pair
    there, back = calibration_curve(p, y, resamples=5), calibration_curve(p[::-1], y[::-1], resamples=5)
    np.testing.assert_allclose(there.observed, back.observed, atol=1e-12)
    np.testing.assert_array_equal(there.lower, back.lower)
    assert np.all(np.diff(there.observed) >= -1e-12)
    assert np.all(np.diff(there.forecast) > 0)


def test_curve_is_the_pooled_frequency_of_violators() -> None:
    curve = calibration_curve([0.1, 0.2, 0.3, 0.4, 0.5], [0, 1, 0, 1, 1], resamples=10)
    np.testing.assert_allclose(curve.observed, [0, 0.5, 0.5, 1, 1])


def test_relabelling_leaves_only_discrimination() -> None:
    p = RNG.random(3000)
    y = (RNG.random(3000) < p).astype(float)
    honest, shrunk = decompose(p, y), decompose(0.25 + 0.5 * p, y)
    assert shrunk.discrimination == pytest.approx(honest.discrimination, abs=1e-12)
    assert shrunk.miscalibration > honest.miscalibration + 0.01
    logs = decompose(p, y, score="log")
    assert logs.mean_score == pytest.approx(logs.miscalibration - logs.discrimination + logs.uncertainty)


def test_band_holds_what_it_claims() -> None:
    """Pointwise: at 90 %, honest forecasts leave the band in about a tenth of the points."""
    p = np.repeat(np.linspace(0.05, 0.95, 10), 200)
    inside = []
    for i in range(100):
        y = np.random.default_rng(i).random(p.size) < p
        curve = calibration_curve(p, y, resamples=200, seed=1000 + i)
        inside.append((curve.lower <= curve.observed) & (curve.observed <= curve.upper))
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)


def test_band_shows_overconfidence() -> None:
    p = np.repeat([0.02, 0.98], 500)
    y = RNG.random(1000) < np.repeat([0.2, 0.8], 500)
    curve = calibration_curve(p, y)
    assert curve.observed[0] > curve.upper[0]
    assert curve.observed[1] < curve.lower[1]


# --- PIT ----------------------------------------------------------------------------------------------------


def test_pit_of_the_right_law_is_uniform() -> None:
    y = RNG.poisson(2.3, 5000)
    u = randomised_pit(*poisson_cdf(2.3, y), seed=3)
    assert stats.kstest(u, "uniform").pvalue > 0.01
    assert np.all((u >= 0) & (u <= 1))
    assert not np.array_equal(u, randomised_pit(*poisson_cdf(2.3, y), seed=4))


def test_pit_of_an_ensemble_is_uniform_when_the_outcome_is_one_more_draw() -> None:
    draws = RNG.poisson(0.8, (20_000, 8)).astype(float)
    u = randomised_pit(*ensemble_cdf(draws[:, 1:], draws[:, 0]))
    assert stats.kstest(u, "uniform").pvalue > 0.01


@pytest.mark.parametrize(("width", "passes"), [(1.0, True), (2.0, False), (0.5, False)])
def test_check_catches_padding_as_well_as_narrowness(width: float, passes: bool) -> None:
    y = RNG.normal(size=60)
    u = stats.norm.cdf(y / width)
    found = uniformity_check(u, u)
    assert (found.p_chi2 > 0.01) is passes
    if width == 2.0:
        assert np.mean(np.abs(y) < 1.645 * width) > 0.95, "coverage would have let it pass"


def test_check_against_simulations_knows_that_counts_hang_together() -> None:
    """Sixty counts that share one error: theory cries wolf, the model's own simulations do not."""

    def data(count: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        shared, own = rng.normal(size=(count, 1)), rng.normal(size=(count, 60))
        return np.asarray(stats.norm.cdf(np.sqrt(0.8) * shared + np.sqrt(0.2) * own))

    simulated = data(400, 1)
    alarms = {"theory": 0, "simulated": 0}
    for row in data(100, 2):
        alarms["theory"] += uniformity_check(row, row, randomisations=1).p_chi2 < 0.05
        check = uniformity_check(row, row, randomisations=1, simulated=CdfPair(simulated, simulated))
        assert check.simulated
        alarms["simulated"] += check.p_chi2 < 0.05
    assert alarms["theory"] > 50
    assert alarms["simulated"] < 12


def test_check_is_the_same_on_every_call() -> None:
    pair = poisson_cdf(1.4, RNG.poisson(1.4, 80))
    assert uniformity_check(*pair) == uniformity_check(*pair)
    assert uniformity_check(*pair) != uniformity_check(*pair, seed=1)


# --- bad input ----------------------------------------------------------------------------------------------

REFUSED: list[tuple[Any, tuple[Any, ...], dict[str, Any], str]] = [
    (brier_score, (40, 1), {}, "forecast: 40 lies outside [0, 1]. Percentages are divided by 100."),
    (brier_score, (-0.1, 1), {}, "forecast: -0.1 lies outside [0, 1]."),
    (brier_score, (NAN, 1), {}, "forecast: nan is not finite. Leave out forecasts that were not made."),
    (brier_score, (0.5, 2), {}, "outcome: 2 is not an answer. Allowed: 0 (no), 1 (yes), NaN"),
    (brier_score, (0.5, "yes"), {}, "outcome: it must be numbers"),
    (log_score, (0.5, 1), {"clip": 0.5}, "clip: 0.5 lies outside [0, 0.5)"),
    (ranked_probability_score, ([0.5, 0.6], 1), {}, "forecast: 1.1 is the sum of one row, and must be 1."),
    (ranked_probability_score, ([0.5, 0.5], 2), {}, "outcome: 2 is no category. Categories are 0 to 1."),
    (ranked_probability_score, (0.5, 0), {}, "at least two"),
    (crps_ensemble, ([1.0], 1.0), {"fair": True}, "two for `fair`"),
    (crps_ensemble, (1.0, 1.0), {}, "members lie on the last axis"),
    (crps_normal, (0, 0, 1), {}, "sd: 0 is not above zero."),
    (crps_poisson, (1, 0.5), {}, "outcome: 0.5 is not a count."),
    (crps_normal, (0, 1, np.inf), {}, "outcome: inf is not finite. Write NaN"),
    (skill_score, ([NAN], [1.0]), {}, "no question is resolved"),
    (skill_score, ([1.0], [0.0]), {}, "skill needs a reference above zero"),
    (paired_difference, ([1.0, 2.0], [1.0, 1.0]), {"cluster": [1, 1]}, "an error needs at least two"),
    (paired_difference, ([1.0, 2.0], [1.0, 1.0]), {"cluster": [1]}, "1 labels for 2 scores"),
    (decompose, ([0.5], [NAN]), {}, "no question is resolved"),
    (decompose, ([0.5], [1]), {"score": "spherical"}, "there is no 'spherical'. Allowed: brier, log."),
    (calibration_curve, ([0.5], [1]), {"level": 90}, "level: 90 lies outside (0, 1)"),
    (calibration_curve, ([0.5], [1]), {"resamples": 1}, "resamples: 1 is too few"),
    (randomised_pit, (0.5, 0.2), {}, "Is the order of the arguments right?"),
    (uniformity_check, ([NAN], [NAN]), {}, "no question is resolved"),
    (uniformity_check, ([0.5], [0.5]), {"randomisations": 0}, "randomisations: 0 is too few"),
    (
        uniformity_check,
        ([0.5], [0.5]),
        {"simulated": CdfPair(np.array([0.5]), np.array([0.5]))},
        "(simulations, 1)",
    ),
    (settled_outcome, ([1], [NAN], 3.0), {}, "closes: nan is not finite"),
]


@pytest.mark.parametrize(("function", "args", "options", "words"), REFUSED)
def test_bad_arguments_are_refused_with_a_reason(
    function: Any, args: tuple[Any, ...], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ForecastError) as problem:
        function(*args, **options)
    assert words in str(problem.value)


def test_impossible_things_that_happen_score_infinity_unless_clipped() -> None:
    assert float(log_score(0.0, 1)) == np.inf
    assert float(log_score(1.0, 0)) == np.inf
    assert float(log_score(0.0, 0)) == 0.0
    assert float(log_score(0.0, 1, clip=1e-4)) == pytest.approx(-np.log(1e-4))


# --- the package --------------------------------------------------------------------------------------------


def test_scoring_imports_nothing_but_errors() -> None:
    """Arrays only: the package knows no crisis, ledger or engine."""
    for file in Path(scoring.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("detente"):
                assert node.module == "detente.errors" or node.module.startswith("detente.scoring"), file


def test_every_public_name_is_documented() -> None:
    for name in scoring.__all__:
        assert (getattr(scoring, name).__doc__ or "").strip(), name
