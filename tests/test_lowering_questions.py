import datetime as dt

import pytest

from detente.crisisfile import loads, resolve_text
from detente.errors import CrisisFileError
from detente.expressions import First, Name, Number, parse
from detente.model import Evidence, Recorded, Schedule, Stock

HEAD = "crisis: ferry_row\nas_of: 2024-11-30\nhorizon: 90 d\n"


def effects_of(thing):
    """The effects of a moment or outcome as short text: ``stock anger add 3``."""
    parts = [(each.on, each.target, each.does, each.amount, each.value) for each in thing.effects]
    return [" ".join(str(part) for part in each if part not in (None, "")) for each in parts]


def lowered(text, *, head=HEAD):
    return loads(head + text)


STATE = "clocks: {seizure: {rate: 1 per year}}\nstocks: {exports: {start: 1.5}}\n"


def question(fields):
    return lowered(f"{STATE}questions: {{Q: {{text: a, {fields}}}}}\n").questions["Q"]


def test_closes_and_opens_mean_the_end_of_the_day():
    asked = question("yes_if: first seizure, opens: 2025-01-20, closes: 2025-06-30")
    assert (asked.opens, asked.closes) == (51.0, 212.0)
    assert question("yes_if: first seizure, closes: 2025-06-30T12:00").closes == 211.5
    assert question("yes_if: first seizure, closes: 2025-06-30").opens == 0.0


def test_a_question_keeps_condition_criterion_and_evidence():
    asked = question(
        "yes_if: exports > 1 at close, given: exports > 2 at 2025-01-20, closes: 2025-06-30,"
        " criterion: As published, source: judgement, because: x"
    )
    assert asked.yes_if == parse("exports > 1 at close")
    assert asked.given == parse("exports > 2 at 2025-01-20")
    assert (asked.criterion, asked.evidence) == ("As published", Evidence(("judgement",), "x"))


def test_any_month_reckons_each_month_and_remembers():
    crisis = lowered(
        STATE + "questions: {Q: {text: a, yes_if: any month from 2024-12 to 2025-02 mean of exports < 1.0,"
        " closes: 2025-03-31}}\n"
    )
    assert crisis.questions["Q"].yes_if == First("Q.month", "yes")
    assert crisis.stocks["Q.month.total"] == Stock("Q.month.total", Number(0.0), flow=Name("exports"))
    assert crisis.moments["Q.month.begins"].cause == Schedule((0.0,))
    ends = crisis.moments["Q.month.ends"]
    assert ends.cause == Schedule((31.0, 62.0, 90.0))
    assert effects_of(ends) == [
        "stage Q.month set yes",
        "stock Q.month.total set 0",
        "stock Q.month.days set 0",
    ]
    assert ends.effects[0].condition == parse("Q.month.days > 0 and Q.month.total < 1.0 * Q.month.days")


# ── record ───────────────────────────────────────────────────────────────────────────────────────

ACTIONS = """\
record_from: 2024-01-01
actors: {NOR: {}, SUD: {}}
actions:
  seizure:
    rate: 1 per year
    matches: [E1, {actor: SUDMIL, cameo: "17", location: NOR}]
    outcomes: {loud: {}}
  protest: {rate: 1 per year, matches: [{actor: NOR, recipient: SUD}]}
"""


def recorded(event):
    text = f"{HEAD}{ACTIONS}events: {{E1: {{date: 2023-01-01}}, E2: {{{event}}}}}\n"
    resolution = resolve_text(text)
    return resolution.crisis.record, resolution.unmatched


@pytest.mark.parametrize(
    ("when", "time"),
    [
        ("date: 2024-11-29", -1.5),
        ("date: 2024-11-29T06:00", -1.75),
        ("date: 2024-11-11, precision: week", -16.5),
        ("date: 2024-11-01, precision: month", -15.0),
        ("date: 2024-11-20, precision: month", -15.0),
        ("date: 2024-11-01, precision: approx", -29.5),
        ("date: 2024-11-01, precision: period", -30.0),
        ("date: 2024-11-29, precision: week", -1.0),
        ("date: 2024-11-30", -0.5),
    ],
)
def test_when_an_event_is_replayed(when, time):
    record, _ = recorded(f"{when}, happening: protest")
    assert record == (Recorded(time, "protest", "", "E2"),)


@pytest.mark.parametrize(
    ("event", "fired"),
    [
        ("happening: seizure.loud", ("seizure", "loud")),
        ("happening: seizure", ("seizure", "")),
        ('actor: [SUDMIL], recipient: [NOR], cameo: "171", location: NOR', ("seizure", "")),
        ("actor: [WES, NOR], recipient: [SUD]", ("protest", "")),
    ],
)
def test_what_an_event_fires(event, fired):
    record, unmatched = recorded(f"date: 2024-06-01, {event}")
    assert [(line.moment, line.outcome) for line in record] == [fired]
    assert unmatched == ()


@pytest.mark.parametrize(
    ("event", "unmatched"),
    [
        ('actor: [SUDMIL], cameo: "181", location: NOR', ("E2",)),
        ('actor: [SUDMIL], cameo: "171", location: SUD', ("E2",)),
        ('happening: "-", actor: [NOR], recipient: [SUD]', ()),
    ],
)
def test_what_fires_nothing(event, unmatched):
    assert recorded(f"date: 2024-06-01, {event}") == ((), unmatched)


def test_events_before_the_replay_are_left_out_but_kept():
    resolution = resolve_text(f"{HEAD}{ACTIONS}events: {{E1: {{date: 2023-06-01, title: Long ago}}}}\n")
    assert resolution.crisis.record == ()
    assert resolution.crisis.events["E1"].date == dt.datetime(2023, 6, 1)


def test_nothing_later_than_the_as_of_date_may_be_known():
    with pytest.raises(CrisisFileError, match="later than the as-of date"):
        recorded("date: 2024-12-01, happening: protest")
