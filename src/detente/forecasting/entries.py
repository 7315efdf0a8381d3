"""An entry of the archive: what is kept of a forecast, as classes and as plain data."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from detente.crisisfile import dumps
from detente.dates import date_at
from detente.forecasting.references import Reference, asks_when, reference
from detente.forecasting.result import Forecast
from detente.model import Crisis
from detente.provenance import digest_of_text

FORM = "detente archive 1"
"""What every entry and the head begin with."""

MOST_STEPS = 26
"""Steps of a curve that is kept, of whole days each."""


@dataclass(frozen=True)
class ArchivedAnswer:
    """One question as it was answered then.

    `opens` and `closes` are instants (UTC) that bound the window (opens, closes]; `probability` is None where
    the question was refused. `times` [day after `opens`] and `curve` are the probability over time that the
    answer has become yes, where a yes has a time of its own. `reference` holds the naive answers where the
    record could give them.
    """

    id: str
    text: str
    criterion: str
    opens: dt.datetime
    closes: dt.datetime
    probability: float | None
    mc_error: float | None
    low: float | None
    high: float | None
    n: int
    given: str = ""
    times: tuple[float, ...] = ()
    curve: tuple[float, ...] = ()
    reference: Reference | None = None


@dataclass(frozen=True)
class Entry:
    """One archived forecast. `digest` is that of its file, `previous` that of the file before it.

    `inputs` holds the digests of the crisis in its machine form, of its tables and of the posterior (null
    without one), with seed, settings and versions.
    """

    number: int
    digest: str
    previous: str
    crisis: str
    as_of: dt.date
    made_at: str
    inputs: Mapping[str, Any]
    answers: tuple[ArchivedAnswer, ...]


# ── from a forecast ──────────────────────────────────────────────────────────────────────────────


def entry_data(
    forecast: Forecast, previous: str, references: Mapping[str, Reference] | None
) -> dict[str, Any]:
    """A forecast as an entry: plain data, ready for JSON.

    `previous` is the digest of the entry before it; `references` are the naive answers, by default those that
    the record of the crisis gives.
    """
    crisis, record = forecast.ensemble.crisis, forecast.provenance
    return {
        "form": FORM,
        "previous": previous,
        "crisis": crisis.name,
        "title": crisis.title,
        "as_of": crisis.as_of.isoformat(),
        "made_at": record.made_at,
        "inputs": {
            "crisis": record.digest,
            "simulated": digest_of_text(dumps(crisis)),
            **table_digests(crisis),
            "posterior": record.settings.get("posterior"),
            "seed": record.seed,
            "settings": dict(record.settings),
            "versions": dict(record.versions),
            "platform": record.platform,
        },
        "questions": [_answer_data(name, forecast, references) for name in forecast.answers],
        "warnings": list(forecast.warnings),
    }


def table_digests(crisis: Crisis) -> dict[str, str]:
    """Digest of what each table of a crisis says, and of its record of happenings."""
    parts = {
        "sources": [asdict(row) for row in crisis.sources.values()],
        "claims": [asdict(row) for row in crisis.claims.values()],
        "events": [asdict(row) for row in crisis.events.values()],
        "record": [asdict(item) for item in crisis.record],
    }
    return {
        name: digest_of_text(json.dumps(rows, sort_keys=True, default=str)) for name, rows in parts.items()
    }


def _answer_data(name: str, forecast: Forecast, references: Mapping[str, Reference] | None) -> dict[str, Any]:
    crisis = forecast.ensemble.crisis
    answer, question = forecast.answers[name], crisis.questions[name]
    naive = reference(question, crisis) if references is None else references.get(name)
    data: dict[str, Any] = {
        "id": name,
        "text": answer.text,
        "criterion": answer.criterion,
        "yes_if": str(question.yes_if),
        "given": answer.given,
        "opens": date_at(crisis.as_of, max(question.opens, 0.0)).isoformat(timespec="minutes"),
        "closes": date_at(crisis.as_of, question.closes).isoformat(timespec="minutes"),
        "probability": answer.probability,
        "mc_error": answer.mc_error,
        "low": answer.low,
        "high": answer.high,
        "n": answer.n,
        "reason": answer.reason,
        "reference": None if naive is None else asdict(naive),
    }
    if answer.probability is not None and asks_when(question):
        data |= _curve_data(name, forecast)
    return data


def _curve_data(name: str, forecast: Forecast) -> dict[str, list[float]]:
    """The curve on some `MOST_STEPS` steps of whole days, from the opening of the question to its close."""
    question = forecast.ensemble.crisis.questions[name]
    opens = max(question.opens, 0.0)
    step = max(1.0, math.ceil((question.closes - opens) / MOST_STEPS))
    curve = forecast.curve(name, every=step)
    grid = [*(k * step for k in range(math.ceil(question.closes / step - 1e-9))), question.closes]
    pairs = [
        (time - opens, float(p)) for time, p in zip(grid, curve.probability, strict=True) if time > opens
    ]
    return {"times": [0.0, *(time for time, _ in pairs)], "curve": [0.0, *(p for _, p in pairs)]}


# ── and back ─────────────────────────────────────────────────────────────────────────────────────


def entry_of(data: Mapping[str, Any], number: int, digest: str) -> Entry:
    """An entry from its plain data; KeyError, TypeError or ValueError where they are none."""
    if data["form"] != FORM:
        raise ValueError(f"its form is '{data['form']}', and '{FORM}' is known")
    return Entry(
        number=number,
        digest=digest,
        previous=data["previous"],
        crisis=data["crisis"],
        as_of=dt.date.fromisoformat(data["as_of"]),
        made_at=data["made_at"],
        inputs=data["inputs"],
        answers=tuple(_answer(each) for each in data["questions"]),
    )


def _answer(data: Mapping[str, Any]) -> ArchivedAnswer:
    naive = data["reference"]
    plain = {name: data[name] for name in ("id", "text", "criterion", "given", "n")}
    numbers = {name: data[name] for name in ("probability", "mc_error", "low", "high")}
    return ArchivedAnswer(
        **plain,
        **numbers,
        opens=dt.datetime.fromisoformat(data["opens"]),
        closes=dt.datetime.fromisoformat(data["closes"]),
        times=tuple(data.get("times", ())),
        curve=tuple(data.get("curve", ())),
        reference=None if naive is None else Reference(**naive),
    )
