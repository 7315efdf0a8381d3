"""The command ``story``: which future to tell, and how far."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detente.errors import ForecastError

if TYPE_CHECKING:
    from detente.analysis.turns import Story
    from detente.engine import Ensemble, Settings
    from detente.model import Crisis


@dataclass(frozen=True)
class Told:
    """A story, why this future was chosen, and whether the choice was cut short."""

    story: Story
    choice: str
    interrupted: bool = False


def told(
    crisis: Crisis,
    *,
    question: str,
    yes: bool | None,
    trajectory: int | None,
    trajectories: int,
    replicates: int,
    seed: int | None,
    threads: int | None,
    to_the_end: bool,
    everything: bool,
    quiet: bool,
) -> Told:
    """Tell the future of a number, or a typical one with an answer."""
    from detente.analysis.answering import asked_question
    from detente.analysis.snapshots import posterior_of
    from detente.analysis.stories import tell
    from detente.cli.studying import simulated, working

    if question:
        asked_question(crisis, question)
    if trajectory is not None:
        settings = _settings(crisis, trajectories, replicates, seed, trajectory)
        return Told(tell(crisis, settings, trajectory, question=question, everything=everything), "")
    ensemble = simulated(
        crisis,
        quiet=quiet,
        trajectories=trajectories,
        replicates=replicates,
        seed=seed,
        threads=threads,
        log=True,
    )
    with working("Reading along", quiet=quiet):
        number, choice, until, steps = chosen(ensemble, question, yes)
        story = tell(
            crisis,
            ensemble.settings,
            number,
            question=question,
            also=steps,
            until=None if to_the_end else until,
            everything=everything,
            posterior=posterior_of(ensemble),
        )
    return Told(story, choice, ensemble.interrupted)


def chosen(ensemble: Ensemble, question: str, yes: bool | None) -> tuple[int, str, float, frozenset[str]]:
    """A future with an answer: its number, why it was chosen, when it was answered [day], and the telling steps.

    It is the example of the commonest path, or where that leads to the other answer the first future with this one.

    Raises
    ------
    ForecastError
        If no future has this answer.
    """
    import numpy as np

    from detente.analysis.answering import Answering, asked_question
    from detente.analysis.paths import paths_to

    study = Answering(asked_question(ensemble.crisis, question), ensemble)
    paths = paths_to(ensemble, question)
    side = paths.side if yes is None else "yes" if yes else "no"
    same = np.flatnonzero(study.held & (study.yes if side == "yes" else ~study.yes))
    if not len(same):
        raise ForecastError(
            f"none of {ensemble.n_trajectories:,} futures answers {question} with {side}. Ask for more"
            " --trajectories, or for the other answer."
        )
    if side == paths.side and paths.paths:
        number = paths.paths[0].example
        why = f", nearest to the middle of the commonest path to {side} of {question}"
        why += f" ({100 * paths.paths[0].share:.0f} % of them)"
    else:
        number, why = int(same[0]), f", the first that answers {question} with {side}"
    row = study.row(number, side)
    until = study.book.log.time[row] if row >= 0 else min(study.when[number], study.last)
    steps = frozenset(step.happening for step in paths.steps)
    return number, why, float(until) if math.isfinite(until) else study.last, steps


def _settings(
    crisis: Crisis, trajectories: int, replicates: int, seed: int | None, trajectory: int
) -> Settings:
    import secrets

    from detente.engine import Settings

    return Settings(
        seed=secrets.randbits(48) if seed is None else seed,
        n_draws=max(-(-trajectories // replicates), trajectory // replicates + 1),
        n_replicates=replicates,
        horizon=crisis.horizon,
    )
