"""A backup put in the place of the library, so that no moment of it can mix the two.

Input: the path of the library and of a copy of one. Output: the copy, checked, as the library; the former library
in the same folder under another name.

A database is more than its file: a write-ahead log or a rollback journal that belongs to the former file would be
replayed into the new one. So the copy is first written and synced under ``….restored``. From the rename to that name
on the restore is decided: whatever ends the process, `finish_restore` at the next start does the rest, and until then
there is no file at the library's path that anybody could open.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass

from playlista.errors import StoreError
from playlista.library import migrations
from playlista.library.database import connect_read_only
from playlista.library.database_errors import DamagedError, NewerError, translated
from playlista.library.integrity import check_all
from playlista.library.refusals import APPLICATION_ID
from playlista.system.atomic_write import replacing, sync_folder

#: The checked copy, while it waits to take the library's place.
RESTORED_SUFFIX = ".restored"

#: Files that SQLite keeps next to a database; they may hold its latest transactions.
JOURNAL_SUFFIXES = ("-wal", "-journal")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: how many files the library knows now, its version, and where the former one is, if any."""

    files: int
    version: int
    former: str | None


def restore(backup: str, library: str) -> Restored:
    """Put a copy of `backup` in the place of `library`; call it under the instance lock.

    An older version is migrated at the next start of the daemon.

    Raises
    ------
    StoreError
        `backup` is missing, damaged, not a library of ours or of a newer version, or the copy cannot be written; the
        library is as it was.
    """
    if not os.path.isfile(backup):
        what = "is no regular file" if os.path.exists(backup) else "no such file"
        raise StoreError(f"{backup}: {what}; name a file that `playlista backup` wrote")
    if os.path.realpath(backup) == os.path.realpath(library):
        raise StoreError(f"{backup}: is the library itself; name a backup")
    try:
        with replacing(library + RESTORED_SUFFIX) as unfinished:
            files, version = _copy(backup, unfinished)
            _take_over_rights(library, unfinished)
            _stamp(library, unfinished)
        return Restored(files, version, finish_restore(library))
    except DamagedError as error:
        raise DamagedError(f"{backup}: damaged ({error.found}); it was not restored, name another backup") from error
    except OSError as error:
        raise StoreError(f"{library}: {error.strerror}; {backup} was not restored") from error


def finish_restore(library: str) -> str | None:
    """Do what is left of a restore that was decided, also one that was killed; where the former library is now.

    Each step can be repeated. The database goes first: what is left of its journals is then of no file.

    Raises
    ------
    OSError
        A file cannot be renamed; call it again.
    """
    restored = library + RESTORED_SUFFIX
    try:
        decided_at = os.stat(restored).st_mtime
    except FileNotFoundError:
        return None
    former = _former_name(library, decided_at)
    for suffix in ("", *JOURNAL_SUFFIXES):
        with suppress(FileNotFoundError):
            os.rename(library + suffix, former + suffix)
    with suppress(FileNotFoundError):
        os.unlink(f"{library}-shm")
    sync_folder(os.path.dirname(os.path.abspath(library)))
    os.rename(restored, library)
    sync_folder(os.path.dirname(os.path.abspath(library)))
    return former if os.path.exists(former) else None


def _former_name(library: str, decided_at: float) -> str:
    return f"{library}.before-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(decided_at))}"


def _stamp(library: str, unfinished: str) -> None:
    """Give the copy a time whose name for the former library is not taken; it is the same when a kill intervenes."""
    decided_at = int(time.time())
    while os.path.lexists(_former_name(library, decided_at)):
        decided_at += 1
    os.utime(unfinished, (decided_at, decided_at))


def _copy(backup: str, target: str) -> tuple[int, int]:
    with translated(backup), closing(connect_read_only(backup)) as origin:
        version = _refuse_foreign(origin, backup)
        check_all(origin, backup, indexes=True)
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            origin.backup(copy)  # and not the bytes of the file, which may have a WAL
            copy.execute("PRAGMA journal_mode = DELETE")
            files = int(copy.execute("SELECT count(*) FROM files").fetchone()[0])
    return files, version


def _refuse_foreign(connection: sqlite3.Connection, path: str) -> int:
    version = migrations.version_of(connection)
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID or version < 1:
        raise StoreError(f"{path}: not a library of Playlista; name a file that `playlista backup` wrote")
    if version > migrations.NEWEST:
        raise NewerError(
            f"{path}: made by a newer Playlista (library version {version}, this one reads {migrations.NEWEST}); "
            "restore it with the newer one"
        )
    return version


def _take_over_rights(library: str, target: str) -> None:
    """Owner, group and mode of the former file, or those of the folder's owner: root may restore for the daemon."""
    try:
        model = os.stat(library)
        mode = model.st_mode & 0o7777
    except FileNotFoundError:
        model = os.stat(os.path.dirname(os.path.abspath(library)))
        mode = 0o644
    os.chmod(target, mode)
    with suppress(PermissionError):  # not root: then it is the user's own, as the former was
        os.chown(target, model.st_uid, model.st_gid)
