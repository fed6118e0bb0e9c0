"""What becomes of the jobs that a process which died left claimed: released, or charged to their files.

Input: a connection inside a transaction, at the start of the next process. Output: jobs that are queued or waiting
again, and lines that say why. `queue.JobQueue` is the only caller.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from playlista.errors import FailureReason
from playlista.library import job_rows
from playlista.library.file_rows import track_file
from playlista.library.job_outcomes import JobOutcomes
from playlista.library.jobs import CrashedJob
from playlista.memory.kernel_counts import KernelCounts
from playlista.tracks import Status


def release(connection: sqlite3.Connection, row: sqlite3.Row, outcomes: JobOutcomes) -> None:
    """The attempt is taken back, or the job starts over if its file changed meanwhile."""
    if row["rerun"]:
        outcomes.end(connection, row)
    else:
        job_rows.release(connection, row["file_id"])


def release_remote(connection: sqlite3.Connection, outcomes: JobOutcomes) -> list[tuple[str, str]]:
    """Release what was at workers of a cluster; paths, and the worker of each."""
    remote = [row for row in job_rows.claimed(connection) if row["worker"] is not None]
    for row in remote:
        release(connection, row, outcomes)
    return [(track_file(row).path, str(row["worker"])) for row in remote]


def release_interrupted(
    connection: sqlite3.Connection, outcomes: JobOutcomes, why: Callable[[KernelCounts], str | None]
) -> list[tuple[str, str]]:
    """Release what did not end its process according to `why`, at most `max_attempts` times; paths, and why each."""
    released = [
        (row, reason)
        for row in job_rows.claimed(connection)
        if row["interruptions"] < outcomes.max_attempts and (reason := why(job_rows.claimed_at(row)))
    ]
    for row, _ in released:
        job_rows.interrupted(connection, row["file_id"], outcomes.clock())
        release(connection, row, outcomes)
    return [(track_file(row).path, reason) for row, reason in released]


def charge_claimed(connection: sqlite3.Connection, outcomes: JobOutcomes) -> list[CrashedJob]:
    """Charge each file whose job is claimed with the death of its process."""
    return [_charge(connection, row, outcomes) for row in job_rows.claimed(connection)]


def _charge(connection: sqlite3.Connection, row: sqlite3.Row, outcomes: JobOutcomes) -> CrashedJob:
    path, attempts = track_file(row).path, row["attempts"]
    detail = f"the process died while analyzing it, at attempt {attempts}; left alone until the file changes"
    status = outcomes.fail(connection, row, FailureReason.CRASHED, detail, retryable=True)
    return CrashedJob(path, attempts, quarantined=status is Status.QUARANTINED)
