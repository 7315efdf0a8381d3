"""From coded events to actions: what fits, what is more specific, what is a tie; and the two matchers agree."""

import random
import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.catalog import load
from detente.crisisfile import loads
from detente.crisisfile.patterns import fits, most_specific, specificity
from detente.errors import TableError
from detente.ledger.candidates import patterns_of
from detente.ledger.coding import cameo_codes, cameo_of_plover
from detente.ledger.matching import match_events, write_matching
from detente.model import Event, Pattern

CRISIS = """
crisis: quarrel
as_of: 2024-11-30
horizon: 30 d
source: judgement
because: made up for a test
actors:
  IRN: {cameo: [IRN, IRNMIL]}
  ISR: {cameo: [ISR, ISRMIL]}
  HEZ: {cameo: [LBNREBHEZ]}
  REB: {cameo: [SYRREB]}
actions:
ACTIONS
"""


def crisis_of(**actions):
    lines = "\n".join(f"  {name}: {{rate: 1 per year, {fields}}}" for name, fields in actions.items())
    return loads(CRISIS.replace("ACTIONS", lines))


def matched(crisis, **columns):
    found = match_events(crisis, pl.DataFrame({name: [cell] for name, cell in columns.items()}))
    return found.events.row(0, named=True)


def happening(crisis, **columns):
    return matched(crisis, **columns)["happening"]


class TestFitting:
    STRIKE = crisis_of(strike='actor: ISR, recipient: IRN, cameo: "195"')

    @pytest.mark.parametrize(
        ("columns", "fits"),
        [
            ({"actor": "ISR", "recipient": "IRN", "cameo": "195"}, True),
            ({"actor": "ISR", "recipient": "IRN", "cameo": "1951"}, True),
            ({"actor": "ISR", "recipient": "IRN", "cameo": "19"}, False),
            ({"actor": "IRN", "recipient": "ISR", "cameo": "195"}, False),
            ({"actor": "IRN", "recipient": "ISR", "cameo": "195", "directed": False}, True),
            ({"actor": "IRN", "recipient": "ISR", "cameo": "195", "directed": True}, False),
            ({"actor": "ISR", "recipient": None, "cameo": "195"}, False),
            ({"actor": None, "recipient": "IRN", "cameo": "195"}, False),
            ({"actor": "ISR", "recipient": "IRN", "cameo": None, "plover": "ASSAULT"}, True),
            ({"actor": "ISR", "recipient": "IRN", "cameo": None, "plover": "assault"}, True),
            ({"actor": "ISR", "recipient": "IRN", "cameo": None, "plover": "COERCE"}, False),
            ({"actor": "ISR", "recipient": "IRN", "cameo": None, "plover": None}, False),
            ({"actor": "ISR", "recipient": "IRN", "cameo": "190", "plover": "ASSAULT"}, False),
        ],
    )
    def test_an_action_by_its_own_codes(self, columns, fits):
        assert happening(self.STRIKE, **columns) == ("strike" if fits else None)

    def test_a_code_without_an_actor_claims_nothing(self):
        crisis = crisis_of(strike='cameo: "195"', visit="actor: ISR, recipient: IRN")
        assert happening(crisis, actor="ISR", recipient="IRN", cameo="195") is None

    def test_parties_on_both_sides_do_it_to_each_other_not_to_themselves(self):
        crisis = crisis_of(talk='actor: [ISR, IRN], recipient: [IRN, ISR], cameo: "04"')
        assert happening(crisis, actor="ISR", recipient="IRN", cameo="042") == "talk"
        assert happening(crisis, actor="IRN", recipient="ISR", cameo="042") == "talk"
        assert happening(crisis, actor="IRN", recipient="IRN", cameo="042") is None
        protest = crisis_of(protest='actor: IRN, recipient: IRN, cameo: "14"')
        assert happening(protest, actor="IRN", recipient="IRN", cameo="141") == "protest"

    def test_plover_patterns_fit_events_that_carry_only_cameo(self):
        crisis = crisis_of(aid="matches: [{actor: IRN, plover: AID}]")
        assert happening(crisis, actor="IRN", recipient="HEZ", cameo=cameo_of_plover("AID")[0]) == "aid"
        assert happening(crisis, actor="IRN", recipient="HEZ", cameo="195") is None

    @pytest.mark.parametrize("country", ["LBN", "Lebanon", "lebanon"])
    def test_a_location_in_any_spelling(self, country):
        crisis = crisis_of(raid='matches: [{cameo: "19", location: LBN}]')
        assert happening(crisis, cameo="190", country=country) == "raid"
        assert happening(crisis, cameo="190", country="Syria") is None

    def test_a_location_that_no_table_knows_fits_as_it_is(self):
        crisis = crisis_of(raid='matches: [{cameo: "19", location: Atlantis}]')
        assert happening(crisis, cameo="190", country="ATLANTIS") == "raid"

    def test_an_event_by_its_id(self):
        crisis = loads(CRISIS.replace("ACTIONS", "  raid: {rate: 1 per year, matches: [X7]}")
                       + "events: {X7: {date: 2024-06-01}}")  # fmt: skip
        assert happening(crisis, event_id="X7", cameo=None) == "raid"
        assert happening(crisis, event_id="X8", cameo=None) is None

    def test_an_action_that_names_very_many_events(self):
        ids = [f"X{i}" for i in range(3000)]
        crisis = loads(CRISIS.replace("ACTIONS", f"  raid: {{rate: 1 per year, matches: [{', '.join(ids)}]}}")
                       + f"events: {{{', '.join(f'{id_}: {{date: 2024-06-01}}' for id_ in ids)}}}")  # fmt: skip
        found = match_events(crisis, pl.DataFrame({"event_id": [*ids, "X3000"]}))
        assert (found.n_matched, found.n_unmatched) == (3000, 1)

    def test_codes_of_the_forces_stand_for_the_actor(self):
        crisis = crisis_of(strike='matches: [{actor: ISRMIL, recipient: LBNREBHEZ, cameo: "19"}]')
        assert happening(crisis, actor="ISR", recipient="HEZ", cameo="190") == "strike"
        assert happening(crisis, actor="ISR", recipient="LBN", cameo="190") is None

    def test_those_who_oppose_a_state_are_not_the_state(self):
        crisis = crisis_of(revolt='actor: REB, recipient: ISR, cameo: "19"')
        found = match_events(crisis, pl.DataFrame({"actor": ["SYR"], "recipient": ["ISR"], "cameo": ["190"]}))
        assert (found.n_unmatched, found.unknown) == (1, ("SYRREB",))


class TestSpecificity:
    def test_the_order(self):
        ranks = [
            Pattern(id="E1"),
            Pattern(actor="A", recipient="B", cameo="19"),
            Pattern(actor="A", cameo="195"),
            Pattern(actor="AMIL", cameo="19"),
            Pattern(actor="A", cameo="19"),
            Pattern(actor="A", plover="ASSAULT"),
            Pattern(cameo="195"),
            Pattern(location="LBN"),
        ]
        assert sorted(ranks, key=specificity, reverse=True) == ranks
        assert len({specificity(each) for each in ranks}) == len(ranks)

    def test_more_fields_win(self):
        crisis = crisis_of(broad='matches: [{cameo: "1951"}]', one='actor: ISR, recipient: IRN, cameo: "19"')
        assert happening(crisis, actor="ISR", recipient="IRN", cameo="1951") == "one"

    def test_a_longer_code_wins(self):
        crisis = crisis_of(
            broad='actor: ISR, recipient: IRN, cameo: "19"', air='actor: ISR, recipient: IRN, cameo: "195"'
        )
        assert happening(crisis, actor="ISR", recipient="IRN", cameo="195") == "air"
        assert happening(crisis, actor="ISR", recipient="IRN", cameo="190") == "broad"

    def test_a_tie_is_reported_and_given_to_none(self):
        crisis = crisis_of(
            b='actor: ISR, recipient: IRN, cameo: "186"', a='actor: ISR, recipient: IRN, cameo: "186"'
        )
        row = matched(crisis, actor="ISR", recipient="IRN", cameo="186")
        assert (row["happening"], row["tied"], row["why"]) == (None, "a | b", "fits a | b equally well")

    def test_a_code_that_fits_only_by_the_crosswalk_is_no_longer_the_longer_one(self):
        crisis = crisis_of(
            broad='actor: ISR, recipient: IRN, cameo: "19"', air='actor: ISR, recipient: IRN, cameo: "195"'
        )
        assert matched(crisis, actor="ISR", recipient="IRN", plover="ASSAULT")["tied"] == "air | broad"

    def test_the_best_pattern_of_each_counts(self):
        crisis = crisis_of(
            a='matches: [{actor: ISR}, {actor: ISR, cameo: "195"}]', b='matches: [{actor: ISR, cameo: "19"}]'
        )
        row = matched(crisis, actor="ISR", recipient="IRN", cameo="195")
        assert (row["happening"], row["why"]) == ("a", "matches: actor ISR, cameo 195")


codes = st.sampled_from(["", "1", "19", "195", "18"])
names = st.sampled_from(["", "ISR", "IRN"])
patterns = st.builds(
    Pattern, actor=names, recipient=names, cameo=codes, plover=st.sampled_from(["", "ASSAULT"])
)


class TestTheTwoMatchersAgree:
    @given(
        st.dictionaries(
            st.sampled_from(["a", "b", "c", "e"]),
            st.lists(patterns.filter(lambda p: p != Pattern()), min_size=1, max_size=3),
        ),
        st.lists(st.tuples(names, names, st.sampled_from(["190", "195", "186"])), min_size=1, max_size=5),
    )
    def test_on_events_with_all_codes(self, given_patterns, rows):
        written = {
            name: f"matches: [{', '.join(_written(each) for each in some)}]"
            for name, some in given_patterns.items()
        }
        crisis = crisis_of(**written) if written else loads(CRISIS.replace("actions:\nACTIONS", ""))
        frame = pl.DataFrame(
            [(a or None, r or None, c, cameo_codes()[c].plover) for a, r, c in rows],
            schema=["actor", "recipient", "cameo", "plover"], orient="row",
        ).cast(pl.String)  # fmt: skip
        found = match_events(crisis, frame).events
        for (actor, recipient, cameo), row in zip(rows, found.rows(named=True), strict=True):
            event = Event("E", None, "day", (actor,), (recipient,), cameo, cameo_codes()[cameo].plover, "")
            best = most_specific(event, patterns_of(crisis))
            assert (row["happening"] or row["tied"] or "") == " | ".join(best)
            assert (row["tied"] is None) == (len(best) < 2)


def _written(pattern):
    fields = {name: cell for name, cell in vars(pattern).items() if cell}
    return "{" + ", ".join(f'{name}: "{cell}"' for name, cell in fields.items()) + "}"


class TestEventsOfACrisis:
    def event(self, **fields):
        return Event(
            "E1",
            None,
            "day",
            ("ISR", "ISRMIL"),
            ("IRN",),
            "195",
            "ASSAULT",
            "",
            extra={"location": "IRN"},
            **fields,
        )

    @pytest.mark.parametrize(
        ("pattern", "fitting"),
        [
            (Pattern(id="E1"), True),
            (Pattern(id="E2"), False),
            (Pattern(actor="ISRMIL"), True),
            (Pattern(actor="IS"), False),
            (Pattern(recipient="IRN", cameo="19"), True),
            (Pattern(cameo="194"), False),
            (Pattern(plover="assault"), True),
            (Pattern(plover="AID"), False),
            (Pattern(location="IRN"), True),
            (Pattern(location="ISR"), False),
        ],
    )
    def test_fitting(self, pattern, fitting):
        assert fits(self.event(), pattern) is fitting

    def test_a_correction_fits_by_the_id_of_what_it_corrects(self):
        assert fits(self.event(), Pattern(id="E0"), ("E1", "E0"))

    def test_the_most_specific_wins_in_the_record_too(self):
        crisis = loads(CRISIS.replace("ACTIONS", '  broad: {rate: 1 per year, matches: [{cameo: "19"}]}\n'
                       '  air: {rate: 1 per year, matches: [{cameo: "195"}]}')
                       .replace("horizon", "record_from: 2024-01-01\nhorizon")
                       + 'events: {E1: {date: 2024-06-01, cameo: "195"}, '
                       'E2: {date: 2024-06-02, cameo: "190"}}')  # fmt: skip
        assert [(each.event, each.moment) for each in crisis.record] == [("E1", "air"), ("E2", "broad")]


class TestReport:
    EVENTS = pl.DataFrame(
        {
            "actor": ["USA", "USA", "ISR", "RUS", "RUS", None],
            "recipient": ["IRN", "IRN", "IRN", "IRN", "IRN", "IRN"],
            "cameo": ["154", "154", "186", "036", "036", "010"],
            "title": list("abcdef"),
        }
    )

    def test_counts_and_tables(self):
        found = match_events(load("iran_2024"), self.EVENTS)
        assert (found.n_matched, found.n_tied, found.n_unmatched) == (2, 1, 3)
        assert found.by_happening().rows() == [("us_deploys", 2, "USA IRN 154")]
        assert found.ties().rows() == [
            ("israel_crosses_line | israel_kills_irgc_abroad", "186", 1, "ISR IRN 186")
        ]
        assert found.unmatched().rows() == [("036", 2, "RUS IRN 036"), ("010", 1, "? IRN 010")]

    def test_the_events_stay_in_their_order_with_all_their_columns(self):
        found = match_events(load("iran_2024"), self.EVENTS)
        assert found.events.select(self.EVENTS.columns).equals(self.EVENTS)
        assert found.events.columns == [*self.EVENTS.columns, "happening", "why", "tied"]

    def test_no_events_and_no_actions(self):
        nothing = match_events(load("iran_2024"), self.EVENTS.clear())
        assert (nothing.n_matched, nothing.n_unmatched, nothing.by_happening().height) == (0, 0, 0)
        still = match_events(loads("crisis: still\nas_of: 2024-11-30\nhorizon: 30 d"), self.EVENTS)
        assert (still.n_matched, still.n_unmatched) == (0, 6)

    @pytest.mark.parametrize("name", ["found.parquet", "found.csv"])
    def test_writing(self, tmp_path, name):
        found = match_events(load("iran_2024"), self.EVENTS)
        write_matching(found, tmp_path / name)
        read = pl.read_parquet if name.endswith("parquet") else pl.read_csv
        assert read(tmp_path / name)["happening"].to_list() == found.events["happening"].to_list()
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_another_kind_of_file_is_refused(self, tmp_path):
        with pytest.raises(TableError, match=r"\.parquet or \.csv"):
            write_matching(match_events(load("iran_2024"), self.EVENTS), tmp_path / "found.xlsx")

    def test_half_a_million_events_take_seconds(self):
        chance = random.Random(3)
        n = 500_000
        events = pl.DataFrame(
            {
                "event_id": [f"x{i}" for i in range(n)],
                "actor": chance.choices(["IRN", "ISR", "USA", "HEZ", None], k=n),
                "recipient": chance.choices(["IRN", "ISR", "USA", "LBN"], k=n),
                "cameo": chance.choices([*cameo_codes(), None], k=n),
            }
        )
        begun = time.monotonic()
        found = match_events(load("iran_2024"), events)
        assert time.monotonic() - begun < 20.0
        assert found.n_matched + found.n_tied + found.n_unmatched == n
        assert found.n_matched > 1000
