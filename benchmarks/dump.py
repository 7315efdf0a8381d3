"""Writes a compiled crisis for the C++ twin, builds the twin and runs it.

The file is a row of sections: a name of 32 bytes, size and number of the items (both int64), the items.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detente.engine.blocks import Start
from detente.engine.compiling import Compiled, compile_crisis
from detente.engine.ensemble import Settings
from detente.engine.replaying import pending_strikes, prepare, simulation_plan
from detente.engine.running import with_fast_memories
from detente.engine.streams import lanes
from detente.engine.tables import Plan, Tables
from detente.model import Crisis

SOURCE = Path(__file__).parent / "cpp" / "kernel.cpp"
FLAGS = ("-std=c++20", "-O3", "-march=native", "-fno-trapping-math", "-fno-math-errno")
"""The last two change no result; without them g++ does not vectorise a choice between two numbers."""
EXACT = (*FLAGS, "-ffp-contract=off")
"""Without fused multiply-adds: what IEEE asks for each operation, and what the Python engine does."""

NO_LIMIT = 2**62


@dataclass(frozen=True)
class Prepared:
    """Everything a run needs that does not depend on which program runs it."""

    compiled: Compiled
    tables: Tables
    plan: Plan
    start: Start
    settings: Settings
    keys: NDArray[np.uint64]
    budget: NDArray[np.int64]
    strikes: NDArray[np.float64]
    """Pending strikes of the timers, shape (n_timers, n)."""

    @property
    def draws(self) -> NDArray[np.int64]:
        """The draw of each trajectory."""
        return np.arange(self.settings.n_trajectories) // self.settings.n_replicates


def prepare_run(crisis: Crisis, trajectories: int, *, seed: int = 1, replicates: int = 8) -> Prepared:
    """Compile a crisis, draw its parameters and replay its record, as `simulate` does."""
    compiled = compile_crisis(crisis)
    settings = Settings(seed, trajectories // replicates, replicates, crisis.horizon)
    tables = with_fast_memories(compiled, settings)
    start = prepare(compiled, tables, seed=seed, n_draws=settings.n_draws, epoch=settings.epoch)
    plan = simulation_plan(compiled, settings.horizon, settings.epoch)
    numbers = np.arange(settings.n_trajectories)
    keys = lanes(seed, numbers)
    budget = np.full(settings.n_draws, NO_LIMIT, np.int64)
    strikes = pending_strikes(compiled, start, numbers // replicates, keys)
    return Prepared(compiled, tables, plan, start, settings, keys, budget, strikes)


def write(run: Prepared, path: Path) -> None:
    """Write the sections that cpp/kernel.cpp reads."""
    start, plan, settings = run.start, run.plan, run.settings
    fields = [(name, "<i8") for name in _INTEGERS] + [(name, "<f8") for name in _REALS]
    numbers = np.zeros(1, np.dtype(fields))
    numbers[0] = (
        run.compiled.n_rows, run.compiled.n_state_rows, len(run.compiled.stocks), settings.n_draws,
        settings.n_replicates, plan.n_ticks, plan.starts, plan.tick, plan.origin, plan.epoch,
    )  # fmt: skip
    sections = {
        **run.tables._asdict(),
        "agenda": plan.agenda,
        "numbers": numbers,
        "hoisted": np.array([row for row, _ in run.compiled.hoisted], np.int64),
        "per_draw": start.per_draw,
        "state": start.state,
        "strikes": run.strikes,
        "armed": np.zeros((0, settings.n_draws), np.uint8) if start.armed is None else start.armed,
        "keys": run.keys,
        "budget": run.budget,
    }
    with path.open("wb") as file:
        for name, array in sections.items():
            file.write(name.encode().ljust(32, b"\0"))
            file.write(np.array([array.itemsize, array.size], "<i8").tobytes())
            file.write(np.ascontiguousarray(array).tobytes())


_INTEGERS = ("n_rows", "n_state_rows", "n_stocks", "n_draws", "n_replicates", "n_ticks")
_REALS = ("starts", "tick", "origin", "epoch")


class NoCompiler(RuntimeError):  # noqa: N818
    """There is no C++ compiler, or it failed; the text says which."""


def build(flags: tuple[str, ...] = FLAGS) -> Path:
    """Compile the twin into a temporary directory and give the program's path.

    Raises
    ------
    NoCompiler
        If g++ is missing or refuses the source.
    """
    compiler = shutil.which("g++")
    if compiler is None:
        raise NoCompiler("The C++ twin was left out: there is no g++. Install one that knows C++20.")
    program = Path(tempfile.mkdtemp(prefix="detente-twin-")) / "kernel"
    done = subprocess.run([compiler, *flags, "-o", str(program), str(SOURCE)], capture_output=True, text=True)
    if done.returncode != 0:
        raise NoCompiler(f"g++ refused {SOURCE.name}:\n{done.stderr}")
    return program


def run_twin(program: Path, data: Path, output: Path | None = None) -> float:
    """Processor seconds that the twin spent in its loop over blocks."""
    command = [str(program), str(data)] + ([str(output)] if output else [])
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[1])


def registers_of_twin(program: Path, run: Prepared, data: Path) -> NDArray[np.float64]:
    """What the twin leaves in its registers, shape (n_watches, n)."""
    output = data.with_suffix(".registers")
    run_twin(program, data, output)
    return np.fromfile(output).reshape(len(run.compiled.watches), -1)
