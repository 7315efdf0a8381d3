"""The compiled engine: one block of trajectories through one span of time.

Data-driven: the crisis is in the tables, so this file is compiled once for all crises. Trajectories lie side by side
(*lanes*); most of a day is done for all lanes at once, and only the lanes in which something happens are
followed event by event. `reference.py` defines the same process in plain Python and is the place to read first.

A memory's row holds its value as of the beginning of the tick (`t0`); its value at t0 + offset is that times
2^(−offset / half-life), so that fading is exact at every jump. Within a stretch without jumps, intensities read
memories at the middle of the stretch.

Numba's cache does not notice edits in imported modules: after editing `arithmetic.py` or `streams.py`, touch this
file.
"""

from __future__ import annotations

import math
import numpy as np
from numba import njit

from detente.engine import tables as tb
from detente.engine.arithmetic import exp, log, normal_quantile
from detente.engine.interpreter import interpret
from detente.engine.streams import exponential, noise, uniform, word
from detente.engine.tables import WIDTH
from detente.engine.views import view

INFINITY = math.inf
MAX_AT_ONCE = 1000
MAX_ROUNDS = 64
NINETY_PERCENT = 1.6448536269514722
"""Standard deviations from the median to the 95 % quantile of a normal."""
ALIVE = 1e-3
"""A fast memory below this is treated as faded: it no longer shortens the steps."""
STEPS_PER_HALF_LIFE = 4.0

F8, I8, U8, U1 = np.float64, np.int64, np.uint64, np.uint8

_jit = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


@_jit
def run(tables, state, start, end, low, high, t0, offset) -> None:
    """Execute instructions for the lanes low ≤ l < high at time t0 + offset: see `interpreter`."""
    if start < end:
        interpret(tables.code, tables.clamps, tables.memories, state.x, I8(start), I8(end), I8(low), I8(high), F8(t0), F8(offset))


# ── what changed ─────────────────────────────────────────────────────────────────────────────────


@_jit
def touch(tables, state, row) -> None:
    """Note that a state row changed: everything that reads it must be looked at again."""
    readers = view(tables.rows, tb.ROW)[row]
    n_clocks, n_triggers = tables.n_clocks, tables.n_triggers
    for link in range(readers.steady_start, readers.steady_end):
        number = view(tables.links, I8)[link]
        mark(state, number, tb.N_STEADY, n_clocks + n_triggers + tables.n_watches)
        mark(state, number, tb.N_CLOCKS, I8(0))
    for link in range(readers.clock_start, readers.clock_end):
        mark(state, view(tables.links, I8)[link], tb.N_CLOCKS, I8(0))
    for link in range(readers.trigger_start, readers.trigger_end):
        mark(state, view(tables.links, I8)[link], tb.N_TRIGGERS, n_clocks)
    for link in range(readers.watch_start, readers.watch_end):
        mark(state, view(tables.links, I8)[link], tb.N_WATCHES, n_clocks + n_triggers)


@_jit
def mark(state, number, counter, segment) -> None:
    """Put a clock, trigger or watch on its list of what must be looked at again, once."""
    if view(state.marks, U1)[segment + number] == 0:
        view(state.marks, U1)[segment + number] = 1
        view(state.changed, I8)[segment + view(state.counters, I8)[counter]] = number
        view(state.counters, I8)[counter] += 1


@_jit
def holds(tables, state, start, end, row, l, t0, offset) -> bool:
    """Whether an optional condition holds in one lane now."""
    if start < 0:
        return True
    run(tables, state, start, end, l, l + 1, t0, offset)
    return view(state.x, F8)[row * WIDTH + l] != 0.0


@_jit
def value(tables, state, start, end, row, l, t0, offset) -> float:
    """The value of a program in one lane now."""
    run(tables, state, start, end, l, l + 1, t0, offset)
    return view(state.x, F8)[row * WIDTH + l]


# ── happenings and effects ───────────────────────────────────────────────────────────────────────


@_jit
def happen(tables, state, number, l, t, t0) -> None:
    """Count a happening, note when, feed memories, tell the watches, write the log."""
    happening = view(tables.happenings, tb.HAPPENING)[number]
    view(state.x, F8)[happening.count_row * WIDTH + l] += 1.0
    touch(tables, state, happening.count_row)
    if happening.last_row >= 0:
        view(state.x, F8)[happening.last_row * WIDTH + l] = t
        touch(tables, state, happening.last_row)
    for index in range(happening.feed_start, happening.feed_end):
        feed = view(tables.feeds, tb.FEED)[index]
        amount = value(tables, state, feed.start, feed.end, feed.row, l, t0, t - t0)
        add_to_memory(tables, state, feed.memory, amount, l, t - t0)
    for link in range(happening.watch_start, happening.watch_end):
        number_of_watch = view(tables.links, I8)[link]
        watch = view(tables.watches, tb.WATCH)[number_of_watch]
        place = number_of_watch * WIDTH + l
        if watch.opens < t <= watch.closes and view(state.register, F8)[place] == INFINITY:
            view(state.register, F8)[place] = t
    if state.log_size > 0:
        n = view(state.counters, I8)[tb.N_LOG]
        if n < state.log_size:
            view(state.log_lane, I8)[n] = l
            view(state.log_happening, I8)[n] = number
            view(state.log_time, F8)[n] = t
        view(state.counters, I8)[tb.N_LOG] += 1


@_jit
def add_to_memory(tables, state, number, amount, l, offset) -> None:
    """Add to a memory at t0 + offset; the row holds values as of t0."""
    memory = view(tables.memories, tb.MEMORY_ROWS)[number]
    rate = view(state.x, F8)[memory.rate_row * WIDTH + l]
    view(state.x, F8)[memory.row * WIDTH + l] += amount * exp(rate * offset)
    touch(tables, state, memory.row)


@_jit
def fire(tables, plan, state, moment, outcome, l, t, t0) -> None:
    """Fire a moment with everything it raises, depth first, each effect seeing the previous ones.

    `outcome` is DRAWN, NO_OUTCOME or the number of a recorded outcome. A frame of the stack is the next effect,
    the end of the effects, and the moment (−1 for an outcome) whose outcome is chosen when they are done.
    """
    stack = view(state.stack, I8)
    begin(tables, state, moment, l, t, t0)
    stack[0], stack[1], stack[2], stack[3] = view(tables.moments, tb.MOMENT)[moment].effect_start, view(tables.moments, tb.MOMENT)[moment].effect_end, moment, outcome
    depth = 1
    while depth > 0 and view(state.status, I8)[l] == tb.FINE:
        frame = 4 * (depth - 1)
        at, end, chooser = stack[frame], stack[frame + 1], stack[frame + 2]
        if at < end:
            stack[frame] = at + 1
            raised = apply(tables, plan, state, at, l, t, t0)
            if raised >= 0 and can_fire(tables, state, raised, l, t, t0):
                begin(tables, state, raised, l, t, t0)
                top = 4 * depth
                stack[top], stack[top + 1] = view(tables.moments, tb.MOMENT)[raised].effect_start, view(tables.moments, tb.MOMENT)[raised].effect_end
                stack[top + 2], stack[top + 3] = raised, tb.NO_OUTCOME if plan.replay else tb.DRAWN
                depth += 1
            continue
        depth -= 1
        if chooser >= 0:
            chosen = choose(tables, plan, state, chooser, stack[frame + 3], l, t, t0)
            if chosen >= 0:
                happen(tables, state, view(tables.outcomes, tb.OUTCOME)[chosen].happening, l, t, t0)
                stack[frame], stack[frame + 1] = view(tables.outcomes, tb.OUTCOME)[chosen].effect_start, view(tables.outcomes, tb.OUTCOME)[chosen].effect_end
                stack[frame + 2] = -1
                depth += 1


@_jit
def begin(tables, state, moment, l, t, t0) -> None:
    """Count a firing against the budgets of the instant and of the trajectory, and let it happen."""
    view(state.chain, I8)[view(state.counters, I8)[tb.N_INSTANT] % tb.CHAIN] = moment
    view(state.counters, I8)[tb.N_INSTANT] += 1
    view(state.firings, I8)[l] += 1
    if view(state.counters, I8)[tb.N_INSTANT] > MAX_AT_ONCE:
        break_off(state, l, tb.TOO_MANY_AT_ONCE)
    elif view(state.firings, I8)[l] > view(state.budget, I8)[l]:
        view(state.status, I8)[l] = tb.RUNAWAY
    else:
        happen(tables, state, moment, l, t, t0)


@_jit
def break_off(state, l, status) -> None:
    """Stop a lane for good because of a fault in the crisis."""
    view(state.status, I8)[l] = status
    view(state.counters, I8)[tb.BROKEN_LANE] = l
    view(state.counters, I8)[tb.N_BROKEN] = view(state.counters, I8)[tb.N_INSTANT]


@_jit
def can_fire(tables, state, moment, l, t, t0) -> bool:
    """Whether the guard of a moment holds."""
    record = view(tables.moments, tb.MOMENT)[moment]
    return holds(tables, state, record.guard_start, record.guard_end, record.guard_row, l, t0, t - t0)


@_jit
def choose(tables, plan, state, moment, outcome, l, t, t0) -> int:
    """The outcome of a moment: recorded, none, or the winner of the race of exponentials."""
    if outcome != tb.DRAWN:
        return outcome
    record = view(tables.moments, tb.MOMENT)[moment]
    a, b = np.uint64(view(state.x, F8)[view(tables.happenings, tb.HAPPENING)[moment].count_row * WIDTH + l]), np.uint64(0)
    if record.dated != 0:
        a, b = np.uint64(math.floor(t + plan.origin)), np.uint64(1)
    best, winner = INFINITY, -1
    for number in range(record.outcome_start, record.outcome_end):
        candidate = view(tables.outcomes, tb.OUTCOME)[number]
        weight = value(tables, state, candidate.start, candidate.end, candidate.row, l, t0, t - t0)
        if weight > 0.0:
            arrival = exponential(word(view(state.lane, U8)[l], candidate.key, a, b)) / weight
            if arrival < best:
                best, winner = arrival, number
    return winner


@_jit
def apply(tables, plan, state, number, l, t, t0) -> int:
    """Apply one effect in one lane; the number of the moment it raises, or −1."""
    effect = view(tables.effects, tb.EFFECT)[number]
    if not holds(tables, state, effect.condition_start, effect.condition_end, effect.condition_row, l, t0, t - t0):
        return -1
    if effect.kind == tb.RAISE:
        return effect.target
    if effect.kind == tb.START_TIMER:
        start_timer(tables, plan, state, effect.target, l, t, t0)
    elif effect.kind == tb.STOP_TIMER:
        stop_timer(tables, state, effect.target, l)
    elif effect.kind == tb.SET_STAGE:
        if view(state.x, F8)[effect.target * WIDTH + l] != effect.value:
            view(state.x, F8)[effect.target * WIDTH + l] = effect.value
            touch(tables, state, effect.target)
    else:
        amount = value(tables, state, effect.amount_start, effect.amount_end, effect.amount_row, l, t0, t - t0)
        if effect.varies_start >= 0 and not plan.replay:
            span = value(tables, state, effect.varies_start, effect.varies_end, effect.varies_row, l, t0, t - t0)
            occurrence = np.uint64(view(state.x, F8)[effect.count_row * WIDTH + l])
            amount *= chance(span, word(view(state.lane, U8)[l], effect.key, occurrence, np.uint64(0)))
        if effect.kind == tb.ADD_MEMORY:
            add_to_memory(tables, state, effect.memory, amount, l, t - t0)
        else:
            change_stock(tables, state, number, amount, l)
    return -1


@_jit
def chance(span, bits) -> float:
    """A lognormal of median 1 whose 90 % range is a factor `span` either way."""
    return exp(normal_quantile(uniform(bits)) * log(span) / NINETY_PERCENT)


@_jit
def change_stock(tables, state, number, amount, l) -> None:
    """Add to, multiply or set a stock, clamped to its bounds."""
    effect = view(tables.effects, tb.EFFECT)[number]
    place = effect.target * WIDTH + l
    if effect.kind == tb.ADD_STOCK:
        amount = view(state.x, F8)[place] + amount
    elif effect.kind == tb.TIMES_STOCK:
        amount = view(state.x, F8)[place] * amount
    clamped = min(max(amount, effect.lower), effect.upper)
    if clamped != amount:
        view(state.clamped, I8)[effect.stock] += 1
    if clamped != view(state.x, F8)[place]:
        view(state.x, F8)[place] = clamped
        touch(tables, state, effect.target)


# ── timers ───────────────────────────────────────────────────────────────────────────────────────


@_jit
def start_timer(tables, plan, state, number, l, t, t0) -> None:
    """Start a timer, or keep the pending strike. In replay a delay with chance is only noted."""
    timer = view(tables.timers, tb.TIMER)[number]
    place = number * WIDTH + l
    since = timer.since_row * WIDTH + l
    if timer.keep != 0 and (view(state.strikes, F8)[place] < INFINITY or view(state.x, F8)[since] < INFINITY):
        return
    delay = value(tables, state, timer.delay_start, timer.delay_end, timer.delay_row, l, t0, t - t0)
    view(state.x, F8)[timer.count_row * WIDTH + l] += 1.0
    if timer.random != 0:
        span = value(tables, state, timer.varies_start, timer.varies_end, timer.varies_row, l, t0, t - t0)
        view(state.x, F8)[since] = t
        view(state.x, F8)[timer.median_row * WIDTH + l] = delay
        view(state.x, F8)[timer.factor_row * WIDTH + l] = span
        occurrence = np.uint64(view(state.x, F8)[timer.count_row * WIDTH + l])
        delay *= chance(span, word(view(state.lane, U8)[l], timer.key, occurrence, np.uint64(0)))
    strike = max(delay, 0.0) + (math.floor(t) + 1.0 if timer.whole_days != 0 else t)
    view(state.strikes, F8)[place] = INFINITY if plan.replay and timer.random != 0 else strike
    find_next_strike(tables, state, l)


@_jit
def stop_timer(tables, state, number, l) -> None:
    """Forget a pending strike."""
    view(state.strikes, F8)[number * WIDTH + l] = INFINITY
    view(state.x, F8)[view(tables.timers, tb.TIMER)[number].since_row * WIDTH + l] = INFINITY
    find_next_strike(tables, state, l)


@_jit
def find_next_strike(tables, state, l) -> None:
    """The earliest pending strike of a lane."""
    earliest = INFINITY
    for number in range(tables.n_timers):
        earliest = min(earliest, view(state.strikes, F8)[number * WIDTH + l])
    view(state.next_strike, F8)[l] = earliest


@_jit
def strikes(plan, state, l, t) -> bool:
    """Whether a timer is due. What strikes at the end of the replay, at time 0, belongs to the future."""
    due = view(state.next_strike, F8)[l] <= t and view(state.status, I8)[l] == tb.FINE
    return due and not (plan.replay and t >= 0.0)


@_jit
def strike_timers(tables, plan, state, l, t, t0) -> None:
    """Fire every timer that is due, by name. In replay a choice is fired by its record, not by its timer."""
    while strikes(plan, state, l, t):
        number = 0
        while view(state.strikes, F8)[number * WIDTH + l] > t:
            number += 1
        stop_timer(tables, state, number, l)
        moment = view(tables.timers, tb.TIMER)[number].moment
        chooses = view(tables.moments, tb.MOMENT)[moment].outcome_end > view(tables.moments, tb.MOMENT)[moment].outcome_start
        if not (plan.replay and chooses) and can_fire(tables, state, moment, l, t, t0):
            fire(tables, plan, state, moment, tb.DRAWN, l, t, t0)


# ── an instant ───────────────────────────────────────────────────────────────────────────────────


@_jit
def forget_strike(tables, state, moment, l) -> None:
    """A recorded firing is the strike that its timer, if it has one, was to make."""
    for number in range(tables.n_timers):
        if view(tables.timers, tb.TIMER)[number].moment == moment:
            stop_timer(tables, state, number, l)


@_jit
def keep_agenda(tables, plan, state, entry, l, t, t0) -> int:
    """Fire what is scheduled for this time, if it may, and what is recorded; the first entry that is neither."""
    while entry < plan.n_agenda and view(plan.agenda, tb.AGENDA)[entry].time <= t and view(plan.agenda, tb.AGENDA)[entry].moment >= 0:
        item = view(plan.agenda, tb.AGENDA)[entry]
        if view(state.status, I8)[l] == tb.FINE:
            if item.recorded != 0:
                forget_strike(tables, state, item.moment, l)
            if item.recorded != 0 or can_fire(tables, state, item.moment, l, t, t0):
                fire(tables, plan, state, item.moment, item.outcome, l, t, t0)
        entry += 1
    return entry


@_jit
def complete(tables, plan, state, l, t, t0) -> None:
    """Finish an instant: triggers, and timers that they start without delay, until nothing more is due."""
    any_fired = settle(tables, plan, state, l, t, t0)
    while strikes(plan, state, l, t):
        strike_timers(tables, plan, state, l, t, t0)
        any_fired = settle(tables, plan, state, l, t, t0) or any_fired
    view(state.counters, I8)[tb.N_INSTANT] = 0
    if any_fired:
        for number in range(tables.n_triggers):
            view(state.fired, U1)[number] = 0


@_jit
def settle(tables, plan, state, l, t, t0) -> bool:
    """Rounds of triggers: collect what became true, fire it by name, test again. Whether any fired."""
    segment = tables.n_clocks
    any_fired = False
    for round_number in range(MAX_ROUNDS):
        if view(state.counters, I8)[tb.N_TRIGGERS] == 0 or view(state.status, I8)[l] != tb.FINE:
            break
        n = collect(tables, state, l, t, t0, segment)
        for index in range(n):
            number = view(state.became, I8)[index]
            moment = view(tables.triggers, tb.TRIGGER)[number].moment
            view(state.fired, U1)[number] = 1
            any_fired = True
            view(state.armed, U1)[number * WIDTH + l] = 0
            chooses = view(tables.moments, tb.MOMENT)[moment].outcome_end > view(tables.moments, tb.MOMENT)[moment].outcome_start
            if not (plan.replay and chooses) and can_fire(tables, state, moment, l, t, t0):
                fire(tables, plan, state, moment, tb.DRAWN, l, t, t0)
        if round_number == MAX_ROUNDS - 1 and n > 0:
            break_off(state, l, tb.TOO_MANY_ROUNDS)
    for index in range(view(state.counters, I8)[tb.N_TRIGGERS]):
        view(state.marks, U1)[segment + view(state.changed, I8)[segment + index]] = 0
    view(state.counters, I8)[tb.N_TRIGGERS] = 0
    return any_fired


@_jit
def collect(tables, state, l, t, t0, segment) -> int:
    """Look at the marked triggers; the sorted numbers of those that became true go to `became`."""
    n = 0
    for index in range(view(state.counters, I8)[tb.N_TRIGGERS]):
        number = view(state.changed, I8)[segment + index]
        view(state.marks, U1)[segment + number] = 0
        trigger = view(tables.triggers, tb.TRIGGER)[number]
        place = number * WIDTH + l
        true = holds(tables, state, trigger.start, trigger.end, trigger.row, l, t0, t - t0)
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
            if holds(tables, state, trigger.rearm_start, trigger.rearm_end, trigger.rearm_row, l, t0, t - t0):
                view(state.armed, U1)[place] = 1
        elif not true:
            view(state.armed, U1)[place] = 1
    view(state.counters, I8)[tb.N_TRIGGERS] = 0
    return n


@_jit
def refresh(tables, plan, state, l, t, t0, until) -> None:
    """Look again at the watches that changed, and at the clocks for as long as their intensities will stand.

    At the end of a tick (`until` = t) the moving parts can wait: the next tick begins with all of them.
    """
    n_clocks = tables.n_clocks
    segment = n_clocks + tables.n_triggers
    for index in range(view(state.counters, I8)[tb.N_WATCHES]):
        number = view(state.changed, I8)[segment + index]
        view(state.marks, U1)[segment + number] = 0
        watch = view(tables.watches, tb.WATCH)[number]
        place = number * WIDTH + l
        opened = watch.opens < t or (watch.kind == tb.EVER and watch.opens == t)
        if opened and t <= watch.closes and view(state.register, F8)[place] == INFINITY:
            if holds(tables, state, watch.start, watch.end, watch.row, l, t0, t - t0):
                view(state.register, F8)[place] = t
    view(state.counters, I8)[tb.N_WATCHES] = 0
    inside = until > t
    n_changed = view(state.counters, I8)[tb.N_CLOCKS]
    if inside:
        for number in range(plan.n_exposures):
            clock = view(plan.exposures, tb.EXPOSURE)[number].clock
            if view(state.marks, U1)[clock] != 0:
                expose(tables, plan, state, number, l, view(state.since, F8)[clock], t)
        for index in range(n_changed):
            run_down(tables, state, view(state.changed, I8)[index], l, t)
    segment += tables.n_watches
    for index in range(view(state.counters, I8)[tb.N_STEADY]):
        number = view(state.changed, I8)[segment + index]
        view(state.marks, U1)[segment + number] = 0
        clock = view(tables.clocks, tb.CLOCK)[number]
        run(tables, state, clock.steady_start, clock.steady_end, l, l + 1, t0, t - t0)
    view(state.counters, I8)[tb.N_STEADY] = 0
    for index in range(n_changed):
        number = view(state.changed, I8)[index]
        view(state.marks, U1)[number] = 0
        clock = view(tables.clocks, tb.CLOCK)[number]
        if inside:
            middle = 0.5 * (t + view(state.until, F8)[number]) - t0
            if clock.start >= 0:
                run(tables, state, clock.start, clock.end, l, l + 1, t0, middle)
            set_due(tables, state, number, l, t)
    view(state.counters, I8)[tb.N_CLOCKS] = 0


@_jit
def look(tables, plan, state, entry, l, t, t0) -> int:
    """Let the watches of this instant take their values; the first later entry."""
    while entry < plan.n_agenda and view(plan.agenda, tb.AGENDA)[entry].time <= t:
        number = -1 - view(plan.agenda, tb.AGENDA)[entry].moment
        watch = view(tables.watches, tb.WATCH)[number]
        if view(state.status, I8)[l] == tb.FINE:
            view(state.register, F8)[number * WIDTH + l] = value(tables, state, watch.start, watch.end, watch.row, l, t0, t - t0)
        entry += 1
    return entry


# ── a tick ───────────────────────────────────────────────────────────────────────────────────────


@_jit
def step_of(tables, plan, state, l) -> float:
    """How far a lane may go before a fast memory must be read again; infinity without one alive."""
    step = INFINITY
    for index in range(tables.n_fast_memories):
        step = min(step, reading_step(tables, plan, state, view(tables.fast_memories, I8)[index], l))
    return step


@_jit
def reading_step(tables, plan, state, number, l) -> float:
    """How often a memory that is alive and halves within four ticks is read; infinity for any other."""
    memory = view(tables.memories, tb.MEMORY_ROWS)[number]
    half_life = 0.6931471805599453 / view(state.x, F8)[memory.rate_row * WIDTH + l]
    if view(state.x, F8)[memory.row * WIDTH + l] > ALIVE and half_life < STEPS_PER_HALF_LIFE * plan.tick:
        return half_life / STEPS_PER_HALF_LIFE
    return INFINITY


@_jit
def plan_readings(tables, plan, state, l, t, t1) -> float:
    """Until when each intensity may stand, and the time of the next reading; marks the clocks to be read now.

    A fast memory is read again when its step is over or something was added to it. Every clock keeps to the
    memories that it reads itself, so that one that never fires changes nothing for the others.
    """
    until, reading, seen = view(state.until, F8), view(state.reading, F8), view(state.seen, F8)
    earliest = INFINITY
    for number in range(tables.n_clocks):
        until[number] = t1
    for index in range(tables.n_fast_memories):
        number = view(tables.fast_memories, I8)[index]
        row = view(tables.memories, tb.MEMORY_ROWS)[number].row
        stored, step = view(state.x, F8)[row * WIDTH + l], reading_step(tables, plan, state, number, l)
        now = step < INFINITY and (reading[index] == INFINITY or reading[index] <= t or seen[index] != stored)
        if now or step == INFINITY:
            reading[index], seen[index] = t + step, stored
        earliest = min(earliest, reading[index])
        readers = view(tables.rows, tb.ROW)[row]
        for link in range(readers.clock_start, readers.clock_end):
            clock = view(tables.links, I8)[link]
            until[clock] = min(until[clock], reading[index])
            if now:
                mark(state, clock, tb.N_CLOCKS, I8(0))
    return earliest


@_jit
def wind_up(tables, state, l, t0, t1) -> None:
    """Begin to follow a lane: when each clock is due, at its present intensity."""
    for index in range(tables.n_fast_memories):
        view(state.reading, F8)[index] = INFINITY
    row = view(tables.clocks, tb.CLOCK)[0].row if tables.n_clocks > 0 else 0
    due, since = view(state.due, F8), view(state.since, F8)
    x, residual = view(state.x, F8), view(state.residual, F8)
    for number in range(tables.n_clocks):
        rate = x[(row + number) * WIDTH + l]
        due[number] = t0 + residual[number * WIDTH + l] / rate if rate > 0.0 else INFINITY
        since[number] = t0
        view(state.until, F8)[number] = t1


@_jit
def run_down(tables, state, number, l, t) -> None:
    """Let one clock run until t at its present intensity."""
    rate = view(state.x, F8)[view(tables.clocks, tb.CLOCK)[number].row * WIDTH + l]
    view(state.residual, F8)[number * WIDTH + l] -= rate * (t - view(state.since, F8)[number])
    view(state.since, F8)[number] = t


@_jit
def set_due(tables, state, number, l, t) -> None:
    """When one clock is due if nothing changes."""
    rate = view(state.x, F8)[view(tables.clocks, tb.CLOCK)[number].row * WIDTH + l]
    left = view(state.residual, F8)[number * WIDTH + l]
    view(state.due, F8)[number] = t + left / rate if rate > 0.0 else INFINITY


@_jit
def expose(tables, plan, state, number, l, t, until) -> None:
    """Add to an exposure in one lane: the integral of a clock's present intensity over its window."""
    window = view(plan.exposures, tb.EXPOSURE)[number]
    span = min(until, window.end) - max(t, window.start)
    if span > 0.0:
        rate = view(state.x, F8)[view(tables.clocks, tb.CLOCK)[window.clock].row * WIDTH + l]
        view(state.exposure, F8)[number * WIDTH + l] += rate * span


@_jit
def follow_lane(tables, plan, state, l, t0, t1, entry, epoch) -> None:
    """Take one lane from t0 to t1 (exclusive), happening by happening."""
    wind_up(tables, state, l, t0, t1)
    pause = plan_readings(tables, plan, state, l, t0, t1) if tables.n_fast_memories > 0 else INFINITY
    if pause < t1:
        refresh(tables, plan, state, l, t0, t0, t1)
    while view(state.status, I8)[l] == tb.FINE:
        first, clock = t1, I8(-1)
        if not plan.replay:
            for number in range(tables.n_clocks):
                if view(state.due, F8)[number] < first:
                    first, clock = view(state.due, F8)[number], number
        scheduled = view(plan.agenda, tb.AGENDA)[entry].time if entry < plan.n_agenda else INFINITY
        t = min(min(first, pause), min(view(state.next_strike, F8)[l], scheduled))
        if t >= t1:
            break
        if t == view(state.next_strike, F8)[l] or t == scheduled:
            strike_timers(tables, plan, state, l, t, t0)
            entry = keep_agenda(tables, plan, state, entry, l, t, t0)
        elif t == first and clock >= 0:
            redraw(tables, state, clock, l, epoch)
            view(state.since, F8)[clock] = t
            set_due(tables, state, clock, l, t)
            fire(tables, plan, state, view(tables.clocks, tb.CLOCK)[clock].moment, tb.DRAWN, l, t, t0)
        complete(tables, plan, state, l, t, t0)
        if tables.n_fast_memories > 0:
            pause = plan_readings(tables, plan, state, l, t, t1)
        refresh(tables, plan, state, l, t, t0, t1)
        entry = look(tables, plan, state, entry, l, t, t0)
    for number in range(plan.n_exposures):
        clock = view(plan.exposures, tb.EXPOSURE)[number].clock
        expose(tables, plan, state, number, l, view(state.since, F8)[clock], t1)
    for number in range(tables.n_clocks):
        run_down(tables, state, number, l, t1)


@_jit
def redraw(tables, state, clock, l, epoch) -> None:
    """Give a clock that fired its next residual."""
    place = clock * WIDTH + l
    view(state.redraws, I8)[place] += 1
    bits = word(view(state.lane, U8)[l], view(tables.clocks, tb.CLOCK)[clock].key, epoch, np.uint64(view(state.redraws, I8)[place]))
    view(state.residual, F8)[place] = exponential(bits)


@_jit
def renew(tables, state, n, epoch) -> None:
    """Draw every residual afresh at the beginning of an epoch."""
    residual, redraws, lane = view(state.residual, F8), view(state.redraws, I8), view(state.lane, U8)
    for number in range(tables.n_clocks):
        key = view(tables.clocks, tb.CLOCK)[number].key
        base = np.uint64(number * WIDTH)
        for l in range(np.uint64(n)):
            residual[base + l] = exponential(word(lane[l], key, epoch, np.uint64(0)))
            redraws[base + l] = 0


@_jit
def find_busy(tables, plan, state, n, t1, scheduled) -> None:
    """Tell the lanes that must be followed; let the clocks of all others run through the tick."""
    h = plan.tick
    lowest, step, x, residual = view(state.lowest, F8), view(state.step, F8), view(state.x, F8), view(state.residual, F8)
    base = np.uint64(view(tables.clocks, tb.CLOCK)[0].row * WIDTH) if tables.n_clocks > 0 else np.uint64(0)
    end = np.uint64(n)
    for l in range(end):
        lowest[l] = INFINITY
    for number in range(tables.n_clocks):
        c = np.uint64(number * WIDTH)
        for l in range(end):
            left = residual[c + l] - x[base + c + l] * h
            lowest[l] = left if left < lowest[l] else lowest[l]
    for l in range(n):
        busy = scheduled or (lowest[l] < 0.0 and not plan.replay) or view(state.next_strike, F8)[l] < t1
        if not busy and tables.n_fast_memories > 0:
            busy = step_of(tables, plan, state, l) < h
        fine = view(state.status, I8)[l] == tb.FINE
        view(state.busy, U1)[l] = busy and fine
        step[l] = h if fine and not busy else 0.0
    for number in range(tables.n_clocks):
        c = np.uint64(number * WIDTH)
        for l in range(end):
            residual[c + l] -= x[base + c + l] * step[l]


@_jit
def fade(tables, state, n) -> None:
    """Bring the memories to the end of the tick."""
    x = view(state.x, F8)
    for number in range(tables.n_memories):
        place = np.uint64(view(tables.memories, tb.MEMORY_ROWS)[number].row * WIDTH)
        factor = np.uint64(view(tables.memories, tb.MEMORY_ROWS)[number].full_row * WIDTH)
        for l in range(np.uint64(n)):
            x[place + l] *= x[factor + l]


@_jit
def flow(tables, state, n, tick_number) -> None:
    """Let the stocks flow, all from the values before the tick's end."""
    x, lane = view(state.x, F8), view(state.lane, U8)
    for number in range(tables.n_flows):
        record = view(tables.flows, tb.FLOW)[number]
        place, change = np.uint64(record.row * WIDTH), np.uint64(record.flow_row * WIDTH)
        lower, upper, end = record.lower, record.upper, np.uint64(n)
        gain = view(state.lowest, F8)
        for l in range(end):
            gain[l] = x[change + l]
        if record.noise_row >= 0:
            size = np.uint64(record.noise_row * WIDTH)
            key = record.key
            for l in range(end):
                gain[l] += x[size + l] * noise(word(lane[l], key, tick_number, np.uint64(0)))
        hits = 0
        if record.kind == tb.LOG_SCALE:
            for l in range(end):
                gain[l] = x[place + l] * exp(gain[l])
        else:
            for l in range(end):
                gain[l] += x[place + l]
        for l in range(end):
            moved = gain[l]
            kept = moved if moved > lower else lower
            kept = kept if kept < upper else upper
            hits += 1 if kept != moved else 0
            x[place + l] = kept
        view(state.clamped, I8)[record.stock] += hits


@_jit
def arm(tables, state, n) -> None:
    """After the continuous triggers were evaluated for all lanes: flag lanes in which one became true, rearm in all others."""
    armed, busy, x = view(state.armed, U1), view(state.busy, U1), view(state.x, F8)
    for number in range(tables.n_triggers):
        trigger = view(tables.triggers, tb.TRIGGER)[number]
        if trigger.continuous != 0:
            for l in range(n):
                if armed[number * WIDTH + l] != 0 and x[trigger.row * WIDTH + l] != 0.0:
                    busy[l] = 1
    for number in range(tables.n_triggers):
        trigger = view(tables.triggers, tb.TRIGGER)[number]
        if trigger.continuous != 0:
            for l in range(n):
                if armed[number * WIDTH + l] == 0 and busy[l] == 0:
                    if trigger.rearm_start >= 0:
                        armed[number * WIDTH + l] = x[trigger.rearm_row * WIDTH + l] != 0.0
                    else:
                        armed[number * WIDTH + l] = x[trigger.row * WIDTH + l] == 0.0


@_jit
def mark_continuous_triggers(tables, state) -> None:
    """Have every trigger that depends on flows, memories or time looked at."""
    for number in range(tables.n_triggers):
        if view(tables.triggers, tb.TRIGGER)[number].continuous != 0:
            mark(state, number, tb.N_TRIGGERS, tables.n_clocks)


@_jit
def instant(tables, plan, state, n, t, entry) -> int:
    """The end of a tick, or the start of a run: timers, dates, occasions, triggers, watches, in this order."""
    later = entry
    while later < plan.n_agenda and view(plan.agenda, tb.AGENDA)[later].time <= t:
        later += 1
    for l in range(n):
        view(state.busy, U1)[l] = later > entry or view(state.next_strike, F8)[l] <= t
    span = view(tables.ranges, I8)
    run(tables, state, span[4], span[5], 0, n, t, 0.0)
    arm(tables, state, n)
    for l in range(n):
        if view(state.busy, U1)[l] != 0 and view(state.status, I8)[l] == tb.FINE:
            strike_timers(tables, plan, state, l, t, t)
            place = keep_agenda(tables, plan, state, entry, l, t, t)
            mark_continuous_triggers(tables, state)
            complete(tables, plan, state, l, t, t)
            refresh(tables, plan, state, l, t, t, t)
            look(tables, plan, state, place, l, t, t)
    watch_block(tables, state, n, t, plan.tick)
    return later


@_jit
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
                run(tables, state, watch.start, watch.end, 0, n, t, 0.0)
    if wanted:
        span = view(tables.ranges, I8)
        run(tables, state, span[6], span[7], 0, n, t, 0.0)
    for number in range(tables.n_watches):
        watch = view(tables.watches, tb.WATCH)[number]
        fresh = watch.continuous != 0 or t - watch.opens < tick
        if watch.kind == tb.EVER and fresh and watch.opens <= t <= watch.closes:
            for l in range(n):
                place = number * WIDTH + l
                if view(state.x, F8)[watch.row * WIDTH + l] != 0.0 and view(state.register, F8)[place] == INFINITY and view(state.status, I8)[l] == tb.FINE:
                    view(state.register, F8)[place] = t


@_jit
def start(tables, plan, state, n, fresh) -> int:
    """Make a block ready at the start of a run; `fresh` unless a replay has left it armed."""
    for number in range(tables.n_triggers):
        trigger = view(tables.triggers, tb.TRIGGER)[number]
        for l in range(n):
            if fresh:
                true = holds(tables, state, trigger.start, trigger.end, trigger.row, l, plan.starts, 0.0)
                view(state.armed, U1)[number * WIDTH + l] = 0 if true else 1
    for l in range(n):
        find_next_strike(tables, state, l)
    entry = instant(tables, plan, state, n, plan.starts, I8(0))
    for number in range(tables.n_clocks):
        clock = view(tables.clocks, tb.CLOCK)[number]
        run(tables, state, clock.steady_start, clock.steady_end, 0, n, plan.starts, 0.0)
    span = view(tables.ranges, I8)
    run(tables, state, span[0], span[1], 0, n, plan.starts, 0.0)
    return entry


@njit(nogil=True, cache=True, error_model="numpy")
def simulate(tables, plan, state, n, fresh) -> None:
    """Take the first n lanes of a block through all ticks of a plan."""
    entry = start(tables, plan, state, n, fresh)
    span = view(tables.ranges, I8)
    past_epoch = np.uint64(0)
    for k in range(plan.n_ticks):
        t0 = plan.starts + k * plan.tick
        t1 = plan.starts + (k + 1) * plan.tick
        epoch = np.uint64(math.floor((t0 + plan.origin) / plan.epoch))
        if k == 0 or epoch != past_epoch:
            renew(tables, state, n, epoch)
            past_epoch = epoch
        run(tables, state, span[0], span[1], 0, n, t0, 0.5 * plan.tick)
        scheduled = entry < plan.n_agenda and view(plan.agenda, tb.AGENDA)[entry].time < t1
        find_busy(tables, plan, state, n, t1, scheduled)
        for l in range(n):
            if view(state.busy, U1)[l] != 0:
                follow_lane(tables, plan, state, l, t0, t1, entry, epoch)
            else:
                for number in range(plan.n_exposures):
                    expose(tables, plan, state, number, l, t0, t1)
        while entry < plan.n_agenda and view(plan.agenda, tb.AGENDA)[entry].time < t1:
            entry += 1
        fade(tables, state, n)
        run(tables, state, span[2], span[3], 0, n, t1, 0.0)
        flow(tables, state, n, np.uint64(math.floor((t0 + plan.origin) / plan.tick + 0.5)))
        entry = instant(tables, plan, state, n, t1, entry)
