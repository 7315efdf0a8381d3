"""exp, log, the normal quantile and a 64-bit mixer, in plain IEEE arithmetic.

The same source runs in plain Python and compiled (vectorised by LLVM, which has no vector `exp` of its own here).
No operation is fused or reordered, so that a result does not depend on the width of a vector, the size of a batch
or the machine.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload, register_jitable

LN2_HIGH = 6.93145751953125e-1
LN2_LOW = 1.42860682030941723212e-6
LOG2_E = 1.4426950408889634
SQRT_HALF = 0.7071067811865476

_MASK = (1 << 64) - 1
M1 = 0xBF58476D1CE4E5B9
M2 = 0x94D049BB133111EB


# ── scaling by powers of two, where Python and machine code part ─────────────────────────────────


def scale_by_power(x: float, n: float) -> float:
    """``x · 2ⁿ`` for a whole number n in [−1022, 1023]."""
    return math.ldexp(x, int(n))


def split_power(x: float) -> tuple[float, float]:
    """Mantissa in [0.5, 1) and exponent of a positive normal number."""
    mantissa, exponent = math.frexp(x)
    return mantissa, float(exponent)


@intrinsic
def _as_bits(_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(types.float64), generate


@intrinsic
def _as_float(_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.int64), generate


@overload(scale_by_power)
def _scale_by_power(x, n):
    return lambda x, n: x * _as_float((np.int64(n) + np.int64(1023)) << np.int64(52))


@overload(split_power)
def _split_power(x):
    def split(x):
        bits = _as_bits(x)
        exponent = float((bits >> np.int64(52)) - np.int64(1022))
        mantissa = _as_float((bits & np.int64(0x000FFFFFFFFFFFFF)) | np.int64(0x3FE0000000000000))
        return mantissa, exponent

    return split


# ── functions ────────────────────────────────────────────────────────────────────────────────────


@register_jitable
def exp(x: float) -> float:
    """e to the x, relative error below 1e-15; x is clamped to [−700, 700]."""
    x = min(max(x, -700.0), 700.0)
    n = np.floor(x * LOG2_E + 0.5)
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    # The Taylor polynomial to r¹³ in Estrin's scheme: few steps wait for one another.
    r2 = r * r
    r4 = r2 * r2
    r8 = r4 * r4
    a = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0))
    b = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0))
    c = (1.0 / 40320.0 + r * (1.0 / 362880.0)) + r2 * (1.0 / 3628800.0 + r * (1.0 / 39916800.0))
    d = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0)
    p = (a + r4 * b) + r8 * (c + r4 * d)
    return scale_by_power(p, n)


@register_jitable
def log(x: float) -> float:
    """Natural logarithm, absolute error below 1e-15·max(1, |log x|); arguments below 1e-300 count as 1e-300."""
    mantissa, exponent = split_power(max(x, 1e-300))
    if mantissa < SQRT_HALF:
        mantissa = mantissa * 2.0
        exponent = exponent - 1.0
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    z2 = z * z
    z4 = z2 * z2
    a = (1.0 / 3.0 + z * (1.0 / 5.0)) + z2 * (1.0 / 7.0 + z * (1.0 / 9.0))
    b = (1.0 / 11.0 + z * (1.0 / 13.0)) + z2 * (1.0 / 15.0 + z * (1.0 / 17.0))
    p = a + z4 * (b + z4 * (1.0 / 19.0))
    return exponent * LN2_HIGH + (2.0 * s + (2.0 * s * z * p + exponent * LN2_LOW))


@register_jitable
def normal_quantile(u: float) -> float:
    """Quantile of the standard normal at u in (0, 1), relative error below 1e-15.

    Wichura, M. J. (1988). Algorithm AS 241. Applied Statistics 37, 477-484.
    """
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        a = 2509.0809287301226727
        a = a * r + 33430.575583588128105
        a = a * r + 67265.770927008700853
        a = a * r + 45921.953931549871457
        a = a * r + 13731.693765509461125
        a = a * r + 1971.5909503065514427
        a = a * r + 133.14166789178437745
        a = a * r + 3.387132872796366608
        b = 5226.495278852545925
        b = b * r + 28729.085735721942674
        b = b * r + 39307.89580009271061
        b = b * r + 21213.794301586595867
        b = b * r + 5394.1960214247511077
        b = b * r + 687.1870074920579083
        b = b * r + 42.313330701600911252
        b = b * r + 1.0
        return q * a / b
    r = math.sqrt(-log(u if q < 0.0 else 1.0 - u))
    if r <= 5.0:
        r = r - 1.6
        a = 7.7454501427834140764e-4
        a = a * r + 0.0227238449892691845833
        a = a * r + 0.24178072517745061177
        a = a * r + 1.27045825245236838258
        a = a * r + 3.64784832476320460504
        a = a * r + 5.7694972214606914055
        a = a * r + 4.6303378461565452959
        a = a * r + 1.42343711074968357734
        b = 1.05075007164441684324e-9
        b = b * r + 5.475938084995344946e-4
        b = b * r + 0.0151986665636164571966
        b = b * r + 0.14810397642748007459
        b = b * r + 0.68976733498510000455
        b = b * r + 1.6763848301838038494
        b = b * r + 2.05319162663775882187
        b = b * r + 1.0
    else:
        r = r - 5.0
        a = 2.01033439929228813265e-7
        a = a * r + 2.71155556874348757815e-5
        a = a * r + 0.0012426609473880784386
        a = a * r + 0.026532189526576123093
        a = a * r + 0.29656057182850489123
        a = a * r + 1.7848265399172913358
        a = a * r + 5.4637849111641143699
        a = a * r + 6.6579046435011037772
        b = 2.04426310338993978564e-15
        b = b * r + 1.4215117583164458887e-7
        b = b * r + 1.8463183175100546818e-5
        b = b * r + 7.868691311456132591e-4
        b = b * r + 0.0148753612908506148525
        b = b * r + 0.13692988092273580531
        b = b * r + 0.59983220655588793769
        b = b * r + 1.0
    return -a / b if q < 0.0 else a / b


# ── mixing ───────────────────────────────────────────────────────────────────────────────────────


def mix_plain(z: int) -> int:
    """A bijective scrambler of 64-bit words (variant 13 of Stafford, used by SplitMix64)."""
    z = ((z ^ (z >> 30)) * M1) & _MASK
    z = ((z ^ (z >> 27)) * M2) & _MASK
    return z ^ (z >> 31)


@njit
def mix(z: Any) -> Any:
    """`mix_plain` on uint64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(M1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(M2)
    return z ^ (z >> np.uint64(31))
