"""One number of every track, by which a map is coloured.

Input: the name of what colours it. Output: ids and numbers as arrays, in one read.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.library.database import Database
from playlista.library.track_rows import CAMELOT
from playlista.library.track_summaries import read_tag_names

#: What there is, as an expression over ``tracks``. A tag is the one with the highest activation.
_EXPRESSIONS = {
    "tag": "json_extract(activations, '$[0][0]')",
    "key": "camelot",
    "bpm": "bpm",
    "loudness": "loudness",
    "year": "year",
    "energy": "energy",
    "voice": "voice",
}


@dataclass(frozen=True, slots=True)
class MapValues:
    """`ids` [shape=(n,), int64, ascending], `values` [shape=(n,), float64, NaN where unknown].

    ``names`` says what whole numbers stand for, where they stand for something.
    """

    ids: NDArray[np.int64]
    values: NDArray[np.float64]
    names: dict[int, str]


def read_map_values(database: Database, colour: str) -> MapValues:
    """The values of all tracks that are on disk, for one of tag, key, bpm, loudness, year, energy, voice."""
    # As one text: for every row sqlite3 would give Python's lock away.
    pair = f"file_id || ' ' || coalesce({_EXPRESSIONS[colour]}, 'nan')"
    with database.read() as connection:
        text = connection.execute(f"SELECT group_concat({pair}, ' ') FROM tracks").fetchone()[0]
        names = read_tag_names(connection) if colour == "tag" else {}
    numbers = np.array((text or "").split(), np.float64).reshape(-1, 2)
    ids = numbers[:, 0].astype(np.int64)
    order = np.argsort(ids, kind="stable")
    return MapValues(ids[order], numbers[order, 1], dict(enumerate(CAMELOT)) if colour == "key" else names)
