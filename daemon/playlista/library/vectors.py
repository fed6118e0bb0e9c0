"""What tracks are compared by, as arrays: a sample, pages in the order of the results, single ones.

A vector is the embedding of a track with its descriptors of sound behind it, as ``descriptors_in`` lists them. Input:
ids, or a place in the order of results. Output: ids and vectors. A page comes as one text: for every row sqlite3
would give Python's lock away, and while a track is analyzed it takes a while to have it back.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.library.database import Database

#: Values bound in one statement.
_BATCH = 500

#: Numbers of `descriptors_in`.
DESCRIPTORS = 41

#: The parts of a result that hold them.
_PARTS = "'$.spectral', '$.rhythm.onset_rate_hz', '$.rhythm.danceability', '$.loudness.range_lu'"

#: A line for each track: its id, its embedding, and these parts as JSON, in which there is no line break.
_IN_ONE_ROW = f"""
    SELECT group_concat(file_id || ' ' || hex(vector) || ' ' || json_extract(result, {_PARTS}), char(10))
"""


@dataclass(frozen=True, slots=True)
class VectorPage:
    """Some tracks: `ids` [shape=(n,), int64], `vectors` [shape=(n, dimensions + DESCRIPTORS), NaN: unknown]."""

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the order in which results were finished: a time, in seconds since the epoch, and an id."""

    finished_at: float = -1.0
    file_id: int = 0


class Vectors:
    """Reads one library. Files that are gone, and may return, are in samples and pages.

    Where `dimensions` is asked for, it is the length of an embedding; those of another length are left out.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def dimensions(self) -> int:
        """The length of the embedding that was made last, 0 where there is none."""
        query = """SELECT length(vector) / 4 FROM analyses JOIN embeddings USING (file_id)
                   ORDER BY finished_at DESC LIMIT 1"""
        with self._database.read() as connection:
            row = connection.execute(query).fetchone()
        return 0 if row is None else int(row[0])

    def ids(self) -> NDArray[np.int64]:
        """Those of all files with a result [shape=(n,), ascending], whether it has an embedding or not."""
        with self._database.read() as connection:
            found = connection.execute("SELECT json_group_array(file_id) FROM analyses").fetchone()[0]
        return np.sort(np.array(json.loads(found), np.int64))

    def sample(self, size: int, dimensions: int) -> VectorPage:
        """About `size` of them, spread evenly over the ids."""
        with self._database.read() as connection:
            highest = connection.execute("SELECT coalesce(max(file_id), 0) FROM embeddings").fetchone()[0]
            step = max(1, highest // size)
            # The remainder of a product with a prime: neighbours in a folder are not taken together.
            query = f"""{_IN_ONE_ROW} FROM embeddings JOIN analyses USING (file_id)
                        WHERE length(vector) = ? AND file_id * 7919 % ? = 0"""
            text = connection.execute(query, (4 * dimensions, step)).fetchone()[0]
        return _page(text, dimensions)

    def page(self, after: Place, dimensions: int, *, limit: int) -> tuple[VectorPage, Place | None]:
        """At most `limit` embeddings behind a place, and the place of the last; None when there are no more."""
        found = """SELECT finished_at, file_id, result FROM analyses WHERE (finished_at, file_id) > (?, ?)
                   ORDER BY finished_at, file_id LIMIT ?"""
        values = (after.finished_at, after.file_id, limit)
        with self._database.read() as connection:
            last = connection.execute(
                f"SELECT finished_at, file_id FROM ({found}) ORDER BY 1 DESC, 2 DESC LIMIT 1", values
            ).fetchone()
            query = f"{_IN_ONE_ROW} FROM ({found}) JOIN embeddings USING (file_id) WHERE length(vector) = ?"
            text = connection.execute(query, (*values, 4 * dimensions)).fetchone()[0]
        return _page(text, dimensions), None if last is None else Place(*last)

    def of_ids(self, ids: Iterable[int], dimensions: int) -> VectorPage:
        """Those of these files that have one and are on disk, in no order."""
        wanted = list(ids)
        pages = [_page(None, dimensions)]
        with self._database.read() as connection:
            for start in range(0, len(wanted), _BATCH):
                batch = wanted[start : start + _BATCH]
                query = f"""{_IN_ONE_ROW} FROM embeddings JOIN analyses USING (file_id)
                            JOIN files ON files.id = file_id
                            WHERE file_id IN ({", ".join("?" * len(batch))}) AND length(vector) = ?"""
                # Each batch is read on its own: as text a track takes three times the memory of its vector.
                pages.append(_page(connection.execute(query, (*batch, 4 * dimensions)).fetchone()[0], dimensions))
        return VectorPage(np.concatenate([one.ids for one in pages]), np.concatenate([one.vectors for one in pages]))


def descriptors_in(parts: list[Any]) -> list[float]:
    """The descriptors of a track [shape=(DESCRIPTORS,)]: spectrum, onsets, danceability, loudness range; NaN: unknown.

    Parameters
    ----------
    parts : the spectral group of a result (None: unknown), and the three numbers.
    """
    spectral, *numbers = parts
    if spectral is None:
        return [math.nan] * DESCRIPTORS
    return [
        *(spectral[name] for name in ("centroid_hz", "rolloff_hz", "flatness", "flux", "zero_crossing_rate")),
        *_padded(spectral["contrast"], 7),
        *_padded(spectral["mfcc_mean"], 13),
        *_padded([math.sqrt(max(0.0, one)) for one in spectral["mfcc_var"]], 13),
        *(math.nan if one is None else one for one in numbers),
    ]


def _padded(numbers: Sequence[float], length: int) -> list[float]:
    return [*numbers, *[math.nan] * length][:length]


def _page(text: str | None, dimensions: int) -> VectorPage:
    lines = [line.split(" ", 2) for line in text.split("\n")] if text else []
    embeddings = np.frombuffer(bytes.fromhex("".join(vector for _, vector, _ in lines)), "<f4")
    descriptors = np.array([descriptors_in(json.loads(parts)) for _, _, parts in lines], np.float32)
    vectors = np.hstack([embeddings.reshape(-1, dimensions), descriptors.reshape(-1, DESCRIPTORS)])
    return VectorPage(np.array([int(file_id) for file_id, _, _ in lines], np.int64), vectors)
