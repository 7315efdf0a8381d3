"""A crisis from its folder, file or text: read, validate, lower."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from detente.crisisfile.lowering import Resolution, lower
from detente.crisisfile.reading import Tree, read, read_file
from detente.crisisfile.reviewing import Review, read_review, reviewed
from detente.crisisfile.schema import validate
from detente.crisisfile.tables import Tables, parse_tables, read_tables
from detente.errors import CrisisFileError, Fault
from detente.model import Crisis

__all__ = ["CRISIS_FILE", "Resolution", "load", "load_review", "loads", "resolve", "resolve_text"]

CRISIS_FILE = "crisis.yaml"
"""Name of the file in a crisis folder."""


def load(path: Path | str) -> Crisis:
    """Read a crisis from its folder, or from a single file of YAML.

    Parameters
    ----------
    path : path
        A folder with ``crisis.yaml`` and, if there are any, ``sources.csv``, ``claims.csv``, ``events.csv``;
        or a ``.yaml`` file, which stands alone.

    Raises
    ------
    CrisisFileError
        With every fault of the file, or of the tables: file, line, path, what is allowed, what to do.
    """
    return resolve(path).crisis


def load_review(path: Path | str, review: Path | str) -> Crisis:
    """Read a crisis with the numbers of a review, a second parameterisation, in the place of its own.

    Raises
    ------
    CrisisFileError
        With every fault of the crisis or of the review.
    """
    return resolve(path, review=read_review(review)).crisis


def loads(text: str, file: str = "<text>") -> Crisis:
    r"""Read a crisis from text; `file` is how faults name it.

    Examples
    --------
    >>> loads("crisis: calm\nas_of: 2024-11-30\nhorizon: 30 d").horizon
    30.0
    """
    return resolve_text(text, file).crisis


def resolve(
    path: Path | str, *, tables: Mapping[str, str] | None = None, review: Review | None = None
) -> Resolution:
    """As `load`, with what `check` wants to know about the file.

    `tables` are texts to take, by the name of the file, in place of the tables of a folder; the numbers of a `review`
    take the place of the file's own.
    """
    path = Path(path)
    if not path.is_dir():
        tree = read_file(path)
        return _resolve(tree if review is None else reviewed(tree, review), Tables())
    faults: list[Fault] = []
    known: Tables | None = None
    try:
        known = read_tables(path) if tables is None else parse_tables(tables)
    except CrisisFileError as problem:
        faults.extend(problem.faults)
    try:
        tree = read_file(path / CRISIS_FILE)
    except CrisisFileError as problem:
        raise CrisisFileError((*faults, *problem.faults)) from None
    return _resolve(tree if review is None else reviewed(tree, review), known, faults)


def resolve_text(text: str, file: str = "<text>") -> Resolution:
    """As `loads`, with what `check` wants to know about the text."""
    return _resolve(read(text, file), Tables())


def _resolve(tree: Tree, tables: Tables | None, faults: Iterable[Fault] = ()) -> Resolution:
    return lower(validate(tree), tree, tables, faults)
