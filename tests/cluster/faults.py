"""Random deaths of every member and cuts of the network, over tracks that keep coming, and a track that kills.

Input: how many faults. Output: findings: what was lost, done twice, or blamed though innocent.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from tests.cluster import far
from tests.cluster.music import tracks
from tests.cluster.real import run_once
from tests.integration.clusters import Cluster, comparable, directly, wait_until
from tests.integration.daemon import Daemon
from tests.soak.findings import Finding, exactly, holds

#: How often each kind of fault comes, in a hundred.
KINDS = {"worker killed": 55, "scheduler killed": 15, "daemon killed": 10, "network cut": 10, "network slow": 10}
NEAR_WORKERS = 3
#: Tracks that are always due.
BACKLOG = 12
MAX_ATTEMPTS = 3
#: How long a fault waits for work to disturb, at most.
WORK_SECONDS = 20.0
POISON = "poison.flac"


class Storm:
    """A cluster under faults.

    Parameters
    ----------
    say : takes a line of progress.
    """

    def __init__(self, folder: Path, source: Path | None, seed: int, say: Callable[[str], None]) -> None:
        self.chance = random.Random(seed)
        self.say = say
        self.place = None if far.why_not() else far.FarPlace()
        host = "0.0.0.0" if self.place else "127.0.0.1"
        settings = {"RETRY_BACKOFF_SECONDS": "2", "MAX_ATTEMPTS": str(MAX_ATTEMPTS), "LOG_LEVEL": "info"}
        self.cluster = Cluster(folder, dict(os.environ), host=host, **settings)
        port = self.cluster.port
        self.cluster.daemon.environment["DASK_SCHEDULER"] = f"tls://127.0.0.1:{port}"
        self.far_address = f"tls://{far.NEAR}:{port}"
        self.source = tracks(self.cluster.daemon.music, source, seed=seed)
        self.fed = 0
        self.kinds: Counter[str] = Counter()
        self.poison_deaths = 0
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """Everything runs."""
        self.feed(BACKLOG)
        with self._lock:
            self.cluster.scheduler()
            self._start_missing()
        self.cluster.daemon.start()
        self._keeper.start()

    def feed(self, count: int) -> None:
        """More tracks."""
        for _ in range(count):
            next(self.source)
        self.fed += count

    def wait_for_work(self) -> None:
        """Until some track is at a worker: a fault that meets nobody at work shows little."""
        with suppress(AssertionError):
            wait_until(lambda: self._in_flight() > 0, "some work", WORK_SECONDS)

    def fault(self) -> None:
        """One fault of a random kind."""
        (kind,) = self.chance.choices(list(KINDS), list(KINDS.values()))
        if self.place is None and kind.startswith("network"):
            kind = "worker killed"
        self.kinds[kind] += 1
        if kind == "daemon killed":
            self._kill_daemon()
        elif kind == "network cut" and self.place is not None:
            self.place.cut()
            time.sleep(self.chance.choice([1, 3, 8]))
            self.place.mend()
        elif kind == "network slow" and self.place is not None:
            self.place.slow_down(self.chance.choice([50, 300]))
            time.sleep(2)
            self.place.mend()
        else:
            self._kill("scheduler" if kind == "scheduler killed" else self.chance.choice(self._workers()))

    def calm(self) -> None:
        """No more faults; until everything that was fed has its end."""
        if self.place is not None:
            self.place.mend()
        wanted = self.fed + (self.cluster.daemon.music / POISON).exists()
        wait_until(lambda: self._ended() >= wanted, "all tracks", 1800)
        self._over.set()
        self._keeper.join()

    def close(self) -> None:
        """End everything."""
        self._over.set()
        self.cluster.end()
        if self.place is not None:
            self.place.close()

    def _workers(self) -> list[str]:
        return [f"w{number}" for number in range(NEAR_WORKERS)] + ["far"]

    def _kill(self, name: str) -> None:
        process = self.cluster.members.get(name)
        if process is not None:
            process.kill()

    def _kill_daemon(self) -> None:
        process = self.cluster.daemon.process
        assert process is not None
        process.kill()
        process.wait()
        self.cluster.daemon.start()

    def _keep(self) -> None:
        """What a supervisor does: start what died; and what the poison does: kill the worker that has it."""
        while not self._over.wait(0.3):
            with self._lock:
                self._start_missing()
            self._poison()

    def _start_missing(self) -> None:
        members = self.cluster.members
        for name in ("scheduler", *self._workers()):
            process = members.get(name)
            if process is not None and process.poll() is None:
                continue
            if name == "scheduler":
                self.cluster.scheduler()
            elif name == "far" and self.place is not None:
                self.cluster.worker(name, self.place.through, DASK_SCHEDULER=self.far_address)
            else:
                self.cluster.worker(name, directly)

    def _poison(self) -> None:
        with suppress(Exception):  # the daemon may be away
            for worker in (self.cluster.status()["cluster"] or {})["workers"]:
                if worker["state"] == "busy" and worker["track"] == POISON:
                    self._kill(worker["name"])
                    self.poison_deaths += 1
                    time.sleep(2)  # until it is noticed

    def _in_flight(self) -> int:
        with suppress(Exception):  # the daemon may be away
            return int(self.cluster.status()["cluster"]["in_flight"])
        return 0

    def _ended(self) -> int:
        with suppress(Exception):
            counts = self.cluster.status()["tracks"]
            return int(counts["total"] - counts["unanalyzed"])
        return 0


def prove(folder: Path, source: Path | None, faults: int, say: Callable[[str], None]) -> Iterator[Finding]:
    """The findings."""
    folder.mkdir(parents=True)
    storm = Storm(folder, source, 7, say)
    try:
        storm.start()
        _long(storm.cluster.daemon.music / POISON)
        for number in range(faults):
            storm.wait_for_work()
            time.sleep(storm.chance.uniform(0.2, 3))
            storm.fault()
            if storm.fed - storm._ended() < BACKLOG:
                storm.feed(BACKLOG // 2)
            if number % 10 == 9:
                say(f"{number + 1} faults, {storm._ended()} of {storm.fed} tracks")
        storm.calm()
        yield from _findings(storm, folder)
    finally:
        storm.close()


def _findings(storm: Storm, folder: Path) -> Iterator[Finding]:
    daemon = storm.cluster.daemon
    results = comparable(daemon.run("export").stdout)
    crashed = daemon.events("track.crashed")
    daemon.stop()
    yield Finding("faults", ", ".join(f"{count} times {kind}" for kind, count in sorted(storm.kinds.items())))
    yield holds("network faults in a namespace", far.why_not() or "yes", reached=True)
    alone = _alone(folder, daemon)
    yield exactly("tracks", len(results), storm.fed + 1)
    yield exactly("results lost", len(alone.keys() - results.keys()), 0)
    differ = [path for path in alone if path != POISON and results.get(path) != alone[path]]
    yield exactly("results that differ from those of one daemon in peace", len(differ), 0)
    yield exactly("tracks with two results", _doubled(daemon), 0)
    quarantined = {path for path, result in results.items() if result["status"] == "quarantined"}
    yield exactly("innocents quarantined", len(quarantined - {POISON}), 0)
    yield holds("the poison", "quarantined" if POISON in quarantined else "free", reached=POISON in quarantined)
    yield Finding(
        "attempts charged to innocents, by deaths of workers that had them",
        str(sum(line["path"] != POISON for line in crashed)),
    )


def _alone(folder: Path, clustered: Daemon) -> dict[str, dict[str, object]]:
    """What one daemon makes of the same tracks without any fault."""
    place = folder / "alone"
    place.mkdir()
    daemon = Daemon(place, {**clustered.environment, "DASK_SCHEDULER": ""})
    daemon.environment["MUSIC_DIR"] = str(clustered.music)
    run_once(daemon)
    return comparable(daemon.run("export").stdout)


def _doubled(daemon: Daemon) -> int:
    with closing(sqlite3.connect(daemon.data / "playlista.db")) as connection:
        (rows,) = connection.execute("SELECT count(*) - count(DISTINCT file_id) FROM analyses").fetchone()
        (jobs,) = connection.execute("SELECT count(*) FROM jobs").fetchone()
    return int(rows + jobs)


def _long(path: Path) -> None:
    """A track of an hour: long enough to be seen at a worker before it is done."""
    import numpy as np
    import soundfile

    second = 0.3 * np.sin(2 * np.pi * 440.0 * np.arange(22050) / 22050)
    with soundfile.SoundFile(path.with_suffix(".part"), "w", 22050, 1, format="FLAC") as file:
        for _ in range(3600):
            file.write(second)
    path.with_suffix(".part").rename(path)
