"""A daemon that is told to stop, at any moment and whatever it waits for, stops in good order and blames nobody."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from playlista.library.database import FILE_NAME
from tests import signals
from tests.deadlines import allowed, pauses
from tests.exhaustive import but_few
from tests.faulty_fs import faulty_folder, why_no_fuse
from tests.integration.daemon import DEADLINE_SECONDS, STOPPING, Daemon

F_SETPIPE_SZ = 1031
TRACKS = 3


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path, dict(os.environ), MUSICNN_RUNTIME="off", RETRY_BACKOFF_SECONDS="1")
    yield made
    if made.process is not None:
        made.process.kill()
        made.process.wait()


def songs(folder: Path, *, seconds: float = 2) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(TRACKS):
        song = np.tile(signals.song(2, seed=number), (round(seconds / 2), 1))
        signals.write(folder / f"{number}.wav", song)


def jobs(daemon: Daemon) -> list[tuple[str, int]]:
    """State and attempts of each job on disk."""
    with sqlite3.connect(f"{(daemon.data / FILE_NAME).as_uri()}?mode=ro", uri=True) as connection:
        return list(connection.execute("SELECT state, attempts FROM jobs"))


def until(condition: Callable[[], object], seconds: float = DEADLINE_SECONDS) -> float:
    """Wait for the condition; the seconds that it took."""
    began = time.monotonic()
    for pause in pauses():
        if condition():
            break
        assert time.monotonic() - began < seconds, "did not come true in time"
        time.sleep(pause)
    return time.monotonic() - began


@pytest.mark.parametrize("number", but_few(STOPPING, signal.SIGTERM, signal.SIGHUP))
def test_each_stop_signal_gives_the_track_at_work_back_and_counts_no_attempt(
    number: signal.Signals, daemon: Daemon
) -> None:
    songs(daemon.music, seconds=120)
    daemon.start()
    until(lambda: json.loads(daemon.get("/api/v1/status")[1] or b"{}").get("current"))
    code, _ = daemon.stop(number)

    assert code == 0
    assert set(jobs(daemon)) <= {("queued", 0)}


@pytest.mark.parametrize("delay", but_few([0.0, 0.1, 0.2, 0.4, 0.8], 0.2))
def test_a_stop_that_comes_during_the_start_is_not_lost(delay: float, daemon: Daemon) -> None:
    songs(daemon.music)
    program = "from playlista.__main__ import main; print('in', flush=True); main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "run"], env=daemon.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=DEADLINE_SECONDS)
    finally:
        process.kill()

    # Between the first line of Python and the handler the signal ends the process in the system's own way.
    assert process.returncode in ({0, -signal.SIGTERM} if delay < 0.1 else {0}), said


def test_a_stop_during_the_start_as_process_1_is_not_lost(daemon: Daemon) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may make a process 1 of its own")
    songs(daemon.music)
    command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", sys.executable, "-m", "playlista", "run"]
    outer = subprocess.Popen(command, env=daemon.environment, stderr=subprocess.PIPE)
    try:
        until(lambda: _catches_sigterm(outer.pid))
        os.kill(_child_of(outer.pid), signal.SIGTERM)
        _, said = outer.communicate(timeout=DEADLINE_SECONDS)
    finally:
        outer.kill()

    assert outer.returncode == 0, said
    assert b"Traceback" not in said


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _catches_sigterm(pid: int) -> bool:
    try:
        status = Path(f"/proc/{_child_of(pid)}/status").read_text()
    except (OSError, IndexError):
        return False
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_a_reader_of_stderr_that_stopped_reading_stops_neither_work_nor_end(daemon: Daemon) -> None:
    songs(daemon.music)
    daemon.environment["LOG_LEVEL"] = "debug"
    daemon.environment["LISTEN_ADDRESS"] = "127.0.0.1:0"
    reading, writing = os.pipe()
    fcntl.fcntl(writing, F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    filler = os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    assert filler == 4096
    process = subprocess.Popen([sys.executable, "-m", "playlista", "run"], env=daemon.environment, stderr=writing)
    os.close(writing)
    try:
        until(lambda: _analyzed(daemon) == TRACKS)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_SECONDS) == 0
    finally:
        process.kill()
        os.close(reading)


def _analyzed(daemon: Daemon) -> int:
    try:
        with sqlite3.connect(f"{(daemon.data / FILE_NAME).as_uri()}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM files WHERE status = 'analyzed'").fetchone()[0])
    except sqlite3.Error:
        return -1


def test_a_share_that_hangs_is_said_counts_nothing_and_does_not_hold_up_the_end(daemon: Daemon, tmp_path: Path) -> None:
    if why := why_no_fuse():
        pytest.skip(why)
    songs(tmp_path / "back", seconds=20)
    daemon.environment["TRACK_TIMEOUT_SECONDS"] = "5"
    daemon.environment["WATCH_RESCAN_INTERVAL_SECONDS"] = "10"
    with faulty_folder(tmp_path / "back", daemon.music) as faults:
        faults.hang()
        daemon.start()
        took = until(lambda: b"has not answered" in daemon.get("/readyz")[1])
        until(lambda: jobs(daemon) and all(state != "claimed" for state, _ in jobs(daemon)))
        assert {attempts for _, attempts in jobs(daemon)} == {0}
        faults.heal()
        until(lambda: _analyzed(daemon) == TRACKS)

        faults.hang(stat=True)
        until(lambda: b"has not answered" in daemon.get("/readyz")[1])
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGTERM)
        seconds = until(lambda: daemon.events("daemon.stopped") or daemon.events("daemon.ended"))
        # Linux lets no process go, not even by SIGKILL, that waits for a FUSE program that has taken its request; what
        # is ours has been given back by now. A hard NFS mount lets it go.
        faults.heal()
        code = daemon.process.wait(DEADLINE_SECONDS)

    assert took < allowed(15)
    assert code == 0
    assert seconds < allowed(5)
    assert _analyzed(daemon) == TRACKS
