"""Prometheus metrics: one object that owns the registry, with a method for each thing that happens.

Counters and histograms are fed as things happen; gauges of the queue and of memory are read when somebody scrapes.
Every label value there can be is present from the start, at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from playlista.errors import FailureReason, PlaylistaError
from playlista.serve.library_metrics import LibraryReading, library_metrics
from playlista.tracks import Analysis, Status

STAGES = ("decode", "resample", "rhythm", "tonal", "loudness", "spectral", "tags", "health")
WATCH_EVENTS = ("created", "modified", "moved", "deleted")
WATCH_MODES = ("inotify", "polling")
TRACK_BUCKETS = (0.5, 1, 2.5, 5, 10, 25, 60, 150, 600, 1800, 7200)
STAGE_BUCKETS = (0.01, 0.1, 0.5, 1, 2.5, 10, 60, 600)


@dataclass(frozen=True, slots=True)
class QueueReading:
    """The queue and the library at one moment.

    depth : jobs by state.
    oldest_enqueued : when the oldest that waits was put in, in Unix seconds; None when none waits.
    library : files by the status of their result, with "unanalyzed" for those without one.
    gone : files that are gone and whose results are kept.
    """

    depth: Mapping[str, int]
    oldest_enqueued: float | None
    library: Mapping[str, int]
    gone: int


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """Memory at one moment, in bytes, and the OOM kills that the cgroup has counted."""

    resident_bytes: int
    peak_bytes: int
    limit_bytes: int
    working_set_bytes: int
    budget_bytes: int
    oom_kills: int


@dataclass(frozen=True, slots=True)
class WatchReading:
    """How the folder is watched.

    The mode, empty while it is not; how often the kernel's event queue overflowed; paths that were left out, by source.
    """

    mode: str
    overflows: int
    ignored: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DiskReading:
    """The file system of the data folder at one moment, in bytes: what we may still write, and all of it."""

    free_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is read anew at every scrape."""

    queue: Callable[[], QueueReading]
    memory: Callable[[], MemoryReading]
    watch: Callable[[], WatchReading]
    disk: Callable[[], DiskReading]
    library: Callable[[], LibraryReading]


class Metrics:
    """All metrics of one daemon."""

    def __init__(self, *, version: str, cap_reasons: Iterable[str]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._version = version
        self._build = self._gauge(
            "build_info", "Version and MusiCNN runtime of this daemon; always 1", "version", "runtime"
        )
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

    def runtime_chosen(self, runtime: str) -> None:
        """What computes tags in this process; it is known a while after the start."""
        self._build.labels(version=self._version, runtime=runtime).set(1)

    def track_started(self) -> None:
        """A track is being analyzed from now on."""
        self._in_flight.set(1)

    def track_ended(self) -> None:
        """No track is being analyzed any more, however it ended."""
        self._in_flight.set(0)

    def track_completed(self, analysis: Analysis, now: float) -> None:
        """A track has its final result; `now` in Unix seconds."""
        self._completed.labels(result=analysis.status).inc()
        if analysis.reason:
            self._failures.labels(reason=analysis.reason).inc()
        if analysis.audio is None:
            return
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
        self.registry.register(_ScrapeCollector(gauges))

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


class _ScrapeCollector(Collector):
    """Turns readings into metric families at the moment of a scrape; what cannot be read is left out, and said."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        success = GaugeMetricFamily(
            "playlista_scrape_collector_success", "Whether this part of the page could be read", labels=["collector"]
        )
        parts: dict[str, Callable[[], Iterable[Metric]]] = {
            "queue": lambda: self._queue(self._gauges.queue()),
            "memory": lambda: self._memory(self._gauges.memory()),
            "watch": lambda: self._watch(self._gauges.watch()),
            "disk": lambda: self._disk(self._gauges.disk()),
            "library": lambda: library_metrics(self._gauges.library()),
        }
        for name, read in parts.items():
            try:
                families = list(read())
            except (PlaylistaError, OSError):
                families = []
            success.add_metric([name], float(bool(families)))
            yield from families
        yield success

    @staticmethod
    def _queue(reading: QueueReading) -> Iterable[Metric]:
        depth = GaugeMetricFamily("playlista_queue_depth", "Jobs in the queue, by state", labels=["state"])
        for state, count in reading.depth.items():
            depth.add_metric([state], count)
        yield depth
        yield GaugeMetricFamily(
            "playlista_queue_oldest_enqueued_timestamp_seconds",
            "When the oldest job was queued, in Unix seconds; 0 when there is none",
            value=reading.oldest_enqueued or 0,
        )
        yield GaugeMetricFamily(
            "playlista_quarantined_tracks",
            "Tracks that are not tried again until their content changes",
            value=reading.library[Status.QUARANTINED],
        )
        library = GaugeMetricFamily(
            "playlista_library_tracks", "Files by the status of their result", labels=["status"]
        )
        for status, count in reading.library.items():
            library.add_metric([status], count)
        yield library
        yield GaugeMetricFamily(
            "playlista_gone_tracks", "Tracks no longer on disk whose results are kept", value=reading.gone
        )

    @staticmethod
    def _memory(reading: MemoryReading) -> Iterable[Metric]:
        gauges = {
            "resident_memory_bytes": ("Resident memory of the process", reading.resident_bytes),
            "resident_memory_peak_bytes": ("Peak of the resident memory since the start", reading.peak_bytes),
            "memory_limit_bytes": ("Effective memory limit", reading.limit_bytes),
            "memory_working_set_bytes": (
                "Memory of the cgroup that cannot simply be reclaimed",
                reading.working_set_bytes,
            ),
            "track_budget_bytes": ("What one track may retain", reading.budget_bytes),
        }
        for name, (about, value) in gauges.items():
            yield GaugeMetricFamily(f"playlista_{name}", about, value=value)
        yield CounterMetricFamily(
            "playlista_cgroup_oom_kills", "Processes of the cgroup killed for memory", value=reading.oom_kills
        )

    @staticmethod
    def _watch(reading: WatchReading) -> Iterable[Metric]:
        mode = GaugeMetricFamily("playlista_watch_mode", "1 for how the folder is watched", labels=["mode"])
        for name in WATCH_MODES:
            mode.add_metric([name], float(name == reading.mode))
        yield mode
        yield CounterMetricFamily(
            "playlista_watch_overflows", "Times that the kernel lost events; a scan follows", value=reading.overflows
        )
        ignored = GaugeMetricFamily(
            "playlista_ignored_paths", "Files and folders ignored by the last scan, by rule", labels=["source"]
        )
        for source, count in reading.ignored.items():
            ignored.add_metric([source], count)
        yield ignored

    @staticmethod
    def _disk(reading: DiskReading) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "playlista_data_free_bytes", "Free space on the disk of the data folder", value=reading.free_bytes
        )
        yield GaugeMetricFamily(
            "playlista_data_size_bytes", "Size of the file system where the data folder lies", value=reading.size_bytes
        )
