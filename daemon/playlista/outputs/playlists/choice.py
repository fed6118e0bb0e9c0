"""Which tracks a rule chooses, and in which order they are played.

Input: rules, a library and its similarity. Output: tracks. The library is only read.
"""

from __future__ import annotations

import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from playlista.errors import PlaylistaError
from playlista.library.database import Database
from playlista.library.folding import folded
from playlista.library.ranking import Ranking
from playlista.library.track_filter import TrackFilter
from playlista.library.track_naming import track_named
from playlista.library.track_summaries import TrackLookup, TrackSummary
from playlista.outputs.playlists.flow import in_flow
from playlista.outputs.playlists.rules import BEST, FLOW, SHUFFLE, Mixture, PlaylistRule
from playlista.outputs.similarity.engine import Similarity

#: Up to so many tracks that fit a filter are all compared; of more, the nearest of the library are filtered.
MOST_COMPARED = 5000
#: Of the nearest tracks of the library so many are filtered.
NEAREST_FILTERED = 2000


class PlaylistChoice:
    """Chooses the tracks of playlists in one library.

    Parameters
    ----------
    similarity : the engine, brought up to date; called only for rules that need it, for it may read all embeddings.
    """

    def __init__(self, database: Database, similarity: Callable[[], Similarity]) -> None:
        self._database = database
        self._ranking = Ranking(database)
        self._lookup = TrackLookup(database)
        self._similarity = similarity

    def tracks(self, rule: PlaylistRule) -> list[TrackSummary]:
        """The tracks of a playlist in their order; none where nothing fits.

        Raises
        ------
        PlaylistaError : a track or a tag that the rule names is not in the library.
        """
        if rule.path is not None:
            return self._way(rule.path, rule.limit)
        if rule.like is not None:
            alike = self._lookup.summaries(self._alike(rule.track_filter, rule.like))
            found = list(islice(_spread(alike, rule.per_artist), rule.limit))
        else:
            by, filtered = _ranked_by(rule), rule.track_filter
            ids = self._ranking.ids(filtered, by=by, limit=rule.limit, per_artist=rule.per_artist)
            found = self._lookup.summaries(ids)
        return self._ordered(found, rule)

    def _way(self, ends: tuple[str, str], count: int) -> list[TrackSummary]:
        first, last = (self._id(text) for text in ends)
        if first == last:
            raise PlaylistaError(f"{ends[0]} and {ends[1]} are one track; name two")
        return self._lookup.summaries(one.file_id for one in self._similarity().way(first, last, count))

    def _alike(self, track_filter: TrackFilter, like: Mixture) -> list[int]:
        """Ids of tracks that fit the filter, those first that sound most like the mixture."""
        add, subtract = ([self._id(text) for text in texts] for texts in (like.add, like.subtract))
        fitting = self._ranking.ids(track_filter, by="spread", limit=MOST_COMPARED + 1)
        if len(fitting) <= MOST_COMPARED:
            return [one.file_id for one in self._similarity().among(fitting, add, subtract)]
        nearest = [one.file_id for one in self._similarity().blend(add, subtract, most=NEAREST_FILTERED)]
        kept = set(self._ranking.ids(track_filter, by="spread", limit=len(nearest) or 1, among=nearest))
        return [one for one in nearest if one in kept]

    def _id(self, text: str) -> int:
        return track_named(text, self._database).id

    def _ordered(self, found: list[TrackSummary], rule: PlaylistRule) -> list[TrackSummary]:
        if rule.order == FLOW:
            return in_flow(found)
        if rule.order == SHUFFLE:
            return sorted(found, key=lambda one: zlib.crc32(os.fsencode(f"{rule.name}/{one.path}")))
        if rule.order == BEST or rule.like is None:
            return found  # they were chosen in this order
        ids = [one.id for one in found]
        return self._lookup.summaries(self._ranking.ids(TrackFilter(), by=rule.order, limit=len(ids) or 1, among=ids))


def _ranked_by(rule: PlaylistRule) -> str:
    """What decides which tracks are taken where more fit than the playlist takes: its order, or how well they fit."""
    if rule.order not in (BEST, FLOW, SHUFFLE):
        return rule.order
    has_fit = bool(rule.track_filter.tags or rule.track_filter.any_tags or rule.track_filter.moods)
    return "best" if has_fit or rule.order == BEST else "spread"


def _spread(tracks: Iterable[TrackSummary], per_artist: int) -> Iterator[TrackSummary]:
    """Those of no artist too many; 0 for any number."""
    counts: Counter[str] = Counter()
    for track in tracks:
        artist = folded(track.artist)
        counts[artist] += 1
        if not (per_artist and artist and counts[artist] > per_artist):
            yield track
