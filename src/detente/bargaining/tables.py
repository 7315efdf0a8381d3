"""A plain table of actors on one issue, read from CSV or YAML and checked as a whole.

::

    # scale: 4 to 10                          issue: emission standards
    # status_quo: 10                          scale: [4, 10]
    actor,position,influence,salience         actors:
    France,10,0.16,0.6                          France: {position: 10, influence: 0.16, salience: 0.6}
    Germany,4,0.16,0.8                          Germany: {position: 4, influence: 0.16, salience: 0.8}

`capability` is accepted for `influence`. Without a scale, positions run from 0 to 100; salience runs from 0
to 1 unless `salience_scale: 100` is said. All faults are reported at once, with their lines.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detente.bargaining.arguments import FloatArray, Scale
from detente.bargaining.drafts import Cell, Draft, draft_from_csv, draft_from_yaml, nearest, number_of
from detente.errors import Fault, TableError

DEFAULT_SCALE = Scale(0.0, 100.0)

_SMALL = 10.0
"""If all positions lie in [0, 10] and no scale is given, 0 to 100 is probably not what is meant."""

_SCALE_TEXT = re.compile(r"\s*([-+.\deE]+?)\s+to\s+([-+.\deE]+)\s*")


class ActorTableError(TableError):
    """All faults found in a table of actors; `faults` holds them one by one."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        noun = "fault" if len(self.faults) == 1 else "faults"
        head = f"{len(self.faults)} {noun} in {self.faults[0].file}"
        super().__init__("\n\n".join([head, *(str(fault) for fault in self.faults)]))


@dataclass(frozen=True, eq=False)
class ActorTable:
    """Actors on one issue, in the order of the file; everything checked.

    `position` lies in [`lower`, `upper`], `influence` is zero or more, `salience` lies in [0, 1] (converted
    if the file counts to 100); all have shape (n,). `status_quo` and `leader` (a name in `actors`) are None
    if not given.
    """

    actors: tuple[str, ...]
    position: FloatArray
    influence: FloatArray
    salience: FloatArray
    lower: float = DEFAULT_SCALE.lower
    upper: float = DEFAULT_SCALE.upper
    status_quo: float | None = None
    leader: str | None = None
    issue: str = ""
    unit: str = ""


def read_actor_table(path: str | Path) -> ActorTable:
    """Read and check a table of actors; the ending of the name says which form it has.

    Parameters
    ----------
    path : str or Path
        A file ending in ``.csv``, ``.yaml`` or ``.yml``, in UTF-8.

    Returns
    -------
    ActorTable

    Raises
    ------
    ActorTableError
        (a `TableError`) With every fault and its line.
    TableError
        If the file cannot be read or has another ending.

    Examples
    --------
    >>> read_actor_table("actors.txt")
    Traceback (most recent call last):
        ...
    detente.errors.TableError: actors.txt: a table of actors ends in .csv, .yaml or .yml.
    """
    place = Path(path)
    if place.suffix.lower() not in (".csv", ".yaml", ".yml"):
        raise TableError(f"{place.name}: a table of actors ends in .csv, .yaml or .yml.")
    try:
        text = place.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise TableError(f"{place.name}: the file is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise TableError(f"{place}: the file cannot be read ({error.strerror}).") from None
    return parse_actor_table(text, file=place.name)


def parse_actor_table(text: str, *, file: str = "table.csv") -> ActorTable:
    r"""As `read_actor_table`, from the text of a file; `file` is its name, for the form and for messages.

    Examples
    --------
    >>> table = parse_actor_table("actor,position,influence,salience\nA,0,1,1\nB,100,3,0.5\n")
    >>> table.actors, table.salience.tolist()
    (('A', 'B'), [1.0, 0.5])
    """
    draft = draft_from_csv(text, file) if file.lower().endswith(".csv") else draft_from_yaml(text, file)
    table = _judged(draft)
    if draft.faults:
        raise ActorTableError(draft.faults)
    return table


def _judged(draft: Draft) -> ActorTable:
    """Check every value of a draft; faults are noted in it, and stand-ins keep the check going."""
    scale = _scale(draft)
    say = _say_column(draft)
    _check_names(draft)
    position = _numbers(draft, "position", scale.lower, scale.upper, "the declared scale")
    influence = _numbers(draft, say, 0.0, math.inf, "zero and more")
    salience = _saliences(draft)
    _check_whole(draft, position, influence, salience)
    names = tuple(row.name for row in draft.rows)
    return ActorTable(
        names,
        position,
        influence,
        salience,
        scale.lower,
        scale.upper,
        status_quo=_setting_number(draft, "status_quo", scale),
        leader=_leader(draft, names),
        issue=str(draft.settings["issue"].value) if "issue" in draft.settings else "",
        unit=str(draft.settings["unit"].value) if "unit" in draft.settings else "",
    )


def _scale(draft: Draft) -> Scale:
    cell = draft.settings.get("scale")
    if cell is None:
        return DEFAULT_SCALE
    ends: list[float | None] = []
    if isinstance(cell.value, str):
        found = _SCALE_TEXT.fullmatch(cell.value)
        ends = [number_of(text) for text in found.groups()] if found else []
    elif isinstance(cell.value, list):
        ends = [number_of(value) for value in cell.value]
    if len(ends) == 2 and ends[0] is not None and ends[1] is not None and ends[0] < ends[1]:
        return Scale(ends[0], ends[1])
    draft.fault(
        cell.line,
        "scale",
        f"'{cell.value}' is not a range.",
        "Write `4 to 10` in CSV or `[4, 10]` in YAML, lower end first.",
    )
    return Scale(-math.inf, math.inf)


def _say_column(draft: Draft) -> str:
    """Which of the two words for influence the table uses."""
    used = {word for row in draft.rows for word in ("influence", "capability") if word in row.cells}
    if len(used) == 2:
        line = next(row.line for row in draft.rows if len(used & set(row.cells)) > 0)
        draft.fault(
            line, "influence", "'influence' and 'capability' are the same thing.", "Use one of the two words."
        )
    return "capability" if used == {"capability"} else "influence"


def _check_names(draft: Draft) -> None:
    seen: dict[str, int] = {}
    for row in draft.rows:
        if not row.name:
            draft.fault(row.line, "actor", "the name of the actor is empty.")
        elif row.name in seen:
            draft.fault(
                row.line,
                row.name,
                f"the actor '{row.name}' stands twice, first on line {seen[row.name]}.",
                "Names must differ.",
            )
        seen.setdefault(row.name, row.line)


def _numbers(draft: Draft, column: str, low: float, high: float, rule: str) -> FloatArray:
    """One column as numbers in [low, high]; NaN where there was a fault."""
    missing = [row for row in draft.rows if column not in row.cells]
    if missing and len(missing) == len(draft.rows):
        also = " (or 'capability')" if column == "influence" else ""
        draft.fault(missing[0].line, column, f"'{column}'{also} is missing for every actor.", "Add it.")
    elif missing:
        for row in missing:
            draft.fault(
                row.line, f"{row.name}.{column}", f"'{column}' is missing.", "Add it, or leave the actor out."
            )
    return np.array(
        [_cell(draft, row.name, column, row.cells.get(column), low, high, rule) for row in draft.rows]
    )


def _cell(
    draft: Draft, name: str, column: str, cell: Cell | None, low: float, high: float, rule: str
) -> float:
    if cell is None:
        return math.nan
    value, path = number_of(cell.value), f"{name}.{column}"
    if value is None:
        draft.fault(
            cell.line, path, f"'{cell.value}' is not a number.", "Write a plain number with a decimal point."
        )
        return math.nan
    if not low <= value <= high:
        hint = f"Allowed: {rule}." if math.isinf(high) else f"Allowed: {rule}, {low:g} to {high:g}."
        if column == "position":
            hint += " Correct it, or declare another `scale`."
        if column == "salience" and high == 1 and 1 < value <= 100:
            hint += " If the table counts salience from 0 to 100, say `salience_scale: 100`."
        draft.fault(cell.line, path, f"{value:g} lies outside the range of '{column}'.", hint)
        return math.nan
    return value


def _saliences(draft: Draft) -> FloatArray:
    cell = draft.settings.get("salience_scale")
    top = 1.0 if cell is None else number_of(cell.value)
    if top not in (1.0, 100.0):
        draft.fault(
            cell.line if cell else 0,
            "salience_scale",
            "the scale of a salience ends at 1 or at 100.",
            "Write 1 or 100.",
        )
        top = math.inf
    values = _numbers(draft, "salience", 0.0, float(top), "as declared")
    if cell is not None and top == 100.0 and values.size > 1 and np.all(values <= 1):
        draft.fault(
            cell.line,
            "salience_scale",
            "a salience up to 100 is declared, but none is above 1.",
            "Remove `salience_scale` if the table counts from 0 to 1.",
        )
    return values / (100.0 if top == 100.0 else 1.0)


def _check_whole(draft: Draft, position: FloatArray, influence: FloatArray, salience: FloatArray) -> None:
    """What can be said of the columns together, once each value is in order."""
    if len(draft.rows) < 2:
        if not draft.faults:
            message = "there is one actor." if draft.rows else "there are no actors."
            draft.fault(0, "actors", message, "A group needs two or more.")
        return
    if not np.any(np.isnan(influence) | np.isnan(salience)) and not np.any(influence * salience > 0):
        draft.fault(
            draft.rows[0].line,
            "influence",
            "nobody has influence and salience above zero.",
            "So there is no outcome.",
        )
    if "scale" not in draft.settings and np.all((position >= 0) & (position <= _SMALL)):
        draft.fault(
            draft.rows[0].line,
            "position",
            f"all positions lie between {position.min():g} and {position.max():g}, "
            "but without a scale it would be 0 to 100.",
            "Declare the `scale`; if it is 0 to 100, say so.",
        )


def _setting_number(draft: Draft, key: str, scale: Scale) -> float | None:
    cell = draft.settings.get(key)
    if cell is None:
        return None
    value = number_of(cell.value)
    if value is None or not scale.lower <= value <= scale.upper:
        draft.fault(
            cell.line,
            key,
            f"'{cell.value}' is not a position.",
            f"Write a number from {scale.lower:g} to {scale.upper:g}.",
        )
        return None
    return value


def _leader(draft: Draft, names: tuple[str, ...]) -> str | None:
    cell = draft.settings.get("leader")
    if cell is None:
        return None
    leader = str(cell.value)
    if leader not in names:
        message = f"there is no actor '{leader}'. {nearest(leader, names)}".rstrip()
        draft.fault(cell.line, "leader", message, f"Actors: {', '.join(names)}.")
    elif "status_quo" not in draft.settings:
        draft.fault(cell.line, "leader", "a leader's veto needs the status quo.", "Add `status_quo`.")
    return leader
