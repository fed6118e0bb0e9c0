"""Memory at one moment, as metrics, the status command and the guide's loader show it.

What enters: the kernel's counts by way of ``cgroup`` and ``process``. What leaves: snapshots.
"""

from __future__ import annotations

from dataclasses import dataclass

from playlista.memory.cgroup import Cgroup
from playlista.memory.process import resident_memory


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """Memory of this process and of its cgroup, in bytes.

    Attributes
    ----------
    resident_bytes, anonymous_bytes, file_bytes, peak_resident_bytes : of this process.
    limit_bytes, limit_source : the least limit that binds us, and where it is set.
    working_set_bytes : usage without inactive file pages.
    usage_bytes : all that is charged to our cgroup.
    peak_usage_bytes : most that ever was; None where the kernel does not keep it.
    oom_kills : processes of our cgroup that the kernel killed for want of memory.
    """

    resident_bytes: int
    anonymous_bytes: int
    file_bytes: int
    peak_resident_bytes: int
    limit_bytes: int
    limit_source: str
    working_set_bytes: int
    usage_bytes: int
    peak_usage_bytes: int | None
    oom_kills: int


def read_memory(cgroup: Cgroup) -> MemorySnapshot:
    """Memory right now."""
    resident, limit = resident_memory(), cgroup.memory_limit()
    return MemorySnapshot(
        resident_bytes=resident.resident_bytes,
        anonymous_bytes=resident.anonymous_bytes,
        file_bytes=resident.file_bytes,
        peak_resident_bytes=resident.peak_bytes,
        limit_bytes=limit.bytes,
        limit_source=limit.source,
        working_set_bytes=cgroup.working_set_bytes(),
        usage_bytes=cgroup.usage_bytes(),
        peak_usage_bytes=cgroup.peak_bytes(),
        oom_kills=cgroup.oom_kills(),
    )
