"""What becomes of jobs that are at workers of a cluster; the library is real, the workers are the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from playlista.cluster.messages import Answer, Request, analysis_in, analysis_text
from playlista.daemon.failures import Failures
from playlista.daemon.remote_jobs import REFUSED_SECONDS, RemoteJobs
from playlista.errors import Blame, FailureReason, StoreError
from playlista.library.jobs import Job
from playlista.memory.budget import CapReason
from playlista.serve.metrics import Metrics
from playlista.tracks import Status
from tests.libraries import MAX_ATTEMPTS, Parts, analysis_of, failed_analysis, open_parts, track_file


@dataclass
class Remote:
    parts: Parts
    jobs: RemoteJobs
    metrics: Metrics

    def claim(self, worker: str = "one#1") -> tuple[Job, Request]:
        claimed = self.jobs.claim(worker)
        assert claimed is not None
        return claimed[0], Request.from_text(claimed[1])

    @property
    def in_flight(self) -> float | None:
        return self.metrics.registry.get_sample_value("playlista_tracks_in_flight")


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    with open_parts(tmp_path) as parts:
        metrics = Metrics(version="0", cap_reasons=CapReason)
        failures = Failures(parts.queue, metrics, parts.clock, recheck_ffmpeg=lambda: None)
        jobs = RemoteJobs(parts.queue, parts.store, failures, metrics, "digest", wall_clock=parts.clock)
        parts.queue.enqueue([track_file("a.mp3")], "scan")
        yield Remote(parts, jobs, metrics)


def result(path: str = "a.mp3") -> Answer:
    return Answer(analysis=analysis_text(analysis_of(path)), has_result=True)


def test_a_request_says_what_the_daemon_saw_and_what_is_known(remote: Remote) -> None:
    job, request = remote.claim()
    file = track_file("a.mp3")
    assert (request.path, request.size_bytes, request.mtime_ns) == ("a.mp3", file.size_bytes, file.mtime_ns)
    assert (request.known, request.kinship, request.groups) == (None, "digest", None)
    remote.jobs.end(job, result())
    remote.parts.queue.retry(["a.mp3"])
    _, request = remote.claim()
    assert request.known is not None
    assert analysis_in(request.known) == analysis_of("a.mp3")
    assert request.groups is not None


def test_an_answer_becomes_the_result_and_ends_the_job(remote: Remote) -> None:
    job, _ = remote.claim()
    assert remote.in_flight == 1
    remote.jobs.end(job, result())
    assert remote.parts.store.get("a.mp3") == analysis_of("a.mp3")
    assert remote.jobs.claim("one#1") is None
    assert (remote.in_flight, remote.jobs.unsuccessful) == (0, 0)


def test_a_failure_at_a_worker_is_the_tracks_as_it_would_be_here(remote: Remote) -> None:
    job, _ = remote.claim()
    failure = failed_analysis("a.mp3")
    remote.jobs.end(job, Answer(analysis=analysis_text(failure)))
    stored = remote.parts.store.get("a.mp3")
    assert stored is not None
    assert (stored.status, stored.reason) == (Status.FAILED, failure.reason)
    assert remote.jobs.unsuccessful == 1


def test_a_failure_of_a_workers_storage_counts_no_attempt(remote: Remote) -> None:
    job, _ = remote.claim()
    remote.jobs.end(job, Answer(analysis=analysis_text(failed_analysis("a.mp3")), blame=Blame.STORAGE))
    remote.parts.clock.now += 3600
    again, _ = remote.claim("two#1")
    assert again.attempts == 1


def test_a_refusal_costs_nothing_and_another_worker_gets_the_track_soon(remote: Remote) -> None:
    for _ in range(2 * MAX_ATTEMPTS):
        job, _ = remote.claim()
        assert job.attempts == 1
        remote.jobs.refuse(job, "another mount")
        assert remote.jobs.claim("two#1") is None
        remote.parts.clock.now += REFUSED_SECONDS
    assert remote.in_flight == 0


def test_a_poison_is_named_and_quarantined_when_its_attempts_are_used_up(remote: Remote) -> None:
    for number in range(MAX_ATTEMPTS):
        job, request = remote.claim(f"worker-{number}#ab")
        assert (request.attempts, request.alone_reduced) == (number + 1, number > 0)
        remote.jobs.lose(job, f"worker-{number}#ab", None)
        remote.parts.clock.now += 3600
    stored = remote.parts.store.get("a.mp3")
    assert stored is not None
    assert (stored.status, stored.reason) == (Status.QUARANTINED, FailureReason.CRASHED)
    assert "worker-2 died" in (stored.detail or "")


def test_a_loss_with_an_excuse_is_no_attempt_but_not_without_end(remote: Remote) -> None:
    for _ in range(MAX_ATTEMPTS):
        job, _ = remote.claim()
        assert job.attempts == 1
        remote.jobs.lose(job, "one#1", "3 workers were lost at the same moment")
    job, _ = remote.claim()
    remote.jobs.lose(job, "one#1", "3 workers were lost at the same moment")
    remote.parts.clock.now += 3600
    assert remote.claim()[0].attempts == 2


def test_an_end_that_could_not_be_written_gives_the_job_back_before_the_next_claim(remote: Remote) -> None:
    job, _ = remote.claim()
    with remote.parts.database.transaction() as connection:
        connection.execute("CREATE TRIGGER no_end BEFORE DELETE ON jobs BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StoreError):
        remote.jobs.end(job, result())
    with remote.parts.database.transaction() as connection:
        connection.execute("DROP TRIGGER no_end")
    again, _ = remote.claim("two#1")
    assert (again.file.path, again.attempts) == ("a.mp3", 1)


def test_texts_are_json(remote: Remote) -> None:
    claimed = remote.jobs.claim("one#1")
    assert claimed is not None
    assert isinstance(json.loads(claimed[1]), dict)
