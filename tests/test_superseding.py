"""Corrections: which rows count, what takes whose place, and what is wrong with a chain."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.crisisfile import loads
from detente.crisisfile.superseding import chain, in_force, newest, superseding_faults
from detente.crisisfile.tables import parse_tables
from detente.errors import CrisisFileError
from detente.model import Source

SOURCES = "id,title,publisher,date,kind,reliability,supersedes\nS1,Report,,,,,\nS2,Report,,,,,S1\n"
CLAIMS = "id,asserted_by,about,content,source,status,credibility,known_at,supersedes\nC1,x,,y,,asserted,,,\n"
EVENTS = (
    "id,date,precision,actor,recipient,cameo,plover,title,confidence,sources,claims,contested_by,held,known_at,supersedes\n"
    "E1,2024-06-01,day,A,B,175,,One,,,,,,,\n"
    "E2,2024-06-02,week,A,B,175,,Two,,,,C1,0.25,2024-06-09,E1\n"
)
WHOLE = {"sources.csv": SOURCES, "claims.csv": CLAIMS, "events.csv": EVENTS}


def rows(links):
    return {id_: Source(id_, "Report", supersedes=older) for id_, older in links.items()}


CHAIN = rows({"A": "", "B": "A", "C": "B", "D": ""})


class TestChains:
    def test_the_rows_that_count(self):
        assert [*in_force(CHAIN)] == ["C", "D"]

    def test_what_takes_whose_place(self):
        assert newest(CHAIN) == {"A": "C", "B": "C", "C": "C", "D": "D"}

    def test_a_row_and_all_it_supersedes(self):
        assert (chain(CHAIN, "C"), chain(CHAIN, "A")) == (("C", "B", "A"), ("A",))

    def test_a_correction_may_stand_before_what_it_corrects(self):
        assert [*superseding_faults({"B": "A", "A": ""})] == []

    @pytest.mark.parametrize("links", [{"A": "A"}, {"A": "B", "B": "A"}, {"A": "C", "B": "A", "C": "B"}])
    def test_a_ring_ends(self, links):
        newest(rows(links))
        assert set(chain(rows(links), "A")) == set(links)

    @given(st.dictionaries(st.sampled_from("ABCDEFGH"), st.sampled_from(["", *"ABCDEFGHX"])))
    def test_without_faults_every_chain_has_one_end(self, links):
        table = rows(links)
        if not [*superseding_faults(links)]:
            assert set(newest(table).values()) == {*in_force(table)}
            assert sorted(each for id_ in in_force(table) for each in chain(table, id_)) == sorted(links)
        else:
            ends = [links[id_] for id_ in links if links[id_]]
            has_ring = any(links.get(chain(table, id_)[-1]) for id_ in links)
            assert len(ends) > len(set(ends)) or has_ring or "X" in ends or not set(ends) <= set(links)


class TestTables:
    def test_the_fields(self):
        tables = parse_tables(WHOLE)
        event = tables.events["E2"]
        assert (event.contested_by, event.held, event.supersedes) == (("C1",), 0.25, "E1")
        assert event.known_at == dt.datetime(2024, 6, 10)
        assert tables.sources["S2"].supersedes == "S1"
        assert event.extra == {}
        assert tables.lines["E2"] == 3

    def test_an_instant_is_known_at_once(self):
        text = EVENTS.replace("2024-06-09", "2024-06-09T08:15")
        assert parse_tables(WHOLE | {"events.csv": text}).events["E2"].known_at == dt.datetime(
            2024, 6, 9, 8, 15
        )

    @pytest.mark.parametrize(
        ("file", "old", "new", "column", "words"),
        [
            ("events.csv", ",E1\n", ",E2\n", "supersedes", "'E2' supersedes itself"),
            ("events.csv", ",E1\n", ",E7\n", "supersedes", "there is no 'E7' to supersede"),
            ("events.csv", ",E1\n", ",S1\n", "supersedes", "there is no 'S1' to supersede"),
            ("events.csv", ",0.25,", ",25,", "held", "'25' is not a probability"),
            ("events.csv", ",0.25,", ",1.01,", "held", "'1.01' is not a probability"),
            ("events.csv", ",0.25,", ",-0.1,", "held", "'-0.1' is not a probability"),
            ("events.csv", ",0.25,", ",nan,", "held", "'nan' is not a probability"),
            ("events.csv", ",0.25,", ",2.5e-1,", "held", "'2.5e-1' is not a probability"),
            ("events.csv", "2024-06-09", "9 June", "known_at", "'9 June' is not a date"),
            ("events.csv", "2024-06-09", "9999-12-31", "known_at", "'9999-12-31' has no end"),
            ("events.csv", "C1,0.25", "C9,0.25", "contested_by", "there is no 'C9' in claims.csv"),
            ("sources.csv", ",S1\n", ",S9\n", "supersedes", "there is no 'S9' to supersede"),
            ("claims.csv", "asserted,,,", "asserted,,soon,", "known_at", "'soon' is not a date"),
        ],
    )
    def test_a_fault_says_where(self, file, old, new, column, words):
        assert WHOLE[file].count(old) == 1
        with pytest.raises(CrisisFileError) as caught:
            parse_tables(WHOLE | {file: WHOLE[file].replace(old, new)})
        (fault,) = caught.value.faults
        assert (fault.file, fault.path) == (file, column)
        assert fault.line == (2 if file == "claims.csv" else 3)
        assert words in fault.message
        assert fault.hint

    def test_a_fork_and_a_ring(self):
        more = EVENTS + "E3,2024-06-03,day,A,B,175,,Three,,,,,,,E1\n"
        with pytest.raises(CrisisFileError, match="'E1' is superseded twice, by 'E2' and by 'E3'"):
            parse_tables(WHOLE | {"events.csv": more})
        ring = EVENTS.replace("One,,,,,,,\n", "One,,,,,,,E2\n")
        with pytest.raises(CrisisFileError, match="in a ring: E1 → E2 → E1"):
            parse_tables(WHOLE | {"events.csv": ring})


CRISIS = """
crisis: ferry_row
as_of: 2024-11-30
record_from: 2024-01-01
horizon: 30 d
source: judgement
because: made up for a test
actions:
  seizure: {rate: 2 per year, matches: [E1]}
  return: {rate: 2 per year}
events:
  E1: {date: 2024-06-01}
  E2: {date: 2024-06-03, supersedes: E1}
  E3: {date: 2024-07-01, happening: seizure}
  E4: {date: 2024-07-01, happening: return, supersedes: E3}
"""


class TestRecord:
    def test_a_correction_takes_the_place_and_keeps_the_match(self):
        crisis = loads(CRISIS)
        assert [(each.event, each.moment) for each in crisis.record] == [("E2", "seizure"), ("E4", "return")]
        assert [*crisis.events] == ["E1", "E2", "E3", "E4"]

    def test_a_correction_to_background_takes_it_out_of_the_record(self):
        crisis = loads(CRISIS.replace("happening: return", 'happening: "-"'))
        assert [each.event for each in crisis.record] == ["E2"]

    def test_the_corrected_record_equals_the_one_written_right_at_once(self):
        right = loads(CRISIS.replace("  E1: {date: 2024-06-01}\n", "").replace("matches: [E1]", "matches: [E2]")
                      .replace(", supersedes: E1", "").replace("  E3: {date: 2024-07-01, happening: seizure}\n", "")
                      .replace(", supersedes: E3", ""))  # fmt: skip
        assert right.record == loads(CRISIS).record

    def test_an_unmatched_row_that_is_superseded_is_not_remarked_on(self):
        from detente.crisisfile import resolve_text

        text = CRISIS.replace("happening: seizure", "title: nothing in particular")
        assert resolve_text(text).unmatched == ()


def test_rows_stay_as_they_are():
    table = rows({"A": "", "B": "A"})
    assert newest({**table, "C": replace(table["B"], id="C", supersedes="B")})["A"] == "C"
    assert in_force(table)["B"] is table["B"]
