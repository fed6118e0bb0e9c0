"""The files that the library knows, as the disk had them when they were last seen.

Input: what a scan or an event found out. Output: the known files in the order of a walk, so that the two
can be compared side by side. A file's results and jobs hang on its row: they move with it and go with it.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from playlista.library.database import Database
from playlista.library.file_rows import DISPLACED, FILE_COLUMNS, file_values, path_bytes, prefix_range, track_file
from playlista.library.gone_files import GoneFiles, take_up
from playlista.library.remembered import recall, remember
from playlista.tracks import TrackFile

#: Rows changed in one transaction, so that the worker never waits long for its own.
BATCH_ROWS = 2000

#: Candidates looked at when a new file may be a moved one: files of equal size and time are copies, few or alike.
TWINS_LIMIT = 16

#: The fact under which the last scan's report of what it left out is remembered, as JSON.
IGNORED_FACT = "ignored_paths"

_T = TypeVar("_T")

_KNOWN = f"SELECT {FILE_COLUMNS}, files.id FROM files"


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file in the library; the path of ``file`` is relative to the music folder."""

    file_id: int
    file: TrackFile


class Library:
    """The known files of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database
        #: Those that are gone, with their results.
        self.gone_files = GoneFiles(database)

    def page(self, *, folder: str = "", after: str = "", limit: int = BATCH_ROWS) -> list[KnownFile]:
        """At most `limit` files below `folder` and above the path `after`, in the order of their paths' bytes."""
        first, end = prefix_range(folder)
        query = f"{_KNOWN} WHERE path >= ? AND path > ? AND path < ? ORDER BY path LIMIT ?"
        return self._known(query, (first, path_bytes(after), end, limit))

    def get(self, path: str) -> KnownFile | None:
        """The file known at `path`, or None."""
        return next(iter(self._known(f"{_KNOWN} WHERE path = ?", (path_bytes(path),))), None)

    def by_id(self, file_id: int) -> KnownFile | None:
        """The file with this row, wherever it is now; None when it was forgotten."""
        return next(iter(self._known(f"{_KNOWN} WHERE id = ?", (file_id,))), None)

    def twins(self, file: TrackFile) -> list[KnownFile]:
        """Known files of the size, time and inode of `file`, at any path: what it may have been renamed from."""
        _, _, inode, size_bytes, mtime_ns, _ = file_values(file)
        query = f"{_KNOWN} WHERE size_bytes = ? AND mtime_ns = ? AND inode = ? LIMIT ?"
        return self._known(query, (size_bytes, mtime_ns, inode, TWINS_LIMIT))

    def lookalikes(self, file: TrackFile) -> list[KnownFile]:
        """Known files of the size and time of `file`, whatever their inodes: probably copies, to be verified."""
        _, _, _, size_bytes, mtime_ns, _ = file_values(file)
        query = f"{_KNOWN} WHERE size_bytes = ? AND mtime_ns = ? LIMIT ?"
        return self._known(query, (size_bytes, mtime_ns, TWINS_LIMIT))

    def count(self) -> int:
        """How many files are known."""
        with self._database.read() as connection:
            return int(connection.execute("SELECT total(n) FROM counts WHERE of = 'file'").fetchone()[0])

    def sample(self, size: int) -> list[TrackFile]:
        """About `size` known files spread evenly over the rows, fewer where rows are missing."""
        with self._database.read() as connection:
            highest = connection.execute("SELECT coalesce(max(id), 0) FROM files").fetchone()[0]
            step = max(1, highest // size)
            query = f"SELECT {FILE_COLUMNS} FROM files WHERE id >= ? ORDER BY id LIMIT 1"
            rows = [connection.execute(query, (at,)).fetchone() for at in range(1, highest + 1, step)]
        return [track_file(row) for row in {row["path"]: row for row in rows if row is not None}.values()]

    def see_again(self, files: Iterable[KnownFile]) -> None:
        """Note the present device and inode of files whose content did not change."""
        for batch in _batches(files):
            with self._database.transaction() as connection:
                for known in batch:
                    _update(connection, known.file_id, known.file)

    def move(self, moves: Iterable[tuple[int, TrackFile]]) -> bool:
        """Give each file its new path and identity; its results and its job come along. A gone file is known again.

        Where another file was known at a new path, that one is displaced: it keeps its row, under a path that is
        not on disk, until a scan finds where it went or that it is gone. So files can be renamed in a ring or a
        chain in any order. Returns whether any was displaced.
        """
        displaced = False
        for batch in _batches(moves):
            with self._database.transaction() as connection:
                for file_id, file in batch:
                    displaced |= _displace(connection, "path = ? AND id <> ?", (path_bytes(file.path), file_id))
                    if not _update(connection, file_id, file):
                        take_up(connection, file_id, file)
        return displaced

    def forget(self, file_ids: Sequence[int]) -> int:
        """Delete these files with their results and jobs; how many there were."""
        forgotten = 0
        for batch in _batches(file_ids):
            with self._database.transaction() as connection:
                for file_id in batch:
                    forgotten += connection.execute("DELETE FROM files WHERE id = ?", (file_id,)).rowcount
        return forgotten

    def remember(self, name: str, value: str) -> None:
        """Keep a single fact about the library."""
        with self._database.transaction() as connection:
            remember(connection, name, value)

    def recall(self, name: str) -> str | None:
        """The fact kept under `name`, or None."""
        with self._database.read() as connection:
            return recall(connection, name)

    def _known(self, query: str, values: tuple[object, ...]) -> list[KnownFile]:
        with self._database.read() as connection:
            return [KnownFile(row["id"], track_file(row)) for row in connection.execute(query, values)]


def _batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH_ROWS)):
        yield batch


def _update(connection: sqlite3.Connection, file_id: int, file: TrackFile) -> bool:
    changed = connection.execute(
        "UPDATE files SET path = ?, device = ?, inode = ?, size_bytes = ?, mtime_ns = ?, ctime_ns = ? WHERE id = ?",
        (*file_values(file), file_id),
    )
    return changed.rowcount > 0


def _displace(connection: sqlite3.Connection, where: str, values: tuple[bytes | int, ...]) -> bool:
    statement = f"UPDATE files SET path = CAST('{DISPLACED}' || id AS BLOB) WHERE {where}"
    return connection.execute(statement, values).rowcount > 0
