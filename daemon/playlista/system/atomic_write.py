"""Replaces a file at once: its path shows the former content or the new one, never a part, whatever ends the process.

Input: a path, and a block that fills a temporary file in the same folder. Output: the file, synced to the disk and
renamed into place, with its folder synced. Where the path is a symbolic link, its target is replaced.

A process that is killed leaves its temporary file. Its name says whose it is, and a lock that the kernel gives back at
the process's death says whether anybody still writes it: the next write into the same folder removes what nobody does.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: SQLite puts files of its own next to a database that is being made.
_TEMPORARY_NAME = re.compile(r"\.playlista-new-[0-9a-f]{16}\.tmp(?:-journal|-wal|-shm)?")


@contextmanager
def replacing(path: str, *, mode: int | None = None) -> Iterator[str]:
    """Yield the path of an empty file that takes the place of the one at `path` when the block ends well.

    Parameters
    ----------
    mode : permission bits of the result; None keeps those of the file that is replaced, or follows the umask.

    Raises
    ------
    OSError : the file cannot be written; what was at `path` is as it was.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    remove_stale(folder)
    temporary = os.path.join(folder, f".playlista-new-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        lock_against_removal(descriptor)
        yield temporary
        _set_access(descriptor, target, mode)
        os.fsync(descriptor)
        os.replace(temporary, target)
        sync_folder(folder)
    finally:
        with suppress(OSError):
            os.unlink(temporary)
        os.close(descriptor)


def write_bytes(path: str, content: bytes, *, mode: int | None = None) -> None:
    """Make `content` the whole content of the file at `path`. Raises OSError; see `replacing`."""
    with replacing(path, mode=mode) as temporary, open(temporary, "wb") as file:
        file.write(content)


def sync_folder(folder: str) -> None:
    """Make the names in `folder` durable; file systems that cannot sync a folder keep them in their own way."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_stale(folder: str) -> None:
    """Remove the temporary files that killed writes left in `folder`, and no other file."""
    try:
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if _TEMPORARY_NAME.fullmatch(entry.name)]
    except OSError:
        return  # the write itself will tell what is wrong with the folder
    for path in sorted(found):  # SQLite's companions after the file that they belong to
        with suppress(OSError):
            if _is_abandoned(path):
                os.unlink(path)


def lock_against_removal(descriptor: int) -> None:
    """Mark the open file as being written for as long as this process lives; without effect where locks do not work."""
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_unlocked(path: str) -> bool:
    """Whether this is a file without such a mark. Raises OSError where it has one, is missing, or locks do not work."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)


def _is_abandoned(path: str) -> bool:
    """Whether nobody writes the temporary file any more. Raises OSError where its lock is held or does not work."""
    written = path[: path.rindex(".tmp") + len(".tmp")]
    return is_unlocked(path) if written == path else not os.path.lexists(written)


def _set_access(descriptor: int, target: str, mode: int | None) -> None:
    """Give the new file the rights of the one that it replaces: bits, and owner where this user may."""
    if mode is not None:
        os.fchmod(descriptor, mode)
        return
    with suppress(FileNotFoundError):
        former = os.stat(target)
        with suppress(PermissionError):
            os.fchown(descriptor, former.st_uid, former.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(former.st_mode))
