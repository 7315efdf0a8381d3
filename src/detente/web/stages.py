"""What each kind of simulation computes, stage by stage: few futures for a first answer, then many."""

from __future__ import annotations

from typing import Any

from detente.model import Crisis
from detente.provenance import digest_of_text
from detente.scenario import apply
from detente.web.answers import baseline_result, drivers_result, paths_result, whatif_result
from detente.web.quantities import every, quantities_result, shown_stocks
from detente.web.room import FULL, LOGGED, SMALL, Room
from detente.web.running import Progress, Stage
from detente.web.shapes import WhatIf


def id_of(room: Room, what: str) -> str:
    """The id of a simulation: the same for the same request of the same crisis and seed."""
    return digest_of_text(f"{room.digest} {room.seed} {what}")[:20]


def baseline_stages(room: Room) -> list[Stage]:
    """All answers as things stand."""

    def stage(trajectories: int) -> Stage:
        return lambda progress: baseline_result(room.forecast(trajectories, progress))

    return [stage(SMALL), stage(FULL)]


def whatif_stages(room: Room, asked: WhatIf) -> list[Stage]:
    """The paired differences that some changes make.

    Raises
    ------
    CrisisFileError
        With every fault of the changes, at once and not in the background.
    """
    crisis, scenario = room.crisis, asked.scenario()
    changed = apply(scenario, crisis)

    def stage(trajectories: int) -> Stage:
        def compute(progress: Progress) -> dict[str, Any]:
            before = room.baseline(trajectories, progress)
            after = room.simulate(changed, trajectories, progress)
            return whatif_result(room, after, scenario, before)

        return compute

    return [stage(SMALL), stage(FULL)]


def quantity_stages(room: Room, changed: Crisis) -> list[Stage]:
    """How stocks and factions may go in a crisis as it stands, or changed."""
    names = shown_stocks(room.crisis)

    def stage(trajectories: int) -> Stage:
        return lambda progress: quantities_result(
            room.simulate(changed, trajectories, progress, paths=names, every=every(changed)), room.past()
        )

    return [stage(SMALL), stage(LOGGED)]


def why_stages(room: Room, question: str) -> list[Stage]:
    """Paths and a story first, then the drivers, which take longest."""
    found: dict[str, Any] = {}

    def first(progress: Progress) -> dict[str, Any]:
        found.update(paths_result(room.logged(progress), question))
        return dict(found)

    def then(progress: Progress) -> dict[str, Any]:
        return found | {"why": drivers_result(room.logged(progress), question)}

    return [first, then]
