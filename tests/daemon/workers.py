"""A worker on a library of a test."""

from __future__ import annotations

import threading
from pathlib import Path

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.config import Settings
from playlista.daemon.tag_keeper import made_tag_keeper
from playlista.daemon.worker import Remote, Worker
from playlista.daemon.worker_builder import WorkerBuilder
from playlista.memory.admission import Admission
from playlista.memory.budget import CapReason
from playlista.memory.cgroup import Cgroup
from playlista.memory.cleanup import Cleanup
from playlista.memory.configuration import fallback_configurations
from playlista.serve.metrics import Metrics
from tests.libraries import Parts


def worker_of(parts: Parts, music: Path, analyzer: AudioAnalyzer, remote: Remote | None = None) -> Worker:
    """A worker with `analyzer`, or one that leaves the tracks to `remote`."""
    settings, stop = Settings(music_dir=music), threading.Event()
    cgroup, cleanup = Cgroup(), Cleanup(enabled=False)
    metrics = Metrics(version="0", cap_reasons=CapReason)
    tag_keeper = made_tag_keeper(
        settings, parts.database, parts.store, cgroup=cgroup, ended=metrics.tags.looked_at, stop=stop.is_set
    )
    return WorkerBuilder(
        settings=settings,
        database=parts.database,
        store=parts.store,
        queue=parts.queue,
        analyzer=analyzer,
        admission=Admission(cgroup, fallback_configurations(3.0, 0), cleanup=cleanup.now),
        cleanup=cleanup,
        metrics=metrics,
        tag_keeper=tag_keeper,
        sampler=None,
        stop=stop,
        wake=threading.Event(),
        music_is_there=lambda: True,
        remote=remote,
        wall_clock=parts.clock,
    ).build()
