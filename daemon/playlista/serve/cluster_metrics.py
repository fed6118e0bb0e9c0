"""The cluster in Prometheus' words: scheduler, workers by state, refusals and losses.

Input: a ``ClusterGauges`` of one moment. Output: metric families, every label value present from the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

OUTCOMES = ("result", "failure", "released")


@dataclass(frozen=True, slots=True)
class ClusterGauges:
    """The cluster at one moment.

    scheduler_up : whether the daemon is connected to it.
    workers : by state. in_flight : tracks at workers.
    refusals : since the start, by reason. lost : workers lost with a track, by who was to blame.
    """

    scheduler_up: bool
    workers: Mapping[str, int]
    in_flight: int
    refusals: Mapping[str, int]
    lost: Mapping[str, int]


class WorkerCounters:
    """What a worker counts. Results are the daemon's: counted in both places, every sum of them would be doubled."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._in_flight = Gauge(
            "playlista_worker_tracks_in_flight", "Tracks at this worker right now", registry=registry
        )
        self._ended = Counter(
            "playlista_worker_tracks", "Attempts that ended at this worker, by outcome", ["outcome"], registry=registry
        )
        for outcome in OUTCOMES:
            self._ended.labels(outcome)

    def began(self) -> None:
        """A track is at work."""
        self._in_flight.inc()

    def ended(self, outcome: str) -> None:
        """It ended: with a "result" or a "failure", or was "released"."""
        self._in_flight.dec()
        self._ended.labels(outcome).inc()


def cluster_metrics(reading: ClusterGauges) -> Iterable[Metric]:
    """The families."""
    yield GaugeMetricFamily(
        "playlista_cluster_scheduler_up", "1 while the daemon is connected to the scheduler", value=reading.scheduler_up
    )
    yield _by_label(
        GaugeMetricFamily("playlista_cluster_workers", "Workers of the cluster, by state", labels=["state"]),
        reading.workers,
    )
    yield GaugeMetricFamily(
        "playlista_cluster_tracks_in_flight", "Tracks at workers of the cluster right now", value=reading.in_flight
    )
    yield _by_label(
        CounterMetricFamily(
            "playlista_cluster_refusals",
            "Daemons and tracks that workers refused, and answers that were rejected, by reason",
            labels=["reason"],
        ),
        reading.refusals,
    )
    yield _by_label(
        CounterMetricFamily(
            "playlista_cluster_workers_lost", "Workers lost with a track, by who was to blame", labels=["blame"]
        ),
        reading.lost,
    )


def _by_label(
    family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, int]
) -> GaugeMetricFamily | CounterMetricFamily:
    for label, value in values.items():
        family.add_metric([label], value)
    return family
