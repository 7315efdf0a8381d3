"""The application: the root command with all commands registered, in the order in which help lists them."""

from __future__ import annotations

from detente.cli.commands import forecasts as forecasts  # isort: skip
from detente.cli.commands import crises as crises  # isort: skip
from detente.cli.commands import bargaining as bargaining  # isort: skip
from detente.cli.root import app

__all__ = ["app"]
