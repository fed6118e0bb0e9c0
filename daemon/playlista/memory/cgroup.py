"""The memory and CPU that this process may use, and has used, as the kernel counts it.

Input: the kernel's files, read anew at every call, since a limit can change while we run (in-place resize).
Output: limits with a readable source, and byte counts. Nothing is cached, nothing raises on an odd machine: a
level that cannot be read says nothing, and the machine's own memory is always the last word.

Sources: Linux ``Documentation/admin-guide/cgroup-v2.rst`` ("Memory") and ``cgroup-v1/memory.rst``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from playlista.memory.cgroup_levels import (
    Charge,
    MemoryLimit,
    binding_levels,
    inherited_limit,
    level_charge,
    level_limits,
    machine_charge,
    machine_limit,
)
from playlista.memory.cgroup_paths import Level, find_hierarchy
from playlista.memory.cpu_quota import affinity_cpus, cpuset_cpus, quota_cpus
from playlista.memory.kernel_files import read_integer, read_keyed_integers

__all__ = ["Cgroup", "Charge", "MemoryLimit", "Occupancy"]


@dataclass(frozen=True, slots=True)
class Occupancy:
    """A limit and what is charged against it, at the cgroup (or machine) where that limit is set."""

    limit: MemoryLimit
    charge: Charge


class Cgroup:
    """The cgroups that bind this process, or the whole machine where none does.

    Parameters
    ----------
    root : file-system root below which ``proc`` and ``sys`` lie.
    affinity : answers on how many CPUs the scheduler may run us.
    """

    def __init__(self, root: Path = Path("/"), affinity: Callable[[], int] = affinity_cpus) -> None:
        self._root = root
        self._affinity = affinity

    def memory_limit(self) -> MemoryLimit:
        """The least of every limit that binds us and of the machine's memory."""
        return min(self._limits(), key=lambda limit: limit.bytes)

    def occupancies(self) -> tuple[Occupancy, ...]:
        """Every limit that we can run into with what is charged against it, the machine's included; never empty.

        The least limit need not be the first to be reached: a roomy ancestor may be full of somebody else.
        """
        machine = Occupancy(machine_limit(self._root), machine_charge(self._root))
        found = (
            Occupancy(limit, charge)
            for level, limits in _limits_by_level(self._levels())
            if (charge := level_charge(level)) is not None
            for limit in limits
            if limit.bytes < machine.limit.bytes  # v1 writes "none" as nearly 2^63
        )
        return (*found, machine)

    def working_set_bytes(self) -> int:
        """Our cgroup's usage without inactive file pages; what the machine has in use where no cgroup counts."""
        return self._charge().working_set_bytes

    def usage_bytes(self) -> int:
        """All that is charged to our cgroup, page cache included; the machine's where no cgroup counts."""
        return self._charge().usage_bytes

    def unreclaimable_bytes(self) -> int:
        """Our cgroup's usage without clean file pages; the machine's where no cgroup counts."""
        return self._charge().unreclaimable_bytes

    def peak_bytes(self) -> int | None:
        """The highest usage of our cgroup since it was made; None where it is not kept (v2 before Linux 5.19)."""
        for level in self._levels()[:1]:
            peak = read_integer(level.directory / "memory.peak")
            return read_integer(level.directory / "memory.max_usage_in_bytes") if peak is None else peak
        return None

    def oom_kills(self) -> int:
        """Processes of our cgroup that the OOM killer ended; 0 where the kernel does not count them."""
        for level in self._levels()[:1]:
            for name in ("memory.events", "memory.oom_control"):
                kills = read_keyed_integers(level.directory / name).get("oom_kill")
                if kills is not None:
                    return kills
        return 0

    def cpu_threads(self) -> int:
        """Threads that can run at once: floor of the least of quota/period, cpuset and affinity, at least 1."""
        bounds = (quota_cpus(self._root), cpuset_cpus(self._root), self._affinity())
        return max(1, math.floor(min(bound for bound in bounds if bound is not None)))

    def _levels(self) -> tuple[Level, ...]:
        hierarchy = find_hierarchy(self._root, "memory")
        return tuple(binding_levels(hierarchy)) if hierarchy else ()

    def _limits(self) -> Iterator[MemoryLimit]:
        for _, limits in _limits_by_level(self._levels()):
            yield from limits
        yield machine_limit(self._root)

    def _charge(self) -> Charge:
        own = next((level_charge(level) for level in self._levels()[:1]), None)
        return machine_charge(self._root) if own is None else own


def _limits_by_level(levels: Sequence[Level]) -> Iterator[tuple[Level, list[MemoryLimit]]]:
    """Every limit with the level that is charged for it.

    What v1 says to be inherited comes last: of equal limits the first is reported, and the level that sets one is
    better news to an administrator than its heir.
    """
    for level in levels:
        yield level, list(level_limits(level))
    for own in levels[:1]:
        inherited = inherited_limit(own)
        yield own, [] if inherited is None else [inherited]
