"""The queue with several workers: each has one job, and the death of one is no matter of the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.errors import FailureReason
from playlista.library.jobs import CrashedJob, Job
from playlista.tracks import Status
from tests.libraries import MAX_ATTEMPTS, Parts, analysis_of, open_parts, track_file

WORKERS = ("one", "two", None)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path) as opened:
        yield opened


def claimed(parts: Parts, worker: str | None = "one") -> Job:
    job = parts.queue.claim(worker)
    assert job is not None
    return job


def claims(parts: Parts, *paths: str) -> list[Job]:
    """One job for each of ``WORKERS``."""
    parts.queue.enqueue([track_file(path) for path in paths], "scan")
    return [claimed(parts, worker) for worker in WORKERS]


def crash(parts: Parts, job: Job) -> Status | None:
    return parts.queue.fail(job, FailureReason.CRASHED, "its worker died", retryable=True)


def test_each_worker_has_a_job_of_its_own_and_its_name_on_it(parts: Parts) -> None:
    jobs = claims(parts, "a", "b", "c")
    assert [(job.file.path, job.worker) for job in jobs] == [("a", "one"), ("b", "two"), ("c", None)]
    assert all(parts.queue.finish(job, analysis_of(job.file.path)) for job in reversed(jobs))
    assert parts.overview.job_counts() == {"queued": 0, "claimed": 0, "waiting": 0}


def test_a_late_end_of_a_job_that_went_to_another_worker_changes_nothing(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a")], "scan")
    late = claimed(parts, "one")
    parts.queue.release(late)
    now = claimed(parts, "two")
    assert (now.file_id, now.attempts) == (late.file_id, late.attempts)
    parts.queue.release(late)
    assert parts.queue.fail(late, FailureReason.CORRUPT, "late", retryable=False) is None
    assert not parts.queue.finish(late, analysis_of("a", bpm=1.0))
    assert parts.queue.finish(now, analysis_of("a", bpm=2.0))


def test_the_death_of_the_daemon_is_charged_to_its_own_track_alone(parts: Parts) -> None:
    claims(parts, "a", "b", "c")
    assert parts.queue.release_remote() == [("a", "one"), ("b", "two")]
    assert parts.queue.recover_claimed() == [CrashedJob("c", attempts=1, quarantined=False)]
    assert [claimed(parts, worker).attempts for worker in ("one", "two")] == [1, 1]


def test_the_death_of_one_worker_is_one_attempt_of_one_track(parts: Parts) -> None:
    one, two, _ = claims(parts, "a", "b", "c")
    assert crash(parts, one) is None
    assert parts.overview.job_counts() == {"queued": 0, "claimed": 2, "waiting": 1}
    assert parts.queue.finish(two, analysis_of("b"))
    parts.clock.now += 3600
    again = claimed(parts, "two")
    assert (again.file.path, again.attempts, again.alone_reduced) == ("a", 2, True)


def test_a_track_at_which_workers_die_is_quarantined_when_its_attempts_are_used_up(parts: Parts) -> None:
    parts.queue.enqueue([track_file("poison")], "scan")
    ends = []
    for worker in ("one", "two", "three"):
        ends.append(crash(parts, claimed(parts, worker)))
        parts.clock.now += 3600
    assert ends == [None, None, Status.QUARANTINED]
    assert parts.queue.claim("one") is None


def test_what_was_lost_with_others_is_released_and_charged_only_when_that_happens_without_end(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a")], "scan")
    for _ in range(MAX_ATTEMPTS):
        job = claimed(parts)
        assert job.attempts == 1
        assert parts.queue.interrupt(job)
    job = claimed(parts)
    assert not parts.queue.interrupt(job)
    assert crash(parts, job) is None  # from now on it counts


def test_to_interrupt_what_is_not_there_any_more_is_nothing(parts: Parts) -> None:
    one, *_ = claims(parts, "a", "b", "c")
    assert parts.queue.finish(one, analysis_of("a"))
    assert parts.queue.interrupt(one)
