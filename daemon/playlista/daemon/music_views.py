"""What the API shows of the songs: pages, search, statistics.

Input: a connection to the library. Output: plain types.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from playlista.library.database import Database
from playlista.library.duplicates import Duplicates
from playlista.library.search import Named, Search
from playlista.library.statistics import BPM_STEP, LOUDNESS_STEP, Statistics, read_statistics
from playlista.library.track_filter import TrackFilter
from playlista.library.track_pages import TrackPages
from playlista.library.track_summaries import TrackLookup, key_of

#: Statistics are read no more often.
STATISTICS_SECONDS = 5.0


class MusicViews:
    """Answers about the songs of one library."""

    def __init__(self, reader: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._pages = TrackPages(reader)
        self._search = Search(reader)
        self._lookup = TrackLookup(reader)
        self._duplicates = Duplicates(reader)
        self._reader = reader
        self._clock = clock
        self._lock = Lock()
        self._statistics: tuple[float, Statistics] | None = None

    def page(self, track_filter: TrackFilter, sort: str, after: str | None, limit: int) -> dict[str, Any]:
        """Summaries of some tracks."""
        page = self._pages.page(track_filter, sort=sort, after=after, limit=limit)
        return {"tracks": [one.to_json() for one in page.tracks], "next": page.next, "total": page.total}

    def summaries(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Those of some tracks, in the order of their ids."""
        return [one.to_json() for one in self._lookup.summaries(ids)]

    def duplicates(self, after: int, limit: int, file_id: int | None, same_audio: bool) -> dict[str, Any]:
        """Some of the recordings that are there more than once, and how many there are."""
        found = self._duplicates.page(after=after, limit=limit, file_id=file_id, same_audio=same_audio)
        counts = self._duplicates.counts()
        return {
            "recordings": [one.to_json() for one in found],
            "next": found[-1].number if len(found) == limit else None,
            "total": counts.recordings,
            "tracks": counts.tracks,
            "due": counts.due,
        }

    def search(self, text: str, limit: int) -> dict[str, Any]:
        """What fits some words."""
        found = self._search.search(text, limit=limit)
        return {
            "tracks": [one.to_json() for one in found.tracks],
            "artists": [_named(one) for one in found.artists],
            "albums": [{**_named(one), "artist": one.artist} for one in found.albums],
            "tags": [_named(one) for one in found.tags],
        }

    def stats(self) -> dict[str, Any]:
        """How the library is spread."""
        found = self.statistics()
        return {
            "tracks": found.tracks,
            "seconds": found.seconds,
            "artists": found.artists,
            "albums": found.albums,
            "bpm": _ranges(found.bpm, BPM_STEP),
            "keys": [_key(code, count) for code, count in found.camelot.items()],
            "tags": [{"name": one.name, "count": one.tracks} for one in found.tags],
            "loudness": _ranges(found.loudness, LOUDNESS_STEP),
            "findings": [{"name": name, "count": count} for name, count in found.findings.items()],
            "formats": [{"name": name, "count": count} for name, count in found.formats.items()],
            "years": _ranges(found.years, 1),
            "energy": _tenths(found.energy),
            "voice": _tenths(found.voice),
            "moods": [{"name": name, "count": count} for name, count in found.moods.items()],
        }

    def statistics(self) -> Statistics:
        """The statistics of a few seconds ago at most."""
        with self._lock:
            now = self._clock()
            if self._statistics is None or now - self._statistics[0] > STATISTICS_SECONDS:
                self._statistics = now, read_statistics(self._reader)
            return self._statistics[1]


def _named(one: Named) -> dict[str, Any]:
    return {"name": one.name, "tracks": one.tracks}


def _ranges(counts: Mapping[int, int], step: int) -> list[dict[str, int]]:
    return [{"from": low, "to": low + step, "count": count} for low, count in counts.items()]


def _tenths(counts: Mapping[int, int]) -> list[dict[str, float]]:
    """All ten, also empty ones: the page fills gaps by adding widths, and tenths do not add up exactly."""
    return [{"from": tenth / 10, "to": (tenth + 1) / 10, "count": counts.get(tenth, 0)} for tenth in range(10)]


def _key(code: str, count: int) -> dict[str, Any]:
    key, scale = key_of(code)
    return {"camelot": code, "key": key, "scale": scale, "count": count}
