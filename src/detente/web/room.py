"""The crisis that the page shows, and its futures, simulated once for every number of futures."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from detente.catalog import find_crisis, load
from detente.crisisfile import dumps
from detente.engine import Ensemble, simulate
from detente.forecasting import Forecast
from detente.forecasting.result import forecast_of
from detente.model import Crisis
from detente.provenance import digest_of_text
from detente.scenario import find_scenario, list_scenarios, load_scenario
from detente.web.declared import declared
from detente.web.quantities import Past, past_of
from detente.web.running import Progress
from detente.web.shapes import scenario_lines

SMALL, FULL, LOGGED = 1_000, 10_000, 4_000
"""Futures of the first answer, of the sharpened one, and of reasons and paths."""


class Room:
    """One crisis, the futures of its baseline, and its scenarios.

    `source` is the name of a bundled crisis or the path of a folder or file; a folder that is not bundled can be
    added to. Everything is read anew after an addition.
    """

    def __init__(self, source: str, *, seed: int, threads: int | None = None) -> None:
        self.source = source
        self.seed = seed
        self.threads = threads
        self.lock = threading.Lock()
        self.reload()

    def reload(self) -> None:
        """Read the crisis again; what was computed of an older state is forgotten."""
        crisis = load(self.source)
        digest = digest_of_text(dumps(crisis))
        with self.lock:
            self.crisis: Crisis = crisis
            self.digest = digest
            self._baselines: dict[int, Ensemble] = {}
            self._logged: Ensemble | None = None
            self._overview: dict[str, Any] | None = None
            self._past: tuple[Crisis, Past | None] | None = None

    @property
    def folder(self) -> Path | None:
        """The folder whose ledger may be added to; None for a bundled crisis or a single file."""
        path = Path(self.source)
        return path if path.is_dir() else None

    def simulate(
        self, crisis: Crisis, trajectories: int, progress: Progress | None = None, **kept: Any
    ) -> Ensemble:
        """Futures of a crisis on the dice of this room; `kept` as in `detente.simulate`."""
        return simulate(
            crisis, trajectories=trajectories, seed=self.seed, threads=self.threads, progress=progress, **kept
        )

    def baseline(self, trajectories: int, progress: Progress | None = None) -> Ensemble:
        """Futures of the crisis as it stands."""
        known = self._baselines.get(trajectories)
        if known is None:
            crisis = self.crisis
            known = self.simulate(crisis, trajectories, progress)
            with self.lock:
                if crisis is self.crisis:
                    self._baselines[trajectories] = known
        return known

    def forecast(self, trajectories: int, progress: Progress | None = None) -> Forecast:
        """The answers of the baseline."""
        return forecast_of(self.baseline(trajectories, progress), crisis=self.crisis)

    def logged(self, progress: Progress | None = None) -> Ensemble:
        """Futures of the baseline with every happening: what reasons, paths and stories are read from."""
        if self._logged is None or self._logged.crisis is not self.crisis:
            self._logged = self.simulate(self.crisis, LOGGED, progress, log=True)
        return self._logged

    def past(self) -> Past | None:
        """Stocks along the record, replayed once for every state of the files; scenarios do not change it."""
        if self._past is None or self._past[0] is not self.crisis:
            crisis = self.crisis
            found = past_of(crisis, find_crisis(self.source), seed=self.seed, threads=self.threads)
            self._past = crisis, found
        return self._past[1]

    def overview(self) -> dict[str, Any]:
        """What the crisis declares, as plain data; worked out once for every state of its files."""
        if self._overview is None or self._overview["digest"] != self.digest:
            crisis, facts = self.crisis, {"digest": self.digest, "seed": self.seed}
            self._overview = facts | {"can_be_added_to": self.folder is not None} | declared(crisis)
        return self._overview

    def scenarios(self) -> list[dict[str, Any]]:
        """The scenarios in the folder of the crisis, with their changes as lines to be tried."""
        place = find_crisis(self.source)
        found = (load_scenario(find_scenario(name, place)) for name in list_scenarios(place))
        return [scenario_lines(scenario) for scenario in found]
