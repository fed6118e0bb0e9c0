"""Files to be compared by their bytes with the results that are there, before anything is decoded.

Input: which bytes were found. Output: files with the result that they have or may have, a batch at a time, and a batch
of kept results in one transaction. A `touch` or a chmod over a library makes as many jobs as it has files; worked off
one by one, each would cost two syncs of the disk. No attempt is counted: reading bytes brings no process down.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace

from playlista.errors import FailureReason
from playlista.library import job_rows
from playlista.library.database import Database
from playlista.library.file_rows import FILE_COLUMNS, as_stored, same_content, track_file, update_file
from playlista.library.origins import put_hashes
from playlista.library.results import Store
from playlista.tracks import Analysis, GroupSettings, Status, TrackFile
from playlista.tracks.origin import Origin

#: Row numbers looked at in one query for results whose hashes are not known yet.
_ROWS_PER_LOOK = 5000

_DUE = f"""
    SELECT {FILE_COLUMNS}, files.id, files.status, analyses.reason, origins.content, version_sets.versions,
           setting_sets.settings
    FROM jobs JOIN files ON files.id = jobs.file_id
    LEFT JOIN analyses ON analyses.file_id = files.id
    LEFT JOIN version_sets ON version_sets.id = analyses.version_set
    LEFT JOIN origins ON origins.file_id = files.id
    LEFT JOIN setting_sets ON setting_sets.id = origins.setting_set
    WHERE jobs.compare = 1 AND jobs.state = 'queued' ORDER BY jobs.priority, jobs.due_at LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A file that changed or is new, and what its own result says of itself; ``content`` is None where it has none."""

    file_id: int
    file: TrackFile
    status: Status | None
    reason: FailureReason | None
    content: bytes | None
    versions: dict[str, int]
    settings: GroupSettings


@dataclass(frozen=True, slots=True)
class KeptResult:
    """A file whose music is known: `seen` is what `stat` said of the bytes that were `read`; `analysis` is another
    file's result, or None where its own holds.
    """

    comparison: Comparison
    seen: TrackFile
    read: Origin
    analysis: Analysis | None


class Comparisons:
    """The comparisons that are due in one library."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    def due(self, limit: int) -> list[Comparison]:
        """At most `limit` files, as the queue would take them."""
        with self._database.read() as connection:
            return [_comparison(row) for row in connection.execute(_DUE, (limit,))]

    def settle(self, kept: Iterable[KeptResult], others: Iterable[Comparison]) -> list[KeptResult]:
        """End the jobs of those that are `kept`, and leave the `others` to be analyzed; those that were kept indeed.

        A file that changed again since it was read stays in the queue.
        """
        with self._database.transaction() as connection:
            for other in others:
                job_rows.compared(connection, other.file_id)
            return [one for one in kept if self._keep(connection, one)]

    def _keep(self, connection: sqlite3.Connection, kept: KeptResult) -> bool:
        comparison = kept.comparison
        row = job_rows.queued(connection, comparison.file_id)
        if row is None or track_file(row) != comparison.file:
            return False
        if kept.analysis is None:
            put_hashes(connection, comparison.file_id, kept.read)
        else:
            # The names may come from the other file's path or tags; they are read again.
            other = replace(kept.analysis, metadata=None, origin=kept.analysis.origin.read_from(kept.read))
            self._store.record(comparison.file_id, other, attempts=1)
        update_file(connection, comparison.file_id, kept.seen)
        job_rows.end(connection, comparison.file_id)
        return True

    def without_hashes(self, after: int) -> tuple[list[tuple[int, TrackFile]], int | None]:
        """Files with a result that does not say what it was made from, of some thousand rows above `after`, and where
        to go on; None: there are no more.

        Such are the results of older versions, and those of tracks that the process did not survive. The encoded audio
        is of use for those alone that were analyzed whole.
        """
        query = f"""
            SELECT {FILE_COLUMNS}, files.id FROM files JOIN analyses ON analyses.file_id = files.id
            LEFT JOIN origins ON origins.file_id = files.id
            WHERE files.id > ? AND files.id <= ?
              AND (content IS NULL OR encoded_kind IS NULL AND music_hash IS NOT NULL AND files.status = 'analyzed')
              AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.file_id = files.id)
            ORDER BY files.id
        """
        with self._database.read() as connection:
            rows = connection.execute(query, (after, after + _ROWS_PER_LOOK)).fetchall()
            last = connection.execute("SELECT max(id) FROM files").fetchone()[0] or 0
        found = [(int(row["id"]), track_file(row)) for row in rows]
        return found, after + _ROWS_PER_LOOK if after + _ROWS_PER_LOOK < last else None

    def note_hashes(self, found: Iterable[tuple[int, TrackFile, Origin]]) -> None:
        """Say what results were made from, if their files are still as they were when they were read."""
        with self._database.transaction() as connection:
            for file_id, file, read in found:
                row = connection.execute(
                    f"""SELECT {FILE_COLUMNS} FROM files WHERE id = ?
                        AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.file_id = files.id)""",
                    (file_id,),
                ).fetchone()
                if row is not None and same_content(track_file(row), as_stored(file)):
                    put_hashes(connection, file_id, read)


def _comparison(row: sqlite3.Row) -> Comparison:
    return Comparison(
        row["id"],
        track_file(row),
        Status(row["status"]) if row["status"] else None,
        FailureReason(row["reason"]) if row["reason"] else None,
        row["content"],
        json.loads(row["versions"] or "{}"),
        json.loads(row["settings"] or "{}"),
    )
