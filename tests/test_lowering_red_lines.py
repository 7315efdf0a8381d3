import numpy as np
import pytest

from detente.crisisfile import loads
from detente.engine.intensities import as_of_state
from detente.expressions import Name, Number, parse
from detente.model import Distribution, Factor, Raised, Stock, Timer

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


RED_LINE = """\
actors: {NOR: {}}
stocks: {NOR.deterrence: {start: 50, lower: 0, upper: 100}}
red_lines:
  NOR.waters:
    owner: NOR
    crossing: [seizure]
    window: {value: 60 d, varies: ×1.5}
    responses: {protest: ×4}
    shelved_by: [talks, protest.quiet]
    credibility: {stock: NOR.deterrence, answered: +10, expired: -10, shelved: {value: -5, varies: ×1.2}}
"""


class TestRedLine:
    crisis = lowered(ACTIONS + RED_LINE)

    def test_a_crossing_opens_the_account_or_restarts_its_window(self):
        assert self.crisis.stages["NOR.waters"].values == ("quiet", "open", "answered", "expired", "shelved")
        assert effects_of(self.crisis.moments["seizure"]) == ["moment NOR.waters.crossed raise"]
        assert effects_of(self.crisis.moments["NOR.waters.crossed"]) == [
            "stage NOR.waters set open",
            "timer NOR.waters.expired start",
        ]
        assert self.crisis.moments["NOR.waters.crossed"].guard is None

    def test_the_window_expires(self):
        expired = self.crisis.moments["NOR.waters.expired"]
        assert expired.cause == Timer(Number(60.0), Number(1.5))
        assert expired.guard == parse("NOR.waters == open")
        assert effects_of(expired)[0] == "stage NOR.waters set expired"
        assert effects_of(expired)[-1] == "stock NOR.deterrence add -10"

    def test_one_reply_settles_all(self):
        assert effects_of(self.crisis.moments["protest"]) == ["moment NOR.waters.answered raise"]
        answered = self.crisis.moments["NOR.waters.answered"]
        assert (answered.cause, answered.guard) == (Raised(), parse("NOR.waters == open"))
        assert effects_of(answered) == [
            "stage NOR.waters set answered",
            "timer NOR.waters.expired stop",
            "stock NOR.deterrence add 10",
        ]

    def test_a_reply_is_likelier_while_the_account_is_open(self):
        (factor,) = self.crisis.moments["protest"].cause.factors
        assert factor == Factor(
            "while", "NOR.waters is open", Number(4.0), condition=parse("NOR.waters == open")
        )

    def test_it_may_be_shelved(self):
        assert effects_of(self.crisis.moments["talks"]) == ["moment NOR.waters.shelved raise"]
        quiet = outcomes_of(self.crisis.moments["protest"])["quiet"]
        assert effects_of(quiet) == ["moment NOR.waters.shelved raise"]
        assert self.crisis.moments["NOR.waters.shelved"].effects[-1].varies == Number(1.2)


DELIBERATION = """\
actors: {NOR: {factions: {navy: {influence: 0.45}, trade: {influence: 0.35}}}}
deliberations:
  NOR.reply:
    actor: NOR
    title: 0 = hold back, 100 = answer
    factions: {navy: {position: 90, salience: 0.9}, trade: {position: 20, salience: 0.8}}
    adjusts: 10 d
    opened_by: [seizure]
    takes: {value: 12 d, varies: ×2.5}
    outcomes:
      vow: {share: 50 %, factors: [{each: 10 points of NOR.reply, from: 50, times: ×1.5}]}
      shelve: {effects: [{raise: talks}]}
"""


class TestDeliberation:
    crisis = lowered(ACTIONS + DELIBERATION)

    def test_the_position_follows_the_compromise(self):
        stock = self.crisis.stocks["NOR.reply"]
        compromise = "({0} * 0.9 * 90 + {1} * 0.8 * 20) / ({0} * 0.9 + {1} * 0.8)"
        assert stock.follows == parse(compromise.format("NOR.navy", "NOR.trade"))
        assert stock.start == parse(compromise.format(0.45, 0.35))
        assert (stock.lower, stock.upper, stock.over) == (0.0, 100.0, Number(10.0))

    def test_it_is_opened(self):
        assert effects_of(self.crisis.moments["seizure"]) == ["moment NOR.reply.opened raise"]
        assert effects_of(self.crisis.moments["NOR.reply.opened"]) == [
            "stage NOR.reply.debate set open",
            "timer NOR.reply.decided start",
        ]

    def test_it_is_decided(self):
        decided = self.crisis.moments["NOR.reply.decided"]
        assert decided.cause == Timer(Number(12.0), Number(2.5))
        assert decided.guard == parse("NOR.reply.debate == open")
        assert effects_of(decided) == ["stage NOR.reply.debate set closed"]
        ways = outcomes_of(decided)
        assert ways["vow"].factors[0].of == Name("NOR.reply")
        assert effects_of(ways["shelve"]) == ["moment talks raise"]


def test_a_deliberation_may_have_a_start_and_no_end():
    crisis = lowered(
        "actors: {NOR: {factions: {navy: {influence: 0.4}}}}\n"
        "deliberations: {NOR.reply: {actor: NOR, factions: {navy: {position: 90}}, start: 50,"
        " adjusts: 3 d}}\n"
    )
    assert crisis.stocks["NOR.reply"] == Stock(
        "NOR.reply",
        Number(50.0),
        "points",
        lower=0.0,
        upper=100.0,
        follows=parse("NOR.navy * 1 * 90 / (NOR.navy * 1)"),
        over=Number(3.0),
    )
    assert crisis.moments["NOR.reply.decided"].cause == Raised()


CLAIMS = """\
claims:
  C01: {asserted_by: a newspaper, content: They met}
  C04: {asserted_by: NOR, content: They did not}
"""


def test_a_hidden_fact_is_drawn_with_its_odds():
    crisis = lowered(
        CLAIMS + "hidden: {met: {prior: 30 %, likelihood_ratios: {C01: 3, C04: 0.7},"
        " source: judgement, because: x}}\n"
    )
    assert crisis.stages["met"].values == ("no", "yes")
    assert crisis.stages["met"].start == Name("hidden.met.prior")
    parameter = crisis.parameters["hidden.met.prior"]
    odds = 0.3 / 0.7 * 3 * 0.7
    assert parameter.distribution.kind == "bernoulli"
    assert abs(parameter.distribution.numbers[0] - odds / (1 + odds)) < 1e-15
    assert parameter.evidence.source == ("judgement", "C01", "C04")


UNCERTAIN = """\
hidden:
  met:
    prior: {value: between 10 and 40 % (90 %), source: judgement, because: x}
    likelihood_ratios: {C01: {value: 3, spread: ×2}, C04: 0.7}
"""


def test_an_uncertain_prior_is_another_probability_in_every_draw():
    crisis = lowered(CLAIMS + UNCERTAIN)
    weight = "hidden.met.prior * hidden.met.likelihood_ratios.C01 * hidden.met.likelihood_ratios.C04"
    start = parse(f"hidden.met.drawn < {weight} / ({weight} + (1 - hidden.met.prior))")
    assert crisis.stages["met"].start == start
    kinds = {name: each.distribution.kind for name, each in crisis.parameters.items()}
    assert kinds == {
        "hidden.met.drawn": "uniform",
        "hidden.met.prior": "logitnormal",
        "hidden.met.likelihood_ratios.C01": "lognormal",
        "hidden.met.likelihood_ratios.C04": "fixed",
    }
    assert crisis.parameters["hidden.met.likelihood_ratios.C01"].evidence.source == ("C01",)
    assert crisis.parameters["hidden.met.drawn"].evidence.reference


def test_a_fact_is_drawn_with_the_probability_of_its_draw():
    state = as_of_state(lowered(CLAIMS + UNCERTAIN), seed=3, n_draws=4000)
    prior, ratio, drawn = (
        state.parameters[f"hidden.met.{each}"] for each in ("prior", "likelihood_ratios.C01", "drawn")
    )
    odds = prior / (1.0 - prior) * ratio * 0.7
    met = state.value(Name("met"))
    assert np.array_equal(met, drawn < odds / (1.0 + odds))
    assert met.mean() == pytest.approx((odds / (1.0 + odds)).mean(), abs=4 * 0.5 / 4000**0.5)


def test_a_counted_prior_has_its_spread():
    crisis = lowered("hidden: {met: {prior: counted 2 of 3}}\n")
    assert crisis.parameters["hidden.met.prior"].distribution == Distribution("beta", (2.5, 1.5))
    assert crisis.stages["met"].start == parse("hidden.met.drawn < hidden.met.prior")
