"""The scores of judged forecasts, beside the naive answers, with errors that know what hangs together.

Formulas are those of `detente.scoring`. Forecasts of one crisis on one date share their futures and the world
that follows; forecasts of one question on several dates share its answer. Errors of differences are therefore
clustered twice, by date of forecast and by question (in a backtest: by action or dyad), and the intervals come
from a bootstrap that draws whole dates (crisis and as-of date). With few dates or few questions they are rough,
and below ten it is said so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.errors import ForecastError
from detente.forecasting.judging import CLIP, STATES, Judged
from detente.scoring import (
    CalibrationCurve,
    PairedDifference,
    ScoreDecomposition,
    brier_score,
    calibration_curve,
    decompose,
    log_score,
    paired_difference,
    skill_score,
)

FloatArray = NDArray[np.float64]

RESAMPLES = 1000
"""Bootstrap resamples of the dates of forecast."""

FEW = 10
"""Clusters below which an error is called rough."""

LEADS = (7.0, 30.0, 90.0, 180.0, math.inf)
"""Upper ends of the groups of lead times [day]."""

MEASURES = ("brier", "log", "time")

NAIVE = ("base_rate", "persistence", "weighted_mean")


@dataclass(frozen=True)
class Comparison:
    """The forecast against one naive answer, by one measure, on the questions that both answer.

    `skill` is 1 − score/reference, `low` and `high` its 90 % range over bootstrapped dates of forecast (NaN
    with fewer than two). `by_date` and `by_question` are paired differences (below zero: the forecast is
    better) with their clustered errors; None with fewer than two clusters.
    """

    measure: str
    against: str
    n: int
    score: float
    reference: float
    skill: float
    low: float
    high: float
    by_date: PairedDifference | None
    by_question: PairedDifference | None


@dataclass(frozen=True)
class LeadScore:
    """The mean Brier scores of forecasts whose question closed within a range of days, (`over`, `upto`].

    NaN where no reference is known. `base_rate` is on the questions that have one, as is `on_same`, the
    forecasts' own score there.
    """

    over: float
    upto: float
    n: int
    brier: float
    on_same: float
    base_rate: float


@dataclass(frozen=True, eq=False)
class Scores:
    """All that is known of how good some forecasts were. Lower scores are better.

    Attributes
    ----------
    counts : mapping of str to int
        How many forecasts are in each state (`detente.forecasting.judging.STATES`).
    n : int
        Forecasts that count; `n_questions` and `n_dates` are how many questions and dates they are of.
    brier, log : float
        Means over all forecasts that count. The log score (natural) takes probabilities drawn into
        [CLIP, 1 − CLIP], and no closer to 0 and 1 than ½/(n + 1) of its n futures.
    brier_by_question : float
        Mean over questions of their mean over dates: a question asked twelve times weighs no more.
    brier_low, brier_high : float
        90 % range of `brier` over bootstrapped dates of forecast; NaN with fewer than two.
    bounds : (float, float)
        Mean Brier score if every overdue question turns out as well, and as badly, as it can.
    time : float [day]
        Mean CRPS of the time to the event, over `n_time` forecasts; NaN without any.
    comparisons : tuple of Comparison
    leads : tuple of LeadScore
    decomposition, log_decomposition : ScoreDecomposition
    calibration : CalibrationCurve
    remarks : tuple of str
        What makes the numbers less sure than they look.
    """

    counts: dict[str, int]
    n: int
    n_questions: int
    n_dates: int
    brier: float
    brier_low: float
    brier_high: float
    brier_by_question: float
    bounds: tuple[float, float]
    log: float
    time: float
    n_time: int
    comparisons: tuple[Comparison, ...]
    leads: tuple[LeadScore, ...]
    decomposition: ScoreDecomposition
    log_decomposition: ScoreDecomposition
    calibration: CalibrationCurve
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data, ready for JSON; None for NaN."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: _plain(value) for name, value in found.items()}


def score(rows: Iterable[Judged], *, seed: int = 0) -> Scores:
    """Score the forecasts that count.

    Parameters
    ----------
    rows : iterable of Judged
        From `judge`, or made by a backtest.
    seed : int
        Seed of the bootstrap and of the band of the calibration curve.

    Raises
    ------
    ForecastError
        If no forecast counts yet; the message says how many wait, and for when.
    """
    everything = tuple(rows)
    table = _Table([row for row in everything if not math.isnan(row.answer)])
    counts: dict[str, int] = {state: sum(row.state == state for row in everything) for state in STATES}
    if not table.rows:
        raise ForecastError(_nothing(everything, counts))
    brier = brier_score(table.p, table.y)
    low, high = _bootstrap(lambda rows_: float(brier[rows_].mean()), table.dates, seed)
    comparisons = tuple(
        found
        for measure in MEASURES
        for against in NAIVE
        if (found := _compare(table, measure, against, seed)) is not None
    )
    return Scores(
        counts=counts,
        n=len(table.rows),
        n_questions=len(np.unique(table.questions)),
        n_dates=len(np.unique(table.dates)),
        brier=float(brier.mean()),
        brier_low=low,
        brier_high=high,
        brier_by_question=_mean_by(brier, table.questions),
        bounds=_bounds(brier, everything),
        log=float(_log(table.p, table.y, table.n).mean()),
        time=float(np.nanmean(table.time)) if np.isfinite(table.time).any() else math.nan,
        n_time=int(np.isfinite(table.time).sum()),
        comparisons=comparisons,
        leads=tuple(_leads(table, brier)),
        decomposition=decompose(table.p, table.y),
        log_decomposition=decompose(_drawn_in(table.p, table.n), table.y, score="log"),
        calibration=calibration_curve(table.p, table.y, seed=seed),
        remarks=tuple(_remarks(table, counts)),
    )


class _Table:
    """The rows that count, as arrays of shape (n,)."""

    def __init__(self, rows: Sequence[Judged]) -> None:
        self.rows = rows
        self.p = np.array([row.probability for row in rows], np.float64)
        self.y = np.array([row.answer for row in rows])
        self.n = np.array([row.n for row in rows], np.float64)
        self.lead = np.array([row.lead for row in rows])
        self.time = np.array([row.time_score for row in rows])
        self.naive = {
            "base_rate": np.array([row.base_rate for row in rows]),
            "persistence": np.array([row.persistence for row in rows]),
            "weighted_mean": np.array([row.weighted_mean for row in rows]),
        }
        self.time_base = np.array([row.time_score_base for row in rows])
        self.dates = _numbers((row.crisis, row.as_of) for row in rows)
        self.questions = _numbers(row.subject or (row.crisis, row.question, row.closes) for row in rows)


def _numbers(labels: Iterable[object]) -> NDArray[np.int64]:
    seen: dict[object, int] = {}
    return np.array([seen.setdefault(label, len(seen)) for label in labels], np.int64)


def _drawn_in(p: FloatArray, n: FloatArray) -> FloatArray:
    """Probabilities no closer to 0 and 1 than the clip, and than n futures can tell."""
    edge = np.maximum(CLIP, 0.5 / (n + 1.0))
    return np.clip(p, edge, 1.0 - edge)


def _log(p: FloatArray, y: FloatArray, n: FloatArray) -> FloatArray:
    return log_score(_drawn_in(p, n), y)


def _compare(table: _Table, measure: str, against: str, seed: int) -> Comparison | None:
    ours, theirs = _pair(table, measure, against)
    both = np.isfinite(ours) & np.isfinite(theirs)
    if not both.any():
        return None
    ours, theirs = ours[both], theirs[both]
    dates, questions = table.dates[both], table.questions[both]
    if not theirs.mean() > 0.0:
        return None
    low, high = _bootstrap(lambda rows: skill_score(ours[rows], theirs[rows]), dates, seed)
    return Comparison(
        measure=measure,
        against=against,
        n=int(both.sum()),
        score=float(ours.mean()),
        reference=float(theirs.mean()),
        skill=skill_score(ours, theirs),
        low=low,
        high=high,
        by_date=_difference(ours, theirs, dates),
        by_question=_difference(ours, theirs, questions),
    )


def _pair(table: _Table, measure: str, against: str) -> tuple[FloatArray, FloatArray]:
    """Scores of the forecasts and of a naive answer; NaN where there is none."""
    if measure == "time":
        none = np.full_like(table.time_base, np.nan)
        return table.time, table.time_base if against == "base_rate" else none
    naive = table.naive[against]
    known = np.isfinite(naive)
    reference = np.full_like(naive, np.nan)
    many = np.full(int(known.sum()), np.inf)
    if measure == "brier":
        reference[known] = brier_score(naive[known], table.y[known])
        return brier_score(table.p, table.y), reference
    reference[known] = _log(naive[known], table.y[known], many)
    return _log(table.p, table.y, table.n), reference


def _difference(ours: FloatArray, theirs: FloatArray, cluster: NDArray[np.int64]) -> PairedDifference | None:
    return paired_difference(ours, theirs, cluster=cluster) if len(np.unique(cluster)) > 1 else None


def _bootstrap(
    statistic: Callable[[NDArray[np.int64]], float], clusters: NDArray[np.int64], seed: int
) -> tuple[float, float]:
    """90 % range of a statistic of rows when whole clusters are drawn anew, with replacement."""
    order = np.argsort(clusters, kind="stable")
    _, starts = np.unique(clusters[order], return_index=True)
    groups = np.split(order, starts[1:])
    if len(groups) < 2:
        return math.nan, math.nan
    rng = np.random.default_rng(seed)
    found = np.full(RESAMPLES, np.nan)
    for i in range(RESAMPLES):
        drawn = np.concatenate([groups[k] for k in rng.integers(0, len(groups), len(groups))])
        try:
            found[i] = statistic(drawn)
        except ForecastError:  # a resample in which the reference scores zero
            continue
    low, high = np.nanquantile(found, [0.05, 0.95])
    return float(low), float(high)


def _mean_by(scores: FloatArray, groups: NDArray[np.int64]) -> float:
    return float((np.bincount(groups, weights=scores) / np.bincount(groups)).mean())


def _bounds(brier: FloatArray, rows: Sequence[Judged]) -> tuple[float, float]:
    """Mean Brier score if the overdue questions turn out as forecast, and if they do the contrary."""
    p = np.array([row.probability for row in rows if row.state == "overdue"], np.float64)
    n = brier.size + p.size
    if_no, if_yes = np.square(p), np.square(1.0 - p)
    best, worst = np.minimum(if_no, if_yes).sum(), np.maximum(if_no, if_yes).sum()
    return float((brier.sum() + best) / n), float((brier.sum() + worst) / n)


def _leads(table: _Table, brier: FloatArray) -> Iterable[LeadScore]:
    over = -math.inf
    base = _pair(table, "brier", "base_rate")[1]
    for upto in LEADS:
        inside = (table.lead > over) & (table.lead <= upto)
        known = inside & np.isfinite(base)
        if inside.any():
            yield LeadScore(
                over=max(over, 0.0),
                upto=upto,
                n=int(inside.sum()),
                brier=float(brier[inside].mean()),
                on_same=float(brier[known].mean()) if known.any() else math.nan,
                base_rate=float(base[known].mean()) if known.any() else math.nan,
            )
        over = upto


def _remarks(table: _Table, counts: dict[str, int]) -> Iterable[str]:
    dates, questions = len(np.unique(table.dates)), len(np.unique(table.questions))
    if counts["overdue"]:
        yield (
            f"{counts['overdue']} forecast(s) are of questions that have closed and are not resolved. If noes take"
            " longer to be known than yeses, the rest leans to yes: resolve them, or judge with a longer --wait."
        )
    for number, what in ((dates, "date(s) of forecast"), (questions, "question(s)")):
        if number < FEW:
            yield f"Only {number} {what}: errors and ranges are rough, and the band of the curve too narrow."
    if len(table.rows) > questions:
        yield (
            "Questions were forecast more than once. The band of the calibration curve takes forecasts as"
            " independent and is too narrow; the paired errors by question and the ranges by date are not."
        )


def _nothing(rows: Sequence[Judged], counts: dict[str, int]) -> str:
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "none"
    waiting = [row.closes for row in rows if row.state == "not yet"]
    first = f" The first closes on {min(waiting):%Y-%m-%d}." if waiting else ""
    return (
        f"no forecast counts yet: {told}. A question counts once it has closed, whatever its answer, so that an"
        f" early yes is not counted before a late no.{first}"
    )


def _plain(value: Any) -> Any:
    """Numbers, text and lists for JSON; None for what is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.ndarray):
        return [_plain(float(each)) for each in value]
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        if isinstance(value, CalibrationCurve):
            return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
        return _plain(asdict(value))
    return value
