"""How the tracks of a library are spread: tempo, keys, loudness, years, formats, tags.

Input: the counts that triggers keep, so that half a million tracks cost a few hundred rows. Output: plain numbers.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from playlista.library.database import Database
from playlista.library.search import Named, tag_counts
from playlista.library.track_rows import CAMELOT
from playlista.tracks.findings import in_order
from playlista.tracks.mood import MOODS

#: Widths of the ranges of tempo and loudness, as ``0007_tracks.sql`` counts them.
BPM_STEP = 10
LOUDNESS_STEP = 2


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of all tracks with a result; ranges by their lower end, without empty ones.

    seconds : of audio. bpm, loudness : {lower end: tracks}. camelot : {code: tracks}. energy, voice : {tenths: tracks}.
    moods : {mood: tracks that have it}, those that none has too. tags : the most frequent first.
    findings : {finding: tracks}, of those that there are.
    """

    tracks: int
    seconds: float
    artists: int
    albums: int
    bpm: dict[int, int]
    loudness: dict[int, int]
    camelot: dict[str, int]
    years: dict[int, int]
    formats: dict[str, int]
    energy: dict[int, int]
    voice: dict[int, int]
    moods: dict[str, int]
    tags: list[Named]
    findings: dict[str, int] = field(default_factory=dict)


def read_statistics(database: Database) -> Statistics:
    """The statistics of a library as it is now."""
    with database.read() as connection:
        found: dict[str, dict[int | str, int]] = {}
        milliseconds = 0
        for row in connection.execute("SELECT * FROM distributions WHERE tracks > 0 ORDER BY of, bucket"):
            found.setdefault(row["of"], {})[row["bucket"]] = row["tracks"]
            milliseconds += row["milliseconds"] if row["of"] == "format" else 0
        moods: dict[str, dict[int | str, int]] = {"energy": {}, "voice": {}, "mood": {}}
        for row in connection.execute("SELECT * FROM mood_counts WHERE tracks > 0 ORDER BY of, bucket"):
            moods[row["of"]][row["bucket"]] = row["tracks"]
        return Statistics(
            tracks=_count(connection, "SELECT total(n) FROM counts WHERE of = 'file' AND state <> 'unanalyzed'"),
            seconds=milliseconds / 1000,
            artists=_count(connection, "SELECT count(*) FROM artists"),
            albums=_count(connection, "SELECT count(*) FROM albums"),
            bpm=_numbers(found, "bpm"),
            loudness=_numbers(found, "loudness"),
            camelot={CAMELOT[place]: tracks for place, tracks in _numbers(found, "key").items()},
            years=_numbers(found, "year"),
            formats={str(name): tracks for name, tracks in found.get("format", {}).items()},
            energy=_numbers(moods, "energy"),
            voice=_numbers(moods, "voice"),
            moods={name: moods["mood"].get(name, 0) for name in MOODS},
            findings=_findings(connection),
            tags=tag_counts(connection),
        )


def read_audio_seconds(database: Database) -> tuple[int, float]:
    """How many tracks there are sound of, and their seconds together."""
    query = "SELECT total(tracks), total(milliseconds) / 1000 FROM distributions WHERE of = 'format'"
    with database.read() as connection:
        tracks, seconds = connection.execute(query).fetchone()
    return int(tracks), float(seconds)


def _findings(connection: sqlite3.Connection) -> dict[str, int]:
    counts = dict(connection.execute("SELECT finding, count(*) FROM track_findings GROUP BY finding").fetchall())
    return {name: counts[name] for name in in_order(counts)}


def _count(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _numbers(found: dict[str, dict[int | str, int]], name: str) -> dict[int, int]:
    return {int(bucket): tracks for bucket, tracks in found.get(name, {}).items()}
