"""Which series the daemon's ``/metrics`` has: asked of the daemon's own `Metrics`, not of a list.

The readings are all 0, as in a daemon that has just started and has found nothing: every series has to be there then.
"""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from playlista.daemon.cluster_work import no_cluster
from playlista.library.search import Named
from playlista.library.statistics import Statistics
from playlista.serve.cluster_metrics import WorkerCounters
from playlista.serve.library_metrics import LibraryReading
from playlista.serve.metrics import Metrics
from playlista.serve.scrape import DiskReading, Gauges, MemoryReading, QueueReading, WatchReading
from playlista.tracks import Status
from playlista.tracks.mood import MOODS
from playlista.watch.ignore import SOURCES

#: A library without a track; of tags a daemon knows none before the first track has some.
EMPTY = Statistics(
    0, 0.0, 0, 0, bpm={}, loudness={}, camelot={}, years={}, formats={}, energy={}, voice={},
    moods=dict.fromkeys(MOODS, 0), tags=[Named("rock", 0)],
)  # fmt: skip


def idle_page() -> str:
    """The page of a daemon that has done nothing yet."""
    metrics = Metrics(version="0", cap_reasons=["none"])
    metrics.runtime_chosen("off", "numpy")
    WorkerCounters(metrics.registry)  # on the page of a worker
    metrics.read_from(
        Gauges(
            queue=lambda: QueueReading({"queued": 0}, oldest_enqueued=None, library=dict.fromkeys(Status, 0), gone=0),
            memory=lambda: MemoryReading(0, 0, 0, 0, 0, 0),
            watch=lambda: WatchReading(mode="polling", overflows=0, ignored=dict.fromkeys(SOURCES, 0)),
            disk=lambda: DiskReading(free_bytes=0, size_bytes=0),
            library=lambda: LibraryReading(EMPTY, tags_due=0, moods_due=0, tag_writes_pending=0),
            cluster=no_cluster,
        )
    )
    return metrics.page().decode("utf-8")


def series_names() -> set[str]:
    """Names of all samples, with their ``_total``, ``_bucket``, ``_sum`` and ``_count``."""
    return {sample.name for family in text_string_to_metric_families(idle_page()) for sample in family.samples}
