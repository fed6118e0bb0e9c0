"""Many files at once: thirty thousand created as fast as the disk takes them, ten thousand renamed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from tests.soak.findings import Finding, at_most, exactly, told
from tests.soak.music import make_excerpts
from tests.soak.place import Place
from tests.soak.service import Service

FILES = 30_000
RENAMES = 10_000
FOLDERS = 100
WRITERS = 4
FOUND_BAR_SECONDS = 60.0

#: Copies one small track to numbered names: FILE FOLDER FIRST LAST FOLDERS.
WRITER = """
import os, sys
from pathlib import Path
content, folder = Path(sys.argv[1]).read_bytes(), sys.argv[2]
first, last, folders = map(int, sys.argv[3:])
for number in range(first, last):
    with open(os.path.join(folder, str(number % folders), f"{number}.ogg"), "wb") as file:
        file.write(content)
"""
KNOWN = "SELECT count(*) FROM files"
DONE = "SELECT count(*) FROM files WHERE status = 'analyzed'"


def burst(place: Place) -> list[Finding]:
    """Files created faster than the kernel's queue holds events for them, with every setting at its default."""
    count = place.scaled(FILES, 500)
    with _running(place, "burst", {}) as service:
        small = _small_track(place)
        for number in range(FOLDERS):
            (service.music / str(number)).mkdir()
        time.sleep(1)  # the folders are watched
        began = time.monotonic()
        write(small, service.music, count)
        written = time.monotonic()
        service.until(lambda: number_of(service, KNOWN) == count, "all files", max_wait_seconds=600)
        found = time.monotonic()
        overflows = int(service.metric("playlista_watch_overflows_total"))
        events = int(service.metric('playlista_watch_events_total{event="created"}'))
        _code, seconds = service.stop()
    return [
        told(f"burst: {count:,} files created within", f"{written - began:.1f} s"),
        exactly("burst: files found", number_of(service, KNOWN), count),
        at_most("burst: from the last file's creation until all were found", found - written, FOUND_BAR_SECONDS, " s"),
        told("burst: overflows of the kernel's queue, counted", overflows),
        told("burst: files of which inotify told before it overflowed", events),
        at_most("burst: SIGTERM with the queue full until the end", seconds, 2.0, " s"),
    ]


def renames(place: Place) -> list[Finding]:
    """Every analyzed file gets another name in another folder."""
    count = place.scaled(RENAMES, 200)
    with _running(place, "renames", {"WATCH_SETTLE_SECONDS": "1", "MUSICNN_RUNTIME": "off"}) as service:
        (service.music / "0").mkdir()
        subprocess.run(_writer(_small_track(place), service.music, 0, count, 1), check=True)
        service.until(lambda: number_of(service, DONE) == count, "the analyses", max_wait_seconds=3600)
        place.say(f"{count} tracks analyzed")
        before = set(service.paths_where("SELECT path FROM files"))
        began = time.monotonic()
        wanted = {_renamed(service.music, path) for path in before}
        service.until(lambda: _is_followed(service, wanted), "the new names", max_wait_seconds=600)
        followed = time.monotonic() - began
        service.stop()
        service.journal.read()
    return [
        exactly("renames: results under the new names", len(wanted & set(service.paths_where(_DONE_PATHS))), count),
        exactly("renames: second analyses", service.journal.times["track.analyzed"] - count, 0),
        told(f"renames: {count:,} renamed and followed within", f"{followed:.1f} s"),
    ]


def write(track: Path, folder: Path, count: int) -> None:
    """`count` copies of `track` by several processes at once, in the numbered folders of `folder`."""
    shares = [count * number // WRITERS for number in range(WRITERS + 1)]
    writers = [subprocess.Popen(_writer(track, folder, first, last, FOLDERS)) for first, last in pairwise(shares)]
    for writer in writers:
        assert writer.wait() == 0


def number_of(service: Service, query: str) -> int:
    """The one number that `query` answers."""
    time.sleep(0.1)
    (row,) = service.ask_library(query)
    return int(row[0])


_DONE_PATHS = "SELECT path FROM files WHERE status = 'analyzed'"


def _writer(track: Path, folder: Path, first: int, last: int, folders: int) -> list[str]:
    return [sys.executable, "-c", WRITER, str(track), str(folder), str(first), str(last), str(folders)]


def _renamed(music: Path, path: str) -> str:
    number = int(Path(path).stem)
    new = f"new {number % 10}/{number:06} renamed.ogg"
    os.makedirs(music / os.path.dirname(new), exist_ok=True)
    os.rename(music / path, music / new)
    return new


def _is_followed(service: Service, wanted: set[str]) -> bool:
    time.sleep(0.5)
    return set(service.paths_where("SELECT path FROM files")) == wanted


def _small_track(place: Place) -> Path:
    return make_excerpts(place.music, place.folder / "small", ("ogg",), 1, seconds=0.7)[0]


@contextmanager
def _running(place: Place, name: str, settings: dict[str, str]) -> Iterator[Service]:
    service = Service(place.folder / name)
    del service.environment["WATCH_SETTLE_SECONDS"]  # the tests' own; here the default counts
    service.environment |= settings
    try:
        service.spawn()
        service.wait_ready()
        yield service
    finally:
        service.close()
