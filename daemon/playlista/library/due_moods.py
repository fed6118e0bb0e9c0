"""Tracks whose mood was derived by older rules, or never: after an update of Playlista.

Input: the column ``mood_version``. Output: the mood of such tracks on record, derived from their stored results. No
music is read.
"""

from __future__ import annotations

from playlista.library.database import Database
from playlista.library.results import Store
from playlista.library.track_rows import put_mood
from playlista.tracks.mood import MOOD_VERSION

_DUE = "FROM tracks WHERE mood_version < ?"


class DueMoods:
    """The tracks of one library whose mood is to be derived."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    def count(self) -> int:
        """How many there are."""
        return count_due_moods(self._database)

    def derive(self, limit: int) -> int:
        """Derive the moods of at most `limit` tracks, all in one transaction; of how many.

        Raises
        ------
        StoreError : nothing was written.
        """
        with self._database.read() as connection:
            due = [
                row["file_id"] for row in connection.execute(f"SELECT file_id {_DUE} LIMIT ?", (MOOD_VERSION, limit))
            ]
        if due:
            with self._database.transaction() as connection:
                for file_id in due:
                    put_mood(connection, file_id, self._store.readable(file_id))
        return len(due)


def count_due_moods(database: Database) -> int:
    """How many tracks have a mood that is still to be derived."""
    with database.read() as connection:
        return int(connection.execute(f"SELECT count(*) {_DUE}", (MOOD_VERSION,)).fetchone()[0])
