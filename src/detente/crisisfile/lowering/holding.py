"""How claims in conflict are weighed, as the file sets it."""

from __future__ import annotations

from collections.abc import Mapping

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.schema.whole import CrisisForm
from detente.crisisfile.suggest import did_you_mean
from detente.model import Holding


def holding_of(build: Builder, form: CrisisForm) -> Holding:
    """The parameters of the rule; what the file leaves out keeps its default."""
    given, default = form.holding, Holding()
    if given is None:
        return default
    if given.prior is not None and not 0.0 < given.prior < 1.0:
        hint = "Write a number above 0 and below 1; 0.5 favours neither side."
        build.fault(("holding", "prior"), "a certain prior leaves nothing to weigh", hint)
    if 0.0 in given.credibility.values():
        hint = "Write a ratio above 0; 1 stands for a claim that says nothing."
        build.fault(("holding", "credibility"), "a likelihood ratio of 0 makes certain", hint)
    return Holding(
        prior=default.prior if given.prior is None else given.prior,
        credibility=_merged(build, "credibility", default.credibility, given.credibility),
        reliability=_merged(build, "reliability", default.reliability, given.reliability),
        status=_merged(build, "status", default.status, given.status),
        repeated=default.repeated if given.repeated is None else given.repeated,
    )


def _merged(
    build: Builder, word: str, default: Mapping[str, float], given: Mapping[str, float]
) -> dict[str, float]:
    for name in given:
        if name not in default:
            hint = f"{did_you_mean(name, default)} Allowed: {', '.join(default)}.".strip()
            build.fault(("holding", word, name), f"there is no {word} '{name}'", hint)
    return {**default, **given}
