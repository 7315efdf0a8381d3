"""How a result was made: enough to make it again, and to notice that something has changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

__version__ = "0.1.0"

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Provenance:
    """The record in every result.

    `digest` is the SHA-256 of the crisis in its machine form, hexadecimal: the same digest, seed and settings
    under the same `versions` give the same numbers, whatever the number of threads. `platform` is only a kind
    (``linux-x86_64``); no name or path of a machine is kept. `made_at` is UTC.
    """

    crisis: str
    digest: str
    seed: int
    settings: Mapping[str, Scalar]
    versions: Mapping[str, str]
    platform: str
    made_at: str

    def as_dict(self) -> dict[str, object]:
        """The record as plain data, ready for JSON.

        Examples
        --------
        >>> record = record_provenance("calm", digest_of_text("crisis: calm"), seed=1, settings={"tick": 1.0})
        >>> sorted(record.as_dict())
        ['crisis', 'digest', 'made_at', 'platform', 'seed', 'settings', 'versions']
        """
        return {
            "crisis": self.crisis,
            "digest": self.digest,
            "seed": self.seed,
            "settings": dict(self.settings),
            "versions": dict(self.versions),
            "platform": self.platform,
            "made_at": self.made_at,
        }


def record_provenance(crisis: str, digest: str, *, seed: int, settings: Mapping[str, Scalar]) -> Provenance:
    """Record here and now how a result about `crisis` was made.

    Examples
    --------
    >>> sorted(record_provenance("calm", "", seed=1, settings={}).versions)
    ['detente', 'numba', 'numpy', 'python']
    """
    return Provenance(
        crisis=crisis,
        digest=digest,
        seed=seed,
        settings=dict(settings),
        versions=versions(),
        platform=f"{sys.platform}-{platform.machine().lower()}",
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def versions() -> dict[str, str]:
    """Versions of everything that numbers depend on."""
    return {
        "detente": __version__,
        "python": platform.python_version(),
        **{package: metadata.version(package) for package in ("numpy", "numba")},
    }


def digest_of_text(text: str) -> str:
    """SHA-256 of text in UTF-8, hexadecimal.

    Examples
    --------
    >>> digest_of_text("crisis: calm")[:12]
    '1080c17a4614'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 of the content of a file, hexadecimal, as ``sha256sum`` prints it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
