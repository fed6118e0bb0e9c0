"""How close to a limit we are, and the two marks between which nothing changes.

What enters: the occupancies of every level that can run out. What leaves: the one that will do so first.

**What counts as occupied.** The working set is what people watch, but it counts the pages of our own libraries, which
the kernel takes back before it kills. What it cannot take back (anonymous and kernel memory) understates our needs the
other way round: without room for the code that runs, that code is read from disk again and again. Measured with
essentia's runtime, whose 88 MB of anonymous memory fit all of these limits, on three minutes of music: 1.4 s without a
limit, 1.6 s at 192 MiB, 4.0 s at 160, 12 s at 144. So we count what cannot be reclaimed and 48 MiB for hot code, or the
working set where that is less, as it is with leaner runtimes.

**Marks.** Below the hard mark a track begins as configured. Once one did not fit there, the full configuration comes
back only below the soft mark: with a single mark, a process that lives near it would change its mind at every track.
Both are shares of the limit, but on a large machine the margin need not grow with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from playlista.memory.cgroup import MemoryLimit, Occupancy

MEBIBYTE = 1024 * 1024

#: File pages that an analysis touches all the time: essentia, TensorFlow, soxr, libsndfile, the interpreter.
HOT_CODE_BYTES = 48 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Mark:
    """A part of a limit: `share` of it, but never more than `max_margin_bytes` below it."""

    share: float
    max_margin_bytes: int

    def bytes_of(self, limit_bytes: int) -> int:
        """The mark in bytes for one limit."""
        return max(int(limit_bytes * self.share), limit_bytes - self.max_margin_bytes)


SOFT_MARK = Mark(0.80, 512 * MEBIBYTE)
HARD_MARK = Mark(0.92, 192 * MEBIBYTE)


@dataclass(frozen=True, slots=True)
class Headroom:
    """What runs out first: its limit, what is occupied there, and the bytes up to a mark (negative: past it)."""

    limit: MemoryLimit
    occupied_bytes: int
    free_bytes: int

    def holds(self, need_bytes: int) -> bool:
        """Whether `need_bytes` more stay below the mark."""
        return need_bytes <= self.free_bytes


def headroom(occupancies: Iterable[Occupancy], mark: Mark) -> Headroom:
    """The least room below `mark` over all levels."""
    rooms = (_room(occupancy, mark) for occupancy in occupancies)
    return min(rooms, key=lambda room: room.free_bytes)


def _room(occupancy: Occupancy, mark: Mark) -> Headroom:
    charge = occupancy.charge
    occupied = min(charge.working_set_bytes, charge.unreclaimable_bytes + HOT_CODE_BYTES)
    return Headroom(occupancy.limit, occupied, mark.bytes_of(occupancy.limit.bytes) - occupied)
