"""Runs one claimed job to its end: analyze the track, store the result, log and count it.

Input: a job. Output: its result in the library, or its failure with whose fault it is; one log line and the metrics.
Claiming, waiting and retrying are the worker's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from playlista.analysis.attempt import Attempt, broken
from playlista.analysis.file_attempt import FileAttempts
from playlista.daemon.failures import Failures
from playlista.errors import Interrupted, StoreError
from playlista.library.jobs import Job
from playlista.library.queue import JobQueue
from playlista.memory.cleanup import Cleanup
from playlista.memory.monitor import MemorySampler
from playlista.serve.metrics import Metrics
from playlista.tracks import Analysis, TrackFile

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunningAttempt:
    """The job at work, and when its attempt began, in monotonic seconds."""

    job: Job
    began: float


class JobRunner:
    """Runs jobs, one at a time.

    Parameters
    ----------
    attempts : makes the attempt at the job's file.
    sampler : knows the peak of each track; None with MEMORY_MONITORING_ENABLED=false.
    wall_clock : seconds since the epoch.
    """

    def __init__(
        self,
        attempts: FileAttempts,
        *,
        queue: JobQueue,
        failures: Failures,
        cleanup: Cleanup,
        sampler: MemorySampler | None,
        metrics: Metrics,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._attempts = attempts
        self._queue = queue
        self._failures = failures
        self._cleanup = cleanup
        self._sampler = sampler
        self._metrics = metrics
        self._wall_clock = wall_clock
        #: The attempt at work, for other threads; None in between.
        self.attempt: RunningAttempt | None = None

    @property
    def shortage(self) -> str | None:
        """Why the track waits for memory, in one line; None while none does."""
        return self._attempts.shortage

    def run(self, job: Job) -> bool:
        """Run `job`; False if its track did not succeed.

        Raises
        ------
        StoreError : the library could not be written; the job stays claimed.
        """
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
        except Exception as error:
            # Such as a result that cannot be stored. It is one track's matter, and no reason to end the daemon.
            return self._fail(job, broken(job.file.path, error))
        finally:
            self._metrics.track_ended()
            self._cleanup.after_track()
            self.attempt = None

    def _attempt(self, job: Job) -> bool:
        done = self._attempts.run(job)
        if done.seen is None:
            return self._fail(job, done.attempt)
        return self._finish(job, done.attempt.analysis, done.seen, kept=done.kept)

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
        self._log(analysis)
        return True

    def _log(self, analysis: Analysis) -> None:
        peaks = {"track_peak_mb": self._sampler.restart().resident_bytes >> 20} if self._sampler else {}
        log.info("track.analyzed", **summary(analysis), **peaks)
        if analysis.audio and analysis.audio.truncated:
            log.warning(
                "track.truncated",
                path=analysis.path,
                reason=analysis.audio.truncation_reason,
                analyzed_seconds=round(analysis.audio.analyzed_seconds, 3),
            )

    def _fail(self, job: Job, done: Attempt) -> bool:
        self._failures.fail(job, done)
        return False


def summary(analysis: Analysis) -> dict[str, object]:
    """A track in one log line."""
    facts: dict[str, object] = {"path": analysis.path, "status": analysis.status.value}
    if analysis.reason:
        facts |= {"reason": analysis.reason.value, "detail": analysis.detail}
    if analysis.audio:
        facts["audio_seconds"] = round(analysis.audio.analyzed_seconds, 1)
    facts["seconds"] = round(analysis.timings.total_seconds, 2)
    if analysis.rhythm:
        facts["bpm"] = analysis.rhythm.bpm and round(analysis.rhythm.bpm, 1)
    if analysis.tonal:
        facts["key"] = analysis.tonal.camelot
    if analysis.loudness:
        facts["lufs"] = analysis.loudness.integrated_lufs and round(analysis.loudness.integrated_lufs, 1)
    if analysis.memory:
        facts["peak_mb"] = analysis.memory.peak_rss_bytes >> 20
        facts["retained_kb"] = analysis.memory.retained_bytes >> 10
    return facts
