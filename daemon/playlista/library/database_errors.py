"""SQLite's failures as one line each: what happened, to which file, what to do.

Input: ``sqlite3.Error``. Output: a ``StoreError``, as a subclass where the daemon can act on the kind: wait and go on
(full, unwritable, busy, misplaced), or stop (damaged, newer).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from playlista.errors import StoreError

#: What to do where SQLite finds no place for its temporary files.
NO_TEMPORARY_FOLDER = "no temporary folder can be written; set TMPDIR to one, or mount a tmpfs on /tmp"


class DiskFullError(StoreError):
    """The disk is full. Nothing was written; it works again once there is free space."""


class UnwritableError(StoreError):
    """The file or its folder cannot be written, or cannot be opened at all."""


class BusyError(StoreError):
    """Another process held the write lock for longer than the timeout."""


class DamagedError(StoreError):
    """The file is not a sound SQLite database. It was not touched. ``found`` is what SQLite says of it."""

    def __init__(self, message: str, found: str = "") -> None:
        super().__init__(message)
        self.found = found

    @classmethod
    def at(cls, path: str, found: str) -> DamagedError:
        """The error for the library at `path`, of which SQLite says `found`."""
        found = " ".join(found.split())
        return cls(
            f"{path}: damaged ({found}); nothing was changed. Bring back a backup with `playlista restore FILE`, or "
            "move it away and a new library is made",
            found,
        )


class MisplacedError(StoreError):
    """The file was removed or replaced while it was open. Nothing was written to it since that was noticed."""


class NewerError(StoreError):
    """The file was made by a newer version of the program."""


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn whatever SQLite raises within the block into the `StoreError` for the file at `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise store_error(error, path) from error


def store_error(error: sqlite3.Error, path: str) -> StoreError:
    """The `StoreError` that says the same as `error` and what to do about it."""
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_IOERR_SHMSIZE:
        code = sqlite3.SQLITE_FULL  # the disk is full, and the WAL's index cannot be made
    has_no_temporary = code == sqlite3.SQLITE_CANTOPEN and _can_be_written(path)
    match code & 0xFF if code is not None else None:  # the low byte is the kind, the rest its shade
        case sqlite3.SQLITE_FULL:
            return DiskFullError(f"{path}: the disk is full; free some space, nothing is lost")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            remedy = NO_TEMPORARY_FOLDER if has_no_temporary else "give this user the rights to it"
            return UnwritableError(f"{path}: cannot be opened or written ({error}); {remedy}")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return BusyError(f"{path}: another process is writing ({error}); try again")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DamagedError.at(path, str(error))
        case sqlite3.SQLITE_IOERR:
            return StoreError(f"{path}: {error} ({error.sqlite_errorname}); check the disk and the kernel's log")
        case _:
            return StoreError(f"{path}: {error}")


def _can_be_written(path: str) -> bool:
    """Whether the file and its folder take writes, so that SQLite failed to open another one: a temporary file."""
    return all(os.access(place, os.W_OK, effective_ids=True) for place in (path, os.path.dirname(path) or "."))


def why_unwritable(folder: str | os.PathLike[str]) -> str | None:
    """Why the file system of `folder` takes no writes at this moment, in one line; None as far as it can be told."""
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        return f"{os.fspath(folder)}: cannot be reached ({error.strerror}); see to its disk"
    if disk.f_flag & os.ST_RDONLY:
        return f"{os.fspath(folder)}: mounted read-only, no result can be stored; remount it for writing"
    if disk.f_bavail == 0:
        return f"{os.fspath(folder)}: the disk is full; free some space, nothing is lost"
    return None
