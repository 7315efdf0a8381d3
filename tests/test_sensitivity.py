"""What matters: the estimator on arrays, its refusals, groups of numbers, and what knowing them is worth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente import loads, simulate
from detente.analysis.grouping import groups_of, kind_of_evidence, uncertain_numbers
from detente.analysis.mattering import draw_counts, sensitivity_of
from detente.analysis.sensitivity import given_data_indices, joint_basis, rank_basis, share_together
from detente.analysis.worth import worth_of
from detente.engine.intensities import as_of_state
from detente.errors import ForecastError
from detente.estimating import spread_variance

CRISIS = loads("""\
crisis: leaning
as_of: 2024-11-30
horizon: 60 d
sources: {S1: {title: A study}, S2: {title: A report}}
actors: {A: {title: North, cameo: [AAA]}, B: {title: South, cameo: [BBB]}}
actions:
  raid: {title: Raid, actor: A, rate: {value: 0.02 per day, spread: ×3, source: [S1, S2]}}
  talk: {title: Talk, actor: B, rate: {value: 0.02 per day, spread: ×1.5, source: [S2], because: "size judged: rare"}}
  vote: {title: Vote, actor: B, rate: {value: 0.05 per day, spread: ×4, source: judgement, because: nobody knows}}
  rain: {title: Rain, rate: 0.03 per day}
questions:
  Q1: {text: A raid?, yes_if: first raid, closes: 2025-01-15}
  Q2: {text: Rain?, yes_if: first rain, closes: 2025-01-15}
  Q3: {text: A raid if there is a vote?, yes_if: first raid, given: happened(vote) at close, closes: 2025-01-15}
  Q4: {text: Two at once?, yes_if: first raid before first raid, closes: 2025-01-15}
""")

RATE = "actions.raid.rate"


@pytest.fixture(scope="module")
def ensemble():
    return simulate(CRISIS, trajectories=9600, replicates=8, seed=5)


class TestCurves:
    def test_columns_are_orthonormal_and_centred(self):
        basis = rank_basis(np.random.default_rng(1).lognormal(size=500))
        np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-9)
        np.testing.assert_allclose(basis.sum(axis=0), 0.0, atol=1e-9)

    def test_joint_basis_spans_each(self):
        rng = np.random.default_rng(2)
        one, two = rank_basis(rng.random(300)), rank_basis(rng.random(300))
        both = joint_basis([one, two])
        np.testing.assert_allclose(both @ (both.T @ one), one, atol=1e-8)

    @pytest.mark.parametrize(("values", "columns"), [(2, 1), (3, 2), (4, 3), (9, 3), (1, 0)])
    def test_few_distinct_values_have_few_columns(self, values, columns):
        assert rank_basis(np.arange(360.0) % values).shape == (360, columns)


class TestIndices:
    def test_shares_of_a_linear_model(self):
        x = np.random.default_rng(3).random((4000, 5))
        found = given_data_indices(x, (2.0 * x[:, 0] + x[:, 1])[:, None])
        np.testing.assert_allclose(found.index[:, 0], [0.8, 0.2, 0, 0, 0], atol=4 * found.error[:, 0].max())
        assert found.stands_out[:2, 0].all()

    def test_an_input_that_is_zero_or_one(self):
        x = np.random.default_rng(4).random((2000, 2))
        x[:, 0] = x[:, 0] < 0.3
        found = given_data_indices(x, x[:, :1])
        assert found.index[0, 0] == pytest.approx(1.0)
        assert (found.low[0, 0], found.high[0, 0]) == pytest.approx((0.0, 1.0))

    def test_a_constant_explains_nothing(self):
        x = np.random.default_rng(5).random((500, 2))
        x[:, 1] = 7.0
        found = given_data_indices(x, x[:, :1])
        assert (found.index[1, 0], found.error[1, 0]) == (0.0, 0.0)

    def test_nothing_but_constants(self):
        found = given_data_indices(np.ones((100, 3)), np.random.default_rng(1).random((100, 1)))
        assert not found.stands_out.any()

    def test_chance_is_taken_out(self):
        rng = np.random.default_rng(6)
        x = rng.random((20_000, 1))
        p = 0.2 + 0.2 * x
        share = rng.binomial(8, p) / 8
        found = given_data_indices(x, share, share * (1 - share) / 7)
        assert found.index[0, 0] == pytest.approx(1.0, abs=4 * found.error[0, 0])
        assert found.known_share[0] < 0.2

    def test_no_variance_is_no_number(self):
        x = np.random.default_rng(7).random((200, 2))
        assert np.isnan(given_data_indices(x, np.full((200, 1), 0.5)).index).all()
        assert np.isnan(given_data_indices(x, x[:, :1], 1.0).index).all()

    def test_groups_are_joint_and_may_overlap(self):
        x = np.random.default_rng(8).random((4000, 4))
        y = (x[:, 0] + x[:, 1] + x[:, 2])[:, None]
        found = given_data_indices(x, y, groups=[[0, 1], [1, 2], [3]])
        np.testing.assert_allclose(found.index[:, 0], [2 / 3, 2 / 3, 0], atol=0.03)
        assert np.isnan(found.low[:2]).all()
        assert share_together(x, y)[0] == pytest.approx(1.0, abs=1e-3)

    def test_permutations_follow_the_seed(self):
        rng = np.random.default_rng(9)
        x, y = rng.random((300, 4)), rng.random((300, 1))
        one, same, other = (given_data_indices(x, y, seed=seed).threshold[0] for seed in (1, 1, 2))
        assert one == same != other

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10**6), st.floats(0.1, 5), st.floats(-3, 3))
    def test_only_ranks_of_inputs_count_and_the_scale_of_answers_does_not(self, seed, slope, shift):
        rng = np.random.default_rng(seed)
        x, y = rng.random((120, 3)), rng.random((120, 2))
        one = given_data_indices(x, y, permutations=3)
        two = given_data_indices(np.exp(4 * x), slope * y + shift, permutations=3)
        np.testing.assert_allclose(one.index, two.index, atol=1e-8)
        np.testing.assert_allclose(one.threshold, two.threshold, atol=1e-8)

    @pytest.mark.parametrize(
        ("inputs", "means", "words"),
        [
            (np.ones(5), np.ones((5, 1)), "shapes (D, P) and (D, K)"),
            (np.ones((5, 2)), np.ones((4, 1)), "(5, 2) and (4, 1)"),
            (np.full((5, 2), np.nan), np.ones((5, 1)), "must be finite"),
        ],
    )
    def test_bad_input(self, inputs, means, words):
        with pytest.raises(ForecastError) as problem:
            given_data_indices(inputs, means)
        assert words in str(problem.value)


class TestGroups:
    def test_only_uncertain_numbers(self):
        assert set(uncertain_numbers(CRISIS)) == {RATE, "actions.talk.rate", "actions.vote.rate"}

    @pytest.mark.parametrize(
        ("by", "names"),
        [
            ("number", ["actions.raid.rate", "actions.talk.rate", "actions.vote.rate"]),
            ("source", ["S1", "S2", "judgement"]),
            ("evidence", ["judgement", "source", "source, size judged"]),
            ("section", ["actions.raid", "actions.talk", "actions.vote"]),
            ("actor", ["A", "B"]),
        ],
    )
    def test_names(self, by, names):
        assert [group.name for group in groups_of(CRISIS, by)] == names

    def test_a_number_counts_for_each_of_its_sources(self):
        found = {group.name: group for group in groups_of(CRISIS, "source")}
        assert found["S1"].members == (RATE,)
        assert found["S2"].members == (RATE, "actions.talk.rate")
        assert found["S2"].title == "A report"

    def test_kinds(self):
        kinds = {kind_of_evidence(each) for each in uncertain_numbers(CRISIS).values()}
        assert kinds == {"judgement", "source", "source, size judged"}

    def test_unknown_word(self):
        with pytest.raises(
            ForecastError, match="one of number, source, evidence, section, actor, but is 'mood'"
        ):
            groups_of(CRISIS, "mood")


class TestEnsembles:
    def test_parameters_of_an_ensemble(self, ensemble):
        again = as_of_state(CRISIS, seed=5, n_draws=1200).parameters
        assert ensemble.parameters.keys() == again.keys()
        for name, values in again.items():
            np.testing.assert_array_equal(ensemble.parameters[name], values)

    def test_the_rate_behind_a_question_stands_out_alone(self, ensemble):
        found = sensitivity_of(ensemble, ["Q1"])["Q1"]
        assert [each.name for each in found.standing_out] == [RATE]
        best = found.leanings[0]
        assert best.index == pytest.approx(1.0, abs=5 * best.error)
        assert best.low < found.found.probability < best.high
        yes, asked = draw_counts(CRISIS.questions["Q1"], ensemble)
        p = found.found.probability
        assert found.unknown_share == pytest.approx(spread_variance(yes, asked) / (p * (1 - p)))

    def test_given_a_condition_only_draws_where_it_held_twice_take_part(self, ensemble):
        found = sensitivity_of(ensemble, ["Q3"])["Q3"]
        _, asked = draw_counts(CRISIS.questions["Q3"], ensemble)
        assert found.n_draws == (asked >= 2).sum() < 1200
        assert found.leanings[0].name == RATE

    def test_questions_together_and_alone_are_the_same(self, ensemble):
        together = sensitivity_of(ensemble)
        alone = sensitivity_of(ensemble, ["Q1"])
        assert together["Q1"] == alone["Q1"]
        assert list(together) == ["Q1", "Q2", "Q3", "Q4"]

    @pytest.mark.parametrize(("by", "first"), [("source", "S1"), ("evidence", "source"), ("actor", "A")])
    def test_groups(self, ensemble, by, first):
        found = sensitivity_of(ensemble, ["Q1"], by=by)["Q1"]
        assert found.leanings[0].name == first
        assert found.leanings[0].stands_out

    def test_plain_data_and_tables(self, ensemble):
        found = sensitivity_of(ensemble, ["Q1", "Q2"])
        data, table = found["Q1"].as_dict(), found["Q1"].to_polars()
        assert table["name"].to_list() == [each["name"] for each in data["leanings"]]
        assert table["spread_if_known"][0] == data["leanings"][0]["spread_if_known"]
        assert found["Q2"].as_dict()["leanings"] == []
        assert found["Q2"].to_polars().columns == table.columns


class TestRefusals:
    def test_no_spread(self, ensemble):
        found = sensitivity_of(ensemble, ["Q2"])["Q2"]
        assert found.leanings == ()
        assert "no spread over draws is detectable" in found.reason

    def test_one_answer_only(self, ensemble):
        assert "every future says no" in sensitivity_of(ensemble, ["Q4"])["Q4"].reason

    def test_too_few_draws(self):
        few = simulate(CRISIS, trajectories=800, seed=1)
        assert "needs 1,000 draws, and there are 100" in sensitivity_of(few, ["Q1"])["Q1"].reason

    def test_one_replicate(self):
        bare = simulate(CRISIS, trajectories=1500, replicates=1, seed=1)
        assert "one future per draw" in sensitivity_of(bare, ["Q1"])["Q1"].reason

    def test_a_question_that_closes_after_the_horizon(self):
        short = simulate(CRISIS, trajectories=9600, seed=1, horizon=10.0)
        assert "closes after the horizon" in sensitivity_of(short, ["Q1"])["Q1"].reason

    def test_unknown_question(self, ensemble):
        with pytest.raises(ForecastError, match=r"no question 'Q9'\. Questions: Q1, Q2, Q3, Q4"):
            sensitivity_of(ensemble, ["Q9"])

    def test_nothing_uncertain(self):
        sure = loads("crisis: sure\nas_of: 2024-11-30\nhorizon: 9 d\nactions: {a: {rate: 0.1 per day}}")
        with pytest.raises(ForecastError, match="'sure' has no uncertain number"):
            sensitivity_of(simulate(sure, trajectories=80, seed=1))


class TestWorth:
    YES, ASKED = np.arange(1000.0) % 5, np.full(1000, 8.0)

    @settings(max_examples=40, deadline=None)
    @given(st.floats(0, 1), st.floats(0, 1))
    def test_knowing_more_leaves_less(self, one, two):
        less, more = sorted((one, two))
        a, b = (worth_of(self.YES, self.ASKED, 0.01, index) for index in (less, more))
        assert b.left <= a.left <= a.spread
        assert b.high - b.low <= a.high - a.low + 1e-12
        assert 0.0 <= a.saved <= b.saved <= 1.0

    def test_nothing_known_is_the_range_now(self):
        found = worth_of(self.YES, self.ASKED, 0.01, -0.02)
        assert (found.saved, found.left) == (0.0, 0.1)
