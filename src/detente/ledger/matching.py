"""From coded events to the actions of a crisis: which happening is each event, if any.

An action names its events in two ways: by the patterns of its ``matches``, and by its own codes (``actor``,
``recipient``, ``cameo``, ``plover``; those with a code and an actor count). An event may fit several; the most specific
pattern wins, by the rule of `detente.crisisfile.patterns` that events.csv follows too. Happenings whose best patterns
are equally specific are a *tie*: the event is given to none of them, and the tie is reported.

Event data know an actor by its id in the table of actors, so a code of a pattern stands for the actor that it begins
with: ``ISRMIL`` for ISR. Where an event carries only a PLOVER type, a CAMEO code of a pattern fits if the crosswalk
puts it under that type, and counts as no digits at all; a PLOVER type fits an event that carries only a CAMEO code
likewise. Where an event has no direction, either order of the two fits. A ``location`` fits the country as
delivered, in any of the spellings that the table of actors has for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from detente.crisisfile.patterns import Specificity
from detente.errors import TableError
from detente.ledger.actors import read_actors
from detente.ledger.candidates import Candidate, candidates_of, fits
from detente.model import Crisis

KEYS: Mapping[str, pl.DataType] = {
    "event_id": pl.String(),
    "actor": pl.String(),
    "recipient": pl.String(),
    "directed": pl.Boolean(),
    "cameo": pl.String(),
    "plover": pl.String(),
    "country": pl.String(),
}
"""Columns of an event on which patterns depend; one that is absent counts as null throughout."""

_NOTHING = "fits no action"


@dataclass(frozen=True)
class Matching:
    """Events with the happening that each of them is.

    Attributes
    ----------
    events : DataFrame
        The events in their order, with three more columns: `happening` (null where none fits, or several do
        equally well), `why` in words, and `tied`, the happenings of a tie (null elsewhere).
    unknown : tuple of str
        Codes of actors in patterns that the table of actors does not know; such patterns fit nothing. Declare
        them in a table of your own.
    """

    events: pl.DataFrame
    unknown: tuple[str, ...] = ()

    @property
    def n_matched(self) -> int:
        """Events that are one happening."""
        return self.events.height - self.events["happening"].null_count()

    @property
    def n_tied(self) -> int:
        """Events that fit several happenings equally well."""
        return self.events.height - self.events["tied"].null_count()

    @property
    def n_unmatched(self) -> int:
        """Events that fit none."""
        return self.events.height - self.n_matched - self.n_tied

    def by_happening(self) -> pl.DataFrame:
        """Counts of matched events: `happening`, `n`, and an `example`; most frequent first."""
        return _counted(self.events.filter(pl.col("happening").is_not_null()), "happening")

    def unmatched(self) -> pl.DataFrame:
        """Codes of events that fit none: `cameo`, `plover`, `n`, and an `example`; most frequent first."""
        nothing = self.events.filter(pl.col("happening").is_null() & pl.col("tied").is_null())
        return _counted(nothing, "cameo", "plover")

    def ties(self) -> pl.DataFrame:
        """Ties by their codes: `tied`, `cameo`, `plover`, `n`, and an `example`; most frequent first."""
        return _counted(self.events.filter(pl.col("tied").is_not_null()), "tied", "cameo", "plover")


def match_events(
    crisis: Crisis, events: pl.DataFrame | pl.LazyFrame, *, actor_table: Path | str | None = None
) -> Matching:
    """Give each coded event to the action of a crisis that it most specifically fits.

    Parameters
    ----------
    crisis : Crisis
        Its actions, with their codes and patterns.
    events : DataFrame or LazyFrame
        A table with the columns of `detente.ledger.columns`; those in `KEYS` are read, and may be absent.
    actor_table : path, optional
        The table of actors that the import used, in place of the one that ships.

    Raises
    ------
    TableError
        If the table of actors cannot be read.

    Examples
    --------
    >>> from detente.catalog import load
    >>> events = pl.DataFrame({"actor": ["USA", "RUS"], "recipient": ["IRN", "IRN"], "cameo": ["154", "036"]})
    >>> found = match_events(load("iran_2024"), events)
    >>> found.events["happening"].to_list(), found.n_unmatched
    (['us_deploys', None], 1)
    """
    frame = events.lazy().collect()
    actors = read_actors(path=actor_table)
    candidates, unknown = candidates_of(crisis, actors)
    named = sorted({id_ for candidate in candidates for id_ in candidate.ids})
    keys = _keys(frame).with_columns(pl.when(pl.col("event_id").is_in(named)).then("event_id"))
    answers = _answers(keys.unique(), candidates)
    answered = keys.join(answers, on=[*KEYS], how="left", nulls_equal=True, maintain_order="left")
    return Matching(frame.with_columns(answered.select("happening", "why", "tied")), unknown)


def write_matching(found: Matching, path: Path | str) -> None:
    """Write the events with their happenings to a .parquet or .csv file, in one step.

    Raises
    ------
    TableError
        If the file has another ending.
    """
    target = Path(path)
    if target.suffix not in (".parquet", ".csv"):
        raise TableError(f"{target.name}: a table is written as .parquet or .csv. Name such a file.")
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        if target.suffix == ".parquet":
            found.events.write_parquet(temporary)
        else:
            found.events.write_csv(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


# ── who fits ─────────────────────────────────────────────────────────────────────────────────────


def _keys(events: pl.DataFrame) -> pl.DataFrame:
    have = events.columns
    return events.select(
        (pl.col(name) if name in have else pl.lit(None)).cast(dtype, strict=False).alias(name)
        for name, dtype in KEYS.items()
    )


def _answers(keys: pl.DataFrame, candidates: tuple[Candidate, ...]) -> pl.DataFrame:
    """For each key the happening, why, and the tie."""
    coded = pl.col("cameo").is_not_null()
    parts = [
        _answered(keys.filter(coded), [(each, each.with_cameo) for each in candidates]),
        _answered(keys.filter(~coded), [(each, each.without) for each in candidates]),
    ]
    return pl.concat(parts)


def _answered(keys: pl.DataFrame, ranked: list[tuple[Candidate, Specificity]]) -> pl.DataFrame:
    """As `_answers`, where the rank of a candidate is the same for all keys."""
    levels = {rank: level for level, rank in enumerate(sorted({rank for _, rank in ranked}), 1)}
    columns = []
    for happening, group in itertools.groupby(ranked, key=lambda each: each[0].happening):
        best_first = sorted(group, key=lambda each: each[1], reverse=True)
        tests = [(fits(candidate), candidate.words, levels[rank]) for candidate, rank in best_first]
        best = pl.max_horizontal(
            pl.when(test).then(pl.lit(level, pl.Int16)).otherwise(0) for test, _, level in tests
        )
        why = pl.coalesce(pl.when(test).then(pl.lit(words)) for test, words, _ in tests)
        columns.append((happening, best, why))
    return _decided(keys, columns)


def _decided(keys: pl.DataFrame, columns: list[tuple[str, pl.Expr, pl.Expr]]) -> pl.DataFrame:
    if not columns or keys.is_empty():
        nothing = pl.lit(None, pl.String)
        return keys.with_columns(
            nothing.alias("happening"), pl.lit(_NOTHING).alias("why"), nothing.alias("tied")
        )
    names = [happening for happening, _, _ in columns]
    levels = keys.select(best.alias(name) for name, (_, best, _) in zip(names, columns, strict=True))
    reasons = keys.select(why.alias(f"why {name}") for name, (_, _, why) in zip(names, columns, strict=True))
    top = levels.max_horizontal()
    first = levels.select((pl.all() == top) & (pl.all() > 0))
    told = first.with_columns(reasons).select(
        pl.sum_horizontal(names).alias("n"),
        pl.concat_str(
            [pl.when(name).then(pl.lit(name)) for name in names], separator=" | ", ignore_nulls=True
        ).alias("names"),
        pl.coalesce(pl.when(name).then(pl.col(f"why {name}")) for name in names).alias("why"),
    )
    return pl.concat([keys, told], how="horizontal").select(
        *keys.columns,
        pl.when(pl.col("n") == 1).then("names").alias("happening"),
        pl.when(pl.col("n") == 0)
        .then(pl.lit(_NOTHING))
        .when(pl.col("n") == 1)
        .then("why")
        .otherwise(pl.format("fits {} equally well", "names"))
        .alias("why"),
        pl.when(pl.col("n") > 1).then("names").alias("tied"),
    )


def _counted(events: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Counts by some columns, those that are there, with the first event of each: actor, recipient, code, day."""
    there = [name for name in by if name in events.columns]
    told = [
        pl.col(name).first().cast(pl.String).fill_null("?")
        for name in ("actor", "recipient", "cameo", "occurred_at")
        if name in events.columns
    ]
    example = pl.concat_str(told, separator=" ").alias("example") if told else pl.lit("").alias("example")
    counted = events.group_by(there, maintain_order=True).agg(pl.len().alias("n"), example)
    return counted.sort("n", *there, descending=[True, *[False] * len(there)], nulls_last=True)
