"""Which machine code belongs to which sources.

Numba keeps machine code on disk under the qualified name of a function, and looks only at the file that holds the
function, not at what that file imports. An entry point whose name holds a digest of all compiled files has
machine code of its own for every state of the sources: neither an edit nor an upgrade runs that of yesterday.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Function = TypeVar("Function", bound=Callable[..., object])

PLAIN = {
    "__init__.py",
    "blocks.py",
    "compiling.py",
    "ensemble.py",
    "folding.py",
    "intensities.py",
    "program.py",
    "reference.py",
    "reference_values.py",
    "replaying.py",
    "sampling.py",
    "sources.py",
    "watching.py",
}
"""Files of the engine that never become machine code; every other one counts, also one that is new."""


def of_these_sources(function: Function) -> Function:
    """The same function, under a qualified name that belongs to the present state of the sources."""
    function.__qualname__ += f"_{source_digest()}"
    return function


def source_digest(folder: Path = Path(__file__).parent) -> str:
    """Sixteen characters that are others for every state of the compiled files."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(folder.glob("*.py")):
        if file.name not in PLAIN:
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
