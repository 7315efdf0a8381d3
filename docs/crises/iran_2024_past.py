"""Writes iran_2024_past.md: the Iran crisis against its own past.

Run ``python docs/crises/iran_2024.py`` after a change of the crisis; this page alone takes about two minutes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from iran_2024_pages import paragraph, percent, table
from iran_2024_series import RANGE, STOCKS, TITLES, Step, mean_pace, observed, steps, volatility_of_the_dollar
from scipy.stats import kstest

from detente import load, simulate
from detente.analysis.lags import Lags, lags_between, recorded_lags
from detente.dates import date_at
from detente.engine import Ensemble
from detente.inference import Posterior, check_plausibility, fit
from detente.inference.fit_tables import FITS_LEGEND, fit_row
from detente.inference.fitting import replay_for_fit
from detente.inference.predicted import Plausibility
from detente.model import Crisis

PAGE = Path(__file__).with_suffix(".md")
FIT_SEED, SEED, TRAJECTORIES, DRAWS = 1, 7, 8000, 2000


@dataclass(frozen=True)
class Waiting:
    """What follows what, watched for `within` days.

    Openings of debates are not in the record; for these `recorded` has the lags [day] of those whose cause is.
    """

    title: str
    begins: tuple[str, ...]
    follows: tuple[str, ...]
    within: float
    recorded: tuple[float, ...] = ()

    def in_the_record(self, crisis: Crisis) -> Lags:
        """Recorded lags."""
        if self.recorded:
            return Lags(np.array(self.recorded), len(self.recorded), self.within)
        return recorded_lags(crisis, self.begins, self.follows, within=self.within)


ATTACKS = ("israel_strikes_iran", "israel_crosses_line")
TEXTS = tuple(f"board_june_november.{outcome}" for outcome in ("censure", "mandate", "noncompliance"))
LAGS = (
    Waiting("Iran answers a strike or a crossing", ATTACKS, ("iran_strikes_israel",), 90),
    Waiting("Israel answers", ("iran_strikes_israel",), ("israel_strikes_iran",), 90),
    # E045 to E047 and E048 to E052; E048 to E051
    Waiting("Tehran decides on an answer", ("IRN.reply.opened",), ("IRN.reply.decided",), 30, (5, 9)),
    Waiting("Tehran decides on its line", ("IRN.opening.opened",), ("IRN.opening.decided",), 30, (8,)),
    Waiting("a leak is denied", ("contact_leak",), ("contact_denied",), 30),
    Waiting("Hezbollah answers advice", ("iran_backs_truce",), ("hezbollah_answers",), 30),
    Waiting("a counter-step follows a text", TEXTS, ("iran_counterstep",), 30),
    Waiting("the US answers deadly fire", ("militia_hits_us",), ("us_hits_militias",), 30),
    Waiting("the US deploys", (*ATTACKS, "iran_strikes_israel"), ("us_deploys",), 30),
)


def predictive(crisis: Crisis) -> tuple[Posterior, Plausibility]:
    """The fit to the record, and the check that leaves periods out."""
    replays = replay_for_fit(crisis, paths=50, seed=FIT_SEED, processes=len(os.sched_getaffinity(0)))
    found = fit(crisis, paths=50, seed=FIT_SEED, replays=replays)
    check = check_plausibility(crisis, seed=FIT_SEED, replays=replays)
    assert check is not None
    return replace(found, check=check), check


@dataclass(frozen=True)
class Beside:
    """The lags of one pair of happenings, simulated and recorded."""

    simulated: Lags
    recorded: Lags

    @property
    def places(self) -> list[float]:
        """Where the recorded lags stand among the simulated ones."""
        return [self.simulated.place(wait) for wait in self.recorded.waits]

    @property
    def share(self) -> str:
        """How many of the recorded beginnings were followed."""
        return f"{len(self.recorded.waits)} of {self.recorded.begun}"


def waits(ensemble: Ensemble) -> list[Beside]:
    """Simulated and recorded lags, in the order of `LAGS`."""
    return [
        Beside(
            lags_between(ensemble, each.begins, each.follows, within=each.within),
            each.in_the_record(ensemble.crisis),
        )
        for each in LAGS
    ]


def check_lines(check: Plausibility, crisis: Crisis) -> list[str]:
    """The predictive check."""
    verdict = "Nothing speaks against the crisis" if check.plausible else "**This speaks against the crisis**"
    lines = ["", "## A period left out"]
    lines += paragraph(
        f"Each fifth of the record is predicted from a fit to the other four ({check.trajectories:,} futures each,"
        f" seed {FIT_SEED}). Over {len(check.cells)} counts, medians over 101 randomisations:"
        f" **p = {check.p_chi2:.2f}** (Σz² of the randomised PIT) and **{check.p_ks:.2f}** (Kolmogorov–Smirnov);"
        f" CRPS skill against a Poisson of the same mean **{_signed(check.skill)}**, where −0.10 is asked. {verdict}."
        f" {_zeros(check)} of the counts are 0, so the check has little power."
    )
    rows = [
        (
            cell.clock,
            str(date_at(crisis.as_of, cell.begins).date()),
            str(date_at(crisis.as_of, cell.ends - 1.0).date()),
            str(cell.observed),
            f"{cell.mean:.2f}",
            f"{cell.low:.0f}–{cell.high:.0f}",
        )
        for cell in check.cells
    ]
    lines += table("action | from | to | happened | expected | 90 %", rows, numeric=(3, 4))
    return lines + (paragraph(f"Not predicted: {'; '.join(check.skipped)}.") if check.skipped else [])


def fit_lines(found: Posterior) -> list[str]:
    """Prior beside posterior of every number that the record bears on."""
    lines = ["", "## Prior beside posterior"]
    lines += paragraph(
        f"{len(found.fits)} numbers stand in complete parts of the record; it informs {len(found.learned())} of"
        f" them. {FITS_LEGEND}"
    )
    rows = [fit_row(each) for each in found.fits]
    return lines + table("number | prior | posterior | spread | events | learned", rows, numeric=(1, 2, 3))


def lag_lines(found: Sequence[Beside]) -> list[str]:
    """Recorded lags among the simulated ones."""
    lines = ["", "## Lags"]
    lines += paragraph(
        f"Simulated in {TRAJECTORIES:,} futures, seed {SEED}: from a beginning to the first thing that follows it"
        " within the days named, unless another beginning comes first. The record is counted by the same rule; a"
        " beginning that still waits on the as-of date is left out, as the strikes of 26 October are. The record of"
        " counter-steps and deployments is not complete, and that of decisions in Tehran begins in October 2024."
        " *Place*: share of the simulated lags that are shorter than the recorded one."
    )
    rows = [
        (
            f"{each.title}, {each.within:g} d",
            f"{lags.simulated.begun:,}",
            percent(lags.simulated.followed),
            lags.share,
            " · ".join(f"{q:.1f}" for q in lags.simulated.quantiles((0.05, 0.25, 0.5, 0.75, 0.95))),
            _days(lags.recorded, ", "),
            ", ".join(map(percent, lags.places)),
        )
        for each, lags in zip(LAGS, found, strict=True)
    ]
    head = "| watched | followed | recorded | 5 · 25 · 50 · 75 · 95 % [day] | recorded lags [day] | place"
    lines += table(head, rows, numeric=(1, 2))
    p = float(kstest([place for each in found[:2] for place in each.places], "uniform").pvalue)
    return lines + paragraph(
        f"The replies, of {_days(found[0].recorded)} days and of {_days(found[1].recorded)}, among the simulated"
        f" ones: p = {p:.2f} (Kolmogorov–Smirnov on"
        " their places). A leak was denied a second time after four days, which the model leaves out."
    )


def series_lines(crisis: Crisis, ensemble: Ensemble, found: Sequence[Step]) -> list[str]:
    """Level, drift and volatility, recorded against simulated."""
    assert ensemble.paths is not None
    lines = [
        "",
        "## Dollar, uranium, exports",
        "",
        "![Measured, replayed, simulated](iran_2024_quantities.svg)",
    ]
    lines += paragraph(
        "*Replayed*: the stock is set to a measurement and the record replayed to the next one; recorded happenings"
        f" fire ({DRAWS:,} draws). *Future*: stretches of the same length from the as-of date on ({TRAJECTORIES:,}"
        f" futures, seed {SEED}). Change per day: per cent of the dollar, kilograms of uranium. *Place*: share of"
        " the simulated changes below the recorded one."
    )
    rows = [
        (
            TITLES[step.first.stock],
            str(step.first.date),
            str(step.last.date),
            f"{step.days}",
            _number(step.recorded, 3),
            " · ".join(_number(q, 3) for q in step.replayed),
            percent(step.replayed_place),
            " · ".join(_number(q, 3) for q in step.future),
            percent(step.future_place),
        )
        for step in found
    ]
    head = (
        "stock | from | to | days | recorded | replayed 5 · 50 · 95 % | place | future 5 · 50 · 95 % | place"
    )
    lines += table(head, rows, numeric=(3, 4, 6, 8))
    recorded, n, simulated, daily = volatility_of_the_dollar(crisis, ensemble.paths)
    level = ensemble.paths.values["exports"]
    ahead = ", ".join(f"{_three(level[day])} after {day} days" for day in (0, 90, 180, 365))
    lines += paragraph(
        f"*Volatility of the dollar.* {n} intervals between quotations since 2018, drift removed: {recorded:.2f} %"
        f" per root day; futures {_three(simulated)}, day by day {_three(daily)}. The noise of the dollar was set"
        " from the same quotations, so this checks what shocks add to it, no more."
    )
    return lines + paragraph(
        "*Exports.* Recorded: 1.56 mb/d from January to May 2024; trackers put 2023 at 1.3 or 1.45 and 2022 at 0.87"
        f" or 1.14. Futures: {ahead} (median, 90 %). The recorded level of 2024 is where the model starts, so only"
        " its scatter and later course can be judged."
    )


def _zeros(check: Plausibility) -> int:
    return sum(cell.observed == 0 for cell in check.cells)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _number(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _three(values: np.ndarray) -> str:
    low, middle, high = np.quantile(values, RANGE)
    return f"{_number(middle)} ({_number(low)} to {_number(high)})"


def _days(lags: Lags, between: str = " and ") -> str:
    return between.join(f"{wait:g}" for wait in lags.waits)


def _half(lags: Lags) -> str:
    low, high = lags.quantiles((0.25, 0.75))
    return f"{low:.0f} to {high:.0f}"


def summary(
    found: Posterior, check: Plausibility, lags: Sequence[Beside], pairs: Sequence[Step]
) -> list[str]:
    """What the README of the crisis says of all this."""
    lines = paragraph(
        "*A period left out.* Each fifth of the record is predicted from a fit to the other four. Over"
        f" {len(check.cells)} counts p = {check.p_chi2:.2f} (Σz² of the randomised PIT) and {check.p_ks:.2f}"
        f" (Kolmogorov–Smirnov); CRPS skill {_signed(check.skill)} against a Poisson of the same mean, where −0.10"
        f" is asked. {_zeros(check)} of the counts are 0, so this is a weak test. The record informs"
        f" {len(found.learned())} of the {len(found.fits)} numbers that it bears on."
    )
    iran, israel = lags[:2]
    places = ", ".join(percent(place) for each in (iran, israel) for place in each.places)
    lines += paragraph(
        f"*Reply lags.* Iran answered after {_days(iran.recorded)} days, Israel after"
        f" {_days(israel.recorded)}. Simulated, Iran answers"
        f" {percent(iran.simulated.followed)} of strikes and crossings within 90 days (recorded: {iran.share}; the"
        f" strikes of 26 October still wait), the middle half after {_half(iran.simulated)} days; Israel"
        f" {percent(israel.simulated.followed)} of attacks ({israel.share}), after {_half(israel.simulated)}. The"
        f" recorded lags stand at {places} of the simulated ones."
    )
    return lines + paragraph(_paths_summary(pairs))


def _paths_summary(pairs: Sequence[Step]) -> str:
    rial = [step for step in pairs if step.first.stock == "rial"]
    last = [step for step in pairs if step.first.stock == "heu60"][-1]
    inside = sum(0.05 <= step.replayed_place <= 0.95 for step in pairs)
    recorded, replayed = mean_pace(rial)
    future = rial[-1].future
    return (
        "*Daily paths.* Replayed from one measurement to the next, the change lies inside the 90 % of the model in"
        f" {inside} of {len(pairs)} intervals of dollar and uranium. From March to November 2024 the dollar rose by"
        f" {recorded:.2f} % a day; the replay of the same months gives {replayed:.2f} in the median, the futures"
        f" {_number(future[1])} ({_number(future[0])} to {_number(future[2])}). The 60 % stock grew by"
        f" {last.recorded:.2f} kg a day up to October; in the futures by"
        f" {last.future[1]:.2f} ({last.future[0]:.2f} to {last.future[2]:.2f}),"
        " for the counter-step of November is under way. Down-blending of material, as in the winter of 2023, is"
        " not in the model."
    )


def write() -> list[str]:
    """Write the page; the lines for the README."""
    crisis = load("iran_2024")
    ensemble = simulate(crisis, trajectories=TRAJECTORIES, seed=SEED, paths=STOCKS, log=True)
    assert ensemble.paths is not None
    (found, check), lags = predictive(crisis), waits(ensemble)
    pairs = list(steps(crisis, ensemble.paths, seed=SEED, draws=DRAWS))
    lines = [
        "<!-- Written by docs/crises/iran_2024_past.py; edits here are lost. -->",
        "",
        "# The Iran crisis against its own past",
        *check_lines(check, crisis),
        *lag_lines(lags),
        *series_lines(crisis, ensemble, pairs),
    ]
    lines += paragraph(
        "What was measured stands in `observed.csv` beside the crisis:"
        f" {sum(map(len, observed(crisis).values()))} values, with their sources."
    )
    lines += [*fit_lines(found), ""]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
    return summary(found, check, lags, pairs)


if __name__ == "__main__":
    sys.stdout.write("\n".join(write()) + "\n")
