"""A union of disks (mergerfs) under a daemon that has results: a disk is away for a while, the union's program dies.

The union shows the music folder, half of the tracks on each of two disks; one of the disks is a mount that can be taken
away. When the tracks are seen again, every result must be there and none may have been made anew.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from tests.faulty_fs import MOUNT_SECONDS
from tests.soak.findings import Finding, exactly, told
from tests.soak.music import make_noises
from tests.soak.place import Place
from tests.soak.service import Service

TRACKS = 200
ABSENCES = 3
AWAY_SECONDS = 15.0
SETTINGS = {
    "WATCH_SETTLE_SECONDS": "0.5",
    "MUSICNN_RUNTIME": "off",
    "WATCH_MODE": "polling",
    "WATCH_RESCAN_INTERVAL_SECONDS": "5",
}
_RESULTS = "SELECT count(*) FROM analyses"
_BLAMED = "SELECT path FROM files WHERE status IN ('failed', 'quarantined', 'partial')"
_COUNTED = "SELECT total(attempts - 1) FROM analyses"


def run(place: Place) -> list[Finding]:
    """The disk away, then the union's program dead, several times each."""
    if shutil.which("mergerfs") is None:
        return [told("union: not tried", "mergerfs is not installed")]
    branches, disk = (place.folder / "branch0", place.folder / "branch1"), place.folder / "disk"
    count = place.scaled(TRACKS, 12)
    for number, folder in enumerate((branches[0], disk)):
        make_noises(folder, count // 2, place.seed + 1 + number, prefix=f"disk{number}-")
    branches[1].mkdir()
    service = Service(place.folder / "union", SETTINGS)
    try:
        with _mounted(disk, branches[1]):
            return _absences(place, service, (branches[0], branches[1]), disk, count // 2 * 2)
    finally:
        service.close()


def _absences(place: Place, service: Service, branches: tuple[Path, Path], disk: Path, count: int) -> list[Finding]:
    kept, seen = count, count
    for absence in range(ABSENCES):
        with _union(branches, service.music) as program:
            if service.process is None:
                service.spawn()
            service.until(lambda: _seen(service) == count, "all tracks in the union", 600, 0.2)
            _unmount(branches[1])
            service.until(lambda: _seen(service) == count // 2, "the departure of the disk's tracks", 120, 0.2)
            time.sleep(AWAY_SECONDS)
            kept, seen = min(kept, _results(service)), min(seen, _seen(service))
            _mount(disk, branches[1])
            service.until(lambda: _seen(service) == count, "the disk's tracks", 120, 0.2)
            program.kill()
            program.wait()
            service.until(lambda: service.status_of("/readyz") == 503, "the word that the union is dead")
            time.sleep(AWAY_SECONDS)
            kept = min(kept, _results(service))
            place.say(f"absence {absence + 1}: {kept} of {count} results kept, {seen} tracks left in the lists")
    with _union(branches, service.music):
        service.wait_ready()
        service.until(lambda: _seen(service) == count, "all tracks at the end", 120, 0.2)
        findings = _judged(service, count, kept, seen)
        service.stop()
    return findings


def _judged(service: Service, count: int, kept: int, seen: int) -> list[Finding]:
    service.journal.read()
    return [
        told("union: a disk of it away and back, then its program dead and back, times", ABSENCES),
        told("union: each of them took", f"{AWAY_SECONDS:g} s and more"),
        exactly("union: tracks in the lists while a disk is away, of those on the other", seen, count // 2),
        exactly("union: results on disk all the while", kept, count),
        exactly("union: tracks with their result at the end", _seen(service), count),
        exactly("union: second analyses", service.journal.times["track.analyzed"] - count, 0),
        exactly("union: tracks blamed", len(service.paths_where(_BLAMED)), 0),
        exactly("union: attempts counted beyond the first", int(service.ask_library(_COUNTED)[0][0]), 0),
    ]


def _results(service: Service) -> int:
    return int(service.ask_library(_RESULTS)[0][0])


def _seen(service: Service) -> int:
    """The analyzed tracks that the daemon shows; -1 while it does not answer."""
    try:
        return int(json.loads(service.get("/api/v1/status")[1])["tracks"]["analyzed"])
    except (OSError, HTTPException, ValueError, KeyError):
        return -1


@contextmanager
def _union(branches: tuple[Path, Path], mount: Path) -> Iterator[subprocess.Popen[bytes]]:
    """mergerfs over `branches`, seen at `mount`, in a process of its own."""
    mount.mkdir(parents=True, exist_ok=True)
    joined = ":".join(map(os.fspath, branches))
    command = ["mergerfs", "-f", "-o", "cache.files=off", joined, os.fspath(mount)]
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + MOUNT_SECONDS
        while not os.path.ismount(mount):
            if program.poll() is not None or time.monotonic() > deadline:
                raise OSError(f"{mount}: mergerfs could not mount it")
            time.sleep(0.02)
        yield program
    finally:
        program.kill()
        program.wait()
        _unmount(mount)


@contextmanager
def _mounted(disk: Path, folder: Path) -> Iterator[None]:
    _mount(disk, folder)
    try:
        yield
    finally:
        _unmount(folder)


def _mount(disk: Path, folder: Path) -> None:
    subprocess.run(["mount", "--bind", os.fspath(disk), os.fspath(folder)], check=True)


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", os.fspath(folder)], capture_output=True, check=False)
