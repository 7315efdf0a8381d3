"""Scenarios: what is read, what is refused, and that a change changes what it says and nothing else."""

import dataclasses
import functools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detente.catalog import find_crisis, list_crises, load
from detente.crisisfile import dumps, loads
from detente.engine import simulate
from detente.engine.watching import Watch, main_watch
from detente.errors import CrisisFileError
from detente.scenario import (
    Change,
    Scenario,
    apply,
    find_scenario,
    from_phrases,
    list_scenarios,
    load_scenario,
    loads_scenario,
)

CASES = Path(__file__).parent / "cases" / "scenarios"
INVALID = sorted((CASES / "invalid").glob("*.yaml"))
VALID = sorted((CASES / "valid").glob("*.yaml"))


@functools.cache
def toy():
    return load(CASES / "crisis.yaml")


def ensemble(crisis, *, n=400, **more):
    return simulate(crisis, trajectories=n, seed=5, threads=1, **more)


@functools.cache
def baseline():
    return ensemble(toy(), log=True, final=("price", "truce", "B.president", "pledge", "A.course"))


def under(*changes, name="test", **more):
    return ensemble(apply(Scenario(name, changes=changes), toy()), log=True, **more)


def happened(found, happening):
    """Times of a happening, by future."""
    log = found.log
    rows = log.happening == log.names.index(happening)
    return log.trajectory[rows], log.time[rows]


def same(one, other):
    """Which futures agree in every register, shape (n,)."""
    return np.all([one.registers[watch] == other.registers[watch] for watch in one.registers], axis=0)


def event_rows(found):
    """The happenings of an ensemble that are not of a scenario."""
    log = found.log
    return [
        (int(i), float(t), log.names[h])
        for i, t, h in zip(log.trajectory, log.time, log.happening, strict=True)
        if not log.names[h].startswith("scenario.")
    ]


class TestReading:
    @pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
    def test_a_broken_scenario_is_refused_for_its_reason(self, path):
        with pytest.raises(CrisisFileError) as caught:
            apply(load_scenario(path), toy())
        for words in path.with_suffix(".txt").read_text(encoding="utf-8").splitlines():
            assert words in str(caught.value)
        assert path.name in str(caught.value)
        assert all(fault.message and fault.hint for fault in caught.value.faults)

    @pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
    def test_a_valid_scenario_applies_and_its_crisis_is_a_machine_form(self, path):
        changed = apply(load_scenario(path), toy())
        assert loads(dumps(changed)) == changed
        ensemble(changed, n=40)

    def test_the_crisis_is_not_altered(self):
        before = dumps(toy())
        apply(load_scenario(CASES / "valid" / "everything.yaml"), toy())
        assert dumps(toy()) == before

    def test_fields(self):
        found = load_scenario(CASES / "valid" / "everything.yaml")
        assert found.date.isoformat() == "2024-11-30"
        assert found.evidence.source == ("S1",)
        assert str(found.changes[0]) == "forbid strike from 2024-12-10 until 2025-01-01"
        assert found.changes[2].evidence.because == "what if"
        assert found.as_dict()["changes"][1] == "forbid board.censure"

    @pytest.mark.parametrize("name", list_crises())
    def test_bundled_scenarios_apply(self, name):
        folder, crisis = find_crisis(name), load(name)
        assert list_scenarios(folder)
        for each in list_scenarios(folder):
            scenario = load_scenario(find_scenario(each, folder))
            assert scenario.name == each
            assert scenario.evidence.source
            assert scenario.date == crisis.as_of
            assert apply(scenario, crisis) is not crisis

    def test_an_unknown_scenario_is_refused_with_those_that_exist(self):
        with pytest.raises(
            CrisisFileError, match=r"no scenario 'truce_hold'(.|\n)*Did you mean 'truce_holds'"
        ):
            find_scenario("truce_hold", find_crisis("iran_2024"))

    def test_the_same_scenario_twice_is_refused(self):
        scenario = Scenario("x", changes=(Change("forbid", "strike"),))
        with pytest.raises(CrisisFileError, match="has been applied to this crisis already"):
            apply(scenario, apply(scenario, toy()))

    @given(st.text(max_size=80))
    @settings(max_examples=60, deadline=None)
    def test_any_text_is_read_or_refused(self, text):
        try:
            found = loads_scenario(f"scenario: x\nchanges:\n  - {text}")
        except CrisisFileError:
            return
        assert found.name == "x"


class TestPhrases:
    def test_words_become_the_change_that_the_name_needs(self):
        found = from_phrases(
            {
                "forbid": ["strike until 2025-01-01"],
                "set": [
                    "price=150 at 2025-01-02",
                    "B.president=other",
                    "actions.talk.rate=1 per year",
                    "talk=1 per month",
                ],
                "times": ["talk=2 from 2025-01-01", "price=2"],
                "hold": ["truce"],
                "move": ["board=2025-03-03 to 2025-03-20"],
            },
            toy(),
            at="2025-01-05",
            until="2025-02-01",
        )
        assert [str(change) for change in found.changes] == [
            "forbid strike until 2025-01-01",
            "stock price set 150 at 2025-01-02",
            "stage B.president becomes other at 2025-01-05",
            "number actions.talk.rate set 1 per year until 2025-02-01",
            "rate talk set 1 per month until 2025-02-01",
            "rate talk times 2 from 2025-01-01 until 2025-02-01",
            "stock price times 2 at 2025-01-05",
            "hold truce until 2025-02-01",
            "move board at 2025-03-03 to 2025-03-20",
        ]

    @pytest.mark.parametrize(
        ("option", "text", "words"),
        [
            ("forbid", "two words", "'two words' is not the name of anything"),
            ("forbid", "strike=2", "--forbid takes no value"),
            ("set", "price", "--set needs a value after '='"),
            ("set", "prise=3", "there is no 'prise' in the crisis"),
            ("times", "prise=3", "Did you mean 'price'?"),
        ],
    )
    def test_what_cannot_be_read_is_refused(self, option, text, words):
        with pytest.raises(CrisisFileError) as caught:
            from_phrases({option: [text]}, toy())
        assert words in str(caught.value)

    def test_all_faults_at_once(self):
        with pytest.raises(CrisisFileError) as caught:
            from_phrases({"forbid": ["strik"], "set": ["prise=3"]}, toy())
        assert len(caught.value.faults) == 2

    def test_a_date_that_belongs_to_no_change_is_refused(self):
        with pytest.raises(CrisisFileError, match=r"--until\n    no change has such a date"):
            from_phrases({"set": ["price=150"]}, toy(), until="2025-01-01")


class TestForbid:
    def test_it_never_happens_in_the_window_and_again_after(self):
        found = under(Change("forbid", "strike", since="2024-12-10", until="2025-02-01"))
        _, times = happened(found, "strike")
        assert not ((times >= 9.0) & (times < 62.0)).any()
        assert (times >= 62.0).any()
        assert (times < 9.0).any()

    def test_futures_without_it_are_untouched(self):
        found = under(Change("forbid", "strike"))
        first = baseline().registers[main_watch("strike", toy())]
        without = ~np.isfinite(first)
        assert 50 < without.sum() < 350
        assert same(baseline(), found)[without].all()

    def test_the_past_is_untouched(self):
        found = under(Change("forbid", "strike", since="2025-01-15"))
        mine, theirs = event_rows(found), event_rows(baseline())
        assert [row for row in mine if row[1] < 45.0] == [row for row in theirs if row[1] < 45.0]

    def test_neither_is_it_raised(self):
        crisis = loads(
            "crisis: c\nas_of: 2024-11-30\nhorizon: 30 d\nsource: judgement\nbecause: x\n"
            "occasions: {go: {dates: [2024-12-03, 2024-12-13], effects: [{raise: a}]}}\n"
            "actions: {a: {rate: 0.01 per day}}"
        )
        change = Change("forbid", "a", until="2024-12-10")
        found = ensemble(apply(Scenario("f", changes=(change,)), crisis), log=True)
        _, times = happened(found, "a")
        assert times.min() >= 9.0
        assert (times == 12.0).sum() == 400

    def test_an_outcome_is_closed_and_the_others_take_its_place(self):
        found = under(Change("forbid", "strike.open"))
        assert len(happened(found, "strike.open")[0]) == 0
        assert len(happened(found, "strike.covert")[0]) == len(happened(found, "strike")[0]) > 0

    @given(
        st.sampled_from(
            ["strike", "answer", "talk", "board.censure", "truce.declared_over", "strike.covert"]
        ),
        st.integers(0, 100),
    )
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_futures_in_which_it_does_not_happen_are_untouched(self, happening, begin):
        """A future without it is the same, bit for bit, whatever is forbidden from when on."""
        day = np.datetime64("2024-12-01")
        found = under(Change("forbid", happening, since=str(day + begin)))
        rows, times = happened(baseline(), happening)
        touched = np.unique(rows[times >= begin])
        mine = [row for row in event_rows(found) if row[0] not in touched]
        theirs = [row for row in event_rows(baseline()) if row[0] not in touched]
        assert mine == theirs


class TestForce:
    def test_it_happens_in_every_future_on_that_day(self):
        found = under(Change("force", "answer", at="2025-01-05"))
        rows, times = happened(found, "answer")
        assert set(rows[times == 35.0]) == set(range(400))

    def test_past_its_guard_and_with_the_outcome_that_is_named(self):
        crisis = loads(
            "crisis: c\nas_of: 2024-11-30\nhorizon: 30 d\nsource: judgement\nbecause: x\n"
            "actions: {a: {rate: 1 per day, only_while: count(a) > 99, outcomes: {x: {share: 99 %}, y: {}}}}"
        )
        found = ensemble(
            apply(Scenario("f", changes=(Change("force", "a.y", at="2024-12-05"),)), crisis), log=True
        )
        assert found.counts["a"] == found.counts["a.y"] == 1.0
        assert found.counts["a.x"] == 0.0

    def test_a_forced_timer_does_not_strike_again(self):
        crisis = loads(
            "crisis: c\nas_of: 2024-11-30\nhorizon: 30 d\nsource: judgement\nbecause: x\n"
            "occasions: {go: {dates: [2024-12-03], effects: [{start: t}]}}\n"
            "timers: {t: {delay: 10 d}}"
        )
        found = ensemble(
            apply(Scenario("f", changes=(Change("force", "t", at="2024-12-05"),)), crisis), log=True
        )
        assert set(happened(found, "t")[1]) == {4.0}

    def test_what_came_before_is_the_baseline(self):
        found = under(Change("force", "answer", at="2025-01-05"))
        mine, theirs = event_rows(found), event_rows(baseline())
        assert [row for row in mine if row[1] < 35.0] == [row for row in theirs if row[1] < 35.0]


class TestCommitments:
    def test_a_held_truce_does_not_end_before_the_date(self):
        found = under(Change("hold", "truce", until="2025-02-01"))
        for way in ("truce.declared_over", "truce.deadline.lapsed"):
            _, times = happened(found, way)
            assert not (times < 62.0).any()
        assert (happened(found, "truce.declared_over")[1] >= 62.0).any()
        extended = happened(found, "truce.deadline.extended")[0]
        assert set(extended) == set(range(400))

    def test_breaches_go_on(self):
        assert len(happened(under(Change("hold", "truce")), "truce.breach")[0]) > 0

    def test_a_deadline_that_can_only_end_it_comes_due_when_the_hold_ends(self):
        """The pledge lapses on 31 December; held until 1 February it lapses then, unless held for good."""
        found = under(Change("hold", "pledge", until="2025-02-01"))
        _, lapsed = happened(found, "pledge.deadline.lapsed")
        assert set(lapsed) == {62.0}
        assert len(lapsed) == 400
        forever = under(Change("hold", "pledge"), final=("pledge",))
        assert set(forever.final["pledge"]) == {1.0}

    def test_an_end_is_declared_where_it_is_active(self):
        found = under(Change("end", "pledge", at="2024-12-15"))
        rows, times = happened(found, "pledge.declared_over")
        assert len(rows) == 400
        assert (times <= 14.0).all()
        late = under(Change("end", "pledge", at="2025-01-15"))
        assert not (happened(late, "pledge.declared_over")[1] >= 31.0).any()


class TestAmounts:
    def test_a_stock_is_set_raised_multiplied(self):
        day = {"at": "2025-03-30"}
        kept = {"final": ("price",)}
        before = ensemble(dataclasses.replace(toy(), horizon=119.0), **kept).final["price"]
        crisis = dataclasses.replace(toy(), horizon=119.0 + 1e-6)
        for how, value, expected in (
            ("set", 150, 0 * before + 150),
            ("add", 7, before + 7),
            ("times", "×2", before * 2),
        ):
            changed = apply(Scenario("s", changes=(Change("stock", "price", how, value, **day),)), crisis)
            found = ensemble(dataclasses.replace(changed, horizon=119.0), **kept).final["price"]
            assert np.allclose(found, expected)

    def test_an_office_passes_at_once(self):
        found = under(Change("office", "B.president", "goes_to", "other"), final=("B.president",))
        assert len(happened(found, "B.president.election")[0]) == 0

    def test_a_rate_is_multiplied_within_its_window(self):
        found = under(Change("rate", "talk", "times", 5, since="2025-01-01", until="2025-02-01"))
        _, mine = happened(found, "talk")
        _, theirs = happened(baseline(), "talk")
        inside = [((t >= 31.0) & (t < 62.0)).sum() for t in (mine, theirs)]
        assert sorted(mine[mine < 31.0]) == sorted(theirs[theirs < 31.0])
        assert 3.5 < inside[0] / inside[1] < 6.5

    def test_a_rate_and_its_number_are_the_same_lever(self):
        by_rate = under(Change("rate", "talk", "times", 3))
        by_number = under(Change("number", "actions.talk.rate", "times", 3))
        assert same(by_rate, by_number).all()
        by_rate = under(Change("rate", "talk", "set", "2 per month"))
        by_number = under(Change("number", "actions.talk.rate", "set", "2 per month"))
        assert same(by_rate, by_number).all()

    def test_a_rate_that_is_set_is_what_happens(self):
        """120 days at 0.2 per day with a factor from 0.8² to 1 before the handover: about 22 per future."""
        found = under(Change("rate", "talk", "set", "0.2 per day"))
        assert 20.5 < found.counts["talk"] < 24.0

    def test_a_counted_rate_keeps_what_the_record_says(self):
        """Only the future changes: the replayed exposure, and so every draw of the rate, is that of the baseline."""
        found = under(Change("number", "actions.strike.factors.0.times", "set", "×5"))
        name = "actions.strike.rate"
        assert (found.parameters[name] == baseline().parameters[name]).all()
        assert not same(found, baseline()).all()

    def test_a_rate_of_zero_can_be_set(self):
        text = (
            "crisis: c\nas_of: 2024-11-30\nhorizon: 50 d\nsource: judgement\nbecause: x\n"
            "actions: {a: {rate: 0 per day}}"
        )
        change = Change("rate", "a", "set", "1 per day")
        found = ensemble(apply(Scenario("s", changes=(change,)), loads(text)))
        assert 45.0 < found.counts["a"] < 55.0

    def test_odds_and_shares(self):
        def censured(found):
            return np.isfinite(found.registers[Watch("first", "board.censure", 0.0, 105.0)]).mean()

        assert censured(under(Change("rate", "board.censure", "set", "0 %"))) == 0.0
        assert censured(under(Change("rate", "board.censure", "times", 1e9))) == 1.0

    def test_a_spread_is_sampled(self):
        value = {"value": "×2", "spread": "×2"}
        found = under(Change("rate", "talk", "times", value))
        drawn = found.parameters["scenario.test.1.value"]
        assert len(np.unique(drawn)) == 50

    def test_a_removed_faction_no_longer_counts(self):
        found = under(Change("remove", "A.hawks"), final=("A.course",))
        assert np.allclose(found.final["A.course"], 20.0, atol=0.1)
        back = under(Change("remove", "A.hawks", until="2024-12-20"), final=("A.course",))
        assert np.allclose(back.final["A.course"], baseline().final["A.course"], atol=0.1)


class TestDates:
    def test_a_meeting_is_put_off(self):
        found = under(Change("move", "board", at="2025-03-03", to="2025-03-20"))
        assert set(happened(found, "board")[1]) == {9.0, 109.0}

    def test_a_calendar_date_is_put_off_in_what_is_counted_to_it(self):
        found = under(Change("move", "handover", at="2025-01-20", to="2025-03-20"))
        assert found.counts["talk"] < baseline().counts["talk"]
        assert set(happened(found, "B.president.election")[1]) == set(
            happened(baseline(), "B.president.election")[1]
        )


class TestSharedRandomNumbers:
    def test_a_scenario_without_changes_is_the_baseline(self):
        assert apply(Scenario("nothing"), toy()) is toy()

    @pytest.mark.parametrize(
        "change",
        [
            Change("forbid", "strike", since="2025-03-29"),
            Change("stock", "price", "times", 1),
            Change("rate", "strike", "times", 1),
            Change("number", "actions.strike.factors.0.times", "times", 1),
            Change("number", "actions.answer.rate", "times", 1, until="2025-01-01"),
            Change("hold", "truce", since="2025-03-30"),
            Change("rate", "board.censure", "times", 1),
        ],
        ids=str,
    )
    def test_a_change_that_changes_nothing_moves_no_other_draw(self, change):
        """Bit for bit: adding switches, moments and factors of 1 leaves every happening where it was."""
        found = under(change)
        rows = [row for row in event_rows(found) if row[1] < 118.0]
        assert rows == [row for row in event_rows(baseline()) if row[1] < 118.0]

    @given(st.integers(1, 118), st.sampled_from(["forbid", "rate", "stock", "remove", "number"]))
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_nothing_differs_before_a_change_begins(self, begin, kind):
        day = str(np.datetime64("2024-12-01") + begin)
        change = {
            "forbid": Change("forbid", "strike", since=day),
            "rate": Change("rate", "strike", "times", 20, since=day),
            "stock": Change("stock", "price", "times", 5, at=day),
            "remove": Change("remove", "A.hawks", since=day),
            "number": Change("number", "actions.strike.factors.1.times", "set", 2, since=day),
        }[kind]
        mine = [row for row in event_rows(under(change)) if row[1] < begin]
        assert mine == [row for row in event_rows(baseline()) if row[1] < begin]

    def test_scenarios_add_up_in_any_order(self):
        one = Scenario("one", changes=(Change("forbid", "talk"),))
        two = Scenario("two", changes=(Change("stock", "price", "set", 200, at="2025-01-05"),))
        there, back = apply(two, apply(one, toy())), apply(one, apply(two, toy()))
        assert same(ensemble(there, n=80), ensemble(back, n=80)).all()
        assert math.isclose(there.horizon, back.horizon)
