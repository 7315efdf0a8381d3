"""Commitments: a stage, a beginning, a breach, a declared end and a deadline with its outcomes.

For a commitment ``X``::

    stage    X                  pending in_force open_ended declared_over lapsed
    alias    X.active           in_force or open_ended
    moments  X.begins           at its date, or raised by `begins_on`
             X.term             strikes at the deadline and raises it; X.term_OUTCOME after an extension
             X.deadline         a choice: extend, become open-ended, lapse
             X.declared_over    a clock while active; also raised by `ended_by`
             X.breach           raised by every bound action fired while active
    memory   X.breaches         counts X.breach

The deadline is raised, not timed itself, so that it is the same moment however often it was extended, and so
that a recorded deadline replays as any other choice.
"""

from __future__ import annotations

import math

from detente.crisisfile.lowering.builder import Builder, Draft
from detente.crisisfile.lowering.factors import factors
from detente.crisisfile.lowering.moments import becomes, both, is_at, raises, starts, stops
from detente.crisisfile.lowering.numbers import ONE, condition, known, number, number_and_chance
from detente.crisisfile.lowering.pieces import Effects, effects, outcomes
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.rich import CommitmentForm, DeadlineOutcomeForm
from detente.crisisfile.schema.whole import CrisisForm
from detente.expressions import Binary, Call, Expression, Name, Number, Unary
from detente.model import Cause, Clock, Factor, Memory, Outcome, Raised, Schedule, Timer

STAGES = ("pending", "in_force", "open_ended", "declared_over", "lapsed")


def lower_commitments(build: Builder, form: CrisisForm) -> None:
    """All commitments."""
    for name, commitment in sorted(form.commitments.items()):
        _Commitment(build, name, commitment).lower()


class _Commitment:
    """One commitment on its way to primitives."""

    def __init__(self, build: Builder, name: str, form: CommitmentForm) -> None:
        self.build = build
        self.name = name
        self.form = form
        self.path: Path = ("commitments", name)
        self.in_force = is_at(name, "in_force")
        self.active = is_at(name, "in_force", "open_ended")
        begins = form.begins
        self.begun = None if begins is None else build.time(begins, (*self.path, "begins"))
        self.extensions = sorted(each for each, outcome in form.deadline.items() if outcome.lasts is not None)
        self.has_deadline = form.lasts is not None or form.last_day is not None

    def lower(self) -> None:
        """Add everything that the commitment consists of."""
        for i, party in enumerate(self.form.parties):
            self.build.refer(party, (*self.path, "parties", i), "actor")
        self._stage()
        self._begins()
        on_end = effects(self.build, self.form.on_end, (*self.path, "on_end"), f"{self.name}.on_end")
        if self.has_deadline:
            self._deadline(on_end)
        self._declared_over(on_end)
        self._breach()
        self._binds()

    def _add(self, word: str, cause: Cause, guard: Expression | None, does: Effects, path: Path) -> Draft:
        draft = Draft(f"{self.name}.{word}", cause, guard, list(does))
        return self.build.add_moment(draft, (*self.path, *path))

    def _stage(self) -> None:
        index = 1.0 if self.begun is not None and self.begun < self.build.begin else 0.0
        self.build.add_stage(self.name, STAGES, self.path, start=Number(index), title=self.form.title)
        self.build.declare(f"{self.name}.active", "alias", self.path)
        self.build.aliases[f"{self.name}.active"] = self.active

    # ── beginning and deadline ──────────────────────────────────────────────────────────────────

    def _begins(self) -> None:
        """The beginning; one before the replay is made up for when the replay begins."""
        cause: Cause = Raised()
        if self.begun is not None:
            cause = Schedule((max(self.begun, self.build.begin),))
        starting = (starts(f"{self.name}.term"),) if self.form.lasts is not None else ()
        does = (becomes(self.name, "in_force"), *self._stop_extensions(), *starting)
        self._add("begins", cause, None, does, ("begins" if self.begun is not None else "begins_on",))
        for i, happening in enumerate(self.form.begins_on):
            self.build.hook(happening, (*self.path, "begins_on", i), raises(f"{self.name}.begins"))

    def _stop_extensions(self) -> Effects:
        return tuple(stops(f"{self.name}.term_{outcome}") for outcome in self.extensions)

    def _stop_all(self) -> Effects:
        return (
            *((stops(f"{self.name}.term"),) if self.form.lasts is not None else ()),
            *self._stop_extensions(),
        )

    def _deadline(self, on_end: Effects) -> None:
        self._term()
        forms = self.form.deadline or {"lapsed": DeadlineOutcomeForm.model_validate({})}
        path = (*self.path, "deadline")
        ways = outcomes(
            self.build,
            forms,
            path,
            f"{self.name}.deadline",
            before={each: self._turn(each) for each in forms},
            after={each: on_end for each in forms if each not in self.extensions and each != "open_ended"},
        )
        self._add_deadline(ways)
        for each in self.extensions:
            self._extension(each, forms[each])

    def _add_deadline(self, ways: dict[str, Outcome]) -> None:
        draft = Draft(f"{self.name}.deadline", Raised(), self.in_force, outcomes=ways)
        self.build.add_moment(draft, (*self.path, "deadline"))

    def _turn(self, outcome: str) -> Effects:
        """What an outcome of the deadline does to the commitment itself."""
        if outcome in self.extensions:
            return (*self._stop_all(), starts(f"{self.name}.term_{outcome}"))
        stage = "open_ended" if outcome == "open_ended" else "lapsed"
        return (becomes(self.name, stage), *self._stop_all())

    def _term(self) -> None:
        ending = (raises(f"{self.name}.deadline"),)
        if self.form.last_day is not None:
            path = ("last_day",)
            time = self.build.time(self.form.last_day, (*self.path, *path), end=True)
            self._refuse_past_end(time - self.build.begin, path)
            first = Unary("not", Call("happened", Name(f"{self.name}.deadline")))
            self._add("term", Schedule((time,)), both(self.in_force, first), ending, path)
            return
        delay, varies = number_and_chance(self.build, self.form.lasts, (*self.path, "lasts"), "duration")
        self._add(
            "term", Timer(self._left(delay), varies, whole_days=True), self.in_force, ending, ("lasts",)
        )

    def _left(self, delay: Expression) -> Expression:
        """What is left of the term when the replay begins, where the commitment has begun before that."""
        if self.begun is None or self.begun >= self.build.begin:
            return delay
        passed = float(math.floor(self.build.begin) - math.floor(self.begun))
        sure = known(self.build, delay)
        self._refuse_past_end(1.0 if sure is None else sure - passed, ("lasts",))
        if isinstance(delay, Number):
            return Number(delay.value - passed)
        return Binary("-", delay, Number(passed))

    def _refuse_past_end(self, left: float, path: Path) -> None:
        if left <= 0.0:
            hint = "Leave the commitment out, or let `record_from` be earlier."
            self.build.fault((*self.path, *path), "the commitment ends before the replay begins", hint)

    def _extension(self, outcome: str, form: DeadlineOutcomeForm) -> None:
        path = ("deadline", outcome, "lasts")
        delay, varies = number_and_chance(self.build, form.lasts, (*self.path, *path), "duration")
        ending = (raises(f"{self.name}.deadline"),)
        self._add(f"term_{outcome}", Timer(delay, varies), self.in_force, ending, path)

    # ── declared end, breach, bound actions ─────────────────────────────────────────────────────

    def _declared_over(self, on_end: Effects) -> None:
        name, form, path = (
            f"{self.name}.declared_over",
            self.form.declared_over,
            (*self.path, "declared_over"),
        )
        cause: Cause = Raised()
        own: Effects = ()
        guard: Expression | None = self.active
        if form is not None:
            own = effects(self.build, form.effects, (*path, "effects"), f"{name}.effects")
            guard = both(self.active, condition(self.build, form.only_while, (*path, "only_while")))
            if form.rate is not None:
                rate = number(self.build, form.rate, (*path, "rate"), "rate", clock=name)
                cause = Clock(rate, factors(self.build, form.factors, (*path, "factors")))
        does = (becomes(self.name, "declared_over"), *self._stop_all(), *own, *on_end)
        self._add("declared_over", cause, guard, does, ("declared_over",))
        for i, happening in enumerate(self.form.ended_by):
            self.build.hook(happening, (*self.path, "ended_by", i), raises(name))

    def _breach(self) -> None:
        form, path = self.form.breach, (*self.path, "breach")
        does = (
            effects(self.build, form.effects, (*path, "effects"), f"{self.name}.breach.effects")
            if form
            else ()
        )
        self._add("breach", Raised(), self.active, does, ("breach",))
        if form is not None:
            half_life = number(self.build, form.half_life, (*path, "half_life"), "duration", constant=True)
            memory = Memory(f"{self.name}.breaches", half_life, ((f"{self.name}.breach", ONE),))
            self.build.add_memory(memory, path)

    def _binds(self) -> None:
        for happening, raw in sorted(self.form.binds.items()):
            path = (*self.path, "binds", happening)
            times = number(self.build, raw, path, "ratio")
            self.build.bind(
                happening, Factor("while", f"bound by {self.name}", times, condition=self.active), path
            )
            self.build.hook(happening, path, raises(f"{self.name}.breach"), first=True)
