"""The interpreter: runs three-address code for many lanes at once, or for one.

What only adds, multiplies and compares is in `instructions`; here is what calls a function or asks for the time. It is
compiled once and called through its address, so that no caller carries a copy of it: that keeps the first
compilation of the kernel short.
"""

from __future__ import annotations

import math

import llvmlite.binding
import numpy as np
from numba import cfunc, njit, types

from detente.engine import opcodes as op
from detente.engine import tables as tb
from detente.engine.arithmetic import exp, log
from detente.engine.instructions import arithmetic
from detente.engine.sources import of_these_sources
from detente.engine.tables import WIDTH
from detente.engine.views import view

CLAMP_SIZE = tb.CLAMP.itemsize


@njit(error_model="numpy")
def month_of(day):
    """Calendar month (1 to 12) of an absolute day number."""
    since_march = math.floor(day) + 306.0
    day_of_era = since_march - math.floor(since_march / 146097.0) * 146097.0
    year_of_era = math.floor(
        (
            day_of_era
            - math.floor(day_of_era / 1460.0)
            + math.floor(day_of_era / 36524.0)
            - math.floor(day_of_era / 146096.0)
        )
        / 365.0
    )
    day_of_year = day_of_era - (
        365.0 * year_of_era + math.floor(year_of_era / 4.0) - math.floor(year_of_era / 100.0)
    )
    month = math.floor((5.0 * day_of_year + 2.0) / 153.0)
    return month + 3.0 if month < 10.0 else month - 9.0


def _interpreter(n_lanes):
    """The interpreter for so many lanes side by side: a number known beforehand makes its loops short and straight."""

    def interpret(
        code_address, clamp_address, memory_address, x_address, start, end, first, t0, offset
    ) -> None:
        lanes, w, low = np.uint64(n_lanes), np.uint64(WIDTH), np.uint64(first)
        code = view(code_address, tb.CODE)
        x, memories = view(x_address, np.float64), view(memory_address, tb.MEMORY_ROWS)
        for pc in range(start, end):
            what = code[pc].what
            d = np.uint64(code[pc].target) * w + low
            a = np.uint64(code[pc].a) * w + low
            b = np.uint64(code[pc].b) * w + low
            c = np.uint64(code[pc].c) * w + low
            k = code[pc].k
            if what == op.TIMES_EXP:
                for i in range(lanes):
                    x[d + i] = x[c + i] * exp(x[a + i])
            elif what == op.EXP:
                for i in range(lanes):
                    x[d + i] = exp(x[a + i])
            elif what == op.LOG:
                for i in range(lanes):
                    x[d + i] = log(x[a + i])
            elif what == op.SQRT:
                for i in range(lanes):
                    x[d + i] = math.sqrt(x[a + i] if x[a + i] > 0.0 else 0.0)
            elif what == op.ABS:
                for i in range(lanes):
                    x[d + i] = abs(x[a + i])
            elif what == op.POWER:
                for i in range(lanes):
                    if x[a + i] > 0.0:
                        x[d + i] = exp(x[b + i] * log(x[a + i]))
                    else:
                        x[d + i] = 1.0 if x[b + i] == 0.0 else 0.0
            elif what == op.MEMORY:
                memory = memories[code[pc].b]
                if offset == 0.0:
                    for i in range(lanes):
                        x[d + i] = x[a + i]
                elif offset == memory.half:
                    fade = np.uint64(memory.half_row) * w + low
                    for i in range(lanes):
                        x[d + i] = x[a + i] * x[fade + i]
                else:
                    fade = np.uint64(memory.rate_row) * w + low
                    for i in range(lanes):
                        stored = x[a + i]
                        x[d + i] = stored * exp(-offset * x[fade + i]) if stored != 0.0 else 0.0
            elif what == op.SINCE:
                for i in range(lanes):
                    x[d + i] = (t0 + offset) - x[a + i]
            elif what == op.UNTIL:
                for i in range(lanes):
                    x[d + i] = k - (t0 + offset)
            elif what == op.MONTH:
                month = month_of(k + t0 + offset)
                for i in range(lanes):
                    x[d + i] = month
            else:
                arithmetic(n_lanes, what, x_address, clamp_address + pc * CLAMP_SIZE, d, a, b, c, k)

    return interpret


_SIGNATURE = types.void(*[types.int64] * 7, types.float64, types.float64)


def _compile(n_lanes, symbol):
    compiled = cfunc(_SIGNATURE, cache=True, error_model="numpy")(of_these_sources(_interpreter(n_lanes)))
    llvmlite.binding.add_symbol(symbol, compiled.address)
    return compiled, types.ExternalFunction(symbol, _SIGNATURE)


_block, interpret_block = _compile(WIDTH, "detente_interpret_block")
_lane, interpret_lane = _compile(1, "detente_interpret_lane")
"""Execute the instructions start ≤ i < end at time t0 + offset, for all lanes of a block or for one.

``interpret_lane(code, clamps, memories, x, start, end, lane, t0, offset)``; the first four are addresses; for a block
`lane` is 0. A memory's row holds its value as of t0; offset is 0, half a tick (its fading is then a hoisted row), or
any time within the tick.
"""
