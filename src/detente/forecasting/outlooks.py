"""When the listed actions of a crisis are likely to happen, over an ensemble of its futures."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detente.dates import date_at
from detente.engine import Ensemble
from detente.engine.watching import main_watch
from detente.forecasting.answers import LEAST_GIVEN, estimate_over, fields_of, plain
from detente.model import Crisis


@dataclass(frozen=True)
class Outlook:
    """Whether, when and how often one action happens within the horizon.

    Attributes
    ----------
    name, title : str
        The action.
    actor, recipient : tuple of str
        Who does it to whom; empty where the crisis does not say.
    probability, mc_error, low, high, spread, spread_detectable, same
        That it happens at least once, as in `Answer`.
    expected_count : float
        Mean number of times per future.
    earliest, median, latest : date or None
        5 %, 50 % and 95 % quantiles of its first date among the futures in which it happens; None where it
        happens in fewer than 50.
    likeliest_month : str
        The month, as ``2025-03``, that holds most first dates; empty where `median` is None.
    likeliest_month_share : float or None
        Share of the first dates that fall in it.
    """

    name: str
    title: str
    actor: tuple[str, ...]
    recipient: tuple[str, ...]
    probability: float
    mc_error: float | None
    low: float | None
    high: float | None
    spread: float | None
    spread_detectable: bool
    same: str
    expected_count: float
    earliest: dt.date | None = None
    median: dt.date | None = None
    latest: dt.date | None = None
    likeliest_month: str = ""
    likeliest_month_share: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The outlook as plain data, ready for JSON; dates as text."""
        return plain(self)


def outlook_of(name: str, ensemble: Ensemble) -> Outlook:
    """The outlook for one listed action."""
    crisis = ensemble.crisis
    moment = crisis.moments[name]
    first = ensemble.registers[main_watch(name, crisis)]
    happened = np.isfinite(first)
    found, _ = estimate_over(happened, np.ones_like(happened), ensemble)
    return Outlook(
        name=name,
        title=moment.title or name,
        actor=moment.coding.actor,
        recipient=moment.coding.recipient,
        expected_count=ensemble.counts[name],
        **fields_of(found),
        **_dates(first[happened & ~ensemble.runaway], crisis),
    )


def _dates(first: NDArray[np.float64], crisis: Crisis) -> dict[str, Any]:
    """Quantiles and the commonest month of first times [day]; nothing where there are too few."""
    if len(first) < LEAST_GIVEN:
        return {}
    quantiles = np.quantile(first, [0.05, 0.5, 0.95], method="inverted_cdf")
    earliest, median, latest = (date_at(crisis.as_of, float(time)).date() for time in quantiles)
    days = np.datetime64(crisis.as_of) + 1 + np.floor(first).astype(np.int64)
    months, counts = np.unique(days.astype("datetime64[M]"), return_counts=True)
    commonest = int(np.argmax(counts))
    return {
        "earliest": earliest,
        "median": median,
        "latest": latest,
        "likeliest_month": str(months[commonest]),
        "likeliest_month_share": float(counts[commonest] / len(first)),
    }
