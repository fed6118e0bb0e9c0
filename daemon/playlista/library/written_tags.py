"""What we wrote into the tags of files: the table ``written_tags``. It tells our values from those of other programs.

Input: values before and after a write. Output: our values in a file. A value is ours while it stands in the file as we
wrote it. It is put down before the write, next to the former one, so that it is known whichever of the two a kill left.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from playlista.library.database import Database
from playlista.library.file_rows import FILE_COLUMNS, as_stored, same_content, track_file, update_file
from playlista.library.origins import put_hashes
from playlista.tracks import TrackFile
from playlista.tracks.origin import Origin


@dataclass(frozen=True, slots=True)
class OurTags:
    """What we wrote into one file.

    values : by field the texts that are ours wherever they stand in it.
    last : by field the text that was written and stood there, as far as is known.
    rewrites : by field how often another program undid it and it was written again.
    """

    values: Mapping[str, frozenset[str]]
    last: Mapping[str, str]
    rewrites: Mapping[str, int]


class WrittenTags:
    """What we wrote into the files of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_file(self, file_id: int) -> OurTags:
        """What we wrote into the file with this row."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM written_tags WHERE file_id = ?", (file_id,)).fetchall()
        return OurTags(
            {row["field"]: frozenset(filter(None, (row["value"], row["former"]))) for row in rows},
            {row["field"]: row["value"] for row in rows if row["former"] is None},
            {row["field"]: row["rewrites"] for row in rows},
        )

    def begin(self, file_id: int, values: Mapping[str, str]) -> None:
        """These values are about to be written; the former ones stay ours until `end` or `undo`."""
        with self._database.transaction() as connection:
            connection.executemany(
                """INSERT INTO written_tags (file_id, field, value, former) VALUES (?, ?, ?, '')
                   ON CONFLICT DO UPDATE SET former = iif(value = excluded.value, former, value),
                       value = excluded.value""",
                ((file_id, field, value) for field, value in values.items()),
            )

    def undo(self, file_id: int) -> None:
        """The write was not done: the file has the former values."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM written_tags WHERE file_id = ? AND former = ''", (file_id,))
            connection.execute(
                "UPDATE written_tags SET value = former, former = NULL WHERE file_id = ? AND former IS NOT NULL",
                (file_id,),
            )

    def end(
        self, file_id: int, original: TrackFile, written: TrackFile, origin: Origin, rewrites: Mapping[str, int]
    ) -> None:
        """The write is done. The library's row of the file follows it, so that our own write is no change to anybody.

        Where the library knew another file than the `original`, a scan finds out what became of it.

        Parameters
        ----------
        original, written : the file that was copied, and the one that took its place.
        origin : the hashes of what was written.
        rewrites : by field how often another program undid it so far.
        """
        with self._database.transaction() as connection:
            connection.execute("UPDATE written_tags SET former = NULL WHERE file_id = ?", (file_id,))
            connection.executemany(
                "UPDATE written_tags SET rewrites = ? WHERE file_id = ? AND field = ?",
                ((count, file_id, field) for field, count in rewrites.items()),
            )
            row = connection.execute(f"SELECT {FILE_COLUMNS} FROM files WHERE id = ?", (file_id,)).fetchone()
            if row is None or not same_content(track_file(row), as_stored(original)):
                return
            names = connection.execute("SELECT tags_due FROM tracks WHERE file_id = ?", (file_id,)).fetchone()
            update_file(connection, file_id, written)
            if names is not None and not names["tags_due"]:  # the names are as they were: only ours were changed
                connection.execute("UPDATE tracks SET tags_due = 0 WHERE file_id = ?", (file_id,))
            connection.execute("UPDATE origins SET content = NULL WHERE file_id = ?", (file_id,))
            put_hashes(connection, file_id, origin)
