"""A worker on a library of a test."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.file_attempt import FileAttempts
from playlista.analysis.reuse import Reuse
from playlista.analysis.track_analysis import TrackAnalysis
from playlista.config import Settings
from playlista.daemon.comparer import Comparer
from playlista.daemon.copy_finder import CopyFinder
from playlista.daemon.failures import Failures
from playlista.daemon.job_runner import JobRunner
from playlista.daemon.mood_filler import MoodFiller
from playlista.daemon.tag_filler import TagFiller
from playlista.daemon.tag_keeper import made_tag_keeper
from playlista.daemon.worker import Worker
from playlista.library.comparisons import Comparisons
from playlista.library.due_moods import DueMoods
from playlista.library.due_tags import DueTags
from playlista.memory.admission import Admission
from playlista.memory.budget import CapReason
from playlista.memory.cgroup import Cgroup
from playlista.memory.cleanup import Cleanup
from playlista.memory.configuration import fallback_configurations
from playlista.serve.metrics import Metrics
from tests.libraries import Parts


def worker_of(parts: Parts, music: Path, analyzer: AudioAnalyzer) -> Worker:
    """A worker with `analyzer`."""
    cleanup, stop = Cleanup(enabled=False), threading.Event()
    metrics = Metrics(version="0", cap_reasons=CapReason)
    reuse = Reuse(parts.store, analyzer)
    failures = Failures(parts.queue, metrics, parts.clock, recheck_ffmpeg=analyzer.recheck_ffmpeg)
    attempts = FileAttempts(
        os.fspath(music),
        analysis=TrackAnalysis(reuse, analyzer),
        analyzer=analyzer,
        admission=Admission(Cgroup(), fallback_configurations(3.0, 0), cleanup=cleanup.now),
        stop=stop.is_set,
    )
    runner = JobRunner(
        attempts,
        queue=parts.queue,
        failures=failures,
        cleanup=cleanup,
        sampler=None,
        metrics=metrics,
        wall_clock=parts.clock,
    )
    comparer = Comparer(
        os.fspath(music),
        comparisons=Comparisons(parts.database, parts.store),
        reuse=reuse,
        analyzer=analyzer,
        kept=metrics.track_kept,
        stop=stop.is_set,
    )
    return Worker(
        parts.queue,
        runner=runner,
        comparer=comparer,
        tag_filler=TagFiller(os.fspath(music), DueTags(parts.database, parts.store), stop=stop.is_set),
        tag_keeper=made_tag_keeper(
            Settings(music_dir=music),
            parts.database,
            parts.store,
            cgroup=Cgroup(),
            ended=metrics.tags_looked_at,
            stop=stop.is_set,
        ),
        mood_filler=MoodFiller(DueMoods(parts.database, parts.store), stop=stop.is_set),
        copy_finder=CopyFinder(parts.database, stop=stop.is_set),
        failures=failures,
        stop=stop,
        wake=threading.Event(),
        music_is_there=lambda: True,
        wall_clock=parts.clock,
    )
