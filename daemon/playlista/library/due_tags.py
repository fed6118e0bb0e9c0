"""Tracks whose names are still to be read from their files: after an update of Playlista, a retag or a move.

Input: the column ``tags_due``, which triggers set. Output: such files a page at a time, and their names on record. A
row that has nothing yet is also given the numbers of its stored result.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace

from playlista.library.database import Database
from playlista.library.file_rows import FILE_COLUMNS, track_file
from playlista.library.results import Store
from playlista.library.track_rows import put_metadata, put_track
from playlista.tracks import TrackFile
from playlista.tracks.metadata import Metadata

_DUE = f"""
    SELECT {FILE_COLUMNS}, files.id FROM tracks JOIN files ON files.id = tracks.file_id
    WHERE tracks.tags_due = 1 AND tracks.file_id > ? ORDER BY tracks.file_id LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class DueFile:
    """A file whose tags are to be read, as the library knows it."""

    file_id: int
    file: TrackFile


class DueTags:
    """The files of one library whose tags are to be read."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    def page(self, after: int, limit: int) -> list[DueFile]:
        """At most `limit` files above the row `after`."""
        with self._database.read() as connection:
            return [DueFile(row["id"], track_file(row)) for row in connection.execute(_DUE, (after, limit))]

    def count(self) -> int:
        """How many there are."""
        return count_due_tags(self._database)

    def put(self, read: Iterable[tuple[DueFile, Metadata]]) -> None:
        """Write the names down, all in one transaction. A file that changed meanwhile stays due."""
        with self._database.transaction() as connection:
            for due, names in read:
                row = connection.execute(f"SELECT {FILE_COLUMNS} FROM files WHERE id = ?", (due.file_id,)).fetchone()
                if row is not None and track_file(row) == due.file:
                    self._put(connection, due.file_id, names)

    def _put(self, connection: sqlite3.Connection, file_id: int, names: Metadata) -> None:
        row = connection.execute(
            """SELECT title, analyses.finished_at FROM tracks
               LEFT JOIN analyses ON analyses.file_id = tracks.file_id WHERE tracks.file_id = ?""",
            (file_id,),
        ).fetchone()
        is_unknown = row["title"] is None and row["finished_at"] is not None
        analysis = self._store.readable(file_id) if is_unknown else None
        if analysis is None:
            put_metadata(connection, file_id, names)
        else:
            put_track(connection, file_id, replace(analysis, metadata=names), finished_at=row["finished_at"])


def count_due_tags(database: Database) -> int:
    """How many tracks have names that are still to be read."""
    with database.read() as connection:
        return int(connection.execute("SELECT count(*) FROM tracks WHERE tags_due = 1").fetchone()[0])
