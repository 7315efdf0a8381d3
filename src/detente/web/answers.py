"""What a finished simulation says, as the page takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from detente.analysis.comparing import compare_ensembles
from detente.analysis.differences import Compared
from detente.analysis.drivers import Driver, explain
from detente.analysis.paths import paths_to
from detente.analysis.readings import Part, flow_of, part_of
from detente.analysis.stories import tell
from detente.engine.ensemble import Ensemble
from detente.engine.reference_values import reads
from detente.expressions import Expression, Name, walk
from detente.forecasting import Forecast
from detente.forecasting.network import dyads_of, recorded_counts
from detente.model import Crisis
from detente.scenario import Scenario
from detente.web.room import Room

EVERY = 14.0
"""Distance of the points of a curve [day]."""


def baseline_result(found: Forecast) -> dict[str, Any]:
    """All answers with their curves, the outlook of the listed actions, and who acts on whom."""
    ensemble = found.ensemble
    curves = {
        name: _curve(found, name) for name, each in found.answers.items() if each.probability is not None
    }
    return {
        "trajectories": ensemble.n_trajectories,
        "questions": [answer.as_dict() for answer in found.answers.values()],
        "curves": curves,
        "actions": [each.as_dict() for each in found.actions.values()],
        "counts": {name: ensemble.counts[name] for name in found.actions},
        "dyads": dyads_result(ensemble.crisis, ensemble.counts),
        "warnings": list(found.warnings),
        "notes": list(found.notes),
        "provenance": found.provenance.as_dict(),
    }


def _curve(found: Forecast, question: str) -> dict[str, Any]:
    curve = found.curve(question, EVERY)
    return {
        "dates": [day.isoformat() for day in curve.dates],
        "probability": _known(curve.probability.tolist()),
        "low": _known(curve.low.tolist()),
        "high": _known(curve.high.tolist()),
    }


def _known(values: list[float]) -> list[float | None]:
    return [None if value != value else value for value in values]


def dyads_result(crisis: Crisis, expected: Mapping[str, float]) -> list[dict[str, Any]]:
    """Every directed dyad: how often it acts in the record, and per future."""
    recorded = {
        (each.actor, each.recipient, each.conflict): each.count
        for each in dyads_of(crisis, recorded_counts(crisis))
    }
    return [
        {
            "actor": each.actor,
            "recipient": each.recipient,
            "conflict": each.conflict,
            "recorded": recorded[each.actor, each.recipient, each.conflict],
            "expected": each.count,
            "actions": list(each.actions),
        }
        for each in dyads_of(crisis, expected)
    ]


def whatif_result(room: Room, after: Ensemble, scenario: Scenario, baseline: Ensemble) -> dict[str, Any]:
    """The paired difference of every question, and how often each dyad acts then."""
    found: Compared = compare_ensembles(baseline, after, scenario, tuple(room.crisis.questions.values()))
    parting = found.parting
    return {
        "trajectories": found.draws * baseline.settings.n_replicates,
        "changes": [str(change) for change in scenario.changes],
        "questions": [each.as_dict() for each in found.differences.values()],
        "dyads": dyads_result(room.crisis, after.counts),
        "parted": vars(parting) if not hasattr(parting, "as_dict") else parting.as_dict(),
        "runaway": found.runaway,
    }


# ── reasons ──────────────────────────────────────────────────────────────────────────────────────


def paths_result(ensemble: Ensemble, question: str) -> dict[str, Any]:
    """The paths to an answer, and one future told as a story; the drivers take longer, and are still open."""
    paths = paths_to(ensemble, question)
    example = paths.paths[0].example if paths.paths else 0
    story = tell(ensemble.crisis, ensemble.settings, example, question=question)
    return {"why": None, "paths": paths.as_dict(), "story": story.as_dict()}


def drivers_result(ensemble: Ensemble, question: str) -> dict[str, Any]:
    """What answers a question, and what drives that; with the numbers that base and factors are made of."""
    explanation = explain(ensemble, question)
    why = explanation.as_dict()
    for shown, driver in zip(why["drivers"], explanation.drivers, strict=True):
        shown |= _numbers(driver, ensemble.crisis)
    return why


def _numbers(driver: Driver, crisis: Crisis) -> dict[str, Any]:
    """Names of the numbers that the base of a driver, and each of its factors, are made of."""
    part: Part | None = (
        flow_of(driver.name, crisis) if driver.kind == "flow" else part_of(driver.name, crisis)
    )
    if part is None:
        return {"base_numbers": [], "factor_numbers": []}
    known = crisis.parameters.keys()
    return {
        "base_numbers": sorted(_names((part.base,)) & known),
        "factor_numbers": [sorted(reads((), (factor,)) & known) for factor in part.factors],
    }


def _names(expressions: Iterable[Expression]) -> set[str]:
    return {node.name for each in expressions for node in walk(each) if isinstance(node, Name)}
