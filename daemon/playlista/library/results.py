"""The results: one analysis per file, kept whole as JSON, with the few columns beside it that are asked for.

What enters: analyses, inside the transaction of the queue. What leaves: analyses, one or a page or a stream of them,
and vectors for similarity. It never opens a music file. Lists and counts for people are in ``overview``.

The embedding is stored as float32, which is what the model computes in; all other numbers come back as they went in.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from playlista.library.database import Database
from playlista.library.file_rows import FILE_COLUMNS, above, path_bytes, track_file, track_path
from playlista.tracks import Analysis, Status, TrackFile

#: Rows read at a time by the streams: memory stays small, and no long read keeps the WAL from being cut.
PAGE_ROWS = 500

_ANALYSES = """
    SELECT files.path, analyses.result, embeddings.vector FROM files JOIN analyses ON analyses.file_id = files.id
    LEFT JOIN embeddings ON embeddings.file_id = files.id
"""

#: A page of these as one text, a line each. sqlite3 gives Python's lock away for every row, and while a track is
#: analyzed it takes some 5 ms to have it back: a page of 500 rows took seconds. Results hold no line breaks.
_IN_ONE_ROW = "SELECT group_concat(hex(path) || ' ' || hex(vector) || ' ' || result, char(10))"


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
        document = analysis.to_json()
        del document["path"]  # the file's row has it, and the file may be renamed
        embedding = document.pop("embedding")
        row = _columns(analysis) | {
            "file_id": file_id,
            "finished_at": self._clock(),
            "attempts": attempts,
            "result": json.dumps(document, allow_nan=False),
        }
        with self._database.transaction() as connection:
            _put_result(connection, row)
            _put_vector(connection, file_id, embedding)
            connection.execute("UPDATE files SET status = ? WHERE id = ?", (analysis.status.value, file_id))

    def record_failure(self, file_id: int, failure: Analysis, *, attempts: int, keep_measures: bool) -> None:
        """Keep status, reason and detail of `failure`, and if `keep_measures` the numbers of the former result."""
        with self._database.transaction() as connection:
            former = _find(connection, "files.id = ?", file_id) if keep_measures else None
            if former is not None:
                failure = replace(former, status=failure.status, reason=failure.reason, detail=failure.detail)
            self.record(file_id, failure, attempts=attempts)

    def get(self, path: str) -> Analysis | None:
        """The result of the file at `path`, relative to the music folder; None if there is none yet."""
        with self._database.read() as connection:
            return _find(connection, "files.path = ?", path_bytes(path))

    def page(self, *, status: Status | None = None, after: str = "", limit: int = PAGE_ROWS) -> list[Analysis]:
        """At most `limit` results above the path `after`, in the order of their paths' bytes."""
        where, values = above(after, None if status is None else status.value)
        query = f"{_ANALYSES} WHERE {where} ORDER BY files.path LIMIT ?"
        with self._database.read() as connection:
            text = connection.execute(f"{_IN_ONE_ROW} FROM ({query})", (*values, limit)).fetchone()[0]
        rows = [line.split(" ", 2) for line in text.split("\n")] if text else []
        found = [_analysis(bytes.fromhex(path), bytes.fromhex(vector), result) for path, vector, result in rows]
        return sorted(found, key=lambda analysis: path_bytes(analysis.path))  # an aggregate promises no order

    def iterate(
        self, *, status: Status | None = None, after: str = "", page_rows: int = PAGE_ROWS
    ) -> Iterator[Analysis]:
        """All results above the path `after` in the order of their paths' bytes, with one page of them in memory."""
        page = self.page(status=status, after=after, limit=page_rows)
        while page:
            yield from page
            page = self.page(status=status, after=page[-1].path, limit=page_rows)

    def outdated(self, current: Mapping[str, int]) -> Iterator[tuple[frozenset[str], list[TrackFile]]]:
        """Files whose result has a feature group older than `current` or none of it, with those groups, in pages.

        Failed and quarantined files are left out: another version of a feature does not make them decodable. Where
        nothing is outdated the cost is one look-up per combination of versions.
        """
        with self._database.read() as connection:
            version_sets = connection.execute("SELECT id, versions FROM version_sets").fetchall()
        for version_set in version_sets:
            versions = json.loads(version_set["versions"])
            groups = frozenset(group for group, number in current.items() if versions.get(group, 0) < number)
            if groups:
                yield from ((groups, files) for files in self._pages_of(version_set["id"]))

    def paths_of_music(self, music_hash: str) -> list[str]:
        """Paths of the results whose decoded audio has this hash: the same music elsewhere, or with other tags."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT files.path FROM analyses JOIN files ON files.id = file_id WHERE music_hash = ?", (music_hash,)
            ).fetchall()
        return [track_path(row) for row in rows]

    def embeddings(self, *, block: int = 4096) -> Iterator[tuple[list[str], np.typing.NDArray[np.float32]]]:
        """All embeddings in blocks: paths, and an array [shape=(paths, dimensions), float32].

        Vectors whose length differs from that of the first of their block (of another model) are left out.
        """
        query = """SELECT files.path, file_id, vector FROM embeddings JOIN files ON files.id = file_id
                   WHERE file_id > ? ORDER BY file_id LIMIT ?"""
        after = 0
        while rows := self._rows(query, (after, block)):
            after = rows[-1]["file_id"]
            alike = [row for row in rows if len(row["vector"]) == len(rows[0]["vector"])]
            vectors = np.frombuffer(b"".join(row["vector"] for row in alike), dtype="<f4")
            yield [track_path(row) for row in alike], vectors.reshape(len(alike), -1)

    def _pages_of(self, version_set: int) -> Iterator[list[TrackFile]]:
        query = f"""SELECT {FILE_COLUMNS}, files.id FROM analyses JOIN files ON files.id = file_id
                    WHERE version_set = ? AND file_id > ? AND status IN ('analyzed', 'partial')
                    ORDER BY file_id LIMIT ?"""
        after = 0
        while rows := self._rows(query, (version_set, after, PAGE_ROWS)):
            after = rows[-1]["id"]
            yield [track_file(row) for row in rows]

    def _rows(self, query: str, values: tuple[object, ...]) -> list[sqlite3.Row]:
        with self._database.read() as connection:
            return connection.execute(query, values).fetchall()


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
        (file_id, np.asarray(embedding, dtype="<f4").tobytes()),
    )


def _find(connection: sqlite3.Connection, where: str, value: int | bytes) -> Analysis | None:
    row = connection.execute(f"{_ANALYSES} WHERE {where}", (value,)).fetchone()
    return None if row is None else _analysis(row["path"], row["vector"] or b"", row["result"])


def _analysis(path: bytes, vector: bytes, result: str) -> Analysis:
    document = json.loads(result)
    document["path"] = os.fsdecode(path)
    document["embedding"] = np.frombuffer(vector, dtype="<f4").tolist() if vector else None
    return Analysis.from_json(document)
