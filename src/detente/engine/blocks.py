"""Blocks: room for W trajectories side by side, and the one call that takes them through time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detente.engine import kernel
from detente.engine import tables as tb
from detente.engine.compiling import Compiled
from detente.engine.firing import FRAME, MAX_AT_ONCE
from detente.engine.lane import MAX_ROUNDS
from detente.engine.tables import WIDTH
from detente.errors import ModelError, RunawayError


@dataclass(frozen=True)
class Start:
    """What every draw begins a run with, as a replay left it or as the file declares it.

    `per_draw` are the hoisted rows, shape (n_hoisted, D); `state` the state rows, (n_state, D); `strikes`
    (n_timers, D); `armed` (n_triggers, D), or None where triggers have not been looked at yet; `parameters` the
    finished values by name, (D,); `started_by` the happening that started each timer, (n_timers, D), −1 if none.
    """

    per_draw: NDArray[np.float64]
    state: NDArray[np.float64]
    strikes: NDArray[np.float64]
    armed: NDArray[np.uint8] | None
    parameters: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    started_by: NDArray[np.int64] | None = None


def new_block(compiled: Compiled, n_exposures: int = 0, log_size: int = 0, path_size: int = 0) -> tb.State:
    """Memory for one block and one thread; `path_size` counts the values of one lane kept along the way."""
    tables, w = compiled.tables, WIDTH
    n_clocks, n_triggers = len(tables.clocks), len(tables.triggers)
    n_watches, n_timers = len(tables.watches), len(tables.timers)
    everything = 2 * n_clocks + n_triggers + n_watches + 1
    return tb.State(
        x=np.zeros(compiled.n_rows * w),
        residual=np.zeros(max(1, n_clocks) * w),
        redraws=np.zeros(max(1, n_clocks) * w, np.int64),
        strikes=np.full(max(1, n_timers) * w, np.inf),
        next_strike=np.full(w, np.inf),
        started_by=np.full(max(1, n_timers) * w, -1, np.int64),
        armed=np.zeros(max(1, n_triggers) * w, np.uint8),
        register=np.full(max(1, n_watches) * w, np.inf),
        lane=np.zeros(w, np.uint64),
        firings=np.zeros(w, np.int64),
        budget=np.zeros(w, np.int64),
        status=np.zeros(w, np.int64),
        exposure=np.zeros(max(1, n_exposures) * w),
        clamped=np.zeros(max(1, len(compiled.stocks)), np.int64),
        log_lane=np.zeros(log_size, np.int64),
        log_happening=np.zeros(log_size, np.int64),
        log_cause=np.zeros(log_size, np.int64),
        log_time=np.zeros(log_size),
        path=np.zeros(path_size * w),
        marks=np.zeros(everything, np.uint8),
        changed=np.zeros(everything, np.int64),
        counters=np.zeros(16, np.int64),
        stack=np.zeros(FRAME * (MAX_AT_ONCE + 8), np.int64),
        chain=np.zeros(tb.CHAIN, np.int64),
        became=np.zeros(max(1, n_triggers), np.int64),
        fired=np.zeros(max(1, n_triggers), np.uint8),
        lowest=np.zeros(w),
        busy=np.zeros(w, np.uint8),
        due=np.zeros(n_clocks + 1),
        since=np.zeros(n_clocks + 1),
        before=np.zeros(n_clocks + 1),
        until=np.zeros(n_clocks + 1),
        reading=np.zeros(len(tables.memories) + 1),
        seen=np.zeros(len(tables.memories) + 1),
    )


def load_block(
    compiled: Compiled,
    start: Start,
    state: tb.State,
    draws: NDArray[np.int64],
    keys: NDArray[np.uint64],
    budget: NDArray[np.int64],
) -> None:
    """Put trajectories with these draws and stream keys at the beginning of a run."""
    n, w = len(draws), WIDTH
    x = state.x.reshape(-1, w)
    rows = [row for row, _ in compiled.hoisted]
    x[rows, :n] = start.per_draw[:, draws]
    x[: compiled.n_state_rows, :n] = start.state[:, draws]
    if len(compiled.timers):
        state.strikes.reshape(-1, w)[:, :n] = start.strikes[:, draws]
        state.started_by.reshape(-1, w)[:, :n] = (
            -1 if start.started_by is None else start.started_by[:, draws]
        )
    if start.armed is not None and len(start.armed):
        state.armed.reshape(-1, w)[:, :n] = start.armed[:, draws]
    state.lane[:n] = keys
    state.budget[:n] = budget
    state.register[:] = np.inf
    for array in (state.firings, state.status, state.exposure, state.clamped, state.counters, state.marks):
        array[:] = 0
    state.counters[tb.BROKEN_LANE] = -1
    state.counters[tb.LATEST] = -1


def run_block(
    compiled: Compiled, tables: tb.Tables, plan: tb.Plan, state: tb.State, n: int, *, fresh: bool
) -> None:
    """Simulate the loaded lanes through the plan.

    Raises
    ------
    RunawayError
        If a lane met more firings at one instant, or more rounds of triggers, than allowed.
    ModelError
        If an intensity or a stock became infinite or undefined.
    """
    kernel.simulate(tables.record()[0], plan.record()[0], state.record()[0], n, fresh)
    broken = int(state.counters[tb.BROKEN_LANE])
    if broken >= 0:
        raise _runaway(compiled, state, broken)
    rows = state.x.reshape(-1, WIDTH)[:, :n]
    n_stocks = len(compiled.stocks)
    intensities = rows[compiled.n_state_rows : compiled.n_state_rows + len(compiled.clocks)]
    for names, values in ((compiled.stocks, rows[:n_stocks]), (compiled.clocks, intensities)):
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(bad):
            raise ModelError(
                f"'{names[int(bad[0])]}' became infinite or undefined. Look for a division by zero or an open-ended"
                " factor without at_most."
            )


def _runaway(compiled: Compiled, state: tb.State, lane: int) -> RunawayError:
    size = len(state.chain)
    last = int(state.firings[lane])
    n = int(state.counters[tb.N_BROKEN])
    recent = [compiled.moments[int(state.chain[k % size])] for k in range(max(0, n - size), n)]
    what = (
        f"more than {MAX_AT_ONCE} firings at one instant"
        if state.status[lane] == tb.TOO_MANY_AT_ONCE
        else f"more than {MAX_ROUNDS} rounds of triggers at one instant"
    )
    chain = " → ".join(dict.fromkeys(recent))
    return RunawayError(f"{what} (after {last} firings): {chain}. Break the circle with a guard or a delay.")
