"""The interpreter: runs three-address code for many lanes at once, or for one.

It is compiled once and called through its address, so that no caller carries a copy of it: that keeps the first
compilation of the kernel short.
"""

from __future__ import annotations

import math
from typing import Any

import llvmlite.binding
import numpy as np
from numba import cfunc, njit, types

from detente.engine import program as op
from detente.engine import tables as tb
from detente.engine.arithmetic import exp, log
from detente.engine.sources import source_number
from detente.engine.tables import WIDTH
from detente.engine.views import view


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


@njit(error_model="numpy")
def _interpret(
    code_address, clamp_address, memory_address, x_address, start, end, low, high, t0, offset
) -> None:
    lo, hi, w = np.uint64(low), np.uint64(high), np.uint64(WIDTH)
    code, clamps = view(code_address, tb.CODE), view(clamp_address, tb.CLAMP)
    x, memories = view(x_address, np.float64), view(memory_address, tb.MEMORY_ROWS)
    for pc in range(start, end):
        what = code[pc].what
        d = np.uint64(code[pc].target) * w
        a = np.uint64(code[pc].a) * w
        b = np.uint64(code[pc].b) * w
        c = np.uint64(code[pc].c) * w
        k = code[pc].k
        if what == op.ADD:
            for i in range(lo, hi):
                x[d + i] = x[a + i] + x[b + i]
        elif what == op.SUB:
            for i in range(lo, hi):
                x[d + i] = x[a + i] - x[b + i]
        elif what == op.MUL:
            for i in range(lo, hi):
                x[d + i] = x[a + i] * x[b + i]
        elif what == op.DIV:
            for i in range(lo, hi):
                x[d + i] = x[a + i] / x[b + i]
        elif what == op.MIN:
            for i in range(lo, hi):
                x[d + i] = x[a + i] if x[a + i] < x[b + i] else x[b + i]
        elif what == op.MAX:
            for i in range(lo, hi):
                x[d + i] = x[a + i] if x[a + i] > x[b + i] else x[b + i]
        elif what == op.LT:
            for i in range(lo, hi):
                x[d + i] = 1.0 if x[a + i] < x[b + i] else 0.0
        elif what == op.LE:
            for i in range(lo, hi):
                x[d + i] = 1.0 if x[a + i] <= x[b + i] else 0.0
        elif what == op.EQ:
            for i in range(lo, hi):
                x[d + i] = 1.0 if x[a + i] == x[b + i] else 0.0
        elif what == op.NE:
            for i in range(lo, hi):
                x[d + i] = 1.0 if x[a + i] != x[b + i] else 0.0
        elif what == op.ADD_K:
            for i in range(lo, hi):
                x[d + i] = x[a + i] + k
        elif what == op.SUB_K:
            for i in range(lo, hi):
                x[d + i] = x[a + i] - k
        elif what == op.MUL_K:
            for i in range(lo, hi):
                x[d + i] = x[a + i] * k
        elif what == op.DIV_K:
            for i in range(lo, hi):
                x[d + i] = x[a + i] / k
        elif what == op.MIN_K:
            for i in range(lo, hi):
                x[d + i] = x[a + i] if x[a + i] < k else k
        elif what == op.MAX_K:
            for i in range(lo, hi):
                x[d + i] = x[a + i] if x[a + i] > k else k
        elif what == op.LT_K:
            for i in range(lo, hi):
                x[d + i] = 1.0 if x[a + i] < k else 0.0
        elif what == op.LE_K:
            for i in range(lo, hi):
                x[d + i] = 1.0 if x[a + i] <= k else 0.0
        elif what == op.EQ_K:
            for i in range(lo, hi):
                x[d + i] = 1.0 if x[a + i] == k else 0.0
        elif what == op.NE_K:
            for i in range(lo, hi):
                x[d + i] = 1.0 if x[a + i] != k else 0.0
        elif what == op.GT_K:
            for i in range(lo, hi):
                x[d + i] = 1.0 if x[a + i] > k else 0.0
        elif what == op.GE_K:
            for i in range(lo, hi):
                x[d + i] = 1.0 if x[a + i] >= k else 0.0
        elif what == op.FROM_K:
            for i in range(lo, hi):
                x[d + i] = k - x[a + i]
        elif what == op.OVER_K:
            for i in range(lo, hi):
                x[d + i] = k / x[a + i]
        elif what == op.WHEN:
            for i in range(lo, hi):
                x[d + i] = x[a + i] * (x[b + i] if x[c + i] != 0.0 else 1.0)
        elif what == op.WHEN_K:
            for i in range(lo, hi):
                x[d + i] = x[a + i] * (k if x[c + i] != 0.0 else 1.0)
        elif what == op.EACH:
            low_k, high_k = clamps[pc].low, clamps[pc].high
            for i in range(lo, hi):
                v = (x[a + i] - k) * x[b + i]
                v = v if v > low_k else low_k
                x[d + i] = v if v < high_k else high_k
        elif what == op.EACH_K:
            low_k, high_k, slope = clamps[pc].low, clamps[pc].high, clamps[pc].slope
            for i in range(lo, hi):
                v = (x[a + i] - k) * slope
                v = v if v > low_k else low_k
                x[d + i] = v if v < high_k else high_k
        elif what == op.REMEMBER:
            low_k, high_k = clamps[pc].low, clamps[pc].high
            for i in range(lo, hi):
                v = x[a + i] * x[b + i] + 1.0
                v = v if v > low_k else low_k
                x[d + i] = v if v < high_k else high_k
        elif what == op.REMEMBER_K:
            low_k, high_k, slope = clamps[pc].low, clamps[pc].high, clamps[pc].slope
            for i in range(lo, hi):
                v = x[a + i] * slope + 1.0
                v = v if v > low_k else low_k
                x[d + i] = v if v < high_k else high_k
        elif what == op.EXP:
            for i in range(lo, hi):
                x[d + i] = exp(x[a + i])
        elif what == op.LOG:
            for i in range(lo, hi):
                x[d + i] = log(x[a + i])
        elif what == op.SQRT:
            for i in range(lo, hi):
                x[d + i] = math.sqrt(x[a + i] if x[a + i] > 0.0 else 0.0)
        elif what == op.ABS:
            for i in range(lo, hi):
                x[d + i] = abs(x[a + i])
        elif what == op.POWER:
            for i in range(lo, hi):
                if x[a + i] > 0.0:
                    x[d + i] = exp(x[b + i] * log(x[a + i]))
                else:
                    x[d + i] = 1.0 if x[b + i] == 0.0 else 0.0
        elif what == op.MEMORY:
            memory = memories[code[pc].b]
            if offset == 0.0:
                for i in range(lo, hi):
                    x[d + i] = x[a + i]
            elif offset == memory.half:
                fade = np.uint64(memory.half_row) * w
                for i in range(lo, hi):
                    x[d + i] = x[a + i] * x[fade + i]
            else:
                fade = np.uint64(memory.rate_row) * w
                for i in range(lo, hi):
                    stored = x[a + i]
                    x[d + i] = stored * exp(-offset * x[fade + i]) if stored != 0.0 else 0.0
        elif what == op.SINCE:
            for i in range(lo, hi):
                x[d + i] = (t0 + offset) - x[a + i]
        elif what == op.UNTIL:
            for i in range(lo, hi):
                x[d + i] = k - (t0 + offset)
        elif what == op.MONTH:
            month = month_of(k + t0 + offset)
            for i in range(lo, hi):
                x[d + i] = month
        else:
            for i in range(lo, hi):
                x[d + i] = x[a + i]


def _entry(sources: int) -> Any:
    """The interpreter as a C function, kept apart for every state of the sources."""

    def interpret(code, clamps, memories, x, start, end, low, high, t0, offset) -> None:
        if sources >= 0:
            _interpret(code, clamps, memories, x, start, end, low, high, t0, offset)

    return cfunc(_SIGNATURE, cache=True, error_model="numpy")(interpret)


_SIGNATURE = types.void(*[types.int64] * 8, types.float64, types.float64)
_SYMBOL = "detente_interpret"
_compiled = _entry(source_number())
llvmlite.binding.add_symbol(_SYMBOL, _compiled.address)

interpret = types.ExternalFunction(_SYMBOL, _SIGNATURE)
"""Execute the instructions start ≤ i < end for the lanes low ≤ i < high at time t0 + offset.

``interpret(code, clamps, memories, x, start, end, low, high, t0, offset)``; the first four are addresses. A memory's
row holds its value as of t0; offset is 0, half a tick (its fading is then a hoisted row), or any time within the tick.
"""
