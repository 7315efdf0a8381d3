"""A replay as Polars tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from detente.dates import date_at
from detente.errors import ForecastError
from detente.inference.accounts import Account
from detente.inference.surprises import Surprise

if TYPE_CHECKING:
    from detente.inference.replayed import Replayed

_TYPES: dict[str, Any] = {
    "str": pl.String, "bool": pl.Boolean, "int": pl.Int64, "float": pl.Float64, "float | None": pl.Float64,
    "dt.datetime": pl.Datetime("us"),
}  # fmt: skip


def to_polars(table: str, found: Replayed) -> pl.DataFrame:
    """One of the tables of a replay.

    Raises
    ------
    ForecastError
        If there is no such table.
    """
    match table:
        case "actions":
            return _of_dataclasses(Account, found.actions.values())
        case "events":
            return _of_dataclasses(Surprise, found.events)
        case "state":
            return pl.DataFrame(list(_state_rows(found)), schema=_STATE, orient="row")
        case "likelihood":
            return _likelihood(found)
        case "rescaled":
            as_of = found.crisis.as_of
            rows = [
                (each.clock, date_at(as_of, each.time), each.increment, each.position)
                for each in found.rescaled
            ]
            return pl.DataFrame(rows, schema=_RESCALED, orient="row")
    raise ForecastError(
        f"there is no table '{table}' in a replay. Tables: actions, events, state, likelihood, rescaled."
    )


_STATE: dict[str, Any] = {
    "kind": pl.String, "name": pl.String, "value": pl.String, "unit": pl.String,
    "median": pl.Float64, "low": pl.Float64, "high": pl.Float64, "probability": pl.Float64,
}  # fmt: skip
_RESCALED: dict[str, Any] = {
    "clock": pl.String,
    "date": pl.Datetime("us"),
    "increment": pl.Float64,
    "position": pl.Float64,
}


def _of_dataclasses(kind: type[Any], rows: Iterable[Any]) -> pl.DataFrame:
    schema = {field.name: _TYPES[str(field.type)] for field in dataclasses.fields(kind)}
    return pl.DataFrame([dataclasses.astuple(each) for each in rows], schema=schema, orient="row")


def _state_rows(found: Replayed) -> Iterator[tuple[Any, ...]]:
    state = found.state
    for kind, levels in (("stock", state.stocks), ("memory", state.memories)):
        for level in levels:
            yield (kind, level.name, None, level.unit, level.median, level.low, level.high, None)
    for stage in state.stages:
        for value, probability in stage.probabilities.items():
            yield ("stage", stage.name, value, None, None, None, None, probability)
    for each in state.pending:
        yield ("pending", each.name, None, "d", each.strikes, None, None, each.share)


def _likelihood(found: Replayed) -> pl.DataFrame:
    """Medians and 90 % ranges over draws of every part [nat]; the whole first."""
    parts = {"all": found.log_likelihood, **found.parts}
    quantiles = {
        name: np.quantile(values, [0.05, 0.5, 0.95], method="inverted_cdf") for name, values in parts.items()
    }
    rows = [(name, float(each[1]), float(each[0]), float(each[2])) for name, each in quantiles.items()]
    schema: dict[str, Any] = {"part": pl.String, "median": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")
