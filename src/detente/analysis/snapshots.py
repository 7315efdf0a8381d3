"""The state of chosen futures at chosen days, as the kernel leaves it, in the form in which expressions see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.engine import Ensemble, EventLog
from detente.engine import tables as tb
from detente.engine.blocks import Start, load_block, new_block, run_block
from detente.engine.compiling import Compiled, compile_crisis
from detente.engine.ensemble import Settings
from detente.engine.reference import replay_reference
from detente.engine.reference_values import State, World, declared_state
from detente.engine.replaying import pending_strikes, prepare, simulation_plan
from detente.engine.running import with_fast_memories
from detente.engine.sampling import drawn_or_fitted, with_unit_rates
from detente.engine.streams import lanes
from detente.engine.tables import WIDTH
from detente.model import Crisis

NO_BUDGET = 2**62

Posterior = Mapping[str, NDArray[np.float64]]
"""Joint draws of parameters by name, each of shape (n,)."""


@dataclass(frozen=True)
class Snapshot:
    """One future at the end of one day: number of the trajectory, time [day], its state and parameters."""

    trajectory: int
    time: float
    world: World


def snapshots_at(
    crisis: Crisis,
    settings: Settings,
    trajectories: Sequence[int] | NDArray[np.int64],
    days: Sequence[int],
    posterior: Posterior | None = None,
) -> Iterator[list[Snapshot]]:
    """The same futures that `simulate` runs with these settings, stopped at each of some days.

    Parameters
    ----------
    crisis : Crisis
    settings : Settings
        Of the ensemble; trajectory i belongs to draw i // n_replicates. Its tick must go into a day.
    trajectories : sequence of int
        Numbers of trajectories, below ``settings.n_trajectories``.
    days : sequence of int, >= 0
        Whole days after the as-of date. Each is reached from the beginning: d days cost d days of simulation.
    posterior : mapping of str to (n,) floats, optional
        Joint draws that the ensemble was run with; see `posterior_of`.

    Yields
    ------
    list of Snapshot
        For each day, one per trajectory, at the end of that day and of all that happens at this instant.

    Examples
    --------
    >>> from detente import load
    >>> crisis = load("cuba_1962")
    >>> days = list(snapshots_at(crisis, Settings(1, 2, 1), [0, 1], [0, 30]))
    >>> [[round(each.world.state.stocks["alert"], 1) for each in day] for day in days]  # doctest: +ELLIPSIS
    [[3.0, 3.0], [...]]
    """
    numbers = np.asarray(trajectories, np.int64)
    run = _Rerun(crisis, settings, int(numbers.max(initial=0)) // settings.n_replicates + 1, posterior)
    for day in days:
        found: list[Snapshot] = []
        for first in range(0, len(numbers), WIDTH):
            found += run.states(numbers[first : first + WIDTH], float(day))
        yield found


def posterior_of(ensemble: Ensemble) -> Posterior:
    """The joint draws with which the futures of an ensemble can be run again; none if it ran with the priors."""
    return ensemble.parameters if ensemble.settings.posterior else {}


def start_of(
    crisis: Crisis, settings: Settings, trajectory: int, posterior: Posterior | None = None
) -> tuple[dict[str, float], State]:
    """The parameters of one future, and the state in which the plain reference begins it.

    Examples
    --------
    >>> from detente import load
    >>> values, state = start_of(load("cuba_1962"), Settings(1, 10, 8), 17)
    >>> values["actions.ship_stopped.rate"] > 0.0, state.stages["quarantine"]
    (True, 1.0)
    """
    draw = trajectory // settings.n_replicates
    parameters = tuple(crisis.parameters.values())
    sampled, drawn = drawn_or_fitted(parameters, settings.seed, draw + 1, posterior or {})
    unit = {name: float(values[draw]) for name, values in with_unit_rates(drawn, sampled).items()}
    run = _Rerun(crisis, settings, draw + 1, posterior)
    finished = {name: float(values[draw]) for name, values in run.start.parameters.items()}
    if crisis.record_from >= 0.0:
        return finished, declared_state(crisis, finished, 0.0)
    replayed = replay_reference(
        crisis, unit, seed=settings.seed, draw=draw, tick=settings.tick, epoch=settings.epoch
    )
    return finished, replayed.end


def log_of(
    crisis: Crisis, settings: Settings, trajectory: int, posterior: Posterior | None = None
) -> EventLog:
    """The event log of one future, as `simulate` with ``log=True`` has it; its trajectory is numbered 0.

    Examples
    --------
    >>> from detente import load
    >>> log = log_of(load("cuba_1962"), Settings(1, 10, 8, 70.0), 17)
    >>> log.names[log.happening[0]], bool((log.trajectory == 0).all())
    ('oas_meeting', True)
    """
    run = _Rerun(crisis, settings, trajectory // settings.n_replicates + 1, posterior)
    return run.log(trajectory)


class _Rerun:
    """The kernel, ready to run chosen futures of an ensemble again."""

    def __init__(self, crisis: Crisis, settings: Settings, n_draws: int, posterior: Posterior | None) -> None:
        self.settings = settings
        self.compiled = compile_crisis(crisis, tick=settings.tick)
        self.tables = with_fast_memories(self.compiled, settings, posterior)
        self.start = prepare(
            self.compiled,
            self.tables,
            seed=settings.seed,
            n_draws=n_draws,
            epoch=settings.epoch,
            posterior=posterior,
        )
        self.plan = simulation_plan(self.compiled, settings.horizon, settings.epoch)
        self.reader = _Reader(self.compiled, self.start)
        self.block = new_block(self.compiled)

    def states(self, numbers: NDArray[np.int64], day: float) -> list[Snapshot]:
        """The states of at most a block of futures at the end of a day."""
        until = self.plan._replace(n_ticks=round(day / self.settings.tick))
        self._run(numbers, until, self.block)
        rows = self.block.x.reshape(-1, WIDTH)
        draws = numbers // self.settings.n_replicates
        return [
            self.reader.snapshot(int(number), int(draw), day, rows[:, lane])
            for lane, (number, draw) in enumerate(zip(numbers, draws, strict=True))
        ]

    def log(self, trajectory: int) -> EventLog:
        """Every happening of one future."""
        size = 4096
        while True:
            block = new_block(self.compiled, 0, size)
            self._run(np.array([trajectory]), self.plan, block)
            n = int(block.counters[tb.N_LOG])
            if n <= size:
                break
            size = n
        happening, cause = block.log_happening[:n], block.log_cause[:n]
        return EventLog(np.zeros(n, np.int64), block.log_time[:n], happening, cause, self.compiled.happenings)

    def _run(self, numbers: NDArray[np.int64], plan: tb.Plan, block: tb.State) -> None:
        draws, keys = numbers // self.settings.n_replicates, lanes(self.settings.seed, numbers)
        load_block(self.compiled, self.start, block, draws, keys, np.full(len(numbers), NO_BUDGET))
        if len(self.compiled.timers):
            strikes = block.strikes.reshape(-1, WIDTH)
            strikes[:, : len(numbers)] = pending_strikes(self.compiled, self.start, draws, keys)
        run_block(self.compiled, self.tables, plan, block, len(numbers), fresh=self.start.armed is None)


class _Reader:
    """Rows of a block → states by name."""

    def __init__(self, compiled: Compiled, start: Start) -> None:
        self.crisis, self.parameters = compiled.crisis, start.parameters
        rows = compiled.state_rows
        self.stocks = {name: rows[name] for name in self.crisis.stocks}
        self.stages = {name: rows[name] for name in self.crisis.stages}
        self.memories = {name: rows[name] for name in self.crisis.memories}
        self.counts = dict(zip(compiled.happenings, compiled.count_rows, strict=True))
        lasts = zip(compiled.happenings, compiled.tables.happenings["last_row"].tolist(), strict=True)
        self.lasts = {name: row for name, row in lasts if row >= 0}
        self.values: dict[int, Mapping[str, float]] = {}

    def snapshot(self, number: int, draw: int, time: float, row: NDArray[np.float64]) -> Snapshot:
        """The state that a column of rows holds."""
        values = row.tolist()
        state = State(
            at=time,
            stocks={name: values[k] for name, k in self.stocks.items()},
            stages={name: values[k] for name, k in self.stages.items()},
            memories={name: values[k] for name, k in self.memories.items()},
            counts={name: int(values[k]) for name, k in self.counts.items() if values[k] > 0.0},
            lasts={name: values[k] for name, k in self.lasts.items()},
        )
        if draw not in self.values:
            self.values[draw] = {name: float(each[draw]) for name, each in self.parameters.items()}
        return Snapshot(number, time, World(self.crisis, self.values[draw], state))
