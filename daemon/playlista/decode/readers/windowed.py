"""A file, or a part of one, read in windows: for small files, and where a mapping would be a risk or starts too early.

Input is the descriptor of a regular file. Output is a read-only binary file object for libsndfile, which then need not
read by itself: it takes a failed read for the end of the file, and nobody could tell afterwards.
"""

from __future__ import annotations

import os
from typing import Protocol

from playlista.decode.page_cache import PageCacheTrail
from playlista.decode.source import StreamBrokenError
from playlista.decode.storage import early_end_fault, fault_of

_WINDOW_BYTES = 256 * 1024


class OpenBytes(Protocol):
    """An open file as libsndfile's virtual I/O and the reader of plain PCM ask for it."""

    failure: StreamBrokenError | None
    #: The byte of the file at which what is shown begins: all positions count from here.
    origin: int
    size: int

    def tell(self) -> int:
        """Byte at which the next read starts."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move within the file; a place before its start or behind its end is moved to it."""

    def readinto(self, buffer: memoryview) -> int:
        """Copy the next bytes into `buffer` and return their number; 0 at the end, and where `failure` says why."""

    def view(self, start: int, length: int) -> memoryview | None:
        """`length` bytes from `start`, within the file, to be used at once; None where `failure` says why."""

    def invalidate(self) -> None:
        """Time has passed: ask the system again for what is used next."""

    def close(self) -> None:
        """Let go of the memory; may be called twice."""


class WindowedFile:
    """An open file that is read into a buffer of 256 KiB. See ``OpenBytes`` for the members.

    Parameters
    ----------
    descriptor : an open regular file. It stays the caller's, and its position is not moved.
    start, end : the part of the file that is shown as if it were all; None for its end.
    """

    def __init__(self, descriptor: int, start: int = 0, end: int | None = None) -> None:
        self.failure: StreamBrokenError | None = None
        self.origin = start
        self.size = (os.fstat(descriptor).st_size if end is None else end) - start
        self._descriptor = descriptor
        self._position = 0
        self._trail = PageCacheTrail(descriptor)
        self._window = memoryview(bytearray(min(_WINDOW_BYTES, self.size)))
        self._start = self._end = 0

    def tell(self) -> int:
        """See ``OpenBytes``."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See ``OpenBytes``."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, min(self.size, origin + offset))
        return self._position

    def readinto(self, buffer: memoryview) -> int:
        """See ``OpenBytes``. libsndfile calls this from C, where an exception would be printed and lost."""
        wanted = min(len(buffer), self.size - self._position)
        offset = self._position - self._start
        if offset >= 0 and self._position + wanted <= self._end and wanted > 0:  # thousands of times a minute
            buffer[:wanted] = self._window[offset : offset + wanted]
            self._position += wanted
            return wanted
        filled = 0
        while filled < wanted and self._holds(self._position, 1):
            offset = self._position - self._start
            count = min(wanted - filled, self._end - self._position)
            buffer[filled : filled + count] = self._window[offset : offset + count]
            filled += count
            self._position += count
        return filled

    def view(self, start: int, length: int) -> memoryview | None:
        """See ``OpenBytes``."""
        if length > len(self._window):
            self._window, self._start, self._end = memoryview(bytearray(length)), 0, 0
        if not self._holds(start, length):
            return None
        self._position = start
        return self._window[start - self._start : start - self._start + length]

    def invalidate(self) -> None:
        """Nothing: what was read is a copy, and stays true."""

    def close(self) -> None:
        """See ``OpenBytes``."""
        self._window = memoryview(b"")
        self._start = self._end = 0

    def _holds(self, start: int, length: int) -> bool:
        """Whether the window holds these bytes, after reading them if need be."""
        if self._start <= start and start + length <= self._end:
            return True
        if self.failure is not None:
            return False
        self._trail.passed(self.origin + start)
        self._start = self._end = start
        while self._end < start + length:
            try:
                count = os.preadv(self._descriptor, [self._window[self._end - start :]], self.origin + self._end)
            except OSError as error:
                self.failure = fault_of(error)
                return False
            if count == 0:
                self.failure = early_end_fault(self._descriptor, self.origin + self._end, self.origin + self.size)
                return False
            self._end += count
        return True
