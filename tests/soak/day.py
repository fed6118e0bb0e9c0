"""A day's work compressed: two thousand tracks through one daemon, with a fault every few dozen of them.

It runs in a real cgroup, with its data on a small disk that fills up, and is asked for everything all the time. At the
end each file on the disk has its result, and the process is no larger than it was after its first hour.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmarks.cgroups import MIB, MemoryCgroup, memory_cgroup, why_not
from tests.soak.faults import FAULTS, Scene
from tests.soak.findings import Finding, at_least, exactly, told
from tests.soak.music import FORMS, copies, make_excerpts
from tests.soak.place import Place
from tests.soak.service import Service
from tests.soak.vitals import Clients, Sample, Vitals, growth

TRACKS = 2000
ROUNDS = 5
SECONDS = 15.0
LIMIT_MIB = 256
DATA_MB = 64
#: New tracks come in while fewer than this many are unfinished.
BACKLOG = 30
SETTINGS = {"WATCH_SETTLE_SECONDS": "0.5", "RETRY_BACKOFF_SECONDS": "1", "TRACK_TIMEOUT_SECONDS": "60"}
LEFT = """
    SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM files WHERE status IS NOT NULL), count(*) FROM files
"""
REASONS = "SELECT reason FROM analyses WHERE reason IS NOT NULL"
#: Copies of whole tracks are named NUMBER-EXCERPT, with five digits and three.
NOT_WHOLE = """
    SELECT path FROM files WHERE status <> 'analyzed'
    AND CAST(path AS TEXT) GLOB '*[0-9][0-9][0-9][0-9][0-9]-[0-9][0-9][0-9].*'
"""
LENGTHS_OF_REPLACED = """
    SELECT DISTINCT duration_seconds FROM files JOIN analyses ON file_id = id WHERE CAST(path AS TEXT) LIKE 'replaced%'
"""
#: What nothing on this day may be blamed on.
NEVER = ("crashed", "internal", "decode_timeout", "over_budget")


def run(place: Place) -> list[Finding]:
    """The day."""
    trouble = why_not() or (None if os.geteuid() == 0 else "no right to mount")
    if trouble:
        return [told("the day was not tried", trouble)]
    with ExitStack() as parts:
        cgroup = parts.enter_context(memory_cgroup(LIMIT_MIB * MIB))
        service = Service(place.folder / "run", SETTINGS, cgroup=cgroup)
        disk = place.folder / "disk"
        disk.mkdir()
        service.data.mkdir(exist_ok=True)
        parts.enter_context(_mounted("-t", "tmpfs", "-o", f"size={DATA_MB}m", "none", service.data))
        parts.enter_context(_mounted("--bind", disk, service.music))
        parts.callback(service.close)
        day = _Day(place, _scene(place, service, disk, cgroup))
        return day.findings(cgroup)


def _scene(place: Place, service: Service, disk: Path, cgroup: MemoryCgroup) -> Scene:
    tracks = make_excerpts(
        place.music, place.folder / "tracks", ("flac", "ogg", "mp3", "m4a", "wav", "opus"), 24, SECONDS
    )
    clips = make_excerpts(place.music, place.folder / "clips", tuple(FORMS), len(FORMS), 2.0)
    (long_track,) = make_excerpts(place.music, place.folder / "long", ("flac",), 1, 120.0)
    return Scene(
        service=service,
        disk=disk,
        cgroup=cgroup,
        limit_mib=LIMIT_MIB,
        feed=copies(tracks, disk),
        long_track=long_track,
        short_track=tracks[0],
        originals=[(form, path.read_bytes()) for form, path in zip(FORMS, clips, strict=True)],
        chance=random.Random(place.seed),
    )


class _Day:
    """The run itself, and what was seen of it."""

    def __init__(self, place: Place, scene: Scene) -> None:
        self._place = place
        self._scene = scene
        self._service = scene.service
        self._placed = 0
        self._done = 0
        service = self._service
        service.spawn()
        service.wait_ready()
        with Vitals(service.pid, lambda: self._done) as vitals, Clients(service.status_of) as clients:
            self._work_through()
        self.samples: list[Sample] = vitals.samples
        self.clients = clients
        self.pauses = int(service.metric("playlista_memory_pauses_total"))
        self.code, self.stop_seconds = service.stop()
        service.journal.read()

    def _work_through(self) -> None:
        total, faults = self._place.scaled(TRACKS, 60), self._faults()
        due = [total * (number + 1) // (len(faults) + 1) for number in range(len(faults))]
        for fault, when in zip(faults, due, strict=True):
            self._until_done(when, total)
            self._place.say(f"{self._done} tracks done; {fault.__name__.replace('_', ' ')}")
            fault(self._scene)
            self._scene.done[fault.__name__] = self._scene.done.get(fault.__name__, 0) + 1
        self._until_done(total, total)
        self._service.until(self._nothing_left, "the rest", max_wait_seconds=600)

    def _faults(self) -> list[Callable[[Scene], None]]:
        return list(FAULTS) * self._place.scaled(ROUNDS)

    def _until_done(self, count: int, total: int) -> None:
        deadline = time.monotonic() + 3600
        while self._look()[1] < count and time.monotonic() < deadline:
            if self._placed < total and self._placed - self._done < BACKLOG:
                self._scene.next_tracks(BACKLOG)
                self._placed += BACKLOG
            elif self._placed >= total and not self._look()[0]:
                break
            time.sleep(0.2)

    def _nothing_left(self) -> bool:
        time.sleep(0.5)
        jobs, done, known = self._look()
        return not jobs and done == known == len(_music_on(self._scene.disk))

    def _look(self) -> tuple[int, int, int]:
        with suppress(Exception):  # a full disk may keep us from looking
            (row,) = self._service.ask_library(LEFT)
            jobs, self._done, known = (int(value) for value in row)
            return jobs, self._done, known
        return 1, self._done, 0

    def findings(self, cgroup: MemoryCgroup) -> list[Finding]:
        """The figures of the day."""
        return [*self._of_results(), *self._of_the_end(cgroup), *growth(self.samples), *self.clients.findings()]

    def _of_results(self) -> list[Finding]:
        service, disk = self._service, self._scene.disk
        stored = set(service.paths_where("SELECT path FROM files WHERE status IS NOT NULL"))
        blamed = [row for row in service.ask_library(REASONS) if row[0] in NEVER]
        damaged = service.paths_where(NOT_WHOLE)
        lengths = service.ask_library(LENGTHS_OF_REPLACED)
        broke = service.journal.times["track.broke"] + service.journal.times["watch.broke"]
        return [
            told("tracks, mutants and other files that were analyzed", len(stored)),
            told("faults", ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in self._scene.done.items())),
            exactly("files on the disk without a result, or results without a file", len(stored ^ _music_on(disk)), 0),
            exactly("undamaged tracks not analyzed", len(damaged), 0),
            exactly(f"results that blame {', '.join(NEVER)}", len(blamed), 0),
            exactly("lengths among the files that were replaced while read", len(lengths), 1),
            exactly("errors that nobody thought of, in the log", broke, 0),
            at_least("results and claims that did not fit on the full disk", service.journal.times["store.failed"], 1),
        ]

    def _of_the_end(self, cgroup: MemoryCgroup) -> list[Finding]:
        return [
            exactly("exit code after SIGTERM at the end of the same life", self.code, 0),
            exactly("OOM kills", cgroup.oom_kills(), 0),
            told("pauses for memory, counted", self.pauses),
        ]


def _music_on(disk: Path) -> set[str]:
    return {
        os.path.relpath(os.path.join(folder, name), disk)
        for folder, _, names in os.walk(disk)
        for name in names
        if not name.startswith(".")
    }


@contextmanager
def _mounted(*arguments: str | Path) -> Iterator[None]:
    subprocess.run(["mount", *map(str, arguments)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(arguments[-1])], check=False)
