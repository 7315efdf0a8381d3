"""Who did what to whom, and the events of a crisis in order of time."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from detente.catalog import load
from detente.errors import TableError
from detente.ledger.chronicle import chronicle
from detente.ledger.dyads import busiest_actors, kind_of_codes
from detente.ledger.who_to_whom import actor_of_code, class_of_plover, events_of, who_to_whom

FIRST = dt.date(2020, 1, 1)


def table(*rows: tuple[str | None, str | None, int, str, int, float | None]) -> pl.DataFrame:
    """Rows of actor, recipient, day number, CAMEO code, quad class, Goldstein value."""
    names = ("actor", "recipient", "day", "cameo", "quadclass_icews", "goldstein")
    frame = pl.DataFrame(rows, schema=names, orient="row", schema_overrides={"goldstein": pl.Float64})
    return frame.with_columns((pl.lit(FIRST) + pl.duration(days="day")).cast(pl.Date).alias("occurred_at"))


SOME = table(
    ("A", "B", 0, "190", 4, -10.0),
    ("A", "B", 3, "036", 1, 4.0),
    ("A", "B", 40, "112", 3, None),
    ("B", "A", 1, "060", 2, 6.0),
    ("A", "A", 1, "060", 2, 6.0),
    (None, "A", 1, "060", 2, 6.0),
    ("C", "A", 2, "180", 4, -9.0),
)


class TestCounting:
    def test_by_dyad(self):
        found = who_to_whom(SOME)
        assert found.select("actor", "recipient", "events").rows() == [
            ("A", "B", 3),
            ("B", "A", 1),
            ("C", "A", 1),
        ]
        row = found.row(0, named=True)
        assert (row["verbal_cooperation"], row["material_cooperation"]) == (1, 0)
        assert (row["verbal_conflict"], row["material_conflict"], row["goldstein"]) == (1, 1, -3.0)
        assert (row["first"], row["last"]) == (FIRST, FIRST + dt.timedelta(days=40))

    def test_quad_classes_add_up(self):
        found = who_to_whom(SOME)
        assert (found.select(pl.sum_horizontal(found.columns[3:7])).to_series() == found["events"]).all()

    def test_by_month_adds_up_to_the_total(self):
        months = who_to_whom(SOME, by="month")
        assert months.select("actor", "period", "events").rows()[0] == ("A", FIRST, 2)
        total = months.group_by("actor", "recipient").agg(pl.col("events").sum()).sort("actor")
        assert total["events"].to_list() == [3, 1, 1]

    def test_weeks_begin_on_monday(self):
        assert {day.weekday() for day in who_to_whom(SOME, by="week")["period"]} == {0}

    def test_a_kind_and_codes_and_a_span(self):
        assert who_to_whom(SOME, kind="military")["events"].to_list() == [1, 1]
        _, test = kind_of_codes(["03", "112"])
        assert who_to_whom(SOME, kind=test)["events"].to_list() == [2]
        assert who_to_whom(SOME, since=FIRST + dt.timedelta(days=40))["events"].to_list() == [1]
        assert who_to_whom(SOME, until=FIRST)["events"].to_list() == [1]

    def test_rows_without_order_do_not_count(self):
        rows = SOME.with_columns(pl.Series("directed", [True, False, False, True, True, True, False]))
        assert who_to_whom(rows)["events"].to_list() == [1, 1]

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"actors": ["A", "B", "X"]}, "names X"),
            ({"actors": ["A"]}, "at least two"),
            ({"kind": "war"}, "no kind 'war'. Known: any"),
            ({"since": dt.date(2030, 1, 1)}, "no event is left"),
        ],
    )
    def test_faults(self, options, words):
        with pytest.raises(TableError, match=words):
            who_to_whom(SOME, **options)

    def test_the_busiest(self):
        assert busiest_actors(SOME, 2) == ["A", "B"]


class TestTrend:
    def test_is_the_ratio_of_halves(self):
        days = [*range(0, 50, 10), *range(50, 100, 5)]
        found = who_to_whom(table(*(("A", "B", day, "190", 4, None) for day in (*days, 99)))).row(
            0, named=True
        )
        assert found["trend"] == pytest.approx(11.5 / 5.5)

    def test_range_covers_no_change(self):
        """Counts at a constant rate: 1 lies outside the 90 % range in 10 % of records, more or less.

        For a range that is exact, binomial(300, 0.1) leaves 9 … 47 with probability 8e-4 (false alarms).
        """
        rng = np.random.default_rng(3)
        outside = 0
        for _ in range(300):
            days = [0, 139, *np.flatnonzero(rng.random(140) < 0.3)]
            row = who_to_whom(table(*(("A", "B", int(day), "190", 4, None) for day in days))).row(
                0, named=True
            )
            outside += not 1 / row["trend_factor"] < row["trend"] < row["trend_factor"]
        assert 9 <= outside <= 47

    @pytest.mark.parametrize("days", [range(0, 50, 2), range(0, 90, 10)])
    def test_is_not_told_of_short_or_few(self, days):
        found = who_to_whom(table(*(("A", "B", day, "190", 4, None) for day in days)))
        assert found["trend"].to_list() == [None]


class TestCodes:
    @pytest.mark.parametrize("codes", [["18", "195"], ["ASSAULT"]])
    def test_name_themselves(self, codes):
        assert kind_of_codes(codes)[0] == "+".join(codes)

    def test_of_either_kind(self):
        _, test = kind_of_codes(["19", "ASSAULT"])
        rows = pl.DataFrame({"cameo": ["190", "180", None], "plover": [None, None, "ASSAULT"]})
        assert rows.select(test).to_series().to_list() == [True, False, True]

    @pytest.mark.parametrize(
        ("codes", "words"),
        [([], "none given"), (["36"], "leading zero"), (["ASSALT"], "Did you mean 'ASSAULT'")],
    )
    def test_faults(self, codes, words):
        with pytest.raises(TableError, match=words):
            kind_of_codes(codes)


class TestCrisis:
    def test_several_codes_of_one_actor_count_once(self):
        crisis = load("iran_2024")
        event = next(each for each in crisis.events.values() if {"GBRGOV", "FRAGOV"} <= set(each.actor))
        only = replace(crisis, events={event.id: event})
        assert events_of(only).select("actor", "recipient").rows().count(("E3", "IRN")) == 1

    def test_a_superseded_event_does_not_count(self):
        crisis = load("cuba_1962")
        before = events_of(crisis).height
        event = crisis.events["K03E"]
        later = replace(event, id="K09E", supersedes="K03E")
        assert events_of(replace(crisis, events={**crisis.events, "K09E": later})).height == before

    def test_codes_and_classes(self):
        crisis = load("iran_2024")
        assert actor_of_code(crisis, "IRN") == "IRN"
        assert actor_of_code(crisis, "XYZ") == "XYZ"
        assert class_of_plover("AID") == 2


class TestChronicle:
    def test_is_in_order_and_whole(self):
        crisis = load("iran_2024")
        entries = chronicle(crisis)
        assert len(entries) == len(crisis.events)
        assert [entry.event.date for entry in entries] == sorted(
            event.date for event in crisis.events.values()
        )

    def test_says_what_each_fires(self):
        crisis = load("iran_2024")
        fired = {entry.event.id: entry.happening for entry in chronicle(crisis) if entry.happening}
        named = {
            item.event: f"{item.moment}.{item.outcome}".rstrip(".") for item in crisis.record if item.event
        }
        assert fired == named

    def test_chooses(self):
        crisis = load("iran_2024")
        some = chronicle(crisis, since=dt.date(2024, 10, 1), until=dt.date(2024, 10, 31), actors=["IRN"])
        assert 0 < len(some) < len(chronicle(crisis, actors=["IRN"]))
        assert all("IRN" in (*entry.actors, *entry.recipients) for entry in some)
        assert chronicle(crisis, actors=["IRNMIL"])
        with pytest.raises(TableError, match=r"no event names the actor 'FOO'\. Events name: .*IRN"):
            chronicle(crisis, actors=["FOO"])

    def test_dates_are_as_exact_as_known(self):
        shown = {entry.event.precision: entry.date for entry in chronicle(load("iran_2024"))}
        assert len(shown["month"]) == len("2024-11")
        assert shown["week"].endswith(" week")

    def test_marks_what_is_superseded(self):
        crisis = load("cuba_1962")
        later = replace(crisis.events["K03E"], id="K09E", supersedes="K03E")
        entries = chronicle(replace(crisis, events={**crisis.events, "K09E": later}))
        assert {entry.event.id: entry.superseded_by for entry in entries}["K03E"] == "K09E"

    def test_tells_how_far_an_event_is_held(self):
        crisis = load("cuba_1962")
        doubted = replace(crisis.events["K02E"], held=0.3)
        entries = chronicle(replace(crisis, events={**crisis.events, "K02E": doubted}))
        assert {entry.event.id: entry.held for entry in entries} == {"K01E": 1.0, "K02E": 0.3, "K03E": 1.0}
        assert entries[1].as_dict()["held"] == 0.3
