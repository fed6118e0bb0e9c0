"""Lists and counts, also in a library so large that only an index can answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from playlista.errors import FailureReason
from playlista.library.comparisons import Comparisons
from playlista.library.due_tags import DueTags
from playlista.library.stored_results import StoredResults
from playlista.library.track_filter import TrackFilter
from playlista.library.track_pages import SORTS, TrackPages
from playlista.library.track_summaries import TrackLookup
from playlista.library.vectors import Vectors
from tests.libraries import Parts, analysis_of, failed_analysis, open_parts, track_file


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        for number in range(6):
            path = f"{number}.mp3"
            opened.queue.enqueue([track_file(path)], "scan")
            job = opened.queue.claim()
            assert job is not None
            opened.queue.finish(job, failed_analysis(path) if number % 3 == 0 else analysis_of(path))
            opened.clock.now += 10
        yield opened


def test_failures_come_latest_first_with_what_is_known_of_them(parts: Parts) -> None:
    failures = parts.overview.failures()
    assert [failure.path for failure in failures] == ["3.mp3", "0.mp3"]
    assert (failures[0].reason, failures[0].detail) == (FailureReason.CORRUPT, "the stream is broken")


def test_all_failures_are_listed_even_if_they_happened_in_one_moment(parts: Parts) -> None:
    paths = [f"same moment/{number:03}.mp3" for number in range(250)]
    parts.queue.enqueue(map(track_file, paths), "scan")
    while (job := parts.queue.claim()) is not None:
        parts.queue.finish(job, failed_analysis(job.file.path))
    listed = [failure.path for failure in parts.overview.every_failure()]
    assert listed == [*reversed(paths), "3.mp3", "0.mp3"]


def test_counts_are_by_status_with_a_place_for_each(parts: Parts) -> None:
    parts.queue.enqueue([track_file("new.mp3")], "scan")
    assert parts.overview.counts() == {"analyzed": 4, "failed": 2, "unanalyzed": 1, "partial": 0, "quarantined": 0}
    with parts.database.read() as connection:
        rows = connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
    assert {state: n for state, n in parts.overview.job_counts().items() if n} == dict(map(tuple, rows))


def test_throughput_counts_what_was_finished_since(parts: Parts) -> None:
    done = parts.overview.throughput(since=parts.clock.now - 30.5)
    assert (done.tracks, done.audio_seconds) == (3, 2 * 180.0)


QUESTIONS: dict[str, Callable[[Parts], object]] = {
    "status: counts": lambda parts: parts.overview.counts(),
    "status: jobs": lambda parts: parts.overview.job_counts(),
    "status: age": lambda parts: parts.overview.oldest_enqueued_at(),
    "status: next": lambda parts: parts.queue.next_due_at(),
    "status: throughput": lambda parts: parts.overview.throughput(since=parts.clock.now - 60),
    **{
        f"list by {sort}": lambda parts, sort=sort: TrackPages(parts.database).page(TrackFilter(), sort=sort)
        for sort in (*SORTS, "-title", "-bpm")
    },
    "one track": lambda parts: TrackLookup(parts.database).id_of_names("Artist", "Title"),
    "tags that are due": lambda parts: DueTags(parts.database, parts.store).page(0, 10),
    "export": lambda parts: StoredResults(parts.database).page(after="2.mp3"),
    "failures": lambda parts: parts.overview.failures(),
    "retries": lambda parts: parts.overview.retries(),
    "show": lambda parts: parts.store.get("2.mp3"),
    "similar": lambda parts: Vectors(parts.database).of_ids([1, 2], 200),
    "outdated": lambda parts: list(parts.store.outdated(lambda *_: frozenset({"rhythm"}))),
    "same bytes": lambda parts: parts.store.with_content(b"bytes"),
    "same opening": lambda parts: parts.store.with_opening(b"opening"),
    "compare": lambda parts: Comparisons(parts.database, parts.store).due(10),
    "claim": lambda parts: parts.queue.claim(),
    "recover": lambda parts: parts.queue.recover_claimed(),
    "scan": lambda parts: parts.library.page(folder="a", after="2.mp3"),
    "gone before": lambda parts: parts.library.gone_files.candidates(track_file("2.mp3")),
    "moved from": lambda parts: parts.library.twins(track_file("2.mp3")),
    "enqueue": lambda parts: parts.queue.enqueue([track_file("2.mp3", content=5)], "event"),
    "sample": lambda parts: parts.library.sample(2),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_a_whole_table_or_sorts_one(parts: Parts, question: str) -> None:
    """What makes them answer in milliseconds with a million rows: each step is a search in an index."""
    for step in steps_of(parts, QUESTIONS[question]):
        assert not re.match(
            r"SCAN (files|jobs|analyses|embeddings|origins|tracks)\b(?! USING (COVERING )?INDEX)", step
        ), step
        assert "TEMP B-TREE" not in step, step


def test_a_file_that_was_gone_is_looked_for_at_its_path_and_not_among_all_copies_of_it(parts: Parts) -> None:
    """Thousands of hard links to one file have one size, one time and one inode."""
    here, *_ = steps_of(parts, QUESTIONS["gone before"])
    assert "gone_files_by_path" in here


def steps_of(parts: Parts, question: Callable[[Parts], object]) -> list[str]:
    """How SQLite goes about the statements that answer `question`."""
    statements: list[str] = []
    with parts.database.read() as connection:
        connection.set_trace_callback(statements.append)
        question(parts)
        connection.set_trace_callback(None)
        asked = [text for text in statements if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)", text)]
        plans = [row["detail"] for text in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert plans
    return plans


def test_a_track_that_is_tried_again_is_listed_with_its_reason_and_time(parts: Parts) -> None:
    parts.queue.enqueue([track_file("busy.mp3")], "scan")
    job = parts.queue.claim()
    assert job is not None
    parts.queue.fail(job, FailureReason.UNREADABLE, "the disk did not answer", retryable=True)
    (retry,) = parts.overview.retries()
    assert (retry.path, retry.reason, retry.detail) == ("busy.mp3", FailureReason.UNREADABLE, "the disk did not answer")
    assert (retry.attempts, retry.due_at > parts.clock.now) == (1, True)
