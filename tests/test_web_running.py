"""Jobs: one at a time, in stages, told as they go, stopped when nobody waits."""

import threading
import time

import pytest

from detente.errors import DetenteError
from detente.web.running import FullError, Jobs


@pytest.fixture
def jobs():
    made = Jobs(max_waiting=2, max_kept=4)
    yield made
    made.close()


def ended(job, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not job.ended and time.monotonic() < deadline:
        job.wait_for(job.version, 0.5)
    return job


def test_stages_sharpen_the_result(jobs):
    job = ended(jobs.submit("a", [lambda progress: progress(1, 2) or "first", lambda progress: "second"]))
    assert (job.status, job.stage, job.result) == ("done", 2, "second")


def test_the_first_answer_is_there_before_the_second(jobs):
    go = threading.Event()
    job = jobs.submit("a", [lambda progress: "first", lambda progress: go.wait(5) and "second"])
    while job.stage < 1:
        job.wait_for(job.version, 1.0)
    assert (job.status, job.result) == ("running", "first")
    go.set()
    assert ended(job).result == "second"


def test_the_same_job_is_not_done_twice(jobs):
    ran = []
    first = ended(jobs.submit("a", [lambda progress: ran.append(1)]))
    assert jobs.submit("a", [lambda progress: ran.append(1)]) is first
    assert ran == [1]


def test_a_running_job_is_stopped(jobs):
    started = threading.Event()

    def endless(progress):
        started.set()
        while True:
            progress(0, 1)
            time.sleep(0.005)

    job = jobs.submit("a", [endless])
    started.wait(5)
    assert jobs.cancel("a")
    assert ended(job).status == "cancelled"
    assert not jobs.cancel("a")
    assert ended(jobs.submit("a", [lambda progress: "again"])).result == "again"


def test_first_answers_come_before_sharpened_ones(jobs):
    go, order = threading.Event(), []
    jobs.submit("gate", [lambda progress: go.wait(5)])

    def stages(name):
        return [lambda progress: order.append(f"{name}1"), lambda progress: order.append(f"{name}2")]

    first, second = jobs.submit("a", stages("a")), jobs.submit("b", stages("b"))
    go.set()
    ended(first)
    ended(second)
    assert order == ["a1", "b1", "a2", "b2"]


def test_one_who_leaves_does_not_stop_what_another_waits_for(jobs):
    go = threading.Event()
    job = jobs.submit("a", [lambda progress: go.wait(5) and "done"])
    assert jobs.submit("a", []) is job
    assert jobs.cancel("a")
    assert not job.stop.is_set()
    go.set()
    assert ended(job).result


def test_a_job_is_stopped_between_its_stages(jobs):
    go, reached = threading.Event(), threading.Event()
    jobs.submit("a", [lambda progress: reached.set() or go.wait(5)])
    reached.wait(5)
    ran = []
    job = jobs.submit("b", [lambda progress: jobs.cancel("b"), lambda progress: ran.append(2)])
    go.set()
    assert ended(job).status == "cancelled"
    assert ran == []


def test_a_waiting_job_never_starts(jobs):
    go, ran = threading.Event(), []
    jobs.submit("a", [lambda progress: go.wait(5)])
    job = jobs.submit("b", [lambda progress: ran.append(1)])
    jobs.cancel("b")
    go.set()
    ended(jobs.submit("c", [lambda progress: None]))
    assert job.status == "cancelled"
    assert ran == []


def test_a_full_line_refuses(jobs):
    go = threading.Event()
    first = jobs.submit("a", [lambda progress: go.wait(5)])
    while first.status != "running":
        first.wait_for(first.version, 1.0)
    jobs.submit("b", [lambda progress: None])
    jobs.submit("c", [lambda progress: None])
    with pytest.raises(FullError, match="too many simulations are waiting"):
        jobs.submit("d", [lambda progress: None])
    go.set()


@pytest.mark.parametrize(
    ("problem", "words"),
    [(DetenteError("a fault"), "a fault"), (ZeroDivisionError("by 0"), "ZeroDivisionError: by 0")],
)
def test_a_failure_is_told(jobs, problem, words):
    def fails(progress):
        raise problem

    job = ended(jobs.submit("a", [fails]))
    assert (job.status, job.error) == ("failed", words)
    assert ended(jobs.submit("b", [lambda progress: "fine"])).result == "fine"


def test_old_jobs_are_forgotten(jobs):
    for number in range(8):
        ended(jobs.submit(str(number), [lambda progress: None]))
    assert jobs.get("0") is None
    assert jobs.get("7") is not None
