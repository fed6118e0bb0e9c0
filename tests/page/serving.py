"""The daemon's server over an invented library of any size: what the daemon answers, without one that would analyze.

Input: an empty folder and a number of tracks. Output: an address, and what the visit may expect there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.synthetic_library import FAILED_EVERY, build
from playlista.config import Settings
from playlista.daemon.readings import Readings
from playlista.library.database import FILE_NAME, open_database, open_read_only
from playlista.memory.cgroup import Cgroup
from playlista.serve.http import Application
from playlista.serve.metrics import Metrics
from playlista.serve.server import Server


@dataclass(frozen=True, slots=True)
class Served:
    """Where the page is, and what its library holds: see `visit.mjs`."""

    address: str
    expected: dict[str, Any]


@contextmanager
def serve(folder: Path, tracks: int) -> Iterator[Served]:
    """A library of so many invented tracks in `folder`, and the server over it."""
    settings = Settings(music_dir=folder / "music", data_dir=folder / "data")
    settings.music_dir.mkdir()
    build(settings.data_dir, tracks)
    with ExitStack() as resources:
        application = Application(_readings(settings, resources).views())
        server = Server("127.0.0.1:0", application)
        server.start()
        resources.callback(server.stop)
        yield Served(f"http://127.0.0.1:{server.port}/", _expected(tracks))
