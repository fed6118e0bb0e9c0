"""The worker: claims jobs, one at a time, on the main thread, and waits when there is nothing to do.

Input: the queue. Output: every job is run, and the library's failures are waited for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from playlista.daemon.comparer import Comparer
from playlista.daemon.copy_finder import CopyFinder
from playlista.daemon.failures import Failures
from playlista.daemon.job_runner import JobRunner, RunningAttempt
from playlista.daemon.mood_filler import MoodFiller
from playlista.daemon.tag_filler import TagFiller
from playlista.daemon.tag_keeper import TagKeeper
from playlista.errors import Interrupted, StoreError
from playlista.library.jobs import Job
from playlista.library.queue import JobQueue

log = structlog.get_logger(__name__)

#: How long an idle worker sleeps before it asks the queue again, unless it is woken.
IDLE_SECONDS = 5.0
#: How often it looks whether the music folder is back.
ABSENCE_SECONDS = 0.5
#: How long it waits before it tries a database again that could not be written.
STORE_RETRY_SECONDS = 10.0
#: How long tags are read, and moods derived, between two tracks, and at a time while there is nothing else to do.
TAGS_BETWEEN_SECONDS = 0.2
TAGS_IDLE_SECONDS = 1.0


class Remote(Protocol):
    """Other processes that analyze the same queue's tracks."""

    @property
    def claims_if_idle(self) -> int | None:
        """How many tracks they claimed so far; None while they have one, or are about to."""

    @property
    def unsuccessful(self) -> int:
        """Tracks that did not succeed there."""


class Worker:
    """Works the queue off until it is told to stop.

    Parameters
    ----------
    runner : runs one job to its end.
    comparer : keeps results whose bytes did not change; it gets a turn before every claim.
    tag_filler, mood_filler : read the tags and derive the moods that are due; each gets a short turn after every track.
    tag_keeper : writes tags into files while there is nothing else to do.
    copy_finder : looks for copies of what was analyzed; the same.
    stop : set by a signal.
    wake : set when something was put into the queue.
    remote : the cluster that has the tracks, besides this worker or, unless `is_local`, in its place.
    music_is_there : whether tracks can be read at all; while they cannot, none is claimed, for none is at fault.
    wall_clock : seconds since the epoch.
    """

    def __init__(
        self,
        queue: JobQueue,
        *,
        runner: JobRunner,
        comparer: Comparer,
        tag_filler: TagFiller,
        tag_keeper: TagKeeper,
        mood_filler: MoodFiller,
        copy_finder: CopyFinder,
        failures: Failures,
        stop: threading.Event,
        wake: threading.Event,
        music_is_there: Callable[[], bool],
        remote: Remote | None = None,
        is_local: bool = True,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._runner = runner
        self._comparer = comparer
        self._tag_filler = tag_filler
        self._tag_keeper = tag_keeper
        self._mood_filler = mood_filler
        self._copy_finder = copy_finder
        self._failures = failures
        self._stop = stop
        self._wake = wake
        self._music_is_there = music_is_there
        self._remote = remote
        self._is_local = is_local
        self._wall_clock = wall_clock
        #: Whether there is nothing to do; for other threads, which may use the disk meanwhile.
        self.is_resting = False
        #: Why the library cannot be written at present.
        self.store_trouble: str | None = None

    @property
    def attempt(self) -> RunningAttempt | None:
        """The attempt at work."""
        return self._runner.attempt

    @property
    def current(self) -> str | None:
        """The path at work: of the track, of a file that is compared, or of one whose tags are read or written."""
        attempt = self._runner.attempt
        if attempt is not None:
            return attempt.job.file.path
        return self._comparer.reading or self._tag_filler.reading or self._tag_keeper.writing

    @property
    def trouble(self) -> str | None:
        """Why the work does not get on, in one line: a library that cannot be written, a storage that gives nothing,
        too little memory.
        """
        return self.store_trouble or self._failures.trouble or self._runner.shortage

    def give_up(self, job: Job, trouble: str) -> None:
        """End the attempt at `job`, which waits for a storage that does not answer; called by another thread."""
        self._failures.hang(job, trouble)

    def run(self, *, until_empty: bool = False) -> int:
        """Work until stopped, or with `until_empty` until nothing is due; how many tracks did not succeed."""
        unsuccessful = 0
        while self._wait_for_music():
            try:
                self._comparer.compare()
                job = self._queue.claim() if self._is_local else None
                self.store_trouble = None
                if job is not None:
                    unsuccessful += not self._runner.run(job)
                    self._fill(TAGS_BETWEEN_SECONDS)
                elif until_empty:
                    has_more = self._fill(TAGS_IDLE_SECONDS) or self._waits_for_cluster()
                    if not (has_more or self._tag_keeper.work(self._stop.is_set)):
                        break
                else:
                    self._idle()
            except Interrupted:
                continue  # in a comparison or a write of tags, of which nothing is lost
            except StoreError as error:
                # A full disk or a locked file may pass; the job stays claimed or queued, and nothing is lost.
                self.store_trouble = str(error)
                log.warning("store.failed", error=str(error), retry_seconds=STORE_RETRY_SECONDS)
                if until_empty:
                    raise
                self._stop.wait(STORE_RETRY_SECONDS)
        return unsuccessful + (self._remote.unsuccessful if self._remote else 0)

    def _waits_for_cluster(self) -> bool:
        """Whether the cluster has a track or is about to get one; waits a moment if so."""
        if self._remote is None:
            return False
        claims = self._remote.claims_if_idle
        due = self._queue.next_due_at()
        # A track that went to a worker or came back meanwhile was in neither of the two looks.
        if claims is not None and claims == self._remote.claims_if_idle and (due is None or due > self._wall_clock()):
            return False
        self._stop.wait(ABSENCE_SECONDS)
        return True

    def _wait_for_music(self) -> bool:
        """Wait until tracks can be read, as far as is known; False if we are to stop."""
        was_away = False
        while not self._music_is_there() and not self._stop.wait(ABSENCE_SECONDS):
            was_away = True
        if was_away and not self._stop.is_set():
            self._failures.storage_returned()
        self._failures.recheck_installation()
        return not self._stop.wait(self._failures.pause_seconds)

    def _fill(self, seconds: float) -> bool:
        """Read tags, derive moods and find copies that are due, for about so many `seconds`; whether there are more."""
        has_more_moods = self._mood_filler.fill(seconds)
        has_more_copies = self._copy_finder.find(seconds / 4)  # nobody waits for them
        return self._tag_filler.fill(seconds) or has_more_moods or has_more_copies

    def _idle(self) -> None:
        if self._fill(TAGS_IDLE_SECONDS) or self._comparer.fill(self._wake.is_set):
            self._wake.clear()  # what came meanwhile is looked for next
            return
        if self._tag_keeper.work(lambda: self._wake.is_set() or self._stop.is_set(), unhurried=True):
            self._wake.wait(self._tag_keeper.pause_seconds)
            self._wake.clear()
            return
        due = self._queue.next_due_at()
        pause = (
            IDLE_SECONDS if due is None or not self._is_local else min(IDLE_SECONDS, max(0.0, due - self._wall_clock()))
        )
        self.is_resting = True
        self._wake.wait(pause)
        self.is_resting = False
        self._wake.clear()
