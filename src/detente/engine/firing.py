"""What a firing does: effects, outcomes, timers, memories, counts, in one lane."""

from __future__ import annotations

import math

import numpy as np

from detente.engine import tables as tb
from detente.engine.arithmetic import exp, log, normal_quantile
from detente.engine.marking import F8, I8, INFINITY, U8, compiled, holds, touch, value
from detente.engine.streams import exponential, uniform, word
from detente.engine.tables import WIDTH
from detente.engine.views import view
from detente.model import NINETY_PERCENT

FRAME = 5
"""Numbers in a frame of the stack of `fire`."""
MAX_AT_ONCE = 1000
"""Firings at one instant of one trajectory; more are an error of the crisis."""


@compiled
def happen(tables, state, number, cause, i, t, t0) -> None:
    """Count a happening, note when, feed memories, tell the watches, write the log."""
    happening = view(tables.happenings, tb.HAPPENING)[number]
    view(state.counters, I8)[tb.LATEST] = number
    view(state.x, F8)[happening.count_row * WIDTH + i] += 1.0
    touch(tables, state, happening.count_row)
    if happening.last_row >= 0:
        view(state.x, F8)[happening.last_row * WIDTH + i] = t
        touch(tables, state, happening.last_row)
    for index in range(happening.feed_start, happening.feed_end):
        feed = view(tables.feeds, tb.FEED)[index]
        amount = value(tables, state, feed.start, feed.end, feed.row, i, t0, t - t0)
        add_to_memory(tables, state, feed.memory, amount, i, t - t0)
    for link in range(happening.watch_start, happening.watch_end):
        number_of_watch = view(tables.links, I8)[link]
        watch = view(tables.watches, tb.WATCH)[number_of_watch]
        place = number_of_watch * WIDTH + i
        if watch.opens < t <= watch.closes and view(state.register, F8)[place] == INFINITY:
            view(state.register, F8)[place] = t
    if state.log_size > 0:
        n = view(state.counters, I8)[tb.N_LOG]
        if n < state.log_size:
            view(state.log_lane, I8)[n] = i
            view(state.log_happening, I8)[n] = number
            view(state.log_cause, I8)[n] = cause
            view(state.log_time, F8)[n] = t
        view(state.counters, I8)[tb.N_LOG] += 1


@compiled
def add_to_memory(tables, state, number, amount, i, offset) -> None:
    """Add to a memory at t0 + offset; the row holds values as of t0."""
    memory = view(tables.memories, tb.MEMORY_ROWS)[number]
    rate = view(state.x, F8)[memory.rate_row * WIDTH + i]
    view(state.x, F8)[memory.row * WIDTH + i] += amount * exp(rate * offset)
    touch(tables, state, memory.row)


@compiled
def fire(tables, plan, state, moment, outcome, cause, i, t, t0) -> None:
    """Fire a moment with everything it raises, depth first, each effect seeing the previous ones.

    `outcome` is DRAWN, NO_OUTCOME or the number of a recorded outcome. A frame of the stack is the next
    effect, the end of the effects, the moment (−1 for an outcome) whose outcome is chosen when they are done,
    what is known of it, and the happening whose effects these are.
    """
    stack, moments, outcomes = (
        view(state.stack, I8),
        view(tables.moments, tb.MOMENT),
        view(tables.outcomes, tb.OUTCOME),
    )
    begin(tables, state, moment, cause, i, t, t0)
    stack[0], stack[1] = moments[moment].effect_start, moments[moment].effect_end
    stack[2], stack[3], stack[4] = moment, outcome, moment
    depth = 1
    while depth > 0 and view(state.status, I8)[i] == tb.FINE:
        frame = FRAME * (depth - 1)
        at, end, chooser = stack[frame], stack[frame + 1], stack[frame + 2]
        if at < end:
            stack[frame] = at + 1
            doer = stack[frame + 4]
            raised = apply(tables, plan, state, at, doer, i, t, t0)
            if raised >= 0 and can_fire(tables, state, raised, i, t, t0):
                begin(tables, state, raised, doer, i, t, t0)
                top = FRAME * depth
                stack[top], stack[top + 1] = moments[raised].effect_start, moments[raised].effect_end
                stack[top + 2], stack[top + 3] = raised, tb.NO_OUTCOME if plan.replay else tb.DRAWN
                stack[top + 4] = raised
                depth += 1
            continue
        depth -= 1
        if chooser >= 0:
            chosen = choose(tables, plan, state, chooser, stack[frame + 3], i, t, t0)
            if chosen >= 0:
                happen(tables, state, outcomes[chosen].happening, chooser, i, t, t0)
                stack[frame], stack[frame + 1] = outcomes[chosen].effect_start, outcomes[chosen].effect_end
                stack[frame + 2], stack[frame + 4] = -1, outcomes[chosen].happening
                depth += 1


@compiled
def begin(tables, state, moment, cause, i, t, t0) -> None:
    """Count a firing against the budgets of the instant and of the trajectory, and let it happen."""
    view(state.chain, I8)[view(state.counters, I8)[tb.N_INSTANT] % tb.CHAIN] = moment
    view(state.counters, I8)[tb.N_INSTANT] += 1
    view(state.firings, I8)[i] += 1
    if view(state.counters, I8)[tb.N_INSTANT] > MAX_AT_ONCE:
        break_off(state, i, tb.TOO_MANY_AT_ONCE)
    elif view(state.firings, I8)[i] > view(state.budget, I8)[i]:
        view(state.status, I8)[i] = tb.RUNAWAY
    else:
        happen(tables, state, moment, cause, i, t, t0)


@compiled
def break_off(state, i, status) -> None:
    """Stop a lane for good because of a fault in the crisis."""
    view(state.status, I8)[i] = status
    view(state.counters, I8)[tb.BROKEN_LANE] = i
    view(state.counters, I8)[tb.N_BROKEN] = view(state.counters, I8)[tb.N_INSTANT]


@compiled
def can_fire(tables, state, moment, i, t, t0) -> bool:
    """Whether the guard of a moment holds."""
    record = view(tables.moments, tb.MOMENT)[moment]
    return holds(tables, state, record.guard_start, record.guard_end, record.guard_row, i, t0, t - t0)


@compiled
def choose(tables, plan, state, moment, outcome, i, t, t0) -> int:
    """The outcome of a moment: recorded, none, or the winner of the race of exponentials."""
    if outcome != tb.DRAWN:
        return outcome
    record = view(tables.moments, tb.MOMENT)[moment]
    a, b = (
        np.uint64(view(state.x, F8)[view(tables.happenings, tb.HAPPENING)[moment].count_row * WIDTH + i]),
        np.uint64(0),
    )
    if record.dated != 0:
        a, b = np.uint64(math.floor(t + plan.origin)), np.uint64(1)
    best, winner = INFINITY, -1
    for number in range(record.outcome_start, record.outcome_end):
        candidate = view(tables.outcomes, tb.OUTCOME)[number]
        weight = value(tables, state, candidate.start, candidate.end, candidate.row, i, t0, t - t0)
        if weight > 0.0:
            arrival = exponential(word(view(state.lane, U8)[i], candidate.key, a, b)) / weight
            if arrival < best:
                best, winner = arrival, number
    return winner


@compiled
def apply(tables, plan, state, number, doer, i, t, t0) -> int:
    """Apply one effect of the happening `doer` in one lane; the number of the moment it raises, or −1."""
    effect = view(tables.effects, tb.EFFECT)[number]
    if not holds(
        tables, state, effect.condition_start, effect.condition_end, effect.condition_row, i, t0, t - t0
    ):
        return -1
    if effect.kind == tb.RAISE:
        return effect.target
    if effect.kind == tb.START_TIMER:
        start_timer(tables, plan, state, effect.target, doer, i, t, t0)
    elif effect.kind == tb.STOP_TIMER:
        stop_timer(tables, state, effect.target, i)
    elif effect.kind == tb.SET_STAGE:
        if view(state.x, F8)[effect.target * WIDTH + i] != effect.value:
            view(state.x, F8)[effect.target * WIDTH + i] = effect.value
            touch(tables, state, effect.target)
    else:
        amount = value(
            tables, state, effect.amount_start, effect.amount_end, effect.amount_row, i, t0, t - t0
        )
        if effect.varies_start >= 0 and not plan.replay:
            span = value(
                tables, state, effect.varies_start, effect.varies_end, effect.varies_row, i, t0, t - t0
            )
            occurrence = np.uint64(view(state.x, F8)[effect.count_row * WIDTH + i])
            amount *= chance(span, word(view(state.lane, U8)[i], effect.key, occurrence, np.uint64(0)))
        if effect.kind == tb.ADD_MEMORY:
            add_to_memory(tables, state, effect.memory, amount, i, t - t0)
        else:
            change_stock(tables, state, number, amount, i)
    return -1


@compiled
def chance(span, bits) -> float:
    """A lognormal of median 1 whose 90 % range is a factor `span` either way."""
    return exp(normal_quantile(uniform(bits)) * log(span) / NINETY_PERCENT)


@compiled
def change_stock(tables, state, number, amount, i) -> None:
    """Add to, multiply or set a stock, clamped to its bounds."""
    effect = view(tables.effects, tb.EFFECT)[number]
    place = effect.target * WIDTH + i
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


@compiled
def start_timer(tables, plan, state, number, doer, i, t, t0) -> None:
    """Start a timer, or keep the pending strike. In replay a delay with chance is only noted."""
    timer = view(tables.timers, tb.TIMER)[number]
    place = number * WIDTH + i
    since = timer.since_row * WIDTH + i
    if timer.keep != 0 and (view(state.strikes, F8)[place] < INFINITY or view(state.x, F8)[since] < INFINITY):
        return
    delay = value(tables, state, timer.delay_start, timer.delay_end, timer.delay_row, i, t0, t - t0)
    view(state.x, F8)[timer.count_row * WIDTH + i] += 1.0
    if timer.random != 0:
        span = value(tables, state, timer.varies_start, timer.varies_end, timer.varies_row, i, t0, t - t0)
        view(state.x, F8)[since] = t
        view(state.x, F8)[timer.median_row * WIDTH + i] = delay
        view(state.x, F8)[timer.factor_row * WIDTH + i] = span
        occurrence = np.uint64(view(state.x, F8)[timer.count_row * WIDTH + i])
        delay *= chance(span, word(view(state.lane, U8)[i], timer.key, occurrence, np.uint64(0)))
    strike = max(delay, 0.0) + (math.floor(t) + 1.0 if timer.whole_days != 0 else t)
    view(state.started_by, I8)[place] = doer
    set_strike(tables, state, number, i, INFINITY if plan.replay and timer.random != 0 else strike)


@compiled
def stop_timer(tables, state, number, i) -> None:
    """Forget a pending strike."""
    view(state.x, F8)[view(tables.timers, tb.TIMER)[number].since_row * WIDTH + i] = INFINITY
    set_strike(tables, state, number, i, INFINITY)


@compiled
def set_strike(tables, state, number, i, strike) -> None:
    """Note when a timer strikes, and keep the earliest of all."""
    strikes, next_strike = view(state.strikes, F8), view(state.next_strike, F8)
    before = strikes[number * WIDTH + i]
    strikes[number * WIDTH + i] = strike
    if strike <= next_strike[i]:
        next_strike[i] = strike
    elif before == next_strike[i]:
        find_next_strike(tables, state, i)


@compiled
def find_next_strike(tables, state, i) -> None:
    """The earliest pending strike of a lane."""
    earliest = INFINITY
    for number in range(tables.n_timers):
        earliest = min(earliest, view(state.strikes, F8)[number * WIDTH + i])
    view(state.next_strike, F8)[i] = earliest
