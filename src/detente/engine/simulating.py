"""Simulate: many futures of a crisis on all threads, the same on any number of them."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from detente.engine.compiling import Compiled, compile_crisis
from detente.engine.ensemble import Ensemble, Progress, Settings
from detente.engine.running import Kept, Run
from detente.engine.sampling import Floats, digest_of_draws
from detente.engine.tables import WIDTH
from detente.errors import ModelError
from detente.model import Crisis


def memory_needed(compiled: Compiled, settings: Settings) -> int:
    """Bytes that a run will hold at most: registers of all trajectories and one block per thread."""
    per_trajectory = 8 * (len(compiled.watches) + 1) + 1
    per_block = 8 * WIDTH * (compiled.n_rows + 4 * len(compiled.clocks) + len(compiled.watches) + 8)
    per_draw = 16 * (len(compiled.hoisted) + compiled.n_state_rows)
    return (
        per_trajectory * settings.n_trajectories + per_block * settings.threads + per_draw * settings.n_draws
    )


def simulate(
    crisis: Crisis,
    *,
    trajectories: int = 10_000,
    replicates: int = 8,
    seed: int | None = None,
    horizon: float | None = None,
    threads: int | None = None,
    tick: float = 1.0,
    epoch: float = 7.0,
    budget: int | None = None,
    log: bool = False,
    final: tuple[str, ...] = (),
    paths: tuple[str, ...] = (),
    every: float = 1.0,
    firsts: tuple[str, ...] = (),
    past: bool = False,
    progress: Progress | None = None,
    posterior: Mapping[str, Floats] | None = None,
    levels: Mapping[str, Floats] | None = None,
) -> Ensemble:
    """Simulate many futures of a crisis.

    Parameters
    ----------
    crisis : Crisis
    trajectories : int, > 0
        How many futures; rounded up to whole draws.
    replicates : int, >= 1
        Futures per draw of the parameters; with 1 the two kinds of uncertainty cannot be told apart.
    seed : int, optional
        Drawn and recorded if not given. The same seed gives the same numbers on any number of threads.
    horizon : float, optional
        Days to simulate; by default the horizon of the crisis.
    threads : int, optional
        By default all cores this process may use.
    tick : float
        Length of a step of the flows [day]; 1, 1/2, 1/4 …
    epoch : float
        Residuals of clocks are renewed every so many days.
    budget : int, optional
        Firings after which a trajectory counts as runaway; by default 1,000 beyond what base rates let expect.
    log : bool
        Keep every happening (memory grows with the number of happenings).
    final : tuple of str
        Stocks, stages or memories whose values at the horizon are kept.
    paths : tuple of str
        Stocks, stages or memories whose values are kept along the way: 8 bytes per value, time and trajectory.
    every : float
        How often `paths` are kept [day], a whole number of ticks; day 0 is always kept.
    firsts : tuple of str
        Happenings of which the first time is kept, beside the listed ones.
    past : bool
        Keep what the futures begin with, for `simulate_again`.
    progress : callable, optional
    posterior : mapping of str to array of shape (n,), optional
        Joint draws of parameters, such as `detente.inference.Posterior.parameters`: draw d takes row d mod n for
        every parameter named here, as a final value (a rate that is counted is not divided by its exposure
        again). The others are drawn from their priors.
    levels : mapping of str to array of shape (draws,), optional
        Where in their priors the parameters named here stand, as quantile levels in (0, 1), one per draw: a design
        of one's own in the place of chance.

    Returns
    -------
    Ensemble
        On Ctrl-C, what was finished until then.

    Raises
    ------
    ModelError
        If the crisis cannot be run: see the message.
    """
    for name, number in (("trajectories", trajectories), ("replicates", replicates)):
        if number < 1:
            raise ModelError(f"{name} must be 1 or more, but is {number}")
    compiled = compile_crisis(crisis, tick=tick, firsts=firsts)
    settings = Settings(
        seed=secrets.randbits(48) if seed is None else seed,
        n_draws=math.ceil(trajectories / replicates),
        n_replicates=replicates,
        horizon=crisis.horizon if horizon is None else horizon,
        tick=tick,
        epoch=epoch,
        threads=threads or len(os.sched_getaffinity(0)),
        posterior=digest_of_draws(posterior) if posterior else "",
    )
    _check(settings)
    _check_levels(levels or {}, crisis, settings)
    kept = Kept(compiled, log=log, final=final, paths=paths, every=every, past=past)
    return Run(compiled, settings, budget, kept, posterior or {}, levels or {}).run(progress)


def simulate_again(
    crisis: Crisis,
    baseline: Ensemble,
    again: NDArray[np.bool_] | None = None,
    *,
    log: bool = False,
    progress: Progress | None = None,
) -> Ensemble:
    """Simulate a crisis with another future, and take from a baseline what is equal: its past, and some futures.

    Parameters
    ----------
    crisis : Crisis
        The crisis of the baseline with a change that does nothing up to the as-of date, and nothing in the futures that
        are not simulated again: the caller answers for that, as `detente.scenario.apply` does for its changes.
    baseline : Ensemble
        Of drawn parameters, not interrupted. Where it has kept no past (``simulate(…, past=True)``), or the change
        declares what the past would need, the record is replayed.
    again : (n_trajectories,) bools, optional
        Which futures to simulate; all by default.
    log : bool
        Keep every happening, if all futures are simulated.
    progress : callable, optional

    Returns
    -------
    Ensemble
        As `simulate` gives it with the settings of the baseline. Where futures were taken over there are no counts, and
        `clamped` is that of the others.

    Raises
    ------
    ModelError
        If the baseline was interrupted or fitted, or asks for less than the changed crisis.

    Examples
    --------
    >>> from detente import load
    >>> cuba = load("cuba_1962")
    >>> baseline = simulate(cuba, trajectories=80, seed=1, past=True)
    >>> same = simulate_again(cuba, baseline, np.arange(80) < 8)
    >>> all((same.registers[watch] == baseline.registers[watch]).all() for watch in baseline.registers)
    True
    """
    settings = baseline.settings
    compiled = compile_crisis(crisis, tick=settings.tick)
    asked = set() if again is None else set(compiled.watches)
    if baseline.interrupted or settings.posterior or not asked <= set(baseline.registers):
        raise ModelError("futures can only be taken over from a complete baseline with the same questions")
    numbers = None if again is None else np.flatnonzero(again)
    kept = Kept(compiled, log=log and again is None)
    return Run(compiled, settings, None, kept, {}, {}, baseline=baseline, again=numbers).run(progress)


def _check(settings: Settings) -> None:
    if settings.threads < 1:
        raise ModelError(f"threads must be 1 or more, but is {settings.threads}")
    if not 0.0 < settings.horizon < 1e6:
        raise ModelError(f"the horizon must lie between 0 and 1,000,000 days, but is {settings.horizon}")
    if settings.tick <= 0.0 or not (1.0 / settings.tick).is_integer():
        raise ModelError(f"a tick must be 1 day or a whole part of it (1/2, 1/4 …), but is {settings.tick}")
    if settings.epoch < settings.tick or not (settings.epoch / settings.tick).is_integer():
        raise ModelError(f"an epoch must be a whole number of ticks, but is {settings.epoch} days")


def _check_levels(levels: Mapping[str, Floats], crisis: Crisis, settings: Settings) -> None:
    for name, values in levels.items():
        if name not in crisis.parameters:
            raise ModelError(f"levels: '{name}' is not a number of the crisis")
        if np.shape(values) != (settings.n_draws,) or not np.all((values > 0.0) & (values < 1.0)):
            raise ModelError(
                f"levels of '{name}': one number in (0, 1) is needed for each of {settings.n_draws} draws"
            )
