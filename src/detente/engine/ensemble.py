"""Ensembles: draws × replicates of futures of one crisis, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from detente.engine.sampling import Floats
from detente.engine.watching import Watch
from detente.model import Crisis

if TYPE_CHECKING:
    from detente.engine.carrying import ReplayedPast

Progress = Callable[[int, int], None]
"""Called with the number of finished trajectories and of all, from the calling thread."""


@dataclass(frozen=True)
class Settings:
    """How an ensemble was run. `tick` and `epoch` in days; trajectories = n_draws · n_replicates.

    `posterior` is the digest of the joint draws that it ran with, empty where all parameters were drawn from
    their priors.
    """

    seed: int
    n_draws: int = 1250
    n_replicates: int = 8
    horizon: float = 365.0
    tick: float = 1.0
    epoch: float = 7.0
    threads: int = 1
    posterior: str = ""

    @property
    def n_trajectories(self) -> int:
        """Number of trajectories asked for."""
        return self.n_draws * self.n_replicates


@dataclass(frozen=True)
class EventLog:
    """Every happening of an ensemble, one row each, sorted by trajectory and time.

    `happening` and `cause` are numbers into `names`. The cause is the happening that raised this one, started
    its timer, made its trigger true or had it as an outcome; −1 where a clock ran out, a date came, or a
    stock flowed over a threshold.
    """

    trajectory: NDArray[np.int64]
    time: NDArray[np.float64]
    happening: NDArray[np.int64]
    cause: NDArray[np.int64]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Paths:
    """How stocks, stages and memories went: `values[name]` of shape (n_times, n_trajectories) at `times` [day]."""

    times: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]

    def quantiles(self, name: str, levels: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> Floats:
        """Quantiles over trajectories at every time, shape (n_levels, n_times)."""
        found: Floats = np.quantile(self.values[name], levels, axis=1)
        return found

    def since(self, time: float) -> Paths:
        """The part from a time on.

        Examples
        --------
        >>> paths = Paths(np.array([-2.0, -1.0, 0.0]), {"fear": np.ones((3, 4))})
        >>> paths.since(-1.0).times.tolist(), paths.since(-1.0).values["fear"].shape
        ([-1.0, 0.0], (2, 4))
        """
        kept = self.times >= time
        return Paths(self.times[kept], {name: values[kept] for name, values in self.values.items()})


@dataclass(frozen=True)
class Ensemble:
    """Simulated futures of one crisis.

    `registers` holds, per watch, one number per trajectory: a first time [day], infinity if never, or a value.
    `counts` holds, per happening, the mean number per trajectory. Trajectory i belongs to draw i // n_replicates.
    `finished` counts whole draws that were simulated; fewer than asked for only after an interruption.
    `parameters` holds, per parameter, its value in each finished draw, shape (finished,), rates divided by their
    exposure. `past` is what its futures began with, where the run was asked to keep it.
    """

    crisis: Crisis
    settings: Settings
    registers: Mapping[Watch, NDArray[np.float64]]
    counts: Mapping[str, float]
    runaway: NDArray[np.bool_]
    clamped: Mapping[str, int]
    finished: int
    log: EventLog | None = None
    final: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    parameters: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    paths: Paths | None = None
    past: ReplayedPast | None = field(default=None, repr=False)

    @property
    def n_trajectories(self) -> int:
        """Number of trajectories that were simulated."""
        return self.finished * self.settings.n_replicates

    @property
    def interrupted(self) -> bool:
        """Whether fewer trajectories than asked for were simulated."""
        return self.finished < self.settings.n_draws
