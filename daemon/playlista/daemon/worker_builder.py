"""Puts the worker together with all that it works with: the attempts, what is compared, and what is filled in between.

Input: an open library, what analyzes, and whom to tell. Output: a ``Worker`` that has not begun.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

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
from playlista.daemon.tag_keeper import TagKeeper
from playlista.daemon.worker import Remote, Worker
from playlista.library.comparisons import Comparisons
from playlista.library.database import Database
from playlista.library.due_moods import DueMoods
from playlista.library.due_tags import DueTags
from playlista.library.queue import JobQueue
from playlista.library.results import Store
from playlista.memory.admission import Admission
from playlista.memory.cleanup import Cleanup
from playlista.memory.monitor import MemorySampler
from playlista.serve.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerBuilder:
    """What a worker is made from.

    tag_keeper : writes tags for the same library.
    sampler : knows the peak of each track; None with MEMORY_MONITORING_ENABLED=false.
    stop, wake, music_is_there, remote, wall_clock : see ``Worker``.
    """

    settings: Settings
    database: Database
    store: Store
    queue: JobQueue
    analyzer: AudioAnalyzer
    admission: Admission
    cleanup: Cleanup
    metrics: Metrics
    tag_keeper: TagKeeper
    sampler: MemorySampler | None
    stop: threading.Event
    wake: threading.Event
    music_is_there: Callable[[], bool]
    remote: Remote | None = None
    wall_clock: Callable[[], float] = time.time

    def build(self) -> Worker:
        """The worker."""
        reuse = Reuse(self.store, self.analyzer)
        failures = Failures(self.queue, self.metrics, self.wall_clock, recheck_ffmpeg=self.analyzer.recheck_ffmpeg)
        return Worker(
            self.queue,
            runner=self._runner(reuse, failures),
            comparer=self._comparer(reuse),
            tag_filler=TagFiller(self._music_dir, DueTags(self.database, self.store), stop=self.stop.is_set),
            tag_keeper=self.tag_keeper,
            mood_filler=MoodFiller(DueMoods(self.database, self.store), stop=self.stop.is_set),
            copy_finder=CopyFinder(self.database, stop=self.stop.is_set),
            failures=failures,
            stop=self.stop,
            wake=self.wake,
            music_is_there=self.music_is_there,
            remote=self.remote,
            is_local=self.remote is None or self.settings.cluster_local_too,
            wall_clock=self.wall_clock,
        )

    @property
    def _music_dir(self) -> str:
        return os.path.abspath(self.settings.music_dir)

    def _runner(self, reuse: Reuse, failures: Failures) -> JobRunner:
        attempts = FileAttempts(
            self._music_dir,
            analysis=TrackAnalysis(reuse, self.analyzer),
            analyzer=self.analyzer,
            admission=self.admission,
            stop=self.stop.is_set,
        )
        return JobRunner(
            attempts,
            queue=self.queue,
            failures=failures,
            cleanup=self.cleanup,
            sampler=self.sampler,
            metrics=self.metrics,
            wall_clock=self.wall_clock,
        )

    def _comparer(self, reuse: Reuse) -> Comparer:
        return Comparer(
            self._music_dir,
            comparisons=Comparisons(self.database, self.store),
            reuse=reuse,
            analyzer=self.analyzer,
            kept=self.metrics.track_kept,
            stop=self.stop.is_set,
        )
