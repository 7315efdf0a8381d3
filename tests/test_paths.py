"""Typical paths: what leads to an answer is found, what only happens beside it is not."""

import json

import numpy as np
import pytest

from detente import loads, simulate
from detente.analysis.answering import Answering
from detente.analysis.paths import first_times, paths_to, side_of
from detente.engine import EventLog
from detente.errors import ForecastError

CRISIS = loads("""\
crisis: paths
as_of: 2024-11-30
horizon: 100 d
stages: {truce: {values: [holds, over]}}
actions:
  provoke: {title: A provocation, rate: 0.02 per day, at_most: 1}
  strike:
    title: A strike
    rate: 0.004 per day
    listed: true
    factors: [{while: happened(provoke), times: ×8}, {while: happened(calm_down), times: ×0.1}]
  calm_down: {title: Calm, rate: 0.01 per day, listed: true}
  weather: {title: Rain, rate: 0.05 per day, listed: true}
  quiet: {rate: 0.05 per day}
  end:
    title: The end
    rate: 0.01 per day
    factors: [{while: happened(provoke), times: ×5}]
    effects: [{stage: truce, becomes: over}]
  rare: {title: Rare, rate: 0.0001 per day}
questions:
  Q1: {text: A strike?, yes_if: first strike, closes: 2025-03-01}
  Q2: {text: Will it hold?, yes_if: truce == holds at close, closes: 2025-03-01}
  Q3: {text: Rare?, yes_if: first rare, closes: 2025-03-01}
  Q4: {text: Rain?, yes_if: first weather, closes: 2025-03-01}
  Q6: {text: No end?, yes_if: not first end, closes: 2025-03-01}
  Q5: {text: A strike after calm?, yes_if: first strike, given: happened(calm_down) at close, closes: 2025-03-01}
""")


@pytest.fixture(scope="module")
def ensemble():
    return simulate(CRISIS, trajectories=4000, seed=7, log=True)


class TestSteps:
    def test_only_what_leads_there(self, ensemble):
        steps = {step.happening: step for step in paths_to(ensemble, "Q1").steps}
        assert steps.keys() == {"provoke", "calm_down"}
        assert steps["provoke"].share > steps["provoke"].otherwise + 0.2
        assert steps["calm_down"].share < steps["calm_down"].otherwise
        assert steps["provoke"].title == "A provocation"

    def test_nothing_leads_to_rain(self, ensemble):
        found = paths_to(ensemble, "Q4")
        assert found.steps == ()
        assert [(path.steps, path.share) for path in found.paths] == [((), 1.0)]

    def test_most_steps(self, ensemble):
        assert [step.happening for step in paths_to(ensemble, "Q1", most_steps=1).steps] == ["provoke"]
        assert paths_to(ensemble, "Q1", most_steps=0).steps == ()

    def test_shares_against_a_count_by_hand(self, ensemble):
        log, study = ensemble.log, Answering(CRISIS.questions["Q1"], ensemble)
        first = first_times(log, ["provoke"], 4000)[:, 0]
        yes = np.flatnonzero(study.yes)
        by_hand = (first[yes] < study.when[yes]).mean()
        step = paths_to(ensemble, "Q1").steps[0]
        assert step.share == pytest.approx(by_hand)

    def test_first_times(self):
        log = EventLog(
            np.array([0, 0, 2]), np.array([1.0, 2.0, 0.5]), np.array([1, 1, 0]), np.full(3, -1), ("a", "b")
        )
        np.testing.assert_array_equal(
            first_times(log, ["a", "b"], 3), [[np.inf, 1], [np.inf, np.inf], [0.5, np.inf]]
        )


class TestPaths:
    def test_they_are_all_answered_futures_once(self, ensemble):
        found = paths_to(ensemble, "Q1")
        assert (
            sum(path.n for path in found.paths)
            == found.n
            == int(Answering(CRISIS.questions["Q1"], ensemble).yes.sum())
        )
        assert sum(path.share for path in found.paths) == pytest.approx(1.0)
        assert found.paths[0].steps == ("provoke",)

    def test_dates_and_example(self, ensemble):
        found = paths_to(ensemble, "Q1").paths[0]
        assert CRISIS.as_of < found.dates[0] < found.median
        assert found.earliest <= found.median <= found.latest
        study = Answering(CRISIS.questions["Q1"], ensemble)
        assert study.yes[found.example]
        times = first_times(ensemble.log, ["provoke", "calm_down"], 4000)[found.example]
        assert times[0] < study.when[found.example] <= times[1]

    def test_order_is_the_commonest(self, ensemble):
        both = next(path for path in paths_to(ensemble, "Q1").paths if len(path.steps) == 2)
        assert 0.5 <= both.in_order <= 1.0

    def test_where_only_absence_says_yes_the_paths_lead_to_no(self, ensemble):
        found = paths_to(ensemble, "Q2")
        assert (found.side, side_of(Answering(CRISIS.questions["Q2"], ensemble))) == ("no", "no")
        assert [step.happening for step in found.steps] == ["provoke"]

    @pytest.mark.parametrize("question", ["Q2", "Q6"])
    def test_no_is_answered_when_it_first_came(self, ensemble, question):
        """The end may come several times; the first decides, of a state that stays and of what must not happen."""
        first = first_times(ensemble.log, ["end"], 4000)[:, 0]
        study = Answering(CRISIS.questions[question], ensemble)
        for i in np.flatnonzero(~study.yes)[:300]:
            assert study.book.log.time[study.row(int(i), "no")] == first[i]

    def test_a_condition_chooses_the_futures(self, ensemble):
        study = Answering(CRISIS.questions["Q5"], ensemble)
        assert paths_to(ensemble, "Q5").n == (study.yes & study.held).sum() < study.yes.sum()

    def test_the_same_again(self, ensemble):
        assert paths_to(ensemble, "Q1") == paths_to(ensemble, "Q1")

    def test_plain_data(self, ensemble):
        data = json.loads(json.dumps(paths_to(ensemble, "Q1").as_dict(), allow_nan=False))
        assert data["paths"][0]["steps"] == ["provoke"]


class TestRefusals:
    def test_too_few(self, ensemble):
        found = paths_to(ensemble, "Q3")
        assert found.paths == ()
        assert "50 are needed" in found.reason

    def test_unknown_question(self, ensemble):
        with pytest.raises(ForecastError, match="no question 'H06'"):
            paths_to(ensemble, "H06")

    def test_no_log(self):
        with pytest.raises(ForecastError, match="no event log"):
            paths_to(simulate(CRISIS, trajectories=80, seed=1), "Q1")


def test_what_does_not_matter_is_rarely_a_step():
    """Ten independent actions beside the answer, 20 seeds: none is ever a step (it would be in 1 case of 15,000)."""
    beside = "\n".join(
        f"  a{k}: {{title: Beside {k}, rate: 0.0{k + 1} per day, listed: true}}" for k in range(9)
    )
    text = f"""\
crisis: beside
as_of: 2024-11-30
horizon: 60 d
actions:
  it: {{title: It, rate: {{value: 0.02 per day, spread: ×2}}, listed: true}}
{beside}
questions: {{Q1: {{text: It?, yes_if: first it, closes: 2025-01-20}}}}
"""
    crisis = loads(text)
    for seed in range(20):
        assert paths_to(simulate(crisis, trajectories=800, seed=seed, log=True), "Q1").steps == ()
