"""Replay: the record pushed through the very same kernel, so that the state at the as-of date follows from it.

One lane per draw. Clocks do not fire; recorded happenings do, with their recorded outcomes. Dates, triggers and
timers without chance run as in simulation. On the way the exposure of every counted clock is measured.
"""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detente.engine import tables as tb
from detente.engine.blocks import Start, load_block, new_block, run_block
from detente.engine.compiling import READING, Compiled
from detente.engine.reference_agenda import replay_span
from detente.engine.sampling import (
    Floats,
    divide_by_exposure,
    draw_parameters,
    drawn_or_fitted,
    evaluate,
    with_unit_rates,
)
from detente.engine.streams import DRAW_SALT, lanes, uniform_array, word_array
from detente.engine.tables import WIDTH
from detente.model import NINETY_PERCENT, Crisis, Moment, Schedule

_NO_LIMIT = 2**62
_MASK = (1 << 64) - 1
_RECORDED, _LOOK = 2, 9
"""Ranks of what is recorded and of what is looked at; dates and occasions come before."""


def prepare(
    compiled: Compiled,
    tables: tb.Tables,
    *,
    seed: int,
    n_draws: int,
    epoch: float,
    threads: int = 1,
    posterior: Mapping[str, Floats] | None = None,
    levels: Mapping[str, Floats] | None = None,
) -> Start:
    """Draw the parameters, replay the record, and give what each draw starts the future with.

    Draw d has the values of row d mod n of a `posterior` for every parameter that it names, shape (n,), and the
    quantiles at `levels` of those that these name, shape (n_draws,).
    """
    parameters = tuple(compiled.crisis.parameters.values())
    values, drawn = drawn_or_fitted(parameters, seed, n_draws, posterior or {}, levels)
    unfinished = with_unit_rates(drawn, values)
    start = declared(compiled, unfinished, n_draws)
    exposures: dict[str, Floats] = _whole_windows(compiled.crisis, n_draws)
    if compiled.crisis.record_from < 0.0:
        plan = replay_plan(compiled, tuple(exposures), epoch)
        start, exposures = _replay(compiled, tables, plan, start, seed, n_draws, exposures, threads)
    finished = divide_by_exposure(drawn, values, exposures)
    _fill_hoisted(compiled, finished, start.per_draw)
    return dataclasses.replace(start, parameters=finished)


def _fill_hoisted(compiled: Compiled, values: dict[str, Floats], rows: Floats) -> None:
    for index, (_, expression) in enumerate(compiled.hoisted):
        rows[index] = evaluate(expression, values, rows.shape[1])


def declared(compiled: Compiled, values: dict[str, Floats], n_draws: int) -> Start:
    """The state as the file declares it, before anything has happened, with these values of the parameters."""
    state = np.zeros((compiled.n_state_rows, n_draws))
    for row, expression in compiled.starts:
        state[row] = evaluate(expression, values, n_draws)
    strikes = np.full((len(compiled.timers), n_draws), np.inf)
    per_draw = np.empty((len(compiled.hoisted), n_draws))
    _fill_hoisted(compiled, values, per_draw)
    return Start(per_draw, state, strikes, None, values)


def _whole_windows(crisis: Crisis, n_draws: int) -> dict[str, Floats]:
    """Exposures where there is no record to replay: the plain length of the windows [day]."""
    return {
        name: np.full(n_draws, parameter.distribution.end - parameter.distribution.start)
        for name, parameter in crisis.parameters.items()
        if parameter.distribution.kind in ("counted", "mean_rate")
    }


def replay_part(
    compiled: Compiled,
    tables: tb.Tables,
    start: Start,
    *,
    seed: int,
    epoch: float = 7.0,
    since: float | None = None,
    until: float = 0.0,
    pause: bool = False,
    threads: int = 1,
) -> tuple[Start, dict[str, Floats]]:
    """Replay a part of the record: the state at its end, and the exposure of every counted rate in it.

    Parameters
    ----------
    compiled, tables
        The crisis.
    start : Start
        As the file declares it (`declared_start`), or what a part that was paused at `since` left. Not changed.
    seed : int
    epoch : float
        As in `detente.simulate` [day].
    since, until : float, <= 0
        Ends of ticks [day, model time]; by default the whole record. The end is like an as-of date: timers and
        dates of that instant are left to the future.
    pause : bool
        Stop before anything of the instant `until`; another part can then go on as if there had been no stop.
    threads : int

    Raises
    ------
    ModelError
        If `since` or `until` is no end of a tick within the record.
    """
    n_draws = start.state.shape[1]
    windows = _whole_windows(compiled.crisis, n_draws)
    plan = replay_plan(compiled, tuple(windows), epoch, since=since, until=until, pause=pause)
    if pause and not plan.n_ticks:
        return start, {name: np.zeros(n_draws) for name in windows}
    copied = dataclasses.replace(start, state=start.state.copy(), strikes=start.strikes.copy())
    return _replay(compiled, tables, plan, copied, seed, n_draws, windows, threads)


def replay_along(
    compiled: Compiled,
    tables: tb.Tables,
    names: tuple[str, ...],
    *,
    seed: int,
    n_draws: int,
    epoch: float = 7.0,
    threads: int = 1,
) -> tuple[Floats, Floats]:
    """How stocks, stages and memories went in the record, at the end of every tick.

    Returns the times [day, model time; the last is 0], shape (n,), and values of shape (n, len(names), n_draws). The
    parameters are those of a simulation of the same seed; rates that wait for exposure are 1, and fire nothing.
    """
    rows = np.array([compiled.state_rows[name] for name in names], np.int64)
    plan = replay_plan(compiled, (), epoch)._replace(path_rows=rows)
    values = np.empty((plan.n_path_times, len(names), n_draws))
    start = declared_start(compiled, seed=seed, n_draws=n_draws)
    _replay(compiled, tables, plan, start, seed, n_draws, {}, threads, values)
    times: Floats = plan.starts + plan.tick * np.arange(plan.n_path_times, dtype=np.float64)
    return times, values


def declared_start(compiled: Compiled, *, seed: int, n_draws: int) -> Start:
    """The state as the file declares it, with the parameters of every draw; rates that wait for exposure are 1."""
    parameters = tuple(compiled.crisis.parameters.values())
    unit = with_unit_rates(parameters, draw_parameters(parameters, seed, n_draws))
    return declared(compiled, unit, n_draws)


def _replay(
    compiled: Compiled,
    tables: tb.Tables,
    plan: tb.Plan,
    start: Start,
    seed: int,
    n_draws: int,
    windows: dict[str, Floats],
    threads: int,
    paths: Floats | None = None,
) -> tuple[Start, dict[str, Floats]]:
    """Replay; `paths`, shape (n_path_times, n_paths, n_draws), is filled with the rows that the plan keeps."""
    state_rows, strikes = start.state, start.strikes  # every block replaces its own columns
    armed = np.empty((len(tables.triggers), n_draws), np.uint8)
    exposure = np.empty((len(windows), n_draws))
    started_by = np.empty(strikes.shape, np.int64)
    rooms = threading.local()

    def one_block(first: int) -> None:
        if not hasattr(rooms, "state"):
            rooms.state = new_block(compiled, len(windows), 0, plan.n_path_times * len(plan.path_rows))
        state: tb.State = rooms.state
        draws = np.arange(first, min(first + WIDTH, n_draws))
        n, span = len(draws), slice(first, first + len(draws))
        keys = lanes((seed + DRAW_SALT) & _MASK, draws)
        load_block(compiled, start, state, draws, keys, np.full(n, _NO_LIMIT))
        run_block(compiled, tables, plan, state, n, fresh=start.armed is None)
        rows = state.x.reshape(-1, WIDTH)
        state_rows[:, span] = rows[: compiled.n_state_rows, :n]
        strikes[:, span] = state.strikes.reshape(-1, WIDTH)[: len(strikes), :n]
        started_by[:, span] = state.started_by.reshape(-1, WIDTH)[: len(strikes), :n]
        armed[:, span] = state.armed.reshape(-1, WIDTH)[: len(armed), :n]
        exposure[:, span] = state.exposure.reshape(-1, WIDTH)[: len(exposure), :n]
        if paths is not None:
            paths[:, :, span] = state.path.reshape(*paths.shape[:2], WIDTH)[:, :, :n]

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one_block, range(0, n_draws, WIDTH)))
    replayed = dataclasses.replace(
        start, state=state_rows, strikes=strikes, armed=armed, started_by=started_by
    )
    return replayed, dict(zip(windows, exposure, strict=True))


# ── what is scheduled ────────────────────────────────────────────────────────────────────────────


def replay_plan(
    compiled: Compiled,
    counted: tuple[str, ...],
    epoch: float,
    *,
    since: float | None = None,
    until: float = 0.0,
    pause: bool = False,
) -> tb.Plan:
    """From the beginning of the record, or `since`, to the as-of date, or `until`; see `replay_part`."""
    crisis = compiled.crisis
    begin, n_ticks = replay_span(crisis, compiled.tick, until, since)
    clock_number = {name: number for number, name in enumerate(compiled.clocks)}
    windows = []
    for name in counted:
        distribution = crisis.parameters[name].distribution
        windows.append((clock_number[distribution.clock], distribution.start, distribution.end))
    return tb.Plan(
        agenda=_replay_agenda(compiled, -math.inf if since is None else since, until),
        exposures=np.array(windows, tb.EXPOSURE),
        starts=begin,
        tick=compiled.tick,
        n_ticks=n_ticks,
        origin=float(crisis.as_of.toordinal()),
        epoch=epoch,
        replay=True,
        pauses=pause,
    )


def simulation_plan(compiled: Compiled, horizon: float, epoch: float) -> tb.Plan:
    """From the as-of date to the horizon."""
    entries = [
        (time, _rank(moment), name, tb.DRAWN)
        for name, moment in compiled.crisis.moments.items()
        if isinstance(moment.cause, Schedule)
        for time in moment.cause.times
        if 0.0 <= time <= horizon
    ]
    watches = [
        (watch.closes, -1 - number)
        for number, watch in enumerate(compiled.watches)
        if watch.kind == "at" and 0.0 <= watch.closes <= horizon
    ]
    watches += [  # a window that opens within a tick; at the ends of ticks all windows are looked at
        (watch.opens, -1 - number)
        for number, watch in enumerate(compiled.watches)
        if watch.kind == "ever" and 0.0 < watch.opens <= horizon
        if not (watch.opens / compiled.tick).is_integer()
    ]
    return tb.Plan(
        agenda=_agenda(compiled, entries, watches),
        exposures=np.array([], tb.EXPOSURE),
        starts=0.0,
        tick=compiled.tick,
        n_ticks=math.ceil(horizon / compiled.tick - 1e-9),
        origin=float(compiled.crisis.as_of.toordinal()),
        epoch=epoch,
        replay=False,
    )


def _replay_agenda(compiled: Compiled, since: float, until: float) -> tb.Records:
    crisis = compiled.crisis
    entries: list[tuple[float, int, str, int]] = []
    recorded_days = {(item.moment, math.floor(item.time)) for item in crisis.replayed}
    for item in crisis.replayed:
        if crisis.record_from <= item.time <= 0.0:
            outcome = (
                compiled.outcome_index[f"{item.moment}.{item.outcome}"] if item.outcome else tb.NO_OUTCOME
            )
            entries.append((item.time, _RECORDED, item.moment, outcome))
    for name in compiled.moments:
        moment = crisis.moments.get(name)
        if moment is None:
            reading = crisis.stocks[name.removeprefix(READING)]
            entries.append((reading.starts or 0.0, 0, name, tb.NO_OUTCOME))
        elif isinstance(moment.cause, Schedule):
            for time in moment.cause.times:
                if crisis.record_from <= time < until and (name, math.floor(time)) not in recorded_days:
                    entries.append((time, _rank(moment), name, _unrecorded(compiled, moment, time)))
    return _agenda(compiled, [entry for entry in entries if since <= entry[0] <= until], [])


def _unrecorded(compiled: Compiled, moment: Moment, time: float) -> int:
    """What a past date without a record turned out to be: the remainder, where the record is complete."""
    if not moment.outcomes:
        return tb.DRAWN
    complete = moment.coding.complete_from
    if complete is not None and time >= complete:
        for outcome in moment.outcomes:
            if outcome.share is None:
                return compiled.outcome_index[f"{moment.name}.{outcome.name}"]
    return tb.NO_OUTCOME


def _rank(moment: Moment) -> int:
    assert isinstance(moment.cause, Schedule)
    return 0 if moment.cause.kind == "date" else 1


def _agenda(
    compiled: Compiled, entries: list[tuple[float, int, str, int]], watches: list[tuple[float, int]]
) -> tb.Records:
    number = {name: index for index, name in enumerate(compiled.moments)}
    rows = [(time, rank, number[name], outcome) for time, rank, name, outcome in entries]
    rows += [(time, _LOOK, moment, tb.NO_OUTCOME) for time, moment in watches]
    rows.sort()
    return np.array(
        [(time, int(rank == _RECORDED), moment, outcome) for time, rank, moment, outcome in rows], tb.AGENDA
    )


# ── delays that are pending at the as-of date ────────────────────────────────────────────────────


def pending_strikes(
    compiled: Compiled, start: Start, draws: NDArray[np.int64], keys: NDArray[np.uint64]
) -> Floats:
    """Strike times of every timer, shape (n_timers, n): drawn delays that have not struck yet, given that.

    With elapsed time e, a delay D of median m and spread σ has the conditional quantile
    D = m·exp(−σ·Φ⁻¹((1 − u)·S)), where S = Φ(−ln(e/m)/σ) is the share of delays that last longer than e.
    """
    strikes = start.strikes[:, draws].copy()
    for number, timer in enumerate(compiled.tables.timers):
        since = start.state[timer["since_row"], draws]
        pending = np.isfinite(since) & (timer["random"] != 0)
        if not pending.any():
            continue
        median = np.maximum(start.state[timer["median_row"], draws], 1e-9)
        sigma = np.log(np.maximum(start.state[timer["factor_row"], draws], 1.0 + 1e-12)) / NINETY_PERCENT
        runs_from = np.floor(since) + 1.0 if timer["whole_days"] else since
        elapsed = np.where(pending, -runs_from, 1.0)
        u = uniform_array(word_array(keys, int(timer["key"]), 0, 1))
        with np.errstate(over="ignore", divide="ignore"):
            longer = special.ndtr(-np.log(np.maximum(elapsed, 1e-300) / median) / sigma)
        delay = median * np.exp(-sigma * special.ndtri(np.maximum((1.0 - u) * longer, 1e-300)))
        strikes[number] = np.where(pending, np.maximum(-elapsed + delay, 0.0), strikes[number])
    return strikes
