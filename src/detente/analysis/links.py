"""The causal links of a crisis, one by one: what each does to the questions by all roads together.

``links.csv`` beside a crisis lists its links: what the cause is and how it is set, what it acts on and with what sign,
under which condition, and which questions are expected to move, and which way. The direct sign can be told from the
state exactly; the total sign on a question is a matter of futures. Here two crises that differ by the cause alone
(`detente.analysis.causes`) are simulated on the same random numbers, and the paired difference of every expected
question is measured.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.special import ndtri

from detente.analysis.causes import Setting, setting_of
from detente.analysis.comparing import compare_ensembles
from detente.analysis.differences import Difference
from detente.analysis.pairing import holm
from detente.engine import Ensemble, simulate
from detente.engine.watching import main_watch
from detente.errors import CrisisFileError, Fault, ModelError
from detente.model import Crisis, Question
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
    "roads",
    "remark",
)
LEVEL, POWER, RARE = 0.05, 0.8, 0.05
"""Of the tests; of `TotalEffect.resolution`; below what share of the futures a step of the road is rare."""

Verdict = Literal["as expected", "no effect seen", "opposite", "either"]
Why = Literal["", "changes no future", "rare step", "small"]

_QUESTION = re.compile(r"(\w+?)\s*([+\-±])")


@dataclass(frozen=True)
class Link:
    """One row: `questions` gives the expected sign of each, ``+``, ``-`` or ``±``.

    `roads` are those that the cause also takes, and that explain where the effect is another than expected; see
    `detente.analysis.roads.cut`.
    """

    id: str
    mechanism: str
    cause: str
    intervention: str
    acts_on: str
    sign: str
    condition: str
    where: str
    questions: tuple[tuple[str, str], ...]
    roads: tuple[str, ...]
    remark: str
    line: int


@dataclass(frozen=True)
class TotalEffect:
    """What setting the cause of a link does to one question, in probability, with its paired error.

    `p_value` is two-sided and Holm-corrected over all effects of a study with an expected sign; `resolution` is the
    size that an effect needs to be seen in four studies of five, at the first of Holm's steps. `parted` is the share
    of the futures in which an answer or the first date of a listed action changes. `acted` and `acted_after` are the
    shares of the futures in which what the link acts on happens before the question closes, without the cause and
    with it; NaN where that is no happening.
    """

    link: Link
    question: str
    expected: str
    difference: float
    error: float
    p_value: float
    same: bool
    parted: float
    acted: float = math.nan
    acted_after: float = math.nan
    resolution: float = math.nan

    @property
    def verdict(self) -> Verdict:
        """Whether the effect stands out at 5 %, and with which sign."""
        if self.expected == "±":
            return "either"
        if self.same or self.p_value > LEVEL:
            return "no effect seen"
        return "as expected" if (self.difference > 0.0) == (self.expected == "+") else "opposite"

    @property
    def why(self) -> Why:
        """The kind of reason where no effect is seen, as far as it can be computed; else nothing."""
        if self.verdict != "no effect seen":
            return ""
        if self.parted == 0.0:
            return "changes no future"
        return "rare step" if max(self.acted, self.acted_after) < RARE else "small"


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
    roads = tuple(filter(None, (road.strip() for road in row["roads"].split(";"))))
    texts = {name: row[name] for name in COLUMNS if name not in ("questions", "roads")}
    return Link(**texts, questions=expected, roads=roads, line=line)


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
    tried: dict[Setting, list[Link]] = {}
    left: list[tuple[Link, str]] = []
    for link in links:
        if not link.questions:
            continue
        try:
            tried.setdefault(setting_of(link.intervention, link.condition, crisis), []).append(link)
        except ModelError as problem:
            left.append((link, str(problem)))
    firsts = tuple(
        sorted({name for same in tried.values() for link in same for name in _acted_on(link, crisis)})
    )
    run = partial(simulate, trajectories=trajectories, seed=seed, threads=threads, firsts=firsts)
    found: list[TotalEffect] = []
    baselines: dict[Setting, Ensemble] = {}
    for number, (setting, same) in enumerate(tried.items()):
        if setting.baseline not in baselines:
            baselines[setting.baseline] = run(setting.without(crisis))
        before, after = baselines[setting.baseline], run(setting.within(crisis))
        found.extend(_measured(same, before, after, crisis))
        if progress is not None:
            progress(number + 1, len(tried))
    found.sort(key=lambda each: (each.link.line, each.question))
    return _corrected(found), tuple(left)


def _acted_on(link: Link, crisis: Crisis) -> tuple[str, ...]:
    """The happening that a link acts on, if it is one."""
    kind, _, name = link.acts_on.partition(" ")
    name = name.partition(" on ")[0]
    named = kind in ("clock", "outcome", "happening", "size") and name in set(crisis.happenings())
    return (name,) if named else ()


def _measured(
    links: Iterable[Link], before: Ensemble, after: Ensemble, crisis: Crisis
) -> Iterator[TotalEffect]:
    wanted = {name for link in links for name, _ in link.questions if name in crisis.questions}
    questions = [crisis.questions[name] for name in sorted(wanted)]
    compared = compare_ensembles(before, after, Scenario("link"), questions)
    for link in links:
        for name, expected in link.questions:
            each: Difference | None = compared.differences.get(name)
            if each is None or each.difference is None:
                continue
            acted, acted_after = (_share(link, crisis.questions[name], run) for run in (before, after))
            yield TotalEffect(
                link, name, expected, each.difference, each.error or 0.0, each.p_value, each.same,
                compared.parting.share, acted, acted_after,
            )  # fmt: skip


def _share(link: Link, question: Question, ensemble: Ensemble) -> float:
    """Share of the futures in which what a link acts on happens before a question closes."""
    for name in _acted_on(link, ensemble.crisis):
        first = ensemble.registers[main_watch(name, ensemble.crisis)]
        return float((first <= question.closes).mean())
    return math.nan


def _corrected(found: list[TotalEffect]) -> tuple[TotalEffect, ...]:
    signed = [k for k, each in enumerate(found) if each.expected != "±"]
    corrected = holm(np.array([found[k].p_value for k in signed])) if signed else np.zeros(0)
    errors = float(ndtri(1.0 - LEVEL / (2 * max(1, len(signed)))) + ndtri(POWER))
    for k, p in zip(signed, corrected, strict=True):
        found[k] = replace(found[k], p_value=float(p), resolution=errors * found[k].error)
    return tuple(found)
