"""One daemon per data folder, by a lock that the kernel gives back when the process dies in whatever way.

Input: the data folder. Output: a claim on it while the block lasts. Where the folder is reached through two mounts
whose locks do not meet, ``data_owner`` finds the other daemon.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playlista.errors import StoreError
from playlista.library.data_owner import DataOwner, read_boot_id
from playlista.system.mountinfo import read_mountinfo

#: The lock's file in DATA_DIR; its first line is the process id of the daemon, and it stays when the daemon ends.
FILE_NAME = "playlista.lock"


@contextmanager
def instance_lock(data_folder: str) -> Iterator[DataOwner]:
    """Hold the data folder for the length of the block; the folder is made if it is missing.

    Whoever holds it for long must call `DataOwner.keep` every few seconds.

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
        owner = DataOwner(path, mountinfo=read_mountinfo(), boot_id=read_boot_id())
        owner.claim()
        try:
            yield owner
        finally:
            owner.release()
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
    text = os.pread(descriptor, 32, 0).partition(b"\n")[0]
    return int(text) if text.isdigit() else None
