"""What the system takes away and gives back: the music folder's disk, and inotify's watches."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.soak.burst import DONE, KNOWN, number_of
from tests.soak.findings import Finding, at_most, exactly, holds, told
from tests.soak.music import copies, make_excerpts
from tests.soak.place import Place
from tests.soak.service import Service

WATCH_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")
TRACKS = 200
#: Longer than the watcher waits before it believes departures, and than it takes to look at the folder again.
AWAY_SECONDS = 20.0
#: inotify is tried again every 30 s.
BACK_BAR_SECONDS = 40.0
SETTINGS = {"WATCH_SETTLE_SECONDS": "0.5", "MUSICNN_RUNTIME": "off"}


def unmounted(place: Place) -> list[Finding]:
    """The disk goes, an empty one comes, a strange one comes, the right one is back."""
    disk = place.folder / "disk"
    excerpts = make_excerpts(place.music, place.folder / "clips", ("ogg", "wav"), 4, seconds=2)
    feed = copies(excerpts, disk)
    tracks = [next(feed) for _ in range(place.scaled(TRACKS, 8))]
    service = Service(place.folder / "mounts", SETTINGS)
    if not _mount("--bind", disk, service.music):
        return [told("unmounted: not tried", "no right to mount here")]
    try:
        return _taken_away(place, service, disk, len(tracks))
    finally:
        service.close()
        _unmount(service.music)


def _taken_away(place: Place, service: Service, disk: Path, count: int) -> list[Finding]:
    service.spawn()
    service.until((service.data / "playlista.db").exists, "the library")
    service.until(lambda: number_of(service, DONE) == count, "the analyses", max_wait_seconds=600)
    findings = []
    for state, prepare in (
        ("unmounted", None),
        ("another, empty disk", []),
        ("another disk with music", ["strange.wav"]),
    ):
        if prepare is None:
            _unmount(service.music)
        else:
            assert _mount("-t", "tmpfs", Path("none"), service.music)
            for name in prepare:
                (service.music / name).write_bytes(next(disk.glob("*.wav")).read_bytes())
        findings += _looked_at(service, state, count)
        if prepare is not None:
            _unmount(service.music)
    assert _mount("--bind", disk, service.music)
    took = service.wait_ready()
    next(copies([next(disk.glob("*.ogg"))], disk / "later"))
    service.until(lambda: number_of(service, DONE) == count + 1, "what came later")
    service.stop()
    service.journal.read()
    again = service.journal.times["track.analyzed"] - count - 1
    return [*findings, at_most("back: ready after", took, 10.0, " s"), exactly("back: second analyses", again, 0)]


def _looked_at(service: Service, state: str, count: int) -> list[Finding]:
    """While the folder is not what it was: it is said, and nothing is forgotten or taken in."""
    service.until(lambda: service.status_of("/readyz") == 503, "the refusal")
    time.sleep(AWAY_SECONDS)
    said = service.get("/readyz")[1].decode().strip().replace(str(service.music), "MUSIC_DIR")
    return [
        holds(f"{state}: /readyz says", said, reached="nothing is deleted" in said.lower()),
        exactly(f"{state}: tracks known after {AWAY_SECONDS:g} s", number_of(service, KNOWN), count),
    ]


def exhausted(place: Place) -> list[Finding]:
    """The system's inotify watches run out while the daemon runs, for real, and come back."""
    if not os.access(WATCH_LIMIT, os.W_OK):
        return [told("ENOSPC: not tried", f"no right to write {WATCH_LIMIT}")]
    service = Service(place.folder / "watches", SETTINGS)
    feed = copies(make_excerpts(place.music, place.folder / "clip", ("ogg",), 1, seconds=2), service.music)
    next(feed)
    try:
        service.spawn()
        service.wait_ready()
        with _watches_used_up():
            (service.music / "new folder").mkdir()
            service.until(lambda: service.metric('playlista_watch_mode{mode="polling"}') == 1, "polling")
            reason = service.get("/readyz")[1].decode().strip()
            moved = next(feed).rename(service.music / "new folder" / "new.ogg")
            service.until(lambda: number_of(service, DONE) == 2, "the new file, by polling")
            polled = time.monotonic()
        back = service.wait_ready()
        mode = int(service.metric('playlista_watch_mode{mode="inotify"}'))
        next(feed).rename(moved.with_name("newer.ogg"))
        service.until(lambda: number_of(service, DONE) == 3, "the newer file")
        service.stop()
    finally:
        service.close()
    named = [event for event in service.journal.read() if event["event"] == "watch.degraded"]
    return [
        holds("ENOSPC: /readyz and the log say", reason, reached="max_user_watches" in reason and len(named) == 1),
        exactly("ENOSPC: mode inotify again by itself", mode, 1),
        at_most("ENOSPC: back after the limit was raised", back, BACK_BAR_SECONDS, " s"),
        told("ENOSPC: the file that came meanwhile was analyzed by polling", "yes" if polled else "no"),
    ]


@contextmanager
def _watches_used_up() -> Iterator[None]:
    former = WATCH_LIMIT.read_text()
    WATCH_LIMIT.write_text("1")
    try:
        yield
    finally:
        WATCH_LIMIT.write_text(former)


def _mount(kind: str, *rest: str | Path) -> bool:
    command = ["mount", kind, *map(str, rest)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
