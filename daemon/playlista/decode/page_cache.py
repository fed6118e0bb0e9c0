"""Pages of a music file are read once: they are given back behind the reader, not left to push others out.

What enters: an open file and a position. What leaves: advice to the kernel. In a container the page cache is charged
to it, and although clean pages are reclaimed first, a full cache is what makes a small limit feel full.
"""

from __future__ import annotations

import os

_STEP_BYTES = 8 * 1024 * 1024


class PageCacheTrail:
    """Drops the pages behind a cursor that moves forward, every 8 MiB.

    Parameters
    ----------
    descriptor : an open regular file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._dropped_to = 0

    def passed(self, position: int) -> None:
        """Tell that everything before `position` (bytes) has been read."""
        if position - self._dropped_to >= _STEP_BYTES:
            self._drop(self._dropped_to, position - self._dropped_to)
            self._dropped_to = position

    def finished(self) -> None:
        """Drop whatever of the file is still cached."""
        self._drop(0, 0)

    def _drop(self, start: int, length: int) -> None:
        """Advice that a file system does not understand is no error."""
        try:
            os.posix_fadvise(self._descriptor, start, length, os.POSIX_FADV_DONTNEED)
        except OSError:
            return
