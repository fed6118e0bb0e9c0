"""Another try for the tracks that somebody names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.errors import FailureReason
from playlista.library.retries import Retries
from tests.libraries import Parts, analysis_of, failed_analysis, open_parts, track_file


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """Two damaged files, an empty one, a good one, and one that waits because it was unreadable."""
    with open_parts(tmp_path, synced=False) as opened:
        results = [
            failed_analysis("0.mp3"),
            failed_analysis("1.mp3"),
            failed_analysis("2.mp3", FailureReason.EMPTY),
            analysis_of("3.mp3"),
        ]
        for result in results:
            opened.queue.enqueue([track_file(result.path)], "scan")
            job = opened.queue.claim()
            assert job is not None
            opened.queue.finish(job, result)
        opened.queue.enqueue([track_file("4.mp3")], "scan")
        job = opened.queue.claim()
        assert job is not None
        opened.queue.fail(job, FailureReason.UNREADABLE, "no answer", retryable=True)
        yield opened


def due(parts: Parts) -> list[str]:
    found = []
    while job := parts.queue.claim():
        found.append(job.file.path)
        parts.queue.finish(job, analysis_of(job.file.path))
    return sorted(found)


def test_named_tracks_are_due_once_and_unknown_ids_are_passed_over(parts: Parts) -> None:
    file_id = parts.library.get("3.mp3").file_id
    assert Retries(parts.database, parts.queue).of_ids([file_id, file_id, 999]) == 1
    assert due(parts) == ["3.mp3"]


def test_all_that_failed_for_a_reason_is_due_and_nothing_else(parts: Parts) -> None:
    assert Retries(parts.database, parts.queue).of_reason(FailureReason.CORRUPT) == 2
    assert due(parts) == ["0.mp3", "1.mp3"]


def test_what_waits_for_another_try_is_due_at_once(parts: Parts) -> None:
    assert Retries(parts.database, parts.queue).of_reason(FailureReason.UNREADABLE) == 1
    assert due(parts) == ["4.mp3"]


def test_reasons_are_counted(parts: Parts) -> None:
    assert parts.overview.reasons() == {FailureReason.CORRUPT: 2, FailureReason.EMPTY: 1}


def test_what_was_finished_since_comes_in_order(parts: Parts) -> None:
    parts.clock.now += 10
    before = parts.clock.now - 5
    for name in ("5.mp3", "6.mp3", "7.mp3"):
        parts.queue.enqueue([track_file(name)], "scan")
        job = parts.queue.claim()
        parts.queue.finish(job, analysis_of(name))
        parts.clock.now += 1
    assert [one.path for one in parts.overview.finished(after=before, limit=2)] == ["6.mp3", "7.mp3"]
