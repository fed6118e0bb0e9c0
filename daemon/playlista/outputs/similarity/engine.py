"""Similar tracks, the way from one to another, mixtures of several, and the map: what is asked of the index.

Input: ids of tracks. Output: ids with numbers, best first. Candidates come from codes of a byte a number; what is
answered is ranked by the whole vectors of a few hundred of them, so that half a million tracks cost 10 ms.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.errors import PlaylistaError
from playlista.library.database import Database
from playlista.library.vectors import Vectors
from playlista.outputs.similarity import FILE_NAME
from playlista.outputs.similarity.index import Index
from playlista.outputs.similarity.index_file import read_index, write_index
from playlista.outputs.similarity.space import Floats, Space

#: Candidates of which the best are answered: so many for each that is asked for, and at least.
CANDIDATES_PER_TRACK = 4
LEAST_CANDIDATES = 200
#: No more than so many beyond what is asked for: each is read whole.
MOST_MORE = 1000
#: Candidates for each step of a way.
STEP_CANDIDATES = 100
#: Embeddings read at a time where tracks that were chosen before are ranked.
AMONG_ROWS = 1000
#: The index is kept in a file once so many tracks were read that are not in it: at least, and of so many one.
LEAST_UNSAVED, UNSAVED_PART = 2000, 100


class NotComparableError(PlaylistaError):
    """A track that is not in the library, or has no embedding."""


class NotReadyError(PlaylistaError):
    """The index is being made; in a moment it can be asked."""


@dataclass(frozen=True, slots=True, order=True)
class Neighbour:
    """A track and its similarity 0..1 to what was asked: the cosine of their directions, 0 for unrelated."""

    similarity: float
    file_id: int


@dataclass(frozen=True, slots=True)
class Step:
    """A track of a way, and where on it the track was put, 0..1."""

    file_id: int
    step: float


class Similarity:
    """Similarity in one library; may be called from any thread.

    Parameters
    ----------
    database : a connection of its own; making the index reads all embeddings.
    stopped : ends the making of the index.
    data_dir : where the index of a large library is kept, if that can be written; None for nowhere.
    """

    def __init__(
        self,
        database: Database,
        *,
        stopped: Callable[[], bool] = lambda: False,
        data_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        self._stopped = stopped
        self._kept_at = None if data_dir is None else os.path.join(data_dir, FILE_NAME)
        self._vectors = Vectors(database)
        self._index = Index(self._vectors, stopped=stopped)
        self._lock = threading.Lock()
        self._maker: threading.Thread | None = None
        self._is_made = False

    def make(self) -> Similarity:
        """Itself, after it has read what the library has got since the last time."""
        with self._lock:
            if not self._is_made:
                self._put_back()
            self._index.refresh()
            self._keep()
            self._is_made = True
        return self

    def make_in_background(self, *, seconds: float) -> None:
        """`make`, waited for `seconds` at most where it is the first time.

        Raises
        ------
        NotReadyError : it takes longer.
        """
        if self._is_made:
            self.make()
            return
        if self._maker is None or not self._maker.is_alive():
            self._maker = threading.Thread(target=self.make, name="similarity", daemon=True)
            self._maker.start()
        self._maker.join(seconds)
        if not self._is_made:
            raise NotReadyError(f"reading the embeddings, {len(self._index)} so far; ask again in a few seconds")

    def nearest(self, file_id: int, *, most: int) -> Iterator[Neighbour]:
        """The tracks most like one, most alike first, without itself; `most` tells how many may be taken.

        Raises
        ------
        NotComparableError : it has no embedding.
        """
        return self._ranked(self._directions([file_id])[0], most, without={file_id})

    def blend(self, add: Sequence[int], subtract: Sequence[int], *, most: int) -> Iterator[Neighbour]:
        """The tracks most like the sum of some without others; none of them is among these."""
        return self._ranked(self._mixture(add, subtract), most, without={*add, *subtract})

    def among(self, ids: Sequence[int], add: Sequence[int], subtract: Sequence[int]) -> list[Neighbour]:
        """Those of `ids` that have an embedding, the most like the mixture first; none of `add` and `subtract`."""
        target = self._mixture(add, subtract)
        with self._lock:
            space = self._space()
        found: list[Neighbour] = []
        for start in range(0, len(ids), AMONG_ROWS):
            page = self._vectors.of_ids(ids[start : start + AMONG_ROWS], space.dimensions)
            rows = {int(file_id): row for row, file_id in enumerate(page.ids)}
            found += _sorted(list(rows), rows, space.directions(page.vectors) @ target)
        without = {*add, *subtract}
        return sorted((one for one in found if one.file_id not in without), key=_best_first)

    def way(self, first: int, last: int, count: int) -> list[Step]:
        """A chain of `count` tracks from one to another, each near to its place on the arc between them."""
        start, end = self._directions([first, last])
        shares = np.linspace(0, 1, count)[1:-1]
        targets = np.array([_between(start, end, share) for share in shares], np.float32).reshape(len(shares), -1)
        steps, taken = [], {first, last}
        for share, candidates in zip(shares, self._compared(targets, STEP_CANDIDATES + count), strict=True):
            best = next((one for one in candidates if one.file_id not in taken), None)
            if best is not None:
                taken.add(best.file_id)
                steps.append(Step(best.file_id, float(share)))
        return [Step(first, 0.0), *steps, Step(last, 1.0)]

    def between_neighbours(self, ids: Sequence[int]) -> list[float]:
        """The similarity 0..1 of each track of a chain and the one behind it; one fewer than there are tracks.

        Raises
        ------
        NotComparableError : one has no embedding.
        """
        directions = self._directions(ids)
        cosines = np.sum(directions[:-1] * directions[1:], axis=1)
        return [float(one) for one in np.clip(cosines, 0, 1)]

    def points(self) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
        """Ids [shape=(n,)] and places on the map [shape=(n, 2), 0..10,000] of all tracks."""
        with self._lock:
            return self._index.points()

    def _put_back(self) -> None:
        """Go on from what the file has."""
        kept = None if self._kept_at is None else read_index(self._kept_at)
        if kept is not None:
            self._index.put_back(kept)

    def _keep(self) -> None:
        """Write the index into its file, where many tracks came into it since the last time."""
        if self._kept_at is None or self._stopped():
            return
        if self._index.unsaved < max(LEAST_UNSAVED, len(self._index) // UNSAVED_PART):
            return
        kept = self._index.take_out()
        if kept is not None:
            with suppress(OSError):  # a reader may have no right to write there; then it is made again the next time
                write_index(self._kept_at, kept)

    def _mixture(self, add: Sequence[int], subtract: Sequence[int]) -> Floats:
        """The direction of the sum of some without others."""
        directions = self._directions([*add, *subtract])
        mixture: Floats = directions[: len(add)].sum(axis=0) - directions[len(add) :].sum(axis=0)
        length = float(np.linalg.norm(mixture))
        return mixture / length if length else mixture

    def _ranked(self, direction: Floats, most: int, *, without: set[int]) -> Iterator[Neighbour]:
        more = min(CANDIDATES_PER_TRACK * most, most + MOST_MORE)
        count = max(LEAST_CANDIDATES, more) + len(without)
        (found,) = self._compared(direction[None], count)
        return (one for one in found if one.file_id not in without)

    def _compared(self, targets: Floats, count: int) -> list[list[Neighbour]]:
        """For each target its candidates, ranked by their whole vectors."""
        with self._lock:
            space, candidates = self._space(), self._index.candidates(targets, count)
        page = self._vectors.of_ids({int(one) for ids in candidates for one in ids}, space.dimensions)
        directions = space.directions(page.vectors)
        rows = {int(file_id): row for row, file_id in enumerate(page.ids)}
        return [
            _sorted([int(one) for one in ids if int(one) in rows], rows, directions @ target)
            for ids, target in zip(candidates, targets, strict=True)
        ]

    def _directions(self, ids: Sequence[int]) -> Floats:
        with self._lock:
            space = self._space()
        page = self._vectors.of_ids(ids, space.dimensions)
        rows = {int(file_id): row for row, file_id in enumerate(page.ids)}
        for file_id in ids:
            if file_id not in rows:
                raise NotComparableError(f"track {file_id} has no embedding; prepare the model and analyze it")
        return space.directions(page.vectors)[[rows[file_id] for file_id in ids]]

    def _space(self) -> Space:
        if self._index.space is None:
            raise NotComparableError("no track has an embedding yet; `playlista models prepare` gets the model")
        return self._index.space


def _sorted(ids: list[int], rows: dict[int, int], similarities: Floats) -> list[Neighbour]:
    found = [Neighbour(max(0.0, min(1.0, float(similarities[rows[one]]))), one) for one in ids]
    return sorted(found, key=_best_first)


def _best_first(one: Neighbour) -> tuple[float, int]:
    return -one.similarity, one.file_id


def _between(start: Floats, end: Floats, share: float) -> Floats:
    """A point on the arc between two directions (Shoemake 1985, "slerp"); on the line where there is no arc."""
    angle = float(np.arccos(np.clip(start @ end, -1, 1)))
    if np.sin(angle) < 1e-6:
        return (1 - share) * start + share * end
    mixed: Floats = (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle)
    return mixed
