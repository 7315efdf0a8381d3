"""The compiled engine: one block of trajectories through one span of time.

Data-driven: the crisis is in the tables, so this file is compiled once for all crises. Trajectories lie side by side
(*lanes*); most of a day is done for all lanes at once, and only the lanes in which something happens are
followed event by event. `reference.py` defines the same process in plain Python and is the place to read first.

A memory's row holds its value as of the beginning of the tick (`t0`); its value at t0 + offset is that times
2^(−offset / half-life), so that fading is exact at every jump. Within a stretch without jumps, intensities read
memories at the middle of the stretch.

Rooms: `marking` (evaluate, note what changed), `firing` (effects and outcomes), `lane` (one lane through one tick), and
here the block and the ticks.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from detente.engine import tables as tb
from detente.engine.arithmetic import exp
from detente.engine.firing import find_next_strike
from detente.engine.lane import (
    complete,
    expose,
    follow_lane,
    keep_agenda,
    look,
    refresh,
    step_of,
    strike_timers,
)
from detente.engine.marking import F8, I8, INFINITY, U1, U8, compiled, holds, mark, run_block
from detente.engine.sources import of_these_sources
from detente.engine.streams import exponential, noise, word
from detente.engine.tables import WIDTH
from detente.engine.views import view


@compiled
def renew(tables, state, n, epoch) -> None:
    """Draw every residual afresh at the beginning of an epoch."""
    residual, redraws, lane = view(state.residual, F8), view(state.redraws, I8), view(state.lane, U8)
    for number in range(tables.n_clocks):
        key = view(tables.clocks, tb.CLOCK)[number].key
        base = np.uint64(number * WIDTH)
        for i in range(np.uint64(n)):
            residual[base + i] = exponential(word(lane[i], key, epoch, np.uint64(0)))
            redraws[base + i] = 0


@compiled
def find_busy(tables, plan, state, n, t1, scheduled) -> None:
    """Let the clocks of all lanes run through the tick; tell the lanes that must be followed."""
    h = plan.tick
    lowest, x, residual = view(state.lowest, F8), view(state.x, F8), view(state.residual, F8)
    base = np.uint64(view(tables.clocks, tb.CLOCK)[0].row * WIDTH) if tables.n_clocks > 0 else np.uint64(0)
    end = np.uint64(n)
    for i in range(end):
        lowest[i] = INFINITY
    for number in range(tables.n_clocks):
        c = np.uint64(number * WIDTH)
        for i in range(end):
            left = residual[c + i] - x[base + c + i] * h
            residual[c + i] = left
            lowest[i] = left if left < lowest[i] else lowest[i]
    for i in range(n):
        busy = scheduled or (lowest[i] < 0.0 and not plan.replay) or view(state.next_strike, F8)[i] < t1
        if not busy and tables.n_fast_memories > 0:
            busy = step_of(tables, plan, state, i) < h
        fine = view(state.status, I8)[i] == tb.FINE
        view(state.busy, U1)[i] = busy and fine


@compiled
def fade(tables, state, n) -> None:
    """Bring the memories to the end of the tick."""
    x = view(state.x, F8)
    for number in range(tables.n_memories):
        place = np.uint64(view(tables.memories, tb.MEMORY_ROWS)[number].row * WIDTH)
        factor = np.uint64(view(tables.memories, tb.MEMORY_ROWS)[number].full_row * WIDTH)
        for i in range(np.uint64(n)):
            x[place + i] *= x[factor + i]


@compiled
def flow(tables, state, n, tick_number) -> None:
    """Let the stocks flow, all from the values before the tick's end."""
    x, lane = view(state.x, F8), view(state.lane, U8)
    for number in range(tables.n_flows):
        record = view(tables.flows, tb.FLOW)[number]
        place, change = np.uint64(record.row * WIDTH), np.uint64(record.flow_row * WIDTH)
        lower, upper, end = record.lower, record.upper, np.uint64(n)
        gain = view(state.lowest, F8)
        for i in range(end):
            gain[i] = x[change + i]
        if record.noise_row >= 0:
            size = np.uint64(record.noise_row * WIDTH)
            key = record.key
            for i in range(end):
                gain[i] += x[size + i] * noise(word(lane[i], key, tick_number, np.uint64(0)))
        hits = 0
        if record.kind == tb.LOG_SCALE:
            for i in range(end):
                gain[i] = x[place + i] * exp(gain[i])
        else:
            for i in range(end):
                gain[i] += x[place + i]
        for i in range(end):
            moved = gain[i]
            kept = moved if moved > lower else lower
            kept = kept if kept < upper else upper
            hits += 1 if kept != moved else 0
            x[place + i] = kept
        view(state.clamped, I8)[record.stock] += hits


@compiled
def arm(tables, state, n) -> None:
    """After the continuous triggers were evaluated for all lanes: flag lanes where one became true, rearm elsewhere."""
    armed, busy, x = view(state.armed, U1), view(state.busy, U1), view(state.x, F8)
    for number in range(tables.n_triggers):
        trigger = view(tables.triggers, tb.TRIGGER)[number]
        if trigger.continuous != 0:
            for i in range(n):
                if armed[number * WIDTH + i] != 0 and x[trigger.row * WIDTH + i] != 0.0:
                    busy[i] = 1
    for number in range(tables.n_triggers):
        trigger = view(tables.triggers, tb.TRIGGER)[number]
        if trigger.continuous != 0:
            for i in range(n):
                if armed[number * WIDTH + i] == 0 and busy[i] == 0:
                    if trigger.rearm_start >= 0:
                        armed[number * WIDTH + i] = x[trigger.rearm_row * WIDTH + i] != 0.0
                    else:
                        armed[number * WIDTH + i] = x[trigger.row * WIDTH + i] == 0.0


@compiled
def mark_continuous_triggers(tables, state) -> None:
    """Have every trigger that depends on flows, memories or time looked at."""
    for number in range(tables.n_triggers):
        if view(tables.triggers, tb.TRIGGER)[number].continuous != 0:
            mark(state, number, tb.N_TRIGGERS, tables.n_clocks)


@compiled
def instant(tables, plan, state, n, t, entry) -> int:
    """The end of a tick, or the start of a run: timers, dates, occasions, triggers, watches, in this order."""
    later = entry
    while later < plan.n_agenda and view(plan.agenda, tb.AGENDA)[later].time <= t:
        later += 1
    for i in range(n):
        view(state.busy, U1)[i] = later > entry or view(state.next_strike, F8)[i] <= t
    span = view(tables.ranges, I8)
    run_block(tables, state, span[4], span[5], t, 0.0)
    arm(tables, state, n)
    for i in range(n):
        if view(state.busy, U1)[i] != 0 and view(state.status, I8)[i] == tb.FINE:
            strike_timers(tables, plan, state, i, t, t)
            place = keep_agenda(tables, plan, state, entry, i, t, t)
            mark_continuous_triggers(tables, state)
            complete(tables, plan, state, i, t, t)
            refresh(tables, plan, state, i, t, t, t)
            look(tables, plan, state, place, i, t, t)
    watch_block(tables, state, n, t, plan.tick)
    return later


@compiled
def watch_block(tables, state, n, t, tick) -> None:
    """Look at conditions that may have come true by flowing, or that a window opens on, in all lanes."""
    wanted = False
    for number in range(tables.n_watches):
        watch = view(tables.watches, tb.WATCH)[number]
        inside = watch.opens <= t <= watch.closes
        if watch.kind == tb.EVER and inside:
            if watch.continuous != 0:
                wanted = True
            elif t - watch.opens < tick:
                run_block(tables, state, watch.start, watch.end, t, 0.0)
    if wanted:
        span = view(tables.ranges, I8)
        run_block(tables, state, span[6], span[7], t, 0.0)
    for number in range(tables.n_watches):
        watch = view(tables.watches, tb.WATCH)[number]
        fresh = watch.continuous != 0 or t - watch.opens < tick
        if watch.kind == tb.EVER and fresh and watch.opens <= t <= watch.closes:
            for i in range(n):
                place = number * WIDTH + i
                if (
                    view(state.x, F8)[watch.row * WIDTH + i] != 0.0
                    and view(state.register, F8)[place] == INFINITY
                    and view(state.status, I8)[i] == tb.FINE
                ):
                    view(state.register, F8)[place] = t


@compiled
def start(tables, plan, state, n, fresh) -> int:
    """Make a block ready at the start of a run; `fresh` unless a replay has left it armed."""
    for number in range(tables.n_triggers):
        trigger = view(tables.triggers, tb.TRIGGER)[number]
        for i in range(n):
            if fresh:
                true = holds(tables, state, trigger.start, trigger.end, trigger.row, i, plan.starts, 0.0)
                view(state.armed, U1)[number * WIDTH + i] = 0 if true else 1
    for i in range(n):
        find_next_strike(tables, state, i)
    entry = instant(tables, plan, state, n, plan.starts, I8(0))
    for number in range(tables.n_clocks):
        clock = view(tables.clocks, tb.CLOCK)[number]
        run_block(tables, state, clock.steady_start, clock.steady_end, plan.starts, 0.0)
    span = view(tables.ranges, I8)
    run_block(tables, state, span[0], span[1], plan.starts, 0.0)
    return entry


@compiled
def keep_path(plan, state, n, tick) -> None:
    """Keep the values of some rows after so many ticks, where it is their turn."""
    if plan.n_paths == 0 or tick % plan.path_every != 0:
        return
    x, path = view(state.x, F8), view(state.path, F8)
    time = tick // plan.path_every
    for number in range(plan.n_paths):
        row = view(plan.path_rows, I8)[number] * WIDTH
        place = (time * plan.n_paths + number) * WIDTH
        for i in range(n):
            path[place + i] = x[row + i]


@njit(nogil=True, cache=True, error_model="numpy")
@of_these_sources
def simulate(tables, plan, state, n, fresh) -> None:
    """Take the first n lanes of a block through all ticks of a plan."""
    entry = start(tables, plan, state, n, fresh)
    keep_path(plan, state, n, I8(0))
    span = view(tables.ranges, I8)
    past_epoch = np.uint64(0)
    for k in range(plan.n_ticks):
        t0 = plan.starts + k * plan.tick
        t1 = plan.starts + (k + 1) * plan.tick
        epoch = np.uint64(math.floor((t0 + plan.origin) / plan.epoch))
        if k == 0 or epoch != past_epoch:
            renew(tables, state, n, epoch)
            past_epoch = epoch
        run_block(tables, state, span[0], span[1], t0, 0.5 * plan.tick)
        scheduled = entry < plan.n_agenda and view(plan.agenda, tb.AGENDA)[entry].time < t1
        find_busy(tables, plan, state, n, t1, scheduled)
        for i in range(n):
            if view(state.busy, U1)[i] != 0:
                follow_lane(tables, plan, state, i, t0, t1, entry, epoch)
            else:
                for number in range(plan.n_exposures):
                    expose(tables, plan, state, number, i, t0, t1)
        while entry < plan.n_agenda and view(plan.agenda, tb.AGENDA)[entry].time < t1:
            entry += 1
        fade(tables, state, n)
        run_block(tables, state, span[2], span[3], t1, 0.0)
        flow(tables, state, n, np.uint64(math.floor((t0 + plan.origin) / plan.tick + 0.5)))
        if k + 1 < plan.n_ticks or not plan.pauses:
            entry = instant(tables, plan, state, n, t1, entry)
        keep_path(plan, state, n, I8(k + 1))
