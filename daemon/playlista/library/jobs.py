"""What a job is: one attempt at one file, the reasons for it, and its priority.

Input: rows of the table ``jobs``. Output: plain types. `queue` decides what happens to a job, `job_rows` has the SQL.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from playlista.library import job_rows
from playlista.library.file_rows import track_file
from playlista.library.job_rows import URGENT_PRIORITY
from playlista.tracks import TrackFile

#: Why a file is due: it changed just now, a scan found it, its result is of an older version, someone asked.
Cause = Literal["event", "scan", "outdated", "retry"]

#: Priority by cause; smaller numbers go first. What somebody may be waiting for, then new files, then recomputing.
PRIORITIES: dict[Cause, int] = {"event": URGENT_PRIORITY, "retry": URGENT_PRIORITY, "scan": 1, "outdated": 2}


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one file.

    ``file`` is what the disk held when it was enqueued, its path relative to the music folder. ``attempts`` counts
    those begun on this content, this one included. ``alone_reduced``: the process died in the attempt before, so
    nothing may run at the same time, and the smallest configuration is used. ``groups`` are the feature groups to
    compute in any case, None for those that are needed. ``worker`` names the worker of a cluster that has it; None is
    the daemon's own process.
    """

    file_id: int
    file: TrackFile
    attempts: int
    alone_reduced: bool
    groups: frozenset[str] | None
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class CrashedJob:
    """A file during whose analysis the former process died; ``path`` is relative to the music folder."""

    path: str
    attempts: int
    quarantined: bool


def next_attempt(row: sqlite3.Row, worker: str | None) -> Job:
    """The attempt that `worker` begins with the row as it was before."""
    return Job(
        row["file_id"],
        track_file(row),
        row["attempts"] + 1,
        bool(row["alone_reduced"]),
        job_rows.groups_in(row["feature_groups"]),
        worker,
    )


def first_by_priority(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Of each priority the queued and the waiting job due first: a look-up in an index each."""
    rows = (
        job_rows.first(connection, state, priority)
        for priority in sorted(set(PRIORITIES.values()))
        for state in ("queued", "waiting")
    )
    return [row for row in rows if row is not None]
