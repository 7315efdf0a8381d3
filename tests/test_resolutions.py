"""How questions turned out: every fault with its line and remedy, and what counts when."""

import datetime as dt
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import CrisisFileError, ForecastError
from detente.forecasting.archive import Archive
from detente.forecasting.entries import ArchivedAnswer, Entry
from detente.forecasting.judging import STATES, judge, to_polars
from detente.forecasting.references import Reference
from detente.forecasting.resolutions import Asked, Resolution, asked_in, parse_resolutions
from detente.forecasting.scores import score

DAY = dt.timedelta(days=1)
START = dt.datetime(2024, 12, 1)


def answer(name="Q1", p=0.5, closes=30.0, opens=START, **more):
    fields = {
        "text": "?", "criterion": "", "mc_error": 0.01, "low": None, "high": None, "n": 1000,
        "times": (0.0, closes), "curve": (0.0, p or 0.0), "reference": Reference(0.3, 0.2, 3, 300.0),
    }  # fmt: skip
    return ArchivedAnswer(id=name, probability=p, opens=opens, closes=START + closes * DAY, **(fields | more))


def entry(number, *answers, crisis="calm", as_of=dt.date(2024, 11, 30)):
    return Entry(number, f"d{number}", "", crisis, as_of, "", {}, answers)


def archive(*entries):
    return Archive(Path("archive"), entries)


SMALL = archive(entry(1, answer("Q1"), answer("Q2", closes=60.0), answer("Q3")))


def faults(text, asked=None):
    with pytest.raises(CrisisFileError) as caught:
        parse_resolutions(text, asked or asked_in(SMALL), "r.csv")
    return str(caught.value)


HEAD = "question,answer,resolved_at\n"
FULL = "question,answer,resolved_at,happened_at\n"


class TestFile:
    def test_the_four_answers(self):
        text = HEAD + "Q1,yes,2024-12-05\nQ2,open,\nQ3,void,2024-12-20\n"
        found = parse_resolutions(text, asked_in(SMALL))
        assert [each.answer for each in found] == ["yes", "open", "void"]
        assert found[0].resolved_at == dt.datetime(2024, 12, 6)

    def test_a_byte_order_mark_blank_lines_and_notes(self):
        text = (
            '\ufeffquestion,answer,resolved_at,source,note,value\n\nQ1,yes,2024-12-05T10:00,S1,"a, b",3.5\n'
        )
        (found,) = parse_resolutions(text, asked_in(SMALL))
        assert (found.source, found.note, found.value) == ("S1", "a, b", 3.5)
        assert found.resolved_at == dt.datetime(2024, 12, 5, 10)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", ["line 1", "the file is empty", "question,answer,resolved_at"]),
            ("question,answer\n", ["the column 'resolved_at' is missing"]),
            ("question,answer,resolved_at,hapened_at\n", ["no column 'hapened_at'", "'happened_at'"]),
            ("question,answer,resolved_at,answer\n", ["the column 'answer' stands twice"]),
            (HEAD + "Q1,yes\n", ["line 2", "2 cells, but 3 columns"]),
            (HEAD + 'Q1,"yes,2024-12-05\n', ["not a CSV record"]),
            (HEAD + "Q9,yes,2024-12-05\n", ["line 2  question", "no forecast", "'Q9'", "Q1, Q2, Q3"]),
            (HEAD + "Q1,maybe,2024-12-05\n", ["'maybe' is no answer", "yes, no, void, open"]),
            (HEAD + "Q1,Yes,2024-12-05\n", ["'Yes' is no answer", "Did you mean 'yes'"]),
            (HEAD + "Q1,yes,5/12/2024\n", ["5/12/2024", "Write dates as 2025-01-15"]),
            (HEAD + "Q1,yes,2024-02-30\n", ["2024-02-30"]),
            (HEAD + "Q1,yes,\n", ["a 'yes' needs the date"]),
            (HEAD + "Q1,void,\n", ["a 'void' needs the date"]),
            (HEAD + "Q1,open,2024-12-05\n", ["an open question has no date"]),
            (HEAD + "Q1,no,2024-12-15\n", ["no before the question closes", "on 2024-12-30"]),
            (HEAD + "Q1,yes,2024-11-29\n", ["yes before the window opens", "2024-12-01"]),
            (FULL + "Q1,yes,2024-12-09,2024-11-20\n", ["2024-11-20, outside the window"]),
            (FULL + "Q1,yes,2025-02-09,2025-01-20\n", ["2025-01-20, outside the window"]),
            (FULL + "Q1,yes,2024-12-09,2024-12-20\n", ["known before it happened"]),
            (FULL + "Q1,no,2025-01-09,2024-12-20\n", ["a 'no' has no time at which it happened"]),
            (HEAD + "Q1,yes,2024-12-05\nQ1,no,2025-01-05\n", ["line 3", "resolved on line 2 already"]),
            ("question,answer,resolved_at,value\nQ1,yes,2024-12-05,few\n", ["'few' is not a number"]),
            ("question,answer,resolved_at,crisis\nQ1,yes,2024-12-05,storm\n", ["'storm' does not ask", "calm"]),
            ("question,answer,resolved_at,closes\nQ1,yes,2024-12-05,2024-12-25\n", ["not close on 2024-12-25"]),
        ],
    )  # fmt: skip
    def test_faults(self, text, words):
        said = faults(text)
        for word in words:
            assert word in said

    def test_all_faults_at_once(self):
        said = faults(HEAD + "Q9,yes,2024-12-05\nQ1,no,2024-12-15\nQ2,perhaps,soon\n")
        assert said.startswith("4 faults in r.csv")

    def test_several_crises_and_windows_must_be_told_apart(self):
        asked = (
            Asked("calm", "Q1", START, START + 30 * DAY),
            Asked("storm", "Q1", START, START + 30 * DAY),
            Asked("calm", "Q2", START, START + 30 * DAY),
            Asked("calm", "Q2", START, START + 60 * DAY),
        )
        said = faults(HEAD + "Q1,yes,2024-12-05\nQ2,yes,2024-12-05\n", asked)
        assert "2 crises ask a question 'Q1'" in said
        assert "'Q2' closes on 2 different days" in said
        assert "2024-12-30, 2025-01-29" in said
        text = "question,answer,resolved_at,crisis,closes\nQ1,yes,2024-12-05,storm,\nQ2,yes,2024-12-05,,2025-01-29\n"
        assert [each.crisis for each in parse_resolutions(text, asked)] == ["storm", "calm"]


def states(resolutions, on, there=SMALL, **more):
    return {row.question: row.state for row in judge(there, resolutions, on=on, **more)}


def said(name, word, known, closes=30.0, happened=None):
    return Resolution("calm", name, START + closes * DAY, word, known, happened)


class TestWhatCounts:
    def test_an_early_yes_waits_for_its_close(self):
        yes = [said("Q1", "yes", dt.datetime(2024, 12, 5))]
        assert states(yes, dt.date(2024, 12, 6))["Q1"] == "not yet"
        assert states(yes, dt.date(2024, 12, 29))["Q1"] == "not yet"
        assert states(yes, dt.date(2024, 12, 30))["Q1"] == "yes"

    def test_not_yet_never_counts_as_no(self):
        found = states([], dt.date(2025, 1, 15))
        assert found == {"Q1": "overdue", "Q2": "not yet", "Q3": "overdue"}
        rows = judge(SMALL, [], on=dt.date(2030, 1, 1))
        assert all(math.isnan(row.answer) for row in rows)
        with pytest.raises(ForecastError, match="no forecast counts yet: 3 overdue"):
            score(rows)

    def test_what_was_known_later_is_not_used(self):
        no = [said("Q1", "no", dt.datetime(2025, 2, 1))]
        assert states(no, dt.date(2025, 1, 15))["Q1"] == "overdue"
        assert states(no, dt.date(2025, 2, 1))["Q1"] == "no"

    def test_the_wait(self):
        yes = [said("Q1", "yes", dt.datetime(2024, 12, 5))]
        assert states(yes, dt.date(2025, 1, 15), wait=60.0)["Q1"] == "not yet"
        with pytest.raises(ForecastError, match="zero days or more"):
            judge(SMALL, [], wait=-1.0)

    def test_void_and_refused(self):
        there = archive(entry(1, answer("Q1"), answer("Q2", p=None)))
        found = states([said("Q1", "void", dt.datetime(2024, 12, 5))], dt.date(2025, 1, 1), there)
        assert found == {"Q1": "void", "Q2": "refused"}

    def test_a_forecast_of_what_was_known_does_not_count(self):
        late = dt.date(2024, 12, 10)
        there = archive(
            entry(1, answer("Q1", p=0.2)),
            entry(2, answer("Q1", p=0.9, opens=START + 10 * DAY), as_of=late),
        )
        yes = [said("Q1", "yes", dt.datetime(2024, 12, 6), happened=dt.datetime(2024, 12, 5))]
        rows = judge(there, yes, on=dt.date(2025, 1, 1))
        assert [row.state for row in rows] == ["yes", "settled before"]
        assert score(rows).n == 1

    @given(st.integers(0, 80), st.integers(0, 80), st.sampled_from(["yes", "no", "void"]))
    def test_whether_it_counts_depends_on_dates_alone(self, known, on, word):
        """On any day, a yes and a no that are known on the same day count or wait together."""
        day = START.date() + dt.timedelta(days=on)
        at = START + max(known, 30) * DAY
        pair = {states([said("Q1", each, at)], day)["Q1"] for each in ("yes", "no")}
        assert pair in ({"yes", "no"}, {"not yet"}, {"overdue"})
        assert states([said("Q1", word, at)], day)["Q1"] in STATES


class TestScores:
    rows = judge(
        archive(
            entry(1, answer("Q1", p=0.9), answer("Q2", p=0.2, reference=None)),
            entry(2, answer("Q1", p=0.6), answer("Q3", p=0.1), as_of=dt.date(2024, 12, 4)),
        ),
        [
            said("Q1", "yes", dt.datetime(2024, 12, 20), happened=dt.datetime(2024, 12, 16)),
            said("Q2", "no", dt.datetime(2025, 1, 5)),
            said("Q3", "no", dt.datetime(2025, 1, 5)),
        ],
        on=dt.date(2025, 2, 1),
    )

    def test_means_by_hand(self):
        found = score(self.rows)
        assert found.n == 4
        assert (found.n_questions, found.n_dates) == (3, 2)
        assert found.brier == pytest.approx((0.01 + 0.04 + 0.16 + 0.01) / 4)
        assert found.brier_by_question == pytest.approx(((0.01 + 0.16) / 2 + 0.04 + 0.01) / 3)
        assert found.log == pytest.approx(-sum(map(math.log, (0.9, 0.8, 0.6, 0.9))) / 4)
        assert found.bounds == (pytest.approx(found.brier), pytest.approx(found.brier))
        assert found.decomposition.mean_score == pytest.approx(found.brier)

    def test_references_are_scored_on_the_same_questions(self):
        found = {(each.measure, each.against): each for each in score(self.rows).comparisons}
        base = found["brier", "base_rate"]
        assert base.n == 3
        assert base.score == pytest.approx((0.01 + 0.16 + 0.01) / 3)
        assert base.reference == pytest.approx((0.49 + 0.49 + 0.09) / 3)
        assert base.by_date.n_clusters == 2
        assert base.by_question.n_clusters == 2
        assert found["time", "base_rate"].n == 3

    def test_time_to_the_event(self):
        early = self.rows[0]
        # F(t) = 0.9 t/30, event after 15 days
        exact = 0.81 * 15**3 / 3 / 900 + (30 / 2.7) * (0.55**3 - 0.1**3)
        assert early.time_score == pytest.approx(exact)
        assert math.isnan(self.rows[1].time_score) is False

    def test_overdue_questions_bound_the_score(self):
        there = archive(entry(1, answer("Q1", p=0.9), answer("Q3", p=0.2)))
        rows = judge(there, [said("Q1", "yes", dt.datetime(2024, 12, 20))], on=dt.date(2025, 2, 1))
        found = score(rows)
        assert found.brier == pytest.approx(0.01)
        assert found.bounds == (pytest.approx(0.025), pytest.approx(0.325))
        assert any("closed and are not resolved" in remark for remark in found.remarks)

    def test_what_was_called_impossible_costs_no_more_than_the_futures_can_tell(self):
        there = archive(entry(1, answer("Q1", p=0.0, n=99), answer("Q3", p=0.0, n=10**6)))
        yes = [said(name, "yes", dt.datetime(2024, 12, 20)) for name in ("Q1", "Q3")]
        found = score(judge(there, yes, on=dt.date(2025, 2, 1)))
        assert found.log == pytest.approx(-(math.log(0.5 / 100) + math.log(1e-4)) / 2)

    def test_plain_data_and_table(self):
        import json

        data = json.loads(json.dumps(score(self.rows).as_dict(), allow_nan=False))
        assert data["counts"]["yes"] == 2
        table = to_polars(self.rows)
        assert table["answer"].to_list() == [1.0, 0.0, 1.0, 0.0]
        assert table["base_rate"].null_count() == 1

    def test_the_same_seed_gives_the_same_ranges(self):
        assert score(self.rows, seed=4).as_dict() == score(self.rows, seed=4).as_dict()
