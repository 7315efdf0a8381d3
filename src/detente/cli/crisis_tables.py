"""The command ``show``: a crisis as readable tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from detente.cli import crisis_text as words
from detente.dates import date_at
from detente.layout import Column, grid
from detente.model import Actor, Clock, Crisis, Faction, Moment, Schedule

if TYPE_CHECKING:
    from rich.console import RenderableType

Rows = list[tuple[str, ...]]


def crisis_tables(crisis: Crisis, *, everything: bool = False) -> Group:
    """Head, actors, stocks, stages, actions in full, other moments, questions.

    With `everything` the other moments are shown in full too.
    """
    others = [moment for moment in crisis.moments.values() if not moment.main]
    parts = [
        *_head(crisis),
        *_table("Actors", ("Actor", "Title", "Factions"), _actors(crisis)),
        *_table("Stocks", ("Stock", "Title", "Starts at", "Moves"), _stocks(crisis)),
        *_table("Stages", ("Stage", "Title", "Values"), _stages(crisis)),
        *_in_full("Actions", [moment for moment in crisis.moments.values() if moment.main], crisis),
    ]
    if everything:
        parts += _in_full("Other moments", others, crisis)
    else:
        parts += _table("Other moments", ("Moment", "Title", "Happens"), _moments(others, crisis))
    parts += _table("Questions", ("", "Question", "Closes", "Yes if"), _questions(crisis))
    return Group(*parts)


def _head(crisis: Crisis) -> Iterator[RenderableType]:
    yield Text(f"{crisis.title or crisis.name} ({crisis.name})", style="bold")
    last = date_at(crisis.as_of, crisis.horizon - 1.0).date()
    yield Text(f"As of {crisis.as_of}, to {last} ({crisis.horizon:g} days)")
    if crisis.record_from < 0.0:
        first = date_at(crisis.as_of, crisis.record_from).date()
        yield Text(f"Replayed from {first}: {len(crisis.replayed)} recorded happenings")
    if crisis.description:
        yield Text(f"\n{crisis.description}")
    counts = {
        "parameters": crisis.parameters,
        "moments": crisis.moments,
        "questions": crisis.questions,
        "sources": crisis.sources,
        "claims": crisis.claims,
        "events": crisis.events,
    }
    yield Text("\n" + ", ".join(f"{len(things)} {name}" for name, things in counts.items()))


def _table(title: str, heads: tuple[str, ...], rows: Rows) -> Iterator[RenderableType]:
    if rows:
        yield Text(f"\n{title}", style="bold")
        yield grid([Column(head, flexible=head not in ("Closes",)) for head in heads], rows)


def _actors(crisis: Crisis) -> Rows:
    return [
        (
            actor.name,
            actor.title,
            "\n".join(f"{faction.name}: {_influence(actor, faction, crisis)}" for faction in actor.factions),
        )
        for actor in crisis.actors.values()
    ]


def _influence(actor: Actor, faction: Faction, crisis: Crisis) -> str:
    return words.expression(crisis.stocks[f"{actor.name}.{faction.name}"].start, crisis)


def _stocks(crisis: Crisis) -> Rows:
    return [
        (
            stock.name,
            f"{stock.title} [{stock.unit}]" if stock.unit else stock.title,
            words.expression(stock.start, crisis),
            "\n".join(words.movement(stock, crisis)),
        )
        for stock in crisis.stocks.values()
    ]


def _stages(crisis: Crisis) -> Rows:
    return [(stage.name, stage.title, " ".join(stage.values)) for stage in crisis.stages.values()]


def _moments(moments: list[Moment], crisis: Crisis) -> Rows:
    order = {Clock: 0, Schedule: 1}
    kinds = sorted(moments, key=lambda moment: (order.get(type(moment.cause), 2), moment.name))
    return [(moment.name, moment.title, words.cause(moment, crisis)) for moment in kinds]


def _questions(crisis: Crisis) -> Rows:
    return [
        (
            question.name,
            question.text,
            date_at(crisis.as_of, question.closes - 1.0).date().isoformat(),
            words.bare(str(question.yes_if)),
        )
        for question in crisis.questions.values()
    ]


def _in_full(title: str, moments: list[Moment], crisis: Crisis) -> Iterator[RenderableType]:
    if moments:
        yield Text(f"\n{title}", style="bold")
    for moment in moments:
        who = " → ".join(", ".join(side) for side in (moment.coding.actor, moment.coding.recipient) if side)
        head = "  ".join(part for part in (moment.name, moment.title, who) if part)
        yield Text(f"\n{head}", style="bold cyan")
        lines = Table.grid(padding=(0, 2, 0, 0))
        for name, line in _lines(moment, crisis):
            lines.add_row(Text(name), Text(line))
        yield Padding(lines, (0, 0, 0, 2))


def _lines(moment: Moment, crisis: Crisis) -> Iterator[tuple[str, str]]:
    """What there is to say about a moment, each line with its heading where that changes."""
    yield "happens", words.cause(moment, crisis)
    if moment.guard is not None:
        yield "only while", words.bare(str(moment.guard))
    factors = moment.cause.factors if isinstance(moment.cause, Clock) else ()
    yield from _headed("factors", [words.factor(part, crisis) for part in factors])
    yield from _headed("effects", [words.effect(part, crisis) for part in moment.effects])
    yield from _headed("outcomes", [words.outcome(part, crisis) for part in moment.outcomes])


def _headed(name: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    for place, line in enumerate(lines):
        yield (name if place == 0 else ""), line
