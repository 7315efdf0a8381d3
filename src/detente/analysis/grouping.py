"""The uncertain numbers of a crisis, one by one or together: by source, by kind of evidence, by section, by actor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from detente.errors import ForecastError
from detente.model import Crisis, Parameter

By = Literal["number", "source", "evidence", "section", "actor"]
JUDGEMENT = "judgement"


@dataclass(frozen=True)
class Group:
    """Numbers that are looked at together: its name, what it stands for, and the names of the parameters."""

    name: str
    title: str
    members: tuple[str, ...]


def uncertain_numbers(crisis: Crisis) -> dict[str, Parameter]:
    """The parameters of a crisis that differ from draw to draw, by name."""
    return {name: each for name, each in crisis.parameters.items() if each.distribution.kind != "fixed"}


def groups_of(crisis: Crisis, by: By = "number") -> tuple[Group, ...]:
    """The uncertain numbers of a crisis in groups.

    Parameters
    ----------
    crisis : Crisis
    by : {'number', 'source', 'evidence', 'section', 'actor'}
        ``number``: each alone. ``source``: those that name the same source, claim or event; one that names two
        is in both groups, and ``judgement`` is a group of its own. ``evidence``: judgement alone, a source whose
        reason begins with ``size judged``, or a source for the size too. ``section``: those of one entry of the
        file, such as ``actions.strike``. ``actor``: those of the actions, factions and offices of one actor.

    Returns
    -------
    tuple of Group, sorted by name

    Raises
    ------
    ForecastError
        For another word.

    Examples
    --------
    >>> from detente.catalog import load
    >>> [group.name for group in groups_of(load("cuba_1962"), "evidence")]
    ['judgement', 'source']
    """
    if by not in get_args(By):
        raise ForecastError(f"by: it must be one of {', '.join(get_args(By))}, but is '{by}'.")
    found: dict[str, list[str]] = defaultdict(list)
    for name, parameter in uncertain_numbers(crisis).items():
        for group in _groups_of(parameter, crisis, by):
            found[group].append(name)
    titles = _titles(crisis, by)
    return tuple(Group(name, titles.get(name, ""), tuple(sorted(found[name]))) for name in sorted(found))


def _groups_of(parameter: Parameter, crisis: Crisis, by: By) -> Iterator[str]:
    match by:
        case "number":
            yield parameter.name
        case "source":
            cited = [source for source in parameter.evidence.source if source != JUDGEMENT]
            yield from dict.fromkeys(cited or [JUDGEMENT])
        case "evidence":
            yield kind_of_evidence(parameter)
        case "section":
            yield section_of(parameter.name)
        case "actor":
            yield from actors_of(parameter.name, crisis) or ("no actor",)


def section_of(parameter: str) -> str:
    """The entry of the file in which a parameter stands, by its path.

    Examples
    --------
    >>> section_of("actions.strike.factors.0.times")
    'actions.strike'
    """
    return ".".join(parameter.split(".")[:2])


def kind_of_evidence(parameter: Parameter) -> str:
    """``judgement``, ``source, size judged`` or ``source``.

    Examples
    --------
    >>> from detente.model import Distribution, Evidence
    >>> kind_of_evidence(Parameter("a", Distribution("fixed", (1,)), "", Evidence(("S1",), "size judged: weak")))
    'source, size judged'
    """
    evidence = parameter.evidence
    if evidence.is_judgement:
        return JUDGEMENT
    return "source, size judged" if evidence.because.startswith("size judged") else "source"


def actors_of(parameter: str, crisis: Crisis) -> tuple[str, ...]:
    """The actors that a parameter belongs to by its path: of the action, or named in the path itself.

    Examples
    --------
    >>> from detente.catalog import load
    >>> actors_of("actions.us_strikes_cuba.rate", load("cuba_1962"))
    ('USA',)
    """
    parts = parameter.split(".")
    moment = crisis.moments.get(parts[1]) if len(parts) > 1 else None
    if parts[0] == "actions" and moment is not None and moment.coding.actor:
        return moment.coding.actor
    return tuple(part for part in parts[1:3] if part in crisis.actors)[:1]


def _titles(crisis: Crisis, by: By) -> Mapping[str, str]:
    if by == "actor":
        return {name: actor.title for name, actor in crisis.actors.items()}
    if by == "section":
        return {f"actions.{name}": moment.title for name, moment in crisis.moments.items()}
    if by == "number":
        return {name: each.evidence.because for name, each in crisis.parameters.items()}
    titles = {name: source.title for name, source in crisis.sources.items()}
    titles |= {name: f"{claim.asserted_by}: {claim.content}" for name, claim in crisis.claims.items()}
    titles |= {name: event.title for name, event in crisis.events.items()}
    return titles | ({JUDGEMENT: "no source named"} if by == "source" else {})
