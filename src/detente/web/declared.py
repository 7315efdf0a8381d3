"""What a crisis declares, as plain data: its parts, what is dated ahead, its ledger, and what every number rests on."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from detente.engine.intensities import as_of_state
from detente.expressions import Name
from detente.forecasting.answers import last_day
from detente.forecasting.deadlines import deadlines_of, in_words
from detente.forecasting.network import recorded_counts
from detente.ledger.chronicle import Entry, chronicle
from detente.model import Claim, Crisis, Parameter, Source
from detente.scenario.commitments import commitments


def declared(crisis: Crisis) -> dict[str, Any]:
    """The parts that a page shows and that can be changed, with the state of the stocks at the as-of date."""
    held = commitments(crisis)
    return {
        "name": crisis.name,
        "title": crisis.title,
        "as_of": crisis.as_of.isoformat(),
        "ends": last_day(crisis, crisis.horizon).isoformat(),
        "horizon": crisis.horizon,
        "actors": [{"name": name, "title": actor.title} for name, actor in crisis.actors.items()],
        "stocks": _stocks(crisis),
        "stages": [
            {"name": name, "title": stage.title, "values": list(stage.values)}
            for name, stage in crisis.stages.items()
            if stage.title and name not in held
        ],
        "commitments": [
            {"name": name, "title": crisis.stages[name].title or in_words(name)} for name in held
        ],
        "actions": _actions(crisis),
        "deadlines": [
            {
                "day": each.day.isoformat(),
                "kind": each.kind,
                "name": each.name,
                "title": each.title,
                "outcomes": list(each.outcomes),
            }
            for each in deadlines_of(crisis)
        ],
    }


def _stocks(crisis: Crisis) -> list[dict[str, Any]]:
    now = as_of_state(crisis)
    return [
        {
            "name": name,
            "title": stock.title,
            "unit": stock.unit,
            "lower": _finite(stock.lower),
            "upper": _finite(stock.upper),
            "now": float(np.median(now.value(Name(name)))),
        }
        for name, stock in crisis.stocks.items()
        if stock.title
    ]


def _actions(crisis: Crisis) -> list[dict[str, Any]]:
    recorded = recorded_counts(crisis)
    return [
        {
            "name": name,
            "title": moment.title or name,
            "actor": list(moment.coding.actor),
            "recipient": list(moment.coding.recipient),
            "cameo": moment.coding.cameo,
            "main": moment.main,
            "recorded": int(recorded.get(name, 0)),
        }
        for name, moment in crisis.moments.items()
        if moment.main or (moment.title and moment.coding.cameo)
    ]


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────


def ledger_of(crisis: Crisis) -> dict[str, Any]:
    """Events in order of time, claims and sources, with how many numbers lean on each."""
    used = Counter(id_ for p in crisis.parameters.values() for id_ in p.evidence.source)
    return {
        "events": [_event(entry, used[entry.event.id]) for entry in chronicle(crisis)],
        "claims": [_claim(claim, used[claim.id]) for claim in crisis.claims.values()],
        "sources": [_source(source, used[source.id]) for source in crisis.sources.values()],
    }


def _event(entry: Entry, numbers: int) -> dict[str, Any]:
    event = entry.event
    return entry.as_dict() | {
        "actor": list(event.actor),
        "recipient": list(event.recipient),
        "doers": list(entry.actors),
        "others": list(entry.recipients),
        "confidence": event.confidence,
        "contested_by": list(event.contested_by),
        "supersedes": event.supersedes,
        "known_at": _instant(event.known_at),
        "numbers": numbers,
        **_recorded(event.extra),
    }


def _claim(claim: Claim, numbers: int) -> dict[str, Any]:
    return {
        "id": claim.id,
        "asserted_by": claim.asserted_by,
        "about": claim.about,
        "content": claim.content,
        "source": list(claim.source),
        "status": claim.status,
        "credibility": claim.credibility,
        "supersedes": claim.supersedes,
        "numbers": numbers,
        **_recorded(claim.extra),
    }


def _source(source: Source, numbers: int) -> dict[str, Any]:
    return {
        "id": source.id,
        "title": source.title,
        "publisher": source.publisher,
        "date": source.date,
        "kind": source.kind,
        "reliability": source.reliability,
        "supersedes": source.supersedes,
        "numbers": numbers,
        **_recorded(source.extra),
    }


def _recorded(extra: Mapping[str, str]) -> dict[str, str]:
    """Who added a row, and when, where the table says so."""
    return {name: extra.get(name, "") for name in ("recorded_at", "recorded_by")}


def _instant(when: dt.datetime | None) -> str:
    return "" if when is None else f"{when:%Y-%m-%dT%H:%M}"


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────


def numbers_of(crisis: Crisis) -> list[dict[str, Any]]:
    """Every number of the crisis with what it rests on."""
    return [_number(parameter) for parameter in crisis.parameters.values()]


def _number(parameter: Parameter) -> dict[str, Any]:
    distribution, evidence = parameter.distribution, parameter.evidence
    return {
        "name": parameter.name,
        "unit": parameter.unit,
        "kind": distribution.kind,
        "numbers": list(distribution.numbers),
        "source": list(evidence.source),
        "because": evidence.because,
        "judgement": evidence.is_judgement and not evidence.reference,
    }


def _finite(bound: float) -> float | None:
    return bound if abs(bound) < 1e300 else None
