"""Which tracks make up the album that a track is on, for values that hold for the album as a whole.

Input: the row of a track. Output: all tracks of the album with what was measured, or why there is no album yet. Tracks
belong together when their tags say the same album and the same album artist (or none), and when they lie in one folder;
folders of single discs ("CD 1") count as the one that they are in. So the MP3 copy of an album is an album of its own,
and one without an album artist may have many artists.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass

from playlista.library.database import Database
from playlista.library.file_rows import prefix_range, track_path
from playlista.library.folding import folded
from playlista.tracks import Status
from playlista.tracks.metadata import DISC_FOLDER

#: More tracks than this are no album, whatever their tags say.
MAX_TRACKS = 300
#: Files that went less long ago may be back any moment: a disk that is away, a folder that is being moved.
RETURN_SECONDS = 3600.0

_COLUMNS = """
    files.path, tracks.file_id, tracks.album_key, tracks.album_artist, tracks.from_path, tracks.status,
    tracks.loudness, tracks.duration_seconds
"""
_PEAK = "json_extract(analyses.result, '$.loudness.true_peak_dbtp') AS true_peak_dbtp"


@dataclass(frozen=True, slots=True)
class AlbumTrack:
    """A track of an album with what was measured of it; None where the gate of the standard let nothing through."""

    file_id: int
    is_analyzed: bool
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class AlbumTracks:
    """The tracks of one album. ``is_settled`` says that none is about to come, to change or to return."""

    folder: str
    tracks: tuple[AlbumTrack, ...]
    is_settled: bool


class Albums:
    """The albums of one library. Times are seconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_track(self, file_id: int, now: float) -> AlbumTracks | None:
        """The album that this track is on; None where its tags name none."""
        with self._database.read() as connection:
            query = f"SELECT {_COLUMNS} FROM tracks JOIN files ON files.id = tracks.file_id WHERE tracks.file_id = ?"
            row = connection.execute(query, (file_id,)).fetchone()
            if row is None or not row["album_key"] or "album" in row["from_path"].split(","):
                return None
            folder = album_folder(track_path(row))
            members = [one for one in _same_album(connection, row, folder) if _is_on(one, row, folder)]
            if not 0 < len(members) <= MAX_TRACKS:
                return None
            is_settled = not (_has_jobs(connection, folder) or _lost_lately(connection, folder, now))
        return AlbumTracks(folder, tuple(map(_track, members)), is_settled)


def album_folder(path: str) -> str:
    """The folder of the album that the track at `path` is on."""
    folder = os.path.dirname(path)
    parent, name = os.path.split(folder)
    return parent if DISC_FOLDER.match(name) else folder


def _same_album(connection: sqlite3.Connection, row: sqlite3.Row, folder: str) -> list[sqlite3.Row]:
    query = f"""
        SELECT {_COLUMNS}, {_PEAK} FROM tracks JOIN files ON files.id = tracks.file_id
        LEFT JOIN analyses ON analyses.file_id = tracks.file_id
        WHERE tracks.album_key = ? AND files.path >= ? AND files.path < ? LIMIT ?
    """
    return connection.execute(query, (row["album_key"], *prefix_range(folder), MAX_TRACKS + 1)).fetchall()


def _is_on(one: sqlite3.Row, row: sqlite3.Row, folder: str) -> bool:
    same_artist = folded(one["album_artist"]) == folded(row["album_artist"])
    return same_artist and album_folder(track_path(one)) == folder


def _has_jobs(connection: sqlite3.Connection, folder: str) -> bool:
    """Whether a file in the folder is still to be analyzed or its names to be read; jobs are few, files may be many."""
    first, end = prefix_range(folder)
    query = """
        SELECT EXISTS (SELECT 1 FROM jobs CROSS JOIN files ON files.id = jobs.file_id WHERE path >= ? AND path < ?)
            OR EXISTS (SELECT 1 FROM tracks CROSS JOIN files ON files.id = tracks.file_id
                       WHERE tracks.tags_due = 1 AND path >= ? AND path < ?)
    """
    return bool(connection.execute(query, (first, end, first, end)).fetchone()[0])


def _lost_lately(connection: sqlite3.Connection, folder: str, now: float) -> bool:
    first, end = prefix_range(folder)
    query = "SELECT EXISTS (SELECT 1 FROM gone_files WHERE path >= ? AND path < ? AND gone_at > ?)"
    return bool(connection.execute(query, (first, end, now - RETURN_SECONDS)).fetchone()[0])


def _track(row: sqlite3.Row) -> AlbumTrack:
    return AlbumTrack(
        row["file_id"],
        row["status"] == Status.ANALYZED.value,
        row["loudness"],
        row["true_peak_dbtp"],
        row["duration_seconds"] or 0.0,
    )
