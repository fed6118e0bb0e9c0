"""Real tracks on a real cluster against one daemon alone: the same results, and what the cluster costs in CPU time."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import psutil

from benchmarks.cgroups import MIB, memory_cgroup, why_not
from tests.cluster.music import tracks
from tests.integration.clusters import Cluster, comparable, directly, wait_until
from tests.integration.daemon import Daemon
from tests.soak.findings import Finding, at_most, exactly, holds

TRACKS = 500
WORKERS = 3
LIMIT_MIB = 256
#: A pass takes minutes on an idle machine.
HOURS = 3


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over the music: its results, and CPU seconds by member."""

    results: dict[str, dict[str, object]]
    wall_seconds: float
    daemon_cpu: float
    worker_cpu: float
    scheduler_cpu: float
    peak_bytes: list[int | None]


def prove(folder: Path, source: Path | None, count: int) -> Iterator[Finding]:
    """The findings."""
    music = folder / "music"
    music.mkdir(parents=True)
    list(islice(tracks(music, source, seed=1), count))
    alone = _alone(folder, music)
    clustered = _clustered(folder / "cluster", music, WORKERS)
    different = [path for path, result in alone.results.items() if clustered.results.get(path) != result]
    yield exactly("tracks with a result of one daemon alone", len(alone.results), count)
    yield exactly(f"results lost with {WORKERS} workers", len(alone.results.keys() - clustered.results.keys()), 0)
    yield exactly("results that differ in any bit", len(different), 0)
    overhead = clustered.daemon_cpu + clustered.worker_cpu + clustered.scheduler_cpu - alone.daemon_cpu
    yield Finding("CPU of one daemon alone, a track", f"{1000 * alone.daemon_cpu / count:.0f} ms")
    yield Finding("CPU of the workers, a track", f"{1000 * clustered.worker_cpu / count:.0f} ms")
    yield Finding("CPU of the daemon with a cluster, a track", f"{1000 * clustered.daemon_cpu / count:.1f} ms")
    yield Finding("CPU of the scheduler, a track", f"{1000 * clustered.scheduler_cpu / count:.1f} ms")
    yield Finding("CPU of all together beyond one daemon's, a track", f"{1000 * overhead / count:.0f} ms")
    peaks = [peak for peak in clustered.peak_bytes if peak is not None]
    if peaks:
        yield at_most("most that a worker's cgroup was charged", max(peaks) / MIB, LIMIT_MIB, " MiB", digits=0)
    else:
        yield holds("workers in cgroups", why_not() or "no", reached=True)


def _alone(folder: Path, music: Path) -> Pass:
    place = folder / "alone"
    place.mkdir()
    daemon = Daemon(place, dict(os.environ))
    daemon.environment["MUSIC_DIR"] = str(music)
    before, began = _children_cpu(), time.monotonic()
    run_once(daemon)
    cpu, wall = _children_cpu() - before, time.monotonic() - began
    return Pass(comparable(daemon.run("export").stdout), wall, cpu, 0.0, 0.0, [])


def _clustered(folder: Path, music: Path, workers: int) -> Pass:
    folder.mkdir()
    cluster = Cluster(folder, dict(os.environ))
    cluster.daemon.environment["MUSIC_DIR"] = str(music)
    with ExitStack() as ending:
        ending.callback(cluster.end)
        groups = [] if why_not() else [ending.enter_context(memory_cgroup(LIMIT_MIB * MIB)) for _ in range(workers)]
        cluster.scheduler()
        for number in range(workers):
            through = (lambda *command, g=groups[number]: g.entered_by(command)) if groups else directly
            cluster.worker(f"w{number}", through)
        for number in range(workers):
            cluster.wait_for_event(f"w{number}", "worker.started")
        names = [f"w{number}" for number in range(workers)]
        idle = {name: _cpu(cluster.members[name].pid) for name in ("scheduler", *names)}
        before, began = _children_cpu(), time.monotonic()
        run_once(cluster.daemon)
        daemon_cpu, wall = _children_cpu() - before, time.monotonic() - began
        spent = {name: _cpu(cluster.members[name].pid) - idle[name] for name in idle}
        results = comparable(cluster.daemon.run("export").stdout)
        peaks = [group.peak_bytes() for group in groups]
        cluster.end()
        wait_until(lambda: all(process.poll() is not None for process in cluster.members.values()), "the end")
    worker_cpu = sum(spent[name] for name in names)
    return Pass(results, wall, daemon_cpu, worker_cpu, spent["scheduler"], peaks)


def run_once(daemon: Daemon) -> None:
    """One pass over the music, however long it takes."""
    command = [sys.executable, "-m", "playlista", "run", "--once"]
    with daemon.log.open("ab") as log:
        ended = subprocess.run(command, env=daemon.environment, stderr=log, timeout=HOURS * 3600, check=False)
    assert ended.returncode in {0, 3}, f"exit code {ended.returncode}; see {daemon.log}"


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system + times.children_user + times.children_system
