"""Search: what was typed, against titles, artists, albums and tags.

Input: a few words, each of which may be the beginning of one; case and accents do not count. Output: tracks, artists,
albums and tags, the best first. What is looked at is bounded, so that one letter costs no more than a name.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from playlista.library.database import Database
from playlista.library.folding import folded
from playlista.library.track_filter import match_query
from playlista.library.track_summaries import SUMMARY_COLUMNS, TrackSummary, read_tag_names, track_summary

#: Tracks that are ranked; of more, those that came first into the library.
_CANDIDATES = 1000

#: Whole titles first, then beginnings of titles, then what has the words anywhere; in that order by name.
_TRACKS = f"""
    SELECT {SUMMARY_COLUMNS}
    FROM (
        SELECT file_id AS id FROM (SELECT file_id FROM tracks WHERE title_key = :folded LIMIT :candidates)
        UNION
        SELECT rowid FROM (SELECT rowid FROM track_words WHERE track_words MATCH :query LIMIT :candidates)
    ) AS found
    CROSS JOIN tracks ON tracks.file_id = found.id JOIN files ON files.id = found.id
    ORDER BY title_key <> :folded, artist_key <> :folded, substr(title_key, 1, length(:folded)) <> :folded,
        title_key, artist_key, tracks.file_id
    LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Named:
    """An artist, an album or a tag, with the number of its tracks; ``artist`` is that of an album, None for many."""

    name: str
    tracks: int
    artist: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, each list with the best first."""

    tracks: list[TrackSummary]
    artists: list[Named]
    albums: list[Named]
    tags: list[Named]


class Search:
    """Searches one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, text: str, *, limit: int = 20) -> Found:
        """At most `limit` tracks, artists, albums and tags each; none where `text` has no word."""
        query, plain = match_query(text), folded(text)
        if not query:
            return Found([], [], [], [])
        with self._database.read() as connection:
            names = read_tag_names(connection)
            values = {"query": query, "folded": plain, "limit": limit, "candidates": _CANDIDATES}
            tracks = [track_summary(row, names) for row in connection.execute(_TRACKS, values).fetchall()]
            return Found(
                tracks,
                _artists(connection, plain, limit),
                _albums(connection, plain, limit),
                [one for one in tag_counts(connection) if plain in one.name.lower()][:limit],
            )


def tag_counts(connection: sqlite3.Connection) -> list[Named]:
    """The tags with the number of tracks whose activation is at least 0.3, the most frequent first."""
    rows = connection.execute(
        """SELECT name, tracks FROM distributions JOIN tag_names ON tag_names.id = bucket
           WHERE of = 'tag' AND tracks > 0 ORDER BY tracks DESC, name"""
    )
    return [Named(row["name"], row["tracks"]) for row in rows]


def _artists(connection: sqlite3.Connection, plain: str, limit: int) -> list[Named]:
    where, values = _words("artist_key", plain)
    rows = connection.execute(
        f"SELECT name, tracks FROM artists WHERE {where} ORDER BY artist_key <> ?, tracks DESC, artist_key LIMIT ?",
        (*values, plain, limit),
    )
    return [Named(row["name"], row["tracks"]) for row in rows]


def _albums(connection: sqlite3.Connection, plain: str, limit: int) -> list[Named]:
    where, values = _words("album_key", plain)
    rows = connection.execute(
        f"""SELECT name, artist, tracks FROM albums WHERE {where}
            ORDER BY album_key <> ?, tracks DESC, album_key, artist_key LIMIT ?""",
        (*values, plain, limit),
    )
    return [Named(row["name"], row["tracks"], row["artist"]) for row in rows]


def _words(column: str, plain: str) -> tuple[str, tuple[str, ...]]:
    """A condition: each word is the beginning of one in `column`."""
    words = plain.split()
    return " AND ".join(f"instr(' ' || {column}, ?) > 0" for _ in words), tuple(f" {word}" for word in words)
