"""Looks for the copies of tracks whose results are new, a little at a time.

Input: files that are due, see ``library.copies``. Output: which of them are one recording, on record. The worker lets
it run between two tracks and while there is nothing else to do; no music is read for it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import structlog

from playlista.library.copies import Candidate, Copies
from playlista.library.database import Database
from playlista.library.same_recording import Fit, Heard, fit

log = structlog.get_logger(__name__)

#: Files that are looked at in one transaction: a few ms each, in which nobody else can write.
BATCH_FILES = 10


class CopyFinder:
    """Works off the files of one library whose copies are due.

    Parameters
    ----------
    stop : asked before each file.
    """

    def __init__(
        self, database: Database, *, stop: Callable[[], bool], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
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
            with self._database.transaction():  # one sync of the disk; each file sees what became of the one before
                for file_id in due:
                    self._copies.settle(file_id, self._copies_of(file_id))
                    if self._stop() or self._monotonic() >= until:
                        break
            if self._monotonic() >= until:
                return True
        return False

    def _copies_of(self, file_id: int) -> list[int]:
        """The copies of a file: the same bytes or sound, and those that fit, unless their own copies speak against it.

        A poor encoding may lie between two masters and fit either; it must not make one recording of both.
        """
        same = self._copies.same(file_id)
        own, others = self._copies.candidates(file_id)
        if own is None:
            return same
        fits = [(one, found) for one in others if (found := _fit(own, one)) is not None and found.is_recording]
        votes: Counter[int] = Counter()
        for one, found in fits:
            votes[_group_of(one)] += 1 if found.is_copy else -1
        agreed = [(found.apart_db, one) for one, found in fits if found.is_copy and votes[_group_of(one)] > 0]
        copies = [one for _, one in sorted(agreed, key=lambda pair: pair[0])]
        return list(dict.fromkeys(same + [one.file_id for one in copies if not _are_masters(copies[0], one)]))


def _group_of(one: Candidate) -> int:
    """A number for all copies of one recording; a file of its own has a negative one."""
    return -one.file_id if one.recording is None else one.recording


def _are_masters(one: Candidate, other: Candidate) -> bool:
    """Whether two tracks are the same recording in two masters."""
    found = None if one is other else _fit(one, other)
    return found is not None and found.is_recording and not found.is_copy


def _fit(own: Candidate, other: Candidate) -> Fit | None:
    """How two tracks fit; a fingerprint that cannot be read fits nothing."""
    try:
        return fit(Heard.of(own.fingerprint, own.seconds), Heard.of(other.fingerprint, other.seconds))
    except ValueError:
        log.warning("fingerprint.unreadable", file_ids=(own.file_id, other.file_id))
        return None
