"""A small real cluster: the same results as one daemon, a death that is one track's, members that are refused."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import soundfile

from playlista.cluster.certificates import make_certificates
from tests.deadlines import DEADLINE_SECONDS
from tests.integration.clusters import Cluster, comparable, wait_until
from tests.integration.daemon import ROOT, Daemon

if importlib.util.find_spec("distributed") is None:  # not imported here: that takes a third of a second
    pytest.skip("playlista[dask] is not installed", allow_module_level=True)

TRACKS = 6
RATE_HZ = 22050
NEXT_VERSION = "9.9.9"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path, dict(os.environ), MUSICNN_RUNTIME="off", RETRY_BACKOFF_SECONDS="0")
    for number in range(TRACKS):
        sing(made.daemon.music / f"{number}.flac", 220.0 + 30 * number, seconds=4)
    yield made
    made.end()


def sing(path: Path, hertz: float, *, seconds: int) -> None:
    second = 0.3 * np.sin(2 * np.pi * hertz * np.arange(RATE_HZ) / RATE_HZ)
    with soundfile.SoundFile(path, "w", RATE_HZ, 1) as file:
        for _ in range(seconds):
            file.write(second)


def alone(cluster: Cluster) -> Daemon:
    """A daemon over the same music without a cluster."""
    folder = cluster.folder / "alone"
    folder.mkdir()
    daemon = Daemon(folder, cluster.daemon.environment, DASK_SCHEDULER="")
    daemon.environment["MUSIC_DIR"] = str(cluster.daemon.music)
    assert daemon.run("run", "--once").returncode == 0
    return daemon


def test_two_workers_give_the_results_of_one_daemon_and_sigterm_lets_them_go(cluster: Cluster) -> None:
    """Also of files whose names are no UTF-8, and of links."""
    music = os.fsencode(cluster.daemon.music)
    cluster.daemon.environment["FOLLOW_SYMLINKS"] = "true"
    with suppress(OSError):  # a file system that takes only UTF-8
        os.rename(os.path.join(music, b"0.flac"), os.path.join(music, b"\xff\xfe.flac"))
    sing(cluster.folder / "outside.flac", 700.0, seconds=4)
    os.symlink(cluster.folder / "outside.flac", os.path.join(music, b"link.flac"))
    cluster.scheduler()
    for name in ("one", "two"):
        cluster.worker(name)
    ended = cluster.daemon.run("run", "--once")
    assert ended.returncode == 0, ended.stderr
    here = comparable(cluster.daemon.run("export").stdout)
    assert here == comparable(alone(cluster).run("export").stdout)
    assert len(here) == TRACKS + 1
    for name in ("one", "two"):
        assert cluster.events(name, "worker.started")
        cluster.members[name].send_signal(signal.SIGTERM)
        assert cluster.members[name].wait(DEADLINE_SECONDS) == 0


def test_a_worker_that_dies_is_one_attempt_of_its_track_and_a_poison_is_quarantined(cluster: Cluster) -> None:
    """The poison is a file that takes minutes; whoever works at it is killed."""
    for left in cluster.daemon.music.iterdir():
        left.unlink()
    sing(cluster.daemon.music / "poison.flac", 440.0, seconds=1800)
    cluster.scheduler()
    cluster.daemon.environment["MAX_ATTEMPTS"] = "2"
    cluster.daemon.start()
    for attempt in (1, 2):
        cluster.worker(f"w{attempt}")
        wait_until(lambda: cluster.status()["cluster"]["in_flight"] == 1, "the track in flight")
        assert cluster.status()["queue"]["claimed"] == 1
        cluster.members[f"w{attempt}"].kill()
        wait_until(lambda n=attempt: len(cluster.daemon.events("track.crashed")) == n, "the verdict")
    assert [line["attempts"] for line in cluster.daemon.events("track.crashed")] == [1, 2]
    assert "w2 died" in cluster.status()["last_failure"]["detail"]
    assert cluster.status()["tracks"]["quarantined"] == 1
    assert 'playlista_cluster_workers_lost_total{blame="track"} 2.0' in cluster.daemon.get("/metrics")[1].decode()


@pytest.mark.exhaustive
def test_members_that_do_not_fit_are_refused_in_one_line_and_the_rest_work(cluster: Cluster) -> None:
    cluster.scheduler()
    cluster.wait_for_event("scheduler", "scheduler.started")  # before that, nobody reaches it
    foreign = cluster.folder / "foreign"
    make_certificates(foreign, days=1)
    empty = cluster.folder / "empty"
    empty.mkdir()
    cluster.worker("foreign", CLUSTER_TLS_DIR=str(foreign))
    cluster.worker("other-settings", MEMORY_OPTIMIZED_SAMPLE_RATE="16000")
    cluster.worker("other-mount", MUSIC_DIR=str(empty))
    cluster.daemon.start()
    assert "same authority" in cluster.wait_for_event("foreign", "scheduler.unreachable")["why"]
    assert "16000 for 22050" in cluster.wait_for_event("other-settings", "daemon.refused")["detail"]
    assert "does not have the file" in cluster.wait_for_event("other-mount", "track.refused")["detail"]
    cluster.worker("good")
    wait_until(lambda: cluster.status()["tracks"]["analyzed"] == TRACKS, "all tracks")
    assert cluster.status()["cluster"]["refusals"].keys() == {"settings", "missing"}
    assert cluster.daemon.run("failures").stdout.strip() in {"", "nothing failed"}


@pytest.mark.exhaustive
def test_the_scheduler_may_go_and_come_back_and_nothing_is_lost_or_blamed(cluster: Cluster) -> None:
    sing(cluster.daemon.music / "long.flac", 440.0, seconds=300)
    cluster.scheduler()
    cluster.worker("one")
    cluster.daemon.start()
    wait_until(lambda: cluster.status()["cluster"]["in_flight"] == 1, "a track in flight")
    cluster.members["scheduler"].kill()
    cluster.members["scheduler"].wait()
    wait_until(lambda: not cluster.status()["cluster"]["scheduler_up"], "the daemon to notice")
    cluster.scheduler()
    wait_until(lambda: cluster.status()["tracks"]["analyzed"] == TRACKS + 1, "all tracks")
    assert cluster.daemon.events("track.crashed") == []
    assert cluster.members["one"].poll() is None


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder with a path short enough for sockets in it."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.exhaustive
def test_workers_of_one_machine_end_with_the_daemon_say_nothing_that_needs_no_care_and_leave_nothing_behind(
    cluster: Cluster, temporary: Path
) -> None:
    cluster.daemon.environment |= {"DASK_SCHEDULER": "", "WORKERS": "2", "TMPDIR": str(temporary)}
    with socket.socket() as dasks_own_port:
        with suppress(OSError):  # somebody else has it, which will do
            dasks_own_port.bind(("127.0.0.1", 8787))
            dasks_own_port.listen()
        ended = cluster.daemon.run("run", "--once")
    assert ended.returncode == 0, ended.stderr
    lines = ended.stderr.splitlines()
    assert [line for line in lines if not line.startswith("{")] == []
    events = [json.loads(line) for line in lines]
    at_work = {event["worker"] for event in events if event["event"] == "track.analyzed"}
    assert at_work
    assert at_work <= {"local-1", "local-2"}  # one may be done before the other has come
    warnings = {event["event"] for event in events if event["level"] == "warning"}
    assert warnings <= {"runtime.chosen", "workers.exceed_cpus"}, ended.stderr  # the machine's, not the cluster's
    assert list(temporary.iterdir()) == []
    assert len(comparable(cluster.daemon.run("export").stdout)) == TRACKS


def test_a_temporary_folder_with_a_path_too_long_for_sockets_stops_the_start(cluster: Cluster, tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    cluster.daemon.environment |= {"DASK_SCHEDULER": "", "WORKERS": "2", "TMPDIR": str(deep)}
    ended = cluster.daemon.run("run", "--once")
    assert ended.returncode == 2
    assert f"{deep}: its path is too long" in ended.stderr
    assert list(deep.iterdir()) == []


def of_next_version(folder: Path) -> dict[str, str]:
    """The environment by which a member is the next version of the program, from a copy of this one."""
    shutil.copytree(ROOT / "daemon", folder, ignore=shutil.ignore_patterns("__pycache__"))
    place = folder / "playlista/__init__.py"
    text = place.read_text("utf-8")
    place.write_text(re.sub(r'(?m)^__version__ = ".*"', f'__version__ = "{NEXT_VERSION}"', text), "utf-8")
    return {"PYTHONPATH": os.fspath(folder)}


@pytest.mark.exhaustive
def test_a_rolling_upgrade_loses_nothing_and_blames_nobody(cluster: Cluster, tmp_path: Path) -> None:
    """Scheduler and daemon are new while the workers are old; these follow one by one, in the middle of tracks."""
    music = cluster.daemon.music
    newer = of_next_version(tmp_path / "newer")
    cluster.scheduler()
    for name in ("one", "two"):
        cluster.worker(name)
    cluster.daemon.start()
    wait_until(lambda: cluster.status()["tracks"]["analyzed"] == TRACKS, "all tracks by the old version")
    for number in range(2):
        sing(tmp_path / f"long-{number}.flac", 300.0 + number, seconds=300)
    for number in range(2):  # both at once, so that both are at work at the same time
        os.rename(tmp_path / f"long-{number}.flac", music / f"long-{number}.flac")
    wait_until(lambda: cluster.status()["cluster"]["in_flight"] == 2, "both workers at work")
    cluster.daemon.stop()
    cluster.stop("scheduler")
    cluster.daemon.environment |= newer
    cluster.scheduler()
    cluster.daemon.start()
    assert f"the daemon is {NEXT_VERSION}" in cluster.wait_for_event("one", "daemon.refused")["detail"]
    cluster.wait_for_event("two", "daemon.refused")
    assert cluster.status()["tracks"]["analyzed"] == TRACKS  # the tracks wait
    cluster.stop("one")
    cluster.worker("one-new")  # with the daemon's environment, so new
    wait_until(lambda: cluster.status()["cluster"]["in_flight"] == 1, "the new worker at work beside the old one")
    cluster.stop("two")
    cluster.worker("two-new")
    wait_until(lambda: cluster.status()["tracks"]["analyzed"] == TRACKS + 2, "all tracks")
    assert cluster.status()["tracks"]["total"] == TRACKS + 2
    assert cluster.daemon.events("track.crashed") == []
    assert cluster.daemon.run("failures").stdout.strip() in {"", "nothing failed"}


@pytest.mark.exhaustive
def test_workers_may_go_to_none_and_come_back_and_nothing_is_lost(cluster: Cluster) -> None:
    cluster.daemon.environment["CLUSTER_GRACE_SECONDS"] = "0"
    sing(cluster.daemon.music / "long.flac", 440.0, seconds=300)
    cluster.scheduler()
    cluster.worker("one")
    cluster.daemon.start()
    wait_until(lambda: "long.flac" in _at_work(cluster), "the long track at work")
    cluster.stop("one")  # in the middle of it
    wait_until(lambda: not cluster.status()["cluster"]["workers"], "no worker")
    wait_until(lambda: cluster.status()["queue"]["claimed"] == 0, "the track given back")
    cluster.worker("two")
    wait_until(lambda: cluster.status()["tracks"]["analyzed"] == TRACKS + 1, "all tracks")
    assert cluster.daemon.events("track.crashed") == []
    assert cluster.daemon.run("failures").stdout.strip() in {"", "nothing failed"}


@pytest.mark.exhaustive
def test_a_scheduler_of_somebody_else_is_said_and_gets_no_worker(cluster: Cluster) -> None:
    """Dask's own, without TLS on the loopback, where nothing else would keep them apart."""
    address = f"tcp://127.0.0.1:{cluster.port}"
    cluster.daemon.environment |= {"DASK_SCHEDULER": address, "CLUSTER_TLS_DIR": ""}
    code = f"""
import asyncio
from distributed import Scheduler
async def main():
    async with Scheduler(host="127.0.0.1", port={cluster.port}, dashboard=False) as scheduler:
        await scheduler.finished()
asyncio.run(main())
"""
    with (cluster.folder / "foreign.log").open("ab") as log:
        cluster.members["foreign"] = subprocess.Popen([sys.executable, "-c", code], stderr=log, cwd=cluster.folder)
    cluster.worker("one")
    cluster.daemon.start()
    for name in ("one", "daemon"):
        wait_until(lambda n=name: _says(cluster, n, "scheduler of dask alone"), f"{name} to say so")
    assert cluster.events("one", "worker.started") == []


def _says(cluster: Cluster, name: str, why: str) -> bool:
    return any(why in line["why"] for line in cluster.events(name, "scheduler.unreachable"))


def _at_work(cluster: Cluster) -> list[str]:
    return [worker["track"] for worker in cluster.status()["cluster"]["workers"] if worker["track"]]
