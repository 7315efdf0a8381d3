"""Bulk fits on event data: forecasts one day ahead against the published baselines, and known excitations.

Protocol (the same for everyone): 16 actors, 240 directed dyads, probability that a dyad has at least one
event of a kind on a day, from the days before it; probabilities in [1e-4, 1 − 1e-4]; natural logarithms.
ICEWS 2018 is tuned on 29 August to 27 September and tested on 28 September to 31 October; ICEWS 2021 tuned
on July and tested on August; a second check tunes on April and tests on May. Nothing of a test span enters
a choice.

The event data are not carried over; the tests on them are skipped unless the shared folder is there. With
``pytest -s`` the tables of scores and paired errors are printed.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from scipy import stats

from detente.ledger.coding import cameo_frame
from detente.ledger.dyads import DyadDays, WeightedMean, dyad_days
from detente.ledger.excitation import fit_excitation
from detente.ledger.one_day_ahead import DyadForecast, Span, clipped, forecast_dyads
from detente.scoring import brier_score, log_score, paired_difference

SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[2] / "shared"))
DATA = SHARED / "data"

real = pytest.mark.skipif(not DATA.exists(), reason="the shared folder with real event data is not here")

ACTORS = [
    "IRN", "ISR", "USA", "HEZ", "HAM", "LBN", "SYR", "IAEA",
    "GBR", "FRA", "DEU", "EU", "RUS", "PSE", "IRQ", "UN",
]  # fmt: skip
TARGETS = {
    "any": "any event",
    "verbal_conflict": "verbal conflict (09-13)",
    "material_conflict": "material conflict (14-20)",
    "military": "military: roots 18-20",
}


def span(year: int, first: tuple[int, int], last: tuple[int, int]) -> Span:
    return Span(dt.date(year, *first), dt.date(year, *last))


SPANS = {
    "icews18": (span(2018, (8, 29), (9, 27)), span(2018, (9, 28), (10, 31))),
    "icews21": (span(2021, (7, 1), (7, 31)), span(2021, (8, 1), (8, 31))),
    "icews18_may": (span(2018, (4, 1), (4, 30)), span(2018, (5, 1), (5, 31))),
    "icews21_may": (span(2021, (4, 1), (4, 30)), span(2021, (5, 1), (5, 31))),
}
"""Tuning span and test span of each window."""

EVERY = [(window, kind) for window in SPANS for kind in TARGETS]

FALSE_ALARM = 1e-4
"""Chance with which a correct program fails the random test below; its seeds are fixed."""


class Anchor(NamedTuple):
    """The tuned exponentially weighted mean of the table of baselines."""

    mean: WeightedMean
    n: int
    base: float
    brier: float
    log: float


@cache
def anchors() -> dict[tuple[str, str], Anchor]:
    with (DATA / "daily_dyad_anchors.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["model"].startswith("EWMA half-life")]
    found = {}
    for row in rows:
        words = row["model"].replace(",", "").split()
        mean = WeightedMean(float(words[2].rstrip("d")), float(words[5]))
        numbers = (int(row["n"]), float(row["base"]), float(row["brier"]), float(row["logloss"]))
        found[row["dataset"], row["target"]] = Anchor(mean, *numbers)
    return found


@cache
def record(window: str) -> DyadDays:
    """The record of a window, up to the end of its test span and no further."""
    year = 2000 + int(window[5:7])
    table = pl.read_csv(DATA / "dyad_events_16_actors.csv.gz", schema_overrides={"cameo": pl.String})
    events = table.filter(pl.col("dataset") == window[:7]).select(
        pl.col("src").alias("actor"),
        pl.col("tgt").alias("recipient"),
        pl.col("date").str.to_date().alias("occurred_at"),
        "cameo",
    )
    coded = events.join(cameo_frame().select("cameo", "quadclass_icews"), on="cameo", how="left")
    return dyad_days(coded, ACTORS, first_day=dt.date(year, 1, 1), last_day=SPANS[window][1].last)


@cache
def forecasts(window: str) -> dict[str, DyadForecast]:
    tune, test = SPANS[window]
    return dict(forecast_dyads(record(window), list(TARGETS), tune=tune, test=test))


def baseline(window: str, kind: str) -> np.ndarray:
    """The weighted mean of the table, rebuilt: its prior is the share of all dyads before the tuning span."""
    data, (tune, test) = record(window), SPANS[window]
    happened = data.happened(kind)
    overall = float(happened[:, : data.number(tune.first)].mean())
    forecast = anchors()[window, TARGETS[kind]].mean.forecast(happened, overall)
    return clipped(forecast[:, data.number(test.first) : data.number(test.last) + 1])


# --- the published baselines --------------------------------------------------------------------------------


@real
@pytest.mark.parametrize(("window", "kind"), EVERY)
def test_targets_are_those_of_the_table(window, kind):
    anchor, outcome = anchors()[window, TARGETS[kind]], forecasts(window)[kind].outcome
    assert outcome.size == anchor.n
    assert outcome.mean() == pytest.approx(anchor.base, abs=1e-12)


@real
@pytest.mark.parametrize(("window", "kind"), EVERY)
def test_weighted_mean_is_that_of_the_table(window, kind):
    anchor, outcome = anchors()[window, TARGETS[kind]], forecasts(window)[kind].outcome
    assert log_score(baseline(window, kind), outcome).mean() == pytest.approx(anchor.log, rel=1e-12)
    assert brier_score(baseline(window, kind), outcome).mean() == pytest.approx(anchor.brier, rel=1e-12)


@real
@pytest.mark.parametrize(("window", "kind"), EVERY)
@pytest.mark.parametrize("score", ["log", "brier"])
def test_forecast_beats_the_tuned_weighted_mean(window, kind, score):
    """The sixteen numbers of the two years, and as many of the second check."""
    found, anchor = forecasts(window)[kind], anchors()[window, TARGETS[kind]]
    ours = {"log": log_score, "brier": brier_score}[score](found.probability, found.outcome)
    assert ours.mean() < getattr(anchor, score)


def paired(window: str, kind: str) -> dict[str, float]:
    """Differences to the weighted mean of the table in standard errors, by day and by dyad."""
    found = forecasts(window)[kind]
    dyad, day = np.indices(found.outcome.shape)
    reference = baseline(window, kind)
    z = {}
    for name, score in (("log", log_score), ("brier", brier_score)):
        ours, theirs = score(found.probability, found.outcome), score(reference, found.outcome)
        for label, cluster in (("day", day), ("dyad", dyad)):
            z[f"{name} by {label}"] = paired_difference(
                ours.ravel(), theirs.ravel(), cluster=cluster.ravel()
            ).z
    return z


@real
@pytest.mark.parametrize("window", list(SPANS))
def test_paired_differences_point_one_way(window):
    """Most differences are far outside their errors, none is on the wrong side by more than half of one."""
    print(f"\n{window}: weight {forecasts(window)['any'].weight}")
    print("kind               log score  (table)   wide EWMA   Brier     (table)   wide EWMA   paired z")
    every = []
    for kind, found in forecasts(window).items():
        anchor, z = anchors()[window, TARGETS[kind]], paired(window, kind)
        every += z.values()
        print(
            f"{kind:18} {log_score(found.probability, found.outcome).mean():.5f}   ({anchor.log:.5f})"
            f"  {log_score(found.average, found.outcome).mean():.5f}"
            f"    {brier_score(found.probability, found.outcome).mean():.5f}   ({anchor.brier:.5f})"
            f"  {brier_score(found.average, found.outcome).mean():.5f}"
            f"    {', '.join(f'{name} {value:+.1f}' for name, value in z.items())}"
            f"    half-life {found.weighted_mean.half_life:g} d"
        )
    assert max(every) < 0.5
    assert np.median(every) < -1.645


# --- a whole year of ICEWS ----------------------------------------------------------------------------------

WHOLE_YEAR = """
import datetime as dt, resource, sys
import polars as pl
from detente.ledger.coding import cameo_frame
from detente.ledger.dyads import dyad_days
from detente.ledger.rates import fit_rates

folder = sys.argv[1]
codes = pl.read_csv(f"{folder}/relations.csv", schema_overrides={"cameo": pl.String, "id": pl.Int32})
quads = cameo_frame().select("cameo", "quadclass_icews")
codes = codes.select("id", "cameo").join(quads, on="cameo", how="left")
names = pl.read_csv(f"{folder}/entities.csv.gz", schema_overrides={"id": pl.Int32})
country = pl.coalesce(pl.col("name").str.extract(r"\\(([^()]+)\\)\\s*$", 1), pl.col("name"))
names = names.select("id", country.alias("who"))
events = pl.read_parquet(f"{folder}/events.parquet")
assert events.height == 468_558
events = events.join(codes, left_on="r", right_on="id")
for end, column in (("s", "actor"), ("o", "recipient")):
    events = events.join(names.rename({"id": end, "who": column}), on=end)
days = (pl.lit(dt.date(2018, 1, 1)) + pl.duration(days=pl.col("day"))).cast(pl.Date)
events = events.with_columns(days.alias("occurred_at"))
ends = pl.concat([events["actor"], events["recipient"].alias("actor")])
busiest = ends.value_counts(sort=True)["actor"][:50]
data = dyad_days(events, busiest.to_list())
for kind in ("any", "material_conflict"):
    fit = fit_rates(data, kind, family="poisson")
    assert fit.glm.n_rows == 2450 * 294
    print(kind, dict(zip(fit.names, zip(fit.coefficients.round(3), fit.errors.round(3)))))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@real
def test_icews_2018_fits_in_five_minutes_and_four_gibibytes():
    """All 468,558 events; two kinds between the 50 busiest countries and names: 2,450 dyads × 294 days."""
    source = str(Path(__file__).parents[1] / "src")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WHOLE_YEAR), str(DATA / "icews18")],
        env={**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "2", "POLARS_MAX_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) < 4096


# --- known excitations --------------------------------------------------------------------------------------


def simulated(times: float, back: float, half_life: float, seed: int, days: int = 1500) -> DyadDays:
    """Days with an event under the engine's factors, own and reverse, below their ceiling."""
    rng = np.random.default_rng(seed)
    n = 4
    base = np.exp(rng.normal(-4.0, 0.5, (n, n)))
    base[np.arange(n), np.arange(n)] = 0
    keep = 0.5 ** (1 / half_life)
    faded, happened = np.zeros((n, n)), np.zeros((n, n, days))
    for t in range(days):
        rate = base * (1 + (times - 1) * faded) * (1 + (back - 1) * faded.T)
        happened[:, :, t] = rng.poisson(rate) > 0
        faded = keep * (faded + happened[:, :, t])
    return DyadDays(tuple("ABCD"), dt.date(2000, 1, 1), {"any": happened})


def test_excitations_are_found_again():
    """Own ×4, reverse ×2.5, half-life 4 d: 30 records, pooled, within the errors that the fits claim."""
    z = []
    for seed in range(30):
        fit = fit_excitation(simulated(4.0, 2.5, 4.0, seed), "any", at_most=50.0)
        for found, times in zip(fit.excitations, (4.0, 2.5), strict=True):
            gain = np.log((found.times - 1) / (times - 1)) / found.log_times_error
            life = np.log(found.half_life / 4.0) / found.log_half_life_error
            z.append((gain, life))
    limit = stats.norm.isf(FALSE_ALARM / 2)
    assert np.all(np.abs(np.mean(z, axis=0)) < limit / np.sqrt(60))
    low, high = np.sqrt(stats.chi2.ppf([FALSE_ALARM, 1 - FALSE_ALARM], 60) / 60)
    assert np.all((low < np.std(z, axis=0)) & (np.std(z, axis=0) < high))
