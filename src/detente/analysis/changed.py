"""What changed between two versions of a crisis, or two saved runs: inputs, answers, and how much of it is noise.

Two crises are run on one seed and compared future by future. Two saved runs hold only their answers: the error of a
difference is then that of independent runs, which is too large where they share their seed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detente.analysis import changed_tables
from detente.analysis.comparing import compare_ensembles
from detente.analysis.differences import InputChange, Moved
from detente.engine import simulate
from detente.engine.ensemble import Progress
from detente.errors import ForecastError
from detente.layout import plain_text
from detente.model import Crisis, Parameter
from detente.scenario import Scenario

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group

FILES = ("manifest.json", "forecast.json")
_PARTS = (
    "stocks",
    "stages",
    "memories",
    "moments",
    "questions",
    "actors",
    "calendar",
    "claims",
    "sources",
    "events",
)


@dataclass(frozen=True, eq=False, repr=False)
class WhatChanged:
    """Inputs and answers that differ; it shows itself as tables.

    `paired` says whether both were run on the same futures, so that `error` is that of a paired difference.
    """

    inputs: tuple[InputChange, ...]
    answers: Mapping[str, Moved]
    paired: bool
    notes: tuple[str, ...] = ()

    def to_polars(self) -> pl.DataFrame:
        """The answers, one row per question."""
        import polars as pl

        schema: dict[str, Any] = {"question": pl.String, "text": pl.String}
        schema |= dict.fromkeys(("before", "after", "difference", "error"), pl.Float64)
        schema |= {"reason": pl.String, "same": pl.Boolean, "clear": pl.Boolean}
        rows = [
            (*(getattr(each, field.name) for field in fields(each)), each.clear)
            for each in self.answers.values()
        ]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def as_dict(self) -> dict[str, Any]:
        """The whole as plain data, ready for JSON."""
        return {
            "paired": self.paired,
            "inputs": [asdict(each) for each in self.inputs],
            "answers": [asdict(each) | {"clear": each.clear} for each in self.answers.values()],
            "notes": list(self.notes),
        }

    def __rich__(self) -> Group:
        return changed_tables.rendered(self.inputs, self.answers, self.notes, paired=self.paired)

    def __str__(self) -> str:
        return plain_text(self)

    __repr__ = __str__


def what_changed(
    before: Crisis | Path | str,
    after: Crisis | Path | str,
    *,
    trajectories: int = 10_000,
    replicates: int = 8,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> WhatChanged:
    """Compare two crises, or two folders that ``detente run --out`` has written.

    Parameters
    ----------
    before, after : Crisis, or path of a saved run
        Both of one kind.
    trajectories, replicates, seed, threads, progress
        As in `detente.forecast`; for two crises only.

    Raises
    ------
    ForecastError
        If the two are not of one kind, or a folder holds no saved run.
    KeyboardInterrupt
        If it was interrupted before one draw of both was finished.

    Examples
    --------
    >>> from detente import load
    >>> found = what_changed(load("cuba_1962"), load("cuba_1962"), trajectories=400, seed=1)
    >>> found.inputs, any(each.clear for each in found.answers.values())
    ((), False)
    """
    if isinstance(before, Crisis) and isinstance(after, Crisis):
        run = {"trajectories": trajectories, "replicates": replicates, "threads": threads}
        return _of_crises(before, after, seed, progress, run)
    if isinstance(before, Crisis) or isinstance(after, Crisis):
        raise ForecastError(
            "a crisis and a saved run cannot be compared. Give two crises, or two saved runs."
        )
    return _of_runs(saved_run(before), saved_run(after))


# ── two crises ───────────────────────────────────────────────────────────────────────────────────


def _of_crises(
    before: Crisis, after: Crisis, seed: int | None, progress: Progress | None, run: dict[str, Any]
) -> WhatChanged:
    def second(done: int, of: int) -> None:
        if progress is not None:
            progress(of + done, 2 * of)

    def first(done: int, of: int) -> None:
        if progress is not None:
            progress(done, 2 * of)

    one = simulate(before, seed=seed, progress=first, **run)
    if one.interrupted:
        raise KeyboardInterrupt("before both crises were simulated")
    other = simulate(after, seed=one.settings.seed, progress=second, **run)
    if not other.finished:
        raise KeyboardInterrupt("before both crises were simulated")
    shared = [question for name, question in before.questions.items() if name in after.questions]
    found = compare_ensembles(one, other, Scenario("after"), shared)
    answers = {
        each.question: Moved(
            each.question,
            each.text,
            each.baseline,
            each.scenario,
            each.difference,
            each.error,
            each.reason,
            each.same,
        )
        for each in found.differences.values()
    }
    notes = (
        ()
        if before.as_of == after.as_of
        else ("The as-of dates differ: days are counted from each its own.",)
    )
    return WhatChanged(tuple(_inputs(before, after)), answers, True, notes)


def _inputs(before: Crisis, after: Crisis) -> Iterator[InputChange]:
    for name in ("name", "as_of", "horizon", "record_from"):
        one, other = getattr(before, name), getattr(after, name)
        if one != other:
            yield InputChange("head", name, str(one), str(other))
    yield from _between("parameters", before.parameters, after.parameters)
    for part in _PARTS:
        yield from _between(part, getattr(before, part), getattr(after, part))
    one, other = ({_recorded(item): "recorded" for item in crisis.record} for crisis in (before, after))
    yield from _between("record", one, other)


def _recorded(item: Any) -> str:
    happening = f"{item.moment}.{item.outcome}" if item.outcome else item.moment
    return f"{happening} at {item.time:g} d{f' ({item.event})' if item.event else ''}"


def _between(part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[InputChange]:
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one != other:
            yield InputChange(part, name, _text(one, other), _text(other, one))


def _text(thing: Any, beside: Any) -> str:
    """What a thing is, in the fields in which it differs from another."""
    if thing is None:
        return "—"
    if isinstance(thing, Parameter):
        known = thing.distribution
        numbers = ", ".join(f"{number:.6g}" for number in known.numbers)
        changed = (
            "" if not isinstance(beside, Parameter) or beside.distribution != known else " (its evidence)"
        )
        return f"{known.kind}({numbers}){changed}"
    if isinstance(thing, str | float | int) or beside is None:
        return thing if isinstance(thing, str) else f"{thing:.6g}" if isinstance(thing, float) else "there"
    differing = [f.name for f in fields(thing) if getattr(thing, f.name) != getattr(beside, f.name)]
    return f"its {', '.join(differing)}"


# ── two saved runs ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class SavedRun:
    """What a folder of ``detente run --out`` holds: the record of how it was made, and the forecast."""

    folder: Path
    manifest: Mapping[str, Any]
    forecast: Mapping[str, Any]


def is_saved_run(path: Path | str) -> bool:
    """Whether a folder holds a saved run."""
    return all((Path(path) / file).is_file() for file in FILES)


def saved_run(path: Path | str) -> SavedRun:
    """Read a saved run.

    Raises
    ------
    ForecastError
        If the folder does not hold one, or its files are broken.
    """
    folder = Path(path)
    if not is_saved_run(folder):
        raise ForecastError(
            f"the folder '{path}' holds no saved run. Write one with `detente run CRISIS --out DIR`."
        )
    try:
        manifest, forecast = (json.loads((folder / file).read_text(encoding="utf-8")) for file in FILES)
        list(manifest["settings"]), [answer["id"] for answer in forecast["questions"]]
    except (ValueError, TypeError, KeyError) as problem:
        raise ForecastError(
            f"the files of the run in '{path}' are broken ({problem}). Run it again."
        ) from None
    return SavedRun(folder, manifest, forecast)


def _of_runs(before: SavedRun, after: SavedRun) -> WhatChanged:
    one = {answer["id"]: answer for answer in before.forecast["questions"]}
    other = {answer["id"]: answer for answer in after.forecast["questions"]}
    answers = {name: _moved(one[name], other[name]) for name in one if name in other}
    return WhatChanged(tuple(_run_inputs(before, after)), answers, False, tuple(_run_notes(before, after)))


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> Moved:
    one, other = before["probability"], after["probability"]
    if one is None or other is None:
        reason = before["reason"] or after["reason"]
        return Moved(before["id"], before["text"], one, other, reason=reason)
    errors = before["mc_error"], after["mc_error"]
    error = None if None in errors else math.hypot(*errors)
    return Moved(before["id"], before["text"], one, other, other - one, error)


def _run_inputs(before: SavedRun, after: SavedRun) -> Iterator[InputChange]:
    for name in ("crisis", "as_of", "digest", "seed", "draws", "replicates", "horizon"):
        one, other = before.forecast.get(name), after.forecast.get(name)
        if one != other:
            yield InputChange("run", name, str(one)[:16], str(other)[:16])
    one, other = (dict(run.manifest.get("versions", {})) for run in (before, after))
    yield from _between("versions", one, other)


def _run_notes(before: SavedRun, after: SavedRun) -> Iterator[str]:
    if before.forecast.get("seed") == after.forecast.get("seed"):
        yield (
            "The runs share their seed, but saved answers cannot be paired: the errors are those of independent runs,"
            " and too large. Compare the two crises to have them paired."
        )
    if before.forecast.get("digest") != after.forecast.get("digest"):
        yield "The crisis itself differs. Compare the two crises to see in which inputs."
