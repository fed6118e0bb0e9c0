"""What happens to the data folder while a real daemon works: its database damaged, removed, restored, used twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import signals
from tests.integration.daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[Daemon]:
    made = Daemon(tmp_path, clean_environment, MUSICNN_RUNTIME="off")
    signals.write(made.music / "a.wav", signals.song(2))
    yield made
    made.close()


@pytest.fixture
def working(daemon: Daemon) -> Daemon:
    """A daemon that has analyzed its one track."""
    daemon.start()
    daemon.wait_for(lambda: daemon.result("a.wav"), "the result")
    return daemon


def ready(daemon: Daemon) -> str:
    return daemon.get("/readyz")[1].decode().strip()


def damage(database: Path) -> None:
    """Overwrite all pages but the first two; what is in the WAL is folded in before."""
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (size - 8192))


def test_a_database_that_is_moved_away_is_said_and_nothing_is_lost_when_it_is_put_back(working: Daemon) -> None:
    database = working.data / "playlista.db"
    database.rename(working.data / "away.db")
    working.wait_for(lambda: "was removed" in ready(working), "/readyz to say it")
    working.wait_for(lambda: working.events("database.lost"), "the log to say it")
    signals.write(working.music / "b.wav", signals.song(2, seed=1))
    (working.data / "away.db").rename(database)
    working.wait_for(lambda: working.result("b.wav"), "the new track")
    working.wait_for(lambda: ready(working) == "ready", "/readyz to recover")
    assert working.stop()[0] == 0


def test_a_daemon_whose_database_is_gone_ends_with_an_error_and_no_new_one_is_begun_over_its_log(
    working: Daemon,
) -> None:
    (working.data / "playlista.db").rename(working.data / "away.db")
    working.wait_for(lambda: "was removed" in ready(working), "/readyz to say it")
    assert working.stop()[0] == 1
    if (working.data / "playlista.db-wal").exists():
        again = working.run("run", "--once")
        assert (again.returncode, "is missing, but" in again.stderr) == (1, True)


def test_a_damaged_database_ends_the_daemon_and_a_restore_brings_it_back(daemon: Daemon) -> None:
    assert daemon.run("run", "--once").returncode == 0
    assert daemon.run("backup", "backup.db").returncode == 0
    damage(daemon.data / "playlista.db")
    refused = daemon.run("run", "--once")
    assert refused.returncode == 1
    assert "damaged" in refused.stderr
    assert "playlista restore FILE" in refused.stderr
    restored = daemon.run("restore", "backup.db")
    assert (restored.returncode, restored.stderr) == (0, "")
    assert "1 tracks" in restored.stdout
    former = restored.stdout.splitlines()[1].partition(":")[0]
    assert Path(daemon.data.parent, former).exists()
    daemon.start()
    daemon.wait_for(lambda: daemon.result("a.wav"), "the restored result")
    assert daemon.events("track.analyzed") == [], "a restored track was analyzed again"


def test_damage_that_is_found_while_the_daemon_runs_ends_it_with_the_remedy(working: Daemon) -> None:
    assert working.stop()[0] == 0
    working.start()
    working.wait_for(lambda: working.events("folder.scanned"), "the first scan")
    process = working.process
    assert process is not None
    damage(working.data / "playlista.db")
    working.get("/api/v1/tracks")  # reads pages that this connection has not seen yet
    assert process.wait(60) == 1
    assert working.events("daemon.failing")
    assert "playlista restore FILE" in working.log.read_text().splitlines()[-1]


def test_a_restore_is_refused_while_the_daemon_runs(working: Daemon) -> None:
    assert working.run("backup", "backup.db").returncode == 0
    refused = working.run("restore", "backup.db")
    assert refused.returncode == 1
    assert "already running" in refused.stderr
    assert working.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    assert working.run("restore", "backup.db").returncode == 0


@contextmanager
def second_way_to(folder: Path, place: Path) -> Iterator[Path]:
    """`folder` through a FUSE mount at `place`, whose locks do not meet those of the folder itself."""
    if shutil.which("mergerfs") is None or os.geteuid() != 0:
        pytest.skip("mergerfs and root are needed for a second mount whose locks are its own")
    place.mkdir()
    if subprocess.run(["mergerfs", "-o", "cache.files=off", folder, place], check=False).returncode:
        pytest.skip("FUSE file systems cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_second_daemon_through_another_mount_is_refused(working: Daemon, tmp_path: Path) -> None:
    with second_way_to(working.data, tmp_path / "other") as other:
        working.environment["DATA_DIR"] = os.fspath(other)
        refused = working.run("run", "--once")
        assert refused.returncode == 1
        assert f"already running as pid {working.process.pid}" in refused.stderr  # type: ignore[union-attr]
    assert working.stop()[0] == 0
