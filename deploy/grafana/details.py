"""The dashboard's rows below the first: the same over time, and where to look when something is wrong."""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge, stat, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana import panels
from deploy.grafana.panels import BLUE, GREEN, RED, YELLOW, Query


def queue() -> timeseries.Panel:
    return panels.lines(
        "Queue",
        "Jobs by state: queued is due, claimed is being analyzed, waiting is due later, for another attempt.",
        [Query("sum by (state) (playlista_queue_depth{@})", "{{state}}")],
        unit="short",
        stacked=True,
    )


def speed() -> timeseries.Panel:
    return panels.lines(
        "Speed",
        "Seconds of music analyzed in a second. Below the dashed line it is slower than listening.",
        [Query("sum by (instance) (rate(playlista_audio_seconds_total{@}[5m]))", "{{instance}}")],
        unit="suffix: x",
        steps=[(None, RED), (1, GREEN)],
    )


def tracks_per_hour_by_result() -> timeseries.Panel:
    return panels.lines(
        "Tracks per hour by result",
        "Tracks processed. Partial: decoding stopped early; what was decoded is analyzed.",
        [Query("sum by (result) (rate(playlista_tracks_completed_total{@}[5m])) * 3600", "{{result}}")],
        unit="suffix: /h",
        stacked=True,
    )


def discovered_and_completed() -> timeseries.Panel:
    return panels.lines(
        "Tracks found and processed",
        "Files queued and tracks processed, per hour. The queue shrinks while the second line is higher.",
        [
            Query("sum(rate(playlista_tracks_discovered_total{@}[5m])) * 3600", "found"),
            Query("sum(rate(playlista_tracks_completed_total{@}[5m])) * 3600", "processed"),
        ],
        unit="suffix: /h",
    )


def memory() -> timeseries.Panel:
    """Over time against the limit."""
    panel = panels.lines(
        "Memory",
        "Resident memory of the process and its peak, the working set of its cgroup, and the limit that the kernel "
        "enforces (dashed).",
        [
            Query("max(playlista_resident_memory_bytes{@})", "resident"),
            Query("max(playlista_resident_memory_peak_bytes{@})", "peak"),
            Query("max(playlista_memory_working_set_bytes{@})", "working set"),
            Query("max(playlista_memory_limit_bytes{@} > 0)", "limit"),
        ],
        unit="bytes",
    )
    return panels.dashed(panel, "limit", RED)


def budget_of_a_track() -> timeseries.Panel:
    return panels.lines(
        "Memory limit per track",
        "Most memory for the buffers of one track: the cap in MB or the percentage of the limit, whichever is less.",
        [Query("min(playlista_track_budget_bytes{@})", "limit per track")],
        unit="bytes",
        size=(6, 8),
    )


def memory_given_back() -> timeseries.Panel:
    return panels.lines(
        "Memory released",
        "Pauses: a track waited for memory. Cleanup: seconds per minute spent on returning memory to the system.",
        [
            Query("sum(increase(playlista_memory_pauses_total{@}[$__rate_interval]))", "pauses"),
            Query("sum(rate(playlista_cleanup_seconds_total{@}[$__rate_interval])) * 60", "cleanup s/min"),
        ],
        unit="short",
        size=(6, 8),
    )


def time_by_stage() -> timeseries.Panel:
    return panels.lines(
        "Time by stage",
        "CPU cores used by each stage: 1 is one core.",
        [Query("sum by (stage) (rate(playlista_track_stage_duration_seconds_sum{@}[5m]))", "{{stage}}")],
        unit="suffix: cores",
        stacked=True,
    )


def cpu_time_per_track_by_stage() -> bargauge.Panel:
    return panels.bars(
        "CPU time per track by stage",
        "Mean CPU seconds per track in each stage, over the time shown.",
        Query(
            "sum by (stage) (rate(playlista_track_stage_duration_seconds_sum{@}[$__range])) / "
            "sum by (stage) (rate(playlista_track_stage_duration_seconds_count{@}[$__range]))",
            "{{stage}}",
        ),
        unit="s",
        size=(6, 8),
    )


def time_of_a_track() -> timeseries.Panel:
    return panels.lines(
        "Time per track",
        "Wall time from the claim to the stored result, estimated from a histogram.",
        [
            Query(
                f"histogram_quantile({quantile}, sum by (le) (rate(playlista_track_duration_seconds_bucket{{@}}[5m])))",
                f"p{round(quantile * 100)}",
            )
            for quantile in (0.5, 0.95, 0.99)
        ],
        unit="s",
        size=(6, 8),
    )


def failures_by_reason() -> timeseries.Panel:
    return panels.lines(
        "Failures by reason",
        "Attempts that failed and partial results, per hour. `playlista failures` names the files.",
        [Query("sum by (reason) (increase(playlista_track_failures_total{@}[1h]))", "{{reason}}")],
        unit="short",
        stacked=True,
    )


def audio_lost_to_the_cap() -> timeseries.Panel:
    return panels.lines(
        "Audio seconds skipped by truncation",
        "Seconds of music that were not analyzed because a track was truncated at its memory limit.",
        [
            Query("sum(increase(playlista_truncated_audio_seconds_total{@}[1h]))", "skipped"),
        ],
        unit="s",
        size=(6, 8),
    )


def free_space() -> timeseries.Panel:
    return panels.lines(
        "Free space in the data folder",
        "Free bytes of the file system that holds the database.",
        [Query("min by (instance) (playlista_data_free_bytes{@})", "{{instance}}")],
        unit="bytes",
        size=(6, 8),
    )


def watcher() -> stat.Panel:
    return panels.number(
        "Watcher",
        "How the music folder is watched. Network and FUSE mounts are polled, since they send no events.",
        Query("max by (mode) (playlista_watch_mode{@}) == 1", "{{mode}}"),
        unit="short",
        steps=[(None, GREEN)],
        sparkline=False,
        size=(4, 6),
    ).text_mode(common_models.BigValueTextMode.NAME)


def events_of_the_music_folder() -> timeseries.Panel:
    return panels.lines(
        "Events of the music folder",
        "File events per minute. Overflow: the kernel lost some; a scan finds what they were about.",
        [
            Query("sum by (event) (rate(playlista_watch_events_total{@}[$__rate_interval])) * 60", "{{event}}"),
            Query("sum(rate(playlista_watch_overflows_total{@}[$__rate_interval])) * 60", "overflows"),
        ],
        unit="suffix: /min",
        size=(12, 6),
    )


def version_and_runtime() -> stat.Panel:
    return panels.number(
        "Version and runtime",
        "Version of the daemon and what runs MusiCNN.",
        Query("max by (version, runtime) (playlista_build_info{@})", "{{version}} · {{runtime}}"),
        unit="short",
        steps=[(None, BLUE)],
        sparkline=False,
        size=(4, 6),
    ).text_mode(common_models.BigValueTextMode.NAME)


def quarantined() -> stat.Panel:
    return panels.number(
        "Quarantined",
        "Tracks that are not tried again until their content changes; `playlista retry` queues them again.",
        Query("sum(playlista_quarantined_tracks{@})"),
        unit="short",
        steps=[(None, GREEN), (1, YELLOW)],
        size=(4, 6),
    )


def progress() -> list[Builder[models.Panel]]:
    """Progress."""
    return [queue(), speed(), tracks_per_hour_by_result(), discovered_and_completed()]


def memory_row() -> list[Builder[models.Panel]]:
    """Memory."""
    return [memory(), budget_of_a_track(), memory_given_back()]


def time_row() -> list[Builder[models.Panel]]:
    """Where the time goes."""
    return [time_by_stage(), cpu_time_per_track_by_stage(), time_of_a_track()]


def trouble() -> list[Builder[models.Panel]]:
    """Problems."""
    return [
        failures_by_reason(),
        audio_lost_to_the_cap(),
        free_space(),
        watcher(),
        events_of_the_music_folder(),
        version_and_runtime(),
        quarantined(),
    ]
