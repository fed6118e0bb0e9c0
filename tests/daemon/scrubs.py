"""A library of real files with results, a scrubber on it, and ways to let a file rot."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from playlista.daemon.scrubber import Scrubber, ScrubOptions
from playlista.decode.content import hash_file
from playlista.errors import Interrupted
from playlista.library.file_rows import as_stored
from playlista.library.files import KnownFile
from playlista.library.scrubs import Scrubs
from playlista.serve.scrub_metrics import ScrubMetrics
from playlista.tracks import TrackFile
from tests.libraries import Parts, analysis_of

DAY = 86400.0


def add(parts: Parts, music: Path, path: str, content: bytes) -> Path:
    """A file with a result, as the worker leaves it."""
    place = music / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    file = TrackFile.from_stat(path, os.stat(place))
    parts.queue.enqueue([file], "scan")
    job = parts.queue.claim()
    assert job is not None
    origin = replace(analysis_of(path).origin, sound=content[:16]).read_from(hash_file(str(place)))
    parts.queue.finish(job, replace(analysis_of(path), origin=origin), seen=file)
    return place


def rot(place: Path, parts: Parts, *, at: int | None = None, hides_ctime: bool = True) -> None:
    """Flip a bit, size and time stamp kept.

    A disk that rots does not change the ctime, which nobody can set: the library is made to believe the new one.
    """
    before = place.stat()
    with place.open("r+b") as file:
        position = before.st_size // 2 if at is None else at
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0x10]))
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    if hides_ctime:
        path = place.name
        known = parts.library.get(path)
        assert known is not None
        now = as_stored(TrackFile.from_stat(path, place.stat()))
        parts.library.see_again([KnownFile(known.file_id, now)])


def scrubber_of(parts: Parts, music: Path, **how: Any) -> tuple[Scrubber, CollectorRegistry]:
    """A scrubber that is driven by `look`, its times those of the library's clock."""
    registry = CollectorRegistry()
    parts.clock.now += 1.0  # what was analyzed since the pass began need not be read
    options = ScrubOptions(how.pop("interval_seconds", DAY), how.pop("bytes_per_second", 1e12))
    settings = {"may_read": lambda: True, "changed": lambda _file: None} | how
    scrubber = Scrubber(
        str(music), Scrubs(parts.database), options, metrics=ScrubMetrics(registry), clock=parts.clock, **settings
    )
    return scrubber, registry


def looking(scrubber: Scrubber) -> threading.Thread:
    """A thread in which it looks, until it is done or told to stop."""

    def look() -> None:
        with suppress(Interrupted):
            scrubber.look()

    thread = threading.Thread(target=look)
    thread.start()
    return thread


def rotted(parts: Parts) -> list[str]:
    """The paths of the files that rotted."""
    return sorted(one.path for one in Scrubs(parts.database).rotted())
