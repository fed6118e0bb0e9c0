"""Counts of the daemon's writing of tags: files that were looked at, by what came of it.

Input: calls of the keeper of tags. Output: counters in a registry, every value of a label present from the start at 0.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from playlista.errors import TagRefusal

#: What a look at the tags of a file ends with: see TAG_WRITE.
RESULTS = ("written", "unchanged", "kept", "refused")


class TagMetrics:
    """The counters of one daemon."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._writes = Counter(
            "playlista_tag_writes", "Files whose tags were checked, by result", ["result"], registry=registry
        )
        self._refusals = Counter(
            "playlista_tag_refusals", "Files left untagged, by reason", ["reason"], registry=registry
        )
        for result in RESULTS:
            self._writes.labels(result)
        for reason in TagRefusal:
            self._refusals.labels(reason)

    def looked_at(self, result: str) -> None:
        """The tags of a file were looked at: written, unchanged, kept as another program wrote them, or a refusal."""
        if result in RESULTS:
            self._writes.labels(result=result).inc()
        else:
            self._writes.labels(result="refused").inc()
            self._refusals.labels(reason=result).inc()
