"""A real daemon that is killed during a long track: by somebody, and by what the track does."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from playlista.library.database import FILE_NAME
from playlista.memory.kernel_counts import read_kernel_counts
from tests.integration.daemon import Daemon
from tests.signals import song, write

pytestmark = pytest.mark.slow

MAX_ATTEMPTS = 2


@pytest.fixture
def daemon(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[Daemon]:
    made = Daemon(
        tmp_path,
        clean_environment,
        MUSICNN_RUNTIME="off",
        MAX_ATTEMPTS=str(MAX_ATTEMPTS),
        RETRY_BACKOFF_SECONDS="0.2",
        WATCH_SETTLE_SECONDS="0.2",
    )
    write(made.music / "long.flac", np.tile(song(10), (30, 1)))
    yield made
    made.close()


def claimed(daemon: Daemon) -> bool:
    with closing(sqlite3.connect(f"{(daemon.data / FILE_NAME).as_uri()}?mode=ro", uri=True)) as connection:
        return bool(connection.execute("SELECT count(*) FROM jobs WHERE state = 'claimed'").fetchone()[0])


def end_during_the_track(daemon: Daemon, number: signal.Signals) -> None:
    daemon.start()
    daemon.wait_for(lambda: claimed(daemon), "the track at work")
    assert daemon.stop(number)[0] == -number


def test_a_track_during_which_somebody_kills_the_process_is_not_quarantined(daemon: Daemon) -> None:
    before = read_kernel_counts()
    if before.oom_kills is None:
        pytest.skip("this kernel does not count OOM kills (before 4.13)")
    for _ in range(MAX_ATTEMPTS):
        end_during_the_track(daemon, signal.SIGKILL)
    daemon.start()
    daemon.wait_for(lambda: daemon.result("long.flac"), "its result")
    released = [event["why"] for event in daemon.events("track.released")]
    crashed = daemon.events("track.crashed")
    result = daemon.result("long.flac")
    assert result is not None
    assert result["status"] == "analyzed"
    assert released == ["killed from outside"] * (MAX_ATTEMPTS - len(crashed))
    if read_kernel_counts() == before:  # else another program of this machine was out of memory meanwhile
        assert crashed == []


def test_a_track_during_which_the_process_faults_is_quarantined_and_the_fault_is_logged(daemon: Daemon) -> None:
    for _ in range(MAX_ATTEMPTS):
        end_during_the_track(daemon, signal.SIGSEGV)
    daemon.start()
    daemon.wait_for(lambda: daemon.result("long.flac"), "its result")
    result = daemon.result("long.flac")
    assert result is not None
    assert (result["status"], result["reason"]) == ("quarantined", "crashed")
    faults = [event["detail"] for event in daemon.events("process.faulted")]
    assert len(faults) == MAX_ATTEMPTS
    assert all(fault.startswith("Fatal Python error: Segmentation fault") for fault in faults)
    assert daemon.events("track.released") == []
