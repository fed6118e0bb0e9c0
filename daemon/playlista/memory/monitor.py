"""Memory at one moment, as metrics, the status command and the guide's loader show it.

Input: the kernel's counts by way of ``cgroup`` and ``process``. Output: snapshots, and the peaks over those
that were taken since a track began.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

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


@dataclass(frozen=True, slots=True)
class MemoryPeaks:
    """The most that samples have shown since the last ``restart``, in bytes, and how many there were."""

    resident_bytes: int = 0
    anonymous_bytes: int = 0
    working_set_bytes: int = 0
    samples: int = 0

    def with_sample(self, sample: MemorySnapshot) -> MemoryPeaks:
        """These peaks, raised by one more sample."""
        return MemoryPeaks(
            max(self.resident_bytes, sample.resident_bytes),
            max(self.anonymous_bytes, sample.anonymous_bytes),
            max(self.working_set_bytes, sample.working_set_bytes),
            self.samples + 1,
        )


class MemorySampler:
    """Samples memory on a thread of its own, as ``MEMORY_MONITORING_ENABLED`` asks for it.

    The kernel keeps one peak for the life of a process; this tells the peak of each track. A sample costs about a
    millisecond. Use it as a context manager, and ``restart`` between tracks.

    Parameters
    ----------
    read : takes one sample.
    interval_seconds : between two samples.
    """

    def __init__(
        self,
        read: Callable[[], MemorySnapshot],
        *,
        interval_seconds: float = 1.0,
    ) -> None:
        self._read = read
        self._interval_seconds = interval_seconds
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-sampler", daemon=True)
        self._peaks = MemoryPeaks()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def restart(self) -> MemoryPeaks:
        """The peaks so far, one last sample included; counting begins anew."""
        last = self._read()
        with self._lock:
            peaks, self._peaks = self._peaks.with_sample(last), MemoryPeaks()
        return peaks

    def _run(self) -> None:
        while not self._stop.wait(self._interval_seconds):
            sample = self._read()
            with self._lock:
                self._peaks = self._peaks.with_sample(sample)
