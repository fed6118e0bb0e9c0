"""What events said, until the watcher gets round to it: a bounded letter box between two threads.

What enters: paths relative to the music folder, from watchdog's threads. What leaves: all of them at once, in order.
A hint says that something happened at a path, never what is there now.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

#: Most hints to keep, some 10 MB; beyond that a scan is cheaper than to go after each.
LIMIT_HINTS = 50_000


@dataclass(frozen=True, slots=True)
class Touched:
    """A file appeared or was written."""

    path: str


@dataclass(frozen=True, slots=True)
class FolderAppeared:
    """A folder was made or moved in; there may be files in it already."""

    path: str


@dataclass(frozen=True, slots=True)
class Departed:
    """A file or a folder was deleted or moved away."""

    path: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A file or a folder was renamed within the music folder."""

    path: str
    new_path: str


Hint = Touched | FolderAppeared | Departed | Moved


class Hints:
    """The letter box; every method may be called from any thread."""

    def __init__(self, *, limit: int = LIMIT_HINTS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._hints: dict[Hint, None] = {}  # a set that keeps the order: a file is written many times in a row
        self._lost = False

    def put(self, hint: Hint) -> None:
        """Keep `hint`, or only that some were lost."""
        with self._lock:
            if len(self._hints) < self._limit:
                self._hints[hint] = None
            elif hint not in self._hints:
                self._lost = True

    def lose(self) -> None:
        """The kernel dropped events: only a scan can tell what happened."""
        with self._lock:
            self._lost = True

    def take(self) -> tuple[list[Hint], bool]:
        """All hints since the last call, and whether there were more than these."""
        with self._lock:
            taken, lost = list(self._hints), self._lost
            self._hints, self._lost = {}, False
        return taken, lost
