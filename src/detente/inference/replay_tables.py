"""A replay as tables for a terminal and as HTML, and as plain data."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from detente.checking.contradictions import told
from detente.dates import date_at
from detente.inference.accounts import Account
from detente.inference.states import Level
from detente.inference.surprises import Surprise
from detente.layout import Column, grid, html_table

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    from detente.inference.replayed import Replayed

NOTHING = "—"
YEAR = 365.25

ACTIONS = (
    Column("Complete record", flexible=True),
    Column("At risk", right=True),
    Column("Happened", right=True),
    Column("Expected", right=True),
    Column("p", right=True),
    Column("Spread", right=True),
)
OTHERS = (
    Column("Record not complete", flexible=True),
    Column("At risk", right=True),
    Column("Happened", right=True),
    Column("Expected", right=True),
)
EVENTS = (
    Column("Date"),
    Column("Event", flexible=True),
    Column("Waiting", right=True),
    Column("Share", right=True),
    Column("Outcome", right=True),
    Column("Bits", right=True),
)
LEVELS = (
    Column("Stock or memory", flexible=True),
    Column("Median", right=True),
    Column("90 % range", right=True),
    Column("Unit"),
)
STAGES = (Column("Stage", flexible=True), Column("Stands at", flexible=True))
PENDING = (Column("Running delay", flexible=True), Column("In draws", right=True), Column("Strikes"))

ACTIONS_LEGEND = (
    "At risk: days on which its guard held. Expected: integral of its intensity, median and 90 % range over draws."
    " p: two-sided, of the count; 'counted' where the rate is counted from this record. Spread: p-value of the dates"
    " against the course of the intensity."
)
EVENTS_LEGEND = (
    "Waiting: 1/intensity just before. Share: of its intensity among all clocks. Outcome: probability of the recorded"
    " one. Bits: −log2 of share and outcome together."
)


def rendered(found: Replayed, *, events: int, state: bool) -> Group:
    """Header, contradictions, tables and notes for a terminal."""
    from rich.console import Group
    from rich.text import Text

    title, *rest = header(found)
    parts: list[RenderableType] = [Text(title, style="bold"), *map(Text, rest)]
    for place, text, hint in told(found.contradictions):
        parts.append(Text(f"\nContradiction: {place}\n    {text}\n    {hint}", style="yellow"))
    for columns, rows, legend in tables(found, events=events, state=state):
        if rows:
            parts += [Text(""), grid(columns, rows)]
        if rows and legend:
            parts.append(Text(legend, style="dim"))
    parts += [Text(""), *(Text(line) for line in likelihood_lines(found))]
    parts += [Text(f"Note: {shortened(note)}", style="dim") for note in found.notes]
    return Group(*parts)


def header(found: Replayed) -> tuple[str, ...]:
    """Title, span and digest, one line each."""
    crisis = found.crisis
    since = date_at(crisis.as_of, found.begins).date()
    n, version = len(found.events), found.provenance.versions["detente"]
    return (
        f"{crisis.title or crisis.name} ({crisis.name})",
        f"Record from {since} to {crisis.as_of} ({-found.begins:g} days): {n} happenings",
        f"{len(found.log_likelihood)} draws from the prior, seed {found.provenance.seed}",
        f"Digest of the crisis {found.provenance.digest[:16]}, Détente {version}",
    )


def likelihood_lines(found: Replayed) -> Iterator[str]:
    """The log-likelihood, and how the dates fit, in sentences."""
    low, middle, high = np.quantile(found.log_likelihood, [0.05, 0.5, 0.95], method="inverted_cdf")
    sums = {
        kind: float(
            np.median(sum((v for name, v in found.parts.items() if name.startswith(kind)), np.zeros(1)))
        )
        for kind in ("clock", "choice")
    }
    yield (
        f"Log-likelihood of the record: {nat(middle)} nat (90 % of draws {nat(low)} to {nat(high)}); of it"
        f" clocks {nat(sums['clock'])}, choices {nat(sums['choice'])}. Over the prior as a whole"
        f" {nat(found.log_marginal)}."
    )
    judged = [each for each in found.events if each.bits is not None and math.isfinite(each.bits)]
    if judged:
        mean = sum(each.bits or 0.0 for each in judged) / len(judged)
        yield f"Surprise: {mean:.2f} bits on average over {len(judged)} firings of clocks."
    if found.spread_p is not None:
        yield f"Spread in time of {len(found.rescaled)} firings with a complete record: p = {found.spread_p:.2f}."


def nat(value: float) -> str:
    """A log-likelihood with one decimal.

    Examples
    --------
    >>> nat(-73.26), nat(float("-inf"))
    ('−73.3', '−∞')
    """
    return f"{value:.1f}".replace("-", "−") if math.isfinite(value) else "−∞"


def tables(
    found: Replayed, *, events: int, state: bool
) -> Iterator[tuple[tuple[Column, ...], list[tuple[str, ...]], str]]:
    """Columns, rows and legend of every table."""
    complete = [each for each in found.actions.values() if each.complete]
    others = [each for each in found.actions.values() if not each.complete and each.observed]
    yield ACTIONS, [action_row(each) for each in complete], ACTIONS_LEGEND
    yield OTHERS, [action_row(each)[:4] for each in others], ""
    yield EVENTS, [event_row(each) for each in found.most_surprising(events)], EVENTS_LEGEND
    if state:
        levels = (*found.state.stocks, *found.state.memories)
        yield LEVELS, [level_row(each) for each in levels], ""
        stages = ((each.title or each.name, _shares(each.probabilities)) for each in found.state.stages)
        yield STAGES, list(stages), ""
        yield PENDING, list(_pending_rows(found)), ""


def action_row(each: Account) -> tuple[str, ...]:
    """The cells of `ACTIONS` for one clock."""
    return (
        each.title,
        f"{each.at_risk:.0f} d",
        str(each.observed),
        f"{number(each.expected)} ({number(each.low)}–{number(each.high)})",
        "counted" if each.counted else NOTHING if each.p_value is None else f"{each.p_value:.2g}",
        NOTHING if each.spread_p is None else f"{each.spread_p:.2f}",
    )


def event_row(each: Surprise) -> tuple[str, ...]:
    """The cells of `EVENTS` for one happening."""
    name = (
        f"{each.event}  {each.title} [{each.happening}]" if each.event else f"{each.title} [{each.happening}]"
    )
    waiting = each.waiting
    return (
        f"{each.date:%Y-%m-%d}",
        name,
        NOTHING if waiting is None else f"{waiting:,.0f} d" if math.isfinite(waiting) else "never",
        NOTHING if each.share is None else f"{100 * each.share:.2g} %",
        NOTHING if each.outcome_probability is None else f"{100 * each.outcome_probability:.2g} %",
        f"{each.total_bits:.1f}" if math.isfinite(each.total_bits) else "∞",
    )


def level_row(each: Level) -> tuple[str, ...]:
    """The cells of `LEVELS` for one stock or memory."""
    spread = NOTHING if each.low == each.high else f"{number(each.low)}–{number(each.high)}"
    return each.title or each.name, number(each.median), spread, each.unit


def number(value: float) -> str:
    """A number with two or three digits, large ones whole.

    Examples
    --------
    >>> number(0.01234), number(3.0), number(73.06), number(703000.0), number(-0.0)
    ('0.012', '3', '73.1', '703,000', '0')
    """
    if value == 0.0:
        return "0"
    return (
        f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.2g}" if abs(value) < 10.0 else f"{value:.3g}"
    )


def shortened(note: str, most: int = 200) -> str:
    """A note without the end of a long list of names.

    Examples
    --------
    >>> shortened("numbers: 4: one, two, three, four", 20)
    'numbers: 4: one, …'
    """
    return note if len(note) <= most else f"{note[: most - 2].rpartition(', ')[0]}, …"


def _shares(probabilities: Mapping[str, float]) -> str:
    if len(probabilities) == 1:
        return next(iter(probabilities))
    return ", ".join(f"{value} {100 * share:.0f} %" for value, share in probabilities.items())


def _pending_rows(found: Replayed) -> Iterator[tuple[str, ...]]:
    as_of = found.crisis.as_of
    for each in found.state.pending:
        when = "drawn in a simulation" if each.strikes is None else f"{date_at(as_of, each.strikes):%Y-%m-%d}"
        since = "" if each.since is None else f" (since {date_at(as_of, each.since):%Y-%m-%d})"
        yield each.title or each.name, f"{100 * each.share:.0f} %", when + since


def html(found: Replayed) -> str:
    """The replay as escaped HTML, for notebooks."""
    from html import escape

    title, *rest = header(found)
    parts = [f"<p><b>{escape(title)}</b><br>{'<br>'.join(map(escape, rest))}</p>"]
    parts += [
        f"<p><b>Contradiction:</b> {escape(place)}: {escape(text)}. {escape(hint)}</p>"
        for place, text, hint in told(found.contradictions)
    ]
    for columns, rows, legend in tables(found, events=10, state=False):
        if rows:
            parts.append(html_table(columns, rows))
        if rows and legend:
            parts.append(f"<p><small>{escape(legend)}</small></p>")
    parts += [f"<p>{escape(line)}</p>" for line in likelihood_lines(found)]
    parts += [f"<p><small>{escape(shortened(note))}</small></p>" for note in found.notes]
    return f"<div>{''.join(parts)}</div>"


def plain(value: Any) -> Any:
    """Plain data, ready for JSON: dates as text, what is not finite as null.

    Examples
    --------
    >>> plain({"a": float("inf"), "b": (1, dt.date(2024, 11, 30))})
    {'a': None, 'b': [1, '2024-11-30']}
    """
    match value:
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case float():
            return float(value) if math.isfinite(value) else None
        case dt.date():
            return value.isoformat()
    return value
