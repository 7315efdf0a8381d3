import pytest

from detente.crisisfile import loads, resolve_text
from detente.errors import CrisisFileError
from detente.expressions import Name, Number, parse
from detente.model import Clock, Effect, Factor, Memory, Raised, Schedule, Timer

HEAD = "crisis: ferry_row\nas_of: 2024-11-30\nhorizon: 90 d\n"
ACTIONS = """\
clocks:
  seizure: {rate: 2 per year}
  protest: {rate: 3 per year, outcomes: {loud: {share: 30 %}, quiet: {}}}
  talks: {rate: 1 per year}
"""


def effects_of(thing):
    """The effects of a moment or outcome as short text: ``stock anger add 3``."""
    parts = [(each.on, each.target, each.does, each.amount, each.value) for each in thing.effects]
    return [" ".join(str(part) for part in each if part not in (None, "")) for each in parts]


def outcomes_of(moment):
    return {outcome.name: outcome for outcome in moment.outcomes}


def lowered(text, *, head=HEAD):
    return loads(head + text)


ACTIVE = parse("truce == in_force or truce == open_ended")
REPLAYED = HEAD + "record_from: 2024-01-01\n"


def truce(*lines, head=REPLAYED, also=""):
    return lowered(
        ACTIONS + also + "commitments:\n  truce:\n" + "".join(f"    {line}\n" for line in lines), head=head
    )


def test_the_stage_and_what_active_means():
    crisis = truce("begins: 2024-11-27T04:00", also="moments: {x: {only_while: truce.active}}\n")
    assert crisis.stages["truce"].values == ("pending", "in_force", "open_ended", "declared_over", "lapsed")
    assert crisis.stages["truce"].start == Number(0.0)
    assert crisis.moments["x"].guard == ACTIVE


def test_a_dated_beginning_starts_the_term():
    crisis = truce("begins: 2024-11-27", "lasts: 60 d")
    begins = crisis.moments["truce.begins"]
    assert begins.cause == Schedule((-4.0,))
    assert effects_of(begins) == ["stage truce set in_force", "timer truce.term start"]
    assert crisis.moments["truce.term"].cause == Timer(Number(60.0), whole_days=True)
    assert effects_of(crisis.moments["truce.term"]) == ["moment truce.deadline raise"]


def test_a_beginning_before_the_replay_is_made_up_for():
    crisis = truce("begins: 2024-11-27T04:00", "lasts: 60 d", head=HEAD)
    assert crisis.stages["truce"].start == Number(1.0)
    assert crisis.moments["truce.begins"].cause == Schedule((0.0,))
    # It strikes at day 0 + 1 + 56, 27 January 00:00: the midnight that ends the 60th full day.
    assert crisis.moments["truce.term"].cause == Timer(Number(56.0), whole_days=True)


def test_what_is_left_of_an_uncertain_term_is_a_difference():
    crisis = truce("begins: 2024-11-27", "lasts: {value: 60 d, spread: ×1.3}", head=HEAD)
    assert crisis.moments["truce.term"].cause.delay == parse("commitments.truce.lasts - 4")


def test_each_happening_begins_it_anew():
    crisis = truce("begins_on: [talks, protest.quiet]", "lasts: 60 d")
    assert crisis.moments["truce.begins"].cause == Raised()
    assert effects_of(crisis.moments["talks"]) == ["moment truce.begins raise"]
    assert effects_of(outcomes_of(crisis.moments["protest"])["quiet"]) == ["moment truce.begins raise"]


def test_a_last_day_ends_at_its_midnight_and_only_once():
    crisis = truce("begins: 2024-11-27", "last_day: 2025-01-26")
    term = crisis.moments["truce.term"]
    assert term.cause == Schedule((57.0,))
    assert term.guard == parse("truce == in_force and not happened(truce.deadline)")


def test_a_deadline_is_a_choice():
    crisis = truce(
        "begins: 2024-11-27",
        "lasts: 60 d",
        "deadline: {extended: {share: counted 2 of 3, lasts: {value: 30 d, varies: ×1.8}},"
        " open_ended: {share: 20 %}, lapsed: {}}",
        "on_end: [{raise: talks}]",
    )
    deadline = crisis.moments["truce.deadline"]
    assert (deadline.cause, deadline.guard) == (Raised(), parse("truce == in_force"))
    ways = outcomes_of(deadline)
    assert effects_of(ways["extended"]) == [
        "timer truce.term stop",
        "timer truce.term_extended stop",
        "timer truce.term_extended start",
    ]
    assert effects_of(ways["open_ended"])[0] == "stage truce set open_ended"
    assert "moment talks raise" not in effects_of(ways["open_ended"])
    assert effects_of(ways["lapsed"])[0] == "stage truce set lapsed"
    assert effects_of(ways["lapsed"])[-1] == "moment talks raise"
    extension = crisis.moments["truce.term_extended"]
    assert extension.cause == Timer(Number(30.0), Number(1.8))
    assert effects_of(extension) == ["moment truce.deadline raise"]


def test_a_deadline_without_outcomes_lapses():
    crisis = truce("begins: 2024-11-27", "lasts: 60 d")
    assert list(outcomes_of(crisis.moments["truce.deadline"])) == ["lapsed"]


def test_without_a_deadline_it_has_no_term():
    crisis = truce("begins: 2024-11-27")
    assert not {"truce.term", "truce.deadline"} & set(crisis.moments)


def test_it_binds_while_active():
    crisis = truce("begins: 2024-11-27", "binds: {seizure: ×0.15, protest.loud: {value: ×0.02, spread: ×2}}")
    assert crisis.moments["seizure"].cause.factors == (
        Factor("while", "bound by truce", Number(0.15), condition=ACTIVE),
    )
    loud = outcomes_of(crisis.moments["protest"])["loud"]
    assert loud.factors[0].times == Name("commitments.truce.binds.protest.loud")


def test_a_bound_action_is_a_breach_before_it_does_anything_else():
    crisis = truce(
        "begins: 2024-11-27", "binds: {seizure: ×0.15}", "ended_by: [seizure]", "breach: {half_life: 10 d}"
    )
    assert effects_of(crisis.moments["seizure"]) == [
        "moment truce.breach raise",
        "moment truce.declared_over raise",
    ]
    assert crisis.moments["truce.breach"].guard == ACTIVE
    assert crisis.memories["truce.breaches"] == Memory(
        "truce.breaches", Number(10.0), (("truce.breach", Number(1.0)),)
    )


def test_a_declared_end_is_a_clock_while_active():
    crisis = truce(
        "begins: 2024-11-27",
        "lasts: 60 d",
        "declared_over: {rate: 10 % within 60 d, factors: [{while: month > 3, times: 2}],"
        " effects: [{raise: talks}]}",
        "on_end: [{raise: seizure}]",
    )
    moment = crisis.moments["truce.declared_over"]
    assert isinstance(moment.cause, Clock)
    assert moment.guard == ACTIVE
    assert effects_of(moment) == [
        "stage truce set declared_over",
        "timer truce.term stop",
        "moment talks raise",
        "moment seizure raise",
    ]


def test_a_counted_declared_end_names_its_own_clock():
    crisis = truce(
        "begins: 2024-11-27", "declared_over: {rate: {counted: 1, from: 2024-01-01, to: 2024-11-30}}"
    )
    known = crisis.parameters["commitments.truce.declared_over.rate"].distribution
    assert known.clock == "truce.declared_over"


def test_without_a_rate_only_others_declare_it_over():
    crisis = truce("begins: 2024-11-27", "ended_by: [talks]")
    assert crisis.moments["truce.declared_over"].cause == Raised()
    assert crisis.moments["talks"].effects == (Effect("moment", "truce.declared_over", "raise"),)


def test_its_happenings_may_be_asked_for():
    crisis = truce(
        "begins: 2024-11-27",
        "lasts: 60 d",
        "deadline: {extended: {share: 50 %, lasts: 30 d}, lapsed: {}}",
        also="questions:\n"
        "  Q1: {text: a, yes_if: first truce.deadline.extended before first truce.breach,"
        " closes: 2025-02-01}\n"
        "  Q2: {text: b, yes_if: first truce becomes declared_over, closes: 2025-02-01}\n"
        "  Q3: {text: c, yes_if: truce.active at close, closes: 2025-02-01}\n",
    )
    assert set(crisis.questions) == {"Q1", "Q2", "Q3"}


def test_a_recorded_deadline_is_its_outcome():
    crisis = truce(
        "begins: 2024-03-01",
        "lasts: 60 d",
        "deadline: {extended: {share: 50 %, lasts: 30 d}, lapsed: {}}",
        also="events: {E1: {date: 2024-04-30, happening: truce.deadline.extended}}\n",
    )
    (line,) = crisis.record
    assert (line.moment, line.outcome) == ("truce.deadline", "extended")


def test_a_commitment_that_ended_before_the_replay_is_refused():
    with pytest.raises(CrisisFileError, match="ends before the replay begins"):
        resolve_text(HEAD + "commitments: {truce: {begins: 2024-01-01, last_day: 2024-02-01}}\n")
