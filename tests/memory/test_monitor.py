"""Snapshots agree with the kernel; the sampler keeps the peak of each track."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from playlista.memory.cgroup import Cgroup
from playlista.memory.monitor import MemoryPeaks, MemorySampler, MemorySnapshot, read_memory
from tests.deadlines import DEADLINE_SECONDS
from tests.memory.trees import CHARGED, MIB


def test_a_snapshot_holds_what_process_and_cgroup_say(tmp_path: Path) -> None:
    snapshot = read_memory(Cgroup(CHARGED["v2"].build(tmp_path)))
    assert (snapshot.limit_bytes, snapshot.limit_source) == (256 * MIB, "memory.max of /s")
    assert (snapshot.usage_bytes, snapshot.working_set_bytes) == (200 * MIB, 150 * MIB)
    assert (snapshot.peak_usage_bytes, snapshot.oom_kills) == (240 * MIB, 2)
    assert 0 < snapshot.anonymous_bytes < snapshot.resident_bytes <= snapshot.peak_resident_bytes


def _snapshot(resident: int) -> MemorySnapshot:
    return MemorySnapshot(resident, resident // 2, 0, 0, 1000, "test", resident * 2, 0, None, 0)


def test_the_peak_of_a_track_is_the_most_of_its_samples_and_the_next_begins_anew() -> None:
    values, fifth = iter([100, 300, 200, 50]), threading.Event()

    def read() -> MemorySnapshot:
        value = next(values, None)
        if value is None:
            fifth.set()  # all samples before this one are in the peak
        return _snapshot(value or 50)

    with MemorySampler(read, interval_seconds=0.001) as sampler:
        assert fifth.wait(DEADLINE_SECONDS)
        first_track = sampler.restart()
        second_track = sampler.restart()
    assert (first_track.resident_bytes, first_track.anonymous_bytes, first_track.working_set_bytes) == (300, 150, 600)
    assert second_track.resident_bytes == 50


def test_a_track_that_ends_before_the_first_sample_has_a_peak_all_the_same() -> None:
    with MemorySampler(lambda: _snapshot(70), interval_seconds=3600) as sampler:
        assert sampler.restart() == MemoryPeaks(70, 35, 140, samples=1)


def test_the_sampler_ends_with_its_block() -> None:
    with MemorySampler(lambda: _snapshot(1), interval_seconds=3600):
        assert any(thread.name == "memory-sampler" for thread in threading.enumerate())
    assert not any(thread.name == "memory-sampler" for thread in threading.enumerate())


def test_peaks_of_different_figures_may_come_from_different_samples() -> None:
    sample = _snapshot(100)
    peaks = MemoryPeaks().with_sample(sample).with_sample(replace(sample, resident_bytes=10, working_set_bytes=999))
    assert (peaks.resident_bytes, peaks.working_set_bytes, peaks.samples) == (100, 999, 2)
