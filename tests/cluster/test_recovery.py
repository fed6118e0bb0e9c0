"""What nobody thought of is said and tried again; it ends neither the dispatching nor a worker's turn in silence."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from playlista.cluster import dispatcher, local
from playlista.cluster.assignments import Assignments
from playlista.cluster.dispatcher import Dispatcher
from playlista.cluster.messages import Refusal
from playlista.cluster.roster import Roster, WorkerState
from playlista.library.jobs import Job
from tests.deadlines import DEADLINE_SECONDS
from tests.libraries import track_file


class Told(asyncio.Future[str]):
    """An answer as dask's client gives it."""

    def release(self) -> None:
        """Nothing is held."""


class Client:
    """Answers every request with one text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def submit(self, *_: object, **__: object) -> Told:
        told = Told()
        told.set_result(self._text)
        return told


@pytest.mark.parametrize("text", ['{"refusal": "unheard of", "blame": "track"}', '{"blame": "track", "new": 1}', "no"])
def test_a_greeting_that_cannot_be_understood_is_said_and_the_worker_rests_longer_each_time(text: str) -> None:
    async def greeted() -> list[float]:
        roster = Roster()
        roster.update({"workers": [{"address": "tls://one", "name": "one#1"}], "lost": []}, 0.0)
        member = roster.members["tls://one"]
        jobs: Any = None  # it is not asked
        assignments = Assignments(roster, jobs, "kinship", track_timeout_seconds=1.0, changed=lambda: None)
        rests = []
        for _ in range(3):
            await assignments._greet(Client(text), member)
            assert (member.state, bool(member.why)) == (WorkerState.RESTING, True)
            rests.append(member.until - time.monotonic())
        assignments.close()
        return rests

    with capture_logs() as logs:
        rests = asyncio.run(greeted())
    assert [line["event"] for line in logs] == ["worker.failed"] * 3
    assert rests == sorted(rests)


class Jobs:
    """Takes every end."""

    def __init__(self) -> None:
        self.rejected: list[str] = []

    def claim(self, _: str) -> tuple[Job, str]:
        return Job(0, track_file("a.mp3"), 1, alone_reduced=False, groups=None), "request"

    def reject(self, job: Job, why: str) -> None:
        self.rejected.append(f"{job.file.path}: {why}")


def test_a_worker_that_answers_what_cannot_be_rests_longer_each_time_and_its_track_is_given_back() -> None:
    async def assigned() -> tuple[list[str], list[float], int]:
        roster, jobs = Roster(), Jobs()
        roster.update({"workers": [{"address": "tls://one", "name": "one#1"}], "lost": []}, 0.0)
        member = roster.members["tls://one"]
        some: Any = jobs  # the other ends are not asked for
        assignments = Assignments(roster, some, "kinship", track_timeout_seconds=1.0, changed=lambda: None)
        rests = []
        for _ in range(3):
            assert await assignments.assign(Client("garbage"), member)
            while assignments.claims_if_idle is None:
                await asyncio.sleep(0.001)
            assert member.state is WorkerState.RESTING
            rests.append(member.until - time.monotonic())
        assignments.close()
        return jobs.rejected, rests, roster.refusals[Refusal.ANSWER]

    rejected, rests, count = asyncio.run(assigned())
    assert [line.startswith("a.mp3: worker one: its answer is none of ours") for line in rejected] == [True] * 3
    assert rests == sorted(rests)
    assert count == 3


def test_a_claim_that_is_being_made_counts_as_work() -> None:
    class Slow(Jobs):
        def __init__(self) -> None:
            super().__init__()
            self.claimed, self.goes_on = threading.Event(), threading.Event()

        def claim(self, worker: str) -> tuple[Job, str]:
            self.claimed.set()
            assert self.goes_on.wait(DEADLINE_SECONDS)
            return super().claim(worker)

    async def assigned() -> list[int | None]:
        roster, jobs = Roster(), Slow()
        roster.update({"workers": [{"address": "tls://one", "name": "one#1"}], "lost": []}, 0.0)
        some: Any = jobs  # the other ends are not asked for
        assignments = Assignments(roster, some, "kinship", track_timeout_seconds=1.0, changed=lambda: None)
        seen = [assignments.claims_if_idle]
        assigning = asyncio.ensure_future(assignments.assign(Client("garbage"), roster.members["tls://one"]))
        await asyncio.to_thread(jobs.claimed.wait, DEADLINE_SECONDS)
        seen.append(assignments.claims_if_idle)
        jobs.goes_on.set()
        assert await assigning
        seen.append(assignments.claims_if_idle)
        while assignments.claims_if_idle is None:
            await asyncio.sleep(0.001)
        seen.append(assignments.claims_if_idle)
        assignments.close()
        return seen

    assert asyncio.run(assigned()) == [0, None, None, 1]


def test_an_error_that_nobody_thought_of_is_said_and_the_dispatcher_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[float] = []

    async def broken(_: Dispatcher) -> None:
        times.append(time.monotonic())
        raise RuntimeError("odd")

    monkeypatch.setattr(Dispatcher, "_main", broken)
    monkeypatch.setattr(dispatcher, "LONGEST_WAIT_SECONDS", 0.01)
    jobs: Any = None  # it is not asked
    made = Dispatcher("tls://nowhere:1", None, jobs, "", may_claim=lambda: True, track_timeout_seconds=1.0)
    made.start()
    end = time.monotonic() + DEADLINE_SECONDS
    while len(times) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    trouble = made.reading().trouble
    made.stop()
    assert "RuntimeError: odd" in str(trouble)


def test_a_child_that_cannot_be_started_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    child = local._Child(["worker"], {})
    with capture_logs() as logs:
        local._keep_running(child)
        local._keep_running(child)  # before it is due
    assert [(line["event"], line["start_again_seconds"]) for line in logs] == [
        ("child.not_started", local.FIRST_WAIT_SECONDS)
    ]
    assert (child.process, child.wait) == (None, 2 * local.FIRST_WAIT_SECONDS)
