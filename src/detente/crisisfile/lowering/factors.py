"""Factors of the human form → those of the machine form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.lowering.numbers import (
    ONE,
    ZERO,
    condition,
    expression,
    hoist,
    number,
    optional,
    read_value,
)
from detente.crisisfile.lowering.words import in_name
from detente.crisisfile.quantities import ValueFault, days_per
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.pieces import FactorForm
from detente.crisisfile.values import Value
from detente.expressions import Expression, Name, Number
from detente.model import Factor, Memory

_EACH = re.compile(
    r"(?P<doubling>doubling)\s+of\s+(?P<d>.+)"
    r"|(?P<count>\d+(?:\.\d+)?)\s*(?P<percent>%)?\s*(?P<words>(?:(?!of\b)[^\W\d]\S*\s+)*)of\s+(?P<of>.+)"
)


def factors(build: Builder, forms: Iterable[FactorForm], path: Path) -> tuple[Factor, ...]:
    """The factors of a list."""
    made = (factor(build, form, (*path, i)) for i, form in enumerate(forms))
    return tuple(each for each in made if each is not None)


def factor(build: Builder, form: FactorForm, path: Path) -> Factor | None:
    """One factor; None, and a fault, where it cannot be read."""
    if form.shape is not None:
        return _spelled_out(build, form, path)
    if form.each is not None:
        return _each(build, form, path)
    if form.memory is not None:
        return _memory(build, form, path)
    if form.proportional_to is not None:
        of = number(build, form.proportional_to, (*path, "proportional_to"), "number")
        return _make(build, form, path, "proportional", f"proportional to {form.proportional_to}", of=of)
    return _make(build, form, path, "while", f"while {form.while_}")


def _make(build: Builder, form: FactorForm, path: Path, shape: Any, label: str, **given: Any) -> Factor:
    """A factor with what all shapes share."""
    return Factor(
        shape=shape,
        label=form.label or label,
        times=given.pop("times", None) or optional(build, form.times, (*path, "times"), "ratio"),
        condition=condition(build, form.while_, (*path, "while")),
        at_least=optional(build, form.at_least, (*path, "at_least"), "ratio"),
        at_most=optional(build, form.at_most, (*path, "at_most"), "ratio"),
        **given,
    )


# ── each ─────────────────────────────────────────────────────────────────────────────────────────


def _each(build: Builder, form: FactorForm, path: Path) -> Factor | None:
    found = _EACH.fullmatch(str(form.each).strip())
    place = (*path, "each")
    if found is None:
        hint = "Write `10 points of x`, `doubling of x`, `10 % of x` or `30 d of until(date)`."
        build.fault(place, f"'{form.each}' does not say each how much of what", hint)
        return None
    relative = bool(found["doubling"] or found["percent"])
    if relative and form.from_ is None:
        build.fault(
            path, "a relative factor needs the level where it is 1", "Add `from:`, such as `from: 700000`."
        )
        return None
    return _make(
        build,
        form,
        path,
        "each_log" if relative else "each",
        f"each {form.each}",
        of=expression(build, found["d"] or found["of"], place, "number"),
        start=ZERO if form.from_ is None else number(build, form.from_, (*path, "from"), "number"),
        unit=Number(_step(build, found, place)),
    )


def _step(build: Builder, found: re.Match[str], path: Path) -> float:
    """The step of an `each` factor: 2 for a doubling, 1.1 for 10 %, days for a time, else the number."""
    if found["doubling"]:
        return 2.0
    count = float(found["count"])
    if count <= 0:
        build.fault(
            path, f"a step of {count:g} is not positive", "Write a step above 0, such as `10 points of x`."
        )
        return 1.0
    if found["percent"]:
        return 1.0 + count / 100.0
    try:
        return count * days_per(found["words"].strip())
    except ValueFault:
        return count


# ── memory ───────────────────────────────────────────────────────────────────────────────────────


def _memory(build: Builder, form: FactorForm, path: Path) -> Factor:
    name = str(form.memory)
    if form.half_life is None:
        build.refer(name, (*path, "memory"), "memory")
    else:
        name = memory_of(build, name, form.half_life, path)
    value = read_value(build, form.times, (*path, "times"), "ratio")
    if form.at_most is None and (value is None or _may_exceed_one(value)):
        hint = "Add `at_most:`, such as `at_most: 6`: what feeds itself needs a ceiling."
        build.fault(path, "a memory factor above 1 needs `at_most`", hint)
    times = ZERO if value is None else hoist(build, value, (*path, "times"))
    return _make(build, form, path, "memory", f"memory of {form.memory}", of=Name(name), times=times)


def memory_of(build: Builder, happening: str, half_life: Any, path: Path) -> str:
    """The memory of a happening; equal plain half-lives share one."""
    build.refer(happening, (*path, "memory"), "moment", "outcome")
    place = (*path, "half_life")
    value = read_value(build, half_life, place, "duration", constant=True)
    days = None if value is None else value.fixed
    if value is None or (days is not None and not isinstance(half_life, dict)):
        name = f"{happening}.memory_{in_name(days or 1.0)}d"
        fading: Expression = Number(days or 1.0)
    else:
        name = ".".join(str(part) for part in (*path, "memory"))
        fading = hoist(build, value, place)
    if name not in build.memories:
        build.add_memory(Memory(name, fading, ((happening, ONE),)), path, written=False)
    return name


def _may_exceed_one(value: Value) -> bool:
    return value.distribution is None or value.distribution.numbers[0] > 1.0


# ── machine form ─────────────────────────────────────────────────────────────────────────────────


def _spelled_out(build: Builder, form: FactorForm, path: Path) -> Factor:
    def given(raw: Any, key: str) -> Expression | None:
        return optional(build, raw, (*path, key), "number")

    return _make(
        build,
        form,
        path,
        form.shape,
        "",
        of=given(form.of, "of"),
        start=given(form.from_, "from"),
        unit=given(form.unit, "unit"),
    )
