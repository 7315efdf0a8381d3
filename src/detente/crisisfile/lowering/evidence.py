"""Evidence must exist: every id names a source, claim or event, and a judgement has its reason."""

from __future__ import annotations

from typing import Any

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.reading import Path
from detente.crisisfile.suggest import did_you_mean
from detente.crisisfile.tables import Tables

_TABLES = ("sources", "claims", "events", "calendar", "record")


def check_evidence(build: Builder, tables: Tables) -> None:
    """Record a fault for every id that is not known and every judgement without its reason."""
    known = {*tables.sources, *tables.claims, *tables.events}
    for section, data in build.tree.data.items():
        if section not in _TABLES:
            _walk(build, data, (section,), known)
    _mapping(build, build.tree.data, (), known)


def _walk(build: Builder, data: Any, path: Path, known: set[str]) -> None:
    if isinstance(data, dict):
        _mapping(build, data, path, known)
        for key, value in data.items():
            _walk(build, value, (*path, key), known)
    elif isinstance(data, list):
        for i, value in enumerate(data):
            _walk(build, value, (*path, i), known)


def _mapping(build: Builder, data: dict[str, Any], path: Path, known: set[str]) -> None:
    source = data.get("source")
    named = [source] if isinstance(source, str) else source if isinstance(source, list) else []
    for name in named:
        if name == "judgement":
            if not data.get("because"):
                hint = "Add `because:` with the reason."
                build.fault((*path, "source"), "a judgement needs its reason", hint)
        elif isinstance(name, str) and name not in known:
            where = "Ids stand in sources.csv, claims.csv and events.csv; or write `judgement`."
            hint = f"{did_you_mean(name, known)} {where}".strip()
            build.fault((*path, "source"), f"there is no source '{name}'", hint)
        elif not isinstance(name, str):
            build.fault(
                (*path, "source"), f"'{name}' is not the id of a source", "Write ids as text: [S03, E045]."
            )
