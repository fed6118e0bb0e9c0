"""What the daemon's queue is to a cluster: jobs with their requests, and what becomes of each answer.

Input: the name of a worker that is free, and answers. Output: the text of a request, and ends in the library: result,
failure, or a job that is given back. Called in one thread of the cluster's; `cluster.assignments` says when.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from playlista.analysis.attempt import Attempt, failed
from playlista.cluster.answers import AnswerError, result_of
from playlista.cluster.kinship import Kinship
from playlista.cluster.messages import Answer, Request, analysis_text
from playlista.cluster.roster import shown_name
from playlista.daemon.failures import Failures
from playlista.daemon.job_runner import summary
from playlista.errors import Blame, FailureReason, StoreError
from playlista.library.jobs import Job
from playlista.library.queue import JobQueue
from playlista.library.results import Store
from playlista.serve.metrics import Metrics
from playlista.tracks import Analysis

log = structlog.get_logger(__name__)

#: How long a track waits that a worker could not have as the daemon saw it: the scan that follows may see it, too.
REFUSED_SECONDS = 5.0


class RemoteJobs:
    """The queue of one daemon; see ``cluster.assignments.Jobs``.

    Parameters
    ----------
    kinship : the daemon's.
    """

    def __init__(
        self,
        queue: JobQueue,
        store: Store,
        failures: Failures,
        metrics: Metrics,
        kinship: Kinship,
        *,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._store = store
        self._failures = failures
        self._metrics = metrics
        self._kinship = kinship.digest
        self._versions = kinship.groups
        self._wall_clock = wall_clock
        #: Jobs whose end could not be written; given back before anything else is claimed.
        self._unended: list[Job] = []
        self._unsuccessful: set[int] = set()

    @property
    def unsuccessful(self) -> int:
        """Tracks that did not succeed, and have not since, and those whose end could not be written."""
        return len(self._unsuccessful.union(job.file_id for job in self._unended))

    def claim(self, worker: str) -> tuple[Job, str] | None:
        """The next job for `worker`, with the text of its request."""
        while self._unended:
            self._queue.release(self._unended[-1])
            self._unended.pop()
        job = self._queue.claim(worker)
        if job is None:
            return None
        self._metrics.track_started()
        known = self._store.readable(job.file_id)
        request = Request(
            path=job.file.path,
            size_bytes=job.file.size_bytes,
            mtime_ns=job.file.mtime_ns,
            attempts=job.attempts,
            alone_reduced=job.alone_reduced,
            groups=None if job.groups is None else tuple(sorted(job.groups)),
            known=None if known is None else analysis_text(known),
            kinship=self._kinship,
        )
        return job, request.to_text()

    def end(self, job: Job, answer: Answer) -> None:
        """The worker answered with a result or a failure.

        Raises
        ------
        AnswerError : that cannot be; nothing was done.
        """
        analysis = result_of(answer, job, self._versions)
        if answer.kept and self._store.readable(job.file_id) is None:
            raise AnswerError("its result is said to be the one that is stored, and there is none")
        self._settled(job, lambda: self._end(job, answer, analysis))

    def reject(self, job: Job, why: str) -> None:
        """What a worker answered cannot be: its installation is to blame, and the track waits for another."""
        log.warning("answer.rejected", path=job.file.path, why=why)
        broken = Attempt(failed(job.file.path, FailureReason.INTERNAL, why), blame=Blame.INSTALLATION)
        self._settled(job, lambda: self._failures.fail(job, broken))

    def release(self, job: Job, why: str) -> None:
        """The attempt was no attempt."""
        log.info("track.released", path=job.file.path, why=why)
        self._settled(job, lambda: self._queue.release(job))

    def refuse(self, job: Job, why: str) -> None:
        """A worker could not have the file as it was seen here."""
        log.warning("track.refused", path=job.file.path, why=why)
        self._settled(job, lambda: self._queue.postpone(job, FailureReason.VANISHED, why, seconds=REFUSED_SECONDS))

    def lose(self, job: Job, worker: str, excuse: str | None) -> None:
        """The worker was lost at the track: an attempt of it, unless there is an excuse."""
        self._settled(job, lambda: self._lose(job, shown_name(worker), excuse))

    def hang(self, job: Job, detail: str) -> None:
        """The worker does not come back from the track: the storage may be what it waits for."""
        self._settled(job, lambda: self._failures.hang(job, detail))

    def _settled(self, job: Job, end: Callable[[], object]) -> None:
        try:
            end()
        except StoreError:
            self._unended.append(job)
            self._metrics.track_ended()
            raise
        self._metrics.track_ended()

    def _end(self, job: Job, answer: Answer, analysis: Analysis) -> None:
        if not answer.has_result:
            self._unsuccessful.add(job.file_id)
            self._failures.fail(job, Attempt(_named(analysis, answer, job), answer.retryable, answer.blame))
            return
        # A worker has the file under another device and inode; size and time were compared before it began.
        if not self._finish(job, analysis):
            log.info("track.forgotten", path=job.file.path, why="deleted while it was analyzed")
            return
        self._unsuccessful.discard(job.file_id)
        self._failures.storage_works(job)
        if answer.kept:
            self._metrics.track_kept()
            log.info("track.kept", path=job.file.path, why="the music is the same as before")
            return
        self._metrics.track_completed(analysis, self._wall_clock())
        log.info("track.analyzed", worker=shown_name(job.worker or ""), **summary(analysis))

    def _finish(self, job: Job, analysis: Analysis) -> bool:
        try:
            return self._queue.finish(job, analysis)
        except (ValueError, TypeError, ArithmeticError) as error:  # such as text that is no Unicode
            raise AnswerError(f"its result cannot be stored ({type(error).__name__}: {error})"[:200]) from error

    def _lose(self, job: Job, worker: str, excuse: str | None) -> None:
        if excuse is not None and self._queue.interrupt(job):
            log.info("track.released", path=job.file.path, why=excuse)
            return
        detail = (
            f"worker {worker} died while analyzing it, at attempt {job.attempts}; left alone until the file changes"
        )
        status = self._queue.fail(job, FailureReason.CRASHED, detail, retryable=True)
        self._unsuccessful.add(job.file_id)
        self._metrics.track_crashed(quarantined=status is not None)
        log.warning("track.crashed", path=job.file.path, worker=worker, attempts=job.attempts, quarantined=bool(status))


def _named(analysis: Analysis, answer: Answer, job: Job) -> Analysis:
    """With the worker in the detail where not the track is to blame, but the worker's storage or installation."""
    if answer.blame is Blame.TRACK:
        return analysis
    return replace(analysis, detail=f"worker {shown_name(job.worker or '')}: {analysis.detail}")
