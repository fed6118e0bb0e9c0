"""How many threads the CPU quota, the cpuset and the affinity of this process allow.

A thread pool that is wider than its quota does not compute faster: it spends the period's allowance in the first
milliseconds and is then stopped for the rest of it, in the middle of whatever lock it holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from playlista.memory.cgroup_paths import Hierarchy, find_hierarchy
from playlista.memory.kernel_files import read_integer, read_text


def affinity_cpus() -> int:
    """CPUs that the scheduler may run this process on (sched_getaffinity(2)); all where there is no such call."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return os.cpu_count() or 1


def quota_cpus(root: Path) -> float | None:
    """The least quota/period over our cgroup and its ancestors, in CPUs; None where no quota is set."""
    hierarchy = find_hierarchy(root, "cpu")
    if hierarchy is None:
        return None
    read_quota = _quota_v2 if hierarchy.version == 2 else _quota_v1
    quotas = [quota for level in hierarchy.levels if (quota := read_quota(level.directory)) is not None]
    return min(quotas, default=None)


def cpuset_cpus(root: Path) -> int | None:
    """CPUs of the smallest cpuset over our cgroup and its ancestors; None where no cpuset is set."""
    hierarchy = find_hierarchy(root, "cpuset")
    return None if hierarchy is None else min(_cpuset_sizes(hierarchy), default=None)


def _cpuset_sizes(hierarchy: Hierarchy) -> Iterator[int]:
    names = ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")
    for level in hierarchy.levels:
        sizes = (count_cpu_list(read_text(level.directory / name) or "") for name in names)
        size = next((size for size in sizes if size), None)
        if size is not None:
            yield size


def _quota_v2(directory: Path) -> float | None:
    """``cpu.max`` holds "quota period" in microseconds, or "max period" (cgroup-v2.rst, CPU interface files)."""
    words = (read_text(directory / "cpu.max") or "").split()
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        return None
    return _ratio(int(words[0]), int(words[1]))


def _quota_v1(directory: Path) -> float | None:
    """``cpu.cfs_quota_us`` is -1 where there is no quota."""
    quota = read_integer(directory / "cpu.cfs_quota_us")
    period = read_integer(directory / "cpu.cfs_period_us")
    return None if quota is None or period is None else _ratio(quota, period)


def _ratio(quota: int, period: int) -> float | None:
    return quota / period if quota > 0 and period > 0 else None


def count_cpu_list(text: str) -> int:
    """CPUs in the kernel's list format, "0-3,8" (cpuset(7)); 0 for an empty or unreadable list."""
    total = 0
    for part in text.strip().split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            return 0
        total += int(last) - int(first) + 1 if dash else 1
    return max(total, 0)
