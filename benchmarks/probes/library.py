"""What a large library costs to look at and to add to: ``DATA``, a data folder; CPU milliseconds of a call each.

CPU and not wall time: what a commit waits for is the disk's.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

CALLS = 25


def main(data: Path) -> None:
    from playlista.config import Settings
    from playlista.daemon.status import read_progress
    from playlista.library.database import FILE_NAME, open_database
    from playlista.library.queue import JobQueue
    from playlista.library.results import Store
    from playlista.library.summaries import Overview
    from playlista.library.track_filter import TrackFilter
    from playlista.library.track_pages import TrackPages
    from playlista.tracks import Status, TrackFile

    settings = replace(Settings(), data_dir=data)
    with open_database(str(data / FILE_NAME)) as database:
        store, overview = Store(database, clock=time.time), Overview(database)
        queue = JobQueue(database, store, clock=time.time, max_attempts=3)
        total = sum(overview.counts().values())
        pages = TrackPages(database)
        middle = pages.page(TrackFilter(), limit=500).next
        fresh = (TrackFile(f"new/{number}.flac", 1, number, 5, number) for number in range(total, total + 10**6))
        print(
            json.dumps(
                {
                    "status": _milliseconds(lambda: read_progress(database, settings, now=time.time())),
                    "list": _milliseconds(lambda: pages.page(TrackFilter(), after=middle)),
                    "list --status failed": _milliseconds(lambda: pages.page(TrackFilter(status=Status.FAILED))),
                    "enqueue": _milliseconds(lambda: queue.enqueue([next(fresh)], "event")),
                }
            )
        )


def _milliseconds(call: Callable[[], object]) -> float:
    """Median CPU time; the first call, which fills the page cache, does not count."""
    call()
    spent = []
    for _ in range(CALLS):
        started = time.process_time()
        call()
        spent.append(1000 * (time.process_time() - started))
    return statistics.median(spent)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
