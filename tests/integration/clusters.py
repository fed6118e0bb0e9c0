"""A real cluster of processes on this machine: scheduler, workers, daemon, with TLS."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from playlista.cluster.certificates import make_certificates
from tests.deadlines import DEADLINE_SECONDS, pauses
from tests.integration.daemon import Daemon

#: Enters something, such as a cgroup or a network namespace, before the command.
Through = Callable[..., list[str]]


def directly(*command: str) -> list[str]:
    """No entering of anything."""
    return list(command)


class Cluster:
    """Starts and ends the members; a daemon's settings are those of every member.

    Parameters
    ----------
    host : where the scheduler listens.
    """

    def __init__(self, folder: Path, environment: dict[str, str], *, host: str = "127.0.0.1", **settings: str) -> None:
        self.folder = folder
        self.host = host
        self.certificates = folder / "certificates"
        make_certificates(self.certificates, days=1)
        with socket.create_server((host if host == "127.0.0.1" else "", 0)) as free:
            self.port = free.getsockname()[1]
        settings = {"CLUSTER_TLS_DIR": os.fspath(self.certificates), "DASK_SCHEDULER": self.address, **settings}
        self.daemon = Daemon(folder, environment, **settings)
        self.members: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def address(self) -> str:
        """The scheduler's."""
        return f"tls://{self.host}:{self.port}"

    def scheduler(self, through: Through = directly) -> subprocess.Popen[bytes]:
        """Start the scheduler."""
        return self.start("scheduler", ["scheduler", "--listen", self.address], through)

    def worker(self, name: str, through: Through = directly, **settings: str) -> subprocess.Popen[bytes]:
        """Start a worker."""
        return self.start(name, ["worker", "--name", name], through, **settings)

    def start(
        self, name: str, arguments: list[str], through: Through = directly, **settings: str
    ) -> subprocess.Popen[bytes]:
        """Start a member; its log is ``NAME.log``."""
        command = through(sys.executable, "-m", "playlista", *arguments)
        environment = {**self.daemon.environment, "LISTEN_ADDRESS": f"unix:{self.folder}/{name}.sock", **settings}
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(command, env=environment, cwd=self.folder, stderr=log)
        self.members[name] = process
        return process

    def stop(self, name: str) -> None:
        """Ask a member to stop, and wait until it has."""
        self.members[name].terminate()
        assert self.members[name].wait(DEADLINE_SECONDS) == 0

    def status(self) -> dict[str, Any]:
        """What the daemon says of itself."""
        report: dict[str, Any] = json.loads(self.daemon.get("/api/v1/status")[1])
        return report

    def events(self, name: str, event: str) -> list[dict[str, Any]]:
        """The lines of one event in a member's log."""
        log = self.folder / f"{name}.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        read = (json.loads(line) for line in lines if line.startswith("{"))
        return [line for line in read if line.get("event") == event]

    def wait_for_event(self, name: str, event: str, count: int = 1) -> dict[str, Any]:
        """The last line of this event, once there are so many."""
        wait_until(lambda: len(self.events(name, event)) >= count, f"{event} of {name}")
        return self.events(name, event)[-1]

    def end(self) -> None:
        """Kill whatever runs."""
        processes: Iterable[subprocess.Popen[bytes] | None] = (*self.members.values(), self.daemon.process)
        for process in processes:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def wait_until(condition: Callable[[], bool], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    for pause in pauses():
        if condition():
            return
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(pause)


def comparable(exported: str) -> dict[str, dict[str, Any]]:
    """Results by path without what differs from run to run: times, memory."""
    results = (json.loads(line) for line in exported.splitlines())
    told = {"timings", "memory", "finished_at"}
    return {one["path"]: {key: value for key, value in one.items() if key not in told} for one in results}
