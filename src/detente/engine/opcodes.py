"""The instructions of the machine, by number.

What those that only add, multiply and compare compute is in `instructions`; the others are in `interpreter`.
"""

from __future__ import annotations

# Opcodes. The part behind _K takes the instruction's immediate number k as its second operand.
ADD, SUB, MUL, DIV, MIN, MAX, LT, LE, EQ, NE = range(10)
ADD_K, SUB_K, MUL_K, DIV_K, MIN_K, MAX_K, LT_K, LE_K, EQ_K, NE_K = range(10, 20)
FROM_K, OVER_K, GT_K, GE_K = range(20, 24)  # k − a, k / a, a > k, a >= k
EXP, LOG, SQRT, ABS, POWER = range(24, 29)
WHEN, WHEN_K = 29, 30  # a · (b if c else 1), a · (k if c else 1)
MEMORY, SINCE, UNTIL, MONTH, COPY = range(31, 36)
EACH, EACH_K = 36, 37  # (a − k)·b clamped to [low, high]; (a − k)·slope clamped
REMEMBER, REMEMBER_K = 38, 39  # 1 + a·b clamped to [low, high]; 1 + a·slope clamped
PLUS_EACH, PLUS_EACH_K, TIMES_REMEMBER, TIMES_REMEMBER_K, TIMES_EXP = range(40, 45)  # c + …, c · …
FUSED = {
    (ADD, EACH): PLUS_EACH,
    (ADD, EACH_K): PLUS_EACH_K,
    (MUL, REMEMBER): TIMES_REMEMBER,
    (MUL, REMEMBER_K): TIMES_REMEMBER_K,
    (MUL, EXP): TIMES_EXP,
}
"""What becomes of an instruction that adds to, or multiplies by, what the one before it made."""

BINARY = {"+": ADD, "-": SUB, "*": MUL, "/": DIV, "<": LT, "<=": LE, "==": EQ, "!=": NE}
"""The instruction of two rows for an operator; for ">" and ">=" the rows change places."""
WITH_K = {
    ADD: ADD_K,
    SUB: SUB_K,
    MUL: MUL_K,
    DIV: DIV_K,
    MIN: MIN_K,
    MAX: MAX_K,
    LT: LT_K,
    LE: LE_K,
    EQ: EQ_K,
    NE: NE_K,
}
"""The same with an immediate number as second operand …"""
SWAPPED_K = {
    ADD: ADD_K,
    SUB: FROM_K,
    MUL: MUL_K,
    DIV: OVER_K,
    MIN: MIN_K,
    MAX: MAX_K,
    LT: GT_K,
    LE: GE_K,
    EQ: EQ_K,
    NE: NE_K,
}
"""… and as first."""
UNARY = {"exp": EXP, "log": LOG, "sqrt": SQRT, "abs": ABS}
"""The instruction of a function of one number."""
