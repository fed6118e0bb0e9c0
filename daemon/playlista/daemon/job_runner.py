"""Runs one claimed job to its end: analyze the track, store the result, log and count it.

Input: a job. Output: its result in the library, or its failure with whose fault it is; one log line and the metrics.
Claiming, waiting and retrying are the worker's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from playlista.analysis.attempt import Attempt, broken, failed, refused
from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.daemon.failures import Failures
from playlista.daemon.track_analysis import TrackAnalysis
from playlista.decode.content import hash_file
from playlista.decode.metadata import read_metadata
from playlista.decode.storage import fault_of
from playlista.errors import Blame, FailureReason, Interrupted, StoreError, TrackError
from playlista.library.jobs import Job
from playlista.library.queue import JobQueue
from playlista.memory.admission import Admission
from playlista.memory.cleanup import Cleanup
from playlista.memory.configuration import Configuration
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
    music_dir : absolute path of the music folder.
    sampler : knows the peak of each track; None with MEMORY_MONITORING_ENABLED=false.
    stop : asked before every chunk; true ends the attempt, which is then not counted.
    wall_clock : seconds since the epoch.
    """

    def __init__(
        self,
        music_dir: str,
        *,
        queue: JobQueue,
        analyzer: AudioAnalyzer,
        analysis: TrackAnalysis,
        failures: Failures,
        admission: Admission,
        cleanup: Cleanup,
        sampler: MemorySampler | None,
        metrics: Metrics,
        stop: Callable[[], bool],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._music_dir = music_dir
        self._queue = queue
        self._analyzer = analyzer
        self._analysis = analysis
        self._failures = failures
        self._admission = admission
        self._cleanup = cleanup
        self._sampler = sampler
        self._metrics = metrics
        self._stop = stop
        self._wall_clock = wall_clock
        #: The attempt at work, for other threads; None in between.
        self.attempt: RunningAttempt | None = None

    @property
    def shortage(self) -> str | None:
        """Why the track waits for memory, in one line; None while none does."""
        return self._admission.shortage

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
        except TrackError as error:
            return self._fail(job, refused(job.file.path, error))
        except Exception as error:
            # Such as a result that cannot be stored. It is one track's matter, and no reason to end the daemon.
            return self._fail(job, broken(job.file.path, error))
        finally:
            self._metrics.track_ended()
            self._cleanup.after_track()
            self.attempt = None

    def _attempt(self, job: Job) -> bool:
        path = os.path.join(self._music_dir, job.file.path)
        try:
            seen = TrackFile.from_stat(job.file.path, os.stat(path))
            read = hash_file(path, stop=self._stop)
        except OSError as error:
            raise fault_of(error).of_track(path) from error
        outcome = self._analysis.run(job, path, read, lambda: self._admit(job, path))
        done = outcome.attempt
        if done.blame is not Blame.TRACK:
            return self._fail(job, done)  # first: where the storage is away, every look at the file fails, too
        if not _is_still(seen, path):
            # What was read is neither the old file nor the new one. It is no fault of the file: nothing is counted.
            changed = failed(job.file.path, FailureReason.VANISHED, "replaced or rewritten while it was read")
            return self._fail(job, Attempt(changed, retryable=True))
        analysis = replace(done.analysis, origin=done.analysis.origin.read_from(read))
        if analysis.metadata is None or outcome.kept:
            analysis = replace(analysis, metadata=read_metadata(path, shown_as=job.file.path))
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
        self._log(analysis)
        return True

    def _log(self, analysis: Analysis) -> None:
        peaks = {"track_peak_mb": self._sampler.restart().resident_bytes >> 20} if self._sampler else {}
        log.info("track.analyzed", **_summary(analysis), **peaks)
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


def _is_still(seen: TrackFile, path: str) -> bool:
    try:
        return TrackFile.from_stat(seen.path, os.stat(path)) == seen
    except OSError:
        return False


def _summary(analysis: Analysis) -> dict[str, object]:
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
