"""Détente makes an international crisis executable: declare, replay, simulate, forecast.

>>> import detente as dt
>>> crisis = dt.load("cuba_1962")
>>> print(dt.forecast(crisis, trajectories=400, seed=1))  # doctest: +ELLIPSIS
Missiles in Cuba...

Names are imported when first used, so that ``import detente`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detente.catalog import list_crises, load
    from detente.crisisfile import dump, dumps, loads
    from detente.engine import Ensemble, simulate
    from detente.errors import DetenteError
    from detente.forecasting import Forecast, forecast
    from detente.model import Crisis
    from detente.provenance import __version__

__all__ = [
    "Crisis",
    "DetenteError",
    "Ensemble",
    "Forecast",
    "__version__",
    "dump",
    "dumps",
    "forecast",
    "list_crises",
    "load",
    "loads",
    "simulate",
]

_HOMES = {
    "Crisis": "detente.model",
    "DetenteError": "detente.errors",
    "Ensemble": "detente.engine",
    "Forecast": "detente.forecasting",
    "__version__": "detente.provenance",
    "dump": "detente.crisisfile",
    "dumps": "detente.crisisfile",
    "forecast": "detente.forecasting",
    "list_crises": "detente.catalog",
    "load": "detente.catalog",
    "loads": "detente.crisisfile",
    "simulate": "detente.engine",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(
            f"module 'detente' has no attribute '{name}'. Public names: {', '.join(__all__)}"
        )
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
