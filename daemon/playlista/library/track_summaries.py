"""A track in one small row, as lists, search and similar tracks show it.

Input: rows of ``tracks`` joined with ``files``. Output: `TrackSummary`, also for ids that another part found.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from playlista.library.database import Database
from playlista.library.file_rows import path_bytes, track_path
from playlista.library.folding import folded
from playlista.library.track_rows import CAMELOT
from playlista.tracks.findings import in_order
from playlista.tracks.mood import USUAL_MOOD

#: The keys of the wheel by their codes, with sharps.
_KEYS_BY_CODE = {
    **dict(zip(CAMELOT[0::2], ("G#", "D#", "A#", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"), strict=True)),
    **dict(zip(CAMELOT[1::2], ("B", "F#", "C#", "G#", "D#", "A#", "F", "C", "G", "D", "A", "E"), strict=True)),
}

_SHOWN_TAGS = 3
#: Values bound in one statement.
_BATCH = 500

#: What `track_summary` reads, of a query that joins ``files`` and ``tracks``.
SUMMARY_COLUMNS = """
    tracks.file_id, files.path, tracks.status, tracks.reason, title, artist, album, year, format, duration_seconds, bpm,
    bpm_confidence, camelot, loudness, energy, voice, moods, activations, has_cover, finished_at, mb_recording, isrc,
    (SELECT json_group_array(finding) FROM track_findings WHERE track_findings.file_id = tracks.file_id) AS findings
"""

_BY_ID = f"SELECT {SUMMARY_COLUMNS} FROM tracks JOIN files ON files.id = tracks.file_id WHERE tracks.file_id"


@dataclass(frozen=True, slots=True)
class TrackSummary:
    """A track with a result; ``path`` is relative to the music folder, unknown values are None.

    id : stays the same for as long as the file is known, also when it is moved.
    energy, voice : 0..1. moods : those that the track has, from `USUAL_MOOD` on, the strongest first.
    tags : the three highest as (name, activation 0..1).
    finished_at : seconds since the epoch.
    findings : what is wrong with it, in words of ``tracks.findings``.
    musicbrainz_recording_id, isrc : by which other programs find the track.
    """

    id: int
    path: str
    status: str
    reason: str | None
    title: str | None
    artist: str | None
    album: str | None
    year: int | None
    format: str | None
    duration_seconds: float | None
    bpm: float | None
    bpm_confidence: float | None
    camelot: str | None
    integrated_lufs: float | None
    tags: tuple[tuple[str, float], ...]
    has_cover: bool | None
    finished_at: float | None
    energy: float | None = None
    voice: float | None = None
    moods: tuple[str, ...] = ()
    musicbrainz_recording_id: str | None = None
    isrc: str | None = None
    findings: tuple[str, ...] = ()

    @property
    def key(self) -> str | None:
        """The tonic with sharps, such as "C#"."""
        return None if self.camelot is None else key_of(self.camelot)[0]

    @property
    def scale(self) -> str | None:
        """ "major" or "minor"."""
        return None if self.camelot is None else key_of(self.camelot)[1]

    def to_json(self) -> dict[str, Any]:
        """The TrackSummary of the API."""
        return {
            "id": self.id,
            "path": self.path,
            "status": self.status,
            "reason": self.reason,
            "title": self.title,
            "artist": self.artist,
            "album": self.album,
            "year": self.year,
            "format": self.format,
            "duration_seconds": self.duration_seconds,
            "bpm": self.bpm,
            "bpm_confidence": self.bpm_confidence,
            "key": self.key,
            "scale": self.scale,
            "camelot": self.camelot,
            "integrated_lufs": self.integrated_lufs,
            "tags": [{"name": name, "activation": activation} for name, activation in self.tags],
            "energy": self.energy,
            "voice": self.voice,
            "moods": list(self.moods),
            "has_cover": self.has_cover,
            "finished_at": self.finished_at,
            "musicbrainz_recording_id": self.musicbrainz_recording_id,
            "isrc": self.isrc,
            "findings": list(self.findings),
        }


def key_of(camelot: str) -> tuple[str, str]:
    """Tonic, with sharps, and scale of a Camelot code."""
    return _KEYS_BY_CODE[camelot], "minor" if camelot.endswith("A") else "major"


def track_summary(row: sqlite3.Row, tag_names: Mapping[int, str]) -> TrackSummary:
    """The track in a row with `SUMMARY_COLUMNS`."""
    highest = json.loads(row["activations"])[:_SHOWN_TAGS]
    return TrackSummary(
        id=row["file_id"],
        path=track_path(row),
        status=row["status"],
        reason=row["reason"],
        title=row["title"],
        artist=row["artist"],
        album=row["album"],
        year=row["year"],
        format=row["format"],
        duration_seconds=row["duration_seconds"],
        bpm=row["bpm"],
        bpm_confidence=row["bpm_confidence"],
        camelot=None if row["camelot"] is None else CAMELOT[row["camelot"]],
        integrated_lufs=row["loudness"],
        tags=tuple((tag_names[tag], activation / 1000) for tag, activation in highest),
        energy=row["energy"],
        voice=row["voice"],
        moods=tuple(name for name, value in json.loads(row["moods"]) if value >= USUAL_MOOD * 1000),
        has_cover=None if row["has_cover"] is None else bool(row["has_cover"]),
        finished_at=row["finished_at"],
        musicbrainz_recording_id=row["mb_recording"],
        isrc=row["isrc"],
        findings=in_order(json.loads(row["findings"])),
    )


def read_tag_names(connection: sqlite3.Connection) -> dict[int, str]:
    """The names of the tags by their ids, some fifty."""
    return dict(map(tuple, connection.execute("SELECT id, name FROM tag_names")))


class TrackLookup:
    """Finds single tracks of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def summaries(self, ids: Iterable[int]) -> list[TrackSummary]:
        """The tracks with these ids, in the order of the ids; those that are not there are left out."""
        wanted = list(ids)
        found: dict[int, TrackSummary] = {}
        with self._database.read() as connection:
            names = read_tag_names(connection)
            for start in range(0, len(wanted), _BATCH):
                batch = wanted[start : start + _BATCH]
                rows = connection.execute(f"{_BY_ID} IN ({', '.join('?' * len(batch))})", batch).fetchall()
                found |= {row["file_id"]: track_summary(row, names) for row in rows}
        return [found[one] for one in wanted if one in found]

    def id_of_path(self, path: str) -> int | None:
        """The id of the file at `path`, relative to the music folder, whether it has a result or not."""
        return self._id("SELECT id FROM files WHERE path = ?", path_bytes(path))

    def path_of_id(self, file_id: int) -> str | None:
        """Where the file with this id is, relative to the music folder; None when it is not known."""
        with self._database.read() as connection:
            row = connection.execute("SELECT path FROM files WHERE id = ?", (file_id,)).fetchone()
        return None if row is None else os.fsdecode(row["path"])

    def id_of_mbid(self, mbid: str) -> int | None:
        """The id of a track with this MusicBrainz id, of a recording or of a track on a release."""
        wanted = mbid.strip().lower()
        return self._id("SELECT file_id FROM tracks WHERE mb_recording = ?", wanted) or self._id(
            "SELECT file_id FROM tracks WHERE mb_track = ?", wanted
        )

    def id_of_isrc(self, isrc: str) -> int | None:
        """The id of a track with this International Standard Recording Code; hyphens and case do not count."""
        wanted = isrc.replace("-", "").strip().upper()
        return self._id("SELECT file_id FROM tracks WHERE isrc = ? ORDER BY file_id LIMIT 1", wanted)

    def id_of_names(self, artist: str, title: str, *, album: str | None = None) -> int | None:
        """The id of the track with this artist and title, on this album if it can be; case and accents do not count."""
        query = "SELECT file_id FROM tracks WHERE title_key = ? AND artist_key = ? {} ORDER BY file_id LIMIT 1"
        names = folded(title), folded(artist)
        on_album = album and self._id(query.format("AND +album_key = ?"), *names, folded(album))
        return on_album or self._id(query.format(""), *names)

    def _id(self, query: str, *values: str | bytes) -> int | None:
        if not all(isinstance(value, bytes) or _is_unicode(value) for value in values):
            return None  # SQLite holds no such text
        with self._database.read() as connection:
            row = connection.execute(query, values).fetchone()
        return None if row is None else int(row[0])


def _is_unicode(text: str) -> bool:
    """False with surrogate escapes, which stand for bytes that were not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
