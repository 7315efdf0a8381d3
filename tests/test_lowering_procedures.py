from detente.crisisfile import loads
from detente.expressions import Number, parse
from detente.model import Clock, Effect, Raised, Schedule, Timer, Trigger

HEAD = "crisis: ferry_row\nas_of: 2024-11-30\nhorizon: 90 d\n"


def effects_of(thing):
    """The effects of a moment or outcome as short text: ``stock anger add 3``."""
    parts = [(each.on, each.target, each.does, each.amount, each.value) for each in thing.effects]
    return [" ".join(str(part) for part in each if part not in (None, "")) for each in parts]


def outcomes_of(moment):
    return {outcome.name: outcome for outcome in moment.outcomes}


def lowered(text, *, head=HEAD):
    return loads(head + text)


STAGES = "procedures:\n  claim:\n    stages: [idle, filed, decided]\n    steps:\n"


def step(line, *, head=HEAD, also=""):
    return lowered(f"{also}{STAGES}      go: {{{line}}}\n", head=head)


def test_a_procedure_is_a_stage():
    crisis = lowered(STAGES.replace("steps:\n", "steps: {}\n") + "    start: filed\n")
    assert crisis.stages["claim"].values == ("idle", "filed", "decided")
    assert crisis.stages["claim"].start == Number(1.0)


def test_a_step_at_a_rate():
    crisis = step("from: idle, to: filed, rate: 1 per year, listed: true, only_while: month > 2")
    moment = crisis.moments["claim.go"]
    assert isinstance(moment.cause, Clock)
    assert moment.main
    assert moment.guard == parse("claim == idle and month > 2")
    assert moment.effects == (Effect("stage", "claim", "set", value="filed"),)


def test_a_step_after_a_delay_starts_on_entering_its_stage():
    crisis = step("from: [filed, decided], to: idle, after: 30 d, whole_days: true")
    assert crisis.moments["claim.go"].cause == Timer(Number(30.0), whole_days=True)
    starts = crisis.moments["claim.go.starts"]
    assert starts.cause == Trigger(parse("claim == filed or claim == decided"))
    assert effects_of(starts) == ["timer claim.go start"]
    assert "claim.go.starts_first" not in crisis.moments


def test_a_step_after_a_delay_from_the_first_stage_starts_with_the_replay():
    crisis = step("from: idle, to: filed, after: 30 d", head=HEAD + "record_from: 2024-11-01\n")
    assert crisis.moments["claim.go.starts_first"].cause == Schedule((-30.0,))


def test_a_step_at_dates():
    crisis = step(
        "from: idle, to: filed, at: [2025-01-20, court]", also="calendar: {court: 2025-01-10T12:00}\n"
    )
    assert crisis.moments["claim.go"].cause == Schedule((40.5, 50.0))
    assert crisis.moments["claim.go"].guard == parse("claim == idle")


def test_a_step_on_happenings():
    crisis = step("from: idle, to: filed, on: [storm]", also="clocks: {storm: {rate: 1 per year}}\n")
    assert crisis.moments["claim.go"].cause == Raised()
    assert effects_of(crisis.moments["storm"]) == ["moment claim.go raise"]


def test_a_step_when_a_condition_holds_waits_for_its_stage():
    crisis = step("from: filed, to: decided, when: month > 2")
    assert crisis.moments["claim.go"].cause == Trigger(parse("claim == filed and month > 2"))


def test_outcomes_lead_to_stages_of_their_own():
    crisis = step("from: filed, rate: 1 per year, outcomes: {won: {share: 1 %, to: decided}, lost: {}}")
    ways = outcomes_of(crisis.moments["claim.go"])
    assert effects_of(ways["won"]) == ["stage claim set decided"]
    assert ways["lost"].effects == ()
    assert crisis.moments["claim.go"].effects == ()


def test_the_step_leads_on_before_its_own_effects():
    crisis = step("from: idle, to: filed, rate: 1 per year, effects: [{stage: claim, becomes: decided}]")
    assert effects_of(crisis.moments["claim.go"]) == ["stage claim set filed", "stage claim set decided"]


def test_an_office_changes_hands():
    crisis = lowered(
        "offices:\n  NOR.head:\n    holders: [ann, bob]\n"
        "    steps: {vote: {from: ann, to: bob, at: 2025-01-20T17:00}}\n"
        "questions: {Q: {text: Who?, yes_if: NOR.head == bob at close, closes: 2025-02-01}}\n"
    )
    assert crisis.stages["NOR.head"].values == ("ann", "bob")
    assert effects_of(crisis.moments["NOR.head.vote"]) == ["stage NOR.head set bob"]
