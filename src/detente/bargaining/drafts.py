"""From the text of a CSV or YAML table of actors to a draft: every value with its line, nothing judged yet.

CSV: a header row, one row per actor, and settings in comment lines above, such as ``# scale: 4 to 10``.
YAML: settings as keys, and the actors as a mapping under ``actors``. Only faults of form are found here.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from detente.errors import Fault

SETTINGS: tuple[str, ...] = ("issue", "unit", "scale", "salience_scale", "status_quo", "leader")
"""What may be said about a table as a whole."""

COLUMNS: tuple[str, ...] = ("position", "influence", "capability", "salience", "note", "source")
"""What may be said about an actor, beside its name; `capability` is another word for `influence`."""

_SETTING = re.compile(r"#+\s*([A-Za-z_ ]+?)\s*:\s*(.*)")
_NEAR = 0.75


class Cell(NamedTuple):
    """A value as it stands in the file (text in CSV, any YAML value) and its line, counted from 1."""

    value: Any
    line: int


class Row(NamedTuple):
    """One actor as it stands in the file."""

    name: str
    line: int
    cells: dict[str, Cell]


@dataclass
class Draft:
    """A table before it is judged, with the faults of form found on the way."""

    file: str
    settings: dict[str, Cell] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, path: str, message: str, hint: str = "") -> None:
        """Note a fault and go on."""
        self.faults.append(Fault(self.file, line, path, message, hint))


def nearest(word: str, allowed: Iterable[str]) -> str:
    """A hint of the form ``Did you mean 'x'?`` or nothing."""
    near = difflib.get_close_matches(word, list(allowed), n=1, cutoff=_NEAR)
    return f"Did you mean '{near[0]}'?" if near else ""


def number_of(value: object) -> float | None:
    """A finite number, or None; texts come from CSV, and neither flags nor dates are numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def draft_from_csv(text: str, file: str) -> Draft:
    """Read the CSV form."""
    draft = Draft(file)
    # Blank lines and comments are emptied, not removed, so that line numbers stay those of the file.
    lines = text.removeprefix("\ufeff").splitlines()
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("#"):
            _read_comment(draft, line.strip(), number)
            lines[number - 1] = ""
    reader = csv.reader(io.StringIO("\n".join(lines)), skipinitialspace=True)
    header: list[str] | None = None
    for record in reader:
        values = [value.strip() for value in record]
        if not any(values):
            continue
        if header is None:
            header = _header(draft, values, reader.line_num)
        elif len(values) != len(header):
            draft.fault(
                reader.line_num,
                values[0],
                f"this row has {len(values)} values, the header has {len(header)} columns.",
                "Write decimals with a point, and put quotes around a value that contains a comma.",
            )
        else:
            _read_record(draft, header, values, reader.line_num)
    if header is None:
        draft.fault(
            0,
            "",
            "the table is empty.",
            "The first row names the columns: actor, position, influence, salience.",
        )
    return draft


def _read_comment(draft: Draft, line: str, number: int) -> None:
    """A comment that names a setting is one; a comment that nearly does is a fault; the rest is prose."""
    found = _SETTING.fullmatch(line)
    if found is None:
        return
    key = found[1].strip().lower().replace(" ", "_")
    if key in draft.settings:
        draft.fault(
            number,
            key,
            f"'{key}' is set twice, first on line {draft.settings[key].line}.",
            "Keep one of them.",
        )
    elif key in SETTINGS:
        draft.settings[key] = Cell(found[2].strip(), number)
    elif nearest(key, SETTINGS):
        draft.fault(number, key, f"there is no setting '{key}'. {nearest(key, SETTINGS)}", _allowed(SETTINGS))


def _header(draft: Draft, values: list[str], line: int) -> list[str]:
    """Column names in lower case, unknown and doubled ones reported."""
    header = [value.lower() for value in values]
    known = ("actor", *COLUMNS)
    if len(header) == 1 and ";" in header[0]:
        draft.fault(line, "", "the columns are separated by semicolons.", "Separate them by commas.")
        return header
    for place, name in enumerate(header):
        if name in header[:place]:
            draft.fault(line, name, f"the column '{name}' appears twice.", "Keep one of them.")
        elif name not in known:
            draft.fault(
                line, name, f"there is no column '{name}'. {nearest(name, known)}".rstrip(), _allowed(known)
            )
    if "actor" not in header:
        draft.fault(line, "actor", "the column 'actor' is missing.", "Each row needs the name of its actor.")
    return header


def _read_record(draft: Draft, header: list[str], values: list[str], line: int) -> None:
    record = dict(zip(header, values, strict=True))
    name = record.pop("actor", "")
    draft.rows.append(
        Row(name, line, {key: Cell(value, line) for key, value in record.items() if key in COLUMNS})
    )


def draft_from_yaml(text: str, file: str) -> Draft:
    """Read the YAML form."""
    draft = Draft(file)
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        draft.fault(mark.line + 1 if mark else 0, "", f"this is not valid YAML: {error.problem}.")
        return draft
    except YAMLError as error:
        draft.fault(0, "", f"this is not valid YAML: {error}.")
        return draft
    if not isinstance(document, Mapping):
        draft.fault(1, "", "the file is not a mapping.", "Write `actors:` and below it one line per actor.")
        return draft
    known = (*SETTINGS, "actors")
    for key, value in document.items():
        line = _line(document, key)
        if key in SETTINGS:
            draft.settings[str(key)] = Cell(value, line)
        elif key != "actors":
            draft.fault(
                line,
                str(key),
                f"there is no key '{key}'. {nearest(str(key), known)}".rstrip(),
                _allowed(known),
            )
    _read_actors(draft, document.get("actors"), _line(document, "actors"))
    return draft


def _read_actors(draft: Draft, actors: object, line: int) -> None:
    if not isinstance(actors, Mapping):
        draft.fault(
            line,
            "actors",
            "there is no mapping of actors." if actors is None else "the actors are not a mapping.",
            "Write `actors:` and below it, for each, `NAME: {position: 50, influence: 1, salience: 0.8}`.",
        )
        return
    for name, values in actors.items():
        here = _line(actors, name)
        if not isinstance(values, Mapping):
            draft.fault(
                here,
                f"actors.{name}",
                "an actor is a mapping.",
                "Write `{position: 50, influence: 1, salience: 0.8}`.",
            )
            continue
        for key in values:
            if key not in COLUMNS:
                message = f"there is no key '{key}'. {nearest(str(key), COLUMNS)}".rstrip()
                draft.fault(_line(values, key), f"actors.{name}.{key}", message, _allowed(COLUMNS))
        cells = {str(key): Cell(value, _line(values, key)) for key, value in values.items() if key in COLUMNS}
        draft.rows.append(Row(str(name), here, cells))


def _line(mapping: Mapping[Any, Any], key: object) -> int:
    """Line of a key in the file, from 1; 0 if the key is not there."""
    marks = getattr(mapping, "lc", None)
    return int(marks.key(key)[0]) + 1 if marks is not None and key in mapping else 0


def _allowed(words: Iterable[str]) -> str:
    return f"Allowed: {', '.join(words)}."
