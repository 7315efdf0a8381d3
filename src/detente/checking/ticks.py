"""Is the tick fine enough? The same futures at half the tick must give the same answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detente.engine import simulate
from detente.engine.watching import answer
from detente.model import Crisis


@dataclass(frozen=True)
class TickDifference:
    """Probability of one question at the tick and at half of it, with the error of the paired difference."""

    question: str
    at_tick: float
    at_half: float
    error: float

    @property
    def is_too_large(self) -> bool:
        """Whether the answers differ by more than two paired standard errors."""
        return abs(self.at_half - self.at_tick) > 2.0 * self.error


def check_ticks(
    crisis: Crisis, *, trajectories: int = 4000, seed: int = 0, tick: float = 1.0
) -> tuple[TickDifference, ...]:
    """Compare every question at `tick` and at half of it on the same draws of parameters and chance."""
    whole, half = (simulate(crisis, trajectories=trajectories, seed=seed, tick=h) for h in (tick, tick / 2.0))
    differences = []
    for name, question in crisis.questions.items():
        a, b = (
            answer(question.yes_if, question, crisis, run.registers).astype(float) for run in (whole, half)
        )
        by_draw = (b - a).reshape(whole.finished, -1).mean(axis=1)
        error = max(float(by_draw.std(ddof=1)), 1.0 / len(by_draw)) / np.sqrt(len(by_draw))
        differences.append(TickDifference(name, float(a.mean()), float(b.mean()), float(error)))
    return tuple(differences)
