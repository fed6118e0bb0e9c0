"""Which files hold one recording: the table ``copies`` in statements.

Input: files whose result is new. Output: candidates to be compared, and what became of the comparison. Nothing is
compared with the whole library, only with the files that have the same bytes or sound, or share some keys of its
fingerprint.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from playlista.library.database import Database
from playlista.library.fingerprints import FINGERPRINT_COLUMNS, fingerprint_in
from playlista.tracks import Fingerprint

#: Files looked at under one key, and of the same bytes: a key that half of a library has finds nothing.
_FILES_OF_KEY = 64
#: Candidates that are compared, those that share the most keys.
MOST_CANDIDATES = 16
#: Keys that have to be shared, of at least so many for each of them.
_LEAST_SHARED, _KEYS_FOR_EACH = 2, 6

#: The same bytes, encoded audio or sound. What a machine decodes may differ in the last bit, so either will do. Each is
#: limited by itself: of a file that is there thirty thousand times, all the others would be gone through every time.
_SAME = " UNION ".join(
    f"SELECT file_id FROM (SELECT file_id FROM {rows} AND file_id <> :id LIMIT :limit)"  # noqa: S608 - of constants
    for rows in (
        "origins JOIN copies USING (file_id) WHERE content = (SELECT content FROM origins WHERE file_id = :id)",
        "origins JOIN copies USING (file_id) WHERE encoded = (SELECT encoded FROM origins WHERE file_id = :id)",
        """analyses JOIN origins USING (file_id) JOIN copies USING (file_id)
           WHERE music_hash = (SELECT music_hash FROM analyses WHERE file_id = :id)
               AND sound = (SELECT sound FROM origins WHERE file_id = :id)""",
    )
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file with the fingerprint and the length of its result; ``recording`` is None while no copy of it is known."""

    file_id: int
    fingerprint: Fingerprint
    seconds: float
    recording: int | None


class Copies:
    """The copies of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, limit: int) -> list[int]:
        """At most `limit` files whose copies are still to be looked for."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT file_id FROM copies WHERE due = 1 ORDER BY file_id LIMIT ?", (limit,))
            return [row["file_id"] for row in rows]

    def same(self, file_id: int) -> list[int]:
        """Files with the same bytes, encoded audio or sound as this one, some of them where there are very many."""
        with self._database.read() as connection:
            rows = connection.execute(f"{_SAME} LIMIT :limit", {"id": file_id, "limit": _FILES_OF_KEY})
            return [row["file_id"] for row in rows]

    def candidates(self, file_id: int) -> tuple[Candidate | None, list[Candidate]]:
        """The file itself, None where it has no fingerprint, and those that share keys with it, the most first."""
        with self._database.read() as connection:
            row = connection.execute("SELECT keys FROM fingerprints WHERE file_id = ?", (file_id,)).fetchone()
            if row is None:
                return None, []
            found = self._sharing(connection, file_id, json.loads(row["keys"]))
            read = {one.file_id: one for one in _read(connection, [file_id, *found])}
        return read.get(file_id), [read[one] for one in found if one in read]

    def settle(self, file_id: int, copies: Sequence[int]) -> None:
        """Write down which files are copies of this one; none: it has no copy."""
        with self._database.transaction() as connection:
            _settle(connection, file_id, copies)

    @staticmethod
    def _sharing(connection: sqlite3.Connection, file_id: int, keys: Sequence[int]) -> list[int]:
        query = "SELECT file_id FROM fingerprint_keys WHERE key = ? AND file_id <> ? LIMIT ?"
        shared: Counter[int] = Counter()
        for key in keys:
            shared.update(row["file_id"] for row in connection.execute(query, (key, file_id, _FILES_OF_KEY)))
        least = max(1, min(_LEAST_SHARED, len(keys) // _KEYS_FOR_EACH))
        return [one for one, count in shared.most_common(MOST_CANDIDATES) if count >= least]


def count_due_copies(database: Database) -> int:
    """How many files have copies that are still to be looked for."""
    with database.read() as connection:
        return int(connection.execute("SELECT count(*) FROM copies WHERE due = 1").fetchone()[0])


def _read(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Candidate]:
    """Those of these files that are on disk and have a fingerprint."""
    query = f"""
        SELECT file_id, {FINGERPRINT_COLUMNS}, duration_seconds, recording
        FROM fingerprints JOIN analyses USING (file_id)
        JOIN copies USING (file_id) WHERE file_id IN ({", ".join("?" * len(ids))})
    """  # noqa: S608 - put together from constants; every value is bound
    return [
        Candidate(row["file_id"], fingerprint, row["duration_seconds"] or 0.0, row["recording"])
        for row in connection.execute(query, ids)
        if (fingerprint := fingerprint_in(row["chromaprint"], row["band_levels"])) is not None
    ]


def _settle(connection: sqlite3.Connection, file_id: int, copies: Sequence[int]) -> None:
    """Give one number to `file_id`, to its copies, and to all files that had the number of one of these copies."""
    if not copies:
        connection.execute("UPDATE copies SET due = 0, recording = NULL WHERE file_id = ?", (file_id,))
        return
    marks = ", ".join("?" * len(copies))
    numbers = [
        row["recording"]
        for row in connection.execute(
            f"SELECT DISTINCT recording FROM copies WHERE file_id IN ({marks}) AND recording IS NOT NULL ORDER BY 1",  # noqa: S608 - marks
            copies,
        )
    ]
    if not numbers:
        numbers = [connection.execute("SELECT coalesce(max(recording), 0) + 1 FROM copies").fetchone()[0]]
    number, *others = numbers
    for other in others:
        connection.execute("UPDATE copies SET recording = ? WHERE recording = ?", (number, other))
    connection.execute(f"UPDATE copies SET recording = ? WHERE file_id IN ({marks})", (number, *copies))  # noqa: S608 - marks
    connection.execute("UPDATE copies SET due = 0, recording = ? WHERE file_id = ?", (number, file_id))
