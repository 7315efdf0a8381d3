"""One lane through one tick, happening by happening; and what an instant consists of.

A clock's residual is settled only when its own intensity changes: what happens elsewhere does not touch its bits.
"""

from __future__ import annotations

import numpy as np

from detente.engine import tables as tb
from detente.engine.firing import break_off, can_fire, fire, stop_timer
from detente.engine.marking import F8, I8, INFINITY, U1, U8, compiled, holds, mark, run_lane, value
from detente.engine.streams import exponential, word
from detente.engine.tables import WIDTH
from detente.engine.views import view

MAX_ROUNDS = 64
"""Rounds of triggers at one instant; more are an error of the crisis."""
ALIVE = 1e-3
"""A fast memory below this is treated as faded: it no longer shortens the steps."""
STEPS_PER_HALF_LIFE = 4.0


@compiled
def strikes(plan, state, i, t) -> bool:
    """Whether a timer is due. What strikes at the end of a replay belongs to the future."""
    due = view(state.next_strike, F8)[i] <= t and view(state.status, I8)[i] == tb.FINE
    return due and not (plan.replay and t >= plan.ends)


@compiled
def strike_timers(tables, plan, state, i, t, t0) -> None:
    """Fire every timer that is due, by name. In replay a choice is fired by its record, not by its timer."""
    while strikes(plan, state, i, t):
        number = 0
        while view(state.strikes, F8)[number * WIDTH + i] > t:
            number += 1
        starter = view(state.started_by, I8)[number * WIDTH + i]
        stop_timer(tables, state, number, i)
        moment = view(tables.timers, tb.TIMER)[number].moment
        chooses = (
            view(tables.moments, tb.MOMENT)[moment].outcome_end
            > view(tables.moments, tb.MOMENT)[moment].outcome_start
        )
        if not (plan.replay and chooses) and can_fire(tables, state, moment, i, t, t0):
            fire(tables, plan, state, moment, tb.DRAWN, starter, i, t, t0)


@compiled
def forget_strike(tables, state, moment, i) -> None:
    """A recorded firing is the strike that its timer, if it has one, was to make."""
    for number in range(tables.n_timers):
        if view(tables.timers, tb.TIMER)[number].moment == moment:
            stop_timer(tables, state, number, i)


@compiled
def keep_agenda(tables, plan, state, entry, i, t, t0) -> int:
    """Fire what is scheduled for this time, if it may, and what is recorded; the first entry that is neither."""
    while (
        entry < plan.n_agenda
        and view(plan.agenda, tb.AGENDA)[entry].time <= t
        and view(plan.agenda, tb.AGENDA)[entry].moment >= 0
    ):
        item = view(plan.agenda, tb.AGENDA)[entry]
        if view(state.status, I8)[i] == tb.FINE:
            if item.recorded != 0:
                forget_strike(tables, state, item.moment, i)
            if item.recorded != 0 or can_fire(tables, state, item.moment, i, t, t0):
                fire(tables, plan, state, item.moment, item.outcome, I8(-1), i, t, t0)
        entry += 1
    return entry


@compiled
def complete(tables, plan, state, i, t, t0) -> None:
    """Finish an instant: triggers, and timers that they start without delay, until nothing more is due."""
    any_fired = settle(tables, plan, state, i, t, t0)
    while strikes(plan, state, i, t):
        strike_timers(tables, plan, state, i, t, t0)
        any_fired = settle(tables, plan, state, i, t, t0) or any_fired
    view(state.counters, I8)[tb.N_INSTANT] = 0
    view(state.counters, I8)[tb.LATEST] = -1
    if any_fired:
        for number in range(tables.n_triggers):
            view(state.fired, U1)[number] = 0


@compiled
def settle(tables, plan, state, i, t, t0) -> bool:
    """Rounds of triggers: collect what became true, fire it by name, test again. Whether any fired."""
    segment = tables.n_clocks
    any_fired = False
    for round_number in range(MAX_ROUNDS):
        if view(state.counters, I8)[tb.N_TRIGGERS] == 0 or view(state.status, I8)[i] != tb.FINE:
            break
        n = collect(tables, state, i, t, t0, segment)
        for index in range(n):
            number = view(state.became, I8)[index]
            moment = view(tables.triggers, tb.TRIGGER)[number].moment
            view(state.fired, U1)[number] = 1
            any_fired = True
            view(state.armed, U1)[number * WIDTH + i] = 0
            chooses = (
                view(tables.moments, tb.MOMENT)[moment].outcome_end
                > view(tables.moments, tb.MOMENT)[moment].outcome_start
            )
            if not (plan.replay and chooses) and can_fire(tables, state, moment, i, t, t0):
                fire(tables, plan, state, moment, tb.DRAWN, view(state.counters, I8)[tb.LATEST], i, t, t0)
        if round_number == MAX_ROUNDS - 1 and n > 0:
            break_off(state, i, tb.TOO_MANY_ROUNDS)
    for index in range(view(state.counters, I8)[tb.N_TRIGGERS]):
        view(state.marks, U1)[segment + view(state.changed, I8)[segment + index]] = 0
    view(state.counters, I8)[tb.N_TRIGGERS] = 0
    return any_fired


@compiled
def collect(tables, state, i, t, t0, segment) -> int:
    """Look at the marked triggers; the sorted numbers of those that became true go to `became`."""
    n = 0
    for index in range(view(state.counters, I8)[tb.N_TRIGGERS]):
        number = view(state.changed, I8)[segment + index]
        view(state.marks, U1)[segment + number] = 0
        trigger = view(tables.triggers, tb.TRIGGER)[number]
        place = number * WIDTH + i
        true = holds(tables, state, trigger.start, trigger.end, trigger.row, i, t0, t - t0)
        if view(state.armed, U1)[place] != 0:
            if true and view(state.fired, U1)[number] != 0:
                view(state.armed, U1)[place] = 0
            elif true:
                slot = n
                while slot > 0 and view(state.became, I8)[slot - 1] > number:
                    view(state.became, I8)[slot] = view(state.became, I8)[slot - 1]
                    slot -= 1
                view(state.became, I8)[slot] = number
                n += 1
        elif trigger.rearm_start >= 0:
            if holds(tables, state, trigger.rearm_start, trigger.rearm_end, trigger.rearm_row, i, t0, t - t0):
                view(state.armed, U1)[place] = 1
        elif not true:
            view(state.armed, U1)[place] = 1
    view(state.counters, I8)[tb.N_TRIGGERS] = 0
    return n


@compiled
def refresh(tables, plan, state, i, t, t0, t1) -> None:
    """Look again at the watches that changed, and at the clocks for as long as their intensities will stand.

    A residual stands as of the end of the tick, t1, at the present intensity: a change of intensity is made up for.
    At the end of a tick (t = t1) the moving parts can wait: the next tick begins with all of them.
    """
    n_clocks = tables.n_clocks
    segment = n_clocks + tables.n_triggers
    for index in range(view(state.counters, I8)[tb.N_WATCHES]):
        number = view(state.changed, I8)[segment + index]
        view(state.marks, U1)[segment + number] = 0
        watch = view(tables.watches, tb.WATCH)[number]
        place = number * WIDTH + i
        opened = watch.opens < t or (watch.kind == tb.EVER and watch.opens == t)
        looking = opened and t <= watch.closes and view(state.register, F8)[place] == INFINITY
        if looking and holds(tables, state, watch.start, watch.end, watch.row, i, t0, t - t0):
            view(state.register, F8)[place] = t
    view(state.counters, I8)[tb.N_WATCHES] = 0
    inside = t1 > t
    n_changed = view(state.counters, I8)[tb.N_CLOCKS]
    if inside:
        for number in range(plan.n_exposures):
            clock = view(plan.exposures, tb.EXPOSURE)[number].clock
            if view(state.marks, U1)[clock] != 0:
                expose(tables, plan, state, number, i, view(state.since, F8)[clock], t)
        for index in range(n_changed):
            number = view(state.changed, I8)[index]
            rate = view(state.x, F8)[view(tables.clocks, tb.CLOCK)[number].row * WIDTH + i]
            view(state.before, F8)[number], view(state.since, F8)[number] = rate, t
    segment += tables.n_watches
    for index in range(view(state.counters, I8)[tb.N_STEADY]):
        number = view(state.changed, I8)[segment + index]
        view(state.marks, U1)[segment + number] = 0
        clock = view(tables.clocks, tb.CLOCK)[number]
        run_lane(tables, state, clock.steady_start, clock.steady_end, i, t0, t - t0)
    view(state.counters, I8)[tb.N_STEADY] = 0
    for index in range(n_changed):
        number = view(state.changed, I8)[index]
        view(state.marks, U1)[number] = 0
        clock = view(tables.clocks, tb.CLOCK)[number]
        if inside:
            middle = 0.5 * (t + view(state.until, F8)[number]) - t0
            if clock.start >= 0:
                run_lane(tables, state, clock.start, clock.end, i, t0, middle)
            change = view(state.x, F8)[clock.row * WIDTH + i] - view(state.before, F8)[number]
            view(state.residual, F8)[number * WIDTH + i] -= change * (t1 - t)
            set_due(tables, state, number, i, t, t1)
    view(state.counters, I8)[tb.N_CLOCKS] = 0


@compiled
def look(tables, plan, state, entry, i, t, t0) -> int:
    """Let the watches of this instant take their values, or look for the first time; the first later entry."""
    while entry < plan.n_agenda and view(plan.agenda, tb.AGENDA)[entry].time <= t:
        number = -1 - view(plan.agenda, tb.AGENDA)[entry].moment
        watch = view(tables.watches, tb.WATCH)[number]
        if view(state.status, I8)[i] == tb.FINE:
            seen = value(tables, state, watch.start, watch.end, watch.row, i, t0, t - t0)
            place = number * WIDTH + i
            if watch.kind == tb.AT:
                view(state.register, F8)[place] = seen
            elif seen != 0.0 and view(state.register, F8)[place] == INFINITY:
                view(state.register, F8)[place] = t
        entry += 1
    return entry


@compiled
def step_of(tables, plan, state, i) -> float:
    """How far a lane may go before a fast memory must be read again; infinity without one alive."""
    step = INFINITY
    for index in range(tables.n_fast_memories):
        step = min(step, reading_step(tables, plan, state, view(tables.fast_memories, I8)[index], i))
    return step


@compiled
def reading_step(tables, plan, state, number, i) -> float:
    """How often a memory that is alive and halves within four ticks is read; infinity for any other."""
    memory = view(tables.memories, tb.MEMORY_ROWS)[number]
    half_life = 0.6931471805599453 / view(state.x, F8)[memory.rate_row * WIDTH + i]
    if view(state.x, F8)[memory.row * WIDTH + i] > ALIVE and half_life < STEPS_PER_HALF_LIFE * plan.tick:
        return half_life / STEPS_PER_HALF_LIFE
    return INFINITY


@compiled
def readers_of(tables, memory):
    """Who reads a memory."""
    return view(tables.rows, tb.ROW)[view(tables.memories, tb.MEMORY_ROWS)[memory].row]


@compiled
def plan_readings(tables, plan, state, i, t, t1) -> float:
    """Until when each intensity may stand, and the time of the next reading; marks the clocks to be read now.

    A fast memory is read again when its step is over or something was added to it. Every clock keeps to the
    memories that it reads itself, so that one that never fires changes nothing for the others.
    """
    until, reading, seen = view(state.until, F8), view(state.reading, F8), view(state.seen, F8)
    earliest = INFINITY
    for index in range(tables.n_fast_memories):
        readers = readers_of(tables, view(tables.fast_memories, I8)[index])
        for link in range(readers.clock_start, readers.clock_end):
            until[view(tables.links, I8)[link]] = t1
    for index in range(tables.n_fast_memories):
        number = view(tables.fast_memories, I8)[index]
        row = view(tables.memories, tb.MEMORY_ROWS)[number].row
        stored, step = view(state.x, F8)[row * WIDTH + i], reading_step(tables, plan, state, number, i)
        now = step < INFINITY and (reading[index] == INFINITY or reading[index] <= t or seen[index] != stored)
        if now or step == INFINITY:
            reading[index], seen[index] = t + step, stored
        earliest = min(earliest, reading[index])
        readers = readers_of(tables, number)
        last = readers.clock_end if reading[index] < INFINITY else readers.clock_start
        for link in range(readers.clock_start, last):
            clock = view(tables.links, I8)[link]
            until[clock] = min(until[clock], reading[index])
            if now:
                mark(state, clock, tb.N_CLOCKS, I8(0))
    return earliest


@compiled
def wind_up(tables, state, i, t0, t1) -> None:
    """Begin to follow a lane: when each clock is due, at its present intensity."""
    for index in range(tables.n_fast_memories):
        view(state.reading, F8)[index] = INFINITY
    due, since, until = view(state.due, F8), view(state.since, F8), view(state.until, F8)
    for number in range(tables.n_clocks):
        due[number], since[number], until[number] = INFINITY, t0, t1
    view(state.counters, I8)[tb.N_DUE] = 0
    if view(state.lowest, F8)[i] < 0.0:
        for number in range(tables.n_clocks):
            set_due(tables, state, number, i, t0, t1)


@compiled
def set_due(tables, state, number, i, t, t1) -> None:
    """When one clock is due if nothing changes: its residual as of t1 says how long before; infinity if later."""
    left, due = view(state.residual, F8)[number * WIDTH + i], INFINITY
    if left < 0.0:
        rate = view(state.x, F8)[view(tables.clocks, tb.CLOCK)[number].row * WIDTH + i]
        if rate > 0.0:
            due = max(t, t1 + left / rate)
            view(state.counters, I8)[tb.N_DUE] += 1
    view(state.due, F8)[number] = due


@compiled
def expose(tables, plan, state, number, i, t, until) -> None:
    """Add to an exposure in one lane: the integral of a clock's present intensity over its window."""
    window = view(plan.exposures, tb.EXPOSURE)[number]
    span = min(until, window.end) - max(t, window.start)
    if span > 0.0:
        rate = view(state.x, F8)[view(tables.clocks, tb.CLOCK)[window.clock].row * WIDTH + i]
        view(state.exposure, F8)[number * WIDTH + i] += rate * span


@compiled
def follow_lane(tables, plan, state, i, t0, t1, entry, epoch) -> None:
    """Take one lane from t0 to t1 (exclusive), happening by happening."""
    wind_up(tables, state, i, t0, t1)
    pause = plan_readings(tables, plan, state, i, t0, t1) if tables.n_fast_memories > 0 else INFINITY
    if pause < t1:
        refresh(tables, plan, state, i, t0, t0, t1)
    due, counters = view(state.due, F8), view(state.counters, I8)
    while view(state.status, I8)[i] == tb.FINE:
        first, clock = t1, I8(-1)
        if counters[tb.N_DUE] > 0 and not plan.replay:
            for number in range(tables.n_clocks):
                if due[number] < first:
                    first, clock = due[number], number
            if clock < 0:
                counters[tb.N_DUE] = 0
        scheduled = view(plan.agenda, tb.AGENDA)[entry].time if entry < plan.n_agenda else INFINITY
        t = min(min(first, pause), min(view(state.next_strike, F8)[i], scheduled))
        if t >= t1:
            break
        if t == view(state.next_strike, F8)[i] or t == scheduled:
            strike_timers(tables, plan, state, i, t, t0)
            entry = keep_agenda(tables, plan, state, entry, i, t, t0)
        elif t == first and clock >= 0:
            redraw(tables, state, clock, i, epoch, t1 - t)
            set_due(tables, state, clock, i, t, t1)
            fire(tables, plan, state, view(tables.clocks, tb.CLOCK)[clock].moment, tb.DRAWN, I8(-1), i, t, t0)
        complete(tables, plan, state, i, t, t0)
        if tables.n_fast_memories > 0:
            pause = plan_readings(tables, plan, state, i, t, t1)
        refresh(tables, plan, state, i, t, t0, t1)
        entry = look(tables, plan, state, entry, i, t, t0)
    for number in range(plan.n_exposures):
        clock = view(plan.exposures, tb.EXPOSURE)[number].clock
        expose(tables, plan, state, number, i, view(state.since, F8)[clock], t1)


@compiled
def redraw(tables, state, clock, i, epoch, rest) -> None:
    """Give a clock that fired its next residual, less what it uses up in the rest of the tick."""
    place, record = clock * WIDTH + i, view(tables.clocks, tb.CLOCK)[clock]
    view(state.redraws, I8)[place] += 1
    bits = word(view(state.lane, U8)[i], record.key, epoch, np.uint64(view(state.redraws, I8)[place]))
    rate = view(state.x, F8)[record.row * WIDTH + i]
    view(state.residual, F8)[place] = exponential(bits) - rate * rest
