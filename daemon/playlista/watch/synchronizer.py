"""The library kept in step with the music folder: one scan, one batch of path events, one look at what has settled.

Input: paths at which something happened, and the order to scan. Output: files for the queue, moves and deletions in
the library. No thread, no waiting and no schedule in here; the watcher has those.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import structlog

from playlista.library.files import IGNORED_FACT, Library
from playlista.tracks import TrackFile
from playlista.watch.deletion_guard import DeletionGuard
from playlista.watch.ignore import IgnoredReport
from playlista.watch.intake import FollowUp, Intake
from playlista.watch.music_folder import MusicFolder
from playlista.watch.options import WatchOptions
from playlista.watch.scan import Enqueue, Scanner, ScanReport
from playlista.watch.settle import SettleTracker
from playlista.watch.walk import Walk

#: More folders to scan than that, and one scan of everything costs less.
FOLDERS_PER_SCAN = 200

log = structlog.get_logger(__name__)


class Synchronizer:
    """Keeps one library in step with one music folder; used by one thread.

    Parameters
    ----------
    root : the music folder, absolute.
    library : the known files.
    enqueue : takes the files that are due.
    options : what the settings say.
    clock : seconds since the epoch, to compare with the files' times.
    mountinfo : the present text of ``/proc/self/mountinfo``.
    stopped : asked often during a scan, which ends early when it says yes.
    """

    def __init__(
        self,
        root: str,
        library: Library,
        enqueue: Enqueue,
        options: WatchOptions,
        *,
        clock: Callable[[], float],
        mountinfo: Callable[[], str],
        stopped: Callable[[], bool],
    ) -> None:
        settle_seconds = options.settle_seconds
        self._tracker = SettleTracker(settle_seconds)
        walk = Walk(root, follow_symlinks=options.follow_symlinks, ignore=options.ignore, stopped=stopped)
        self.folder = MusicFolder(root, library, walk, mountinfo=mountinfo)
        self._deletion_guard = DeletionGuard(
            self.folder, walk, library, retention_seconds=options.retention_seconds, clock=clock
        )
        self._intake = Intake(
            walk, library, enqueue=enqueue, tracker=self._tracker, settle_seconds=settle_seconds, stopped=stopped
        )
        self._scanner = Scanner(
            walk,
            library,
            enqueue=enqueue,
            may_be_written=self._watch_settling,
            at_rest=lambda changed_at: clock() - changed_at >= settle_seconds,
            proceed=lambda: not stopped() and self.folder.is_unchanged(),
        )
        self._stopped = stopped
        self._now = 0.0
        self._library = library
        #: What the last scan of everything left out.
        self.ignored = IgnoredReport()

    @property
    def unsettled(self) -> int:
        """Files that may still be written."""
        return len(self._tracker)

    @property
    def held(self) -> str | None:
        """Why files that are not on disk are kept all the same, or None."""
        return self._deletion_guard.held

    def scan(self, now: float) -> ScanReport:
        """Compare everything; ``complete`` is False if it was stopped."""
        self._now = now
        report = self._scanner.scan()
        if report.complete:
            self._deletion_guard.held = None
            report.gone = self._deletion_guard.take_out(report.gone_ids)
            report.gone += self._deletion_guard.take_out(self._deletion_guard.displaced_ids())
            self._keep_ignored(report.ignored)
            _say(report)
        return report

    def follow(self, paths: Iterable[str], now: float, *, lost: bool = False) -> bool:
        """Look at `paths`, where something happened; some may be `lost`. Whether everything must be scanned."""
        must_scan = self._follow_up(self._intake.accept(paths, now), now)
        if lost:
            self._intake.disregard_departures()
        return must_scan or lost

    def settle(self, now: float) -> bool:
        """Take the files that came to rest, forget those that stayed away; whether everything must be scanned."""
        self._intake.settle(now)
        return self._follow_up(self._intake.departures(now), now)

    def expire(self) -> int:
        """Forget the results of files that have been gone for longer than the retention time; how many."""
        return self._deletion_guard.expire(stopped=self._stopped)

    def _follow_up(self, follow_up: FollowUp, now: float) -> bool:
        self._now = now
        if follow_up.gone_ids:
            self._deletion_guard.take_out(follow_up.gone_ids, told=True)
        if len(follow_up.folders) > FOLDERS_PER_SCAN:
            return True
        scan_all = follow_up.scan_all
        # All of them before anything is taken out: what left one folder may be in the next.
        reports = [self._scanner.scan(folder) for folder in _outermost(follow_up.folders)]
        for report in reports:
            if report.complete:
                self._deletion_guard.take_out(report.gone_ids, told=True)
            scan_all |= report.displaced or report.left_out > 0 or not report.complete
        return scan_all

    def _keep_ignored(self, ignored: IgnoredReport) -> None:
        """Make known what was left out, once each time that it changes."""
        former, self.ignored = self.ignored.to_json(), ignored
        found = ignored.to_json()
        if found != former:
            log.info("folder.ignored", **found)
        if json.dumps(found) != self._library.recall(IGNORED_FACT):
            self._library.remember(IGNORED_FACT, json.dumps(found))

    def _watch_settling(self, file: TrackFile) -> bool:
        return self._tracker.observe(file, self._now)


def _outermost(folders: Iterable[str]) -> list[str]:
    """The folders without those that lie in another of them."""
    outermost: list[str] = []
    for folder in sorted(folders, key=lambda folder: folder.split("/")):
        if not outermost or not f"{folder}/".startswith(f"{outermost[-1]}/"):
            outermost.append(folder)
    return outermost


def _say(report: ScanReport) -> None:
    log.info(
        "folder.scanned",
        new=report.new,
        changed=report.changed,
        moved=report.moved,
        returned=report.returned,
        gone=report.gone,
        kept=report.kept,
        unreadable=report.unreadable,
        ignored=sum(report.ignored.by_source().values()),
    )
