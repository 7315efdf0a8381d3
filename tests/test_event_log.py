"""The event log names the cause of every happening."""

import numpy as np

from detente import loads, simulate

CRISIS = loads("""\
crisis: causes
as_of: 2024-11-30
horizon: 60 d
record_from: 2024-11-01
stocks: {heat: {start: 0, lower: 0, upper: 100, flow: 1 per day}}
stages: {mood: {values: [calm, tense]}}
actions:
  strike:
    rate: 1 per 10 d
    at_most: 1
    effects: [{stage: mood, becomes: tense}, {raise: denial}, {start: bell}]
    outcomes: {seen: {share: 50 %, effects: [{raise: outcry}]}, unseen: {}}
moments: {denial: {}, outcry: {}, summit: {effects: [{start: reply}]}}
timers: {bell: {delay: 3 d}, reply: {delay: {value: 20 d, varies: ×1.5}}}
triggers: {alarm: {when: mood == tense}, boil: {when: heat > 50}}
occasions: {meeting: {dates: [2024-12-20]}}
events: {E1: {date: 2024-11-29, happening: summit}}
""")


def _causes(name):
    log = simulate(CRISIS, trajectories=400, replicates=1, seed=1, log=True).log
    rows = log.happening == log.names.index(name)
    assert rows.any()
    return {log.names[number] if number >= 0 else None for number in np.unique(log.cause[rows])}


def test_clocks_dates_and_flows_have_no_cause():
    assert _causes("strike") == {None}
    assert _causes("meeting") == {None}
    assert _causes("boil") == {None}


def test_what_is_raised_started_or_triggered_names_what_did_it():
    assert _causes("denial") == {"strike"}
    assert _causes("bell") == {"strike"}
    assert _causes("alarm") <= {"strike", "strike.unseen", "outcry"}


def test_outcomes_name_their_moment_and_are_named_by_what_they_raise():
    assert _causes("strike.seen") == {"strike"}
    assert _causes("outcry") == {"strike.seen"}


def test_a_delay_that_runs_since_the_record_names_the_recorded_happening():
    assert _causes("reply") == {"summit"}
