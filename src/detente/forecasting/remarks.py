"""What a reader must know beside the numbers: warnings about the run, and notes on what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detente.checking import evidence_shares, resting_on_judgement
from detente.engine import Ensemble
from detente.errors import ModelError
from detente.forecasting.answers import Answer
from detente.model import Crisis

RUNAWAY_WARNS = 0.001
RUNAWAY_STOPS = 0.01
CLAMPED_WARNS = 0.25
FEW_DRAWS = 100


def refuse_runaway(ensemble: Ensemble) -> None:
    """Stop where too many futures met their budget of happenings.

    Raises
    ------
    ModelError
        If more than 1 % of the futures are runaway.
    """
    share = float(ensemble.runaway.mean())
    if share > RUNAWAY_STOPS:
        raise ModelError(
            f"{share:.1%} of the futures ran away: something in the crisis sets itself off without end. Give"
            " memory factors a lower at_most, or actions a not_within; `detente check` shows which feed one"
            " another."
        )


def usable(ensemble: Ensemble) -> Ensemble:
    """An ensemble that can be read: interrupted or not, it holds a draw, and few of its futures ran away.

    Raises
    ------
    KeyboardInterrupt
        If it was interrupted before one draw was finished.
    ModelError
        If more than 1 % of the futures are runaway.
    """
    if not ensemble.finished:
        raise KeyboardInterrupt("before one draw was finished")
    refuse_runaway(ensemble)
    return ensemble


def warnings_of(ensemble: Ensemble) -> tuple[str, ...]:
    """What makes the numbers of a run less sure than they look."""
    return tuple(_warnings(ensemble))


def notes_of(ensemble: Ensemble, answers: Iterable[Answer]) -> tuple[str, ...]:
    """What the numbers rest on, and which of them say little."""
    return tuple(_notes(ensemble, tuple(answers)))


def _warnings(ensemble: Ensemble) -> Iterator[str]:
    settings = ensemble.settings
    if ensemble.interrupted:
        yield (
            f"Interrupted: {ensemble.n_trajectories:,} of {settings.n_trajectories:,} futures were finished;"
            " the numbers are of those."
        )
    share = float(ensemble.runaway.mean())
    if share > RUNAWAY_WARNS:
        yield (
            f"{share:.2%} of the futures ran away and were stopped. Every range reaches from all of them"
            " being a no to all of them being a yes."
        )
    ticks = max(1.0, ensemble.n_trajectories * settings.horizon / settings.tick)
    for name, count in ensemble.clamped.items():
        if count / ticks > CLAMPED_WARNS:
            yield (
                f"The stock '{name}' was held at a bound in {count / ticks:.0%} of all ticks: its flow or its"
                " bounds may be off."
            )
    if ensemble.finished < FEW_DRAWS:
        yield f"Only {ensemble.finished} draws of the parameters: errors and ranges are rough."


def _notes(ensemble: Ensemble, answers: tuple[Answer, ...]) -> Iterator[str]:
    yield from _evidence(ensemble.crisis)
    if ensemble.settings.n_replicates == 1:
        yield "With one replicate per draw, chance and ignorance cannot be told apart: there are no ranges."
    for answer in answers:
        if answer.probability is None:
            yield f"{answer.id} is not answered: {answer.reason}."
        elif _leaves_out_the_mean(answer):
            yield (
                f"{answer.id} is all but settled by the parameters: fewer than 5 % of the draws answer it"
                " unlike the rest, so that the 90 % range leaves out the mean."
            )


def _evidence(crisis: Crisis) -> Iterator[str]:
    shares = evidence_shares(crisis)
    if shares.total:
        yield (
            f"Of {shares.total:,} numbers {shares.sourced:,} name a source, {shares.judged:,} are judgement"
            f" alone, {shares.reference:,} are rules or definitions."
        )
    judged = resting_on_judgement(crisis)
    if judged:
        yield f"These questions rest on judgement alone: {', '.join(judged)}."


def _leaves_out_the_mean(answer: Answer) -> bool:
    if answer.probability is None or answer.low is None or answer.high is None or answer.same:
        return False
    return not answer.low <= answer.probability <= answer.high
