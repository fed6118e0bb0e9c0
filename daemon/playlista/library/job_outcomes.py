"""What becomes of a job when its attempt ends otherwise than with a result: again later, never again, or once more.

Input: a connection inside a transaction, and the row of the attempt. Output: the job's next state, or its
end with a failure on record. `queue.JobQueue` is the only caller.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from playlista.errors import FailureReason
from playlista.library import job_rows
from playlista.library.file_rows import track_file
from playlista.library.results import Store
from playlista.tracks import Analysis, Status
from playlista.tracks.origin import Origin


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait after a failed attempt: `first_seconds`, doubled each time, at most `longest_seconds`."""

    first_seconds: float
    longest_seconds: float

    def seconds(self, attempts: int) -> float:
        """The wait after so many attempts."""
        doublings = min(max(attempts - 1, 0), 32)  # more than enough for any, and no overflow
        return min(self.first_seconds * 2.0**doublings, self.longest_seconds)


@dataclass(frozen=True, slots=True)
class JobOutcomes:
    """How attempts end in one queue; `clock` gives seconds since the epoch."""

    results: Store
    clock: Callable[[], float]
    max_attempts: int
    backoff: Backoff

    def end(self, connection: sqlite3.Connection, row: sqlite3.Row) -> None:
        """The job is over, or due once more if the file changed meanwhile."""
        if row["rerun"]:
            job_rows.start_over(
                connection, row["file_id"], priority=job_rows.URGENT_PRIORITY, groups=None, now=self.clock()
            )
        else:
            job_rows.end(connection, row["file_id"])

    def fail(
        self,
        connection: sqlite3.Connection,
        row: sqlite3.Row,
        reason: FailureReason,
        detail: str,
        *,
        retryable: bool,
        content: bytes | None = None,
    ) -> Status | None:
        """The attempt failed: the status on record if that was the last one, None if there will be another."""
        attempts = row["attempts"]
        if row["rerun"]:
            self.end(connection, row)  # whatever was wrong, those bytes are gone
            return None
        if reason is FailureReason.VANISHED:
            self._wait(connection, row, reason, detail, attempts=attempts - 1)
            return None
        if retryable and attempts < self.max_attempts:
            self._wait(connection, row, reason, detail, attempts=attempts)
            return None
        status = Status.QUARANTINED if retryable else Status.FAILED
        failure = Analysis(track_file(row).path, status, reason, detail, origin=Origin(content))
        self.results.record_failure(row["file_id"], failure, attempts=attempts, changed=bool(row["changed"]))
        job_rows.end(connection, row["file_id"])
        return status

    def postpone(
        self, connection: sqlite3.Connection, row: sqlite3.Row, reason: FailureReason, detail: str, *, seconds: float
    ) -> None:
        """The attempt does not count, and the next one comes in `seconds`; at once if the file changed meanwhile."""
        if row["rerun"]:
            self.end(connection, row)
            return
        job_rows.reschedule(
            connection,
            row["file_id"],
            until=self.clock() + seconds,
            attempts=row["attempts"] - 1,
            alone_reduced=False,
            reason=reason.value,
            detail=detail,
        )

    def _wait(
        self, connection: sqlite3.Connection, row: sqlite3.Row, reason: FailureReason, detail: str, *, attempts: int
    ) -> None:
        job_rows.reschedule(
            connection,
            row["file_id"],
            until=self.clock() + self.backoff.seconds(attempts),
            attempts=attempts,
            alone_reduced=reason is FailureReason.CRASHED,
            reason=reason.value,
            detail=detail,
        )
