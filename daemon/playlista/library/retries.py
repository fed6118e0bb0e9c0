"""Another try for tracks that somebody names, by their ids or by why they failed.

Input: ids, or a reason. Output: jobs in the queue, with their attempts forgotten.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

from collections.abc import Iterable

from playlista.errors import FailureReason
from playlista.library.database import Database
from playlista.library.file_rows import FILE_COLUMNS, track_file
from playlista.library.queue import BATCH_FILES, JobQueue
from playlista.tracks import FEATURE_GROUPS, TrackFile

_EVERYTHING = frozenset(FEATURE_GROUPS)


class Retries:
    """Puts tracks of one library back into its queue."""

    def __init__(self, database: Database, queue: JobQueue) -> None:
        self._database = database
        self._queue = queue

    def of_ids(self, ids: Iterable[int]) -> int:
        """Analyze these files anew; how many jobs were made or start over. Unknown ids are passed over."""
        query = f"SELECT {FILE_COLUMNS} FROM files WHERE id = ?"
        with self._database.read() as connection:
            rows = [connection.execute(query, (file_id,)).fetchone() for file_id in dict.fromkeys(ids)]
        return self._enqueue([track_file(row) for row in rows if row is not None])

    def of_reason(self, reason: FailureReason) -> int:
        """Analyze everything anew that failed for `reason`, or waits for another attempt because of it; how many."""
        query = f"""SELECT {FILE_COLUMNS}, files.id FROM files
                    WHERE files.id IN (
                        SELECT file_id FROM analyses WHERE reason = :reason AND reason IS NOT NULL
                        UNION SELECT file_id FROM jobs WHERE state = 'waiting' AND reason = :reason
                    ) AND files.id > :after ORDER BY files.id LIMIT :limit"""
        after = queued = 0
        while True:
            with self._database.read() as connection:
                values = {"reason": reason.value, "after": after, "limit": BATCH_FILES}
                rows = connection.execute(query, values).fetchall()
            if not rows:
                return queued
            after = rows[-1]["id"]
            queued += self._enqueue([track_file(row) for row in rows])

    def _enqueue(self, files: list[TrackFile]) -> int:
        return self._queue.enqueue(files, "retry", groups=_EVERYTHING)
