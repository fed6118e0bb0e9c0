"""What one cgroup directory, or the machine as a whole, says about its limit and what is charged against it.

The names of the files tell v1 from v2, so these readers need not be told which it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playlista.memory.cgroup_paths import Hierarchy, Level
from playlista.memory.kernel_files import read_integer, read_keyed_integers, read_kibibytes

#: v2's hard limit, v2's throttling limit, v1's limit. Above memory.high the kernel stalls us until we are below it
#: again, which for an analysis is as bad as the end, so it counts as a limit.
_LIMIT_FILES = ("memory.max", "memory.high", "memory.limit_in_bytes")


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """A limit in bytes and where it comes from, such as "memory.max of /system.slice/foo"."""

    bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class Charge:
    """Bytes charged to a cgroup, or in use on the machine.

    ``working_set_bytes`` is usage without inactive file pages, as the kubelet counts it. ``unreclaimable_bytes`` is
    usage without any clean file page, active or not: what the kernel cannot take back on its own, which is what an
    OOM kill depends on. Swap is left out of all three.
    """

    usage_bytes: int
    working_set_bytes: int
    unreclaimable_bytes: int


def binding_levels(hierarchy: Hierarchy) -> Iterator[Level]:
    """The levels whose limits count for us, our own first.

    On v1 an ancestor counts only where ``memory.use_hierarchy`` is set in it; on v2, and on kernels that no longer
    have that file, every ancestor does.
    """
    own, *ancestors = hierarchy.levels
    yield own
    for level in ancestors:
        if read_integer(level.directory / "memory.use_hierarchy") == 0:
            return
        yield level


def level_limits(level: Level) -> Iterator[MemoryLimit]:
    """The limits that are set at one level; "max" and 0 are none (0 asks for reclaim: nothing can run in it)."""
    for name in _LIMIT_FILES:
        limit = read_integer(level.directory / name)
        if limit is not None and limit > 0:
            yield MemoryLimit(limit, f"{name} of {level.name}")


def inherited_limit(level: Level) -> MemoryLimit | None:
    """v1's least limit over all ancestors, including those that a container's mount does not show."""
    limit = read_keyed_integers(level.directory / "memory.stat").get("hierarchical_memory_limit", 0)
    return MemoryLimit(limit, f"hierarchical_memory_limit of {level.name}") if limit > 0 else None


def level_charge(level: Level) -> Charge | None:
    """What is charged at one level, descendants included; None where it does not count (the root of v2)."""
    usage = read_integer(level.directory / "memory.current")
    prefix = ""
    if usage is None:
        usage = read_integer(level.directory / "memory.usage_in_bytes")
        prefix = "total_"  # v1 has its own pages without, and those of the sub-tree with this prefix
    if usage is None:
        return None
    stat = read_keyed_integers(level.directory / "memory.stat")
    inactive = stat.get(f"{prefix}inactive_file", 0)
    dirty = sum(stat.get(name, 0) for name in ("file_dirty", "file_writeback", "total_dirty", "total_writeback"))
    clean = max(inactive + stat.get(f"{prefix}active_file", 0) - dirty, 0)
    return Charge(usage, max(usage - inactive, 0), max(usage - clean, 0))


def machine_limit(root: Path) -> MemoryLimit:
    """All the memory there is, for us or for anyone."""
    total = read_kibibytes(root / "proc/meminfo").get("MemTotal", 0)
    if total > 0:
        return MemoryLimit(total, "MemTotal of /proc/meminfo")
    return MemoryLimit(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), "physical pages, by sysconf")


def machine_charge(root: Path) -> Charge:
    """Memory in use on the machine; all 0 where ``/proc/meminfo`` does not say."""
    info = read_kibibytes(root / "proc/meminfo")
    total, free = info.get("MemTotal", 0), info.get("MemFree", 0)
    # MemAvailable is the kernel's own estimate of what could be given out without swapping (since 3.14).
    available = info.get("MemAvailable", free + info.get("Buffers", 0) + info.get("Cached", 0))
    in_use = max(total - available, 0)
    return Charge(max(total - free, 0), in_use, in_use)
