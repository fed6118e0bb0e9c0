"""Reads the library again, slowly, to find files whose bytes changed though nobody wrote to them.

Input: files with a result, in a thread of its own with the lowest I/O priority. Output: those that rotted, by name in
the log and in the library; nothing else is changed. It reads no faster than its limit, and only while the worker has
nothing to do: a new file waits for one MiB at most. A pass goes on after a restart where it was, since each file that
was read is written down.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import structlog

from playlista.config import Settings
from playlista.daemon.scrub_file import scrub_file
from playlista.daemon.worker import Worker
from playlista.errors import Blame, Interrupted, PlaylistaError, TrackError
from playlista.library.database import Database
from playlista.library.scrubs import DueScrub, Scrubbed, Scrubs
from playlista.serve.scrub_metrics import ScrubMetrics
from playlista.system.io_priority import read_when_idle
from playlista.tracks import TrackFile

log = structlog.get_logger(__name__)

#: Between two looks whether something is due, whether the worker rests, and at a storage that gave nothing.
LOOK_SECONDS = 2.0
REST_SECONDS = 0.1
STORAGE_RETRY_SECONDS = 60.0
#: How long a stop waits for the MiB that is being read.
STOP_SECONDS = 5.0
#: What was read is written after so many files or so long.
BATCH_FILES = 100
BATCH_SECONDS = 2.0
SUSPECTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ScrubOptions:
    """How often all files are read, and how fast; 0 of the first is never."""

    interval_seconds: float
    bytes_per_second: float


class Scrubber:
    """Works off the scrubs of one library until it is stopped.

    Parameters
    ----------
    music_dir : absolute path of the music folder.
    may_read : whether the worker has nothing to do; asked after each MiB.
    changed : told a file that was changed on purpose, to be compared and analyzed as usual.
    clock, monotonic : seconds since the epoch, and seconds.
    """

    def __init__(
        self,
        music_dir: str,
        scrubs: Scrubs,
        options: ScrubOptions,
        *,
        may_read: Callable[[], bool],
        changed: Callable[[TrackFile], object],
        metrics: ScrubMetrics,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._music_dir = music_dir
        self._scrubs = scrubs
        self._options = options
        self._may_read = may_read
        self._changed = changed
        self._metrics = metrics
        self._clock = clock
        self._monotonic = monotonic
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scrub", daemon=True)
        self._read: list[Scrubbed] = []
        self._noted_at = monotonic()
        self._free_at = monotonic()
        self._unread = 0
        #: The path that is being read, for other threads; None in between.
        self.reading: str | None = None

    def start(self) -> None:
        """Begin, where SCRUB_INTERVAL_DAYS is set."""
        if self._options.interval_seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        """Read no more; what was read is written down. A storage that hangs is not waited for."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def to_analyze(self, files: Iterable[TrackFile]) -> Iterator[TrackFile]:
        """Those of `files` that are to be analyzed; the others are read here first: see ``Scrubs.mark_suspects``."""
        if not self._thread.is_alive():
            yield from files
            return
        remaining = iter(files)
        while batch := list(islice(remaining, BATCH_FILES)):
            yield from self._scrubs.mark_suspects(batch)

    def look(self) -> None:
        """Read all that is due: files under suspicion, then what is left of a pass.

        Raises
        ------
        Interrupted : we are to stop.
        StoreError : the library cannot be read or written at present.
        """
        while suspects := self._scrubs.suspects(SUSPECTS_AT_ONCE):
            if not self._scrub_all(suspects, may_change=True):
                return
        since = self._scrubs.begin_pass(self._clock(), self._options.interval_seconds)
        if since is not None:
            self._pass(since)

    def _pass(self, since: float) -> None:
        after: int | None = 0
        self._unread = 0
        while after is not None:
            due, after = self._scrubs.due(after, since)
            self._scrub_all(due)
        if self._unread == 0:
            self._scrubs.finish_pass(self._clock())
            progress = self._scrubs.progress()
            log.info("scrub.finished", files=progress.scrubbed, rotted=progress.rotted)

    def _scrub_all(self, due: list[DueScrub], *, may_change: bool = False) -> bool:
        """Read these files; False where the storage failed. A change is the scan's matter but of those it held back."""
        try:
            for one in due:
                if not self._scrub(one, may_change=may_change):
                    return False
                if len(self._read) >= BATCH_FILES or self._monotonic() - self._noted_at > BATCH_SECONDS:
                    self._note()
        finally:
            self.reading = None
            self._note()
        return True

    def _scrub(self, due: DueScrub, *, may_change: bool) -> bool:
        self._wait_until_free()
        self.reading = due.file.path
        try:
            found = scrub_file(self._music_dir, due, passed=self._passed)
        except TrackError as error:
            self._metrics.file("unread")
            if error.blame is not Blame.STORAGE:
                return self._leave(due, may_change=may_change)
            self._unread += 1
            log.warning(
                "scrub.postponed", path=due.file.path, detail=error.message, retry_seconds=STORAGE_RETRY_SECONDS
            )
            self._wait(STORAGE_RETRY_SECONDS)
            return False
        if isinstance(found, Scrubbed):
            self._found(found)
            return True
        self._metrics.file("changed")
        if found is not None and may_change:
            self._changed(found)
        return self._leave(due, may_change=may_change)

    def _leave(self, due: DueScrub, *, may_change: bool) -> bool:
        """A file of which nothing can be said is left to the scan."""
        if may_change:
            self._scrubs.changed(due)
        return True

    def _found(self, found: Scrubbed) -> None:
        self._read.append(found)
        self._metrics.file("rotted" if found.rot else "sound")
        if found.rot and not found.due.is_rotted:
            log.error("file.rotted", path=found.due.file.path, detail=found.rot)
        if found.due.is_rotted and not found.rot:
            log.info("file.restored", path=found.due.file.path)

    def _note(self) -> None:
        read, self._read, self._noted_at = self._read, [], self._monotonic()
        if read:
            self._scrubs.note(read, self._clock())

    def _passed(self, count: int) -> None:
        """So many bytes were read: wait as long as the limit asks for, and while the worker has something to do."""
        self._metrics.bytes(count)
        now = self._monotonic()
        self._free_at = max(self._free_at, now) + count / self._options.bytes_per_second
        self._wait(self._free_at - now)
        self._wait_until_free()

    def _wait_until_free(self) -> None:
        while not self._may_read():
            self._wait(REST_SECONDS)

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(max(0.0, seconds)):
            raise Interrupted("asked to stop")

    def _run(self) -> None:
        read_when_idle()
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.look()
            except Interrupted:
                return
            except PlaylistaError as error:
                log.warning("scrub.failed", error=str(error))
            except Exception:  # one that nobody thought of must not end the scrub in silence
                log.exception("scrub.broke")


def made_scrubber(
    settings: Settings,
    database: Database,
    metrics: ScrubMetrics,
    worker: Worker,
    enqueue: Callable[[list[TrackFile], Literal["scan"]], object],
) -> Scrubber:
    """The scrubber of the library behind `database`, as the settings say, that reads while `worker` rests."""
    return Scrubber(
        os.path.abspath(settings.music_dir),
        Scrubs(database),
        ScrubOptions(settings.scrub_interval_days * 86400, settings.scrub_rate_mb_per_second * 1e6),
        may_read=lambda: worker.is_resting,
        changed=lambda file: enqueue([file], "scan"),
        metrics=metrics,
    )
