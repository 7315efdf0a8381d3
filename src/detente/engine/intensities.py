"""The state at the as-of date, draw by draw: every intensity, and any expression of the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from detente.engine.blocks import load_block, new_block, run_block
from detente.engine.compiling import Compiled, compile_crisis
from detente.engine.replaying import prepare, simulation_plan
from detente.engine.sampling import Floats, evaluate
from detente.engine.streams import lanes
from detente.engine.tables import WIDTH
from detente.expressions import Expression, Name
from detente.model import Crisis


@dataclass(frozen=True)
class AsOfState:
    """Rows of every draw after the replay, shape (n_rows, n_draws), and its parameters by name, (n_draws,)."""

    compiled: Compiled
    rows: Floats
    parameters: Mapping[str, Floats]

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return int(self.rows.shape[1])

    def intensity(self, clock: str) -> Floats:
        """Intensity of a clock [1/day], shape (n_draws,); 0 where its guard does not hold."""
        row: Floats = self.rows[self.compiled.n_state_rows + self.compiled.clocks.index(clock)]
        return row

    def value(self, expression: Expression) -> Floats:
        """Value of a stock, stage, memory or an expression of parameters, shape (n_draws,).

        Raises
        ------
        ModelError
            If the expression mixes parameters with the state.
        """
        if isinstance(expression, Name) and expression.name in self.compiled.state_rows:
            row: Floats = self.rows[self.compiled.state_rows[expression.name]]
            return row
        return evaluate(expression, self.parameters, self.n_draws)


def as_of_state(
    crisis: Crisis,
    *,
    seed: int = 0,
    n_draws: int = 200,
    posterior: Mapping[str, Floats] | None = None,
) -> AsOfState:
    """Replay the record under `n_draws` draws and evaluate everything at the as-of date.

    `posterior` as in `detente.simulate`.
    """
    compiled = compile_crisis(crisis)
    start = prepare(compiled, compiled.tables, seed=seed, n_draws=n_draws, epoch=7.0, posterior=posterior)
    plan = simulation_plan(compiled, 1.0, 7.0)
    rows = np.empty((compiled.n_rows, n_draws))
    state = new_block(compiled)
    for first in range(0, n_draws, WIDTH):
        draws = np.arange(first, min(first + WIDTH, n_draws))
        load_block(compiled, start, state, draws, lanes(seed, draws), np.full(len(draws), 2**62))
        still = plan._replace(n_ticks=0)
        run_block(compiled, compiled.tables, still, state, len(draws), fresh=start.armed is None)
        rows[:, draws] = state.x.reshape(-1, WIDTH)[:, : len(draws)]
    return AsOfState(compiled, rows, start.parameters)
