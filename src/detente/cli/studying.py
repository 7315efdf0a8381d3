"""Studies on the command line: the ensembles that they need, made under a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detente.cli.running import Bar
from detente.errors import ForecastError

if TYPE_CHECKING:
    from detente.engine import Ensemble
    from detente.model import Crisis


def questions_of(text: str | None, crisis: Crisis) -> list[str]:
    """The ids in ``H06,H12``; all questions if nothing is said.

    Raises
    ------
    ForecastError
        For ids that the crisis does not have, all of them at once.
    """
    known = list(crisis.questions)
    if text is None:
        return known
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    missing = [name for name in wanted if name not in known]
    if missing or not wanted:
        from detente.crisisfile.suggest import did_you_mean

        several = f"there are no questions {', '.join(map(repr, missing))}"
        what = several if len(missing) > 1 else f"there is no question '{', '.join(missing)}'"
        hint = f" {did_you_mean(missing[0], known)}".rstrip() if missing else ""
        raise ForecastError(f"{what}.{hint} Questions: {', '.join(known) or 'none'}.")
    return wanted


def simulated(crisis: Crisis, *, quiet: bool, **settings: Any) -> Ensemble:
    """An ensemble under a progress bar; on Ctrl-C what was finished.

    Raises
    ------
    ModelError
        If too many futures run away.
    KeyboardInterrupt
        If not one draw was finished.
    """
    from detente.engine import simulate
    from detente.forecasting.remarks import usable

    with Bar(shown=not quiet and sys.stderr.isatty()) as bar:
        ensemble = simulate(crisis, progress=bar.update, **settings)
    return usable(ensemble)


@contextmanager
def working(text: str, *, quiet: bool) -> Iterator[None]:
    """Say on a terminal that something goes on which has no end to measure against."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{text} …"):
        yield


def head(ensemble: Ensemble) -> dict[str, Any]:
    """What every study says of its ensemble, for JSON."""
    crisis, settings = ensemble.crisis, ensemble.settings
    return {
        "crisis": crisis.name,
        "title": crisis.title,
        "as_of": crisis.as_of.isoformat(),
        "seed": settings.seed,
        "draws": ensemble.finished,
        "replicates": settings.n_replicates,
        "trajectories": ensemble.n_trajectories,
        "interrupted": ensemble.interrupted,
    }


def put_folder(folder: Path, files: dict[str, str | bytes]) -> None:
    """Write some files into a folder, which is made if need be; each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        fresh = folder / f".{name}.part"
        fresh.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        fresh.replace(folder / name)
