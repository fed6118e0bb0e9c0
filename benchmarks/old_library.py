"""A library as version 0.1 left it, of any size, made without a music file.

Input: a data folder and a number of tracks. Output: a database of the first schema. Its results are those of
``benchmarks.synthetic_library`` without what came later; beyond `INVENTED` tracks they are copies.

    python -m benchmarks.old_library DATA --tracks 500000
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.synthetic_library import invented_tracks
from playlista.library import migrations
from playlista.library.database import FILE_NAME
from playlista.tracks import Analysis

INVENTED = 10_000
SCHEMA = 1
#: Fields of the result object that came after version 0.1, by group.
_LATER = {
    "": ("path", "embedding", "metadata", "mood", "fingerprint", "health", "vibenet", "chapters", "settings"),
    "audio": ("truncation_reason", "channel_layout"),
    "rhythm": ("bpm_candidates", "tempo_changes", "beat_grid"),
    "timings": ("health_seconds", "fingerprint_seconds", "vibenet_seconds"),
}
_GROUPS = ("loudness", "rhythm", "spectral", "tags", "tonal")


def build(data: Path, tracks: int) -> None:
    """Make the library in `data`."""
    data.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        migrations.migrate(connection, until=SCHEMA)
        connection.execute("INSERT INTO version_sets VALUES (1, ?)", (json.dumps(dict.fromkeys(_GROUPS, 1)),))
        for table, rows in _rows(min(tracks, INVENTED)):
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows))})", rows)
        connection.commit()
        for number in range(1, -(-tracks // INVENTED)):
            _copy(connection, number * INVENTED, tracks)
            connection.commit()


def _rows(count: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for number, analysis in enumerate(invented_tracks(count), start=1):
        audio, rhythm, tonal, tagging = analysis.audio, analysis.rhythm, analysis.tonal, analysis.tagging
        if audio is None or rhythm is None or tonal is None or tagging is None:
            raise ValueError("an invented track lacks a group")
        path = os.fsencode(analysis.path)
        yield "files", (number, path, 1, number, 10_000_000 + number, number * 10**9, analysis.status.value)
        found = audio.duration_seconds, rhythm.bpm, tonal.key, tonal.scale
        yield "analyses", (number, 1, float(number), 1, None, *found, analysis.music_hash, _text(analysis))
        yield "embeddings", (number, np.asarray(tagging.embedding, "<f4").tobytes())


def _text(analysis: Analysis) -> str:
    document = analysis.to_json()
    for group, names in _LATER.items():
        for name in names:
            (document[group] if group else document).pop(name, None)
    document["versions"] = dict.fromkeys(_GROUPS, 1)
    return json.dumps(document)


def _copy(connection: sqlite3.Connection, offset: int, tracks: int) -> None:
    """The first tracks once more, under other names, up to `tracks` in all."""
    values = {"offset": offset, "last": min(INVENTED, tracks - offset)}
    connection.execute(
        """INSERT INTO files
           SELECT id + :offset, CAST(:offset || '/' || path AS BLOB), device, inode + :offset, size_bytes, mtime_ns,
               status
           FROM files WHERE id <= :last""",
        values,
    )
    for table in ("analyses", "embeddings"):
        names = [row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
        others = ", ".join(names[1:])
        connection.execute(
            f"INSERT INTO {table} SELECT file_id + :offset, {others} FROM {table} WHERE file_id <= :last", values
        )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--tracks", type=int, default=500_000)
    wanted = parser.parse_args()
    build(wanted.data, wanted.tracks)


if __name__ == "__main__":
    main()
