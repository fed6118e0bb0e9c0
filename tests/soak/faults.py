"""What goes wrong on one day: each fault is done to the running daemon, for real, and taken back.

Input: the scene. Output: a daemon that is ready again, or an ``AssertionError`` that says what was missed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cgroups import MIB, MemoryCgroup
from tests.soak.mutations import mutant
from tests.soak.service import Service

#: The worker and the watcher look again ten seconds after the disk was full; a folder is looked at every five.
RECOVERY_SECONDS = 60.0
#: A track waits behind those that came before it.
MAX_WAIT_SECONDS = 900.0
LOW_LIMIT_MIB = 144
LOW_SECONDS = 10.0
AWAY_SECONDS = 12.0
MUTANTS_AT_ONCE = 20
RENAMED_AT_ONCE = 30
SLOW_CLIENTS = 40


@dataclass(slots=True)
class Scene:
    """Where the faults happen.

    Attributes
    ----------
    disk : the folder that is bound to the music folder.
    feed : copies the next track to the disk.
    long_track, short_track : a file that takes a second to analyze, and one that does not.
    originals : form and content of the files that mutants are made of.
    replaced : paths, relative to the music folder, whose content became that of `short_track` while it was read.
    done : how often each fault was done.
    """

    service: Service
    disk: Path
    cgroup: MemoryCgroup | None
    limit_mib: int
    feed: Iterator[Path]
    long_track: Path
    short_track: Path
    originals: list[tuple[str, bytes]]
    chance: random.Random
    replaced: list[str] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    mutants: int = 0

    def next_tracks(self, count: int) -> None:
        """Copy so many tracks in."""
        for _ in range(count):
            next(self.feed)

    def logged(self, event: str) -> int:
        """How often the daemon said so."""
        self.service.journal.read()
        return self.service.journal.times[event]

    def current(self) -> str | None:
        """The track at work."""
        status, body = self.service.get("/api/v1/status")
        return json.loads(body).get("current") if status == 200 else None


def full_disk(scene: Scene) -> None:
    """DATA_DIR's disk is full for a while."""
    filler = scene.service.data / "filler"
    with filler.open("wb", buffering=0) as file:
        while _written(file.fileno(), 65536) or _written(file.fileno(), 512):
            pass
    before = scene.logged("store.failed")
    scene.service.until(lambda: scene.service.status_of("/readyz") == 503, "the full disk to be said")
    # The journal has space of its own for some dozen results; only then does one not fit.
    scene.service.until(
        lambda: _fed(scene) and scene.logged("store.failed") > before, "a result too many", MAX_WAIT_SECONDS
    )
    filler.unlink()
    scene.service.wait_ready(RECOVERY_SECONDS)


def low_limit(scene: Scene) -> None:
    """The memory limit is lowered to little more than the daemon takes, and raised again."""
    if scene.cgroup is None:
        return
    name = "memory.limit_in_bytes" if scene.cgroup.version == 1 else "memory.max"
    (scene.cgroup.folder / name).write_text(str(LOW_LIMIT_MIB * MIB))
    scene.next_tracks(20)
    time.sleep(LOW_SECONDS)
    (scene.cgroup.folder / name).write_text(str(scene.limit_mib * MIB))


def unmounted_disk(scene: Scene) -> None:
    """The music is unmounted, and mounted again."""
    known = scene.service.ask_library("SELECT count(*) FROM files")
    subprocess.run(["umount", "-l", str(scene.service.music)], check=True)
    scene.service.until(lambda: scene.service.status_of("/readyz") == 503, "the missing disk to be said")
    time.sleep(AWAY_SECONDS)
    assert scene.service.ask_library("SELECT count(*) FROM files") == known, "tracks were forgotten"
    subprocess.run(["mount", "--bind", str(scene.disk), str(scene.service.music)], check=True)
    scene.service.wait_ready(RECOVERY_SECONDS)


def replaced_file(scene: Scene) -> None:
    """A track is replaced by another one while it is read."""
    target = _while_read(scene, "replaced")
    shutil.copyfile(scene.short_track, target.with_suffix(".part"))
    target.with_suffix(".part").rename(target)
    scene.replaced.append(os.path.relpath(target, scene.disk))


def cut_file(scene: Scene) -> None:
    """A track is cut short in place while it is read."""
    target = _while_read(scene, "cut")
    os.truncate(target, 5000)


def deleted_file(scene: Scene) -> None:
    """A track is deleted while it is read."""
    _while_read(scene, "deleted").unlink()


def mutants(scene: Scene) -> None:
    """Damaged files come in."""
    for _ in range(MUTANTS_AT_ONCE):
        scene.mutants += 1
        made = mutant(scene.mutants, scene.originals, scene.chance.randrange(2**32))
        path = scene.disk / made.named(scene.mutants)
        path.with_name(f".{path.name}").write_bytes(made.content)
        path.with_name(f".{path.name}").rename(path)


def renamed_files(scene: Scene) -> None:
    """Somebody puts tracks in order."""
    folder = scene.disk / f"sorted {scene.chance.randrange(2**32):08x}"
    folder.mkdir()
    tracks = [path for path in scene.disk.iterdir() if path.is_file() and path.name[:1].isdigit()]
    for path in scene.chance.sample(tracks, min(RENAMED_AT_ONCE, len(tracks))):
        path.rename(folder / path.name)


def slow_clients(scene: Scene) -> None:
    """Clients that begin a request and never end it."""
    with ExitStack() as sockets:
        for _ in range(SLOW_CLIENTS):
            client = sockets.enter_context(socket.create_connection(("127.0.0.1", scene.service.port), timeout=5))
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert scene.service.status_of("/healthz") == 200, "slow clients keep others out"
        time.sleep(3)


FAULTS: tuple[Callable[[Scene], None], ...] = (
    mutants,
    replaced_file,
    full_disk,
    renamed_files,
    low_limit,
    deleted_file,
    slow_clients,
    cut_file,
    unmounted_disk,
)


def _while_read(scene: Scene, name: str) -> Path:
    """A long track that the daemon is reading at this moment."""
    number = scene.done.get(f"{name}_file", 0)
    target = scene.disk / f"{name} while read {number:03}{scene.long_track.suffix}"
    shutil.copyfile(scene.long_track, target.with_suffix(".part"))
    target.with_suffix(".part").rename(target)
    scene.service.until(lambda: scene.current() == target.name, f"{target.name} to be read", MAX_WAIT_SECONDS)
    return target


def _fed(scene: Scene) -> bool:
    """Keep a few tracks waiting."""
    time.sleep(0.5)
    status, body = scene.service.get("/api/v1/status")
    if status == 200 and json.loads(body)["queue"]["queued"] < 5:
        scene.next_tracks(2)
    return True


def _written(descriptor: int, size: int) -> bool:
    try:
        return os.write(descriptor, bytes(size)) == size
    except OSError:
        return False
