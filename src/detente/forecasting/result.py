"""From a crisis to its forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detente.crisisfile import dumps
from detente.engine import Ensemble, Settings, simulate
from detente.engine.compiling import compile_crisis
from detente.engine.ensemble import Progress
from detente.engine.simulating import memory_needed
from detente.engine.watching import main_happenings
from detente.errors import ForecastError
from detente.forecasting import folder, frames, tables
from detente.forecasting.answers import Answer, Curve, answer_question, curve_of, last_day
from detente.forecasting.outlooks import Outlook, outlook_of
from detente.forecasting.remarks import notes_of, refuse_runaway, warnings_of
from detente.layout import plain_text
from detente.model import Crisis
from detente.provenance import Provenance, digest_of_text, record_provenance

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group


@dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """The questions of a crisis answered, with both kinds of uncertainty kept apart.

    It shows itself as a table in a terminal and in a notebook; ``forecast["H06"]`` is one answer.

    Attributes
    ----------
    answers : mapping of str to Answer
        Every question, by id.
    actions : mapping of str to Outlook
        When the listed actions are likely to happen, by name.
    warnings, notes : tuple of str
        What makes the numbers less sure than they look; what they rest on.
    provenance : Provenance
        How it was made.
    ensemble : Ensemble
        The futures behind it.
    """

    answers: Mapping[str, Answer]
    actions: Mapping[str, Outlook]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    provenance: Provenance
    ensemble: Ensemble

    def __getitem__(self, question: str) -> Answer:
        if question not in self.answers:
            known = ", ".join(self.answers) or "none"
            raise ForecastError(f"there is no question '{question}'. Questions: {known}.")
        return self.answers[question]

    def curve(self, question: str, every: float = 7.0) -> Curve:
        """Probability over time that the answer has become yes, on a grid of `every` days up to the close.

        Raises
        ------
        ForecastError
            If there is no such question, it was refused, or `every` is not above zero.
        """
        found = self[question]
        if found.probability is None:
            raise ForecastError(f"the question '{question}' was not answered: {found.reason}.")
        if not every > 0.0:
            raise ForecastError(f"every: it must be above zero days, but is {every}.")
        return curve_of(self.ensemble.crisis.questions[question], self.ensemble, every)

    def to_polars(self, table: frames.TableName = "questions") -> pl.DataFrame:
        """The table ``questions``, ``actions`` or ``curves`` as a Polars frame."""
        return frames.to_polars(table, self.answers, self.actions, self.curve)

    def save(self, path: Path | str) -> Path:
        """Write a folder: ``manifest.json``, ``forecast.json`` and one Parquet file per table.

        An earlier forecast there is replaced; anything else is refused with a ForecastError.
        """
        tables_ = {str(table): self.to_polars(table) for table in frames.TABLES}
        return folder.save(path, self.as_dict(), tables_, self.provenance)

    def as_dict(self) -> dict[str, Any]:
        """The whole forecast as plain data, ready for JSON; dates as text, probabilities in [0, 1]."""
        crisis, settings = self.ensemble.crisis, self.ensemble.settings
        return {
            "crisis": crisis.name,
            "title": crisis.title,
            "as_of": crisis.as_of.isoformat(),
            "horizon": settings.horizon,
            "draws": self.ensemble.finished,
            "replicates": settings.n_replicates,
            "trajectories": self.ensemble.n_trajectories,
            "interrupted": self.ensemble.interrupted,
            "seed": settings.seed,
            "digest": self.provenance.digest,
            "questions": [answer.as_dict() for answer in self.answers.values()],
            "actions": [found.as_dict() for found in self.actions.values()],
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "provenance": self.provenance.as_dict(),
        }

    def __rich__(self) -> Group:
        return tables.rendered(self.shown())

    def __str__(self) -> str:
        return plain_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return tables.html(self.shown())

    def shown(self) -> tables.Shown:
        """Header, answers, actions, warnings and notes: what every form of the forecast shows."""
        crisis, settings = self.ensemble.crisis, self.ensemble.settings
        n, version = self.ensemble.n_trajectories, self.provenance.versions["detente"]
        header = (
            f"{crisis.title or crisis.name} ({crisis.name})",
            f"As of {crisis.as_of}, to {last_day(crisis, settings.horizon)} ({settings.horizon:g} days)",
            f"{self.ensemble.finished:,} draws × {settings.n_replicates} replicates = {n:,} futures,"
            f" seed {settings.seed}",
            f"Digest of the crisis {self.provenance.digest[:16]}, Détente {version}",
        )
        return tables.Shown(header, self.answers, self.actions, self.warnings, self.notes)


def forecast(
    crisis: Crisis,
    *,
    trajectories: int = 10_000,
    replicates: int = 8,
    seed: int | None = None,
    threads: int | None = None,
    horizon: float | None = None,
    tick: float = 1.0,
    progress: Progress | None = None,
    posterior: Mapping[str, NDArray[np.float64]] | None = None,
) -> Forecast:
    """Simulate many futures of a crisis and answer its questions over them.

    Parameters
    ----------
    crisis : Crisis
        From `detente.load`.
    trajectories : int, >= 1
        How many futures; rounded up to whole draws of the parameters.
    replicates : int, >= 1
        Futures per draw; with 1 the two kinds of uncertainty cannot be told apart.
    seed : int, optional
        Drawn and recorded if not given. The same seed gives the same numbers on any number of threads.
    threads : int, optional
        By default all cores this process may use.
    horizon : float, optional
        Days to simulate; by default the horizon of the crisis. Questions that close later are refused.
    tick : float
        Length of a step of the flows [day].
    progress : callable, optional
        Called with the numbers of finished and of all futures.
    posterior : mapping of str to array of shape (n,), optional
        Joint draws of parameters in place of their priors, such as the `parameters` of a
        `detente.inference.Posterior`: draw d takes row d mod n.

    Returns
    -------
    Forecast
        On Ctrl-C, over the futures that were finished until then, with a warning that says so.

    Raises
    ------
    ModelError
        If the crisis cannot be run, or more than 1 % of its futures run away.
    ForecastError
        If an argument is out of range.
    KeyboardInterrupt
        If it was interrupted before one draw was finished.

    Examples
    --------
    >>> from detente.catalog import load
    >>> found = forecast(load("cuba_1962"), trajectories=400, seed=1)
    >>> all(0 <= answer.probability <= 1 for answer in found.answers.values())
    True
    """
    _check(crisis, trajectories, replicates)
    run = crisis if horizon is None else replace(crisis, horizon=float(horizon))
    ensemble = simulate(
        run,
        trajectories=trajectories,
        replicates=replicates,
        seed=seed,
        threads=threads,
        tick=tick,
        progress=progress,
        posterior=posterior,
    )
    if not ensemble.finished:
        raise KeyboardInterrupt("before one draw was finished")
    return forecast_of(ensemble, crisis=crisis)


def forecast_of(ensemble: Ensemble, *, crisis: Crisis | None = None) -> Forecast:
    """Answer the questions over an ensemble that has been simulated already.

    `crisis` is what the digest is taken of, where the ensemble was made with another horizon.

    Raises
    ------
    ModelError
        If more than 1 % of the futures ran away.
    """
    refuse_runaway(ensemble)
    declared = crisis or ensemble.crisis
    answers = {
        name: answer_question(question, ensemble) for name, question in ensemble.crisis.questions.items()
    }
    return Forecast(
        answers=answers,
        actions={name: outlook_of(name, ensemble) for name in main_happenings(ensemble.crisis)},
        warnings=warnings_of(ensemble),
        notes=notes_of(ensemble, answers.values()),
        provenance=record_provenance(
            declared.name,
            digest_of_text(dumps(declared)),
            seed=ensemble.settings.seed,
            settings=_settings(ensemble),
        ),
        ensemble=ensemble,
    )


def memory_for(crisis: Crisis, *, trajectories: int, replicates: int, threads: int = 1) -> int:
    """Bytes that a forecast will hold at most: what the engine holds, and the sampled parameters.

    Examples
    --------
    >>> from detente.catalog import load
    >>> 0 < memory_for(load("cuba_1962"), trajectories=1000, replicates=8) < 10_000_000
    True
    """
    settings = Settings(0, -(-trajectories // replicates), replicates, threads=threads)
    sampled = 8 * len(crisis.parameters) * settings.n_draws
    return memory_needed(compile_crisis(crisis), settings) + sampled


def _check(crisis: Crisis, trajectories: int, replicates: int) -> None:
    if not isinstance(crisis, Crisis):
        raise ForecastError(
            f"crisis: it must be a Crisis, but is {type(crisis).__name__}. Read one with detente.load(…)."
        )
    for name, value in (("trajectories", trajectories), ("replicates", replicates)):
        if value < 1:
            raise ForecastError(f"{name}: it must be 1 or more, but is {value}.")


def _settings(ensemble: Ensemble) -> dict[str, int | float | str]:
    settings = ensemble.settings
    fitted = {"posterior": settings.posterior} if settings.posterior else {}
    return fitted | {
        "draws": settings.n_draws,
        "replicates": settings.n_replicates,
        "draws_finished": ensemble.finished,
        "horizon": settings.horizon,
        "tick": settings.tick,
        "epoch": settings.epoch,
        "threads": settings.threads,
    }
