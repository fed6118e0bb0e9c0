"""The library's SQLite file: opening, transactions, migrations. No question about tracks is asked here.

What enters: a path and the text of mountinfo. What leaves: a ``Database`` whose ``transaction()`` and ``read()``
give a connection to the rooms above, and whose failures are ``StoreError`` in one line with a remedy.

A process writes through one connection behind a re-entrant lock, whichever thread it is in; the command line and the
HTTP room open the file read-only. In WAL mode neither waits for the other.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playlista.errors import StoreError
from playlista.library import migrations
from playlista.library.database_errors import DamagedError, NewerError, UnwritableError, translated
from playlista.system.mountinfo import mount_of, parse_mountinfo

#: The library's file in DATA_DIR.
FILE_NAME = "playlista.db"

#: "PLST" in the file's header, so that another program's database is not taken for ours.
APPLICATION_ID = 0x504C5354

#: How long a statement waits for another process's write (`retry` while the daemon runs) before it fails.
BUSY_TIMEOUT_SECONDS = 10.0

#: A WAL that grew under a long read is cut back to this by the next checkpoint.
WAL_SIZE_LIMIT_BYTES = 16 * 2**20


class Database:
    """One connection to the library's file, shared by the threads of a process.

    Made by `open_database` or `open_read_only`; `warning` is a line for the log when the file works but lies where it
    should not, else None.
    """

    def __init__(self, connection: sqlite3.Connection, path: str, *, warning: str | None = None) -> None:
        self.path = path
        self.warning = warning
        self._connection = connection
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: committed and on disk when the block ends, undone when it raises.

        A transaction inside another of the same thread joins it, so that a result and the end of its job are one.

        Raises
        ------
        StoreError
            Nothing of the block was written; the database stays usable, so the caller may try again later.
        """
        with self._lock, translated(self.path):
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk makes SQLite roll back by itself, and then there is nothing left to undo.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection for queries; fetch all rows within the block, it holds the lock."""
        with self._lock, translated(self.path):
            yield self._connection

    def check(self) -> None:
        """Read every page and raise `DamagedError` if one does not fit; takes seconds for a large library."""
        with self.read() as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise DamagedError.at(self.path, found)

    def close(self) -> None:
        """Close the file; the last one to close it folds the WAL in. Closing twice is harmless."""
        with self._lock, suppress(sqlite3.Error):
            self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(path: str, *, mountinfo: str = "") -> Database:
    """Open the library for writing, making or migrating it where needed.

    On a network file system, where WAL's shared memory does not work, a rollback journal is used instead: slower, and
    readers then wait for the writer; `Database.warning` says so.

    Raises
    ------
    NewerError, DamagedError, UnwritableError, StoreError
        The file was left as it was.
    """
    with translated(path):
        connection = _connect(f"{Path(path).absolute().as_uri()}?mode=rwc")
        try:
            _refuse_foreign(connection, path)
            warning = _set_pragmas(connection, path, mountinfo)
            migrations.migrate(connection)
        except BaseException:
            connection.close()
            raise
    return Database(connection, path, warning=warning)


def open_read_only(path: str) -> Database:
    """Open the library for reading, also beside a running daemon and in a folder that cannot be written.

    Raises
    ------
    StoreError
        There is no library yet, it is of another version, or it cannot be read.
    """
    if not os.path.exists(path):
        raise StoreError(f"{path}: no library here yet; start the daemon once with `playlista run`")
    with translated(path):
        connection = _connect_read_only(path)
        try:
            _refuse_foreign(connection, path)
            _refuse_older(connection, path)
            connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
    return Database(connection, path)


def _connect(uri: str) -> sqlite3.Connection:
    # The lock in Database orders the threads; sqlite3's own check would forbid sharing altogether.
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection


def _connect_read_only(path: str) -> sqlite3.Connection:
    """A reader needs the WAL's index (-shm), which it cannot make in a read-only folder.

    Where there is no WAL either, nobody is writing and the file alone is the whole library: then it is read as
    immutable.
    """
    uri = Path(path).absolute().as_uri()
    connection = _connect(f"{uri}?mode=ro")
    try:
        migrations.version_of(connection)
    except sqlite3.OperationalError:
        connection.close()
        if _size_of(f"{path}-wal") > 0:
            raise
        connection = _connect(f"{uri}?mode=ro&immutable=1")
    return connection


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _refuse_foreign(connection: sqlite3.Connection, path: str) -> None:
    version = migrations.version_of(connection)
    if version > migrations.NEWEST:
        raise NewerError(
            f"{path}: made by a newer Playlista (library version {version}, this one reads {migrations.NEWEST}); "
            "use the newer one, or set another DATA_DIR"
        )
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreError(f"{path}: a database of another program; set DATA_DIR to another folder")


def _refuse_older(connection: sqlite3.Connection, path: str) -> None:
    version = migrations.version_of(connection)
    if version < migrations.NEWEST:
        raise StoreError(
            f"{path}: library version {version} is older than this program's {migrations.NEWEST}; "
            "start the daemon once with `playlista run`, which updates it"
        )


def _set_pragmas(connection: sqlite3.Connection, path: str, mountinfo: str) -> str | None:
    mount = mount_of(os.path.realpath(path), parse_mountinfo(mountinfo))
    on_network = mount is not None and mount.is_network
    wanted = "delete" if on_network else "wal"
    mode = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0]
    # FULL syncs the WAL at each commit: what was reported as finished is still there after a power cut. It costs
    # two syncs a track (docs/adr/0008-queue.md has the figures); NORMAL would lose the last tracks.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_SIZE_LIMIT_BYTES}")
    if mode != wanted:
        raise UnwritableError(f"{path}: SQLite's {wanted} journal cannot be used here; move DATA_DIR to a local disk")
    if mount is None or not on_network:
        return None
    return (
        f"{path}: lies on {mount.kind} ({mount.source}), where SQLite's WAL is unsafe; a slower rollback journal is "
        "used and reading may wait; move DATA_DIR to a local disk"
    )
