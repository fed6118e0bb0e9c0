"""A cluster on this machine alone: a scheduler and some workers as children, so that many cores are not idle.

Input: settings and the number of workers. Output: an address for the dispatcher, and children that are started again
when they die, and that end with the daemon. They speak TLS with certificates made for this run: on the loopback anybody
on the machine could knock.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from playlista.cluster.certificates import make_certificates
from playlista.cluster.security import ClusterError, Credentials, probe
from playlista.config import Settings
from playlista.errors import ConfigError
from playlista.memory.advice import LEAST_MIB
from playlista.memory.cgroup import Cgroup
from playlista.system.environment import INFERENCE_VARIABLES, QUOTA_WIDE_VARIABLES
from playlista.system.temporary_folder import TemporaryFolder
from playlista.system.units import MEBIBYTE

log = structlog.get_logger(__name__)

#: Resident memory of a scheduler; docs/cluster.md has the measurement.
SCHEDULER_MIB = 96
WATCH_SECONDS = 0.5
#: How long a child that died waits before it is started again; doubles up to the longest.
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
#: A child that lived so long has worked.
SETTLED_SECONDS = 60.0
STOP_SECONDS = 2.0
#: Of the folder for temporary files: the path of a socket has 107 bytes at most, of which ours takes up to 42.
LONGEST_PLACE_BYTES = 65


@dataclass(slots=True)
class _Child:
    arguments: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    wait: float = FIRST_WAIT_SECONDS
    due: float = 0.0


class LocalCluster:
    """Keeps the children of `settings` running from `start` to `stop`.

    Raises
    ------
    ConfigError : the path of the folder for temporary files is too long for sockets in it.
    """

    def __init__(self, settings: Settings, config: Path | None) -> None:
        self._temporary = _made_folder()
        self._folder = self._temporary.path
        self.address = f"tls://127.0.0.1:{_free_port()}"
        self._scheduler = self._scheduler_child(settings, config)
        self._workers = [self._worker_child(settings, config, number) for number in range(1, settings.workers + 1)]
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def credentials(self) -> Credentials:
        """Make the certificates; with what the daemon shows who it is.

        Raises
        ------
        PlaylistaError : playlista[dask] is not installed.
        """
        make_certificates(self._folder, days=3650)
        return Credentials.of(self._folder, "daemon")

    def start(self, when_ready: Callable[[], None]) -> None:
        """Start the scheduler, and when it answers the workers; `when_ready` is called then, in another thread."""
        cpus = Cgroup().cpu_threads()
        if len(self._workers) > cpus:
            log.warning("workers.exceed_cpus", workers=len(self._workers), cpus=cpus, why="set WORKERS to cpus at most")
        self._thread = threading.Thread(target=self._run, args=(when_ready,), name="local-cluster", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the children."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._temporary.close()

    def _run(self, when_ready: Callable[[], None]) -> None:
        ready = False
        while not self._stop.wait(WATCH_SECONDS):
            _keep_running(self._scheduler)
            if not ready and self._answers():
                ready = True
                when_ready()
            if ready:
                for worker in self._workers:
                    _keep_running(worker)
        # The scheduler goes last: it shall see the workers leave, and none of them lose it.
        _end(self._workers)
        _end([self._scheduler])

    def _answers(self) -> bool:
        try:
            probe(self.address, Credentials.of(self._folder, "daemon"))
        except ClusterError:
            return False
        return True

    def _scheduler_child(self, settings: Settings, config: Path | None) -> _Child:
        return _Child(["scheduler", "--listen", self.address], self._environment(settings, config, "scheduler"))

    def _worker_child(self, settings: Settings, config: Path | None, number: int) -> _Child:
        name = f"local-{number}"
        arguments = ["worker", "--scheduler", self.address, "--name", name]
        return _Child(arguments, self._environment(settings, config, name))

    def _environment(self, settings: Settings, config: Path | None, name: str) -> dict[str, str]:
        threads = str(max(1, Cgroup().cpu_threads() // settings.workers))
        own = {
            "MUSIC_DIR": os.path.abspath(settings.music_dir),
            "DATA_DIR": os.path.abspath(settings.data_dir),
            "MODELS_DIR": os.path.abspath(settings.models_path),
            "LISTEN_ADDRESS": f"unix:{self._folder}/{name}.sock",
            "CLUSTER_TLS_DIR": os.fspath(self._folder),
            "CLUSTER_GRACE_SECONDS": "0",
            # What a child leaves behind that was killed goes with our folder.
            "TMPDIR": os.fspath(self._folder),
            "LOG_LEVEL": settings.log_level,
            "LOG_FORMAT": settings.log_format,
            "WORKERS": "1",
            **dict.fromkeys((*QUOTA_WIDE_VARIABLES, *INFERENCE_VARIABLES), threads),
        }
        return {**os.environ, **({"PLAYLISTA_CONFIG": os.path.abspath(config)} if config else {}), **own}


def require_memory(settings: Settings, limit_bytes: int) -> None:
    """Refuse more local workers than the memory limit carries: each needs what one daemon does.

    Raises
    ------
    ConfigError : with the number that it does carry.
    """
    free = limit_bytes // MEBIBYTE - LEAST_MIB - SCHEDULER_MIB
    most = max(1, free // LEAST_MIB)
    if settings.workers > most:
        raise ConfigError(
            f"WORKERS={settings.workers}: the memory limit of {limit_bytes // MEBIBYTE} MB carries {most}, at "
            f"{LEAST_MIB} MB for each worker and for the daemon and {SCHEDULER_MIB} MB for the scheduler; raise the "
            "limit or lower WORKERS"
        )


def _keep_running(child: _Child) -> None:
    now = time.monotonic()
    if child.process is not None and child.process.poll() is not None:
        _note_end(child, now)
    if child.process is not None or now < child.due:
        return
    try:
        child.process, child.began = _started(child), now
    except OSError as error:  # such as no memory or no process number at the moment
        wait = _wait_longer(child, now)
        log.warning("child.not_started", child=child.arguments[0], why=str(error), start_again_seconds=wait)


def _started(child: _Child) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "playlista", *child.arguments, "--until-eof"]
    # Its standard input is the daemon's word that it lives: a child reads its end when the daemon is killed.
    # A group of its own keeps Ctrl-C in a terminal from it: the daemon ends it in its turn.
    return subprocess.Popen(command, env=child.environment, stdin=subprocess.PIPE, process_group=0)


def _note_end(child: _Child, now: float) -> None:
    process, child.process = child.process, None
    if process is None:
        return
    if process.stdin is not None:
        process.stdin.close()
    if now - child.began > SETTLED_SECONDS:
        child.wait = FIRST_WAIT_SECONDS
    wait = _wait_longer(child, now)
    # 0 is a stop that somebody asked for, as systemd does of all processes of a service at once.
    tell = log.warning if process.returncode else log.info
    tell("child.ended", child=child.arguments[0], exit_code=process.returncode, start_again_seconds=wait)


def _wait_longer(child: _Child, now: float) -> float:
    """Seconds until the child is started again; twice as many the next time."""
    wait, child.wait = child.wait, min(child.wait * 2, LONGEST_WAIT_SECONDS)
    child.due = now + wait
    return wait


def _end(children: list[_Child]) -> None:
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.terminate()
    end = time.monotonic() + STOP_SECONDS
    for process in running:
        try:
            process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _made_folder() -> TemporaryFolder:
    place = tempfile.gettempdir()
    if len(os.fsencode(place)) > LONGEST_PLACE_BYTES:
        raise ConfigError(f"{place}: its path is too long for sockets in it; let TMPDIR name a shorter one")
    return TemporaryFolder("playlista-cluster-")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
