"""What a start of the daemon costs over a large library, in a cgroup: CPU seconds, memory, and whether it answers.

Input: the data folder of a library, as ``benchmarks.synthetic_library`` or ``benchmarks.old_library`` makes it. Output:
a table. `start` is over a library of today, with an empty file for each of its tracks, at all of which the first scan
looks. `migration` is over a library of version 0.1 and an empty folder; what is due afterwards is not waited for. Needs
root for the cgroup.

    python -m benchmarks.library_start DATA start|migration [--music DIR] [--limit-mib 256] [--write]
"""

from __future__ import annotations

import argparse
import os
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cgroups import MIB, MemoryCgroup, memory_cgroup
from benchmarks.children import python
from benchmarks.http_cost import make_files
from benchmarks.tables import markdown_table, write_section
from playlista.library.database import FILE_NAME

PAGE = Path(__file__).resolve().parent.parent / "docs/appendix/benchmarks.md"
#: Longest that `/healthz` may take at any time.
ANSWER_SECONDS = 2.0
START_SECONDS = 3600.0
_PROBE_SECONDS = 0.25


class Probe:
    """Asks for `/healthz` all the time, from the first answer on, and keeps the longest that one took."""

    def __init__(self, port: int) -> None:
        self.first_seconds: float | None = None
        self.longest_seconds = 0.0
        self.failures = 0
        self._url = f"http://127.0.0.1:{port}/healthz"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask_on)

    def __enter__(self) -> Probe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _ask_on(self) -> None:
        started = time.monotonic()
        while not self._ended.wait(_PROBE_SECONDS):
            asked = time.monotonic()
            try:
                urllib.request.urlopen(self._url, timeout=60).close()
            except OSError:
                self.failures += self.first_seconds is not None
                continue
            if self.first_seconds is None:
                self.first_seconds = time.monotonic() - started
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - asked)


@dataclass(slots=True)
class Running:
    """A daemon at work."""

    process: subprocess.Popen[bytes]
    cgroup: MemoryCgroup
    port: int
    log: Path

    def cpu_seconds(self) -> float:
        """User and system time so far, in steps of 10 ms."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> float:
        """Most that was resident at once."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

    def wait_for(self, event: str) -> None:
        """Wait until it says in its log that something has happened."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if f'"{event}"' in self.log.read_text(errors="replace"):
                return
            time.sleep(_PROBE_SECONDS)
        raise SystemExit(f"{event} does not come: {self.log.read_text(errors='replace')[-2000:]}")


@contextmanager
def running(music: Path, data: Path, limit_mib: int, log: Path) -> Iterator[Running]:
    """The daemon over both folders in a cgroup, from its first moment on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    settings = {"LISTEN_ADDRESS": f"127.0.0.1:{port}", "MUSICNN_RUNTIME": "off", "LOG_FORMAT": "json"}
    command = python("-m", "playlista", "run", "--music", str(music), "--data", str(data))
    with memory_cgroup(limit_mib * MIB) as cgroup, log.open("wb") as stream:
        process = subprocess.Popen(cgroup.entered_by(command), env={**os.environ, **settings}, stderr=stream)
        try:
            yield Running(process, cgroup, port, log)
        finally:
            process.terminate()
            process.wait(120)


def measure(asked: argparse.Namespace, place: Path) -> str:
    """The table."""
    music: Path = asked.music or place / "music"
    if not music.exists():
        music.mkdir()
        if asked.kind == "start":
            make_files(asked.data, music)
    tracks, size = _tracks(asked.data), (asked.data / FILE_NAME).stat().st_size
    began = time.monotonic()
    with running(music, asked.data, asked.limit_mib, place / "log") as daemon, Probe(daemon.port) as probe:
        daemon.wait_for("daemon.started")
        rows = [("until it has started", f"{daemon.cpu_seconds():.1f} CPU s", f"{time.monotonic() - began:.0f} s")]
        if asked.kind == "start":
            ready = daemon.cpu_seconds()
            daemon.wait_for("folder.scanned")
            rows.append(
                (
                    f"a scan of {tracks:,} known files, with what is done meanwhile",
                    f"{daemon.cpu_seconds() - ready:.1f} CPU s",
                    "",
                )
            )
        rows += _memory_rows(daemon, asked.limit_mib)
    answers = "yes" if probe.longest_seconds <= ANSWER_SECONDS and not probe.failures else "no"
    rows.append((f"`/healthz` within {ANSWER_SECONDS:g} s all the time", answers, f"{probe.longest_seconds:.2f} s"))
    first = "never" if probe.first_seconds is None else f"{probe.first_seconds:.1f} s"
    rows.append(("first answer of `/healthz`", first, ""))
    text = markdown_table(("what", "figure", "on the wall, at most"), rows)
    return f"{tracks:,} tracks, a file of {size / MIB:,.0f} MiB.\n\n{text}"


def _memory_rows(daemon: Running, limit_mib: int) -> Iterator[tuple[str, str, str]]:
    peak = daemon.cgroup.peak_bytes()
    yield "memory of the process at most", f"{daemon.peak_mib():.0f} MiB", ""
    yield f"charged to the cgroup of {limit_mib} MiB at most", "" if peak is None else f"{peak / MIB:.0f} MiB", ""
    yield "OOM kills", str(daemon.cgroup.oom_kills()), ""


def _tracks(data: Path) -> int:
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        found: int = connection.execute("SELECT count(*) FROM analyses").fetchone()[0]
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("kind", choices=("start", "migration"))
    parser.add_argument("--music", type=Path, help="a folder for the files, which are kept there for the next time")
    parser.add_argument("--limit-mib", type=int, default=256)
    parser.add_argument("--write", action="store_true", help="put the table into the docs")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        text = measure(asked, Path(place))
    print(text)
    if asked.write:
        write_section(PAGE, f"library-{asked.kind}", text)


if __name__ == "__main__":
    main()
