"""What the daemon shows of itself while it works: readings for metrics, readiness and the API.

What enters: the rooms, asked only for what they know already. What leaves: numbers and plain types, from whatever
thread asks; the database is read over a connection of its own, so that no scrape waits for the worker's writes.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from playlista.analysis.tagger import Tagger
from playlista.config import Settings
from playlista.daemon.status import failure_reports, read_progress
from playlista.daemon.worker import Worker
from playlista.library.database import Database
from playlista.library.database_errors import why_unwritable
from playlista.library.queue import JobQueue
from playlista.library.results import Store
from playlista.library.summaries import Overview
from playlista.memory.budget import TrackBudget
from playlista.memory.cgroup import Cgroup
from playlista.memory.monitor import read_memory
from playlista.serve.http import Views
from playlista.serve.metrics import DiskReading, Gauges, MemoryReading, Metrics, QueueReading, WatchReading
from playlista.tracks import Status
from playlista.watch.watcher import MusicWatcher

#: Failures that the API and the page show.
SHOWN_FAILURES = 100
#: Results in memory at a time while a list of them is sent, some 50 KB each.
STREAMED_ROWS = 20


class Readings:
    """All that can be asked of a running daemon.

    Parameters
    ----------
    database : a connection for reading.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        queue: JobQueue,
        worker: Worker,
        watcher: MusicWatcher,
        tagger: Tagger,
        metrics: Metrics,
        cgroup: Cgroup,
    ) -> None:
        self._settings = settings
        self._database = database
        self._overview = Overview(database)
        self._store = Store(database, clock=time.time)
        self._queue = queue
        self._worker = worker
        self._watcher = watcher
        self._tagger = tagger
        self._metrics = metrics
        self._cgroup = cgroup

    def gauges(self) -> Gauges:
        """What metrics read at every scrape."""
        return Gauges(self._read_queue, self._read_memory, self._read_watch, self._read_disk)

    def views(self) -> Views:
        """What the HTTP room may ask."""
        return Views(
            metrics=self._metrics.page,
            not_ready=self.not_ready,
            status=self._status,
            track=self._track,
            tracks=self._tracks,
            failures=lambda: failure_reports(self._overview, limit=SHOWN_FAILURES),
        )

    def not_ready(self) -> str | None:
        """Why the daemon cannot do its work, in one line; None when it can."""
        health = self._watcher.health()
        if self._tagger.is_wanted and self._tagger.accumulator is None:
            return f"tags: {self._tagger.why}"
        trouble = self._database.misplaced() or self._worker.trouble
        return trouble or why_unwritable(self._settings.data_dir) or health.problem

    def _read_queue(self) -> QueueReading:
        return QueueReading(self._overview.job_counts(), self._queue.oldest_enqueued_at(), self._overview.counts())

    def _read_memory(self) -> MemoryReading:
        memory = read_memory(self._cgroup)
        return MemoryReading(
            resident_bytes=memory.resident_bytes,
            peak_bytes=memory.peak_resident_bytes,
            limit_bytes=memory.limit_bytes,
            working_set_bytes=memory.working_set_bytes,
            budget_bytes=TrackBudget.of(
                max_mb=self._settings.memory_optimized_max_mb_per_track,
                limit_percent=self._settings.memory_optimized_memory_limit_percent,
                limit_bytes=memory.limit_bytes,
            ).budget_bytes,
            oom_kills=memory.oom_kills,
        )

    def _read_watch(self) -> WatchReading:
        health = self._watcher.health()
        mode = health.mode if health.alive and health.music_present else ""
        return WatchReading(mode, self._watcher.overflows, health.ignored)

    def _read_disk(self) -> DiskReading:
        disk = shutil.disk_usage(self._settings.data_dir)
        return DiskReading(free_bytes=disk.free, size_bytes=disk.total)

    def _status(self) -> dict[str, Any]:
        report = read_progress(self._database, self._settings, now=time.time())
        return {
            **report,
            "current": self._worker.current,
            "runtime": self._tagger.runtime,
            "watch_mode": self._watcher.health().mode,
            "not_ready": self.not_ready(),
        }

    def _track(self, path: str) -> dict[str, Any] | None:
        analysis = self._store.get(path)
        return None if analysis is None else analysis.to_json()

    def _tracks(self, status: Status | None, after: str, limit: int) -> Iterator[dict[str, Any]]:
        """At most `limit` result objects, with STREAMED_ROWS of them in memory."""
        found = self._store.iterate(status=status, after=after, page_rows=min(limit, STREAMED_ROWS))
        return (analysis.to_json() for analysis in islice(found, limit))
