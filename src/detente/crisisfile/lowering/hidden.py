"""Unobserved facts: a stage ``no``/``yes`` whose start is drawn once per draw."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.lowering.moments import NO_YES
from detente.crisisfile.lowering.numbers import parameter, plain, read_value
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.rich import HiddenForm
from detente.crisisfile.schema.whole import CrisisForm
from detente.crisisfile.suggest import did_you_mean
from detente.model import Distribution


def lower_hidden(build: Builder, form: CrisisForm, claims: Collection[str] | None) -> None:
    """All unobserved facts."""
    for name, fact in sorted(form.hidden.items()):
        _hidden(build, name, fact, ("hidden", name), claims)


def _hidden(build: Builder, name: str, form: HiddenForm, path: Path, claims: Collection[str] | None) -> None:
    prior = _prior(build, form, (*path, "prior"))
    odds = prior / (1.0 - prior)
    for claim, raw in sorted(form.likelihood_ratios.items()):
        place = (*path, "likelihood_ratios", claim)
        if claims is not None and claim not in claims:
            hint = f"{did_you_mean(claim, claims)} Claims stand in claims.csv.".strip()
            build.fault(place, f"there is no claim '{claim}'", hint)
        ratio = plain(build, raw, place, "ratio")
        if ratio <= 0.0:
            build.fault(
                place,
                "a likelihood ratio is above 0",
                "1 says nothing; 3 makes the fact three times as likely.",
            )
        odds *= ratio
    evidence = build.evidence((*path, "prior"))
    evidence = replace(
        evidence, source=tuple(dict.fromkeys((*evidence.source, *sorted(form.likelihood_ratios))))
    )
    drawn = parameter(
        build, Distribution("bernoulli", (odds / (1.0 + odds),)), (*path, "prior"), "", evidence
    )
    build.add_stage(name, NO_YES, path, start=drawn, title=form.title)


def _prior(build: Builder, form: HiddenForm, path: Path) -> float:
    """The probability before the claims; of a counted share, its mean."""
    value = read_value(build, form.prior, path, "share")
    known = value.distribution if value else None
    prior = 0.5
    if known is not None and known.kind == "beta":
        prior = known.numbers[0] / sum(known.numbers)
    elif known is not None and known.kind == "fixed":
        prior = known.numbers[0]
    elif value is not None:
        hint = "The fact is drawn once per draw anyway: a spread around its probability would change nothing."
        build.fault(path, "the prior is one probability", hint)
    if not 0.0 < prior < 1.0:
        build.fault(
            path, f"a prior of {prior:g} cannot be moved by any claim", "It lies strictly between 0 and 1."
        )
        return 0.5
    return prior
