"""Why: intensities taken apart add up exactly; what answers a question; the states that are read are the futures'."""

import math
from dataclasses import replace

import numpy as np
import pytest

from detente import load, loads, simulate
from detente.analysis.answering import Answering
from detente.analysis.chains import Logbook, deciders_of, stocks_behind, upstream_of
from detente.analysis.drivers import explain, recorded_happenings
from detente.analysis.paths import paths_to
from detente.analysis.readings import flow_of, movers_of, part_of, title_of
from detente.analysis.snapshots import log_of, snapshots_at, start_of
from detente.engine import Settings
from detente.engine.intensities import as_of_state
from detente.engine.reference import simulate_reference
from detente.errors import ForecastError
from detente.model import Clock

CRISIS = loads("""\
crisis: shapes
title: Every shape of a factor
as_of: 2024-11-30
record_from: 2024-10-01
stocks:
  heat:
    title: Heat
    start: {value: 20, spread: ×1.3}
    lower: 1
    upper: 100
    flow: 0.3 per day
    flow_factors: [{while: mood == tense, times: ×1.5}]
  price: {start: 100, lower: 1, scale: log, noise: 0.02}
  copy: {start: 0}
stages: {mood: {values: [calm, tense, war]}}
actions:
  raid:
    title: Raid
    rate: {value: 0.03 per day, spread: ×2}
    not_within: 1 d
    listed: true
    factors:
      - {while: mood == tense, times: ×1.7}
      - {each: 10 of heat, from: 15, times: ×1.3, at_most: 4}
      - {each: doubling of price, from: 100, times: ×0.8}
      - {memory: raid, half_life: 6 d, times: ×2.5, at_most: 5}
      - {proportional_to: heat / 20}
      - {while: since(insult) < 20, times: ×1.9}
    effects: [{stock: heat, add: 4}]
    outcomes:
      open:
        title: openly
        share: 60 %
        factors: [{each: 10 of heat, from: 20, times: ×1.4}]
        effects: [{stage: mood, becomes: war}]
      covert: {}
  insult: {title: Insult, rate: {value: 0.05 per day, spread: ×2}, effects: [{stage: mood, becomes: tense}]}
  pact: {title: Pact, rate: 0.05 per day, only_while: mood != war, listed: true}
  never: {title: Never, rate: 0.05 per day, factors: [{while: mood != war, times: 0}]}
occasions: {audit: {dates: [2024-12-20], effects: [{stock: copy, set: heat * 1}]}}
questions:
  Q1: {text: An open raid?, yes_if: first raid.open, closes: 2025-02-15}
  Q2: {text: War at the end?, yes_if: mood == war at close, closes: 2025-02-15}
  Q3: {text: No pact?, yes_if: not first pact, closes: 2025-02-15}
  Q4: {text: Much heat?, yes_if: ever (heat > 60), closes: 2025-02-15}
  Q5: {text: "Insult, then raid?", yes_if: first insult before first raid, closes: 2025-02-15}
  Q6: {text: Never?, yes_if: first never, closes: 2024-12-02}
  Q7: {text: Tense or war?, yes_if: (mood == tense) at close or (mood == war) at close, closes: 2025-02-15}
  Q8: {text: A high copy?, yes_if: ever (copy > 25), closes: 2025-02-15}
events: {E1: {date: 2024-11-20, happening: insult}, E2: {date: 2024-11-25, happening: raid.covert}}
""")


@pytest.fixture(scope="module")
def ensemble():
    return simulate(CRISIS, trajectories=800, seed=2, log=True)


class TestReadings:
    def test_logs_add_up_to_the_intensity_of_the_kernel(self):
        """At the as-of date, every clock and draw: log base + Σ log factor = log of what the kernel runs with."""
        state = as_of_state(CRISIS, seed=2, n_draws=40)
        (shots,) = snapshots_at(CRISIS, Settings(2, 40, 1, 70.0), range(40), [0])
        compared = 0
        for name in state.compiled.clocks:
            part = part_of(name, CRISIS)
            for draw, shot in enumerate(shots):
                reading, there = part.read(shot.world, 0.0), state.intensity(name)[draw]
                assert reading.intensity == pytest.approx(there, rel=1e-12, abs=0)
                if there > 0.0:
                    assert sum(reading.logs) == pytest.approx(math.log(there), abs=1e-12)
                    compared += 1
        assert compared > 60

    def test_logs_add_up_along_futures(self):
        """Later, in the states of futures, against the plain definition itself; outcomes too."""
        names = ["raid", "insult", "raid.open", "raid.covert"]
        for shots in snapshots_at(CRISIS, Settings(2, 30, 1, 70.0), range(30), [5, 33, 70]):
            for shot in shots:
                for name in names:
                    part = part_of(name, CRISIS)
                    weight = shot.world.weight(part.base, part.factors, part.guard, shot.time)
                    reading = part.read(shot.world, shot.time)
                    assert reading.intensity == pytest.approx(weight, rel=1e-12)
                    if weight > 0.0:
                        assert sum(reading.logs) == pytest.approx(math.log(weight), abs=1e-12)

    def test_a_factor_of_zero(self):
        (shots,) = snapshots_at(CRISIS, Settings(2, 2, 1, 70.0), [0], [0])
        reading = part_of("never", CRISIS).read(shots[0].world, 0.0)
        assert reading.logs[1] == -math.inf
        assert reading.intensity == 0.0

    def test_flows(self):
        (shots,) = snapshots_at(CRISIS, Settings(2, 2, 1, 70.0), [0], [0])
        reading = flow_of("heat", CRISIS).read(shots[0].world, 0.0)
        assert reading.intensity == pytest.approx(0.3 * 1.5)
        assert flow_of("price", CRISIS) is None

    def test_what_moves_a_factor(self):
        movers = [sorted(movers_of(each, CRISIS)) for each in CRISIS.moments["raid"].cause.factors]
        assert movers[0] == ["insult", "raid.open"]
        assert movers[1] == movers[4] == ["raid"]
        assert movers[2] == []
        assert movers[3] == ["raid"]
        assert movers[5] == ["insult"]

    def test_titles(self):
        assert title_of("raid.open", CRISIS) == "Raid: openly"
        assert title_of("raid.covert", CRISIS) == "Raid: covert"


class TestStatesOfFutures:
    def test_equal_the_plain_reference(self):
        settings = Settings(2, 10, 2, 70.0)
        for shots in snapshots_at(CRISIS, settings, [3, 11, 18], [0, 1, 40]):
            for shot in shots:
                values, start = start_of(CRISIS, settings, shot.trajectory)
                end = simulate_reference(
                    CRISIS, values, seed=2, number=shot.trajectory, start=start, horizon=shot.time
                ).end
                state = shot.world.state
                assert state.stocks == pytest.approx(end.stocks, rel=1e-9)
                assert state.memories == pytest.approx(end.memories, rel=1e-9)
                assert state.stages == end.stages
                assert state.counts == end.counts
                assert {n: state.lasts[n] for n in end.lasts if n in state.lasts} == {
                    n: end.lasts[n] for n in end.lasts if n in state.lasts
                }

    def test_with_a_posterior(self):
        rates = {"actions.raid.rate": np.linspace(0.01, 0.2, 50)}
        ensemble = simulate(CRISIS, trajectories=400, seed=2, log=True, posterior=rates)
        log = log_of(CRISIS, ensemble.settings, 77, ensemble.parameters)
        mine = ensemble.log.trajectory == 77
        np.testing.assert_array_equal(ensemble.log.time[mine], log.time)
        assert explain(ensemble, "Q1", sample=50).drivers[0].base == pytest.approx(
            math.exp(np.log(rates["actions.raid.rate"]).mean())
        )


class TestDeciders:
    @pytest.mark.parametrize(
        ("question", "expected"),
        [
            ("Q1", {("raid.open", "yes")}),
            ("Q2", {("raid.open", "yes"), ("insult", "no")}),
            ("Q3", {("pact", "no")}),
            ("Q4", {("raid", "either")}),
            ("Q5", {("insult", "yes"), ("raid", "no")}),
            ("Q7", {("insult", "yes"), ("raid.open", "yes")}),
            ("Q8", {("audit", "either")}),
        ],
    )
    def test_what_a_question_watches(self, question, expected):
        assert {
            (each.happening, each.side) for each in deciders_of(CRISIS.questions[question], CRISIS)
        } == expected

    def test_stocks_behind_a_copy(self):
        assert stocks_behind(CRISIS.questions["Q8"], CRISIS) == ("copy", "heat")


class TestExplanation:
    def test_ways_are_all_of_them_and_name_the_chain(self, ensemble):
        found = explain(ensemble, "Q1", sample=20)
        yes = [way for way in found.ways if way.side == "yes"]
        assert [way.chain for way in yes] == [("raid", "raid.open")]
        assert sum(way.n for way in found.ways) == 800
        assert yes[0].n == round(800 * found.answer.probability)

    def test_course_adds_up(self, ensemble):
        for question in ("Q1", "Q3", "Q4"):
            for driver in explain(ensemble, question, sample=40).drivers:
                course = driver.course
                total = course.base + course.factors.sum(axis=1)
                np.testing.assert_allclose(total, course.intensity, atol=1e-9)
                assert len(course.dates) == len(course.n) == len(total)

    def test_futures_that_are_settled_leave_the_course(self, ensemble):
        course = explain(ensemble, "Q1", sample=100).drivers[0].course
        assert (np.diff(course.n) <= 0).all()
        assert course.n[-1] < course.n[0] == 100

    def test_the_rate_and_the_odds_lie_behind(self, ensemble):
        rate, odds = explain(ensemble, "Q1", sample=40).drivers
        assert (rate.name, rate.kind, rate.share) == ("raid", "rate", 1.0)
        assert (odds.name, odds.kind, odds.share) == ("raid.open", "odds", 1.0)
        assert rate.contributions[0].value == pytest.approx(1.7)

    def test_marks_come_from_the_record(self, ensemble):
        marks = explain(ensemble, "Q1", sample=10).drivers[0].contributions[0].marks
        assert [(mark.happening, mark.date.isoformat()) for mark in marks] == [("insult", "2024-11-20")]
        assert [name for _, name in recorded_happenings(CRISIS, 1)][:1] == ["insult"]

    def test_only_absence_says_yes(self, ensemble):
        found = explain(ensemble, "Q3", sample=40)
        assert [(way.side, way.chain) for way in found.ways] == [("yes", ()), ("no", ("pact",))]
        assert [(driver.name, driver.side) for driver in found.drivers] == [("pact", "no")]
        assert found.drivers[0].course.open[-1] < found.drivers[0].course.open[0] == 1.0

    def test_a_stock_is_explained_by_its_flow_first(self, ensemble):
        found = explain(ensemble, "Q4", sample=20)
        assert (found.drivers[0].name, found.drivers[0].kind) == ("heat", "flow")
        assert {way.chain for way in found.ways if way.side == "yes"} <= {(), ("raid",)}

    def test_what_is_impossible_has_no_numbers(self, ensemble):
        (driver,) = explain(ensemble, "Q6", sample=20).drivers
        assert driver.open == 0.0
        assert math.isnan(driver.intensity)
        assert driver.contributions == ()
        assert driver.labels == ("while mood != war",)

    def test_plain_data_holds_no_nan(self, ensemble):
        import json

        for question in CRISIS.questions:
            json.dumps(explain(ensemble, question, sample=5, points=3).as_dict(), allow_nan=False)

    def test_bundled_crises(self):
        cuba = simulate(load("cuba_1962"), trajectories=400, seed=1, log=True)
        for question in cuba.crisis.questions:
            assert explain(cuba, question, sample=10, points=3).ways

    def test_a_question_that_is_refused_has_no_reasons(self):
        short = simulate(CRISIS, trajectories=80, seed=1, log=True, horizon=20.0)
        found = explain(short, "Q2")
        assert (found.ways, found.drivers) == ((), ())
        assert "closes after the horizon" in found.answer.reason
        assert "closes after the horizon" in paths_to(short, "Q2").reason

    def test_needs_a_log_and_a_question(self, ensemble):
        with pytest.raises(ForecastError, match="log=True"):
            explain(simulate(CRISIS, trajectories=8, seed=1), "Q1")
        with pytest.raises(ForecastError, match=r"no question 'Q99'\. Questions: Q1"):
            explain(ensemble, "Q99")


class TestChains:
    def test_every_chain_ends_in_its_row_and_goes_forward(self, ensemble):
        book = Logbook(ensemble.log, 800)
        for row in range(0, len(ensemble.log.time), 37):
            chain = book.chain(row)
            assert chain.happenings[-1] == ensemble.log.names[ensemble.log.happening[row]]
            assert list(chain.times) == sorted(chain.times)

    def test_the_answering_row_stands_at_the_time_of_the_answer(self, ensemble):
        study = Answering(CRISIS.questions["Q1"], ensemble)
        for trajectory in np.flatnonzero(study.yes)[:50]:
            assert study.book.log.time[study.row(int(trajectory), "yes")] == study.when[trajectory]


def test_every_clock_has_a_part():
    for name, moment in CRISIS.moments.items():
        assert (part_of(name, CRISIS) is not None) == isinstance(moment.cause, Clock)


def test_a_crisis_without_a_record_has_no_marks():
    bare = replace(CRISIS, record=(), record_from=0.0)
    assert recorded_happenings(bare, 1) == ()


class TestUpstream:
    def test_what_has_a_link_to_the_answer(self):
        able = upstream_of(CRISIS.questions["Q1"], CRISIS)
        assert {"raid", "insult", "raid.open"} <= able
        assert able.isdisjoint({"pact", "never", "audit"})

    def test_through_stocks_and_their_copies(self):
        assert {"audit", "raid", "insult"} <= upstream_of(CRISIS.questions["Q8"], CRISIS)
