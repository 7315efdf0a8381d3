"""The crises that come with Détente, each a folder of data files named after its crisis.

A bundled crisis is an ordinary crisis folder: copy it, change it, run it by its path.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from detente.errors import CrisisFileError, Fault

if TYPE_CHECKING:
    from detente.model import Crisis

__all__ = ["find_crisis", "headline", "list_crises", "load"]

CRISIS_FILE = "crisis.yaml"
LONGEST_SHOWN = 100

_HEADLINE = re.compile(r"(title|as_of):[ ]+(['\"]?)(.*?)\2[ ]*(?: #.*)?")


def list_crises() -> tuple[str, ...]:
    """Names of the bundled crises, sorted.

    Examples
    --------
    >>> "iran_2024" in list_crises()
    True
    """
    return tuple(sorted(path.name for path in _folder().iterdir() if (path / CRISIS_FILE).is_file()))


def find_crisis(name_or_path: str | Path) -> Path:
    """The folder or file of a crisis.

    Parameters
    ----------
    name_or_path : str or path
        The name of a bundled crisis, or the path of a crisis folder or ``.yaml`` file. A bundled name comes
        first; for a folder of the same name write ``./iran_2024``.

    Returns
    -------
    Path
        A folder that holds ``crisis.yaml``, or a file.

    Raises
    ------
    CrisisFileError
        If there is neither; with the names that exist and the nearest of them.

    Examples
    --------
    >>> find_crisis("iran_2024").name
    'iran_2024'
    """
    if isinstance(name_or_path, str) and name_or_path in list_crises():
        return _folder() / name_or_path
    path = Path(name_or_path)
    try:
        if path.is_file() or (path / CRISIS_FILE).is_file():
            return path
        is_folder = path.is_dir()
    except OSError:  # a name that no file can have
        is_folder = False
    raise CrisisFileError([_not_found(str(name_or_path), is_folder)])


def load(name_or_path: str | Path, *, review: bool = False) -> Crisis:
    """Read a bundled crisis by its name, or any crisis by the path of its folder or file.

    With `review` the numbers are those of the ``review.yaml`` in its folder, the second parameterisation.

    Raises
    ------
    CrisisFileError
        If there is no such crisis, or with every fault of its files.

    Examples
    --------
    >>> load("cuba_1962").title
    'Missiles in Cuba'
    """
    from detente.crisisfile import load as load_path
    from detente.crisisfile.resolving import load_review
    from detente.crisisfile.reviewing import REVIEW_FILE

    path = find_crisis(name_or_path)
    return load_review(path, path / REVIEW_FILE) if review else load_path(path)


def headline(name: str) -> tuple[str, str]:
    """Title and as-of date of a bundled crisis, read from the head of its file without loading it.

    Examples
    --------
    >>> headline("cuba_1962")
    ('Missiles in Cuba', '1962-10-22')
    """
    found = {"title": "", "as_of": ""}
    with (_folder() / name / CRISIS_FILE).open(encoding="utf-8") as lines:
        for line in lines:
            match = _HEADLINE.fullmatch(line.rstrip("\n"))
            if match and not found[match[1]]:
                found[match[1]] = match[3]
            if all(found.values()):
                break
    return found["title"], found["as_of"]


def _folder() -> Path:
    """Where the bundled crises are; the package is always installed as files."""
    return Path(str(resources.files("detente.catalog")))


def _not_found(name: str, is_folder: bool) -> Fault:
    from detente.crisisfile.suggest import did_you_mean

    bundled = list_crises()
    name = name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}…"
    missing = f"the folder '{name}' has no file {CRISIS_FILE}", f"there is no crisis '{name}'"
    message = missing[0] if is_folder else missing[1]
    known = f"Bundled crises: {', '.join(bundled)}. Or give the path of a crisis folder or .yaml file."
    hint = f"{did_you_mean(name, bundled)} {known}".strip()
    return Fault(name, 0, "", message, hint)
