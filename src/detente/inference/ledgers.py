"""Disputed events: ledgers sampled by how far each event is held, for fits that are pooled (multiple imputation)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from detente.model import Crisis, Recorded

LEDGERS = 40
"""How many ledgers are sampled where an event is disputed; equal ones are replayed once."""

FEWEST_PATHS = 8
"""Every distinct ledger is replayed with at least so many draws of the other parameters."""


@dataclass(frozen=True)
class Ledger:
    """One way in which the disputed part of a record may have been, and its share of the samples."""

    crisis: Crisis
    share: float


def disputed(crisis: Crisis) -> tuple[Recorded, ...]:
    """What is recorded and neither certain to have happened nor certain not to have."""
    return tuple(item for item in crisis.record if 0.0 < item.held < 1.0)


def sample_ledgers(crisis: Crisis, seed: int, n: int = LEDGERS) -> tuple[Ledger, ...]:
    """Sample n ledgers, each event held with its probability and independently; one where nothing is disputed.

    Examples
    --------
    >>> from detente.catalog import load
    >>> len(sample_ledgers(load("cuba_1962"), 1))
    1
    """
    doubtful = disputed(crisis)
    if not doubtful:
        return (Ledger(crisis, 1.0),)
    uniform = np.random.default_rng([seed, 20]).random((n, len(doubtful)))
    kept = uniform < np.array([item.held for item in doubtful])
    counts = Counter(tuple(row.tolist()) for row in kept)
    return tuple(
        Ledger(_with(crisis, {item for item, yes in zip(doubtful, row, strict=True) if yes}), count / n)
        for row, count in sorted(counts.items())
    )


def _with(crisis: Crisis, chosen: set[Recorded]) -> Crisis:
    """The crisis as if of its disputed events exactly the chosen had happened."""
    sure = (item for item in crisis.record if item.held >= 1.0)
    return replace(crisis, record=tuple(sorted([*sure, *(replace(item, held=1.0) for item in chosen)])))


def paths_per_ledger(ledgers: tuple[Ledger, ...], paths: int) -> tuple[int, ...]:
    """How many draws of the other parameters each ledger is replayed with."""
    if len(ledgers) == 1:
        return (paths,)
    return tuple(max(FEWEST_PATHS, round(paths * ledger.share)) for ledger in ledgers)
