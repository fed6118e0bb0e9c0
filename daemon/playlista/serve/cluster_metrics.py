"""The cluster in Prometheus' words: scheduler, workers by state, refusals and losses.

Input: a ``ClusterGauges`` of one moment. Output: metric families, every label value present from the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric


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
            "playlista_cluster_refusals", "Daemons and tracks that workers refused, by reason", labels=["reason"]
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
