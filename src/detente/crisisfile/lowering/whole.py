"""The whole file: head, every section in turn, checks, and the finished `Crisis`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from detente.crisisfile.lowering.actions import lower_actions
from detente.crisisfile.lowering.actors import lower_actors
from detente.crisisfile.lowering.builder import Builder, sorted_by_name
from detente.crisisfile.lowering.checking import check
from detente.crisisfile.lowering.commitments import lower_commitments
from detente.crisisfile.lowering.deliberations import lower_deliberations
from detente.crisisfile.lowering.evidence import check_evidence
from detente.crisisfile.lowering.freezing import settle
from detente.crisisfile.lowering.hidden import lower_hidden
from detente.crisisfile.lowering.holding import holding_of
from detente.crisisfile.lowering.numbers import plain
from detente.crisisfile.lowering.occasions import lower_occasions
from detente.crisisfile.lowering.primitives import lower_primitives
from detente.crisisfile.lowering.procedures import lower_procedures
from detente.crisisfile.lowering.questions import lower_questions
from detente.crisisfile.lowering.record import check_ids, listed_record, record_of
from detente.crisisfile.lowering.red_lines import lower_red_lines
from detente.crisisfile.lowering.tabled import check_claims, tables_of
from detente.crisisfile.lowering.words import is_name
from detente.crisisfile.reading import Tree
from detente.crisisfile.schema import CrisisForm, Validated
from detente.crisisfile.schema.rich import RichSections
from detente.crisisfile.tables import Tables
from detente.dates import parse_date
from detente.errors import CrisisFileError, Fault
from detente.model import Crisis, Recorded


@dataclass(frozen=True)
class Resolution:
    """A resolved crisis and what `check` wants to know about the file it came from.

    Attributes
    ----------
    crisis : Crisis
        The crisis.
    unsupported : tuple of str
        Paths of numbers without evidence.
    unmatched : tuple of str
        Ids of events within the replay that fire nothing and are not marked as background.
    tree : Tree
        The file as read, for lines.
    """

    crisis: Crisis
    unsupported: tuple[str, ...]
    unmatched: tuple[str, ...]
    tree: Tree


def lower(valid: Validated, tree: Tree, tables: Tables | None, faults: Iterable[Fault] = ()) -> Resolution:
    """Resolve a validated file and its tables.

    Parameters
    ----------
    valid : Validated
        The file; entries with a fault are left out.
    tree : Tree
        The file as read.
    tables : Tables or None
        Its tables; None where they could not be read.
    faults : iterable of Fault
        Faults known already, raised together with those found here.

    Raises
    ------
    CrisisFileError
        With every fault found.
    """
    known = (*faults, *valid.faults)
    if valid.form is None:
        raise CrisisFileError(known)
    build = _begin(valid.form, tree)
    build.left_out = valid.left_out
    build.faults.extend(known)
    return _lower(build, valid.form, tables)


def _lower(build: Builder, form: CrisisForm, tables: Tables | None) -> Resolution:
    tables_known = tables is not None
    tables = tables_of(build, form, tables)
    _refuse_rich_words(build, form)
    _calendar(build, form)
    _sections(build, form, tables if tables_known else None)
    horizon = _horizon(build, form)
    lower_occasions(build, form, horizon)
    check(build)
    build.holding = holding_of(build, form)
    record: tuple[Recorded, ...] = ()
    unmatched: tuple[str, ...] = ()
    if tables_known:
        check_evidence(build, tables)
        record, unmatched = _record(build, form, tables)
    if build.faults:
        raise CrisisFileError(build.faults)
    settle(build)
    crisis = _crisis(build, form, tables, record, horizon)
    return Resolution(crisis, tuple(sorted(build.unsupported)), unmatched, build.tree)


def _sections(build: Builder, form: CrisisForm, tables: Tables | None) -> None:
    lower_actors(build, form)
    lower_primitives(build, form)
    lower_actions(build, form)
    lower_commitments(build, form)
    lower_procedures(build, form)
    lower_red_lines(build, form)
    lower_deliberations(build, form)
    lower_hidden(build, form, None if tables is None else tables.claims)
    lower_questions(build, form)


def _refuse_rich_words(build: Builder, form: CrisisForm) -> None:
    """A machine form consists of primitives."""
    rich = set(RichSections.model_fields) - {"actors", "calendar"}
    for name in sorted(rich):
        if build.machine and getattr(form, name):
            hint = "Leave out `form: machine`, or resolve the file first."
            build.fault((name,), f"a machine form has no section `{name}`", hint)


# ── head ─────────────────────────────────────────────────────────────────────────────────────────


def _begin(form: CrisisForm, tree: Tree) -> Builder:
    build = Builder(tree, _as_of(form, tree), machine=form.form == "machine")
    if not is_name(form.crisis):
        hint = "Write letters, digits and underscores, such as iran_2024."
        build.fault(("crisis",), f"'{form.crisis}' cannot be the name of a crisis", hint)
    if form.record_from is not None:
        build.begin = build.time(form.record_from, ("record_from",))
        if build.begin > 0.0:
            build.fault(
                ("record_from",), "`record_from` comes after `as_of`", "Replay ends at the as-of date."
            )
    return build


def _as_of(form: CrisisForm, tree: Tree) -> dt.date:
    try:
        return parse_date(form.as_of).date()
    except ValueError as problem:
        build = Builder(tree, dt.date(1, 1, 1))
        build.fault(("as_of",), str(problem), "Write the day as 2024-11-30.")
        raise CrisisFileError(build.faults) from None


def _calendar(build: Builder, form: CrisisForm) -> None:
    for name, instant in sorted(form.calendar.items()):
        path = ("calendar", name)
        build.declare(name, "date", path)
        build.calendar[name] = build.time(instant, path)


# ── the end ──────────────────────────────────────────────────────────────────────────────────────


def _record(build: Builder, form: CrisisForm, tables: Tables) -> tuple[tuple[Recorded, ...], tuple[str, ...]]:
    check_ids(build, tables.events)
    check_claims(build, tables)
    if form.record is not None:
        return listed_record(build, form.record), ()
    return record_of(build, tables, in_file=bool(form.events))


def _horizon(build: Builder, form: CrisisForm) -> float:
    if form.horizon is not None:
        return plain(build, form.horizon, ("horizon",), "duration")
    if not build.questions and not build.left_out:
        build.fault(("horizon",), "there is no horizon", "Add `horizon: 365 d`, or a question with `closes`.")
    return max((question.closes for question in build.questions.values()), default=0.0)


def _crisis(
    build: Builder, form: CrisisForm, tables: Tables, record: tuple[Recorded, ...], horizon: float
) -> Crisis:
    moments = {name: draft.freeze() for name, draft in build.moments.items()}
    return Crisis(
        name=form.crisis,
        title=form.title,
        as_of=build.origin,
        horizon=horizon,
        record_from=build.begin,
        description=form.description,
        actors=sorted_by_name(build.actors),
        parameters=sorted_by_name(build.parameters),
        stocks=sorted_by_name(build.stocks),
        stages=sorted_by_name(build.stages),
        memories=sorted_by_name(build.memories),
        moments=sorted_by_name(moments),
        questions=sorted_by_name(build.questions),
        record=record,
        sources=sorted_by_name(tables.sources),
        claims=sorted_by_name(tables.claims),
        events=sorted_by_name(tables.events),
        calendar=sorted_by_name(build.calendar),
        holding=build.holding,
    )
