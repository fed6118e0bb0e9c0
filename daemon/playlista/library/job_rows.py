"""The table ``jobs`` in statements: which jobs are due, which attempt is running, and each change of state.

Input: a connection inside a transaction. Output: rows. What a state means, and when it changes, is decided
in ``queue`` and ``job_intake``.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
import os
import sqlite3

from playlista.library.file_rows import FILE_COLUMNS
from playlista.memory.kernel_counts import KernelCounts

#: Priority of what somebody may be waiting for; smaller numbers go first.
URGENT_PRIORITY = 0

_JOBS = f"""
    SELECT {FILE_COLUMNS}, jobs.file_id, jobs.attempts, jobs.alone_reduced, jobs.feature_groups, jobs.enqueued_at,
           jobs.due_at, jobs.priority, jobs.state, jobs.rerun, jobs.changed, jobs.boot_id, jobs.oom_kills,
           jobs.interruptions, jobs.worker
    FROM jobs JOIN files ON files.id = jobs.file_id
"""


def first(connection: sqlite3.Connection, state: str, priority: int) -> sqlite3.Row | None:
    """The job in this state and priority that is due first, whether already or not; None when there is none."""
    row: sqlite3.Row | None = connection.execute(
        f"{_JOBS} WHERE jobs.state = ? AND jobs.priority = ? ORDER BY jobs.due_at, jobs.file_id LIMIT 1",
        (state, priority),
    ).fetchone()
    return row


def running_attempt(
    connection: sqlite3.Connection, file_id: int, attempts: int, worker: str | None
) -> sqlite3.Row | None:
    """The row of the claimed job if it is still at this attempt of this worker; None when the file was deleted, or the
    job given to another, meanwhile.
    """
    row: sqlite3.Row | None = connection.execute(
        f"{_JOBS} WHERE jobs.file_id = ? AND jobs.state = 'claimed' AND jobs.attempts = ? AND jobs.worker IS ?",
        (file_id, attempts, worker),
    ).fetchone()
    return row


def queued(connection: sqlite3.Connection, file_id: int) -> sqlite3.Row | None:
    """The row of the file's job if it is queued; None when it is claimed, waits, or is over."""
    row: sqlite3.Row | None = connection.execute(
        f"{_JOBS} WHERE jobs.file_id = ? AND jobs.state = 'queued'", (file_id,)
    ).fetchone()
    return row


def claimed(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """All claimed jobs."""
    return connection.execute(f"{_JOBS} WHERE jobs.state = 'claimed'").fetchall()


def insert(
    connection: sqlite3.Connection,
    file_id: int,
    *,
    priority: int,
    groups: str | None,
    now: float,
    changed: bool,
    compare: bool,
) -> None:
    """A new job, due at once."""
    connection.execute(
        """INSERT INTO jobs (file_id, state, priority, feature_groups, enqueued_at, due_at, changed, compare)
           VALUES (?, 'queued', ?, ?, ?, ?, ?, ?)""",
        (file_id, priority, groups, now, now, changed, compare),
    )


def claim(connection: sqlite3.Connection, file_id: int, now: float, kernel: KernelCounts, worker: str | None) -> None:
    """Queued or waiting to claimed, one attempt more; `kernel` helps to tell later what ended the process."""
    connection.execute(
        """UPDATE jobs SET state = 'claimed', attempts = attempts + 1, claimed_at = ?, pid = ?, boot_id = ?,
           oom_kills = ?, worker = ? WHERE file_id = ?""",
        (now, os.getpid(), kernel.boot_id, kernel.oom_kills, worker, file_id),
    )


def claimed_at(row: sqlite3.Row) -> KernelCounts:
    """What the kernel said when the job was claimed."""
    return KernelCounts(row["boot_id"] or "", row["oom_kills"])


def release(connection: sqlite3.Connection, file_id: int) -> None:
    """Claimed to queued, the attempt not counted; it keeps its place."""
    connection.execute("UPDATE jobs SET state = 'queued', attempts = attempts - 1 WHERE file_id = ?", (file_id,))


def interrupted(connection: sqlite3.Connection, file_id: int, now: float) -> None:
    """The process ended during the attempt that is given back; others go first, and it is remembered."""
    connection.execute(
        "UPDATE jobs SET interruptions = interruptions + 1, due_at = ? WHERE file_id = ?", (now, file_id)
    )


def reschedule(
    connection: sqlite3.Connection,
    file_id: int,
    *,
    until: float,
    attempts: int,
    alone_reduced: bool,
    reason: str,
    detail: str,
) -> None:
    """Claimed to waiting. A file that once took the process down stays under suspicion."""
    connection.execute(
        """UPDATE jobs SET state = 'waiting', due_at = ?, attempts = ?, alone_reduced = max(alone_reduced, ?),
           reason = ?, detail = ? WHERE file_id = ?""",
        (until, attempts, alone_reduced, reason, detail, file_id),
    )


def resume(connection: sqlite3.Connection, reason: str, now: float) -> int:
    """Waiting to queued for all that wait for `reason`; how many. Attempts that were counted stay so."""
    return connection.execute(
        "UPDATE jobs SET state = 'queued', due_at = ? WHERE state = 'waiting' AND reason = ?", (now, reason)
    ).rowcount


def start_over(
    connection: sqlite3.Connection,
    file_id: int,
    *,
    priority: int,
    groups: str | None,
    now: float,
    changed: bool = True,
    compare: bool = False,
) -> None:
    """Any state to queued, due at once, no attempt counted. Its age stays: it has been in the queue all the same.

    A job that was told of a change before stays one of a changed file.
    """
    connection.execute(
        """UPDATE jobs SET state = 'queued', priority = ?, feature_groups = ?, due_at = ?, attempts = 0,
           interruptions = 0, alone_reduced = 0, rerun = 0, reason = NULL, detail = NULL,
           changed = max(changed, ?), compare = ? WHERE file_id = ?""",
        (priority, groups, now, changed, compare, file_id),
    )


def compared(connection: sqlite3.Connection, file_id: int) -> None:
    """Its bytes are not those of any result: what is left is to analyze it."""
    connection.execute("UPDATE jobs SET compare = 0 WHERE file_id = ?", (file_id,))


def run_again(connection: sqlite3.Connection, file_id: int) -> None:
    """Stays claimed, and is due once more when this attempt ends."""
    connection.execute("UPDATE jobs SET rerun = 1 WHERE file_id = ?", (file_id,))


def merge(connection: sqlite3.Connection, file_id: int, *, priority: int, groups: str | None) -> None:
    """Same state, attempts and back-off: a higher priority, or more groups."""
    connection.execute(
        "UPDATE jobs SET priority = min(priority, ?), feature_groups = ? WHERE file_id = ?", (priority, groups, file_id)
    )


def end(connection: sqlite3.Connection, file_id: int) -> None:
    """No job any more."""
    connection.execute("DELETE FROM jobs WHERE file_id = ?", (file_id,))


def groups_text(groups: frozenset[str] | None) -> str | None:
    """Feature groups as they are stored; None, for all, stays None."""
    return None if groups is None else json.dumps(sorted(groups))


def groups_in(text: str | None) -> frozenset[str] | None:
    """The inverse of `groups_text`."""
    return None if text is None else frozenset(json.loads(text))
