"""The sections that the machine form consists of; an analyst may write them too."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from detente.crisisfile.schema.base import Evidenced, Instant, Many, Names, Section, Value
from detente.crisisfile.schema.pieces import FactorForm, MomentForm


class ParameterForm(Evidenced):
    """A number under a name of its own, to be used in expressions."""

    value: Value | None = Field(None, description="The number, as written anywhere else.")
    spread: Value | None = Field(None, description="Ignorance: ×2 or ± 10, a 90 % range either way.")
    unit: str = Field("", description="Unit, for readers.")
    kind: str | None = Field(None, description="Machine form: kind of distribution.")
    numbers: Many[float] = Field((), description="Machine form: arguments of the distribution.")
    clock: str = Field("", description="Machine form: the clock whose exposure a counted rate is divided by.")
    start: Instant = Field(0.0, description="Machine form: beginning of the counting window [day].")
    end: Instant = Field(0.0, description="Machine form: end of the counting window [day].")
    lower: float | None = Field(None, description="Lowest value; draws are clamped.")
    upper: float | None = Field(None, description="Highest value; draws are clamped.")

    @model_validator(mode="after")
    def _says_its_value(self) -> ParameterForm:
        if (self.value is None) == (self.kind is None):
            raise ValueError("a parameter needs a value|Write `value:`, such as `value: 0.3`.")
        return self


class StockForm(Evidenced):
    """A bounded quantity with a unit that flows over time."""

    title: str = Field("", description="The stock in words.")
    unit: str = Field("", description="Unit of the quantity.")
    scale: Literal["linear", "log"] = Field(
        "linear", description="`log` for prices: flow and noise are relative."
    )
    start: Value = Field(description="Start value; a mapping may say `on:` which day it held.")
    lower: Value | None = Field(None, description="Lower bound; clamps at once.")
    upper: Value | None = Field(None, description="Upper bound; clamps at once.")
    flow: Value | None = Field(None, description="Change per day: a number or an expression.")
    flow_factors: Many[FactorForm] = Field((), description="Factors on the flow.")
    follows: Value | None = Field(None, description="Expression that the stock relaxes to; needs `over`.")
    over: Value | None = Field(None, description="Time constant of `follows`, a duration.")
    noise: Value | None = Field(None, description="Standard deviation per square root of a day.")
    noise_factors: Many[FactorForm] = Field((), description="Factors on the noise.")
    starts: Instant | None = Field(None, description="Machine form: when `start` holds.")

    @model_validator(mode="after")
    def _relaxes_over_a_time(self) -> StockForm:
        if (self.follows is None) != (self.over is None):
            raise ValueError(
                "`follows` and `over` go together|Write what the stock follows and over how many days."
            )
        if self.flow_factors and self.flow is None:
            raise ValueError("`flow_factors` need a `flow`|Add `flow:` or leave them out.")
        if self.noise_factors and self.noise is None:
            raise ValueError("`noise_factors` need a `noise`|Add `noise:` or leave them out.")
        return self


class StageForm(Evidenced):
    """One of several named values."""

    title: str = Field("", description="The stage in words.")
    values: Names = Field(description="The values it may take.")
    start: Value | None = Field(None, description="The value it starts in; default: the first.")


class CountForm(Evidenced):
    """A happening that a memory counts, with its weight; its name alone counts 1."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: Any) -> Any:
        return {"happening": data} if isinstance(data, str) else data

    happening: str = Field(description="The happening.")
    add: Value | None = Field(None, description="How much it adds; default 1.")


class MemoryForm(Evidenced):
    """An exponentially fading count of happenings."""

    half_life: Value = Field(description="Time after which half is left, a duration.")
    counts: Many[CountForm] = Field(
        (), description="The happenings that it counts, each adding 1 or its `add`."
    )
    start: Value | None = Field(None, description="Value at the beginning of the replay; default 0.")


class ClockForm(MomentForm):
    """Something that happens at a rate."""

    rate: Value = Field(description="How often, at the reference of all factors: a rate.")
    factors: Many[FactorForm] = Field((), description="Rate ratios.")


class TimerForm(MomentForm):
    """Something that happens a while after it was set off."""

    delay: Value = Field(description="How long after it starts it strikes, a duration.")
    varies: Value | None = Field(None, description="Chance in the delay, such as ×2.5.")
    whole_days: bool = Field(
        False, description="A legal clock: full days, the day on which it starts not counted."
    )
    again: Literal["restart", "keep"] = Field(
        "restart", description="What a second start does to a pending one."
    )


class OccasionForm(MomentForm):
    """Something that happens on given dates, or periodically."""

    dates: Many[Instant] | None = Field(
        None, description="Dates, or names of the calendar; past ones are data."
    )
    every: Value | None = Field(
        None, description="Period: 7 d, 2 weeks, 1 month, 1 year; months keep the day of the month."
    )
    from_: Instant | None = Field(None, alias="from", description="The first date of `every`.")
    to: Instant | None = Field(
        None, description="The last day of `every`; default: the end of the simulation."
    )
    kind: Literal["occasion", "date"] = Field(
        "occasion", description="Machine form: dates come before occasions."
    )

    @model_validator(mode="after")
    def _has_dates(self) -> OccasionForm:
        if self.dates is None and self.every is None:
            raise ValueError("an occasion needs its dates|Write `dates: […]`, or `every: 7 d` with `from:`.")
        if self.every is not None and self.from_ is None:
            raise ValueError("`every` does not say from when|Add `from:`, the first of the dates.")
        if self.every is None and (self.from_ is not None or self.to is not None):
            raise ValueError("`from` and `to` belong to `every`|Add `every: 7 d`, or leave them out.")
        return self


class TriggerForm(MomentForm):
    """Something that happens when a condition becomes true."""

    when: str = Field(description="The condition.")
    rearm: str | None = Field(
        None, description="What must hold before it can fire again; default: `when` is false."
    )


class RaisedForm(MomentForm):
    """Something that happens only when an effect raises it or the record says so."""


class PrimitiveSections(Evidenced):
    """The primitive sections of a file."""

    parameters: Section[ParameterForm] = Field({}, description="Numbers under names of their own.")
    stocks: Section[StockForm] = Field({}, description="Quantities that flow.")
    stages: Section[StageForm] = Field({}, description="Named values.")
    memories: Section[MemoryForm] = Field({}, description="Fading counts of happenings.")
    clocks: Section[ClockForm] = Field({}, description="What happens at a rate and is nobody's action.")
    timers: Section[TimerForm] = Field({}, description="What happens some time after something else.")
    occasions: Section[OccasionForm] = Field({}, description="What happens on given dates.")
    triggers: Section[TriggerForm] = Field({}, description="What happens when a condition becomes true.")
    moments: Section[RaisedForm] = Field({}, description="What happens when it is raised or recorded.")
