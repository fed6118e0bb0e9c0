"""The daemon: builds its components by hand, starts them, and stops them in reverse.

Input: settings. Output: a running daemon, and an exit code when it ends. Watching and serving have threads of their
own; the worker has the main one, so that a signal only has to set a flag. The HTTP server is the first to start, so
that probes are answered whatever the library needs before work can begin.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import structlog

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.equipment import Equipment
from playlista.analysis.file_attempt import FileAttempts
from playlista.analysis.reuse import Reuse
from playlista.analysis.track_analysis import TrackAnalysis
from playlista.config import Settings
from playlista.daemon.cluster_work import made_cluster
from playlista.daemon.comparer import Comparer
from playlista.daemon.copy_finder import CopyFinder
from playlista.daemon.data_guard import DataGuard
from playlista.daemon.failures import Failures
from playlista.daemon.former_life import faults_recorded
from playlista.daemon.job_runner import JobRunner
from playlista.daemon.library_views import LibraryViews
from playlista.daemon.media_ids import made_media_ids
from playlista.daemon.mood_filler import MoodFiller
from playlista.daemon.music_views import MusicViews
from playlista.daemon.playlist_keeper import made_keeper
from playlista.daemon.playlist_views import PlaylistViews
from playlista.daemon.readings import Readings
from playlista.daemon.scrubber import made_scrubber
from playlista.daemon.similar_views import SimilarViews
from playlista.daemon.startup import clear_up, enqueue_outdated, opened_library, say_start, watch_options
from playlista.daemon.stopping import Stopping
from playlista.daemon.storage_probe import StorageProbe
from playlista.daemon.tag_filler import TagFiller
from playlista.daemon.tag_keeper import made_tag_keeper
from playlista.daemon.watchdog import Watchdog
from playlista.daemon.worker import Worker
from playlista.errors import PlaylistaError
from playlista.library.comparisons import Comparisons
from playlista.library.database import Database, open_read_only
from playlista.library.database_errors import MisplacedError
from playlista.library.due_moods import DueMoods
from playlista.library.due_tags import DueTags
from playlista.library.files import Library
from playlista.library.queue import JobQueue
from playlista.library.results import Store
from playlista.memory.monitor import MemorySampler, read_memory
from playlista.outputs.similarity.engine import Similarity
from playlista.serve.http import Application
from playlista.serve.metrics import Metrics
from playlista.serve.server import Server
from playlista.serve.sockets import url_of
from playlista.tracks import TrackFile
from playlista.watch.watcher import MusicWatcher

log = structlog.get_logger(__name__)


class Daemon:
    """All components of one daemon; what they hold open is closed by `resources`."""

    def __init__(
        self,
        settings: Settings,
        resources: ExitStack,
        *,
        guard: DataGuard,
        metrics: Metrics,
        stopping: Stopping,
        sources: Mapping[str, str],
        config: Path | None = None,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._metrics = metrics
        self._stopping = stopping
        self._stop, self._wake = stopping.stop, stopping.wake
        self._guard = guard
        self._database = resources.enter_context(opened_library(settings))
        guard.watch(self._database)
        self._store = Store(self._database, clock=time.time)
        self._queue = JobQueue(
            self._database,
            self._store,
            clock=time.time,
            max_attempts=settings.max_attempts,
            first_backoff_seconds=settings.retry_backoff_seconds,
        )
        self._probe = StorageProbe(
            os.path.abspath(settings.music_dir), lambda: self._worker.current or self._scrubber.reading
        )
        self._equipment = Equipment(
            settings,
            stop=self._stop,
            cleanup_took=metrics.cleanup_took,
            paused=metrics.memory_pause,
            has_hung_since=self._probe.has_hung_since,
        )
        self._metrics.runtime_chosen(self._equipment.tagger.runtime)
        self._sampler = self._made_sampler(resources)
        self._cluster = made_cluster(
            settings,
            self._equipment,
            self._queue,
            self._store,
            metrics,
            may_claim=self._music_is_there,
            config=config,
        )
        self._tag_keeper = made_tag_keeper(
            settings,
            self._database,
            self._store,
            cgroup=self._equipment.cgroup,
            ended=self._metrics.tags_looked_at,
            stop=self._stop.is_set,
        )
        self._worker = self._made_worker()
        self._scrubber = made_scrubber(settings, self._database, metrics.scrub, self._worker, self._queue_up)
        self._watcher = self._made_watcher()
        self._watchdog = Watchdog(
            self._worker, self._queue, self._probe, stop=self._stop, timeout_seconds=settings.track_timeout_seconds
        )
        self._resources = resources

    def run(self, application: Application, server: Server) -> int:
        """Watch, answer in full and analyze until stopped; exit code 0.

        Raises
        ------
        StoreError : the database was damaged, removed or replaced, or another daemon took the data folder over.
        """
        self._begin()
        application.open(self._readings().views())
        self._resources.callback(server.stop)  # before the library is closed
        for part in (self._watcher, self._probe, self._scrubber):
            part.start()
            self._resources.callback(part.stop)
        self._watch_the_stop()
        address = url_of(self._settings.listen_address, server.port) + self._settings.url_prefix
        music = os.fspath(self._settings.music_dir)
        log.info("daemon.started", open=address, music=music, port=server.port, pid=os.getpid())
        enqueue_outdated(self._store, self._queue, self._equipment.analyzer, stopped=self._stop.is_set)
        self._start_cluster()
        self._worker.run()
        self._guard.look()
        if self._guard.fatal is not None:
            raise self._guard.fatal
        if why := self._database.misplaced():
            raise MisplacedError(why)
        log.info("daemon.stopped", why="asked to stop")
        return 0

    def _readings(self) -> Readings:
        reader, probe_reader, similarity_reader, playlist_reader = (self._reader() for _ in range(4))
        self._guard.watch(reader)
        similarity = Similarity(similarity_reader, stopped=self._stop.is_set)
        keeper = made_keeper(self._settings, playlist_reader, similarity)
        keeper.start()
        self._resources.callback(keeper.stop)
        readings = Readings(
            self._settings,
            reader,
            probe_reader,
            library=LibraryViews(self._settings, reader, queue=self._queue, writer=self._database, wake=self._wake.set),
            music=MusicViews(reader),
            similar=SimilarViews(reader, similarity),
            playlists=PlaylistViews(self._settings, reader, similarity, keeper),
            media_ids=made_media_ids(self._settings, reader, self._resources),
            sources=self._sources,
            worker=self._worker,
            watcher=self._watcher,
            tagger=self._equipment.tagger,
            metrics=self._metrics,
            cgroup=self._equipment.cgroup,
            probe=self._probe,
            cluster=self._cluster,
        )
        self._metrics.read_from(readings.gauges())
        return readings

    def _reader(self) -> Database:
        """A connection of its own for reading, until the daemon ends."""
        return self._resources.enter_context(open_read_only(self._database.path))

    def run_once(self) -> int:
        """Scan, analyze all that is due; exit code 0, or 3 when some tracks failed or wait for another try."""
        self._begin()
        enqueue_outdated(self._store, self._queue, self._equipment.analyzer, stopped=self._stop.is_set)
        self._watch_the_stop()
        verdict = self._watcher.scan_once()
        if not verdict.trusted:
            raise PlaylistaError(verdict.why)
        self._start_cluster()
        unsuccessful = self._worker.run(until_empty=True)
        reader = self._reader()
        made_keeper(self._settings, reader, Similarity(reader)).keep()
        return 3 if unsuccessful or self._queue.next_due_at() is not None else 0

    def _begin(self) -> None:
        say_start(self._settings, self._equipment.cgroup, self._database, self._equipment.tagger)
        clear_up(self._settings.data_dir, self._queue, self._metrics)
        self._resources.enter_context(faults_recorded(self._settings.data_dir))  # nothing is claimed before this
        self._tag_keeper.begin()

    def _watch_the_stop(self) -> None:
        self._watchdog.start()
        self._stopping.watched_by(self._watchdog.end_now, unwatch=self._watchdog.stop)

    def _made_sampler(self, resources: ExitStack) -> MemorySampler | None:
        if not self._settings.memory_monitoring_enabled:
            return None
        return resources.enter_context(MemorySampler(lambda: read_memory(self._equipment.cgroup)))

    def _music_is_there(self) -> bool:
        return self._watcher.health().music_present and self._probe.trouble is None

    def _start_cluster(self) -> None:
        if self._cluster is not None:
            self._cluster.start()
            self._resources.callback(self._cluster.stop)

    def _made_worker(self) -> Worker:
        settings, analyzer = self._settings, self._equipment.analyzer
        reuse = Reuse(self._store, analyzer)
        failures = Failures(self._queue, self._metrics, time.time, recheck_ffmpeg=analyzer.recheck_ffmpeg)
        music_dir = os.path.abspath(settings.music_dir)
        attempts = FileAttempts(
            music_dir,
            analysis=TrackAnalysis(reuse, analyzer),
            analyzer=analyzer,
            admission=self._equipment.admission,
            stop=self._stop.is_set,
        )
        runner = JobRunner(
            attempts,
            queue=self._queue,
            failures=failures,
            cleanup=self._equipment.cleanup,
            sampler=self._sampler,
            metrics=self._metrics,
        )
        return Worker(
            self._queue,
            runner=runner,
            comparer=self._made_comparer(music_dir, reuse, analyzer),
            tag_filler=TagFiller(music_dir, DueTags(self._database, self._store), stop=self._stop.is_set),
            tag_keeper=self._tag_keeper,
            mood_filler=MoodFiller(DueMoods(self._database, self._store), stop=self._stop.is_set),
            copy_finder=CopyFinder(self._database, stop=self._stop.is_set),
            failures=failures,
            stop=self._stop,
            wake=self._wake,
            music_is_there=self._music_is_there,
            remote=self._cluster,
            is_local=self._cluster is None or settings.cluster_local_too,
        )

    def _made_comparer(self, music_dir: str, reuse: Reuse, analyzer: AudioAnalyzer) -> Comparer:
        return Comparer(
            music_dir,
            comparisons=Comparisons(self._database, self._store),
            reuse=reuse,
            analyzer=analyzer,
            kept=self._metrics.track_kept,
            stop=self._stop.is_set,
        )

    def _made_watcher(self) -> MusicWatcher:
        settings = self._settings
        return MusicWatcher(
            os.fspath(settings.music_dir),
            Library(self._database),
            self._enqueue,
            watch_options(settings),
            count=self._metrics.watch_event,
            rescanned=self._retry_unreadable,
            stopping=self._stop,
        )

    def _enqueue(self, files: Iterable[TrackFile], cause: Literal["event", "scan"]) -> int:
        return self._queue_up(self._scrubber.held_back(files), cause)

    def _queue_up(self, files: Iterable[TrackFile], cause: Literal["event", "scan"]) -> int:
        due = self._queue.enqueue(files, cause)
        if due:
            self._metrics.tracks_discovered(due)
            self._wake.set()
        return due

    def _retry_unreadable(self) -> None:
        if count := self._queue.enqueue_unreadable():
            log.info("tracks.unreadable_retried", tracks=count)
            self._wake.set()
