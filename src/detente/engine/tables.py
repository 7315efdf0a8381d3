"""The layout of a compiled crisis: arrays of records that the kernel reads.

A `Program` in a record is three numbers (start, end, row); start −1 means "none". Lists of numbers that belong to a
record are ranges into one array of `links`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

I8, F8, U8 = "<i8", "<f8", "<u8"

Records = NDArray[np.void]

CLOCK = np.dtype(
    [
        ("steady_start", I8),
        ("steady_end", I8),
        ("start", I8),
        ("end", I8),
        ("row", I8),
        ("moment", I8),
        ("key", U8),
    ],
    align=True,
)
MOMENT = np.dtype(
    [
        ("guard_start", I8),
        ("guard_end", I8),
        ("guard_row", I8),
        ("effect_start", I8),
        ("effect_end", I8),
        ("outcome_start", I8),
        ("outcome_end", I8),
        ("dated", I8),
    ],
    align=True,
)
HAPPENING = np.dtype(
    [
        ("count_row", I8),
        ("last_row", I8),
        ("feed_start", I8),
        ("feed_end", I8),
        ("watch_start", I8),
        ("watch_end", I8),
    ],
    align=True,
)
FEED = np.dtype([("memory", I8), ("memory_row", I8), ("start", I8), ("end", I8), ("row", I8)], align=True)
OUTCOME = np.dtype(
    [
        ("start", I8),
        ("end", I8),
        ("row", I8),
        ("happening", I8),
        ("effect_start", I8),
        ("effect_end", I8),
        ("key", U8),
    ],
    align=True,
)
EFFECT = np.dtype(
    [
        ("kind", I8),
        ("target", I8),
        ("memory", I8),
        ("condition_start", I8),
        ("condition_end", I8),
        ("condition_row", I8),
        ("amount_start", I8),
        ("amount_end", I8),
        ("amount_row", I8),
        ("varies_start", I8),
        ("varies_end", I8),
        ("varies_row", I8),
        ("stock", I8),
        ("count_row", I8),
        ("lower", F8),
        ("upper", F8),
        ("value", F8),
        ("key", U8),
    ],
    align=True,
)
FLOW = np.dtype(
    [
        ("kind", I8),
        ("row", I8),
        ("flow_row", I8),
        ("noise_row", I8),
        ("stock", I8),
        ("lower", F8),
        ("upper", F8),
        ("key", U8),
    ],
    align=True,
)
TIMER = np.dtype(
    [
        ("moment", I8),
        ("whole_days", I8),
        ("keep", I8),
        ("random", I8),
        ("delay_start", I8),
        ("delay_end", I8),
        ("delay_row", I8),
        ("varies_start", I8),
        ("varies_end", I8),
        ("varies_row", I8),
        ("count_row", I8),
        ("since_row", I8),
        ("median_row", I8),
        ("factor_row", I8),
        ("key", U8),
    ],
    align=True,
)
TRIGGER = np.dtype(
    [
        ("start", I8),
        ("end", I8),
        ("row", I8),
        ("rearm_start", I8),
        ("rearm_end", I8),
        ("rearm_row", I8),
        ("moment", I8),
        ("continuous", I8),
    ],
    align=True,
)
WATCH = np.dtype(
    [
        ("kind", I8),
        ("start", I8),
        ("end", I8),
        ("row", I8),
        ("continuous", I8),
        ("opens", F8),
        ("closes", F8),
    ],
    align=True,
)
AGENDA = np.dtype([("time", F8), ("recorded", I8), ("moment", I8), ("outcome", I8)], align=True)
EXPOSURE = np.dtype([("clock", I8), ("start", F8), ("end", F8)], align=True)
MEMORY_ROWS = np.dtype(
    [("row", I8), ("rate_row", I8), ("half_row", I8), ("full_row", I8), ("half", F8)], align=True
)
ROW = np.dtype(
    [
        ("steady_start", I8),
        ("steady_end", I8),
        ("clock_start", I8),
        ("clock_end", I8),
        ("trigger_start", I8),
        ("trigger_end", I8),
        ("watch_start", I8),
        ("watch_end", I8),
    ],
    align=True,
)

CODE = np.dtype(
    [("k", F8), ("what", "<i4"), ("target", "<i4"), ("a", "<i4"), ("b", "<i4"), ("c", "<i4")], align=True
)
CLAMP = np.dtype([("slope", F8), ("low", F8), ("high", F8)], align=True)
"""What only the opcodes that clamp need; one record per instruction."""

# Kinds of effect.
ADD_STOCK, SET_STOCK, TIMES_STOCK, ADD_MEMORY, SET_STAGE, START_TIMER, STOP_TIMER, RAISE = range(8)
# Kinds of flow.
LINEAR, LOG_SCALE = range(2)
# Kinds of watch.
FIRST, EVER, AT, BECOMES = range(4)
# Outcomes of an agenda entry that are not a recorded one.
DRAWN, NO_OUTCOME = -2, -1


# Slots of the counters in a block's scratch room.
N_CLOCKS, N_TRIGGERS, N_WATCHES, N_STEADY, N_INSTANT, N_LOG, BROKEN_LANE, N_BROKEN, LATEST, N_DUE = range(10)
# What a lane's status may be.
FINE, RUNAWAY, TOO_MANY_AT_ONCE, TOO_MANY_ROUNDS = range(4)

WIDTH = 120
"""Lanes of a block. Row r of lane l stands at ``x[r · WIDTH + l]``. Results do not depend on it; speed does."""
CHAIN = 12
"""How many of the last firings are remembered for an error message."""


# ── handing arrays to the kernel ─────────────────────────────────────────────────────────────────


def record_of(arrays: Mapping[str, NDArray[Any]], numbers: Mapping[str, float | int | bool]) -> Records:
    """One record with the address of every array and the given numbers, shape (1,).

    A call that passes forty arrays costs more than what it does; the kernel gets records of addresses instead
    and looks at them through `views.view`.

    The caller keeps the arrays alive.
    """
    fields: list[tuple[str, str]] = [(name, "<i8") for name in arrays]
    fields += [(name, F8 if isinstance(number, float) else "<i8") for name, number in numbers.items()]
    record = np.zeros(1, np.dtype(fields, align=True))
    for name, array in arrays.items():
        assert array.flags.c_contiguous
        record[name] = array.ctypes.data
    for name, number in numbers.items():
        record[name] = number
    return record


class Tables(NamedTuple):
    """Everything about a crisis that does not change during a run."""

    code: Records
    clamps: Records
    links: NDArray[np.int64]
    rows: Records
    clocks: Records
    moments: Records
    happenings: Records
    feeds: Records
    outcomes: Records
    effects: Records
    flows: Records
    timers: Records
    triggers: Records
    watches: Records
    memories: Records
    fast_memories: NDArray[np.int64]
    ranges: NDArray[np.int64]
    """Code ranges of what is run for a whole block each tick: clocks, flows, triggers, watches (start, end each)."""

    def record(self) -> Records:
        """The tables as the kernel takes them."""
        counted = (
            "clocks",
            "triggers",
            "watches",
            "timers",
            "memories",
            "flows",
            "fast_memories",
        )
        return record_of(self._asdict(), {f"n_{name}": len(getattr(self, name)) for name in counted})


class Plan(NamedTuple):
    """What a run does: its span, its mode and what is scheduled in it."""

    agenda: Records
    exposures: Records
    starts: float
    tick: float
    n_ticks: int
    origin: float
    """Absolute day number of model time 0, see `detente.dates.day_number`."""
    epoch: float
    replay: bool
    path_rows: NDArray[np.int64] = np.zeros(0, np.int64)
    """State rows whose values are kept along the way …"""
    path_every: int = 1
    """… at the end of every so many ticks, and at the start."""
    pauses: bool = False
    """Whether it stops before anything happens at the instant of its end."""

    @property
    def n_path_times(self) -> int:
        """How many times the rows are kept."""
        return self.n_ticks // self.path_every + 1

    def record(self) -> Records:
        """The plan as the kernel takes it."""
        arrays = {"agenda": self.agenda, "exposures": self.exposures, "path_rows": self.path_rows}
        numbers = {
            "n_agenda": len(self.agenda), "n_exposures": len(self.exposures), "n_ticks": self.n_ticks,
            "replay": int(self.replay), "starts": float(self.starts), "tick": float(self.tick),
            "origin": float(self.origin), "epoch": float(self.epoch),
            "n_paths": len(self.path_rows), "path_every": self.path_every,
            "ends": float(self.starts + self.n_ticks * self.tick), "pauses": int(self.pauses),
        }  # fmt: skip
        return record_of(arrays, numbers)


class State(NamedTuple):
    """One block of W trajectories: everything that changes. Row r of lane l stands at ``x[r·WIDTH + l]``."""

    x: NDArray[np.float64]
    residual: NDArray[np.float64]
    redraws: NDArray[np.int64]
    strikes: NDArray[np.float64]
    next_strike: NDArray[np.float64]
    started_by: NDArray[np.int64]
    """The happening that started each timer, −1 if none did."""
    armed: NDArray[np.uint8]
    register: NDArray[np.float64]
    lane: NDArray[np.uint64]
    firings: NDArray[np.int64]
    budget: NDArray[np.int64]
    status: NDArray[np.int64]
    exposure: NDArray[np.float64]
    clamped: NDArray[np.int64]
    log_lane: NDArray[np.int64]
    log_happening: NDArray[np.int64]
    log_cause: NDArray[np.int64]
    log_time: NDArray[np.float64]
    path: NDArray[np.float64]
    """Values kept along the way, shape (time, row, lane) flattened."""

    marks: NDArray[np.uint8]
    """Scratch from here on. One flag for every clock, trigger, watch and steady part: its inputs changed."""
    changed: NDArray[np.int64]
    """The numbers of the marked: clocks, triggers, watches, steady parts of clocks, each in its own segment."""
    counters: NDArray[np.int64]
    stack: NDArray[np.int64]
    chain: NDArray[np.int64]
    became: NDArray[np.int64]
    fired: NDArray[np.uint8]
    lowest: NDArray[np.float64]
    busy: NDArray[np.uint8]
    due: NDArray[np.float64]
    """When each clock of the lane that is followed runs out, infinity if not in this tick."""
    since: NDArray[np.float64]
    before: NDArray[np.float64]
    """Since when each of its intensities stands, and what the intensity was before."""
    until: NDArray[np.float64]
    """Until when the intensity of each of its clocks may stand."""
    reading: NDArray[np.float64]
    """When each of its fast memories is read again, and what was last read there."""
    seen: NDArray[np.float64]

    def record(self) -> Records:
        """The block as the kernel takes it."""
        return record_of(self._asdict(), {"log_size": len(self.log_time)})
