"""Procedures and offices: a stage, and steps that lead from one of its values to another."""

from __future__ import annotations

from collections.abc import Mapping

from detente.crisisfile.lowering.builder import Builder, Draft
from detente.crisisfile.lowering.factors import factors
from detente.crisisfile.lowering.moments import add_moment, becomes, both, is_at, raises, starts
from detente.crisisfile.lowering.names import check_value
from detente.crisisfile.lowering.numbers import expression, number, number_and_chance
from detente.crisisfile.lowering.primitives import check_values
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.rich import StepForm
from detente.crisisfile.schema.whole import CrisisForm
from detente.expressions import Expression, Number
from detente.model import Cause, Clock, Effect, Raised, Schedule, Timer, Trigger


def lower_procedures(build: Builder, form: CrisisForm) -> None:
    """All procedures and offices."""
    for name, procedure in sorted(form.procedures.items()):
        path: Path = ("procedures", name)
        check_values(build, procedure.stages, (*path, "stages"))
        _stage(build, name, procedure.stages, procedure.start, procedure.title, path)
        _steps(build, name, procedure.steps, path)
    for name, office in sorted(form.offices.items()):
        path = ("offices", name)
        check_values(build, office.holders, (*path, "holders"))
        _stage(build, name, office.holders, office.start, office.title, path)
        _steps(build, name, office.steps, path)


def _stage(
    build: Builder, name: str, values: tuple[str, ...], start: str | None, title: str, path: Path
) -> None:
    index = 0
    if start in values:
        index = values.index(start)
    elif start is not None:
        build.fault((*path, "start"), f"it cannot start in '{start}'", f"Allowed: {', '.join(values)}.")
    build.add_stage(name, values, path, start=Number(float(index)), title=title)


def _steps(build: Builder, stage: str, steps: Mapping[str, StepForm], path: Path) -> None:
    for name, form in sorted(steps.items()):
        _Step(build, stage, name, form, (*path, "steps", name)).lower()


class _Step:
    """One step on its way to a moment."""

    def __init__(self, build: Builder, stage: str, name: str, form: StepForm, path: Path) -> None:
        self.build = build
        self.stage = stage
        self.name = f"{stage}.{name}"
        self.form = form
        self.path = path
        self.possible = is_at(stage, *form.from_) if form.from_ else Number(1.0)

    def lower(self) -> None:
        """Add the moment of the step, and what its cause needs."""
        if not self._stages_exist():
            return
        add_moment(
            self.build,
            self.form,
            self.name,
            self.path,
            self._cause(),
            guard=self.possible,
            before=self._leads_to(self.form.to),
            outcomes_before={
                name: self._leads_to(outcome.to) for name, outcome in self.form.outcomes.items()
            },
        )

    def _leads_to(self, value: str | None) -> tuple[Effect, ...]:
        return () if value is None else (becomes(self.stage, value),)

    def _stages_exist(self) -> bool:
        before = len(self.build.faults)
        for value in self.form.from_:
            check_value(self.build, self.stage, value, (*self.path, "from"))
        if not self.form.from_:
            self.build.fault(
                (*self.path, "from"), "the step starts nowhere", "Name the stages from which it is possible."
            )
        for place, value in self._targets():
            check_value(self.build, self.stage, value, place)
        return len(self.build.faults) == before

    def _targets(self) -> list[tuple[Path, str]]:
        targets = [] if self.form.to is None else [((*self.path, "to"), self.form.to)]
        for name, outcome in sorted(self.form.outcomes.items()):
            if outcome.to is not None:
                targets.append(((*self.path, "outcomes", name, "to"), outcome.to))
        return targets

    # ── causes ──────────────────────────────────────────────────────────────────────────────────

    def _cause(self) -> Cause:
        form = self.form
        if form.rate is not None:
            rate = number(self.build, form.rate, (*self.path, "rate"), "rate", clock=self.name)
            return Clock(rate, factors(self.build, form.factors, (*self.path, "factors")))
        if form.after is not None:
            return self._timer()
        if form.at:
            times = (self.build.time(date, (*self.path, "at")) for date in form.at)
            return Schedule(tuple(sorted(times)))
        if form.when is not None:
            when = both(self.possible, expression(self.build, form.when, (*self.path, "when"), "condition"))
            assert when is not None
            return Trigger(when)
        for i, happening in enumerate(form.on):
            self.build.hook(happening, (*self.path, "on", i), raises(self.name))
        return Raised()

    def _timer(self) -> Cause:
        """A timer that starts whenever the stage comes to be one from which the step is possible."""
        path = (*self.path, "after")
        delay, varies = number_and_chance(self.build, self.form.after, path, "duration", self.form.varies)
        self._starter("starts", Trigger(self.possible), path)
        stage = self.build.stages[self.stage]
        assert isinstance(stage.start, Number)
        if stage.values[int(stage.start.value)] in self.form.from_:
            self._starter("starts_first", Schedule((self.build.begin,)), path)
        return Timer(delay, varies, self.form.whole_days)

    def _starter(self, word: str, cause: Cause, path: Path) -> None:
        guard: Expression = self.possible
        draft = Draft(f"{self.name}.{word}", cause, guard, [starts(self.name)])
        self.build.add_moment(draft, path, written=False)
