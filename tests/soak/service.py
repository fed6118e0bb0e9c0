"""A real daemon under a supervisor: started as often as it dies, asked over HTTP, watched through /proc.

Input: a folder and settings. Output: processes that run `playlista run`, and what the kernel and the
library on disk say of them, which nobody in the daemon could have made up.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.cgroups import MemoryCgroup
from playlista.library.database import FILE_NAME
from tests.integration.daemon import Daemon
from tests.soak.journal import Journal

POLL_SECONDS = 0.005
#: A machine that does much else is slow; nothing here waits so long on one that does not.
DEADLINE_SECONDS = 120.0


class Service(Daemon):
    """One daemon on a port that stays the same from life to life, perhaps inside a cgroup."""

    def __init__(
        self, folder: Path, settings: Mapping[str, str] | None = None, *, cgroup: MemoryCgroup | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._port = _free_port()
        self._cgroup = cgroup
        address = f"127.0.0.1:{self._port}"
        super().__init__(folder, dict(os.environ), **{"LISTEN_ADDRESS": address, **(settings or {})})
        self.journal = Journal(self.log)

    @property
    def port(self) -> int:
        return self._port

    @property
    def pid(self) -> int:
        """The process id of this life."""
        assert self.process is not None
        return self.process.pid

    def spawn(self) -> None:
        """Begin a life without waiting for anything."""
        command = [sys.executable, "-m", "playlista", "run"]
        if self._cgroup is not None:
            command = self._cgroup.entered_by(command)
        self.data.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, cwd=self.data.parent, stderr=log)

    def wait_ready(self, max_wait_seconds: float = DEADLINE_SECONDS) -> float:
        """Wait until /readyz says 200; the seconds that it took from now."""
        began = time.monotonic()
        self.until(lambda: self.status_of("/readyz") == 200, "readiness", max_wait_seconds)
        return time.monotonic() - began

    def until(
        self,
        condition: Callable[[], object],
        what: str,
        max_wait_seconds: float = DEADLINE_SECONDS,
        every_seconds: float = POLL_SECONDS,
    ) -> None:
        """Wait for `condition`, looked at in that interval, as long as the process lives."""
        deadline = time.monotonic() + max_wait_seconds
        while not condition():
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > deadline:
                state = "ended" if self.process.poll() is not None else f"took over {max_wait_seconds:g} s"
                raise AssertionError(f"waited in vain for {what}; the daemon {state}:\n{self.log_end()}")
            time.sleep(every_seconds)

    def log_end(self) -> str:
        """The last lines of the log."""
        return self.log.read_bytes()[-3000:].decode(errors="replace") if self.log.exists() else ""

    def status_of(self, path: str) -> int:
        """The HTTP status of one request; 0 when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """What this life has cost so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_resident_bytes(self) -> int:
        """The most that this life had resident, as the kernel counted it; 0 when it is over."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return 0

    def freeze(self) -> list[str]:
        """Stop the process where it is; the files of the music folder that it holds open, relative to it."""
        os.kill(self.pid, signal.SIGSTOP)
        return [
            os.path.relpath(name, self.music) for name in _open_files(self.pid) if name.startswith(f"{self.music}/")
        ]

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def ask_library(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the library as it lies on disk, read without changing it."""
        uri = f"{(self.data / FILE_NAME).as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=10)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def paths_where(self, query: str) -> list[str]:
        """The first column of `query`, which must be a path."""
        return [os.fsdecode(bytes(row[0])) for row in self.ask_library(query)]


def _open_files(pid: int) -> list[str]:
    names = []
    with suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                names.append(os.readlink(entry.path))
    return names


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
