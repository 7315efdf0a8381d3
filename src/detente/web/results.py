"""What comes back over the wire of quantities, as models: the page's interface describes itself with them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from detente.web.running import Status

Quantiles = list[list[float]]
Sparse = list[list[float | None]]
OVER_DATES = "A list for each of the levels, over `dates`; over futures."
OVER_PAST_DATES = (
    "The record replayed: a list for each of the levels, over `past_dates`; over draws. Null where nothing is claimed,"
    " before the day on which a start value was measured; empty where there is no record."
)


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class FanResult(_Told):
    """How a stock went, and how it may go."""

    name: str
    title: str
    unit: str
    asked: bool = Field(description="Whether a question asks for it.")
    numbers: list[str] = Field(description="The numbers that stand under it in the file of the crisis.")
    quantiles: Quantiles = Field(description=OVER_DATES)
    past: Sparse = Field(description=OVER_PAST_DATES)
    measured: list[tuple[dt.date, float]] = Field(
        description="What was measured since `past_dates` begin: the day, and the value at its end. Never later than"
        " the as-of date."
    )


class ShareResult(_Told):
    """The share of a faction in the influence of all factions of its actor, from 0 to 1."""

    name: str
    title: str
    quantiles: Sparse = Field(description=f"{OVER_DATES} Null where no faction has any.")
    past: Sparse = Field(description=OVER_PAST_DATES)


class BalanceResult(_Told):
    """The factions of an actor."""

    actor: str
    title: str
    factions: list[ShareResult]


class QuantitiesResult(_Told):
    """Fans of stocks, and shares of influence; the replayed past to their left."""

    trajectories: int = Field(description="How many futures.")
    dates: list[dt.date] = Field(description="Ends of days, the as-of date the first.")
    past_dates: list[dt.date] = Field(
        description="Ends of days, the as-of date the last, no further back than the horizon lies ahead; empty where"
        " there is no record."
    )
    levels: list[Annotated[float, Field(ge=0.0, le=1.0)]] = Field(description="Levels of the quantiles.")
    stocks: list[FanResult]
    balances: list[BalanceResult]


class QuantitiesJob(_Told):
    """A simulation of quantities and what it has found so far; `/api/jobs/{job}` tells the same later."""

    job: str
    status: Status
    version: int = Field(description="Counts what is new; wait for a later one with `after`.")
    stage: int = Field(
        description="How many of the stages are done: few futures for a first answer, then many."
    )
    stages: int
    done: int = Field(description="Futures of the present stage that are done, out of `of`.")
    of: int
    took: float = Field(description="Computing time so far [s].")
    error: str
    result: QuantitiesResult | None = Field(description="Null until the first stage is done.")
