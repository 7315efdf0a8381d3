"""Measures the engine: speed, memory, start, and against a C++ twin, GillesPy2 and Mesa.

Two programs are compared by ratios of runs that alternate, so that a noisy machine slows both. One thread is
measured in processor seconds, more than one by the clock on the wall.

    python benchmarks/bench_engine.py twin        one part; report.py runs all of them
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

import dump
import synthetic
from detente.engine import kernel, marking
from detente.engine.blocks import load_block, new_block, run_block
from detente.engine.simulating import simulate
from detente.engine.tables import WIDTH
from detente.engine.views import view
from detente.model import Crisis

CATALOG = Path(kernel.__file__).parents[1] / "catalog"
SEED = 1

# ── crises ───────────────────────────────────────────────────────────────────────────────────────


def crisis_named(name: str) -> Crisis:
    """``synthetic``, ``network`` or the name of a crisis of the catalog."""
    if name == "synthetic":
        return synthetic.crisis_of_real_size()
    if name == "network":
        return synthetic.network()
    from detente.crisisfile import load

    return load(CATALOG / name)


def crises() -> list[str]:
    """What is measured: the synthetic crisis, and Iran 2024 where the catalog has it."""
    return ["synthetic", *(name for name in ("iran_2024",) if (CATALOG / name / "crisis.yaml").exists())]


# ── speed and memory: each number from a fresh process ───────────────────────────────────────────


@dataclass(frozen=True)
class Run:
    """One ensemble in a process of its own. Times in seconds, memory in MB (10⁶ bytes)."""

    crisis: str
    trajectories: int
    days: float
    threads: int
    seconds: float
    cpu_seconds: float
    peak_memory: float
    memory_before: float

    @property
    def trajectory_days(self) -> float:
        """Trajectory-days per second."""
        return self.trajectories * self.days / self.seconds

    @property
    def nanoseconds(self) -> float:
        """Processor time per trajectory-day."""
        return self.cpu_seconds / (self.trajectories * self.days) * 1e9


def measure_run(crisis: str, trajectories: int, threads: int, repeat: int = 3) -> Run:
    """The fastest of some runs, each in a fresh process whose kernel is loaded from Numba's cache."""
    runs = [Run(**_child("run", crisis, trajectories, threads)) for _ in range(repeat)]
    return min(runs, key=lambda run: run.seconds)


def _child(task: str, *arguments: object, environment: dict[str, str] | None = None) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", task, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=_environment(environment))
    return json.loads(done.stdout)


def _environment(extra: dict[str, str] | None) -> dict[str, str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, "PYTHONPATH": paths, **(extra or {})}


def _run_in_child(name: str, trajectories: str, threads: str) -> dict[str, Any]:
    crisis = crisis_named(name)
    days = min(crisis.horizon, synthetic.HORIZON)
    simulate(crisis, trajectories=WIDTH, seed=SEED, horizon=days, threads=int(threads))
    before, begin, cpu_begin = _peak_memory(), time.perf_counter(), time.process_time()
    simulate(crisis, trajectories=int(trajectories), seed=SEED, horizon=days, threads=int(threads))
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    run = Run(name, int(trajectories), days, int(threads), seconds, cpu_seconds, _peak_memory(), before)
    return asdict(run)


def _peak_memory() -> float:
    """Largest resident size of this process so far [MB]; what `exec` replaced does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


# ── start ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class StartUp:
    """Seconds from the start of a process to its end (by the clock, of the processor), and of its parts."""

    crisis: str
    whole: float
    cpu: float
    imports: float
    loading: float
    first: float


def measure_start(crisis: str, repeat: int = 3) -> tuple[StartUp, StartUp]:
    """Cold (nothing compiled yet) and warm (best of some): a process that simulates 100 trajectories."""
    with tempfile.TemporaryDirectory() as cache:
        cold, *warm = (_start(crisis, cache) for _ in range(1 + repeat))
    return cold, min(warm, key=lambda start: start.whole)


def _start(crisis: str, cache: str) -> StartUp:
    begin, cpu = time.perf_counter(), _cpu_of_children()
    parts = _child("start", crisis, time.time(), environment={"NUMBA_CACHE_DIR": cache})
    return StartUp(whole=time.perf_counter() - begin, cpu=_cpu_of_children() - cpu, **parts)


def _cpu_of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _start_in_child(name: str, began: str) -> dict[str, Any]:
    imports, loading = time.time() - float(began), time.perf_counter()
    crisis = crisis_named(name)
    first = time.perf_counter()
    simulate(crisis, trajectories=100, seed=SEED)
    end = time.perf_counter()
    return {"crisis": name, "imports": imports, "loading": first - loading, "first": end - first}


# ── (a) the C++ twin ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Twin:
    """Processor time per trajectory-day [ns] of the engine and of its C++ twin; ratios of alternating runs.

    `exact` is built without fused multiply-adds, as the engine is; `fused` may fuse. A `difference` is the
    largest of a register from the engine's.
    """

    crisis: str
    engine: float
    exact: float
    exact_ratio: float
    exact_difference: float
    fused: float
    fused_ratio: float
    fused_difference: float


def measure_twin(crisis: str, trajectories: int = 2048, repeat: int = 9) -> Twin:
    """Loops over blocks on one thread: `run_block` in Python, the same in C++."""
    run = dump.prepare_run(crisis_named(crisis), trajectories, seed=SEED)
    programs = dump.build(dump.EXACT), dump.build(dump.FLAGS)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "crisis"
        dump.write(run, data)
        registers = run_engine(run)[1]
        twins = [dump.registers_of_twin(program, run, data) for program in programs]
        differences = [_difference(registers, twin) for twin in twins]
        rounds = [
            (run_engine(run)[0], *(dump.run_twin(program, data) for program in programs))
            for _ in range(repeat)
        ]
    for program in programs:
        shutil.rmtree(program.parent)
    scale = 1e9 / (trajectories * run.plan.n_ticks)
    engine, exact, fused = (median(column) * scale for column in zip(*rounds, strict=True))
    ratios = [median(times[0] / times[k] for times in rounds) for k in (1, 2)]
    return Twin(crisis, engine, exact, ratios[0], differences[0], fused, ratios[1], differences[1])


def run_engine(run: dump.Prepared) -> tuple[float, NDArray[np.float64]]:
    """Processor seconds of the engine's loop over blocks, and the registers, shape (n_watches, n)."""
    n = run.settings.n_trajectories
    registers = np.full((len(run.compiled.watches), n), np.nan)
    state, pending = new_block(run.compiled), len(run.compiled.timers) > 0
    begin = time.process_time()
    for first in range(0, n, WIDTH):
        span = slice(first, min(first + WIDTH, n))
        draws, keys = run.draws[span], run.keys[span]
        load_block(run.compiled, run.start, state, draws, keys, run.budget[draws])
        if pending:
            state.strikes.reshape(-1, WIDTH)[:, : len(draws)] = run.strikes[:, span]
        run_block(run.compiled, run.tables, run.plan, state, len(draws), fresh=run.start.armed is None)
        registers[:, span] = state.register.reshape(-1, WIDTH)[: len(registers), : len(draws)]
    return time.process_time() - begin, registers


def _difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Largest difference; infinity where only one of the two is infinite."""
    differs = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    return float(np.max(np.abs(a[differs] - b[differs]), initial=0.0))


# ── (b) GillesPy2 ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Reactions:
    """60 reactions over 400 days [µs per trajectory]. `program` is GillesPy2's solver without its Python."""

    firings_per_day: float
    n_points: int
    optimised: bool
    trajectories: int
    engine: float
    whole: float
    program: float
    whole_ratio: float
    program_ratio: float


def measure_gillespy2(
    n_points: int, busier: float, trajectories: int, *, optimised: bool, repeat: int = 5
) -> Reactions:
    """The engine (one thread) and GillesPy2's C++ SSA in turn, as many trajectories each."""
    from gillespy2_network import Simulator

    simulator, crisis = Simulator(n_points, busier, optimised=optimised), synthetic.network(busier)
    rounds = []
    for _ in range(repeat):
        begin = time.perf_counter()
        ensemble = simulate(crisis, trajectories=trajectories, seed=SEED, threads=1)
        engine = time.perf_counter() - begin
        whole, firings = simulator.seconds(trajectories)
        rounds.append((engine, whole, simulator.seconds_of_program(trajectories)))
    expected = 0.15 * busier * synthetic.HORIZON
    for counted in (firings, sum(ensemble.counts.values())):
        if abs(counted - expected) > 6.0 * math.sqrt(expected / trajectories):
            raise AssertionError(f"not the same network: {counted} firings where {expected} are expected")
    engine, whole, program = (median(column) / trajectories * 1e6 for column in zip(*rounds, strict=True))
    ratios = [median(times[k] / times[0] for times in rounds) for k in (1, 2)]
    return Reactions(0.15 * busier, n_points, optimised, trajectories, engine, whole, program, *ratios)


# ── (c) Mesa ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Mesa:
    """Processor time per trajectory-day [ns] on one thread."""

    engine: float
    mesa: float
    ratio: float


def measure_mesa(repeat: int = 5) -> Mesa:
    """2 futures in Mesa and 1,024 in the engine, in turn."""
    import mesa_model

    run = dump.prepare_run(synthetic.crisis_of_real_size(), 1024, seed=SEED)
    run_engine(run)
    rounds = []
    for _ in range(repeat):
        begin = time.process_time()
        mesa_model.run(2)
        mesa = (time.process_time() - begin) / (2 * synthetic.HORIZON)
        rounds.append((run_engine(run)[0] / (1024 * synthetic.HORIZON), mesa))
    engine, mesa = (median(column) * 1e9 for column in zip(*rounds, strict=True))
    return Mesa(engine, mesa, median(b / a for a, b in rounds))


# ── guard against lost vectorisation ─────────────────────────────────────────────────────────────

SCALAR = WIDTH / 2
"""A whole block that takes longer than this many single lanes is not vectorised."""


@dataclass(frozen=True)
class Lanes:
    """Time of a whole block over time of a single lane; `WIDTH` would be no gain at all."""

    part: str
    block: float
    lane: float

    @property
    def ratio(self) -> float:
        """How many single lanes a block costs."""
        return self.block / self.lane


def measure_lanes() -> list[Lanes]:
    """Time the vectorised loops [µs] for all lanes and for one."""
    run = dump.prepare_run(synthetic.crisis_of_real_size(), WIDTH, seed=SEED)
    state = new_block(run.compiled)
    load_block(run.compiled, run.start, state, run.draws, run.keys, run.budget[run.draws])
    block = run.tables.record()[0], run.plan.record()[0], state.record()[0]
    loops = {"interpreter": _interpret, "residuals": _renew, "busy lanes": _find_busy, "flows": _flow}
    return [Lanes(part, _best(loop, block, WIDTH), _best(loop, block, 1)) for part, loop in loops.items()]


def _best(loop: Callable[..., None], block: tuple[Any, ...], n: int) -> float:
    loop(*block, n, 1)
    times = []
    for _ in range(15):
        begin = time.perf_counter()
        loop(*block, n, 500)
        times.append((time.perf_counter() - begin) / 500)
    return min(times) * 1e6


_loop = njit(nogil=True, error_model="numpy")


@_loop
def _interpret(tables, plan, state, n, times):
    span = view(tables.ranges, np.int64)
    for _ in range(times):
        if n > 1:
            marking.run_block(tables, state, span[0], span[1], 10.0, 0.5)
        else:
            marking.run_lane(tables, state, span[0], span[1], 0, 10.0, 0.5)


@_loop
def _renew(tables, plan, state, n, times):
    for _ in range(times):
        kernel.renew(tables, state, n, np.uint64(5))


@_loop
def _find_busy(tables, plan, state, n, times):
    for _ in range(times):
        kernel.find_busy(tables, plan, state, n, 11.0, False)


@_loop
def _flow(tables, plan, state, n, times):
    for _ in range(times):
        kernel.flow(tables, state, n, np.uint64(10))


# ── parts ────────────────────────────────────────────────────────────────────────────────────────


def _print(result: object) -> None:
    print(json.dumps(asdict(result), indent=1))  # type: ignore[call-overload]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["twin", "speed", "start", "gillespy2", "mesa", "lanes"])
    match parser.parse_args().part:
        case "twin":
            for name in crises():
                _print(measure_twin(name))
        case "speed":
            for name in crises():
                _print(measure_run(name, 10_000, 1))
        case "start":
            for start in measure_start(crises()[-1]):
                _print(start)
        case "gillespy2":
            _print(measure_gillespy2(2, 1.0, 10_000, optimised=False))
        case "mesa":
            _print(measure_mesa())
        case "lanes":
            for lanes in measure_lanes():
                _print(lanes)
                if lanes.ratio > SCALAR:
                    sys.exit(f"{lanes.part}: a block costs {lanes.ratio:.0f} lanes; vectorisation is lost")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        task = {"run": _run_in_child, "start": _start_in_child}[sys.argv[2]]
        print(json.dumps(task(*sys.argv[3:])))
    else:
        main()
