"""Which database files are not opened as the library, each with one line that says what to do."""

from __future__ import annotations

import os
import sqlite3

from playlista.errors import StoreError
from playlista.library import migrations
from playlista.library.database_errors import NewerError

#: "PLST" in the file's header, so that another program's database is not taken for ours.
APPLICATION_ID = 0x504C5354


def size_of(path: str) -> int:
    """Bytes of the file at `path`; 0 where there is none."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def refuse_missing(path: str) -> None:
    """Raise StoreError where there is no library at `path`."""
    if not os.path.exists(path):
        raise StoreError(f"{path}: no library here yet; start the daemon once with `playlista run`")


def refuse_lone_journal(path: str) -> None:
    """A WAL without its database holds the latest results: SQLite deletes it beside a new database or an empty one."""
    if size_of(path) == 0 and size_of(f"{path}-wal") > 0:
        what = "is empty" if os.path.exists(path) else "is missing"
        raise StoreError(
            f"{path}: {what}, but {path}-wal belongs to it; put the database back, bring back a backup with "
            "`playlista restore FILE`, or delete that file to begin anew"
        )


def refuse_foreign(connection: sqlite3.Connection, path: str) -> None:
    """Raise NewerError for a newer version's library, StoreError for another program's database."""
    version = migrations.version_of(connection)
    if version > migrations.NEWEST:
        raise NewerError(
            f"{path}: made by a newer Playlista (library version {version}, this one reads {migrations.NEWEST}); "
            "use the newer one, or set another DATA_DIR"
        )
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreError(f"{path}: a database of another program; set DATA_DIR to another folder")


def refuse_older(connection: sqlite3.Connection, path: str) -> None:
    """Raise StoreError for an older version's library, which only the daemon updates."""
    version = migrations.version_of(connection)
    if version < migrations.NEWEST:
        raise StoreError(
            f"{path}: library version {version} is older than this program's {migrations.NEWEST}; "
            "start the daemon once with `playlista run`, which updates it"
        )
