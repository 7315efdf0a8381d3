"""The network of `synthetic.reactions` in GillesPy2, run by its C++ solver."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import synthetic


def model(n_points: int, busier: float = 1.0):
    """The network with `n_points` output times between 0 and the horizon, all rates times `busier`."""
    import gillespy2

    network = gillespy2.Model("network")
    for name, rate, species in synthetic.reactions(busier):
        network.add_parameter(gillespy2.Parameter(name=f"k{name}", expression=repr(rate)))
        network.add_species(gillespy2.Species(name=species, initial_value=0, mode="discrete"))
    for name, _, species in synthetic.reactions(busier):
        network.add_reaction(
            gillespy2.Reaction(name=name, reactants={}, products={species: 1}, propensity_function=f"k{name}")
        )
    network.timespan(np.linspace(0.0, synthetic.HORIZON, n_points))
    return network


class Simulator:
    """A compiled GillesPy2 solver."""

    def __init__(self, n_points: int, busier: float = 1.0, *, optimised: bool = False) -> None:
        import gillespy2

        self.n_points = n_points
        with _build_environment(optimised):
            self.solver = gillespy2.SSACSolver(model(n_points, busier))

    def seconds(self, trajectories: int) -> tuple[float, float]:
        """Seconds of a whole call, and the mean number of firings per trajectory."""
        begin = time.perf_counter()
        results = self.solver.run(number_of_trajectories=trajectories, seed=1)
        seconds = time.perf_counter() - begin
        species = [name for _, _, name in synthetic.reactions()]
        return seconds, sum(float(np.mean([result[name][-1] for result in results])) for name in species)

    def seconds_of_program(self, trajectories: int) -> float:
        """Seconds of the solver's own program alone, its output thrown away."""
        program = str(self.solver.build_engine.get_executable_path())
        options = {
            "trajectories": trajectories, "timesteps": self.n_points, "end": synthetic.HORIZON,
            "interval": self.n_points, "seed": 1,
        }  # fmt: skip
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        begin = time.perf_counter()
        subprocess.run([program, *arguments], stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - begin


@contextmanager
def _build_environment(optimised: bool) -> Iterator[None]:
    """Let the bare interpreter that GillesPy2 calls find SCons; put a g++ with -O3 first if asked for."""
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join([sysconfig.get_path("purelib"), before.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        if optimised:
            wrapper = Path(folder) / "g++"
            wrapper.write_text('#!/bin/sh\nPATH="${PATH#*:}" exec g++ -O3 -march=native "$@"\n')
            wrapper.chmod(0o755)
            os.environ["PATH"] = os.pathsep.join([folder, before["PATH"]])
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
