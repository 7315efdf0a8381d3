"""Simulations in the background: a first answer at once, then sharpened; progress; cancelling.

A job is a list of stages, each with more futures than the one before; after every stage its result can be fetched.
One stage computes at a time, on all cores; others wait in line, and a line that is full refuses. After a stage a job
goes to the end of the line: the first answers of all jobs come before the sharpened ones of any.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

from detente.errors import DetenteError

MAX_WAITING = 8
"""Jobs under way at most, beside the one that computes."""
MAX_KEPT = 64
"""Finished jobs that are kept to be fetched."""
NEWS_EVERY = 0.2
"""Progress is told every so many seconds at most [s]."""

Status = Literal["waiting", "running", "done", "failed", "cancelled"]
Progress = Callable[[int, int], None]
Stage = Callable[[Progress], Any]
"""Computes one stage, calling back with finished and all futures; its result is what is fetched."""


class Cancelled(BaseException):
    """Raised inside a computation that nobody waits for any more."""


class FullError(DetenteError):
    """Too many simulations wait already."""


@dataclass
class Job:
    """One simulation in stages. `stage` counts finished ones; `result` is that of the last of them.

    `wanted` counts those who asked for it and have not cancelled it; it is stopped when the last of them leaves.
    """

    id: str
    stages: Sequence[Stage]
    status: Status = "waiting"
    stage: int = 0
    done: int = 0
    of: int = 0
    result: Any = None
    error: str = ""
    took: float = 0.0
    version: int = 0
    wanted: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in ("done", "failed", "cancelled")

    def tell(self, **news: Any) -> None:
        """Change what is known of the job, and wake those who wait for it."""
        with self.changed:
            for name, value in news.items():
                setattr(self, name, value)
            self.version += 1
            self.changed.notify_all()

    def wait_for(self, after: int, seconds: float) -> None:
        """Return as soon as something is newer than version `after`, or when the time is up."""
        with self.changed:
            self.changed.wait_for(lambda: self.version > after or self.ended, seconds)


class Jobs:
    """The line of jobs, and those that have ended."""

    def __init__(self, max_waiting: int = MAX_WAITING, max_kept: int = MAX_KEPT) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "simulation")
        self._max_waiting, self._max_kept = max_waiting, max_kept

    def submit(self, id_: str, stages: Sequence[Stage]) -> Job:
        """Put a job in line; one of the same id that is under way or done is returned instead.

        Raises
        ------
        FullError
            If too many wait already.
        """
        with self._lock:
            known = self._jobs.get(id_)
            if known is not None and known.status not in ("failed", "cancelled") and not known.stop.is_set():
                self._jobs.move_to_end(id_)
                known.wanted += 1
                return known
            if sum(not job.ended for job in self._jobs.values()) > self._max_waiting:
                raise FullError("too many simulations are waiting. Wait for one to end, or cancel it.")
            job = self._jobs[id_] = Job(id_, stages, wanted=1)
            self._jobs.move_to_end(id_)
            self._forget_old()
        self._pool.submit(self._work, job)
        return job

    def get(self, id_: str) -> Job | None:
        """The job of an id, if it is still known."""
        return self._jobs.get(id_)

    def cancel(self, id_: str) -> bool:
        """One who asked for a job waits no more; the last one stops it. False where none is under way."""
        with self._lock:
            job = self._jobs.get(id_)
            if job is None or job.ended:
                return False
            job.wanted -= 1
            if job.wanted > 0:
                return True
            job.stop.set()
        if job.status == "waiting":
            job.tell(status="cancelled")
        return True

    def close(self) -> None:
        """Cancel everything and wait for the one that runs."""
        for job in list(self._jobs.values()):
            job.stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _forget_old(self) -> None:
        ended = [id_ for id_, job in self._jobs.items() if job.ended]
        for id_ in ended[: max(0, len(self._jobs) - self._max_kept)]:
            del self._jobs[id_]

    def _work(self, job: Job) -> None:
        """Compute one stage, and let the others have their turn before the next."""
        try:
            self._stage(job)
        except Cancelled:
            job.tell(status="cancelled")
        except DetenteError as problem:
            job.tell(status="failed", error=str(problem))
        except Exception as problem:  # whatever it is, those who wait must hear of it
            job.tell(status="failed", error=f"{type(problem).__name__}: {problem}")
        if not job.ended:
            with contextlib.suppress(RuntimeError):  # the pool is closed
                self._pool.submit(self._work, job)

    def _stage(self, job: Job) -> None:
        progress = _telling(job)
        if job.stop.is_set():
            raise Cancelled
        job.tell(status="running")
        begun = time.monotonic()
        result = job.stages[job.stage](progress)
        if job.stop.is_set():
            raise Cancelled
        last = job.stage + 1 == len(job.stages)
        job.tell(
            result=result,
            stage=job.stage + 1,
            took=job.took + time.monotonic() - begun,
            status="done" if last else "running",
        )


def _telling(job: Job) -> Progress:
    """A callback that tells how far a job is, and stops it when nobody waits."""
    told = 0.0

    def progress(done: int, of: int) -> None:
        nonlocal told
        if job.stop.is_set():
            raise Cancelled
        if done == of or time.monotonic() - told > NEWS_EVERY:
            told = time.monotonic()
            job.tell(done=done, of=of)

    return progress
