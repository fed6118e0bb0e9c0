"""The daemon: starts its components, and stops them in reverse.

Input: components that were made, see ``components``. Output: a running daemon, and an exit code when it ends. Watching
and serving have threads of their own; the worker has the main one, so that a signal only has to set a flag. The HTTP
server is the first to start, so that probes are answered whatever the library needs before work can begin.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack

import structlog

from playlista.daemon.components import Components
from playlista.daemon.data_guard import DataGuard
from playlista.daemon.evidence_views import EvidenceViews
from playlista.daemon.former_life import faults_recorded
from playlista.daemon.library_views import LibraryViews
from playlista.daemon.media_ids import made_media_ids
from playlista.daemon.music_views import MusicViews
from playlista.daemon.playlist_keeper import made_keeper
from playlista.daemon.playlist_views import PlaylistViews
from playlista.daemon.readings import Readings
from playlista.daemon.similar_views import SimilarViews
from playlista.daemon.startup import clear_up, enqueue_outdated, say_start
from playlista.daemon.stopping import Stopping
from playlista.errors import PlaylistaError
from playlista.library.database_errors import MisplacedError
from playlista.outputs.similarity.engine import Similarity
from playlista.serve.http import Application
from playlista.serve.server import Server
from playlista.serve.sockets import url_of

log = structlog.get_logger(__name__)


class Daemon:
    """Runs its components, once; what it starts is stopped by `resources`."""

    def __init__(self, components: Components, resources: ExitStack, *, guard: DataGuard, stopping: Stopping) -> None:
        self._components = components
        self._settings = components.settings
        self._resources = resources
        self._guard = guard
        self._stopping = stopping

    def run(self, application: Application, server: Server, sources: Mapping[str, str]) -> int:
        """Watch, answer in full and analyze until stopped; exit code 0.

        `sources` says where the values of settings come from, for people.

        Raises
        ------
        StoreError : the database was damaged, removed or replaced, or another daemon took the data folder over.
        """
        self._begin()
        application.open(self._readings(sources).views())
        self._resources.callback(server.stop)  # before the library is closed
        parts = self._components
        for part in (parts.watcher, parts.probe, parts.scrubber):
            part.start()
            self._resources.callback(part.stop)
        self._watch_the_stop()
        address = url_of(self._settings.listen_address, server.port) + self._settings.url_prefix
        music = os.fspath(self._settings.music_dir)
        log.info("daemon.started", open=address, music=music, port=server.port, pid=os.getpid())
        self._enqueue_outdated()
        self._start_cluster()
        parts.worker.run()
        self._guard.look()
        if self._guard.fatal is not None:
            raise self._guard.fatal
        if why := parts.database.misplaced():
            raise MisplacedError(why)
        log.info("daemon.stopped", why="asked to stop")
        return 0

    def run_once(self) -> int:
        """Scan, analyze all that is due; exit code 0, or 3 when some tracks failed or wait for another try."""
        self._begin()
        self._enqueue_outdated()
        self._watch_the_stop()
        parts = self._components
        verdict = parts.watcher.scan_once()
        if not verdict.trusted:
            raise PlaylistaError(verdict.why)
        self._start_cluster()
        unsuccessful = parts.worker.run(until_empty=True)
        reader = parts.reader()
        made_keeper(self._settings, reader, Similarity(reader, data_dir=self._settings.data_dir)).keep()
        return 3 if unsuccessful or parts.queue.next_due_at() is not None else 0

    def _readings(self, sources: Mapping[str, str]) -> Readings:
        parts = self._components
        reader, probe_reader, similarity_reader, playlist_reader = (parts.reader() for _ in range(4))
        self._guard.watch(reader)
        similarity = Similarity(similarity_reader, stopped=self._stopping.stop.is_set, data_dir=self._settings.data_dir)
        keeper = made_keeper(self._settings, playlist_reader, similarity)
        keeper.start()
        self._resources.callback(keeper.stop)
        library = LibraryViews(
            self._settings, reader, queue=parts.queue, writer=parts.database, wake=self._stopping.wake.set
        )
        readings = Readings(
            self._settings,
            reader,
            probe_reader,
            library=library,
            music=MusicViews(reader),
            similar=SimilarViews(reader, similarity),
            playlists=PlaylistViews(self._settings, reader, similarity, keeper),
            evidence=EvidenceViews(reader, library.file, stop=self._stopping.stop.is_set),
            media_ids=made_media_ids(self._settings, reader, self._resources),
            sources=sources,
            worker=parts.worker,
            watcher=parts.watcher,
            tagger=parts.equipment.tagger,
            metrics=parts.metrics,
            cgroup=parts.equipment.cgroup,
            probe=parts.probe,
            cluster=parts.cluster,
        )
        parts.metrics.read_from(readings.gauges())
        return readings

    def _begin(self) -> None:
        parts = self._components
        say_start(self._settings, parts.database, parts.equipment)
        clear_up(self._settings.data_dir, parts.queue, parts.metrics)
        self._resources.enter_context(faults_recorded(self._settings.data_dir))  # nothing is claimed before this
        parts.tag_keeper.begin()

    def _enqueue_outdated(self) -> None:
        parts = self._components
        enqueue_outdated(parts.store, parts.queue, parts.equipment.analyzer, stopped=self._stopping.stop.is_set)

    def _watch_the_stop(self) -> None:
        watchdog = self._components.watchdog
        watchdog.start()
        self._stopping.watched_by(watchdog.end_now, unwatch=watchdog.stop)

    def _start_cluster(self) -> None:
        cluster = self._components.cluster
        if cluster is not None:
            cluster.start()
            self._resources.callback(cluster.stop)
