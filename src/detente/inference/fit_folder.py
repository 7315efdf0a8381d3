"""A posterior as a folder of two files, written whole or not at all: its draws, and all that is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from detente import placing
from detente.crisisfile import dumps
from detente.errors import ForecastError
from detente.inference.fit_result import FitResult
from detente.inference.predicted import Cell, Plausibility
from detente.inference.residuals import ClockResidual, EventResidual, Residuals
from detente.inference.verdicts import ParameterFit
from detente.model import Crisis
from detente.placing import MANIFEST, read_manifest, write_json
from detente.provenance import Provenance, digest_of_file, digest_of_text

DRAWS = "draws.parquet"
MADE_BY = "detente fit"


def save(posterior: FitResult, path: Path | str) -> Path:
    """Write the folder; the files are written beside it and moved there at the end.

    Raises
    ------
    ForecastError
        If something else is in the place.
    """
    import polars as pl

    def fill(fresh: Path) -> None:
        pl.DataFrame(dict(posterior.parameters)).write_parquet(fresh / DRAWS)
        files = {DRAWS: digest_of_file(fresh / DRAWS)}
        write_json({"made_by": MADE_BY, **posterior.as_dict(), "files": files}, fresh / MANIFEST)

    return placing.put_folder(path, fill, MADE_BY, (DRAWS,))


def refuse_foreign(path: Path | str) -> None:
    """Stop where the place of a folder holds what no fit has written.

    Raises
    ------
    ForecastError
        With the first thing that is in the way.
    """
    placing.refuse_foreign(path, MADE_BY, (DRAWS,))


def load(path: Path | str) -> dict[str, Any]:
    """Read a folder that `save` has written: the fields of a `FitResult`.

    Raises
    ------
    ForecastError
        If there is none, or its files were changed.
    """
    folder = Path(path)
    manifest = _manifest(folder)
    draws = folder / DRAWS
    if not draws.is_file():
        raise ForecastError(f"the posterior '{path}' lacks {DRAWS}. Fit the crisis anew: detente fit.")
    if digest_of_file(draws) != manifest["files"][DRAWS]:
        raise ForecastError(
            f"{draws} is not what the fit has written: its digest differs from that in {MANIFEST}. Fit the crisis anew."
        )
    try:
        return _read(manifest, draws)
    except (KeyError, TypeError, ValueError) as problem:
        raise ForecastError(f"{folder / MANIFEST} is not one that this version wrote ({problem}).") from None


def refuse_other(posterior: FitResult, crisis: Crisis, *, force: bool) -> None:
    """Stop where a posterior does not go with a crisis; see `Posterior.refuse_other`."""
    unknown = sorted(set(posterior.parameters) - set(crisis.parameters))
    if unknown:
        raise ForecastError(
            f"the posterior of '{posterior.provenance.crisis}' holds '{unknown[0]}', which '{crisis.name}' does not"
            f" have. Fit the crisis anew: detente fit {crisis.name}."
        )
    digest = digest_of_text(dumps(crisis))
    if force or posterior.provenance.digest == digest:
        return
    what = "another crisis" if posterior.provenance.crisis != crisis.name else "another state of the crisis"
    raise ForecastError(
        f"the posterior was fitted to {what}: '{posterior.provenance.crisis}' with digest"
        f" {posterior.provenance.digest[:16]}, not '{crisis.name}' with {digest[:16]}. Fit anew with"
        f" `detente fit {crisis.name}`, or use --force if the change does not matter to the numbers that were fitted."
    )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ForecastError(
            f"there is no posterior in '{folder}': {MANIFEST} is missing. Make one with detente fit."
        )
    found = read_manifest(folder)
    if found.get("made_by") != MADE_BY:
        raise ForecastError(f"{path} was not written by detente fit.")
    return found


def _read(manifest: dict[str, Any], draws: Path) -> dict[str, Any]:
    import polars as pl

    frame = pl.read_parquet(draws)
    residuals, check, record = manifest["residuals"], manifest["check"], manifest["provenance"]
    fits = [
        each | {"sides": None if each["sides"] is None else tuple(each["sides"])} for each in manifest["fits"]
    ]
    return {
        "parameters": {name: frame[name].to_numpy().astype(np.float64) for name in frame.columns},
        "fits": tuple(ParameterFit(**each) for each in fits),
        "left": manifest["left"],
        "residuals": Residuals(
            clocks=tuple(ClockResidual(**each) for each in residuals["clocks"]),
            events=tuple(EventResidual(**each) for each in residuals["events"]),
            p_rescaling=residuals["p_rescaling"],
        ),
        "paths": manifest["paths"],
        "effective_paths": manifest["effective_paths"],
        "ledgers": manifest["ledgers"],
        "notes": tuple(manifest["notes"]),
        "provenance": Provenance(**record),
        "check": None
        if check is None
        else Plausibility(
            **check
            | {"cells": tuple(Cell(**each) for each in check["cells"]), "skipped": tuple(check["skipped"])}
        ),
    }
