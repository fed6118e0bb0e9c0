"""Counts of the scrub: files that were read again, by what was found, and bytes.

Input: calls of the scrubber. Output: counters in a registry, every value of the label present from the start at 0.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

#: sound: as analyzed; rotted: other bytes under the same size and time; changed: written to; unread: not readable.
RESULTS = ("sound", "rotted", "changed", "unread")


class ScrubMetrics:
    """The counters of one daemon."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._files = Counter(
            "playlista_scrub_files", "Files read again, by what was found", ["result"], registry=registry
        )
        self._bytes = Counter("playlista_scrub_bytes", "Bytes read again", registry=registry)
        for result in RESULTS:
            self._files.labels(result)

    def file(self, result: str) -> None:
        """A file was read, or could not be."""
        self._files.labels(result).inc()

    def bytes(self, count: int) -> None:
        """So many bytes were read."""
        self._bytes.inc(count)
