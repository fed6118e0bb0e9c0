"""Jobs that a process left claimed which something else than their track ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.library.jobs import Job
from playlista.memory.kernel_counts import KernelCounts, read_kernel_counts
from tests.libraries import MAX_ATTEMPTS, Parts, open_parts, track_file

OUTSIDE = "killed from outside"


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path) as opened:
        opened.queue.enqueue([track_file("song.mp3")], "scan")
        yield opened


def claim(parts: Parts) -> Job:
    job = parts.queue.claim()
    assert job is not None
    return job


def kill(parts: Parts) -> list[tuple[str, str]]:
    """What the next process gives back when this one is killed from outside during its track."""
    claim(parts)
    return parts.queue.release_interrupted(lambda claimed: OUTSIDE)


def test_an_innocent_track_is_given_back_without_an_attempt_and_without_suspicion(parts: Parts) -> None:
    assert kill(parts) == [("song.mp3", OUTSIDE)]
    assert parts.queue.recover_claimed() == []
    job = claim(parts)
    assert (job.attempts, job.alone_reduced) == (1, False)


def test_others_go_before_it_so_that_many_kills_do_not_hit_the_same(parts: Parts) -> None:
    parts.queue.enqueue([track_file("zebra.mp3")], "scan")
    assert claim(parts).file.path == "song.mp3"
    parts.clock.now += 60
    parts.queue.release_interrupted(lambda claimed: OUTSIDE)
    assert claim(parts).file.path == "zebra.mp3"


def test_what_the_kernel_said_at_the_claim_is_kept_with_the_job(parts: Parts) -> None:
    seen: list[KernelCounts] = []
    before = read_kernel_counts()
    claim(parts)
    after = read_kernel_counts()
    assert parts.queue.release_interrupted(seen.append) == []
    (claimed,) = seen
    assert claimed.boot_id == before.boot_id
    if before.oom_kills is not None and after.oom_kills is not None:
        assert claimed.oom_kills in range(before.oom_kills, after.oom_kills + 1)
    (crashed,) = parts.queue.recover_claimed()
    assert (crashed.path, crashed.attempts) == ("song.mp3", 1)


def test_a_job_that_an_older_version_claimed_tells_nothing(parts: Parts) -> None:
    claim(parts)
    with parts.database.transaction() as connection:
        connection.execute("UPDATE jobs SET boot_id = NULL, oom_kills = NULL")
    seen: list[KernelCounts] = []
    parts.queue.release_interrupted(seen.append)
    assert seen == [KernelCounts("", None)]


def test_the_same_content_is_believed_so_often_and_then_counted_until_it_is_quarantined(parts: Parts) -> None:
    assert [kill(parts) for _ in range(MAX_ATTEMPTS)] == [[("song.mp3", OUTSIDE)]] * MAX_ATTEMPTS
    counted = []
    for _ in range(MAX_ATTEMPTS):
        assert kill(parts) == []
        (crashed,) = parts.queue.recover_claimed()
        counted.append((crashed.attempts, crashed.quarantined))
        parts.clock.now += 3600
    assert counted == [(attempt, attempt == MAX_ATTEMPTS) for attempt in range(1, MAX_ATTEMPTS + 1)]
    assert parts.queue.claim() is None


def test_new_content_is_believed_anew(parts: Parts) -> None:
    for _ in range(MAX_ATTEMPTS):
        kill(parts)
    parts.queue.enqueue([track_file("song.mp3", content=2)], "event")
    assert kill(parts) == [("song.mp3", OUTSIDE)]


def test_a_track_that_changed_meanwhile_is_given_back_as_new(parts: Parts) -> None:
    for _ in range(MAX_ATTEMPTS - 1):
        kill(parts)
    claim(parts)
    parts.queue.enqueue([track_file("song.mp3", content=2)], "event")
    assert parts.queue.release_interrupted(lambda claimed: OUTSIDE) == [("song.mp3", OUTSIDE)]
    job = claim(parts)
    assert (job.attempts, job.file.size_bytes) == (1, 1002)
