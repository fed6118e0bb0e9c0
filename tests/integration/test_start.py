"""A daemon whose library keeps it waiting at the start: it answers all the same, and it can be stopped."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.config import Settings
from playlista.daemon.startup import enqueue_outdated
from playlista.library.database import FILE_NAME
from playlista.memory.cgroup import Cgroup
from tests.integration.daemon import Daemon
from tests.libraries import analysis_of, open_parts, track_file


class Starting(Daemon):
    """A daemon on a known port, asked before it says in its log that it has started."""

    @property
    def port(self) -> int:
        return int(self.environment["LISTEN_ADDRESS"].rpartition(":")[2])

    def spawn(self) -> None:
        """Start it and wait until the port is open."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "playlista", "run"]
            self.process = subprocess.Popen(command, env=self.environment, cwd=self.data.parent, stderr=log)
        self.wait_for(lambda: self.get("/healthz")[0] == 200, "an answer")


@pytest.fixture
def daemon(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[Starting]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    daemon = Starting(tmp_path, clean_environment, MUSICNN_RUNTIME="off", LISTEN_ADDRESS=address)
    daemon.data.mkdir()
    with open_parts(daemon.data):
        pass
    yield daemon
    daemon.close()


def test_probes_are_answered_while_the_library_cannot_be_opened_yet(daemon: Starting) -> None:
    with closing(sqlite3.connect(daemon.data / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # as somebody's `retry` does; the daemon waits for it
        daemon.spawn()
        status, reason = daemon.get("/readyz")
        assert (status, reason.startswith(b"starting: ")) == (503, True)
        assert daemon.get("/api/v1/status")[0] == 503
        assert daemon.metric("playlista_tracks_in_flight") == 0
        other.execute("ROLLBACK")
    daemon.wait_for(lambda: daemon.get("/readyz")[0] == 200, "readiness")
    assert json.loads(daemon.get("/api/v1/status")[1])["tracks"]["total"] == 0
    assert daemon.stop()[0] == 0


def test_metrics_do_not_wait_for_a_writer(daemon: Starting) -> None:
    daemon.spawn()
    daemon.wait_for(lambda: daemon.get("/readyz")[0] == 200, "readiness")
    with closing(sqlite3.connect(daemon.data / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (daemon.music / "song.wav").write_bytes(b"RIFF")
        for _ in range(30):  # 3 s, in which the daemon begins to wait, its own lock on the library in its hands
            assert daemon.metric('playlista_scrape_collector_success{collector="queue"}') == 1
            threading.Event().wait(0.1)
        other.execute("ROLLBACK")


def test_metrics_are_there_without_the_data_folder(daemon: Starting) -> None:
    daemon.spawn()
    daemon.wait_for(lambda: daemon.get("/readyz")[0] == 200, "readiness")
    daemon.data.rename(daemon.data.with_name("gone"))
    assert daemon.metric('playlista_scrape_collector_success{collector="disk"}') == 0
    assert daemon.metric('playlista_scrape_collector_success{collector="memory"}') == 1
    assert daemon.get("/readyz")[0] == 503


def test_a_stop_ends_the_search_for_outdated_results(tmp_path: Path) -> None:
    analyzer = AudioAnalyzer(Settings(musicnn_runtime="off"), tagger=None, cgroup=Cgroup())
    with open_parts(tmp_path) as parts:
        parts.queue.enqueue([track_file("a.flac")], "scan")
        job = parts.queue.claim()
        assert job is not None
        parts.queue.finish(job, analysis_of("a.flac", rhythm=0), seen=None)
        enqueue_outdated(parts.store, parts.queue, analyzer, stopped=lambda: True)
        assert parts.queue.claim() is None
        enqueue_outdated(parts.store, parts.queue, analyzer, stopped=lambda: False)
        assert parts.queue.claim() is not None
