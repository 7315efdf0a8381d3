"""Two parameterisations of one crisis: where their answers differ, and which numbers make the difference.

Both are simulated on the same random numbers. Then numbers are *swapped*: put from the second version into the first
(``forth``), and from the first into the second (``back``, told with its sign turned, so that both say what the second
version's number does). That the two agree says that the number acts by itself; where they do not, it acts together with
others. First the numbers of whole entries are swapped at once; single numbers only within entries that matter.

References
----------
Saltelli, A. et al. (2008). Global Sensitivity Analysis: The Primer, ch. 2. Wiley (on moving one input from a base, and
    why both bases are needed).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from detente.analysis import review_tables
from detente.analysis.comparing import compare_ensembles, questions_of
from detente.analysis.differences import Compared
from detente.analysis.grouping import section_of
from detente.engine import Ensemble, Settings, simulate
from detente.engine.ensemble import Progress
from detente.engine.sampling import quantile
from detente.errors import ForecastError
from detente.forecasting.answers import Answer, answer_question
from detente.forecasting.remarks import usable
from detente.layout import plain_text
from detente.model import Crisis, Parameter, Question
from detente.scenario import Scenario

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group

SAME = 0.02
"""Two numbers are the same where their 5, 50 and 95 % quantiles differ by less than this share of the narrower range.

Measured by the range and not by the size: factors of 1.005 and 1.01 a day are near in size, and the one does twice as
much as the other. Without a range (5 to 95 %), only equal numbers are the same.
"""
LEVELS = np.array([0.05, 0.5, 0.95])


@dataclass(frozen=True)
class Swap:
    """What one number of the second version, or all of one entry, does to the answer of one question.

    `forth` and `back` are differences in probability; `error` is the standard error of their mean, `effect`.
    """

    name: str
    question: str
    forth: float
    back: float
    error: float

    @property
    def effect(self) -> float:
        """Mean of both ways.

        Examples
        --------
        >>> Swap("a", "Q1", 0.25, 0.75, 0.01).effect
        0.5
        """
        return (self.forth + self.back) / 2


@dataclass(frozen=True, eq=False, repr=False)
class Reviewed:
    """A crisis beside a second parameterisation; it shows itself as tables.

    Attributes
    ----------
    crisis : Crisis
        The first version.
    first, second : mapping of str to Answer
    compared : Compared
        Second less first, on the same random numbers.
    differing : tuple of str
        Numbers in which the versions differ.
    apart : tuple of str
        Questions that differ enough to be traced.
    entries, numbers : tuple of Swap
        The largest effect first; empty if nothing was traced.
    settings : Settings
    interrupted : bool
    """

    crisis: Crisis
    first: Mapping[str, Answer]
    second: Mapping[str, Answer]
    compared: Compared
    differing: tuple[str, ...]
    apart: tuple[str, ...]
    entries: tuple[Swap, ...]
    numbers: tuple[Swap, ...]
    settings: Settings
    interrupted: bool

    def to_polars(self) -> pl.DataFrame:
        """One row per swap of a single number and question."""
        import polars as pl

        schema: dict[str, Any] = {"number": pl.String, "question": pl.String}
        schema |= dict.fromkeys(("effect", "forth", "back", "error"), pl.Float64)
        rows = [
            (each.name, each.question, each.effect, each.forth, each.back, each.error)
            for each in self.numbers
        ]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def as_dict(self) -> dict[str, Any]:
        """The whole as plain data, ready for JSON."""
        return review_tables.as_dict(self._shown())

    def __rich__(self) -> Group:
        return review_tables.rendered(self._shown())

    def _shown(self) -> review_tables.Shown:
        return review_tables.Shown(
            self.crisis,
            self.settings,
            self.first,
            self.second,
            self.compared,
            len(self.differing),
            self.apart,
            tuple(map(_row, self.entries)),
            tuple(map(_row, self.numbers)),
            self.interrupted,
        )

    def __str__(self) -> str:
        return plain_text(self)

    __repr__ = __str__


def differing_numbers(first: Crisis, second: Crisis) -> tuple[str, ...]:
    """Numbers that both versions have and in which they differ, by name.

    Examples
    --------
    >>> from detente import load
    >>> cuba = load("cuba_1962")
    >>> differing_numbers(cuba, cuba)
    ()
    """
    both = first.parameters.keys() & second.parameters.keys()
    return tuple(sorted(name for name in both if not _same(first.parameters[name], second.parameters[name])))


def _same(one: Parameter, other: Parameter) -> bool:
    if one.distribution == other.distribution:
        return True
    if {one.distribution.kind, other.distribution.kind} & {"counted", "mean_rate"}:
        return False
    before, after = (quantile(each.distribution, LEVELS) for each in (one, other))
    narrower = min(float(each[-1] - each[0]) for each in (before, after))
    return bool(np.allclose(before, after, rtol=1e-9, atol=SAME * narrower))


def review(
    first: Crisis,
    second: Crisis,
    *,
    questions: Iterable[str] | None = None,
    at_least: float = 0.10,
    moves: float = 0.02,
    trace: bool = True,
    trajectories: int = 8000,
    replicates: int = 8,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Reviewed:
    """Compare two parameterisations, and trace which numbers make their answers differ.

    Parameters
    ----------
    first, second : Crisis
        The same structure with other numbers, as ``load(name)`` and ``load(name, review=True)``.
    questions : iterable of str, optional
        Which questions; all by default.
    at_least : float in (0, 1]
        Answers that differ by more are traced.
    moves : float in (0, 1]
        Numbers of an entry are swapped singly where all together move a traced answer by more.
    trace : bool
        Whether to trace at all: 2 ensembles for each entry and for each single number.
    trajectories, replicates, seed, threads
        As in `detente.simulate`, for every ensemble.
    progress : callable, optional
        Called with the numbers of finished and of all ensembles known by then.

    Returns
    -------
    Reviewed
        On Ctrl-C, with the swaps that were finished until then.

    Raises
    ------
    ForecastError
        If a question does not exist, a threshold is out of range, or the versions have other questions.
    ModelError
        If a version cannot be run.
    KeyboardInterrupt
        If it was interrupted before both versions were simulated.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from detente import load
    >>> cuba = load("cuba_1962")
    >>> name = "actions.us_strikes_cuba.rate"
    >>> rate = cuba.parameters[name]
    >>> tenfold = replace(rate.distribution, numbers=(10 * rate.distribution.numbers[0], 1.5))
    >>> other = replace(cuba, parameters={**cuba.parameters, name: replace(rate, distribution=tenfold)})
    >>> found = review(cuba, other, trajectories=800, seed=1)
    >>> found.differing, found.numbers[0].name, found.numbers[0].effect > 0.2
    (('actions.us_strikes_cuba.rate',), 'actions.us_strikes_cuba.rate', True)
    """
    _check(first, second, at_least=at_least, moves=moves)
    study = _Study(first, second, questions_of(first, questions), progress)
    study.run(trajectories=trajectories, replicates=replicates, seed=seed, threads=threads)
    compared = study.difference(study.before, study.after, "second")
    apart = tuple(
        name for name, each in compared.differences.items() if abs(each.difference or 0.0) > at_least
    )
    differing = differing_numbers(first, second)
    entries: list[Swap] = []
    numbers: list[Swap] = []
    if trace and apart and not study.interrupted:
        groups = _entries(differing)
        entries += study.swaps(groups, apart)
        telling = sorted({each.name for each in entries if abs(each.effect) > moves})
        numbers += study.swaps({name: (name,) for group in telling for name in groups[group]}, apart)
    return Reviewed(
        crisis=first,
        first={question.name: answer_question(question, study.before) for question in study.questions},
        second={question.name: answer_question(question, study.after) for question in study.questions},
        compared=compared,
        differing=differing,
        apart=apart,
        entries=_ranked(entries),
        numbers=_ranked(numbers),
        settings=study.before.settings,
        interrupted=study.interrupted,
    )


def _check(first: Crisis, second: Crisis, **thresholds: float) -> None:
    for name, value in thresholds.items():
        if not 0.0 < value <= 1.0:
            raise ForecastError(f"{name} must lie above 0 and at most at 1, but is {value:g}")
    if first.questions.keys() != second.questions.keys():
        raise ForecastError("the two versions ask other questions: only their numbers may differ.")


def _entries(numbers: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Numbers by the entry of the file in which they stand, such as ``actions.strike``."""
    found: dict[str, list[str]] = {}
    for name in numbers:
        found.setdefault(section_of(name), []).append(name)
    return {entry: tuple(each) for entry, each in found.items()}


def _row(swap: Swap) -> review_tables.SwapRow:
    return swap.question, swap.name, swap.effect, swap.forth, swap.back, swap.error


def _ranked(swaps: Iterable[Swap]) -> tuple[Swap, ...]:
    return tuple(sorted(swaps, key=lambda each: (-abs(each.effect), each.name, each.question)))


class _Study:
    """Both versions, simulated, and hybrids of them."""

    before: Ensemble
    after: Ensemble

    def __init__(
        self, first: Crisis, second: Crisis, questions: tuple[Question, ...], progress: Progress | None
    ) -> None:
        self.first, self.second, self.questions, self.progress = first, second, questions, progress
        self.done, self.planned, self.interrupted = 0, 2, False
        self.settings: dict[str, Any] = {}

    def run(self, **settings: Any) -> None:
        """Simulate both versions."""
        self.settings = settings
        self.before = self._simulated(self.first)
        self.settings = settings | {"seed": self.before.settings.seed}
        self.after = self._simulated(self.second)

    def _simulated(self, crisis: Crisis) -> Ensemble:
        ensemble = usable(simulate(crisis, **self.settings))
        self.interrupted = self.interrupted or ensemble.interrupted
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.planned)
        return ensemble

    def difference(self, one: Ensemble, other: Ensemble, name: str) -> Compared:
        """Other less one."""
        return compare_ensembles(one, other, Scenario(name), self.questions)

    def swaps(self, groups: Mapping[str, tuple[str, ...]], questions: tuple[str, ...]) -> Iterator[Swap]:
        """Swap each group of numbers both ways; ends early on Ctrl-C."""
        self.planned += 2 * len(groups)
        for name, members in groups.items():
            try:
                forth = self._simulated(_with(self.first, self.second, members))
                back = self._simulated(_with(self.second, self.first, members))
            except KeyboardInterrupt:
                self.interrupted = True
            if self.interrupted:
                return
            there = self.difference(self.before, forth, name).differences
            here = self.difference(back, self.after, name).differences
            for question in questions:
                one, other = there[question], here[question]
                error = float(np.hypot(one.error or 0.0, other.error or 0.0)) / 2
                yield Swap(name, question, one.difference or 0.0, other.difference or 0.0, error)


def _with(crisis: Crisis, other: Crisis, numbers: Iterable[str]) -> Crisis:
    """A crisis with some numbers of another version."""
    taken = {name: other.parameters[name] for name in numbers}
    return replace(crisis, parameters={**crisis.parameters, **taken})
