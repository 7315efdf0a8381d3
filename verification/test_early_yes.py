"""Scoring without bias while questions are still open: early yeses and late noes, by simulation.

Questions of 180 days are asked all through two years; each has an event at a constant hazard, drawn per question,
and its forecast is the exact probability. Judged on a day in the middle, honest forecasts must show no bias:
the mean of (answer − probability) over the questions that count, in standard errors of independent questions,
is standard normal. The way that counts whatever is resolved must fail the same test, or the test would be blind.
"""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest

from detente.forecasting.archive import Archive
from detente.forecasting.entries import ArchivedAnswer, Entry
from detente.forecasting.judging import Judged, judge
from detente.forecasting.resolutions import Resolution
from detente.forecasting.scores import score

FALSE_ALARM = 6e-5
"""Chance with which a correct program fails one of the z-tests below (|z| > 4, two-sided); the seeds are fixed."""

LIMIT = 4.0
WINDOW = 180
START = dt.date(2024, 1, 1)
DAY = dt.timedelta(days=1)


def world(seed: int, n: int = 12_000, no_takes: float = 0.0) -> tuple[Archive, list[Resolution]]:
    """Forecasts that know the truth, one question each, and how they turned out; a no may take days to be known."""
    rng = np.random.default_rng(seed)
    entries, resolutions = [], []
    for number in range(1, n + 1):
        as_of = START + int(rng.integers(0, 720)) * DAY
        hazard = float(rng.lognormal(math.log(0.004), 0.8))
        opens = dt.datetime.combine(as_of, dt.time()) + DAY
        closes = opens + WINDOW * DAY
        p = 1.0 - math.exp(-hazard * WINDOW)
        answer = ArchivedAnswer(f"Q{number}", "?", "", opens, closes, p, 0.0, None, None, 10**9)
        entries.append(Entry(number, "", "", "calm", as_of, "", {}, (answer,)))
        event = float(rng.exponential(1.0 / hazard))
        if event < WINDOW:
            when = opens + event * DAY
            found = Resolution("calm", answer.id, closes, "yes", when + dt.timedelta(minutes=1), when)
        else:
            found = Resolution("calm", answer.id, closes, "no", closes + no_takes * rng.random() * DAY)
        resolutions.append(found)
    return Archive(Path("archive"), tuple(entries)), resolutions


def bias(p: np.ndarray, y: np.ndarray) -> float:
    """Mean of (answer − probability) in standard errors."""
    return float((y - p).sum() / math.sqrt((p * (1 - p)).sum()))


def bias_of(rows: tuple[Judged, ...]) -> tuple[float, int]:
    """Bias over the rows that count, and how many they are."""
    counted = [row for row in rows if not math.isnan(row.answer)]
    p = np.array([row.probability for row in counted], float)
    return bias(p, np.array([row.answer for row in counted])), len(counted)


def naive(archive: Archive, resolutions: list[Resolution], on: dt.date) -> tuple[float, int]:
    """The same over whatever is resolved by a day."""
    now = dt.datetime.combine(on, dt.time()) + DAY
    p = {answer.id: answer.probability for entry in archive.entries for answer in entry.answers}
    known = [each for each in resolutions if each.resolved_at is not None and each.resolved_at <= now]
    y = np.array([float(each.answer == "yes") for each in known])
    return bias(np.array([p[each.question] for each in known], float), y), len(known)


ON = START + 400 * DAY


@pytest.mark.parametrize("seed", range(3))
def test_counting_what_has_closed_has_no_bias(seed):
    archive, resolutions = world(seed)
    z, n = bias_of(judge(archive, resolutions, on=ON))
    assert n > 2000
    assert abs(z) < LIMIT


@pytest.mark.parametrize("seed", range(3))
def test_counting_what_is_resolved_leans_to_yes(seed):
    """The shift is 11.1 ± 0.7 standard errors (over twelve other seeds), so that 6 is missed by less than 1e-9."""
    archive, resolutions = world(seed)
    z, n = naive(archive, resolutions, ON)
    assert n > bias_of(judge(archive, resolutions, on=ON))[1]
    assert z > 6.0


def test_at_the_very_end_both_agree():
    archive, resolutions = world(7)
    end = START + 2000 * DAY
    assert bias_of(judge(archive, resolutions, on=end)) == naive(archive, resolutions, end)


@pytest.mark.parametrize("seed", range(3))
def test_late_noes_need_the_wait(seed):
    """Noes that take up to 120 days to be known: biased and said so without a wait, honest with one.

    Without a wait the shift is 8.2 ± 0.7 standard errors (over twelve other seeds): 5 is missed by less than 1e-5.
    """
    archive, resolutions = world(seed, no_takes=120.0)
    hasty = judge(archive, resolutions, on=ON)
    assert bias_of(hasty)[0] > 5.0
    assert any("closed and are not resolved" in remark for remark in score(hasty).remarks)
    patient = judge(archive, resolutions, on=ON, wait=120.0)
    assert not any(row.state == "overdue" for row in patient)
    assert abs(bias_of(patient)[0]) < LIMIT


def test_honest_forecasts_are_calibrated_while_questions_are_open():
    """Of the points of the curve, nearly all lie in their pointwise 90 % band; the seed is fixed."""
    archive, resolutions = world(11)
    curve = score(judge(archive, resolutions, on=ON)).calibration
    inside = (curve.observed >= curve.lower) & (curve.observed <= curve.upper)
    assert np.average(inside, weights=curve.count) > 0.75
