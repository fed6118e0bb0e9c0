"""Looks for the copies of tracks whose results are new, a little at a time.

Input: files that are due, see ``library.copies``. Output: which of them are one recording, on record. The worker lets
it run between two tracks and while there is nothing else to do; no music is read for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from playlista.library.copies import Candidate, Copies
from playlista.library.database import Database
from playlista.library.same_recording import Heard, fit

log = structlog.get_logger(__name__)

#: Files that are settled in one transaction.
BATCH_FILES = 20


class CopyFinder:
    """Works off the files of one library whose copies are due.

    Parameters
    ----------
    stop : asked before each file.
    """

    def __init__(
        self, database: Database, *, stop: Callable[[], bool], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._copies = Copies(database)
        self._stop = stop
        self._monotonic = monotonic

    def find(self, seconds: float) -> bool:
        """Look for copies for about so many `seconds`; whether there are more to be looked for now.

        Raises
        ------
        StoreError : the library could not be written; the batch is looked at again.
        """
        until = self._monotonic() + seconds
        while not self._stop():
            due = self._copies.due(BATCH_FILES)
            if not due:
                return False
            found: list[tuple[int, list[int]]] = []
            for file_id in due:
                found.append((file_id, self._copies_of(file_id)))
                if self._stop() or self._monotonic() >= until:
                    break
            self._copies.settle(found)
            if self._monotonic() >= until:
                return True
        return False

    def _copies_of(self, file_id: int) -> list[int]:
        same = self._copies.same(file_id)
        own, others = self._copies.candidates(file_id)
        return same + [one.file_id for one in others if own and one.file_id not in same and _is_copy(own, one)]


def _is_copy(own: Candidate, other: Candidate) -> bool:
    """Whether two tracks are copies; a fingerprint that cannot be read is none of anything."""
    try:
        found = fit(Heard.of(own.fingerprint, own.seconds), Heard.of(other.fingerprint, other.seconds))
    except ValueError:
        log.warning("fingerprint.unreadable", file_ids=(own.file_id, other.file_id))
        return False
    return found is not None and found.is_copy
