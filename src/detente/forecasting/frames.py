"""A forecast as Polars tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from detente.errors import ForecastError

if TYPE_CHECKING:
    import polars as pl

    from detente.forecasting.result import Forecast

TableName = Literal["questions", "actions", "curves"]

TABLES: tuple[TableName, ...] = ("questions", "actions", "curves")

_NUMBERS = ("probability", "mc_error", "low", "high", "spread")


def to_polars(forecast: Forecast, table: TableName) -> pl.DataFrame:
    """One of the tables of a forecast; the columns are the fields of `Answer`, `Outlook` or `Curve`."""
    import polars as pl

    numbers = dict.fromkeys(_NUMBERS, pl.Float64)
    common = numbers | {"spread_detectable": pl.Boolean, "same": pl.String}
    whole = {"n": pl.Int64, "n_given": pl.Int64, "if_runaway_no": pl.Float64, "if_runaway_yes": pl.Float64}
    text = dict.fromkeys(("given", "criterion", "reason"), pl.String)
    parties = dict.fromkeys(("actor", "recipient"), pl.List(pl.String))
    dates = dict.fromkeys(("earliest", "median", "latest"), pl.Date)
    month = {"likeliest_month": pl.String, "likeliest_month_share": pl.Float64}
    schemas: dict[str, dict[str, Any]] = {
        "questions": {"id": pl.String, "text": pl.String, "closes": pl.Date} | common | whole | text,
        "actions": {"name": pl.String, "title": pl.String}
        | parties
        | common
        | {"expected_count": pl.Float64}
        | dates
        | month,
        "curves": {"id": pl.String, "date": pl.Date} | {name: numbers[name] for name in _NUMBERS[:4]},
    }
    if table not in schemas:
        raise ForecastError(f"there is no table '{table}' in a forecast. Tables: {', '.join(TABLES)}.")
    return pl.DataFrame(list(_ROWS[table](forecast)), schema=schemas[table], orient="row")


def _questions(forecast: Forecast) -> Iterator[tuple[Any, ...]]:
    for answer in forecast.answers.values():
        fields = vars(answer)
        head = (answer.id, answer.text, answer.closes, *(fields[name] for name in _NUMBERS))
        seen = (answer.spread_detectable, answer.same, answer.n, answer.n_given)
        yield (
            *head,
            *seen,
            *(answer.widened or (None, None)),
            *(answer.given, answer.criterion, answer.reason),
        )


def _actions(forecast: Forecast) -> Iterator[tuple[Any, ...]]:
    for found in forecast.actions.values():
        fields = vars(found)
        names = ("name", "title", "actor", "recipient", *_NUMBERS, "spread_detectable", "same")
        dated = ("expected_count", "earliest", "median", "latest", "likeliest_month", "likeliest_month_share")
        yield tuple(
            list(fields[name]) if isinstance(fields[name], tuple) else fields[name] for name in names + dated
        )


def _curves(forecast: Forecast) -> Iterator[tuple[Any, ...]]:
    for answer in forecast.answers.values():
        if answer.probability is None:
            continue
        curve = forecast.curve(answer.id)
        numbers = (
            [None if value != value else value for value in column.tolist()]
            for column in (curve.probability, curve.mc_error, curve.low, curve.high)
        )
        for row in zip(curve.dates, *numbers, strict=True):
            yield (curve.id, *row)


_ROWS = {"questions": _questions, "actions": _actions, "curves": _curves}
