"""Residuals of a fit: on the time that its intensities make, the record should look like a plain Poisson process.

With Λ the sum of the integrated intensities of all clocks whose record is complete, the increments of Λ between
successive events are exponential with mean 1 (time rescaling), and each clock's count is Poisson given its own Λ. The
numbers were fitted to the same events, which makes these checks mild: they find a gross misfit only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from detente.inference.design import ClockDesign
from detente.inference.likelihood import log_intensities
from detente.inference.mixing import Mixture, PathFit
from detente.inference.priors import Logarithm, logarithm

Floats = NDArray[np.float64]

FEWEST = 5
"""Increments are tested from so many events on."""

SAMPLE = 200
"""Draws of the posterior over which residuals are taken."""


@dataclass(frozen=True)
class ClockResidual:
    """One clock: events observed and expected over the record (median, 90 % range), and the PIT of the count.

    `pit` is P(N < n) + ½·P(N = n) with N Poisson given each draw, averaged over draws: near 0, fewer happened than the
    fit expects, near 1 more.
    """

    clock: str
    observed: int
    expected: float
    low: float
    high: float
    pit: float


@dataclass(frozen=True)
class EventResidual:
    """One event: the rescaled time since the event before (mean over draws), and its surprise.

    `share` is the share of its clock in the intensity of all complete clocks just before, `bits` = −log2(share).
    """

    event: str
    clock: str
    time: float
    increment: float
    share: float
    bits: float


@dataclass(frozen=True)
class Residuals:
    """Residuals of a fit.

    `p_rescaling` is the median p-value over draws of a Kolmogorov–Smirnov test of the increments; None with fewer
    than five events.
    """

    clocks: tuple[ClockResidual, ...]
    events: tuple[EventResidual, ...]
    p_rescaling: float | None


@dataclass(frozen=True)
class _Course:
    """One clock under one draw: its integrated intensity at every event of any clock, at the end, and its intensity."""

    clock: ClockDesign
    compensator: Floats
    total: float
    before: Floats


def residuals_of(mixture: Mixture, seed: int) -> Residuals:
    """Residuals over draws of the posterior."""
    if not mixture.evidence.fitted or not mixture.fits:
        return Residuals((), (), None)
    rng = np.random.default_rng([seed, 30])
    chosen = rng.permutation(len(mixture.path))[:SAMPLE]
    totals: dict[str, list[float]] = {}
    observed: dict[str, int] = {}
    increments: dict[str, list[tuple[float, float]]] = {}
    p_values, where = [], {}
    for d in chosen:
        fit = mixture.fits[int(mixture.path[d])]
        names, times, clocks = _events(fit)
        courses = list(_courses(fit, mixture.coordinates[d], times))
        for course in courses:
            totals.setdefault(course.clock.clock, []).append(course.total)
            observed[course.clock.clock] = len(course.clock.events)
        together = np.sum([course.compensator for course in courses], axis=0)
        steps = np.diff(together, prepend=0.0)
        if len(steps) >= FEWEST:
            p_values.append(float(stats.kstest(steps, "expon").pvalue))
        intensity = np.sum([course.before for course in courses], axis=0)
        for k, (name, clock) in enumerate(zip(names, clocks, strict=True)):
            own = next(course for course in courses if course.clock.clock == clock)
            share = own.before[k] / intensity[k] if intensity[k] > 0.0 else np.nan
            increments.setdefault(name, []).append((float(steps[k]), float(share)))
            where[name] = (clock, float(times[k]))
    return Residuals(
        clocks=tuple(
            _clock(name, observed[name], np.array(values)) for name, values in sorted(totals.items())
        ),
        events=tuple(
            _event(name, *where[name], np.array(values))
            for name, values in sorted(increments.items(), key=lambda item: where[item[0]][1])
        ),
        p_rescaling=float(np.median(p_values)) if p_values else None,
    )


def _clock(name: str, observed: int, expected: Floats) -> ClockResidual:
    low, median, high = np.quantile(expected, (0.05, 0.5, 0.95))
    upto = special.pdtr(observed, expected)
    below = special.pdtr(observed - 1, expected) if observed else np.zeros_like(expected)
    return ClockResidual(
        name, observed, float(median), float(low), float(high), float(np.mean((upto + below) / 2.0))
    )


def _event(name: str, clock: str, time: float, values: Floats) -> EventResidual:
    increment, share = np.nanmean(values, axis=0)
    return EventResidual(name, clock, time, float(increment), float(share), float(-np.log2(share)))


def _events(fit: PathFit) -> tuple[list[str], Floats, list[str]]:
    """Events of all clocks in order of time, when they happened, and their clocks."""
    found = sorted(
        (float(time), event, clock.clock)
        for clock in fit.design.clocks
        for time, event in zip(clock.times, clock.events, strict=True)
    )
    return (
        [event for _, event, _ in found],
        np.array([time for time, _, _ in found]),
        [c for _, _, c in found],
    )


def _courses(fit: PathFit, coordinates: Floats, times: Floats) -> Iterator[_Course]:
    """Every clock of a replay under one draw."""
    logs: list[Logarithm] = [
        logarithm(prior.scale, coordinates[j : j + 1])
        for target in fit.targets
        for j, prior in zip(target.numbers, target.priors, strict=True)
    ]
    order = [j for target in fit.targets for j in target.numbers]
    logs = [logs[order.index(j)] for j in range(len(order))]
    for clock in fit.design.clocks:
        rate = np.exp(log_intensities(clock.cells, logs)[0])
        share = (times[:, None] - clock.begins) / (clock.ends - clock.begins)
        compensator = np.clip(share, 0.0, 1.0) @ (rate * clock.days)
        inside = (clock.begins < times[:, None]) & (times[:, None] <= clock.ends)
        yield _Course(clock, compensator, float(rate @ clock.days), inside @ rate)
