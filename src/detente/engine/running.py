"""One ensemble in the making: blocks on all threads, and the rooms where finished blocks put their results."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.engine import tables as tb
from detente.engine.blocks import load_block, new_block, run_block
from detente.engine.carrying import ReplayedPast, carried, fits
from detente.engine.compiling import Compiled
from detente.engine.ensemble import Ensemble, EventLog, Paths, Progress, Settings
from detente.engine.replaying import pending_strikes, prepare, simulation_plan
from detente.engine.sampling import Floats, drawn_or_fitted, evaluate
from detente.engine.streams import lanes
from detente.engine.tables import WIDTH
from detente.errors import ModelError
from detente.expressions import Name, walk

RUNAWAY_ALLOWANCE = 1000


class Kept:
    """What a run keeps beside its registers."""

    def __init__(
        self,
        compiled: Compiled,
        *,
        log: bool = False,
        final: tuple[str, ...] = (),
        paths: tuple[str, ...] = (),
        every: float = 1.0,
        past: bool = False,
    ) -> None:
        self.log, self.final, self.paths, self.past = log, final, paths, past
        unknown = [name for name in (*final, *paths) if name not in compiled.state_rows]
        if unknown:
            raise ModelError(
                f"'{unknown[0]}' is not a stock, stage or memory of the crisis, so its values cannot be kept."
            )
        self.path_every = round(every / compiled.tick)
        if self.path_every < 1 or not math.isclose(self.path_every * compiled.tick, every):
            raise ModelError(f"paths are kept every whole number of ticks, but every is {every:g} days")
        self.path_rows = np.array([compiled.state_rows[name] for name in paths], np.int64)


class Run:
    """One ensemble in the making: shared input, and the rooms where finished blocks put their results.

    With a `baseline` its past is taken over, if it was kept; and if only the trajectories numbered `again` are to be
    simulated, the others.
    """

    def __init__(
        self,
        compiled: Compiled,
        settings: Settings,
        budget: int | None,
        kept: Kept,
        posterior: Mapping[str, Floats],
        levels: Mapping[str, Floats],
        baseline: Ensemble | None = None,
        again: NDArray[np.int64] | None = None,
    ) -> None:
        self.compiled, self.settings, self.kept = compiled, settings, kept
        self.tables = with_fast_memories(compiled, settings, posterior, levels)
        past = baseline.past if baseline is not None else None
        if past is not None and fits(past, compiled):
            self.start = carried(past, compiled, seed=settings.seed, n_draws=settings.n_draws)
        else:
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
        self.numbers = np.arange(n)
        if baseline is not None and again is not None:
            self._take_over(baseline, again)
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.rooms = threading.local()

    def _take_over(self, baseline: Ensemble, again: NDArray[np.int64]) -> None:
        """Put the trajectories of a baseline where nothing is to be simulated."""
        for row, watch in enumerate(self.compiled.watches):
            self.registers[row] = baseline.registers[watch]
        self.runaway[:] = baseline.runaway
        self.done[:] = True
        self.done[again] = False
        self.numbers = again

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
        """Simulate; what was finished on Ctrl-C."""
        firsts = iter(range(0, len(self.numbers), WIDTH))
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
                    progress(int(self.done.sum()), len(self.done))
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
        numbers = self.numbers[first : first + WIDTH]
        log_size = 4096 if self.kept.log else 0
        while True:
            state = self._room(log_size)
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
        self._store(numbers, state)

    def _room(self, log_size: int) -> tb.State:
        """This thread's block, made when first needed."""
        room = getattr(self.rooms, "room", None)
        if room is None or len(room.log_time) < log_size:
            path_size = self.plan.n_path_times * len(self.kept.paths)
            room = self.rooms.room = new_block(self.compiled, 0, log_size, path_size)
        block: tb.State = room
        return block

    def _store(self, span: NDArray[np.int64], state: tb.State) -> None:
        n, x = len(span), state.x.reshape(-1, WIDTH)
        self.registers[:, span] = state.register.reshape(-1, WIDTH)[: len(self.registers), :n]
        for index, name in enumerate(self.kept.final):
            self.final[index, span] = x[self.compiled.state_rows[name], :n]
        self.paths[:, :, span] = state.path.reshape(*self.paths.shape[:2], WIDTH)[:, :, :n]
        self.runaway[span] = state.status[:n] == tb.RUNAWAY
        counted = x[list(self.compiled.count_rows), :n] - self._counts_before(span)
        with self.lock:
            self.counts += counted.sum(axis=1).astype(np.int64)
            self.clamped += state.clamped[: len(self.clamped)]
            if self.kept.log:
                size = int(state.counters[tb.N_LOG])
                lane = span[state.log_lane[:size]]
                columns = state.log_time, state.log_happening, state.log_cause
                self.log_rows.append((lane, *(column[:size].copy() for column in columns)))
            self.done[span] = True

    def _counts_before(self, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        draws = numbers // self.settings.n_replicates
        return self.start.state[np.array(self.compiled.count_rows, np.int64)[:, None], draws]

    def _ensemble(self) -> Ensemble:
        """Gather whole draws, in order; after an interruption those before the first gap."""
        whole = self.done.reshape(self.settings.n_draws, -1).all(axis=1)
        finished = self.settings.n_draws if whole.all() else int(np.argmin(whole))
        n = finished * self.settings.n_replicates
        return Ensemble(
            crisis=self.compiled.crisis,
            settings=self.settings,
            registers={watch: self.registers[k, :n] for k, watch in enumerate(self.compiled.watches)},
            counts=self._mean_counts(),
            runaway=self.runaway[:n],
            clamped=dict(zip(self.compiled.stocks, map(int, self.clamped), strict=True)),
            finished=finished,
            log=self._event_log(n) if self.kept.log else None,
            final={name: self.final[k, :n] for k, name in enumerate(self.kept.final)},
            paths=self._paths(n) if self.kept.paths else None,
            parameters={name: values[:finished] for name, values in self.start.parameters.items()},
            past=ReplayedPast(self.compiled, self.start) if self.kept.past else None,
        )

    def _mean_counts(self) -> dict[str, float]:
        """Per happening; nothing where some trajectories were taken over, for theirs are not known one by one."""
        if len(self.numbers) < len(self.done):
            return {}
        total = max(1, int(self.done.sum()))
        return {
            name: float(count) / total
            for name, count in zip(self.compiled.happenings, self.counts, strict=True)
        }

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
