"""Ensembles: draws × replicates of futures, on all threads, the same on any number of them."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.engine import tables as tb
from detente.engine.blocks import Start, load_block, new_block, run_block
from detente.engine.compiling import Compiled, compile_crisis
from detente.engine.replaying import pending_strikes, prepare, simulation_plan
from detente.engine.sampling import Floats, digest_of_draws, drawn_or_fitted, evaluate
from detente.engine.streams import lanes
from detente.engine.tables import WIDTH
from detente.engine.watching import Watch
from detente.errors import ModelError
from detente.expressions import Name, walk
from detente.model import Crisis

Progress = Callable[[int, int], None]
"""Called with the number of finished trajectories and of all, from the calling thread."""

RUNAWAY_ALLOWANCE = 1000


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


@dataclass(frozen=True)
class Ensemble:
    """Simulated futures of one crisis.

    `registers` holds, per watch, one number per trajectory: a first time [day], infinity if never, or a value.
    `counts` holds, per happening, the mean number per trajectory. Trajectory i belongs to draw i // n_replicates.
    `finished` counts whole draws that were simulated; fewer than asked for only after an interruption.
    `parameters` holds, per parameter, its value in each finished draw, shape (finished,), rates divided by their
    exposure.
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

    @property
    def n_trajectories(self) -> int:
        """Number of trajectories that were simulated."""
        return self.finished * self.settings.n_replicates

    @property
    def interrupted(self) -> bool:
        """Whether fewer trajectories than asked for were simulated."""
        return self.finished < self.settings.n_draws


def memory_needed(compiled: Compiled, settings: Settings) -> int:
    """Bytes that a run will hold at most: registers of all trajectories and one block per thread."""
    per_trajectory = 8 * (len(compiled.watches) + 1) + 1
    per_block = 8 * WIDTH * (compiled.n_rows + 4 * len(compiled.clocks) + len(compiled.watches) + 8)
    per_draw = 16 * (len(compiled.hoisted) + compiled.n_state_rows)
    return (
        per_trajectory * settings.n_trajectories + per_block * settings.threads + per_draw * settings.n_draws
    )


def simulate(
    crisis: Crisis,
    *,
    trajectories: int = 10_000,
    replicates: int = 8,
    seed: int | None = None,
    horizon: float | None = None,
    threads: int | None = None,
    tick: float = 1.0,
    epoch: float = 7.0,
    budget: int | None = None,
    log: bool = False,
    final: tuple[str, ...] = (),
    paths: tuple[str, ...] = (),
    every: float = 1.0,
    progress: Progress | None = None,
    posterior: Mapping[str, Floats] | None = None,
    levels: Mapping[str, Floats] | None = None,
) -> Ensemble:
    """Simulate many futures of a crisis.

    Parameters
    ----------
    crisis : Crisis
    trajectories : int, > 0
        How many futures; rounded up to whole draws.
    replicates : int, >= 1
        Futures per draw of the parameters; with 1 the two kinds of uncertainty cannot be told apart.
    seed : int, optional
        Drawn and recorded if not given. The same seed gives the same numbers on any number of threads.
    horizon : float, optional
        Days to simulate; by default the horizon of the crisis.
    threads : int, optional
        By default all cores this process may use.
    tick : float
        Length of a step of the flows [day]; 1, 1/2, 1/4 …
    epoch : float
        Residuals of clocks are renewed every so many days.
    budget : int, optional
        Firings after which a trajectory counts as runaway; by default 1,000 beyond what base rates let expect.
    log : bool
        Keep every happening (memory grows with the number of happenings).
    final : tuple of str
        Stocks, stages or memories whose values at the horizon are kept.
    paths : tuple of str
        Stocks, stages or memories whose values are kept along the way: 8 bytes per value, time and trajectory.
    every : float
        How often `paths` are kept [day], a whole number of ticks; day 0 is always kept.
    progress : callable, optional
    posterior : mapping of str to array of shape (n,), optional
        Joint draws of parameters, such as `detente.inference.Posterior.parameters`: draw d takes row d mod n for
        every parameter named here, as a final value (a rate that is counted is not divided by its exposure
        again). The others are drawn from their priors.
    levels : mapping of str to array of shape (draws,), optional
        Where in their priors the parameters named here stand, as quantile levels in (0, 1), one per draw: a design
        of one's own in the place of chance.

    Returns
    -------
    Ensemble
        On Ctrl-C, what was finished until then.

    Raises
    ------
    ModelError
        If the crisis cannot be run: see the message.
    """
    for name, number in (("trajectories", trajectories), ("replicates", replicates)):
        if number < 1:
            raise ModelError(f"{name} must be 1 or more, but is {number}")
    compiled = compile_crisis(crisis, tick=tick)
    settings = Settings(
        seed=secrets.randbits(48) if seed is None else seed,
        n_draws=math.ceil(trajectories / replicates),
        n_replicates=replicates,
        horizon=crisis.horizon if horizon is None else horizon,
        tick=tick,
        epoch=epoch,
        threads=threads or len(os.sched_getaffinity(0)),
        posterior=digest_of_draws(posterior) if posterior else "",
    )
    _check(settings)
    _check_levels(levels or {}, crisis, settings)
    kept = _Kept(compiled, log, final, paths, every)
    return _Run(compiled, settings, budget, kept, posterior or {}, levels or {}).run(progress)


def _check(settings: Settings) -> None:
    if settings.threads < 1:
        raise ModelError(f"threads must be 1 or more, but is {settings.threads}")
    if not 0.0 < settings.horizon < 1e6:
        raise ModelError(f"the horizon must lie between 0 and 1,000,000 days, but is {settings.horizon}")
    if settings.tick <= 0.0 or not (1.0 / settings.tick).is_integer():
        raise ModelError(f"a tick must be 1 day or a whole part of it (1/2, 1/4 …), but is {settings.tick}")
    if settings.epoch < settings.tick or not (settings.epoch / settings.tick).is_integer():
        raise ModelError(f"an epoch must be a whole number of ticks, but is {settings.epoch} days")


def _check_levels(levels: Mapping[str, Floats], crisis: Crisis, settings: Settings) -> None:
    for name, values in levels.items():
        if name not in crisis.parameters:
            raise ModelError(f"levels: '{name}' is not a number of the crisis")
        if np.shape(values) != (settings.n_draws,) or not np.all((values > 0.0) & (values < 1.0)):
            raise ModelError(
                f"levels of '{name}': one number in (0, 1) is needed for each of {settings.n_draws} draws"
            )


class _Kept:
    """What a run keeps beside its registers."""

    def __init__(
        self, compiled: Compiled, log: bool, final: tuple[str, ...], paths: tuple[str, ...], every: float
    ) -> None:
        self.log, self.final, self.paths = log, final, paths
        unknown = [name for name in (*final, *paths) if name not in compiled.state_rows]
        if unknown:
            raise ModelError(
                f"'{unknown[0]}' is not a stock, stage or memory of the crisis, so its values cannot be kept."
            )
        self.path_every = round(every / compiled.tick)
        if self.path_every < 1 or not math.isclose(self.path_every * compiled.tick, every):
            raise ModelError(f"paths are kept every whole number of ticks, but every is {every:g} days")
        self.path_rows = np.array([compiled.state_rows[name] for name in paths], np.int64)


class _Run:
    """One ensemble in the making: shared input, and the rooms where finished blocks put their results."""

    def __init__(
        self,
        compiled: Compiled,
        settings: Settings,
        budget: int | None,
        kept: _Kept,
        posterior: Mapping[str, Floats],
        levels: Mapping[str, Floats],
    ) -> None:
        self.compiled, self.settings, self.kept = compiled, settings, kept
        self.tables = with_fast_memories(compiled, settings, posterior, levels)
        self.start = prepare(
            compiled,
            self.tables,
            seed=settings.seed,
            n_draws=settings.n_draws,
            epoch=settings.epoch,
            threads=settings.threads,
            posterior=posterior,
            levels=levels,
        )
        self.plan = simulation_plan(compiled, settings.horizon, settings.epoch)._replace(
            path_rows=kept.path_rows, path_every=kept.path_every
        )
        self.budget = self._budgets(budget)
        n = settings.n_trajectories
        self.registers = np.full((len(compiled.watches), n), np.nan)
        self.final = np.full((len(kept.final), n), np.nan)
        self.paths = np.full((self.plan.n_path_times, len(kept.paths), n), np.nan)
        self.runaway = np.zeros(n, np.bool_)
        self.counts = np.zeros(len(compiled.happenings), np.int64)
        self.clamped = np.zeros(len(compiled.stocks), np.int64)
        self.log_rows: list[tuple[NDArray[Any], ...]] = []
        self.done = np.zeros(n, np.bool_)
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.rooms = threading.local()

    def _budgets(self, budget: int | None) -> NDArray[np.int64]:
        """Allowed firings per draw: the allowance beyond what the base rates alone let expect."""
        if budget is not None:
            return np.full(self.settings.n_draws, budget, np.int64)
        total = np.zeros(self.settings.n_draws)
        for base in self.compiled.clock_bases:
            with contextlib.suppress(ModelError):  # a base rate that depends on the state lets expect nothing
                total += np.maximum(evaluate(base, self.start.parameters, self.settings.n_draws), 0.0)
        return (RUNAWAY_ALLOWANCE + np.ceil(total * self.settings.horizon)).astype(np.int64)

    def run(self, progress: Progress | None) -> Ensemble:
        n = self.settings.n_trajectories
        firsts = iter(range(0, n, WIDTH))
        pool = ThreadPoolExecutor(self.settings.threads)
        waiting: set[Future[None]] = set()
        try:
            while True:
                while len(waiting) < 2 * self.settings.threads and (first := next(firsts, None)) is not None:
                    waiting.add(pool.submit(self._block, first))
                if not waiting:
                    break
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                if progress is not None:
                    progress(int(self.done.sum()), n)
        except KeyboardInterrupt:
            self.stop.set()
        except BaseException:
            self.stop.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return self._ensemble()

    def _block(self, first: int) -> None:
        if self.stop.is_set():
            return
        log_size = 4096 if self.kept.log else 0
        while True:
            state = self._room(log_size)
            numbers = np.arange(first, min(first + WIDTH, self.settings.n_trajectories))
            draws = numbers // self.settings.n_replicates
            keys = lanes(self.settings.seed, numbers)
            load_block(self.compiled, self.start, state, draws, keys, self.budget[draws])
            if len(self.compiled.timers):
                strikes = pending_strikes(self.compiled, self.start, draws, keys)
                state.strikes.reshape(-1, WIDTH)[:, : len(numbers)] = strikes
            fresh = self.start.armed is None
            run_block(self.compiled, self.tables, self.plan, state, len(numbers), fresh=fresh)
            if state.counters[tb.N_LOG] <= log_size:
                break
            log_size = int(state.counters[tb.N_LOG]) + 4096
        self._store(first, len(numbers), state)

    def _room(self, log_size: int) -> tb.State:
        """This thread's block, made when first needed."""
        room = getattr(self.rooms, "room", None)
        if room is None or len(room.log_time) < log_size:
            path_size = self.plan.n_path_times * len(self.kept.paths)
            room = self.rooms.room = new_block(self.compiled, 0, log_size, path_size)
        block: tb.State = room
        return block

    def _store(self, first: int, n: int, state: tb.State) -> None:
        span = slice(first, first + n)
        x = state.x.reshape(-1, WIDTH)
        self.registers[:, span] = state.register.reshape(-1, WIDTH)[: len(self.registers), :n]
        for index, name in enumerate(self.kept.final):
            self.final[index, span] = x[self.compiled.state_rows[name], :n]
        self.paths[:, :, span] = state.path.reshape(*self.paths.shape[:2], WIDTH)[:, :, :n]
        self.runaway[span] = state.status[:n] == tb.RUNAWAY
        counted = x[list(self.compiled.count_rows), :n] - self._counts_before(first, n)
        with self.lock:
            self.counts += counted.sum(axis=1).astype(np.int64)
            self.clamped += state.clamped[: len(self.clamped)]
            if self.kept.log:
                size = int(state.counters[tb.N_LOG])
                lane = state.log_lane[:size].astype(np.int64) + first
                columns = state.log_time, state.log_happening, state.log_cause
                self.log_rows.append((lane, *(column[:size].copy() for column in columns)))
            self.done[span] = True

    def _counts_before(self, first: int, n: int) -> NDArray[np.float64]:
        draws = np.arange(first, first + n) // self.settings.n_replicates
        return self.start.state[np.array(self.compiled.count_rows, np.int64)[:, None], draws]

    def _ensemble(self) -> Ensemble:
        """Gather whole draws, in order; after an interruption those before the first gap."""
        whole = self.done.reshape(self.settings.n_draws, -1).all(axis=1)
        finished = self.settings.n_draws if whole.all() else int(np.argmin(whole))
        n = finished * self.settings.n_replicates
        total = max(1, int(self.done.sum()))
        return Ensemble(
            crisis=self.compiled.crisis,
            settings=self.settings,
            registers={watch: self.registers[k, :n] for k, watch in enumerate(self.compiled.watches)},
            counts={
                name: float(count) / total
                for name, count in zip(self.compiled.happenings, self.counts, strict=True)
            },
            runaway=self.runaway[:n],
            clamped=dict(zip(self.compiled.stocks, map(int, self.clamped), strict=True)),
            finished=finished,
            log=self._event_log(n) if self.kept.log else None,
            final={name: self.final[k, :n] for k, name in enumerate(self.kept.final)},
            paths=self._paths(n) if self.kept.paths else None,
            parameters={name: values[:finished] for name, values in self.start.parameters.items()},
        )

    def _paths(self, n: int) -> Paths:
        every = self.plan.path_every * self.plan.tick
        times = np.arange(self.plan.n_path_times, dtype=np.float64) * every
        return Paths(times, {name: self.paths[:, k, :n] for k, name in enumerate(self.kept.paths)})

    def _event_log(self, n: int) -> EventLog:
        """The log of the first n trajectories."""
        if not self.log_rows:
            empty = np.zeros(0, np.int64)
            return EventLog(empty, np.zeros(0), empty, empty, self.compiled.happenings)
        lane, time, happening, cause = (
            np.concatenate(columns) for columns in zip(*self.log_rows, strict=True)
        )
        order = np.argsort(lane, kind="stable")
        order = order[: np.searchsorted(lane[order], n)]
        return EventLog(lane[order], time[order], happening[order], cause[order], self.compiled.happenings)


def with_fast_memories(
    compiled: Compiled,
    settings: Settings,
    posterior: Mapping[str, Floats] | None = None,
    levels: Mapping[str, Floats] | None = None,
) -> tb.Tables:
    """Mark the memories that, in some draw, halve within four ticks: their readers take smaller steps."""
    nodes = (node for half_life in compiled.memory_half_lives for node in walk(half_life))
    names = {node.name for node in nodes if isinstance(node, Name)}
    parameters = (parameter for name, parameter in compiled.crisis.parameters.items() if name in names)
    fitted = {name: values for name, values in (posterior or {}).items() if name in names}
    values, _ = drawn_or_fitted(parameters, settings.seed, settings.n_draws, fitted, levels)
    fast = [
        number
        for number, half_life in enumerate(compiled.memory_half_lives)
        if evaluate(half_life, values, settings.n_draws).min() < 4.0 * compiled.tick
    ]
    return compiled.tables._replace(fast_memories=np.array(fast, np.int64))


__all__ = ["Ensemble", "EventLog", "Paths", "Settings", "Start", "memory_needed", "simulate"]
