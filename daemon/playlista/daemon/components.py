"""All components of one daemon, made and connected by hand; ``app`` starts them.

Input: settings, and what the process shares. Output: ``Components``: an open library, and parts that have not begun.
Some of them ask each other; such a question goes through a function that finds the other when it is asked.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import structlog

from playlista.analysis.equipment import Equipment
from playlista.config import Settings
from playlista.daemon.cluster_work import ClusterWork, made_cluster
from playlista.daemon.data_guard import DataGuard
from playlista.daemon.scrubber import made_scrubber
from playlista.daemon.startup import opened_library, watch_options
from playlista.daemon.stopping import Stopping
from playlista.daemon.storage_probe import StorageProbe
from playlista.daemon.tag_keeper import TagKeeper, made_tag_keeper
from playlista.daemon.watchdog import Watchdog
from playlista.daemon.worker import Worker
from playlista.daemon.worker_builder import WorkerBuilder
from playlista.library.database import Database, open_read_only
from playlista.library.files import Library
from playlista.library.queue import JobQueue
from playlista.library.results import Store
from playlista.memory.monitor import MemorySampler, read_memory
from playlista.serve.metrics import Metrics
from playlista.tracks import TrackFile
from playlista.watch.watcher import MusicWatcher

log = structlog.get_logger(__name__)


class Components:
    """The components; what they hold open is closed by `resources`.

    Parameters
    ----------
    guard : watches over the library from the moment it is open.
    stopping : the stop request that all of them share.
    config : the settings file that was named, for the children of a local cluster.

    Raises
    ------
    PlaylistaError : the library cannot be opened, or what the settings ask for cannot be had here.
    """

    def __init__(
        self,
        settings: Settings,
        resources: ExitStack,
        *,
        guard: DataGuard,
        metrics: Metrics,
        stopping: Stopping,
        config: Path | None,
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self._stop, self._wake = stopping.stop, stopping.wake
        self._resources = resources
        self.database = resources.enter_context(opened_library(settings))
        guard.watch(self.database)
        self.store = Store(self.database, clock=time.time)
        self.queue = self._made_queue()
        self.probe = StorageProbe(os.path.abspath(settings.music_dir), self._reading)
        self.equipment = self._made_equipment()
        self.cluster = self._made_cluster(config)
        self.tag_keeper = self._made_tag_keeper()
        self.worker = self._made_worker()
        self.scrubber = made_scrubber(settings, self.database, metrics.scrub, self.worker, self._queue_up)
        self.watcher = self._made_watcher()
        self.watchdog = Watchdog(
            self.worker, self.queue, self.probe, stop=self._stop, timeout_seconds=settings.track_timeout_seconds
        )

    def reader(self) -> Database:
        """A connection of its own for reading, until the daemon ends."""
        return self._resources.enter_context(open_read_only(self.database.path))

    def _made_queue(self) -> JobQueue:
        return JobQueue(
            self.database,
            self.store,
            clock=time.time,
            max_attempts=self.settings.max_attempts,
            first_backoff_seconds=self.settings.retry_backoff_seconds,
        )

    def _made_equipment(self) -> Equipment:
        equipment = Equipment(
            self.settings,
            stop=self._stop,
            cleanup_took=self.metrics.cleanup_took,
            paused=self.metrics.memory_pause,
            has_hung_since=self.probe.has_hung_since,
        )
        self.metrics.runtime_chosen(equipment.tagger.runtime, equipment.kernels.name)
        return equipment

    def _made_cluster(self, config: Path | None) -> ClusterWork | None:
        return made_cluster(
            self.settings,
            self.equipment,
            self.queue,
            self.store,
            self.metrics,
            may_claim=self._music_is_there,
            config=config,
        )

    def _made_tag_keeper(self) -> TagKeeper:
        return made_tag_keeper(
            self.settings,
            self.database,
            self.store,
            cgroup=self.equipment.cgroup,
            ended=self.metrics.tags.looked_at,
            stop=self._stop.is_set,
        )

    def _made_worker(self) -> Worker:
        return WorkerBuilder(
            settings=self.settings,
            database=self.database,
            store=self.store,
            queue=self.queue,
            analyzer=self.equipment.analyzer,
            admission=self.equipment.admission,
            cleanup=self.equipment.cleanup,
            metrics=self.metrics,
            tag_keeper=self.tag_keeper,
            sampler=self._made_sampler(),
            stop=self._stop,
            wake=self._wake,
            music_is_there=self._music_is_there,
            remote=self.cluster,
        ).build()

    def _made_sampler(self) -> MemorySampler | None:
        if not self.settings.memory_monitoring_enabled:
            return None
        return self._resources.enter_context(MemorySampler(lambda: read_memory(self.equipment.cgroup)))

    def _made_watcher(self) -> MusicWatcher:
        return MusicWatcher(
            os.fspath(self.settings.music_dir),
            Library(self.database),
            self._enqueue,
            watch_options(self.settings),
            count=self.metrics.watch_event,
            rescanned=self._retry_unreadable,
            stopping=self._stop,
        )

    def _reading(self) -> str | None:
        return self.worker.current or self.scrubber.reading

    def _music_is_there(self) -> bool:
        return self.watcher.health().music_present and self.probe.trouble is None

    def _enqueue(self, files: Iterable[TrackFile], cause: Literal["event", "scan"]) -> int:
        return self._queue_up(self.scrubber.to_analyze(files), cause)

    def _queue_up(self, files: Iterable[TrackFile], cause: Literal["event", "scan"]) -> int:
        due = self.queue.enqueue(files, cause)
        if due:
            self.metrics.tracks_discovered(due)
            self._wake.set()
        return due

    def _retry_unreadable(self) -> None:
        if count := self.queue.enqueue_unreadable():
            log.info("tracks.unreadable_retried", tracks=count)
            self._wake.set()
