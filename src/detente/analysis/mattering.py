"""What matters for a question: which uncertain numbers, sources or judgements its probability leans on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detente.analysis.grouping import By, Group, groups_of
from detente.analysis.sensitivity import LEAST_DRAWS, PERMUTATIONS, given_data_indices, share_together
from detente.analysis.worth import Worth, worth_of
from detente.engine import Ensemble
from detente.engine.watching import answer
from detente.errors import ForecastError
from detente.estimating import Estimate, estimate, spread_variance
from detente.forecasting.answers import LEAST_GIVEN, answer_question
from detente.model import Question

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Leaning:
    """How far the probability of a question leans on one number, or on several together.

    Attributes
    ----------
    name, title : str
        The number, source, section or actor.
    members : tuple of str
        Names of the parameters.
    index, error : float
        Share of the variance over draws that they explain, and its standard error.
    stands_out : bool
        Whether the index is above what noise reaches (`Sensitivity.threshold`).
    low, high : float or None
        Probability expected at the 5 % and 95 % quantile of a single number; None for several.
    worth : Worth
        Spread and 90 % range of the probability that would be expected if they were known.
    """

    name: str
    title: str
    members: tuple[str, ...]
    index: float
    error: float
    stands_out: bool
    low: float | None
    high: float | None
    worth: Worth

    def as_dict(self) -> dict[str, Any]:
        """The leaning as plain data, ready for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "members": list(self.members),
            "index": self.index,
            "error": self.error,
            "stands_out": self.stands_out,
            "low": self.low,
            "high": self.high,
            "spread_if_known": self.worth.left,
            "spread_saved": self.worth.saved,
            "low_if_known": self.worth.low,
            "high_if_known": self.worth.high,
        }


@dataclass(frozen=True)
class Sensitivity:
    """What one question leans on.

    Attributes
    ----------
    question, text, by
        The question, and how the numbers were grouped.
    found : Estimate or None
        Its probability with both uncertainties; None where the forecast refuses it.
    n_draws : int
        Draws that took part: for a conditional question those in which the condition held twice or more.
    unknown_share : float or None
        Share of the variance p(1 − p) of one future's answer that is ignorance, τ²/(p(1 − p)); the rest is
        chance, which no evidence removes.
    together : float or None
        Joint share of the variance over draws that all numbers explain without interactions.
    threshold : float
        What the largest index of irrelevant numbers stays below in nine of ten permutations.
    leanings : tuple of Leaning
        The largest first; empty where a ranking is refused, and `reason` says why.
    """

    question: str
    text: str
    by: By
    found: Estimate | None
    n_draws: int
    unknown_share: float | None = None
    together: float | None = None
    threshold: float = math.nan
    leanings: tuple[Leaning, ...] = ()
    reason: str = ""

    @property
    def standing_out(self) -> tuple[Leaning, ...]:
        """The leanings above the threshold."""
        return tuple(each for each in self.leanings if each.stands_out)

    def as_dict(self) -> dict[str, Any]:
        """The study as plain data, ready for JSON; None for NaN."""
        found = self.found
        return {
            "question": self.question,
            "text": self.text,
            "by": self.by,
            "probability": None if found is None else found.probability,
            "mc_error": None if found is None else _known(found.error),
            "low": None if found is None else _known(found.low),
            "high": None if found is None else _known(found.high),
            "spread": None if found is None else _known(found.spread),
            "draws": self.n_draws,
            "unknown_share": self.unknown_share,
            "together": self.together,
            "threshold": _known(self.threshold),
            "leanings": [each.as_dict() for each in self.leanings],
            "reason": self.reason,
        }

    def to_polars(self) -> pl.DataFrame:
        """One row per leaning; the columns are those of `Leaning.as_dict`."""
        import polars as pl

        numbers = (
            "index",
            "error",
            "low",
            "high",
            "spread_if_known",
            "spread_saved",
            "low_if_known",
            "high_if_known",
        )
        types: dict[str, Any] = {"name": pl.String, "title": pl.String, "members": pl.List(pl.String)}
        types |= {"stands_out": pl.Boolean} | dict.fromkeys(numbers, pl.Float64)
        return pl.DataFrame([each.as_dict() for each in self.leanings], schema=types)


def sensitivity_of(
    ensemble: Ensemble,
    questions: Sequence[str] | None = None,
    *,
    by: By = "number",
    permutations: int = PERMUTATIONS,
) -> dict[str, Sensitivity]:
    """What each question leans on, from an ensemble that has been simulated already.

    Parameters
    ----------
    ensemble : Ensemble
        With 1,000 draws or more, and two replicates or more; see `detente.analysis.sensitivity` for the method.
    questions : sequence of str, optional
        Ids; by default all.
    by : {'number', 'source', 'evidence', 'section', 'actor'}
        See `detente.analysis.grouping.groups_of`.
    permutations : int, >= 1

    Returns
    -------
    dict of str to Sensitivity
        A question whose ranking would be noise is refused: its `leanings` are empty, its `reason` says why.

    Raises
    ------
    ForecastError
        If there is no such question, or no uncertain number.

    Examples
    --------
    >>> from detente import load, simulate
    >>> cuba = simulate(load("cuba_1962"), trajectories=8000, seed=1)
    >>> found = sensitivity_of(cuba, ["Q2"])["Q2"]
    >>> found.leanings[0].name
    'actions.us_strikes_cuba.rate'
    """
    crisis = ensemble.crisis
    wanted = list(crisis.questions) if questions is None else list(questions)
    for name in wanted:
        if name not in crisis.questions:
            known = ", ".join(crisis.questions) or "none"
            raise ForecastError(f"there is no question '{name}'. Questions: {known}.")
    groups = groups_of(crisis, by)
    if not groups:
        raise ForecastError(f"the crisis '{crisis.name}' has no uncertain number: nothing can be ranked.")
    studies = [_Study(crisis.questions[name], ensemble) for name in wanted]
    found: dict[str, Sensitivity] = {}
    for mask in {study.taking_part.tobytes(): study.taking_part for study in studies}.values():
        same = [study for study in studies if study.taking_part.tobytes() == mask.tobytes()]
        found.update(_ranked(same, ensemble, by, groups, permutations))
    return {name: found[name] for name in wanted}


def draw_counts(question: Question, ensemble: Ensemble) -> tuple[Floats, Floats]:
    """How often each draw answers yes, and how often it is asked; shapes (D,).

    As in the forecast a runaway future is asked and counts as half a yes.

    Examples
    --------
    >>> from detente import load, simulate
    >>> cuba = simulate(load("cuba_1962"), trajectories=80, seed=1)
    >>> yes, asked = draw_counts(cuba.crisis.questions["Q1"], cuba)
    >>> asked.tolist() == [8.0] * 10, bool((yes <= asked).all())
    (True, True)
    """
    yes = answer(question.yes_if, question, ensemble.crisis, ensemble.registers)
    held = np.ones_like(yes)
    if question.given is not None:
        held = answer(question.given, question, ensemble.crisis, ensemble.registers)
    counted = np.where(ensemble.runaway, 0.5, yes & held)
    asked = (held | ensemble.runaway).astype(np.float64)
    shape = ensemble.finished, -1
    return counted.reshape(shape).sum(axis=1), asked.reshape(shape).sum(axis=1)


class _Study:
    """One question: the counts of the draws that take part, and whether anything can be ranked."""

    def __init__(self, question: Question, ensemble: Ensemble) -> None:
        self.question = question
        yes, asked = draw_counts(question, ensemble)
        self.taking_part = asked >= 2.0
        self.yes, self.asked = yes[self.taking_part], asked[self.taking_part]
        self.found = estimate(yes, asked) if asked.sum() >= LEAST_GIVEN or question.given is None else None
        self.n_draws = len(self.yes)
        self.reason = self._refusal(ensemble)

    def _refusal(self, ensemble: Ensemble) -> str:
        answered = answer_question(self.question, ensemble)
        if answered.probability is None or self.found is None:
            return f"the question is not answered: {answered.reason}"
        if self.found.same:
            return f"every future says {self.found.same}: there is nothing to explain"
        if self.n_draws < LEAST_DRAWS:
            return _too_few(self, ensemble)
        if not self.found.spread_detectable:
            return (
                "no spread over draws is detectable: a ranking would be noise. More futures may show one"
                f" (at present it is below {math.sqrt(self._widest()):.2g})"
            )
        return ""

    def _widest(self) -> float:
        """The largest variance over draws that the estimate does not rule out."""
        assert self.found is not None
        return max(1e-12, ((self.found.high - self.found.low) / 3.29) ** 2)

    @property
    def means(self) -> Floats:
        """Mean answers of the draws, shape (D,)."""
        return self.yes / self.asked

    @property
    def noise(self) -> Floats:
        """Estimated chance in each of them."""
        return self.means * (1.0 - self.means) / (self.asked - 1.0)

    def refused(self, by: By) -> Sensitivity:
        return Sensitivity(
            self.question.name, self.question.text, by, self.found, self.n_draws, reason=self.reason
        )


def _too_few(study: _Study, ensemble: Ensemble) -> str:
    if ensemble.settings.n_replicates < 2:
        return (
            "with one future per draw chance and ignorance cannot be told apart; ask for 2 replicates or more"
        )
    held = " in which its condition holds twice or more" if study.question.given is not None else ""
    return f"a ranking needs {LEAST_DRAWS:,} draws{held}, and there are {study.n_draws:,}; ask for more draws"


def _ranked(
    studies: Sequence[_Study], ensemble: Ensemble, by: By, groups: Sequence[Group], permutations: int
) -> dict[str, Sensitivity]:
    """The studies of the questions that the same draws answer."""
    found = {study.question.name: study.refused(by) for study in studies if study.reason}
    ranked = [study for study in studies if not study.reason]
    if not ranked:
        return found
    names = sorted({name for group in groups for name in group.members})
    column = {name: j for j, name in enumerate(names)}
    inputs = np.column_stack([ensemble.parameters[name][studies[0].taking_part] for name in names])
    means = np.column_stack([study.means for study in ranked])
    noise = np.column_stack([study.noise for study in ranked])
    members = [[column[name] for name in group.members] for group in groups]
    indices = given_data_indices(inputs, means, noise, groups=members, permutations=permutations)
    together = share_together(inputs, means, noise)
    for k, study in enumerate(ranked):
        assert study.found is not None
        p, tau2 = study.found.probability, spread_variance(study.yes, study.asked)
        leanings = [
            Leaning(
                name=group.name,
                title=group.title,
                members=group.members,
                index=float(indices.index[g, k]),
                error=float(indices.error[g, k]),
                stands_out=bool(indices.stands_out[g, k]),
                low=_probability(float(indices.low[g, k])),
                high=_probability(float(indices.high[g, k])),
                worth=worth_of(study.yes, study.asked, tau2, float(indices.index[g, k])),
            )
            for g, group in enumerate(groups)
        ]
        found[study.question.name] = Sensitivity(
            question=study.question.name,
            text=study.question.text,
            by=by,
            found=study.found,
            n_draws=study.n_draws,
            unknown_share=min(1.0, tau2 / (p * (1.0 - p))),
            together=float(together[k]),
            threshold=float(indices.threshold[k]),
            leanings=tuple(sorted(leanings, key=lambda each: (-each.index, each.name))),
        )
    return found


def _probability(value: float) -> float | None:
    """A fitted curve may leave [0, 1] a little."""
    return None if math.isnan(value) else min(1.0, max(0.0, value))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
