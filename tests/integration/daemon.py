"""A real daemon in a process of its own, with a music folder of a test."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deadlines import DEADLINE_SECONDS, pauses

ROOT = Path(__file__).resolve().parents[2]
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


@contextmanager
def nothing_ignored() -> Iterator[None]:
    """Start processes as a terminal does: under `nohup` or in the background they would ignore what is to stop them."""
    ignored = [number for number in STOPPING if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


class Daemon:
    """Starts `playlista run` over `folder`/music with `folder`/data, and asks it what it does."""

    def __init__(self, folder: Path, environment: dict[str, str], **settings: str) -> None:
        self.music = folder / "music"
        self.data = folder / "data"
        self.log = folder / "daemon.log"
        self.music.mkdir(exist_ok=True)
        self.environment = {
            **environment,
            "PYTHONPATH": str(ROOT / "daemon"),
            "MUSIC_DIR": str(self.music),
            "DATA_DIR": str(self.data),
            "MODELS_DIR": str(ROOT / "build" / "models"),
            "LISTEN_ADDRESS": "127.0.0.1:0",
            "LOG_FORMAT": "json",
            "WATCH_SETTLE_SECONDS": "0.5",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, through: Callable[..., list[str]] = lambda *command: list(command)) -> Daemon:
        """Start it and wait until it answers; `through` makes its command line, as one that enters a cgroup first."""
        command = through(sys.executable, "-m", "playlista", "run")
        with self.log.open("ab") as log, nothing_ignored():
            self.process = subprocess.Popen(command, env=self.environment, cwd=self.data.parent, stderr=log)
        self.wait_for(lambda: self.port is not None, "an address in the log")
        self.wait_for(lambda: self.get("/healthz")[0] == 200, "an answer")
        return self

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; the exit code and the seconds until it ended."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE_SECONDS)
        self.process = None
        return code, time.monotonic() - started

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command with the same settings."""
        return subprocess.run(
            [sys.executable, "-m", "playlista", *arguments],
            env=self.environment,
            cwd=self.data.parent,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )

    @property
    def port(self) -> int | None:
        """The port of the daemon that was started last."""
        started = self.events("daemon.started")
        running = self.process is not None and started and started[-1]["pid"] == self.process.pid
        return int(started[-1]["port"]) if running else None

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The log lines of all runs, of one event if named."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [line for line in found if name is None or line["event"] == name]

    def told(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """The log lines of an event, waited for until there are `count`: a line comes after what it tells of."""
        self.wait_for(lambda: len(self.events(name)) >= count, f"{count} log lines of {name}")
        return self.events(name)

    def get(self, path: str) -> tuple[int, bytes]:
        """Ask over HTTP."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except (OSError, ValueError):
            return 0, b""

    def metric(self, name: str) -> float:
        """The value of one series of /metrics."""
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"no series {name}")

    def result(self, path: str) -> dict[str, Any] | None:
        """The stored result of a track, or None."""
        status, body = self.get(f"/api/v1/tracks/{path}")
        return json.loads(body) if status == 200 else None

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Wait until `condition` holds, or fail with the log's end."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        for pause in pauses():
            if condition():
                return
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}:\n" + self.log.read_text()[-3000:])
            time.sleep(pause)

    def close(self) -> None:
        """End it in whatever state it is."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
