"""Broken schema → faults in the house form: what, where, what is allowed, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from detente.crisisfile.reading import Path, Tree, dotted
from detente.crisisfile.schema.base import describe
from detente.crisisfile.schema.whole import CrisisForm
from detente.crisisfile.suggest import did_you_mean
from detente.errors import Fault


@dataclass(frozen=True)
class Validated:
    """The data of a file as a `CrisisForm`, and what is wrong with it.

    Attributes
    ----------
    form : CrisisForm or None
        What can be read; entries with a fault are left out. None where the head is too broken to go on.
    faults : tuple of Fault
        Unknown and missing fields, wrong kinds of value, fields that do not go together.
    left_out : frozenset of str
        Names of the entries that are left out.
    """

    form: CrisisForm | None
    faults: tuple[Fault, ...] = ()
    left_out: frozenset[str] = frozenset()


def validate(tree: Tree) -> Validated:
    """Check the data of a file against the human form."""
    try:
        return Validated(CrisisForm.model_validate(tree.data))
    except ValidationError as problem:
        faults = tuple(_faults(problem, tree))
        places = [_place(error["loc"], tree.data) for error in problem.errors()]
    rest, left_out = _without(tree.data, places)
    try:
        return Validated(CrisisForm.model_validate(rest), faults, left_out)
    except ValidationError:
        return Validated(None, faults, left_out)


def _without(data: dict[str, Any], places: Iterable[Path]) -> tuple[dict[str, Any], frozenset[str]]:
    """A copy of the data without the entries of sections that are at fault, and the names of these."""
    rest = {key: dict(value) if isinstance(value, dict) else value for key, value in data.items()}
    left_out: set[str] = set()
    for place in places:
        if not place:
            continue
        section = rest.get(str(place[0]))
        if len(place) > 1 and isinstance(section, dict):
            section.pop(str(place[1]), None)
            left_out.add(str(place[1]))
        elif section is not None:
            left_out.update(rest.pop(str(place[0])) if isinstance(section, dict) else ())
    return rest, frozenset(left_out)


def _faults(problem: ValidationError, tree: Tree) -> Iterator[Fault]:
    for error in problem.errors():
        path = _place(error["loc"], tree.data)
        message, hint = _say(error, path)
        yield Fault(tree.file, tree.line(path), dotted(path), message, hint)


def _place(location: tuple[int | str, ...], data: Any) -> Path:
    """The part of pydantic's location that is a path of the file (it adds the branches of a union)."""
    path: list[int | str] = []
    for part in location:
        inside = isinstance(data, dict) and part in data
        if isinstance(data, list) and isinstance(part, int) and part < len(data):
            inside = True
        if inside:
            path.append(part)
            data = data[part]
    return tuple(path)


def _say(error: ErrorDetails, path: Path) -> tuple[str, str]:
    """Message and hint for one error of pydantic."""
    last = str(error["loc"][-1])
    given = error["input"]
    match error["type"]:
        case "extra_forbidden":
            return _unknown_field(last, error["loc"])
        case "missing":
            return f"the field '{last}' is missing", _about(error["loc"])
        case "literal_error":
            expected = str(error.get("ctx", {}).get("expected", "")).replace(" or ", ", ").replace("'", "")
            guess = did_you_mean(str(given), expected.split(", "))
            return f"{describe(given)} is not allowed here", f"{guess} Allowed: {expected}.".strip()
        case "value_error":
            message, _, hint = str(error.get("ctx", {}).get("error", error["msg"])).partition("|")
            return message, hint
    return _wrong_kind(error["type"], given)


_KINDS = {
    "string_type": ("text", "Codes and names are text; put digits in quotes."),
    "dict_type": ("a mapping", "Write it as `name: …` lines, indented, or in braces."),
    "model_type": ("a mapping", "Write it as `name: …` lines, indented, or in braces."),
    "tuple_type": ("a list", "Write its items in brackets, or one per line after a dash."),
    "list_type": ("a list", "Write its items in brackets, or one per line after a dash."),
    "bool_type": ("true or false", "Write true or false."),
    "bool_parsing": ("true or false", "Write true or false."),
    "float_type": ("a number", "Write a plain number."),
    "float_parsing": ("a number", "Write a plain number."),
    "int_type": ("a whole number", "Write a whole number, such as 1."),
    "int_parsing": ("a whole number", "Write a whole number, such as 1."),
    "int_from_float": ("a whole number", "Write a whole number, such as 1."),
    "greater_than_equal": ("a whole number of at least 1", "Leave the field out where there is no limit."),
}


def _wrong_kind(kind: str, given: Any) -> tuple[str, str]:
    expected, hint = _KINDS.get(kind, ("something else", f"({kind})"))
    return f"this must be {expected}, but it is {describe(given)}", hint


def _unknown_field(name: str, location: tuple[int | str, ...]) -> tuple[str, str]:
    form = _form_at(location[:-1])
    known = [field.alias or key for key, field in form.model_fields.items()]
    where = "a section" if form is CrisisForm else "a field"
    hint = f"{did_you_mean(name, known)} Known here: {', '.join(sorted(known))}."
    return f"'{name}' is not {where} that can stand here", hint.strip()


def _about(location: tuple[int | str, ...]) -> str:
    form = _form_at(location[:-1])
    for key, field in form.model_fields.items():
        if (field.alias or key) == location[-1]:
            return f"It says: {field.description}"
    return ""


def _form_at(location: tuple[int | str, ...]) -> type[BaseModel]:
    """The class of the human form at a location: follows fields, values of mappings, items of lists."""
    here: Any = CrisisForm
    for part in location:
        here = _bare(here)
        if isinstance(here, type) and issubclass(here, BaseModel):
            fields = {field.alias or key: field.annotation for key, field in here.model_fields.items()}
            here = fields[str(part)]
        else:
            here = get_args(here)[1 if get_origin(here) is dict else 0]
    here = _bare(here)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else CrisisForm


def _bare(annotation: Any) -> Any:
    """An annotation without ``Annotated`` and ``| None``."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, UnionType):
            annotation = next(part for part in get_args(annotation) if part is not type(None))
        else:
            return annotation
