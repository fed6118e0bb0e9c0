"""The dashboard's first row: one number for each question that a person has at a glance."""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge, stat
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana import panels
from deploy.grafana.panels import BLUE, GREEN, GREY, RED, YELLOW, Query

UNFINISHED = 'sum(playlista_queue_depth{@, state=~"queued|claimed|waiting"})'
COMPLETED_PER_SECOND = "sum(rate(playlista_tracks_completed_total{@}[5m]))"


def is_it_working() -> stat.Panel:
    return panels.number(
        "Is it working?",
        "What the daemon does right now. Idle: everything is analyzed. Waiting: tracks are due and none is being "
        "analyzed, which is fine for a moment between two of them. No answer: Prometheus does not reach it.",
        # A track in flight counts 2; a queue without one counts 1.
        Query(
            "(max(playlista_tracks_in_flight{@}) > bool 0) * 2"
            ' + (max(playlista_queue_depth{@, state="queued"}) > bool 0)'
        ),
        unit="short",
        steps=[(None, GREY), (1, YELLOW), (2, GREEN)],
        mapping={
            "0": ("Idle", GREY),
            "1": ("Waiting", YELLOW),
            "2": ("Working", GREEN),
            "3": ("Working", GREEN),
        },
        sparkline=False,
    )


def analyzed() -> bargauge.Panel:
    return panels.share(
        "Analyzed",
        "Share of the files in the library that have a result.",
        Query(
            'sum(playlista_library_tracks{@, status!="unanalyzed"}) / sum(playlista_library_tracks{@})',
        ),
        steps=[(None, BLUE), (0.999, GREEN)],
    )


def speed() -> stat.Panel:
    return panels.number(
        "Speed (times real time)",
        "Seconds of music analyzed in a second, over the last five minutes: 40 is forty times real time.",
        Query("sum(rate(playlista_audio_seconds_total{@}[5m]))"),
        unit="suffix:x",
        decimals=1,
        steps=[(None, GREY), (0.01, RED), (1, YELLOW), (5, GREEN)],
    )


def tracks_per_hour() -> stat.Panel:
    return panels.number(
        "Tracks per hour",
        "Tracks processed, with any result, at the pace of the last five minutes.",
        Query(f"{COMPLETED_PER_SECOND} * 3600"),
        unit="suffix: /h",
        decimals=0,
        steps=[(None, BLUE)],
    )


def time_left() -> stat.Panel:
    return panels.number(
        "Time left",
        "Queued tracks, at the pace of the last five minutes. Nothing while nothing is analyzed.",
        Query(f"{UNFINISHED} / ({COMPLETED_PER_SECOND} > 0)"),
        unit="s",
        decimals=1,
        no_value="—",
        steps=[(None, GREEN), (24 * 3600, YELLOW), (7 * 24 * 3600, RED)],
        sparkline=False,
    )


def memory_of_the_limit() -> bargauge.Panel:
    return panels.share(
        "Memory used, of the limit",
        "Working set of the container against its limit: what the kernel cannot simply reclaim. From 90 % on "
        "the OOM killer is near.",
        Query("max(playlista_memory_working_set_bytes{@} / (playlista_memory_limit_bytes{@} > 0))"),
        steps=[(None, GREEN), (0.8, YELLOW), (0.9, RED)],
    )


def waiting() -> stat.Panel:
    return panels.number(
        "Queued tracks",
        "Tracks in the queue, those that wait for another attempt included.",
        Query(UNFINISHED),
        unit="short",
        steps=[(None, BLUE)],
    )


def oldest_in_the_queue() -> stat.Panel:
    return panels.number(
        "Oldest in the queue",
        "Age of the track that waits longest.",
        Query(
            "max((time() - playlista_queue_oldest_enqueued_timestamp_seconds{@}) "
            "* (playlista_queue_oldest_enqueued_timestamp_seconds{@} > bool 0))"
        ),
        unit="s",
        decimals=1,
        steps=[(None, GREEN), (6 * 3600, YELLOW), (48 * 3600, RED)],
    )


def last_success() -> stat.Panel:
    return panels.number(
        "Last success",
        "Time since a track was last analyzed. Long is fine while nothing waits.",
        Query(
            "min(time() - (playlista_last_success_timestamp_seconds{@} > 0))",
        ),
        unit="s",
        decimals=1,
        no_value="none yet",
        steps=[(None, BLUE)],
        sparkline=False,
    )


def failed() -> stat.Panel:
    return panels.number(
        "Failed",
        "Tracks whose last attempt failed, for good or until their content changes.",
        Query('sum(playlista_library_tracks{@, status=~"failed|quarantined"})'),
        unit="short",
        steps=[(None, GREEN), (1, YELLOW), (100, RED)],
    )


def cut_at_the_cap() -> stat.Panel:
    return panels.number(
        "Truncated tracks",
        "Tracks analyzed only up to their memory budget, since the start of the daemon. Should be none.",
        Query("sum(playlista_cap_truncations_total{@})"),
        unit="short",
        steps=[(None, GREEN), (1, RED)],
    )


def oom_kills() -> stat.Panel:
    return panels.number(
        "OOM kills",
        "Processes that the kernel killed for memory in this cgroup.",
        Query("sum(playlista_cgroup_oom_kills_total{@})"),
        unit="short",
        steps=[(None, GREEN), (1, RED)],
    )


def at_a_glance() -> list[Builder[models.Panel]]:
    """The twelve of them, in reading order."""
    return [
        is_it_working(),
        analyzed(),
        speed(),
        tracks_per_hour(),
        time_left(),
        memory_of_the_limit(),
        waiting(),
        oldest_in_the_queue(),
        last_success(),
        failed(),
        cut_at_the_cap(),
        oom_kills(),
    ]
