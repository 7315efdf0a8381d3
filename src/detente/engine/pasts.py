"""How quantities went in the record, as the replay sees it: the past that stands to the left of a fan chart."""

from __future__ import annotations

import math
import os

import numpy as np

from detente.engine.compiling import compile_crisis
from detente.engine.ensemble import Paths, Settings
from detente.engine.replaying import replay_along
from detente.engine.running import with_fast_memories
from detente.errors import ModelError
from detente.model import Crisis


def replayed_paths(
    crisis: Crisis,
    names: tuple[str, ...],
    *,
    seed: int = 0,
    n_draws: int = 1000,
    every: float = 1.0,
    tick: float = 1.0,
    threads: int | None = None,
) -> Paths:
    """Stocks, stages and memories along the record, from its beginning to the as-of date.

    Recorded happenings fire, clocks do not, stocks flow with their noise.

    Parameters
    ----------
    crisis : Crisis
    names : tuple of str
        Stocks, stages or memories.
    seed, n_draws : int
        Draw d starts `simulate(crisis, seed=seed, …)`, whose draw d has this past.
    every : float
        Distance of the times [day], a whole number of ticks; the last is the as-of date.
    tick, threads
        As in `simulate`.

    Returns
    -------
    Paths
        `times` [day], 0 at the as-of date and negative before; values of shape (n_times, n_draws). NaN before the
        day on which the start value of a stock was measured: nothing is claimed about it there.

    Raises
    ------
    ModelError
        If a name is none of the crisis, the record has no length, or an argument is out of range.

    Examples
    --------
    >>> from detente import load, simulate
    >>> crisis = load("cuba_1962")
    >>> past = replayed_paths(crisis, ("sites",), seed=1, n_draws=20)
    >>> future = simulate(crisis, seed=1, trajectories=20, replicates=1, paths=("sites",))
    >>> float(past.times[-1]), bool((past.values["sites"][-1] == future.paths.values["sites"][0]).all())
    (0.0, True)
    """
    settings = Settings(seed, n_draws, 1, tick=tick, threads=threads or len(os.sched_getaffinity(0)))
    step = round(every / tick)
    compiled = compile_crisis(crisis, tick=tick)
    _check(crisis, names, set(compiled.state_rows), n_draws)
    if step < 1 or not math.isclose(step * tick, every):
        raise ModelError(f"every must be a whole number of ticks, but is {every:g} days")
    tables = with_fast_memories(compiled, settings)
    times, values = replay_along(
        compiled, tables, names, seed=seed, n_draws=n_draws, epoch=settings.epoch, threads=settings.threads
    )
    first = (len(times) - 1) % step
    times, values = times[first::step], values[first::step]
    for k, name in enumerate(names):
        stock = crisis.stocks.get(name)
        if stock is not None and stock.starts is not None:
            values[times < stock.starts, k] = np.nan
    return Paths(times, {name: values[:, k] for k, name in enumerate(names)})


def recent_past(
    crisis: Crisis,
    names: tuple[str, ...],
    *,
    seed: int,
    n_draws: int,
    every: float = 1.0,
    threads: int | None = None,
) -> Paths | None:
    """What stands to the left of the futures: `replayed_paths`, no further back than the futures go.

    None where the crisis has no record.

    Examples
    --------
    >>> from detente import load
    >>> cuba = load("cuba_1962")
    >>> past = recent_past(cuba, ("sites",), seed=1, n_draws=20)
    >>> bool(past.times[0] >= -cuba.horizon)
    True
    """
    if crisis.record_from >= 0.0:
        return None
    past = replayed_paths(crisis, names, seed=seed, n_draws=n_draws, every=every, threads=threads)
    return past.since(-crisis.horizon)


def _check(crisis: Crisis, names: tuple[str, ...], known: set[str], n_draws: int) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ModelError(f"'{unknown[0]}' is not a stock, stage or memory of the crisis, so it has no path.")
    if crisis.record_from >= 0.0:
        raise ModelError(
            f"the crisis '{crisis.name}' has no record to replay: set record_from to an earlier day"
        )
    if n_draws < 1:
        raise ModelError(f"n_draws must be 1 or more, but is {n_draws}")
