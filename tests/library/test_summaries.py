"""Lists and counts, also in a library so large that only an index can answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from playlista.errors import FailureReason
from playlista.library.comparisons import Comparisons
from playlista.tracks import Status
from tests.libraries import Rooms, analysis_of, failed_analysis, open_rooms, track_file


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    with open_rooms(tmp_path, synced=False) as opened:
        for number in range(6):
            path = f"{number}.mp3"
            opened.queue.enqueue([track_file(path)], "scan")
            job = opened.queue.claim()
            assert job is not None
            opened.queue.finish(job, failed_analysis(path) if number % 3 == 0 else analysis_of(path))
            opened.clock.now += 10
        yield opened


def test_a_summary_says_what_a_list_shows(rooms: Rooms) -> None:
    (summary,) = rooms.overview.summaries(after="0.mp3", limit=1)
    assert (summary.path, summary.status, summary.reason, summary.attempts) == ("1.mp3", Status.ANALYZED, None, 1)
    assert (summary.bpm, summary.key, summary.scale, summary.duration_seconds) == (120.0, "C#", "minor", 180.0)


def test_failures_come_latest_first_with_what_is_known_of_them(rooms: Rooms) -> None:
    failures = rooms.overview.failures()
    assert [failure.path for failure in failures] == ["3.mp3", "0.mp3"]
    assert (failures[0].reason, failures[0].detail) == (FailureReason.CORRUPT, "the stream is broken")


def test_all_failures_are_listed_even_if_they_happened_in_one_moment(rooms: Rooms) -> None:
    paths = [f"same moment/{number:03}.mp3" for number in range(250)]
    rooms.queue.enqueue(map(track_file, paths), "scan")
    while (job := rooms.queue.claim()) is not None:
        rooms.queue.finish(job, failed_analysis(job.file.path))
    listed = [failure.path for failure in rooms.overview.every_failure()]
    assert listed == [*reversed(paths), "3.mp3", "0.mp3"]


def test_counts_are_by_status_with_a_place_for_each(rooms: Rooms) -> None:
    rooms.queue.enqueue([track_file("new.mp3")], "scan")
    assert rooms.overview.counts() == {"analyzed": 4, "failed": 2, "unanalyzed": 1, "partial": 0, "quarantined": 0}
    assert rooms.overview.job_counts() == rooms.queue.counts()


def test_throughput_counts_what_was_finished_since(rooms: Rooms) -> None:
    done = rooms.overview.throughput(since=rooms.clock.now - 30.5)
    assert (done.tracks, done.audio_seconds) == (3, 2 * 180.0)


QUESTIONS: dict[str, Callable[[Rooms], object]] = {
    "status: counts": lambda rooms: rooms.overview.counts(),
    "status: jobs": lambda rooms: rooms.queue.counts(),
    "status: age": lambda rooms: rooms.overview.oldest_enqueued_at(),
    "status: next": lambda rooms: rooms.queue.next_due_at(),
    "status: throughput": lambda rooms: rooms.overview.throughput(since=rooms.clock.now - 60),
    "list": lambda rooms: rooms.overview.summaries(after="2.mp3"),
    "list --status": lambda rooms: rooms.overview.summaries(status=Status.FAILED, after="2.mp3"),
    "export": lambda rooms: rooms.store.page(after="2.mp3"),
    "failures": lambda rooms: rooms.overview.failures(),
    "retries": lambda rooms: rooms.overview.retries(),
    "show": lambda rooms: rooms.store.get("2.mp3"),
    "similar": lambda rooms: list(rooms.store.embeddings()),
    "outdated": lambda rooms: list(rooms.store.outdated(lambda *_: frozenset({"rhythm"}))),
    "same bytes": lambda rooms: rooms.store.with_content(b"bytes"),
    "same opening": lambda rooms: rooms.store.with_opening(b"opening"),
    "compare": lambda rooms: Comparisons(rooms.database, rooms.store).due(10),
    "claim": lambda rooms: rooms.queue.claim(),
    "recover": lambda rooms: rooms.queue.recover_claimed(),
    "scan": lambda rooms: rooms.library.page(folder="a", after="2.mp3"),
    "moved from": lambda rooms: rooms.library.twins(track_file("2.mp3")),
    "enqueue": lambda rooms: rooms.queue.enqueue([track_file("2.mp3", content=5)], "event"),
    "sample": lambda rooms: rooms.library.sample(2),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_a_whole_table_or_sorts_one(rooms: Rooms, question: str) -> None:
    """What makes them answer in milliseconds with a million rows: each step is a search in an index."""
    statements: list[str] = []
    with rooms.database.read() as connection:
        connection.set_trace_callback(statements.append)
        QUESTIONS[question](rooms)
        connection.set_trace_callback(None)
        asked = [text for text in statements if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)", text)]
        plans = [row["detail"] for text in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert asked
    for step in plans:
        assert not re.match(r"SCAN (files|jobs|analyses|embeddings|origins)\b(?! USING (COVERING )?INDEX)", step), step
        assert "TEMP B-TREE" not in step, step


def test_a_track_that_is_tried_again_is_listed_with_its_reason_and_time(rooms: Rooms) -> None:
    rooms.queue.enqueue([track_file("busy.mp3")], "scan")
    job = rooms.queue.claim()
    assert job is not None
    rooms.queue.fail(job, FailureReason.UNREADABLE, "the disk did not answer", retryable=True)
    (retry,) = rooms.overview.retries()
    assert (retry.path, retry.reason, retry.detail) == ("busy.mp3", FailureReason.UNREADABLE, "the disk did not answer")
    assert (retry.attempts, retry.due_at > rooms.clock.now) == (1, True)
