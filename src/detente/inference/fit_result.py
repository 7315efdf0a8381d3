"""What a fit found: joint draws of the numbers of a crisis, and what they are worth."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.engine.sampling import digest_of_draws
from detente.inference.predicted import Plausibility
from detente.inference.residuals import Residuals
from detente.inference.verdicts import ParameterFit
from detente.provenance import Provenance

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class FitResult:
    """Joint draws of what a record informs, and what is known of them; see `Posterior`, which shows and keeps them.

    Attributes
    ----------
    parameters : mapping of str to (n,) floats
        Draw i of every number is the i-th of each array: the fitted numbers, and all others with spread on which the
        replay of the record depends. Rates are final, not to be divided by an exposure. Parameters that are not
        named are independent of the record and keep their priors.
    fits : tuple of ParameterFit
        Prior against posterior, by name.
    left : mapping of str to str
        Numbers that stand in the complete record's rates, factors or shares and are not fitted, and why.
    residuals : Residuals
    paths, effective_paths, ledgers : int, float, int
        Replays, the effective number that their weights leave, and distinct ledgers that were sampled.
    notes : tuple of str
    provenance : Provenance
    check : Plausibility or None
        The predictive check, where it was asked for.
    """

    parameters: Mapping[str, Floats]
    fits: tuple[ParameterFit, ...]
    left: Mapping[str, str]
    residuals: Residuals
    paths: int
    effective_paths: float
    ledgers: int
    notes: tuple[str, ...]
    provenance: Provenance
    check: Plausibility | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the draws: what a forecast records of them."""
        return digest_of_draws(self.parameters)

    @property
    def n_draws(self) -> int:
        """Number of joint draws; 0 where nothing was fitted."""
        return max((len(values) for values in self.parameters.values()), default=0)

    def learned(self) -> tuple[str, ...]:
        """Names of the numbers that the record informs."""
        return tuple(each.name for each in self.fits if each.verdict == "learned")

    def as_dict(self) -> dict[str, Any]:
        """All but the draws as plain data, ready for JSON; what is not finite as None."""
        data: dict[str, Any] = {
            "crisis": self.provenance.crisis,
            "digest": self.provenance.digest,
            "posterior": self.digest,
            "draws": self.n_draws,
            "paths": self.paths,
            "effective_paths": self.effective_paths,
            "ledgers": self.ledgers,
            "fits": [dataclasses.asdict(each) for each in self.fits],
            "left": dict(self.left),
            "residuals": dataclasses.asdict(self.residuals),
            "check": None if self.check is None else dataclasses.asdict(self.check),
            "notes": list(self.notes),
            "provenance": self.provenance.as_dict(),
        }
        return {name: _finite(each) for name, each in data.items()}


def _finite(data: Any) -> Any:
    """Plain data with null for what is not finite."""
    if isinstance(data, float) and not np.isfinite(data):
        return None
    if isinstance(data, dict):
        return {name: _finite(each) for name, each in data.items()}
    return [_finite(each) for each in data] if isinstance(data, list | tuple) else data
