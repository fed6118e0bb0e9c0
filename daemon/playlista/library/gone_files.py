"""Files that are gone from the disk and whose results are kept for a while: the table ``gone_files``.

Input: rows of files that are not at their place. Output: the same rows, no longer in any list, count or export,
and back in ``files`` when the file is there again, with all that hangs on them. A disk that is away for a minute and a
folder that was dragged to the wrong place cost no second analysis.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from playlista.library.database import Database
from playlista.library.file_rows import (
    as_stored,
    at_or_below,
    file_values,
    same_content,
    same_file,
    track_file,
)
from playlista.system.callbacks import noop
from playlista.tracks import TrackFile

#: Rows changed in one transaction. Each may take a result of some kilobytes with it, and the worker waits meanwhile.
BATCH_ROWS = 500

#: Rows looked at when a file appears: others that were at its path before, or of its size and time.
CANDIDATES_LIMIT = 16

_COLUMNS = "path, device, inode, size_bytes, mtime_ns, ctime_ns"
_GONE = f"SELECT {_COLUMNS}, id, due FROM gone_files"

#: The row of a file as it was, with whether its result has to be looked at again.
_KEEP = f"""
    INSERT INTO gone_files (id, {_COLUMNS}, status, due, gone_at)
    SELECT id, {_COLUMNS}, status, EXISTS (SELECT 1 FROM jobs WHERE jobs.file_id = files.id), ?
    FROM files WHERE id = ? AND status IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class GoneFile:
    """A file as it was when it went; ``due`` says that it had a job, so that its result may not be up to date."""

    file_id: int
    file: TrackFile
    due: bool


class GoneFiles:
    """The gone files of one library. Times are seconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, file_ids: Sequence[int], *, now: float) -> int:
        """Take these files out of the library and keep their results; how many there were.

        Their jobs end. A file without a result leaves nothing.
        """
        taken = 0
        for batch in _batches(file_ids):
            with self._database.transaction() as connection:
                for file_id in batch:
                    connection.execute(_KEEP, (now, file_id))
                    taken += connection.execute("DELETE FROM files WHERE id = ?", (file_id,)).rowcount
        return taken

    def candidates(self, file: TrackFile) -> list[GoneFile]:
        """Gone files that `file` is, by what `stat` says: at the same path all of it, elsewhere the same inode."""
        stored = as_stored(file)
        path, _, inode, size_bytes, mtime_ns, _ = file_values(file)
        # The "+" leaves SQLite the index of the paths alone: thousands of copies have one size and time.
        here = self._gone("path = ? AND +size_bytes = ? AND +mtime_ns = ?", (path, size_bytes, mtime_ns))
        found = [gone for gone in here if same_content(gone.file, stored)]
        if inode:
            alike = self._gone("size_bytes = ? AND mtime_ns = ? AND inode = ?", (size_bytes, mtime_ns, inode))
            found += [gone for gone in alike if same_file(gone.file, stored)]
        return found

    def expire(self, *, before: float, stopped: Callable[[], bool] = noop) -> int:
        """Forget what went before this time, a batch at a time until `stopped`; how many."""
        return self._forget("gone_at < ?", (before,), stopped)

    def forget_all(self) -> int:
        """Forget all of them; how many there were."""
        return self._forget("TRUE", (), noop)

    def forget_at(self, path: str) -> int:
        """Forget what was at `path` or below it; how many there were."""
        place, values = at_or_below(path)
        return self._forget(place, values, noop)

    def _forget(self, where: str, values: tuple[float | bytes, ...], stopped: Callable[[], bool]) -> int:
        statement = f"DELETE FROM gone_files WHERE id IN (SELECT id FROM gone_files WHERE {where} LIMIT ?)"
        forgotten = 0
        while not stopped():
            with self._database.transaction() as connection:
                batch = connection.execute(statement, (*values, BATCH_ROWS)).rowcount
            forgotten += batch
            if batch < BATCH_ROWS:
                break
        return forgotten

    def _gone(self, where: str, values: tuple[int | bytes, ...]) -> list[GoneFile]:
        with self._database.read() as connection:
            rows = connection.execute(f"{_GONE} WHERE {where} LIMIT ?", (*values, CANDIDATES_LIMIT)).fetchall()
        return [GoneFile(row["id"], track_file(row), bool(row["due"])) for row in rows]


def take_up(connection: sqlite3.Connection, file_id: int, file: TrackFile) -> None:
    """The gone file with this row is there again, as `file`, whose path no other row of ``files`` has."""
    connection.execute(
        f"""INSERT INTO files ({_COLUMNS}, id, status)
            SELECT ?, ?, ?, ?, ?, ?, id, status FROM gone_files WHERE id = ?""",
        (*file_values(file), file_id),
    )
    connection.execute("DELETE FROM gone_files WHERE id = ?", (file_id,))


def _batches(file_ids: Iterable[int]) -> Iterator[list[int]]:
    remaining = iter(file_ids)
    while batch := list(islice(remaining, BATCH_ROWS)):
        yield batch
