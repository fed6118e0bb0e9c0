"""A worker on a library of a test."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.daemon.worker import Worker
from playlista.library.comparisons import Comparisons
from playlista.memory.admission import Admission
from playlista.memory.budget import CapReason
from playlista.memory.cgroup import Cgroup
from playlista.memory.cleanup import Cleanup
from playlista.memory.configuration import fallback_configurations
from playlista.serve.metrics import Metrics
from tests.libraries import Parts


def worker_of(parts: Parts, music: Path, analyzer: AudioAnalyzer) -> Worker:
    """A worker with `analyzer`."""
    cleanup = Cleanup(enabled=False)
    return Worker(
        os.fspath(music),
        queue=parts.queue,
        store=parts.store,
        comparisons=Comparisons(parts.database, parts.store),
        analyzer=analyzer,
        admission=Admission(Cgroup(), fallback_configurations(3.0, 0), cleanup=cleanup.now),
        cleanup=cleanup,
        sampler=None,
        metrics=Metrics(version="0", cap_reasons=CapReason),
        stop=threading.Event(),
        wake=threading.Event(),
        music_is_there=lambda: True,
        wall_clock=parts.clock,
    )
