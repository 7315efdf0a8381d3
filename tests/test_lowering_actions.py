import math

import pytest

from detente.crisisfile import loads, resolve_text
from detente.engine.intensities import as_of_state
from detente.expressions import Name, Number, parse
from detente.model import (
    Clock,
    Distribution,
    Effect,
    Evidence,
    Factor,
    Memory,
    Raised,
    Schedule,
    Stock,
    Timer,
    Trigger,
)

HEAD = "crisis: ferry_row\nas_of: 2024-11-30\nhorizon: 90 d\n"


def effects_of(thing):
    """The effects of a moment or outcome as short text: ``stock anger add 3``."""
    parts = [(each.on, each.target, each.does, each.amount, each.value) for each in thing.effects]
    return [" ".join(str(part) for part in each if part not in (None, "")) for each in parts]


def outcomes_of(moment):
    return {outcome.name: outcome for outcome in moment.outcomes}


def lowered(text, *, head=HEAD):
    return loads(head + text)


STATE = """\
stocks:
  anger: {unit: points, start: 20, lower: 0, upper: 100}
  price: {scale: log, start: 100, lower: 1}
stages: {border: {values: [open, closed]}}
calendar: {election: 2025-03-01}
"""


def clock(more="", also=""):
    """A crisis with one clock, `protest`, that has more fields."""
    return lowered(f"{STATE}{also}clocks:\n  protest:\n    rate: 2 per year\n{more}")


def factor(text):
    return clock(f"    factors: [{{{text}}}]\n").moments["protest"].cause.factors[0]


# ── numbers become parameters where they have evidence or spread ─────────────────────────────────


def test_a_bare_number_stays_a_number():
    crisis = lowered("clocks: {storm: {rate: 0.25 per day}}\n")
    assert crisis.moments["storm"].cause == Clock(Number(0.25))
    assert crisis.parameters == {}


def test_a_number_with_evidence_becomes_a_parameter_under_its_path():
    crisis = lowered("clocks: {storm: {rate: 0.25 per day, source: judgement, because: seen}}\n")
    assert crisis.moments["storm"].cause.rate == Name("clocks.storm.rate")
    parameter = crisis.parameters["clocks.storm.rate"]
    assert parameter.distribution == Distribution("fixed", (0.25,))
    assert (parameter.unit, parameter.evidence) == ("1/day", Evidence(("judgement",), "seen"))


def test_a_number_with_spread_becomes_a_parameter_without_evidence():
    resolution = resolve_text(HEAD + "clocks: {storm: {rate: 0.25 per day ±×2}}\n")
    assert resolution.crisis.parameters["clocks.storm.rate"].distribution == Distribution(
        "lognormal", (0.25, 2.0)
    )
    assert resolution.unsupported == ("clocks.storm.rate",)


def test_the_nearest_evidence_counts():
    crisis = lowered(
        "source: judgement\nbecause: all of it\nclocks:\n"
        "  storm: {rate: {value: 1 per year, source: judgement, because: this}}\n"
        "  flood: {rate: 1 per year, factors: [{while: month > 3, times: 2}]}\n"
    )
    assert crisis.parameters["clocks.storm.rate"].evidence.because == "this"
    assert crisis.parameters["clocks.flood.rate"].evidence.because == "all of it"
    assert crisis.parameters["clocks.flood.factors.0.times"].evidence.because == "all of it"


def test_a_reference_keeps_the_evidence_around_it():
    crisis = lowered(
        "timers: {notice: {delay: {value: 30 d, reference: true}, source: judgement, because: the treaty}}\n"
    )
    assert crisis.parameters["timers.notice.delay"].evidence == Evidence(("judgement",), "the treaty", True)


def test_a_counted_rate_knows_its_clock_and_window():
    crisis = lowered("clocks: {storm: {rate: {counted: 2, from: 2023-12-01, to: 2024-11-30}}}\n")
    assert crisis.parameters["clocks.storm.rate"].distribution == Distribution(
        "counted", (2.0,), "storm", -366.0, 0.0
    )


# ── factors ──────────────────────────────────────────────────────────────────────────────────────


def test_a_while_factor():
    made = factor("while: anger > 50, times: ×2")
    assert made == Factor("while", "while anger > 50", Number(2.0), condition=parse("anger > 50"))


def test_an_each_factor():
    made = factor("each: 10 points of anger, from: 50, times: ×1.5, at_least: 0.3, at_most: 3")
    assert made == Factor(
        "each",
        "each 10 points of anger",
        times=Number(1.5),
        of=Name("anger"),
        start=Number(50.0),
        unit=Number(10.0),
        at_least=Number(0.3),
        at_most=Number(3.0),
    )


@pytest.mark.parametrize(
    ("each", "shape", "unit"),
    [
        ("doubling of price", "each_log", 2.0),
        ("10 % of price", "each_log", 1.1),
        ("5 of price", "each", 5.0),
        ("0.5 long units of price", "each", 0.5),
        ("30 d of until(election)", "each", 30.0),
        ("2 weeks of until(election)", "each", 14.0),
    ],
)
def test_the_step_of_an_each_factor(each, shape, unit):
    made = factor(f"each: '{each}', from: 100, times: 1.5")
    assert (made.shape, made.unit) == (shape, Number(unit))


def test_a_memory_factor_of_a_happening_makes_its_memory_once():
    twice = "{memory: protest, half_life: 20 d, times: ×4, at_most: 6}"
    crisis = clock(f"    factors: [{twice}, {twice}]\n")
    assert crisis.memories == {
        "protest.memory_20d": Memory("protest.memory_20d", Number(20.0), (("protest", Number(1.0)),))
    }
    first, second = crisis.moments["protest"].cause.factors
    assert first == second
    assert first.of == Name("protest.memory_20d")


def test_an_uncertain_half_life_makes_a_memory_of_its_own():
    crisis = clock(
        "    factors: [{memory: protest, half_life: {value: 5 d, spread: ×2}, times: 2, at_most: 3}]\n"
    )
    assert crisis.memories["clocks.protest.factors.0.memory"].half_life == Name(
        "clocks.protest.factors.0.half_life"
    )


def test_a_proportional_factor():
    made = factor("proportional_to: 0.001 * anger * (anger - 1) / 2")
    assert (made.shape, made.of) == ("proportional", parse("0.001 * anger * (anger - 1) / 2"))


def test_any_factor_may_carry_a_condition():
    made = factor("each: 30 d of until(election), times: ×0.8, while: until(election) > 0")
    assert made.condition == parse("until(election) > 0")
    assert made.start == Number(0.0)


# ── guards ───────────────────────────────────────────────────────────────────────────────────────


def test_at_most_is_a_count_in_the_guard():
    crisis = clock("    at_most: 2\n    only_while: anger > 3\n")
    assert crisis.moments["protest"].guard == parse("anger > 3 and count(protest) < 2")


def test_not_within_is_a_stage_and_a_timer():
    crisis = clock("    not_within: 10 d\n")
    moment = crisis.moments["protest"]
    assert moment.guard == parse("protest.not_within == no")
    assert effects_of(moment) == ["stage protest.not_within set yes", "timer protest.not_within.ends start"]
    ends = crisis.moments["protest.not_within.ends"]
    assert ends.cause == Timer(Number(10.0))
    assert effects_of(ends) == ["stage protest.not_within set no"]


def test_within_is_a_stage_and_a_timer_and_sees_only_what_was_before():
    crisis = clock("    effects: [{stock: anger, add: 1, while: within 2.5 d of protest}]\n")
    effects = crisis.moments["protest"].effects
    assert effects[0].condition == parse("protest.within_2_5d == yes")
    assert effects[1:] == (
        Effect("stage", "protest.within_2_5d", "set", value="yes"),
        Effect("timer", "protest.within_2_5d.ends", "start"),
    )
    assert crisis.moments["protest.within_2_5d.ends"].cause == Timer(Number(2.5))


def test_the_stage_of_a_comparison_comes_to_stand_on_the_left():
    crisis = clock("    only_while: closed != border\n")
    assert crisis.moments["protest"].guard == parse("border != closed")


def test_a_condition_counts_one_in_arithmetic():
    crisis = clock("    effects: [{stock: anger, add: 3 * (border == closed)}]\n")
    assert crisis.moments["protest"].effects[0].amount == parse("3 * (border == closed)")


# ── effects and outcomes ─────────────────────────────────────────────────────────────────────────


def test_a_delayed_effect_starts_a_timer():
    crisis = clock(
        "    effects: [{stock: anger, add: 3, after: {value: 2 d, varies: ×2}, again: keep,"
        " while: anger > 1}]\n"
    )
    (effect,) = crisis.moments["protest"].effects
    assert effect == Effect("timer", "protest.effects.0.after", "start", condition=parse("anger > 1"))
    later = crisis.moments["protest.effects.0.after"]
    assert later.cause == Timer(Number(2.0), Number(2.0), again="keep")
    assert later.effects == (Effect("stock", "anger", "add", Number(3.0)),)


def test_an_uncertain_effect_raises_a_choice():
    crisis = clock("    effects: [{stock: anger, add: 3, chance: 60 %, after: 2 d}]\n")
    assert effects_of(crisis.moments["protest"]) == ["moment protest.effects.0.chance raise"]
    choice = crisis.moments["protest.effects.0.chance"]
    assert choice.cause == Raised()
    ways = outcomes_of(choice)
    assert ways["yes"].share == Number(0.6)
    assert effects_of(ways["yes"]) == ["timer protest.effects.0.after start"]
    assert ways["no"].share is None


def test_varies_may_stand_beside_the_amount_or_within_it():
    beside = clock("    effects: [{stock: anger, add: -15, varies: ×1.5}]\n")
    within = clock("    effects: [{stock: anger, add: {value: -15, varies: ×1.5}}]\n")
    assert beside == within
    assert beside.moments["protest"].effects[0].varies == Number(1.5)


def test_outcomes_keep_shares_guards_factors_and_effects():
    crisis = clock(
        "    outcomes:\n"
        "      loud: {share: counted 2 of 3, while: anger > 3, factors: [{while: anger > 5, times: 2}],"
        " effects: [{stock: anger, add: 1}]}\n"
        "      quiet: {}\n"
    )
    ways = outcomes_of(crisis.moments["protest"])
    assert ways["loud"].share == Name("clocks.protest.outcomes.loud.share")
    assert crisis.parameters["clocks.protest.outcomes.loud.share"].distribution.kind == "beta"
    assert ways["loud"].guard == parse("anger > 3")
    assert effects_of(ways["loud"]) == ["stock anger add 1"]
    assert ways["quiet"].share is None


# ── state and the other causes ───────────────────────────────────────────────────────────────────


def test_a_stock_with_everything():
    crisis = lowered(
        "stocks:\n"
        "  heu: {title: Uranium, unit: kg, start: {value: 182.3, on: 2024-10-26}, lower: 0,"
        " flow: 0.25 kg per day}\n"
        "  fear: {start: 20, follows: 10 + 0.3 * heu, over: 90 d, noise: 0.8 %}\n"
    )
    assert crisis.stocks["heu"] == Stock(
        "heu", Number(182.3), "kg", "Uranium", lower=0.0, flow=Number(0.25), starts=-36.0
    )
    assert crisis.stocks["fear"] == Stock(
        "fear", Number(20.0), follows=parse("10 + 0.3 * heu"), over=Number(90.0), noise=Number(0.008)
    )
    assert crisis.stocks["fear"].upper == math.inf


def test_stages_start_in_their_first_value_or_the_given_one():
    crisis = lowered("stages: {a: {values: [x, y]}, b: {values: [x, y], start: y}}\n")
    assert [crisis.stages[name].start for name in "ab"] == [Number(0.0), Number(1.0)]


def test_triggers_timers_occasions_and_moments():
    crisis = lowered(
        "stocks: {price: {start: 100}}\n"
        "calendar: {election: 2025-03-01T12:00}\n"
        "triggers: {panic: {when: price rises above 1000, rearm: price < 900}}\n"
        "timers: {notice: {delay: 30 d, whole_days: true, varies: ×2, again: keep}}\n"
        "occasions: {vote: {dates: [election, 2025-01-01]}}\n"
        "moments: {denial: {title: It is denied}}\n"
    )
    assert crisis.moments["panic"].cause == Trigger(parse("price > 1000"), parse("price < 900"))
    assert crisis.moments["notice"].cause == Timer(Number(30.0), Number(2.0), True, "keep")
    assert crisis.moments["vote"].cause == Schedule((31.0, 90.5), "occasion")
    assert crisis.moments["denial"].title == "It is denied"


def test_a_start_may_compare_parameters():
    crisis = lowered(
        "parameters: {k: {value: 0.3, spread: ×2}}\nstocks: {price: {start: 3 + 2 * (k > 0.5)}}\n"
    )
    assert crisis.stocks["price"].start == parse("3 + 2 * (k > 0.5)")


def test_a_declared_parameter_may_be_used_by_name():
    crisis = lowered("parameters: {k: {value: 0.3, spread: ×2}}\nclocks: {storm: {rate: k * 2}}\n")
    assert crisis.parameters["k"].distribution == Distribution("lognormal", (0.3, 2.0))
    assert crisis.moments["storm"].cause.rate == parse("k * 2")


def test_an_action_keeps_its_coding():
    crisis = lowered(
        "actors: {NOR: {cameo: NOR}, SUD: {}}\n"
        "actions: {seizure: {actor: [SUD], recipient: NOR, cameo: '0871', plover: SEIZE, rate: 1 per year,"
        " complete_from: 2024-01-01, listed: true}}\n"
    )
    moment = crisis.moments["seizure"]
    assert moment.main
    assert (moment.coding.actor, moment.coding.recipient, moment.coding.cameo) == (("SUD",), ("NOR",), "0871")
    assert moment.coding.complete_from == -335.0
    assert crisis.actors["NOR"].cameo == ("NOR",)


def test_the_varies_of_an_effect_is_its_median_in_replay():
    crisis = lowered(
        "record_from: 2024-01-01\nstocks: {losses: {start: 0}, repairs: {start: 0}}\n"
        "clocks: {raid: {rate: 1 per year, effects: [{stock: losses, add: 7, varies: ×3},"
        " {stock: repairs, add: {value: 7, spread: ×3}}]}}\n"
        "events: {E1: {date: 2024-06-01, happening: raid}}\n"
    )
    state = as_of_state(crisis, seed=1, n_draws=200)
    assert set(state.value(Name("losses"))) == {7.0}
    assert len(set(state.value(Name("repairs")))) == 200


# ── influence ────────────────────────────────────────────────────────────────────────────────────


def test_the_influence_of_a_faction_is_a_stock():
    crisis = lowered("actors: {NOR: {factions: {navy: {title: Navy, influence: 0.4}}}}\n")
    assert crisis.stocks["NOR.navy"] == Stock("NOR.navy", Number(0.4), title="Navy", lower=0.01, upper=100.0)
    assert crisis.actors["NOR"].factions[0].name == "navy"


def test_factors_on_an_influence_are_written_out():
    crisis = lowered(
        STATE + "actors: {NOR: {factions: {navy: {influence: 0.4, over: 60 d,"
        " factors: [{while: border == closed, times: ×2},"
        " {each: 10 points of anger, from: 20, times: 3}]}}}}\n"
    )
    stock = crisis.stocks["NOR.navy"]
    assert stock.over == Number(60.0)
    assert stock.follows == parse("(0.4 * (1 + (border == closed) * (2 - 1))) * 3 ^ ((anger - 20) / 10)")
