"""What every instruction computes: the machine code against its own formula on plain arrays, bit for bit."""

from __future__ import annotations

import ctypes
import inspect

import numpy as np
import pytest

from detente.engine import interpreter, opcodes
from detente.engine import tables as tb
from detente.engine.instructions import ARITHMETIC
from detente.engine.tables import WIDTH

NUMBERS = [0.0, -0.0, 1.0, -1.0, 2.5, 1e-300, -1e300, np.inf, -np.inf, np.nan]
OPCODES = {
    number: name
    for name, number in vars(opcodes).items()
    if name.isupper() and not name.startswith("_") and isinstance(number, int)
}


def rows() -> np.ndarray:
    """Four rows: a, b, c and room for the result; pairs of awkward numbers and some ordinary ones."""
    random = np.random.default_rng(5)
    x = random.normal(0.0, 3.0, (4, WIDTH))
    for row in range(3):
        x[row, : WIDTH // 2] = random.choice(NUMBERS, WIDTH // 2)
    return np.ascontiguousarray(x)


def execute(number: int, x: np.ndarray, k: float, clamp: dict[str, float], lane: int | None) -> np.ndarray:
    """The row that one instruction leaves behind: for the whole block, or for one lane of it."""
    code = np.zeros(1, tb.CODE)
    code["what"], code["target"], code["a"], code["b"], code["c"], code["k"] = number, 3, 0, 1, 2, k
    clamps = np.zeros(1, tb.CLAMP)
    for name, value in clamp.items():
        clamps[name] = value
    memories = np.zeros(1, tb.MEMORY_ROWS)
    x = x.copy()
    entry = interpreter._block if lane is None else interpreter._lane
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 7, ctypes.c_double, ctypes.c_double)(entry.address)
    addresses = (code.ctypes.data, clamps.ctypes.data, memories.ctypes.data, x.ctypes.data)
    call(*addresses, 0, 1, lane or 0, 0.0, 0.0)
    return x[3]


@pytest.mark.parametrize("number", sorted(ARITHMETIC), ids=lambda number: OPCODES[number])
def test_machine_code_computes_its_formula(number: int) -> None:
    formula = ARITHMETIC[number]
    names = inspect.signature(formula).parameters
    for k in (1.5, -2.0, 0.0, np.inf):
        x, clamp = rows(), {"slope": -0.75, "low": -1.25, "high": 2.0}
        known = dict(zip("abc", x, strict=False)) | clamp | {"k": k}
        with np.errstate(all="ignore"):
            wanted = np.broadcast_to(formula(**{name: known[name] for name in names}), WIDTH)
        np.testing.assert_array_equal(execute(number, x, k, clamp, None), wanted)
        for lane in (0, 7, WIDTH - 1):
            result = execute(number, x, k, clamp, lane)
            np.testing.assert_array_equal(result[lane], wanted[lane])
            np.testing.assert_array_equal(np.delete(result, lane), np.delete(x[3], lane))


def test_every_opcode_has_a_meaning() -> None:
    """An opcode is in the table of formulas, or in the interpreter by its name."""
    source = inspect.getsource(interpreter)
    lost = [
        name for number, name in OPCODES.items() if number not in ARITHMETIC and f"op.{name}" not in source
    ]
    assert lost == []
