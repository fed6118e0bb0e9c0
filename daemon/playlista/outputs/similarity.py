"""Which tracks sound alike: the cosine between MusiCNN embeddings.

Input: a library and a track, or a filter by tempo, key and tags. Output: paths, nearest or best first. The library is
read in blocks, so that a million tracks cost the memory of a few thousand.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.errors import PlaylistaError
from playlista.library.results import Store
from playlista.tracks import Analysis


@dataclass(frozen=True, slots=True, order=True)
class Neighbour:
    """A track and its similarity to another, the cosine of their embeddings: 1 is the same direction, 0 unrelated."""

    similarity: float
    path: str


def nearest(store: Store, path: str, count: int) -> list[Neighbour]:
    """The `count` tracks most like the one at `path`, most alike first; that one is left out.

    Raises
    ------
    PlaylistaError : the track is not in the library, or has no embedding.
    """
    target = _direction_of(store, path)
    found = (one for paths, vectors in store.embeddings() for one in _compared(target, paths, vectors))
    return heapq.nlargest(count, (one for one in found if one.path != path))


def _direction_of(store: Store, path: str) -> NDArray[np.float32]:
    analysis = store.get(path)
    if analysis is None:
        raise PlaylistaError(f"{path}: not in the library, or not analyzed yet; `playlista list` shows what is")
    if analysis.tagging is None:
        raise PlaylistaError(f"{path}: has no embedding; prepare the model (`playlista models prepare`) and analyze it")
    (direction,) = _directions(np.array([analysis.tagging.embedding], np.float32))
    return np.asarray(direction)


def _directions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return directions


def _compared(target: NDArray[np.float32], paths: Iterable[str], vectors: NDArray[np.float32]) -> Iterator[Neighbour]:
    if vectors.shape[1:] == target.shape:
        for path, similarity in zip(paths, _directions(vectors) @ target, strict=True):
            yield Neighbour(float(similarity), path)


@dataclass(frozen=True, slots=True)
class TrackFilter:
    """What the tracks of a playlist have in common; None where it does not matter.

    bpm : lowest and highest tempo, both included.
    camelot : codes such as "8A", any of which will do.
    tags : MSD tags, all of which count.
    """

    bpm: tuple[float, float] | None = None
    camelot: frozenset[str] | None = None
    tags: tuple[str, ...] = ()

    def score(self, analysis: Analysis) -> float | None:
        """How well a track fits, 0..1 (the least activation of its tags); None where it does not.

        Raises
        ------
        PlaylistaError : the model knows no such tag.
        """
        if self.bpm and not self._in_tempo(analysis):
            return None
        if self.camelot and not (analysis.tonal and analysis.tonal.camelot in self.camelot):
            return None
        if not self.tags:
            return 1.0
        return None if analysis.tagging is None else self._least_activation(analysis.tagging.tags)

    def _least_activation(self, activations: Mapping[str, float]) -> float:
        for tag in self.tags:
            if tag not in activations:
                raise PlaylistaError(f"no tag is called {tag!r}; there are: {', '.join(sorted(activations))}")
        return min(activations[tag] for tag in self.tags)

    def _in_tempo(self, analysis: Analysis) -> bool:
        bpm = analysis.rhythm and analysis.rhythm.bpm
        return bool(bpm and self.bpm and self.bpm[0] <= bpm <= self.bpm[1])


def select(store: Store, track_filter: TrackFilter, count: int) -> list[str]:
    """Paths of the `count` tracks that fit best, best first, in the order of paths where they fit alike."""
    scored = ((track_filter.score(analysis), analysis.path) for analysis in store.iterate())
    fitting = ((score, path) for score, path in scored if score is not None)
    return [path for _, path in heapq.nsmallest(count, fitting, key=lambda pair: (-pair[0], pair[1]))]
