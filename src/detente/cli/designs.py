"""The command ``sobol``: which numbers, the design under a progress bar, and the table."""

from __future__ import annotations

import json
import secrets
import sys
from typing import TYPE_CHECKING

from detente.cli.reporting import put, put_text
from detente.cli.running import Bar
from detente.errors import ForecastError
from detente.layout import Column, grid

if TYPE_CHECKING:
    from detente.model import Crisis

MOST = 8
"""Numbers that are taken where none are named."""


def run_sobol(
    name: str,
    question: str,
    *,
    numbers: str | None,
    points: int,
    replicates: int,
    seed: int | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Compute and show the indices."""
    from detente.analysis.sobol import sobol
    from detente.catalog import load

    if points & (points - 1):
        raise ForecastError(f"the points of a design are a power of 2 (128, 256, 512 …), not {points}.")
    crisis = load(name)
    seed = secrets.randbits(31) if seed is None else seed
    chosen = [each.strip() for each in numbers.split(",") if each.strip()] if numbers else None
    chosen = chosen or _standing_out(crisis, question, seed, threads)
    with Bar(shown=sys.stderr.isatty()) as bar:
        found = sobol(
            crisis,
            question,
            chosen,
            base=points,
            replicates=replicates,
            seed=seed,
            threads=threads,
            progress=bar.update,
        )
    if as_json:
        put_text(json.dumps({"ok": True, "seed": seed, **found.as_dict()}, indent=1, ensure_ascii=False))
        return
    columns = (
        Column("Number", flexible=True),
        *(Column(head, right=True) for head in ("First", "±", "Total", "±")),
    )
    rows = [
        (
            each["name"],
            *(f"{100 * each[key]:.0f} %" for key in ("first", "first_error", "total", "total_error")),
        )
        for each in found.as_dict()["numbers"]
    ]
    put_text(
        f"{crisis.title or crisis.name}: {question}  {crisis.questions[question].text}\n"
        f"{points} points, {found.draws:,} draws × {replicates} replicates, seed {seed}\n"
    )
    put(grid(columns, rows))
    put_text(
        "First: share of the spread that the number explains alone. Total: with all that it interacts with."
        "\n±: half of the 95 % interval. Indices near 0 may come out below it."
    )


def _standing_out(crisis: Crisis, question: str, seed: int, threads: int | None) -> list[str]:
    """The numbers that stand out in a ranking of their own."""
    from detente.analysis.mattering import sensitivity_of
    from detente.engine import simulate

    with Bar(shown=sys.stderr.isatty()) as bar:
        ensemble = simulate(crisis, trajectories=20_000, seed=seed, threads=threads, progress=bar.update)
    found = sensitivity_of(ensemble, [question])[question]
    names = [each.name for each in found.standing_out[:MOST]]
    if len(names) < 2:
        raise ForecastError(
            f"fewer than two numbers stand out for {question}"
            f"{': ' + found.reason if found.reason else ''}. Name some with --numbers."
        )
    return names
