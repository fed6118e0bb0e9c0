"""The dashboard's row of a cluster: scheduler, workers, what they do and refuse. Empty for one daemon alone."""

from __future__ import annotations

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana import panels
from deploy.grafana.panels import Query


def workers_by_state() -> timeseries.Panel:
    return panels.lines(
        "Workers by state",
        "Busy workers analyze, free ones have nothing to do, resting ones refused a track or failed, refused ones do "
        "not fit to the daemon. The scheduler is 1 while the daemon is connected to it.",
        [
            Query("sum by (state) (playlista_cluster_workers{@})", "{{state}}"),
            Query("max(playlista_cluster_scheduler_up{@})", "scheduler"),
        ],
        unit="short",
    )


def tracks_at_workers() -> timeseries.Panel:
    return panels.lines(
        "Tracks at workers",
        "Tracks in flight as the daemon sees them, and by worker as each worker sees its own.",
        [
            Query("sum(playlista_cluster_tracks_in_flight{@})", "all"),
            Query("sum by (instance) (playlista_worker_tracks_in_flight{@})", "{{instance}}"),
        ],
        unit="short",
    )


def throughput_by_worker() -> timeseries.Panel:
    return panels.lines(
        "Tracks per hour by worker",
        "Attempts that ended at each worker, whatever came of them.",
        [Query("sum by (instance) (rate(playlista_worker_tracks_total{@}[5m])) * 3600", "{{instance}}")],
        unit="suffix: /h",
        stacked=True,
    )


def refused_and_lost() -> timeseries.Panel:
    return panels.lines(
        "Refused and lost",
        "What workers refused, by reason, and workers that were lost with a track, by who was to blame, per hour.",
        [
            Query("sum by (reason) (rate(playlista_cluster_refusals_total{@}[5m])) * 3600", "refused: {{reason}}"),
            Query(
                "sum by (blame) (rate(playlista_cluster_workers_lost_total{@}[5m])) * 3600", "lost: {{blame}} to blame"
            ),
        ],
        unit="suffix: /h",
    )


def cluster_row() -> list[Builder[models.Panel]]:
    """Cluster."""
    return [workers_by_state(), tracks_at_workers(), throughput_by_worker(), refused_and_lost()]
