"""A consistent copy of the library while the daemon goes on writing.

What enters: the path of a library and of the copy. What leaves: the copy, checked, in place by one rename: at every
moment there is the former copy or the new one.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress

from playlista.errors import StoreError
from playlista.library.database import Database, open_read_only
from playlista.library.database_errors import translated


def back_up(source: str, target: str) -> None:
    """Copy the library at `source` to `target` as of one moment, while the daemon goes on writing.

    Raises
    ------
    StoreError
        `target` is as it was before.
    """
    if os.path.realpath(source) == os.path.realpath(target):
        raise StoreError(f"{target}: is the library itself; name another file for the backup")
    unfinished = f"{target}.unfinished"
    try:
        _copy(source, unfinished)
        os.replace(unfinished, target)
        _sync_folder(os.path.dirname(os.path.abspath(target)))
    except OSError as error:
        raise StoreError(f"{target}: {error.strerror}; the backup was not written") from error
    finally:
        for left_over in (unfinished, f"{unfinished}-journal"):
            with suppress(OSError):
                os.unlink(left_over)


def _copy(source: str, target: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(target)  # of a backup that was killed
    with (
        open_read_only(source) as database,
        database.read() as origin,
        translated(target),
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        # All pages in one step: a reader's snapshot in WAL mode, which the daemon's commits do not restart.
        origin.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, which also a read-only folder can serve
        Database(copy, target).check()
    with open(target, "rb") as written:
        os.fsync(written.fileno())


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
