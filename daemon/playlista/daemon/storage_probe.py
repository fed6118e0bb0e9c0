"""Whether the music folder answers at all: a thread that asks it every few seconds, and may wait for ever in doing so.

Input is the folder and the track at work. Output is one line when an answer is overdue. A hard NFS mount whose server
is gone, or a FUSE program that is stuck, lets every call wait without an error: nobody who waits there can say so.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from playlista.system.descriptors import close_read

#: Between two questions, and how long an answer may take: together less than the 15 s within which /readyz must say it.
INTERVAL_SECONDS = 3.0
OVERDUE_SECONDS = 8.0
_PAGE_BYTES = 4096


class StorageProbe:
    """Asks until the process ends.

    Parameters
    ----------
    root : the music folder.
    current : the track at work, relative to it, or None.
    clock : seconds, monotonic.
    """

    def __init__(
        self, root: str, current: Callable[[], str | None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = root
        self._current = current
        self._clock = clock
        self._asked_at: float | None = None
        self._hung_at = -1.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="storage-probe", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; an answer that is overdue is not waited for."""
        self._stopping.set()

    @property
    def trouble(self) -> str | None:
        """That the folder does not answer, for people; None while it does."""
        asked_at = self._asked_at
        if asked_at is None or (waited := self._clock() - asked_at) < OVERDUE_SECONDS:
            return None
        self._hung_at = self._clock()
        return f"{self._root}: the storage has not answered for {waited:.0f} s; is the share or the disk away?"

    def has_hung_since(self, moment: float) -> bool:
        """Whether an answer was overdue at any time after `moment`, by this probe's clock."""
        return self.trouble is not None or self._hung_at >= moment

    def _run(self) -> None:
        turn = 0
        while not self._stopping.wait(INTERVAL_SECONDS):
            self._asked_at = self._clock()
            with suppress(OSError, ValueError):  # an error is an answer
                self._ask(turn)
            if self._clock() - self._asked_at >= OVERDUE_SECONDS:
                self._hung_at = self._clock()
            self._asked_at = None
            turn += 1

    def _ask(self, turn: int) -> None:
        """Look at the folder, and read a page of the track at work from below the page cache, another one each time."""
        os.stat(self._root)
        current = self._current()
        if current is None:
            with os.scandir(self._root) as entries:
                next(entries, None)
            return
        descriptor = os.open(os.path.join(self._root, current), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            pages = max(1, os.fstat(descriptor).st_size // _PAGE_BYTES)
            place = turn * 7919 % pages * _PAGE_BYTES
            os.posix_fadvise(descriptor, place, _PAGE_BYTES, os.POSIX_FADV_DONTNEED)
            os.pread(descriptor, _PAGE_BYTES, place)
        finally:
            close_read(descriptor)
