"""When a file that is being written has come to rest: its size and time have not changed for a while.

Input: paths that something happened to, what `stat` says of them, and the time. Output: the paths at rest.
No clock, no disk and no thread in here. A copy may take hours and no event says that it is over: only inotify reports
a close, and a program may close and go on.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice, takewhile

from playlista.tracks import TrackFile

#: Files watched at a time, some 400 bytes each. What does not fit is left to the next scan.
LIMIT_FILES = 50_000


@dataclass(frozen=True, slots=True)
class _Sighting:
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    since: float


class SettleTracker:
    """The files that may still be changing.

    Parameters
    ----------
    settle_seconds : how long a file must have stayed the same.
    limit_files : most files to keep; `observe` refuses more.
    """

    def __init__(self, settle_seconds: float, *, limit_files: int = LIMIT_FILES) -> None:
        self._settle_seconds = settle_seconds
        self._limit_files = limit_files
        # In the order in which they are due: every wait is equally long, and whoever changes goes to the end.
        self._sightings: OrderedDict[str, _Sighting] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sightings)

    def observe(self, file: TrackFile, now: float) -> bool:
        """Watch `file` from now on, or keep watching it; False when the tracker is full."""
        if file.path not in self._sightings and len(self._sightings) >= self._limit_files:
            return False
        self._note(file, now)
        return True

    def due(self, now: float, *, limit: int = LIMIT_FILES) -> list[str]:
        """Paths that have waited long enough, which must now be looked at with `at_rest` or `forget`."""
        waited = takewhile(lambda item: now - item[1].since >= self._settle_seconds, self._sightings.items())
        return [path for path, _ in islice(waited, limit)]

    def at_rest(self, file: TrackFile, now: float) -> bool:
        """Whether the file, which is due, looks as it did when its wait began; else the wait begins anew."""
        former = self._sightings.get(file.path)
        if former is None or (former.size_bytes, former.mtime_ns, former.ctime_ns, former.inode) != _identity(file):
            self._note(file, now)
            return False
        del self._sightings[file.path]
        return True

    def forget(self, path: str) -> None:
        """The file is gone, or taken care of."""
        self._sightings.pop(path, None)

    def next_due_at(self) -> float | None:
        """When the first file will be due, or None when none is watched."""
        first = next(iter(self._sightings.values()), None)
        return None if first is None else first.since + self._settle_seconds

    def _note(self, file: TrackFile, now: float) -> None:
        former = self._sightings.get(file.path)
        if former is not None and (former.size_bytes, former.mtime_ns, former.ctime_ns, former.inode) == _identity(
            file
        ):
            return  # an event that tells nothing new does not prolong the wait
        self._sightings[file.path] = _Sighting(file.size_bytes, file.mtime_ns, file.ctime_ns, file.inode, now)
        self._sightings.move_to_end(file.path)


def _identity(file: TrackFile) -> tuple[int, int, int, int]:
    return file.size_bytes, file.mtime_ns, file.ctime_ns, file.inode
