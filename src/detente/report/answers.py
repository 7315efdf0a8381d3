"""The answers first: every question with both kinds of uncertainty, over time, and the dates ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from detente.engine.ensemble import Paths
from detente.forecasting import Forecast
from detente.forecasting.answers import Answer, last_day
from detente.forecasting.deadlines import Deadline, deadlines_of
from detente.forecasting.stocks import is_influence
from detente.forecasting.tables import ACTIONS, action_rows
from detente.forecasting.wording import LEGEND, error_text, probability_text, range_text
from detente.layout import Column
from detente.model import Crisis
from detente.plots.ahead import timeline_ahead
from detente.plots.fans import Observed, faction_balance, fan_charts
from detente.plots.network import actor_network
from detente.plots.probabilities import probability_curves
from detente.report.parts import Bar, Cell, Picture, Section, Table, picture

_QUESTIONS = (
    Column(""),
    Column("Question", flexible=True),
    Column("Closes"),
    Column("Yes", right=True),
    Column("±", right=True),
    Column("90 % range", right=True),
    Column("0 … 100 %"),
)
_DEADLINES = (Column("Day"), Column("What", flexible=True), Column("May turn out", flexible=True))
_KINDS: Mapping[str, str] = {
    "date": "",
    "occasion": "may be decided",
    "clock": "runs out",
    "question": "closes",
}


def answers_section(found: Forecast) -> Section:
    """All questions as a table, and as curves over time."""
    rows = tuple(_row(answer) for answer in found.answers.values())
    answered = sum(answer.probability is not None for answer in found.answers.values())
    curves = probability_curves(found)
    alt = "; ".join(f"{a.id} {probability_text(a)}" for a in found.answers.values())
    return Section(
        "answers",
        "Answers",
        (f"{answered} of {len(found.answers)} questions are answered.", *found.warnings),
        (Table(_QUESTIONS, rows, LEGEND),),
        (picture(curves, "Probability of yes by each day", f"Probability of yes at the close: {alt}."),),
    )


def _row(answer: Answer) -> tuple[Cell, ...]:
    given = "" if answer.n_given is None else f" (condition holds in {answer.n_given:,} futures)"
    text = answer.text + given
    bar: Cell = ""
    if answer.probability is not None and answer.low is not None and answer.high is not None:
        bar = Bar(answer.low, answer.probability, answer.high)
    numbers = probability_text(answer), error_text(answer), range_text(answer)
    if answer.probability is None:
        text = f"{text} – not answered: {answer.reason}"
    return (answer.id, text, answer.closes.isoformat(), *numbers, bar)


def actions_section(found: Forecast) -> Section:
    """When the listed actions are likely to happen, and who acts on whom."""
    rows = tuple(action_rows(found.shown()))
    crisis = found.ensemble.crisis
    ahead = timeline_ahead(found, deadlines_of(crisis))
    ring = actor_network(crisis, found.ensemble.counts)
    alt = "Arrows between the actors: actions of the record on the left, of the futures on the right."
    return Section(
        "actions",
        "Likely actions",
        ("Dates are those of the first time, in the futures in which the action happens.",),
        (Table(ACTIONS, rows),),
        (
            picture(ahead, "From the record into the futures", _dates_in_words(found)),
            picture(ring, "Who acts on whom", alt),
        ),
    )


def _dates_in_words(found: Forecast) -> str:
    parts = [
        f"{each.title}: {each.probability:.0%}"
        + (f", median {each.median.isoformat()}" if each.median is not None else "")
        for each in found.actions.values()
    ]
    return "When listed actions are likely to happen first. " + "; ".join(parts) + "."


def deadlines_section(crisis: Crisis) -> Section:
    """What is dated ahead."""
    rows = tuple(_deadline(each) for each in deadlines_of(crisis) if each.kind != "question")
    text = "Fixed days, days on which something may be decided, and clocks that run at the as-of date."
    return Section("deadlines", "Deadlines ahead", (text,), (Table(_DEADLINES, rows),))


def _deadline(each: Deadline) -> tuple[Cell, ...]:
    kind = _KINDS[each.kind]
    title = f"{each.title} ({kind})" if kind else each.title
    return each.day.isoformat(), title, ", ".join(each.outcomes)


def stocks_section(
    crisis: Crisis, futures: Paths, past: Paths | None = None, observed: Observed | None = None
) -> Section:
    """How the stocks that were kept went and may go, and the balance of the factions."""
    stocks = {name: values for name, values in futures.values.items() if not is_influence(crisis, name)}
    pictures: list[Picture] = []
    if stocks:
        fans = fan_charts(crisis, Paths(futures.times, stocks), past=past, observed=observed)
        told = [_ends(crisis, Paths(futures.times, stocks)), *_begins(crisis, tuple(stocks), past, observed)]
        line = "" if past is None else f"; the line is the as-of date, {crisis.as_of.isoformat()}"
        pictures.append(picture(fans, f"Quantities{line}", " ".join(told)))
    for name, actor in crisis.actors.items():
        held = [f"{name}.{faction.name}" for faction in actor.factions]
        if len(held) > 1 and all(each in futures.values for each in held):
            balance = faction_balance(crisis, name, futures, past)
            since = "" if past is None else f", since {last_day(crisis, float(past.times[0])).isoformat()}"
            alt = f"Shares of influence of the factions of {actor.title or name}, medians and 90 % ranges{since}."
            pictures.append(picture(balance, f"Factions: {actor.title or name}", alt))
    return Section("quantities", "Quantities and factions", pictures=tuple(pictures))


def _ends(crisis: Crisis, paths: Paths) -> str:
    """The medians and ranges at the horizon, in words."""
    parts = []
    for name in paths.values:
        low, middle, high = paths.quantiles(name, (0.05, 0.5, 0.95))[:, -1]
        stock = crisis.stocks[name]
        parts.append(
            f"{stock.title or name}: median {middle:,.4g} {stock.unit}, 90 % {low:,.4g} to {high:,.4g}"
        )
    return "At the horizon: " + "; ".join(parts) + "."


def _begins(
    crisis: Crisis, names: tuple[str, ...], past: Paths | None, observed: Observed | None
) -> Iterator[str]:
    """Where the replayed medians begin and end, and what was measured since, in words."""
    if past is None:
        return
    told = [text for name in names if (text := _replayed(crisis, past, name))]
    if told:
        yield f"Before the as-of date, the record replayed: {'; '.join(told)}."
    first = last_day(crisis, float(past.times[0]))
    for name in names:
        dots = [dot for dot in (observed or {}).get(name, ()) if dot[0] >= first]
        if dots:
            values = ", ".join(f"{value:,.6g} on {day.isoformat()}" for day, value in dots)
            yield f"Measured: {crisis.stocks[name].title or name} {values}."


def _replayed(crisis: Crisis, past: Paths, name: str) -> str:
    """The median at the first time at which something is claimed of a stock, and at the last."""
    medians = past.quantiles(name, (0.5,))[0] if name in past.values else np.array([])
    known = np.flatnonzero(~np.isnan(medians))
    if not known.size:
        return ""
    day = last_day(crisis, float(past.times[known[0]])).isoformat()
    title = crisis.stocks[name].title or name
    return f"{title}: median {medians[known[0]]:,.6g} on {day}, {medians[-1]:,.6g} at the as-of date"
