"""A forecast as text, as tables for a terminal and as HTML; the same cells in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING

from detente.forecasting.answers import last_day
from detente.forecasting.wording import (
    LEGEND,
    NOTHING,
    dates_text,
    error_text,
    month_text,
    probability_text,
    range_text,
)
from detente.layout import Column, grid

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    from detente.forecasting.result import Forecast

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


def header(forecast: Forecast) -> tuple[str, ...]:
    """What was run: title, dates, futures, seed and digest, one line each."""
    crisis, settings = forecast.ensemble.crisis, forecast.ensemble.settings
    draws, replicates = forecast.ensemble.finished, settings.n_replicates
    digest, version = forecast.provenance.digest[:16], forecast.provenance.versions["detente"]
    return (
        f"{crisis.title or crisis.name} ({crisis.name})",
        f"As of {crisis.as_of}, to {last_day(crisis, settings.horizon)} ({settings.horizon:g} days)",
        f"{draws:,} draws × {replicates} replicates = {draws * replicates:,} futures, seed {settings.seed}",
        f"Digest of the crisis {digest}, Détente {version}",
    )


def question_rows(forecast: Forecast) -> Iterator[tuple[str, ...]]:
    """The cells of `QUESTIONS`, one row per question."""
    for answer in forecast.answers.values():
        given = "" if answer.n_given is None else f" (condition holds in {answer.n_given:,} futures)"
        text = answer.text + given
        numbers = probability_text(answer), error_text(answer), range_text(answer)
        yield (answer.id, text, answer.closes.isoformat(), *numbers)


def action_rows(forecast: Forecast) -> Iterator[tuple[str, ...]]:
    """The cells of `ACTIONS`, one row per action, the likeliest first."""
    for found in sorted(forecast.actions.values(), key=lambda found: (-found.probability, found.name)):
        yield (
            found.title,
            probability_text(found),
            error_text(found),
            found.median.isoformat() if found.median else NOTHING,
            dates_text(found),
            month_text(found),
            f"{found.expected_count:.2g}" if found.expected_count < 10 else f"{found.expected_count:.0f}",
        )


def rendered(forecast: Forecast) -> Group:
    """Header, warnings, tables and notes for a terminal."""
    from rich.console import Group
    from rich.text import Text

    title, *rest = header(forecast)
    parts: list[RenderableType] = [Text(title, style="bold"), *map(Text, rest)]
    parts += [Text(f"\nWarning: {warning}", style="yellow") for warning in forecast.warnings]
    for columns, rows in (
        (QUESTIONS, list(question_rows(forecast))),
        (ACTIONS, list(action_rows(forecast))),
    ):
        if rows:
            parts += [Text(""), grid(columns, rows)]
        if rows and columns is QUESTIONS:
            parts.append(Text(LEGEND, style="dim"))
    parts += [Text(""), *(Text(f"Note: {note}", style="dim") for note in forecast.notes)]
    return Group(*parts)


def html(forecast: Forecast) -> str:
    """The forecast as escaped HTML, for notebooks."""
    title, *rest = header(forecast)
    parts = [f"<p><b>{escape(title)}</b><br>{'<br>'.join(map(escape, rest))}</p>"]
    parts += [f"<p><b>Warning:</b> {escape(warning)}</p>" for warning in forecast.warnings]
    parts += [_html_table(QUESTIONS, question_rows(forecast)), f"<p><small>{escape(LEGEND)}</small></p>"]
    if forecast.actions:
        parts.append(_html_table(ACTIONS, action_rows(forecast)))
    parts += [f"<p><small>{escape(note)}</small></p>" for note in forecast.notes]
    return f"<div>{''.join(parts)}</div>"


def _html_table(columns: tuple[Column, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def line(tag: str, cells: Iterable[str]) -> str:
        aligned = zip(columns, cells, strict=True)
        return "".join(
            f'<{tag} style="text-align:{"right" if column.right else "left"}">{escape(cell)}</{tag}>'
            for column, cell in aligned
        )

    head = line("th", (column.head for column in columns))
    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
