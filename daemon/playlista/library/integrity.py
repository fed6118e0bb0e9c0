"""Whether a database file is sound, by SQLite's own checks, within a given time or to the end.

Input: a connection. Output: nothing, or a ``DamagedError`` with what SQLite found. Nothing is changed.
"""

from __future__ import annotations

import sqlite3
import threading

from playlista.library.database_errors import DamagedError


def check_all(connection: sqlite3.Connection, path: str, *, indexes: bool = False) -> None:
    """Read every page; with `indexes`, also hold each index against its table, which takes several times as long.

    Raises
    ------
    DamagedError
        A page does not fit.
    """
    check = "integrity_check" if indexes else "quick_check"
    found = str(connection.execute(f"PRAGMA {check}(1)").fetchone()[0])
    if found != "ok":
        raise DamagedError.at(path, found)


def check_within(connection: sqlite3.Connection, path: str, seconds: float) -> bool:
    """`check_all`, ended after so many `seconds`; whether it came to the end. 0 seconds check nothing.

    SQLite looks for an interrupt before each page in all versions, for a progress handler only since 3.41.

    Raises
    ------
    DamagedError
        A page does not fit.
    """
    if seconds <= 0:
        return False
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        connection.interrupt()

    timer = threading.Timer(seconds, expire)
    timer.start()
    try:
        check_all(connection, path)
    except (DamagedError, sqlite3.OperationalError):
        # An interrupted check reports the pages that it did not come to as unused: that proves nothing.
        if not expired.is_set():
            raise
        return False
    finally:
        timer.cancel()
        timer.join()  # an interrupt that comes late would hit the next statement
    return True
