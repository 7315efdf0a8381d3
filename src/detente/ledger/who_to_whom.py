"""Who did what to whom: events counted by actor and recipient, in whole or by week or month.

These are counts of coded rows, not of deeds: a table of news counts what was reported, more of it where more
is written. What is comparable is the same dyad over time, and its mixture of words and deeds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

import polars as pl

from detente.errors import TableError
from detente.ledger.coding import cameo_frame, plover_frame
from detente.ledger.dyads import KINDS
from detente.model import NINETY_PERCENT, Crisis, Event

Period = Literal["month", "week", "total"]

QUADS: Mapping[int, str] = {
    1: "verbal_cooperation",
    2: "material_cooperation",
    3: "verbal_conflict",
    4: "material_conflict",
}
"""Quad classes in the convention of ICEWS, and the columns that count them."""

COLUMNS = ("actor", "recipient", "occurred_at", "cameo", "plover", "quadclass_icews", "goldstein")
"""What is read of an event."""

SHORTEST_FOR_TREND = 56
"""Days of a span below which no trend is told."""

FEWEST_FOR_TREND = 10
"""Events of a dyad below which no trend of it is told."""


def who_to_whom(
    events: pl.LazyFrame | pl.DataFrame,
    *,
    actors: Sequence[str] | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
    kind: str | pl.Expr = "any",
    by: Period = "total",
    trends: bool = True,
) -> pl.DataFrame:
    """Count events by actor and recipient.

    Parameters
    ----------
    events : LazyFrame or DataFrame
        Columns actor, recipient, occurred_at, cameo, quadclass_icews, perhaps goldstein and plover, as
        `read_events` and `events_of` give them. Rows without actor or recipient, and those of an actor to
        itself, are left out; so are rows whose order of the two means nothing (`directed` false).
    actors : sequence of str, optional
        Ids between which to count; by default all.
    since, until : date, optional
        First and last day, both included.
    kind : str or expression, default 'any'
        A kind of `detente.ledger.dyads.KINDS`, or a condition on the columns.
    by : {'total', 'month', 'week'}, default 'total'
        One row for a dyad, or one for each of its months or weeks (from Monday) with an event.
    trends : bool, default True
        Whether to tell trends; a record that was not kept evenly, as that of a crisis folder, has none.

    Returns
    -------
    DataFrame
        actor, recipient, [period: its first day], events, verbal_cooperation … material_conflict (counts by
        quad class; rows without a class in none), goldstein (mean; null where no row has a value), first and
        last (dates); with ``by='total'`` and `trends` also `trend` and `trend_factor`, see `with_trend`.
        Most events first; by period, in order of time.

    Raises
    ------
    TableError
        If the kind is unknown, an actor has no event, or no event is left.
    """
    rows = _between(events.lazy(), actors, since, until, kind)
    if not rows.height:
        raise TableError(
            "no event is left to count. Widen the span, the actors or the kind of events; those that do not say"
            " who did it to whom do not count."
        )
    counted = _counted(rows, by)
    if by != "total":
        return counted.sort("period", "actor", "recipient")
    told = with_trend(counted, rows) if trends else counted
    return told.sort(["events", "actor", "recipient"], descending=[True, False, False])


def _between(
    events: pl.LazyFrame,
    actors: Sequence[str] | None,
    since: dt.date | None,
    until: dt.date | None,
    kind: str | pl.Expr,
) -> pl.DataFrame:
    if isinstance(kind, str):
        if kind not in KINDS:
            raise TableError(f"there is no kind '{kind}'. Known: {', '.join(KINDS)}.")
        kind = KINDS[kind]
    names = events.collect_schema().names()
    wanted = [pl.col("actor") != pl.col("recipient"), *_dates(since, until)]
    if actors is not None:
        wanted.append(pl.all_horizontal(pl.col("actor", "recipient").is_in(list(actors))))
    if "directed" in names:
        wanted.append(pl.col("directed"))
    absent = [
        pl.lit(None, dtype=kind_of).alias(name)
        for name, kind_of in (("goldstein", pl.Float64), ("plover", pl.String), ("cameo", pl.String))
        if name not in names
    ]
    rows = events.with_columns(absent).filter(*wanted).select(COLUMNS).collect()
    if actors is not None:
        _refuse_absent(rows, actors)
    return rows.filter(kind)


def _dates(since: dt.date | None, until: dt.date | None) -> list[pl.Expr]:
    day = pl.col("occurred_at")
    tests = [] if since is None else [day >= since]
    return tests if until is None else [*tests, day <= until]


def _refuse_absent(rows: pl.DataFrame, actors: Sequence[str]) -> None:
    if len(set(actors)) < 2:
        raise TableError("actors: name at least two; events are counted between them.")
    present = set(rows["actor"]) | set(rows["recipient"])
    absent = [actor for actor in actors if actor not in present]
    if absent:
        raise TableError(
            f"no event between these actors in this span names {', '.join(absent)}."
            " Check the ids, or leave them out."
        )


def _counted(rows: pl.DataFrame, by: Period) -> pl.DataFrame:
    keys: list[pl.Expr] = [pl.col("actor"), pl.col("recipient")]
    if by != "total":
        start = pl.col("occurred_at").dt.truncate("1mo" if by == "month" else "1w")
        keys.append(start.alias("period"))
    return rows.group_by(keys, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("events"),
        *(
            (pl.col("quadclass_icews") == quad).sum().cast(pl.Int64).alias(name)
            for quad, name in QUADS.items()
        ),
        pl.col("goldstein").mean(),
        pl.col("occurred_at").min().alias("first"),
        pl.col("occurred_at").max().alias("last"),
    )


def with_trend(counted: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    r"""Add how the rate of each dyad changed from the first half of the span to the second.

    .. math:: \mathrm{trend} = \frac{n_2 + 1/2}{n_1 + 1/2}, \quad
              \mathrm{factor} = \exp\Big(1.645 \sqrt{\varphi\,\big(\tfrac{1}{n_1 + 1/2}
              + \tfrac{1}{n_2 + 1/2}\big)}\Big)

    with the dispersion φ = max(1, variance / mean) of the dyad's weekly counts, as events come in bursts.
    The 90 % range of the trend is from trend / factor to trend · factor. Both are null where the span is
    shorter than eight weeks or the dyad has fewer than ten events. The halves are those of the span from the
    first to the last event of all dyads.
    """
    first, last = rows["occurred_at"].min(), rows["occurred_at"].max()
    assert isinstance(first, dt.date)
    assert isinstance(last, dt.date)
    days = (last - first).days + 1
    if days < SHORTEST_FOR_TREND:
        nothing = pl.lit(None, dtype=pl.Float64)
        return counted.with_columns(nothing.alias("trend"), nothing.alias("trend_factor"))
    day = (pl.col("occurred_at") - first).dt.total_days()
    dyad = ["actor", "recipient"]
    halves = rows.group_by(dyad).agg(
        (day * 2 < days).sum().alias("_early"), (day * 2 >= days).sum().alias("_late")
    )
    weeks = days // 7
    weekly = rows.with_columns((day // 7).alias("_week")).filter(pl.col("_week") < weeks)
    squares = (
        weekly.group_by([*dyad, "_week"])
        .len()
        .group_by(dyad)
        .agg((pl.col("len").sum() / weeks).alias("_mean"), (pl.col("len") ** 2).sum().alias("_squares"))
    )
    variance = (pl.col("_squares") - weeks * pl.col("_mean") ** 2) / (weeks - 1)
    spread = (variance / pl.col("_mean")).clip(lower_bound=1.0).fill_null(1.0)
    late, early = pl.col("_late") + 0.5, pl.col("_early") + 0.5
    joined = counted.join(halves, on=dyad, how="left").join(squares, on=dyad, how="left")
    enough = pl.when(pl.col("events") >= FEWEST_FOR_TREND)
    return joined.with_columns(
        enough.then(late / early).alias("trend"),
        enough.then((NINETY_PERCENT * (spread * (1 / late + 1 / early)).sqrt()).exp()).alias("trend_factor"),
    ).drop("_early", "_late", "_mean", "_squares")


# --- the events of a crisis ---------------------------------------------------------------------------------


def events_of(crisis: Crisis) -> pl.DataFrame:
    """The events of a crisis as a table to count: one row for each actor and recipient of an event.

    An event with several actors or recipients counts once for each pair of them, a superseded one not at all.
    Codes of actors become the ids of the crisis' actors (`actor_of_code`) where it has them. The quad class is
    that of the CAMEO code, else of the PLOVER type; an event without either has none. Dates of week or month
    precision stand at their beginning.

    Examples
    --------
    >>> from detente.catalog import load
    >>> events_of(load("cuba_1962")).select("actor", "recipient", "cameo").rows()[-1]
    ('USA', 'SUN', '138')
    """
    superseded = {event.supersedes for event in crisis.events.values()}
    rows = [
        (actor, recipient, event.date.date(), event.cameo or None, event.plover)
        for event in crisis.events.values()
        if event.id not in superseded
        for actor, recipient in _pairs(crisis, event)
    ]
    schema = {
        "actor": pl.String, "recipient": pl.String, "occurred_at": pl.Date, "cameo": pl.String,
        "plover": pl.String,
    }  # fmt: skip
    return _classed(pl.DataFrame(rows, schema=schema, orient="row"))


def _pairs(crisis: Crisis, event: Event) -> list[tuple[str, str]]:
    """Doers and recipients of an event, each pair once, though several codes may mean one actor."""
    doers = dict.fromkeys(actor_of_code(crisis, code) for code in event.actor)
    recipients = dict.fromkeys(actor_of_code(crisis, code) for code in event.recipient)
    return [(doer, recipient) for doer in doers for recipient in recipients]


def _classed(rows: pl.DataFrame) -> pl.DataFrame:
    types = _classes_of_plover()
    by_type = pl.col("plover").replace_strict(
        list(types), list(types.values()), default=None, return_dtype=pl.Int8
    )
    codes = cameo_frame().select("cameo", "quadclass_icews", pl.col("goldstein_icews").alias("goldstein"))
    joined = rows.join(codes, on="cameo", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("quadclass_icews", by_type).alias("quadclass_icews"))


@cache
def _classes_of_plover() -> Mapping[str, int]:
    types = plover_frame().filter(pl.col("mode") == "")
    return dict(zip(types["plover"], types["quadclass"], strict=True))


def class_of_plover(plover: str) -> int | None:
    """Quad class of a PLOVER type, the same in both conventions; None where there is no such type.

    Examples
    --------
    >>> class_of_plover("COERCE"), class_of_plover("none")
    (4, None)
    """
    return _classes_of_plover().get(plover)


def actor_of_code(crisis: Crisis, code: str) -> str:
    """The actor of a crisis to whom a CAMEO actor code belongs; the code itself where there is none.

    The actor that lists the code; else the one whose listed code is the longest beginning of it.

    Examples
    --------
    >>> from detente.catalog import load
    >>> crisis = load("iran_2024")
    >>> actor_of_code(crisis, "IRNMIL"), actor_of_code(crisis, "LBNREBHEZ"), actor_of_code(crisis, "CHNGOV")
    ('IRN', 'HEZ', 'CHNGOV')
    """
    if code in crisis.actors:
        return code
    listed = [
        (len(own), name)
        for name, actor in crisis.actors.items()
        for own in actor.cameo
        if code.startswith(own)
    ]
    return max(listed)[1] if listed else code


def names_actor(crisis: Crisis, event: Event, actor: str) -> bool:
    """Whether an event names an actor, by the actor's id or by a code, as doer or recipient."""
    codes = (*event.actor, *event.recipient)
    return actor in codes or actor in {actor_of_code(crisis, code) for code in codes}
