"""A row of the table ``tracks``: what is listed, filtered, sorted and searched of one track.

Input: a connection inside a transaction, a result and its metadata. Output: the row, and metadata out of a row. Words,
genres, tags and counts follow from the row by triggers, see ``0007_tracks.sql``.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields
from typing import Any

from playlista.library.file_rows import track_path
from playlista.library.folding import folded
from playlista.tracks import Analysis
from playlista.tracks.findings import findings
from playlista.tracks.metadata import Metadata
from playlista.tracks.mood import LEAST_MOOD, MOOD_VERSION

#: Tags that a track is found by: those of at least this activation, and no more than so many.
LEAST_ACTIVATION = 0.1
MAX_TAGS = 12

#: The 24 keys by their place on the Camelot wheel: 1A, 1B, 2A ... 12B.
CAMELOT = tuple(f"{number}{letter}" for number in range(1, 13) for letter in "AB")

#: The columns that hold the metadata, by the names of its fields.
_NAMES = {
    "title": "title",
    "artist": "artist",
    "album_artist": "album_artist",
    "album": "album",
    "track": "track",
    "disc": "disc",
    "year": "year",
    "musicbrainz_recording_id": "mb_recording",
    "musicbrainz_track_id": "mb_track",
    "musicbrainz_album_id": "mb_album",
    "musicbrainz_artist_id": "mb_artist",
    "isrc": "isrc",
    "compilation": "compilation",
    "has_cover": "has_cover",
}

#: Columns of other types than the fields have, as JSON.
_AS_JSON = {
    "genres": "json(tracks.genres)",
    "compilation": "json(CASE tracks.compilation WHEN 0 THEN 'false' WHEN 1 THEN 'true' END)",
    "has_cover": "json(CASE tracks.has_cover WHEN 0 THEN 'false' WHEN 1 THEN 'true' END)",
    "from_path": """json(iif(tracks.from_path = '', '[]', '["' || replace(tracks.from_path, ',', '","') || '"]'))""",
}
_PAIRS = ", ".join(
    f"'{entry.name}', {_AS_JSON.get(entry.name) or f'tracks.{_NAMES[entry.name]}'}" for entry in fields(Metadata)
)

#: A column with the metadata as JSON, as in the result object, of a query that joins ``tracks``; NULL where nothing was
#: filled in yet.
METADATA_COLUMN = f"iif(tracks.title IS NULL, NULL, json_object({_PAIRS})) AS metadata"


def put_track(connection: sqlite3.Connection, file_id: int, analysis: Analysis, *, finished_at: float) -> None:
    """Write what the result of a file says; its names if they were read, else those that it has or those of its path.

    A name that was not read from the file itself stays due.
    """
    names = analysis.metadata
    if names is None:
        known = connection.execute("SELECT title FROM tracks WHERE file_id = ?", (file_id,)).fetchone()
        row = connection.execute("SELECT path FROM files WHERE id = ?", (file_id,)).fetchone()
        if known is None or known["title"] is None:
            names = Metadata().completed(analysis.path if row is None else track_path(row))
    values = _result_values(connection, analysis, finished_at) | {"tags_due": analysis.metadata is None}
    _upsert(connection, file_id, values if names is None else values | _name_values(names))
    _put_findings(connection, file_id, analysis)


def put_metadata(connection: sqlite3.Connection, file_id: int, metadata: Metadata) -> None:
    """Write the names that were read from the tags of a file; nothing where it has no result."""
    _update(connection, file_id, _name_values(metadata) | {"tags_due": False})


def put_mood(connection: sqlite3.Connection, file_id: int, analysis: Analysis | None) -> None:
    """Write the mood that follows from a stored result; None where the result cannot be understood."""
    _update(connection, file_id, {"mood_version": MOOD_VERSION} if analysis is None else _mood_values(analysis))


def _put_findings(connection: sqlite3.Connection, file_id: int, analysis: Analysis) -> None:
    connection.execute("DELETE FROM track_findings WHERE file_id = ?", (file_id,))
    found = findings(analysis).items()
    connection.executemany(
        "INSERT INTO track_findings (finding, file_id, evidence) VALUES (?, ?, ?)",
        ((finding.value, file_id, evidence) for finding, evidence in found),
    )


def metadata_in(text: str | None) -> Metadata | None:
    """The metadata in a `METADATA_COLUMN`."""
    if not text:
        return None
    document = json.loads(text)
    return Metadata(**document | {name: tuple(document[name]) for name in ("genres", "from_path")})


def _name_values(names: Metadata) -> dict[str, Any]:
    artist_key, owner_key = folded(names.artist), folded(names.album_artist)
    return {
        **{column: getattr(names, name) for name, column in _NAMES.items()},
        "genres": json.dumps(names.genres, ensure_ascii=False),
        "from_path": ",".join(names.from_path),
        "title_key": folded(names.title),
        "artist_key": artist_key or owner_key,
        "album_key": folded(names.album),
        "album_artist_key": owner_key or ("" if names.compilation else artist_key),
        "place": (names.disc or 0) * 10_000 + (names.track or 0),
        "genre_keys": json.dumps(list(dict.fromkeys(map(folded, names.genres))), ensure_ascii=False),
    }


def _result_values(connection: sqlite3.Connection, analysis: Analysis, finished_at: float) -> dict[str, Any]:
    audio, rhythm, tonal, loudness = analysis.audio, analysis.rhythm, analysis.tonal, analysis.loudness
    camelot = tonal.camelot if tonal else None
    return {
        "status": analysis.status.value,
        "reason": analysis.reason and analysis.reason.value,
        "finished_at": finished_at,
        "duration_seconds": audio.duration_seconds if audio else None,
        "format": audio.format if audio else None,
        "bpm": rhythm.bpm if rhythm else None,
        "bpm_confidence": rhythm.bpm_confidence if rhythm else None,
        "camelot": CAMELOT.index(camelot) if camelot in CAMELOT else None,
        "loudness": loudness.integrated_lufs if loudness else None,
        "activations": json.dumps(_activations(connection, analysis)),
        **_mood_values(analysis),
    }


def _mood_values(analysis: Analysis) -> dict[str, Any]:
    mood = analysis.mood
    moods = (mood.moods if mood else None) or {}
    highest = sorted((name for name in moods if moods[name] >= LEAST_MOOD), key=lambda name: -moods[name])
    return {
        "energy": mood.energy if mood else None,
        "voice": mood.voice if mood else None,
        "moods": json.dumps([(name, round(moods[name] * 1000)) for name in highest]),
        "mood_version": MOOD_VERSION,
    }


def _activations(connection: sqlite3.Connection, analysis: Analysis) -> list[tuple[int, int]]:
    """The highest tags as (id, activation in thousandths), the highest first."""
    tags = analysis.tagging.tags if analysis.tagging else {}
    highest = sorted((name for name in tags if tags[name] >= LEAST_ACTIVATION), key=lambda name: -tags[name])[:MAX_TAGS]
    if not highest:
        return []
    connection.executemany(
        "INSERT INTO tag_names (name) VALUES (?) ON CONFLICT DO NOTHING", ((one,) for one in highest)
    )
    ids = dict(map(tuple, connection.execute("SELECT name, id FROM tag_names")))
    return [(ids[name], round(min(tags[name], 1.0) * 1000)) for name in highest]


def _upsert(connection: sqlite3.Connection, file_id: int, values: dict[str, Any]) -> None:
    # Not INSERT OR REPLACE, which deletes the row without the triggers that take its words and counts back.
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    changes = ", ".join(f"{name} = excluded.{name}" for name in values)
    connection.execute(
        f"""INSERT INTO tracks (file_id, {columns}) VALUES (?, {marks})
            ON CONFLICT (file_id) DO UPDATE SET {changes}""",
        (file_id, *values.values()),
    )


def _update(connection: sqlite3.Connection, file_id: int, values: dict[str, Any]) -> None:
    changes = ", ".join(f"{name} = ?" for name in values)
    connection.execute(f"UPDATE tracks SET {changes} WHERE file_id = ?", (*values.values(), file_id))
