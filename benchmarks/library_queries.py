"""What lists, filters, searches and statistics cost in a large library, in CPU time of the process.

Input: the data folder of a library, as ``benchmarks.synthetic_library`` makes it. Output: a line for each question with
the median and the 99th percentile of its CPU time, and the memory of the process before and after.

    python -m benchmarks.library_queries DATA [--rounds 40] [--only TEXT]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from playlista.library.database import FILE_NAME, Database, open_read_only
from playlista.library.search import Search
from playlista.library.statistics import read_statistics
from playlista.library.track_filter import TrackFilter
from playlista.library.track_pages import SORTS, TrackPages
from playlista.library.track_summaries import TrackLookup
from playlista.memory.process import resident_memory

FILTERS = {
    "tempo": TrackFilter(bpm=(118, 122)),
    "narrow tempo": TrackFilter(bpm=(168.2, 168.25)),
    "key and tempo": TrackFilter(bpm=(90, 110), camelot=("8A", "9A")),
    "loudness": TrackFilter(loudness=(-9, -8)),
    "tag": TrackFilter(tags=(("jazz", 0.3),)),
    "tags and tempo": TrackFilter(tags=(("jazz", 0.3), ("rock", 0.1)), bpm=(100, 130)),
    "genre": TrackFilter(genre="jazz"),
    "genre and years": TrackFilter(genre="jazz", year=(1990, 1999)),
    "text": TrackFilter(text="moon riv"),
    "text of one letter": TrackFilter(text="m"),
}
SEARCHES = ("love", "moon river", "m", "the", "kaso", "jazz", "zzz")


def questions(database: Database) -> dict[str, Callable[[], object]]:
    """All that is measured, by name."""
    pages, search, lookup = TrackPages(database), Search(database), TrackLookup(database)
    asked: dict[str, Callable[[], object]] = {}
    for sort in SORTS:
        for direction in ("", "-"):
            asked[f"all by {direction}{sort}"] = lambda s=f"{direction}{sort}": pages.page(TrackFilter(), sort=s)
    for name, wanted in FILTERS.items():
        for sort in ("path", "title", "bpm", "-finished"):
            asked[f"{name} by {sort}"] = lambda w=wanted, s=sort: pages.page(w, sort=s)
    for text in SEARCHES:
        asked[f"search {text}"] = lambda t=text: search.search(t)
    asked["statistics"] = lambda: read_statistics(database)
    asked["200 summaries"] = lambda: lookup.summaries(range(1000, 21_000, 100))
    return asked


def measure(database: Database, rounds: int, only: str) -> None:
    """Print a line for each question with `only` in its name."""
    before = resident_memory().resident_bytes
    for name, ask in questions(database).items():
        if only not in name:
            continue
        milliseconds = []
        for _ in range(rounds):
            began = time.process_time()
            ask()
            milliseconds.append((time.process_time() - began) * 1000)
        ordered = sorted(milliseconds)
        highest = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        print(f"{name:<36} p50 {statistics.median(ordered):7.1f} ms   p99 {highest:7.1f} ms", flush=True)
    print(f"resident memory {before >> 20} MiB before, {resident_memory().resident_bytes >> 20} MiB after")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default="", help="only questions with this in their names")
    wanted = parser.parse_args()
    with open_read_only(os.fspath(wanted.data / FILE_NAME)) as database:
        measure(database, wanted.rounds, wanted.only)


if __name__ == "__main__":
    main()
