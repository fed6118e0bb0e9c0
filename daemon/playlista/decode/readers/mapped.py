"""A large file as memory: mapped, read in order, and given back behind the cursor.

What enters: the descriptor of a regular file. What leaves: a read-only binary file object for libsndfile. A page is
made resident right before it is copied and dropped soon after, so that a file of any size keeps a few megabytes.
"""

from __future__ import annotations

import errno
import mmap
import os

from playlista.decode.page_cache import OVERLAP_BYTES, PageCacheTrail
from playlista.decode.source import StreamBrokenError
from playlista.errors import FailureReason

#: Linux 5.14 and later; Python has no name for it.
_MADV_POPULATE_READ = 22
_STEP_BYTES = 2 * 1024 * 1024
_WINDOW_BYTES = 256 * 1024


class MappedFile:
    """A mapped file with the methods that libsndfile's virtual I/O asks for.

    Parameters
    ----------
    descriptor : an open regular file, not empty. It stays the caller's.

    Raises
    ------
    OSError : the file cannot be mapped (some network and FUSE file systems).
    """

    def __init__(self, descriptor: int) -> None:
        self.failure: StreamBrokenError | None = None
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self._map = mmap.mmap(descriptor, self.size, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ)
        self._map.madvise(mmap.MADV_SEQUENTIAL)
        self._bytes = memoryview(self._map)
        self._position = 0
        self._released_to = 0
        self._trail = PageCacheTrail(descriptor)
        self._window = (0, 0)

    def tell(self) -> int:
        """Byte at which the next read starts."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move within the file; a place before its start or behind its end is moved to it."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, min(self.size, origin + offset))
        return self._position

    def readinto(self, buffer: memoryview) -> int:
        """Copy the next bytes into `buffer` and return their number.

        libsndfile calls this from C, where an exception would be printed and lost: a file that cannot be read any
        more is noted in `failure` and looks like its end.
        """
        end = min(self.size, self._position + len(buffer))
        if not self._is_resident(self._position, end):
            return 0
        count = end - self._position
        buffer[:count] = self._bytes[self._position : end]
        self._position = end
        self._release_behind()
        return count

    def view(self, start: int, length: int) -> memoryview | None:
        """`length` bytes from `start`, within the file and resident, to be used at once; None where `failure` says why.

        What lay before `start` is given back.
        """
        self.distrust()
        if not self._is_resident(start, start + length):
            return None
        self._position = start
        self._release_behind()
        return self._bytes[start : start + length]

    def distrust(self) -> None:
        """Forget what was found resident: time has passed, and the file may have been cut short meanwhile."""
        self._window = (0, 0)

    def close(self) -> None:
        """Unmap; may be called twice."""
        self._bytes.release()
        self._map.close()

    def _is_resident(self, start: int, end: int) -> bool:
        """Bring the pages in by a call that reports an error, where touching them would end the process (SIGBUS).

        A file may be cut short, or its disk may fail, while it is mapped.
        """
        if self.failure:
            return False
        if self._window[0] <= start and end <= self._window[1]:
            return True
        start -= start % mmap.PAGESIZE
        end = min(self.size, max(end, start + _WINDOW_BYTES))
        try:
            if os.fstat(self._descriptor).st_size >= self.size:
                self._populate(start, end - start)
                self._window = (start, end)
                return True
            error = "it became shorter while it was read"
        except OSError as caught:
            error = os.strerror(caught.errno or 0)
        self.failure = StreamBrokenError(FailureReason.UNREADABLE, f"cannot be read: {error}", retryable=True)
        return False

    def _populate(self, start: int, length: int) -> None:
        try:
            self._map.madvise(_MADV_POPULATE_READ, start, length)
        except OSError as error:
            if error.errno != errno.EINVAL:  # an older kernel, whose faults bring the pages in one by one
                raise

    def _release_behind(self) -> None:
        """Hand the pages behind the cursor back, from this process and from the page cache."""
        end = self._position - self._position % mmap.PAGESIZE
        if end - self._released_to < _STEP_BYTES:
            return
        start = max(0, self._released_to - OVERLAP_BYTES)
        self._map.madvise(mmap.MADV_DONTNEED, start, end - start)
        self._trail.passed(end)
        self._released_to = end
