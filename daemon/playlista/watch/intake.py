"""What becomes of path events: moved files moved, written files settled and put in the queue, departed ones named.

Input: paths at which something happened, and the time. Output: changes of the library, files for the queue, and what
has to be scanned or forgotten. Only what the disk holds at a path decides, so that late, repeated and contradictory
events do no harm.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import takewhile

from playlista.library.file_rows import as_stored, same_content
from playlista.library.files import Library
from playlista.tracks import TrackFile
from playlista.watch.moves import Moves
from playlista.watch.scan import Enqueue
from playlista.watch.settle import SettleTracker
from playlista.watch.walk import Seen, Walk

#: Least time between a file's departure and its being forgotten: watchdog holds back half a move for half a second.
LEAST_GRACE_SECONDS = 1.0

#: Settled files looked at in one go, so that a stop is not kept waiting.
BATCH_FILES = 2000

#: Deletions that go on and on are looked at after this long all the same.
LONGEST_GRACE_SECONDS = 600.0


@dataclass(slots=True)
class FollowUp:
    """What has to be done after events: folders to scan, ids of files that are gone, or a scan of everything."""

    folders: dict[str, None] = field(default_factory=dict)
    gone_ids: list[int] = field(default_factory=list)
    scan_all: bool = False


class Intake:
    """Goes after the events of one music folder; used by the watcher's thread alone.

    Parameters
    ----------
    enqueue : takes the files that are due.
    tracker : keeps the files that may still be written.
    settle_seconds : how long departed files are given to turn up elsewhere.
    stopped : asked before each path; the rest is left to the scan at the next start.
    """

    def __init__(
        self,
        walk: Walk,
        library: Library,
        *,
        enqueue: Enqueue,
        tracker: SettleTracker,
        settle_seconds: float,
        stopped: Callable[[], bool],
    ) -> None:
        self._walk = walk
        self._library = library
        self._enqueue = enqueue
        self._tracker = tracker
        self._stopped = stopped
        self._grace_seconds = max(settle_seconds, LEAST_GRACE_SECONDS)
        self._departed: OrderedDict[str, float] = OrderedDict()

    def accept(self, paths: Iterable[str], now: float) -> FollowUp:
        """Look at `paths`, in the order of their last events."""
        follow_up, moves = FollowUp(), Moves(self._walk, self._library)
        for path in takewhile(lambda _: not self._stopped(), paths):
            seen = self._look(path)
            if seen is not None:
                self._touched(seen, now, moves, follow_up)
            elif self._walk.is_folder(path):
                follow_up.folders[path] = None
            else:
                self._leave(path, now)
        moves.carry_out()
        self._enqueue(moves.take_unverified(), "event")
        follow_up.scan_all |= moves.displaced
        return follow_up

    def settle(self, now: float) -> None:
        """Put the files in the queue that have come to rest."""
        due: list[TrackFile] = []
        moves = Moves(self._walk, self._library)
        for path in self._tracker.due(now, limit=BATCH_FILES):
            seen = self._look(path)
            if seen is None:
                self._tracker.forget(path)
            elif self._tracker.at_rest(seen.file, now) and not self._is_known(seen) and not moves.explains(seen):
                due.append(seen.file)
        moves.carry_out()
        self._enqueue(due + moves.take_unverified(), "event")

    def departures(self, now: float) -> FollowUp:
        """What departed and did not come back: files by their rows, folders to be scanned.

        As long as more and more departs, none is given up: when the last has gone the folder may turn out to be
        emptied, and then none of it is forgotten.
        """
        follow_up = FollowUp()
        if not self._departed:
            return follow_up
        quiet_seconds = now - next(reversed(self._departed.values()))
        longest_seconds = now - next(iter(self._departed.values()))
        if quiet_seconds < self._grace_seconds and longest_seconds < LONGEST_GRACE_SECONDS:
            return follow_up
        departed, self._departed = self._departed, OrderedDict()
        for path in departed:
            known = self._library.get(path)
            if known is not None:
                follow_up.gone_ids.append(known.file_id)
            elif self._library.page(folder=path, limit=1):
                follow_up.folders[path] = None
        return follow_up

    def disregard_departures(self) -> None:
        """Events were lost, so a departed file may be where nobody told of: only a scan of everything can say."""
        self._departed.clear()

    def _touched(self, seen: Seen, now: float, moves: Moves, follow_up: FollowUp) -> None:
        self._departed.pop(seen.file.path, None)
        if self._is_known(seen) or moves.explains(seen):
            self._tracker.forget(seen.file.path)
            return
        for changed in (seen, *self._other_names(seen)):
            if not self._tracker.observe(changed.file, now):
                follow_up.scan_all = True

    def _other_names(self, seen: Seen) -> list[Seen]:
        """Other known names (hard links) of a known file that was written: events tell of one of them alone."""
        known = self._library.get(seen.file.path)
        twins = self._library.twins(known.file) if known is not None else []
        there = [self._look(twin.file.path) for twin in twins if twin.file.path != seen.file.path]
        return [one for one in there if one is not None and _is_one_file(one.file, seen.file)]

    def _leave(self, path: str, now: float) -> None:
        self._tracker.forget(path)
        self._departed[path] = now
        self._departed.move_to_end(path)

    def _is_known(self, seen: Seen) -> bool:
        known = self._library.get(seen.file.path)
        return known is not None and same_content(known.file, as_stored(seen.file))

    def _look(self, path: str) -> Seen | None:
        try:
            return self._walk.look(path)
        except OSError:
            return None  # nothing can be said of it now; a scan will say what is wrong with it


def _is_one_file(name: TrackFile, other: TrackFile) -> bool:
    return (name.device, name.inode) == (other.device, other.inode)
