"""Occasions: listed dates, a period, or both."""

import datetime as dt

import pytest

from detente.crisisfile import loads
from detente.crisisfile.lowering.occasions import MAX_DATES
from detente.dates import date_at
from detente.model import Schedule

HEAD = "crisis: ferry_row\nas_of: 2024-11-30\n"
QUESTION = "questions: {Q1: {text: a, yes_if: ever (month > 3), closes: 2025-01-10}}\n"


def dates(occasion, *, head=HEAD + "horizon: 90 d\n", rest="", short=True):
    """The dates of an occasion as text."""
    crisis = loads(f"{head}{rest}occasions: {{session: {{{occasion}}}}}\n")
    cause = crisis.moments["session"].cause
    assert isinstance(cause, Schedule)
    instants = [date_at(dt.date(2024, 11, 30), time) for time in cause.times]
    return [f"{each:%y-%m-%d}" if short else f"{each:%m-%dT%H:%M}" for each in instants]


@pytest.mark.parametrize(
    ("occasion", "found"),
    [
        ("every: 7 d, from: 2025-01-01, to: 2025-01-15", "25-01-01 25-01-08 25-01-15"),
        ("every: 2 weeks, from: 2025-01-01, to: 2025-01-20", "25-01-01 25-01-15"),
        ("every: 1 month, from: 2024-12-31, to: 2025-03-30", "24-12-31 25-01-31 25-02-28"),
        ("every: 3 months, from: 2024-11-30, to: 2025-06-01", "24-11-30 25-02-28 25-05-30"),
        ("every: 1 year, from: 2027-02-28, to: 2029-12-31", "27-02-28 28-02-28 29-02-28"),
        ("every: 2 years, from: 2024-02-29, to: 2029-12-31", "24-02-29 26-02-28 28-02-29"),
        ("every: 5000 years, from: 2024-02-29, to: 9999-01-01", "24-02-29 24-02-29"),
        ("every: 1e9 weeks, from: 2025-01-01", "25-01-01"),
        ("every: 1 month, from: 2024-12-05, to: 2025-01-31, dates: [2025-01-05, 2025-01-07]",
         "24-12-05 25-01-05 25-01-07"),
    ],
)  # fmt: skip
def test_dates_recur(occasion, found):
    assert dates(occasion) == found.split()


def test_months_do_not_drift():
    found = dates("every: 1 month, from: 2024-01-31, to: 2024-12-31")
    assert [int(each[-2:]) for each in found] == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def test_a_day_counts_to_its_end_and_an_instant_is_the_last():
    hours = "every: 12 h, from: 2025-01-01"
    assert dates(f"{hours}, to: 2025-01-01", short=False) == ["01-01T00:00", "01-01T12:00"]
    assert dates(f"{hours}, to: 2025-01-01T12:00", short=False) == ["01-01T00:00", "01-01T12:00"]
    assert dates(f"{hours}, to: 2025-01-01T11:59", short=False) == ["01-01T00:00"]
    assert (
        dates(f"{hours}, to: noon", rest="calendar: {noon: 2025-01-01T12:00}\n", short=False)[-1]
        == "01-01T12:00"
    )


def test_without_an_end_they_go_on_to_the_end_of_the_simulation():
    assert dates("every: 30 d, from: 2024-12-01") == ["24-12-01", "24-12-31", "25-01-30"]
    by_closing = dates("every: 20 d, from: 2024-12-02", head=HEAD, rest=QUESTION)
    assert by_closing == ["24-12-02", "24-12-22"]
    the_day_itself = dates("every: 20 d, from: 2024-12-01", head=HEAD, rest=QUESTION)
    assert the_day_itself == ["24-12-01", "24-12-21", "25-01-10"]


def test_past_dates_are_included_from_the_first():
    assert dates("every: 30 d, from: 2024-10-01, to: 2024-12-01") == ["24-10-01", "24-10-31", "24-11-30"]


def test_the_most_dates_are_read():
    head = HEAD + "horizon: 100000 d\n"
    found = dates(
        f"every: 1 d, from: 2025-01-01, to: {dt.date(2025, 1, 1) + dt.timedelta(MAX_DATES - 1)}", head=head
    )
    assert len(found) == len(set(found)) == MAX_DATES
