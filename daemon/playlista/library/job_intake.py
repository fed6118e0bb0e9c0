"""What becomes of a file that is due: a new job, a job that starts over, a second run, or nothing.

What enters: a connection inside a transaction, and one file as the disk has it. What leaves: the rows of ``files``
and ``jobs``. `jobs.JobQueue.enqueue` is the only caller.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from playlista.library import job_rows
from playlista.library.file_rows import FILE_COLUMNS, as_stored, file_values, path_bytes, same_content, track_file
from playlista.library.job_rows import groups_in, groups_text
from playlista.tracks import TrackFile

_KNOWN = f"""
    SELECT {FILE_COLUMNS}, files.id, jobs.state, jobs.feature_groups, jobs.lane
    FROM files LEFT JOIN jobs ON jobs.file_id = files.id WHERE files.path = ?
"""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked for a file: in which lane, which feature groups (None: all), and whether back-offs end."""

    lane: int
    groups: frozenset[str] | None
    ends_backoff: bool
    now: float


def take_in(connection: sqlite3.Connection, file: TrackFile, demand: Demand) -> bool:
    """Write down that `file` is due; True if a job was made or starts over."""
    row = connection.execute(_KNOWN, (path_bytes(file.path),)).fetchone()
    if row is None:
        file_id = _insert_file(connection, file)
        job_rows.put_in(connection, file_id, lane=demand.lane, groups=None, now=demand.now)
        return True
    changed = not same_content(track_file(row), as_stored(file))
    update_file(connection, row["id"], file)
    groups = None if changed else demand.groups
    if row["state"] is None:
        job_rows.put_in(connection, row["id"], lane=demand.lane, groups=groups_text(groups), now=demand.now)
        return True
    return _add_to(connection, row, changed, groups, demand)


def _add_to(
    connection: sqlite3.Connection, row: sqlite3.Row, changed: bool, groups: frozenset[str] | None, demand: Demand
) -> bool:
    """The file has a job already."""
    if row["state"] == "claimed":
        if changed:
            job_rows.run_again(connection, row["id"])
        return changed
    former = groups_in(row["feature_groups"])
    either = groups_text(None if former is None or groups is None else former | groups)
    lane = min(row["lane"], demand.lane)
    starts_over = changed or demand.ends_backoff
    if starts_over:
        job_rows.start_over(connection, row["id"], lane=lane, groups=either, now=demand.now)
    else:
        job_rows.widen(connection, row["id"], lane=lane, groups=either)
    return starts_over


def update_file(connection: sqlite3.Connection, file_id: int, file: TrackFile) -> None:
    """Note what the disk holds now at the file's path."""
    connection.execute(
        "UPDATE files SET device = ?, inode = ?, size_bytes = ?, mtime_ns = ?, ctime_ns = ? WHERE id = ?",
        (*file_values(file)[1:], file_id),
    )


def _insert_file(connection: sqlite3.Connection, file: TrackFile) -> int:
    row = connection.execute(
        """INSERT INTO files (path, device, inode, size_bytes, mtime_ns, ctime_ns) VALUES (?, ?, ?, ?, ?, ?)
           RETURNING id""",
        file_values(file),
    ).fetchone()
    return int(row[0])
