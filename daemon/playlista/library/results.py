"""The results: one analysis per file, kept whole as JSON, and a few columns for queries.

Input: analyses, inside the transaction of the queue. Output: analyses, of single files. It never opens a music file.
Pages and streams of results are in ``stored_results``, lists and counts for people in ``overview``.

The embedding is stored as float32, which is what the model computes in; all other numbers come back as they went in.
Embedding and fingerprint have tables of their own, so that queries of the rest do not read them.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from playlista.library.database import Database
from playlista.library.file_rows import FILE_COLUMNS, path_bytes, track_file
from playlista.library.fingerprints import put_fingerprint
from playlista.library.origins import (
    OLD_SETTINGS_COLUMN,
    is_of_same_bytes,
    origin_of,
    put_origin,
    remember_old_settings,
)
from playlista.library.sealed_text import text_to_store
from playlista.library.stored_results import ANALYSES, PAGE_ROWS, DamagedResultError, StoredResult
from playlista.library.track_rows import put_track
from playlista.tracks import Analysis, GroupSettings, TrackFile

#: Results looked at when one of the same bytes or sound is asked for: copies, of which any will do.
TWINS_LIMIT = 16

#: Those of files that are gone: their results are in no list, but true of the same bytes and sound.
_GONE_ANALYSES = ANALYSES.replace("FROM files", "FROM gone_files AS files")

#: Which groups of a result are outdated, by its versions and its settings.
OutdatedGroups = Callable[[Mapping[str, int], Mapping[str, Mapping[str, int]]], frozenset[str]]


class Store:
    """The results in one library. `clock` gives seconds since the epoch."""

    def __init__(self, database: Database, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def record(self, file_id: int, analysis: Analysis, *, attempts: int) -> None:
        """Keep `analysis` as the result of the file in place of any former one.

        Raises
        ------
        ValueError
            A number in it is not finite, which JSON cannot hold.
        """
        row = _columns(analysis) | {
            "file_id": file_id,
            "finished_at": self._clock(),
            "attempts": attempts,
            "result": text_to_store(analysis),
        }
        with self._database.transaction() as connection:
            _put_result(connection, row)
            _put_vector(connection, file_id, analysis.tagging.embedding if analysis.tagging else None)
            put_fingerprint(connection, file_id, analysis.fingerprint)
            put_origin(connection, file_id, analysis.origin, analysis.settings)
            put_track(connection, file_id, analysis, finished_at=row["finished_at"])
            connection.execute("UPDATE files SET status = ? WHERE id = ?", (analysis.status.value, file_id))

    def record_failure(self, file_id: int, failure: Analysis, *, attempts: int, changed: bool) -> None:
        """Keep status, reason and detail of `failure`, and the numbers of the former result if they are of its bytes.

        Where the bytes are not known, it counts whether the file is known to have `changed` since.
        """
        with self._database.transaction() as connection:
            former = next(_readable(connection.execute(f"{ANALYSES} WHERE files.id = ?", (file_id,))), None)
            if former is not None and is_of_same_bytes(former.origin, failure.origin, changed=changed):
                failure = replace(former, status=failure.status, reason=failure.reason, detail=failure.detail)
            self.record(file_id, failure, attempts=attempts)

    def get(self, path: str) -> Analysis | None:
        """The result of the file at `path`, relative to the music folder; None if there is none yet."""
        with self._database.read() as connection:
            return _find(connection, "files.path = ?", path_bytes(path))

    def of_file(self, file_id: int) -> Analysis | None:
        """The result of the file with this row, wherever it is now; None if there is none yet."""
        with self._database.read() as connection:
            return _find(connection, "files.id = ?", file_id)

    def readable(self, file_id: int) -> Analysis | None:
        """As `of_file`; None also where it is damaged: that must not stop work on many files, nor its own renewal."""
        with suppress(DamagedResultError):
            return self.of_file(file_id)
        return None

    def with_content(self, content: bytes) -> list[Analysis]:
        """Some of the results of files that hold these bytes, by their `Origin.content`."""
        return self._some("origins.content = ?", content)

    def with_encoded(self, encoded: bytes) -> list[Analysis]:
        """Some of the results of files that hold this encoded audio, by its `Origin.encoded`."""
        return self._some("origins.encoded = ?", encoded)

    def with_opening(self, opening: bytes) -> list[Analysis]:
        """Some of the results of tracks that begin with this sound, by its `Origin.opening`."""
        return self._some("origins.opening = ?", opening)

    def outdated(self, outdated_groups: OutdatedGroups) -> Iterator[tuple[frozenset[str], list[TrackFile]]]:
        """Files whose result has groups that would come out otherwise today, with those groups, in pages.

        Failed and quarantined files are left out: another version of a feature does not make them decodable. So are
        those that rotted: their results are all that is left of the music. Where nothing is outdated the cost is one
        look-up per combination of versions and settings.

        Parameters
        ----------
        outdated_groups : `AudioAnalyzer.outdated_groups`.
        """
        for kind in self._kinds():
            if groups := outdated_groups(kind.versions, kind.settings):
                yield from ((groups, files) for files in self._pages_of(kind))

    def remember_old_settings(self, today: GroupSettings) -> None:
        """Take `today` for the settings of all results that do not say any, once and for all."""
        with self._database.transaction() as connection:
            remember_old_settings(connection, today)

    def _some(self, where: str, value: bytes) -> list[Analysis]:
        """Results by their origin that can be understood, those of files on disk first, then of gone ones."""
        found = self._rows(f"{ANALYSES} WHERE {where} LIMIT ?", (value, TWINS_LIMIT))
        found += self._rows(f"{_GONE_ANALYSES} WHERE {where} LIMIT ?", (value, TWINS_LIMIT - len(found)))
        return list(_readable(found))

    def _kinds(self) -> list[_Kind]:
        """Every combination of versions and settings that a result may have."""
        versions = self._rows("SELECT id, versions FROM version_sets", ())
        settings = [(row["id"], row["settings"]) for row in self._rows("SELECT id, settings FROM setting_sets", ())]
        (old,) = self._rows(f"SELECT {OLD_SETTINGS_COLUMN}", ())
        return [
            _Kind(row["id"], setting_set, json.loads(row["versions"]), json.loads(text or "{}"))
            for row in versions
            for setting_set, text in [*settings, (None, old["old_settings"])]
        ]

    def _pages_of(self, kind: _Kind) -> Iterator[list[TrackFile]]:
        query = f"""SELECT {FILE_COLUMNS}, files.id FROM analyses JOIN files ON files.id = analyses.file_id
                    LEFT JOIN origins ON origins.file_id = analyses.file_id
                    WHERE version_set = ? AND setting_set IS ? AND analyses.file_id > ?
                      AND status IN ('analyzed', 'partial')
                      AND analyses.file_id NOT IN (SELECT file_id FROM scrubs WHERE rotted_at IS NOT NULL)
                    ORDER BY analyses.file_id LIMIT ?"""
        after = 0
        while rows := self._rows(query, (kind.version_set, kind.setting_set, after, PAGE_ROWS)):
            after = rows[-1]["id"]
            yield [track_file(row) for row in rows]

    def _rows(self, query: str, values: tuple[object, ...]) -> list[sqlite3.Row]:
        with self._database.read() as connection:
            return connection.execute(query, values).fetchall()


@dataclass(frozen=True, slots=True)
class _Kind:
    """Results that were made alike; ``setting_set`` is None for those that do not say their settings."""

    version_set: int
    setting_set: int | None
    versions: dict[str, int]
    settings: GroupSettings


def _columns(analysis: Analysis) -> dict[str, Any]:
    """What of the result object has a column of its own."""
    return {
        "versions": json.dumps(analysis.versions, sort_keys=True),
        "reason": analysis.reason and analysis.reason.value,
        "duration_seconds": analysis.audio and analysis.audio.duration_seconds,
        "bpm": analysis.rhythm and analysis.rhythm.bpm,
        "musical_key": analysis.tonal and analysis.tonal.key,
        "scale": analysis.tonal and analysis.tonal.scale,
        "music_hash": analysis.music_hash,
    }


def _put_result(connection: sqlite3.Connection, row: dict[str, Any]) -> None:
    connection.execute("INSERT INTO version_sets (versions) VALUES (:versions) ON CONFLICT DO NOTHING", row)
    # Not INSERT OR REPLACE, which would delete the row and with it, by the foreign keys, what hangs on it.
    connection.execute(
        """INSERT INTO analyses VALUES (:file_id, (SELECT id FROM version_sets WHERE versions = :versions),
               :finished_at, :attempts, :reason, :duration_seconds, :bpm, :musical_key, :scale, :music_hash, :result)
           ON CONFLICT (file_id) DO UPDATE SET
               version_set = excluded.version_set, finished_at = excluded.finished_at, attempts = excluded.attempts,
               reason = excluded.reason, duration_seconds = excluded.duration_seconds, bpm = excluded.bpm,
               musical_key = excluded.musical_key, scale = excluded.scale, music_hash = excluded.music_hash,
               result = excluded.result""",
        row,
    )


def _put_vector(connection: sqlite3.Connection, file_id: int, embedding: tuple[float, ...] | None) -> None:
    if embedding is None:
        connection.execute("DELETE FROM embeddings WHERE file_id = ?", (file_id,))
        return
    connection.execute(
        "INSERT INTO embeddings VALUES (?, ?) ON CONFLICT (file_id) DO UPDATE SET vector = excluded.vector",
        (file_id, struct.pack(f"<{len(embedding)}f", *embedding)),
    )


def _find(connection: sqlite3.Connection, where: str, value: int | bytes) -> Analysis | None:
    row = connection.execute(f"{ANALYSES} WHERE {where}", (value,)).fetchone()
    return None if row is None else _whole(row)


def _whole(row: sqlite3.Row) -> Analysis:
    """The result in a row of `ANALYSES`, with its origin."""
    return replace(StoredResult.of(row).analysis(), origin=origin_of(row))


def _readable(rows: Iterable[sqlite3.Row]) -> Iterator[Analysis]:
    """The results in `rows` that are not damaged."""
    for row in rows:
        with suppress(DamagedResultError):
            yield _whole(row)
