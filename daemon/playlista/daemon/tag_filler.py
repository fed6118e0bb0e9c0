"""Reads the tags of tracks whose names are not known yet, without analyzing anything, a little at a time.

Input: files whose tags are due, see ``library.due_tags``. Output: their names in the library, a line of progress in the
log. The worker lets it run between two tracks and while there is nothing else to do, so that new files never wait for
it longer than for one batch; it ends between two files when the daemon is asked to stop.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import structlog

from playlista.decode.metadata import read_metadata
from playlista.library.due_tags import DueFile, DueTags
from playlista.tracks.metadata import Metadata

log = structlog.get_logger(__name__)

#: Names written in one transaction.
BATCH_FILES = 50
#: How long after a pass over all of them those are tried again that could not be read, or came meanwhile.
NEXT_PASS_SECONDS = 10.0
#: How often the log says how far it is.
PROGRESS_SECONDS = 30.0


class TagFiller:
    """Works off the due tags of one library.

    Parameters
    ----------
    music_dir : absolute path of the music folder.
    stop : asked before each file.
    """

    def __init__(
        self,
        music_dir: str,
        due: DueTags,
        *,
        stop: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._music_dir = music_dir
        self._due = due
        self._stop = stop
        self._monotonic = monotonic
        self._after = 0
        self._next_pass_at = monotonic()
        self._filled = 0
        self._told_at = monotonic()
        #: The path that is being read, for other threads; None in between.
        self.reading: str | None = None

    def fill(self, seconds: float) -> bool:
        """Read tags for about so many `seconds`; whether there are more to be read now.

        Raises
        ------
        StoreError : the library could not be written; the batch is read again.
        """
        until = self._monotonic() + seconds
        if self._monotonic() < self._next_pass_at:
            return False
        while not self._stop():
            batch = self._due.page(self._after, BATCH_FILES)
            if not batch:
                self._end_pass()
                return False
            self._fill(batch, until)
            if self._monotonic() >= until:
                return True
        return False

    def _fill(self, batch: list[DueFile], until: float) -> None:
        """Read and write down one batch, or its beginning where the time is over."""
        read: list[tuple[DueFile, Metadata]] = []
        last = self._after
        for due in batch:
            if self._stop() or (last > self._after and self._monotonic() >= until):
                break
            names = self._names(due.file.path)
            read += [] if names is None else [(due, names)]
            last = due.file_id
        self._due.put(read)
        self._after = last
        self._filled += len(read)
        self._tell()

    def _names(self, path: str) -> Metadata | None:
        self.reading = path
        try:
            return read_metadata(os.path.join(self._music_dir, path), shown_as=path)
        finally:
            self.reading = None

    def _tell(self) -> None:
        if self._monotonic() - self._told_at >= PROGRESS_SECONDS:
            self._told_at = self._monotonic()
            log.info("metadata.reading", tracks=self._filled, pending=self._due.count())

    def _end_pass(self) -> None:
        if self._filled:
            log.info("metadata.read", tracks=self._filled, pending=self._due.count())
        self._after, self._filled = 0, 0
        self._next_pass_at = self._monotonic() + NEXT_PASS_SECONDS
