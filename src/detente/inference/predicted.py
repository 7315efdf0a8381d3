"""Counts that were predicted without having been seen, against what happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detente.scoring import CdfPair, crps_ensemble, crps_poisson, ensemble_cdf, uniformity_check

Floats = NDArray[np.float64]

LEVEL = 0.05
"""A p-value below this speaks against the crisis."""

WORST_SKILL = -0.10
"""Least skill against a Poisson of the same mean: a law that is too wide falls below."""

REFERENCE = 1000
"""Simulated data sets that make the reference of the p-values."""


@dataclass(frozen=True)
class Cell:
    """One clock in one period that was left out: observed, and predicted mean with 5 % and 95 % quantiles."""

    clock: str
    begins: float
    ends: float
    observed: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Plausibility:
    """Whether counts that the fit had not seen look like the crisis' own simulations.

    `p_chi2` (Σz² of the randomised PIT, two-sided) and `p_ks` are medians over 101 fixed randomisations, ranked among
    data sets simulated from the same fits. `skill` is of the total CRPS against a Poisson of the same mean: far
    below 0 where the predictions are wider than they need be. `skipped` names what could not be predicted, and why.
    """

    cells: tuple[Cell, ...]
    p_chi2: float
    p_ks: float
    skill: float
    trajectories: int
    skipped: tuple[str, ...]

    @property
    def plausible(self) -> bool:
        """Both p-values at least 0.05, and the skill at least −0.10."""
        return min(self.p_chi2, self.p_ks) >= LEVEL and self.skill >= WORST_SKILL


def hold_against(
    cells: tuple[tuple[str, float, float, int], ...], simulated: Floats, skipped: tuple[str, ...] = ()
) -> Plausibility:
    """Hold observed counts against simulated ones.

    Parameters
    ----------
    cells : tuple of (clock, begins, ends, observed)
    simulated : (cells, m) floats
        Counts in m futures; column i of all rows is one data set.
    skipped : tuple of str

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = hold_against(tuple((f"c{k}", 0.0, 1.0, int(n)) for k, n in enumerate(rng.poisson(2.0, 40))),
    ...                      rng.poisson(2.0, (40, 2000)).astype(float))
    >>> found.plausible
    True
    """
    observed = np.array([count for *_, count in cells], np.float64)
    pair = ensemble_cdf(simulated, observed)
    check = uniformity_check(*pair, simulated=_reference(simulated))
    mean = simulated.mean(axis=1)
    plain = crps_poisson(np.maximum(mean, 1e-9), observed).sum()
    skill = 1.0 - crps_ensemble(simulated, observed).sum() / plain if plain > 0.0 else 0.0
    ends = np.quantile(simulated, (0.05, 0.95), axis=1)
    return Plausibility(
        cells=tuple(Cell(*cell, float(mean[k]), *map(float, ends[:, k])) for k, cell in enumerate(cells)),
        p_chi2=check.p_chi2,
        p_ks=check.p_ks,
        skill=float(skill),
        trajectories=simulated.shape[1],
        skipped=skipped,
    )


def _reference(simulated: Floats) -> CdfPair:
    """The pairs of data sets drawn from the predictions themselves, shape (s, cells)."""
    ordered = np.sort(simulated, axis=1)
    m = simulated.shape[1]
    drawn = simulated[:, : min(m, REFERENCE)]
    below = [np.searchsorted(row, values, "left") for row, values in zip(ordered, drawn, strict=True)]
    upto = [np.searchsorted(row, values, "right") for row, values in zip(ordered, drawn, strict=True)]
    return CdfPair(np.array(below).T / (m + 1.0), (np.array(upto).T + 1.0) / (m + 1.0))
