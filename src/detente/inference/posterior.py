"""What a record leaves of the numbers of a crisis: joint draws that show, keep and defend themselves."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from detente.inference import fit_folder, fit_tables
from detente.inference.fit_result import FitResult
from detente.layout import plain_text
from detente.model import Crisis

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group


@dataclass(frozen=True, eq=False, repr=False)
class Posterior(FitResult):
    """Joint draws of what a record informs. It shows itself as tables in a terminal and in a notebook.

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

    def refuse_other(self, crisis: Crisis, *, force: bool = False) -> None:
        """Stop where the posterior was fitted to another crisis, or to another state of this one.

        With `force` only parameters that the crisis does not have are refused.

        Raises
        ------
        ForecastError
        """
        fit_folder.refuse_other(self, crisis, force=force)

    def to_polars(self) -> pl.DataFrame:
        """Prior against posterior, one row per fitted number."""
        import polars as pl

        rows = [dataclasses.asdict(each) for each in self.fits]
        for row in rows:
            sides = row.pop("sides")
            row["events_less"], row["events_more"] = sides if sides is not None else (None, None)
        return pl.DataFrame(rows, infer_schema_length=None)

    def save(self, path: Path | str) -> Path:
        """Write a folder: ``manifest.json`` and ``draws.parquet``.

        An earlier posterior there is replaced; anything else is refused with a ForecastError.
        """
        return fit_folder.save(self, path)

    @classmethod
    def load(cls, path: Path | str) -> Posterior:
        """Read a posterior that `save` has written.

        Raises
        ------
        ForecastError
            If there is none, or its files were changed.
        """
        return cls(**fit_folder.load(path))

    def __rich__(self) -> Group:
        return fit_tables.rendered(self)

    def __str__(self) -> str:
        return plain_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return fit_tables.html(self)
