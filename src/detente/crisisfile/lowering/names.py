"""Names: whether one is known and of the right kind, and what is said where it is not."""

from __future__ import annotations

from detente.crisisfile.lowering.builder import Builder, Kind
from detente.crisisfile.reading import Path
from detente.crisisfile.suggest import did_you_mean
from detente.model import Timer

WORDS: dict[Kind, str] = {
    "parameter": "a parameter",
    "stock": "a stock",
    "stage": "a stage",
    "memory": "a memory",
    "moment": "a happening",
    "timer": "a timer",
    "outcome": "an outcome",
    "alias": "a condition",
    "date": "a date of the calendar",
    "actor": "an actor",
    "question": "a question",
}
"""Kinds of names, in words."""

HAPPENINGS: tuple[Kind, ...] = ("moment", "outcome")
_SHOWN = 25


def check_value(build: Builder, stage: str, value: str, path: Path) -> None:
    """Record a fault where a stage has no such value."""
    values = build.stages[stage].values
    if value not in values:
        hint = f"{did_you_mean(value, values)} Its values: {', '.join(values)}.".strip()
        build.fault(path, f"the stage '{stage}' has no value '{value}'", hint)


def look_up(build: Builder, name: str, kinds: tuple[Kind, ...], path: Path) -> bool:
    """Whether a name is of one of some kinds; a fault is recorded if it is not."""
    declared = build.names.get(name)
    wanted = _joined(kinds)
    if declared is None and build.is_left_out(name):
        return False
    if declared is None:
        build.fault(path, f"there is no {wanted} '{name}'", _known(build, name, kinds))
        return False
    if declared.kind in kinds or ("timer" in kinds and _is_timer(build, name)):
        return True
    hint = _remedy(declared.kind, name, kinds) or _known(build, name, kinds)
    build.fault(path, f"'{name}' is {WORDS[declared.kind]}; what is needed here is {_article(wanted)}", hint)
    return False


def _joined(kinds: tuple[Kind, ...]) -> str:
    named = [kind for kind in kinds if kind != "outcome" or "moment" not in kinds]
    return " or ".join(WORDS[kind].split(" ", 1)[1] for kind in named)


def _article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _is_timer(build: Builder, name: str) -> bool:
    draft = build.moments.get(name)
    return draft is not None and isinstance(draft.cause, Timer)


def _known(build: Builder, name: str, kinds: tuple[Kind, ...]) -> str:
    """The names of some kinds that an analyst may mean, without those that lowering made for itself."""
    known = sorted(
        other
        for other, declared in build.names.items()
        if declared.written and (declared.kind in kinds or ("timer" in kinds and _is_timer(build, other)))
    )
    some = ", ".join(known[:_SHOWN]) + (" …" if len(known) > _SHOWN else "")
    return f"{did_you_mean(name, known)} Known: {some or 'none'}.".strip()


def _remedy(kind: Kind, name: str, kinds: tuple[Kind, ...]) -> str:
    if kind in HAPPENINGS and "stock" in kinds:
        return f"Write count({name}), since({name}), happened({name}) or `within 30 d of {name}`."
    if kind == "stage" and "stock" in kinds:
        return f"Compare it with one of its values: `{name} == …`."
    if kind == "date":
        return f"Write until({name}): the days from now to that date."
    if kind in ("parameter", "stock", "memory") and "moment" in kinds:
        return "A happening is a moment or one of its outcomes."
    return ""
