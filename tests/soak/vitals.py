"""What the kernel says of a process while it works, every half second; and whether any of it grows."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cgroups import MIB
from tests.soak.findings import Finding, at_most, exactly, told

SAMPLE_SECONDS = 0.5
#: A day has 24 hours; the first is spent on growing to working size: libraries, pools, caches.
HOURS = 24
FIRST_HOUR = 1
GROWTH_BAR_MIB = 10.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look. `progress` is the number of tracks done."""

    progress: int
    resident_bytes: int
    descriptors: int
    threads: int


class Vitals:
    """A thread that samples the process `pid` for the length of a block."""

    def __init__(self, pid: int, progress: Callable[[], int]) -> None:
        self._pid = pid
        self._progress = progress
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.samples: list[Sample] = []

    def __enter__(self) -> Vitals:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            with suppress(OSError, ValueError):
                self.samples.append(sample(self._pid, self._progress()))


def sample(pid: int, progress: int) -> Sample:
    """Look at `pid` once."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    return Sample(progress, int(fields["VmRSS"].split()[0]) * 1024, descriptors, int(fields["Threads"]))


@dataclass(frozen=True, slots=True)
class Trend:
    """One measure over the day, hour by hour from the second on, and by a straight line through all of them."""

    hours: tuple[float, ...]
    per_thousand_tracks: float

    @property
    def first(self) -> float:
        """In the second hour."""
        return self.hours[0]

    @property
    def last(self) -> float:
        """In the last hour."""
        return self.hours[-1]

    @property
    def growth(self) -> float:
        """From the second hour to the last."""
        return self.last - self.first


def trend(samples: Sequence[Sample], measure: Callable[[Sample], float], *, floor: bool = False) -> Trend:
    """How `measure` went; an hour's value is its median, or with `floor` its least, under which only leaks can lift it.

    A track opens files and ffmpeg has threads; what is left between tracks is what matters for those.
    """
    total = max(one.progress for one in samples) + 1
    hours: list[list[Sample]] = [[] for _ in range(HOURS)]
    for one in samples:
        hours[one.progress * HOURS // total].append(one)
    of_hour = min if floor else statistics.median
    points = [
        (statistics.mean(one.progress for one in hour), float(of_hour([measure(one) for one in hour])))
        for hour in hours[FIRST_HOUR:]
        if hour
    ]
    slope = statistics.linear_regression(*zip(*points, strict=True)).slope
    return Trend(tuple(value for _, value in points), slope * 1000)


def growth(samples: Sequence[Sample]) -> list[Finding]:
    """Memory, file descriptors and threads over the day."""
    between = trend(samples, lambda one: one.resident_bytes / MIB, floor=True)
    resident = trend(samples, lambda one: one.resident_bytes / MIB)
    descriptors = trend(samples, lambda one: one.descriptors, floor=True)
    threads = trend(samples, lambda one: one.threads, floor=True)
    peak = max(one.resident_bytes for one in samples) / MIB
    by_hour = " ".join(f"{value:.0f}" for value in resident.hours)
    return [
        at_most("resident memory between tracks, growth from the 2nd hour", between.growth, GROWTH_BAR_MIB, " MiB"),
        told("that is in the 2nd hour, in the 24th", f"{between.first:.1f}, {between.last:.1f} MiB"),
        at_most("resident memory at work, growth from the 2nd hour", resident.growth, GROWTH_BAR_MIB, " MiB"),
        told("that is by hour (median); the most at any time", f"{by_hour}; {peak:.0f} MiB"),
        told("its slope over the hours by regression, per 1,000 tracks", f"{resident.per_thousand_tracks:+.2f} MiB"),
        at_most("file descriptors between tracks, growth", descriptors.growth, 0, digits=0),
        told("file descriptors in the 2nd hour, in the 24th", f"{descriptors.first:.0f}, {descriptors.last:.0f}"),
        at_most("threads between tracks, growth", threads.growth, 0, digits=0),
        told("threads in the 2nd hour, in the 24th", f"{threads.first:.0f}, {threads.last:.0f}"),
    ]


class Clients:
    """Somebody who asks for everything, all the time, for the length of a block."""

    PATHS = ("/metrics", "/readyz", "/healthz", "/api/v1/status", "/api/v1/failures", "/api/v1/tracks?limit=20", "/")

    def __init__(self, status_of: Callable[[str], int]) -> None:
        self._status_of = status_of
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.seconds: list[float] = []
        self.statuses: dict[int, int] = {}

    def __enter__(self) -> Clients:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.1):
            for path in self.PATHS:
                began = time.monotonic()
                status = self._status_of(path)
                self.seconds.append(time.monotonic() - began)
                self.statuses[status] = self.statuses.get(status, 0) + 1

    def findings(self) -> list[Finding]:
        """How they fared."""
        answers = sorted(self.statuses.items())
        slowest = sorted(self.seconds)[int(len(self.seconds) * 0.99)]
        return [
            told("requests meanwhile, by status", ", ".join(f"{count} x {status}" for status, count in answers)),
            exactly("requests without an answer", self.statuses.get(0, 0), 0),
            told("99 % answered within", f"{slowest:.2f} s"),
        ]
