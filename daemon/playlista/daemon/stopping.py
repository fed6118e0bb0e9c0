"""The stop request that all threads of the daemon share.

Input is signals. Output is two events, set from an ordinary thread, and an end at once for whoever signals twice.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

#: A start that is stopped ends after so long, whatever it waits for: a share, a lock, a migration, all of which are
#: safe to leave at any moment.
START_SECONDS = 3.0


class Stopping:
    """``stop`` ends every loop; ``wake`` makes an idle worker look up."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.wake = threading.Event()
        self._end_now: Callable[[int], object] | None = None
        self._unwatch: Callable[[], object] | None = None

    def watched_by(self, end_now: Callable[[int], object], *, unwatch: Callable[[], object]) -> None:
        """The start is over: from now on somebody else sees to it that a stop comes to its end."""
        self._end_now, self._unwatch = end_now, unwatch

    def done(self) -> None:
        """Everything is closed."""
        self._end_now = self._end_now or os._exit
        if self._unwatch is not None:
            self._unwatch()

    def ask(self) -> None:
        """Stop in good order."""
        self.stop.set()
        self.wake.set()
        if self._end_now is None:
            timer = threading.Timer(START_SECONDS, self._end_start)
            timer.daemon = True
            timer.start()

    def insist(self, number: int) -> None:
        """Another signal came: end at once, with the exit code that shells give to its number."""
        (self._end_now or os._exit)(128 + number)

    def _end_start(self) -> None:
        if self._end_now is None:
            os._exit(0)
