"""Which machine code belongs to which sources.

Numba keeps machine code on disk and looks at the file that holds the entry point only, not at what that file
imports. An entry point that closes over `source_number` has machine code of its own for every state of the
sources, so that neither an edit nor an upgrade runs the code of yesterday.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

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
    "sources.py",
    "watching.py",
}
"""Files of the engine that never become machine code; every other one counts, also one that is new."""


def source_number(folder: Path = Path(__file__).parent) -> int:
    """A number below 2⁵⁶ that is another one for every state of the compiled files."""
    digest = hashlib.blake2b(digest_size=7)
    for file in sorted(folder.glob("*.py")):
        if file.name not in PLAIN:
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return int.from_bytes(digest.digest(), "little")
