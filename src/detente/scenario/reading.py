"""Scenario files: a few lines of YAML, read and checked with the care of a crisis file.

::

    scenario: truce_holds
    title: The truce in Lebanon holds through the winter
    date: 2024-11-30
    source: [S01]
    because: what the mediators work for
    changes:
      - {hold: lebanon_truce, until: 2025-03-01}

Names are looked up when the scenario is applied to a crisis: one file may serve several versions of it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from detente.crisisfile.reading import Path as TreePath
from detente.crisisfile.reading import Tree, dotted, read, read_file
from detente.crisisfile.suggest import did_you_mean
from detente.dates import parse_date
from detente.errors import CrisisFileError, Fault
from detente.model import Evidence
from detente.scenario.changes import EVIDENCE, SHAPES, Change, Place, Scenario, Shape

FOLDER = "scenarios"
"""Folder of a crisis in which its scenarios stand."""

FIELDS = ("scenario", "title", "date", *EVIDENCE, "changes")
MAX_CHANGES = 200
_DATES = {"at": "at", "from": "since", "until": "until", "to": "to"}
_NAME = re.compile(r"[A-Za-z]\w{0,79}", re.ASCII)


def load_scenario(path: Path | str) -> Scenario:
    """Read a scenario from its file.

    Raises
    ------
    CrisisFileError
        With every fault of the file: unknown and missing fields, words, dates that are none.
    """
    return _Reader(read_file(path)).scenario()


def loads_scenario(text: str, file: str = "<text>") -> Scenario:
    r"""Read a scenario from text; `file` is how faults name it.

    Examples
    --------
    >>> print(loads_scenario("scenario: calm\nchanges:\n  - {forbid: strike, until: 2025-03-01}"))
    calm: forbid strike until 2025-03-01
    """
    return _Reader(read(text, file)).scenario()


def list_scenarios(crisis: Path) -> tuple[str, ...]:
    """Names of the scenarios in the folder of a crisis, sorted; none for a crisis that is a single file."""
    folder = crisis / FOLDER
    return tuple(sorted(path.stem for path in folder.glob("*.yaml"))) if folder.is_dir() else ()


def find_scenario(name_or_path: str | Path, crisis: Path) -> Path:
    """The file of a scenario: one of the folder of a crisis by its name, or any by its path.

    Raises
    ------
    CrisisFileError
        If there is neither; with the names that exist and the nearest of them.
    """
    known = list_scenarios(crisis)
    if str(name_or_path) in known:
        return crisis / FOLDER / f"{name_or_path}.yaml"
    path = Path(name_or_path)
    if path.is_file():
        return path
    hint = f"{did_you_mean(str(name_or_path), known)} Scenarios of the crisis: {', '.join(known) or 'none'}."
    hint = f"{hint} Or give the path of a .yaml file.".strip()
    raise CrisisFileError([Fault(str(name_or_path), 0, "", f"there is no scenario '{name_or_path}'", hint)])


class _Reader:
    """One file on its way to a scenario."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.faults: list[Fault] = []

    def scenario(self) -> Scenario:
        data = self.tree.data
        self._refuse_unknown(data, FIELDS, (), "a scenario")
        made = Scenario(
            name=self._name(),
            title=self._text(data, "title", ()),
            date=self._date(),
            changes=tuple(self._changes()),
            evidence=self._evidence(data, ()),
            place=Place(self.tree.file, 1),
        )
        if self.faults:
            raise CrisisFileError(self.faults)
        return made

    def _fault(self, path: TreePath, message: str, hint: str) -> None:
        self.faults.append(Fault(self.tree.file, self.tree.line(path), dotted(path), message, hint))

    def _refuse_unknown(
        self, data: Mapping[str, Any], known: tuple[str, ...], path: TreePath, what: str
    ) -> None:
        for key in data:
            if key not in known:
                hint = f"{did_you_mean(key, known)} Fields: {', '.join(known)}.".strip()
                self._fault((*path, key), f"{what} has no field '{key}'", hint)

    def _name(self) -> str:
        name = self.tree.data.get("scenario")
        if name is None:
            self._fault((), "the field 'scenario' is missing", "Begin the file with 'scenario: NAME'.")
        elif not isinstance(name, str) or not _NAME.fullmatch(name):
            hint = "Write letters, digits and underscores, such as truce_holds."
            self._fault(("scenario",), f"'{name}' cannot be the name of a scenario", hint)
        return str(name)

    def _text(self, data: Mapping[str, Any], key: str, path: TreePath) -> str:
        text = data.get(key, "")
        if not isinstance(text, str):
            self._fault((*path, key), f"this must be text, but it is {text!r}", "Put it in quotes.")
            return ""
        return text

    def _date(self) -> dt.date | None:
        text = self.tree.data.get("date")
        if text is None:
            return None
        try:
            return parse_date(str(text)).date()
        except ValueError as problem:
            self._fault(("date",), str(problem), "Write the day as 2024-11-30.")
            return None

    def _evidence(self, data: Mapping[str, Any], path: TreePath) -> Evidence:
        source = data.get("source", ())
        listed = (source,) if isinstance(source, str) else source
        if not isinstance(listed, list | tuple) or not all(isinstance(each, str) for each in listed):
            hint = "Write one id, or several in brackets: source: [S01, S02]."
            self._fault((*path, "source"), "a source is the id of a document, or a list of ids", hint)
            listed = ()
        because = self._text(data, "because", path)
        if "judgement" in listed and not because:
            hint = "Add `because:` with the reason, in one line."
            self._fault((*path, "source"), "a judgement needs its reason", hint)
        return Evidence(tuple(listed), because)

    def _changes(self) -> Iterator[Change]:
        lines = self.tree.data.get("changes") or []
        if not isinstance(lines, list):
            hint = "Write each after a dash: `- {forbid: strike, until: 2025-03-01}`."
            self._fault(("changes",), "the changes must be a list", hint)
            return
        if len(lines) > MAX_CHANGES:
            hint = "Divide it into several scenarios."
            self._fault(("changes",), f"a scenario has at most {MAX_CHANGES} changes", hint)
            return
        for i, line in enumerate(lines):
            change = self._change(line, ("changes", i))
            if change is not None:
                yield change

    def _change(self, line: Any, path: TreePath) -> Change | None:
        words = [word for word in SHAPES if isinstance(line, dict) and word in line]
        if len(words) != 1:
            self._say_what_a_change_is(line, words, path)
            return None
        word = words[0]
        shape = SHAPES[word]
        before = len(self.faults)
        self._refuse_unknown(line, (word, *shape.how, *shape.dates, *EVIDENCE), path, f"a line '{word}'")
        target = line[word]
        if not isinstance(target, str):
            self._fault((*path, word), f"after '{word}' stands {shape.names}", f"Example: {shape.example}.")
        how = self._how(line, word, shape, path)
        dates = self._dates(line, word, shape, path)
        evidence = self._evidence(line, path)
        if len(self.faults) > before:
            return None
        value = line[how] if how else None
        place = Place(self.tree.file, self.tree.line(path), dotted(path))
        return Change(word, target, how, value, **dates, evidence=evidence, place=place)  # type: ignore[arg-type]

    def _say_what_a_change_is(self, line: Any, words: list[str], path: TreePath) -> None:
        if words:
            hint = "Write a line for each."
            self._fault(path, f"this line changes several things: {', '.join(words)}", hint)
            return
        first = str(next(iter(line), "")) if isinstance(line, dict) else ""
        hint = f"{did_you_mean(first, SHAPES)} A change begins with one of: {', '.join(SHAPES)}.".strip()
        self._fault(path, "this line does not say what is changed", hint)

    def _how(self, line: Mapping[str, Any], word: str, shape: Shape, path: TreePath) -> str:
        found = [how for how in shape.how if how in line]
        if len(found) == 1 or not shape.how:
            return found[0] if found else ""
        choice = " or ".join(shape.how)
        message = f"several values: {', '.join(found)}" if found else f"'{word}' needs a value: {choice}"
        self._fault(path, message, f"Example: {shape.example}.")
        return ""

    def _dates(self, line: Mapping[str, Any], word: str, shape: Shape, path: TreePath) -> dict[str, str]:
        for key in shape.needed:
            if key not in line:
                self._fault(path, f"'{word}' needs `{key}:`", f"Example: {shape.example}.")
        for key in shape.dates:
            if key in line and not isinstance(line[key], str):
                hint = "Write it as 2025-03-01, or as 2025-03-01T12:00."
                self._fault((*path, key), f"a date is expected here, but this is {line[key]!r}", hint)
        return {_DATES[key]: line[key] for key in shape.dates if key in line}
