"""One future as an account: it is the same future, and every reason in it is the engine's own."""

import json
import math

import numpy as np
import pytest

from detente import loads, simulate
from detente.analysis.snapshots import log_of, start_of
from detente.analysis.stories import tell
from detente.analysis.turns import because, sentence
from detente.engine import Settings
from detente.engine.reference import simulate_reference
from detente.engine.reference_agenda import Observer
from detente.errors import ForecastError

CRISIS = loads("""\
crisis: story
title: A story
as_of: 2024-11-30
record_from: 2024-11-01
horizon: 90 d
stocks: {heat: {start: 0, lower: 0, upper: 100, flow: 1 per day}}
stages: {mood: {values: [calm, tense]}}
actions:
  strike:
    title: A strikes B
    rate: {value: 0.05 per day, spread: ×2}
    listed: true
    factors:
      - {memory: strike, half_life: 3 d, times: ×3, at_most: 5}
      - {while: mood == tense, times: ×2}
      - {each: 10 of heat, from: 0, times: ×0.9}
    effects: [{stage: mood, becomes: tense}, {raise: denial}, {start: bell}]
    outcomes:
      seen: {title: openly, share: 50 %, factors: [{while: mood == calm, times: ×3}], effects: [{raise: outcry}]}
      unseen: {}
moments: {denial: {title: Denial}, outcry: {title: Outcry}, summit: {effects: [{start: reply}]}}
timers: {bell: {delay: 3 d}, reply: {title: A reply, delay: {value: 20 d, varies: ×1.5}}}
triggers: {alarm: {title: Alarm, when: mood == tense}, boil: {title: Boiling, when: heat > 50}}
occasions: {meeting: {title: A meeting, dates: [2024-12-20], outcomes: {vote: {share: 25 %}, none: {}}}}
questions:
  Q1: {text: Seen?, yes_if: first strike.seen, closes: 2025-02-15}
  Q2: {text: A vote?, yes_if: first meeting.vote, closes: 2025-02-15}
events: {E1: {date: 2024-11-29, happening: summit}}
""")
SETTINGS = Settings(4, 60, 2, 90.0)


def turns_of(story, name):
    return [turn for turn in story.turns if turn.happening == name]


@pytest.fixture(scope="module")
def stories():
    return [tell(CRISIS, SETTINGS, i, question="Q1", everything=True) for i in range(12)]


class TestTheSameFuture:
    def test_log_equals_that_of_the_ensemble(self):
        log = simulate(CRISIS, trajectories=120, replicates=2, seed=4, log=True).log
        for trajectory in (0, 63, 64, 119):
            mine, own = log.trajectory == trajectory, log_of(CRISIS, SETTINGS, trajectory)
            np.testing.assert_array_equal(log.time[mine], own.time)
            np.testing.assert_array_equal(log.happening[mine], own.happening)
            np.testing.assert_array_equal(log.cause[mine], own.cause)

    def test_every_moment_is_told_in_order(self, stories):
        for i, story in enumerate(stories):
            log = log_of(CRISIS, SETTINGS, i)
            moments = [log.names[k] for k in log.happening if log.names[k] in CRISIS.moments]
            assert [turn.happening for turn in story.turns] == moments
            assert [turn.time for turn in story.turns] == sorted(turn.time for turn in story.turns)

    def test_rates_are_those_at_which_the_clocks_ran(self, stories):
        """Against the plain reference: the last intensity that each clock was given before it fired."""

        class Last(Observer):
            def __init__(self):
                self.read_at = []

            def read(self, clock, world, t, middle):
                cause, guard = CRISIS.moments[clock].cause, CRISIS.moments[clock].guard
                rate = world.weight(cause.rate, cause.factors, guard, middle)
                self.read_at.append((t, clock, rate))

        compared = 0
        for i, story in enumerate(stories):
            last = Last()
            values, start = start_of(CRISIS, SETTINGS, i)
            simulate_reference(CRISIS, values, seed=4, number=i, start=start, observer=last)
            for turn in turns_of(story, "strike"):
                before = [
                    rate for t, clock, rate in last.read_at if clock == "strike" and t < turn.time - 1e-9
                ]
                assert turn.reasons.rate == pytest.approx(before[-1], rel=1e-12)
                compared += 1
        assert compared > 20

    def test_base_and_factors_make_the_rate(self, stories):
        for story in stories:
            for turn in turns_of(story, "strike"):
                product = turn.reasons.base * math.prod(each.value for each in turn.reasons.pressures)
                assert product == pytest.approx(turn.reasons.rate, rel=0.05)


class TestReasons:
    def test_each_kind_of_cause(self, stories):
        whys = {}
        for story in stories:
            for turn in story.turns:
                whys.setdefault(turn.happening, set()).add((turn.reasons.why, turn.reasons.cause))
        assert whys["strike"] == {("clock", "")}
        assert whys["meeting"] == {("date", "")}
        assert whys["denial"] == {("raised", "strike")}
        assert whys["outcry"] == {("raised", "strike.seen")}
        assert whys["bell"] == {("timer", "strike")}
        assert whys["boil"] == {("flow", "")}
        assert whys["reply"] == {("timer", "summit")}
        assert {why for why, _ in whys["alarm"]} == {"trigger"}

    def test_a_cause_of_the_record_has_its_day(self, stories):
        (reply,) = turns_of(stories[0], "reply")
        assert reply.reasons.caused_on.isoformat() == "2024-11-29"

    def test_factors_name_what_moved_them(self, stories):
        later = [turn for story in stories for turn in turns_of(story, "strike")[1:]]
        marks = {each.label: each.mark for turn in later for each in turn.reasons.pressures}
        assert marks["while mood == tense"].happening == "strike"
        assert marks["each 10 of heat"] is None

    def test_chances_of_outcomes(self, stories):
        """Calm before the first strike sets the mood: by the time of the choice it is tense, so one half."""
        for story in stories:
            for turn in turns_of(story, "strike"):
                assert turn.chance == pytest.approx(0.5)
            (meeting,) = turns_of(story, "meeting")
            assert meeting.chance == pytest.approx(0.25 if meeting.outcome == "vote" else 0.75)

    def test_what_answers_is_marked_once(self, stories):
        for story in stories:
            decisive = [turn for turn in story.turns if turn.decisive]
            seen = [turn for turn in turns_of(story, "strike") if turn.outcome == "seen" and turn.time <= 77]
            assert decisive == seen[:1]


class TestTelling:
    def test_listed_actions_and_what_led_to_the_answer(self):
        story = tell(CRISIS, SETTINGS, 3)
        assert {turn.happening for turn in story.turns} == {"strike"}
        asked = tell(CRISIS, SETTINGS, 3, question="Q2", also=frozenset({"denial"}))
        voted = {"meeting"} if any(turn.happening == "meeting" for turn in asked.turns) else set()
        assert {turn.happening for turn in asked.turns} == {"strike", "denial"} | voted

    def test_until(self):
        assert all(turn.time <= 20.0 for turn in tell(CRISIS, SETTINGS, 3, until=20.0, everything=True).turns)

    def test_sentences(self, stories):
        (meeting,) = turns_of(stories[0], "meeting")
        assert sentence(meeting).startswith("20 Dec 2024 – A meeting: ")
        assert sentence(meeting).endswith(" %). Its date had come.")
        strike = turns_of(stories[0], "strike")[0]
        assert f"Its rate stood at {strike.reasons.rate:.2g} per day: base " in because(strike.reasons)
        (reply,) = turns_of(stories[0], "reply")
        assert because(reply.reasons) == "The delay ended that began with: summit, 29 Nov 2024."

    def test_plain_data(self, stories):
        data = json.loads(json.dumps(stories[0].as_dict(), allow_nan=False))
        assert data["happenings"] == stories[0].n_happenings
        assert data["turns"][0]["text"] == sentence(stories[0].turns[0])

    def test_unknown_trajectory_and_question(self):
        with pytest.raises(ForecastError, match="no trajectory 120: they are numbered 0 to 119"):
            tell(CRISIS, SETTINGS, 120)
        with pytest.raises(ForecastError, match="no question 'Q7'"):
            tell(CRISIS, SETTINGS, 1, question="Q7")
