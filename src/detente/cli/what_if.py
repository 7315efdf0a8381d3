"""What if, levers, given, compare on the command line: from arguments to a result, telling what goes on."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detente.cli.reporting import put, put_text, say
from detente.cli.running import Bar, days_of
from detente.cli.studying import put_folder, questions_of
from detente.errors import ForecastError

if TYPE_CHECKING:
    from detente.analysis.changed import WhatChanged
    from detente.analysis.comparing import Comparison
    from detente.analysis.given import Conditional
    from detente.analysis.levers import Levers
    from detente.analysis.reviews import Reviewed
    from detente.model import Crisis
    from detente.scenario import Scenario

FILES = ("study.json", "study.parquet")
"""What ``--out`` writes."""


def scenarios_of(
    name: str,
    crisis: Crisis,
    files: Iterable[str],
    phrases: Mapping[str, list[str]],
    dates: Mapping[str, str],
) -> list[Scenario]:
    """The scenarios of a ``whatif``: those of files, and one of all phrases together."""
    from detente.catalog import find_crisis
    from detente.scenario import find_scenario, from_phrases, load_scenario

    folder = find_crisis(name)
    found = [load_scenario(find_scenario(file, folder)) for file in files]
    asked = from_phrases(phrases, crisis, **dates)
    if asked.changes:
        found.append(asked)
    return found


def run_whatif(
    name: str,
    *,
    files: Iterable[str],
    phrases: Mapping[str, list[str]],
    dates: Mapping[str, str],
    question: str | None,
    horizon: str | None,
    **run: Any,
) -> Comparison:
    """Compare a crisis with scenarios under a progress bar."""
    from detente.analysis.comparing import compare
    from detente.catalog import load

    crisis = load(name)
    scenarios = scenarios_of(name, crisis, files, phrases, dates)
    if not scenarios:
        raise ForecastError(_nothing_to_change(name))
    with Bar(shown=sys.stderr.isatty()) as bar:
        return compare(
            crisis,
            scenarios,
            questions=questions_of(question, crisis),
            horizon=days_of(horizon)(crisis),
            progress=bar.update,
            **run,
        )


def _nothing_to_change(name: str) -> str:
    from detente.catalog import find_crisis
    from detente.scenario import list_scenarios

    known = ", ".join(list_scenarios(find_crisis(name)))
    there = f" Scenarios of the crisis: {known}." if known else ""
    return f"nothing is changed. Name a scenario file, or say what: --forbid, --force, --set, --times, --hold …{there}"


def run_levers(name: str, question: str, *, horizon: str | None, picture: Path | None, **run: Any) -> Levers:
    """Try every lever of a crisis under a progress bar."""
    from detente.analysis.levers import levers
    from detente.catalog import load

    if picture is not None:
        from detente.plots import picture_format

        picture_format(picture)
    crisis = load(name)
    with Bar(shown=sys.stderr.isatty()) as bar:
        return levers(crisis, question, horizon=days_of(horizon)(crisis), progress=bar.update, **run)


def draw_levers(found: Levers, picture: Path | None) -> None:
    """Draw the ranking, where that was asked for."""
    if picture is not None:
        from detente.plots import save
        from detente.plots.comparisons import tornado

        save(tornado(found), picture)
        say(f"Drawn: {picture}")


def run_given(name: str, that: str, *, question: str | None, horizon: str | None, **run: Any) -> Conditional:
    """Choose the futures in which something happened, under a progress bar."""
    from detente.analysis.given import given
    from detente.catalog import load

    crisis = load(name)
    with Bar(shown=sys.stderr.isatty()) as bar:
        return given(
            crisis,
            that,
            questions=questions_of(question, crisis),
            horizon=days_of(horizon)(crisis),
            progress=bar.update,
            **run,
        )


def run_review(name: str, question: str | None, **run: Any) -> Reviewed:
    """Compare a crisis with its second parameterisation under a progress bar."""
    from detente.analysis.reviews import review
    from detente.catalog import load

    first, second = load(name), load(name, review=True)
    with Bar(shown=sys.stderr.isatty()) as bar:
        return review(first, second, questions=questions_of(question, first), progress=bar.update, **run)


def run_compare(before: str, after: str, **run: Any) -> WhatChanged:
    """Say what changed between two saved runs, or between two crises, which are then run."""
    from detente.analysis.changed import is_saved_run, what_changed
    from detente.catalog import load

    saved = [is_saved_run(each) for each in (before, after)]
    if all(saved):
        return what_changed(Path(before), Path(after))
    if any(saved):
        run_folder, other = (before, after) if saved[0] else (after, before)
        raise ForecastError(f"'{run_folder}' is a saved run, '{other}' is not. Give two runs, or two crises.")
    with Bar(shown=sys.stderr.isatty()) as bar:
        return what_changed(load(before), load(after), progress=bar.update, **run)


# ── results ──────────────────────────────────────────────────────────────────────────────────────


def refuse_foreign(out: Path | None) -> None:
    """Stop before long work where a folder holds what no study has written."""
    if out is None or not out.exists():
        return
    if not out.is_dir():
        raise ForecastError(f"'{out}' is a file, not a folder. Choose another folder.")
    strange = sorted(path.name for path in out.iterdir() if path.name not in FILES)
    if strange:
        raise ForecastError(
            f"the folder '{out}' holds other files, such as '{strange[0]}'. Choose another, or empty this one."
        )


def show(
    found: Comparison | Levers | Conditional | WhatChanged | Reviewed, *, as_json: bool, out: Path | None
) -> None:
    """Print a result, and write it to a folder."""
    text = json.dumps({"ok": True, **found.as_dict()}, indent=1, ensure_ascii=False, allow_nan=False)
    if out is not None:
        table = io.BytesIO()
        found.to_polars().write_parquet(table)
        put_folder(out, dict(zip(FILES, (f"{text}\n", table.getvalue()), strict=True)))
    if as_json:
        put_text(text)
    else:
        put(found)
