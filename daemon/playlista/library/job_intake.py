"""What becomes of a file that is due: a new job, a job that starts over, a second run, or nothing.

Input: a connection inside a transaction, and one file as the disk has it. Output: the rows of ``files``
and ``jobs``. `queue.JobQueue.enqueue` is the only caller.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from playlista.library import job_rows
from playlista.library.file_rows import (
    FILE_COLUMNS,
    as_stored,
    file_values,
    path_bytes,
    same_content,
    track_file,
    update_file,
)
from playlista.library.job_rows import groups_in, groups_text
from playlista.tracks import TrackFile
from playlista.tracks.origin import size_prefix

_KNOWN = f"""
    SELECT {FILE_COLUMNS}, files.id, jobs.state, jobs.feature_groups, jobs.priority
    FROM files LEFT JOIN jobs ON jobs.file_id = files.id WHERE files.path = ?
"""


@dataclass(frozen=True, slots=True)
class EnqueueRequest:
    """What is asked for a file: with which priority, and whether back-offs end.

    ``groups`` are to be computed whatever is there; None leaves it to the worker, which finds out what is needed.
    """

    priority: int
    groups: frozenset[str] | None
    ends_backoff: bool
    now: float


def upsert(connection: sqlite3.Connection, file: TrackFile, request: EnqueueRequest) -> bool:
    """Write down that `file` is due; True if a job was made or starts over."""
    row = connection.execute(_KNOWN, (path_bytes(file.path),)).fetchone()
    if row is None:
        file_id = _insert_file(connection, file)
        _insert_job(connection, file_id, file, request, changed=True)
        return True
    changed = not same_content(track_file(row), as_stored(file))
    update_file(connection, row["id"], file)
    if row["state"] is None:
        _insert_job(connection, row["id"], file, request, changed=changed)
        return True
    return _add_to(connection, row, file, changed, request)


def _insert_job(
    connection: sqlite3.Connection, file_id: int, file: TrackFile, request: EnqueueRequest, *, changed: bool
) -> None:
    job_rows.insert(
        connection,
        file_id,
        priority=request.priority,
        groups=groups_text(request.groups),
        now=request.now,
        changed=changed,
        compare=request.groups is None and _may_be_known(connection, file),
    )


def _add_to(
    connection: sqlite3.Connection, row: sqlite3.Row, file: TrackFile, changed: bool, request: EnqueueRequest
) -> bool:
    """The file has a job already."""
    if row["state"] == "claimed":
        if changed:
            job_rows.run_again(connection, row["id"])
        return changed
    groups = _either(groups_in(row["feature_groups"]), request.groups)
    priority = min(row["priority"], request.priority)
    if not (changed or request.ends_backoff):
        job_rows.merge(connection, row["id"], priority=priority, groups=groups_text(groups))
        return False
    job_rows.start_over(
        connection,
        row["id"],
        priority=priority,
        groups=groups_text(groups),
        now=request.now,
        changed=changed,
        compare=groups is None and _may_be_known(connection, file),
    )
    return True


def _either(former: frozenset[str] | None, groups: frozenset[str] | None) -> frozenset[str] | None:
    """What was asked for before and now; None asks for nothing but what is needed anyway."""
    return None if former is None and groups is None else (former or frozenset()) | (groups or frozenset())


def _may_be_known(connection: sqlite3.Connection, file: TrackFile) -> bool:
    """Whether there is a result of a file of this size, its own included, whose bytes are known."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM origins WHERE content >= ? AND content < ?)",
        (size_prefix(file.size_bytes), size_prefix(file.size_bytes + 1)),
    ).fetchone()
    return bool(row[0])


def _insert_file(connection: sqlite3.Connection, file: TrackFile) -> int:
    row = connection.execute(
        """INSERT INTO files (path, device, inode, size_bytes, mtime_ns, ctime_ns) VALUES (?, ?, ?, ?, ?, ?)
           RETURNING id""",
        file_values(file),
    ).fetchone()
    return int(row[0])
