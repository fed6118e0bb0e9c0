"""A music folder and a library that are kept in step, with the time in the test's hands."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.reuse import Reuse
from playlista.daemon.comparer import Comparer
from playlista.decode.content import hash_file
from playlista.library.comparisons import Comparisons
from playlista.library.jobs import Job
from playlista.tracks.origin import Origin
from playlista.watch.options import WatchOptions
from playlista.watch.scan import ScanReport
from playlista.watch.synchronizer import Synchronizer
from tests.libraries import Parts, analysis_of
from tests.watch.folders import make_old

SETTLE_SECONDS = 10.0


@dataclass
class Synced:
    """A music folder, a library, and what keeps them in step; the time is the test's.

    The wall clock runs an hour ahead, so that files made a moment ago lie there as if at rest for long: their time
    of change cannot be set back.
    """

    root: Path
    parts: Parts
    mountinfo: str = ""
    now: float = 100.0
    stopped: bool = False
    retention_seconds: float = 0.0
    clock_ahead_seconds: float = 3600.0
    synchronizer: Synchronizer = field(init=False)

    comparer: Comparer = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.synchronizer = Synchronizer(
            os.fspath(self.root),
            self.parts.library,
            self.parts.queue.enqueue,
            WatchOptions(
                settle_seconds=SETTLE_SECONDS,
                retention_seconds=self.retention_seconds,
                rescan_interval_seconds=3600,
            ),
            clock=lambda: time.time() + self.clock_ahead_seconds,
            mountinfo=lambda: self.mountinfo,
            stopped=lambda: self.stopped,
        )
        self.synchronizer.folder.check()
        analyzer = cast(AudioAnalyzer, _Current())
        self.comparer = Comparer(
            os.fspath(self.root),
            comparisons=Comparisons(self.parts.database, self.parts.store),
            reuse=Reuse(self.parts.store, analyzer),
            analyzer=analyzer,
            kept=lambda: None,
            stop=lambda: self.stopped,
        )

    def scan(self) -> ScanReport:
        return self.synchronizer.scan(self.now)

    def follow(self, *paths: str, lost: bool = False) -> None:
        """Events, and then time enough for whatever follows from them, with the scan that the watcher would make."""
        must_scan = self.synchronizer.follow(paths, self.now, lost=lost)
        for _ in range(3):
            self.now += SETTLE_SECONDS
            must_scan |= self.synchronizer.settle(self.now)
        if must_scan:
            self.scan()

    def analyze_all(self) -> int:
        """Work the queue off; how many tracks were analyzed. The result holds the row, so that it can be followed."""
        done = 0
        while (job := self.claim()) is not None:
            self.finish(job, bpm=float(job.file_id))
            done += 1
        return done

    def claim(self) -> Job | None:
        """The next job that is more than a comparison."""
        while self.comparer.compare():
            pass
        return self.parts.queue.claim()

    def finish(self, job: Job, *, bpm: float) -> None:
        """End the job with a result of the bytes that are there."""
        content = hash_file(os.path.join(self.root, job.file.path)).content
        self.parts.queue.finish(job, replace(analysis_of(job.file.path, bpm=bpm), origin=Origin(content)))

    def rows(self) -> dict[str, int]:
        return {known.file.path: known.file_id for known in self.parts.library.page(limit=100_000)}

    def queued(self) -> int:
        """Files that have to be analyzed, once those with known bytes were told apart."""
        while self.comparer.compare():
            pass
        return self.parts.overview.job_counts()["queued"]


class _Current:
    """An analyzer that finds no result outdated and no chapters."""

    def outdated_groups(self, *_: object) -> frozenset[str]:
        return frozenset()

    def chapters(self, *_: object) -> tuple[()]:
        return ()


def analyzed(synced: Synced, *paths: str) -> dict[str, int]:
    """Files that were scanned and analyzed; their rows by path."""
    make_old(synced.root, *paths)
    synced.scan()
    assert synced.analyze_all() == len(paths)
    return synced.rows()
