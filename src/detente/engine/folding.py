"""Arithmetic on numbers that are known before a run; the kernel computes the same."""

from __future__ import annotations

import math

from detente.engine.opcodes import BINARY, MAX, MIN


def unary_value(function: str, x: float) -> float:
    """exp, log (of at least 1e-300), sqrt (of at least 0) or abs of a number."""
    match function:
        case "exp":
            return math.exp(min(x, 700.0))
        case "log":
            return math.log(max(x, 1e-300))
        case "sqrt":
            return math.sqrt(max(x, 0.0))
    return abs(x)


def binary_value(operator: str, a: float, b: float) -> float:
    """Arithmetic, comparison, logic or the extreme of two numbers; truth is 1, falsehood 0."""
    match operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b if b else math.copysign(math.inf, a) if a else math.nan
        case "^":
            return power(a, b)
        case "and":
            return a * b
        case "or" | "max":
            return max(a, b)
        case "min":
            return min(a, b)
    return float({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[operator])


def power(a: float, b: float) -> float:
    """a to the b for a > 0, and the square of any number; else 0 (1 where b is 0)."""
    if b == 2.0:
        return a * a
    return math.exp(b * math.log(a)) if a > 0.0 else float(b == 0.0)


def fold(op: int, a: float, b: float) -> float:
    """An instruction of two numbers, carried out while assembling."""
    names = {value: key for key, value in BINARY.items()}
    if op == MIN:
        return min(a, b)
    if op == MAX:
        return max(a, b)
    return binary_value(names[op], a, b)
