"""Archived forecasts beside how their questions turned out, by a date of judging: one row per forecast made.

A yes is known the day it happens, a no only when its question closes, and perhaps some time later. To score
whatever is resolved so far would count early yeses beside no late noes, and make honest probabilities look too
low. So a forecast *counts* only once its question has closed, `wait` days ago or more, whatever its answer: an
early yes waits for its close like everybody else. What counts is then decided by dates alone, never by the
answer.

==============  ===========================================================================================
state           meaning
==============  ===========================================================================================
yes, no         counts
not yet         its close (and the wait) has not passed by the date of judging; an early yes is among these
overdue         it closed, and nobody has said how: the one leak that is left, so it is counted and bounded
void            asked wrongly, or its condition failed
settled before  the forecast was made when the answer was known already
refused         the forecast gave no probability
==============  ===========================================================================================
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from detente.errors import ForecastError
from detente.forecasting.archive import Archive
from detente.forecasting.entries import ArchivedAnswer, Entry
from detente.forecasting.references import base_rate
from detente.forecasting.resolutions import Key, Resolution
from detente.scoring.curves import crps_curve

if TYPE_CHECKING:
    import polars as pl

State = Literal["yes", "no", "not yet", "overdue", "void", "settled before", "refused"]

STATES: tuple[State, ...] = ("yes", "no", "not yet", "overdue", "void", "settled before", "refused")

CLIP = 1e-4
"""Probabilities are drawn into [CLIP, 1 − CLIP] before the log score; state it beside every log score."""


@dataclass(frozen=True)
class Judged:
    """One forecast of one question, and how it turned out.

    Attributes
    ----------
    entry : int
        Number of the entry in the archive.
    crisis, question, text : str
    as_of : date
        What the forecast knew.
    closes : datetime
        End of the question, UTC.
    lead : float [day]
        From 24:00 of the as-of date to the close.
    probability : float or None
        None where it was refused.
    n : int
        Futures behind it.
    base_rate, persistence : float
        The naive answers; NaN where the record could not give them.
    state : str
        One of `STATES`.
    time_score, time_score_base : float [day]
        CRPS of the time to the event, of the forecast and of the base rate; NaN where the question has no
        time, or the resolution does not tell it.
    weighted_mean : float
        Probability of the tuned exponentially weighted mean; NaN where nobody worked it out.
    subject : str
        What errors "by question" are clustered by, where it is not the question itself: an action, a dyad.
    """

    entry: int
    crisis: str
    question: str
    text: str
    as_of: dt.date
    closes: dt.datetime
    lead: float
    probability: float | None
    n: int
    base_rate: float
    persistence: float
    state: State
    time_score: float = math.nan
    time_score_base: float = math.nan
    weighted_mean: float = math.nan
    subject: str = ""

    @property
    def answer(self) -> float:
        """1 for yes, 0 for no, NaN where the forecast does not count."""
        return {"yes": 1.0, "no": 0.0}.get(self.state, math.nan)


def judge(
    archive: Archive, resolutions: Iterable[Resolution], *, on: dt.date | None = None, wait: float = 0.0
) -> tuple[Judged, ...]:
    """Set every forecast of an archive beside its answer, as known by the end of a day.

    Parameters
    ----------
    archive : Archive
    resolutions : iterable of Resolution
        Those of the archive's questions that are known, void or still open; a question without one is open.
    on : date, optional
        The day of judging; what was known later is not used. By default today (UTC).
    wait : float, >= 0 [day]
        Days after its close before a question counts. Where noes become known later than yeses, give the
        longest time that this takes; with too short a wait yeses come first again.

    Returns
    -------
    tuple of Judged
        One per entry and question, in the order of the archive.

    Raises
    ------
    ForecastError
        If the wait is negative.
    """
    if not 0.0 <= wait < math.inf:
        raise ForecastError(f"wait: it must be zero days or more, but is {wait:g}.")
    day = on or dt.datetime.now(dt.UTC).date()
    now = dt.datetime(day.year, day.month, day.day) + dt.timedelta(days=1)
    known = {each.key: each for each in resolutions}
    return tuple(
        _judged(entry, answer, known, now, wait) for entry in archive.entries for answer in entry.answers
    )


def _judged(
    entry: Entry, answer: ArchivedAnswer, known: Mapping[Key, Resolution], now: dt.datetime, wait: float
) -> Judged:
    as_of = _end_of(entry.as_of)
    naive = answer.reference
    found = known.get((entry.crisis, answer.id, answer.closes))
    state = _state(answer, found, as_of, now, wait)
    ours, base = _time_scores(answer, found, state)
    return Judged(
        entry=entry.number,
        crisis=entry.crisis,
        question=answer.id,
        text=answer.text,
        as_of=entry.as_of,
        closes=answer.closes,
        lead=(answer.closes - as_of) / dt.timedelta(days=1),
        probability=answer.probability,
        n=answer.n,
        base_rate=math.nan if naive is None else naive.base_rate,
        persistence=math.nan if naive is None else naive.persistence,
        state=state,
        time_score=ours,
        time_score_base=base,
        weighted_mean=math.nan if naive is None or naive.weighted_mean is None else naive.weighted_mean,
    )


def _state(
    answer: ArchivedAnswer, found: Resolution | None, as_of: dt.datetime, now: dt.datetime, wait: float
) -> State:
    if answer.probability is None:
        return "refused"
    said = found is not None and found.answer != "open"
    if said and found is not None and _settled_at(found) <= as_of:
        return "settled before"
    if answer.closes + dt.timedelta(days=wait) > now:
        return "not yet"
    if found is None or not said or (found.resolved_at is not None and found.resolved_at > now):
        return "overdue"
    return "yes" if found.answer == "yes" else "no" if found.answer == "no" else "void"


def _settled_at(found: Resolution) -> dt.datetime:
    """When the answer was fixed: for a yes when it happened, if that is said."""
    if found.answer == "yes" and found.happened_at is not None:
        return found.happened_at
    return found.resolved_at or dt.datetime.max


def _time_scores(answer: ArchivedAnswer, found: Resolution | None, state: State) -> tuple[float, float]:
    """CRPS of the time to the event, of the forecast and of the base rate [day]; NaN where there is none."""
    if state not in ("yes", "no") or len(answer.times) < 2 or found is None:
        return math.nan, math.nan
    if state == "yes" and found.happened_at is None:
        return math.nan, math.nan
    when = math.inf
    if found.happened_at is not None and state == "yes":
        when = max(0.0, (found.happened_at - answer.opens) / dt.timedelta(days=1))
    ours = float(crps_curve(answer.times, answer.curve, when))
    naive = answer.reference
    if naive is None:
        return ours, math.nan
    base = base_rate(naive.count, naive.days, answer.times)
    return ours, float(crps_curve(answer.times, base, when))


def _end_of(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day) + dt.timedelta(days=1)


def to_polars(rows: Iterable[Judged]) -> pl.DataFrame:
    """The rows as a Polars table; columns as the attributes of `Judged`, and `answer` (null: does not count)."""
    import polars as pl

    columns = {
        "entry": pl.Int64, "crisis": pl.String, "question": pl.String, "text": pl.String, "as_of": pl.Date,
        "closes": pl.Datetime, "lead": pl.Float64, "probability": pl.Float64, "n": pl.Int64,
        "base_rate": pl.Float64, "persistence": pl.Float64, "state": pl.String, "time_score": pl.Float64,
        "time_score_base": pl.Float64, "weighted_mean": pl.Float64, "subject": pl.String, "answer": pl.Float64,
    }  # fmt: skip
    found = pl.DataFrame(
        [tuple(getattr(row, name) for name in columns) for row in rows], schema=columns, orient="row"
    )
    return found.with_columns(pl.col(pl.Float64).fill_nan(None))
