"""The causal links of a crisis, one by one: what each does to the questions by all roads together.

``links.csv`` beside a crisis lists its links: what the cause is and how it is set, what it acts on and with what sign,
under which condition, and which questions are expected to move, and which way. The direct sign can be told from the
state exactly; the total sign on a question is a matter of futures. Here the cause is set at the beginning of the
futures, on the same random numbers as the baseline, and the paired difference of every expected question is measured.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from detente.analysis.comparing import compare_ensembles
from detente.analysis.differences import Difference
from detente.analysis.pairing import holm
from detente.engine import Ensemble, simulate
from detente.errors import CrisisFileError, Fault, ModelError
from detente.expressions import Number
from detente.model import Crisis, Effect, Moment, Schedule
from detente.scenario import Scenario

LINKS_FILE = "links.csv"
COLUMNS = (
    "id",
    "mechanism",
    "cause",
    "intervention",
    "acts_on",
    "sign",
    "condition",
    "where",
    "questions",
    "remark",
)
SET_AT = 0.001
"""When causes are set [day]."""

Verdict = Literal["as expected", "no effect seen", "opposite", "either"]

_QUESTION = re.compile(r"(\w+?)\s*([+\-±])")
_CONDITION = re.compile(r"(\S+) (==|[<>]=?) (\S+)")


@dataclass(frozen=True)
class Link:
    """One row: `questions` gives the expected sign of each, ``+``, ``-`` or ``±``."""

    id: str
    mechanism: str
    cause: str
    intervention: str
    acts_on: str
    sign: str
    condition: str
    where: str
    questions: tuple[tuple[str, str], ...]
    remark: str
    line: int


@dataclass(frozen=True)
class TotalEffect:
    """What setting the cause of a link does to one question, in probability, with its paired error.

    `p_value` is two-sided and Holm-corrected over all effects of a study with an expected sign.
    """

    link: Link
    question: str
    expected: str
    difference: float
    error: float
    p_value: float
    same: bool

    @property
    def verdict(self) -> Verdict:
        """Whether the effect stands out at 5 %, and with which sign."""
        if self.expected == "±":
            return "either"
        if self.same or self.p_value > 0.05:
            return "no effect seen"
        return "as expected" if (self.difference > 0.0) == (self.expected == "+") else "opposite"


def read_links(path: Path | str) -> tuple[Link, ...]:
    """Read a table of links.

    Raises
    ------
    CrisisFileError
        If there is no such file, or a column is missing.
    """
    path = Path(path)
    if not path.is_file():
        hint = f"A crisis may have a table {LINKS_FILE} beside it; see that of iran_2024."
        raise CrisisFileError([Fault(path.name, 0, "", f"there is no file '{path}'", hint)])
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            hint = f"The first line names the columns: {', '.join(COLUMNS)}."
            raise CrisisFileError(
                [Fault(path.name, 1, name, f"the column '{name}' is missing", hint) for name in missing]
            )
        return tuple(_link(row, reader.line_num) for row in reader)


def _link(row: Mapping[str, str], line: int) -> Link:
    expected = tuple((found[1], found[2]) for found in _QUESTION.finditer(row["questions"]))
    texts = {name: row[name] for name in COLUMNS if name != "questions"}
    return Link(**texts, questions=expected, line=line)


def total_effects(
    crisis: Crisis,
    links: Iterable[Link],
    *,
    trajectories: int = 20_000,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[TotalEffect, ...], tuple[tuple[Link, str], ...]]:
    """Set every cause in turn and measure what it does to the questions that the link expects to move.

    Parameters
    ----------
    crisis : Crisis
    links : iterable of Link
    trajectories, seed, threads
        As in `detente.simulate`, for each ensemble.
    progress : callable, optional
        Called with the numbers of finished and of all causes.

    Returns
    -------
    effects : tuple of TotalEffect
    left : tuple of (Link, str)
        Links that could not be tried, and why.
    """
    tried: dict[tuple[Effect, ...], list[Link]] = {}
    left: list[tuple[Link, str]] = []
    for link in links:
        if not link.questions:
            continue
        try:
            tried.setdefault((*_conditions(link, crisis), *_causes(link, crisis)), []).append(link)
        except ModelError as problem:
            left.append((link, str(problem)))
    settings = {"trajectories": trajectories, "seed": seed, "threads": threads}
    baselines: dict[tuple[Effect, ...], Ensemble] = {}
    found: list[TotalEffect] = []
    for number, (effects, same) in enumerate(tried.items()):
        conditions = _conditions(same[0], crisis)
        if conditions not in baselines:
            baselines[conditions] = simulate(_with(crisis, conditions), **settings)  # type: ignore[arg-type]
        after = simulate(_with(crisis, effects), **settings)  # type: ignore[arg-type]
        found.extend(_measured(same, baselines[conditions], after, crisis))
        if progress is not None:
            progress(number + 1, len(tried))
    found.sort(key=lambda each: (each.link.line, each.question))
    return _corrected(found), tuple(left)


def _with(crisis: Crisis, effects: tuple[Effect, ...]) -> Crisis:
    if not effects:
        return crisis
    moment = Moment("link.cause", Schedule((SET_AT,)), effects=effects)
    return replace(crisis, moments={**crisis.moments, moment.name: moment})


def _measured(
    links: Iterable[Link], before: Ensemble, after: Ensemble, crisis: Crisis
) -> Iterator[TotalEffect]:
    wanted = {name for link in links for name, _ in link.questions if name in crisis.questions}
    questions = [crisis.questions[name] for name in sorted(wanted)]
    differences = compare_ensembles(before, after, Scenario("link"), questions).differences
    for link in links:
        for name, expected in link.questions:
            each: Difference | None = differences.get(name)
            if each is not None and each.difference is not None:
                error = each.error or 0.0
                yield TotalEffect(link, name, expected, each.difference, error, each.p_value, each.same)


def _corrected(found: list[TotalEffect]) -> tuple[TotalEffect, ...]:
    signed = [k for k, each in enumerate(found) if each.expected != "±"]
    corrected = holm(np.array([found[k].p_value for k in signed])) if signed else np.zeros(0)
    for k, p in zip(signed, corrected, strict=True):
        found[k] = replace(found[k], p_value=float(p))
    return tuple(found)


# ── setting a cause ──────────────────────────────────────────────────────────────────────────────


def _causes(link: Link, crisis: Crisis) -> tuple[Effect, ...]:
    """``stock NAME +10``, ``stock NAME ×1.3``, ``memory NAME +1``, ``stage NAME value``, ``happening NAME``."""
    kind, *rest = link.intervention.split()
    match kind, rest:
        case "stock", [name, change]:
            if name not in crisis.stocks:
                raise ModelError(f"there is no stock '{name}'")
            times = change.startswith("×")
            amount = Number(float(change.removeprefix("×")))
            return (Effect("stock", name, "times" if times else "add", amount=amount),)
        case "memory", [name, change]:
            return (Effect("memory", name, "add", amount=Number(float(change))),)
        case "stage", [name, value]:
            return (Effect("stage", name, "set", value=value),)
        case "happening", [name]:
            if name in crisis.moments:
                return (Effect("moment", name, "raise"),)
            raise ModelError(
                "an outcome alone cannot be made to happen at this place; its action can, by a scenario"
            )
    raise ModelError(f"'{link.intervention}' cannot be set at one instant")


def _conditions(link: Link, crisis: Crisis) -> tuple[Effect, ...]:
    """The condition of a link, made true first: stages and stocks can be, times and memories of the past cannot."""
    found = []
    for part in link.condition.split(" and ") if link.condition else ():
        match = _CONDITION.fullmatch(part)
        name = match[1] if match else part
        if match and name in crisis.stages and match[2] == "==":
            found.append(Effect("stage", name, "set", value=match[3]))
        elif match and name in crisis.stocks and match[2] != "==":
            size = float(match[3]) * (0.8 if "<" in match[2] else 1.2) + (0.0 if "<" in match[2] else 1.0)
            found.append(Effect("stock", name, "set", amount=Number(size)))
        else:
            raise ModelError(f"its condition '{part}' cannot be set at one instant")
    return tuple(found)
