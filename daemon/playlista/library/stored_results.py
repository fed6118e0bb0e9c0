"""Results as the database holds them: the text of the result object, and what has columns and tables of its own.

Input: a condition on files. Output: `StoredResult`, a page or a stream of them in the order of their paths' bytes, each
of which makes its `Analysis` when asked. Who only passes results on takes their text, see ``result_text``.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
import os
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from playlista.errors import PlaylistaError
from playlista.library.database import Database
from playlista.library.file_rows import above, path_bytes
from playlista.library.fingerprints import FINGERPRINT_COLUMNS, fingerprint_in
from playlista.library.origins import OLD_SETTINGS_COLUMN, ORIGIN_COLUMNS, settings_in
from playlista.library.track_rows import METADATA_COLUMN, metadata_in
from playlista.printable import printable
from playlista.tracks import Analysis, Fingerprint, Status
from playlista.tracks.metadata import Metadata

#: Rows read at a time by the streams: memory stays small, and no long read keeps the WAL from being cut.
PAGE_ROWS = 500

#: Results with what belongs to them; `StoredResult.of` reads a row.
ANALYSES = f"""
    SELECT files.id, files.path, analyses.result, embeddings.vector, {FINGERPRINT_COLUMNS}, {ORIGIN_COLUMNS},
           {OLD_SETTINGS_COLUMN}, {METADATA_COLUMN}
    FROM files JOIN analyses ON analyses.file_id = files.id
    LEFT JOIN tracks ON tracks.file_id = files.id
    LEFT JOIN embeddings ON embeddings.file_id = files.id
    LEFT JOIN fingerprints ON fingerprints.file_id = files.id
    LEFT JOIN origins ON origins.file_id = files.id
"""

#: The columns of a page that are bytes.
_BLOBS = ("path", "vector", "chromaprint", "band_levels")

#: A page of these as one text, a line each. sqlite3 gives Python's lock away for every row, and while a track is
#: analyzed it takes some 5 ms to have it back: a page of 500 rows took seconds. Results hold no line breaks.
_IN_ONE_ROW = f"""
    SELECT group_concat(
        id || ' ' || {" || ' ' || ".join(f"hex({column})" for column in _BLOBS)}
        || ' ' || hex(coalesce(metadata, '')) || ' ' || result, char(10)
    )
"""


class DamagedResultError(PlaylistaError, ValueError):
    """What is stored of a track cannot be understood; no other track is concerned."""


@contextmanager
def understanding(path: str) -> Iterator[None]:
    """Turns what damaged JSON and vectors of the track at `path` raise into `DamagedResultError`."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, struct.error) as error:
        name = printable(path)
        raise DamagedResultError(
            f"{name}: its stored result is damaged; analyze it again with `playlista retry`, or restore a backup"
        ) from error


@dataclass(frozen=True, slots=True)
class StoredResult:
    """One result. What it holds is as it is stored; the methods make what it means.

    path : relative to the music folder, with surrogate escapes where the name on disk is not UTF-8.
    text : the result object as JSON, without what is below.
    old_settings : those of results that do not say any, as JSON; None where that was never needed.
    """

    file_id: int
    path: str
    text: str
    vector: bytes | None
    chromaprint: bytes | None
    band_levels: bytes | None
    names: str | None
    old_settings: str | None

    @classmethod
    def of(cls, row: sqlite3.Row) -> StoredResult:
        """That in a row of `ANALYSES`."""
        return cls(
            row["id"],
            os.fsdecode(row["path"]),
            row["result"],
            row["vector"],
            row["chromaprint"],
            row["band_levels"],
            row["metadata"],
            row["old_settings"],
        )

    def analysis(self) -> Analysis:
        """The result as an object, without its origin. Raises DamagedResultError where it cannot be understood."""
        with understanding(self.path):
            return self._understood()

    def _understood(self) -> Analysis:
        document = json.loads(self.text)
        document["path"] = self.path
        document["settings"] = settings_in(document, self.old_settings)
        embedding = self.embedding()
        document["embedding"] = None if embedding is None else list(embedding)
        return replace(Analysis.from_json(document), metadata=self.metadata(), fingerprint=self.fingerprint())

    def embedding(self) -> tuple[float, ...] | None:
        """The numbers of its embedding, None where there is none."""
        return struct.unpack(f"<{len(self.vector) // 4}f", self.vector) if self.vector else None

    def metadata(self) -> Metadata | None:
        """Its names, None where nothing was filled in yet."""
        return metadata_in(self.names)

    def fingerprint(self) -> Fingerprint | None:
        """Its fingerprint, None where there is none."""
        return fingerprint_in(self.chromaprint, self.band_levels)


class StoredResults:
    """The results of one library as they are stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, *, status: Status | None = None, after: str = "", limit: int = PAGE_ROWS) -> list[StoredResult]:
        """At most `limit` results above the path `after`, in the order of their paths' bytes."""
        where, values = above(after, None if status is None else status.value)
        return self._read(f"{ANALYSES} WHERE {where} ORDER BY files.path LIMIT ?", (*values, limit))

    def iterate(
        self, *, status: Status | None = None, after: str = "", page_rows: int = PAGE_ROWS
    ) -> Iterator[StoredResult]:
        """All results above the path `after` in the order of their paths' bytes, with one page of them in memory."""
        page = self.page(status=status, after=after, limit=page_rows)
        while page:
            yield from page
            page = self.page(status=status, after=page[-1].path, limit=page_rows)

    def of_ids(self, ids: Iterable[int], *, page_rows: int = PAGE_ROWS) -> Iterator[StoredResult]:
        """Those of these files, in the order of the ids, with one page of them in memory; those that are not there are
        left out.
        """
        remaining = iter(ids)
        query = f"{ANALYSES} WHERE files.id IN (SELECT value FROM json_each(?))"
        while wanted := list(islice(remaining, page_rows)):
            found = {one.file_id: one for one in self._read(query, (json.dumps(wanted),))}
            yield from (found[one] for one in wanted if one in found)

    def _read(self, query: str, values: tuple[object, ...]) -> list[StoredResult]:
        with self._database.read() as connection:
            text = connection.execute(f"{_IN_ONE_ROW} FROM ({query})", values).fetchone()[0]
            old = connection.execute(f"SELECT {OLD_SETTINGS_COLUMN}").fetchone()[0]
            try:
                found = [_in_line(line, old) for line in text.split("\n")] if text else []
            except ValueError:  # a damaged one holds a line break
                found = [StoredResult.of(row) for row in connection.execute(query, values)]
        return sorted(found, key=lambda one: path_bytes(one.path))  # an aggregate promises no order


def _in_line(line: str, old_settings: str | None) -> StoredResult:
    file_id, *blobs, names, result = line.split(" ", len(_BLOBS) + 2)
    path, vector, chromaprint, band_levels = map(bytes.fromhex, blobs)
    text = bytes.fromhex(names).decode()
    return StoredResult(
        int(file_id), os.fsdecode(path), result, vector, chromaprint, band_levels, text or None, old_settings
    )
