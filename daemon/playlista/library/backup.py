"""A consistent copy of the library while the daemon goes on writing.

Input: the path of a library and of the copy. Output: the copy, checked, in place by one rename: at every moment there
is the former copy or the new one.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from playlista.errors import StoreError
from playlista.library.database import Database, open_read_only
from playlista.library.database_errors import translated
from playlista.library.refusals import APPLICATION_ID
from playlista.system.output_files import OutputKind, output_file

_SQLITE_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID_AT = 68  # https://www.sqlite.org/fileformat2.html, section 1.3


def back_up(source: str, target: str, *, force: bool = False) -> None:
    """Copy the library at `source` to `target` as of one moment, while the daemon goes on writing.

    Parameters
    ----------
    target : a file, or ``-`` for stdout; see `playlista.system.output_files`.
    force : replace an existing file that is not a backup of a library.

    Raises
    ------
    PlaylistaError
        `target` is as it was before.
    """
    if os.path.realpath(source) == os.path.realpath(target):
        raise StoreError(f"{target}: is the library itself; name another file for the backup")
    with output_file(target, BACKUP, force=force) as unfinished:
        _copy(source, unfinished, target)


def _is_library(head: bytes) -> bool:
    application_id = int.from_bytes(head[_APPLICATION_ID_AT : _APPLICATION_ID_AT + 4], "big")
    return head.startswith(_SQLITE_MAGIC) and application_id == APPLICATION_ID


BACKUP = OutputKind("a backup of a library", _is_library)


def _copy(source: str, unfinished: str, target: str) -> None:
    """Fill `unfinished`; errors name `target`, which is what somebody asked for."""
    with (
        open_read_only(source) as database,
        database.read() as origin,
        translated(target),
        closing(sqlite3.connect(unfinished, isolation_level=None)) as copy,
    ):
        # All pages in one step: a reader's snapshot in WAL mode, which the daemon's commits do not restart.
        origin.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, which also a read-only folder can serve
        Database(copy, target).check()
