"""The interpreter: runs three-address code for many lanes at once, or for one.

It is compiled once and called through its address, so that no caller carries a copy of it: that keeps the first
compilation of the kernel short.
"""

from __future__ import annotations

import math

import llvmlite.binding
import numpy as np
from numba import cfunc, njit, types

from detente.engine import program as op
from detente.engine import tables as tb
from detente.engine.arithmetic import exp, log
from detente.engine.tables import WIDTH
from detente.engine.views import view


@njit(error_model="numpy")
def month_of(day) -> Any:
    """Calendar month (1 to 12) of an absolute day number."""
    since_march = math.floor(day) + 306.0
    day_of_era = since_march - math.floor(since_march / 146097.0) * 146097.0
    year_of_era = math.floor(
        (day_of_era - math.floor(day_of_era / 1460.0) + math.floor(day_of_era / 36524.0) - math.floor(day_of_era / 146096.0)) / 365.0
    )
    day_of_year = day_of_era - (365.0 * year_of_era + math.floor(year_of_era / 4.0) - math.floor(year_of_era / 100.0))
    month = math.floor((5.0 * day_of_year + 2.0) / 153.0)
    return month + 3.0 if month < 10.0 else month - 9.0


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
            for l in range(lo, hi):
                x[d + l] = x[a + l] + x[b + l]
        elif what == op.SUB:
            for l in range(lo, hi):
                x[d + l] = x[a + l] - x[b + l]
        elif what == op.MUL:
            for l in range(lo, hi):
                x[d + l] = x[a + l] * x[b + l]
        elif what == op.DIV:
            for l in range(lo, hi):
                x[d + l] = x[a + l] / x[b + l]
        elif what == op.MIN:
            for l in range(lo, hi):
                x[d + l] = x[a + l] if x[a + l] < x[b + l] else x[b + l]
        elif what == op.MAX:
            for l in range(lo, hi):
                x[d + l] = x[a + l] if x[a + l] > x[b + l] else x[b + l]
        elif what == op.LT:
            for l in range(lo, hi):
                x[d + l] = 1.0 if x[a + l] < x[b + l] else 0.0
        elif what == op.LE:
            for l in range(lo, hi):
                x[d + l] = 1.0 if x[a + l] <= x[b + l] else 0.0
        elif what == op.EQ:
            for l in range(lo, hi):
                x[d + l] = 1.0 if x[a + l] == x[b + l] else 0.0
        elif what == op.NE:
            for l in range(lo, hi):
                x[d + l] = 1.0 if x[a + l] != x[b + l] else 0.0
        elif what == op.ADD_K:
            for l in range(lo, hi):
                x[d + l] = x[a + l] + k
        elif what == op.SUB_K:
            for l in range(lo, hi):
                x[d + l] = x[a + l] - k
        elif what == op.MUL_K:
            for l in range(lo, hi):
                x[d + l] = x[a + l] * k
        elif what == op.DIV_K:
            for l in range(lo, hi):
                x[d + l] = x[a + l] / k
        elif what == op.MIN_K:
            for l in range(lo, hi):
                x[d + l] = x[a + l] if x[a + l] < k else k
        elif what == op.MAX_K:
            for l in range(lo, hi):
                x[d + l] = x[a + l] if x[a + l] > k else k
        elif what == op.LT_K:
            for l in range(lo, hi):
                x[d + l] = 1.0 if x[a + l] < k else 0.0
        elif what == op.LE_K:
            for l in range(lo, hi):
                x[d + l] = 1.0 if x[a + l] <= k else 0.0
        elif what == op.EQ_K:
            for l in range(lo, hi):
                x[d + l] = 1.0 if x[a + l] == k else 0.0
        elif what == op.NE_K:
            for l in range(lo, hi):
                x[d + l] = 1.0 if x[a + l] != k else 0.0
        elif what == op.GT_K:
            for l in range(lo, hi):
                x[d + l] = 1.0 if x[a + l] > k else 0.0
        elif what == op.GE_K:
            for l in range(lo, hi):
                x[d + l] = 1.0 if x[a + l] >= k else 0.0
        elif what == op.FROM_K:
            for l in range(lo, hi):
                x[d + l] = k - x[a + l]
        elif what == op.OVER_K:
            for l in range(lo, hi):
                x[d + l] = k / x[a + l]
        elif what == op.WHEN:
            for l in range(lo, hi):
                x[d + l] = x[a + l] * (x[b + l] if x[c + l] != 0.0 else 1.0)
        elif what == op.WHEN_K:
            for l in range(lo, hi):
                x[d + l] = x[a + l] * (k if x[c + l] != 0.0 else 1.0)
        elif what == op.EACH:
            low_k, high_k = clamps[pc].low, clamps[pc].high
            for l in range(lo, hi):
                v = (x[a + l] - k) * x[b + l]
                v = v if v > low_k else low_k
                x[d + l] = v if v < high_k else high_k
        elif what == op.EACH_K:
            low_k, high_k, slope = clamps[pc].low, clamps[pc].high, clamps[pc].slope
            for l in range(lo, hi):
                v = (x[a + l] - k) * slope
                v = v if v > low_k else low_k
                x[d + l] = v if v < high_k else high_k
        elif what == op.REMEMBER:
            low_k, high_k = clamps[pc].low, clamps[pc].high
            for l in range(lo, hi):
                v = x[a + l] * x[b + l] + 1.0
                v = v if v > low_k else low_k
                x[d + l] = v if v < high_k else high_k
        elif what == op.REMEMBER_K:
            low_k, high_k, slope = clamps[pc].low, clamps[pc].high, clamps[pc].slope
            for l in range(lo, hi):
                v = x[a + l] * slope + 1.0
                v = v if v > low_k else low_k
                x[d + l] = v if v < high_k else high_k
        elif what == op.EXP:
            for l in range(lo, hi):
                x[d + l] = exp(x[a + l])
        elif what == op.LOG:
            for l in range(lo, hi):
                x[d + l] = log(x[a + l])
        elif what == op.SQRT:
            for l in range(lo, hi):
                x[d + l] = math.sqrt(x[a + l] if x[a + l] > 0.0 else 0.0)
        elif what == op.ABS:
            for l in range(lo, hi):
                x[d + l] = abs(x[a + l])
        elif what == op.POWER:
            for l in range(lo, hi):
                if x[a + l] > 0.0:
                    x[d + l] = exp(x[b + l] * log(x[a + l]))
                else:
                    x[d + l] = 1.0 if x[b + l] == 0.0 else 0.0
        elif what == op.MEMORY:
            memory = memories[code[pc].b]
            if offset == 0.0:
                for l in range(lo, hi):
                    x[d + l] = x[a + l]
            elif offset == memory.half:
                fade = np.uint64(memory.half_row) * w
                for l in range(lo, hi):
                    x[d + l] = x[a + l] * x[fade + l]
            else:
                fade = np.uint64(memory.rate_row) * w
                for l in range(lo, hi):
                    stored = x[a + l]
                    x[d + l] = stored * exp(-offset * x[fade + l]) if stored != 0.0 else 0.0
        elif what == op.SINCE:
            for l in range(lo, hi):
                x[d + l] = (t0 + offset) - x[a + l]
        elif what == op.UNTIL:
            for l in range(lo, hi):
                x[d + l] = k - (t0 + offset)
        elif what == op.MONTH:
            month = month_of(k + t0 + offset)
            for l in range(lo, hi):
                x[d + l] = month
        else:
            for l in range(lo, hi):
                x[d + l] = x[a + l]


_SIGNATURE = types.void(*[types.int64] * 8, types.float64, types.float64)
_SYMBOL = "detente_interpret"
_compiled = cfunc(_SIGNATURE, cache=True, error_model="numpy")(_interpret)
llvmlite.binding.add_symbol(_SYMBOL, _compiled.address)

interpret = types.ExternalFunction(_SYMBOL, _SIGNATURE)
"""Execute the instructions start ≤ i < end for the lanes low ≤ l < high at time t0 + offset.

``interpret(code, clamps, memories, x, start, end, low, high, t0, offset)``; the first four are addresses. A memory's row
holds its value as of t0; offset is 0, half a tick (its fading is then a hoisted row), or any time within the tick.
"""
