"""The findings of `detente check`, each with a place, what is odd, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from detente.checking.contradictions import contradictions, median_trace
from detente.checking.counted_twice import counted_twice
from detente.checking.evidence import evidence_shares, resting_on_judgement
from detente.checking.excitation import ERROR_FROM, WARN_FROM, excitation
from detente.checking.reachability import Reachable, can_hold, reachable
from detente.crisisfile import Resolution
from detente.crisisfile.holding import hold
from detente.crisisfile.reading import Tree
from detente.crisisfile.superseding import in_force
from detente.expressions import First, walk
from detente.model import HELD, Clock, Crisis, Effect, Moment, Question, Timer

MOST_JUDGED = 0.4
"""Share of estimates on judgement alone from which `check` warns."""


@dataclass(frozen=True, order=True)
class Finding:
    """One remark about a crisis that loads. `line` is 0 where no line is known."""

    kind: Literal["error", "warning", "note"]
    line: int
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}  " if self.line else ""
        rest = f"\n    {self.hint}" if self.hint else ""
        return f"  {self.kind}  {place}{self.path}\n    {self.message}{rest}"


def check(resolution: Resolution) -> tuple[Finding, ...]:
    """Everything that looks wrong in a resolved crisis: errors first, then warnings, then notes.

    Runs the replay of 200 draws to judge excitation, and one more to find what contradicts the ledger; otherwise
    nothing is simulated.
    """
    crisis, tree = resolution.crisis, resolution.tree
    found = reachable(crisis)
    remarks = [
        *_unsupported(resolution),
        *_unmatched(resolution),
        *_uncertain(crisis),
        *_ledger(crisis),
        *_unreachable(crisis, found, tree),
        *_contradictions(crisis),
        *_questions(crisis, found),
        *_excitation(crisis),
        *_counted_twice(crisis),
        *_evidence(resolution),
    ]
    rank = {"error": 0, "warning": 1, "note": 2}
    placed = [_with_line(remark, tree) for remark in remarks]
    return tuple(
        sorted(placed, key=lambda remark: (rank[remark.kind], remark.line, remark.path, remark.message))
    )


def _unsupported(resolution: Resolution) -> Iterator[Finding]:
    for path in resolution.unsupported:
        yield Finding(
            "warning", 0, path, "this number has no evidence",
            "Add `source:` with ids, or `source: judgement` with `because:`, here or on what encloses it.",
        )  # fmt: skip


def _unmatched(resolution: Resolution) -> Iterator[Finding]:
    for event in resolution.unmatched:
        yield Finding(
            "warning", 0, f"events.{event}", "this event fires nothing in the replay",
            "Name its happening, let an action match it, or mark it as background with `-`.",
        )  # fmt: skip


def _uncertain(crisis: Crisis) -> Iterator[Finding]:
    """Events that may or may not have happened, with how far they are held and why."""
    for name, event in in_force(crisis.events).items():
        held = hold(event, crisis.claims, crisis.sources, crisis.holding)
        if held.is_uncertain:
            taken = "A replay takes it as" if held.probability >= HELD else "A replay leaves it out, as not"
            yield Finding(
                "note", 0, f"events.{name}", f"this event is held with {held.probability:.2f}: {held.why}",
                f"{taken} having happened.",
            )  # fmt: skip
        elif event.confidence == "disputed" and event.held is None:
            yield Finding(
                "note", 0, f"events.{name}", "its confidence is 'disputed', but no claim contests it: held with 1",
                "`confidence` enters no number. Name the claims that deny it in `contested_by`, or write `held`.",
            )  # fmt: skip


def _ledger(crisis: Crisis) -> Iterator[Finding]:
    """What is recorded though the crisis says that it could not happen, at the median of the prior."""
    traces = [median_trace(crisis)] if crisis.record_from < 0.0 else []
    for fault in contradictions(crisis, traces):
        path = f"{fault.file} {fault.path}".strip()
        yield Finding("error", fault.line, path, fault.message, fault.hint)


# ── what cannot happen ───────────────────────────────────────────────────────────────────────────


def _unreachable(crisis: Crisis, found: Reachable, tree: Tree) -> Iterator[Finding]:
    for name, moment in crisis.moments.items():
        if name not in found.moments and name not in found.happenings and _is_declared(tree, name):
            yield Finding("warning", 0, name, f"this can never happen: {_why(crisis, moment, found)}")
        for outcome in moment.outcomes:
            if name in found.moments and not can_hold(outcome.guard, crisis, found):
                text = f"its condition '{outcome.guard}' can never hold"
                yield Finding("warning", 0, f"{name}.{outcome.name}", text, "Check the values it compares.")
        yield from _idle_factors(crisis, moment, found)


def _is_declared(tree: Tree, name: str) -> bool:
    """Whether the file speaks of a moment: a rich word also makes moments that it then has no use for."""
    data = tree.data if isinstance(tree.data, dict) else {}
    word, _, part = name.rpartition(".")
    for section in ("commitments", "red_lines"):
        entries = data.get(section)
        entry = entries.get(word) if isinstance(entries, dict) else None
        if isinstance(entry, dict):
            return any(key.startswith(part) for key in entry)
    return True


def _why(crisis: Crisis, moment: Moment, found: Reachable) -> str:
    if not can_hold(moment.guard, crisis, found):
        return f"its guard '{moment.guard}' can never hold"
    if isinstance(moment.cause, Clock):
        return "its rate is 0"
    if isinstance(moment.cause, Timer):
        return "nothing that can happen starts it"
    return "nothing that can happen brings it about"


def _idle_factors(crisis: Crisis, moment: Moment, found: Reachable) -> Iterator[Finding]:
    factors = moment.cause.factors if isinstance(moment.cause, Clock) else ()
    for outcome in moment.outcomes:
        factors += outcome.factors
    for factor in factors:
        if not can_hold(factor.condition, crisis, found):
            text = f"the factor '{factor.label}' never applies: '{factor.condition}' can never hold"
            yield Finding("warning", 0, moment.name, text, "Check the values it compares.")


def _contradictions(crisis: Crisis) -> Iterator[Finding]:
    for name, moment in crisis.moments.items():
        for happening, effects in (
            (name, moment.effects),
            *((f"{name}.{o.name}", o.effects) for o in moment.outcomes),
        ):
            yield from _contradicting(happening, effects)


def _contradicting(happening: str, effects: tuple[Effect, ...]) -> Iterator[Finding]:
    sets = [effect for effect in effects if effect.does == "set" and effect.condition is None]
    for target, times in Counter(effect.target for effect in sets).items():
        results = {effect.value or str(effect.amount) for effect in sets if effect.target == target}
        if times > 1 and len(results) > 1:
            text = f"its effects set '{target}' more than once, to {' and '.join(sorted(results))}"
            yield Finding(
                "warning", 0, happening, text, "Only the last one lasts. Remove one, or add `while:`."
            )


# ── questions ────────────────────────────────────────────────────────────────────────────────────


def _questions(crisis: Crisis, found: Reachable) -> Iterator[Finding]:
    for name, question in crisis.questions.items():
        path = f"questions.{name}"
        yield from _window(path, question, crisis)
        for node in walk(question.yes_if):
            if isinstance(node, First) and not _can_be(node, crisis, found):
                yield Finding(
                    "warning", 0, path, f"'{str(node)[1:-1]}' can never come true, so the answer is known",
                    "Check what should bring it about.",
                )  # fmt: skip
    for name in resting_on_judgement(crisis):
        yield Finding("note", 0, f"questions.{name}", "the numbers behind this question are judgement alone")


def _window(path: str, question: Question, crisis: Crisis) -> Iterator[Finding]:
    if question.closes <= 0.0:
        yield Finding("error", 0, path, "it closes before the as-of date", "Ask about something later.")
    if question.closes > crisis.horizon:
        text = "it closes after the horizon, so it cannot be answered"
        yield Finding("error", 0, path, text, "Leave `horizon` out, or set it later.")


def _can_be(node: First, crisis: Crisis, found: Reachable) -> bool:
    if node.value:
        return node.value in found.values[node.happening]
    moment = node.happening if node.happening in crisis.moments else node.happening.rpartition(".")[0]
    return node.happening in found.happenings and moment in found.moments


# ── excitation and evidence ──────────────────────────────────────────────────────────────────────


def _excitation(crisis: Crisis) -> Iterator[Finding]:
    measured = excitation(crisis)
    if measured.radius < WARN_FROM and measured.share_above_one < 0.05:
        return
    kind: Literal["error", "warning"] = "warning"
    if measured.radius >= ERROR_FROM and measured.uncapped:
        kind = "error"
    yield Finding(
        kind, 0, " ".join(measured.loudest),
        f"excitation: one firing brings about {measured.radius:.2f} further ones at the median of the prior, and one"
        f" or more in {100 * measured.share_above_one:.0f} % of draws",
        "Lower `times`, shorten the half-life, or set a lower `at_most`.",
    )  # fmt: skip


def _counted_twice(crisis: Crisis) -> Iterator[Finding]:
    """Priors that cite events from which a fit would learn once more."""
    for parameter, events in counted_twice(crisis):
        text = f"its prior cites {', '.join(events)} of the complete record that it would be fitted to: counted twice"
        yield Finding(
            "error", 0, parameter, text,
            "Write the rate as `counted:`, which counts the events once, or cite what is known besides the record.",
        )  # fmt: skip


def _evidence(resolution: Resolution) -> Iterator[Finding]:
    shares = evidence_shares(resolution.crisis, len(resolution.unsupported))
    if not shares.total:
        return
    text = (
        f"{shares.total} numbers: {shares.sourced} with a source, {shares.judged} judgement alone,"
        f" {shares.reference} rules or definitions, {shares.unsupported} without evidence"
    )
    kind: Literal["warning", "note"] = "warning" if shares.judged_share > MOST_JUDGED else "note"
    yield Finding(kind, 0, "numbers", text)


# ── lines ────────────────────────────────────────────────────────────────────────────────────────


def _with_line(remark: Finding, tree: Tree) -> Finding:
    line = line_of(tree, remark.path)
    return Finding(remark.kind, line, remark.path, remark.message, remark.hint) if line else remark


def line_of(tree: Tree, dotted: str) -> int:
    """Line of a dotted path, or of the section entry that a name comes from; 0 if there is none."""
    for prefix in ("", *(f"{section}." for section in (tree.data if isinstance(tree.data, dict) else ()))):
        path = _steps(tree.data, prefix + dotted)
        if len(path) > (1 if prefix else 0):
            return tree.line(path)
    return 0


def _steps(data: object, dotted: str) -> tuple[str | int, ...]:
    """The longest path into nested data that a dotted text spells; keys may contain dots themselves."""
    parts = dotted.split(".")
    if isinstance(data, dict):
        for length in range(len(parts), 0, -1):
            key = ".".join(parts[:length])
            if key in data:
                return (key, *_steps(data[key], ".".join(parts[length:])))
    if isinstance(data, list) and parts[0].isdigit() and int(parts[0]) < len(data):
        return (int(parts[0]), *_steps(data[int(parts[0])], ".".join(parts[1:])))
    return ()
