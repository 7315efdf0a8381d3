"""The application: the root command with all commands registered, in the order in which help lists them."""

from __future__ import annotations

from detente.cli.commands import forecasts as forecasts  # isort: skip
from detente.cli.commands import studies as studies  # isort: skip
from detente.cli.commands import reports as reports  # isort: skip
from detente.cli.commands import reasons as reasons  # isort: skip
from detente.cli.commands import serving as serving  # isort: skip
from detente.cli.commands import crises as crises  # isort: skip
from detente.cli.commands import past as past  # isort: skip
from detente.cli.commands import fitting as fitting  # isort: skip
from detente.cli.commands import scores as scores  # isort: skip
from detente.cli.commands import ledger as ledger  # isort: skip
from detente.cli.commands import events as events  # isort: skip
from detente.cli.commands import bargaining as bargaining  # isort: skip
from detente.cli.root import app

__all__ = ["app"]
