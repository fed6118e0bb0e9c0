"""Scheduler, dispatcher and library as they are, with stand-ins for workers: how far they carry."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil

from playlista.cluster.dask_settings import configure_dask
from playlista.cluster.dispatcher import Dispatcher
from playlista.cluster.kinship import Kinship
from playlista.cluster.messages import Answer
from playlista.daemon.failures import Failures
from playlista.daemon.remote_jobs import RemoteJobs
from playlista.library.jobs import Job
from playlista.memory.budget import CapReason
from playlista.serve.metrics import Metrics
from tests.integration.clusters import wait_until
from tests.integration.daemon import ROOT
from tests.libraries import Parts, open_parts, track_file
from tests.soak.findings import Finding, at_least, at_most

MIB = 1024**2
#: The stand-ins accept every daemon.
STAND_IN_KINSHIP = Kinship("0", {}, "none", {})
#: Stand-ins in one process.
WORKERS_PER_PROCESS = 25
#: For the arithmetic: what a track of four minutes costs a worker of one core; docs/benchmarks.md.
TRACK_SECONDS = 2.0
#: A loaded machine is slow.
WAIT_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Run:
    """What some tracks took."""

    tracks: int
    wall_seconds: float
    daemon_cpu: float
    scheduler_cpu: float
    scheduler_bytes: tuple[int, int, int]
    daemon_bytes: int


class TimedJobs(RemoteJobs):
    """Notes when the first track was claimed, and when each result was stored; monotonic seconds."""

    began = 0.0

    def claim(self, worker: str) -> tuple[Job, str] | None:
        """As ever."""
        self.began = self.began or time.monotonic()
        return super().claim(worker)

    def end(self, job: Job, answer: Answer) -> None:
        """As ever."""
        super().end(job, answer)
        self.ended.append(time.monotonic())

    @cached_property
    def ended(self) -> list[float]:
        """Times of the results."""
        return []


def prove(folder: Path, queued: int, measured: int) -> Iterator[Finding]:
    """The findings."""
    for workers in (1, 2, 4):
        run = _run(folder / f"sleep-{workers}", workers, 1.0, queued=20 * workers, measured=20 * workers)
        ideal = run.tracks / workers
        yield Finding(
            f"tracks of 1 s at {workers} worker(s): of the ideal speed", f"{100 * ideal / run.wall_seconds:.0f} %"
        )
    run = _run(folder / "many", 100, 0.0, queued=queued, measured=measured)
    rate = run.tracks / run.wall_seconds
    yield at_least(f"of {queued:,} queued tracks, no-ops done by 100 workers", run.tracks, measured)
    yield at_least("tracks a second on this machine, with the workers on it too", round(rate), 1)
    per_track = run.daemon_cpu / run.tracks
    yield Finding("CPU of the daemon, a track", f"{1000 * per_track:.1f} ms")
    yield Finding("CPU of the scheduler, a track", f"{1000 * run.scheduler_cpu / run.tracks:.1f} ms")
    before, midway, after = run.scheduler_bytes
    yield Finding("memory of the scheduler before and after", f"{before / MIB:.0f} and {after / MIB:.0f} MiB")
    # Only of the second half: at first it loads code and fills lists of a fixed length.
    growth = (after - midway) / (run.tracks / 2)
    yield at_most("growth of the scheduler, a track", round(growth / 1024, 2), 0.5, " KiB", digits=2)
    yield Finding("memory of the daemon's queue and dispatcher", f"{run.daemon_bytes / MIB:.0f} MiB")
    hours = max(1_000_000 * TRACK_SECONDS / 100, 1_000_000 * per_track) / 3600
    yield Finding(f"by arithmetic: 1,000,000 tracks of {TRACK_SECONDS:g} CPU s on 100 cores", f"{hours:.1f} h")


def _run(folder: Path, workers: int, seconds: float, *, queued: int, measured: int) -> Run:
    folder.mkdir(parents=True)
    with _scheduler() as (address, scheduler), _stand_ins(address, workers, seconds), open_parts(folder) as parts:
        parts.clock.now = time.time()
        parts.queue.enqueue((track_file(f"{number}.flac", inode=number) for number in range(queued)), "scan")
        return _dispatch(parts, address, scheduler, workers, measured)


def _dispatch(parts: Parts, address: str, scheduler: psutil.Process, workers: int, measured: int) -> Run:
    configure_dask()
    metrics = Metrics(version="0", cap_reasons=CapReason)
    failures = Failures(parts.queue, metrics, time.time, recheck_ffmpeg=lambda: None)
    jobs = TimedJobs(parts.queue, parts.store, failures, metrics, STAND_IN_KINSHIP)
    allowed = [False]
    dispatcher = Dispatcher(address, None, jobs, "{}", may_claim=lambda: allowed[0], track_timeout_seconds=600)
    dispatcher.start()
    try:
        wait_until(lambda: dispatcher.reading().workers["free"] == workers, "the workers")
        bytes_before, cpu_before = scheduler.memory_info().rss, _cpu(scheduler)
        own = time.process_time()
        allowed[0] = True
        wait_until(lambda: len(jobs.ended) >= measured / 2, "the first half of the tracks", WAIT_SECONDS)
        bytes_midway = scheduler.memory_info().rss
        wait_until(lambda: len(jobs.ended) >= measured, "the tracks", WAIT_SECONDS)
        spent, scheduler_spent, done = time.process_time() - own, _cpu(scheduler) - cpu_before, len(jobs.ended)
        allowed[0] = False
        return Run(
            done,
            jobs.ended[-1] - jobs.began,
            spent,
            scheduler_spent,
            (bytes_before, bytes_midway, scheduler.memory_info().rss),
            psutil.Process().memory_info().rss,
        )
    finally:
        dispatcher.stop()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@contextmanager
def _scheduler() -> Iterator[tuple[str, psutil.Process]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with _child("-m", "playlista", "scheduler", "--listen", address) as process:
        yield address, psutil.Process(process.pid)


@contextmanager
def _stand_ins(address: str, workers: int, seconds: float) -> Iterator[None]:
    counts = [min(WORKERS_PER_PROCESS, workers - done) for done in range(0, workers, WORKERS_PER_PROCESS)]
    if not counts:
        yield
        return
    child = _child("-m", "tests.cluster.stand_ins", address, str(counts[0]), str(seconds))
    with child, _stand_ins(address, workers - counts[0], seconds):
        yield


@contextmanager
def _child(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'daemon'}"}
    process = subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
