"""Two verbs that must never be mixed up: **condition** on what happened, **intervene** to make it happen.

`condition` chooses, among the futures of one ensemble, those in which something happened, and says how often the
questions are answered with yes there. What made it happen made other things happen too: the difference to all
futures says what goes together, not what does what. `intervene` makes it happen, in all futures alike, and
compares with the same futures left alone: the difference is what it does. Where causes are shared, the two differ.

References
----------
Pearl, J. (2009). Causality, 2nd ed., ch. 3. Cambridge University Press.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detente.analysis import conditional_tables
from detente.analysis.comparing import Comparison, compare, questions_of
from detente.analysis.conditions import read_condition
from detente.analysis.differences import Chosen
from detente.analysis.pairing import paired_ratio
from detente.engine import Ensemble, simulate
from detente.engine.watching import Watch, answer, main_watch
from detente.errors import ForecastError
from detente.expressions import First, walk
from detente.forecasting.answers import LEAST_GIVEN, Answer, answer_question, estimate_over, fields_of
from detente.forecasting.remarks import refuse_runaway
from detente.layout import plain_text
from detente.model import Crisis, Question
from detente.scenario import Change, Scenario

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group

CONDITION = "condition"
"""Name of the question that a condition is while it is simulated."""


@dataclass(frozen=True, eq=False, repr=False)
class Conditional:
    """The questions of a crisis among the futures in which a condition holds; it shows itself as a table.

    Attributes
    ----------
    that : str
        The condition.
    holds : Answer
        How probable it is.
    chosen : mapping of str to Chosen
        By question.
    ensemble : Ensemble
        The futures behind it.
    """

    that: str
    holds: Answer
    chosen: Mapping[str, Chosen]
    ensemble: Ensemble

    def __getitem__(self, question: str) -> Chosen:
        if question not in self.chosen:
            known = ", ".join(self.chosen) or "none"
            raise ForecastError(f"there is no question '{question}'. Questions: {known}.")
        return self.chosen[question]

    def to_polars(self) -> pl.DataFrame:
        """One row per question."""
        import polars as pl

        numbers = ("among_all", "among_chosen", "error_chosen", "difference", "error")
        schema: dict[str, Any] = {"question": pl.String, "text": pl.String}
        schema |= dict.fromkeys(numbers, pl.Float64) | {"n": pl.Int64, "reason": pl.String}
        return pl.DataFrame([_row(each) for each in self.chosen.values()], schema=schema, orient="row")

    def as_dict(self) -> dict[str, Any]:
        """The whole as plain data, ready for JSON."""
        settings = self.ensemble.settings
        return {
            "crisis": self.ensemble.crisis.name,
            "verb": "condition",
            "that": self.that,
            "holds": self.holds.as_dict(),
            "seed": settings.seed,
            "draws": self.ensemble.finished,
            "replicates": settings.n_replicates,
            "interrupted": self.ensemble.interrupted,
            "questions": [
                {
                    "question": each.question,
                    "text": each.text,
                    "among_all": each.among_all.as_dict(),
                    "among_chosen": each.among_chosen.as_dict(),
                    "difference": each.difference,
                    "error": each.error,
                }
                for each in self.chosen.values()
            ],
        }

    def __rich__(self) -> Group:
        return conditional_tables.rendered(self.that, self.holds, self.chosen, self.ensemble)

    def __str__(self) -> str:
        return plain_text(self)

    __repr__ = __str__


def _row(each: Chosen) -> tuple[Any, ...]:
    chosen = each.among_chosen
    numbers = each.among_all.probability, chosen.probability, chosen.mc_error
    return each.question, each.text, *numbers, each.difference, each.error, chosen.n_given, chosen.reason


def condition(ensemble: Ensemble, that: str, *, questions: Iterable[str] | None = None) -> Conditional:
    """Choose the futures of an ensemble in which something happened, and answer the questions among them.

    Parameters
    ----------
    ensemble : Ensemble
        That has watched what the condition asks: the first dates of listed actions always are, other conditions where
        a question asks the same. For any other use `given`, which simulates with the condition in view.
    that : str
        As in `detente.analysis.conditions.read_condition`.
    questions : iterable of str, optional
        Which questions; all by default.

    Returns
    -------
    Conditional
        Where the condition holds in fewer than 50 futures, questions are refused with the reason.

    Raises
    ------
    CrisisFileError
        If the condition cannot be read.
    ForecastError
        If the ensemble has not watched it.

    Examples
    --------
    >>> from detente import load, simulate
    >>> ensemble = simulate(load("cuba_1962"), trajectories=800, seed=1)
    >>> found = condition(ensemble, "us_ultimatum by 1962-10-29")
    >>> found["Q1"].among_chosen.n_given == round(found.holds.probability * 800)
    True
    """
    asked = read_condition(that, ensemble.crisis, name=CONDITION)
    registers = dict(ensemble.registers) | dict(_derived(asked, ensemble))
    watching = dataclasses.replace(ensemble, registers=registers)
    try:
        answer(asked.yes_if, asked, ensemble.crisis, registers)
    except KeyError:
        raise ForecastError(
            f"the ensemble has not watched whether '{that}' holds. Use detente.analysis.given(crisis, …), which"
            " simulates with it in view, or ask it in a question of the crisis."
        ) from None
    return _chosen(watching, asked, questions)


def given(
    crisis: Crisis,
    that: str,
    *,
    questions: Iterable[str] | None = None,
    horizon: float | None = None,
    **run: Any,
) -> Conditional:
    """Simulate a crisis with a condition in view, and answer its questions where it holds: `condition` for any text.

    `run` goes to `detente.simulate`: trajectories, replicates, seed, threads, tick, progress.

    Raises
    ------
    CrisisFileError
        If the condition cannot be read.
    KeyboardInterrupt
        If it was interrupted before one draw was finished.

    Examples
    --------
    >>> from detente import load
    >>> found = given(load("cuba_1962"), "first ship_stopped before first us_ultimatum", trajectories=800, seed=1)
    >>> 0.0 < found.holds.probability < 1.0
    True
    """
    run_until = crisis if horizon is None else dataclasses.replace(crisis, horizon=float(horizon))
    asked = read_condition(that, run_until, name=CONDITION)
    watched = dataclasses.replace(run_until, questions={**run_until.questions, CONDITION: asked})
    ensemble = simulate(watched, **run)
    if not ensemble.finished:
        raise KeyboardInterrupt("before one draw was finished")
    return _chosen(dataclasses.replace(ensemble, crisis=run_until), asked, questions)


def intervene(crisis: Crisis, happening: str, *, at: str, **compared: Any) -> Comparison:
    """Make something happen on a date, in all futures, and compare with the same futures left alone.

    Parameters
    ----------
    crisis : Crisis
    happening : str
        A moment, or one of its outcomes, which then is the outcome.
    at : str
        The date, as 2025-02-01.
    **compared
        Goes to `detente.analysis.compare`: questions, trajectories, seed …

    Returns
    -------
    Comparison
        With the one scenario ``intervene``.

    Examples
    --------
    >>> from detente import load
    >>> found = intervene(load("cuba_1962"), "us_ultimatum", at="1962-10-26", trajectories=800, seed=1)
    >>> found["intervene"].parting.share > 0.5
    True
    """
    change = Change("force", happening, at=at)
    return compare(crisis, Scenario("intervene", f"{happening} at {at}", changes=(change,)), **compared)


def _derived(asked: Question, ensemble: Ensemble) -> Iterator[tuple[Watch, NDArray[np.float64]]]:
    """First times of listed actions within the window of a condition, from those within the horizon."""
    crisis = ensemble.crisis
    for node in walk(asked.yes_if):
        if not isinstance(node, First) or node.value or node.happening not in crisis.moments:
            continue
        whole = ensemble.registers.get(main_watch(node.happening, crisis))
        if whole is not None:
            watch = Watch("first", node.happening, asked.opens, asked.closes)
            yield watch, np.where(whole <= asked.closes, whole, np.inf)


def _chosen(ensemble: Ensemble, asked: Question, names: Iterable[str] | None) -> Conditional:
    refuse_runaway(ensemble)
    held = answer(asked.yes_if, asked, ensemble.crisis, ensemble.registers)
    crisis = ensemble.crisis
    wanted = questions_of(crisis, names)
    return Conditional(
        that=asked.text,
        holds=answer_question(asked, ensemble),
        chosen={question.name: _one(question, held, ensemble) for question in wanted},
        ensemble=ensemble,
    )


def _one(question: Question, held: NDArray[np.bool_], ensemble: Ensemble) -> Chosen:
    everywhere = answer_question(question, ensemble)
    begun = Chosen(question.name, question.text, everywhere, everywhere, None, None)
    if everywhere.probability is None:
        return begun
    asked = np.ones_like(held)
    if question.given is not None:
        asked = answer(question.given, question, ensemble.crisis, ensemble.registers)
    yes = answer(question.yes_if, question, ensemble.crisis, ensemble.registers)
    chosen = _among(everywhere, yes, asked & held, ensemble)
    if chosen.probability is None:
        return dataclasses.replace(begun, among_chosen=chosen)
    halved, stopped = np.where(ensemble.runaway, 0.5, yes), ensemble.runaway
    sets = (asked | stopped, (asked & held) | stopped)
    counts = [_per_draw(values, ensemble) for each in sets for values in (halved * each, each)]
    found = paired_ratio(*counts, same=False)
    return dataclasses.replace(
        begun,
        among_chosen=chosen,
        difference=found.difference,
        error=None if np.isnan(found.error) else found.error,
    )


def _among(everywhere: Answer, yes: NDArray[np.bool_], held: NDArray[np.bool_], ensemble: Ensemble) -> Answer:
    n = int(held.sum())
    if n < LEAST_GIVEN:
        reason = f"the condition holds in {n} of {everywhere.n:,} futures; {LEAST_GIVEN} are needed"
        nothing = {
            "probability": None,
            "mc_error": None,
            "low": None,
            "high": None,
            "spread": None,
            "same": "",
        }
        return dataclasses.replace(everywhere, n_given=n, widened=None, reason=reason, **nothing)  # type: ignore[arg-type]
    found, widened = estimate_over(yes, held, ensemble)
    return dataclasses.replace(everywhere, n_given=n, widened=widened, **fields_of(found))


def _per_draw(values: NDArray[Any], ensemble: Ensemble) -> NDArray[np.float64]:
    sums: NDArray[np.float64] = values.reshape(ensemble.finished, -1).sum(axis=1, dtype=np.float64)
    return sums
