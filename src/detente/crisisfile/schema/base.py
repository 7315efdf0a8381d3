"""What every class of the human form shares: strict fields, evidence, and the kinds of text."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

Item = TypeVar("Item")


class Form(BaseModel):
    """A mapping of the human form; unknown keys are refused, an empty one counts as ``{}``."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_an_empty_mapping(cls, data: Any) -> Any:
        return {} if data is None else data


def _value(raw: Any) -> Any:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | dict):
        raise ValueError(
            f"a number is expected here, but this is {describe(raw)}|"
            "Write a number, a text such as '2 per year', or a mapping with `value:`."
        )
    return raw


def _many(raw: Any) -> Any:
    return [raw] if isinstance(raw, str) else raw


def _whole(raw: Any) -> Any:
    return {} if raw is None else raw


def _nothing(raw: Any) -> Any:
    return [] if raw is None else raw


def describe(raw: Any) -> str:
    """What a piece of YAML is, in words: for error messages."""
    if raw is None:
        return "empty"
    if isinstance(raw, bool):
        return "'true'" if raw else "'false'"
    if isinstance(raw, dict):
        return "a mapping"
    if isinstance(raw, list | tuple):
        return "a list"
    return f"the text '{raw}'" if isinstance(raw, str) else f"the number {raw}"


Value: TypeAlias = Annotated[
    Any,
    BeforeValidator(_value),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "object"}]}),
]
"""A number as written: a number, a text with its unit, or a mapping with `value`, `spread`, evidence …"""

Names: TypeAlias = Annotated[
    tuple[str, ...],
    BeforeValidator(_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One name or a list of names."""


def _instant(raw: Any) -> Any:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise ValueError(f"a date is expected here, but this is {describe(raw)}|Write it as 2024-11-30.")
    return raw


Instant: TypeAlias = Annotated[
    Any,
    BeforeValidator(_instant),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]}),
]
"""A date or date with time; in the machine form also a model time [day]."""


def _probability(raw: Any) -> Any:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0.0 <= raw <= 1.0:
        raise ValueError(
            f"a probability is expected here, but this is {describe(raw)}|Write a number from 0 to 1."
        )
    return float(raw)


Probability: TypeAlias = Annotated[
    float, BeforeValidator(_probability), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})
]
"""A plain number in [0, 1]."""


def _ratio(raw: Any) -> Any:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw < 0.0:
        raise ValueError(
            f"a number of zero or more is expected here, but this is {describe(raw)}|Write one, such as 1.5."
        )
    return float(raw)


Ratio: TypeAlias = Annotated[float, BeforeValidator(_ratio), WithJsonSchema({"type": "number", "minimum": 0})]
"""A plain number of zero or more."""

Section: TypeAlias = Annotated[dict[str, Item], BeforeValidator(_whole)]
"""A mapping from names to things."""

Many: TypeAlias = Annotated[tuple[Item, ...], BeforeValidator(_nothing)]
"""A list of things."""


class Evidenced(Form):
    """Anything that may carry evidence for the numbers within it."""

    source: Names = Field(
        (), description="Ids of sources, claims or events; or `judgement`, which needs `because`."
    )
    because: str = Field("", description="Why the number is believed.")
    reference: bool = Field(
        False, description="True for a definition or a rule (a treaty's 30 days), not an estimate."
    )
