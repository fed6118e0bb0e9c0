"""The paths at which something happened, until the watcher looks at them: a bounded set between two threads.

Input: paths relative to the music folder, from watchdog's threads. Output: all of them at once, each in the place of
its last event. An event only says "look at this path": what is there now is decided by who looks, so that late,
repeated and contradictory events do no harm.
"""

from __future__ import annotations

import threading

#: Most paths to keep, some 10 MB; beyond that a scan is cheaper than to go after each.
LIMIT_PATHS = 50_000


class PathEvents:
    """The paths; every method may be called from any thread."""

    def __init__(self, *, limit: int = LIMIT_PATHS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._paths: dict[str, None] = {}  # a set that keeps the order: a file is written many times in a row
        self._lost = False

    def put(self, path: str) -> None:
        """Note that something happened at `path`; it moves to the end. When full, only the overflow is noted."""
        with self._lock:
            known = self._paths.pop(path, path) is None
            if known or len(self._paths) < self._limit:
                self._paths[path] = None
            else:
                self._lost = True

    def lose(self) -> None:
        """The kernel dropped events: only a scan can tell what happened."""
        with self._lock:
            self._lost = True

    def take(self) -> tuple[list[str], bool]:
        """All paths since the last call, and whether there were more than these."""
        with self._lock:
            taken, lost = list(self._paths), self._lost
            self._paths, self._lost = {}, False
        return taken, lost
