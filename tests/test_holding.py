"""How far an event is held: the rule against hand calculation, its symmetries, and what leaves it alone."""

import datetime as dt
import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.crisisfile import dumps, loads
from detente.crisisfile.holding import hold
from detente.engine.intensities import as_of_state
from detente.engine.reference import replay_reference
from detente.expressions import Name
from detente.model import HELD, Claim, Event, Holding, Source

SOURCES = {grade: Source(grade, "Report", reliability=grade) for grade in "ABCDEF"}
SOURCES["none"] = Source("none", "Without a grade")


def claim(id_, source="A", credibility="2", **fields):
    return Claim(
        id_,
        fields.pop("by", f"party {id_}"),
        "It was so",
        source=(source,),
        credibility=credibility,
        **fields,
    )


def event(told=(), denied=(), **fields):
    return Event(
        "E1", dt.datetime(2024, 6, 1), "day", (), (), "", "", "", claims=tuple(told),
        contested_by=tuple(denied), **fields,
    )  # fmt: skip


def odds(told, denied, *claims, rule=None, sources=SOURCES):
    p = hold(event(told, denied), {each.id: each for each in claims}, sources, rule).probability
    return p / (1.0 - p)


class TestTheRule:
    def test_what_nobody_contests_is_held_with_one(self):
        disputed = claim("C1", "E", "5", status="disputed")
        held = hold(event(["C1"]), {"C1": disputed}, SOURCES)
        assert (held.probability, held.why, held.is_uncertain) == (1.0, "no claim contests it", False)

    @pytest.mark.parametrize("stated", [0.0, 0.3, 1.0])
    def test_a_stated_probability_counts_before_the_claims(self, stated):
        held = hold(event([], ["C1"], held=stated), {"C1": claim("C1")}, SOURCES)
        assert (held.probability, held.why) == (stated, "stated in its row")

    def test_a_claim_against_one_of_the_same_grades_leaves_the_prior(self):
        assert odds(["C1"], ["C2"], claim("C1"), claim("C2", "A")) == pytest.approx(1.0)

    def test_by_hand(self):
        # A and 2: ratio 4; C and 3: 2 ** 0.6; D and 1 against: 20 ** 0.4
        told = claim("C1", "A", "2"), claim("C2", "C", "3")
        denied = claim("C3", "D", "1")
        expected = 4.0 * 2.0**0.6 / 20.0**0.4
        assert odds(["C1", "C2"], ["C3"], *told, denied) == pytest.approx(expected, rel=1e-12)

    def test_a_missing_grade_counts_as_one_that_cannot_be_judged(self):
        plain = claim("C1", "none", ""), claim("C2", "A", "2")
        graded = claim("C1", "F", "6"), claim("C2", "A", "2")
        assert odds(["C1"], ["C2"], *plain) == pytest.approx(odds(["C1"], ["C2"], *graded))
        assert odds(["C1"], ["C2"], *plain) == pytest.approx(1.5**0.5 / 4.0)

    def test_the_best_source_of_a_claim_counts(self):
        both = replace(claim("C1"), source=("E", "B"))
        assert odds(["C1"], ["C2"], both, claim("C2", "F", "5")) == pytest.approx(4.0**0.8)

    def test_a_claim_judged_improbable_says_nothing(self):
        assert odds(["C1"], ["C2"], claim("C1", "A", "5"), claim("C2", "B", "5")) == pytest.approx(1.0)

    @pytest.mark.parametrize(
        ("status", "part"), [("asserted", 1), ("corroborated", 1.5), ("disputed", 0.5), ("denied", 0)]
    )
    def test_status(self, status, part):
        told = claim("C1", status=status)
        assert odds(["C1"], ["C2"], told, claim("C2", "B", "5")) == pytest.approx(4.0**part)

    def test_the_status_is_left_out_where_a_listed_claim_is_about_the_claim(self):
        told = claim("C1", status="disputed")
        against = claim("C2", "B", "3")
        assert odds(["C1"], ["C2"], told, against) == pytest.approx(4.0**0.5 / 2.0**0.8)
        assert odds(["C1"], ["C2"], told, replace(against, about="C1")) == pytest.approx(4.0 / 2.0**0.8)

    def test_an_event_without_claims_is_told_by_its_sources(self):
        row = replace(event([], ["C1"]), sources=("A", "B"))
        p = hold(row, {"C1": claim("C1", "A", "2")}, SOURCES).probability
        assert p / (1.0 - p) == pytest.approx(1.5**1.8 / 4.0)

    def test_the_confidence_counts_nowhere(self):
        claims = {"C1": claim("C1"), "C2": claim("C2", "B")}
        words = [replace(event(["C1"], ["C2"]), confidence=word) for word in ("", "high", "disputed")]
        assert len({hold(row, claims, SOURCES) for row in words}) == 1


class TestChains:
    def test_claims_from_one_source_count_once_with_the_strongest(self):
        told = claim("C1", "B", "3"), claim("C2", "B", "1"), claim("C3", "B", "2")
        weak = claim("C9", "F", "5")
        assert odds(["C1", "C2", "C3"], ["C9"], *told, weak) == pytest.approx(20.0**0.8)

    def test_claims_of_one_party_count_once(self):
        told = claim("C1", "A", "2", by="the ministry"), claim("C2", "B", "2", by="the ministry")
        assert odds(["C1", "C2"], ["C9"], *told, claim("C9", "F", "5")) == pytest.approx(4.0)

    def test_a_chain_runs_through_a_claim_that_shares_both_sources(self):
        told = claim("C1", "A"), claim("C2", "B"), replace(claim("C3"), source=("A", "B"))
        assert odds(["C1", "C2"], ["C9"], *told, claim("C9", "F", "5")) == pytest.approx(4.0**1.8)
        assert odds(["C1", "C2", "C3"], ["C9"], *told, claim("C9", "F", "5")) == pytest.approx(4.0)

    def test_repeated(self):
        told = claim("C1", "B", "1"), claim("C2", "B", "2")
        rule = Holding(repeated=0.5)
        assert odds(["C1", "C2"], ["C9"], *told, claim("C9", "F", "5"), rule=rule) == pytest.approx(
            20.0**0.8 * 4.0**0.4
        )

    def test_the_two_sides_are_chains_of_their_own(self):
        told, denied = claim("C1", "B", "1"), claim("C2", "B", "2")
        assert odds(["C1"], ["C2"], told, denied) == pytest.approx(5.0**0.8)

    def test_superseded_claims_and_sources_count_as_what_took_their_place(self):
        told, denied = claim("C1", "E"), claim("C2", "F", "5")
        better = Source("A2", "The same, authenticated", reliability="A", supersedes="E")
        corrected = claim("C3", "E", "1", supersedes="C1")
        sources = {**SOURCES, "A2": better}
        assert odds(["C1"], ["C2"], told, denied, sources=sources) == pytest.approx(4.0)
        assert odds(["C1"], ["C2"], told, denied, corrected, sources=sources) == pytest.approx(20.0)


grades = st.tuples(
    st.sampled_from("ABCDEF"), st.sampled_from("123456"), st.sampled_from(["asserted", "disputed"])
)


class TestProperties:
    @given(st.lists(grades, max_size=4), st.lists(grades, min_size=1, max_size=4))
    def test_sides_exchanged_give_the_complement(self, told, denied):
        claims = [
            claim(f"C{i}", source, credibility, status=status)
            for i, (source, credibility, status) in enumerate((*told, *denied), 1)
        ]
        ids = [each.id for each in claims]
        left, right = ids[: len(told)] or ["C0"], ids[len(told) :]
        known = {each.id: each for each in (*claims, claim("C0", "F", "5"))}
        p = hold(event(left, right), known, SOURCES).probability
        q = hold(event(right, left), known, SOURCES).probability
        assert p + q == pytest.approx(1.0)

    @given(grades, st.lists(grades, min_size=1, max_size=4))
    def test_a_further_denial_never_helps(self, told, denied):
        claims = [claim(f"C{i}", *each[:2], status=each[2]) for i, each in enumerate((told, *denied))]
        known = {each.id: each for each in claims}
        ids = [*known][1:]
        ps = [hold(event(["C0"], ids[:n]), known, SOURCES).probability for n in range(1, len(ids) + 1)]
        assert all(later <= earlier + 1e-12 for earlier, later in pairwise(ps))

    @given(st.permutations([f"C{i}" for i in range(6)]), st.integers(1, 5))
    def test_the_order_of_claims_does_not_matter(self, order, cut):
        known = {f"C{i}": claim(f"C{i}", "ABBCAB"[i], str(i + 1)) for i in range(6)}
        one = hold(event(sorted(order[:cut]), sorted(order[cut:])), known, SOURCES).probability
        other = hold(event(order[:cut], order[cut:]), known, SOURCES).probability
        assert one == pytest.approx(other, rel=1e-12)

    def test_a_thousand_claims_do_not_overflow(self):
        told = [claim(f"C{i}", "A", "1", by=f"party {i}") for i in range(1000)]
        apart = {f"S{i}": Source(f"S{i}", "Report", reliability="A") for i in range(1001)}
        known = {each.id: replace(each, source=(f"S{i}",)) for i, each in enumerate(told)}
        known["D"] = Claim("D", "nobody", "No", source=("S1000",), credibility="2")
        assert hold(event([*known][:-1], ["D"]), known, apart).probability == 1.0
        assert hold(event(["D"], [*known][:-1]), known, apart).probability == pytest.approx(0.0, abs=1e-300)


CRISIS = """
crisis: ferry_row
as_of: 2024-11-30
record_from: 2024-01-01
horizon: 30 d
source: judgement
because: made up for a test
stocks: {anger: {start: 0}}
actions: {seizure: {rate: 2 per year, matches: [{cameo: "17"}], effects: [{stock: anger, add: 1}]}}
HOLDING
sources: {S1: {reliability: A}, S2: {reliability: A}}
claims:
  C1: {asserted_by: a sailor, content: They did, source: S1, credibility: "2"}
  C2: {asserted_by: the harbour, content: They did not, source: S2, credibility: "1"}
events:
  E1: {date: 2024-06-01, cameo: "175", claims: C1, contested_by: C2}
  E2: {date: 2024-07-01, cameo: "175", claims: C1}
  E3: {date: 2024-08-01, cameo: "175", held: 0.5}
"""


class TestInACrisis:
    def test_the_record_holds_every_event_and_a_replay_those_held(self):
        crisis = loads(CRISIS.replace("HOLDING", ""))
        assert [(each.event, round(each.held, 6)) for each in crisis.record] == [
            ("E1", round(4 / 24, 6)), ("E2", 1.0), ("E3", 0.5)
        ]  # fmt: skip
        assert [each.event for each in crisis.replayed] == ["E2", "E3"]
        assert all(each.held >= HELD for each in crisis.replayed)

    def test_the_reference_replays_what_is_held(self):
        crisis = loads(CRISIS.replace("HOLDING", ""))
        values = {name: 0.0 if name.endswith(".start") else 1.0 for name in crisis.parameters}
        assert replay_reference(crisis, values, seed=1, draw=0).state["anger"] == 2.0

    def test_the_kernel_replays_what_is_held(self):
        crisis = loads(CRISIS.replace("HOLDING", ""))
        assert as_of_state(crisis, n_draws=5).value(Name("anger")).tolist() == [2.0] * 5
        certain = replace(crisis, record=tuple(replace(each, held=1.0) for each in crisis.record))
        assert as_of_state(certain, n_draws=5).value(Name("anger")).tolist() == [3.0] * 5

    def test_the_file_sets_the_rule(self):
        crisis = loads(CRISIS.replace("HOLDING", 'holding: {prior: 0.9, credibility: {"1": 4}}'))
        assert crisis.record[0].held == pytest.approx(0.9)
        assert crisis.holding.credibility == {**Holding().credibility, "1": 4.0}
        assert len(crisis.replayed) == 3

    @pytest.mark.parametrize("holding", ["", "holding: {prior: 0.9, status: {disputed: 0.25}, repeated: 1}"])
    def test_the_machine_form_keeps_it(self, holding):
        crisis = loads(CRISIS.replace("HOLDING", holding))
        assert loads(dumps(crisis)) == crisis
        assert dumps(loads(dumps(crisis))) == dumps(crisis)

    def test_the_weights_are_natural_logarithms(self):
        crisis = loads(CRISIS.replace("HOLDING", ""))
        held = hold(crisis.events["E1"], crisis.claims, crisis.sources, crisis.holding)
        assert held.supporting == (("C1", math.log(4.0)),)
        assert held.contesting == (("C2", -math.log(20.0)),)
        assert held.why == "C1 (+1.39) for it; C2 (-3.00) against it"
