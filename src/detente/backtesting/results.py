"""What a backtest found: the forecasts of every as-of date beside what followed, and their scores."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from detente.errors import ForecastError
from detente.forecasting.judging import Judged
from detente.forecasting.scores import Scores, score


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts as of past dates, judged by what followed in the record.

    Attributes
    ----------
    title : str
    dates : tuple of date
        As-of dates that were finished, of `asked` that were asked for.
    rows : tuple of Judged
        One per date and question.
    groups : mapping of str to tuple of str
        Questions of each group that is scored by itself, such as a kind and a horizon; perhaps overlapping.
    notes : tuple of str
        What the numbers rest on; what could not be made unseen.
    interrupted : bool
        Whether dates are missing because it was stopped; a second call goes on.
    """

    title: str
    dates: tuple[dt.date, ...]
    asked: int
    rows: tuple[Judged, ...]
    groups: Mapping[str, frozenset[str]]
    notes: tuple[str, ...]
    settings: Mapping[str, Any]
    interrupted: bool = False

    @cached_property
    def scores(self) -> Scores:
        """Scores of all questions together."""
        return score(self.rows)

    @cached_property
    def by_group(self) -> Mapping[str, Scores]:
        """Scores of each group that has a question that counts."""
        found: dict[str, Scores] = {}
        for name, questions in self.groups.items():
            rows = [row for row in self.rows if row.question in questions]
            if any(not math.isnan(row.answer) for row in rows):
                found[name] = score(rows)
        return found

    def as_dict(self) -> dict[str, Any]:
        """The whole as plain data, ready for JSON; rows not included."""
        try:
            whole: dict[str, Any] | None = self.scores.as_dict()
        except ForecastError:
            whole = None
        return {
            "title": self.title,
            "dates": [date.isoformat() for date in self.dates],
            "asked": self.asked,
            "interrupted": self.interrupted,
            "settings": dict(self.settings),
            "scores": whole,
            "groups": {name: found.as_dict() for name, found in self.by_group.items()},
            "notes": list(self.notes),
        }
