"""Deletion guard: the only place where a file leaves the library because it left the disk.

Input: rows of files that were not at their place. Output: the library without those that are really gone; their
results are kept for the retention time, and then forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import structlog

from playlista.library.file_rows import DISPLACED
from playlista.library.files import Library
from playlista.watch.music_folder import MusicFolder
from playlista.watch.walk import Walk

#: Files looked for and taken out at a time.
BATCH_FILES = 1000

log = structlog.get_logger(__name__)


class DeletionGuard:
    """Takes files of one music folder out of the library.

    Parameters
    ----------
    retention_seconds : how long results of gone files are kept; 0 forgets them at once.
    clock : seconds since the epoch.
    """

    def __init__(
        self,
        folder: MusicFolder,
        walk: Walk,
        library: Library,
        *,
        retention_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._walk = walk
        self._library = library
        self._retention_seconds = retention_seconds
        self._clock = clock
        #: Why files that are not on disk were not taken out the last time, for people, or None.
        self.held: str | None = None

    def take_out(self, file_ids: Iterable[int], *, told: bool = False) -> int:
        """Take those of the files out of the library that are not on disk; how many.

        None is, while the music folder is away, empty or another one: what does not hold any music does not say
        that music was deleted. The one exception is the last known track, if we were `told` of its deletion.
        """
        remaining = iter(file_ids)
        taken = 0
        while batch := list(islice(remaining, BATCH_FILES)):
            gone = [file_id for file_id in batch if self._is_gone(file_id)]
            if not gone:
                continue
            former, self.held = self.held, self._doubt(last_one=told and self._library.count() == len(gone) == 1)
            if self.held:
                if self.held != former:
                    log.warning("deletions.held", why=self.held)
                return taken
            taken += self._keep_or_forget(gone)
        return taken

    def expire(self, *, stopped: Callable[[], bool]) -> int:
        """Forget what has been gone for longer than the retention time, until `stopped`; how many."""
        return self._library.gone_files.expire(before=self._clock() - self._retention_seconds, stopped=stopped)

    def _keep_or_forget(self, gone: list[int]) -> int:
        if self._retention_seconds > 0:
            return self._library.gone_files.keep(gone, now=self._clock())
        return self._library.forget(gone)

    def displaced_ids(self) -> list[int]:
        """Rows whose path another file took, and that no scan found anywhere."""
        return [known.file_id for known in self._library.page(folder=DISPLACED.rstrip("/"), limit=BATCH_FILES)]

    def _doubt(self, *, last_one: bool) -> str | None:
        if not self._folder.is_unchanged():
            return "the music folder is away or another one; nothing is deleted"
        if last_one or self._folder.holds_music():
            return None
        return "the music folder holds no music at all; nothing is deleted until it holds some"

    def _is_gone(self, file_id: int) -> bool:
        known = self._library.by_id(file_id)
        if known is None:
            return False
        try:
            return self._walk.look(known.file.path) is None
        except OSError:
            return False  # it cannot be seen, which is not the same
