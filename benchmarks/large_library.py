"""Libraries of any size without analyzing anything: rows as a run would have left them, made in seconds.

Input: a data folder, files, and the result object of one real analysis, which stands for them all. Output: a
database that the product takes for its own, nothing due in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

BATCH_ROWS = 10_000
#: One result in a thousand is that of a file that is damaged.
FAILED_EVERY = 1000


def fill(data: Path, files: Iterable[Any], result: dict[str, Any]) -> None:
    """Put `files`, of the type ``TrackFile``, each with `result`, into a new library in `data`."""
    from playlista.library.database import FILE_NAME, open_database

    with open_database(os.fspath(data / FILE_NAME)) as database:
        numbered = enumerate(files, start=1)
        while batch := list(islice(numbered, BATCH_ROWS)):
            with database.transaction() as connection:
                _put(connection, batch, result)


def _put(connection: Any, rows: list[tuple[int, Any]], result: dict[str, Any]) -> None:
    from playlista.library.file_rows import file_values

    text = json.dumps({key: value for key, value in result.items() if key not in ("path", "embedding", "fingerprint")})
    connection.execute(
        "INSERT OR IGNORE INTO version_sets VALUES (1, ?)", (json.dumps(result["versions"], sort_keys=True),)
    )
    connection.executemany(
        """INSERT INTO files (id, path, device, inode, size_bytes, mtime_ns, ctime_ns, status)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        ((number, *file_values(file), "analyzed" if number % FAILED_EVERY else "failed") for number, file in rows),
    )
    connection.executemany(
        "INSERT INTO analyses VALUES (?, 1, ?, 1, ?, 180.0, 120.0, 'C', 'major', NULL, ?)",
        ((number, float(number), None if number % FAILED_EVERY else "corrupt", text) for number, _ in rows),
    )


def invented_files(number: int) -> Iterator[Any]:
    """Files of a collection of `number` tracks that is nowhere on disk."""
    from playlista.tracks import TrackFile

    for index in range(number):
        path = f"artist {index // 200:05}/album {index // 20:06}/{index:07} a track.flac"
        yield TrackFile(path, device=1, inode=index + 1, size_bytes=10_000_000 + index, mtime_ns=index * 10**9)


def files_on_disk(music: Path, number: int) -> Iterator[Any]:
    """Make `number` small files, a thousand to a folder, and yield them as the scan will see them."""
    from playlista.tracks import TrackFile

    for index in range(number):
        path = music / f"{index // 1000:04}" / f"{index:06}.flac"
        path.parent.mkdir(exist_ok=True)
        path.touch()
        yield TrackFile.from_stat(os.fspath(path.relative_to(music)), path.stat())
