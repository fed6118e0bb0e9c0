"""A library whose one track is at a worker; the test is the worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playlista.cluster.kinship import Kinship
from playlista.cluster.messages import Request
from playlista.daemon.failures import Failures
from playlista.daemon.remote_jobs import RemoteJobs
from playlista.library.jobs import Job
from playlista.memory.budget import CapReason
from playlista.serve.metrics import Metrics
from tests.libraries import Parts, open_parts, track_file

KINSHIP = Kinship("0.2.0", {"rhythm": 1, "tags": 1}, "none", {})


@dataclass
class Remote:
    """The library, and what a cluster does with its queue."""

    parts: Parts
    jobs: RemoteJobs
    metrics: Metrics

    def claim(self, worker: str = "one#1") -> tuple[Job, Request]:
        """The job that is due, and the request that its worker gets."""
        claimed = self.jobs.claim(worker)
        assert claimed is not None
        return claimed[0], Request.from_text(claimed[1])

    @property
    def in_flight(self) -> float | None:
        """Tracks at workers, by the metrics."""
        return self.metrics.registry.get_sample_value("playlista_tracks_in_flight")


@contextmanager
def opened(folder: Path) -> Iterator[Remote]:
    """A library with ``a.mp3`` in its queue."""
    with open_parts(folder) as parts:
        metrics = Metrics(version="0", cap_reasons=CapReason)
        failures = Failures(parts.queue, metrics, parts.clock, recheck_ffmpeg=lambda: None)
        jobs = RemoteJobs(parts.queue, parts.store, failures, metrics, KINSHIP, wall_clock=parts.clock)
        parts.queue.enqueue([track_file("a.mp3")], "scan")
        yield Remote(parts, jobs, metrics)
