"""The queue, one rule a test. Its invariants under any order of calls are in test_queue_machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from playlista.errors import FailureReason, StoreError
from playlista.library.jobs import CrashedJob, Job
from playlista.library.queue import BATCH_FILES, CLAIMS_PER_OLDEST, LONGEST_BACKOFF_SECONDS, JobQueue
from playlista.tracks import Status, TrackFile
from playlista.tracks.origin import Origin
from tests.libraries import (
    FIRST_BACKOFF_SECONDS,
    MAX_ATTEMPTS,
    Parts,
    analysis_of,
    failed_analysis,
    open_parts,
    track_file,
)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path) as opened:
        yield opened


def claim(parts: Parts) -> Job:
    job = parts.queue.claim()
    assert job is not None
    return job


def claim_and_finish(parts: Parts) -> str:
    job = claim(parts)
    assert parts.queue.finish(job, analysis_of(job.file.path))
    return job.file.path


def fail(parts: Parts, job: Job, reason: FailureReason = FailureReason.DECODE_TIMEOUT) -> Status | None:
    return parts.queue.fail(job, reason, "took too long", retryable=True)


def crash(parts: Parts) -> list[CrashedJob]:
    """What the next process finds when this one dies now; then time enough for any back-off goes by."""
    crashed = parts.queue.recover_claimed()
    parts.clock.now += LONGEST_BACKOFF_SECONDS
    return crashed


def test_files_are_claimed_in_the_order_in_which_they_came(parts: Parts) -> None:
    for path in ("c.mp3", "a.mp3", "b.mp3"):
        parts.queue.enqueue([track_file(path)], "scan")
        parts.clock.now += 1
    assert [claim_and_finish(parts) for _ in range(3)] == ["c.mp3", "a.mp3", "b.mp3"]
    assert parts.queue.claim() is None


def test_a_file_that_just_changed_goes_before_the_backlog_of_a_scan(parts: Parts) -> None:
    parts.queue.enqueue([track_file(f"backlog/{number}.mp3") for number in range(10)], "scan")
    parts.clock.now += 60
    parts.queue.enqueue([track_file("dropped in.mp3")], "event")
    assert claim_and_finish(parts) == "dropped in.mp3"


def test_a_stream_of_changes_does_not_starve_the_backlog(parts: Parts) -> None:
    parts.queue.enqueue([track_file("backlog.mp3")], "scan")
    parts.clock.now += 1
    parts.queue.enqueue([track_file(f"{number}.mp3") for number in range(100)], "event")
    claimed = [claim_and_finish(parts) for _ in range(CLAIMS_PER_OLDEST)]
    assert "backlog.mp3" in claimed


def test_an_attempt_is_on_disk_before_the_job_is_handed_out(tmp_path: Path, parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    claim(parts)
    with open_parts(tmp_path) as other_process:
        assert other_process.overview.job_counts() == {"queued": 0, "claimed": 1, "waiting": 0}
        assert crash(other_process) == [CrashedJob("a.mp3", attempts=1, quarantined=False)]


def test_result_and_end_of_the_job_are_one_transaction(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    job = claim(parts)
    with parts.database.transaction() as connection:
        connection.execute("CREATE TRIGGER no_end BEFORE DELETE ON jobs BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StoreError, match="no"):
        parts.queue.finish(job, analysis_of("a.mp3"))
    assert parts.store.get("a.mp3") is None
    assert parts.overview.job_counts()["claimed"] == 1


def test_an_attempt_whose_end_could_not_be_written_is_given_back_unpunished(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    first = claim(parts)
    second = claim(parts)  # the worker has gone on, so the first attempt is over
    assert (first.attempts, second.attempts) == (1, 1)
    assert second.file.path == "a.mp3"


def test_a_failure_that_may_pass_is_tried_again_after_a_backoff_that_doubles(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    assert fail(parts, claim(parts)) is None
    parts.clock.now += FIRST_BACKOFF_SECONDS - 1
    assert parts.queue.claim() is None
    parts.clock.now += 1
    assert fail(parts, claim(parts)) is None
    assert parts.queue.next_due_at() == parts.clock.now + 2 * FIRST_BACKOFF_SECONDS


def test_a_backoff_longer_than_an_hour_is_kept(tmp_path: Path, parts: Parts) -> None:
    queue = JobQueue(parts.database, parts.store, clock=parts.clock, max_attempts=3, first_backoff_seconds=3 * 3600.0)
    queue.enqueue([track_file("a.flac")], "scan")
    job = queue.claim()
    assert job is not None
    queue.fail(job, FailureReason.DECODE_TIMEOUT, "slow", retryable=True)
    parts.clock.now += 3 * 3600.0 - 1
    assert queue.claim() is None
    parts.clock.now += 2
    assert queue.claim() is not None


def test_a_file_that_fails_at_every_attempt_is_quarantined_with_its_last_reason(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    for _ in range(MAX_ATTEMPTS):
        ended_as = fail(parts, claim(parts))
        parts.clock.now += LONGEST_BACKOFF_SECONDS
    assert ended_as is Status.QUARANTINED
    assert parts.queue.claim() is None
    (failure,) = parts.overview.failures()
    assert (failure.reason, failure.attempts, failure.detail) == ("decode_timeout", MAX_ATTEMPTS, "took too long")


def test_what_cannot_end_otherwise_fails_at_once(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    assert parts.queue.fail(claim(parts), FailureReason.NOT_AUDIO, "a picture", retryable=False) is Status.FAILED
    assert parts.queue.next_due_at() is None
    result = parts.store.get("a.mp3")
    assert result is not None
    assert (result.status, result.reason) == (Status.FAILED, FailureReason.NOT_AUDIO)


def test_a_vanished_file_is_waited_for_without_end_and_without_blame(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    for _ in range(MAX_ATTEMPTS + 2):
        job = claim(parts)
        assert job.attempts == 1
        assert fail(parts, job, FailureReason.VANISHED) is None
        parts.clock.now += FIRST_BACKOFF_SECONDS
    assert parts.overview.failures() == []


def test_a_job_given_back_on_stop_is_the_first_one_next_time_and_counts_no_attempt(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    parts.clock.now += 1
    parts.queue.enqueue([track_file("b.mp3")], "scan")
    parts.queue.release(claim(parts))
    job = claim(parts)
    assert (job.file.path, job.attempts, job.alone_reduced) == ("a.mp3", 1, False)


def test_a_crash_is_blamed_on_the_claimed_file_and_the_next_attempt_is_alone_and_reduced(parts: Parts) -> None:
    parts.queue.enqueue([track_file("poison.mp3"), track_file("zebra.mp3")], "scan")
    assert claim(parts).file.path == "poison.mp3"
    assert crash(parts) == [CrashedJob("poison.mp3", attempts=1, quarantined=False)]
    second = {job.file.path: job for job in (claim(parts),)}
    parts.queue.finish(second["zebra.mp3"], analysis_of("zebra.mp3"))
    retried = claim(parts)
    assert (retried.file.path, retried.attempts, retried.alone_reduced) == ("poison.mp3", 2, True)


def test_after_a_crash_the_other_files_come_first(parts: Parts) -> None:
    parts.queue.enqueue([track_file("poison.mp3"), track_file("zebra.mp3")], "scan")
    claim(parts)
    parts.queue.recover_claimed()
    assert claim_and_finish(parts) == "zebra.mp3"
    assert parts.queue.claim() is None


def test_suspicion_outlives_an_attempt_that_failed_otherwise(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    claim(parts)
    crash(parts)
    fail(parts, claim(parts))
    parts.clock.now += LONGEST_BACKOFF_SECONDS
    assert claim(parts).alone_reduced


def test_a_file_that_kills_the_process_each_time_is_quarantined_until_its_content_changes(parts: Parts) -> None:
    parts.queue.enqueue([track_file("poison.mp3")], "scan")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        claim(parts)
        assert crash(parts) == [CrashedJob("poison.mp3", attempt, quarantined=attempt == MAX_ATTEMPTS)]
    assert parts.queue.claim() is None
    assert parts.overview.counts()["quarantined"] == 1
    (failure,) = parts.overview.failures()
    assert (failure.reason, failure.status) == ("crashed", "quarantined")

    parts.queue.enqueue([track_file("poison.mp3", content=2)], "event")
    job = claim(parts)
    assert (job.attempts, job.alone_reduced) == (1, False)


def test_a_file_that_changes_while_it_waits_starts_over_at_once(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    fail(parts, claim(parts))
    assert parts.queue.enqueue([track_file("a.mp3", content=2)], "event") == 1
    job = claim(parts)
    assert (job.attempts, job.file) == (1, track_file("a.mp3", content=2))


def test_an_unchanged_file_that_is_seen_again_keeps_its_backoff(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    fail(parts, claim(parts))
    assert parts.queue.enqueue([track_file("a.mp3")], "scan") == 0
    assert parts.queue.claim() is None


def test_a_file_that_changes_while_it_is_analyzed_is_analyzed_once_more(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    job = claim(parts)
    parts.queue.enqueue([track_file("a.mp3", content=2)], "event")
    assert parts.queue.finish(job, analysis_of("a.mp3", bpm=100))
    again = claim(parts)
    assert (again.file, again.attempts) == (track_file("a.mp3", content=2), 1)


def test_a_file_that_changed_before_it_was_opened_is_not_analyzed_twice(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    job = claim(parts)
    parts.queue.enqueue([track_file("a.mp3", content=2)], "event")
    assert parts.queue.finish(job, analysis_of("a.mp3"), seen=track_file("a.mp3", content=2))
    assert parts.queue.claim() is None


def test_what_the_worker_read_is_what_the_library_knows_afterwards(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    parts.queue.finish(claim(parts), analysis_of("a.mp3"), seen=track_file("a.mp3", content=2))
    known = parts.library.get("a.mp3")
    assert known is not None
    assert known.file == track_file("a.mp3", content=2)


def test_a_failure_on_bytes_that_are_gone_does_not_count(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    job = claim(parts)
    parts.queue.enqueue([track_file("a.mp3", content=2)], "event")
    assert parts.queue.fail(job, FailureReason.CORRUPT, "half a file", retryable=False) is None
    assert parts.overview.failures() == []
    assert claim(parts).attempts == 1


def test_a_file_deleted_while_it_is_analyzed_leaves_nothing_behind(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    job = claim(parts)
    parts.library.forget([job.file_id])
    assert not parts.queue.finish(job, analysis_of("a.mp3"))
    assert fail(parts, job) is None
    parts.queue.release(job)
    assert parts.library.count() == 0
    assert parts.overview.job_counts() == {"queued": 0, "claimed": 0, "waiting": 0}


def test_a_file_deleted_and_made_anew_does_not_get_the_result_of_the_former(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    job = claim(parts)
    parts.library.forget([job.file_id])
    parts.queue.enqueue([track_file("a.mp3", content=2)], "event")
    assert not parts.queue.finish(job, analysis_of("a.mp3"))
    assert claim(parts).file == track_file("a.mp3", content=2)


def test_a_file_renamed_while_it_is_analyzed_has_its_result_at_the_new_path(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3", inode=5)], "scan")
    job = claim(parts)
    parts.library.move([(job.file_id, track_file("b.mp3", inode=5))])
    assert parts.queue.finish(job, analysis_of("a.mp3"))
    assert parts.store.get("b.mp3") == analysis_of("b.mp3")
    assert parts.store.get("a.mp3") is None


def test_a_file_renamed_while_queued_is_claimed_under_its_new_path(parts: Parts) -> None:
    parts.queue.enqueue([track_file("old/a.mp3")], "scan")
    known = parts.library.get("old/a.mp3")
    assert known is not None
    parts.library.move([(known.file_id, replace(known.file, path="new/a.mp3"))])
    assert claim(parts).file.path == "new/a.mp3"


def test_an_outdated_result_is_recomputed_for_its_groups_only(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    claim_and_finish(parts)
    parts.queue.enqueue([track_file("a.mp3")], "outdated", groups=frozenset({"rhythm"}))
    parts.queue.enqueue([track_file("a.mp3")], "outdated", groups=frozenset({"tonal"}))
    assert claim(parts).groups == {"rhythm", "tonal"}


def test_what_was_asked_for_stays_asked_for_when_the_file_changes_and_the_worker_decides_by_the_bytes(
    parts: Parts,
) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    claim_and_finish(parts)
    parts.queue.enqueue([track_file("a.mp3")], "outdated", groups=frozenset({"rhythm"}))
    parts.queue.enqueue([track_file("a.mp3", content=2)], "scan")
    assert claim(parts).groups == {"rhythm"}


@pytest.mark.parametrize(("content", "is_kept"), [(b"same", True), (b"other", False)])
def test_a_failure_keeps_the_numbers_of_the_same_bytes_and_of_no_others(
    parts: Parts, content: bytes, is_kept: bool
) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    parts.queue.finish(claim(parts), replace(analysis_of("a.mp3"), origin=Origin(content=b"same")))
    parts.queue.enqueue([track_file("a.mp3", content=2)], "outdated", groups=frozenset({"rhythm"}))
    parts.queue.fail(claim(parts), FailureReason.CORRUPT, "broken", retryable=False, content=content)
    failure = parts.store.get("a.mp3")
    assert failure is not None
    assert failure.status is Status.FAILED
    assert (failure.rhythm is not None) == is_kept


def test_a_result_read_at_a_path_to_which_another_file_came_is_refused(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3", inode=5)], "scan")
    job = claim(parts)
    parts.library.move([(job.file_id, track_file("b.mp3", inode=5))])
    assert not parts.queue.finish(job, analysis_of("a.mp3"), seen=track_file("a.mp3", inode=6))
    assert parts.store.get("b.mp3") is None
    assert claim(parts).file.path == "b.mp3"


def test_a_recomputation_that_fails_keeps_the_numbers_that_were_there(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    claim_and_finish(parts)
    parts.queue.enqueue([track_file("a.mp3")], "outdated", groups=frozenset({"rhythm"}))
    parts.queue.fail(claim(parts), FailureReason.INTERNAL, "a bug", retryable=False)
    expected = replace(analysis_of("a.mp3"), status=Status.FAILED, reason=FailureReason.INTERNAL, detail="a bug")
    assert parts.store.get("a.mp3") == expected


def test_retry_puts_failed_quarantined_and_waiting_files_back_with_their_attempts_forgotten(parts: Parts) -> None:
    paths = ["failed.mp3", "waiting.mp3"]
    parts.queue.enqueue(map(track_file, paths), "scan")
    parts.queue.fail(claim(parts), FailureReason.CORRUPT, "broken", retryable=False)
    fail(parts, claim(parts))
    assert parts.queue.retry_all() == 2
    first = claim(parts)
    parts.queue.finish(first, analysis_of(first.file.path))
    second = claim(parts)
    assert sorted([first.file.path, second.file.path]) == paths
    assert (first.attempts, second.attempts) == (1, 1)


def test_retry_of_named_files_says_which_of_them_are_known(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    claim_and_finish(parts)
    assert parts.queue.retry(["a.mp3", "unknown.mp3"]) == ["a.mp3"]
    assert claim(parts).file.path == "a.mp3"


def test_a_failed_file_that_succeeds_later_is_no_failure_any_more(parts: Parts) -> None:
    parts.queue.enqueue([track_file("a.mp3")], "scan")
    job = claim(parts)
    parts.queue.finish(job, failed_analysis("a.mp3"))
    parts.queue.retry_all()
    claim_and_finish(parts)
    assert parts.overview.failures() == []
    assert parts.overview.counts()["failed"] == 0


def test_the_queue_goes_on_when_the_clock_is_set_back(parts: Parts) -> None:
    parts.queue.enqueue([track_file("queued.mp3"), track_file("waiting.mp3")], "scan")
    parts.queue.release(claim(parts))
    parts.clock.now -= 10 * 365 * 86400
    assert claim_and_finish(parts) == "queued.mp3"
    fail(parts, claim(parts))
    parts.clock.now -= 10 * 365 * 86400
    assert claim_and_finish(parts) == "waiting.mp3"


def test_a_queue_that_is_asked_in_vain_writes_nothing(tmp_path: Path, parts: Parts) -> None:
    parts.queue.claim()
    wal = tmp_path / "playlista.db-wal"
    before = wal.stat().st_size
    for _ in range(10):
        assert parts.queue.claim() is None
    assert wal.stat().st_size == before


def test_counts_and_age_follow_every_change_of_state(parts: Parts) -> None:
    assert parts.overview.oldest_enqueued_at() is None
    came_in_at = parts.clock.now
    parts.queue.enqueue(map(track_file, ("a.mp3", "b.mp3", "c.mp3")), "scan")
    parts.clock.now += 5
    fail(parts, claim(parts))
    claim(parts)
    assert parts.overview.job_counts() == {"queued": 1, "claimed": 1, "waiting": 1}
    assert parts.overview.oldest_enqueued_at() == came_in_at


def test_a_generator_of_many_files_is_taken_in_short_transactions(parts: Parts) -> None:
    """So that the worker gets its turn while a large folder is enqueued."""
    number_of_files = 2 * BATCH_FILES + 1
    seen_in_between = []

    def files() -> Iterator[TrackFile]:
        for number in range(number_of_files):
            if number % BATCH_FILES == 0:
                seen_in_between.append(parts.overview.job_counts()["queued"])
            yield track_file(f"{number:06}.mp3")

    assert parts.queue.enqueue(files(), "scan") == number_of_files
    assert seen_in_between == [0, BATCH_FILES, 2 * BATCH_FILES]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_hundred_thousand_files_are_enqueued_in_seconds_of_cpu(parts: Parts) -> None:
    """Bar: 100,000 within 15 CPU seconds; measured 3.2. The margin is for slow machines, not for noise."""
    began = time.process_time()
    parts.queue.enqueue((track_file(f"{number:06}.mp3", inode=number) for number in range(100_000)), "scan")
    assert time.process_time() - began < 15


@pytest.mark.parametrize("reason", [FailureReason.PERMISSION_DENIED, FailureReason.UNREADABLE])
def test_what_could_not_be_read_is_due_again_when_somebody_rescans_and_nothing_else_is(
    parts: Parts, reason: FailureReason
) -> None:
    parts.queue.enqueue([track_file("locked.mp3"), track_file("text.mp3")], "scan")
    parts.queue.fail(claim(parts), reason, "no rights", retryable=False)
    parts.queue.fail(claim(parts), FailureReason.NOT_AUDIO, "a text", retryable=False)

    assert parts.queue.enqueue_unreadable() == 1
    assert parts.queue.enqueue_unreadable() == 0, "it is in the queue already"
    job = claim(parts)
    assert (job.file.path, job.attempts) == ("locked.mp3", 1)
    assert parts.queue.finish(job, analysis_of("locked.mp3"))
    assert parts.queue.enqueue_unreadable() == 0
    assert parts.queue.claim() is None
