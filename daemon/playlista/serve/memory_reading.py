"""The memory of this process and its limits, as the metrics show them.

Input: settings and the cgroup. Output: a ``MemoryReading``.
"""

from __future__ import annotations

from playlista.config import Settings
from playlista.memory.budget import TrackBudget
from playlista.memory.cgroup import Cgroup
from playlista.memory.monitor import read_memory
from playlista.serve.scrape import MemoryReading


def memory_reading(settings: Settings, cgroup: Cgroup) -> MemoryReading:
    """At this moment."""
    memory = read_memory(cgroup)
    budget = TrackBudget.of(
        max_mb=settings.memory_optimized_max_mb_per_track,
        limit_percent=settings.memory_optimized_memory_limit_percent,
        limit_bytes=memory.limit_bytes,
    )
    return MemoryReading(
        resident_bytes=memory.resident_bytes,
        peak_bytes=memory.peak_resident_bytes,
        limit_bytes=memory.limit_bytes,
        working_set_bytes=memory.working_set_bytes,
        budget_bytes=budget.budget_bytes,
        oom_kills=memory.oom_kills,
    )
