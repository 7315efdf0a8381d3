"""Runaway excitation: does what happens bring about more than one further happening, on average?

G_ab is the mean number of firings of clock b that one firing of clock a brings about through memories:
G_ab = Σ over memories m of b of (amount that a adds to m) · λ_b · (times − 1)/f_m · half-life / ln 2, with λ_b the
intensity at the as-of date and f_m the present value of the memory's factor. Above a spectral radius of 1 the process
has no stationary law unless its factors are capped.

Hawkes, A. G. (1971). Spectra of some self-exciting and mutually exciting point processes. Biometrika 58, 83-90.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.engine.intensities import AsOfState, as_of_state
from detente.expressions import Expression, Name, Number
from detente.model import Clock, Crisis, Effect, Factor

WARN_FROM = 0.7
ERROR_FROM = 1.0


@dataclass(frozen=True)
class Excitation:
    """Spectral radius of the excitation: at the median draw, and the share of draws in which it is 1 or more.

    `loudest` names the clocks that take part most in the leading direction; `uncapped` says whether a factor in it
    has no ceiling.
    """

    radius: float
    share_above_one: float
    loudest: tuple[str, ...]
    uncapped: bool


def excitation(crisis: Crisis, *, n_draws: int = 200, seed: int = 0) -> Excitation:
    """Spectral radius of the excitation over draws of the parameters at the as-of date.

    Effects other than memories (stocks and stages that a firing moves) are not counted.
    """
    clocks = sorted(name for name, moment in crisis.moments.items() if isinstance(moment.cause, Clock))
    if not clocks:
        return Excitation(0.0, 0.0, (), False)
    state = as_of_state(crisis, seed=seed, n_draws=n_draws)
    matrix = _matrix(crisis, clocks, state)
    radii = np.abs(np.linalg.eigvals(matrix)).max(axis=1)
    median = int(np.argsort(radii)[len(radii) // 2])
    values, vectors = np.linalg.eig(matrix[median])
    leading = np.abs(vectors[:, int(np.argmax(np.abs(values)))])
    order = np.argsort(leading)[::-1][:3]
    loudest = tuple(clocks[k] for k in order if leading[k] > 0.1 * leading.max()) if radii[median] > 0 else ()
    uncapped = any(factor.at_most is None for name in loudest for factor in _memory_factors(crisis, name))
    return Excitation(float(np.median(radii)), float((radii >= 1.0).mean()), loudest, uncapped)


def _matrix(crisis: Crisis, clocks: list[str], state: AsOfState) -> NDArray[np.float64]:
    """G of every draw, shape (n_draws, n_clocks, n_clocks)."""
    matrix = np.zeros((state.n_draws, len(clocks), len(clocks)))
    added = {name: _amounts(crisis, name) for name in clocks}
    for b, name in enumerate(clocks):
        for factor in _memory_factors(crisis, name):
            assert isinstance(factor.of, Name)
            assert factor.times is not None
            memory = factor.of.name
            slope = state.value(factor.times) - 1.0
            present = np.maximum(1.0 + slope * state.value(factor.of), 1e-12)
            gain = state.intensity(name) * slope / present
            lasting = state.value(crisis.memories[memory].half_life) / math.log(2.0)
            for a, source in enumerate(clocks):
                for amount, share in added[source].get(memory, ()):
                    matrix[:, a, b] += np.maximum(gain, 0.0) * lasting * share * state.value(amount)
    return matrix


def _memory_factors(crisis: Crisis, clock: str) -> Iterator[Factor]:
    cause = crisis.moments[clock].cause
    assert isinstance(cause, Clock)
    return (factor for factor in cause.factors if factor.shape == "memory")


def _amounts(crisis: Crisis, clock: str) -> dict[str, list[tuple[Expression, float]]]:
    """What one firing of a clock adds to each memory, with the probability that it comes to that."""
    found: dict[str, list[tuple[Expression, float]]] = defaultdict(list)
    for happening, share in _brought_about(crisis, clock).items():
        for name, memory in crisis.memories.items():
            found[name].extend((amount, share) for fed, amount in memory.counts if fed == happening)
    return found


def _brought_about(crisis: Crisis, moment: str, share: float = 1.0, depth: int = 0) -> dict[str, float]:
    """Happenings of a firing and of what it raises at once; outcomes with their shares where these are plain."""
    found: dict[str, float] = defaultdict(float)
    found[moment] += share
    declared = crisis.moments[moment]
    _follow(crisis, declared.effects, share, depth, found)
    shares = [_plain(outcome.share, crisis) for outcome in declared.outcomes]
    rest = max(0.0, 1.0 - sum(value for value in shares if value is not None))
    for outcome, value in zip(declared.outcomes, shares, strict=True):
        probability = share * (rest if value is None else value)
        found[f"{moment}.{outcome.name}"] += probability
        _follow(crisis, outcome.effects, probability, depth, found)
    return found


def _follow(
    crisis: Crisis, effects: tuple[Effect, ...], share: float, depth: int, found: dict[str, float]
) -> None:
    for effect in effects:
        if effect.does == "raise" and depth < 4:
            for happening, probability in _brought_about(crisis, effect.target, share, depth + 1).items():
                found[happening] += probability


def _plain(share: Expression | None, crisis: Crisis) -> float | None:
    if isinstance(share, Number):
        return share.value
    if isinstance(share, Name) and share.name in crisis.parameters:
        distribution = crisis.parameters[share.name].distribution
        if distribution.kind == "beta":
            return distribution.numbers[0] / sum(distribution.numbers)
        return distribution.numbers[0]
    return None if share is None else 0.5
