"""``any month from … to … mean of STOCK < BOUND`` → an integral, a monthly reckoning and a stage.

For the question ``Q``::

    stocks   Q.month.total, Q.month.days     integrals of the stock and of 1 since the month began
    moments  Q.month.begins                  at the first month: both to 0
             Q.month.ends                    at the end of each month: compare the mean, both to 0
    stage    Q.month                         no, then yes once a month's mean has compared as stated
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from detente.crisisfile.lowering.builder import Builder, Draft
from detente.crisisfile.lowering.moments import NO_YES, becomes
from detente.crisisfile.lowering.numbers import ONE, ZERO
from detente.crisisfile.reading import Path
from detente.dates import days_between
from detente.expressions import AnyMonth, Binary, Expression, First, Name, Number
from detente.model import Effect, Schedule, Stock


def replace_any_month(build: Builder, node: Any, question: str, path: Path) -> Any:
    """The expression of a question with every ``any month`` in it replaced by ``first … becomes yes``."""
    if isinstance(node, AnyMonth):
        return _machinery(build, node, question, path)
    if not isinstance(node, Binary) and not hasattr(node, "operand"):
        return node
    below = {field.name: getattr(node, field.name) for field in dataclasses.fields(node)}
    return dataclasses.replace(
        node, **{name: replace_any_month(build, each, question, path) for name, each in below.items()}
    )


def _machinery(build: Builder, node: AnyMonth, question: str, path: Path) -> Expression:
    name = f"{question}.month"
    n = 1
    while name in build.names:
        n += 1
        name = f"{question}.month_{n}"
    total, days = f"{name}.total", f"{name}.days"
    build.add_stage(name, NO_YES, path, start=Number(0.0), written=False)
    build.add_stock(Stock(total, ZERO, flow=Name(node.stock)), path, written=False)
    build.add_stock(Stock(days, ZERO, unit="day", flow=ONE), path, written=False)
    clear = [Effect("stock", each, "set", ZERO) for each in (total, days)]
    holds = Binary("and", Binary(">", Name(days), ZERO), _compare(node, total, days))
    begins, *ends = (days_between(build.origin, month) for month in _months(node))
    build.add_moment(Draft(f"{name}.begins", Schedule((begins,)), effects=clear), path, written=False)
    reckon = [becomes(name, "yes", holds), *clear]
    build.add_moment(Draft(f"{name}.ends", Schedule(tuple(ends)), effects=reckon), path, written=False)
    return First(name, "yes")


def _compare(node: AnyMonth, total: str, days: str) -> Expression:
    """The mean compared with the bound; both sides times the days, so that nothing is divided."""
    return Binary(node.operator, Name(total), Binary("*", node.bound, Name(days)))


def _months(node: AnyMonth) -> Iterator[dt.datetime]:
    """The first instants of the months, and of the month after the last."""
    year, month = node.start
    while (year, month) <= node.end:
        yield dt.datetime(year, month, 1)
        year, month = year + month // 12, month % 12 + 1
    yield dt.datetime(year, month, 1)
