"""Prometheus metrics: one object that owns the registry, with a method for each thing that happens.

Counters and histograms are fed as things happen; gauges of the queue and of memory are read when somebody scrapes.
Every label value there can be is present from the start, at 0.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from playlista.errors import FailureReason
from playlista.serve.scrape import Gauges, ScrapeCollector
from playlista.serve.scrub_metrics import ScrubMetrics
from playlista.serve.tag_metrics import TagMetrics
from playlista.tracks import Analysis, Status
from playlista.tracks.health import IntegrityState

STAGES = ("decode", "resample", "rhythm", "tonal", "loudness", "spectral", "tags", "health", "fingerprint", "vibenet")
WATCH_EVENTS = ("created", "modified", "moved", "deleted")
TRACK_BUCKETS = (0.5, 1, 2.5, 5, 10, 25, 60, 150, 600, 1800, 7200)
STAGE_BUCKETS = (0.01, 0.1, 0.5, 1, 2.5, 10, 60, 600)


class Metrics:
    """All metrics of one daemon."""

    def __init__(self, *, version: str, cap_reasons: Iterable[str]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._version = version
        about = "Version, MusiCNN runtime and kernels (native or numpy) of this daemon; always 1"
        self._build = self._gauge("build_info", about, "version", "runtime", "kernels")
        self._in_flight = self._gauge("tracks_in_flight", "Tracks being analyzed right now")
        self._discovered = self._counter("tracks_discovered", "Files queued for analysis")
        self._completed = self._counter("tracks_completed", "Tracks processed, by result", "result", Status)
        self._kept = self._counter("tracks_kept", "Changed files with the same music: the result was kept")
        self._failures = self._counter(
            "track_failures", "Failed attempts and partial results, by reason", "reason", FailureReason
        )
        self._duration = self._histogram("track_duration_seconds", "Wall time of a track", TRACK_BUCKETS)
        self._stages = self._histogram(
            "track_stage_duration_seconds", "CPU time of a track by stage", STAGE_BUCKETS, "stage", STAGES
        )
        self._audio = self._counter("audio_seconds", "Seconds of audio that were analyzed")
        self._truncations = self._counter("cap_truncations", "Truncated tracks, by reason", "reason", cap_reasons)
        self._truncated = self._counter("truncated_audio_seconds", "Audio seconds skipped by truncation")
        self._pauses = self._counter("memory_pauses", "Times that a track waited for memory")
        self._cleanup = self._counter("cleanup_seconds", "Seconds spent returning memory to the system")
        self._watch_events = self._counter("watch_events", "Events of the music folder", "event", WATCH_EVENTS)
        self._last_success = self._gauge(
            "last_success_timestamp_seconds", "When a track was last analyzed, in Unix seconds; 0 before the first"
        )
        self._integrity = self._counter(
            "track_integrity", "Tracks analyzed, by what the checksums in their files say", "integrity", IntegrityState
        )
        #: What the scrub counts.
        self.scrub = ScrubMetrics(self.registry)
        #: What the writing of tags counts.
        self.tags = TagMetrics(self.registry)

    def runtime_chosen(self, runtime: str, kernels: str) -> None:
        """What computes tags and all else in this process; it is known a while after the start."""
        self._build.labels(version=self._version, runtime=runtime, kernels=kernels).set(1)

    def track_started(self) -> None:
        """A track is being analyzed from now on."""
        self._in_flight.inc()

    def track_ended(self) -> None:
        """A track is not analyzed any more, however it ended."""
        self._in_flight.dec()

    def track_completed(self, analysis: Analysis, now: float) -> None:
        """A track has its final result; `now` in Unix seconds."""
        self._completed.labels(result=analysis.status).inc()
        if analysis.reason:
            self._failures.labels(reason=analysis.reason).inc()
        if analysis.audio is None:
            return
        if analysis.health is not None:
            self._integrity.labels(integrity=analysis.health.integrity).inc()
        self._last_success.set(now)
        self._duration.observe(analysis.timings.total_seconds)
        for stage in STAGES:
            self._stages.labels(stage=stage).observe(getattr(analysis.timings, f"{stage}_seconds"))
        self._audio.inc(analysis.audio.analyzed_seconds)
        if analysis.audio.truncation_reason:
            self._truncations.labels(reason=analysis.audio.truncation_reason).inc()
            self._truncated.inc(max(0.0, analysis.audio.duration_seconds - analysis.audio.analyzed_seconds))

    def track_kept(self) -> None:
        """A file changed, its music did not: its former result stands, and nothing was analyzed."""
        self._kept.inc()

    def attempt_failed(self, reason: FailureReason) -> None:
        """An attempt failed that will be tried again."""
        self._failures.labels(reason=reason).inc()

    def track_crashed(self, *, quarantined: bool) -> None:
        """The process before this one ended in the middle of a track, perhaps once too often."""
        self._failures.labels(reason=FailureReason.CRASHED).inc()
        if quarantined:
            self._completed.labels(result=Status.QUARANTINED).inc()

    def tracks_discovered(self, count: int) -> None:
        """`count` files were put into the queue."""
        self._discovered.inc(count)

    def watch_event(self, event: str) -> None:
        """The folder said that something was created, modified, moved or deleted."""
        self._watch_events.labels(event=event).inc()

    def memory_pause(self) -> None:
        """A track waits for memory."""
        self._pauses.inc()

    def cleanup_took(self, seconds: float) -> None:
        """Memory was given back, which took `seconds`."""
        self._cleanup.inc(seconds)

    def read_from(self, gauges: Gauges) -> None:
        """Read these at every scrape from now on."""
        self.registry.register(ScrapeCollector(gauges))

    def page(self) -> bytes:
        """The page of ``/metrics``, in the text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"playlista_{name}", about, labels, registry=self.registry)

    def _counter(self, name: str, about: str, label: str | None = None, values: Iterable[str] = ()) -> Counter:
        counter = Counter(f"playlista_{name}", about, [label] if label else [], registry=self.registry)
        for value in values:
            counter.labels(value)
        return counter

    def _histogram(
        self, name: str, about: str, buckets: tuple[float, ...], label: str | None = None, values: Iterable[str] = ()
    ) -> Histogram:
        histogram = Histogram(
            f"playlista_{name}", about, [label] if label else [], buckets=buckets, registry=self.registry
        )
        for value in values:
            histogram.labels(value)
        return histogram
