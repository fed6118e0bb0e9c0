"""The watcher: a thread that keeps the library in step with the music folder.

Input: the music folder. Output: files for the queue, moves and deletions in the library, and the state of health.
Events say where to look and the scan is the truth: everything is scanned at the start, when events were lost, when the
folder comes back, and every so often.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from playlista.errors import StoreError
from playlista.library.files import Library
from playlista.system.callbacks import noop
from playlista.system.mountinfo import read_mountinfo
from playlista.watch.event_source import EventSource
from playlista.watch.music_folder import Presence, Verdict
from playlista.watch.observer import Observer
from playlista.watch.options import WatchOptions
from playlista.watch.path_events import PathEvents
from playlista.watch.scan import Enqueue, ScanReport
from playlista.watch.synchronizer import Synchronizer

#: How often the thread looks at what came in. Twice a second is no load, and nobody waits for less.
TICK_SECONDS = 0.5

#: How often it makes sure that the music folder is still the same one.
FOLDER_CHECK_SECONDS = 5.0

#: A scan after lost events waits this long for the end of the burst.
OVERFLOW_SCAN_DELAY_SECONDS = 1.0

#: After an error of the library or of our own, everything is compared again after this long.
ERROR_PAUSE_SECONDS = 10.0

#: When polling, a scan is due after so many times its own length (1 % of the time is spent scanning), but not sooner
#: than the least interval, and not later than the rescan interval.
POLL_PER_SCAN_SECONDS = 100.0
LEAST_POLL_SECONDS = 5.0

#: How long `stop` waits for the thread.
STOP_SECONDS = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WatchHealth:
    """How the watching goes.

    ``mode`` is "inotify" or "polling"; ``problem`` is a line for people, or None: the folder is away, inotify does
    not work, the library cannot be written, the thread died. ``music_present`` is whether the tracks can be read at
    all; ``unsettled`` files are still being written; ``scans`` were completed; ``ignored`` are the paths that the last
    one left out, by source.
    """

    mode: str
    alive: bool
    music_present: bool
    problem: str | None
    unsettled: int
    scans: int
    ignored: Mapping[str, int]


class MusicWatcher:
    """Watches one music folder from `start` to `stop`.

    Parameters
    ----------
    root : the music folder.
    library : the known files.
    enqueue : `JobQueue.enqueue`; called in the watcher's thread.
    options : what the settings say.
    rescanned : called after the first full scan, after that of a folder that came back, and after one in each rescan
        interval: the time to try again what could not be read.
    count : called with "created", "modified", "moved" or "deleted" for each event about music.
    clock, monotonic : seconds since the epoch, to compare with file times; seconds that never jump, for waiting.
    mountinfo : the present text of ``/proc/self/mountinfo``.
    stopping : when somebody sets it, the watcher ends, and so does `scan_once`; `stop` sets it, too.
    """

    def __init__(
        self,
        root: str,
        library: Library,
        enqueue: Enqueue,
        options: WatchOptions,
        *,
        count: Callable[[str], None],
        rescanned: Callable[[], object] = noop,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        mountinfo: Callable[[], str] = read_mountinfo,
        stopping: threading.Event | None = None,
    ) -> None:
        root = os.path.abspath(root)
        self._options = options
        self._count = count
        self._rescanned = rescanned
        self._monotonic = monotonic
        self._stopping = stopping or threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._events = PathEvents()
        self._synchronizer = Synchronizer(
            root, library, enqueue, options, clock=clock, mountinfo=mountinfo, stopped=self._stopping.is_set
        )
        self._source = self._event_source(root)
        self._verdict = Verdict(Presence.MISSING, f"{root}: not looked at yet")
        self._check_at = self._scan_at = self._rescanned_at = 0.0
        self._trouble: str | None = None
        self._scans = 0
        #: How often the kernel lost events.
        self.overflows = 0

    def _event_source(self, root: str) -> EventSource:
        return EventSource(
            self._options.mode,
            make_observer=lambda: Observer(
                root,
                self._events,
                quiet_seconds=self._options.settle_seconds,
                count=self._count,
                overflowed=self._note_overflow,
            ),
            # watchdog does not look behind links, so that "auto" has to poll where they are followed.
            reports_changes=lambda: not self._options.follow_symlinks and self._synchronizer.folder.reports_changes,
        )

    def start(self) -> None:
        """Begin, with a scan of everything."""
        self._thread.start()

    def stop(self) -> None:
        """End within a second; not to be started again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def health(self) -> WatchHealth:
        """How it goes; may be called from any thread."""
        alive = self._thread.is_alive()
        problems = (
            None if alive else "the watching thread is not running",
            self._verdict.why,
            self._trouble,
            self._source.degraded,
            self._synchronizer.held,
        )
        return WatchHealth(
            mode=self._source.mode,
            alive=alive,
            music_present=self._verdict.trusted,
            problem=next(filter(None, problems), None),
            unsettled=self._synchronizer.unsettled,
            scans=self._scans,
            ignored=self._synchronizer.ignored.by_source(),
        )

    def scan_once(self) -> Verdict:
        """For `run --once`, instead of `start`: scan everything in this thread, and wait for what is being written.

        A file that still changes after three times the settling time is left to another run.
        """
        self._check_folder(self._monotonic())
        while self._verdict.trusted and not self._stopping.is_set():
            report = self._scan()
            self._wait_for_settling()
            if not report.left_out:
                break
        return self._verdict

    def _wait_for_settling(self) -> None:
        give_up_at = self._monotonic() + 3 * self._options.settle_seconds
        while self._synchronizer.unsettled and self._monotonic() < give_up_at:
            if self._stopping.wait(TICK_SECONDS):
                break
            self._synchronizer.settle(self._monotonic())

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._guarded_tick()
                self._stopping.wait(TICK_SECONDS)
        finally:
            self._source.close()

    def _guarded_tick(self) -> None:
        try:
            self._tick(self._monotonic())
            self._trouble = None
        except StoreError as error:
            self._recover_from(str(error))
        except Exception as error:  # the thread must outlive what nobody thought of; the next scan puts it right
            log.exception("watch.broke")
            self._recover_from(f"watching failed ({type(error).__name__}: {error}); it is tried again")

    def _recover_from(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.error("watch.failed", why=trouble)
        self._trouble = trouble
        self._stopping.wait(ERROR_PAUSE_SECONDS)
        self._scan_at = self._monotonic()  # events were lost with the error

    def _tick(self, now: float) -> None:
        if now >= self._check_at:
            self._check_folder(now)
        paths, lost = self._events.take()
        if not self._verdict.trusted:
            return  # what is said about another folder is no news of ours
        if self._source.keep(now):
            self._scan_at = now
        if lost:
            self._scan_by(now + OVERFLOW_SCAN_DELAY_SECONDS)
        must_scan = self._synchronizer.follow(paths, now, lost=lost)
        must_scan |= bool(paths) and self._synchronizer.held is not None  # there may be music again
        if self._synchronizer.settle(now) or must_scan:
            self._scan_by(now + self._options.settle_seconds)
        if now >= self._scan_at:
            self._scan()

    def _check_folder(self, now: float) -> None:
        former, self._verdict = self._verdict, self._synchronizer.folder.check()
        self._check_at = now + FOLDER_CHECK_SECONDS
        if self._verdict.presence is not former.presence:
            say = log.info if self._verdict.trusted else log.warning
            why = {"why": self._verdict.why} if self._verdict.why else {}
            say("folder.checked", presence=self._verdict.presence.value, **why)
        if self._verdict.changed:
            self._source.restart()
        if self._verdict.changed or not former.trusted:
            self._scan_at = self._rescanned_at = now

    def _scan(self) -> ScanReport:
        began = self._monotonic()
        report = self._synchronizer.scan(began)
        if not report.complete:
            self._check_at = began  # if we are not stopping, the folder is another one
            return report
        ended = self._monotonic()
        polling = self._source.mode == "polling"
        if polling and self._scans:
            self._count_findings(report)
        self._scans += 1
        poll_seconds = max(LEAST_POLL_SECONDS, (ended - began) * POLL_PER_SCAN_SECONDS)
        self._scan_at = ended + min(self._options.rescan_interval_seconds, poll_seconds if polling else math.inf)
        if report.left_out:
            self._scan_by(ended + self._options.settle_seconds)
        if ended >= self._rescanned_at:
            self._rescanned_at = ended + self._options.rescan_interval_seconds
            self._rescanned()
        return report

    def _count_findings(self, report: ScanReport) -> None:
        """While polling nothing else tells of events; the first scan tells what was there before."""
        found = {"created": report.new, "modified": report.changed, "moved": report.moved, "deleted": report.gone}
        for event, times in found.items():
            for _ in range(times):
                self._count(event)

    def _scan_by(self, when: float) -> None:
        self._scan_at = min(self._scan_at, when)

    def _note_overflow(self) -> None:
        self.overflows += 1
        self._events.lose()
