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
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from playlista.errors import PlaylistaError
from playlista.library.database import Database
from playlista.library.file_rows import above, path_bytes
from playlista.library.fingerprints import FINGERPRINT_COLUMNS, fingerprint_in
from playlista.library.origins import OLD_SETTINGS_COLUMN, ORIGIN_COLUMNS, settings_in
from playlista.library.quick_json import read
from playlista.library.track_rows import METADATA_COLUMN, metadata_in
from playlista.printable import printable
from playlista.tracks import Analysis, Fingerprint, Status
from playlista.tracks.metadata import Metadata

#: Rows read at a time by the streams: memory stays small, and no long read keeps the WAL from being cut.
PAGE_ROWS = 500


def results_query(*, with_fingerprints: bool = True, with_origins: bool = False) -> str:
    """Results with what belongs to them, but for a condition; `StoredResult.of` reads a row."""
    fingerprints = FINGERPRINT_COLUMNS if with_fingerprints else "NULL AS chromaprint, NULL AS band_levels"
    return f"""
        SELECT files.id, files.path, analyses.result AS text, embeddings.vector, {fingerprints}, {METADATA_COLUMN},
               {OLD_SETTINGS_COLUMN} {f", {ORIGIN_COLUMNS}" if with_origins else ""}
        FROM files JOIN analyses ON analyses.file_id = files.id
        LEFT JOIN tracks ON tracks.file_id = files.id
        LEFT JOIN embeddings ON embeddings.file_id = files.id
        {"LEFT JOIN fingerprints ON fingerprints.file_id = files.id" if with_fingerprints else ""}
        {"LEFT JOIN origins ON origins.file_id = files.id" if with_origins else ""}
    """


#: Results with all that belongs to them.
ANALYSES = results_query(with_origins=True)

#: Columns of any number of bytes.
_PARTS = ("path", "text", "vector", "chromaprint", "band_levels", "metadata")

#: A page of these as the bytes of one row: of each result its id and the lengths of its parts, with a space behind
#: each, and its parts.
_IN_ONE_ROW = f"""
    SELECT CAST(group_concat(
        id || ' ' || {" || ' ' || ".join(f"coalesce(length(CAST({part} AS BLOB)), 0)" for part in _PARTS)} || ' '
        || {" || ".join(f"coalesce({part}, '')" for part in _PARTS)}, ''
    ) AS BLOB)
"""

#: Characters of an id and of the lengths behind it, at most.
_LONGEST_NUMBERS = 20 * (len(_PARTS) + 1)


class DamagedResultError(PlaylistaError, ValueError):
    """What is stored of a track cannot be understood; no other track is concerned."""


#: What damaged JSON and vectors raise.
DAMAGES = (AttributeError, KeyError, TypeError, ValueError, struct.error)


@contextmanager
def understanding(path: str) -> Iterator[None]:
    """Turns `DAMAGES` of the track at `path` into `DamagedResultError`."""
    try:
        yield
    except DAMAGES as error:
        raise damaged(path) from error


def damaged(path: str) -> DamagedResultError:
    """That the result of the track at `path` is, with what to do."""
    return DamagedResultError(
        f"{printable(path)}: its stored result is damaged; analyze it again with `playlista retry`, or restore a backup"
    )


class StoredResult(NamedTuple):
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
        """That in a row of `ANALYSES`, or of the same columns."""
        return cls(row[0], os.fsdecode(row[1]), *row[2 : len(_PARTS) + 2])

    def analysis(self) -> Analysis:
        """The result as an object, without its origin. Raises DamagedResultError where it cannot be understood."""
        with understanding(self.path):
            return self._understood()

    def _understood(self) -> Analysis:
        document = read(self.text)
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
    """The results of one library as they are stored.

    Parameters
    ----------
    in_one_row : read a page as one row. sqlite3 gives Python's lock away for every row, and while a track is analyzed
        it takes some 5 ms to have it back: in the daemon, a page of 500 rows took seconds. Elsewhere it takes longer.
    with_fingerprints : without them, less is read; results then look as if they had none.
    """

    def __init__(self, database: Database, *, in_one_row: bool = False, with_fingerprints: bool = True) -> None:
        self._database = database
        self._in_one_row = in_one_row
        self._results = results_query(with_fingerprints=with_fingerprints)

    def page(self, *, status: Status | None = None, after: str = "", limit: int = PAGE_ROWS) -> list[StoredResult]:
        """At most `limit` results above the path `after`, in the order of their paths' bytes."""
        where, values = above(after, None if status is None else status.value)
        return self._read(f"WHERE {where} ORDER BY files.path LIMIT ?", (*values, limit))

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
        query = "WHERE files.id IN (SELECT value FROM json_each(?))"
        while wanted := list(islice(remaining, page_rows)):
            found = {one.file_id: one for one in self._read(query, (json.dumps(wanted),))}
            yield from (found[one] for one in wanted if one in found)

    def _read(self, where: str, values: tuple[object, ...]) -> list[StoredResult]:
        query = f"{self._results} {where}"
        with self._database.read() as connection:
            if not self._in_one_row:
                return [StoredResult.of(row) for row in connection.execute(query, values)]
            page = connection.execute(f"{_IN_ONE_ROW} FROM ({query})", values).fetchone()[0]
            old_settings = connection.execute(f"SELECT {OLD_SETTINGS_COLUMN}").fetchone()[0]
        found = _in_page(page or b"", old_settings)
        return sorted(found, key=lambda one: path_bytes(one.path))  # an aggregate promises no order


def _in_page(page: bytes, old_settings: str | None) -> Iterator[StoredResult]:
    """The results in a row of `_IN_ONE_ROW`."""
    place = 0
    while place < len(page):
        numbers = page[place : place + _LONGEST_NUMBERS].split(b" ", len(_PARTS) + 1)[:-1]
        place += sum(map(len, numbers)) + len(numbers)
        parts = []
        for length in map(int, numbers[1:]):
            parts.append(page[place : place + length] or None)
            place += length
        path, text, vector, chromaprint, band_levels, names = parts
        yield StoredResult(
            int(numbers[0]),
            os.fsdecode(path or b""),
            (text or b"").decode(),
            vector,
            chromaprint,
            band_levels,
            names and names.decode(),
            old_settings,
        )
