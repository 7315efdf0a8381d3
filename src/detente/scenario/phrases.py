"""A scenario from words of the command line: ``--forbid "strike until 2025-03-01"``, ``--set rial=900000``.

A phrase is a name, ``=`` and a value where there is one, then dates: ``from``, ``until``, ``at``. What
``--set`` and ``--times`` are about – a stock, a stage, a rate, a number – follows from the name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

from detente.crisisfile.suggest import did_you_mean
from detente.errors import CrisisFileError, Fault
from detente.model import Clock, Crisis
from detente.scenario.applying import apply
from detente.scenario.changes import SHAPES, Change, How, Place, Scenario, Word

COMMAND_LINE = "command line"
PHRASES = ("forbid", "force", "set", "times", "hold", "end", "remove", "move")
"""Options that change something, each of which may be given several times."""

_DATES = {"from": "since", "until": "until", "at": "at", "on": "at"}
_FIELDS = {"at": "at", "since": "from", "until": "until"}
_DATED = re.compile(r"\s+(from|until|at|on)\s+(\S+)")


def from_phrases(
    phrases: Mapping[str, Iterable[str]],
    crisis: Crisis,
    *,
    name: str = "asked",
    at: str = "",
    since: str = "",
    until: str = "",
) -> Scenario:
    """A scenario from phrases.

    Parameters
    ----------
    phrases : mapping of str to iterable of str
        By option, one of `PHRASES`.
    crisis : Crisis
        Decides what a name is.
    name : str
        Of the scenario.
    at, since, until : str
        Dates for every phrase that has none of its own and may have one.

    Raises
    ------
    CrisisFileError
        With every phrase that cannot be read, and every name that the crisis does not have.

    Examples
    --------
    >>> from detente import load
    >>> cuba = load("cuba_1962")
    >>> print(from_phrases({"forbid": ["us_strikes_cuba until 1962-11-01"], "set": ["alert=80"]}, cuba))
    asked: forbid us_strikes_cuba until 1962-11-01; stock alert set 80
    """
    faults: list[Fault] = []
    changes = []
    for option, texts in phrases.items():
        for text in texts:
            change = _change(option, text, crisis, faults)
            if change is not None:
                changes.append(_dated(change, at=at, since=since, until=until))
    faults += _unused(changes, at=at, since=since, until=until)
    made = Scenario(name, changes=tuple(changes), place=Place(COMMAND_LINE))
    if faults:
        raise CrisisFileError([*faults, *_faults_of(made, crisis)])
    return made


def _unused(changes: list[Change], **dates: str) -> list[Fault]:
    """A general date that belongs to none of the changes."""
    options = {"at": "--on", "since": "--from", "until": "--until"}
    hint = "--on is for --force, --end and --set of a stock or stage; --from and --until for what lasts."
    return [
        Fault(COMMAND_LINE, 0, options[field], "no change has such a date", hint)
        for field, date in dates.items()
        if date and changes and not any(_may_have(change, field) for change in changes)
    ]


def _may_have(change: Change, field: str) -> bool:
    """Whether a general date may belong to a change; a move says its own."""
    return change.word != "move" and _FIELDS[field] in SHAPES[change.word].dates


def _faults_of(scenario: Scenario, crisis: Crisis) -> tuple[Fault, ...]:
    """What else is wrong with the phrases that can be read, so that all is told at once."""
    try:
        apply(scenario, crisis)
    except CrisisFileError as problem:
        return problem.faults
    return ()


def _change(option: str, text: str, crisis: Crisis, faults: list[Fault]) -> Change | None:
    found = _DATED.findall(text)
    rest = _DATED.sub("", text).strip()
    target, equals, value = (part.strip() for part in rest.partition("="))
    problem = _problem(option, target, equals, value, crisis)
    if problem:
        faults.append(Fault(COMMAND_LINE, 0, f"--{option}", *problem))
        return None
    dates = {_DATES[word]: date for word, date in found}
    place = Place(COMMAND_LINE, 0, f"--{option}")
    if option == "move":
        at, _, to = (part.strip() for part in value.partition(" to "))
        return Change("move", target, at=at, to=to, place=place)
    word, how = _word(option, target, crisis)
    return Change(word, target, how, value if how else None, **dates, place=place)


def _problem(option: str, target: str, equals: str, value: str, crisis: Crisis) -> tuple[str, str] | None:
    """What is wrong with a phrase, and the remedy."""
    example = _EXAMPLES[option]
    if not target or " " in target:
        return f"'{target}' is not the name of anything", f"Example: {example}."
    if bool(equals) != (option in ("set", "times", "move")) or (equals and not value):
        what = "needs a value after '='" if option in ("set", "times", "move") else "takes no value"
        return f"--{option} {what}", f"Example: {example}."
    if option in ("set", "times") and _kind(target, crisis) is None:
        known = (*crisis.stocks, *crisis.stages, *crisis.happenings(), *crisis.parameters)
        hint = f"{did_you_mean(target, known)} Name a stock, a stage, an action or a number."
        return f"there is no '{target}' in the crisis", hint.strip()
    return None


_EXAMPLES = {
    "forbid": '--forbid "strike until 2025-03-01"',
    "force": '--force "strike at 2025-02-01"',
    "set": '--set "rial=900000 at 2025-01-01"',
    "times": '--times "strike=2 until 2025-03-01"',
    "hold": '--hold "truce until 2025-03-01"',
    "end": '--end "truce at 2025-01-15"',
    "remove": '--remove "IRN.hardline from 2025-02-01"',
    "move": '--move "board=2025-03-03 to 2025-03-20"',
}


def _word(option: str, target: str, crisis: Crisis) -> tuple[Word, How]:
    """The change that an option is."""
    kind = _kind(target, crisis)
    if option == "set" and kind == "stage":
        return "stage", "becomes"
    if option in ("set", "times") and kind is not None:
        return kind, "set" if option == "set" else "times"
    return option, ""  # type: ignore[return-value]


def _kind(target: str, crisis: Crisis) -> Word | None:
    if target in crisis.stocks:
        return "stock"
    if target in crisis.stages and not _is_clock(target, crisis):
        return "stage"
    if target in crisis.parameters:
        return "number"
    return "rate" if target in set(crisis.happenings()) else None


def _is_clock(target: str, crisis: Crisis) -> bool:
    return target in crisis.moments and isinstance(crisis.moments[target].cause, Clock)


def _dated(change: Change, **dates: str) -> Change:
    """A change with the general dates where it may have one and has none."""
    missing = {
        field: date
        for field, date in dates.items()
        if date and _may_have(change, field) and not getattr(change, field)
    }
    return dataclasses.replace(change, **missing)  # type: ignore[arg-type]
