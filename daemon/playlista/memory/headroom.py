"""How close to a limit we are, and the low and high watermark between which nothing changes.

Input: the occupancy of every level that can run out. Output: the one that will do so first.

**What counts as occupied.** The working set is what people watch, but it counts the pages of our own libraries, which
the kernel takes back before it kills. What it cannot take back (anonymous and kernel memory) understates our needs the
other way round: without memory for the code that runs, that code is read from disk again and again. Measured with
essentia's runtime, whose 88 MB of anonymous memory fit all of these limits, on three minutes of music: 1.4 s without a
limit, 1.6 s at 192 MiB, 4.0 s at 160, 12 s at 144. So we count what cannot be reclaimed and 48 MiB for hot code, or the
working set where that is less, as it is with leaner runtimes.

**Watermarks.** Below the high watermark a track begins as configured. Once one did not fit there, the full
configuration comes back only below the low one: with a single mark, a process that lives near it would change its mind
at every track. Both are shares of the limit, but on a large machine the margin need not grow with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from playlista.memory.cgroup import MemoryLimit, Occupancy
from playlista.system.units import MEBIBYTE

#: File pages that an analysis touches all the time: essentia, TensorFlow, soxr, libsndfile, the interpreter.
HOT_CODE_BYTES = 48 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Watermark:
    """A part of a limit: `share` of it, but never more than `max_margin_bytes` below it."""

    share: float
    max_margin_bytes: int

    def bytes_of(self, limit_bytes: int) -> int:
        """The watermark in bytes for one limit."""
        return max(int(limit_bytes * self.share), limit_bytes - self.max_margin_bytes)


LOW_WATERMARK = Watermark(0.80, 512 * MEBIBYTE)
HIGH_WATERMARK = Watermark(0.92, 192 * MEBIBYTE)


@dataclass(frozen=True, slots=True)
class Headroom:
    """What runs out first: its limit, what is occupied there, and the bytes up to a watermark (negative: past it)."""

    limit: MemoryLimit
    occupied_bytes: int
    free_bytes: int

    def holds(self, need_bytes: int) -> bool:
        """Whether `need_bytes` more stay below the watermark."""
        return need_bytes <= self.free_bytes


def headroom(occupancies: Iterable[Occupancy], watermark: Watermark) -> Headroom:
    """The least headroom below `watermark` over all levels."""
    return min((_of_level(one, watermark) for one in occupancies), key=lambda level: level.free_bytes)


def _of_level(occupancy: Occupancy, watermark: Watermark) -> Headroom:
    charge = occupancy.charge
    occupied = min(charge.working_set_bytes, charge.unreclaimable_bytes + HOT_CODE_BYTES)
    return Headroom(occupancy.limit, occupied, watermark.bytes_of(occupancy.limit.bytes) - occupied)
