"""A second parameterisation of a crisis: the same structure, other numbers, in ``review.yaml`` beside it.

A review is made from the evidence alone, without looking at the first numbers; what the two differ in, and what that
does to the answers, shows how much of a forecast is the judgement of one author.

::

    review: iran_2024
    as_of: 2024-11-30
    method: How it was made, in a few sentences.
    numbers:
      actions.strike.rate: [0.03 per day ±×1.8, "two waves in the record"]

Numbers are named by their path, as `detente sensitivity` and ``Crisis.parameters`` name them, and written as in the
crisis file. What a review leaves out keeps its first number.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from detente.crisisfile.reading import Path, Tree, read_file
from detente.errors import CrisisFileError, Fault

REVIEW_FILE = "review.yaml"
"""Name of the file in a crisis folder."""

FIELDS = ("review", "as_of", "method", "numbers")


@dataclass(frozen=True)
class Review:
    """Numbers by path, each as written and with its reason; `lines` says where in `file` they stand."""

    crisis: str
    method: str
    numbers: Mapping[str, tuple[Any, str]]
    lines: Mapping[str, int]
    file: str = REVIEW_FILE


def read_review(path: FilePath | str) -> Review:
    """Read a review from its file.

    Raises
    ------
    CrisisFileError
        If there is no such file, or with every fault: unknown fields, numbers that are not a value with its reason.
    """
    if not FilePath(path).is_file():
        hint = f"A second parameterisation stands in {REVIEW_FILE} beside crisis.yaml; see that of iran_2024."
        raise CrisisFileError([Fault(FilePath(path).name, 0, "", f"there is no file '{path}'", hint)])
    tree = read_file(path)
    faults = [
        Fault(
            tree.file,
            tree.line((key,)),
            key,
            f"a review has no field '{key}'",
            f"Fields: {', '.join(FIELDS)}.",
        )
        for key in tree.data
        if key not in FIELDS
    ]
    written = tree.data.get("numbers")
    if not isinstance(written, dict):
        faults.append(
            Fault(tree.file, 1, "numbers", "there are no numbers", "Write `numbers:` and a line for each.")
        )
        written = {}
    for name, entry in written.items():
        if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], str)):
            hint = 'Write [value, "reason"], such as [0.03 per day ±×1.8, "two waves in the record"].'
            line = tree.line(("numbers", name))
            faults.append(
                Fault(tree.file, line, f"numbers.{name}", "this is not a value with its reason", hint)
            )
    if faults:
        raise CrisisFileError(faults)
    return Review(
        crisis=str(tree.data.get("review", "")),
        method=str(tree.data.get("method", "")),
        numbers={name: (entry[0], str(entry[1])) for name, entry in written.items()},  # type: ignore[index]
        lines={name: tree.line(("numbers", name)) for name in written},
        file=tree.file,
    )


def reviewed(tree: Tree, review: Review) -> Tree:
    """The tree of a crisis with the numbers of a review in the place of its own.

    Raises
    ------
    CrisisFileError
        With every number whose path does not lead to one.
    """
    data = copy.deepcopy(tree.data)
    faults = []
    for name, (value, because) in review.numbers.items():
        path = _find(data, name) or _find(data, f"parameters.{name}")
        if path is None:
            hint = "Name numbers by their path in crisis.yaml."
            message = f"there is no number '{name}'"
            faults.append(Fault(review.file, review.lines.get(name, 0), f"numbers.{name}", message, hint))
        else:
            _put(data, path, value, because)
    if faults:
        raise CrisisFileError(faults)
    return Tree(data, tree.lines, tree.file)


def _find(data: Any, name: str) -> Path | None:
    """The path of a dotted name; keys may hold dots themselves."""
    if not name:
        return ()
    parts = name.split(".")
    if isinstance(data, list):
        head, rest = parts[0], ".".join(parts[1:])
        if not head.isdigit() or int(head) >= len(data):
            return None
        found = _find(data[int(head)], rest)
        return None if found is None else (int(head), *found)
    if not isinstance(data, dict):
        return None
    for n in range(len(parts), 0, -1):
        key = ".".join(parts[:n])
        if key in data:
            found = _find(data[key], ".".join(parts[n:]))
            if found is not None:
                return (key, *found)
    return None


def _put(data: Any, path: Path, value: Any, because: str) -> None:
    """Put a value at a path; of a mapping only the value and its spread are replaced."""
    *around, last = path
    for key in around:
        data = data[key]
    before = data[last]
    if isinstance(before, dict):
        kept = {
            key: each for key, each in before.items() if key not in ("value", "spread", "source", "because")
        }
        data[last] = {"value": value, "source": "judgement", "because": because or "review", **kept}
    else:
        data[last] = value
