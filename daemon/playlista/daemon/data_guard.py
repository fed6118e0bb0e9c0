"""A thread that watches over the data folder while the daemon works: who owns it, and whether its database is whole.

Input: the claim on the folder, and the open databases. Output: a request to stop with the error that requires it, when
another daemon took the folder over or SQLite found damage; a log line when the database's file was removed or
replaced, which ends by itself when it is put back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from playlista.errors import StoreError
from playlista.library.data_owner import POLL_SECONDS, DataOwner
from playlista.library.database import Database

log = structlog.get_logger(__name__)


class DataGuard:
    """Runs from ``with`` to the end of it.

    Parameters
    ----------
    stop : makes the daemon end; called once, in the guard's thread.
    """

    def __init__(self, owner: DataOwner, *, stop: Callable[[], None]) -> None:
        self._owner = owner
        self._stop = stop
        self._databases: list[Database] = []
        self._misplaced: str | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="data", daemon=True)
        #: Why the daemon must not go on, or None.
        self.fatal: StoreError | None = None

    def watch(self, database: Database) -> None:
        """Watch over `database`, too."""
        self._databases.append(database)

    def look(self) -> None:
        """Look at everything once."""
        try:
            self._owner.keep()
        except StoreError as error:
            self._fail(error)
        for database in self._databases:
            if database.damage is not None:
                self._fail(database.damage)
        self._say_where_the_file_is()

    def _say_where_the_file_is(self) -> None:
        former = self._misplaced
        self._misplaced = next(filter(None, (database.misplaced() for database in self._databases)), None)
        if self._misplaced and self._misplaced != former:
            log.error("database.lost", why=self._misplaced)
        if former and not self._misplaced:
            log.info("database.found")

    def _fail(self, error: StoreError) -> None:
        if self.fatal is None:
            self.fatal = error
            log.error("daemon.failing", why=str(error))
            self._stop()

    def _run(self) -> None:
        while not self._ended.wait(POLL_SECONDS):
            self.look()

    def __enter__(self) -> DataGuard:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(POLL_SECONDS)
