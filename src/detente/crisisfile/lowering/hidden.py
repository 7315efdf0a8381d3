"""Unobserved facts: a stage ``no``/``yes`` whose start is drawn once per draw.

Where prior and likelihood ratios are known exactly, so is the probability, and the start is a parameter that
is 1 with it. Where one of them has a spread, the probability is another in every draw, and the start compares
a uniform parameter, ``hidden.X.drawn``, with the expression of the probability.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import reduce

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.lowering.moments import NO_YES
from detente.crisisfile.lowering.numbers import ONE, hoist, parameter, read_value
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.rich import HiddenForm
from detente.crisisfile.schema.whole import CrisisForm
from detente.crisisfile.suggest import did_you_mean
from detente.crisisfile.values import Kind, Value
from detente.expressions import Binary, Expression
from detente.model import Distribution, Evidence

_HALF = Value(Distribution("fixed", (0.5,)))
_ONE = Value(Distribution("fixed", (1.0,)))


def lower_hidden(build: Builder, form: CrisisForm, claims: Collection[str] | None) -> None:
    """All unobserved facts."""
    for name, fact in sorted(form.hidden.items()):
        path: Path = ("hidden", name)
        _check_claims(build, fact, path, claims)
        prior = _prior(build, fact, (*path, "prior"))
        ratios = {
            claim: _value(build, raw, (*path, "likelihood_ratios", claim), "ratio")
            for claim, raw in sorted(fact.likelihood_ratios.items())
        }
        _check_ratios(build, ratios, path)
        if all(value.fixed is not None for value in (prior, *ratios.values())):
            start = _drawn_with_certain_odds(build, prior, ratios, path)
        else:
            start = _drawn_with_uncertain_odds(build, prior, ratios, path)
        build.add_stage(name, NO_YES, path, start=start, title=fact.title)


def _drawn_with_certain_odds(
    build: Builder, prior: Value, ratios: Mapping[str, Value], path: Path
) -> Expression:
    before = prior.fixed or 0.0
    odds = math.prod((ratio.fixed or 0.0 for ratio in ratios.values()), start=before / (1.0 - before))
    evidence = build.evidence((*path, "prior"))
    evidence = replace(evidence, source=tuple(dict.fromkeys((*evidence.source, *ratios))))
    distribution = Distribution("bernoulli", (odds / (1.0 + odds),))
    return parameter(build, distribution, (*path, "prior"), "", evidence)


def _drawn_with_uncertain_odds(
    build: Builder, prior: Value, ratios: Mapping[str, Value], path: Path
) -> Expression:
    """``drawn < w/(w + (1 − prior))`` with ``w = prior·Πratios``."""
    before = hoist(build, prior, (*path, "prior"))
    sizes = [
        _ratio(build, ratio, claim, (*path, "likelihood_ratios", claim)) for claim, ratio in ratios.items()
    ]
    weight = reduce(lambda left, right: Binary("*", left, right), sizes, before)
    rest = Binary("-", ONE, before)
    probability = Binary("/", weight, Binary("+", weight, rest)) if ratios else before
    evidence = Evidence(because="no number, but the draw of the fact", reference=True)
    drawn = parameter(build, Distribution("uniform", (0.0, 1.0)), (*path, "drawn"), "", evidence)
    return Binary("<", drawn, probability)


def _ratio(build: Builder, ratio: Value, claim: str, path: Path) -> Expression:
    """A likelihood ratio; the claim itself is part of its evidence."""
    if ratio.expression is not None:
        return ratio.expression
    assert ratio.distribution is not None
    evidence = build.evidence(path)
    evidence = replace(evidence, source=tuple(dict.fromkeys((*evidence.source, claim))))
    return parameter(build, ratio.distribution, path, "", evidence)


# ── what is written ──────────────────────────────────────────────────────────────────────────────


def _prior(build: Builder, form: HiddenForm, path: Path) -> Value:
    value = _value(build, form.prior, path, "share")
    if value.fixed in (0.0, 1.0):
        hint = "It lies strictly between 0 and 1."
        build.fault(path, f"a prior of {value.fixed:g} cannot be moved by any claim", hint)
        return _HALF
    return value


def _value(build: Builder, raw: object, path: Path, kind: Kind) -> Value:
    """A number that is known before anything happens; 1/2 or 1 where it is at fault."""
    value = read_value(build, raw, path, kind, constant=True)
    if value is not None and value.varies is not None:
        hint = "The fact is drawn once; write `spread` for what is not known about the number."
        build.fault(path, "`varies` has no meaning for an unobserved fact", hint)
    otherwise = _HALF if kind == "share" else _ONE
    return otherwise if value is None else value


def _check_claims(build: Builder, form: HiddenForm, path: Path, claims: Collection[str] | None) -> None:
    for claim in sorted(form.likelihood_ratios):
        if claims is not None and claim not in claims:
            hint = f"{did_you_mean(claim, claims)} Claims stand in claims.csv.".strip()
            build.fault((*path, "likelihood_ratios", claim), f"there is no claim '{claim}'", hint)


def _check_ratios(build: Builder, ratios: Mapping[str, Value], path: Path) -> None:
    hint = "1 says nothing; 3 makes the fact three times as likely."
    for claim, ratio in ratios.items():
        if ratio.fixed is not None and ratio.fixed <= 0.0:
            build.fault((*path, "likelihood_ratios", claim), "a likelihood ratio is above 0", hint)
