"""Effects and outcomes of the human form → those of the machine form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from detente.crisisfile.lowering.builder import Builder, Draft
from detente.crisisfile.lowering.factors import factors
from detente.crisisfile.lowering.numbers import condition, known, number, number_and_chance, optional
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.pieces import EffectForm, OutcomeForm
from detente.model import Effect, Outcome, Raised, Timer

Effects = tuple[Effect, ...]


def effects(build: Builder, forms: Iterable[EffectForm], path: Path, owner: str) -> Effects:
    """The effects of a list; `owner` is the prefix of what delayed and uncertain ones need."""
    return tuple(effect(build, form, (*path, i), f"{owner}.{i}") for i, form in enumerate(forms))


def effect(build: Builder, form: EffectForm, path: Path, owner: str) -> Effect:
    """One effect; a delayed one starts a timer, an uncertain one raises a choice.

    Condition and chance are judged when the happening fires, amount and factors when the effect applies.
    """
    change = _change(build, form, path)
    if form.after is not None:
        change = _later(build, form, path, owner, change)
    if form.chance is not None:
        change = _perhaps(build, form, path, owner, change)
    return replace(change, condition=condition(build, form.while_, (*path, "while")))


def _change(build: Builder, form: EffectForm, path: Path) -> Effect:
    if form.stage is not None:
        build.refer(form.stage, (*path, "stage"), "stage", value=str(form.becomes))
        return Effect("stage", form.stage, "set", value=str(form.becomes))
    for word, target in (("start", form.start), ("stop", form.stop)):
        if target is not None:
            build.refer(target, (*path, word), "timer")
            return Effect("timer", target, "start" if word == "start" else "stop")
    if form.raise_ is not None:
        build.refer(form.raise_, (*path, "raise"), "moment")
        return Effect("moment", form.raise_, "raise")
    return _amount(build, form, path)


def _amount(build: Builder, form: EffectForm, path: Path) -> Effect:
    on, target = ("stock", form.stock) if form.stock is not None else ("memory", form.memory)
    build.refer(str(target), (*path, on), "stock" if on == "stock" else "memory")
    does = "add" if form.add is not None else "set" if form.set is not None else "times"
    raw = getattr(form, does)
    kind = "ratio" if does == "times" else "number"
    amount, varies = number_and_chance(build, raw, (*path, does), kind, form.varies)  # type: ignore[arg-type]
    pressures = factors(build, form.factors, (*path, "factors"))
    return Effect(on, str(target), does, amount, factors=pressures, varies=varies)  # type: ignore[arg-type]


def _later(build: Builder, form: EffectForm, path: Path, owner: str, change: Effect) -> Effect:
    delay, varies = number_and_chance(build, form.after, (*path, "after"), "duration")
    timer = Timer(delay, varies, again=form.again or "restart")
    build.add_moment(Draft(f"{owner}.after", timer, effects=[change]), path, written=False)
    return Effect("timer", f"{owner}.after", "start")


def _perhaps(build: Builder, form: EffectForm, path: Path, owner: str, change: Effect) -> Effect:
    share = number(build, form.chance, (*path, "chance"), "share")
    choice = {"yes": Outcome("yes", share, effects=(change,)), "no": Outcome("no")}
    build.add_moment(Draft(f"{owner}.chance", Raised(), outcomes=choice), path, written=False)
    return Effect("moment", f"{owner}.chance", "raise")


def outcomes(
    build: Builder,
    forms: Mapping[str, OutcomeForm],
    path: Path,
    owner: str,
    *,
    before: Mapping[str, Effects] | None = None,
    after: Mapping[str, Effects] | None = None,
) -> dict[str, Outcome]:
    """The outcomes of a moment, sorted by name; `before` and `after` are effects put around their own."""
    before, after = before or {}, after or {}
    made = {}
    for name, form in sorted(forms.items()):
        here = (*path, name)
        own = effects(build, form.effects, (*here, "effects"), f"{owner}.{name}.effects")
        made[name] = Outcome(
            name=name,
            share=optional(build, form.share, (*here, "share"), "share"),
            guard=condition(build, form.while_, (*here, "while")),
            factors=factors(build, form.factors, (*here, "factors")),
            effects=(*before.get(name, ()), *own, *after.get(name, ())),
            title=form.title,
        )
    _check_shares(build, made, path)
    return made


def _check_shares(build: Builder, made: Mapping[str, Outcome], path: Path) -> None:
    open_ones = [name for name, outcome in made.items() if outcome.share is None]
    if len(open_ones) > 1:
        named = " and ".join(f"'{name}'" for name in open_ones)
        build.fault(
            path,
            f"only one outcome can take the remainder, but {named} have no share",
            "Give each a `share`.",
        )
        return
    fixed = [known(build, outcome.share) for outcome in made.values() if outcome.share is not None]
    if not fixed or any(share is None for share in fixed):
        return
    total = sum(share for share in fixed if share is not None)
    if total > 1.0 + 1e-9:
        build.fault(path, f"the shares add up to {total:g}, which is more than 1", "Lower one of them.")
    elif not open_ones and total < 1.0 - 1e-9:
        hint = "Add an outcome without `share`, which takes the remainder."
        build.fault(path, f"the shares add up to {total:g}, and no outcome takes the remainder", hint)
