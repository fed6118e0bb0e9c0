"""Lists and counts for people: what `status`, `list` and `failures` print, and what the metrics count.

Input: a library, also one opened read-only while a daemon runs. Output: a few rows or numbers, in
milliseconds with a million tracks: every query is a range of an index or a row of ``counts``.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from playlista.errors import FailureReason
from playlista.library.database import Database
from playlista.library.file_rows import track_path
from playlista.tracks import Status, reason_of

_SUMMARIES = """
    SELECT files.path, files.status, analyses.reason, analyses.duration_seconds, analyses.bpm, analyses.musical_key,
           analyses.scale, analyses.attempts, analyses.finished_at, analyses.file_id,
           CASE WHEN analyses.reason IS NOT NULL THEN json_extract(analyses.result, '$.detail') END AS detail
    FROM files JOIN analyses ON analyses.file_id = files.id
"""

#: Most results from which the speed is computed.
THROUGHPUT_ROWS = 1000

#: Above every (time, row) by which failures are ordered.
_LATEST = (sys.float_info.max, 0)


@dataclass(frozen=True, slots=True)
class Summary:
    """A result in one line; ``path`` is relative to the music folder, ``finished_at`` is since the epoch.

    ``attempts`` is how often the file was tried until this result; ``detail`` says more about ``reason``.
    """

    file_id: int
    path: str
    status: Status
    reason: FailureReason | None
    detail: str | None
    duration_seconds: float | None
    bpm: float | None
    key: str | None
    scale: str | None
    attempts: int
    finished_at: float


@dataclass(frozen=True, slots=True)
class Retry:
    """A track whose attempts failed so far, and that is tried again after ``due_at``, in seconds since the epoch."""

    file_id: int
    path: str
    reason: FailureReason
    detail: str | None
    attempts: int
    due_at: float


@dataclass(frozen=True, slots=True)
class Throughput:
    """What was finished from `since` on: tracks, the seconds of audio in them, and the seconds that they took."""

    tracks: int
    audio_seconds: float
    busy_seconds: float
    since: float


class Overview:
    """What there is to see in one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def failures(self, *, limit: int = 100) -> list[Summary]:
        """The latest results with a reason (failed, partial, quarantined), latest first."""
        return [_summary(row) for row in self._failure_rows(_LATEST, limit)]

    def every_failure(self) -> Iterator[Summary]:
        """All results with a reason, latest first, with one page of them in memory."""
        before = _LATEST
        while rows := self._failure_rows(before, limit=100):
            yield from map(_summary, rows)
            before = (rows[-1]["finished_at"], rows[-1]["file_id"])

    def retries(self, *, limit: int | None = None) -> list[Retry]:
        """The tracks that wait for another attempt, priority by priority as the queue takes them."""
        with self._database.read() as connection:
            rows = connection.execute(
                """SELECT jobs.file_id, files.path, jobs.reason, jobs.detail, jobs.attempts, jobs.due_at
                   FROM jobs JOIN files ON files.id = jobs.file_id WHERE jobs.state = 'waiting'
                   ORDER BY jobs.priority, jobs.due_at, jobs.file_id LIMIT ?""",
                (-1 if limit is None else limit,),
            ).fetchall()
        return [_retry(row) for row in rows]

    def reasons(self) -> dict[FailureReason, int]:
        """How many results have each reason; those that none has are left out."""
        with self._database.read() as connection:
            rows = connection.execute(
                """SELECT analyses.reason, count(*) AS n FROM analyses JOIN files ON files.id = analyses.file_id
                   WHERE analyses.reason IS NOT NULL GROUP BY analyses.reason"""
            ).fetchall()
        counts: dict[FailureReason, int] = {}
        for row in rows:
            reason = reason_of(row["reason"]) or FailureReason.INTERNAL
            counts[reason] = counts.get(reason, 0) + row["n"]
        return counts

    def finished(self, *, after: float, limit: int) -> list[Summary]:
        """The latest results that were finished after this time, in seconds since the epoch, the latest last."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"{_SUMMARIES} WHERE analyses.finished_at > ? ORDER BY analyses.finished_at DESC LIMIT ?",
                (after, limit),
            ).fetchall()
        return [_summary(row) for row in reversed(rows)]

    def counts(self) -> dict[str, int]:
        """Files by the status of their result; every status is there, and "unanalyzed" for those without one."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT state, n FROM counts WHERE of = 'file'").fetchall()
        return {row["state"]: row["n"] for row in rows}

    def gone(self) -> int:
        """Files that are gone and whose results are kept; they are in no other count."""
        with self._database.read() as connection:
            return int(connection.execute("SELECT count(*) FROM gone_files").fetchone()[0])

    def job_counts(self) -> dict[str, int]:
        """Jobs by state; every state is there."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT state, n FROM counts WHERE of = 'job'").fetchall()
        return {row["state"]: row["n"] for row in rows}

    def oldest_enqueued_at(self) -> float | None:
        """When the job that is longest in the queue came in, or None when the queue is empty."""
        with self._database.read() as connection:
            oldest: float | None = connection.execute("SELECT min(enqueued_at) FROM jobs").fetchone()[0]
        return oldest

    def throughput(self, *, since: float) -> Throughput:
        """What was finished after `since`, in seconds since the epoch; the latest `THROUGHPUT_ROWS` of it.

        Many thousands of results can be taken over in a minute without being computed; to read all of them would make
        every look at the status wait.
        """
        with self._database.read() as connection:
            row = connection.execute(
                """SELECT count(*), total(duration_seconds), total(json_extract(result, '$.timings.total_seconds')),
                          min(finished_at)
                   FROM (SELECT * FROM analyses WHERE finished_at > ? ORDER BY finished_at DESC LIMIT ?)""",
                (since, THROUGHPUT_ROWS),
            ).fetchone()
        tracks, audio_seconds, busy_seconds, first = row
        return Throughput(tracks, audio_seconds, busy_seconds, first if tracks == THROUGHPUT_ROWS else since)

    def _failure_rows(self, before: tuple[float, int], limit: int) -> list[sqlite3.Row]:
        with self._database.read() as connection:
            return connection.execute(
                f"""{_SUMMARIES} WHERE analyses.reason IS NOT NULL AND (analyses.finished_at, analyses.file_id) < (?, ?)
                    ORDER BY analyses.finished_at DESC, analyses.file_id DESC LIMIT ?""",
                (*before, limit),
            ).fetchall()


def _summary(row: sqlite3.Row) -> Summary:
    return Summary(
        file_id=row["file_id"],
        path=track_path(row),
        status=Status(row["status"]),
        reason=reason_of(row["reason"]),
        detail=row["detail"],
        duration_seconds=row["duration_seconds"],
        bpm=row["bpm"],
        key=row["musical_key"],
        scale=row["scale"],
        attempts=row["attempts"],
        finished_at=row["finished_at"],
    )


def _retry(row: sqlite3.Row) -> Retry:
    reason = reason_of(row["reason"]) or FailureReason.INTERNAL
    return Retry(row["file_id"], track_path(row), reason, row["detail"], row["attempts"], row["due_at"])
