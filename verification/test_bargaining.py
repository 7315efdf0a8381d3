"""Bargaining rules against published tables, logs of other programs, and the DEU III record.

Numbers carried over stand in ``tables/bargaining_*.csv`` with their source. The DEU III record itself is not
carried over; its tests are skipped unless the shared folder is there.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from detente.bargaining import (
    ActorTable,
    adjust,
    compare_rules,
    compromise,
    condorcet_election,
    condorcet_probabilities,
    exchange,
    expected_utilities,
    expected_utility_rounds,
    leader_veto,
    predictive_spread,
    read_actor_table,
    spatial_model,
    weighted_median,
)

TABLES = Path(__file__).parent / "tables"


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a carried-over table, comment lines left out."""
    text = (TABLES / f"bargaining_{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def group(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = read_actor_table(TABLES / f"bargaining_{name}.csv")
    return table.position, table.influence, table.salience


def published(source: str, statistic: str) -> dict[int, float]:
    """Value by round of one series of the emission example."""
    return {
        int(row["round"]): float(row["value"])
        for row in rows("emission_published")
        if (row["source"], row["statistic"]) == (source, statistic)
    }


# --- emission standards -----------------------------------------------------------------------------------


def test_emission_rounds_0_to_10_of_the_code():
    reference = rows("emission_rounds")
    played = expected_utility_rounds(*group("emission"), variant="code", rounds=10)
    actors = [row["actor"] for row in rows("emission")]
    positions = np.array([[float(row[actor]) for actor in actors] for row in reference])
    assert np.abs(played.positions - positions).max() < 1e-9
    assert np.abs(played.median - [float(row["weighted_median"]) for row in reference]).max() < 1e-9
    assert np.abs(played.mean - [float(row["weighted_mean"]) for row in reference]).max() < 1e-9
    belgium = played.positions[:, actors.index("Belgium")]
    assert np.abs(belgium - [float(row["Belgium"]) for row in reference]).max() < 1e-9


def test_emission_means_of_the_published_log():
    log = published("port_log", "mean")
    played = expected_utility_rounds(*group("emission"), variant="code", rounds=10)
    assert len(log) == 11
    assert np.abs(played.mean - [log[i] for i in range(11)]).max() < 1e-12


@pytest.mark.parametrize("no_change", [1.0, 0.5])
def test_emission_expected_utilities_of_every_pair(no_change):
    """To the last of the six decimals that were kept; the rounding itself is up to 5e-7."""
    actors = [row["actor"] for row in rows("emission")]
    pairs = expected_utilities(*group("emission"), variant="code", no_change=no_change)
    reference = [row for row in rows("emission_pairs") if float(row["q"]) == no_change]
    assert len(reference) == 90
    for row in reference:
        i, j = actors.index(row["focal"]), actors.index(row["other"])
        assert abs(pairs.own[i, j] - float(row["own"])) < 5.001e-7
        assert abs(pairs.other[i, j] - float(row["others"])) < 5.001e-7


@pytest.mark.parametrize("variant", ["code", "printed"])
def test_emission_exponents_of_risk(variant):
    risk = expected_utilities(*group("emission"), variant=variant).risk
    assert np.abs(risk - [float(row[variant]) for row in rows("emission_risk")]).max() < 1e-12


def test_emission_table_2_of_scholz_within_the_stated_differences():
    """Means within 0.061, medians within 0.072, which is truncation; but round 2: 9.611 for a printed 9.9."""
    played = expected_utility_rounds(*group("emission"), variant="code", rounds=8)
    for i, value in published("scholz_table_2", "mean").items():
        assert abs(played.mean[i] - value) < 0.0615
    for i, value in published("scholz_table_2", "median").items():
        assert abs(played.median[i] - value) < (0.0725 if i != 2 else 0.2895)
    assert played.median[2] == pytest.approx(9.6109, abs=5e-5)


def test_emission_rounds_of_the_printed_equations():
    """All actors collapse to the median, in the order of ties of the reference (listed first)."""
    played = expected_utility_rounds(*group("emission"), variant="printed", rounds=8, ties="listed")
    mean, median = published("printed_equations", "mean"), published("printed_equations", "median")
    assert len(mean) == len(median) == 9
    assert np.abs(played.mean - [mean[i] for i in range(9)]).max() < 1e-9
    assert np.abs(played.median - [median[i] for i in range(9)]).max() == 0


def test_emission_median_stands_on_a_knife_edge():
    """One per cent of noise in capability moves the median off 7 in 2.9 % of draws (4 standard errors)."""
    x, c, s = group("emission")
    draws = c * np.exp(0.01 * np.random.default_rng(2024).standard_normal((40_000, c.size)))
    moved = (weighted_median(x, draws, s) != 7).mean()
    assert abs(moved - 0.029) < 0.0005 + 4 * np.sqrt(0.029 * 0.971 / 40_000)
    assert np.ptp(compromise(x, draws, s)) / 6 < 0.02


# --- simple rules, Sultan, Iran 2013 ----------------------------------------------------------------------


@pytest.mark.parametrize("reference", rows("simple_rules"), ids=lambda row: row["dataset"])
def test_simple_rules(reference):
    x, c, s = group(reference["dataset"])
    assert compromise(x, c, s) == pytest.approx(float(reference["mean"]), abs=1e-12)
    assert weighted_median(x, c, s) == float(reference["median"])
    spread = predictive_spread(x, c, s, lower=x.min(), upper=x.max())
    deviation = 0.8 * float(reference["deviation"]) + 0.05 * np.ptp(x)
    assert spread.deviation == pytest.approx(deviation, abs=1e-12)
    # The uniform chain of the reference was stopped at 1e-6 per step; ours is solved for.
    for rule, tolerance in (("conditional", 1e-6), ("markov_incentive", 1e-6), ("markov_uniform", 5e-6)):
        p = condorcet_election(x, c, s, options=np.unique(x), lower=x.min(), upper=x.max(), rule=rule)
        assert np.abs(p - [float(value) for value in reference[rule].split()]).max() < tolerance


def test_iran_2013_every_rule_misses_the_winner():
    x, c, s = group("iran2013")
    assert compromise(10 * x, c, s) == pytest.approx(54.3833734112, abs=5e-11)
    found = compare_rules(read_actor_table(TABLES / "bargaining_iran2013.csv"))
    outcomes = {rule.rule: rule.outcome for rule in found.rules}
    assert outcomes["weighted_median"] == 5
    assert outcomes["expected_utility_code_median"] == outcomes["expected_utility_printed_median"] == 5
    held = condorcet_election(x, c, s, options=np.unique(x), lower=1, upper=10, rule="conditional")
    assert np.unique(x)[held.argmax()] == 5
    assert abs(outcomes["spatial_model"] - 6) < 0.5
    assert max(outcomes.values()) < 7  # Ruhani stood at 8.


def test_sultan_stands_still_without_compulsion_and_swings_with_it():
    without = expected_utility_rounds(*group("sultan"), variant="code", rounds=4, compulsion=False)
    assert without.median.tolist() == [13.9] * 5
    assert without.mean == pytest.approx([13.6199] * 5, abs=5e-5)
    swinging = expected_utility_rounds(*group("sultan"), variant="code", rounds=4)
    assert swinging.median.tolist() == [13.9, 13.75, 13.9, 13.75, 13.9]


def test_veto_and_adjustment_by_hand():
    """With |L - q| = 3, accepted are 1 to 7 around an ideal of 4."""
    choices = [0.0, 1.0, 5.5, 7.0, 9.0]
    assert leader_veto(choices, ideal=4, status_quo=7).tolist() == [1, 1, 5.5, 7, 7]
    assert leader_veto(choices, ideal=4, status_quo=1, rule="block").tolist() == [1, 1, 5.5, 7, 1]
    daily = 0.0
    for _ in range(30):
        daily = float(adjust(daily, 60, elapsed=1, inertia=30))
    assert daily == pytest.approx(60 * (1 - np.exp(-1)), abs=1e-12)


# --- KTAB -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("markov_uniform", [0.6351, 0.2148, 0.1501]),
        ("markov_incentive", [0.5094, 0.2796, 0.2110]),
        ("conditional", [0.8659, 0.1241, 0.0100]),
    ],
)
def test_ktab_election_of_three_options(rule, expected):
    """KTAB (MIT licence), kmodel, reference output of the demo of 30 May 2017, square rule."""
    strength = [[0, 12.099, 54.921], [10.333, 0, 27.079], [5.007, 55.047, 0]]
    assert np.abs(condorcet_probabilities(strength, victory="square", rule=rule) - expected).max() < 1e-4


@pytest.mark.parametrize("rule", ["markov_uniform", "markov_incentive"])
def test_ktab_election_of_two_options(rule):
    p = condorcet_probabilities([[0, 51.212], [19.714, 0]], victory="square", rule=rule)
    assert np.abs(p - [0.8709, 0.1291]).max() < 1e-4


def test_ktab_log_of_seven_actors_on_three_issues():
    """Positions are printed to one decimal and probabilities to four: half of the last place, and a hair."""
    actors = rows("ktab_input")
    x, s = (
        np.array([[float(row[f"{what}{k}"]) for k in range(3)] for row in actors])
        for what in ("position", "salience")
    )
    played = spatial_model(x, [float(row["capability"]) for row in actors], s / 100)
    assert played.positions.shape == (11, 7, 3)
    assert played.settled
    names = [row["actor"] for row in actors]
    for row in rows("ktab_log"):
        i = names.index(row["actor"])
        printed = [float(row[f"turn{turn}"]) for turn in range(11)]
        if row["what"] == "probability":
            assert np.abs(played.probabilities[:, i] - printed).max() <= 5.1e-5
        else:
            assert np.abs(played.positions[:, i, int(row["what"][-1])] - printed).max() <= 0.0501


# --- DEU III ----------------------------------------------------------------------------------------------

BEFORE_NICE = {
    "de": 10,
    "fr": 10,
    "it": 10,
    "uk": 10,
    "es": 8,
    "be": 5,
    "el": 5,
    "nl": 5,
    "pt": 5,
    "at": 4,
    "se": 4,
}
BEFORE_NICE |= {"dk": 3, "fi": 3, "ie": 3, "lu": 2}
NICE = {
    "de": 29,
    "fr": 29,
    "it": 29,
    "uk": 29,
    "es": 27,
    "pl": 27,
    "ro": 14,
    "nl": 13,
    "be": 12,
    "cz": 12,
    "el": 12,
}
NICE |= {
    "hu": 12,
    "pt": 12,
    "at": 10,
    "bu": 10,
    "se": 10,
    "dk": 7,
    "fi": 7,
    "ie": 7,
    "lt": 7,
    "sk": 7,
    "cr": 7,
}
NICE |= {"cy": 4, "ee": 4, "lv": 4, "lu": 4, "si": 4, "mt": 3}


class Issue(NamedTuple):
    """One decision; actors without a salience above zero are left out."""

    proposal: str
    year: int
    actors: list[str]
    position: np.ndarray
    votes: np.ndarray
    salience: np.ndarray
    reference: float
    outcome: float


@cache
def deu_issues() -> tuple[Issue, ...]:
    """The 353 decisions with a known outcome, or a skip with its reason."""
    shared = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[2] / "shared"))
    record = shared / "verification" / "bargaining" / "bargaining_deu3_long.csv"
    if not record.exists():
        pytest.skip("the DEU III record is not carried over; set DETENTE_SHARED to the folder that has it")
    by_issue: dict[str, list[dict[str, str]]] = defaultdict(list)
    with record.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by_issue[row["issue"]].append(row)
    return tuple(_issue(found) for found in by_issue.values() if found[0]["outcome"] != "nan")


def _issue(found: list[dict[str, str]]) -> Issue:
    new_members = any(row["actor"] in NICE and row["actor"] not in BEFORE_NICE for row in found)
    kept = [row for row in found if float(row["salience"]) > 0]
    table = NICE if new_members else BEFORE_NICE
    unknown = not kept  # one issue has no saliences at all: all alike
    kept = kept or found
    year = int(found[0]["proposal"].lstrip("adn")[:2])
    return Issue(
        proposal=found[0]["proposal"],
        year=year + (1900 if year > 50 else 2000),
        actors=[row["actor"] for row in kept],
        position=np.array([float(row["position"]) for row in kept]),
        # Commission and Parliament count as the largest state.
        votes=np.array([float(table.get(row["actor"], max(table.values()))) for row in kept]),
        salience=np.array([0.5 if unknown else float(row["salience"]) / 100 for row in kept]),
        reference=float(found[0]["reference_point"]),
        outcome=float(found[0]["outcome"]),
    )


def held(x, c, s, vote="proportional", rule="conditional"):
    """Mean of the election on the held positions."""
    options = np.unique(x)
    if options.size == 1:
        return options[0]
    return condorcet_election(x, c, s, options=options, vote=vote, rule=rule) @ options


@cache
def _played(kind: str, equal: bool, year: int):
    """One model on all issues up to a year, in the ports' way: listed ties, no compulsion in the code."""
    issues = [issue for issue in deu_issues() if issue.year <= year]
    results = []
    for issue in issues:
        c = np.ones_like(issue.votes) if equal else issue.votes
        if kind == "smp":
            last = spatial_model(issue.position, c, issue.salience, max_turns=15).positions[-1, :, 0]
            results.append((compromise(last, c, issue.salience), weighted_median(last, c, issue.salience)))
        else:
            rounds = expected_utility_rounds(
                issue.position, c, issue.salience, variant=kind, compulsion=kind == "printed", ties="listed"
            )
            results.append((rounds.mean, rounds.median))
    outcomes = np.array([issue.outcome for issue in issues])
    return np.array([mean for mean, _ in results]), np.array([median for _, median in results]), outcomes


def mean_error(function, *, equal: bool, year: int = 2100) -> float:
    """Mean absolute error of a rule of (position, capability, salience)."""
    errors = [
        abs(
            float(
                function(issue.position, np.ones_like(issue.votes) if equal else issue.votes, issue.salience)
            )
            - issue.outcome
        )
        for issue in deu_issues()
        if issue.year <= year
    ]
    return float(np.mean(errors))


def model_error(kind: str, statistic: str, round_: int, *, equal: bool, year: int = 2100) -> float:
    mean, median, outcomes = _played(kind, equal, year)
    series = (mean if statistic == "mean" else median)[:, round_]
    return float(np.abs(series - outcomes).mean())


def test_deu_with_equal_capabilities():
    """All 353 decisions, three decimals, where every capability is 1 and only salience counts."""
    assert len(deu_issues()) == 353
    expected = {
        "salience mean": (compromise, 23.681),
        "plain mean": (lambda x, c, s: compromise(x, c), 23.875),
        "middle of the positions": (lambda x, c, s: (x.min() + x.max()) / 2, 26.837),
        "constant 50": (lambda x, c, s: 50, 28.017),
        "election, proportional": (held, 23.899),
        "election, cubic": (lambda x, c, s: held(x, c, s, "cubic"), 23.964),
        "election, binary": (lambda x, c, s: held(x, c, s, "binary"), 23.873),
    }
    for name, (function, value) in expected.items():
        assert mean_error(function, equal=True) == pytest.approx(value, abs=5.1e-4), name


def test_deu_veto_of_the_commission_with_equal_capabilities():
    errors = []
    for issue in deu_issues():
        choice = compromise(issue.position, 1, issue.salience)
        if "com" in issue.actors and np.isfinite(issue.reference):
            ideal = issue.position[issue.actors.index("com")]
            choice = leader_veto(choice, ideal=ideal, status_quo=issue.reference)
        errors.append(abs(float(choice) - issue.outcome))
    assert np.mean(errors) == pytest.approx(25.459, abs=5.1e-4)


def test_deu_expected_utility_with_equal_capabilities():
    expected = {
        ("code", "mean"): {1: 26.173, 3: 25.864},
        ("code", "median"): {1: 31.175, 3: 29.831},
        ("printed", "mean"): {1: 30.737, 3: 31.509, 5: 31.916},
        ("printed", "median"): {1: 35.556, 3: 32.372, 5: 32.460},
    }
    for (kind, statistic), by_round in expected.items():
        for round_, value in by_round.items():
            assert model_error(kind, statistic, round_, equal=True) == pytest.approx(value, abs=5.1e-4)
    # In round 5 one decision takes another path, where equal capabilities make offers tie: 26.099 and 30.274.
    assert model_error("code", "mean", 5, equal=True) == pytest.approx(26.108, abs=5.1e-4)
    assert model_error("code", "median", 5, equal=True) == pytest.approx(30.260, abs=5.1e-4)


def test_deu_with_votes_up_to_2000():
    """The 172 decisions before Nice, two decimals, with the votes of the Council of fifteen."""
    assert sum(issue.year <= 2000 for issue in deu_issues()) == 172
    expected = {
        "weighted mean": (compromise, 24.02),
        "weighted median": (weighted_median, 29.05),
        "election, proportional": (held, 24.89),
        "election, cubic": (lambda x, c, s: held(x, c, s, "cubic"), 24.80),
    }
    for name, (function, value) in expected.items():
        assert mean_error(function, equal=False, year=2000) == pytest.approx(value, abs=5.1e-3), name
    for kind, statistic, round_, value in (
        ("code", "median", 1, 29.34),
        ("code", "mean", 5, 26.22),
        ("code", "median", 5, 29.33),
        ("printed", "median", 5, 32.53),
    ):
        error = model_error(kind, statistic, round_, equal=False, year=2000)
        assert error == pytest.approx(value, abs=5.1e-3), (kind, statistic, round_)


def test_deu_spatial_model_up_to_2000():
    """Not to the digit: states with equal votes and positions tie as targets, and ties are not settled alike.

    Reference 24.26 (mean of the positions at the end) and 25.76 (median); taking the first instead of the
    lowest of tied targets moves ours by 0.2, so no closer agreement can be asked for.
    """
    mean, median, outcomes = _played("smp", False, 2000)
    assert np.abs(mean - outcomes).mean() == pytest.approx(24.057, abs=5.1e-3)
    assert np.abs(median - outcomes).mean() == pytest.approx(25.668, abs=5.1e-3)


def test_deu_main_table_with_votes_throughout():
    """Our own errors on all 353 decisions, beside those of the reference table.

    The reference does not say which votes it took after the enlargement of 2004. With those of the Nice
    treaty for every group that has a new member, all rules come within 0.1 but the printed expected-utility
    model (0.92). So this pins our own figures and the ranking; the tests above reproduce the reference.
    """
    table = {
        "weighted mean": (23.128, 23.070, mean_error(compromise, equal=False)),
        "election, proportional": (23.478, 23.434, mean_error(held, equal=False)),
        "election, cubic": (23.525, 23.473, mean_error(lambda x, c, s: held(x, c, s, "cubic"), equal=False)),
        "code, mean, round 5": (25.669, 25.660, model_error("code", "mean", 5, equal=False)),
        "constant 50": (28.017, 28.017, mean_error(lambda x, c, s: 50, equal=False)),
        "weighted median": (28.218, 28.275, mean_error(weighted_median, equal=False)),
        "code, median, round 5": (29.009, 29.092, model_error("code", "median", 5, equal=False)),
        "printed, median, round 5": (32.046, 31.130, model_error("printed", "median", 5, equal=False)),
    }
    for name, (reference, pinned, ours) in table.items():
        assert ours == pytest.approx(pinned, abs=5.1e-4), name
        assert abs(ours - reference) < (0.1 if not name.startswith("printed") else 0.92), name
    ranking = [ours for _, _, ours in table.values()]
    assert ranking == sorted(ranking)


def test_deu_errors_shown_beside_each_rule_are_those_measured():
    errors: dict[str, list[float]] = defaultdict(list)
    shown: dict[str, float | None] = {}
    for issue in deu_issues():
        names = tuple(f"{actor} {k}" for k, actor in enumerate(issue.actors))
        for rule in compare_rules(ActorTable(names, issue.position, issue.votes, issue.salience)).rules:
            errors[rule.rule].append(abs(rule.outcome - issue.outcome))
            shown[rule.rule] = rule.record_error
    assert len(errors) == 10
    assert {rule: round(float(np.mean(values)), 1) for rule, values in errors.items()} == shown


def test_deu_exchange_is_no_better_than_the_compromise():
    """324 decisions in packages: 23.95 after exchange for 23.55 before; the reference has 23.88 for 23.56."""
    packages = defaultdict(list)
    for issue in deu_issues():
        packages[issue.proposal].append(issue)
    before, after = [], []
    for issues in (found for found in packages.values() if len(found) > 1):
        actors = sorted({actor for issue in issues for actor in issue.actors})
        x, s, c = (
            np.zeros((len(actors), len(issues))),
            np.zeros((len(actors), len(issues))),
            np.zeros(len(actors)),
        )
        for q, issue in enumerate(issues):
            places = [actors.index(actor) for actor in issue.actors]
            x[places, q], s[places, q], c[places] = issue.position, issue.salience, issue.votes
        result = exchange(x, c, s)
        outcomes = np.array([issue.outcome for issue in issues])
        before.extend(np.abs(result.before - outcomes))
        after.extend(np.abs(result.outcomes - outcomes))
    assert len(before) == 324
    assert np.mean(before) == pytest.approx(23.548, abs=5.1e-4)
    assert np.mean(after) == pytest.approx(23.946, abs=5.1e-4)


def _crps(values: np.ndarray, p: np.ndarray, outcome: float) -> float:
    """Continuous ranked probability score of a discrete distribution."""
    apart = np.abs(values[:, None] - values)
    return float(p @ np.abs(values - outcome) - 0.5 * p @ apart @ p)


def test_deu_predictive_spread():
    """Mean score 16.04, against 17.33 of the conditional election on the held positions."""
    spreads, elections = [], []
    shares = (np.arange(400) + 0.5) / 400
    for issue in deu_issues():
        spread = predictive_spread(issue.position, issue.votes, issue.salience)
        spreads.append(_crps(spread.quantile(shares), np.full(400, 1 / 400), issue.outcome))
        options = np.unique(issue.position)
        p = (
            condorcet_election(
                issue.position, issue.votes, issue.salience, options=options, rule="conditional"
            )
            if options.size > 1
            else np.ones(1)
        )
        elections.append(_crps(options, p, issue.outcome))
    assert np.mean(spreads) == pytest.approx(16.04, abs=0.0051)
    assert np.mean(elections) == pytest.approx(17.33, abs=0.0051)


@pytest.mark.parametrize(
    ("rule", "error", "score"),
    [
        ("markov_uniform", 23.223, 15.976),
        ("markov_incentive", 23.216, 16.373),
        ("conditional", 25.115, 21.471),
    ],
)
def test_deu_election_on_a_grid(rule, error, score):
    """Own figures, none to compare with: on a grid of 21 options only the Markov rules stay accurate."""
    grid = np.linspace(0, 100, 21)
    errors, scores = [], []
    for issue in deu_issues():
        p = condorcet_election(issue.position, issue.votes, issue.salience, options=grid, rule=rule)
        errors.append(abs(p @ grid - issue.outcome))
        scores.append(_crps(grid, p, issue.outcome))
    assert np.mean(errors) == pytest.approx(error, abs=5.1e-4)
    assert np.mean(scores) == pytest.approx(score, abs=5.1e-4)


@pytest.mark.parametrize(("rule", "error"), [("markov_uniform", 22.717), ("markov_incentive", 23.546)])
def test_deu_markov_elections_on_held_positions(rule, error):
    """Own figures, none to compare with."""
    assert mean_error(lambda x, c, s: held(x, c, s, rule=rule), equal=False) == pytest.approx(
        error, abs=5.1e-4
    )
