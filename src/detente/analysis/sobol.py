"""Sobol indices on demand: a designed ensemble in place of the draws of chance.

The given-data indices of `detente.analysis.sensitivity` need no futures of their own, but show main effects only. A
Saltelli design of N(k + 2) draws shows, for k chosen numbers, the share of the variance that each explains alone (S₁)
and with all its interactions (S_T). The other numbers are drawn anew for each of the N points and stay the same for
the k + 2 draws of a point, so that they neither hide in the noise nor in S_T; interactions with them count as a
number's own. Sampling and estimators are SALib's. The replicates of a draw leave chance in its mean, of variance
v = mean[p̂(1 − p̂)]/(R − 1), which is taken out::

    S₁ = S₁ˢ·V/(V − v)        S_T = (S_Tˢ·V − v)/(V − v)

where V is the variance over draws and S₁ˢ, S_Tˢ are SALib's.

References
----------
Saltelli, A. et al. (2010). Variance based sensitivity analysis of model output. *Computer Physics Communications* 181,
259–270. Iwanaga, T., Usher, W., Herman, J. (2022). Toward SALib 2.0. *Socio-Environmental Systems Modelling* 4.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.analysis.mattering import draw_counts
from detente.engine.ensemble import Progress
from detente.engine.sampling import uniforms
from detente.engine.simulating import simulate
from detente.errors import ForecastError
from detente.model import Crisis

Floats = NDArray[np.float64]

MOST = 24
"""Numbers that one design takes: the ensemble grows with each."""


@dataclass(frozen=True)
class SobolIndices:
    """First and total indices of chosen numbers for one question, with half-widths of their 95 % intervals.

    `numbers` are in the order of S_T, largest first; `draws` is the size of the design.
    """

    question: str
    numbers: tuple[str, ...]
    first: Floats
    first_error: Floats
    total: Floats
    total_error: Floats
    draws: int

    def as_dict(self) -> dict[str, Any]:
        """The indices as plain data, ready for JSON."""
        rows = zip(self.numbers, self.first, self.first_error, self.total, self.total_error, strict=True)
        names = ("name", "first", "first_error", "total", "total_error")
        return {
            "question": self.question,
            "draws": self.draws,
            "numbers": [dict(zip(names, (name, *map(float, rest)), strict=True)) for name, *rest in rows],
        }


def sobol(
    crisis: Crisis,
    question: str,
    numbers: Sequence[str],
    *,
    base: int = 256,
    replicates: int = 16,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> SobolIndices:
    """Sobol indices of some numbers of a crisis for the probability of one question.

    Parameters
    ----------
    crisis : Crisis
    question : str
        Id of an unconditional question.
    numbers : sequence of str, 2 to 24
        Names of uncertain parameters, such as those that stand out in `sensitivity_of`.
    base : int, a power of 2
        N; the design has N(k + 2) draws.
    replicates : int, >= 2
        Futures per draw.

    Raises
    ------
    ForecastError
        If SALib is not installed, the question or a number does not exist, or nothing varies.

    Examples
    --------
    >>> from detente import load
    >>> names = ["actions.us_strikes_cuba.rate", "actions.soviet_withdrawal.rate"]
    >>> found = sobol(load("cuba_1962"), "Q2", names, base=64, seed=1)  # doctest: +SKIP
    """
    sample, analyze = _salib()
    _check(crisis, question, numbers)
    problem = {"num_vars": len(numbers), "names": list(numbers), "bounds": [[0.0, 1.0]] * len(numbers)}
    seed = seed if seed is not None else int(np.random.default_rng().integers(2**31))
    design = sample(problem, base, calc_second_order=False, seed=seed % 2**31)
    levels = _levels(crisis, numbers, np.clip(design, 1e-6, 1.0 - 1e-6), base, seed)
    ensemble = simulate(
        crisis,
        trajectories=len(design) * replicates,
        replicates=replicates,
        seed=seed,
        threads=threads,
        levels=levels,
        progress=progress,
    )
    if ensemble.interrupted:
        raise KeyboardInterrupt("before the design was finished")
    yes, asked = draw_counts(crisis.questions[question], ensemble)
    means = yes / asked
    noise = float(np.mean(means * (1.0 - means) / (asked - 1.0)))
    variance = float(means.var())
    if variance - noise <= 0.1 * noise:
        raise ForecastError(
            f"the answers to {question} vary between draws no more than chance lets expect: nothing can be told apart."
            " Ask for more replicates, or for other numbers."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = analyze(problem, means, calc_second_order=False, seed=seed % 2**31)
    known = variance - noise
    first, total = found["S1"] * variance / known, (found["ST"] * variance - noise) / known
    order = np.argsort(-total)
    return SobolIndices(
        question=question,
        numbers=tuple(numbers[k] for k in order),
        first=first[order],
        first_error=(found["S1_conf"] * variance / known)[order],
        total=total[order],
        total_error=(found["ST_conf"] * variance / known)[order],
        draws=len(design),
    )


def _levels(
    crisis: Crisis, numbers: Sequence[str], design: Floats, base: int, seed: int
) -> dict[str, Floats]:
    """Levels of the numbers of the design, and of all others: these are one per point, for all its draws."""
    per_point = len(design) // base
    others = (name for name in crisis.parameters if name not in numbers)
    levels = {name: np.repeat(uniforms(seed, name, base), per_point) for name in others}
    return levels | {name: np.ascontiguousarray(design[:, k]) for k, name in enumerate(numbers)}


def _salib() -> tuple[Any, Any]:
    try:
        from SALib.analyze.sobol import analyze
        from SALib.sample.sobol import sample
    except ImportError:
        raise ForecastError("Sobol indices need SALib: pip install 'detente[sobol]'.") from None
    return sample, analyze


def _check(crisis: Crisis, question: str, numbers: Sequence[str]) -> None:
    if question not in crisis.questions:
        raise ForecastError(f"there is no question '{question}'. Questions: {', '.join(crisis.questions)}.")
    if crisis.questions[question].given is not None:
        raise ForecastError(
            f"{question} is asked under a condition: its draws are not comparable in a design."
        )
    if not 2 <= len(numbers) <= MOST:
        raise ForecastError(f"a design takes 2 to {MOST} numbers, not {len(numbers)}.")
    for name in numbers:
        if name not in crisis.parameters or crisis.parameters[name].distribution.kind == "fixed":
            raise ForecastError(f"'{name}' is not an uncertain number of the crisis.")
