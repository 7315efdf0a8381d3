"""The commands over event data: from their arguments to what is printed, drawn and written."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from detente.cli.reporting import put, put_text, say
from detente.cli.running import Bar
from detente.errors import TableError

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from detente.ledger.dyads import DyadDays
    from detente.ledger.one_day_ahead import Span
    from detente.model import Crisis

DEFAULT_KINDS = ("any", "verbal_conflict", "material_conflict", "military")
PERIODS = ("total", "month", "week")

Ends = tuple[dt.date | None, dt.date | None]

# ── arguments ────────────────────────────────────────────────────────────────────────────────────


def day_of(moment: dt.datetime | None) -> dt.date | None:
    """The day of an option that takes a date."""
    return None if moment is None else moment.date()


def names_of(text: str | None) -> list[str] | None:
    """Names with commas as a list; None where the option is not given.

    Examples
    --------
    >>> names_of("IRN, ISR,"), names_of(None)
    (['IRN', 'ISR'], None)
    """
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def pairs_of(texts: Sequence[str]) -> dict[str, str]:
    """``--column NAME=COLUMN`` as a mapping.

    Examples
    --------
    >>> pairs_of(["Day=SQLDATE"])
    {'Day': 'SQLDATE'}
    """
    wrong = [text for text in texts if "=" not in text]
    if wrong:
        raise typer.BadParameter(
            f"'{wrong[0]}' has no '='. Write: name in the file=name in the data set.", param_hint="'--column'"
        )
    parts = (text.rpartition("=") for text in texts)
    return {name.strip(): column.strip() for name, _, column in parts}


def one_of(value: str, allowed: Sequence[str], option: str) -> None:
    """Refuse a word that an option does not know."""
    if value not in allowed:
        raise typer.BadParameter(f"'{value}' is none of {', '.join(allowed)}.", param_hint=f"'{option}'")


# ── import ───────────────────────────────────────────────────────────────────────────────────────


def carry_out_import(
    dataset: str,
    files: Sequence[Path],
    out: Path,
    *,
    quiet: bool,
    as_json: bool,
    ends: str | None,
    **options: Any,
) -> None:
    """Import under a progress bar and print the account."""
    from detente.cli.event_tables import import_account
    from detente.ledger.importing import import_events

    if ends is not None:
        one_of(ends, ("both", "one"), "--ends")
    shown = not quiet and sys.stderr.isatty()
    with Bar(shown=shown, unit="MB", preparing="Reading") as bar:
        report = import_events(
            dataset,
            files,
            out,
            ends=ends,  # type: ignore[arg-type]
            progress=lambda done, of: bar.update(done >> 20, max(1, of >> 20)),
            **options,
        )
    if as_json:
        put_text(json.dumps({"ok": True, **report.as_dict()}, indent=1, ensure_ascii=False))
    else:
        put_text(import_account(report))


# ── dyads ────────────────────────────────────────────────────────────────────────────────────────


def show_dyads(
    name: str,
    *,
    actors: list[str] | None,
    since: dt.date | None,
    until: dt.date | None,
    kind: str,
    codes: list[str] | None,
    by: str,
    top: int,
    picture: Path | None,
    dataset: str | None,
    day_zero: dt.date | None,
    as_json: bool,
) -> None:
    """Count events by actor and recipient; print the table, and draw it."""
    from detente.cli.event_tables import dyads_as_json, dyads_table, dyads_text
    from detente.ledger.dyads import kind_of_codes
    from detente.ledger.reading import read_events
    from detente.ledger.who_to_whom import events_of, who_to_whom

    one_of(by, PERIODS, "--by")
    _refuse_picture(picture)
    crisis = _crisis_of(name)
    events = events_of(crisis).lazy() if crisis else read_events(name, dataset=dataset, day_zero=day_zero)
    what, test = kind_of_codes(codes) if codes is not None else (kind, kind)
    counted = who_to_whom(
        events,
        actors=actors,
        since=since,
        until=until,
        kind=test,
        by=by,  # type: ignore[arg-type]
        trends=crisis is None,
    )
    told = dyads_text(name, counted, what=what, few=crisis is not None)
    if as_json:
        put_text(dyads_as_json(name, counted, what, by))
    else:
        put_text(told)
        put(dyads_table(counted, by=by, top=top))
    if picture is not None:
        _draw(
            _dyads_picture(counted, by, caption=told.splitlines()[0], few=crisis is not None),
            picture,
            as_json,
        )


def _dyads_picture(counted: pl.DataFrame, by: str, *, caption: str, few: bool) -> Figure:
    from detente.plots.dyads import dyads_in_time, map_of_dyads

    note = (
        "Few events of a crisis folder, chosen by hand."
        if few
        else "Coded events: counts of reports, not of deeds."
    )
    draw = map_of_dyads if by == "total" else dyads_in_time
    return draw(counted, caption=caption, note=note)


def _crisis_of(name: str) -> Crisis | None:
    """The crisis of that name or path; None where it is a table of events."""
    from detente.catalog import list_crises, load

    path = Path(name)
    is_crisis = name in list_crises() or (path / "crisis.yaml").is_file() or path.suffix in (".yaml", ".yml")
    if is_crisis or not (path.exists() or path.suffix):
        return load(name)
    return None


# ── timeline ─────────────────────────────────────────────────────────────────────────────────────


def show_timeline(
    name: str,
    *,
    since: dt.date | None,
    until: dt.date | None,
    actors: Sequence[str],
    picture: Path | None,
    as_json: bool,
) -> None:
    """Print the events of a crisis in order of time, and draw them."""
    from detente.catalog import load
    from detente.cli.event_tables import timeline_text
    from detente.ledger.chronicle import chronicle

    _refuse_picture(picture)
    crisis = load(name)
    entries = chronicle(crisis, since=since, until=until, actors=actors)
    if not entries:
        raise TableError(
            f"{crisis.name} has no event in that span. Widen --since and --until, or see `detente show`."
        )
    if as_json:
        rows = [entry.as_dict() for entry in entries]
        put_text(
            json.dumps({"ok": True, "crisis": crisis.name, "events": rows}, indent=1, ensure_ascii=False)
        )
    else:
        put(timeline_text(crisis, entries))
    if picture is not None:
        _draw(_timeline_picture(crisis, entries, since), picture, as_json)


def _timeline_picture(crisis: Crisis, entries: Sequence[Any], since: dt.date | None) -> Figure:
    """Events from `since`, or from where the record begins: the background before it would squeeze the rest."""
    from detente.dates import date_at
    from detente.plots.timeline import timeline

    first = since or (date_at(crisis.as_of, crisis.record_from).date() if crisis.record_from < 0 else None)
    drawn = [entry for entry in entries if first is None or entry.event.date.date() >= first] or list(entries)
    earlier = len(entries) - len(drawn)
    note = f"{earlier} earlier events are not drawn; --since shows them." if earlier else ""
    names = {actor.name: actor.title for actor in crisis.actors.values()}
    return timeline(drawn, names=names, as_of=crisis.as_of, caption=crisis.title, note=note)


# ── rates ────────────────────────────────────────────────────────────────────────────────────────


def show_rates(
    path: Path,
    *,
    actors: list[str] | None,
    busiest: int | None,
    kinds: list[str] | None,
    codes: Sequence[Sequence[str]],
    span: Ends,
    test: Ends | None,
    check: Ends,
    reading: Mapping[str, Any],
    fitting: Mapping[str, Any],
    source: str | None,
    top: int,
    terms: bool,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Learn rates under a progress bar; print them, their scores and the lines to paste, and write them."""
    from detente.cli.rate_tables import rates_shown, write_rates
    from detente.ledger.dyads import busiest_actors, dyad_days, kind_of_codes, named_kinds
    from detente.ledger.rate_account import account_rates
    from detente.ledger.reading import read_events

    if (actors is None) == (busiest is None):
        raise typer.BadParameter(
            "say between whom: --actors IRN,ISR,USA, or --busiest 20.", param_hint="'--actors'"
        )
    events = read_events(path, **reading)
    among = actors or busiest_actors(events, busiest or 0, since=span[0], until=span[1])
    own = dict(kind_of_codes(each) for each in codes)
    wanted = {**named_kinds(kinds if kinds is not None else () if own else DEFAULT_KINDS), **own}
    data = dyad_days(
        events, among, first_day=span[0], last_day=span[1], kinds={**named_kinds(["any"]), **wanted}
    )
    spans = _spans(data, test, check, fitting["tune_days"])
    with Bar(shown=not quiet and sys.stderr.isatty(), unit="fits", preparing="Fitting") as bar:
        account = account_rates(data, list(wanted), tests=spans, progress=bar.update, **fitting)
    if out is not None:
        write_rates(account, out)
    if as_json:
        put_text(
            json.dumps({"ok": True, "events": path.name, **account.as_dict()}, indent=1, ensure_ascii=False)
        )
    else:
        for part in rates_shown(account, source=source or path.name.split(".")[0], top=top, terms=terms):
            put_text(part) if isinstance(part, str) else put(part)
    if test is not None and not spans:
        say("No forecasts are scored: the record is too short. Name a span with --test-from and --test-to.")
    if out is not None and not as_json:
        say(f"Written: {out}")


def _spans(data: DyadDays, test: Ends | None, check: Ends, tune_days: int) -> list[Span]:
    """Spans to forecast: the one asked for or the last days, and a second one if there is one."""
    from detente.ledger.rate_account import TUNE_DAYS, last_days

    if test is None:
        return []
    default = last_days(data, TUNE_DAYS, tune_days)
    end = data.first_day + dt.timedelta(days=data.n_days - 1)
    spans = [default] if test == (None, None) and default else []
    if test != (None, None):
        spans.append(_span(test, end, "--test-from"))
    if check != (None, None):
        spans.append(_span(check, end, "--check-from"))
    return spans


def _span(ends: Ends, end: dt.date, option: str) -> Span:
    from detente.ledger.one_day_ahead import Span

    if ends[0] is None:
        raise typer.BadParameter("say where the span begins.", param_hint=f"'{option}'")
    return Span(ends[0], ends[1] or end)


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────


def _refuse_picture(picture: Path | None) -> None:
    """Refuse a form of picture before any work."""
    if picture is not None:
        from detente.plots.saving import picture_format

        picture_format(picture)


def _draw(figure: Figure, picture: Path, as_json: bool) -> None:
    from detente.plots.saving import save

    save(figure, picture)
    if not as_json:
        say(f"Drawn: {picture}")
