"""Which stocks of a crisis are worth showing along the way."""

from __future__ import annotations

from detente.expressions import Name, walk
from detente.model import Crisis


def stocks_of_interest(crisis: Crisis) -> tuple[str, ...]:
    """The stocks that questions ask for, and the influence of factions where an actor has several.

    Examples
    --------
    >>> from detente import load
    >>> stocks_of_interest(load("cuba_1962"))[-1].split(".")[0]
    'USA'
    """
    asked = {
        node.name
        for question in crisis.questions.values()
        for node in walk(question.yes_if)
        if isinstance(node, Name) and node.name in crisis.stocks and crisis.stocks[node.name].title
    }
    influences = [
        f"{name}.{faction.name}"
        for name, actor in crisis.actors.items()
        if len(actor.factions) > 1
        for faction in actor.factions
        if f"{name}.{faction.name}" in crisis.stocks
    ]
    return (*sorted(asked), *influences)


def is_influence(crisis: Crisis, stock: str) -> bool:
    """Whether a stock is the influence of a faction.

    Examples
    --------
    >>> from detente import load
    >>> is_influence(load("cuba_1962"), "sites")
    False
    """
    actor, _, faction = stock.partition(".")
    return actor in crisis.actors and any(each.name == faction for each in crisis.actors[actor].factions)
