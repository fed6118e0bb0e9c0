"""What becomes of jobs that are at workers of a cluster; the library is real, the workers are the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from playlista.cluster.messages import Answer, analysis_in, analysis_text
from playlista.daemon.remote_jobs import REFUSED_SECONDS
from playlista.errors import Blame, FailureReason, StoreError
from playlista.tracks import Status
from tests.cluster.remote import KINSHIP, Remote, opened
from tests.libraries import MAX_ATTEMPTS, analysis_of, failed_analysis, track_file


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    with opened(tmp_path) as made:
        yield made


def result(path: str = "a.mp3") -> Answer:
    return Answer(analysis=analysis_text(analysis_of(path)), has_result=True)


def test_a_request_says_what_the_daemon_saw_and_what_is_known(remote: Remote) -> None:
    job, request = remote.claim()
    file = track_file("a.mp3")
    assert (request.path, request.size_bytes, request.mtime_ns) == ("a.mp3", file.size_bytes, file.mtime_ns)
    assert (request.known, request.kinship, request.groups) == (None, KINSHIP.digest, None)
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


def test_what_waits_for_a_workers_storage_says_whose_storage_it_is(remote: Remote) -> None:
    job, _ = remote.claim("attic#ab12")
    failure = failed_analysis("a.mp3")
    with capture_logs() as logs:
        remote.jobs.end(job, Answer(analysis=analysis_text(failure), blame=Blame.STORAGE))
    (line,) = [line for line in logs if line["event"] == "track.postponed"]
    assert line["detail"] == f"worker attic: {failure.detail}"


def test_a_track_that_another_worker_did_is_not_among_those_that_did_not_succeed(remote: Remote) -> None:
    job, _ = remote.claim()
    remote.jobs.end(job, Answer(analysis=analysis_text(failed_analysis("a.mp3")), blame=Blame.STORAGE))
    assert remote.jobs.unsuccessful == 1
    remote.parts.clock.now += 3600
    again, _ = remote.claim("two#1")
    remote.jobs.end(again, result())
    assert remote.jobs.unsuccessful == 0


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
