"""Factors, effects and outcomes: the pieces that hang on everything that happens."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from detente.crisisfile.schema.base import Evidenced, Instant, Many, Names, Section, Value

_SHAPES = ("while", "each", "memory", "proportional_to", "shape")


class FactorForm(Evidenced):
    """One multiplicative pressure: a rate ratio on a clock, an odds ratio on an outcome."""

    while_: str | None = Field(None, alias="while", description="Condition; elsewhere the factor is 1.")
    each: str | None = Field(
        None, description="`10 points of x`, `doubling of x`, `10 % of x`, `30 d of until(date)`."
    )
    memory: str | None = Field(None, description="A memory, or a happening together with `half_life`.")
    half_life: Value | None = Field(None, description="Half-life of the memory of a happening, a duration.")
    proportional_to: Value | None = Field(None, description="An expression that is the factor itself.")
    times: Value | None = Field(None, description="The ratio, such as ×1.5.")
    from_: Value | None = Field(None, alias="from", description="Where an `each` factor is 1.")
    at_least: Value | None = Field(None, description="Lowest value of the factor.")
    at_most: Value | None = Field(None, description="Highest value of the factor.")
    label: str = Field("", description="How explanations name the factor.")
    shape: Literal["while", "each", "each_log", "memory", "proportional"] | None = Field(
        None, description="Machine form: the shape, spelled out."
    )
    of: Value | None = Field(None, description="Machine form: the expression that the factor reads.")
    unit: Value | None = Field(None, description="Machine form: the step of an `each` factor.")

    @model_validator(mode="after")
    def _has_one_shape(self) -> FactorForm:
        given = [name for name in _SHAPES[1:] if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"a factor has one shape, but this one has `{given[0]}` and `{given[1]}`|Split it in two."
            )
        if not given and self.while_ is None:
            raise ValueError(
                "this factor does not say what it depends on|"
                "Write one of `while`, `each`, `memory` or `proportional_to`."
            )
        if self.times is None and self.proportional_to is None and self.shape != "proportional":
            raise ValueError("this factor does not say how strong it is|Add `times:`, such as `times: ×1.5`.")
        if self.times is not None and self.proportional_to is not None:
            raise ValueError(
                "`proportional_to` is the factor itself and takes no `times`|Write the number into it."
            )
        if self.half_life is not None and self.memory is None:
            raise ValueError("`half_life` belongs to a `memory` factor|Add `memory:` or leave it out.")
        return self


_TARGETS = ("stock", "memory", "stage", "start", "stop", "raise_")
_AMOUNTS = ("add", "set", "times")


class EffectForm(Evidenced):
    """One change that a happening makes."""

    stock: str | None = Field(None, description="The stock to change, with `add`, `set` or `times`.")
    memory: str | None = Field(None, description="The memory to raise, with `add`.")
    stage: str | None = Field(None, description="The stage to change, with `becomes`.")
    start: str | None = Field(None, description="A timer to start.")
    stop: str | None = Field(None, description="A timer to stop.")
    raise_: str | None = Field(None, alias="raise", description="A moment to fire here and now.")
    add: Value | None = Field(None, description="What to add.")
    set: Value | None = Field(None, description="The new value.")
    times: Value | None = Field(None, description="The ratio to multiply by.")
    becomes: str | None = Field(None, description="The new value of the stage.")
    while_: str | None = Field(None, alias="while", description="Condition, judged when the happening fires.")
    chance: Value | None = Field(None, description="Probability that the effect takes place at all.")
    after: Value | None = Field(None, description="Delay, a duration; may have `varies`.")
    again: Literal["restart", "keep"] | None = Field(
        None, description="What a second start does to a pending delay."
    )
    varies: Value | None = Field(None, description="Chance in the amount, such as ×1.5.")
    factors: Many[FactorForm] = Field((), description="Factors on the amount.")

    @model_validator(mode="after")
    def _is_one_change(self) -> EffectForm:
        targets = [name.rstrip("_") for name in _TARGETS if getattr(self, name) is not None]
        if len(targets) != 1:
            named = " and ".join(f"`{name}`" for name in targets) or "nothing"
            raise ValueError(
                f"an effect changes one thing, but this one names {named}|"
                "Write one of `stock`, `memory`, `stage`, `start`, `stop` or `raise`."
            )
        self._check_amount(targets[0])
        if self.again is not None and self.after is None:
            raise ValueError("`again` belongs to a delayed effect|Add `after:` or leave it out.")
        return self

    def _check_amount(self, target: str) -> None:
        amounts = [name for name in _AMOUNTS if getattr(self, name) is not None]
        allowed = {"stock": _AMOUNTS, "memory": ("add",)}.get(target, ())
        if allowed and (len(amounts) != 1 or amounts[0] not in allowed):
            words = " or ".join(f"`{name}`" for name in allowed)
            raise ValueError(f"an effect on a {target} needs exactly one amount|Write {words}.")
        if not allowed and (amounts or self.varies is not None or self.factors):
            raise ValueError(
                f"an effect of the kind `{target}` has no amount|"
                "Leave out `add`, `set`, `times`, `varies` and `factors`."
            )
        if (self.becomes is not None) != (target == "stage"):
            raise ValueError("`stage` and `becomes` go together|Write `{stage: name, becomes: value}`.")


class OutcomeForm(Evidenced):
    """One of the ways something may turn out."""

    share: Value | None = Field(
        None, description="Probability at the reference; without it, the remainder of 1."
    )
    while_: str | None = Field(
        None, alias="while", description="Condition under which the outcome is possible."
    )
    factors: Many[FactorForm] = Field((), description="Odds ratios.")
    effects: Many[EffectForm] = Field((), description="What the outcome changes.")
    title: str = Field("", description="The outcome in words.")


class PatternForm(Evidenced):
    """Which events fit: an id, or fields that must all fit.

    A CAMEO code fits by its beginning: ``19`` fits ``195``.
    """

    @model_validator(mode="before")
    @classmethod
    def _id_alone(cls, data: Any) -> Any:
        return {"id": data} if isinstance(data, str) else data

    id: str | None = Field(None, description="The event itself.")

    actor: str | None = Field(None, description="One of the event's actors.")
    recipient: str | None = Field(None, description="One of the event's recipients.")
    cameo: str | None = Field(None, description="Beginning of the CAMEO code, in quotes.")
    plover: str | None = Field(None, description="The PLOVER category.")
    location: str | None = Field(None, description="The event's location; in event data the country.")

    @model_validator(mode="after")
    def _says_something(self) -> PatternForm:
        if not any((self.id, self.actor, self.recipient, self.cameo, self.plover, self.location)):
            raise ValueError(
                "this pattern fits every event|"
                "Name `actor`, `recipient`, `cameo`, `plover` or `location`, or an id."
            )
        return self


class MomentForm(Evidenced):
    """What everything that happens may carry."""

    title: str = Field("", description="The happening in words.")
    only_while: str | None = Field(None, description="Guard: it can happen only while this holds.")
    at_most: int | None = Field(None, ge=1, description="How often it can happen at all.")
    not_within: Value | None = Field(None, description="Refractory time after itself, a duration.")
    effects: Many[EffectForm] = Field((), description="What it changes, in order.")
    outcomes: Section[OutcomeForm] = Field({}, description="The ways it may turn out.")
    listed: bool = Field(False, description="Whether results show its likely dates.")
    actor: Names = Field((), description="Who does it.")
    recipient: Names = Field((), description="To whom.")
    cameo: str = Field("", description="CAMEO code, in quotes.")
    plover: str = Field("", description="PLOVER category.")
    matches: Many[PatternForm] = Field((), description="Events that are this happening: ids, or patterns.")
    complete_from: Instant | None = Field(
        None, description="The record holds every occurrence since this date."
    )
