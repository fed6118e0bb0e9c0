"""Which files are due to be read again, and which of them rotted: the table ``scrubs`` in statements.

Input: files that were read once more. Output: files that are due, a page at a time; the verdicts, and those that
rotted. Nothing is read from the music folder here, and no result is changed.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from playlista.library.database import Database
from playlista.library.file_rows import (
    FILE_COLUMNS,
    as_stored,
    at_or_below,
    path_bytes,
    same_content,
    same_file,
    track_file,
    track_path,
    update_file,
)
from playlista.library.origins import ORIGIN_COLUMNS, origin_of
from playlista.library.remembered import remember
from playlista.tracks import TrackFile
from playlista.tracks.findings import Finding
from playlista.tracks.origin import Origin

#: Row numbers looked at in one query for files that are due.
_ROWS_PER_LOOK = 5000
_STARTED, _FINISHED = "scrub_started_at", "scrub_finished_at"
_KNOWN = f"""
    SELECT {FILE_COLUMNS}, files.id, {ORIGIN_COLUMNS}, scrubs.rotted_at FROM files
    JOIN origins ON origins.file_id = files.id AND origins.content IS NOT NULL
    JOIN analyses ON analyses.file_id = files.id
    LEFT JOIN scrubs ON scrubs.file_id = files.id
    WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.file_id = files.id)
"""


@dataclass(frozen=True, slots=True)
class DueScrub:
    """A file with what its result was made from; ``is_rotted`` if that was found before."""

    file_id: int
    file: TrackFile
    origin: Origin
    is_rotted: bool


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A file that was read whole: what `stat` said of it, and how it rotted, for people; None if it did not."""

    due: DueScrub
    seen: TrackFile
    rot: str | None


@dataclass(frozen=True, slots=True)
class RottedFile:
    """A file whose bytes are no longer those of its result, though its size and time stamp are."""

    file_id: int
    path: str
    rotted_at: float
    detail: str


@dataclass(frozen=True, slots=True)
class ScrubProgress:
    """How far the pass over the library is; times in seconds since the epoch, None where there was none."""

    started_at: float | None
    finished_at: float | None
    files: int
    scrubbed: int
    rotted: int


class Scrubs:
    """The scrubs of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, after: int, since: float) -> tuple[list[DueScrub], int | None]:
        """Files of some thousand rows above `after` that were not read since, and where to go on; None: at the end."""
        query = f"""{_KNOWN} AND files.id > ? AND files.id <= ?
                    AND max(coalesce(scrubs.scrubbed_at, 0), analyses.finished_at) < ? ORDER BY files.id"""
        with self._database.read() as connection:
            rows = connection.execute(query, (after, after + _ROWS_PER_LOOK, since)).fetchall()
            last = connection.execute("SELECT max(id) FROM files").fetchone()[0] or 0
        return [_due(row) for row in rows], after + _ROWS_PER_LOOK if after + _ROWS_PER_LOOK < last else None

    def suspects(self, limit: int) -> list[DueScrub]:
        """Files that were written to while their size and time stamp stayed."""
        query = f"{_KNOWN} AND files.id IN (SELECT file_id FROM scrubs WHERE suspect = 1 LIMIT ?)"
        with self._database.read() as connection:
            return [_due(row) for row in connection.execute(query, (limit,))]

    def at(self, path: str, after: str = "", limit: int = _ROWS_PER_LOOK) -> list[DueScrub]:
        """The file at `path`, or those below it above the path `after`; "" is the whole library."""
        place, values = at_or_below(path)
        query = f"{_KNOWN} AND {place} AND path > ? ORDER BY path LIMIT ?"
        with self._database.read() as connection:
            rows = connection.execute(query, (*values, path_bytes(after), limit)).fetchall()
        return [_due(row) for row in rows]

    def mark_suspects(self, files: Sequence[TrackFile]) -> list[TrackFile]:
        """Mark those of `files` of which only the ctime has changed, to be read again. The others are to be analyzed.

        Somebody wrote to them, or a program that sets the time stamp back changed them: reading them will tell.
        """
        with self._database.read() as connection:
            quiet = {file.path: _quietly_changed(connection, file) for file in files}
        suspects = [(file_id,) for file_id in quiet.values() if file_id is not None]
        if suspects:
            with self._database.transaction() as connection:
                connection.executemany(
                    """INSERT INTO scrubs (file_id, suspect) VALUES (?, 1)
                       ON CONFLICT (file_id) DO UPDATE SET suspect = 1""",
                    suspects,
                )
        return [file for file in files if quiet[file.path] is None]

    def note(self, scrubbed: Iterable[Scrubbed], now: float) -> None:
        """Write down what was found, of files that the library knows as they were before they were read."""
        with self._database.transaction() as connection:
            for one in scrubbed:
                row = connection.execute(
                    f"SELECT {FILE_COLUMNS} FROM files WHERE id = ?", (one.due.file_id,)
                ).fetchone()
                if row is not None and track_file(row) == one.due.file:
                    _note(connection, one, now)

    def changed(self, due: DueScrub) -> None:
        """The file is to be analyzed: it is no suspect any more."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE scrubs SET suspect = 0 WHERE file_id = ?", (due.file_id,))

    def begin_pass(self, now: float, interval_seconds: float) -> float | None:
        """When the pass at work began, or the one that begins now; None where none is due."""
        progress = self.progress()
        started, finished = progress.started_at, progress.finished_at
        if started is not None and (finished is None or finished < started):
            return started
        if started is not None and now < started + interval_seconds and started <= now:
            return None
        self._remember(_STARTED, now)
        return now

    def finish_pass(self, now: float) -> None:
        """All files were read."""
        self._remember(_FINISHED, now)

    def progress(self) -> ScrubProgress:
        """How far the pass at work, or the last one, came."""
        with self._database.read() as connection:
            facts = dict(connection.execute("SELECT name, value FROM remembered WHERE name LIKE 'scrub_%'").fetchall())
            started, finished = (float(facts[name]) if name in facts else None for name in (_STARTED, _FINISHED))
            files = connection.execute("SELECT total(n) FROM counts WHERE of = 'file'").fetchone()[0]
            scrubbed = connection.execute(
                "SELECT count(*) FROM scrubs JOIN files ON files.id = file_id WHERE scrubbed_at >= ?",
                (0.0 if started is None else started,),
            ).fetchone()[0]
            return ScrubProgress(started, finished, int(files), scrubbed, _count_rotted(connection))

    def rotted(self, limit: int = 1000) -> list[RottedFile]:
        """At most `limit` files that rotted, the latest first."""
        query = """SELECT files.id, files.path, rotted_at, detail FROM scrubs JOIN files ON files.id = file_id
                   WHERE rotted_at IS NOT NULL ORDER BY rotted_at DESC, path LIMIT ?"""
        with self._database.read() as connection:
            rows = connection.execute(query, (limit,)).fetchall()
        return [RottedFile(row["id"], track_path(row), row["rotted_at"], row["detail"] or "") for row in rows]

    def _remember(self, name: str, now: float) -> None:
        with self._database.transaction() as connection:
            remember(connection, name, repr(now))


def _note(connection: sqlite3.Connection, one: Scrubbed, now: float) -> None:
    connection.execute(
        """INSERT INTO scrubs (file_id, scrubbed_at, rotted_at, detail) VALUES (?, ?, ?, ?)
           ON CONFLICT (file_id) DO UPDATE SET scrubbed_at = excluded.scrubbed_at, suspect = 0,
               detail = excluded.detail, rotted_at = iif(excluded.rotted_at IS NULL, NULL,
                                                         coalesce(rotted_at, excluded.rotted_at))""",
        (one.due.file_id, now, None if one.rot is None else now, one.rot),
    )
    _note_finding(connection, one)
    update_file(connection, one.due.file_id, one.seen)


def _note_finding(connection: sqlite3.Connection, one: Scrubbed) -> None:
    """Show the rot among what is wrong with the track, or do not any more."""
    if one.rot is None:
        connection.execute(
            "DELETE FROM track_findings WHERE finding = ? AND file_id = ?", (Finding.ROTTED, one.due.file_id)
        )
        return
    connection.execute(
        "INSERT OR REPLACE INTO track_findings (finding, file_id, evidence) VALUES (?, ?, ?)",
        (Finding.ROTTED, one.due.file_id, one.rot),
    )


def _quietly_changed(connection: sqlite3.Connection, file: TrackFile) -> int | None:
    """The row of a file with a result, of which nothing but the ctime moved; None for every other."""
    row = connection.execute(f"{_KNOWN} AND files.path = ?", (path_bytes(file.path),)).fetchone()
    if row is None:
        return None
    former, present = track_file(row), as_stored(file)
    return int(row["id"]) if same_file(former, present) and not same_content(former, present) else None


def _count_rotted(connection: sqlite3.Connection) -> int:
    query = "SELECT count(*) FROM scrubs JOIN files ON files.id = file_id WHERE rotted_at IS NOT NULL"
    return int(connection.execute(query).fetchone()[0])


def _due(row: sqlite3.Row) -> DueScrub:
    return DueScrub(int(row["id"]), track_file(row), origin_of(row), row["rotted_at"] is not None)
