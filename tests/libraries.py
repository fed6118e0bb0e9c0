"""A library on disk with all its parts, for tests; and the small things that go into one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from playlista.errors import FailureReason
from playlista.library.database import FILE_NAME, Database, open_database
from playlista.library.files import Library
from playlista.library.queue import JobQueue
from playlista.library.results import Store
from playlista.library.stored_results import StoredResult, StoredResults
from playlista.library.summaries import Overview
from playlista.tracks import Analysis, Audio, Loudness, Rhythm, Status, Tagging, Tonal, TrackFile

MAX_ATTEMPTS = 3
FIRST_BACKOFF_SECONDS = 60.0


@dataclass(slots=True)
class Clock:
    """Time that passes when the test says so; seconds since the epoch."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Parts:
    """The parts of one library, put together as in the daemon."""

    database: Database
    store: Store
    queue: JobQueue
    library: Library
    overview: Overview
    clock: Clock = field(default_factory=Clock)

    def results(self) -> Iterator[Analysis]:
        """All results, without their origins, in the order of their paths' bytes."""
        return (one.analysis() for one in StoredResults(self.database).iterate())


@contextmanager
def open_parts(folder: Path, clock: Clock | None = None, *, synced: bool = True) -> Iterator[Parts]:
    """The library in `folder`, made if there is none; without syncs for tests that commit thousands of times."""
    clock = clock or Clock()
    with open_database(os.fspath(folder / FILE_NAME)) as database:
        if not synced:
            with database.read() as connection:
                connection.execute("PRAGMA synchronous = OFF")
        store = Store(database, clock=clock)
        queue = JobQueue(
            database,
            store,
            clock=clock,
            max_attempts=MAX_ATTEMPTS,
            first_backoff_seconds=FIRST_BACKOFF_SECONDS,
        )
        yield Parts(database, store, queue, Library(database), Overview(database), clock)


def track_file(path: str, *, content: int = 1, inode: int | None = None, device: int = 7) -> TrackFile:
    """A file as `stat` might see it; another `content` has another size and time."""
    inode = abs(hash(path)) % 2**32 if inode is None else inode
    return TrackFile(path, device, inode, 1000 + content, 1_600_000_000_000_000_000 + content)


def analysis_of(path: str, *, bpm: float = 120.0, music_hash: str = "abc", **versions: int) -> Analysis:
    """A whole result, with numbers that survive JSON and an embedding that survives float32."""
    return Analysis(
        path,
        Status.ANALYZED,
        audio=Audio(180.0, 180.0, 180.0, 44100, 2, "FLAC", truncated=False),
        rhythm=Rhythm(bpm, 0.75, 360, 2.5, 1.25),
        tonal=Tonal("C#", "minor", 0.5, "12A", 440.0),
        loudness=Loudness(-14.0, 5.5, -1.0, -4.0),
        tagging=Tagging(
            {"rock": 0.5, "jazz": 0.1}, tuple(number / 256 for number in range(200)), 60, False, "essentia"
        ),
        versions=versions or {"rhythm": 1, "tags": 1},
        music_hash=music_hash,
    )


def failed_analysis(path: str, reason: FailureReason = FailureReason.CORRUPT) -> Analysis:
    """The result of a track that could not be decoded."""
    return Analysis(path, Status.FAILED, reason, "the stream is broken")


def as_stored(analysis: Analysis) -> StoredResult:
    """The result as a library of its own holds it."""
    with TemporaryDirectory() as folder, open_parts(Path(folder), synced=False) as parts:
        parts.queue.enqueue([track_file(analysis.path)], "retry")
        job = parts.queue.claim()
        assert job is not None
        parts.queue.finish(job, analysis)
        (found,) = StoredResults(parts.database).of_ids([job.file_id])
        return found


def child_environment() -> dict[str, str]:
    """For a Python process that imports what this one can."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def quick_check(database: Database) -> list[str]:
    """What SQLite says of the file, and the rows whose foreign keys lead nowhere; nothing when all is well."""
    database.check()
    with database.read() as connection:
        return [tuple(row) for row in connection.execute("PRAGMA foreign_key_check")]
