"""What each path of the API costs in a large library while a track is analyzed: CPU time of its threads, wall time.

Input: a data folder as ``benchmarks.synthetic_library`` makes it, and a music file, hours long. Output: a table: median
and 99th percentile of both, and the memory of the daemon in a cgroup before and after. Empty files are made for the
tracks of the library, so that the daemon finds them where it expects them. Needs root for the cgroup.

    python -m benchmarks.http_cost DATA LONG_FILE [--limit-mib 256] [--rounds 50]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cgroups import MIB, MemoryCgroup, memory_cgroup
from playlista.features.analyzer import VERSIONS
from playlista.library.database import FILE_NAME, open_database
from playlista.library.file_rows import file_values
from playlista.tracks import TrackFile

PATHS = {
    "status": "status",
    "tracks, 50 summaries": "tracks?fields=summary",
    "tracks, by tempo and key": "tracks?fields=summary&bpm=118-126&key=8A,9A&sort=-loudness",
    "tracks, by tag": "tracks?fields=summary&tag=jazz%3E=0.3&sort=title",
    "tracks, 50 result objects": "tracks?limit=50",
    "tracks, 500 result objects": "tracks?limit=500",
    "one track": "tracks/1001",
    "search": "search?q=moon%20ri",
    "stats": "stats",
    "similar, 20": "similar?id=1001&n=20",
    "similar, 200, at most 2 of an artist": "similar?id=1001&n=200&per_artist=2",
    "path, 20 steps": "path?from=1001&to=150001&n=20",
    "blend": "blend?add=1001&add=2001&subtract=3001",
    "map, 20,000 points": "map?colour=tag",
    "map, 100,000 points": "map?colour=bpm&limit=100000",
    "failures by reason": "failures?group=reason",
    "settings": "settings",
}
START_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds: median and 99th percentile."""

    median: float
    highest: float

    @classmethod
    def of(cls, seconds: list[float]) -> Cost:
        ordered = sorted(seconds)
        return cls(1000 * ordered[len(ordered) // 2], 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))])

    def __str__(self) -> str:
        return f"{self.median:.0f} / {self.highest:.0f}"


class Running:
    """A daemon that runs, and its client."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self._port = port
        self._others: set[str] = set()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        connection.request("GET", f"/api/v1/{path}", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def current(self) -> str | None:
        """The track at work."""
        found: str | None = json.loads(self.get("status")[1])["current"]
        return found

    def look_for_others(self) -> None:
        """Note which threads work while nobody asks: they analyze or scan, and answer nothing."""
        before = self._threads()
        time.sleep(3)
        self._others = {task for task, seconds in self._threads().items() if seconds - before.get(task, 0.0) > 0.02}

    def cpu_seconds(self) -> float:
        """CPU time of the threads that answer, in steps of nanoseconds."""
        return sum(seconds for task, seconds in self._threads().items() if task not in self._others)

    def _threads(self) -> dict[str, float]:
        found = {}
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(OSError):  # it has ended meanwhile
                found[task.name] = int((task / "schedstat").read_text().split()[0]) / 1e9
        return found

    def resident_mib(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def make_files(data: Path, music: Path) -> None:
    """An empty file for each track, known to the library as it is on disk; results as of today's version."""
    with open_database(os.fspath(data / FILE_NAME)) as database, database.transaction() as connection:
        connection.execute("UPDATE version_sets SET versions = ?", (json.dumps(VERSIONS, sort_keys=True),))
        for file_id, path in connection.execute("SELECT id, path FROM files").fetchall():
            place = os.path.join(os.fsencode(music), path)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
            _, *numbers = file_values(TrackFile.from_stat(os.fsdecode(path), os.stat(place)))
            connection.execute(
                "UPDATE files SET device = ?, inode = ?, size_bytes = ?, mtime_ns = ?, ctime_ns = ? WHERE id = ?",
                (*numbers, file_id),
            )
        connection.execute("UPDATE tracks SET tags_due = 0")


@contextmanager
def running(music: Path, data: Path, limit_mib: int, log: Path) -> Iterator[tuple[Running, MemoryCgroup]]:
    """A daemon over both folders in a cgroup."""
    command = [sys.executable, "-m", "playlista", "run", "--music", str(music), "--data", str(data)]
    settings = {"LISTEN_ADDRESS": "127.0.0.1:0", "LOG_FORMAT": "json", "WATCH_SETTLE_SECONDS": "0"}
    with memory_cgroup(limit_mib * MIB) as cgroup, log.open("wb") as stream:
        child = subprocess.Popen(
            cgroup.entered_by(command), env={**os.environ, **settings}, stdout=stream, stderr=stream
        )
        try:
            yield Running(child.pid, _port_in(log)), cgroup
        finally:
            child.terminate()
            child.wait(60)


def _port_in(log: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for line in log.read_text(errors="replace").splitlines():
            if '"daemon.started"' in line:
                return int(json.loads(line)["port"])
        time.sleep(0.2)
    raise SystemExit(f"the daemon did not start: {log.read_text(errors='replace')[-2000:]}")


def measured(daemon: Running, path: str, rounds: int) -> tuple[Cost, Cost, int]:
    """CPU time of the daemon and wall time of the client for `rounds` answers, and the size of one."""
    walls, cpus, size = [], [], 0
    for _ in range(rounds):
        cpu, began = daemon.cpu_seconds(), time.perf_counter()
        status, body = daemon.get(path)
        walls.append(time.perf_counter() - began)
        cpus.append(daemon.cpu_seconds() - cpu)
        if status != 200:
            raise SystemExit(f"{path}: {status} {body[:200]!r}")
        size = len(body)
    return Cost.of(cpus), Cost.of(walls), size


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a state of the daemon."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"no end of waiting for {what}")
        time.sleep(0.5)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("long_file", type=Path)
    parser.add_argument("--limit-mib", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=50)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder) / "music"
        make_files(asked.data, music)
        with running(music, asked.data, asked.limit_mib, Path(folder) / "log") as (daemon, cgroup):
            table(daemon, cgroup, music, asked)


def table(daemon: Running, cgroup: MemoryCgroup, music: Path, asked: argparse.Namespace) -> None:
    """Measure, and print the table."""
    before = daemon.resident_mib()
    shutil.copy(asked.long_file, music / f"long{asked.long_file.suffix}")
    wait_until(lambda: daemon.current() is not None, "the track")
    wait_until(lambda: daemon.get("similar?id=1001")[0] == 200, "the index")
    daemon.look_for_others()
    print("| path | CPU ms, p50 / p99 | wall ms, p50 / p99 | KB |\n| --- | --- | --- | --- |", flush=True)
    for name, path in PATHS.items():
        cpu, wall, size = measured(daemon, path, asked.rounds)
        print(f"| {name} | {cpu} | {wall} | {size / 1000:.0f} |", flush=True)
    still = daemon.current() is not None
    print(
        f"\nResident memory: {before:.0f} MiB before, {daemon.resident_mib():.0f} MiB after, of {asked.limit_mib} MiB; "
        f"OOM kills: {cgroup.oom_kills()}; the track was {'still' if still else 'no longer'} at work at the end."
    )


if __name__ == "__main__":
    main()
