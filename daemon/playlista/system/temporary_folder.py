"""A folder for temporary files that does not stay for ever where its process is killed.

Output: a folder in that of the system, of this user alone. It is removed when it is closed, or else when the process
ends. Of a process that is killed nobody is left to remove it; the next one that makes a folder of the same kind does.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from playlista.system.atomic_write import is_unlocked, lock_against_removal

_LOCK = "lock"


class TemporaryFolder:
    """Makes the folder, after it has removed those whose processes are gone; `prefix` is its kind."""

    def __init__(self, prefix: str) -> None:
        _remove_leftovers(Path(tempfile.gettempdir()), prefix)
        self._folder = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)
        self._lock = _locked(self.path)

    def close(self) -> None:
        """Remove the folder and all that is in it."""
        self._folder.cleanup()
        os.close(self._lock)


def _locked(folder: Path) -> int:
    """A descriptor that keeps others from removing the folder for as long as this process lives."""
    unnoticed = folder / f".{_LOCK}"
    descriptor = os.open(unnoticed, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    lock_against_removal(descriptor)
    unnoticed.rename(folder / _LOCK)  # a folder without this name stays: nobody takes a new one for a leftover
    return descriptor


def _remove_leftovers(place: Path, prefix: str) -> None:
    for folder in place.glob(f"{prefix}*"):
        with suppress(OSError):
            if folder.lstat().st_uid == os.geteuid() and is_unlocked(os.fspath(folder / _LOCK)):
                shutil.rmtree(folder, ignore_errors=True)
