"""A large file as memory: mapped, read in order, and given back behind the cursor.

Input is the descriptor of a regular file. Output is a read-only binary file object for libsndfile. A page is made
resident right before it is copied and dropped soon after, so that a file of any size keeps a few megabytes.

Touching a page whose storage fails ends the process (SIGBUS). So only files of local file systems are mapped, and each
window is brought in by a call that reports the error instead. What remains is a file that is cut short, or a disk that
fails after its page was evicted again, within the microseconds between that call and the copy.
"""

from __future__ import annotations

import errno
import mmap
import os

from playlista.decode.page_cache import OVERLAP_BYTES, PageCacheTrail
from playlista.decode.source import StreamBrokenError
from playlista.decode.storage import early_end_fault, fault_of, find_fault, storage_fault
from playlista.system.mountinfo import parse_mountinfo, read_mountinfo

#: Linux 5.14 and later; Python has no name for it.
_MADV_POPULATE_READ = 22
_STEP_BYTES = 2 * 1024 * 1024
_WINDOW_BYTES = 256 * 1024


def can_be_mapped(descriptor: int) -> bool:
    """Whether the file lies on a file system of this machine, whose pages do not fail with a network or a process."""
    device = os.fstat(descriptor).st_dev
    mounts = [mount for mount in parse_mountinfo(read_mountinfo()) if mount.device == device]
    return all(mount.reports_changes for mount in mounts)


class MappedFile:
    """A mapped file. See ``OpenBytes`` for the members.

    Parameters
    ----------
    descriptor : an open regular file, not empty. It stays the caller's.

    Raises
    ------
    OSError : the file cannot be mapped (some network and FUSE file systems).
    """

    def __init__(self, descriptor: int) -> None:
        self.failure: StreamBrokenError | None = None
        self.origin = 0
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
        """See ``OpenBytes``."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See ``OpenBytes``."""
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
        self.invalidate()
        if not self._is_resident(start, start + length):
            return None
        self._position = start
        self._release_behind()
        return self._bytes[start : start + length]

    def invalidate(self) -> None:
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
            if os.fstat(self._descriptor).st_size < self.size:
                self.failure = early_end_fault(self._descriptor, start, self.size)
            else:
                self.failure = self._populate(start, end)
        except OSError as error:
            self.failure = fault_of(error)
        self._window = (start, end)
        return self.failure is None

    def _populate(self, start: int, end: int) -> StreamBrokenError | None:
        """Make the pages resident; the fault where they cannot be."""
        try:
            self._map.madvise(_MADV_POPULATE_READ, start, end - start)
        except OSError as error:
            # The call says EFAULT whatever the cause, and kernels before 5.14 do not know it (EINVAL): a read of the
            # same bytes gives the cause, or brings the pages into the cache.
            found = find_fault(self._descriptor, start=start, end=end)
            return found or (None if error.errno == errno.EINVAL else storage_fault("its pages cannot be read"))
        return None

    def _release_behind(self) -> None:
        """Hand the pages behind the cursor back, from this process and from the page cache."""
        end = self._position - self._position % mmap.PAGESIZE
        if end - self._released_to < _STEP_BYTES:
            return
        start = max(0, self._released_to - OVERLAP_BYTES)
        self._map.madvise(mmap.MADV_DONTNEED, start, end - start)
        self._trail.passed(end)
        self._released_to = end
