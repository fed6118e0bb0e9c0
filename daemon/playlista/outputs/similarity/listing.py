"""Similar tracks with their names, for people: who they are, what they share, and no artist too often.

Input: neighbours, best first, and where to look tracks up. Output: summaries with similarity and shared tags.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from playlista.library.folding import folded
from playlista.library.track_summaries import TrackLookup, TrackSummary
from playlista.outputs.similarity.engine import Neighbour

#: Tracks looked up at a time.
_BATCH = 100


@dataclass(frozen=True, slots=True)
class SimilarTrack:
    """A track with its similarity 0..1; ``shared_tags`` are those of its three highest that the other has, too."""

    track: TrackSummary
    similarity: float
    shared_tags: tuple[str, ...]


def listed(
    neighbours: Iterable[Neighbour],
    lookup: TrackLookup,
    *,
    count: int,
    of: TrackSummary | None = None,
    per_artist: int = 0,
) -> list[SimilarTrack]:
    """At most `count` of them, of each artist at most `per_artist` (0: any number); gone tracks are left out."""
    return list(islice(_spread(_looked_up(neighbours, lookup, of), per_artist), count))


def _looked_up(neighbours: Iterable[Neighbour], lookup: TrackLookup, of: TrackSummary | None) -> Iterator[SimilarTrack]:
    names = {name for name, _ in of.tags} if of is not None else set()
    remaining = iter(neighbours)
    while batch := list(islice(remaining, _BATCH)):
        similarities = {one.file_id: one.similarity for one in batch}
        for track in lookup.summaries(similarities):
            shared = tuple(name for name, _ in track.tags if name in names)
            yield SimilarTrack(track, similarities[track.id], shared)


def _spread(tracks: Iterable[SimilarTrack], per_artist: int) -> Iterator[SimilarTrack]:
    counts: Counter[str] = Counter()
    for one in tracks:
        artist = folded(one.track.artist or "")
        if per_artist and artist and counts[artist] >= per_artist:
            continue
        counts[artist] += 1
        yield one
