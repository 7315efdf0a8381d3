"""The command ``bargain``: all rules of group decision side by side on one table of actors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from detente.cli.reporting import put, put_text
from detente.errors import ForecastError
from detente.layout import WIDTH, Column, grid

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from detente.bargaining import ActorTable, Comparison

_MARKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def bargain_on(path: Path, *, options: tuple[float, ...] | None, as_json: bool) -> None:
    """Run every rule on the table of a file and print what they say."""
    from detente.bargaining import compare_rules, read_actor_table

    found = compare_rules(read_actor_table(path), options=options)
    if as_json:
        put_text(json.dumps({"ok": True, **found.as_dict()}, indent=1, ensure_ascii=False))
        return
    table = found.table
    unit = f", {table.unit}" if table.unit else ""
    put_text(
        f"{table.issue or path.stem}: {len(table.actors)} actors, {table.lower:g} to {table.upper:g}{unit}\n"
    )
    put_text("\n".join(picture(found)))
    put_text("")
    put(_rule_table(found))
    put_text(_remarks(found))
    put(_faction_table(found))


def options_of(text: str | None) -> tuple[float, ...] | None:
    """Numbers with commas between them.

    Examples
    --------
    >>> options_of("0, 25, 100")
    (0.0, 25.0, 100.0)
    """
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ForecastError(
            f"--options takes numbers with commas, such as 0,50,100, but got '{text}'"
        ) from None


def picture(found: Comparison) -> list[str]:
    """Positions, outcome and predictive spread on one line of text, with a key.

    Lower lines of letters are actors at nearly the same position; ``▼`` is the compromise, ``═`` the central
    80 % of its predictive spread.
    """
    table = found.table
    last = WIDTH - 1

    def column(value: float) -> int:
        share = (value - table.lower) / (table.upper - table.lower)
        return round(min(max(share, 0.0), 1.0) * last)

    axis = ["─"] * WIDTH
    for place in range(column(found.interval[0]), column(found.interval[1]) + 1):
        axis[place] = "═"
    axis[column(found.rules[0].outcome)] = "▼"
    lines = ["".join(axis)]
    rows: list[list[str]] = []
    for index in range(len(table.actors)):
        place = column(float(table.position[index]))
        row = next((row for row in rows if row[place] == " "), None)
        if row is None:
            row = [" "] * WIDTH
            rows.append(row)
        row[place] = _mark(index)
    lines += ["".join(row).rstrip() for row in rows]
    low, high = f"{table.lower:g}", f"{table.upper:g}"
    return [*lines, low + " " * (WIDTH - len(low) - len(high)) + high, *_key(table)]


def _mark(index: int) -> str:
    return _MARKS[index % len(_MARKS)]


def _key(table: ActorTable) -> list[str]:
    lines = [""]
    for index, actor in enumerate(table.actors):
        word = f"{_mark(index)} {actor}"
        if len(lines[-1]) + len(word) + 3 > WIDTH:
            lines.append("")
        lines[-1] += ("   " if lines[-1] else "") + word
    return lines


def _rule_table(found: Comparison) -> Table:
    columns = (
        Column("Rule", flexible=True),
        Column("Outcome", right=True),
        Column("Error*", right=True),
        Column("In words", flexible=True),
    )
    rows = [
        (
            rule.rule.replace("_", " "),
            f"{rule.outcome:.4g}",
            "" if rule.record_error is None else f"{rule.record_error:.1f}",
            rule.note,
        )
        for rule in found.rules
    ]
    return grid(columns, rows)


def _remarks(found: Comparison) -> str:
    low, high = found.interval
    lines = [
        "* Mean absolute error on 353 decisions of the European Union, in hundredths of",
        "  the scale; saying the middle scores 28.0. Nothing is known of coercive cases.",
        f"Predictive 80 % range around the compromise: {low:.4g} to {high:.4g}.",
    ]
    if found.median_margin < 0.05:
        lines.append(
            f"The median stands on a knife edge: {100 * found.median_margin:.1f} % of the weight would tip it."
        )
    return "\n".join(lines) + "\n"


def _faction_table(found: Comparison) -> Table:
    columns = (
        Column("Faction", flexible=True),
        Column("Position", right=True),
        Column("Weight", right=True),
        Column("per +1 %", right=True),
        Column("doubled", right=True),
        Column("removed", right=True),
        Column("median, doubled", right=True),
    )
    rows = [
        (
            each.actor,
            f"{each.position:.4g}",
            f"{100 * each.share:.0f} %",
            f"{each.slope / 100:+.3f}",
            f"{each.doubled:+.3g}",
            "" if each.removed is None else f"{each.removed:+.3g}",
            f"{each.median_doubled:+.3g}",
        )
        for each in found.factions
    ]
    return grid(columns, rows)
