"""Real tracks on a real cluster against one daemon alone: the same results, and what the cluster costs in CPU time."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import psutil

from benchmarks.cgroups import MIB, memory_cgroup, why_not
from tests.cluster.music import tracks
from tests.integration.clusters import Cluster, comparable, directly, wait_until
from tests.integration.daemon import Daemon
from tests.soak.findings import Finding, at_most, exactly, holds

TRACKS = 500
#: One track in so many is analyzed before, to tell what a start costs from what a track does.
FEW = 20
WORKERS = 3
#: So many workers in turn share one track in PART of them, to tell how the time falls with their number.
NUMBERS = (1, 2, 4)
PART = 5
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

    def less(self, few: Pass) -> Pass:
        """What the tracks cost that were not in the pass over a `few`: the start costs the same in both."""
        return replace(
            self,
            daemon_cpu=self.daemon_cpu - few.daemon_cpu,
            worker_cpu=self.worker_cpu - few.worker_cpu,
            scheduler_cpu=self.scheduler_cpu - few.scheduler_cpu,
        )


def prove(folder: Path, source: Path | None, count: int) -> Iterator[Finding]:
    """The findings."""
    music = folder / "music"
    music.mkdir(parents=True)
    few, some = folder / "few", folder / "some"
    few.mkdir()
    some.mkdir()
    for number, path in enumerate(islice(tracks(music, source, seed=1), count)):
        for part, size in ((few, count // FEW), (some, count // PART)):
            if number < size:
                os.link(path, part / path.name)  # of the same size and time, so that it will do for a worker
    alone_few, alone = _alone(folder / "alone-few", few), _alone(folder / "alone", music)
    clustered_few, clustered = _clustered(folder / "cluster", (few, music), WORKERS)
    different = [path for path, result in alone.results.items() if clustered.results.get(path) != result]
    yield exactly("tracks with a result of one daemon alone", len(alone.results), count)
    yield exactly(f"results lost with {WORKERS} workers", len(alone.results.keys() - clustered.results.keys()), 0)
    yield exactly("results that differ in any bit", len(different), 0)
    yield from _costs(alone.less(alone_few), clustered.less(clustered_few), count - count // FEW)
    yield Finding(
        "CPU of the daemon's start, alone and with a cluster", _starts(alone_few, clustered_few, count // FEW)
    )
    peaks = [peak for peak in clustered.peak_bytes if peak is not None]
    if peaks:
        yield at_most("most that a worker's cgroup was charged", max(peaks) / MIB, LIMIT_MIB, " MiB", digits=0)
    else:
        yield holds("workers in cgroups", why_not() or "no", reached=True)
    yield from _by_number(folder, some, count // PART)


def _by_number(folder: Path, music: Path, count: int) -> Iterator[Finding]:
    """How long one, two and four workers take; they cannot be faster than the CPUs of this machine allow."""
    cpus = len(os.sched_getaffinity(0))
    for workers in NUMBERS:
        (taken,) = _clustered(folder / f"workers-{workers}", (music,), workers)
        busy = (taken.daemon_cpu + taken.worker_cpu + taken.scheduler_cpu) / taken.wall_seconds
        yield Finding(
            f"{count} tracks by {workers} worker{'s'[: workers > 1]}, {cpus} CPUs",
            f"{taken.wall_seconds:.0f} s, {busy:.2f} CPUs busy, load of the machine {os.getloadavg()[0]:.0f}",
        )


def _costs(alone: Pass, clustered: Pass, count: int) -> Iterator[Finding]:
    def each(seconds: float) -> str:
        return f"{1000 * seconds / count:.1f} ms"

    overhead = clustered.daemon_cpu + clustered.worker_cpu + clustered.scheduler_cpu - alone.daemon_cpu
    yield Finding("CPU of one daemon alone, a track", each(alone.daemon_cpu))
    yield Finding("CPU of the workers, a track", each(clustered.worker_cpu))
    yield Finding("CPU of the daemon with a cluster, a track", each(clustered.daemon_cpu))
    yield Finding("CPU of the scheduler, a track", each(clustered.scheduler_cpu))
    yield Finding("CPU of all together beyond one daemon's, a track", each(overhead))


def _alone(folder: Path, music: Path) -> Pass:
    folder.mkdir()
    daemon = Daemon(folder, dict(os.environ))
    daemon.environment["MUSIC_DIR"] = str(music)
    before, began = _children_cpu(), time.monotonic()
    run_once(daemon)
    cpu, wall = _children_cpu() - before, time.monotonic() - began
    return Pass(comparable(daemon.run("export").stdout), wall, cpu, 0.0, 0.0, [])


def _clustered(folder: Path, folders: tuple[Path, Path], workers: int) -> list[Pass]:
    """A pass over each folder; the workers have the last one, which holds the files of the others as well."""
    folder.mkdir()
    cluster = Cluster(folder, dict(os.environ))
    cluster.daemon.environment["MUSIC_DIR"] = str(folders[-1])
    with ExitStack() as ending:
        ending.callback(cluster.end)
        groups = [] if why_not() else [ending.enter_context(memory_cgroup(LIMIT_MIB * MIB)) for _ in range(workers)]
        cluster.scheduler()
        for number in range(workers):
            through = (lambda *command, g=groups[number]: g.entered_by(command)) if groups else directly
            cluster.worker(f"w{number}", through)
        for number in range(workers):
            cluster.wait_for_event(f"w{number}", "worker.started")
        passes = [_pass(cluster, music) for music in folders]
        passes[-1] = replace(passes[-1], peak_bytes=[group.peak_bytes() for group in groups])
        cluster.end()
        wait_until(lambda: all(process.poll() is not None for process in cluster.members.values()), "the end")
    return passes


def _pass(cluster: Cluster, music: Path) -> Pass:
    """One pass with a library of its own."""
    daemon = cluster.daemon
    daemon.environment |= {"MUSIC_DIR": str(music), "DATA_DIR": str(cluster.folder / f"data-{music.name}")}
    idle = {name: _cpu(process.pid) for name, process in cluster.members.items()}
    before, began = _children_cpu(), time.monotonic()
    run_once(daemon)
    daemon_cpu, wall = _children_cpu() - before, time.monotonic() - began
    spent = {name: _cpu(process.pid) - idle[name] for name, process in cluster.members.items()}
    scheduler_cpu = spent.pop("scheduler")
    results = comparable(daemon.run("export").stdout)
    return Pass(results, wall, daemon_cpu, sum(spent.values()), scheduler_cpu, [])


def _starts(alone: Pass, clustered: Pass, few: int) -> str:
    return f"{alone.daemon_cpu:.1f} and {clustered.daemon_cpu:.1f} s, with {few} tracks"


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
