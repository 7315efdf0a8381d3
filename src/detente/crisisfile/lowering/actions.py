"""Actions and clocks."""

from __future__ import annotations

from detente.crisisfile.lowering.builder import Builder
from detente.crisisfile.lowering.factors import factors
from detente.crisisfile.lowering.moments import add_moment
from detente.crisisfile.lowering.numbers import number
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.primitives import ClockForm
from detente.crisisfile.schema.rich import ActionForm
from detente.crisisfile.schema.whole import CrisisForm
from detente.model import Clock


def lower_actions(build: Builder, form: CrisisForm) -> None:
    """Actions and clocks: both are moments whose cause is a clock."""
    for name, action in sorted(form.actions.items()):
        add_clock(build, action, name, ("actions", name))
    for name, clock in sorted(form.clocks.items()):
        add_clock(build, clock, name, ("clocks", name))


def add_clock(build: Builder, form: ActionForm | ClockForm, name: str, path: Path) -> None:
    """One clock with its rate and factors."""
    rate = number(build, form.rate, (*path, "rate"), "rate", clock=name)
    pressures = factors(build, form.factors, (*path, "factors"))
    add_moment(build, form, name, path, Clock(rate, pressures))
