"""The daemon's server over an invented library of any size: what the daemon answers, without one that would analyze.

Input: an empty folder and a number of tracks. Output: an address, and what the visit may expect there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.synthetic_library import FAILED_EVERY, build
from playlista.config import Settings
from playlista.daemon.evidence_views import EvidenceViews
from playlista.daemon.library_views import LibraryViews
from playlista.daemon.music_views import MusicViews
from playlista.daemon.playlist_keeper import made_keeper
from playlista.daemon.playlist_views import PlaylistViews
from playlista.daemon.readings import Readings
from playlista.daemon.similar_views import SimilarViews
from playlista.library.copies import Copies
from playlista.library.database import FILE_NAME, Database, open_database, open_read_only
from playlista.library.queue import JobQueue
from playlista.library.results import Store
from playlista.library.track_rows import put_metadata
from playlista.memory.cgroup import Cgroup
from playlista.outputs.similarity.engine import Similarity
from playlista.serve.http import Application
from playlista.serve.media_ids import OwnIds
from playlista.serve.metrics import Metrics
from playlista.serve.server import Server
from playlista.tracks.findings import Finding
from playlista.tracks.metadata import Metadata
from tests.page.music import HOSTILE

#: Tracks that are clipped: more than the page shows at once.
CLIPPED = 60
#: The track that has every other finding.
ODD = 19


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
        database = resources.enter_context(open_database(os.fspath(settings.data_dir / FILE_NAME)))
        hostile = _rename(database)
        _add_findings(database)
        _date(database, tracks)
        server = Server("127.0.0.1:0", Application(_readings(settings, database, resources).views()))
        server.start()
        resources.callback(server.stop)
        failed = tracks // FAILED_EVERY
        expected = {
            "tracks": tracks,
            "track": 20,
            "other": tracks - 1,
            "mapped": tracks - failed,
            "hostile": hostile,
            "writable": True,
            "failed": failed,
            "clipped": CLIPPED,
            "odd": ODD,
            "best": 31,
        }
        yield Served(f"http://127.0.0.1:{server.port}/", expected)


def _rename(database: Database) -> list[dict[str, Any]]:
    """Hostile names for the first tracks, and no covers."""
    with database.transaction() as connection:
        connection.execute("UPDATE tracks SET has_cover = 0")  # there are no files to take them from
        for number, title in enumerate(HOSTILE, start=1):
            put_metadata(connection, number, Metadata(title[:500], title[:500], None, title[:500], has_cover=False))
    return [{"id": number, "title": title[:400]} for number, title in enumerate(HOSTILE, start=1)]


def _date(database: Database, tracks: int) -> None:
    """Let the tracks have ended one every four seconds, the last one just now."""
    first = time.time() - 4.0 * tracks
    with database.transaction() as connection:
        for table in ("analyses", "tracks"):
            connection.execute(f"UPDATE {table} SET finished_at = ? + 4.0 * file_id", (first,))


def _add_findings(database: Database) -> None:
    """Tracks that are clipped, one with each kind of finding and hostile evidence, and a recording in two files."""
    clipped = [(Finding.CLIPPED, number, "91 runs at the ceiling from 0:12 on") for number in range(20, 20 + CLIPPED)]
    others = [(finding, ODD, HOSTILE[0]) for finding in Finding if finding is not Finding.CLIPPED]
    with database.transaction() as connection:
        connection.execute("DELETE FROM track_findings")  # those that the library was made with
        connection.executemany(
            "INSERT INTO track_findings (finding, file_id, evidence) VALUES (?, ?, ?)", [*clipped, *others]
        )
        connection.execute("INSERT INTO scrubs (file_id, scrubbed_at, rotted_at) VALUES (?, 1.0, 1.0)", (ODD,))
    Copies(database).settle(31, [32])


def _readings(settings: Settings, database: Database, resources: ExitStack) -> Readings:
    """Those of a daemon that has nothing to do: its working parts say that all is well."""
    reader, probe_reader, similarity_reader = (
        resources.enter_context(open_read_only(os.fspath(settings.data_dir / FILE_NAME))) for _ in range(3)
    )
    similarity = Similarity(similarity_reader, stopped=lambda: False)
    store = Store(database, clock=time.time)
    queue = JobQueue(database, store, clock=time.time, max_attempts=3, first_backoff_seconds=60.0)
    well = SimpleNamespace(trouble=None, current=None, is_wanted=False, runtime="onnx", why=None)
    watcher = SimpleNamespace(health=lambda: SimpleNamespace(mode="inotify", problem=None), overflows=0)
    library = LibraryViews(settings, reader, queue=queue, writer=database, wake=lambda: None)
    return Readings(
        settings,
        reader,
        probe_reader,
        library=library,
        music=MusicViews(reader),
        similar=SimilarViews(reader, similarity),
        playlists=PlaylistViews(settings, reader, similarity, made_keeper(settings, reader, similarity)),
        evidence=EvidenceViews(reader, library.file),
        media_ids=OwnIds(),
        sources={},
        worker=well,
        watcher=watcher,
        tagger=well,
        metrics=Metrics(version="0", cap_reasons=()),
        cgroup=Cgroup(),
        probe=well,
    )
