"""The durable queue: which files are due for analysis, which is being analyzed, how often it was tried.

What enters: files that changed, and how each attempt ended. What leaves: one ``Job`` at a time. A job is

- ``queued``: due; oldest first within its lane,
- ``claimed``: the attempt is on disk before the file is opened, so that a process that dies names its culprit,
- ``waiting``: failed, due again after a back-off,

and ends by being deleted in the transaction that records its result. There is no state "done" and none "failed":
those are results. No file is opened here, and nothing is analyzed.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol

from playlista import job_rows
from playlista.database import Database
from playlista.errors import FailureReason
from playlista.file_rows import FILE_COLUMNS, as_stored, path_bytes, same_content, track_file
from playlista.job_intake import Demand, take_in, update_file
from playlista.tracks import Analysis, Status, TrackFile

#: Why a file is due: it changed under our eyes, a scan found it, its result is of an older version, someone asked.
Cause = Literal["event", "scan", "outdated", "retry"]

#: Lane by cause. What somebody may be waiting for goes before a backlog, and a backlog before recomputing.
LANES: dict[Cause, int] = {"event": 0, "retry": 0, "scan": 1, "outdated": 2}

#: Each so many-th claim takes what is due longest, whatever its lane, so that no lane starves another.
CLAIMS_PER_OLDEST = 4

#: Files enqueued in one transaction; the worker, if it wants to write, waits no longer than that (some 50 ms).
BATCH_FILES = 2000

FIRST_BACKOFF_SECONDS = 60.0
LONGEST_BACKOFF_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one file.

    ``file`` is what the disk held when it was enqueued, its path relative to the music folder. ``attempts`` counts
    those begun on this content, this one included. ``alone_reduced``: the process died in the attempt before, so
    nothing may run beside this one, and with the smallest configuration. ``groups`` are the feature groups to
    recompute, None for all.
    """

    file_id: int
    file: TrackFile
    attempts: int
    alone_reduced: bool
    groups: frozenset[str] | None
    enqueued_at: float


@dataclass(frozen=True, slots=True)
class Culprit:
    """A file whose analysis the former process did not survive; ``path`` is relative to the music folder."""

    path: str
    attempts: int
    quarantined: bool


class Results(Protocol):
    """Where results go; called inside the transaction that ends the job."""

    def record(self, file_id: int, analysis: Analysis, *, attempts: int) -> None:
        """Keep `analysis` as the file's result in place of any former one."""

    def record_failure(self, file_id: int, failure: Analysis, *, attempts: int, keep_measures: bool) -> None:
        """Keep status and reason of `failure`, and if `keep_measures` the numbers of the former result."""


class JobQueue:
    """The queue in one library.

    Parameters
    ----------
    results : where the result goes when a job ends.
    clock : seconds since the epoch.
    max_attempts : attempts on one content before it is quarantined.
    first_backoff_seconds, longest_backoff_seconds : wait before the second attempt; doubles up to the longest.
    """

    def __init__(
        self,
        database: Database,
        results: Results,
        *,
        clock: Callable[[], float],
        max_attempts: int,
        first_backoff_seconds: float = FIRST_BACKOFF_SECONDS,
        longest_backoff_seconds: float = LONGEST_BACKOFF_SECONDS,
    ) -> None:
        self._database = database
        self._results = results
        self._clock = clock
        self._max_attempts = max_attempts
        self._first_backoff_seconds = first_backoff_seconds
        self._longest_backoff_seconds = longest_backoff_seconds
        self._claims = 0
        self._latest: Job | None = None

    def enqueue(self, files: Iterable[TrackFile], cause: Cause, *, groups: frozenset[str] | None = None) -> int:
        """Make sure that each file has a job; how many jobs were made or start over.

        A file that is unchanged and has its job already is left alone, its back-off too (unless someone asked for a
        retry). One that changed starts over with no attempt counted. One that changed while claimed is run again
        when the running attempt ends. `groups` limits the work to these feature groups where the content is
        unchanged. Paths are relative to the music folder; a generator is taken in batches of one transaction each.
        """
        demand = Demand(LANES[cause], groups, cause == "retry", self._clock())
        remaining, due = iter(files), 0
        while batch := list(islice(remaining, BATCH_FILES)):
            with self._database.transaction() as connection:
                due += sum(take_in(connection, file, demand) for file in batch)
        return due

    def retry(self, paths: Iterable[str]) -> list[str]:
        """Put these files back at once, attempts forgotten; the paths among them that the library knows."""
        query = f"SELECT {FILE_COLUMNS} FROM files WHERE path = ?"
        with self._database.transaction() as connection:
            rows = [connection.execute(query, (path_bytes(path),)).fetchone() for path in paths]
            known = [track_file(row) for row in rows if row is not None]
            self.enqueue(known, "retry")
        return [file.path for file in known]

    def retry_all(self) -> int:
        """Put back every failed and quarantined file and end every back-off; how many."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                f"""SELECT {FILE_COLUMNS} FROM files WHERE status IN ('failed', 'quarantined') UNION
                    SELECT {FILE_COLUMNS} FROM jobs JOIN files ON files.id = file_id WHERE state = 'waiting'"""
            ).fetchall()
            return self.enqueue(map(track_file, rows), "retry")

    def claim(self) -> Job | None:
        """The next job that is due, or None; its attempt is counted on disk before this returns.

        There is one worker. If the end of its attempt before could not be written, because the disk was full, that
        job is given back first: it is not the file's fault.
        """
        if self._latest is not None:
            self.release(self._latest)
            self._latest = None
        now = self._clock()
        with self._database.read() as connection:
            if not self._due(connection, now):
                return None  # without a write: an idle worker asks often
        with self._database.transaction() as connection:
            due = self._due(connection, now)
            if not due:
                return None
            self._claims += 1
            oldest_turn = self._claims % CLAIMS_PER_OLDEST == 0
            row = min(due, key=lambda row: float(row["due_at"])) if oldest_turn else due[0]
            job_rows.claim(connection, row["file_id"], now)
        self._latest = _job(row)
        return self._latest

    def finish(self, job: Job, analysis: Analysis, *, seen: TrackFile | None = None) -> bool:
        """Record the result and end the job, both or neither; False if the file was deleted meanwhile.

        `seen` is the identity of the bytes that were read, where the worker made sure of it. It saves the second
        run of a file that changed after it was enqueued but before it was opened.
        """
        with self._database.transaction() as connection:
            row = job_rows.running_attempt(connection, job.file_id, job.attempts)
            if row is None:
                return False
            self._results.record(job.file_id, analysis, attempts=job.attempts)
            if seen is not None and same_content(track_file(row), as_stored(seen)):
                job_rows.end(connection, job.file_id)  # the change that asked for a second run is what was read
                return True
            if seen is not None and not row["rerun"]:
                update_file(connection, job.file_id, seen)
            self._end(connection, row)
        return True

    def fail(self, job: Job, reason: FailureReason, detail: str, *, retryable: bool) -> Status | None:
        """End the attempt without a result: FAILED, QUARANTINED, or None when it will be tried again.

        What cannot end otherwise on the same bytes has failed at once. A file that vanished is neither failed nor
        quarantined: either its deletion will be noticed, or the music folder is away and comes back.
        """
        with self._database.transaction() as connection:
            row = job_rows.running_attempt(connection, job.file_id, job.attempts)
            vanished = reason is FailureReason.VANISHED
            if row is None:
                return None
            if row["rerun"]:
                self._end(connection, row)
                return None
            if vanished or (retryable and job.attempts < self._max_attempts):
                self._wait(connection, row, reason, attempts=job.attempts - vanished)
                return None
            status = Status.QUARANTINED if retryable else Status.FAILED
            return self._give_up(connection, row, Analysis(job.file.path, status, reason, detail))

    def release(self, job: Job) -> None:
        """Give a claimed job back as if it had not been claimed: we stop, and it is not the file's fault."""
        with self._database.transaction() as connection:
            row = job_rows.running_attempt(connection, job.file_id, job.attempts)
            if row is None:
                return
            if row["rerun"]:
                self._end(connection, row)
            else:
                job_rows.give_back(connection, job.file_id)

    def recover_claimed(self) -> list[Culprit]:
        """Attribute the jobs that a former process left claimed; call once at start, under the instance lock.

        Each was being analyzed when the process died. It is tried again after a back-off, alone and reduced, and
        quarantined when its attempts are used up.
        """
        with self._database.transaction() as connection:
            return [self._attribute(connection, row) for row in job_rows.claimed(connection)]

    def counts(self) -> dict[str, int]:
        """Jobs by state; every state is there."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT state, n FROM counts WHERE of = 'job'").fetchall()
        return {row["state"]: row["n"] for row in rows}

    def oldest_enqueued_at(self) -> float | None:
        """When the job that is longest in the queue came in, or None when the queue is empty."""
        with self._database.read() as connection:
            oldest: float | None = connection.execute("SELECT min(enqueued_at) FROM jobs").fetchone()[0]
        return oldest

    def next_due_at(self) -> float | None:
        """When the next job can be claimed (in the past if at once), or None when there is none to claim."""
        with self._database.read() as connection:
            return min((float(row["due_at"]) for row in _firsts(connection)), default=None)

    def _due(self, connection: sqlite3.Connection, now: float) -> list[sqlite3.Row]:
        """The job to take of each lane that has one due, lanes in order."""
        # A clock that was set back must not stop the queue: no back-off reaches further than the longest.
        latest = now + self._longest_backoff_seconds
        return [row for row in _firsts(connection) if row["state"] == "queued" or not now < row["due_at"] <= latest]

    def _attribute(self, connection: sqlite3.Connection, row: sqlite3.Row) -> Culprit:
        path, attempts = track_file(row).path, row["attempts"]
        if row["rerun"]:
            self._end(connection, row)  # whatever killed us, those bytes are gone
        elif attempts < self._max_attempts:
            self._wait(connection, row, FailureReason.CRASHED, attempts=attempts)
        else:
            detail = f"the process died in each of {attempts} attempts; left alone until the file changes"
            self._give_up(connection, row, Analysis(path, Status.QUARANTINED, FailureReason.CRASHED, detail))
            return Culprit(path, attempts, quarantined=True)
        return Culprit(path, attempts, quarantined=False)

    def _wait(self, connection: sqlite3.Connection, row: sqlite3.Row, reason: FailureReason, *, attempts: int) -> None:
        doublings = min(max(attempts - 1, 0), 32)  # more overflow nothing but the float
        backoff_seconds = min(self._first_backoff_seconds * 2.0**doublings, self._longest_backoff_seconds)
        job_rows.hold_back(
            connection,
            row["file_id"],
            until=self._clock() + backoff_seconds,
            attempts=attempts,
            alone_reduced=reason is FailureReason.CRASHED,
            why=reason.value,
        )

    def _give_up(self, connection: sqlite3.Connection, row: sqlite3.Row, failure: Analysis) -> Status:
        # A job for some groups only recomputes unchanged content: its former numbers are still true.
        keep_measures = row["feature_groups"] is not None
        self._results.record_failure(row["file_id"], failure, attempts=row["attempts"], keep_measures=keep_measures)
        job_rows.end(connection, row["file_id"])
        return failure.status

    def _end(self, connection: sqlite3.Connection, row: sqlite3.Row) -> None:
        """The attempt is over: the job too, or it is due once more if the file changed meanwhile."""
        if row["rerun"]:
            job_rows.start_over(connection, row["file_id"], lane=LANES["event"], groups=None, now=self._clock())
        else:
            job_rows.end(connection, row["file_id"])


def _job(row: sqlite3.Row) -> Job:
    """The attempt that begins with the row as it was before."""
    return Job(
        row["file_id"],
        track_file(row),
        row["attempts"] + 1,
        bool(row["alone_reduced"]),
        job_rows.groups_in(row["feature_groups"]),
        row["enqueued_at"],
    )


def _firsts(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    rows = (job_rows.first_of_lane(connection, lane) for lane in sorted(set(LANES.values())))
    return [row for row in rows if row is not None]
