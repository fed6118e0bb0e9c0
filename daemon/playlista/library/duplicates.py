"""The recordings that a library has more than once, each with its copies and the best of them.

Input: a place in the order of recordings. Output: pages of `Recording`, bounded in number and in copies. Which files
are copies is settled before, see ``library.copies``; nothing is ever deleted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from playlista.library.best_copy import Copy, best_of
from playlista.library.database import Database
from playlista.library.file_rows import at_or_below, track_path
from playlista.tracks import Status

#: Copies that are told of one recording; there may be more.
MOST_COPIES = 100
#: Recordings read at a time.
PAGE_RECORDINGS = 100

_NUMBERS = """
    SELECT recording, count(*) AS copies FROM copies LEFT JOIN origins USING (file_id)
    WHERE recording > ? {inside} GROUP BY recording HAVING count(*) > 1 {same} ORDER BY recording LIMIT ?
"""
#: Two copies at least with the same sound.
_SAME = "AND (count(sound) > count(DISTINCT sound) OR count(encoded) > count(DISTINCT encoded))"
_INSIDE = "AND recording IN (SELECT recording FROM copies JOIN files ON files.id = copies.file_id WHERE {place})"
_OF_FILE = "AND recording = (SELECT recording FROM copies WHERE file_id = ?)"

_COPIES = """
    SELECT copies.file_id, files.path, files.size_bytes, tracks.status, tracks.format, tracks.duration_seconds,
        json_extract(result, '$.audio.sample_rate_hz') AS sample_rate_hz,
        json_extract(result, '$.audio.channels') AS channels, json_extract(result, '$.audio.truncated') AS truncated,
        json_extract(result, '$.health.clipped_runs') AS clipped_runs,
        json_extract(result, '$.health.lossy_suspicion') AS lossy_suspicion,
        (title IS NOT NULL AND from_path NOT LIKE '%title%') + (artist IS NOT NULL AND from_path NOT LIKE '%artist%')
        + (album IS NOT NULL AND from_path NOT LIKE '%album%') + (track IS NOT NULL AND from_path NOT LIKE '%track%')
        + (year IS NOT NULL) + (genres <> '[]') + (mb_recording IS NOT NULL) + (has_cover IS 1) AS named, sound, encoded
    FROM copies JOIN files ON files.id = copies.file_id LEFT JOIN tracks ON tracks.file_id = copies.file_id
    LEFT JOIN analyses ON analyses.file_id = copies.file_id LEFT JOIN origins ON origins.file_id = copies.file_id
    WHERE recording = ? ORDER BY files.path LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that the library has more than once.

    number : of the recording; another one may have it after the copies of this one changed.
    copies : in the order of their paths, no more than `MOST_COPIES`; `count` is how many there are.
    best : the one to keep, and `why`.
    """

    number: int
    count: int
    copies: tuple[Copy, ...]
    best: Copy
    why: str

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return {
            "recording": self.number,
            "copies_total": self.count,
            "best": {"id": self.best.id, "path": self.best.path, "why": self.why},
            "copies": [one.to_json() for one in self.copies],
        }


@dataclass(frozen=True, slots=True)
class DuplicateCounts:
    """Recordings that are there more than once, the tracks that hold them, and tracks still to be compared."""

    recordings: int
    tracks: int
    due: int


class Duplicates:
    """The duplicates of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        *,
        after: int = 0,
        limit: int = PAGE_RECORDINGS,
        path: str | None = None,
        file_id: int | None = None,
        same_audio: bool = False,
    ) -> list[Recording]:
        """At most `limit` recordings behind the number `after`.

        Parameters
        ----------
        path : only those with a copy in this file or folder of the music folder.
        file_id : only that of this file.
        same_audio : only those with copies that sound the same bit for bit.
        """
        inside, values = "", tuple[object, ...]()
        if path is not None:
            place, values = at_or_below(path)
            inside = _INSIDE.format(place=place)
        elif file_id is not None:
            inside, values = _OF_FILE, (file_id,)
        query = _NUMBERS.format(inside=inside, same=_SAME if same_audio else "")
        with self._database.read() as connection:
            found = connection.execute(query, (after, *values, limit)).fetchall()
            read = [(row, connection.execute(_COPIES, (row["recording"], MOST_COPIES)).fetchall()) for row in found]
        return [_recording(row["recording"], row["copies"], copies) for row, copies in read if len(copies) > 1]

    def iterate(self, *, path: str | None = None, same_audio: bool = False) -> Iterator[Recording]:
        """All of them, with one page in memory."""
        page = self.page(path=path, same_audio=same_audio)
        while page:
            yield from page
            page = self.page(after=page[-1].number, path=path, same_audio=same_audio)

    def counts(self) -> DuplicateCounts:
        """How many there are."""
        query = """
            SELECT count(*) AS recordings, coalesce(sum(n), 0) AS tracks,
                (SELECT count(*) FROM copies WHERE due = 1) AS due
            FROM (SELECT count(*) AS n FROM copies WHERE recording IS NOT NULL GROUP BY recording HAVING n > 1)
        """
        with self._database.read() as connection:
            return DuplicateCounts(*connection.execute(query).fetchone())


def _recording(number: int, count: int, rows: list[sqlite3.Row]) -> Recording:
    copies = _same_audio_numbered([_copy(row) for row in rows], rows)
    best, why = best_of(copies)
    return Recording(number, count, tuple(copies), best, why)


def _copy(row: sqlite3.Row) -> Copy:
    return Copy(
        id=row["file_id"],
        path=track_path(row),
        size_bytes=row["size_bytes"],
        format=row["format"],
        duration_seconds=row["duration_seconds"],
        sample_rate_hz=row["sample_rate_hz"],
        channels=row["channels"],
        is_whole=row["status"] == Status.ANALYZED.value and not row["truncated"],
        clipped_runs=row["clipped_runs"],
        lossy_suspicion=row["lossy_suspicion"],
        named=row["named"] or 0,
    )


def _same_audio_numbered(copies: list[Copy], rows: list[sqlite3.Row]) -> list[Copy]:
    """The copies with a number for each sound: 1 for the first and all that have the same, bit for bit."""
    number_of: dict[bytes, int] = {}
    numbers: list[int] = []
    for row in rows:
        hashes = [row[name] for name in ("sound", "encoded") if row[name] is not None]
        known = next((number_of[one] for one in hashes if one in number_of), max(numbers, default=0) + 1)
        number_of |= dict.fromkeys(hashes, known)
        numbers.append(known)
    return [replace(copy, same_audio=number) for copy, number in zip(copies, numbers, strict=True)]
