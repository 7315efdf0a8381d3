"""What was put off while the sections were read: aliases, ``within``, hooks and bound factors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from detente.crisisfile.lowering.any_month import replace_any_month
from detente.crisisfile.lowering.builder import Bind, Builder, Draft, Hook
from detente.crisisfile.lowering.moments import is_at, lasting
from detente.crisisfile.lowering.words import in_name
from detente.crisisfile.reading import Path
from detente.expressions import Binary, Expression, Name, Number, Within, walk
from detente.model import Clock


def settle(build: Builder) -> None:
    """Apply everything that was put off; afterwards the builder holds primitives only."""
    _any_month(build)
    replacements = _within(build)
    replacements.update({Name(name): meaning for name, meaning in build.aliases.items()})
    for hook in build.hooks:
        _apply_hook(build, hook)
    for bind in build.binds:
        _apply_bind(build, bind)
    _substitute(build, replacements)


def _any_month(build: Builder) -> None:
    for name, question in build.questions.items():
        path: Path = ("questions", name)
        yes_if = replace_any_month(build, question.yes_if, name, (*path, "yes_if"))
        given = replace_any_month(build, question.given, name, (*path, "given"))
        build.questions[name] = dataclasses.replace(question, yes_if=yes_if, given=given)


def _within(build: Builder) -> dict[Expression, Expression]:
    """A stage and a timer for each ``within N d of X``, and the comparison that replaces it."""
    found: dict[Expression, Expression] = {}
    for use in build.uses:
        for node in walk(use.expression):
            if isinstance(node, Within) and node not in found:
                name = f"{node.happening}.within_{in_name(node.days)}d"
                lasting(build, node.happening, name, Number(node.days), use.path)
                found[node] = is_at(name, "yes")
    return found


def _split(build: Builder, happening: str) -> tuple[Draft, str]:
    """The moment of a happening, and its outcome or ``""``."""
    if happening in build.moments:
        return build.moments[happening], ""
    moment, _, outcome = happening.rpartition(".")
    return build.moments[moment], outcome


def _apply_hook(build: Builder, hook: Hook) -> None:
    draft, outcome = _split(build, hook.happening)
    own = tuple(draft.effects) if not outcome else draft.outcomes[outcome].effects
    joined = (*hook.effects, *own) if hook.first else (*own, *hook.effects)
    if outcome:
        draft.outcomes[outcome] = dataclasses.replace(draft.outcomes[outcome], effects=joined)
    else:
        draft.effects = list(joined)


def _apply_bind(build: Builder, bind: Bind) -> None:
    draft, outcome = _split(build, bind.happening)
    if outcome:
        choice = draft.outcomes[outcome]
        draft.outcomes[outcome] = dataclasses.replace(choice, factors=(*choice.factors, bind.factor))
    elif isinstance(draft.cause, Clock):
        draft.cause = dataclasses.replace(draft.cause, factors=(*draft.cause.factors, bind.factor))


# ── substitution ─────────────────────────────────────────────────────────────────────────────────


def _substitute(build: Builder, replacements: Mapping[Expression, Expression]) -> None:
    """Rewrite every expression that the builder holds."""
    change = _Substitution(build, replacements)
    for section in (build.stocks, build.stages, build.memories, build.moments, build.questions):
        for name, thing in section.items():
            section[name] = change.of(thing)


class _Substitution:
    """Rewrites names by what they stand for, and puts the stage of a comparison on its left."""

    def __init__(self, build: Builder, replacements: Mapping[Expression, Expression]) -> None:
        self.stages = build.stages
        self.replacements = replacements

    def of(self, thing: Any) -> Any:
        """A copy of a frozen thing with all expressions in it rewritten."""
        if thing in self.replacements if isinstance(thing, Name | Within) else False:
            return self.replacements[thing]
        if isinstance(thing, tuple | list):
            return type(thing)(self.of(each) for each in thing)
        if isinstance(thing, dict):
            return {key: self.of(value) for key, value in thing.items()}
        if not dataclasses.is_dataclass(thing) or isinstance(thing, type):
            return thing
        changed = {
            field.name: self.of(getattr(thing, field.name))
            for field in dataclasses.fields(thing)
            if not isinstance(getattr(thing, field.name), str | float | int | None)
        }
        made = dataclasses.replace(thing, **changed)
        return self._stage_first(made) if isinstance(made, Binary) else made

    def _stage_first(self, node: Binary) -> Binary:
        right = node.right
        swapped = node.operator in ("==", "!=") and isinstance(right, Name) and right.name in self.stages
        return Binary(node.operator, node.right, node.left) if swapped else node
