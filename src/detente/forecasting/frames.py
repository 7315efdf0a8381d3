"""A forecast as Polars tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from detente.errors import ForecastError
from detente.forecasting.answers import Answer, Curve
from detente.forecasting.outlooks import Outlook

if TYPE_CHECKING:
    import polars as pl

TableName = Literal["questions", "actions", "curves"]

TABLES: tuple[TableName, ...] = ("questions", "actions", "curves")

_NUMBERS = ("probability", "mc_error", "low", "high", "spread")


def to_polars(
    table: TableName,
    answers: Mapping[str, Answer],
    actions: Mapping[str, Outlook],
    curve: Callable[[str], Curve],
) -> pl.DataFrame:
    """One of the tables of a forecast; the columns are the fields of `Answer`, `Outlook` or `Curve`."""
    import polars as pl

    rows: Iterable[tuple[Any, ...]]
    match table:
        case "questions":
            rows = map(_question, answers.values())
        case "actions":
            rows = map(_action, actions.values())
        case "curves":
            rows = (
                row
                for each in answers.values()
                if each.probability is not None
                for row in _curve(curve(each.id))
            )
        case _:
            raise ForecastError(f"there is no table '{table}' in a forecast. Tables: {', '.join(TABLES)}.")
    return pl.DataFrame(list(rows), schema=_schema(table), orient="row")


def _schema(table: TableName) -> dict[str, Any]:
    import polars as pl

    numbers = dict.fromkeys(_NUMBERS, pl.Float64)
    if table == "curves":
        return {"id": pl.String, "date": pl.Date} | {name: numbers[name] for name in _NUMBERS[:4]}
    common = numbers | {"spread_detectable": pl.Boolean, "same": pl.String}
    if table == "questions":
        whole = {
            "n": pl.Int64,
            "n_given": pl.Int64,
            "if_runaway_no": pl.Float64,
            "if_runaway_yes": pl.Float64,
        }
        text = dict.fromkeys(("given", "criterion", "reason"), pl.String)
        return {"id": pl.String, "text": pl.String, "closes": pl.Date} | common | whole | text
    parties = dict.fromkeys(("actor", "recipient"), pl.List(pl.String))
    dates = dict.fromkeys(("earliest", "median", "latest"), pl.Date)
    month = {"likeliest_month": pl.String, "likeliest_month_share": pl.Float64}
    head = {"name": pl.String, "title": pl.String}
    return head | parties | common | {"expected_count": pl.Float64} | dates | month


def _question(answer: Answer) -> tuple[Any, ...]:
    return (
        *(answer.id, answer.text, answer.closes),
        *_numbers(answer),
        *(answer.spread_detectable, answer.same, answer.n, answer.n_given),
        *(answer.widened or (None, None)),
        *(answer.given, answer.criterion, answer.reason),
    )


def _action(found: Outlook) -> tuple[Any, ...]:
    return (
        *(found.name, found.title, list(found.actor), list(found.recipient)),
        *_numbers(found),
        *(found.spread_detectable, found.same, found.expected_count),
        *(found.earliest, found.median, found.latest),
        *(found.likeliest_month, found.likeliest_month_share),
    )


def _numbers(found: Answer | Outlook) -> tuple[float | None, ...]:
    return found.probability, found.mc_error, found.low, found.high, found.spread


def _curve(curve: Curve) -> Iterator[tuple[Any, ...]]:
    columns = (curve.probability, curve.mc_error, curve.low, curve.high)
    numbers = ([None if math.isnan(value) else value for value in column.tolist()] for column in columns)
    for date, *row in zip(curve.dates, *numbers, strict=True):
        yield (curve.id, date, *row)
