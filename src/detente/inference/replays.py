"""The record through the model: the state it leaves, how likely it was, and what in it was a surprise."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from detente.checking.contradictions import contradictions
from detente.crisisfile import dumps
from detente.dates import date_at, days_between
from detente.engine.tracing import Progress, Trace, trace_draws, with_base_rates
from detente.errors import ForecastError
from detente.inference import replay_folder, replay_tables
from detente.inference.accounts import Account, account, rescaled
from detente.inference.observing import Part, Window, complete_windows, firings_in, log_likelihood
from detente.inference.replayed import Course, Replayed, Rescaled
from detente.inference.states import state_over
from detente.inference.surprises import surprises
from detente.layout import plain_text
from detente.ledger.rewinding import rewind
from detente.model import HELD, Clock, Crisis
from detente.provenance import Provenance, digest_of_text, record_provenance

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group

Floats = NDArray[np.float64]
TableName = Literal["actions", "events", "state", "likelihood", "rescaled"]

TABLES: tuple[TableName, ...] = ("actions", "events", "state", "likelihood", "rescaled")
"""Tables of a replay."""

FEWEST_FOR_FIT = 5
"""Firings over all clocks from which their spread in time is tested together."""


@dataclass(frozen=True, eq=False, repr=False)
class Replay(Replayed):
    """A record replayed through its crisis. It shows itself as tables in a terminal and in a notebook.

    Its fields are those of `detente.inference.replayed.Replayed`.
    """

    def to_polars(self, table: TableName = "actions") -> pl.DataFrame:
        """The table ``actions``, ``events``, ``state``, ``likelihood`` or ``rescaled`` as a Polars frame.

        Raises
        ------
        ForecastError
            If there is no such table.
        """
        from detente.inference import replay_frames

        return replay_frames.to_polars(table, self)

    def save(self, path: Path | str) -> Path:
        """Write a folder: ``manifest.json``, ``replay.json`` and one Parquet file per table.

        An earlier replay there is replaced; anything else is refused with a ForecastError.
        """
        frames = {str(table): self.to_polars(table) for table in TABLES}
        return replay_folder.save(path, self.as_dict(), frames, self.provenance)

    def as_dict(self) -> dict[str, Any]:
        """The whole replay as plain data, ready for JSON; dates as text, what is not finite as null."""
        low, middle, high = np.quantile(self.log_likelihood, [0.05, 0.5, 0.95], method="inverted_cdf")
        data: dict[str, Any] = replay_tables.plain(
            {
                "crisis": self.crisis.name,
                "title": self.crisis.title,
                "as_of": self.crisis.as_of,
                "since": date_at(self.crisis.as_of, self.begins).date(),
                "draws": len(self.log_likelihood),
                "seed": self.provenance.seed,
                "digest": self.provenance.digest,
                "log_likelihood": {
                    "marginal": self.log_marginal, "median": middle, "low": low, "high": high,
                    "parts": {name: float(np.median(values)) for name, values in self.parts.items()},
                },
                "actions": [dataclasses.asdict(each) for each in self.actions.values()],
                "events": [dataclasses.asdict(each) for each in self.events],
                "state": dataclasses.asdict(self.state),
                "rescaled": [dataclasses.asdict(each) for each in self.rescaled],
                "spread_p": self.spread_p,
                "contradictions": [fault.as_dict() for fault in self.contradictions],
                "notes": list(self.notes),
                "provenance": self.provenance.as_dict(),
            }
        )  # fmt: skip
        return data

    def shown(self, *, events: int = 10, state: bool = False) -> Group:
        """What there is to show of it: the `events` most surprising happenings, and the whole `state` if asked."""
        return replay_tables.rendered(self, events=events, state=state)

    def __rich__(self) -> Group:
        return self.shown()

    def __str__(self) -> str:
        return plain_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return replay_tables.html(self)


def replay(
    crisis: Crisis,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    draws: int = 20,
    seed: int = 0,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Replay the record of a crisis, and compare it with what the crisis would have expected.

    Every recorded happening fires its action, with its recorded outcome; those held with less than ½ are left out.
    The crisis is not fitted: draws come from the prior, and rates that are counted from the record have its exposure.

    Parameters
    ----------
    crisis : Crisis
        With a record: ``record_from`` before ``as_of``.
    since : datetime.date, optional
        Count and judge what happened from this day on; by default from the beginning of the record. The replay itself
        always begins there.
    until : datetime.date, optional
        Replay to the end of this day: the crisis is taken back to it first (`detente.ledger.rewinding`), so that
        nothing later is known. By default the as-of date.
    draws : int, >= 1
        Draws of the parameters.
    seed : int, >= 0
    processes : int, optional
        Processes that share the draws; by default this one alone. With more, a script of one's own must guard its
        main part by ``if __name__ == "__main__":``. Does not change numbers.
    progress : callable, optional
        Called with the numbers of finished and of all draws.

    Returns
    -------
    Replay

    Raises
    ------
    ForecastError
        If there is no record, or an argument is out of range.
    ModelError
        If a counted clock was never possible in its window, or a day lies outside the record.

    Examples
    --------
    >>> from detente.catalog import load
    >>> found = replay(load("cuba_1962"), draws=5)
    >>> [(each.event, each.happening) for each in found.events][0]
    ('K01E', 'missiles_found')
    """
    _check(crisis, draws, seed)
    digest = digest_of_text(dumps(crisis))
    rewound = rewind(crisis, until) if until is not None else None
    now = crisis if rewound is None else rewound.crisis
    begins = _begins(now, since)
    raw = trace_draws(now, seed, draws, processes=processes, progress=progress)
    traces = [with_base_rates(each) for each in raw]
    hindsight = () if rewound is None else rewound.hindsight
    settings: dict[str, Any] = {
        "draws": draws,
        "since": None if since is None else since.isoformat(),
        "until": None if until is None else until.isoformat(),
    }
    return _summed_up(
        traces,
        begins,
        hindsight,
        record_provenance(crisis.name, digest, seed=seed, settings=settings),
    )


def _check(crisis: Crisis, draws: int, seed: int) -> None:
    if not isinstance(crisis, Crisis):
        raise ForecastError(
            f"crisis: it must be a Crisis, but is {type(crisis).__name__}. Read one with detente.load(…)."
        )
    for name, value, least in (("draws", draws, 1), ("seed", seed, 0)):
        if value < least:
            raise ForecastError(f"{name}: it must be {least} or more, but is {value}.")
    if not crisis.record_from < 0.0:
        raise ForecastError(
            f"the crisis '{crisis.name}' has no record to replay: its record begins at its as-of date,"
            f" {crisis.as_of}. Let `record_from` be earlier."
        )


def _begins(crisis: Crisis, since: dt.date | None) -> float:
    """Where counting begins [day, model time]."""
    if not crisis.record_from < 0.0:
        raise ForecastError(
            f"the record begins on {date_at(crisis.as_of, crisis.record_from):%Y-%m-%d}: nothing is recorded up to"
            f" the end of {crisis.as_of}. Let `until` be later."
        )
    if since is None:
        return crisis.record_from
    begins = days_between(crisis.as_of, dt.datetime(since.year, since.month, since.day))
    if not crisis.record_from <= begins < 0.0:
        first = date_at(crisis.as_of, crisis.record_from)
        raise ForecastError(
            f"since: the record goes from {first:%Y-%m-%d} to {crisis.as_of}, and {since} is not in it."
        )
    return begins


# ── summing up ───────────────────────────────────────────────────────────────────────────────────


def _summed_up(
    traces: Sequence[Trace], begins: float, hindsight: tuple[str, ...], provenance: Provenance
) -> Replay:
    crisis = traces[0].crisis
    windows = complete_windows(crisis, begins, 0.0)
    parts = [log_likelihood(each, windows, begins) for each in traces]
    firing = [_rescaled(traces, window) for window in windows.values()]
    return Replay(
        crisis=crisis,
        begins=begins,
        state=state_over(traces),
        actions=_accounts(traces, windows, begins),
        events=surprises(traces, begins),
        log_likelihood=np.array([sum(part.value for part in each) for each in parts]),
        parts=_by_part(parts),
        rescaled=tuple(each for some in firing for each in some),
        spread_p=_spread_p(traces, windows),
        courses={name: _course(traces, window) for name, window in windows.items()},
        contradictions=contradictions(crisis, traces),
        notes=tuple(_notes(crisis, windows, hindsight)),
        provenance=provenance,
    )


def _accounts(traces: Sequence[Trace], windows: Mapping[str, Window], begins: float) -> dict[str, Account]:
    """Every clock: those with a complete record over their windows, the others over all that is replayed."""
    clocks = (name for name, moment in traces[0].crisis.moments.items() if isinstance(moment.cause, Clock))
    return {
        name: account(traces, windows.get(name, Window(name, begins, 0.0)), complete=name in windows)
        for name in clocks
    }


def _by_part(parts: Sequence[tuple[Part, ...]]) -> dict[str, Floats]:
    """Values of every part over draws; a date that was closed in some draws counts 0 in those."""
    names = dict.fromkeys(f"{part.kind} {part.name}" for each in parts for part in each)
    found = [{f"{part.kind} {part.name}": part.value for part in each} for each in parts]
    return {name: np.array([each.get(name, 0.0) for each in found]) for name in names}


def _rescaled(traces: Sequence[Trace], window: Window) -> list[Rescaled]:
    times = [each.time for each in firings_in(traces[0], window)]
    upto = [rescaled(each, window) for each in traces]
    increments = np.median([np.diff(some, prepend=0.0) for some, _ in upto], axis=0)
    positions = np.median([some / max(whole, 1e-300) for some, whole in upto], axis=0)
    return [
        Rescaled(window.clock, time, float(increments[k]), float(positions[k]))
        for k, time in enumerate(times)
    ]


def _spread_p(traces: Sequence[Trace], windows: Mapping[str, Window]) -> float | None:
    """Kolmogorov–Smirnov over the positions of all firings of complete clocks; the median over draws."""
    from scipy import stats

    values = []
    for traced in traces:
        pairs = [rescaled(traced, window) for window in windows.values()]
        places = [upto / whole for upto, whole in pairs if len(upto) and whole > 0.0]
        positions = np.concatenate([np.zeros(0), *places])
        if len(positions) < FEWEST_FOR_FIT:
            return None
        values.append(float(stats.kstest(positions, "uniform").pvalue))
    return float(np.median(values))


def _course(traces: Sequence[Trace], window: Window) -> Course:
    days = np.arange(math.ceil(window.begins), math.floor(window.ends) + 1.0)
    times = np.unique(np.concatenate([[window.begins], days, [window.ends]]))
    curves = [cells.integral_upto(times) for cells in (each.clocks[window.clock] for each in traces)]
    low, middle, high = np.quantile([curve - curve[0] for curve in curves], [0.05, 0.5, 0.95], axis=0)
    happened = [firing.time for firing in firings_in(traces[0], window)]
    return Course(window.clock, times, middle, low, high, np.array(happened))


def _notes(crisis: Crisis, windows: Mapping[str, Window], hindsight: tuple[str, ...]) -> list[str]:
    counted = sum(1 for each in windows.values() if each.counted)
    notes = []
    if counted:
        notes.append(
            f"{counted} of {len(windows)} rates with a complete record are counted from it: they expect what"
            " happened and ½ more there, on average over draws, by construction. Only the spread in time tests them."
        )
    left_out = [item for item in crisis.record if item.held < HELD]
    if left_out:
        names = ", ".join(item.event or item.moment for item in left_out)
        notes.append(f"Held with less than {HELD:g} and left out of the replay: {names}.")
    unsure = [item for item in crisis.replayed if item.held < 1.0]
    if unsure:
        names = ", ".join(f"{item.event or item.moment} ({item.held:.2f})" for item in unsure)
        notes.append(f"Held with less than 1 and replayed as having happened: {names}.")
    return [*notes, *(f"Hindsight: {line}." for line in hindsight)]
