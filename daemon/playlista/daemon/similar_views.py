"""What the API shows of similarity: similar tracks, blends, paths, the map.

Input: the engine of similarity, and a connection for names. Output: plain types. What the engine refuses becomes an
error of the server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.library.database import Database
from playlista.library.map_values import read_map_values
from playlista.library.track_summaries import TrackLookup, TrackSummary
from playlista.outputs.similarity.engine import NotComparableError, Similarity
from playlista.outputs.similarity.engine import NotReadyError as IndexNotReadyError
from playlista.outputs.similarity.listing import SimilarTrack, listed
from playlista.serve.errors import NotFoundError, NotReadyError
from playlista.serve.views import SimilarRequest

#: A request waits no longer for the index of a library that nobody has asked for similar tracks yet.
INDEX_SECONDS = 2.0
#: A map is made anew no more often: it reads a number of every track.
MAP_SECONDS = 30.0
#: Candidates looked at for each track that is asked for, where one artist may not fill the list.
SPREAD = 5


class SimilarViews:
    """Answers about similarity in one library."""

    def __init__(self, reader: Database, similarity: Similarity, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._lookup = TrackLookup(reader)
        self._similarity = similarity
        self._clock = clock
        self._lock = Lock()
        self._maps: dict[tuple[str, int], tuple[float, dict[str, Any]]] = {}

    def similar(self, request: SimilarRequest) -> dict[str, Any]:
        """The tracks most like one."""
        of = self._summary(self._id_of(request))
        with self._asking():
            most = request.count * (SPREAD if request.per_artist else 1)
            found = self._similarity.nearest(of.id, most=most)
        tracks = listed(found, self._lookup, count=request.count, of=of, per_artist=request.per_artist)
        return {"of": of.to_json(), "tracks": [_similar_report(one) for one in tracks]}

    def blend(self, add: tuple[int, ...], subtract: tuple[int, ...], count: int) -> dict[str, Any]:
        """The tracks most like several together."""
        with self._asking():
            found = self._similarity.blend(add, subtract, most=count)
        return {"tracks": [_similar_report(one) for one in listed(found, self._lookup, count=count)]}

    def way(self, first: int, last: int, count: int) -> dict[str, Any]:
        """A chain of small steps."""
        with self._asking():
            steps = {one.file_id: one.step for one in self._similarity.way(first, last, count)}
        return {"tracks": [{**one.to_json(), "step": steps[one.id]} for one in self._lookup.summaries(steps)]}

    def between_neighbours(self, ids: Sequence[int]) -> list[float]:
        """How alike each of some tracks and the one behind it are."""
        with self._asking():
            return self._similarity.between_neighbours(ids)

    def map(self, colour: str, limit: int) -> dict[str, Any]:
        """Every track as a point; of more than `limit` an even choice, the same each time."""
        with self._lock:
            made, document = self._maps.get((colour, limit), (0.0, None))
            if document is None or self._clock() - made > MAP_SECONDS:
                document = self._made_map(colour, limit)
                self._maps = {(colour, limit): (self._clock(), document)}
            return document

    def _made_map(self, colour: str, limit: int) -> dict[str, Any]:
        with self._asking():
            ids, points = self._similarity.points()
        coloured = read_map_values(self._reader, colour)
        order = np.argsort(ids, kind="stable")
        ids, points = ids[order], points[order]
        present = np.flatnonzero(np.isin(ids, coloured.ids, assume_unique=True))
        chosen = present[_evenly(ids[present], limit)]
        values = coloured.values[np.searchsorted(coloured.ids, ids[chosen])]
        return {
            "ids": ids[chosen].tolist(),
            "x": (points[chosen, 0] / 10_000).tolist(),
            "y": (points[chosen, 1] / 10_000).tolist(),
            "values": [None if np.isnan(one) else round(float(one), 1) for one in values],
            "names": {str(number): name for number, name in coloured.names.items()},
        }

    def _id_of(self, request: SimilarRequest) -> int:
        if request.file_id is not None:
            return request.file_id
        if request.path is not None:
            found = self._lookup.id_of_path(request.path)
        elif request.mbid is not None:
            found = self._lookup.id_of_mbid(request.mbid)
        elif request.isrc is not None:
            found = self._lookup.id_of_isrc(request.isrc)
        else:
            found = self._lookup.id_of_names(request.artist or "", request.title or "")
        if found is None:
            raise NotFoundError("no such track")
        return found

    def _summary(self, file_id: int) -> TrackSummary:
        found = self._lookup.summaries([file_id])
        if not found:
            raise NotFoundError("no such track, or it is not analyzed yet")
        return found[0]

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            self._similarity.make_in_background(seconds=INDEX_SECONDS)
            yield
        except NotComparableError as error:
            raise NotFoundError(str(error)) from error
        except IndexNotReadyError as error:
            raise NotReadyError(str(error)) from error


def _evenly(ids: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Which of `ids` stay: all, or about `limit`, chosen by the ids alone so that most stay as the library grows."""
    if len(ids) <= limit:
        return np.arange(len(ids))
    # Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4): ids in a row fall far apart.
    hashes = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return np.sort(np.argpartition(hashes, limit)[:limit])


def _similar_report(one: SimilarTrack) -> dict[str, Any]:
    return {
        **one.track.to_json(),
        "similarity": round(one.similarity, 4),
        "shared_tags": list(one.shared_tags),
    }
