"""What becomes of an attempt that gave no result: the track's failure, or a wait until storage or installation work.

Input is a job and how its attempt ended. Output is the job's next state in the queue, a log line and a count. Only the
track's own fault counts an attempt (ADR 11).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from playlista.analysis.attempt import Attempt
from playlista.daemon.postponements import Postponements
from playlista.errors import Blame, FailureReason
from playlista.library.jobs import Job
from playlista.library.queue import JobQueue
from playlista.serve.metrics import Metrics

log = structlog.get_logger(__name__)

#: Failures that do not show that the storage gave the file's bytes.
_SILENT = frozenset({FailureReason.VANISHED, FailureReason.PERMISSION_DENIED, FailureReason.UNREADABLE})

#: What the installation did and the track may be the cause of, if it happens at each attempt.
_SUSPECTED = frozenset({FailureReason.OVER_BUDGET})


class Failures:
    """Ends the attempts that failed.

    Parameters
    ----------
    wall_clock : seconds since the epoch.
    recheck_ffmpeg : tries an ffmpeg again that did not work; why it still does not.
    """

    def __init__(
        self,
        queue: JobQueue,
        metrics: Metrics,
        wall_clock: Callable[[], float],
        *,
        recheck_ffmpeg: Callable[[], str | None],
    ) -> None:
        self._recheck_ffmpeg = recheck_ffmpeg
        self._ffmpeg_trouble: str | None = None
        self._queue = queue
        self._metrics = metrics
        self._wall_clock = wall_clock
        self._waits = {Blame.STORAGE: Postponements(), Blame.INSTALLATION: Postponements()}

    @property
    def trouble(self) -> str | None:
        """Why tracks wait through no fault of their own, for /readyz; None where they do not."""
        return self._waits[Blame.STORAGE].trouble or self._ffmpeg_trouble

    @property
    def pause_seconds(self) -> float:
        """How long the worker should rest before its next claim."""
        return self._waits[Blame.STORAGE].pause_seconds

    def fail(self, job: Job, done: Attempt) -> None:
        """End the attempt, whoever is to blame."""
        reason, detail = done.analysis.reason or FailureReason.INTERNAL, done.analysis.detail or ""
        if done.blame is not Blame.TRACK and not self._is_convicted(job, done.blame, reason):
            self._postpone(job, done.blame, reason, detail)
            return
        if reason not in _SILENT:
            self.storage_works(job)
        content = done.analysis.origin.content
        retryable = done.retryable and done.blame is Blame.TRACK
        status = self._queue.fail(job, reason, detail, retryable=retryable, content=content)
        if status is None:
            self._metrics.attempt_failed(reason)
            log.warning("track.retried", path=job.file.path, reason=reason, detail=detail, attempts=job.attempts)
        else:
            self._metrics.track_completed(replace(done.analysis, status=status), self._wall_clock())
            log.warning(f"track.{status}", path=job.file.path, reason=reason, detail=detail, attempts=job.attempts)

    def hang(self, job: Job, detail: str) -> None:
        """The storage does not answer: the job is due again when it does, which the next track will show."""
        waits = self._waits[Blame.STORAGE]
        if self._queue.postpone(
            job, FailureReason.UNREADABLE, detail, seconds=waits.postpone(job.file_id, detail, is_outage=True)
        ):
            log.warning("track.postponed", path=job.file.path, blame=Blame.STORAGE, detail=detail)

    def storage_works(self, job: Job) -> None:
        """The storage gave the bytes of `job`; after an outage, all that waits for it is due at once."""
        if self._waits[Blame.STORAGE].works(job.file_id):
            self._resume(was_away=True)

    def storage_returned(self) -> None:
        """The music folder is back: what waits for it is due at once."""
        self._resume(was_away=self._waits[Blame.STORAGE].works())

    def _resume(self, *, was_away: bool) -> None:
        resumed = self._queue.resume(FailureReason.UNREADABLE)
        if was_away or resumed:  # the folder is also looked at for the first time at every start
            log.info("storage.returned", resumed=resumed)

    def recheck_installation(self) -> None:
        """Look whether ffmpeg works again, every so often; then what waits for it is due at once."""
        former, self._ffmpeg_trouble = self._ffmpeg_trouble, self._recheck_ffmpeg()
        if self._ffmpeg_trouble and not former:
            log.error("ffmpeg.failed", why=self._ffmpeg_trouble)
        if former and not self._ffmpeg_trouble:
            self._waits[Blame.INSTALLATION].works()
            log.info("ffmpeg.returned", resumed=self._queue.resume(FailureReason.UNREADABLE))

    def _is_convicted(self, job: Job, blame: Blame, reason: FailureReason) -> bool:
        """Whether this has happened to the track so often in a row that it must be the track's own fault."""
        return reason in _SUSPECTED and self._waits[blame].times(job.file_id) + 1 >= self._queue.max_attempts

    def _postpone(self, job: Job, blame: Blame, reason: FailureReason, detail: str) -> None:
        waits = self._waits[blame]
        was_known = waits.trouble is not None
        seconds = waits.postpone(job.file_id, detail)
        self._queue.postpone(job, reason, detail, seconds=seconds)
        say = log.info if was_known else log.warning
        say("track.postponed", path=job.file.path, blame=blame, reason=reason, detail=detail, retry_seconds=seconds)
