"""What was known on a date: defaults, and that nothing later can be seen."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.catalog import load
from detente.crisisfile.holding import hold
from detente.crisisfile.superseding import chain, in_force
from detente.errors import TableError
from detente.ledger.knowledge import claim_known_at, event_known_at, known_on, source_known_at
from detente.model import Claim, Event, Source

DAY = dt.datetime(2024, 3, 12)


def event(id_="E1", date=DAY, precision="day", **fields):
    return Event(id_, date, precision, (), (), "", "", fields.pop("title", ""), **fields)


class TestKnownFrom:
    @pytest.mark.parametrize(
        ("date", "precision", "known"),
        [
            (DAY, "day", dt.datetime(2024, 3, 13)),
            (DAY.replace(hour=4), "day", dt.datetime(2024, 3, 13)),
            (DAY, "approx", dt.datetime(2024, 3, 13)),
            (DAY, "period", dt.datetime(2024, 3, 13)),
            (DAY, "week", dt.datetime(2024, 3, 19)),
            (DAY, "month", dt.datetime(2024, 4, 1)),
            (dt.datetime(9999, 12, 31), "month", dt.datetime.max),
        ],
    )
    def test_an_event_is_known_from_the_end_of_its_date(self, date, precision, known):
        assert event_known_at(event(date=date, precision=precision)) == known

    def test_what_is_stated_counts(self):
        known = dt.datetime(2024, 5, 1, 8)
        assert event_known_at(event(known_at=known)) == known
        assert claim_known_at(Claim("C1", "x", "y", known_at=known), {}) == known

    @pytest.mark.parametrize(
        ("date", "known"),
        [
            ("2024-03-12", dt.datetime(2024, 3, 13)),
            ("2024-03-12T10:00", dt.datetime(2024, 3, 13)),
            ("2024-03", dt.datetime(2024, 4, 1)),
            ("2024", dt.datetime(2025, 1, 1)),
            ("9999", dt.datetime.max),
            ("", None),
            ("last spring", None),
            ("2024-13", None),
        ],
    )
    def test_a_source_is_known_from_the_end_of_its_date(self, date, known):
        assert source_known_at(Source("S1", "Report", date=date)) == known

    def test_a_claim_is_known_from_its_first_dated_source(self):
        sources = {
            "S1": Source("S1", "", date="2024-05"),
            "S2": Source("S2", "", date="2024-03-12"),
            "S3": Source("S3", ""),
        }
        assert claim_known_at(Claim("C1", "x", "y", source=("S1", "S2", "S3")), sources) == dt.datetime(
            2024, 3, 13
        )
        assert claim_known_at(Claim("C1", "x", "y", source=("S3",)), sources) is None


SOURCES = {"S1": Source("S1", "", date="2024-03-12"), "S2": Source("S2", "", date="2024-05-01")}
CLAIMS = {
    "C1": Claim("C1", "x", "yes", source=("S1", "S2")),
    "C2": Claim("C2", "y", "no", source=("S2",)),
}
EVENTS = {
    "E1": event("E1", claims=("C1",), contested_by=("C2",)),
    "E2": event("E2", known_at=dt.datetime(2024, 6, 1, 12), supersedes="E1"),
}


class TestKnownOn:
    def on(self, *date):
        return known_on(SOURCES, CLAIMS, EVENTS, dt.date(*date))

    def test_before_anything(self):
        nothing = self.on(2024, 3, 11)
        assert (nothing.sources, nothing.claims, nothing.events) == ({}, {}, {})

    def test_ids_that_are_not_known_yet_are_left_out_of_the_lists(self):
        then = self.on(2024, 3, 12)
        assert then.claims["C1"].source == ("S1",)
        assert (then.events["E1"].claims, then.events["E1"].contested_by) == (("C1",), ())

    def test_how_far_an_event_is_held_follows_from_what_was_known(self):
        march, may = self.on(2024, 3, 12), self.on(2024, 5, 1)
        assert hold(march.events["E1"], march.claims, march.sources).probability == 1.0
        assert 0.0 < hold(may.events["E1"], may.claims, may.sources).probability < 1.0

    def test_a_row_counts_until_its_correction_is_known(self):
        assert [*in_force(self.on(2024, 5, 31).events)] == ["E1"]
        assert [*in_force(self.on(2024, 6, 1).events)] == ["E2"]
        at_noon = known_on(SOURCES, CLAIMS, EVENTS, dt.datetime(2024, 6, 1, 11, 59))
        assert [*in_force(at_noon.events)] == ["E1"]

    def test_a_correction_is_never_known_before_what_it_corrects(self):
        rows = {"E1": event("E1", precision="month"), "E2": event("E2", known_at=DAY, supersedes="E1")}
        assert [*known_on({}, {}, rows, dt.date(2024, 3, 20)).events] == []
        assert [*known_on({}, {}, rows, dt.date(2024, 3, 31)).events] == ["E1", "E2"]

    def test_on_the_last_day_it_is_all(self):
        whole = self.on(2024, 6, 1)
        assert (whole.sources, whole.claims, whole.events) == (SOURCES, CLAIMS, EVENTS)

    def test_broken_corrections_are_refused(self):
        rows = {"E1": event("E1", supersedes="E2"), "E2": event("E2", supersedes="E1")}
        with pytest.raises(TableError, match="in a ring"):
            known_on({}, {}, rows, dt.date(2024, 6, 1))

    def test_the_whole_of_a_bundled_crisis(self):
        iran = load("iran_2024")
        whole = known_on(iran.sources, iran.claims, iran.events, iran.as_of)
        assert whole.events == iran.events
        before = known_on(iran.sources, iran.claims, iran.events, dt.date(2024, 11, 13))
        assert "E049" not in before.events


# ── nothing later can be seen ────────────────────────────────────────────────────────────────────

days = st.integers(0, 40)


@st.composite
def tables(draw):
    """Random tables: ids, dates with holes, references anywhere, chains of corrections."""
    sources, claims, events = {}, {}, {}
    for i in range(draw(st.integers(0, 5))):
        day = draw(st.one_of(st.none(), days))
        date = "" if day is None else f"{dt.date(2024, 1, 1) + dt.timedelta(days=day)}"
        sources[f"S{i}"] = Source(f"S{i}", "", date=date, supersedes=_older(draw, sources))
    for i in range(draw(st.integers(0, 5))):
        claims[f"C{i}"] = Claim(
            f"C{i}",
            "x",
            "y",
            source=_some(draw, sources),
            known_at=_instant(draw),
            supersedes=_older(draw, claims),
        )
    for i in range(draw(st.integers(0, 6))):
        date = dt.datetime(2024, 1, 1) + dt.timedelta(days=draw(days))
        events[f"E{i}"] = event(
            f"E{i}", date, draw(st.sampled_from(["day", "week", "month", "approx"])), claims=_some(draw, claims),
            contested_by=_some(draw, claims), sources=_some(draw, sources), known_at=_instant(draw),
            supersedes=_older(draw, events),
        )  # fmt: skip
    return sources, claims, events


def _instant(draw):
    day = draw(st.one_of(st.none(), days))
    return None if day is None else dt.datetime(2024, 1, 1, 12) + dt.timedelta(days=day)


def _some(draw, rows):
    return tuple(draw(st.lists(st.sampled_from(sorted(rows)), max_size=3, unique=True))) if rows else ()


def _older(draw, rows):
    free = sorted(set(rows) - {row.supersedes for row in rows.values()})
    return draw(st.sampled_from(["", *free]))


def without(whole, gone, known):
    """The tables without some rows, without later claims that rest on them, and without references to them.

    A later claim that lost the source that dates it would be without a date, and so no longer later.
    """
    gone = gone | {id_ for id_, row in whole[1].items() if id_ not in known and gone & {*row.source}}
    left = []
    for rows in whole:
        kept = {id_: row for id_, row in rows.items() if not gone & {*chain(rows, id_)}}
        for word in ("source", "sources", "claims", "contested_by"):
            kept = {
                id_: replace(row, **{word: tuple(each for each in getattr(row, word) if each not in gone)})
                if hasattr(row, word) else row
                for id_, row in kept.items()
            }  # fmt: skip
        left.append(kept)
    return tuple(left)


class TestNothingLaterCanBeSeen:
    @settings(max_examples=300, deadline=None)
    @given(tables(), days, st.data())
    def test_later_rows_can_be_deleted_or_changed(self, whole, day, data):
        date = dt.date(2024, 1, 1) + dt.timedelta(days=day)
        then = known_on(*whole, date)
        known = {*then.sources, *then.claims, *then.events}
        later = sorted({id_ for rows in whole for id_ in rows} - known)
        gone = set(data.draw(st.lists(st.sampled_from(later), unique=True))) if later else set()
        shorter = without(whole, gone, known)
        assert _plain(known_on(*shorter, date)) == _plain(then)
        sources, claims, events = shorter
        changed = {
            id_: replace(row, title="changed", held=0.5, contested_by=()) if id_ not in known else row
            for id_, row in events.items()
        }
        rewritten = {
            id_: replace(row, credibility="1", status="denied") if id_ not in known else row
            for id_, row in claims.items()
        }
        assert _plain(known_on(sources, rewritten, changed, date)) == _plain(then)

    @settings(max_examples=200, deadline=None)
    @given(tables(), days, days)
    def test_knowledge_only_grows(self, whole, one, other):
        first, second = sorted((one, other))
        then, later = (
            known_on(*whole, dt.date(2024, 1, 1) + dt.timedelta(days=day)) for day in (first, second)
        )
        for word in ("sources", "claims", "events"):
            assert getattr(then, word).keys() <= getattr(later, word).keys()

    @settings(max_examples=200, deadline=None)
    @given(tables(), days)
    def test_looking_twice_changes_nothing_and_the_last_day_is_all(self, whole, day):
        date = dt.date(2024, 1, 1) + dt.timedelta(days=day)
        then = known_on(*whole, date)
        assert known_on(then.sources, then.claims, then.events, date) == then
        assert _plain(known_on(*whole, dt.date(2025, 1, 1))) == _plain_tables(*whole)


def _plain(found):
    return _plain_tables(found.sources, found.claims, found.events)


def _plain_tables(sources, claims, events):
    return dict(sources), dict(claims), dict(events)
