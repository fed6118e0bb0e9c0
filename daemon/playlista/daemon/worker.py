"""The worker: claim, analyze, store, finish; one track at a time, on the main thread.

Input: jobs from the queue. Output: results in the store, a log line and metrics for each. It is the only
module that sees several stages, and it decides nothing about music.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from playlista.analysis.attempt import Attempt, broken, failed, refused
from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.daemon.comparer import Comparer
from playlista.daemon.failures import Failures
from playlista.daemon.reuse import Reuse
from playlista.daemon.track_analysis import TrackAnalysis
from playlista.decode.content import content_hash
from playlista.decode.storage import fault_of
from playlista.errors import Blame, FailureReason, Interrupted, StoreError, TrackError
from playlista.library.comparisons import Comparisons
from playlista.library.jobs import Job
from playlista.library.queue import JobQueue
from playlista.library.results import Store
from playlista.memory.admission import Admission
from playlista.memory.cleanup import Cleanup
from playlista.memory.configuration import Configuration
from playlista.memory.monitor import MemorySampler
from playlista.serve.metrics import Metrics
from playlista.tracks import Analysis, TrackFile

log = structlog.get_logger(__name__)

#: How long an idle worker sleeps before it asks the queue again, unless it is woken.
IDLE_SECONDS = 5.0
#: How often it looks whether the music folder is back.
ABSENCE_SECONDS = 0.5
#: How long it waits before it tries a database again that could not be written.
STORE_RETRY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RunningAttempt:
    """The job at work, and when its attempt began, in monotonic seconds."""

    job: Job
    began: float


class Worker:
    """Works the queue off until it is told to stop.

    Parameters
    ----------
    music_dir : absolute path of the music folder.
    stop : set by a signal; looked at before every chunk.
    sampler : tells the peak of each track; None with MEMORY_MONITORING_ENABLED=false.
    wake : set when something was put into the queue.
    music_is_there : whether tracks can be read at all; while they cannot, none is claimed, for none is at fault.
    wall_clock : seconds since the epoch.
    """

    def __init__(
        self,
        music_dir: str,
        *,
        queue: JobQueue,
        store: Store,
        comparisons: Comparisons,
        analyzer: AudioAnalyzer,
        admission: Admission,
        cleanup: Cleanup,
        sampler: MemorySampler | None,
        metrics: Metrics,
        stop: threading.Event,
        wake: threading.Event,
        music_is_there: Callable[[], bool],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._music_dir = music_dir
        self._queue = queue
        self._analyzer = analyzer
        self._admission = admission
        self._cleanup = cleanup
        self._sampler = sampler
        self._metrics = metrics
        self._stop = stop
        self._wake = wake
        self._music_is_there = music_is_there
        self._wall_clock = wall_clock
        self._failures = Failures(queue, metrics, wall_clock, recheck_ffmpeg=analyzer.recheck_ffmpeg)
        reuse = Reuse(store, analyzer)
        self._analysis = TrackAnalysis(reuse, analyzer)
        self._comparer = Comparer(
            music_dir,
            comparisons=comparisons,
            reuse=reuse,
            analyzer=analyzer,
            kept=metrics.track_kept,
            reading=self._set_current,
            stop=stop.is_set,
        )
        #: The track at work, and why the library cannot be written at present.
        self.current: str | None = None
        self.attempt: RunningAttempt | None = None
        self.store_trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why the work does not get on, in one line: the library cannot be written, the storage gives nothing."""
        return self.store_trouble or self._failures.trouble

    def give_up(self, job: Job, trouble: str) -> None:
        """End the attempt at `job`, which waits for a storage that does not answer; called by another thread."""
        self._failures.hang(job, trouble)

    def run(self, *, until_empty: bool = False) -> int:
        """Work until stopped, or with `until_empty` until nothing is due; how many tracks did not succeed."""
        unsuccessful = 0
        while self._wait_for_music():
            try:
                self._comparer.compare()
                job = self._queue.claim()
                self.store_trouble = None
                if job is not None:
                    unsuccessful += not self._work(job)
                elif until_empty:
                    break
                else:
                    self._idle()
            except Interrupted:
                continue  # in a comparison, of which nothing is lost
            except StoreError as error:
                # A full disk or a locked file may pass; the job stays claimed or queued, and nothing is lost.
                self.store_trouble = str(error)
                log.warning("store.failed", error=str(error), retry_seconds=STORE_RETRY_SECONDS)
                if until_empty:
                    raise
                self._stop.wait(STORE_RETRY_SECONDS)
        return unsuccessful

    def _wait_for_music(self) -> bool:
        """Wait until tracks can be read, as far as is known; False if we are to stop."""
        was_away = False
        while not self._music_is_there() and not self._stop.wait(ABSENCE_SECONDS):
            was_away = True
        if was_away and not self._stop.is_set():
            self._failures.storage_returned()
        self._failures.recheck_installation()
        return not self._stop.wait(self._failures.pause_seconds)

    def _idle(self) -> None:
        if self._comparer.fill():
            return
        due = self._queue.next_due_at()
        pause = IDLE_SECONDS if due is None else min(IDLE_SECONDS, max(0.0, due - self._wall_clock()))
        self._wake.wait(pause)
        self._wake.clear()

    def _set_current(self, path: str | None) -> None:
        self.current = path

    def _work(self, job: Job) -> bool:
        self.current = job.file.path
        self.attempt = RunningAttempt(job, time.monotonic())
        self._metrics.track_started()
        try:
            return self._attempt(job)
        except Interrupted:
            self._queue.release(job)
            log.info("track.released", path=job.file.path, why="asked to stop")
            return True
        except StoreError:
            raise
        except TrackError as error:
            return self._fail(job, refused(job.file.path, error))
        except Exception as error:
            # Such as a result that cannot be stored. It is one track's matter, and no reason to end the daemon.
            return self._fail(job, broken(job.file.path, error))
        finally:
            self._metrics.track_ended()
            self._cleanup.after_track()
            self.current = self.attempt = None

    def _attempt(self, job: Job) -> bool:
        path = os.path.join(self._music_dir, job.file.path)
        try:
            seen = TrackFile.from_stat(job.file.path, os.stat(path))
            content = content_hash(path, stop=self._stop.is_set)
        except OSError as error:
            raise fault_of(error).of_track(path) from error
        outcome = self._analysis.run(job, path, content, lambda: self._admit(job, path))
        done = outcome.attempt
        if done.blame is not Blame.TRACK:
            return self._fail(job, done)  # first: where the storage is away, every look at the file fails, too
        if not _is_still(seen, path):
            # What was read is neither the old file nor the new one. It is no fault of the file: nothing is counted.
            changed = failed(job.file.path, FailureReason.VANISHED, "replaced or rewritten while it was read")
            return self._fail(job, Attempt(changed, retryable=True))
        analysis = replace(done.analysis, origin=replace(done.analysis.origin, content=content))
        if analysis.audio is None and not outcome.kept:
            return self._fail(job, replace(done, analysis=analysis))
        return self._finish(job, analysis, seen, kept=outcome.kept)

    def _admit(self, job: Job, path: str) -> Configuration:
        """Wait until there is memory for an analysis."""
        extra_bytes = self._analyzer.extra_bytes(path)
        return self._admission.admit(path, extra_bytes=extra_bytes, reduced=job.alone_reduced).configuration

    def _finish(self, job: Job, analysis: Analysis, seen: TrackFile, *, kept: bool) -> bool:
        if not self._queue.finish(job, analysis, seen=seen):
            log.info("track.forgotten", path=job.file.path, why="deleted or renamed while it was analyzed")
            return True
        self._failures.storage_works(job)
        if kept:
            self._metrics.track_kept()
            log.info("track.kept", path=job.file.path, why="the music is the same as before")
            return True
        self._metrics.track_completed(analysis, self._wall_clock())
        peaks = {"track_peak_mb": self._sampler.restart().resident_bytes >> 20} if self._sampler else {}
        log.info("track.analyzed", **_told(analysis), **peaks)
        if analysis.audio and analysis.audio.truncated:
            log.warning(
                "track.truncated",
                path=analysis.path,
                reason=analysis.audio.truncation_reason,
                analyzed_seconds=round(analysis.audio.analyzed_seconds, 3),
            )
        return True

    def _fail(self, job: Job, done: Attempt) -> bool:
        self._failures.fail(job, done)
        return False


def _is_still(seen: TrackFile, path: str) -> bool:
    try:
        return TrackFile.from_stat(seen.path, os.stat(path)) == seen
    except OSError:
        return False


def _told(analysis: Analysis) -> dict[str, object]:
    """What one log line says of a track."""
    told: dict[str, object] = {"path": analysis.path, "status": analysis.status.value}
    if analysis.reason:
        told |= {"reason": analysis.reason.value, "detail": analysis.detail}
    if analysis.audio:
        told["audio_seconds"] = round(analysis.audio.analyzed_seconds, 1)
    told["seconds"] = round(analysis.timings.total_seconds, 2)
    if analysis.rhythm:
        told["bpm"] = analysis.rhythm.bpm and round(analysis.rhythm.bpm, 1)
    if analysis.tonal:
        told["key"] = analysis.tonal.camelot
    if analysis.loudness:
        told["lufs"] = analysis.loudness.integrated_lufs and round(analysis.loudness.integrated_lufs, 1)
    if analysis.memory:
        told["peak_mb"] = analysis.memory.peak_rss_bytes >> 20
        told["retained_kb"] = analysis.memory.retained_bytes >> 10
    return told
