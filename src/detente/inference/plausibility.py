"""The predictive check of a fit: leave a period out, fit the others, simulate it, and look at what happened.

What the fit has seen is no test of it. The record is cut into periods; for each the numbers are fitted to all the
others, the crisis is rewound to its beginning and simulated through it. Happenings that only the record can
fire do not happen in the simulation; rates that are not fitted keep what the whole record gives them.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detente.engine import simulate
from detente.engine.tracing import Progress
from detente.errors import DetenteError, ForecastError
from detente.inference.design import Span
from detente.inference.fitting import Replays, designs_for, mixture_of, replay_for_fit
from detente.inference.mixing import Mixture
from detente.inference.predicted import Plausibility, hold_against
from detente.ledger.rewinding import rewind
from detente.model import HELD, Clock, Crisis, Distribution

Floats = NDArray[np.float64]
Counted = tuple[str, float, float, int]


def check_plausibility(
    crisis: Crisis,
    *,
    periods: int = 5,
    trajectories: int = 2000,
    paths: int = 50,
    seed: int = 0,
    processes: int | None = None,
    progress: Progress | None = None,
    reporting: Mapping[str, float] | None = None,
    replays: Replays | None = None,
) -> Plausibility | None:
    """Predict the counts of every period from the others; None where nothing is fitted.

    Parameters
    ----------
    crisis : Crisis
    periods : int, >= 2
        Parts of equal length into which the record is cut.
    trajectories : int, >= 200
        Simulated futures per period, each with its own draw of the posterior.
    paths, seed, processes, reporting, replays
        As in `fit`.
    progress : callable, optional
        Called with the number of finished periods and of all.

    Raises
    ------
    ForecastError
        If an argument is out of range, or no period can be predicted.
    """
    if periods < 2 or trajectories < 200:
        raise ForecastError("periods must be 2 or more and trajectories 200 or more.")
    replays = replays or replay_for_fit(crisis, paths=paths, seed=seed, processes=processes)
    if not replays.evidence.fitted:
        return None
    cells: list[Counted] = []
    simulated: list[Floats] = []
    skipped: list[str] = []
    spans = _spans(crisis, periods)
    for k, span in enumerate(spans):
        if progress is not None:
            progress(k, len(spans))
        try:
            found = _predict(replays, span, trajectories, seed + k, reporting or {})
        except DetenteError as problem:
            skipped.append(f"{_days(crisis, span)}: {problem}")
            continue
        cells += [cell for cell, _ in found]
        simulated += [counts for _, counts in found]
    if not cells:
        raise ForecastError(f"no period of the record could be predicted: {skipped[0]}")
    return hold_against(tuple(cells), np.array(simulated), tuple(skipped))


def _spans(crisis: Crisis, periods: int) -> list[Span]:
    """Periods of whole days that cover the record."""
    ends = np.round(np.linspace(-math.floor(-crisis.record_from), 0.0, periods + 1))
    return [(float(a), float(b)) for a, b in itertools.pairwise(ends) if b > a]


def _days(crisis: Crisis, span: Span) -> str:
    first, last = (crisis.as_of + dt.timedelta(days=int(end)) for end in span)
    return f"{first + dt.timedelta(days=1)} to {last}"


def _predict(
    replays: Replays, span: Span, trajectories: int, seed: int, reporting: Mapping[str, float]
) -> list[tuple[Counted, Floats]]:
    """What was counted in a period, clock by clock, and what the fit to the others predicts."""
    designs, _ = designs_for(replays, without=[span], reporting=reporting)
    mixture = mixture_of(replays, designs, draws=trajectories, seed=seed)
    counts = _simulated(replays.crisis, mixture, span, trajectories, seed)
    thin = np.random.default_rng([seed, 40])
    return [
        (
            (clock, *span, _observed(replays.crisis, clock, span)),
            thin.binomial(counts[clock], reporting.get(clock, 1.0)).astype(np.float64),
        )
        for clock in _predictable(replays, span)
    ]


def _predictable(replays: Replays, span: Span) -> list[str]:
    """Clocks of which something is fitted and whose record is complete throughout the period."""
    spoken = {
        use.moment for each in replays.evidence.fitted for use in each.uses if use.role in ("rate", "factor")
    }
    return [
        name
        for name, since in replays.evidence.since.items()
        if name in spoken and since <= span[0] and isinstance(replays.crisis.moments[name].cause, Clock)
    ]


def _observed(crisis: Crisis, clock: str, span: Span) -> int:
    inside = (item for item in crisis.record if item.moment == clock and span[0] < item.time <= span[1])
    return sum(item.held >= HELD for item in inside)


def _simulated(
    crisis: Crisis, mixture: Mixture, span: Span, trajectories: int, seed: int
) -> dict[str, NDArray[np.int64]]:
    """Counts of every happening in every future of the period, shape (trajectories,)."""
    past = rewind(_uncounted(crisis), crisis.as_of + dt.timedelta(days=int(span[0]))).crisis
    spread = [name for name, each in crisis.parameters.items() if each.distribution.kind != "fixed"]
    ensemble = simulate(
        replace(past, questions={}),
        trajectories=trajectories,
        replicates=1,
        seed=seed,
        horizon=span[1] - span[0],
        log=True,
        posterior=mixture.values(spread),
    )
    log = ensemble.log
    assert log is not None
    return {
        name: np.bincount(log.trajectory[log.happening == number], minlength=trajectories)
        for number, name in enumerate(log.names)
    }


def _uncounted(crisis: Crisis) -> Crisis:
    """The crisis without rates that wait for a count: every draw comes from the fit, and none is counted again."""
    plain = Distribution("lognormal", (1.0, 2.0))
    return replace(
        crisis,
        parameters={
            name: replace(each, distribution=plain)
            if each.distribution.kind in ("counted", "mean_rate")
            else each
            for name, each in crisis.parameters.items()
        },
    )
