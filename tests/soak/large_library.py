"""A library of many thousand tracks in seconds: links to a few analyzed files, and copies of their rows.

Input: a music folder whose files a daemon has analyzed, and its data folder. Output: as many more files as asked, on
the disk and in the library, that a daemon takes for known ones. Some have names that are not UTF-8.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from playlista.library.database import FILE_NAME

#: Names in one folder.
_FOLDER_FILES = 1000
#: Each so many-th name has a byte that is not UTF-8.
_ODD_NAME = 97
_RESULTS = ("analyses", "embeddings", "origins")


def fill(music: Path, data: Path, count: int) -> None:
    """Add `count` tracks, in equal shares of each that is there; ext4 allows 65,000 links to one file."""
    with closing(sqlite3.connect(data / FILE_NAME)) as library:
        originals = [(row[0], os.fsdecode(row[1])) for row in library.execute("SELECT id, path FROM files")]
        share = -(-count // len(originals))
        for number, (file_id, path) in enumerate(originals):
            names = list(_names(number, share))
            for name in names:
                target = os.path.join(os.fsencode(music), name)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.link(os.fsencode(music / path), target)
            _copy_rows(library, file_id, (music / path).stat().st_ctime_ns, names)
        library.commit()


def _names(number: int, count: int) -> Iterator[bytes]:
    for index in range(count):
        odd = b"\xff" if index % _ODD_NAME == 0 else b""
        yield b"many/%d/%03d/%06d%s.flac" % (number, index // _FOLDER_FILES, index, odd)


def _copy_rows(library: sqlite3.Connection, file_id: int, ctime_ns: int, names: list[bytes]) -> None:
    """Every column of the original's rows, but for the path; a link has changed the time of all of them."""
    library.execute("UPDATE files SET ctime_ns = ? WHERE id = ?", (ctime_ns, file_id))
    last = library.execute("SELECT max(id) FROM files").fetchone()[0]
    columns = _columns(library, "files", without={"id", "path"})
    library.executemany(
        f"INSERT INTO files (path, {columns}) SELECT ?, {columns} FROM files WHERE id = {file_id}",
        ((name,) for name in names),
    )
    for table in _RESULTS:
        columns = _columns(library, table, without={"file_id"})
        library.execute(
            f"INSERT INTO {table} (file_id, {columns}) SELECT added.id, {columns} "
            f"FROM (SELECT id FROM files WHERE id > {last}) AS added, {table} WHERE {table}.file_id = {file_id}"
        )


def _columns(library: sqlite3.Connection, table: str, without: set[str]) -> str:
    rows = library.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return ", ".join(row[0] for row in rows if row[0] not in without)
