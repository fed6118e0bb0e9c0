"""Derives the moods of tracks that were analyzed by an older version, without reading music, a little at a time.

Input: tracks whose mood is due, see ``library.due_moods``. Output: their moods in the library, a line in the log when
all of them are there. The worker lets it run between two tracks and while there is nothing else to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from playlista.library.due_moods import DueMoods

log = structlog.get_logger(__name__)

#: Tracks in one transaction, some 50 ms.
BATCH_TRACKS = 50


class MoodFiller:
    """Works off the due moods of one library. `stop` is asked before each batch."""

    def __init__(
        self, due: DueMoods, *, stop: Callable[[], bool], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._due = due
        self._stop = stop
        self._monotonic = monotonic
        self._derived = 0

    def fill(self, seconds: float) -> bool:
        """Derive moods for about so many `seconds`; whether there are more to be derived.

        Raises
        ------
        StoreError : the library could not be written; the batch is derived again.
        """
        until = self._monotonic() + seconds
        while not self._stop():
            count = self._due.derive(BATCH_TRACKS)
            self._derived += count
            if not count:
                self._end()
                return False
            if self._monotonic() >= until:
                return True
        return False

    def _end(self) -> None:
        if self._derived:
            log.info("moods.derived", tracks=self._derived)
        self._derived = 0
