"""One daemon per data folder, by a lock that the kernel gives back when the process dies in whatever way."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from playlista.errors import StoreError

#: The lock's file in DATA_DIR; it holds the process id of the daemon, and stays when the daemon ends.
FILE_NAME = "playlista.lock"


@contextmanager
def instance_lock(data_folder: str) -> Iterator[None]:
    """Hold the data folder for the length of the block; the folder is made if it is missing.

    Raises
    ------
    StoreError
        Another process holds it (the line names its id), or the folder cannot be written.
    """
    path = os.path.join(data_folder, FILE_NAME)
    try:
        os.makedirs(data_folder, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; DATA_DIR must be a folder that this user can write") from error
    try:
        _take(descriptor, path)
        yield
    finally:
        # The file is not removed: a second process may have opened it already and would then lock a ghost.
        os.close(descriptor)


def running_pid(data_folder: str) -> int | None:
    """The process id of the daemon that holds the data folder, or None when none does."""
    try:
        descriptor = os.open(os.path.join(data_folder, FILE_NAME), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(descriptor)
    finally:
        os.close(descriptor)
    return None


def _take(descriptor: int, path: str) -> None:
    if not _locked(descriptor):
        holder = _pid_in(descriptor)
        raise StoreError(
            f"{path}: Playlista is already running as pid {holder or 'unknown'}; stop it, or set another DATA_DIR"
        )
    with suppress(OSError):  # on a full disk; the lock holds all the same, and the database says it better
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _locked(descriptor: int) -> bool:
    # `running_pid` holds the lock for a moment while it looks, so one refusal is no proof of a daemon.
    for _ in range(3):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def _pid_in(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
