"""What is read anew at every scrape, and how it becomes metric families.

Input: functions that read the queue, memory, the watcher and so on. Output: families; what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from playlista.errors import PlaylistaError
from playlista.serve.cluster_metrics import ClusterGauges, cluster_metrics
from playlista.serve.library_metrics import LibraryReading, library_metrics
from playlista.tracks import Status

WATCH_MODES = ("inotify", "polling")


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
    """What is read anew at every scrape; a worker of a cluster has memory alone."""

    memory: Callable[[], MemoryReading]
    queue: Callable[[], QueueReading] | None = None
    watch: Callable[[], WatchReading] | None = None
    disk: Callable[[], DiskReading] | None = None
    library: Callable[[], LibraryReading] | None = None
    cluster: Callable[[], ClusterGauges] | None = None


def _told(read: Callable[[], Any], tell: Callable[[Any], Iterable[Metric]]) -> Iterable[Metric]:
    return tell(read())


class ScrapeCollector(Collector):
    """Turns readings into metric families at the moment of a scrape; what cannot be read is left out, and said."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        success = GaugeMetricFamily(
            "playlista_scrape_collector_success", "Whether this part of the page could be read", labels=["collector"]
        )
        for name, read in self._parts().items():
            try:
                families = list(read())
            except (PlaylistaError, OSError):
                families = []
            success.add_metric([name], float(bool(families)))
            yield from families
        yield success

    def _parts(self) -> dict[str, Callable[[], Iterable[Metric]]]:
        gauges = self._gauges
        parts: dict[str, tuple[Callable[[], Any] | None, Callable[[Any], Iterable[Metric]]]] = {
            "queue": (gauges.queue, self._queue),
            "memory": (gauges.memory, self._memory),
            "watch": (gauges.watch, self._watch),
            "disk": (gauges.disk, self._disk),
            "library": (gauges.library, library_metrics),
            "cluster": (gauges.cluster, cluster_metrics),
        }
        return {name: partial(_told, read, tell) for name, (read, tell) in parts.items() if read is not None}

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
