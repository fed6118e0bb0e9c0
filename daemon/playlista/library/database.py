"""The library's SQLite file: opening, transactions, migrations. No question about tracks is asked here.

Input: a path and the text of mountinfo. Output: a ``Database`` whose ``transaction()`` and ``read()`` give a
connection to the other modules, and whose failures are ``StoreError`` in one line with a remedy.

A process writes through one connection behind a re-entrant lock, whichever thread it is in; the command line and the
HTTP server open the file read-only. In WAL mode neither waits for the other. Only the daemon, which owns the data
folder, makes and migrates the file and chooses its journal mode (`open_database`); a command that writes while a
daemon may run takes the file as it is (`open_existing`).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from playlista.library import migrations
from playlista.library.database_errors import DamagedError, MisplacedError, UnwritableError, translated
from playlista.library.integrity import check_all, check_within
from playlista.library.journal import Journal, journal_for
from playlista.library.refusals import refuse_foreign, refuse_lone_journal, refuse_missing, refuse_older, size_of
from playlista.system.fair_lock import FairLock
from playlista.system.mountinfo import read_mountinfo

#: The library's file in DATA_DIR.
FILE_NAME = "playlista.db"

#: How long a statement waits for another process's write (`retry` while the daemon runs) before it fails.
BUSY_TIMEOUT_SECONDS = 10.0

#: A WAL that grew under a long read is cut back to this by the next checkpoint.
WAL_SIZE_LIMIT_BYTES = 16 * 2**20


class Database:
    """One connection to the library's file, shared by the threads of a process.

    Made by `open_database`, `open_existing` or `open_read_only`. ``warning`` is a line for the log when the file works
    but lies where it should not, else None. ``checked`` is False when the check at the start ran out of time.
    ``was_empty`` is True when an empty file was there before the library was made in it: maybe it once was one.
    ``damage`` is what SQLite said when it found the file damaged, else None: from then on nothing is written to it.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: str,
        *,
        warning: str | None = None,
        checked: bool = True,
        was_empty: bool = False,
    ) -> None:
        self.path = path
        self.warning = warning
        self.checked = checked
        self.was_empty = was_empty
        self.damage: DamagedError | None = None
        self._connection = connection
        self._identity = _identity_of(path)
        self._lock = FairLock()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: committed and on disk when the block ends, undone when it raises.

        A transaction inside another of the same thread joins it, so that a result and the end of its job are one.

        Raises
        ------
        StoreError
            Nothing of the block was written; the database stays usable, so the caller may try again later. A
            `MisplacedError` means that the file is not at its path any more, a `DamagedError` that it is damaged.
        """
        with self._lock, self._translated():
            if self._connection.in_transaction:
                yield self._connection
                return
            self._refuse_lost_writes()
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
        with self._lock, self._translated():
            yield self._connection

    def misplaced(self) -> str | None:
        """Why the file at `path` is not the one that is open, for people; None when it is, or cannot be looked at.

        SQLite goes on with a file that was removed or replaced, and all that it writes is lost when it is closed.
        """
        try:
            present = _identity_of(self.path)
        except OSError:
            return None  # the folder cannot be reached at the moment, which SQLite will say better
        if present == self._identity:
            return None
        what = "was removed" if present is None else "was replaced by another file"
        return (
            f"{self.path}: {what} while it was in use; nothing more is written. Put the former file back, or stop "
            "Playlista and bring back a backup with `playlista restore FILE`"
        )

    def check(self) -> None:
        """Read every page and raise `DamagedError` if one does not fit; takes seconds for a large library."""
        with self.read() as connection:
            check_all(connection, self.path)

    def close(self) -> None:
        """Close the file; the last one to close it folds the WAL in. Closing twice is harmless."""
        with self._lock, suppress(sqlite3.Error):
            self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with translated(self.path):
                yield
        except DamagedError as error:
            self.damage = error
            raise

    def _refuse_lost_writes(self) -> None:
        if self.damage is not None:
            raise self.damage
        if why := self.misplaced():
            raise MisplacedError(why)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(path: str, *, mountinfo: str | None = None, check_seconds: float = 0.0) -> Database:
    """Open the library for writing, making or migrating it where needed; for the process that owns the data folder.

    On a network file system, where WAL's shared memory does not work, a rollback journal is used instead: slower, and
    readers then wait for the writer; `Database.warning` says so.

    Parameters
    ----------
    mountinfo : the text of ``/proc/self/mountinfo``; None reads it.
    check_seconds : how long the file may be checked for damage before it is used; `Database.checked` says whether
        that was enough. 0 does not check.

    Raises
    ------
    NewerError, DamagedError, UnwritableError, StoreError
        The file was left as it was.
    """
    refuse_lone_journal(path)
    exists = os.path.exists(path)
    was_empty = exists and size_of(path) == 0
    checked = _check_untouched(path, check_seconds)
    journal = journal_for(path, read_mountinfo() if mountinfo is None else mountinfo)
    with translated(path):
        # What is taken away after the look at it must not be made anew: SQLite would delete its WAL.
        connection = _connect(f"{Path(path).absolute().as_uri()}?mode={'rw' if exists else 'rwc'}")
        try:
            refuse_foreign(connection, path)
            _set_journal(connection, path, journal)
            _set_pragmas(connection)
            migrations.migrate(connection)
        except BaseException:
            connection.close()
            raise
    return Database(connection, path, warning=journal.warning, checked=checked, was_empty=was_empty)


def _check_untouched(path: str, seconds: float) -> bool:
    """Check the library without writing: a connection that may write folds the WAL into a damaged file at its end."""
    if seconds <= 0 or size_of(path) == 0:
        return True
    with translated(path), closing(connect_read_only(path)) as connection:
        return check_within(connection, path, seconds)


def open_existing(path: str) -> Database:
    """Open the library for writing as it is, also while a daemon runs: not made, not migrated, its journal kept.

    Raises
    ------
    StoreError
        There is no library yet, it is of another version, or it cannot be written.
    """
    refuse_missing(path)
    with translated(path):
        connection = _connect(f"{Path(path).absolute().as_uri()}?mode=rw")
        try:
            refuse_foreign(connection, path)
            refuse_older(connection, path)
            _set_pragmas(connection)
        except BaseException:
            connection.close()
            raise
    return Database(connection, path)


def open_read_only(path: str) -> Database:
    """Open the library for reading, also while a daemon runs and in a folder that cannot be written.

    Raises
    ------
    StoreError
        There is no library yet, it is of another version, or it cannot be read.
    """
    refuse_missing(path)
    with translated(path):
        connection = connect_read_only(path)
        try:
            refuse_foreign(connection, path)
            refuse_older(connection, path)
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


def connect_read_only(path: str) -> sqlite3.Connection:
    """A connection for reading to any SQLite file at `path`.

    A reader needs the WAL's index (-shm), which it cannot make in a read-only folder.

    Where there is no WAL either, nobody is writing and the file alone is the whole library: then it is read as
    immutable.
    """
    uri = Path(path).absolute().as_uri()
    connection = _connect(f"{uri}?mode=ro")
    try:
        migrations.version_of(connection)
    except sqlite3.OperationalError:
        connection.close()
        if size_of(f"{path}-wal") > 0:
            raise
        connection = _connect(f"{uri}?mode=ro&immutable=1")
    return connection


def _identity_of(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _set_journal(connection: sqlite3.Connection, path: str, journal: Journal) -> None:
    mode = connection.execute(f"PRAGMA journal_mode = {journal.mode}").fetchone()[0]
    if mode != journal.mode:
        raise UnwritableError(
            f"{path}: SQLite's {journal.mode} journal cannot be used here; move DATA_DIR to a local disk"
        )


def _set_pragmas(connection: sqlite3.Connection) -> None:
    # FULL syncs the WAL at each commit: what was reported as finished is still there after a power cut. It costs
    # two syncs a track (docs/adr/0008-queue.md has the figures); NORMAL would lose the last tracks.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_SIZE_LIMIT_BYTES}")
