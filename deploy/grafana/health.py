"""The dashboard's row on health: what rotted, what does not fit, how far the scrub is; findings by kind, duplicates."""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge, stat, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana import histograms, panels
from deploy.grafana.panels import BLUE, GREEN, RED, YELLOW, Query

#: Kinds of findings that are shown: as many as there is place for.
MOST_FINDINGS = 12


def rotted() -> stat.Panel:
    return panels.number(
        "Rotted files",
        "Files whose bytes changed while size and time stamp did not; `playlista scrub --rotted` names them.",
        Query("sum(playlista_rotted_tracks{@})"),
        unit="short",
        steps=[(None, GREEN), (1, RED)],
        size=(4, 8),
    )


def mismatched() -> stat.Panel:
    return panels.number(
        "Checksums that do not fit",
        "Tracks whose own checksums do not fit, or whose frames break off: `playlista health --only mismatch`.",
        Query('sum(playlista_library_finding_tracks{@, finding="mismatch"})'),
        unit="short",
        steps=[(None, GREEN), (1, YELLOW)],
        size=(4, 8),
    )


def scrub_left() -> stat.Panel:
    return panels.number(
        "Left of the scrub",
        "Files that the running pass of the scrub (SCRUB_INTERVAL_DAYS) has still to read; 0 while none runs.",
        Query("sum(playlista_scrub_left_tracks{@})"),
        unit="short",
        steps=[(None, BLUE)],
        size=(4, 8),
    )


def scrub_speed() -> timeseries.Panel:
    return panels.lines(
        "Read again",
        "Bytes a second that the scrub reads; SCRUB_RATE_MB_PER_SECOND is its limit, and it waits for new files.",
        [Query("sum(rate(playlista_scrub_bytes_total{@}[$__rate_interval]))", "read")],
        unit="Bps",
        size=(6, 8),
    )


def scrubbed_files() -> timeseries.Panel:
    return panels.lines(
        "Scrubbed files by result",
        "Files per minute. Unread: the storage or rights did not let them be read; they are tried again.",
        [Query("sum by (result) (rate(playlista_scrub_files_total{@}[$__rate_interval])) * 60", "{{result}}")],
        unit="suffix: /min",
        size=(6, 8),
    )


def findings() -> bargauge.Panel:
    return histograms.ranking(
        "Findings",
        "Tracks by what was found, the most frequent first; `playlista health` names them. No finding is a verdict.",
        Query(f"topk({MOST_FINDINGS}, sum by (finding) (playlista_library_finding_tracks{{@}}) > 0)"),
        size=(12, 10),
    )


def duplicates() -> stat.Panel:
    return panels.number(
        "Duplicate recordings",
        "Recordings that the library has more than once; `playlista duplicates` names them with the best copy.",
        Query("sum(playlista_duplicate_recordings{@})"),
        unit="short",
        steps=[(None, BLUE)],
        size=(4, 10),
    )


def duplicate_tracks() -> stat.Panel:
    return panels.number(
        "Tracks with copies",
        "Tracks that hold a recording which the library has more than once.",
        Query("sum(playlista_duplicate_tracks{@})"),
        unit="short",
        steps=[(None, BLUE)],
        size=(4, 10),
    )


def copies_due() -> stat.Panel:
    return panels.number(
        "To be compared",
        "Tracks whose copies are still to be looked for; until then the numbers at the left grow.",
        Query("sum(playlista_copies_due_tracks{@})"),
        unit="short",
        steps=[(None, BLUE)],
        size=(4, 10),
    )


def health_row() -> list[Builder[models.Panel]]:
    """Health."""
    return [
        *(rotted(), mismatched(), scrub_left(), scrub_speed(), scrubbed_files()),
        *(findings(), duplicates(), duplicate_tracks(), copies_due()),
    ]
