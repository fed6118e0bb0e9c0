"""The running daemon in a real cgroup: what it says of memory on /metrics against what the kernel says meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import signals
from tests.integration.daemon import Daemon
from tests.memory.real_cgroups import RealCgroup, process_inside
from tests.memory.trees import MIB

#: The kernel counts resident pages, and pages charged to a cgroup, in batches of 64 for each thread or CPU.
SLACK_BYTES = 2 * MIB
#: With one CPU the thread that watches hardly runs while the daemon answers: a figure may pass between two looks.
SCRAPES = 1 if len(os.sched_getaffinity(0)) > 1 else 10
ANALYZED = 'playlista_tracks_completed_total{result="analyzed"}'


@dataclass
class KernelWatch:
    """Reads figures of the kernel over and over, and knows the least and the most of each."""

    figures: dict[str, Callable[[], int]]
    seen: dict[str, list[int]] = field(default_factory=dict)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch from before the block to after it."""
        self.seen = {name: [read()] for name, read in self.figures.items()}
        ended = threading.Event()
        thread = threading.Thread(target=self._follow, args=(ended,))
        thread.start()
        yield
        ended.set()
        thread.join()
        for name, read in self.figures.items():
            self.seen[name].append(read())

    def holds(self, name: str, value: float, slack_bytes: int) -> bool:
        """Whether `value` lies between the least and the most that was seen."""
        return min(self.seen[name]) - slack_bytes <= value <= max(self.seen[name]) + slack_bytes

    def _follow(self, ended: threading.Event) -> None:
        while not ended.is_set():
            for name, read in self.figures.items():
                self.seen[name].append(read())


@pytest.fixture
def daemon(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[Daemon]:
    """Without tags, which say nothing here; each test starts it with its own settings."""
    made = Daemon(tmp_path, {**clean_environment, "MUSICNN_RUNTIME": "off"})
    yield made
    made.close()


def test_memory_on_metrics_is_what_the_kernel_says_idle_and_at_work(real_cgroup: RealCgroup, daemon: Daemon) -> None:
    real_cgroup.set_limit(256 * MIB)
    daemon.start(real_cgroup.command)
    kernel = KernelWatch(
        {
            "playlista_resident_memory_bytes": lambda: _status(daemon, "VmRSS"),
            "playlista_resident_memory_peak_bytes": lambda: _status(daemon, "VmHWM"),
            "playlista_memory_limit_bytes": lambda: int(real_cgroup.read("memory.limit_in_bytes", "memory.max")),
            "playlista_memory_working_set_bytes": lambda: _usage(real_cgroup) - real_cgroup.stat("inactive_file"),
            "playlista_cgroup_oom_kills_total": lambda: _oom_kills(real_cgroup),
        }
    )
    for number in range(4):
        signals.write(daemon.music / f"{number}.flac", signals.song(40, seed=number))
    scrapes = 0
    while daemon.metric(ANALYZED) < 4:
        _scrape_agrees(daemon, kernel)
        scrapes += 1
    assert scrapes >= 4, "it was to be looked at while it worked"
    _scrape_agrees(daemon, kernel)
    assert daemon.metric("playlista_track_budget_bytes") == 256 * MIB // 10
    assert daemon.metric("playlista_memory_pauses_total") == 0


def test_a_limit_that_is_changed_while_it_runs_cuts_the_next_track_to_the_sample(
    real_cgroup: RealCgroup, daemon: Daemon
) -> None:
    daemon.environment |= {"MEMORY_STREAMING_ENABLED": "false", "MEMORY_OPTIMIZED_MEMORY_LIMIT_PERCENT": "0.1"}
    real_cgroup.set_limit(512 * MIB)
    daemon.start(real_cgroup.command)
    cut = 'playlista_cap_truncations_total{reason="limit_percent"}'
    lost_seconds = 0.0
    for number, limit in enumerate((512 * MIB, 256 * MIB, 1024 * MIB), start=1):
        real_cgroup.set_limit(limit)
        signals.write(daemon.music / f"{number}.wav", signals.song(30, seed=number))
        daemon.wait_for(lambda: daemon.metric(ANALYZED) == number, "the track")  # noqa: B023 - called at once
        result = daemon.result(f"{number}.wav")
        assert result is not None
        kept_samples = limit // 1000 // 2  # a thousandth of the limit, two bytes each
        assert result["audio"]["truncated"]
        assert result["audio"]["analyzed_seconds"] == pytest.approx(kept_samples / 22050, abs=1 / 44100)
        assert result["memory"]["limit_bytes"] == limit == daemon.metric("playlista_memory_limit_bytes")
        assert daemon.metric("playlista_track_budget_bytes") == limit // 1000
        assert daemon.metric(cut) == number
        lost_seconds += 30 - kept_samples / 22050
    assert daemon.metric("playlista_truncated_audio_seconds_total") == pytest.approx(lost_seconds, abs=1e-3)
    assert [event["reason"] for event in daemon.events("track.truncated")] == ["limit_percent"] * 3


def test_a_track_that_waits_for_a_neighbours_memory_is_counted_and_goes_ahead_when_it_leaves(
    real_cgroup: RealCgroup, daemon: Daemon, models_dir: Path
) -> None:
    daemon.environment |= {"MUSICNN_RUNTIME": "numpy", "MODELS_DIR": str(models_dir)}
    real_cgroup.set_limit(256 * MIB)
    daemon.start(real_cgroup.command)
    with process_inside(real_cgroup) as neighbour:
        free = 256 * MIB - _usage(real_cgroup) + real_cgroup.stat("inactive_file")
        neighbour.ask(f"hold({free - 32 * MIB})")
        signals.write(daemon.music / "song.flac", signals.song(20))
        daemon.wait_for(lambda: daemon.metric("playlista_memory_pauses_total") == 1, "the pause")
        assert _usage(real_cgroup) > 0.8 * 256 * MIB, "the kernel must agree that memory is short"
        assert daemon.metric(ANALYZED) == 0
        neighbour.ask("release()")
        daemon.wait_for(lambda: daemon.metric(ANALYZED) == 1, "the track")
    (admitted,) = daemon.events("track.admitted")
    assert 0 < admitted["waited_seconds"] < 10
    assert admitted["why"] == "as asked, after waiting for memory"
    assert admitted["cleaned"] == ["garbage and free heap", "page cache of the track", "the model"]
    result = daemon.result("song.flac")
    assert result is not None
    assert len(result["tags"]) == 50, "the model was to be loaded again"
    assert daemon.metric("playlista_memory_pauses_total") == 1


def test_a_neighbour_that_the_kernel_kills_is_on_metrics_and_the_daemon_goes_on(
    real_cgroup: RealCgroup, daemon: Daemon
) -> None:
    if real_cgroup.version == 1 and "oom_kill " not in real_cgroup.read("memory.oom_control", ""):
        pytest.skip("this kernel does not count OOM kills on v1 (before 4.13)")
    real_cgroup.set_limit(256 * MIB)
    if (real_cgroup.directory / "memory.swap.max").exists():
        real_cgroup.write("memory.swap.max", "0")
    daemon.start(real_cgroup.command)
    assert daemon.metric("playlista_cgroup_oom_kills_total") == 0
    greedy = "open('/proc/self/oom_score_adj', 'w').write('1000'); bytearray(b'x') * (512 << 20)"
    killed = subprocess.run(real_cgroup.command(sys.executable, "-c", greedy), check=False, timeout=60)
    assert killed.returncode == -9
    assert daemon.metric("playlista_cgroup_oom_kills_total") == _oom_kills(real_cgroup) == 1
    signals.write(daemon.music / "song.flac", signals.song(10))
    daemon.wait_for(lambda: daemon.metric(ANALYZED) == 1, "the track")


def _scrape_agrees(daemon: Daemon, kernel: KernelWatch) -> None:
    wrong = _disagreements(daemon, kernel)
    for _ in range(SCRAPES - 1):
        if not wrong:
            break
        wrong = _disagreements(daemon, kernel)
    assert wrong == []


def _disagreements(daemon: Daemon, kernel: KernelWatch) -> list[tuple[str, str, list[int]]]:
    """Figures of one scrape that lie outside of what was seen while it was made: name, value, what was seen."""
    with kernel.watching():
        page = daemon.get("/metrics")[1].decode()
    values = dict(line.split(" ") for line in page.splitlines() if line.startswith("playlista_") and "{" not in line)
    exact = ("playlista_memory_limit_bytes", "playlista_cgroup_oom_kills_total")
    return [
        (name, values[name], kernel.seen[name])
        for name in kernel.figures
        if not kernel.holds(name, float(values[name]), 0 if name in exact else SLACK_BYTES)
    ]


def _status(daemon: Daemon, key: str) -> int:
    assert daemon.process is not None
    lines = Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


def _usage(cgroup: RealCgroup) -> int:
    return int(cgroup.read("memory.usage_in_bytes", "memory.current"))


def _oom_kills(cgroup: RealCgroup) -> int:
    lines = cgroup.read("memory.oom_control", "memory.events").splitlines()
    return int(dict(line.split() for line in lines)["oom_kill"])
