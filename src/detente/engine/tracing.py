"""What every clock was exposed to in a replay, and what the model saw just before each recorded happening.

A trace is all that a likelihood needs: the integral of every intensity over the record, and the intensities and
odds at what happened. It is read off `reference`, the plain definition, stretch by stretch.
"""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from detente.engine.reference import replay_reference
from detente.engine.reference_values import State, World, reads
from detente.engine.sampling import divide_by_exposure, draw_parameters, with_unit_rates
from detente.engine.tracer import Tracer, cells_of
from detente.engine.traces import Choice, ClockTrace, Firing, Trace
from detente.errors import ModelError
from detente.model import Clock, Crisis, Distribution

__all__ = ["Choice", "ClockTrace", "Firing", "Progress", "Trace", "trace", "trace_draws", "with_base_rates"]

Progress = Callable[[int, int], None]
"""Called with the number of finished draws and of all."""


def trace(
    crisis: Crisis,
    values: Mapping[str, float],
    *,
    seed: int = 0,
    draw: int = 0,
    until: float = 0.0,
    clocks: Iterable[str] | None = None,
    tick: float = 1.0,
    epoch: float = 7.0,
) -> Trace:
    """Replay the record for one draw of the parameters, and keep what the clocks and the record saw.

    Parameters
    ----------
    crisis : Crisis
    values : mapping of str to float
        One value per parameter; rates that wait for their exposure are usually 1 per day.
    seed, draw : int, >= 0
        Decide the chance in the flows of stocks, as in a replay by the engine.
    until : float, <= 0
        Where to stop [day, model time]: a whole number of ticks before the as-of date.
    clocks : iterable of str, optional
        Clocks whose cells are kept; by default all.
    tick, epoch : float
        As in `detente.simulate` [day].

    Raises
    ------
    ModelError
        If `until` is no end of a tick inside the record, or a clock is unknown.

    Examples
    --------
    >>> from detente.catalog import load
    >>> crisis = load("cuba_1962")
    >>> values = {name: 1.0 for name in crisis.parameters}
    >>> traced = trace(crisis, values)
    >>> (traced.begins, traced.ends) == (crisis.record_from, 0.0)
    True
    """
    observer = Tracer(crisis, _known_clocks(crisis, clocks))
    replayed = replay_reference(
        crisis, values, seed=seed, draw=draw, tick=tick, epoch=epoch, until=until, observer=observer
    )
    begins = float(-math.ceil(-crisis.record_from))
    return Trace(
        crisis=crisis,
        begins=begins,
        ends=until,
        clocks={
            name: cells_of(crisis.moments[name], observer.readings[name], until) for name in observer.kept
        },
        firings=tuple(observer.firings),
        end=replayed.end,
        exposures=replayed.exposures,
        values=values,
        parameters=values,
    )


def trace_draws(
    crisis: Crisis,
    seed: int,
    n_draws: int,
    *,
    until: float = 0.0,
    clocks: Iterable[str] | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> list[Trace]:
    """Trace the replay of draws 0 … n − 1, with the parameters and the chance that the engine gives them.

    Rates that wait for their exposure are 1 per day in the cells, as in the engine's replay;
    `Trace.parameters` holds them divided, and `with_base_rates` puts them in.

    Parameters
    ----------
    crisis : Crisis
    seed : int
    n_draws : int, > 0
    until : float, <= 0
        Where to stop [day, model time]. A rate whose window goes on after that stays 1 per day; `rewind` the
        crisis instead, so that its counts end there as well.
    clocks : iterable of str, optional
        Clocks whose cells are kept; by default all.
    processes : int, optional
        How many processes share the draws; by default this one does it all. With more than one, a script of
        one's own must guard its main part by ``if __name__ == "__main__":``.
    progress : callable, optional
        Called after every draw with the number of finished draws and of all.

    Raises
    ------
    ModelError
        If a counted clock was never exposed in its window, or `until` is no day of the record.
    """
    parameters = tuple(crisis.parameters.values())
    drawn = draw_parameters(parameters, seed, n_draws)
    unit = with_unit_rates(parameters, drawn)
    one = partial(_one_draw, crisis, seed, until, _known_clocks(crisis, clocks))
    work = [(draw, {name: float(value[draw]) for name, value in unit.items()}) for draw in range(n_draws)]
    traces: list[Trace] = []
    for traced in _map(one, work, processes or 1):
        traces.append(traced)
        if progress is not None:
            progress(len(traces), n_draws)
    windows = {name: window for name, window in _windows(crisis).items() if window.end <= until}
    exposures = {name: np.array([each.exposures[name] for each in traces]) for name in windows}
    whole = [p for p in parameters if p.name in windows]
    finished = unit | divide_by_exposure(whole, {name: drawn[name] for name in windows}, exposures)
    return [
        replace(each, parameters={name: float(value[draw]) for name, value in finished.items()})
        for draw, each in enumerate(traces)
    ]


def with_base_rates(traced: Trace) -> Trace:
    """The trace with every rate that waited for its exposure put in, as a simulation would use it.

    Raises
    ------
    ModelError
        If such a rate is mixed with the state in one expression.

    Examples
    --------
    >>> from detente.catalog import load
    >>> one = with_base_rates(trace_draws(load("cuba_1962"), 1, 1)[0])
    >>> one.values == one.parameters
    True
    """
    before = World(traced.crisis, traced.values, State(0.0))
    after = World(traced.crisis, traced.parameters, State(0.0))
    ratios = {}
    for name, moment in traced.crisis.moments.items():
        if isinstance(moment.cause, Clock) and _waits(traced, moment.cause):
            ratios[name] = after.value(moment.cause.rate, 0.0) / before.value(moment.cause.rate, 0.0)
    clocks = {name: _scaled(cells, ratios.get(name, 1.0)) for name, cells in traced.clocks.items()}
    firings = tuple(_rescaled(firing, ratios) for firing in traced.firings)
    return replace(traced, clocks=clocks, firings=firings, values=traced.parameters)


def _waits(traced: Trace, clock: Clock) -> bool:
    changed = {name for name, value in traced.parameters.items() if value != traced.values[name]}
    return bool(changed & reads([clock.rate]))


def _scaled(cells: ClockTrace, ratio: float) -> ClockTrace:
    return replace(cells, base=cells.base * ratio, intensity=cells.intensity * ratio)


def _rescaled(firing: Firing, ratios: Mapping[str, float]) -> Firing:
    intensities = {name: value * ratios.get(name, 1.0) for name, value in firing.intensities.items()}
    own = intensities.get(firing.moment, math.nan)
    return replace(firing, intensity=own, total=math.fsum(intensities.values()), intensities=intensities)


def _windows(crisis: Crisis) -> dict[str, Distribution]:
    waiting = ("counted", "mean_rate")
    return {n: p.distribution for n, p in crisis.parameters.items() if p.distribution.kind in waiting}


def _known_clocks(crisis: Crisis, clocks: Iterable[str] | None) -> tuple[str, ...]:
    known = {name for name, moment in crisis.moments.items() if isinstance(moment.cause, Clock)}
    asked = known if clocks is None else set(clocks)
    if asked - known:
        missing = ", ".join(f"'{name}'" for name in sorted(asked - known))
        raise ModelError(f"no clock is named {missing}. Clocks: {', '.join(sorted(known)) or 'none'}.")
    return tuple(sorted(asked))


def _map(
    one: Callable[[tuple[int, Mapping[str, float]]], Trace],
    work: Sequence[tuple[int, Mapping[str, float]]],
    processes: int,
) -> Iterator[Trace]:
    """Traces in order; processes are started afresh, so that no thread of this one can be caught halfway."""
    if processes == 1 or len(work) == 1:
        yield from map(one, work)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(work)), mp_context=context) as pool:
        yield from pool.map(one, work)


def _one_draw(
    crisis: Crisis, seed: int, until: float, clocks: tuple[str, ...], job: tuple[int, Mapping[str, float]]
) -> Trace:
    draw, values = job
    return trace(crisis, values, seed=seed, draw=draw, until=until, clocks=clocks)
