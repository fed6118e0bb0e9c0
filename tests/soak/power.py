"""Power cuts: what the log has told is on the disk, also when everything that was not synced is gone.

The data folder is an ext4 file system in an image file. At a random moment the daemon is stopped and the image copied
without a sync: what only lay in the page cache of the file system is not in it. A file that nobody synced is written
before each cut, to see that such files really are lost.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from playlista.library.database import FILE_NAME
from tests.soak.findings import Finding, at_least, exactly, told
from tests.soak.music import copies, make_excerpts
from tests.soak.place import Place
from tests.soak.service import Service

CUTS = 100
IMAGE_MB = 32
SECONDS = 12.0
LONGEST_WAIT_SECONDS = 1.5
BACKLOG = 30
SETTINGS = {"WATCH_SETTLE_SECONDS": "0.2"}


@dataclass(slots=True)
class Losses:
    """What the copies of the disk had and had not."""

    told: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    damaged: int = 0
    cuts: int = 0
    unsynced_lost: int = 0


def why_not() -> str | None:
    """Why no file system can be made in a file here; None if one can."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        return "needs root and mkfs.ext4"
    return None if os.path.exists("/dev/loop-control") else "there are no loop devices"


def run(place: Place) -> list[Finding]:
    """Cut the power `CUTS` times, on copies."""
    if trouble := why_not():
        return [told("not tried", trouble)]
    excerpts = make_excerpts(place.music, place.folder / "excerpts", ("flac", "ogg", "wav"), 6, SECONDS)
    service = Service(place.folder / "run", SETTINGS)
    image = _made_image(place.folder / "disk.img")
    losses = Losses()
    with ExitStack() as parts:
        parts.enter_context(_mounted(image, service.data))
        parts.callback(service.close)
        _cut_over_and_over(place, service, image, copies(excerpts, service.music), losses)
        service.stop()
    return [
        exactly("power cuts", losses.cuts, place.scaled(CUTS, 2)),
        at_least("of these that lost a file that nobody had synced", losses.unsynced_lost, place.scaled(CUTS, 2) // 2),
        told("results told in the log before the last cut", len(losses.told)),
        exactly("results told that a copy of the disk did not have", len(losses.missing), 0),
        exactly("copies on which SQLite found a fault in the library", losses.damaged, 0),
    ]


def _cut_over_and_over(place: Place, service: Service, image: Path, tracks: Iterator[Path], losses: Losses) -> None:
    chance, placed = random.Random(place.seed), len(list(islice(tracks, BACKLOG)))
    service.spawn()
    service.wait_ready()
    for number in range(place.scaled(CUTS, 2)):
        time.sleep(chance.uniform(0, LONGEST_WAIT_SECONDS))
        unsynced = service.data / f"unsynced {number}"
        unsynced.write_bytes(b"x" * 4096)
        os.kill(service.pid, signal.SIGSTOP)
        shutil.copyfile(image, place.folder / "cut.img")
        service.journal.read()
        os.kill(service.pid, signal.SIGCONT)
        losses.told = set(service.journal.results)
        losses.cuts += 1
        _look_at(place.folder / "cut.img", unsynced.name, losses)
        unsynced.unlink()
        if placed - len(losses.told) < BACKLOG:
            placed += len(list(islice(tracks, BACKLOG)))
        if losses.cuts % 20 == 0:
            place.say(f"{losses.cuts} cuts, {len(losses.told)} results told")


def _look_at(copy: Path, unsynced: str, losses: Losses) -> None:
    """Mount the copy, as the machine would when the power is back, and open the library as the daemon would."""
    folder = copy.with_suffix(".mounted")
    with _mounted(copy, folder):
        lost = not (folder / unsynced).exists() or not (folder / unsynced).read_bytes().startswith(b"x")
        losses.unsynced_lost += lost
        connection = sqlite3.connect(folder / FILE_NAME)
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        rows = connection.execute("SELECT path FROM files WHERE status IS NOT NULL").fetchall()
        connection.close()
    losses.damaged += verdict != "ok"
    losses.missing |= losses.told - {os.fsdecode(bytes(path)) for (path,) in rows}


def _made_image(image: Path) -> Path:
    with image.open("wb") as file:
        file.truncate(IMAGE_MB * 1024**2)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    return image


@contextmanager
def _mounted(image: Path, folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=False)
