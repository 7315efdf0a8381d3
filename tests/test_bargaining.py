"""Bargaining: what each rule promises of order, scale, clones and mirrors, and where it does not hold."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import detente.bargaining as bargaining
from detente.bargaining import (
    ActorTableError,
    adjust,
    compare_rules,
    compromise,
    condorcet_election,
    condorcet_probabilities,
    exchange,
    expected_utilities,
    expected_utility_rounds,
    influence_effects,
    leader_veto,
    parse_actor_table,
    predictive_spread,
    read_actor_table,
    spatial_model,
    weighted_median,
)
from detente.bargaining.election import ELECTION_RULES, VICTORY_RULES, VOTE_RULES
from detente.errors import TableError

CASES = Path(__file__).parent / "cases" / "bargaining"
GRID = np.linspace(0, 100, 11)

# Emission standards of small cars (Bueno de Mesquita 1994), on a scale from 0 to 100; France is number 4.
EMISSION = (
    (np.array([4, 7, 4, 4, 10, 10, 10, 7, 4, 7.0]) - 4) / 6 * 100,
    np.array([0.08, 0.08, 0.03, 0.16, 0.16, 0.16, 0.16, 0.05, 0.05, 0.08]),
    np.array([0.8, 0.4, 0.2, 0.8, 0.6, 0.6, 0.9, 0.1, 1.0, 0.7]),
)
FRANCE = 4

checked = settings(derandomize=True, deadline=None, max_examples=60, database=None)


@st.composite
def groups(draw: Any, smallest: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions, influence and salience of a few actors, ties and extremes included."""
    n = draw(st.integers(smallest, 6))

    def column(low: float, high: float, step: float) -> np.ndarray:
        numbers = st.integers(round(low / step), round(high / step))
        return np.array(draw(st.lists(numbers, min_size=n, max_size=n))) * step

    return column(0, 100, 5), column(0.1, 5, 0.1), column(0.05, 1, 0.05)


def split(group: tuple[np.ndarray, ...], actor: int) -> tuple[np.ndarray, ...]:
    """The same group with one actor cut into two equal halves."""
    x, c, s = (np.append(array, array[actor]) for array in group)
    c[[actor, -1]] /= 2
    return x, c, s


# --- compromise and median --------------------------------------------------------------------------------


@checked
@given(groups(), st.randoms(use_true_random=False))
def test_order_of_actors_never_matters(group, random):
    order = list(range(len(group[0])))
    random.shuffle(order)
    moved = tuple(array[order] for array in group)
    assert compromise(*moved) == pytest.approx(compromise(*group), abs=1e-9)
    assert weighted_median(*moved) == weighted_median(*group)
    assert influence_effects(*moved) == pytest.approx(influence_effects(*group)[order], abs=1e-9)
    assert predictive_spread(*moved).deviation == pytest.approx(predictive_spread(*group).deviation, abs=1e-9)
    for rule in ELECTION_RULES:
        here = condorcet_election(*group, options=GRID, rule=rule)
        assert condorcet_election(*moved, options=GRID, rule=rule) == pytest.approx(here, abs=1e-9)


@checked
@given(groups(), st.data())
def test_compromise_median_and_election_do_not_see_clones(group, data):
    clones = split(group, data.draw(st.integers(0, len(group[0]) - 1)))
    assert compromise(*clones) == pytest.approx(compromise(*group), abs=1e-9)
    assert weighted_median(*clones) == weighted_median(*group)
    assert predictive_spread(*clones).deviation == pytest.approx(
        predictive_spread(*group).deviation, abs=1e-6
    )
    here = condorcet_election(*group, options=GRID)
    assert condorcet_election(*clones, options=GRID) == pytest.approx(here, abs=1e-9)


@checked
@given(groups(), st.floats(-50, 50), st.floats(0.01, 50))
def test_a_change_of_scale_carries_over(group, shift, factor):
    x, c, s = group
    there = shift + factor * x
    ends = {"lower": shift, "upper": shift + factor * 100}
    assert compromise(there, c, s) == pytest.approx(shift + factor * compromise(*group), rel=1e-9, abs=1e-9)
    assert weighted_median(there, c, s) == pytest.approx(shift + factor * weighted_median(*group), abs=1e-9)
    ends["lower"], ends["upper"] = min(ends["lower"], there.min()), max(ends["upper"], there.max())
    spread = predictive_spread(there, c, s, **ends)
    assert spread.deviation == pytest.approx(factor * predictive_spread(*group).deviation, rel=1e-6)
    elected = condorcet_election(there, c, s, options=shift + factor * GRID, **ends)
    assert elected == pytest.approx(condorcet_election(*group, options=GRID), abs=1e-6)


@checked
@given(groups())
def test_the_mirror_image_is_decided_in_the_mirror(group):
    x, c, s = group
    assert compromise(100 - x, c, s) == pytest.approx(100 - compromise(*group), abs=1e-9)
    assert influence_effects(100 - x, c, s) == pytest.approx(-influence_effects(*group), abs=1e-9)
    for vote in VOTE_RULES:
        here = condorcet_election(*group, options=GRID, vote=vote)
        assert condorcet_election(100 - x, c, s, options=GRID, vote=vote)[::-1] == pytest.approx(
            here, abs=1e-9
        )


@checked
@given(groups())
def test_the_median_is_mirrored_unless_the_weight_is_split_in_half(group):
    x, c, s = group
    weight = c * s
    halves = [weight[x <= place].sum() / weight.sum() for place in np.unique(x)]
    here, there = weighted_median(*group), 100 - weighted_median(100 - x, c, s)
    if np.min(np.abs(np.array(halves) - 0.5)) > 1e-9:
        assert there == here
    else:
        assert there >= here


def test_a_median_tie_goes_to_the_lower_position():
    assert weighted_median([20, 80], [1, 1]) == 20
    assert 100 - weighted_median([80, 20], [1, 1]) == 80
    assert (
        weighted_median([20, 50, 80], [0.1, 0.1, 0.2]) == weighted_median([80, 50, 20], [0.2, 0.1, 0.1]) == 50
    )


@checked
@given(groups(), st.data(), st.floats(1.01, 10))
def test_more_influence_draws_the_compromise_nearer(group, data, factor):
    x, c, s = group
    i = data.draw(st.integers(0, len(x) - 1))
    stronger = c.copy()
    stronger[i] *= factor
    before, after = compromise(*group), compromise(x, stronger, s)
    assert abs(x[i] - after) <= abs(x[i] - before) + 1e-9
    assert (after - before) * (x[i] - before) >= -1e-9
    assert abs(x[i] - weighted_median(x, stronger, s)) <= abs(x[i] - weighted_median(*group))


@checked
@given(groups(), st.data())
def test_influence_effects_are_the_derivative(group, data):
    x, c, s = group
    i = data.draw(st.integers(0, len(x) - 1))
    step = np.zeros_like(c)
    step[i] = 1e-6 * c[i]
    slope = (compromise(x, c + step, s) - compromise(x, c - step, s)) / (2 * step[i])
    assert influence_effects(*group)[i] == pytest.approx(slope, rel=1e-5, abs=1e-6)


@checked
@given(groups())
def test_outcomes_lie_among_the_positions(group):
    x = group[0]
    assert x.min() - 1e-9 <= compromise(*group) <= x.max() + 1e-9
    assert weighted_median(*group) in x
    assert weighted_median(*group) == min(np.unique(x), key=lambda o: (round(float(_loss(group, o)), 9), o))


def _loss(group: tuple[np.ndarray, ...], option: float) -> float:
    """Weighted distance to an option: the median has the least, and of equals is the lowest."""
    x, c, s = group
    return float((c * s * np.abs(x - option)).sum())


def test_many_draws_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(4)
    x, c, s = rng.uniform(0, 100, (5, 3, 4)), rng.uniform(0.1, 1, (3, 4)), rng.uniform(0.1, 1, 4)
    for function in (compromise, weighted_median, influence_effects):
        together = function(x, c, s)
        for place in np.ndindex(5, 3):
            assert together[place] == pytest.approx(function(x[place], c[place[1]], s), abs=1e-12)
    for rule in ELECTION_RULES:
        together = condorcet_election(x, c, s, options=GRID, rule=rule)
        for place in np.ndindex(5, 3):
            alone = condorcet_election(x[place], c[place[1]], s, options=GRID, rule=rule)
            assert together[place] == pytest.approx(alone, abs=1e-12)


# --- veto, inertia, spread --------------------------------------------------------------------------------

numbers = st.floats(0, 100)


@checked
@given(numbers, numbers, numbers)
def test_a_leader_accepts_nothing_worse_than_the_status_quo(choice, ideal, status_quo):
    for rule in ("concede", "block"):
        outcome = float(leader_veto(choice, ideal=ideal, status_quo=status_quo, rule=rule))
        assert abs(outcome - ideal) <= abs(status_quo - ideal) + 1e-9
        assert leader_veto(outcome, ideal=ideal, status_quo=status_quo, rule=rule) == pytest.approx(outcome)
        if abs(choice - ideal) <= abs(status_quo - ideal):
            assert outcome == pytest.approx(choice, abs=1e-9)
    assert leader_veto(choice, ideal=ideal, status_quo=status_quo, rule="block") in (choice, status_quo)


@checked
@given(numbers, numbers, st.floats(0, 500), st.floats(0, 500), st.floats(0.1, 1000))
def test_inertia_does_not_depend_on_the_step(policy, target, first, second, inertia):
    halfway = adjust(policy, target, elapsed=first, inertia=inertia)
    there = adjust(halfway, target, elapsed=second, inertia=inertia)
    assert there == pytest.approx(adjust(policy, target, elapsed=first + second, inertia=inertia), abs=1e-9)
    assert min(policy, target) - 1e-9 <= there <= max(policy, target) + 1e-9
    assert adjust(policy, target, elapsed=0, inertia=inertia) == policy


@checked
@given(groups(), st.floats(0.01, 0.99))
def test_the_spread_is_a_distribution_on_the_scale(group, probability):
    spread = predictive_spread(*group)
    value = float(spread.quantile(probability))
    assert 0 <= value <= 100
    if 0 < value < 100:
        assert spread.cdf(value) == pytest.approx(probability, abs=1e-9)
    assert np.all(np.diff(spread.cdf(np.linspace(-10, 110, 50))) >= 0)
    assert spread.cdf(-0.1) == 0
    assert spread.cdf(100) == 1


def test_draws_from_a_spread_follow_it():
    spread = predictive_spread([[20, 40], [90, 100]], [1, 1])
    draws = spread.draw(np.random.default_rng(1), 20_000)
    assert draws.shape == (20_000, 2)
    # 4 standard errors of a proportion of ½: a false alarm in about 6 of 100 000 runs, and the seed is fixed.
    assert np.abs((draws <= spread.quantile(0.5)).mean(axis=0) - 0.5).max() < 4 * 0.5 / np.sqrt(20_000)
    assert (draws[:, 1] == 100).mean() == pytest.approx(1 - spread.cdf(99.999)[1], abs=0.015)


# --- election ---------------------------------------------------------------------------------------------


@checked
@given(
    groups(),
    st.sampled_from(VOTE_RULES),
    st.sampled_from(sorted(VICTORY_RULES)),
    st.sampled_from(ELECTION_RULES),
)
def test_an_election_is_a_distribution(group, vote, victory, rule):
    p = condorcet_election(*group, options=GRID, vote=vote, victory=victory, rule=rule)
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert p.min() >= 0


@checked
@given(st.lists(st.lists(st.integers(1, 50), min_size=4, max_size=4), min_size=4, max_size=4))
def test_the_markov_rules_stand_still_under_their_own_step(rows):
    strength = np.array(rows, dtype=float)
    win = strength / (strength + strength.T)
    incentive = strength * win
    for rule, challenge in (
        ("markov_uniform", np.full((4, 4), 0.25)),
        ("markov_incentive", (incentive + 1e-10 * np.eye(4)) / (incentive + 1e-10 * np.eye(4)).sum(axis=0)),
    ):
        p = condorcet_probabilities(strength, rule=rule)
        step = (win * (p[:, None] * challenge.T + p * challenge)).sum(axis=1)
        assert step == pytest.approx(p, abs=1e-10)


def test_stronger_rules_of_victory_settle_more():
    group = ([20, 50, 90], [1, 2, 1])
    likely = [
        condorcet_election(*group, options=[0, 50, 100], victory=victory)[1] for victory in VICTORY_RULES
    ]
    assert likely == sorted(likely)
    assert likely[-1] > 0.99
    unanimous = condorcet_election([40, 40], [1, 2], options=GRID, rule="markov_incentive")
    assert unanimous[4] == pytest.approx(1, abs=1e-6)


def test_an_asymmetric_vote_counts_gains_only_and_changes_nothing():
    plain = condorcet_election(*EMISSION, options=GRID)
    assert condorcet_election(*EMISSION, options=GRID, vote="asymmetric") == pytest.approx(plain, abs=1e-6)


def test_elections_on_held_positions_jump_at_a_near_clone_and_on_a_grid_do_not():
    x, c, s = EMISSION
    near = x.copy()
    near[FRANCE] -= 1.0
    held = [condorcet_election(y, c, s, options=np.unique(y)) @ np.unique(y) for y in (x, near)]
    grid = [condorcet_election(y, c, s, options=GRID) @ GRID for y in (x, near)]
    assert held[1] - held[0] > 8
    assert abs(grid[1] - grid[0]) < 0.2
    assert abs(compromise(near, c, s) - compromise(x, c, s)) < 0.2


def test_on_a_finer_grid_the_conditional_election_shrinks_to_the_median_and_the_markov_rules_settle():
    spread, mean = {}, {}
    for rule in ELECTION_RULES:
        for m in (11, 101):
            grid = np.linspace(0, 100, m)
            p = condorcet_election(*EMISSION, options=grid, rule=rule)
            mean[rule, m] = p @ grid
            spread[rule, m] = np.sqrt(p @ (grid - p @ grid) ** 2)
    assert spread["conditional", 101] < 0.25 * spread["conditional", 11]
    assert abs(mean["conditional", 101] - weighted_median(*EMISSION)) < 4
    for rule in ("markov_uniform", "markov_incentive"):
        assert abs(mean[rule, 101] - mean[rule, 11]) < 1
        assert spread[rule, 101] > 0.9 * spread[rule, 11]


# --- models in rounds -------------------------------------------------------------------------------------


@checked
@given(groups(), st.randoms(use_true_random=False))
def test_order_never_matters_in_the_models_in_rounds(group, random):
    order = list(range(len(group[0])))
    random.shuffle(order)
    moved = tuple(array[order] for array in group)
    for variant in ("code", "printed"):
        here = expected_utility_rounds(*group, variant=variant, rounds=3)
        there = expected_utility_rounds(*moved, variant=variant, rounds=3)
        assert there.median == pytest.approx(here.median, abs=1e-6)
        assert there.positions == pytest.approx(here.positions[:, order], abs=1e-6)
    here, there = spatial_model(*group, max_turns=3), spatial_model(*moved, max_turns=3)
    # Actors alike in all three respects may change places with one another.
    for before, after in zip(here.positions, there.positions, strict=True):
        assert _rows(after[:, 0], *moved[1:]) == pytest.approx(_rows(before[:, 0], *group[1:]), abs=1e-6)


def _rows(*columns: np.ndarray) -> np.ndarray:
    """Rows of a table in an order of their own."""
    table = np.stack(columns, axis=1).round(6)
    return table[np.lexsort(table.T)]


def test_listed_ties_depend_on_the_order_and_the_default_does_not():
    group = (np.array([25, 0, 50, 100.0]), np.array([2, 3, 2, 3.0]), np.array([0.25, 0.5, 0.5, 0.25]))
    turned = tuple(array[::-1] for array in group)
    means = {
        ties: [
            expected_utility_rounds(*g, variant="printed", rounds=1, ties=ties).mean[1]
            for g in (group, turned)
        ]
        for ties in ("listed", "stronger")
    }
    assert means["stronger"] == pytest.approx([50, 50])
    assert means["listed"] == pytest.approx([50, 56 + 2 / 3])


def test_the_printed_equations_and_the_spatial_model_are_mirrored_and_the_code_is_not():
    x, c, s = EMISSION
    for variant, rounds, same in (("printed", 8, True), ("code", 3, True), ("code", 6, False)):
        here = expected_utility_rounds(x, c, s, variant=variant, rounds=rounds).median
        there = 100 - expected_utility_rounds(100 - x, c, s, variant=variant, rounds=rounds).median
        assert bool(np.abs(there - here).max() < 1e-6) is same
    turned = 100 - spatial_model(100 - x, c, s, max_turns=10).positions
    assert turned == pytest.approx(spatial_model(x, c, s, max_turns=10).positions, abs=0.02)


def test_clones_move_the_spatial_model_far_and_the_code_a_little():
    whole, halves = EMISSION, split(EMISSION, FRANCE)
    for group, expected in ((whole, 40.4), (halves, 59.8)):
        last = spatial_model(*group, max_turns=10).positions[-1, :, 0]
        assert compromise(last, *group[1:]) == pytest.approx(expected, abs=0.05)
    medians = [
        expected_utility_rounds(*group, variant="code", rounds=6).median[6] for group in (whole, halves)
    ]
    assert (np.array(medians) * 0.06 + 4).round(2).tolist() == [7.47, 7.00]


def test_the_models_in_rounds_do_not_feel_a_change_of_scale():
    x, c, s = EMISSION
    years = 4 + x * 0.06
    here = expected_utility_rounds(x, c, s, variant="code", rounds=5).positions
    assert 4 + here * 0.06 == pytest.approx(expected_utility_rounds(years, c, s, variant="code").positions)
    turns = spatial_model(years, c, s, lower=4, upper=10, max_turns=8).positions
    assert turns == pytest.approx(4 + spatial_model(x, c, s, max_turns=8).positions * 0.06)


def test_no_disagreement_no_movement():
    agreed = ([30, 30, 30], [1, 2, 3], [0.5, 0.4, 0.3])
    for variant in ("code", "printed"):
        assert np.all(expected_utility_rounds(*agreed, variant=variant, no_change=0.5).positions == 30)
    assert spatial_model(*agreed).positions == pytest.approx(np.full((3, 3, 1), 30.0))
    assert expected_utility_rounds(*agreed, variant="code", rounds=0).positions.shape == (1, 3)


def test_compulsion_can_be_left_out():
    group = ([100, 0, 40], [4, 1, 3], [0.7, 0.8, 1.0])
    pairs = expected_utilities(*group, variant="printed")
    compelled = (pairs.own < 0) & (pairs.other > 0) & (pairs.other <= -pairs.own)
    forced = expected_utility_rounds(*group, variant="printed", rounds=1).positions[1]
    freely = expected_utility_rounds(*group, variant="printed", rounds=1, compulsion=False).positions[1]
    assert compelled.any(axis=1)[forced != freely].all()
    assert (forced != freely).any()


# --- exchange ---------------------------------------------------------------------------------------------


@st.composite
def packages(draw: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, q = draw(st.integers(2, 5)), draw(st.integers(2, 3))

    def table(low: int, high: int, step: float) -> np.ndarray:
        cells = draw(st.lists(st.integers(low, high), min_size=n * q, max_size=n * q))
        return np.array(cells).reshape(n, q) * step

    return table(0, 20, 5), table(1, 50, 0.1)[:, 0], table(1, 20, 0.05)


@checked
@given(packages())
def test_both_sides_gain_the_same_from_every_trade(package):
    x, c, s = package
    result = exchange(*package)
    assert result.before == pytest.approx(compromise(x.T, c, s.T))
    for trade in result.trades:
        (a, b), (p, q) = trade.actors, trade.issues
        of_a = s[a, q] * abs(trade.second_shift) - s[a, p] * abs(trade.first_shift)
        of_b = s[b, p] * abs(trade.first_shift) - s[b, q] * abs(trade.second_shift)
        assert of_a == pytest.approx(of_b, abs=1e-9)
        assert of_a == pytest.approx(trade.gain, abs=1e-9)
        assert trade.gain > 0
        # Nobody goes beyond the partner.
        for actor, partner, issue in ((a, b, p), (b, a, q)):
            low, high = sorted((x[actor, issue], x[partner, issue]))
            assert low - 1e-9 <= result.positions[actor, issue] <= high + 1e-9
    shifted = result.before.copy()
    for trade in result.trades:
        shifted[trade.first_issue] += trade.first_shift
        shifted[trade.second_issue] += trade.second_shift
    assert result.outcomes == pytest.approx(shifted, abs=1e-9)


@checked
@given(packages())
def test_an_exchange_in_the_mirror_or_in_another_order_is_the_same(package):
    x, c, s = package
    here = exchange(*package)
    assert exchange(x[::-1], c[::-1], s[::-1]).before == pytest.approx(here.before, abs=1e-9)
    if len({round(trade.gain, 9) for trade in here.trades}) == len(here.trades):
        assert exchange(100 - x, c, s).before == pytest.approx(100 - here.before, abs=1e-9)


def test_there_is_no_trade_between_those_who_agree_on_an_issue():
    assert exchange([[0, 0], [100, 0]], [1, 1], [[0.2, 0.8], [0.8, 0.2]]).trades == ()
    same_priorities = exchange([[0, 0], [100, 100]], [1, 1], [[0.4, 0.8], [0.2, 0.4]])
    assert same_priorities.trades == ()
    assert same_priorities.outcomes.tolist() == same_priorities.before.tolist()


# --- arguments --------------------------------------------------------------------------------------------

GOOD = ([20, 80], [1, 1], [0.5, 0.5])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: compromise([20, 80], [1, 1], [80, 40]),
            ["salience", "80 at index 0", "[0, 1]", "divide by 100"],
        ),
        (lambda: compromise([20, 80], [1, 1], [-1, 0.4]), ["salience", "-1 at index 0", "[0, 1]"]),
        (lambda: compromise([20, 80], [1, -2]), ["influence", "-2 at index 1", "zero or more"]),
        (lambda: compromise([20, np.nan], [1, 2]), ["position", "nan at index 1", "Drop absent actors"]),
        (lambda: compromise([20, 80], [0, 0]), ["nobody has any weight"]),
        (
            lambda: compromise([[20, 80], [20, 80]], [[1, 1], [0, 1]], [[1, 1], [1, 0]]),
            ["nobody has any weight"],
        ),
        (lambda: compromise([20, 80, 90], [1, 1]), ["position (3,)", "influence (2,)", "last axis"]),
        (lambda: compromise([], []), ["position", "empty"]),
        (lambda: compromise(["a"], [1]), ["position", "not an array of numbers"]),
        (lambda: compromise(50, 1), ["single number", "last axis"]),
        (lambda: predictive_spread([20, 120], [1, 1]), ["120 at index 1", "[0, 100]", "declare the scale"]),
        (lambda: predictive_spread(*GOOD, lower=5, upper=5), ["lower end 5", "below"]),
        (lambda: predictive_spread(*GOOD).quantile(1), ["strictly between 0 and 1"]),
        (lambda: leader_veto(50, ideal=20, status_quo=30, rule="blok"), ["'blok'", "Did you mean 'block'?"]),
        (lambda: adjust(0, 1, elapsed=-1, inertia=3), ["elapsed", "zero or more"]),
        (lambda: adjust(0, 1, elapsed=1, inertia=0), ["inertia", "above zero"]),
        (lambda: adjust([0, 1], [1, 2, 3], elapsed=1, inertia=1), ["policy (2,)", "target (3,)"]),
        (lambda: condorcet_election(*GOOD, options=[50, 50]), ["options", "rising order", "numpy.unique"]),
        (
            lambda: condorcet_election(*GOOD, options=GRID, vote="cubix"),
            ["Did you mean 'cubic'?", "Allowed: "],
        ),
        (lambda: condorcet_election(*GOOD, options=GRID, victory="cube"), ["victory", "octic"]),
        (lambda: condorcet_election(*GOOD, options=GRID, rule="markov"), ["rule", "markov_incentive"]),
        (lambda: condorcet_probabilities([[0, 1, 2]]), ["coalition", "square"]),
        (lambda: expected_utility_rounds(*GOOD, variant="paper"), ["variant", "Allowed: code, printed"]),
        (lambda: expected_utility_rounds(*GOOD, variant="code", ties="last"), ["ties", "listed"]),
        (lambda: expected_utility_rounds(*GOOD, variant="code", rounds=1.5), ["rounds", "whole number"]),
        (lambda: expected_utility_rounds(*GOOD, variant="code", no_change=2), ["no_change", "[0, 1]"]),
        (lambda: expected_utility_rounds([GOOD[0]], GOOD[1], variant="code"), ["one group", "(1, 2)"]),
        (lambda: spatial_model([20, 80], [1, 0], [0.5, 0.5]), ["every actor needs some of each"]),
        (
            lambda: spatial_model([[20, 80]] * 2, [1, 1], [[0.6, 0.6]] * 2),
            ["sum over the issues", "at most 1"],
        ),
        (lambda: spatial_model([20, 80], [1, 1, 1], [0.5, 0.5]), ["capability (3,)"]),
        (lambda: exchange([20, 80], [1, 1], [0.5, 0.5]), ["two or more", "(n, q)"]),
    ],
)
def test_a_wrong_argument_is_refused_in_clear_words(call, words):
    with pytest.raises(TableError) as refusal:
        call()
    for word in words:
        assert word in str(refusal.value)


# --- tables and comparison --------------------------------------------------------------------------------


def test_csv_and_yaml_say_the_same():
    csv, yaml = (read_actor_table(CASES / "valid" / f"emission.{form}") for form in ("csv", "yaml"))
    assert csv.actors == yaml.actors == ("Germany", "France", "UK", "Greece")
    for name in ("position", "influence", "salience"):
        assert getattr(csv, name).tolist() == getattr(yaml, name).tolist()
    for name in ("lower", "upper", "status_quo", "leader", "issue", "unit"):
        assert getattr(csv, name) == getattr(yaml, name)
    assert (csv.lower, csv.upper, csv.status_quo, csv.leader) == (4, 10, 10, "UK")


def test_a_salience_to_a_hundred_is_converted_when_said():
    table = read_actor_table(CASES / "valid" / "hundred.csv")
    assert table.salience.tolist() == [0.8, 1, 0]
    assert (table.lower, table.upper, table.leader) == (0, 100, None)


def test_a_scale_that_looks_wrong_is_accepted_when_said():
    assert read_actor_table(CASES / "valid" / "small.csv").position.tolist() == [1, 9]


@pytest.mark.parametrize(
    "table",
    sorted(path for path in (CASES / "invalid").iterdir() if path.suffix != ".txt"),
    ids=lambda path: path.name,
)
def test_a_broken_table_is_refused_for_the_right_reasons(table):
    with pytest.raises(ActorTableError) as refusal:
        read_actor_table(table)
    words = table.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    for word in words:
        assert word in str(refusal.value)
    assert all(fault.file == table.name for fault in refusal.value.faults)
    json.dumps([fault.as_dict() for fault in refusal.value.faults])


def test_a_file_that_is_no_table_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"ends in \.csv, \.yaml or \.yml"):
        read_actor_table(tmp_path / "actors.xlsx")
    with pytest.raises(TableError, match="cannot be read"):
        read_actor_table(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes("actor,position\nMünster,1".encode("latin-1"))
    with pytest.raises(TableError, match="Save it as UTF-8"):
        read_actor_table(tmp_path / "latin.csv")


def test_all_rules_stand_side_by_side():
    found = compare_rules(read_actor_table(CASES / "valid" / "emission.csv"))
    outcomes = {rule.rule: rule.outcome for rule in found.rules}
    assert found.rules[0].rule == "compromise"
    assert len(outcomes) == len(found.rules) == 14
    assert all(4 <= outcome <= 10 for outcome in outcomes.values())
    assert outcomes["compromise_block"] == 10
    assert found.election.sum() == pytest.approx(1)
    assert found.interval[0] < outcomes["compromise"] < found.interval[1]
    assert sum(faction.share for faction in found.factions) == pytest.approx(1)
    # Relative effects cancel: if everybody grows alike nothing changes.
    assert sum(faction.slope for faction in found.factions) == pytest.approx(0, abs=1e-12)
    assert json.loads(json.dumps(found.as_dict()))["rules"][0]["rule"] == "compromise"


def test_effects_of_a_faction_are_those_of_changing_the_table():
    table = read_actor_table(CASES / "valid" / "emission.csv")
    found = compare_rules(table)
    for i, faction in enumerate(found.factions):
        c = table.influence.copy()
        c[i] *= 2
        doubled = compromise(table.position, c, table.salience) - compromise(
            table.position, table.influence, table.salience
        )
        assert faction.doubled == pytest.approx(doubled)
        rest = [np.delete(array, i) for array in (table.position, table.influence, table.salience)]
        assert faction.removed == pytest.approx(compromise(*rest) - found.rules[0].outcome)
        assert faction.median_removed == weighted_median(*rest) - found.rules[1].outcome


def test_a_ruler_who_has_all_the_weight_decides_alone():
    found = compare_rules(parse_actor_table("actor,position,influence,salience\nA,20,1,1\nB,90,0,1\n"))
    assert found.factions[0].removed is None
    assert found.factions[1].removed == 0
    assert {round(rule.outcome, 6) for rule in found.rules if not rule.rule.startswith("election")} == {20}
    assert found.median_margin == 0.5


def test_options_must_lie_on_the_scale():
    table = read_actor_table(CASES / "valid" / "emission.csv")
    assert compare_rules(table, options=[4, 7, 10]).election.shape == (3,)
    with pytest.raises(TableError, match="declared scale, 4 to 10"):
        compare_rules(table, options=[0, 7, 10])


# --- the package ------------------------------------------------------------------------------------------


def test_every_exported_name_exists_and_is_documented():
    assert sorted(bargaining.__all__) == list(bargaining.__all__)
    for name in bargaining.__all__:
        assert getattr(bargaining, name).__doc__


def test_the_package_stands_on_errors_alone():
    for path in Path(bargaining.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name.startswith("detente"):
                    assert name == "detente.errors" or name.startswith("detente.bargaining")
