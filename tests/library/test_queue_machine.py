"""The queue under any order of calls, restarts and crashes: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from playlista.errors import FailureReason
from playlista.library.jobs import Job
from playlista.library.queue import LONGEST_BACKOFF_SECONDS
from playlista.tracks import TrackFile
from tests.exhaustive import examples
from tests.libraries import MAX_ATTEMPTS, Clock, analysis_of, open_parts, quick_check, track_file

PATHS = st.sampled_from(["a.mp3", "c/\udcff\n.mp3"])  # few, so that they meet
CONTENTS = st.integers(1, 3)
CAUSES = st.sampled_from(["event", "scan", "outdated", "retry"])
GROUPS = st.none() | st.frozensets(st.sampled_from(["rhythm", "tonal"]), min_size=1)


class Queue(RuleBasedStateMachine):
    """The rules are what the watcher, the worker, the user and the power supply may do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="playlista-queue-"))
        self.clock = Clock()
        self.process = ExitStack()
        self.parts = self.process.enter_context(open_parts(self.folder, self.clock, synced=False))
        self.running: Job | None = None
        self.runs = 0
        #: What must be known: the content last enqueued by path, and the BPM of the last result by row.
        self.contents: dict[str, TrackFile] = {}
        self.results: dict[int, float] = {}
        #: The size of the bytes on which there was a verdict last, by row.
        self.judged: dict[int, int] = {}
        #: Rows whose job was told of another content, and whether the running one was since its claim.
        self.changed: set[int] = set()
        self.changed_meanwhile = False

    def teardown(self) -> None:
        self.process.close()
        for left in self.folder.iterdir():
            left.unlink()
        self.folder.rmdir()

    @rule(path=PATHS, content=CONTENTS, cause=CAUSES, groups=GROUPS)
    def enqueue(self, path: str, content: int, cause: str, groups: frozenset[str] | None) -> None:
        file = track_file(path, content=content, inode=content)
        known = self.parts.library.get(path)
        if known is not None and known.file != file:
            self.changed.add(known.file_id)
            self.changed_meanwhile |= self.running is not None and self.running.file_id == known.file_id
        self.parts.queue.enqueue([file], cause, groups=groups)  # type: ignore[arg-type]
        self.contents[path] = file

    @precondition(lambda self: self.running is None)
    @rule()
    def claim(self) -> None:
        due = self.parts.overview.job_counts()["queued"] > 0
        self.running, self.changed_meanwhile = self.parts.queue.claim(), False
        assert self.running is not None or not due
        if self.running is not None:
            assert self.running.file == self.contents[self.running.file.path]
            assert 1 <= self.running.attempts <= MAX_ATTEMPTS

    @precondition(lambda self: self.running is not None)
    @rule()
    def finish(self) -> None:
        job, self.running = self.running, None
        assert job is not None
        self.runs += 1
        known = self.parts.library.by_id(job.file_id) is not None
        assert self.parts.queue.finish(job, analysis_of("whatever", bpm=self.runs)) == known
        if known:
            self.results[job.file_id] = self.runs
            self.judged[job.file_id] = job.file.size_bytes
            if not self.changed_meanwhile:
                self.changed.discard(job.file_id)

    @precondition(lambda self: self.running is not None)
    @rule(reason=st.sampled_from(list(FailureReason)), retryable=st.booleans())
    def fail(self, reason: FailureReason, retryable: bool) -> None:
        job, self.running = self.running, None
        assert job is not None
        if self.parts.queue.fail(job, reason, "why", retryable=retryable) is not None:
            self.given_up(job)

    @precondition(lambda self: self.running is not None)
    @rule()
    def stop_in_the_middle(self) -> None:
        job, self.running = self.running, None
        assert job is not None
        self.parts.queue.release(job)

    @rule()
    def die_and_start_again(self) -> None:
        job, self.running = self.running, None
        self.process.close()
        self.parts = self.process.enter_context(open_parts(self.folder, self.clock, synced=False))
        crashed = self.parts.queue.recover_claimed()
        still_known = job is not None and self.parts.library.by_id(job.file_id) is not None
        assert len(crashed) == still_known
        if job is not None and crashed and crashed[0].quarantined:
            self.given_up(job)

    def given_up(self, job: Job) -> None:
        self.judged[job.file_id] = job.file.size_bytes
        if job.file_id in self.changed:  # numbers of other bytes are no result of these
            self.results.pop(job.file_id, None)
        self.changed.discard(job.file_id)

    @rule(path=PATHS)
    def delete(self, path: str) -> None:
        known = self.parts.library.get(path)
        if known is not None:
            self.parts.library.forget([known.file_id])
            self.results.pop(known.file_id, None)
            del self.contents[path]

    @rule(old=PATHS, new=PATHS)
    def rename(self, old: str, new: str) -> None:
        known = self.parts.library.get(old)
        if known is None or new in self.contents:
            return
        file = self.contents.pop(old)
        self.contents[new] = TrackFile(new, file.device, file.inode, file.size_bytes, file.mtime_ns)
        self.parts.library.move([(known.file_id, self.contents[new])])

    @rule()
    def ask_for_a_retry_of_all(self) -> None:
        self.parts.queue.retry_all()

    @rule(seconds=st.sampled_from([1.0, LONGEST_BACKOFF_SECONDS, -1e8]))
    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def every_file_has_a_job_or_a_result(self) -> None:
        with self.parts.database.read() as connection:
            forgotten = connection.execute(
                """SELECT path FROM files WHERE status IS NULL AND id NOT IN (SELECT file_id FROM jobs)"""
            ).fetchall()
        assert forgotten == []

    @invariant()
    def a_file_without_a_job_has_a_verdict_on_its_present_content(self) -> None:
        with self.parts.database.read() as connection:
            idle = connection.execute(
                "SELECT id, size_bytes FROM files WHERE id NOT IN (SELECT file_id FROM jobs)"
            ).fetchall()
        assert {row["id"]: row["size_bytes"] for row in idle} == {row["id"]: self.judged.get(row["id"]) for row in idle}

    @invariant()
    def exactly_the_enqueued_files_are_known(self) -> None:
        assert {known.file.path: known.file for known in self.parts.library.page()} == self.contents

    @invariant()
    def only_the_running_attempt_is_claimed(self) -> None:
        known = self.running is not None and self.parts.library.by_id(self.running.file_id) is not None
        assert self.parts.overview.job_counts()["claimed"] == known

    @invariant()
    def results_are_those_of_the_last_finished_attempts(self) -> None:
        with self.parts.database.read() as connection:
            rows = connection.execute("SELECT file_id, bpm FROM analyses WHERE bpm IS NOT NULL").fetchall()
        assert {row["file_id"]: row["bpm"] for row in rows} == self.results

    @invariant()
    def the_kept_counts_are_the_counted_ones(self) -> None:
        with self.parts.database.read() as connection:
            jobs = dict(connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
            files = dict(
                connection.execute("SELECT coalesce(status, 'unanalyzed'), count(*) FROM files GROUP BY status")
            )
        assert {state: n for state, n in self.parts.overview.job_counts().items() if n} == jobs
        assert {state: n for state, n in self.parts.overview.counts().items() if n} == files

    @invariant()
    def the_database_is_sound(self) -> None:
        assert quick_check(self.parts.database) == []


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=examples(60), stateful_step_count=50)
