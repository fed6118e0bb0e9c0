"""Puts a worker process together: the analysis as in the daemon, its own metrics and probes, its place in the cluster.

Input: settings, the place and the stop signals. Output: an exit code. There is no library and no watcher here.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import fields
from typing import Any

from playlista import __version__
from playlista.analysis.equipment import Equipment
from playlista.analysis.file_attempt import FileAttempt
from playlista.cluster.kinship import kinship_of
from playlista.cluster.requests import Requests
from playlista.cluster.worker import ClusterWorker, Place, Progress
from playlista.config import Settings
from playlista.errors import PlaylistaError
from playlista.memory.budget import CapReason
from playlista.serve.cluster_metrics import WorkerCounters
from playlista.serve.errors import NotFoundError
from playlista.serve.http import Application, http_rules
from playlista.serve.memory_reading import memory_reading
from playlista.serve.metrics import Metrics
from playlista.serve.scrape import Gauges
from playlista.serve.server import serving
from playlista.serve.views import Views
from playlista.system.stop_signals import StopSignals, end_at_once


class Node:
    """The parts of one worker process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.progress = Progress()
        self.metrics = Metrics(version=__version__, cap_reasons=CapReason)
        self._counters = WorkerCounters(self.metrics.registry)
        self._equipment = Equipment(
            settings,
            stop=self.progress.abandoned,
            cleanup_took=self.metrics.cleanup_took,
            paused=self.metrics.memory_pause,
        )
        self.metrics.runtime_chosen(self._equipment.tagger.runtime, self._equipment.kernels.name)
        self.metrics.read_from(Gauges(memory=lambda: memory_reading(settings, self._equipment.cgroup)))

    def requests(self) -> Requests:
        """What answers a daemon."""
        equipment = self._equipment
        return Requests(
            os.path.abspath(self._settings.music_dir),
            kinship_of(self._settings, equipment.analyzer, equipment.tagger, equipment.mood_model),
            analyzer=equipment.analyzer,
            admission=equipment.admission,
            stop=self.progress.abandoned.is_set,
            began=self._counters.began,
            ended=self._ended,
        )

    def views(self) -> Views:
        """What its HTTP server answers: probes and metrics."""

        def not_here(*_: object) -> Any:
            raise NotFoundError("this is a worker, which has no library; ask the daemon")

        elsewhere: dict[str, Any] = dict.fromkeys((field.name for field in fields(Views)), not_here)
        return Views(**elsewhere | {"metrics": self.metrics.page, "not_ready": self.progress.not_ready})

    def _ended(self, done: FileAttempt | None) -> None:
        self._equipment.cleanup.after_track()
        self._counters.ended("released" if done is None else "failure" if done.seen is None else "result")


def run_worker(settings: Settings, place: Place, signals: StopSignals) -> int:
    """Work for the scheduler at `place` until stopped; the exit code.

    Raises
    ------
    PlaylistaError : it cannot start: folder, port, runtime, dask.
    """
    if not os.path.isdir(settings.music_dir):
        raise PlaylistaError(f"{settings.music_dir}: no such folder; set MUSIC_DIR or --music to your music")
    node = Node(settings)
    worker = ClusterWorker(place, node.requests(), node.progress, grace_seconds=settings.cluster_grace_seconds)
    signals.follow(worker.ask_to_stop, end_at_once)
    with ExitStack() as resources:
        application = Application(node.views(), http_rules(settings))
        resources.enter_context(serving(settings.listen_address, application))
        return worker.run()
