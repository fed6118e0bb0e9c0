"""The codes of all tracks of a library in memory, 76 bytes each, and the ranking by them.

Input: pages of embeddings. Output: ids of candidates, many enough that the best are among them; points on the map. It
follows the library: what was analyzed since is read when it is asked. Reading half a million embeddings takes a minute,
so that an index can be taken out and put back; what is put back is compared with the library first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.library.vectors import Place, Vectors
from playlista.outputs.similarity.index_file import KeptIndex
from playlista.outputs.similarity.space import CODE_LENGTH, Floats, Space

#: Rows of a block: what is unpacked to float32 at a time.
BLOCK_ROWS = 8192
#: Tracks read at a time, of some 2,500 characters each.
PAGE_ROWS = 500
#: Tracks by which the space is fitted.
SAMPLE_TRACKS = 3000
#: The space is fitted again when the library has grown by this, until the sample is as large as it gets.
GROWTH = 2.0
#: The id of a row whose track has another row by now.
_REPLACED = 0
#: Tracks of an index from elsewhere that are compared with the library, and the share that has to be the same.
_COMPARED_TRACKS, _LEAST_SAME = 64, 0.75
#: Steps of a code that arithmetic on another processor may bring about.
_ROUNDING_STEPS = 1


@dataclass(slots=True)
class _Block:
    """Up to BLOCK_ROWS tracks."""

    ids: NDArray[np.int64]
    codes: NDArray[np.int8]
    points: NDArray[np.uint16]
    count: int = 0

    @classmethod
    def empty(cls) -> _Block:
        return cls(
            np.zeros(BLOCK_ROWS, np.int64),
            np.empty((BLOCK_ROWS, CODE_LENGTH), np.int8),
            np.empty((BLOCK_ROWS, 2), np.uint16),
        )

    def put(self, ids: NDArray[np.int64], codes: NDArray[np.int8], points: NDArray[np.uint16]) -> int:
        """Take in as many as there is space for; how many."""
        taken = min(len(ids), BLOCK_ROWS - self.count)
        rows = slice(self.count, self.count + taken)
        self.ids[rows], self.codes[rows], self.points[rows] = ids[:taken], codes[:taken], points[:taken]
        self.count += taken
        return taken


class Index:
    """The tracks of one library. One thread at a time may use it.

    Parameters
    ----------
    stopped : asked between pages; a stop leaves the index as far as it is.
    """

    def __init__(self, vectors: Vectors, *, stopped: Callable[[], bool] = lambda: False) -> None:
        self._vectors = vectors
        self._stopped = stopped
        self._blocks: list[_Block] = []
        self._place = Place()
        self._fitted = 0
        self.space: Space | None = None
        #: Tracks that were read since it was made, taken out or put back.
        self.unsaved = 0

    def __len__(self) -> int:
        return sum(block.count for block in self._blocks)

    def refresh(self) -> None:
        """Read what the library has got since; fit the space anew where the library has outgrown it."""
        if self.space is None or self._has_outgrown(self.space):
            self._fit()
        while self.space is not None and not self._stopped():
            page, last = self._vectors.page(self._place, self.space.dimensions, limit=PAGE_ROWS)
            if last is None:
                self._fitted = self._fitted or len(self)
                return
            self._place = last
            self._put(self.space, page.ids, page.vectors)

    def put_back(self, kept: KeptIndex) -> bool:
        """Go on from an index that was taken out; False where it is not of this library, or the library outgrew it."""
        if len(kept.ids) > GROWTH * kept.fitted or not self._is_known(kept):
            return False
        self.space, self._place, self._fitted = kept.space, kept.place, kept.fitted
        self._blocks = []
        self._append(kept.ids, kept.codes, kept.points)
        return True

    def take_out(self) -> KeptIndex | None:
        """All that it holds, after it was compared with the results that there are; None while it is empty."""
        if self.space is None or not self._blocks:
            return None
        self._reconcile(self.space)
        self.unsaved = 0
        ids, codes, points = self._rows("ids", "codes", "points")
        return KeptIndex(self.space, ids, codes, points, self._place, max(self._fitted, 1))

    def candidates(self, directions: Floats, count: int) -> list[NDArray[np.int64]]:
        """About the `count` tracks nearest to each of `directions` [shape=(n, dimensions)], in no order."""
        if self.space is None:
            return [np.empty(0, np.int64) for _ in directions]
        queries = self.space.queries(directions)
        best = [_Best(count) for _ in queries]
        for block in self._blocks:
            similarities = block.codes[: block.count].astype(np.float32) @ queries.T
            ids = block.ids[: block.count]
            for number, one in enumerate(best):
                one.offer(ids, similarities[:, number])
        return [one.ids() for one in best]

    def points(self) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
        """All ids [shape=(n,)] and where they are on the map [shape=(n, 2), 0..10,000]."""
        if not self._blocks:
            return np.empty(0, np.int64), np.empty((0, 2), np.uint16)
        ids, points = self._rows("ids", "points")
        return ids, points

    def _rows(self, *names: str) -> Iterator[NDArray[Any]]:
        """Arrays of all blocks by their names, with a row for each track that was not replaced."""
        present = np.concatenate([block.ids[: block.count] for block in self._blocks]) != _REPLACED
        for name in names:
            yield np.concatenate([getattr(block, name)[: block.count] for block in self._blocks])[present]

    def _has_outgrown(self, space: Space) -> bool:
        return space.tracks < SAMPLE_TRACKS // GROWTH and len(self) > space.tracks * GROWTH

    def _fit(self) -> None:
        dimensions = self._vectors.dimensions()
        sample = self._vectors.sample(SAMPLE_TRACKS, dimensions) if dimensions else None
        if sample is None or len(sample.ids) == 0 or dimensions < CODE_LENGTH:
            return
        self.space = Space.fit(sample.vectors, dimensions, former=self.space)
        self._blocks, self._place, self._fitted = [], Place(), 0

    def _put(self, space: Space, ids: NDArray[np.int64], vectors: Floats) -> None:
        if len(ids) == 0:
            return
        for block in self._blocks:
            block.ids[np.isin(block.ids, ids)] = _REPLACED
        directions = space.directions(vectors)
        self._append(ids, space.codes(directions), space.points(directions))
        self.unsaved += len(ids)

    def _append(self, ids: NDArray[np.int64], codes: NDArray[np.int8], points: NDArray[np.uint16]) -> None:
        while len(ids):
            if not self._blocks or self._blocks[-1].count == BLOCK_ROWS:
                self._blocks.append(_Block.empty())
            taken = self._blocks[-1].put(ids, codes, points)
            ids, codes, points = ids[taken:], codes[taken:], points[taken:]

    def _is_known(self, kept: KeptIndex) -> bool:
        """Whether a sample of tracks has the codes that the library's vectors give."""
        if kept.space.dimensions != self._vectors.dimensions():
            return False
        rows = np.unique(np.linspace(0, len(kept.ids) - 1, _COMPARED_TRACKS).astype(np.int64))
        page = self._vectors.of_ids(kept.ids[rows].tolist(), kept.space.dimensions)
        codes = dict(zip(kept.ids[rows].tolist(), kept.codes[rows].astype(np.int16), strict=True))
        found = kept.space.codes(kept.space.directions(page.vectors))
        same = sum(
            bool(np.abs(codes[int(file_id)] - code).max() <= _ROUNDING_STEPS)
            for file_id, code in zip(page.ids, found, strict=True)
        )
        return same >= _LEAST_SAME * len(rows)

    def _reconcile(self, space: Space) -> None:
        """Leave out what has no result any more; read what was finished by a clock that went wrong."""
        stored = self._vectors.ids()
        for block in self._blocks:
            block.ids[~np.isin(block.ids, stored)] = _REPLACED
        known = np.concatenate([block.ids[: block.count] for block in self._blocks])
        missing = np.setdiff1d(stored, known)
        for start in range(0, len(missing), PAGE_ROWS):
            page = self._vectors.of_ids(missing[start : start + PAGE_ROWS].tolist(), space.dimensions)
            self._put(space, page.ids, page.vectors)


class _Best:
    """The ids with the highest similarities so far; rows below the least of them are passed over at once."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._ids = np.empty(0, np.int64)
        self._similarities = np.empty(0, np.float32)
        self._least = -np.inf

    def offer(self, ids: NDArray[np.int64], similarities: Floats) -> None:
        above = np.flatnonzero((similarities > self._least) & (ids != _REPLACED))
        if not len(above):
            return
        self._ids = np.concatenate([self._ids, ids[above]])
        self._similarities = np.concatenate([self._similarities, similarities[above]])
        if len(self._ids) > self._count:
            kept = np.argpartition(self._similarities, -self._count)[-self._count :]
            self._ids, self._similarities = self._ids[kept], self._similarities[kept]
            self._least = float(self._similarities.min())

    def ids(self) -> NDArray[np.int64]:
        return self._ids
