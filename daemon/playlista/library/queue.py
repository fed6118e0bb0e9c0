"""The durable queue: which files are due for analysis, which are being analyzed, how often each was tried.

Input: files that changed, and how each attempt ended. Output: one ``Job`` at a time for each worker. A job is

- ``queued``: due; oldest first within its priority,
- ``claimed``: the attempt and its worker are on disk before the file is opened, so that whoever comes next knows at
  which track the worker died,
- ``waiting``: failed, due again after a back-off,

and ends by being deleted in the transaction that records its result. There is no state "done" and none "failed":
those are results. No file is opened here, and nothing is analyzed.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from itertools import islice

from playlista.errors import FailureReason
from playlista.library import job_rows, recovery
from playlista.library.database import Database
from playlista.library.file_rows import (
    FILE_COLUMNS,
    as_stored,
    path_bytes,
    same_content,
    same_file,
    track_file,
    track_path,
    update_file,
)
from playlista.library.job_intake import EnqueueRequest, upsert
from playlista.library.job_outcomes import Backoff, JobOutcomes
from playlista.library.job_rows import URGENT_PRIORITY
from playlista.library.jobs import PRIORITIES, Cause, CrashedJob, Job, first_by_priority, next_attempt
from playlista.library.results import Store
from playlista.memory.kernel_counts import KernelCounts, read_kernel_counts
from playlista.tracks import FEATURE_GROUPS, Analysis, Status, TrackFile

#: Each so many-th claim takes what is due longest, whatever its priority, so that none starves.
CLAIMS_PER_OLDEST = 4

#: Files enqueued in one transaction; the worker, if it wants to write, waits no longer than that (some 50 ms).
BATCH_FILES = 2000

FIRST_BACKOFF_SECONDS = 60.0
LONGEST_BACKOFF_SECONDS = 3600.0


class JobQueue:
    """The queue in one library.

    Parameters
    ----------
    results : where the result goes when a job ends.
    clock : seconds since the epoch.
    max_attempts : attempts on one content before it is quarantined.
    first_backoff_seconds, longest_backoff_seconds : wait before the second attempt; doubles up to the longest
        or, where the first is longer than that, stays the first.
    kernel : what the kernel counts, noted with each claim.
    """

    def __init__(
        self,
        database: Database,
        results: Store,
        *,
        clock: Callable[[], float],
        max_attempts: int,
        first_backoff_seconds: float = FIRST_BACKOFF_SECONDS,
        longest_backoff_seconds: float = LONGEST_BACKOFF_SECONDS,
        kernel: Callable[[], KernelCounts] = read_kernel_counts,
    ) -> None:
        self._database = database
        self._results = results
        self._clock = clock
        self._kernel = kernel
        self.max_attempts = max_attempts
        self._longest_backoff_seconds = max(first_backoff_seconds, longest_backoff_seconds)
        backoff = Backoff(first_backoff_seconds, self._longest_backoff_seconds)
        self._outcomes = JobOutcomes(results, clock, max_attempts, backoff)
        self._claims = 0
        self._latest: Job | None = None

    def enqueue(self, files: Iterable[TrackFile], cause: Cause, *, groups: frozenset[str] | None = None) -> int:
        """Make sure that each file has a job; how many jobs were made or start over.

        A file that is unchanged and has its job already is left alone, its back-off too (unless someone asked for a
        retry). One that changed starts over with no attempt counted. One that changed while claimed is run again
        when the running attempt ends. `groups` are computed whatever is there; None leaves it to the worker to find
        out what is needed. Paths are relative to the music folder; a generator is taken in batches of one transaction
        each.
        """
        request = EnqueueRequest(PRIORITIES[cause], groups, cause == "retry", self._clock())
        remaining, due = iter(files), 0
        while batch := list(islice(remaining, BATCH_FILES)):
            with self._database.transaction() as connection:
                due += sum(upsert(connection, file, request) for file in batch)
        return due

    def retry(self, paths: Iterable[str]) -> list[str]:
        """Analyze these files anew, attempts forgotten; the paths among them that the library knows."""
        query = f"SELECT {FILE_COLUMNS} FROM files WHERE path = ?"
        with self._database.transaction() as connection:
            rows = [connection.execute(query, (path_bytes(path),)).fetchone() for path in paths]
            known = [track_file(row) for row in rows if row is not None]
            self.enqueue(known, "retry", groups=frozenset(FEATURE_GROUPS))
        return [file.path for file in known]

    def retry_all(self) -> int:
        """Put back every failed and quarantined file and end every back-off; how many."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                f"""SELECT {FILE_COLUMNS} FROM files WHERE status IN ('failed', 'quarantined') UNION
                    SELECT {FILE_COLUMNS} FROM jobs JOIN files ON files.id = file_id WHERE state = 'waiting'"""
            ).fetchall()
            return self.enqueue(map(track_file, rows), "retry", groups=frozenset(FEATURE_GROUPS))

    def enqueue_unreadable(self) -> int:
        """Try again what failed because it could not be read: rights and mounts change without a trace on the file.

        Returns how many became due. Attempts start anew.
        """
        query = f"""SELECT {FILE_COLUMNS}, files.id FROM analyses JOIN files ON files.id = analyses.file_id
                    WHERE reason IN (?, ?) AND status IN ('failed', 'quarantined') AND files.id > ?
                    ORDER BY files.id LIMIT ?"""
        reasons = (FailureReason.PERMISSION_DENIED.value, FailureReason.UNREADABLE.value)
        after = due = 0
        while True:
            with self._database.read() as connection:
                rows = connection.execute(query, (*reasons, after, BATCH_FILES)).fetchall()
            if not rows:
                return due
            after = rows[-1]["id"]
            due += self.enqueue(map(track_file, rows), "scan")

    def claim(self, worker: str | None = None) -> Job | None:
        """The next job that is due, for this worker, or None; its attempt is counted on disk before this returns.

        None is the daemon's own process, which has one job at a time. If the end of its attempt before could not be
        written, because the disk was full, that job is given back first: it is not the file's fault.
        """
        if worker is None and self._latest is not None:
            self.release(self._latest)
            self._latest = None
        now = self._clock()
        with self._database.read() as connection:
            if not self._due(connection, now):
                return None  # without a write: an idle worker asks often
        kernel = self._kernel()
        with self._database.transaction() as connection:
            due = self._due(connection, now)
            if not due:
                return None
            self._claims += 1
            oldest_turn = self._claims % CLAIMS_PER_OLDEST == 0
            row = min(due, key=lambda row: float(row["due_at"])) if oldest_turn else due[0]
            job_rows.claim(connection, row["file_id"], now, kernel, worker)
        job = next_attempt(row, worker)
        if worker is None:
            self._latest = job
        return job

    def finish(self, job: Job, analysis: Analysis, *, seen: TrackFile | None = None) -> bool:
        """Record the result and end the job, both or neither; False if it is not the file's any more.

        A file that was deleted meanwhile has no result. If it was renamed meanwhile, another file may have come to the
        path that was read: then it is analyzed once more.

        `seen` is the identity of the bytes that were read, where the worker made sure of it. It saves the second
        run of a file that changed after it was enqueued but before it was opened.
        """
        with self._database.transaction() as connection:
            row = _row_of(connection, job)
            if row is None:
                return False
            if seen is not None and _is_of_another_file(row, job, seen):
                job_rows.start_over(connection, job.file_id, priority=URGENT_PRIORITY, groups=None, now=self._clock())
                return False
            self._results.record(job.file_id, analysis, attempts=job.attempts)
            if seen is not None and same_content(track_file(row), as_stored(seen)):
                update_file(connection, job.file_id, seen)
                job_rows.end(connection, job.file_id)  # the change that asked for a second run is what was read
                return True
            if seen is not None and not row["rerun"]:
                update_file(connection, job.file_id, seen)
            self._outcomes.end(connection, row)
        return True

    def fail(
        self, job: Job, reason: FailureReason, detail: str, *, retryable: bool, content: bytes | None = None
    ) -> Status | None:
        """End the attempt without a result: FAILED, QUARANTINED, or None when it will be tried again.

        What cannot end otherwise on the same bytes has failed at once. A file that vanished is neither failed nor
        quarantined: either its deletion will be noticed, or the music folder is away and comes back. `content` is the
        hash of the bytes that were tried, None where it is not known: former numbers stay if they are of these bytes.
        """
        with self._database.transaction() as connection:
            row = _row_of(connection, job)
            if row is None:
                return None
            return self._outcomes.fail(connection, row, reason, detail, retryable=retryable, content=content)

    def postpone(self, job: Job, reason: FailureReason, detail: str, *, seconds: float) -> bool:
        """End the attempt as if it had not begun, to be made in `seconds`: the storage or the installation failed.

        False where the attempt is over already.
        """
        with self._database.transaction() as connection:
            row = _row_of(connection, job)
            if row is not None:
                self._outcomes.postpone(connection, row, reason, detail, seconds=seconds)
            return row is not None

    def resume(self, reason: FailureReason) -> int:
        """Make every job that waits for `reason` due at once, since its cause is gone; how many there were."""
        with self._database.transaction() as connection:
            return job_rows.resume(connection, reason.value, self._clock())

    def release(self, job: Job) -> None:
        """Give a claimed job back as if it had not been claimed: we stop, and it is not the file's fault."""
        with self._database.transaction() as connection:
            row = _row_of(connection, job)
            if row is not None:
                recovery.release(connection, row, self._outcomes)

    def interrupt(self, job: Job) -> bool:
        """`release`, remembered: the job's worker was lost, and it cannot be told whether the file is to blame.

        False, and nothing is done, where this has happened `max_attempts` times to this content.
        """
        with self._database.transaction() as connection:
            row = _row_of(connection, job)
            if row is None:
                return True
            if row["interruptions"] >= self.max_attempts:
                return False
            job_rows.interrupted(connection, job.file_id, self._clock())
            recovery.release(connection, row, self._outcomes)
            return True

    def release_remote(self) -> list[tuple[str, str]]:
        """Release the jobs that a former daemon left with workers of a cluster; paths, and the worker of each.

        It was the daemon that died, in another process than theirs: no file is to blame. Call once at start, before
        `recover_claimed`.
        """
        with self._database.transaction() as connection:
            return recovery.release_remote(connection, self._outcomes)

    def release_interrupted(self, why: Callable[[KernelCounts], str | None]) -> list[tuple[str, str]]:
        """Release the jobs that a former process left claimed and that did not end it; paths, and why each.

        `why` gets what the kernel counted when the job was claimed, and returns None where the track is to blame or
        where that is unknown. The same content is released at most `max_attempts` times, so that no job is tried
        without end.
        """
        with self._database.transaction() as connection:
            return recovery.release_interrupted(connection, self._outcomes, why)

    def recover_claimed(self) -> list[CrashedJob]:
        """Attribute the jobs that a former process left claimed; call once at start, after all that releases some.

        Each was being analyzed when the process died. It is tried again after a back-off, alone and reduced, and
        quarantined when its attempts are used up.
        """
        with self._database.transaction() as connection:
            return recovery.charge_claimed(connection, self._outcomes)

    def next_due_at(self) -> float | None:
        """When the next job can be claimed (in the past if at once), or None when there is none to claim."""
        with self._database.read() as connection:
            return min((float(row["due_at"]) for row in first_by_priority(connection)), default=None)

    def _due(self, connection: sqlite3.Connection, now: float) -> list[sqlite3.Row]:
        """The jobs to choose from, by priority, and in each priority what is due longest."""
        # The clock may be set back: what is queued is due whatever the time, and no back-off lasts for ever.
        latest = now + self._longest_backoff_seconds
        firsts = (
            row
            for row in first_by_priority(connection)
            if row["state"] == "queued" or not now < row["due_at"] <= latest
        )
        return sorted(firsts, key=lambda row: (row["priority"], row["due_at"], row["file_id"]))


def _row_of(connection: sqlite3.Connection, job: Job) -> sqlite3.Row | None:
    """The row of the attempt that `job` is, while it runs."""
    return job_rows.running_attempt(connection, job.file_id, job.attempts, job.worker)


def _is_of_another_file(row: sqlite3.Row, job: Job, seen: TrackFile) -> bool:
    """Whether the file was renamed while it was read, and another one may have come to the path that was read."""
    return track_path(row) != job.file.path and not same_file(track_file(row), as_stored(seen))
