"""Pages of a music file are read once: they are given back behind the reader, not left to push others out.

Input: an open file and a position. Output: advice to the kernel. In a container the page cache is charged
to it, and although clean pages are reclaimed first, a full cache is what makes a small limit feel full.
"""

from __future__ import annotations

import os
from contextlib import suppress

_STEP_BYTES = 2 * 1024 * 1024
OVERLAP_BYTES = 8 * 1024 * 1024


class PageCacheTrail:
    """Drops the pages behind a cursor that moves forward, every 2 MiB.

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
            # From before the last edge: the kernel caches in folios of up to some megabytes, and one that lay across
            # that edge could not be dropped then.
            start = max(0, self._dropped_to - OVERLAP_BYTES)
            self._drop(start, position - start)
            self._dropped_to = position

    def finished(self) -> None:
        """Drop whatever of the file is still cached."""
        self._drop(0, 0)

    def _drop(self, start: int, length: int) -> None:
        """Advice that a file system does not understand is no error."""
        with suppress(OSError):
            os.posix_fadvise(self._descriptor, start, length, os.POSIX_FADV_DONTNEED)
