"""What every room of the kernel uses: evaluate a program, note what changed.

Compiled functions take records of addresses (tables, plan, state) and look at arrays through `view`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from detente.engine import tables as tb
from detente.engine.interpreter import interpret_block, interpret_lane
from detente.engine.tables import WIDTH
from detente.engine.views import view

INFINITY = float("inf")
F8, I8, U8, U1 = np.float64, np.int64, np.uint64, np.uint8

compiled = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Decorator of functions that only compiled code calls."""


@compiled
def run_block(tables, state, start, end, t0, offset) -> None:
    """Execute instructions for all lanes of the block at time t0 + offset: see `interpreter`."""
    if start < end:
        interpret_block(
            tables.code,
            tables.clamps,
            tables.memories,
            state.x,
            I8(start),
            I8(end),
            I8(0),
            F8(t0),
            F8(offset),
        )


@compiled
def run_lane(tables, state, start, end, i, t0, offset) -> None:
    """Execute instructions for one lane at time t0 + offset."""
    if start < end:
        interpret_lane(
            tables.code,
            tables.clamps,
            tables.memories,
            state.x,
            I8(start),
            I8(end),
            I8(i),
            F8(t0),
            F8(offset),
        )


@compiled
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


@compiled
def mark(state, number, counter, segment) -> None:
    """Put a clock, trigger or watch on its list of what must be looked at again, once."""
    if view(state.marks, U1)[segment + number] == 0:
        view(state.marks, U1)[segment + number] = 1
        view(state.changed, I8)[segment + view(state.counters, I8)[counter]] = number
        view(state.counters, I8)[counter] += 1


@compiled
def holds(tables, state, start, end, row, i, t0, offset) -> bool:
    """Whether an optional condition holds in one lane now."""
    if start < 0:
        return True
    run_lane(tables, state, start, end, i, t0, offset)
    return view(state.x, F8)[row * WIDTH + i] != 0.0


@compiled
def value(tables, state, start, end, row, i, t0, offset) -> float:
    """The value of a program in one lane now."""
    run_lane(tables, state, start, end, i, t0, offset)
    return view(state.x, F8)[row * WIDTH + i]
