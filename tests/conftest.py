"""Shared by all tests: no stale machine code.

Numba's cache looks at the file of a compiled function only, not at what that file imports. Whoever edits one
of the imported files would test the machine code of yesterday; so the compiled files are touched first.
"""

from __future__ import annotations

import contextlib
import os
from importlib.util import find_spec
from pathlib import Path

COMPILED = ("interpreter.py", "kernel.py")
PLAIN = {
    "__init__.py",
    "blocks.py",
    "compiling.py",
    "ensemble.py",
    "intensities.py",
    "reference.py",
    "reference_values.py",
    "replaying.py",
    "sampling.py",
    "watching.py",
}
"""Files of the engine that are never compiled; every other one counts, also one that is new."""


def pytest_configure() -> None:
    package = find_spec("detente")
    assert package is not None
    for place in package.submodule_search_locations or ():
        engine = Path(place) / "engine"
        newest = max(file.stat().st_mtime for file in engine.glob("*.py") if file.name not in PLAIN)
        for name in COMPILED:
            if (engine / name).stat().st_mtime < newest:
                with contextlib.suppress(OSError):
                    os.utime(engine / name)
