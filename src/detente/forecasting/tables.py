"""A forecast as text, as tables for a terminal and as HTML; the same cells in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from detente.forecasting.answers import Answer
from detente.forecasting.outlooks import Outlook
from detente.forecasting.wording import (
    LEGEND,
    NOTHING,
    dates_text,
    error_text,
    month_text,
    probability_text,
    range_text,
)
from detente.layout import Column, grid, html_table

if TYPE_CHECKING:
    from rich.console import Group, RenderableType


class Shown(NamedTuple):
    """What there is to show of a forecast; `header` is its title and what was run, one line each."""

    header: tuple[str, ...]
    answers: Mapping[str, Answer]
    actions: Mapping[str, Outlook]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


QUESTIONS = (
    Column("", flexible=True),
    Column("Question", flexible=True),
    Column("Closes"),
    Column("Yes", right=True),
    Column("±", right=True),
    Column("90 % range", right=True),
)
ACTIONS = (
    Column("Action", flexible=True),
    Column("Happens", right=True),
    Column("±", right=True),
    Column("Median", right=True),
    Column("5–95 %", right=True),
    Column("Often", right=True),
    Column("Count", right=True),
)


def question_rows(shown: Shown) -> Iterator[tuple[str, ...]]:
    """The cells of `QUESTIONS`, one row per question."""
    for answer in shown.answers.values():
        given = "" if answer.n_given is None else f" (condition holds in {answer.n_given:,} futures)"
        text = answer.text + given
        numbers = probability_text(answer), error_text(answer), range_text(answer)
        yield (answer.id, text, answer.closes.isoformat(), *numbers)


def action_rows(shown: Shown) -> Iterator[tuple[str, ...]]:
    """The cells of `ACTIONS`, one row per action, the likeliest first."""
    for found in sorted(shown.actions.values(), key=lambda found: (-found.probability, found.name)):
        yield (
            found.title,
            probability_text(found),
            error_text(found),
            found.median.isoformat() if found.median else NOTHING,
            dates_text(found),
            month_text(found),
            f"{found.expected_count:.2g}" if found.expected_count < 10 else f"{found.expected_count:.0f}",
        )


def rendered(shown: Shown) -> Group:
    """Header, warnings, tables and notes for a terminal."""
    from rich.console import Group
    from rich.text import Text

    title, *rest = shown.header
    parts: list[RenderableType] = [Text(title, style="bold"), *map(Text, rest)]
    parts += [Text(f"\nWarning: {warning}", style="yellow") for warning in shown.warnings]
    for columns, rows in (
        (QUESTIONS, list(question_rows(shown))),
        (ACTIONS, list(action_rows(shown))),
    ):
        if rows:
            parts += [Text(""), grid(columns, rows)]
        if rows and columns is QUESTIONS:
            parts.append(Text(LEGEND, style="dim"))
    parts += [Text(""), *(Text(f"Note: {note}", style="dim") for note in shown.notes)]
    return Group(*parts)


def html(shown: Shown) -> str:
    """The forecast as escaped HTML, for notebooks."""
    title, *rest = shown.header
    parts = [f"<p><b>{escape(title)}</b><br>{'<br>'.join(map(escape, rest))}</p>"]
    parts += [f"<p><b>Warning:</b> {escape(warning)}</p>" for warning in shown.warnings]
    parts += [html_table(QUESTIONS, question_rows(shown)), f"<p><small>{escape(LEGEND)}</small></p>"]
    if shown.actions:
        parts.append(html_table(ACTIONS, action_rows(shown)))
    parts += [f"<p><small>{escape(note)}</small></p>" for note in shown.notes]
    return f"<div>{''.join(parts)}</div>"
