"""Ends what the main thread cannot end, because it waits for a storage that does not answer.

Input is the worker and the stop flag. Output is a track given back when its time is over, and the end of the process
when it does not come by itself after a stop.

A thread that waits inside a call of the kernel cannot be interrupted from Python. The process can be ended all the same
(``os._exit``), and nothing is lost by it: a result and the end of its job are one committed transaction, SQLite brings
its journal in order at the next start, and the locks on the data folder are the kernel's, which drops them. The job of
the track is given back before, so that the track is not taken for one that killed the process.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

import structlog

from playlista.daemon.job_runner import RunningAttempt
from playlista.daemon.storage_probe import StorageProbe
from playlista.daemon.worker import Worker
from playlista.errors import StoreError
from playlista.library.queue import JobQueue

log = structlog.get_logger(__name__)

#: How long a stop may take before the process is ended; together with a second of tick it stays under 5 s.
STOP_SECONDS = 3.0
TICK_SECONDS = 0.5
#: The decoders give up at TRACK_TIMEOUT_SECONDS by themselves where they can; this much later it is clear they cannot.
TIMEOUT_GRACE_SECONDS = 5.0
_LAST_WORD_SECONDS = 1.0


class Watchdog:
    """Watches one worker until the process ends.

    Parameters
    ----------
    timeout_seconds : TRACK_TIMEOUT_SECONDS.
    end_process : ends it at once with an exit code.
    """

    def __init__(
        self,
        worker: Worker,
        queue: JobQueue,
        probe: StorageProbe,
        *,
        stop: threading.Event,
        timeout_seconds: float,
        end_process: Callable[[int], object] = os._exit,
    ) -> None:
        self._worker = worker
        self._queue = queue
        self._probe = probe
        self._stop = stop
        self._timeout_seconds = timeout_seconds
        self._end_process = end_process
        self._done = threading.Event()
        self._given_up: RunningAttempt | None = None
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """The stop went well; there is nothing more to watch."""
        self._done.set()

    def end_now(self, code: int) -> None:
        """Give the track at work back, as far as that is possible at once, and end the process."""
        last_word = threading.Thread(target=self._release, name="last-word", daemon=True)
        last_word.start()
        last_word.join(_LAST_WORD_SECONDS)  # the database may be what hangs
        self._end_process(code)

    def _run(self) -> None:
        asked_at: float | None = None
        while not self._done.wait(TICK_SECONDS):
            now = time.monotonic()
            if self._stop.is_set():
                asked_at = now if asked_at is None else asked_at
                if now - asked_at >= STOP_SECONDS and self._is_stuck():
                    log.warning("daemon.ended", why=self._probe.trouble or "asked to stop; the track is given back")
                    self.end_now(0)
            else:
                self._end_overdue_track(now)

    def _is_stuck(self) -> bool:
        """Whether the main thread is still at a track, or waits for a storage; to close the database has its time."""
        return self._worker.attempt is not None or self._probe.trouble is not None

    def _end_overdue_track(self, now: float) -> None:
        attempt, trouble = self._worker.attempt, self._probe.trouble
        if attempt is None or trouble is None or attempt is self._given_up:
            return
        if now - attempt.began < self._timeout_seconds + TIMEOUT_GRACE_SECONDS:
            return
        try:
            self._worker.give_up(attempt.job, trouble)
            self._given_up = attempt
        except StoreError as error:
            log.warning("store.failed", error=str(error))

    def _release(self) -> None:
        attempt = self._worker.attempt
        if attempt is not None:
            self._queue.release(attempt.job)
        logging.shutdown()
